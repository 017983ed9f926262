package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// lotsOf reads all lots of a wallet page by page.
func (w *world) lotsOf(caller domain.Caller, ref wallet.Ref, query wallet.LotsQuery) []wallet.Lot {
	w.t.Helper()
	var lots []wallet.Lot
	for {
		page := section[wallet.LotPage](w, caller, ref, query)
		if len(page.Lots) > query.Limit || (page.More && len(page.Lots) < query.Limit) {
			w.t.Fatalf("a page of %d has %d lots", query.Limit, len(page.Lots))
		}
		last := len(page.Lots) - 1
		if query.Direction == wallet.Backward {
			lots, last = append(slices.Clone(page.Lots), lots...), 0
		} else {
			lots = append(lots, page.Lots...)
		}
		if !page.More {
			return lots
		}
		key := page.Lots[last]
		query.HasKey, query.Key = true, wallet.LotKey{Priority: key.Priority, ExpiresAt: key.ExpiresAt, Lot: key.ID}
	}
}

func lotIDs(lots []wallet.Lot) []ledger.ID {
	ids := make([]ledger.ID, len(lots))
	for i, lot := range lots {
		ids[i] = lot.ID
	}
	return ids
}

// lotWorld has lots of every state, among them ones that never expire.
func lotWorld(t *testing.T) (w *world, ref wallet.Ref, owner domain.Caller, inOrder []ledger.ID) {
	t.Helper()
	w = newWorld(t)
	ref, owner = w.openOwn()
	later := w.purchase(ref, 10, 150, ledger.USD)
	soon := w.grant(ref, 10, ledger.OriginPromo, began.Add(time.Hour))
	same := w.grant(ref, 10, ledger.OriginPromo, began.Add(time.Hour))
	plan := w.grant(ref, 10, ledger.OriginPlan, began.AddDate(0, 1, 0))
	used := w.grant(ref, 10, ledger.OriginBonus, began.Add(time.Minute))
	never := []ledger.ID{w.neverExpiring(ref, 10), w.neverExpiring(ref, 10)}
	w.spend(owner, ref, 13)
	return w, ref, owner, []ledger.ID{used, soon, same, plan, later, never[0], never[1]}
}

// neverExpiring issues a lot without expiry behind the priority of all others,
// which no mutation of the product does yet.
func (w *world) neverExpiring(ref wallet.Ref, quantity int64) ledger.ID {
	w.t.Helper()
	id := newID()
	arguments := ledger.Arguments(nil).ID(wallet.ArgWallet, ref.ID).Amount(wallet.ArgQuantity, quantity).
		Text(wallet.ArgOrigin, "COMPENSATION").Text(wallet.ArgType, wallet.TypeCompensation).Amount(wallet.ArgPriority, 50)
	outcome, err := w.ledger.Post(w.t.Context(), ledger.Command{
		ID: id, Book: ref.Book, Template: wallet.TemplateGrant, Arguments: arguments, InitiatedBy: "service:tests",
		Key:         ledger.IdempotencyKey{Scope: ledger.KeyScope{Principal: "service:tests", Mutation: "test"}, Key: w.newKey()},
		Fingerprint: ledger.FingerprintOf(arguments),
	})
	if err != nil || outcome.Refusal != nil {
		w.t.Fatal(err, outcome.Refusal)
	}
	return id
}

func TestLotsInSpendOrder(t *testing.T) {
	t.Parallel()
	w, ref, owner, want := lotWorld(t)
	w.wait(2 * time.Hour)
	for _, limit := range []int{1, 2, 3, 7, 100} {
		for _, direction := range []wallet.Direction{wallet.Forward, wallet.Backward} {
			got := w.lotsOf(owner, ref, wallet.LotsQuery{Limit: limit, Direction: direction})
			if diff := cmp.Diff(want, lotIDs(got)); diff != "" {
				t.Errorf("pages of %d, direction %d (-want +got):\n%s", limit, direction, diff)
			}
		}
	}
	states := map[wallet.LotState][]ledger.ID{
		wallet.LotExhausted: want[:1], wallet.LotExpired: want[1:3], wallet.LotActive: want[3:],
	}
	for state, ids := range states {
		for _, direction := range []wallet.Direction{wallet.Forward, wallet.Backward} {
			got := w.lotsOf(owner, ref, wallet.LotsQuery{Limit: 1, State: state, Direction: direction})
			if diff := cmp.Diff(ids, lotIDs(got)); diff != "" {
				t.Errorf("%s, direction %d (-want +got):\n%s", state, direction, diff)
			}
			for _, lot := range got {
				if lot.State != state {
					t.Errorf("lot %s is %s among the %s", lot.ID, lot.State, state)
				}
			}
		}
	}
}

