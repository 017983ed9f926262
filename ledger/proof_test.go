package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/ledger"
)

// checkpointKey is a signing key made of one byte.
func checkpointKey(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

func publicKey(key ed25519.PrivateKey) ed25519.PublicKey {
	return key.Public().(ed25519.PublicKey) //nolint:forcetypeassert // of crypto/ed25519
}

// chain is a book's journals under links that end with ends, the last of them
// signed with checkpointKey(1).
type chain struct {
	journals [][]byte // canonical
	ends     []int64
}

func newChain(ends ...int64) chain {
	c := chain{ends: ends}
	for seq := int64(1); seq <= ends[len(ends)-1]; seq++ {
		j, postings, movements := chainedJournal()
		j.Seq, j.ID = seq, chainID(byte(seq))
		c.journals = append(c.journals, ledger.AppendJournal(nil, &j, j.Arguments.Encode(), postings, movements))
	}
	return c
}

// proof proves the journal of one seq.
func (c chain) proof(seq int64) *ledger.Proof {
	p := &ledger.Proof{Book: 3, Seq: seq, Journal: c.journals[seq-1]}
	var head, before ledger.Hash
	first := int64(1)
	for i, end := range c.ends {
		leaves := make([]ledger.Hash, 0, end-first+1)
		for _, journal := range c.journals[first-1 : end] {
			leaves = append(leaves, ledger.LeafOfBytes(journal))
		}
		root := ledger.MerkleRoot(leaves)
		if end >= seq {
			p.Links = append(p.Links, ledger.ProofLink{Seq: end, Root: root})
		}
		if len(p.Links) == 1 {
			p.Path = ledger.MerklePath(leaves, int(seq-first))
			if i > 0 {
				p.Before.Previous = before
			}
		}
		if len(p.Links) == 0 {
			p.Before = &ledger.PrecedingLink{ProofLink: ledger.ProofLink{Seq: end, Root: root}}
			before = head
		}
		head, first = ledger.Link(3, end, head, root), end+1
	}
	signed := ledger.SignCheckpoint(checkpointKey(1), 3, c.ends[len(c.ends)-1], head, time.Date(2031, 6, 1, 0, 0, 0, 1500, time.UTC))
	p.Checkpoint = &signed
	return p
}

func TestProofHolds(t *testing.T) {
	t.Parallel()
	c := newChain(1, 4, 9, 10, 17)
	for seq := int64(1); seq <= 17; seq++ {
		proof := c.proof(seq)
		file, err := proof.Encode()
		if err != nil {
			t.Fatal(err)
		}
		proven, err := ledger.CheckProof(file, publicKey(checkpointKey(1)))
		if err != nil {
			t.Fatalf("seq %d: %v", seq, err)
		}
		if proven.Journal.Seq != seq || proven.Checkpoint.Seq != 17 || len(proven.Postings) != 2 || len(proven.Movements) != 1 {
			t.Errorf("seq %d: got %+v", seq, proven)
		}
		again, err := ledger.DecodeProof(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(proof, again); diff != "" {
			t.Errorf("seq %d: %s", seq, diff)
		}
	}
}

func TestProofIsRefused(t *testing.T) {
	t.Parallel()
	c := newChain(2, 5, 9)
	other, _, _ := chainedJournal()
	for name, breakIt := range map[string]func(p *ledger.Proof){
		"another_journal":            func(p *ledger.Proof) { p.Journal = c.journals[4] },
		"another_journal_with_seq":   func(p *ledger.Proof) { p.Journal, p.Seq = c.journals[4], 5 },
		"a_changed_journal":          func(p *ledger.Proof) { p.Journal = bytes.Replace(p.Journal, []byte("bid"), []byte("bad"), 1) },
		"no_journal":                 func(p *ledger.Proof) { p.Journal = nil },
		"another_book":               func(p *ledger.Proof) { p.Book = 4 },
		"another_seq":                func(p *ledger.Proof) { p.Seq = 3 },
		"a_shorter_path":             func(p *ledger.Proof) { p.Path = p.Path[1:] },
		"a_changed_path":             func(p *ledger.Proof) { p.Path[0][0]++ },
		"an_earlier_first":           func(p *ledger.Proof) { p.Before.Seq-- },
		"no_link_before":             func(p *ledger.Proof) { p.Before = nil },
		"a_link_before_seq_1":        func(p *ledger.Proof) { p.Before.Seq = 0 },
		"another_root_before":        func(p *ledger.Proof) { p.Before.Root[3]++ },
		"another_head_before":        func(p *ledger.Proof) { p.Before.Previous[3]++ },
		"no_link":                    func(p *ledger.Proof) { p.Links = nil },
		"its_link_alone":             func(p *ledger.Proof) { p.Links = p.Links[:1] },
		"without_its_link":           func(p *ledger.Proof) { p.Links = p.Links[1:] },
		"links_out_of_order":         func(p *ledger.Proof) { p.Links[1].Seq = p.Links[0].Seq },
		"another_later_root":         func(p *ledger.Proof) { p.Links[1].Root[0]++ },
		"no_checkpoint":              func(p *ledger.Proof) { p.Checkpoint = nil },
		"checkpoint_of_another_seq":  func(p *ledger.Proof) { p.Checkpoint.Seq++ },
		"checkpoint_of_another_book": func(p *ledger.Proof) { p.Checkpoint.Book++ },
		"checkpoint_of_another_head": func(p *ledger.Proof) { p.Checkpoint.Hash[0]++ },
		"checkpoint_of_another_time": func(p *ledger.Proof) { p.Checkpoint.SignedAt = p.Checkpoint.SignedAt.Add(time.Microsecond) },
		"signed_with_another_key":    func(p *ledger.Proof) { resign(p, checkpointKey(2)) },
		"another_key_named": func(p *ledger.Proof) {
			resign(p, checkpointKey(2))
			p.Checkpoint.PublicKey = publicKey(checkpointKey(1))
		},
		"a_signature_that_is_shorter": func(p *ledger.Proof) { p.Checkpoint.Signature = p.Checkpoint.Signature[:63] },
		"a_journal_of_another_link": func(p *ledger.Proof) {
			p.Journal = ledger.AppendJournal(nil, &other, other.Arguments.Encode(), nil, nil)
			p.Seq = other.Seq
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.proof(4)
			if _, err := p.Verify(publicKey(checkpointKey(1))); err != nil {
				t.Fatal(err)
			}
			p.Links, p.Path = slices.Clone(p.Links), slices.Clone(p.Path)
			breakIt(p)
			if proven, err := p.Verify(publicKey(checkpointKey(1))); !errors.Is(err, ledger.ErrNotProven) || proven != nil {
				t.Errorf("got %+v, %v, want ErrNotProven", proven, err)
			}
		})
	}
}

func resign(p *ledger.Proof, key ed25519.PrivateKey) {
	signed := ledger.SignCheckpoint(key, p.Book, p.Checkpoint.Seq, p.Checkpoint.Hash, p.Checkpoint.SignedAt)
	p.Checkpoint = &signed
}

func TestEditedProofFileIsRefused(t *testing.T) {
	t.Parallel()
	file, err := newChain(2, 5).proof(4).Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := string(file)
	for name, edited := range map[string]string{
		"empty":           "",
		"not_json":        "a proof",
		"null":            "null\n",
		"other_form":      strings.Replace(text, "proof v1", "proof v2", 1),
		"no_line_break":   strings.TrimSuffix(text, "\n"),
		"compacted":       strings.ReplaceAll(text, "  ", ""),
		"more_after_it":   text + "{}",
		"unknown_field":   strings.Replace(text, `"book"`, `"note": 1, "book"`, 1),
		"field_twice":     strings.Replace(text, `"book": 3`, `"book": 4, "book": 3`, 1),
		"other_case":      strings.Replace(text, `"book"`, `"BOOK"`, 1),
		"other_id":        strings.Replace(text, `"id": "0404`, `"id": "0504`, 1),
		"short_digest":    strings.Replace(text, `"root": "`, `"root": "zz`, 1),
		"finer_signed_at": strings.Replace(text, "00.000001Z", "00.0000015Z", 1),
		"other_zone":      strings.Replace(text, "00.000001Z", "00.000001+00:00", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if edited == text {
				t.Fatal("the edit changes nothing")
			}
			if _, err := ledger.CheckProof([]byte(edited), publicKey(checkpointKey(1))); !errors.Is(err, ledger.ErrMalformedProof) {
				t.Errorf("got %v, want ErrMalformedProof", err)
			}
		})
	}
}

