package ledgertest

import (
	"errors"
	"slices"
	"time"

	"purser/ledger"
)

var escrowCases = []testCase{
	{name: "fund_moves_lots_out_in_spend_order", run: fundInOrder},
	{name: "fund_leaves_expired_units_behind", run: fundSkipsExpired},
	{name: "charge_consumes_the_escrow_in_spend_order_expired_units_too", run: chargeInOrder},
	{name: "charge_bills_what_is_left_and_then_nothing", run: chargeAtMost},
	{name: "charge_of_nothing_is_a_fact", run: chargeNothing},
	{name: "release_goes_back_in_reverse_order_with_basis_intact", run: releaseInReverse},
	{name: "release_of_more_than_is_there_is_refused", run: releaseTooMuch},
	{name: "release_of_the_rest_of_nothing_is_a_fact", run: releaseNothing},
	{name: "released_units_that_expired_lapse", run: releaseExpired},
	{name: "frozen_wallet_funds_nothing_and_gets_its_units_back", run: frozenEscrow},
	{name: "escrow_that_is_not_open_is_missing", run: escrowMissing},
	{name: "units_go_back_to_no_other_wallet", run: releaseElsewhere},
	{name: "escrow_journals_are_not_reversed", run: escrowNotReversed},
	{name: "purchase_in_escrow_is_refunded_for_what_is_not", run: refundWhileFunded},
	{name: "money_campaign_is_funded_charged_and_released", run: moneyCampaign},
}

func escrow(campaign ledger.ID) string { return "CAMPAIGN:" + campaign.String() + ":ESCROW" }

func prepaid(adAccount ledger.ID) string { return "2010:" + adAccount.String() }

func prepaidEscrow(campaign ledger.ID) string { return "2010:" + campaign.String() + ":ESCROW" }

// campaign opens a campaign of a wallet.
func (b *bench) campaign(wallet ledger.ID) ledger.ID {
	b.t.Helper()
	campaign := b.NewID()
	b.accept(b.OpenCampaign(wallet, campaign))
	return campaign
}

