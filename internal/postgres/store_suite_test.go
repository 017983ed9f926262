package postgres_test

import (
	"testing"

	"purser/internal/postgres"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// ownHarness opens a book per case for ledgertest's own rules, which use all that
// the ledger can do.
func (b *books) ownHarness(options postgres.StoreOptions) ledgertest.Harness {
	db := openDB(b.t, b.pg.AppURL)
	return ledgertest.Harness{Open: func(t testing.TB) (ledger.Store, ledger.BookID, func() ledgertest.Snapshot) {
		t.Helper()
		book := b.open()
		store := db.NewStoreWith(ledgertest.Rules(), options)
		store.Register(ledgertest.GateKind, readGates, writeGates)
		return store, book, func() ledgertest.Snapshot { return b.snapshot(t, book) }
	}}
}

var storeWays = map[string]postgres.StoreOptions{
	"remembering": {}, "reading_always": {ReadAlways: true},
}

func TestSuiteOfOwnRules(t *testing.T) {
	t.Parallel()
	for name, options := range storeWays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledgertest.Suite(t, newBooks(t).ownHarness(options))
		})
	}
}

func TestModelOfOwnRules(t *testing.T) {
	t.Parallel()
	for name, options := range storeWays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledgertest.Model(t, newBooks(t).ownHarness(options))
		})
	}
}