func TestFlippedBitsOfAProofFileAreNoticed(t *testing.T) {
	t.Parallel()
	file, err := newChain(2, 5).proof(4).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range file {
		bit := i % 7 // not the highest: text in UTF-8 is what is at stake
		file[i] ^= 1 << bit
		if _, err := ledger.CheckProof(file, publicKey(checkpointKey(1))); err == nil {
			t.Errorf("bit %d of byte %d makes no difference", bit, i)
		}
		file[i] ^= 1 << bit
	}
}

func TestCheckpoint(t *testing.T) {
	t.Parallel()
	c := *newChain(3).proof(1).Checkpoint
	t.Run("line_decodes_to_it", func(t *testing.T) {
		t.Parallel()
		line, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ledger.DecodeCheckpoint(line)
		if err != nil || bytes.ContainsRune(line, '\n') {
			t.Fatalf("%v: %s", err, line)
		}
		if diff := cmp.Diff(c, *got); diff != "" || !got.Valid() {
			t.Errorf("valid %v, %s", got.Valid(), diff)
		}
		if _, err := ledger.DecodeCheckpoint(append(line, ' ')); !errors.Is(err, ledger.ErrMalformedProof) {
			t.Errorf("edited: got %v", err)
		}
	})
	t.Run("signature_is_of_a_checkpoint_and_nothing_else", func(t *testing.T) {
		t.Parallel()
		forged := c
		forged.Signature = ed25519.Sign(checkpointKey(1), c.Hash[:])
		if forged.Valid() {
			t.Error("a signature of the bare hash is accepted")
		}
		if forged.PublicKey = forged.PublicKey[:31]; forged.Valid() {
			t.Error("a key that is too short is accepted")
		}
	})
}

