package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// WholeProof returns a proof that Inclusion began, and that has a checkpoint, with the
// links up to the head that is signed: as Proof makes it. fits is false, and proof nil,
// when there would be more than linksMax, which are read at once.
func (r *Reader) WholeProof(ctx context.Context, begun *ledger.Proof, linksMax int) (proof *ledger.Proof, fits bool, err error) {
	own, signed := begun.Links[0], begun.Checkpoint
	rows, err := r.pool.Query(ctx, proofLinksSQL, begun.Book, own.Seq, signed.Seq, linksMax)
	var after []ledger.ProofLink
	if err == nil {
		after, err = pgx.CollectRows(rows, scanProofLink)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the links after seq %d of book %d: %w", own.Seq, begun.Book, unavailable(err))
	}
	if len(after) == linksMax {
		return nil, false, nil
	}
	whole := *begun
	whole.Links = slices.Concat(begun.Links[:1], after)
	if _, err := whole.Verify(signed.PublicKey); err != nil {
		return nil, false, fmt.Errorf("prove seq %d of book %d: %w: %w", begun.Seq, begun.Book, ErrChainBroken, err)
	}
	return &whole, true, nil
}
