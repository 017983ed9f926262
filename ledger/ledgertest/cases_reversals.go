package ledgertest

import (
	"slices"
	"time"

	"purser/ledger"
)

var reversalCases = []testCase{
	{name: "parts_give_back_the_last_taken_first", run: partialReversal},
	{name: "every_way_to_return_seven_units_restores_a_dollar", run: allCompositions},
	{name: "returned_units_spent_again_and_returned", run: respend},
	{name: "purchase_is_reversed_with_its_fee_in_parts", run: reversePurchase},
	{name: "purchase_is_reversed_for_what_is_left_of_it", run: reverseSpentPurchase},
	{name: "grant_is_reversed_without_money", run: reverseGrant},
	{name: "spend_and_its_reversal_in_one_batch", run: reverseInSameBatch},
	{name: "two_reversals_of_one_spend_in_one_batch", run: reverseTwiceInBatch},
	{name: "spend_behind_the_reversal_of_a_grant_in_one_batch", run: spendBehindReversal},
	{name: "spend_of_units_returned_in_the_same_batch", run: spendReturned},
}

func partialReversal(b *bench) {
	wallet, paid, promo, spend := grantThenSpend(b)
	b.wantMovements(b.accept(b.Reverse(spend, TypeReturn, 1)), moved{paid, 1, 15})
	b.wantMovements(b.accept(b.Reverse(spend, TypeReversal, 4)), moved{paid, 1, 15}, moved{promo, 3, 0})
	b.wantLot(promo, 3, 0)
	b.wantLot(paid, 80, 1200)
	b.wantMovements(b.accept(b.ReverseRest(spend, TypeReturn)), moved{promo, 7, 0})
	b.wantBalance(available(wallet), ledger.CNX, 90)
	b.wantBalance(ClassConsumed, ledger.CNX, 0)
}

// allCompositions returns seven units in each of the 64 ways to cut seven into
// parts, each from a wallet of its own.
func allCompositions(b *bench) {
	const units = 7
	lots := make([]ledger.ID, 0, 1<<(units-1))
	for cuts := range 1 << (units - 1) {
		wallet := b.wallet()
		lots = append(lots, b.accept(b.Purchase(wallet, units, Price{Money: ledger.USD, Minor: 100}, Terms{})))
		spend := b.accept(b.Spend(wallet, units))
		part := int64(0)
		for unit := range units {
			if part++; unit == units-1 || cuts&(1<<unit) != 0 {
				b.accept(b.Reverse(spend, TypeReturn, part))
				part = 0
			}
		}
	}
	for _, lot := range b.snapshot().Lots {
		if !slices.Contains(lots, lot.ID) || lot.Remaining != units || lot.BasisRemaining != 100 {
			b.t.Errorf("lot %s has %d units and basis %d, want %d and 100", lot.ID, lot.Remaining, lot.BasisRemaining, units)
		}
	}
	b.wantBalance(ClassRevenue, ledger.USD, 0)
}

func respend(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 7, Price{Money: ledger.USD, Minor: 100}, Terms{}))
	first := b.accept(b.Spend(wallet, 7))
	b.accept(b.Reverse(first, TypeReturn, 1))
	b.wantLot(lot, 1, 14)
	second := b.accept(b.Spend(wallet, 1))
	b.accept(b.ReverseRest(first, TypeReturn))
	b.wantLot(lot, 6, 86)
	b.accept(b.ReverseRest(second, TypeReturn))
	b.wantLot(lot, 7, 100)
}

func reversePurchase(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 80, twelveDollars, Terms{}))
	b.wantPostings(b.accept(b.Reverse(lot, TypeReversal, 30)),
		leg{available(wallet), ClassPurchased, 30, ledger.CNX},
		leg{ClassDeferred, ClassClearing, 450, ledger.USD},
		leg{ClassClearing, ClassFees, 24, ledger.USD})
	b.wantLot(lot, 50, 750)
	b.wantPostings(b.accept(b.ReverseRest(lot, TypeReversal)),
		leg{available(wallet), ClassPurchased, 50, ledger.CNX},
		leg{ClassDeferred, ClassClearing, 750, ledger.USD},
		leg{ClassClearing, ClassFees, 41, ledger.USD})
	for _, code := range []string{ClassClearing, ClassDeferred, ClassFees} {
		b.wantBalance(code, ledger.USD, 0)
	}
	b.refuse(b.Reverse(lot, TypeReversal, 1), ledger.ErrReversalExceeds)
}

