package ledgertest

import (
	"errors"
	"time"

	"purser/ledger"
)

var originCases = []testCase{
	{name: "lots_of_other_origins_are_passed_over", run: originsPassedOver},
	{name: "too_few_of_the_origins_is_not_too_few", run: originsRefused},
	{name: "what_has_expired_is_neither_taken_nor_counted", run: originsExpired},
	{name: "what_was_transferred_keeps_its_origin", run: originsOfChildren},
	{name: "any_number_of_lots_is_passed_over", run: originsBehindMany},
	{name: "expired_holds_are_released_for_it", run: originsOfHolds},
	{name: "origins_in_one_batch", run: originsInBatch},
}

// refuseOrigin posts a transfer that must be refused for the origin of what there is.
func (b *bench) refuseOrigin(c ledger.Command, allowed, passedOver int64, origins ...ledger.Origin) {
	b.t.Helper()
	required, _ := c.Arguments.AmountOf(ArgQuantity)
	want := &ledger.OriginError{
		Account: b.account(available(c.Arguments.IDOf(ArgWallet)), ledger.CNX), Required: required, Allowed: allowed, PassedOver: passedOver, Origins: origins,
	}
	if got := b.refuse(c, ledger.ErrOriginForbidden); refusal(got) != refusal(want) {
		b.t.Errorf("refusal = %+v, want %+v", got, want)
	}
}

func originsPassedOver(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	later := b.accept(b.Purchase(wallet, 3, Price{Money: ledger.EUR, Minor: 10}, Terms{Priority: 1}))
	other := b.wallet()
	journal := b.accept(b.TransferOf(wallet, other, 7, ledger.OriginPurchase, ledger.OriginPlan))
	b.wantMovements(journal, // the promotional lot comes first in spend order
		moved{paid, -6, -90}, moved{b.child(paid, other), 6, 90}, moved{later, -1, -3}, moved{b.child(later, other), 1, 3})
	b.wantLot(promo, 4, 0)
	b.wantMovements(b.accept(b.TransferOf(wallet, other, 5, ledger.OriginPurchase, ledger.OriginPromo)),
		moved{promo, -4, 0}, moved{b.child(promo, other), 4, 0}, moved{later, -1, -3}, moved{b.child(later, other), 1, 3})
}

func originsRefused(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	other := b.wallet()
	b.refuseOrigin(b.TransferOf(wallet, other, 7, ledger.OriginPurchase), 6, 4, ledger.OriginPromo)
	b.refuseOrigin(b.TransferOf(wallet, other, 5, ledger.OriginPromo), 4, 6, ledger.OriginPurchase)
	b.refuseOrigin(b.TransferOf(wallet, other, 10, ledger.OriginPlan), 0, 10, ledger.OriginPromo, ledger.OriginPurchase)
	b.refuseOrigin(b.TransferOf(wallet, other, 1), 0, 10, ledger.OriginPromo, ledger.OriginPurchase) // nothing is allowed
	unlisted := b.Command(TemplateTransferOf, b.Transfer(wallet, other, 1).Arguments)
	b.refuseOrigin(unlisted, 0, 10, ledger.OriginPromo, ledger.OriginPurchase)
	refused := b.refuse(b.TransferOf(wallet, other, 11, ledger.OriginPurchase), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) || funds.Available != 10 {
		b.t.Errorf("refusal = %+v, want 10 available", refused)
	}
	for _, quantity := range []int64{0, -1} {
		b.refuse(b.TransferOf(wallet, other, quantity, ledger.OriginPurchase), ledger.ErrInvalidAmount)
	}
	b.accept(b.SetLimit(wallet, time.Hour, 5))
	b.refuse(b.TransferOf(wallet, other, 6, ledger.OriginPurchase), ledger.ErrLimitExceeded)
	b.refuseOrigin(b.TransferOf(wallet, other, 7, ledger.OriginPurchase), 6, 4, ledger.OriginPromo)
	b.accept(b.TransferOf(wallet, other, 5, ledger.OriginPurchase))
}

func originsExpired(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	other := b.wallet()
	b.clock.Advance(time.Hour) // the promotional lot ends
	b.refuse(b.TransferOf(wallet, other, 7, ledger.OriginPurchase), ledger.ErrInsufficientFunds)
	b.refuseOrigin(b.TransferOf(wallet, other, 6, ledger.OriginPromo), 0, 6, ledger.OriginPurchase)
	b.accept(b.TransferOf(wallet, other, 6, ledger.OriginPurchase, ledger.OriginPromo))
	b.wantLot(promo, 4, 0)
	b.wantLot(paid, 0, 0)
}

func originsOfChildren(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	other := b.wallet()
	b.accept(b.Transfer(wallet, other, 10))
	b.refuseOrigin(b.TransferOf(other, wallet, 7, ledger.OriginPurchase), 6, 4, ledger.OriginPromo)
	b.accept(b.TransferOf(other, wallet, 6, ledger.OriginPurchase))
	b.wantLot(b.child(paid, wallet), 6, 90)
	b.wantLot(b.child(promo, other), 4, 0)
}

// originsBehindMany has more lots before the one that is taken than a store would read
// of a spend of this size.
func originsBehindMany(b *bench) {
	wallet, other := b.wallet(), b.wallet()
	for range 40 {
		b.accept(b.Grant(wallet, 2, Terms{}))
	}
	last := b.accept(b.Purchase(wallet, 2, Price{Money: ledger.USD, Minor: 5}, Terms{Priority: 1}))
	b.wantMovements(b.accept(b.TransferOf(wallet, other, 1, ledger.OriginPurchase)), moved{last, -1, -2}, moved{b.child(last, other), 1, 2})
	b.refuseOrigin(b.TransferOf(wallet, other, 2, ledger.OriginPurchase), 1, 80, ledger.OriginPromo)
}

func originsOfHolds(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	other := b.wallet()
	b.hold(wallet, PurposeBid, 10, epoch.Add(time.Minute))
	b.refuse(b.TransferOf(wallet, other, 6, ledger.OriginPurchase), ledger.ErrInsufficientFunds)
	b.clock.Advance(2 * time.Minute)
	b.accept(b.TransferOf(wallet, other, 6, ledger.OriginPurchase))
	b.wantBalance(available(wallet), ledger.CNX, 4)
}

func originsInBatch(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	other := b.wallet()
	fresh := b.Purchase(wallet, 2, Price{Money: ledger.USD, Minor: 8}, Terms{Priority: 1})
	answers := b.inOneBatch(
		b.TransferOf(wallet, other, 8, ledger.OriginPurchase), fresh, b.TransferOf(wallet, other, 7, ledger.OriginPurchase),
		b.Spend(wallet, 5), b.TransferOf(other, wallet, 7, ledger.OriginPurchase), b.TransferOf(wallet, other, 1, ledger.OriginPromo))
	for i, want := range []error{ledger.ErrOriginForbidden, nil, nil, nil, nil, ledger.ErrOriginForbidden} {
		if a := answers[i]; a.err != nil || !errors.Is(a.Refusal, want) {
			b.t.Errorf("command %d got %+v, %v, want %v", i, a.Outcome, a.err, want)
		}
	}
	b.wantLot(promo, 0, 0)
	b.wantLot(paid, 0, 0)
	b.wantLot(b.child(paid, wallet), 6, 90)
	b.wantLot(b.child(fresh.ID, wallet), 1, 4)
}
