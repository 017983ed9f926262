package ledgertest

import (
	"errors"
	"math/big"
	"slices"
	"time"

	"purser/ledger"
)

var transferCases = []testCase{
	{name: "transfer_makes_child_lots_with_the_terms_and_their_share", run: transferChildren},
	{name: "transfers_of_one_root_grow_one_child", run: transferMerges},
	{name: "transfer_of_a_transfer_keeps_the_root", run: transferAgain},
	{name: "transfer_never_restarts_an_expiry", run: transferExpiry},
	{name: "transfers_to_and_fro_lose_no_cent", run: transferPingPong},
	{name: "transfer_refusals", run: transferRefusals},
	{name: "transfer_of_what_the_batch_brought", run: transferInBatch},
	{name: "units_that_left_are_not_refunded", run: transferThenRefund},
	{name: "transferred_lots_are_held_expired_and_returned", run: transferredLots},
}

// child returns the lot that a wallet has of a root.
func (b *bench) child(root, wallet ledger.ID) ledger.ID { return ledger.ChildLotID(root, wallet) }

func transferChildren(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	other := b.wallet()
	journal := b.accept(b.Transfer(wallet, other, 6))
	b.wantPostings(journal, leg{available(wallet), available(other), 6, ledger.CNX})
	b.wantMovements(journal,
		moved{promo, -4, 0}, moved{b.child(promo, other), 4, 0}, moved{paid, -2, -30}, moved{b.child(paid, other), 2, 30})
	b.wantLot(promo, 0, 0)
	b.wantLot(paid, 4, 60)
	want := ledger.Lot{
		ID: b.child(paid, other), Wallet: other, Origin: ledger.OriginPurchase, Granted: 2, Remaining: 2, ExpiresAt: epoch.AddDate(1, 0, 0),
		Money: ledger.USD, Basis: 30, BasisRemaining: 30, Jurisdiction: "US", Root: paid,
	}
	lots := b.snapshot().Lots
	at := slices.IndexFunc(lots, func(l ledger.Lot) bool { return l.ID == want.ID })
	if at < 0 || (printer{}).lot(lots[at]) != (printer{}).lot(want) {
		b.t.Errorf("lots %+v, want %+v among them", lots, want)
	}
	b.wantBalance(ClassDeferred, ledger.USD, 90)
	b.wantMovements(b.accept(b.Spend(other, 5)), moved{b.child(promo, other), -4, 0}, moved{b.child(paid, other), -1, -15})
}

func transferMerges(b *bench) {
	wallet := b.wallet()
	paid := b.accept(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.USD, Minor: 100}, 10, Terms{}))
	other := b.wallet()
	for range 3 {
		b.accept(b.Transfer(wallet, other, 1))
	}
	b.accept(b.Spend(other, 3))
	b.accept(b.Transfer(wallet, other, 4))
	child := b.child(paid, other)
	b.wantLot(child, 4, 58) // 14, 14 and 14 were spent
	lots := b.snapshot().Lots
	if len(lots) != 2 {
		b.t.Errorf("%d lots, want the root and one child", len(lots))
	}
	for _, lot := range lots {
		if lot.ID == child && (lot.Granted != 7 || lot.Basis != 100 || lot.Tax != 10 || lot.Root != paid) {
			b.t.Errorf("child = %+v, want all 7 units, basis 100 and tax 10 of %s", lot, paid)
		}
	}
	b.accept(b.Spend(other, 4))
	b.wantBalance(ClassDeferred, ledger.USD, 0)
	b.wantBalance(ClassTax, ledger.USD, 10)
	b.wantBalance(ClassRevenue, ledger.USD, 90)
}

func transferAgain(b *bench) {
	wallet, _, paid := walletOfTwo(b)
	second, third := b.wallet(), b.wallet()
	b.accept(b.Transfer(wallet, second, 10))
	b.accept(b.Transfer(second, third, 7))
	b.wantLot(b.child(paid, third), 3, 45)
	b.accept(b.Transfer(third, wallet, 7)) // back to the root's wallet: a lot beside the root
	b.wantLot(paid, 0, 0)
	b.wantLot(b.child(paid, wallet), 3, 45)
	b.accept(b.Transfer(wallet, second, 6))
	b.wantLot(b.child(paid, second), 5, 75)
	b.wantBalance(available(second), ledger.CNX, 9)
	for _, lot := range b.snapshot().Lots {
		if !lot.Root.IsZero() && b.child(lot.Root, lot.Wallet) != lot.ID {
			b.t.Errorf("lot %+v is not the child of its root", lot)
		}
	}
}

func transferExpiry(b *bench) {
	wallet, promo, _ := walletOfTwo(b)
	other := b.wallet()
	b.accept(b.Transfer(wallet, other, 4))
	b.clock.Advance(time.Hour)
	b.refuse(b.Spend(other, 1), ledger.ErrInsufficientFunds)
	b.refuse(b.Transfer(other, wallet, 1), ledger.ErrInsufficientFunds)
	b.accept(b.ExpireUnits(other))
	b.wantLot(b.child(promo, other), 0, 0)
}

