package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
)

// ErrNotProven is wrapped around the reason why a proof does not hold.
var ErrNotProven = errors.New("the proof does not hold")

// ProofLink is a link of the chain by what it adds to the head before it.
type ProofLink struct {
	Seq  int64 // of the last journal it covers
	Root Hash
}

// PrecedingLink is the link before the proven journal's, whole: it fixes the seq
// that the journal's own link begins after.
type PrecedingLink struct {
	ProofLink
	Previous Hash // the head before it
}

// Proof is what shows, without the database, that a journal is under a signed head
// of its book's chain, as it was when it was written.
type Proof struct {
	// Journal is its canonical bytes, with all its postings and movements.
	Journal []byte
	Book    BookID
	Seq     int64
	// Path leads from the journal's leaf to the root of the first of Links.
	Path []Hash
	// Before is nil where the journal is under the book's first link.
	Before *PrecedingLink
	// Links are the journal's link and those after it, up to the signed head.
	Links []ProofLink
	// Checkpoint signs the head after the last of Links; nil when nobody has signed
	// one that covers the journal.
	Checkpoint *Checkpoint
}

// Proven is what a proof that holds says.
type Proven struct {
	Journal    Journal
	Postings   []Posting
	Movements  []Movement
	Checkpoint Checkpoint
}

// First returns the seq of the first journal under the proven journal's link.
func (p *Proof) First() int64 {
	if p.Before == nil {
		return 1
	}
	return p.Before.Seq + 1
}

// LeafIndex returns the journal's place among the leaves of its link, from zero.
func (p *Proof) LeafIndex() int64 { return p.Seq - p.First() }

// Previous returns the head that the journal's link follows; zero for none.
func (p *Proof) Previous() Hash {
	if p.Before == nil {
		return Hash{}
	}
	return Link(p.Book, p.Before.Seq, p.Before.Previous, p.Before.Root)
}

// Head returns the head after the first n of Links.
func (p *Proof) Head(n int) Hash {
	head := p.Previous()
	for _, link := range p.Links[:n] {
		head = Link(p.Book, link.Seq, head, link.Root)
	}
	return head
}

// Inclusion checks all of the proof but the signature: that the journal is under
// the head after the last of Links. It wraps ErrNotProven.
func (p *Proof) Inclusion() (*Proven, error) {
	journal, postings, movements, err := DecodeJournal(p.Journal)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProven, err)
	}
	if journal.Book != p.Book || journal.Seq != p.Seq {
		return nil, fmt.Errorf("%w: the journal is of book %d, seq %d, and not of book %d, seq %d",
			ErrNotProven, journal.Book, journal.Seq, p.Book, p.Seq)
	}
	if len(p.Links) == 0 || (p.Before != nil && p.Before.Seq < 1) {
		return nil, fmt.Errorf("%w: it has no link", ErrNotProven)
	}
	last := p.First() - 1
	for _, link := range p.Links {
		if link.Seq <= last {
			return nil, fmt.Errorf("%w: the link of seq %d follows that of seq %d", ErrNotProven, link.Seq, last)
		}
		last = link.Seq
	}
	link := p.Links[0]
	root, ok := rootOfPath(LeafOfBytes(p.Journal), p.LeafIndex(), link.Seq-p.First()+1, p.Path)
	if !ok {
		return nil, fmt.Errorf("%w: its path does not lead from seq %d to a root over seq %d to %d", ErrNotProven, p.Seq, p.First(), link.Seq)
	}
	if root != link.Root {
		return nil, fmt.Errorf("%w: the journal is not under the root of its link: it, or the path, was changed", ErrNotProven)
	}
	return &Proven{Journal: journal, Postings: postings, Movements: movements}, nil
}

// Verify checks the whole proof against the public key that signs checkpoints. It
// wraps ErrNotProven, and never looks at a key inside the proof.
func (p *Proof) Verify(key ed25519.PublicKey) (*Proven, error) {
	proven, err := p.Inclusion()
	if err != nil {
		return nil, err
	}
	signed := p.Checkpoint
	if signed == nil {
		return nil, fmt.Errorf("%w: no signed checkpoint covers the journal", ErrNotProven)
	}
	if !bytes.Equal(signed.PublicKey, key) {
		return nil, fmt.Errorf("%w: its checkpoint is signed with another key", ErrNotProven)
	}
	if !signed.Valid() {
		return nil, fmt.Errorf("%w: the signature of its checkpoint is not of that key", ErrNotProven)
	}
	head := p.Links[len(p.Links)-1]
	if signed.Book != p.Book || signed.Seq != head.Seq || signed.Hash != p.Head(len(p.Links)) {
		return nil, fmt.Errorf("%w: its links do not lead to the head that was signed", ErrNotProven)
	}
	proven.Checkpoint = *signed
	return proven, nil
}

// CheckProof verifies a proof file. It wraps ErrMalformedProof or ErrNotProven.
func CheckProof(file []byte, key ed25519.PublicKey) (*Proven, error) {
	proof, err := DecodeProof(file)
	if err != nil {
		return nil, err
	}
	return proof.Verify(key)
}
