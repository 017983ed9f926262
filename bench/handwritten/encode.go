package handwritten

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"purser/ledger"
)

// The form of opaque ids: version, type, book, uuid, and for a transaction its journal's uuid.
const (
	idVersion       = 1
	kindWallet      = 1
	kindLot         = 2
	kindTransaction = 3
	kindAdAccount   = 5
	kindCampaign    = 6
	objectIDBytes   = 1 + 1 + 4 + 16
)

func appendObjectID(out []byte, kind byte, book ledger.BookID, id ledger.ID) []byte {
	var raw [objectIDBytes]byte
	return base64.RawURLEncoding.AppendEncode(out, objectID(raw[:0], kind, book, id))
}

func objectID(raw []byte, kind byte, book ledger.BookID, id ledger.ID) []byte {
	raw = append(raw, idVersion, kind)
	raw = binary.BigEndian.AppendUint32(raw, uint32(book))
	return append(raw, id[:]...)
}

func appendTransactionID(out []byte, a *ask, journal ledger.ID) []byte {
	var raw [objectIDBytes + 16]byte
	id := append(objectID(raw[:0], kindTransaction, a.book, a.object), journal[:]...)
	return base64.RawURLEncoding.AppendEncode(out, id)
}

// list is the hash that cursors of a list begin with.
type list [8]byte

const cursorVersion = 1

func appendTransactionCursor(out []byte, of list, postedAt, version int64) []byte {
	var raw [1 + 8 + 8 + 8]byte
	key := append(append(raw[:0], cursorVersion), of[:]...)
	key = binary.BigEndian.AppendUint64(key, uint64(postedAt))
	return base64.RawURLEncoding.AppendEncode(out, binary.BigEndian.AppendUint64(key, uint64(version)))
}

func appendLotCursor(out []byte, of list, priority int32, expiresAt int64, lot ledger.ID) []byte {
	var raw [1 + 8 + 4 + 8 + 16]byte
	key := append(append(raw[:0], cursorVersion), of[:]...)
	key = binary.BigEndian.AppendUint32(key, uint32(priority))
	key = binary.BigEndian.AppendUint64(key, uint64(expiresAt))
	return base64.RawURLEncoding.AppendEncode(out, append(key, lot[:]...))
}

// appendInstant appends Unix microseconds as the schema's DateTime, and never as null.
func appendInstant(out []byte, micros int64) []byte {
	if micros == never {
		return append(out, "null"...)
	}
	out = append(out, '"')
	out = time.UnixMicro(micros).UTC().AppendFormat(out, time.RFC3339Nano)
	return append(out, '"')
}

func appendDate(out []byte, date ledger.Date) []byte {
	out = append(out, '"')
	out = time.Date(date.Year, date.Month, date.Day, 0, 0, 0, 0, time.UTC).AppendFormat(out, time.DateOnly)
	return append(out, '"')
}

func appendBool(out []byte, value bool) []byte { return strconv.AppendBool(out, value) }

func appendInt(out []byte, value int64) []byte { return strconv.AppendInt(out, value, 10) }

// appendMoney appends an amount of minor units with two digits; what was paid in no money is 0 USD.
func appendMoney[Text ~string | ~[]byte](out []byte, money Text, minor int64) []byte {
	out = appendDecimal(append(out, `{"decimal":`...), minor, moneyScale)
	out = append(out, `,"currency":"`...)
	if len(money) == 0 {
		out = append(out, ledger.USD...)
	}
	out = append(out, money...)
	return append(out, `"}`...)
}

// moneyScale is how many digits behind the point amounts of money have.
const moneyScale = 2

// appendDecimal appends coefficient · 10^−scale as the schema's Decimal, with all of scale's digits.
func appendDecimal(out []byte, coefficient int64, scale int) []byte {
	out = append(out, '"')
	size := uint64(coefficient)
	if coefficient < 0 {
		out, size = append(out, '-'), -size
	}
	power := uint64(1)
	for range scale {
		power *= 10
	}
	out = strconv.AppendUint(out, size/power, 10)
	if scale > 0 {
		out = append(out, '.')
	}
	for rest := size % power; power > 1; rest %= power {
		power /= 10
		out = append(out, '0'+byte(rest/power))
	}
	return append(out, '"')
}

const hexDigits = "0123456789ABCDEF"

// appendText appends a JSON string, escaping exactly what must be.
func appendText[Text ~string | ~[]byte](out []byte, text Text) []byte {
	out = append(out, '"')
	begin := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '\\' && c != '"' {
			continue
		}
		out = append(out, text[begin:i]...)
		begin = i + 1
		switch c {
		case '\t':
			out = append(out, `\t`...)
		case '\r':
			out = append(out, `\r`...)
		case '\n':
			out = append(out, `\n`...)
		case '\\', '"':
			out = append(out, '\\', c)
		default:
			out = append(out, `\u00`...)
			out = append(out, hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	out = append(out, text[begin:]...)
	return append(out, '"')
}

// appendName appends an enum value or another text that is known to need no escape; nil is null.
func appendName(out, name []byte) []byte {
	if name == nil {
		return append(out, "null"...)
	}
	out = append(out, '"')
	out = append(out, name...)
	return append(out, '"')
}
