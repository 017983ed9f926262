package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"purser/ledger"
)

func FuzzParseID(f *testing.F) {
	f.Add("0190b6c1-0000-7000-8000-00000000abcd")
	f.Add("0190B6C1-0000-7000-8000-00000000ABCD")
	f.Add("")
	f.Add("0190b6c100007000800000000000abcd")
	f.Add("0190b6c1-0000-7000-8000-00000000abcg")
	f.Add(strings.Repeat("-", 36))
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ledger.ParseID(text)
		if err != nil {
			if !errors.Is(err, ledger.ErrMalformedID) || id != ledger.NilID {
				t.Errorf("ParseID(%q) = %s, %v", text, id, err)
			}
			return
		}
		if got := id.String(); got != strings.ToLower(text) {
			t.Errorf("ParseID(%q) prints %q", text, got)
		}
	})
}

func TestParseIDReadsWhatStringPrints(t *testing.T) {
	t.Parallel()
	want := ledger.ID{0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xff}
	if got := want.String(); got != "deadbeef-0102-0304-0506-0708090a0bff" {
		t.Errorf("String() = %q", got)
	}
	if got, err := ledger.ParseID(want.String()); got != want || err != nil {
		t.Errorf("ParseID() = %s, %v, want %s", got, err, want)
	}
}

func TestAccountIDsDifferInEveryPart(t *testing.T) {
	t.Parallel()
	seen := map[ledger.ID]string{}
	for _, c := range []struct {
		book      ledger.BookID
		code      string
		commodity ledger.Commodity
	}{
		{1, "2000", "USD"},
		{2, "2000", "USD"},
		{1, "2001", "USD"},
		{1, "2000", "EUR"},
		{12, "000", "USD"},
		{1, "20", "00USD"},
		{-1, "2000", "USD"},
	} {
		id := ledger.AccountID(c.book, c.code, c.commodity)
		if other, found := seen[id]; found {
			t.Errorf("%v has the id of %s", c, other)
		}
		seen[id] = c.code
		if id != ledger.AccountID(c.book, c.code, c.commodity) {
			t.Errorf("AccountID(%v) differs from itself", c)
		}
		if text := id.String(); text[14] != '8' || !strings.ContainsRune("89ab", rune(text[19])) {
			t.Errorf("AccountID(%v) = %s, want a UUIDv8", c, text)
		}
	}
}