// twoLots opens a wallet with a promotional lot of 4 that expires in an hour, a
// paid one of 6 with basis 90, and a campaign.
func twoLots(b *bench) (wallet, campaign, promo, paid ledger.ID) {
	b.t.Helper()
	wallet = b.wallet()
	promo = b.accept(b.Grant(wallet, 4, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	paid = b.accept(b.Purchase(wallet, 6, Price{Money: ledger.USD, Minor: 90}, Terms{ExpiresAt: epoch.AddDate(1, 0, 0)}))
	return wallet, b.campaign(wallet), promo, paid
}

// wantPlaces checks where the units of a lot are, by account code.
func (b *bench) wantPlaces(lot ledger.ID, want map[string]int64) {
	b.t.Helper()
	s := b.snapshot()
	got := map[string]int64{}
	for _, place := range s.Places {
		if place.Lot == lot && place.Quantity != 0 {
			at := slices.IndexFunc(s.Accounts, func(a ledger.AccountState) bool { return a.Account.ID == place.Account })
			got[s.Accounts[at].Account.Code] = place.Quantity
		}
	}
	for code, quantity := range want {
		if got[code] != quantity {
			b.t.Errorf("%d units of lot %s are in %s, want %d", got[code], lot, code, quantity)
		}
	}
	if len(got) != len(want) {
		b.t.Errorf("lot %s is in %v, want %v", lot, got, want)
	}
}

func fundInOrder(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	fund := b.accept(b.Fund(wallet, campaign, 7))
	b.wantPostings(fund, leg{available(wallet), escrow(campaign), 7, ledger.CNX})
	b.wantMovements(fund, moved{promo, -4, 0}, moved{promo, 4, 0}, moved{paid, -3, 0}, moved{paid, 3, 0})
	b.wantLot(promo, 4, 0)
	b.wantLot(paid, 6, 90)
	b.wantPlaces(promo, map[string]int64{escrow(campaign): 4})
	b.wantPlaces(paid, map[string]int64{available(wallet): 3, escrow(campaign): 3})
	b.wantBalance(ClassDeferred, ledger.USD, 90)
	refused := b.refuse(b.Fund(wallet, campaign, 4), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) || funds.Required != 4 || funds.Available != 3 || funds.Account != b.account(available(wallet), ledger.CNX) {
		b.t.Errorf("refusal = %+v, want 4 required of 3", refused)
	}
	for _, quantity := range []int64{0, -1} {
		b.refuse(b.Fund(wallet, campaign, quantity), ledger.ErrInvalidAmount)
	}
	b.accept(b.Fund(wallet, campaign, 3))
	b.wantPlaces(paid, map[string]int64{escrow(campaign): 6})
}

func fundSkipsExpired(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	b.clock.Advance(time.Hour)
	b.refuse(b.Fund(wallet, campaign, 7), ledger.ErrInsufficientFunds)
	b.wantMovements(b.accept(b.Fund(wallet, campaign, 6)), moved{paid, -6, 0}, moved{paid, 6, 0})
	b.wantPlaces(promo, map[string]int64{available(wallet): 4})
}

func chargeInOrder(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 9))
	b.clock.Advance(2 * time.Hour)
	charge := b.accept(b.Charge(wallet, campaign, 6))
	b.wantPostings(charge,
		leg{escrow(campaign), ClassConsumedAds, 6, ledger.CNX},
		leg{ClassDeferred, ClassAdRevenue, 30, ledger.USD})
	b.wantMovements(charge, moved{promo, -4, 0}, moved{paid, -2, -30})
	b.wantLot(promo, 0, 0)
	b.wantLot(paid, 4, 60)
	b.wantPlaces(paid, map[string]int64{available(wallet): 1, escrow(campaign): 3})
	b.wantBalance(ClassAdRevenue, ledger.USD, 30)
	b.wantMovements(b.accept(b.Spend(wallet, 1)), moved{paid, -1, -15})
}

func chargeAtMost(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 10))
	b.accept(b.Charge(wallet, campaign, 7))
	last := b.accept(b.Charge(wallet, campaign, 7))
	b.wantPostings(last,
		leg{escrow(campaign), ClassConsumedAds, 3, ledger.CNX},
		leg{ClassDeferred, ClassAdRevenue, 45, ledger.USD})
	b.wantMovements(last, moved{paid, -3, -45})
	b.wantLot(promo, 0, 0)
	b.wantLot(paid, 0, 0)
	empty := b.accept(b.Charge(wallet, campaign, 7))
	b.wantPostings(empty)
	b.wantMovements(empty)
	b.wantBalance(ClassConsumedAds, ledger.CNX, 10)
	b.wantBalance(ClassDeferred, ledger.USD, 0)
}

func chargeNothing(b *bench) {
	wallet, campaign, _, _ := twoLots(b)
	b.wantPostings(b.accept(b.Charge(wallet, campaign, 5)))
	if at := b.account(ClassConsumedAds, ledger.CNX); slices.ContainsFunc(b.snapshot().Accounts, func(a ledger.AccountState) bool { return a.Account.ID == at }) {
		b.t.Errorf("a charge that billed nothing opened %s", ClassConsumedAds)
	}
	b.accept(b.Fund(wallet, campaign, 5))
	for _, c := range []ledger.Command{b.Charge(wallet, campaign, 0), b.Command(TemplateCharge, campaignArguments(wallet, campaign))} {
		b.wantPostings(b.accept(c))
	}
	b.refuse(b.Charge(wallet, campaign, -1), ledger.ErrInvalidAmount)
	b.wantBalance(escrow(campaign), ledger.CNX, 5)
}