// transferPingPong moves an odd basis to and fro in all sizes: what is left is
// always whole.
func transferPingPong(b *bench) {
	wallet, other := b.wallet(), b.wallet()
	b.accept(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.USD, Minor: 100}, 17, Terms{}))
	b.accept(b.PurchaseWithTax(wallet, 5, Price{Money: ledger.EUR, Minor: 3}, 1, Terms{}))
	for _, quantity := range []int64{1, 5, 12, 3, 7, 2} {
		b.accept(b.Transfer(wallet, other, quantity))
		b.accept(b.Transfer(other, wallet, (quantity+1)/2))
		sums := map[ledger.Commodity]*big.Int{ledger.USD: new(big.Int), ledger.EUR: new(big.Int)}
		for _, lot := range b.snapshot().Lots {
			sums[lot.Money].Add(sums[lot.Money], big.NewInt(lot.BasisRemaining))
		}
		if sums[ledger.USD].Int64() != 100 || sums[ledger.EUR].Int64() != 3 {
			b.t.Fatalf("after transfers of %d lots carry %v", quantity, sums)
		}
		if left := b.balance(available(wallet), ledger.CNX); left < 12 {
			b.accept(b.Transfer(other, wallet, 12-left))
		}
	}
	b.accept(b.Spend(wallet, 12))
	b.wantBalance(ClassRevenue, ledger.USD, 83)
	b.wantBalance(ClassRevenue, ledger.EUR, 2)
	b.wantBalance(ClassTax, ledger.USD, 17)
}

func transferRefusals(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	other := b.wallet()
	b.refuse(b.Transfer(wallet, other, 11), ledger.ErrInsufficientFunds)
	b.refuse(b.Transfer(wallet, b.NewID(), 1), ledger.ErrAccountMissing)
	b.refuse(b.Transfer(b.NewID(), other, 1), ledger.ErrAccountMissing)
	b.refuse(b.Transfer(wallet, wallet, 1), ledger.ErrSameAccount)
	for _, quantity := range []int64{0, -1} {
		b.refuse(b.Transfer(wallet, other, quantity), ledger.ErrInvalidAmount)
	}
	b.accept(b.Freeze(other))
	b.refuse(b.Transfer(wallet, other, 1), ledger.ErrAccountFrozen)
	b.accept(b.Unfreeze(other))
	moved := b.accept(b.Transfer(wallet, other, 1))
	b.refuse(b.ReverseRest(moved, TypeReversal), ledger.ErrNotReversible)
}

func transferInBatch(b *bench) {
	first, second, third := b.wallet(), b.wallet(), b.wallet()
	old := b.accept(b.Purchase(first, 3, Price{Money: ledger.USD, Minor: 10}, Terms{}))
	b.accept(b.Transfer(first, third, 1))
	fresh := b.Purchase(first, 4, Price{Money: ledger.EUR, Minor: 9}, Terms{Priority: 1})
	tooMuch := b.Transfer(second, third, 6)
	answers := b.inOneBatch(fresh, b.Transfer(first, second, 5), tooMuch, b.Transfer(second, third, 4), b.Spend(third, 3), b.Transfer(third, first, 2))
	for i, a := range answers {
		if refused := i == 2; a.err != nil || (a.Refusal != nil) != refused {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantLot(b.child(old, third), 0, 0)
	b.wantLot(b.child(fresh.ID, third), 0, 0)
	b.wantLot(b.child(fresh.ID, first), 2, 4)
	b.wantBalance(ClassRevenue, ledger.USD, 10)
	b.wantBalance(available(first), ledger.CNX, 3)
}

func transferThenRefund(b *bench) {
	wallet, _, paid := walletOfTwo(b)
	other := b.wallet()
	b.accept(b.Transfer(wallet, other, 8)) // 4 of them paid
	refused := b.refuse(b.ReverseRest(paid, TypeReversal), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) || funds.Available != 2 {
		b.t.Errorf("refusal = %+v, want 2 available", refused)
	}
	b.accept(b.Reverse(paid, TypeReversal, 2))
	b.wantBalance(ClassDeferred, ledger.USD, 60)
	spend := b.accept(b.Spend(other, 6))
	b.accept(b.ReverseRest(spend, TypeReturn))
	b.wantLot(b.child(paid, other), 4, 60)
	b.accept(b.Transfer(other, wallet, 8))
	b.refuse(b.Reverse(paid, TypeReversal, 1), ledger.ErrInsufficientFunds) // other lots do not stand in
}

func transferredLots(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	other := b.wallet()
	b.accept(b.Transfer(wallet, other, 10))
	hold := b.hold(other, PurposeBid, 9, epoch.Add(3*time.Hour))
	b.wantPlacesOf(hold, map[ledger.ID]int64{b.child(promo, other): 4, b.child(paid, other): 5})
	b.accept(b.Capture(hold, 1))
	b.clock.Advance(2 * time.Hour)
	b.accept(b.ReleaseHoldRest(hold))
	b.wantBalance(ClassExpired, ledger.CNX, 3)
	b.wantBalance(available(other), ledger.CNX, 6)
	b.accept(b.Transfer(other, wallet, 6))
	b.wantLot(b.child(paid, wallet), 6, 90)
}
