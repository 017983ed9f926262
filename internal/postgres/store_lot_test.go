package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestLotsAreStored compares lots with all their terms as they were written with
// what is read, as new ones and after they changed.
func TestLotsAreStored(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	wallet := h.id("wallet")
	account := h.account("available", ledgertest.ClassAvailable, wallet)
	used, graced, child := h.lot("used", wallet, noon.AddDate(0, 1, 0)), h.lot("graced", wallet, noon.Add(-time.Hour)), h.lot("child", wallet, time.Time{})
	used.Money, used.Basis, used.BasisRemaining, used.Tax, used.TaxRemaining, used.Priority = ledger.USD, 90, 80, 9, 8, 3
	child.Root, child.Money, child.Basis, child.BasisRemaining, child.Tax, child.TaxRemaining = h.id("root"), ledger.EUR, 50, 50, 5, 5
	lots := []ledger.Lot{used, graced, child}
	want := func(when string) {
		t.Helper()
		got := h.read(ledger.Needs{Whole: []ledger.ID{account.ID}}).Lots
		for _, lot := range lots {
			if diff := cmp.Diff(&lot, got[lot.ID]); diff != "" {
				t.Errorf("%s: %s: want, got:\n%s", when, h.names[lot.ID], diff)
			}
		}
	}
	h.write(noon, func(w *ledger.Writes) {
		w.Opened, w.NewLots = []ledger.Account{account}, lots
		for _, lot := range lots {
			w.Places = append(w.Places, ledger.Place{Lot: lot.ID, Account: account.ID, Quantity: 1})
		}
	})
	want("new")
	lots[0].Remaining, lots[0].BasisRemaining, lots[0].TaxRemaining = 50, 40, 4
	lots[1].GraceUntil = noon.Add(time.Hour)
	lots[2].Granted, lots[2].Remaining, lots[2].Basis, lots[2].BasisRemaining, lots[2].Tax, lots[2].TaxRemaining = 130, 120, 70, 60, 7, 6
	h.write(noon, func(w *ledger.Writes) { w.Lots = lots })
	want("changed")
}

// TestGraceCountsWhenLotsAreRead asks an account for units at the ends of a lot's
// expiry and of its grace.
func TestGraceCountsWhenLotsAreRead(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	wallet := h.id("wallet")
	account := h.account("available", ledgertest.ClassAvailable, wallet)
	plain, graced, never := h.lot("plain", wallet, noon), h.lot("graced", wallet, noon.Add(-time.Hour)), h.lot("never", wallet, time.Time{})
	graced.GraceUntil = noon.Add(time.Hour)
	h.write(noon, func(w *ledger.Writes) {
		w.Opened, w.NewLots = []ledger.Account{account}, []ledger.Lot{plain, graced, never}
		for i, lot := range w.NewLots {
			w.Places = append(w.Places, ledger.Place{Lot: lot.ID, Account: account.ID, Quantity: int64(i) + 1})
		}
	})
	const plainHere, gracedHere, neverHere = "available has 1 of plain for -", "available has 2 of graced for -", "available has 3 of never for -"
	for name, c := range map[string]struct {
		at   time.Time
		want []string
	}{
		"before_expiry":         {noon.Add(-time.Microsecond), []string{plainHere, gracedHere, neverHere}},
		"at_expiry":             {noon, []string{gracedHere, neverHere, "expired elsewhere in available: 1"}},
		"before_grace_ends":     {noon.Add(time.Hour - time.Microsecond), []string{gracedHere, neverHere, "expired elsewhere in available: 1"}},
		"when_grace_has_ended":  {noon.Add(time.Hour), []string{neverHere, "expired elsewhere in available: 3"}},
		"all_of_them_if_it_may": {noon.AddDate(1, 0, 0), []string{neverHere, "expired elsewhere in available: 3"}},
	} {
		h.want(t, name, h.read(ledger.Needs{Clock: c.at, Demand: map[ledger.ID]int64{account.ID: 6}}), c.want...)
	}
}

// TestExpiredUnitsAreCountedOnce reads expired units that are in the state for
// another reason: what is left of them elsewhere does not count them again.
func TestExpiredUnitsAreCountedOnce(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	wallet := h.id("wallet")
	available, held := h.account("available", ledgertest.ClassAvailable, wallet), h.account("held", ledgertest.ClassHeldBid, wallet)
	back, other := h.lot("back", wallet, noon.Add(-time.Hour)), h.lot("other", wallet, noon.Add(-time.Hour))
	hold := ledger.Hold{
		ID: h.id("hold"), Wallet: wallet, Account: available.ID, Held: held.ID, Purpose: "BID", Reserved: 4, Status: ledger.HoldOpen, OpenedAt: noon.AddDate(0, -1, 0),
	}
	h.write(noon, func(w *ledger.Writes) {
		w.Opened, w.NewLots, w.NewHolds = []ledger.Account{available, held}, []ledger.Lot{back, other}, []ledger.Hold{hold}
		w.Places = []ledger.Place{
			{Lot: back.ID, Account: available.ID, Quantity: 6},
			{Lot: other.ID, Account: available.ID, Quantity: 8},
			{Lot: back.ID, Account: held.ID, Hold: hold.ID, Quantity: 4},
		}
	})
	h.want(t, "with its hold", h.read(ledger.Needs{Holds: []ledger.ID{hold.ID}, Demand: map[ledger.ID]int64{available.ID: 1}}),
		"account available", "account held", "hold hold", "available has 6 of back for -", "held has 4 of back for hold", "expired elsewhere in available: 8")
	h.want(t, "alone", h.read(ledger.Needs{Demand: map[ledger.ID]int64{available.ID: 1}}),
		"expired elsewhere in available: 14", "held elsewhere of available: 4")
}

