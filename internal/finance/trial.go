package finance

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"purser/ledger"
)

// PeriodTrial is the trial balance that every book had when it closed a period.
type PeriodTrial struct {
	Period ledger.Period
	Books  []BookTrial // by number
}

// BookTrial is one book's: the sums of all lines booked up to the period's end, as
// they were after the journal that closed it.
type BookTrial struct {
	Book  ledger.BookID
	Seq   int64 // of that journal
	Lines []TrialLine
	// Hash is what was stored with them.
	Hash []byte
}

// TrialLine is one class of account.
type TrialLine struct {
	Class     string
	Commodity ledger.Commodity
	Debits    int64
	Credits   int64
}

// Sum returns the SHA-256 of the lines, ordered by the bytes of class and commodity:
// of each its class, commodity, debits and credits, parted by commas, and a line feed.
func (b BookTrial) Sum() []byte {
	lines := slices.SortedFunc(slices.Values(b.Lines), func(x, y TrialLine) int {
		return cmp.Or(cmp.Compare(x.Class, y.Class), cmp.Compare(x.Commodity, y.Commodity))
	})
	var text []byte
	for _, line := range lines {
		text = fmt.Appendf(text, "%s,%s,%d,%d\n", line.Class, line.Commodity, line.Debits, line.Credits)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// Check returns an error when the lines of a book are no longer those it closed with
// (I22): a trial balance that was changed is not shown.
func (t *PeriodTrial) Check() error {
	for _, book := range t.Books {
		if sum := book.Sum(); !bytes.Equal(sum, book.Hash) {
			return fmt.Errorf("the trial balance of %s in book %d has the digest %x, and was stored with %x (I22)", t.Period, book.Book, sum, book.Hash)
		}
	}
	return nil
}