func releaseInReverse(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 10))
	b.wantMovements(b.accept(b.Release(wallet, campaign, 2)), moved{paid, -2, 0}, moved{paid, 2, 0})
	b.accept(b.Charge(wallet, campaign, 1))
	rest := b.accept(b.ReleaseRest(wallet, campaign))
	b.wantPostings(rest, leg{escrow(campaign), available(wallet), 7, ledger.CNX})
	b.wantMovements(rest, moved{paid, -4, 0}, moved{paid, 4, 0}, moved{promo, -3, 0}, moved{promo, 3, 0})
	b.wantLot(promo, 3, 0)
	b.wantLot(paid, 6, 90)
	b.wantPlaces(promo, map[string]int64{available(wallet): 3})
	b.wantPlaces(paid, map[string]int64{available(wallet): 6})
	b.wantMovements(b.accept(b.Spend(wallet, 4)), moved{promo, -3, 0}, moved{paid, -1, -15})
}

func releaseTooMuch(b *bench) {
	wallet, campaign, _, _ := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 5))
	refused := b.refuse(b.Release(wallet, campaign, 6), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) || funds.Required != 6 || funds.Available != 5 || funds.Account != b.account(escrow(campaign), ledger.CNX) {
		b.t.Errorf("refusal = %+v, want 6 required of 5", refused)
	}
	for _, quantity := range []int64{0, -1} {
		b.refuse(b.Release(wallet, campaign, quantity), ledger.ErrInvalidAmount)
	}
	b.accept(b.Release(wallet, campaign, 5))
}

func releaseNothing(b *bench) {
	wallet, campaign, _, _ := twoLots(b)
	b.wantPostings(b.accept(b.ReleaseRest(wallet, campaign)))
	b.accept(b.Fund(wallet, campaign, 5))
	b.accept(b.Charge(wallet, campaign, 5))
	b.wantPostings(b.accept(b.ReleaseRest(wallet, campaign)))
	b.refuse(b.Release(wallet, campaign, 1), ledger.ErrInsufficientFunds)
}

func releaseExpired(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 9))
	b.clock.Advance(2 * time.Hour)
	b.accept(b.ReleaseRest(wallet, campaign))
	b.wantBalance(available(wallet), ledger.CNX, 6)
	b.wantBalance(ClassExpired, ledger.CNX, 4)
	b.wantLot(promo, 0, 0)
	refused := b.refuse(b.Spend(wallet, 7), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) || funds.Available != 6 {
		b.t.Errorf("refusal = %+v, want 6 available", refused)
	}
	b.wantMovements(b.accept(b.Fund(wallet, campaign, 6)), moved{paid, -6, 0}, moved{paid, 6, 0})
	b.refuse(b.Fund(wallet, campaign, 1), ledger.ErrInsufficientFunds)
}

func frozenEscrow(b *bench) {
	wallet, campaign, _, _ := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 5))
	b.accept(b.Freeze(wallet))
	b.refuse(b.Fund(wallet, campaign, 1), ledger.ErrAccountFrozen)
	b.accept(b.Charge(wallet, campaign, 2))
	b.accept(b.Release(wallet, campaign, 1))
	b.accept(b.ReleaseRest(wallet, campaign))
	b.wantBalance(available(wallet), ledger.CNX, 8)
}

func escrowMissing(b *bench) {
	wallet, _, _, _ := twoLots(b)
	unknown := b.NewID()
	for _, c := range []ledger.Command{
		b.Fund(wallet, unknown, 1), b.Release(wallet, unknown, 1), b.ReleaseRest(wallet, unknown),
		b.Charge(wallet, unknown, 1), b.Charge(wallet, unknown, 0), b.ChargeMoney(wallet, unknown, ledger.USD, 1),
	} {
		refused := b.refuse(c, ledger.ErrAccountMissing)
		var account *ledger.AccountError
		code, commodity := escrow(unknown), ledger.CNX
		if c.Template == TemplateChargeMoney {
			code, commodity = prepaidEscrow(unknown), ledger.USD
		}
		if !errors.As(refused, &account) || account.Account != b.account(code, commodity) {
			b.t.Errorf("%s: refusal = %+v, want %s", c.Template, refused, code)
		}
	}
}

