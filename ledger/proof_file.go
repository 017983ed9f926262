package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// proofForm is the first field of a proof file.
const proofForm = "purser proof v1"

// ErrMalformedProof is returned for a file that Proof.Encode did not write.
var ErrMalformedProof = errors.New("ledger: malformed proof")

// The forms of a file: digests in hexadecimal digits, bytes in base64, and instants
// in RFC 3339 to the microsecond.
type (
	proofJSON struct {
		Form       string          `json:"form"`
		Book       BookID          `json:"book"`
		Seq        int64           `json:"seq"`
		ID         string          `json:"id"`
		Journal    []byte          `json:"journal"`
		Path       []digest        `json:"path"`
		Before     *precedingJSON  `json:"before"`
		Links      []linkJSON      `json:"links"`
		Checkpoint *checkpointJSON `json:"checkpoint"`
	}
	precedingJSON struct {
		Seq      int64  `json:"seq"`
		Previous digest `json:"previous"`
		Root     digest `json:"root"`
	}
	linkJSON struct {
		Seq  int64  `json:"seq"`
		Root digest `json:"root"`
	}
	checkpointJSON struct {
		Book      BookID    `json:"book"`
		Seq       int64     `json:"seq"`
		Hash      digest    `json:"hash"`
		SignedAt  time.Time `json:"signedAt"`
		PublicKey []byte    `json:"publicKey"`
		Signature []byte    `json:"signature"`
	}
)

// digest is a Hash in a file.
type digest Hash

// MarshalText implements encoding.TextMarshaler.
func (d digest) MarshalText() ([]byte, error) { return []byte(Hash(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *digest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(d)) {
		return errors.New("a digest has 64 hexadecimal digits")
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// Encode returns the proof as a file: JSON, indented, with a line break at its end.
// Equal proofs have equal files and no others do.
func (p *Proof) Encode() ([]byte, error) {
	journal, _, _, err := DecodeJournal(p.Journal)
	if err != nil {
		return nil, fmt.Errorf("encode proof: %w", err)
	}
	file := proofJSON{Form: proofForm, Book: p.Book, Seq: p.Seq, ID: journal.ID.String(), Journal: p.Journal, Path: []digest{}, Links: []linkJSON{}}
	for _, beside := range p.Path {
		file.Path = append(file.Path, digest(beside))
	}
	if p.Before != nil {
		file.Before = &precedingJSON{Seq: p.Before.Seq, Previous: digest(p.Before.Previous), Root: digest(p.Before.Root)}
	}
	for _, link := range p.Links {
		file.Links = append(file.Links, linkJSON{Seq: link.Seq, Root: digest(link.Root)})
	}
	if p.Checkpoint != nil {
		file.Checkpoint = p.Checkpoint.json()
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode proof: %w", err)
	}
	return append(data, '\n'), nil
}

// DecodeProof reads what Encode wrote. It returns ErrMalformedProof for anything
// else, also for the same JSON in another form: that a proof file was edited should
// not depend on what a reader of JSON overlooks, such as a second value of a name.
func DecodeProof(data []byte) (*Proof, error) {
	var file proofJSON
	if err := decodeStrictly(data, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformedProof, err)
	}
	if file.Form != proofForm {
		return nil, fmt.Errorf("%w: its form is not %q", ErrMalformedProof, proofForm)
	}
	p := &Proof{Book: file.Book, Seq: file.Seq, Journal: file.Journal}
	for _, beside := range file.Path {
		p.Path = append(p.Path, Hash(beside))
	}
	if file.Before != nil {
		p.Before = &PrecedingLink{ProofLink{file.Before.Seq, Hash(file.Before.Root)}, Hash(file.Before.Previous)}
	}
	for _, link := range file.Links {
		p.Links = append(p.Links, ProofLink{link.Seq, Hash(link.Root)})
	}
	if file.Checkpoint != nil {
		p.Checkpoint = file.Checkpoint.checkpoint()
	}
	again, err := p.Encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformedProof, err)
	}
	if !bytes.Equal(again, data) {
		return nil, fmt.Errorf("%w: it is not as it was written", ErrMalformedProof)
	}
	return p, nil
}

func decodeStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (c *Checkpoint) json() *checkpointJSON {
	return &checkpointJSON{
		Book: c.Book, Seq: c.Seq, Hash: digest(c.Hash), SignedAt: c.SignedAt.UTC(), PublicKey: c.PublicKey, Signature: c.Signature,
	}
}

// checkpoint drops what is finer than a microsecond, which no signature covers, so
// that a file which has it is not as it was written.
func (c *checkpointJSON) checkpoint() *Checkpoint {
	return &Checkpoint{
		Book: c.Book, Seq: c.Seq, Hash: Hash(c.Hash), SignedAt: c.SignedAt.UTC().Truncate(time.Microsecond), PublicKey: ed25519.PublicKey(c.PublicKey), Signature: c.Signature,
	}
}

// Encode returns the checkpoint as one line of JSON, without a line break: what is
// exported, and kept where nobody who can write the database can.
func (c *Checkpoint) Encode() ([]byte, error) {
	data, err := json.Marshal(c.json())
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", c, err)
	}
	return data, nil
}

// DecodeCheckpoint reads what Checkpoint.Encode wrote. It returns ErrMalformedProof
// for anything else; whether the signature is good is for Valid to say.
func DecodeCheckpoint(line []byte) (*Checkpoint, error) {
	var file checkpointJSON
	if err := decodeStrictly(line, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformedProof, err)
	}
	c := file.checkpoint()
	if again, err := c.Encode(); err != nil || !bytes.Equal(again, line) {
		return nil, fmt.Errorf("%w: the checkpoint is not as it was written", ErrMalformedProof)
	}
	return c, nil
}
