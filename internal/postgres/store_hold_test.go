package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// heldBook is a wallet with holds of all kinds: the one that expires at noon has.
type heldBook struct {
	*handmade
	available, held       ledger.Account
	open, expired, never  ledger.Hold
	closed                ledger.Hold
	first, second, unused ledger.Lot
}

func newHeldBook(t *testing.T) *heldBook {
	t.Helper()
	h := newHandmade(t)
	wallet := h.id("wallet")
	b := &heldBook{
		handmade:  h,
		available: h.account("available", ledgertest.ClassAvailable, wallet), held: h.account("held", ledgertest.ClassHeldBid, wallet),
		first: h.lot("first", wallet, noon.AddDate(0, 1, 0)), second: h.lot("second", wallet, noon.AddDate(0, 2, 0)), unused: h.lot("unused", wallet, noon.AddDate(0, 3, 0)),
	}
	hold := func(name string, reserved int64, expires time.Time) ledger.Hold {
		return ledger.Hold{
			ID: h.id(name), Wallet: wallet, Account: b.available.ID, Held: b.held.ID, Purpose: "BID", Reserved: reserved, Status: ledger.HoldOpen,
			OpenedAt: noon.Add(-time.Hour), ExpiresAt: expires,
		}
	}
	b.open, b.expired, b.never = hold("open", 7, noon.Add(time.Hour)), hold("expired", 5, noon), hold("never", 4, time.Time{})
	b.open.Subject, b.open.Captured = ledger.Subject{Type: "JOB", ID: "j1"}, 2
	b.closed = hold("closed", 6, noon.Add(-time.Minute))
	b.closed.Captured, b.closed.Released, b.closed.Status, b.closed.ClosedAt = 1, 5, ledger.HoldCaptured, noon.Add(-time.Second)
	h.write(noon.Add(-time.Hour), func(w *ledger.Writes) {
		w.Opened = []ledger.Account{b.available, b.held}
		w.NewLots = []ledger.Lot{b.first, b.second, b.unused}
		w.NewHolds = []ledger.Hold{b.open, b.expired, b.never, b.closed}
		place := func(account ledger.Account, lot ledger.Lot, hold ledger.ID, quantity int64) {
			w.Places = append(w.Places, ledger.Place{Lot: lot.ID, Account: account.ID, Hold: hold, Quantity: quantity})
		}
		place(b.available, b.first, ledger.NilID, 10)
		place(b.available, b.second, ledger.NilID, 0)
		place(b.available, b.unused, ledger.NilID, 30)
		place(b.held, b.first, b.open.ID, 5)
		place(b.held, b.first, b.expired.ID, 3)
		place(b.held, b.second, b.expired.ID, 2)
		place(b.held, b.second, b.never.ID, 4)
		place(b.held, b.second, b.closed.ID, 0)
	})
	return b
}

