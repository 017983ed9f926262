package resolvers

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"

	"purser/ledger"
)

const (
	// tokenExtension is the name of the token in the extensions of requests and
	// responses.
	tokenExtension = "consistency"
	tokenVersion   = 0x01
	// tokenEntryBytes is a book's number and its seq.
	tokenEntryBytes = 4 + 8
	// tokenBooksMax keeps a token under the 2,048 characters of its scalar.
	tokenBooksMax = 127
)

// books is a state of the ledger: how far each book had been written.
type books map[ledger.BookID]int64

func (b books) raise(book ledger.BookID, seq int64) {
	if seq > b[book] {
		b[book] = seq
	}
}

// token is the opaque text of a state: base64url of a version and of each book
// with its seq, by number. It is "" for no book.
func (b books) token() string {
	if len(b) == 0 {
		return ""
	}
	out := []byte{tokenVersion}
	for _, book := range slices.Sorted(maps.Keys(b)) {
		out = binary.BigEndian.AppendUint32(out, uint32(book))
		out = binary.BigEndian.AppendUint64(out, uint64(b[book]))
	}
	return base64.RawURLEncoding.EncodeToString(out)
}

// tokenOf reads the token of a request's extensions. It returns nil for none and
// a fieldError for what token never returned.
func tokenOf(extensions map[string]any) (books, error) {
	given, found := extensions[tokenExtension]
	if !found || given == nil {
		return nil, nil //nolint:nilnil // no token asks for nothing
	}
	text, isText := given.(string)
	state, ok := parseToken(text)
	if !isText || !ok {
		return nil, invalidArgument(tokenExtension, "extensions.consistency must be a token as a response returned it")
	}
	return state, nil
}

func parseToken(text string) (books, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 1+tokenEntryBytes || raw[0] != tokenVersion {
		return nil, false
	}
	entries := raw[1:]
	if len(entries)%tokenEntryBytes != 0 || len(entries)/tokenEntryBytes > tokenBooksMax {
		return nil, false
	}
	state := books{}
	for entry := range slices.Chunk(entries, tokenEntryBytes) {
		state.raise(ledger.BookID(binary.BigEndian.Uint32(entry)), int64(binary.BigEndian.Uint64(entry[4:])))
	}
	// A token has one form: what is out of order, doubled or not positive prints
	// otherwise.
	return state, state.token() == text
}