func TestLotFacts(t *testing.T) {
	t.Parallel()
	w, ref, owner, ids := lotWorld(t)
	bought := w.lotsOf(owner, ref, wallet.LotsQuery{Limit: 100})[4]
	want := wallet.Lot{Book: ref.Book, State: wallet.LotActive, Lot: ledger.Lot{
		ID: ids[4], Wallet: ref.ID, Origin: ledger.OriginPurchase, Granted: 10, Remaining: 10, ExpiresAt: bought.ExpiresAt, Priority: 20,
		Money: ledger.USD, Basis: 150, BasisRemaining: 150, Jurisdiction: "IN",
	}}
	if diff := cmp.Diff(want, bought); diff != "" {
		t.Errorf("lot (-want +got):\n%s", diff)
	}
	refs := []wallet.LotRef{
		{Book: ref.Book, ID: ids[6]},
		{Book: ref.Book, ID: ids[4]},
		{Book: ref.Book, ID: ids[4]},
		{Book: ref.Book, ID: newID()},
		{Book: ref.Book%4 + 1, ID: ids[0]},
	}
	found, err := w.reader.Lots(t.Context(), owner, refs)
	if err != nil || len(found) != 2 {
		t.Fatalf("lots by id %+v, %v; want two", found, err)
	}
	slices.SortFunc(found, func(a, b wallet.LotOfWallet) int { return int(a.Lot.Priority - b.Lot.Priority) })
	if diff := cmp.Diff(want, found[0].Lot); diff != "" {
		t.Errorf("lot by id (-want +got):\n%s", diff)
	}
	if last := found[1]; !last.Lot.ExpiresAt.IsZero() || last.Lot.ID != ids[6] || last.Wallet.Ref != ref || last.Wallet.Access != wallet.AccessOwner {
		t.Errorf("a lot that never expires %+v", last)
	}
}

// TestExpiring counts local days of the owner's zone: what expires at midnight
// there belongs to the day that begins.
func TestExpiring(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	party := newID()
	owner, ref := freelancer(party), w.open(party, wallet.KindFreelancer, "Asia/Kolkata") // 12:00 UTC is 17:30
	midnight := time.Date(2026, 3, 1, 18, 30, 0, 0, time.UTC)                             // of 2 March there
	w.grant(ref, 1, ledger.OriginPromo, midnight.Add(-time.Microsecond))
	w.grant(ref, 2, ledger.OriginPromo, midnight.Add(-time.Hour))
	w.grant(ref, 4, ledger.OriginPlan, midnight.Add(-time.Hour))
	w.grant(ref, 8, ledger.OriginPromo, midnight)
	w.grant(ref, 16, ledger.OriginPromo, midnight.Add(24*time.Hour))
	w.neverExpiring(ref, 32)
	gone := w.grant(ref, 64, ledger.OriginPromo, midnight.Add(time.Hour))
	w.reverse(ref, gone, 64, "CORRECTION")

	first := []wallet.ExpiringBucket{
		{Date: ledger.Date{Year: 2026, Month: 3, Day: 1}, Origin: ledger.OriginPlan, Amount: 4},
		{Date: ledger.Date{Year: 2026, Month: 3, Day: 1}, Origin: ledger.OriginPromo, Amount: 3},
	}
	second := wallet.ExpiringBucket{Date: ledger.Date{Year: 2026, Month: 3, Day: 2}, Origin: ledger.OriginPromo, Amount: 8}
	third := wallet.ExpiringBucket{Date: ledger.Date{Year: 2026, Month: 3, Day: 3}, Origin: ledger.OriginPromo, Amount: 16}
	cases := map[int]wallet.Expiring{
		1:   {Total: 7, Buckets: first},
		2:   {Total: 15, Buckets: append(slices.Clone(first), second)},
		366: {Total: 31, Buckets: append(slices.Clone(first), second, third)},
	}
	for days, want := range cases {
		got := section[wallet.Expiring](w, owner, ref, wallet.ExpiringQuery{WithinDays: days})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("within %d days (-want +got):\n%s", days, diff)
		}
	}
	w.wait(midnight.Sub(began))
	if got := section[wallet.Expiring](w, owner, ref, wallet.ExpiringQuery{WithinDays: 1}); got.Total != 0 {
		t.Errorf("at midnight, within the day that began: %+v, want nothing: it has expired", got)
	}
}