func TestHoldsAreRead(t *testing.T) {
	t.Parallel()
	b := newHeldBook(t)
	available := b.available.ID
	expired := []string{
		"account available", "account held", "available has 0 of second for -", "available has 10 of first for -",
		"held has 2 of second for expired", "held has 3 of first for expired",
	}
	for name, c := range map[string]struct {
		needs ledger.Needs
		want  []string
	}{
		"named": {ledger.Needs{Holds: []ledger.ID{b.open.ID}}, []string{
			"account available", "account held", "available has 10 of first for -", "held has 5 of first for open", "hold open",
		}},
		"named_twice": {ledger.Needs{Holds: []ledger.ID{b.never.ID, b.never.ID}}, []string{
			"account available", "account held", "available has 0 of second for -", "held has 4 of second for never", "hold never",
		}},
		"closed_or_unknown": {ledger.Needs{Holds: []ledger.ID{b.closed.ID, newID()}}, []string{"account available", "account held", "hold closed"}},
		"expired_of_a_demand": {
			ledger.Needs{Demand: map[ledger.ID]int64{available: 1}},
			append(expired, "held elsewhere of available: 9", "hold expired"),
		},
		"expired_of_a_whole_account": {
			ledger.Needs{Whole: []ledger.ID{available}},
			append(expired[:len(expired):len(expired)], "available has 30 of unused for -", "held elsewhere of available: 9", "hold expired"),
		},
		"none_has_expired_yet": {
			ledger.Needs{Clock: noon.Add(-time.Microsecond), Demand: map[ledger.ID]int64{available: 1}},
			[]string{"available has 10 of first for -", "held elsewhere of available: 14"},
		},
		"rows_alone": {ledger.Needs{HoldsOf: []ledger.ID{available}}, []string{"hold expired", "hold never", "hold open"}},
		"rows_alone_and_a_demand": {
			ledger.Needs{HoldsOf: []ledger.ID{available}, Demand: map[ledger.ID]int64{available: 1}},
			append(expired[:len(expired):len(expired)], "hold expired", "hold never", "hold open"),
		},
		"named_and_a_demand": {
			ledger.Needs{Holds: []ledger.ID{b.open.ID, b.expired.ID}, Demand: map[ledger.ID]int64{available: 1}},
			append(expired[:len(expired):len(expired)], "held elsewhere of available: 4", "held has 5 of first for open", "hold expired", "hold open"),
		},
	} {
		b.want(t, name, b.read(c.needs), c.want...)
	}
}

// TestHoldsAreStored compares holds as they were written with what is read, after
// they opened and after they moved.
func TestHoldsAreStored(t *testing.T) {
	t.Parallel()
	b := newHeldBook(t)
	holds := []ledger.Hold{b.open, b.expired, b.never, b.closed}
	want := func(when string) {
		t.Helper()
		got := b.read(ledger.Needs{Holds: []ledger.ID{b.open.ID, b.expired.ID, b.never.ID, b.closed.ID}}).Holds
		for _, hold := range holds {
			if diff := cmp.Diff(&hold, got[hold.ID]); diff != "" {
				t.Errorf("%s: %s: want, got:\n%s", when, b.names[hold.ID], diff)
			}
		}
	}
	want("placed")
	holds[0].Reserved, holds[0].Captured, holds[0].Released = 9, 3, 1
	holds[1].Released, holds[1].Status, holds[1].ClosedAt = 5, ledger.HoldExpired, noon
	b.write(noon, func(w *ledger.Writes) { w.Holds = holds[:2] })
	want("moved")
}

// TestHoldsOfJournals stores which hold a journal moved, in its row and in those of
// its movements.
func TestHoldsOfJournals(t *testing.T) {
	t.Parallel()
	b := newHeldBook(t)
	var journal ledger.Journal
	movement := ledger.Movement{Lot: b.first.ID, Account: b.held.ID, Hold: b.open.ID, Quantity: -2, Basis: -7, Tax: -1, Money: ledger.EUR}
	b.write(noon, func(w *ledger.Writes) {
		journal = b.journal(w, ledger.DateOf(noon))
		journal.Hold, journal.HoldEvent = b.open.ID, ledger.EventCaptured
		w.Journals = []ledger.Journal{journal}
		w.Movements = []ledger.JournalMovement{{Journal: journal.ID, Movement: movement}}
	})
	snapshot := b.snapshot(t, b.book)
	if diff := cmp.Diff([]ledger.Journal{journal}, snapshot.Journals); diff != "" {
		t.Errorf("the journal: want, got:\n%s", diff)
	}
	got := b.read(ledger.Needs{Journals: []ledger.ID{journal.ID}})
	if diff := cmp.Diff([]ledger.Movement{movement}, got.Journals[journal.ID].Movements); diff != "" {
		t.Errorf("the movements: want, got:\n%s", diff)
	}
	b.want(t, "the places", got, "held has 5 of first for open")
}
