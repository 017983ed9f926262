package ledgertest_test

import (
	"testing"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// harness is the in-memory store under this package's own rules.
func harness(narrow bool) ledgertest.Harness {
	return ledgertest.Harness{
		Open: func(testing.TB) (ledger.Store, ledger.BookID, func() ledgertest.Snapshot) {
			const book ledger.BookID = 3
			memory := &ledgertest.Memory{Narrow: narrow}
			return memory, book, func() ledgertest.Snapshot { return memory.Snapshot(book) }
		},
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	for name, narrow := range map[string]bool{"wide": false, "narrow": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledgertest.Suite(t, harness(narrow))
		})
	}
}

// TestModel compares the wide memory, whose state is advanced from batch to batch,
// with the narrow one, which reads the rows again.
func TestModel(t *testing.T) {
	t.Parallel()
	ledgertest.Model(t, harness(true))
}
