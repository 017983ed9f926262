package resolvers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"purser/graph/model"
	"purser/internal/wallet"
	"purser/ledger"
)

const (
	// pageRowsMax bounds a page of a connection.
	pageRowsMax   = 100
	cursorVersion = 0x01
	// cursorHashBytes of the digest of list and filter: a cursor of another list
	// slips through once in 2^64.
	cursorHashBytes = 8
	cursorHeadBytes = 1 + cursorHashBytes
)

// pageArguments are the four arguments of a connection.
type pageArguments struct {
	first, last   *int32
	after, before *string
}

// pagePlace is what they mean: how many rows, in which direction, from behind
// which row on.
type pagePlace struct {
	direction wallet.Direction
	limit     int
	key       []byte // of the row to go on from; nil for the list's end
}

// anyKeyBytes stands for keys that have no fixed length.
const anyKeyBytes = -1

// place checks the arguments against the rules of a connection. list is the hash
// of the list and its filter, keyBytes the length of its rows' keys, or anyKeyBytes.
func (a pageArguments) place(list [cursorHashBytes]byte, keyBytes int) (pagePlace, error) {
	place := pagePlace{direction: wallet.Forward}
	size, sizeName, cursor, cursorName := a.first, "first", a.after, "after"
	other, otherName := a.before, "before"
	switch {
	case (a.first == nil) == (a.last == nil):
		return place, invalidArgument("first", "exactly one of first and last is required")
	case a.last != nil:
		place.direction = wallet.Backward
		size, sizeName, cursor, cursorName = a.last, "last", a.before, "before"
		other, otherName = a.after, "after"
	}
	if *size < 1 || *size > pageRowsMax {
		return place, invalidArgument(sizeName, "%s must be 1 to %d, got %d", sizeName, pageRowsMax, *size)
	}
	if other != nil {
		return place, invalidArgument(otherName, "%s cannot go with %s", otherName, sizeName)
	}
	place.limit = int(*size)
	if cursor == nil {
		return place, nil
	}
	key, ok := parseCursor(*cursor, list)
	if !ok || (keyBytes != anyKeyBytes && len(key) != keyBytes) {
		return place, invalidCursor(cursorName)
	}
	place.key = key
	return place, nil
}

// placeWithKey is place with the key of the row to go on from, read by decode: the
// zero Key and false for the list's end. A cursor may be made up: decode refuses
// what no row of the list can have.
func placeWithKey[Key any](a pageArguments, list [cursorHashBytes]byte, keyBytes int, decode func([]byte) (Key, bool)) (place pagePlace, key Key, has bool, err error) {
	place, err = a.place(list, keyBytes)
	if err != nil || place.key == nil {
		return place, key, false, err
	}
	if key, has = decode(place.key); !has {
		return place, key, false, invalidCursor(place.cursorArgument())
	}
	return place, key, true, nil
}

func invalidCursor(argument string) error {
	return invalidArgument(argument, "%s must be a cursor of this list with this filter", argument)
}

// cursorArgument names the argument that a page's cursor came in.
func (p pagePlace) cursorArgument() string {
	if p.direction == wallet.Backward {
		return "before"
	}
	return "after"
}

// info is the page's PageInfo. more says that rows follow in the direction of
// reading; in the other one there are rows exactly when the page began at a row.
func (p pagePlace) info(more bool, cursors []string) *model.PageInfo {
	info := &model.PageInfo{HasNextPage: more, HasPreviousPage: p.key != nil}
	if p.direction == wallet.Backward {
		info.HasNextPage, info.HasPreviousPage = p.key != nil, more
	}
	if len(cursors) > 0 {
		info.StartCursor, info.EndCursor = &cursors[0], &cursors[len(cursors)-1]
	}
	return info
}

// listHash identifies a list with its filter, from their canonical bytes.
func listHash(list string, filter ledger.Arguments) [cursorHashBytes]byte {
	sum := sha256.Sum256(append([]byte(list+"\x00"), filter.Encode()...))
	return [cursorHashBytes]byte(sum[:cursorHashBytes])
}

// cursor is base64url of a version, the hash of list and filter, and the key.
func cursor(list [cursorHashBytes]byte, key []byte) string {
	b := make([]byte, 0, cursorHeadBytes+len(key))
	b = append(append(b, cursorVersion), list[:]...)
	return base64.RawURLEncoding.EncodeToString(append(b, key...))
}

func parseCursor(text string, list [cursorHashBytes]byte) (key []byte, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < cursorHeadBytes || [cursorHashBytes]byte(b[1:cursorHeadBytes]) != list {
		return nil, false
	}
	key = b[cursorHeadBytes:]
	return key, cursor(list, key) == text
}

const (
	transactionKeyBytes = 8 + 8
	lotKeyBytes         = 4 + 8 + 16
	// never is the expiry, in a cursor, of a lot that has none.
	never = int64(1<<63 - 1)
)

func encodeTransactionKey(key wallet.TransactionKey) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(key.PostedAt.UnixMicro()))
	return binary.BigEndian.AppendUint64(b, uint64(key.Version))
}

func decodeTransactionKey(b []byte) (wallet.TransactionKey, bool) {
	at, ok := instantOfMicros(binary.BigEndian.Uint64(b))
	return wallet.TransactionKey{PostedAt: at, Version: int64(binary.BigEndian.Uint64(b[8:]))}, ok
}

func encodeLotKey(key wallet.LotKey) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(key.Priority))
	expires := never
	if !key.ExpiresAt.IsZero() {
		expires = key.ExpiresAt.UnixMicro()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(expires))
	return append(b, key.Lot[:]...)
}

func decodeLotKey(b []byte) (wallet.LotKey, bool) {
	key := wallet.LotKey{Priority: int32(binary.BigEndian.Uint32(b)), Lot: ledger.ID(b[12:28])}
	micros := binary.BigEndian.Uint64(b[4:])
	if int64(micros) == never {
		return key, true
	}
	var ok bool
	key.ExpiresAt, ok = instantOfMicros(micros)
	return key, ok
}

// instantOfMicros bounds instants to years that storage can compare: a cursor may
// be made up.
func instantOfMicros(micros uint64) (time.Time, bool) {
	at := time.UnixMicro(int64(micros)).UTC()
	return at, at.Year() >= 1 && at.Year() <= 9999 && !at.IsZero()
}
