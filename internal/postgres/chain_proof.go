package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// What Proof returns when there is nothing to prove, or not yet.
var (
	// ErrNoJournal is returned for an id that no journal has.
	ErrNoJournal = errors.New("postgres: there is no such journal")
	// ErrNotLinked is returned for a journal that an older version of the program
	// wrote after the last link: the next link will cover it.
	ErrNotLinked = errors.New("postgres: the journal is not under a link of the chain yet")
)

const (
	proofBookSQL = `-- name: proof_book
		SELECT book_id FROM journals WHERE book_id = ANY(SELECT book_id FROM book_heads) AND journal_id = $1`
	proofSeqSQL = `-- name: proof_seq
		SELECT seq FROM journals WHERE book_id = $1 AND journal_id = $2`
	proofLinkSQL = `-- name: proof_link
		SELECT last_seq, root, hash FROM batches WHERE book_id = $1 AND last_seq >= $2 AND root IS NOT NULL ORDER BY last_seq LIMIT 1`
	proofBeforeSQL = `-- name: proof_before
		SELECT last_seq, root, hash FROM batches WHERE book_id = $1 AND last_seq < $2 AND root IS NOT NULL ORDER BY last_seq DESC LIMIT 2`
	proofLinksSQL = `-- name: proof_links
		SELECT last_seq, root FROM batches
		WHERE book_id = $1 AND last_seq > $2 AND last_seq <= $3 AND root IS NOT NULL ORDER BY last_seq LIMIT $4`
	proofCheckpointSQL = `-- name: proof_checkpoint
		SELECT seq, hash, signed_at, public_key, signature FROM checkpoints
		WHERE book_id = $1 AND seq >= $2 ORDER BY seq LIMIT 1`
)

// proofLinks is how many links one statement of a proof reads.
const proofLinks = 5000

// BookOfJournal returns the book that a journal is in. It returns ErrNoJournal, or
// ErrUnavailable when the database did not answer.
func (db *DB) BookOfJournal(ctx context.Context, id ledger.ID) (book ledger.BookID, err error) {
	err = db.read.QueryRow(ctx, proofBookSQL, id).Scan(&book)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNoJournal
	}
	if err != nil {
		return 0, fmt.Errorf("find journal %s: %w", id, readError(err))
	}
	return book, nil
}

// Proof returns what shows, without the database, that a journal is under a signed
// head: with the first checkpoint that covers it and every link up to there, or
// with the journal's own link alone when none does yet. It returns ErrNoJournal,
// ErrNotLinked, ErrChainBroken when the stored rows prove nothing, and
// ErrUnavailable when the database did not answer.
func (db *DB) Proof(ctx context.Context, book ledger.BookID, id ledger.ID) (*ledger.Proof, error) {
	proof, err := readInclusion(ctx, db.read, book, id)
	if err != nil {
		return nil, fmt.Errorf("prove journal %s: %w", id, readError(err))
	}
	if proof.Checkpoint == nil {
		return proof, nil
	}
	for last, to := proof.Links[0].Seq, proof.Checkpoint.Seq; last < to; {
		rows, err := db.read.Query(ctx, proofLinksSQL, book, last, to, proofLinks)
		var links []ledger.ProofLink
		if err == nil {
			links, err = pgx.CollectRows(rows, scanProofLink)
		}
		if err != nil {
			return nil, fmt.Errorf("read the links after seq %d of book %d: %w", last, book, readError(err))
		}
		if len(links) == 0 {
			return nil, fmt.Errorf("prove journal %s: %w: the links end before %s", id, ErrChainBroken, proof.Checkpoint)
		}
		proof.Links = append(proof.Links, links...)
		last = links[len(links)-1].Seq
	}
	if _, err := proof.Verify(proof.Checkpoint.PublicKey); err != nil {
		return nil, fmt.Errorf("prove journal %s: %w: %w", id, ErrChainBroken, err)
	}
	return proof, nil
}

// Inclusion is Proof without the links between the journal's own and the head that
// its Checkpoint signs: what a page shows of a proof. found is false when there is
// no such journal, or no link over it yet.
func (r *Reader) Inclusion(ctx context.Context, book ledger.BookID, id ledger.ID) (proof *ledger.Proof, found bool, err error) {
	proof, err = readInclusion(ctx, r.pool, book, id)
	switch {
	case errors.Is(err, ErrNoJournal), errors.Is(err, ErrNotLinked):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("prove journal %s: %w", id, unavailable(err))
	}
	return proof, true, nil
}

