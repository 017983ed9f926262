package scalar

import (
	"encoding/hex"
	"io"
	"strings"
)

const (
	expectedUUID = "a UUID of 36 characters, such as 0190b6a4-7f3e-7cc1-9d52-3f1a2b4c5d6e"
	uuidHyphens  = "00000000-0000-0000-0000-000000000000"
)

// UUID is a 128-bit identifier of the marketplace (a party, an organisation, a
// proposal), as opposed to the opaque ids of this API. Any version is accepted.
type UUID [16]byte

// ParseUUID reads the hyphenated form of RFC 9562, in either case. Braces, the
// urn: prefix and the form without hyphens are refused with an [*Error].
func ParseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != len(uuidHyphens) {
		return UUID{}, refuse("UUID", expectedUUID, s)
	}
	for i := range len(uuidHyphens) {
		if (uuidHyphens[i] == '-') != (s[i] == '-') {
			return UUID{}, refuse("UUID", expectedUUID, s)
		}
	}
	if _, err := hex.Decode(u[:], []byte(strings.ReplaceAll(s, "-", ""))); err != nil {
		return UUID{}, refuse("UUID", expectedUUID, s)
	}
	return u, nil
}

// String returns the canonical text: lower case, hyphenated.
func (u UUID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], u[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], u[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], u[8:10])
	b[23] = '-'
	hex.Encode(b[24:36], u[10:16])
	return string(b[:])
}

// MarshalGQL prints u as a JSON string.
func (u UUID) MarshalGQL(w io.Writer) { quoted(u.String()).MarshalGQL(w) }

// UnmarshalGQL reads what [ParseUUID] reads, from a string only.
func (u *UUID) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return refuse("UUID", expectedUUID, v)
	}
	parsed, err := ParseUUID(s)
	if err != nil {
		return err
	}
	*u = parsed
	return nil
}
