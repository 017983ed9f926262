package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
)

// ID is a 128-bit identifier. Journal ids are UUIDv7, made in Go before a
// command is submitted, so that they sort by time and a resubmitted command
// keeps its identity; account ids are derived (see AccountID).
type ID [16]byte

// NilID is the absence of an id; no stored row carries it.
var NilID ID

// ErrMalformedID is returned by ParseID.
var ErrMalformedID = errors.New("ledger: id must be 32 hexadecimal digits in the form 8-4-4-4-12")

// IsZero reports whether id is NilID.
func (id ID) IsZero() bool { return id == NilID }

// String prints the canonical lower-case UUID text.
func (id ID) String() string {
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	text[8] = '-'
	hex.Encode(text[9:13], id[4:6])
	text[13] = '-'
	hex.Encode(text[14:18], id[6:8])
	text[18] = '-'
	hex.Encode(text[19:23], id[8:10])
	text[23] = '-'
	hex.Encode(text[24:36], id[10:16])
	return string(text[:])
}

// ParseID reads the UUID text that String prints; hexadecimal digits may be of
// either case. It returns ErrMalformedID for anything else.
func ParseID(text string) (ID, error) {
	var id ID
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return NilID, ErrMalformedID
	}
	digits := text[0:8] + text[9:13] + text[14:18] + text[19:23] + text[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return NilID, ErrMalformedID
	}
	return id, nil
}

// BookID names a book: a set of accounts inside which every journal balances.
// It is the first column of every key in storage.
type BookID int32

// PlatformBook holds the entries that belong to no owner.
const PlatformBook BookID = 0

// AccountID derives an account's id from what identifies it. One account per
// code and commodity per book is then true by construction, and the fold can
// name an account that storage has not seen yet without reading it or making a
// random id (docs/adr/0007-derived-account-ids.md). The result is a UUIDv8.
func AccountID(book BookID, code string, commodity Commodity) ID {
	var room [128]byte // most codes fit: nothing is allocated for a name
	identity := append(room[:0], "purser account v1\x00"...)
	identity = strconv.AppendInt(identity, int64(book), 10)
	identity = append(append(identity, 0), code...)
	identity = append(append(identity, 0), commodity...)
	return derivedID(identity)
}

// derivedID returns the UUIDv8 of what identifies something.
func derivedID(identity []byte) ID {
	sum := sha256.Sum256(identity)
	id := ID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}