func readInclusion(ctx context.Context, from *pgxpool.Pool, book ledger.BookID, id ledger.ID) (*ledger.Proof, error) {
	r := proofReader{from: from, proof: &ledger.Proof{Book: book}}
	if err := r.read(ctx, id); err != nil {
		return nil, err
	}
	return r.proof, nil
}

// proofReader gathers the parts of one proof.
type proofReader struct {
	from  *pgxpool.Pool
	proof *ledger.Proof
	head  ledger.Hash // after the journal's link, as stored
}

func (r *proofReader) read(ctx context.Context, id ledger.ID) error {
	p := r.proof
	err := r.from.QueryRow(ctx, proofSeqSQL, p.Book, id).Scan(&p.Seq)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoJournal
	}
	if err != nil {
		return err
	}
	if err := r.links(ctx); err != nil {
		return err
	}
	if err := r.path(ctx, p.Links[0].Seq); err != nil {
		return err
	}
	if _, err := p.Inclusion(); err != nil {
		return fmt.Errorf("%w: %w", ErrChainBroken, err)
	}
	if p.Head(1) != r.head {
		return fmt.Errorf("%w: the link of seq %d does not follow from the one before", ErrChainBroken, p.Links[0].Seq)
	}
	return nil
}

// links reads the journal's link, the one before it, and the checkpoint after it.
func (r *proofReader) links(ctx context.Context) error {
	p := r.proof
	type link struct {
		seq        int64
		root, hash []byte
	}
	var own *link
	var before []link
	batch := &pgx.Batch{}
	batch.Queue(proofLinkSQL, p.Book, p.Seq).Query(each(func(rows pgx.Rows) error {
		own = &link{}
		return rows.Scan(&own.seq, &own.root, &own.hash)
	}))
	batch.Queue(proofBeforeSQL, p.Book, p.Seq).Query(each(func(rows pgx.Rows) error {
		var l link
		err := rows.Scan(&l.seq, &l.root, &l.hash)
		before = append(before, l)
		return err
	}))
	batch.Queue(proofCheckpointSQL, p.Book, p.Seq).Query(each(func(rows pgx.Rows) error {
		c, err := scanCheckpoint(rows, p.Book)
		p.Checkpoint = &c
		return err
	}))
	if err := r.from.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if own == nil {
		return ErrNotLinked
	}
	p.Links, r.head = []ledger.ProofLink{{Seq: own.seq, Root: hashOf(own.root)}}, hashOf(own.hash)
	if len(before) > 0 {
		p.Before = &ledger.PrecedingLink{ProofLink: ledger.ProofLink{Seq: before[0].seq, Root: hashOf(before[0].root)}}
	}
	if len(before) > 1 {
		p.Before.Previous = hashOf(before[1].hash)
	}
	return nil
}

// path hashes the journals of the link, which ends with seq to, and keeps the
// canonical bytes of the one to prove.
func (r *proofReader) path(ctx context.Context, to int64) error {
	p := r.proof
	leaves := make([]ledger.Hash, 0, to-p.First()+1)
	err := readLeaves(ctx, r.from, p.Book, p.First()-1, to, func(_ int64, leaf ledger.Hash) error {
		leaves = append(leaves, leaf)
		return nil
	})
	if err != nil {
		return err
	}
	p.Path = ledger.MerklePath(leaves, int(p.LeafIndex()))
	slice, err := readChain(ctx, r.from, p.Book, p.Seq-1, p.Seq, nil)
	if err != nil {
		return err
	}
	if len(slice) != 1 {
		return fmt.Errorf("%w: book %d has no journal of seq %d", ErrChainBroken, p.Book, p.Seq)
	}
	j := &slice[0]
	p.Journal = ledger.AppendJournal(nil, &j.Journal, j.arguments, j.postings, j.movements)
	return nil
}

func scanProofLink(row pgx.CollectableRow) (link ledger.ProofLink, err error) {
	var root []byte
	err = row.Scan(&link.Seq, &root)
	link.Root = hashOf(root)
	return link, err
}
