package ledger

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"time"
)

// checkpointDomain begins what is signed, so that no signature of the key for
// another purpose passes for a checkpoint.
const checkpointDomain = "purser checkpoint v1\x00"

// Checkpoint is a signed head of a book's chain. It proves something only outside
// the database: whoever can write there can write another chain, but cannot sign
// its head, nor take back one that was handed out.
type Checkpoint struct {
	Book      BookID
	Seq       int64 // of the last journal under Hash
	Hash      Hash
	SignedAt  time.Time // to the microsecond
	PublicKey ed25519.PublicKey
	Signature []byte
}

// SignCheckpoint signs a head of a book's chain.
func SignCheckpoint(key ed25519.PrivateKey, book BookID, seq int64, hash Hash, now time.Time) Checkpoint {
	c := Checkpoint{Book: book, Seq: seq, Hash: hash, SignedAt: now.UTC().Truncate(time.Microsecond)}
	c.PublicKey = ed25519.PublicKey(append([]byte(nil), key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]...))
	c.Signature = ed25519.Sign(key, c.message())
	return c
}

// message is what is signed: the domain, then book, seq and microseconds
// big-endian, and the hash.
func (c *Checkpoint) message() []byte {
	out := append(make([]byte, 0, len(checkpointDomain)+4+8+8+len(c.Hash)), checkpointDomain...)
	out = binary.BigEndian.AppendUint32(out, uint32(c.Book))
	out = binary.BigEndian.AppendUint64(out, uint64(c.Seq))
	out = binary.BigEndian.AppendUint64(out, uint64(c.SignedAt.UnixMicro()))
	return append(out, c.Hash[:]...)
}

// Valid reports whether the signature is of the checkpoint's own public key. Whose
// key that is, is for the caller to know.
func (c *Checkpoint) Valid() bool {
	return len(c.PublicKey) == ed25519.PublicKeySize && ed25519.Verify(c.PublicKey, c.message(), c.Signature)
}

// String names the checkpoint.
func (c *Checkpoint) String() string {
	return fmt.Sprintf("the checkpoint of book %d at seq %d, signed %s", c.Book, c.Seq, c.SignedAt.UTC().Format(time.RFC3339Nano))
}