func reverseSpentPurchase(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 80, twelveDollars, Terms{}))
	spend := b.accept(b.Spend(wallet, 20))
	b.refuse(b.ReverseRest(lot, TypeReversal), ledger.ErrInsufficientFunds)
	b.accept(b.Reverse(lot, TypeReversal, 60))
	b.wantLot(lot, 0, 0)
	b.accept(b.ReverseRest(spend, TypeReturn))
	b.wantLot(lot, 20, 300)
	b.accept(b.ReverseRest(lot, TypeReversal))
	b.wantBalance(ClassDeferred, ledger.USD, 0)
	b.wantBalance(ClassClearing, ledger.USD, 0)
}

func reverseGrant(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Grant(wallet, 10, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	b.wantPostings(b.accept(b.ReverseRest(lot, TypeReversal)), leg{available(wallet), ClassIssued, 10, ledger.CNX})
	b.wantLot(lot, 0, 0)
	b.refuse(b.Spend(wallet, 1), ledger.ErrInsufficientFunds)
}

func reverseInSameBatch(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 7, Price{Money: ledger.USD, Minor: 100}, Terms{}))
	grant, spend := b.Grant(wallet, 2, Terms{Priority: -1}), b.Spend(wallet, 5)
	for i, a := range b.inOneBatch(grant, spend, b.Reverse(spend.ID, TypeReturn, 2), b.ReverseRest(spend.ID, TypeReturn), b.ReverseRest(grant.ID, TypeReversal)) {
		if a.err != nil || a.Refusal != nil {
			b.t.Errorf("command %d got %+v", i, a)
		}
	}
	b.wantLot(lot, 7, 100)
	b.wantLot(grant.ID, 0, 0)
}

func reverseTwiceInBatch(b *bench) {
	_, paid, promo, spend := grantThenSpend(b)
	got := b.inOneBatch(b.Reverse(spend, TypeReturn, 7), b.Reverse(spend, TypeReturn, 6), b.Reverse(spend, TypeReturn, 5))
	for i, want := range []string{"-", "REVERSAL_EXCEEDS", "-"} {
		code := "-"
		if got[i].Refusal != nil {
			code = got[i].Refusal.Code()
		}
		if code != want || got[i].err != nil {
			b.t.Errorf("reversal %d got %+v, want %s", i, got[i], want)
		}
	}
	b.wantLot(paid, 80, 1200)
	b.wantLot(promo, 10, 0)
}

// spendBehindReversal fails in a store that counts units towards the demand of
// a batch which a reversal of the same batch takes away.
func spendBehindReversal(b *bench) {
	wallet := b.wallet()
	first := b.accept(b.Grant(wallet, 10, Terms{Priority: -1}))
	second := b.accept(b.Grant(wallet, 10, Terms{}))
	spend := b.Spend(wallet, 10)
	for i, a := range b.inOneBatch(b.ReverseRest(first, TypeReversal), spend) {
		if a.err != nil || a.Refusal != nil {
			b.t.Errorf("command %d got %+v", i, a)
		}
	}
	b.wantMovements(spend.ID, moved{second, -10, 0})
}

func spendReturned(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Grant(wallet, 10, Terms{}))
	spend := b.accept(b.Spend(wallet, 10))
	next := b.Spend(wallet, 4)
	for i, a := range b.inOneBatch(b.ReverseRest(spend, TypeReturn), next) {
		if a.err != nil || a.Refusal != nil {
			b.t.Errorf("command %d got %+v", i, a)
		}
	}
	b.wantMovements(next.ID, moved{lot, -4, 0})
}
