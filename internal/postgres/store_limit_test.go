package postgres_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestLimitsAreStored reads an account with its limits, also when a journal to be
// reversed brings the same account along.
func TestLimitsAreStored(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	account, free := h.account("limited", ledgertest.ClassAvailable, h.id("wallet")), h.account("free", ledgertest.ClassAvailable, h.id("another wallet"))
	limits := []ledger.Limit{
		{Window: time.Hour, Maximum: 0, WindowStart: noon, Used: 0},
		{Window: 24 * time.Hour, Maximum: 50, WindowStart: noon.Truncate(24 * time.Hour), Used: 7},
		{Window: 7 * 24 * time.Hour, Maximum: -1, WindowStart: noon, Used: 9},
	}
	var journal ledger.Journal
	save := func(w *ledger.Writes) {
		for _, limit := range limits {
			w.Limits = append(w.Limits, ledger.LimitChange{Account: account.ID, Limit: limit})
		}
	}
	want := func(when string) {
		t.Helper()
		state := h.read(ledger.Needs{Accounts: []ledger.ID{free.ID, account.ID}, Journals: []ledger.ID{journal.ID}})
		got := state.Accounts[account.ID].Limits
		slices.SortFunc(got, func(a, b ledger.Limit) int { return cmp.Compare(a.Window, b.Window) })
		if diff := gocmp.Diff(limits, got); diff != "" {
			t.Errorf("%s: want, got:\n%s", when, diff)
		}
		if got := state.Accounts[free.ID].Limits; got != nil {
			t.Errorf("%s: an account without limits has %v", when, got)
		}
	}
	h.write(noon, func(w *ledger.Writes) {
		w.Opened = []ledger.Account{account, free}
		journal = h.journal(w, ledger.DateOf(noon))
		w.Journals = []ledger.Journal{journal}
		w.Postings = []ledger.JournalPosting{{Journal: journal.ID, Posting: ledger.Posting{Debit: account.ID, Credit: free.ID, Commodity: ledger.CNX, Amount: 1}}}
		save(w)
	})
	want("new")
	limits[0].Maximum, limits[0].Used, limits[1].Maximum, limits[2].Maximum = 5, 4, -1, 3
	limits[2].WindowStart = noon.AddDate(0, 0, 7)
	h.write(noon, save)
	want("changed")
}