// FuzzCheckProof feeds arbitrary files: none makes it panic, and none is accepted
// but those that were written.
func FuzzCheckProof(f *testing.F) {
	key := publicKey(checkpointKey(1))
	written := map[string]bool{}
	for i, c := range []chain{newChain(1), newChain(3), newChain(1, 4, 9)} {
		for seq := int64(1); seq <= c.ends[len(c.ends)-1]; seq++ {
			file, err := c.proof(seq).Encode()
			if err != nil {
				f.Fatal(err)
			}
			written[string(file)] = true
			f.Add(bytes.Replace(file, fmt.Appendf(nil, `"seq": %d`, seq), fmt.Appendf(nil, `"seq": %d`, seq+1), i+1))
		}
	}
	for file := range written {
		f.Add([]byte(file))
	}
	f.Add([]byte(`{"form":"purser proof v1","journal":"` + base64.StdEncoding.EncodeToString([]byte{1, 2, 3}) + `"}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		proven, err := ledger.CheckProof(file, key)
		if (err == nil) != written[string(file)] {
			t.Errorf("got %+v, %v for\n%s", proven, err, file)
		}
	})
}

// FuzzDecodeJournal feeds arbitrary bytes: what is decoded has those very bytes.
func FuzzDecodeJournal(f *testing.F) {
	for _, journal := range newChain(2).journals {
		f.Add(journal)
	}
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		j, postings, movements, err := ledger.DecodeJournal(data)
		if err != nil {
			return
		}
		if again := ledger.AppendJournal(nil, &j, j.Arguments.Encode(), postings, movements); !bytes.Equal(again, data) {
			t.Errorf("got %x, want %x", again, data)
		}
	})
}
