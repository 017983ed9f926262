package ledgertest

import (
	"math"
	"time"

	"purser/ledger"
)

var lotCases = []testCase{
	{name: "spend_order_is_priority_then_expiry_then_age", run: spendInOrder},
	{name: "expired_lot_is_never_taken", run: expiredNeverTaken},
	{name: "lot_expires_at_its_instant_and_not_before", run: expiryInstant},
	{name: "seven_units_for_a_dollar_release_exactly_a_dollar", run: oddBasis},
	{name: "largest_basis_is_released_to_the_cent", run: largestBasis},
	{name: "return_to_an_expired_lot_lapses_with_its_basis", run: returnToExpired},
	{name: "spend_across_many_lots", run: manyLots},
	{name: "lot_of_the_same_batch_is_spent_in_its_place", run: lotOfSameBatch},
}

func spendInOrder(b *bench) {
	wallet := b.wallet()
	soon, late := epoch.AddDate(0, 1, 0), epoch.AddDate(1, 0, 0)
	never := b.accept(b.Grant(wallet, 1, Terms{}))
	lateA := b.accept(b.Grant(wallet, 1, Terms{ExpiresAt: late}))
	lateB := b.accept(b.Grant(wallet, 1, Terms{ExpiresAt: late}))
	first := b.accept(b.Grant(wallet, 1, Terms{ExpiresAt: soon}))
	urgent := b.accept(b.Grant(wallet, 1, Terms{Priority: -1}))
	last := b.accept(b.Grant(wallet, 1, Terms{ExpiresAt: soon, Priority: 1}))
	order := []ledger.ID{urgent, first, lateA, lateB, never, last}
	for _, lot := range order[:3] {
		b.wantMovements(b.accept(b.Spend(wallet, 1)), moved{lot, -1, 0})
	}
	b.wantMovements(b.accept(b.Spend(wallet, 3)), moved{lateB, -1, 0}, moved{never, -1, 0}, moved{last, -1, 0})
}

func expiredNeverTaken(b *bench) {
	wallet := b.wallet()
	dying := b.accept(b.Grant(wallet, 10, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	living := b.accept(b.Grant(wallet, 10, Terms{ExpiresAt: epoch.AddDate(1, 0, 0)}))
	b.accept(b.Spend(wallet, 3))
	b.clock.Advance(2 * time.Hour)
	b.refuse(b.Spend(wallet, 11), ledger.ErrInsufficientFunds)
	b.wantMovements(b.accept(b.Spend(wallet, 10)), moved{living, -10, 0})
	b.refuse(b.Spend(wallet, 1), ledger.ErrInsufficientFunds)
	b.wantLot(dying, 7, 0)
	b.wantBalance(available(wallet), ledger.CNX, 7)
	b.refuse(b.Reverse(dying, TypeReversal, 1), ledger.ErrInsufficientFunds)
}

func expiryInstant(b *bench) {
	wallet := b.wallet()
	b.clock.Advance(time.Minute)
	expires := b.clock.Now().Add(time.Minute)
	b.accept(b.Grant(wallet, 2, Terms{ExpiresAt: expires}))
	b.clock.Advance(time.Minute - time.Microsecond)
	b.accept(b.Spend(wallet, 1))
	b.clock.Advance(time.Microsecond)
	b.refuse(b.Spend(wallet, 1), ledger.ErrInsufficientFunds)
}

func oddBasis(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 7, Price{Money: ledger.USD, Minor: 100}, Terms{}))
	var spends []ledger.ID
	for range 7 {
		spends = append(spends, b.accept(b.Spend(wallet, 1)))
	}
	b.wantLot(lot, 0, 0)
	b.wantBalance(ClassRevenue, ledger.USD, 100)
	b.wantBalance(ClassDeferred, ledger.USD, 0)
	for _, at := range []int{3, 0, 6, 1, 5, 2, 4} {
		b.accept(b.ReverseRest(spends[at], TypeReturn))
	}
	b.wantLot(lot, 7, 100)
	b.wantBalance(ClassRevenue, ledger.USD, 0)
}

func largestBasis(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 3, Price{Money: ledger.EUR, Minor: math.MaxInt64}, Terms{}))
	for range 3 {
		b.accept(b.Spend(wallet, 1))
	}
	b.wantLot(lot, 0, 0)
	b.wantBalance(ClassRevenue, ledger.EUR, math.MaxInt64)
}

func returnToExpired(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 10, Price{Money: ledger.USD, Minor: 150}, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	spend := b.accept(b.Spend(wallet, 6))
	b.clock.Advance(2 * time.Hour)
	back := b.accept(b.ReverseRest(spend, TypeReturn))
	b.wantMovements(back, moved{lot, 6, 90}, moved{lot, -6, -90})
	b.wantPostings(back,
		leg{ClassConsumed, available(wallet), 6, ledger.CNX}, leg{ClassRevenue, ClassDeferred, 90, ledger.USD},
		leg{available(wallet), ClassExpired, 6, ledger.CNX}, leg{ClassDeferred, ClassBreakage, 90, ledger.USD})
	b.wantLot(lot, 4, 60)
	for _, row := range b.snapshot().Lots {
		if !row.ExpiresAt.Equal(epoch.Add(time.Hour)) {
			b.t.Errorf("the lot now expires at %s", row.ExpiresAt)
		}
	}
	b.refuse(b.Spend(wallet, 1), ledger.ErrInsufficientFunds)
}

func manyLots(b *bench) {
	const lots = 60
	wallet := b.wallet()
	want := make([]moved, lots)
	for i := range lots {
		lot := b.accept(b.Purchase(wallet, 2, Price{Money: ledger.USD, Minor: 31}, Terms{ExpiresAt: epoch.AddDate(0, 0, lots-i)}))
		want[lots-1-i] = moved{lot, -2, -31}
	}
	want[lots-1] = moved{want[lots-1].lot, -1, -15}
	b.wantMovements(b.accept(b.Spend(wallet, 2*lots-1)), want...)
}

func lotOfSameBatch(b *bench) {
	wallet := b.wallet()
	old := b.accept(b.Grant(wallet, 5, Terms{}))
	fresh := b.Grant(wallet, 5, Terms{ExpiresAt: epoch.AddDate(0, 0, 1)})
	spend := b.Spend(wallet, 6)
	b.inOneBatch(fresh, spend)
	b.wantMovements(spend.ID, moved{fresh.ID, -5, 0}, moved{old, -1, 0})
}