// releaseElsewhere is what no guard of the product lets through.
func releaseElsewhere(b *bench) {
	wallet, campaign, _, _ := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 5))
	before := b.snapshot()
	other := b.wallet()
	if outcome, err := b.ledger.Post(b.context(), b.Release(other, campaign, 1)); !errors.Is(err, ledger.ErrInvalidCommand) {
		b.t.Errorf("Post() = %+v, %v, want ErrInvalidCommand", outcome, err)
	}
	if after := b.snapshot(); len(after.Movements) != len(before.Movements) {
		b.t.Error("units moved to another wallet")
	}
}

func escrowNotReversed(b *bench) {
	wallet, campaign, _, _ := twoLots(b)
	for _, journal := range []ledger.ID{
		b.accept(b.Fund(wallet, campaign, 5)), b.accept(b.Charge(wallet, campaign, 1)), b.accept(b.Release(wallet, campaign, 1)),
	} {
		b.refuse(b.ReverseRest(journal, TypeReversal), ledger.ErrNotReversible)
	}
}

func refundWhileFunded(b *bench) {
	wallet, campaign, promo, paid := twoLots(b)
	b.accept(b.Fund(wallet, campaign, 8))
	b.refuse(b.ReverseRest(paid, TypeReversal), ledger.ErrInsufficientFunds)
	b.wantPostings(b.accept(b.Reverse(paid, TypeReversal, 2)),
		leg{available(wallet), ClassPurchased, 2, ledger.CNX},
		leg{ClassDeferred, ClassClearing, 30, ledger.USD})
	b.wantPlaces(paid, map[string]int64{escrow(campaign): 4})
	b.wantMovements(b.accept(b.Charge(wallet, campaign, 5)), moved{promo, -4, 0}, moved{paid, -1, -15})
	b.accept(b.ReleaseRest(wallet, campaign))
	b.accept(b.Reverse(paid, TypeReversal, 3))
	b.wantLot(paid, 0, 0)
}

func moneyCampaign(b *bench) {
	account, campaign := b.NewID(), b.NewID()
	b.accept(b.OpenPrepaid(account, ledger.USD))
	b.refuse(b.Deposit(account, Price{Money: ledger.EUR, Minor: 100}), ledger.ErrAccountMissing)
	b.wantPostings(b.accept(b.Deposit(account, twelveDollars)),
		leg{ClassClearing, prepaid(account), 1200, ledger.USD},
		leg{ClassFees, ClassClearing, 65, ledger.USD})
	b.accept(b.OpenPrepaidCampaign(account, campaign, ledger.USD))
	b.refuse(b.FundMoney(account, campaign, ledger.USD, 1201), ledger.ErrInsufficientFunds)
	b.wantPostings(b.accept(b.FundMoney(account, campaign, ledger.USD, 1000)), leg{prepaid(account), prepaidEscrow(campaign), 1000, ledger.USD})
	b.wantPostings(b.accept(b.ChargeMoney(account, campaign, ledger.USD, 400)), leg{prepaidEscrow(campaign), ClassAdRevenue, 400, ledger.USD})
	b.refuse(b.ReleaseMoney(account, campaign, ledger.USD, 601), ledger.ErrInsufficientFunds)
	b.refuse(b.ReleaseMoney(account, campaign, ledger.USD, 0), ledger.ErrInvalidAmount)
	b.accept(b.ReleaseMoney(account, campaign, ledger.USD, 100))
	b.wantPostings(b.accept(b.ChargeMoney(account, campaign, ledger.USD, 450)), leg{prepaidEscrow(campaign), ClassAdRevenue, 450, ledger.USD})
	b.wantPostings(b.accept(b.ReleaseMoneyRest(account, campaign, ledger.USD)), leg{prepaidEscrow(campaign), prepaid(account), 50, ledger.USD})
	b.wantPostings(b.accept(b.ReleaseMoneyRest(account, campaign, ledger.USD)))
	b.wantPostings(b.accept(b.ChargeMoney(account, campaign, ledger.USD, 1)))
	b.wantBalance(prepaid(account), ledger.USD, 350)
}
