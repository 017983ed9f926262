package ledgertest

import (
	"sync"
	"time"

	"purser/ledger"
)

var escrowBatchCases = []testCase{
	{name: "many_commands_on_one_escrow_in_one_batch", run: escrowInOneBatch},
	{name: "fund_of_a_lot_issued_in_the_same_batch", run: fundFreshLot},
	{name: "release_and_spend_of_one_wallet_in_one_batch", run: releaseThenSpend},
	{name: "return_and_release_of_one_lot_in_one_batch", run: returnThenRelease},
	{name: "batch_on_escrows_is_the_commands_one_by_one", run: escrowBatchIsSingles},
	{name: "64_charges_at_once_on_100_bill_100", run: chargesAtOnce},
}

func escrowInOneBatch(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 2))
	b.clock.Advance(30 * time.Minute)
	charge, last, rest := b.Charge(wallet, campaign, 3), b.Charge(wallet, campaign, 100), b.ReleaseRest(wallet, campaign)
	answers := b.inOneBatch(
		b.Fund(wallet, campaign, 5), charge, b.Release(wallet, campaign, 1), b.Fund(wallet, campaign, 100), b.Fund(wallet, campaign, 2), last, rest)
	for i, a := range answers {
		if refused := i == 3; a.err != nil || (a.Refusal != nil) != refused {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantMovements(charge.ID, moved{promo, -3, 0})
	b.wantMovements(last.ID, moved{promo, -1, 0}, moved{paid, -4, -60})
	b.wantMovements(rest.ID)
	b.wantPlaces(paid, map[string]int64{available(wallet): 2})
	b.wantBalance(escrow(campaign), ledger.CNX, 0)
}

func fundFreshLot(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	fresh := b.Grant(wallet, 3, Terms{Priority: -1})
	fund, charge := b.Fund(wallet, campaign, 8), b.Charge(wallet, campaign, 4)
	for i, a := range b.inOneBatch(fresh, fund, charge) {
		if a.err != nil || a.Refusal != nil {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantMovements(fund.ID, moved{fresh.ID, -3, 0}, moved{fresh.ID, 3, 0}, moved{promo, -4, 0}, moved{promo, 4, 0}, moved{paid, -1, 0}, moved{paid, 1, 0})
	b.wantMovements(charge.ID, moved{fresh.ID, -3, 0}, moved{promo, -1, 0})
}

// releaseThenSpend fails in a store that reads a wallet for the demand of one
// command and whole for another, and counts its expired units twice.
func releaseThenSpend(b *bench) {
	wallet, campaign, _, paid := twoLots(b)
	gone := b.accept(b.Grant(wallet, 3, Terms{ExpiresAt: epoch.Add(time.Minute), Priority: 1}))
	b.accept(b.Fund(wallet, campaign, 8))
	b.clock.Advance(2 * time.Hour) // the escrow now holds 4 expired units and 4 paid ones
	spend, tooMuch := b.Spend(wallet, 5), b.Spend(wallet, 2)
	for i, a := range b.inOneBatch(b.Spend(wallet, 1), b.Release(wallet, campaign, 4), spend, tooMuch, b.ReleaseRest(wallet, campaign)) {
		if refused := i == 3; a.err != nil || (a.Refusal != nil) != refused {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantMovements(spend.ID, moved{paid, -5, -75})
	b.wantLot(gone, 3, 0)
	b.wantBalance(available(wallet), ledger.CNX, 3)
	b.wantBalance(ClassExpired, ledger.CNX, 4)
	b.refuse(b.Spend(wallet, 1), ledger.ErrInsufficientFunds)
}

// returnThenRelease brings one place into the state in two ways.
func returnThenRelease(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 7, Price{Money: ledger.USD, Minor: 100}, Terms{}))
	campaign := b.campaign(wallet)
	spend := b.accept(b.Spend(wallet, 2))
	b.accept(b.Fund(wallet, campaign, 4))
	for i, a := range b.inOneBatch(b.Release(wallet, campaign, 1), b.ReverseRest(spend, TypeReturn), b.ReleaseRest(wallet, campaign), b.Spend(wallet, 7)) {
		if a.err != nil || a.Refusal != nil {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantLot(lot, 0, 0)
	b.wantBalance(ClassRevenue, ledger.USD, 100)
}

// escrowBatchIsSingles posts the same commands as one batch here and one by one
// to a model (I14).
func escrowBatchIsSingles(b *bench) {
	wallet, campaign, second := b.NewID(), b.NewID(), b.NewID()
	prepaid, paidOne := b.NewID(), b.NewID()
	purchase := b.Purchase(wallet, 7, twelveDollars, Terms{})
	spend := b.Spend(wallet, 2)
	b.sameOneByOne(
		b.OpenWallet(wallet), b.OpenCampaign(wallet, campaign), purchase, b.Grant(wallet, 5, Terms{ExpiresAt: epoch.AddDate(0, 0, 1)}),
		b.Fund(wallet, campaign, 8), b.Fund(wallet, second, 1), b.OpenCampaign(wallet, second), b.Fund(wallet, second, 2),
		b.Charge(wallet, campaign, 6), spend, b.Release(wallet, second, 1), b.Freeze(wallet), b.Fund(wallet, campaign, 1), b.Charge(wallet, second, 9),
		b.Release(wallet, campaign, 1), b.ReverseRest(spend.ID, TypeReturn), b.Unfreeze(wallet), b.Charge(wallet, campaign, 9), b.ReleaseRest(wallet, campaign),
		b.Reverse(purchase.ID, TypeReversal, 2), b.OpenPrepaid(prepaid, ledger.USD), b.Deposit(prepaid, twelveDollars),
		b.OpenPrepaidCampaign(prepaid, paidOne, ledger.USD), b.FundMoney(prepaid, paidOne, ledger.USD, 1000), b.ChargeMoney(prepaid, paidOne, ledger.USD, 999),
		b.ChargeMoney(prepaid, paidOne, ledger.USD, 2), b.ReleaseMoneyRest(prepaid, paidOne, ledger.USD))
}

func chargesAtOnce(b *bench) {
	wallet := b.funded(100)
	campaign := b.campaign(wallet)
	b.accept(b.Fund(wallet, campaign, 100))
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			if outcome, err := b.ledger.Post(b.context(), b.Charge(wallet, campaign, 3)); err != nil || outcome.Refusal != nil {
				b.t.Errorf("Post() = %+v, %v", outcome, err)
			}
		})
	}
	group.Wait()
	b.wantBalance(ClassConsumedAds, ledger.CNX, 100)
	b.wantBalance(escrow(campaign), ledger.CNX, 0)
}
