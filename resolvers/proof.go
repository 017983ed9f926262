package resolvers

import (
	"context"
	"encoding/base64"
	"fmt"

	"purser/graph/model"
	"purser/ledger"
)

// Limits on proofs. One is made from all journals of its link, up to some thousand,
// and its document from all links up to the checkpoint, about a hundred bytes each.
const (
	proofsPerResponse = 10
	proofLinksMax     = 10_000
)

func limitExceededAt(limit string, limitMax int64, format string, args ...any) error {
	return &fieldError{code: model.ErrorCodeLimitExceeded, limit: limit, limitMax: limitMax, message: fmt.Sprintf(format, args...)}
}

// InclusionProof implements graph.JournalResolver.
func (j journalResolver) InclusionProof(ctx context.Context, obj *model.Journal) (*model.InclusionProof, error) {
	if scopeOf(ctx).response.proofs.Add(1) > proofsPerResponse {
		return nil, limitExceededAt("proofs", proofsPerResponse, "at most %d proofs are made for a response", proofsPerResponse)
	}
	proof, found, err := j.reader.Inclusion(ctx, ledger.BookID(obj.Book), ledger.ID(obj.UUID))
	if err != nil || !found {
		return nil, err
	}
	scopeOf(ctx).response.note(proof.Book, proof.Seq)
	shown := &model.InclusionProof{
		LeafIndex: int32(proof.LeafIndex()), Path: []string{}, Root: proof.Links[0].Root.String(), Head: proof.Head(1).String(),
		FirstSeq: proof.First(), LastSeq: proof.Links[0].Seq, Proof: proof,
	}
	for _, beside := range proof.Path {
		shown.Path = append(shown.Path, beside.String())
	}
	if proof.Before != nil {
		previous := proof.Previous().String()
		shown.Previous = &previous
	}
	if signed := proof.Checkpoint; signed != nil {
		shown.Checkpoint = &model.ChainCheckpoint{
			Seq: signed.Seq, Hash: signed.Hash.String(), SignedAt: signed.SignedAt,
			PublicKey: base64.StdEncoding.EncodeToString(signed.PublicKey), Signature: base64.StdEncoding.EncodeToString(signed.Signature),
		}
	}
	return shown, nil
}

// Document implements graph.InclusionProofResolver. It reads on from what the proof
// was made of, and only when it is asked for.
func (p inclusionProofResolver) Document(ctx context.Context, obj *model.InclusionProof) (*string, error) {
	begun, ok := obj.Proof.(*ledger.Proof)
	if !ok {
		return nil, fmt.Errorf("an inclusion proof without the proof it shows: %T", obj.Proof)
	}
	if begun.Checkpoint == nil {
		return nil, nil //nolint:nilnil // the schema's null: nobody has signed a head over the journal
	}
	proof, fits, err := p.reader.WholeProof(ctx, begun, proofLinksMax)
	if err != nil {
		return nil, err
	}
	if !fits {
		return nil, limitExceededAt("links", proofLinksMax, "the proof has more than %d links: print it with purser prove", proofLinksMax)
	}
	file, err := proof.Encode()
	if err != nil {
		return nil, fmt.Errorf("show proof of seq %d of book %d: %w", begun.Seq, begun.Book, err)
	}
	document := string(file)
	return &document, nil
}