// TestChildLotsAreRead lets units go from wallet to wallet in one batch: whatever
// may arrive somewhere, the lot that it would be added to is there.
func TestChildLotsAreRead(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	var wallets [3]ledger.ID
	var accounts [3]ledger.Account
	for i, name := range []string{"a", "b", "c"} {
		wallets[i] = h.id("wallet " + name)
		accounts[i] = h.account(name, ledgertest.ClassAvailable, wallets[i])
	}
	root, grandchild := h.lot("root", wallets[0], time.Time{}), h.lot("grandchild", wallets[0], time.Time{})
	grandchild.Root = h.id("another root")
	child := func(name string, root, wallet ledger.ID) ledger.Lot {
		lot := h.lot(name, wallet, time.Time{})
		lot.ID, lot.Root = ledger.ChildLotID(root, wallet), root
		h.names[lot.ID] = name
		return lot
	}
	ofB, ofC, otherOfC := child("root's in b", root.ID, wallets[1]), child("root's in c", root.ID, wallets[2]), child("other's in c", grandchild.Root, wallets[2])
	unrelated := child("unrelated in c", h.id("a third root"), wallets[2])
	h.write(noon, func(w *ledger.Writes) {
		w.Opened, w.NewLots = accounts[:], []ledger.Lot{root, grandchild, ofB, ofC, otherOfC, unrelated}
		w.Places = []ledger.Place{
			{Lot: root.ID, Account: accounts[0].ID, Quantity: 5},
			{Lot: grandchild.ID, Account: accounts[0].ID, Quantity: 6},
			{Lot: ofB.ID, Account: accounts[1].ID, Quantity: 0},
			{Lot: ofC.ID, Account: accounts[2].ID, Quantity: 7},
			{Lot: unrelated.ID, Account: accounts[2].ID, Quantity: 8},
		}
	})
	transfer := func(from, to int) ledger.Transfer {
		return ledger.Transfer{From: accounts[from].ID, To: accounts[to].ID, Wallet: wallets[to]}
	}
	ids := []ledger.ID{accounts[0].ID, accounts[1].ID, accounts[2].ID}
	demand := map[ledger.ID]int64{accounts[0].ID: 11}
	from := []string{"account a", "account b", "account c", "a has 5 of root for -", "a has 6 of grandchild for -"}
	toB := append(slices.Clone(from), "b has 0 of root's in b for -")
	toC := append(slices.Clone(from), "c has 7 of root's in c for -", "c has 0 of other's in c for -")
	for name, c := range map[string]struct {
		transfers []ledger.Transfer
		want      []string
	}{
		"to_one":                  {[]ledger.Transfer{transfer(0, 1)}, toB},
		"to_another":              {[]ledger.Transfer{transfer(0, 2), transfer(0, 2)}, toC},
		"on_from_there":           {[]ledger.Transfer{transfer(0, 1), transfer(1, 2)}, append(slices.Clone(toC), "b has 0 of root's in b for -")},
		"on_in_any_order":         {[]ledger.Transfer{transfer(1, 2), transfer(0, 1)}, append(slices.Clone(toC), "b has 0 of root's in b for -")},
		"from_who_gets_nothing":   {[]ledger.Transfer{transfer(1, 2)}, from},
		"round_and_back_where_to": {[]ledger.Transfer{transfer(0, 1), transfer(1, 0)}, toB},
	} {
		h.want(t, name, h.read(ledger.Needs{Accounts: ids, Demand: demand, Transfers: c.transfers}), c.want...)
	}
}

// TestUndoneIsTheOpposite counts of a reversal what it gave back, and not what it
// took out again because it had expired.
func TestUndoneIsTheOpposite(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	lot, account := h.lot("lot", h.id("wallet"), noon), newID()
	var original ledger.Journal
	post := func(reverses ledger.ID, quantity int64, movements ...ledger.Movement) {
		h.write(noon, func(w *ledger.Writes) {
			j := h.journal(w, ledger.DateOf(noon))
			if j.Reverses, j.Quantity = reverses, quantity; reverses.IsZero() {
				original = j
			}
			w.Journals = []ledger.Journal{j}
			for i, m := range movements {
				m.Line, m.Lot, m.Account, m.Money = int16(i), lot.ID, account, ledger.EUR
				w.Movements = append(w.Movements, ledger.JournalMovement{Journal: j.ID, Movement: m})
			}
		})
	}
	post(ledger.NilID, 0, ledger.Movement{Quantity: -10, Basis: -100, Tax: -20})
	post(original.ID, 3, ledger.Movement{Quantity: 3, Basis: 30, Tax: 6}, ledger.Movement{Quantity: -3, Basis: -30, Tax: -6})
	post(original.ID, 2, ledger.Movement{Quantity: 2, Basis: 20, Tax: 4})
	record := h.read(ledger.Needs{Journals: []ledger.ID{original.ID}}).Journals[original.ID]
	want := map[ledger.ID]ledger.Undone{lot.ID: {Quantity: 5, Basis: 50, Tax: 10}}
	if diff := cmp.Diff(want, record.Undone); diff != "" || record.Reversed != 5 {
		t.Errorf("%d units are reversed, want 5; undone: want, got:\n%s", record.Reversed, diff)
	}
}
