package postgres_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/policy"
	"purser/internal/wallet"
	"purser/ledger"
)

// TestCampaignFacts reads back every fact of a campaign and of its ad account.
func TestCampaignFacts(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	ref, owner := w.openOwn()
	owner.OwnAdAccounts = true
	account := w.fundedAccount(ref, owner.Party, "Asia/Kathmandu")
	var row campaign.Row
	of := w.campaign(account, "Été | 2026", func(r *campaign.Row) {
		r.Product, r.AdType, r.EndsAt, r.Version, r.UpdatedAt = campaign.ProductJob, campaign.EntityJob, began.AddDate(0, 1, 0), 7, began.Add(time.Minute)
		r.Budget, r.BudgetEdits = campaign.Budget{Type: campaign.BudgetLifetime, AmountMinor: 500}, 3
		r.Totals = campaign.Totals{Funded: 200, Released: 20, Consumed: 90, Credited: 5, Unbilled: 4}
		row = *r
	})
	open := w.campaign(account, "Open", nil)
	w.active(account, of, began, campaign.Metrics{SpendGross: 40, Credits: 3})
	w.active(account, of, began.Add(-24*time.Hour), campaign.Metrics{SpendGross: 50})

	page := w.campaignPage(owner, campaign.PageRequest{AdAccounts: []campaign.Ref{account}, Campaigns: []campaign.Ref{of, open}})
	want := campaign.Campaign{
		Row: row, Book: of.Book, Owner: owner.Party, Commodity: ledger.CNX, Wallet: ref.ID, TimeZone: "Asia/Kathmandu", Access: campaign.AccessOwner,
		SpentToday: 37, Delivery: campaign.Delivery{State: campaign.DeliveryEligible, Reasons: []string{}}, BookSeq: 1,
	}
	if diff := cmp.Diff(want, page.Campaigns[0]); diff != "" {
		t.Errorf("campaign (-want +got):\n%s", diff)
	}
	if !page.Campaigns[1].EndsAt.IsZero() {
		t.Errorf("an open-ended campaign ends at %s", page.Campaigns[1].EndsAt)
	}
	wantAccount := campaign.AdAccount{
		Ref: account, Owner: owner.Party, Name: "Account in Asia/Kathmandu", Commodity: ledger.CNX, Wallet: ref.ID, TimeZone: "Asia/Kathmandu",
		OpenedAt: began, Campaigns: 2, Access: campaign.AccessOwner, BookSeq: 1,
		// Of 500 in all, 85 are spent, 37 of them today; the other may spend 100,000 a day.
		SpentToday: 37, BudgetToday: 500 - (85 - 37) + 100_000,
	}
	if diff := cmp.Diff([]campaign.AdAccount{wantAccount}, page.AdAccounts); diff != "" {
		t.Errorf("ad account (-want +got):\n%s", diff)
	}
}

// TestDelivery shows each reason alone, all that hold together, and the state.
func TestDelivery(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	ref, owner := w.openOwn()
	owner.OwnAdAccounts = true
	account := w.fundedAccount(ref, owner.Party, "America/New_York")
	prepaid := w.prepaidAccount(owner.Party, "America/New_York")
	floor := policy.CampaignsAt(began).Terms["USD"].BidFloor
	now := began
	cases := map[string]struct {
		change  func(*campaign.Row)
		spent   int64 // today
		reasons []string
		state   campaign.DeliveryState
	}{
		"eligible":        {func(*campaign.Row) {}, 0, nil, campaign.DeliveryEligible},
		"draft":           {func(r *campaign.Row) { r.Status = campaign.StatusDraft }, 0, []string{"NOT_ENABLED"}, campaign.DeliveryNotEligible},
		"paused_and_poor": {func(r *campaign.Row) { r.Status, r.Totals.Funded = campaign.StatusPaused, 0 }, 0, []string{"NOT_ENABLED"}, campaign.DeliveryNotEligible},
		"ended":           {func(r *campaign.Row) { r.Status = campaign.StatusEnded }, 0, nil, campaign.DeliveryEnded},
		"archived":        {func(r *campaign.Row) { r.Status = campaign.StatusArchived }, 0, nil, campaign.DeliveryEnded},
		"starts_later":    {func(r *campaign.Row) { r.StartsAt = now.Add(time.Second) }, 0, []string{"OUT_OF_FLIGHT"}, campaign.DeliveryScheduled},
		"starts_now":      {func(r *campaign.Row) { r.StartsAt = now }, 0, nil, campaign.DeliveryEligible},
		"ends_now":        {func(r *campaign.Row) { r.EndsAt = now }, 0, []string{"OUT_OF_FLIGHT"}, campaign.DeliveryEnded},
		"ends_later":      {func(r *campaign.Row) { r.EndsAt = now.Add(time.Second) }, 0, nil, campaign.DeliveryEligible},
		"starts_later_without_funds": {
			func(r *campaign.Row) { r.StartsAt, r.Totals.Funded = now.Add(time.Hour), 0 }, 0,
			[]string{"OUT_OF_FLIGHT", "NO_FUNDS"},
			campaign.DeliveryNotEligible,
		},
		"spent_out": {
			func(r *campaign.Row) {
				r.Totals = campaign.Totals{Funded: 10, Released: 3, Consumed: 8, Credited: 1}
			}, 0, []string{"NO_FUNDS"}, campaign.DeliveryNotEligible,
		},
		"daily_budget_left":    {func(r *campaign.Row) { r.Budget.AmountMinor = 101 }, 100, nil, campaign.DeliveryEligible},
		"daily_budget_hit":     {func(r *campaign.Row) { r.Budget.AmountMinor = 100 }, 100, []string{"BUDGET_HIT_DAILY"}, campaign.DeliveryNotEligible},
		"lifetime_budget_left": {lifetime(100, 109, 10), 100, nil, campaign.DeliveryEligible},
		"lifetime_budget_hit":  {lifetime(100, 110, 10), 0, []string{"BUDGET_HIT_LIFETIME"}, campaign.DeliveryNotEligible},
		"bid_at_the_floor":     {func(r *campaign.Row) { r.BidMinor = floor }, 0, nil, campaign.DeliveryEligible},
		"bid_below_the_floor":  {func(r *campaign.Row) { r.BidMinor = floor - 1 }, 0, []string{"BID_BELOW_FLOOR"}, campaign.DeliveryNotEligible},
		"ended_for_many_reasons": {func(r *campaign.Row) {
			lifetime(1, 1, 0)(r)
			r.Status, r.EndsAt, r.BidMinor = campaign.StatusEnded, now, 1
		}, 0, []string{"OUT_OF_FLIGHT", "BUDGET_HIT_LIFETIME", "BID_BELOW_FLOOR"}, campaign.DeliveryEnded},
	}
	refs := map[string]campaign.Ref{}
	for name, test := range cases {
		refs[name] = w.campaign(prepaid, name, test.change)
		if test.spent > 0 {
			w.active(prepaid, refs[name], now, campaign.Metrics{SpendGross: test.spent + 5, Credits: 5})
		}
		w.active(prepaid, refs[name], now.Add(-24*time.Hour), campaign.Metrics{SpendGross: 1_000_000})
	}
	byWallet := w.campaign(account, "by wallet", nil)
	list := campaign.CampaignsQuery{OrderBy: campaign.OrderName, Limit: 100}
	check := func(name string, of campaign.Ref, reasons []string, state campaign.DeliveryState) {
		t.Helper()
		want := campaign.Delivery{State: state, Reasons: append([]string{}, reasons...)}
		page := w.campaignPage(owner, campaign.PageRequest{Campaigns: []campaign.Ref{of}, AdAccounts: []campaign.Ref{account, prepaid}, Lists: []campaign.CampaignsQuery{list}})
		if diff := cmp.Diff(want, page.Campaigns[0].Delivery); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		listed := append(adSectionOf[campaign.ListPage](t, page, account, list).Campaigns, adSectionOf[campaign.ListPage](t, page, prepaid, list).Campaigns...)
		at := slices.IndexFunc(listed, func(c campaign.Campaign) bool { return c.Ref() == of })
		if diff := cmp.Diff(page.Campaigns[0], listed[at]); diff != "" {
			t.Errorf("%s by name and in a list (-name +list):\n%s", name, diff)
		}
	}
	for name, test := range cases {
		check(name, refs[name], test.reasons, test.state)
	}
	check("wallet_active", byWallet, nil, campaign.DeliveryEligible)
	w.accepted(w.service.Freeze(t.Context(), service, wallet.Freeze{Key: w.newKey(), Wallet: ref, Reason: "DISPUTE"}))
	check("wallet_frozen", byWallet, []string{"WALLET_FROZEN"}, campaign.DeliveryNotEligible)
	check("money_has_no_wallet", refs["eligible"], nil, campaign.DeliveryEligible)
}

// lifetime is a budget for good of which some is consumed and credited.
func lifetime(budget, consumed, credited int64) func(*campaign.Row) {
	return func(r *campaign.Row) {
		r.Budget = campaign.Budget{Type: campaign.BudgetLifetime, AmountMinor: budget}
		r.Totals.Consumed, r.Totals.Credited = consumed, credited
	}
}

// TestReasonsInOrder holds every reason of campaign.Reasons that can hold together
// against the order of that list, which clients' filters are made of.
func TestReasonsInOrder(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	ref, owner := w.openOwn()
	owner.OwnAdAccounts = true
	account := w.fundedAccount(ref, owner.Party, "UTC")
	w.accepted(w.service.Freeze(t.Context(), service, wallet.Freeze{Key: w.newKey(), Wallet: ref, Reason: "DISPUTE"}))
	var got []string
	for _, budget := range []campaign.BudgetType{campaign.BudgetDaily, campaign.BudgetLifetime} {
		of := w.campaign(account, string(budget), func(r *campaign.Row) {
			r.StartsAt, r.BidMinor = began.Add(time.Hour), 1
			r.Budget = campaign.Budget{Type: budget, AmountMinor: 1}
			r.Totals = campaign.Totals{Funded: 5, Consumed: 5}
		})
		w.active(account, of, began, campaign.Metrics{SpendGross: 5})
		paused := w.campaign(account, string(budget)+" paused", func(r *campaign.Row) { r.Status = campaign.StatusPaused })
		for _, c := range w.campaignPage(owner, campaign.PageRequest{Campaigns: []campaign.Ref{paused, of}}).Campaigns {
			if !slices.IsSortedFunc(c.Delivery.Reasons, func(a, b string) int { return slices.Index(campaign.Reasons, a) - slices.Index(campaign.Reasons, b) }) {
				t.Errorf("%s: reasons %v are not in the order of %v", c.Name, c.Delivery.Reasons, campaign.Reasons)
			}
			got = append(got, c.Delivery.Reasons...)
		}
	}
	for _, reason := range campaign.Reasons {
		if reason != campaign.ReasonBidBelowFloor && !slices.Contains(got, reason) { // a floor of one unit has nothing below it
			t.Errorf("reason %s never holds", reason)
		}
	}
}

// TestBudgetToday counts what the enabled campaigns whose flight has today in it may
// spend, in days of the ad account's zone.
func TestBudgetToday(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("America/New_York") // where it is 07:00
	midnight := time.Date(2026, time.March, 1, 5, 0, 0, 0, time.UTC)
	budgets := map[string]func(*campaign.Row){
		"counts": func(r *campaign.Row) { r.Budget.AmountMinor = 1 },
		"ended_today": func(r *campaign.Row) {
			r.Budget.AmountMinor, r.StartsAt, r.EndsAt = 2, midnight.AddDate(0, 0, -2), midnight.Add(time.Second)
		},
		"ended_yesterday": func(r *campaign.Row) {
			r.Budget.AmountMinor, r.StartsAt, r.EndsAt = 4, midnight.AddDate(0, 0, -2), midnight
		},
		"starts_today":       func(r *campaign.Row) { r.Budget.AmountMinor, r.StartsAt = 8, midnight.Add(24*time.Hour-time.Second) },
		"starts_tomorrow":    func(r *campaign.Row) { r.Budget.AmountMinor, r.StartsAt = 16, midnight.Add(24*time.Hour) },
		"paused":             func(r *campaign.Row) { r.Budget.AmountMinor, r.Status = 32, campaign.StatusPaused },
		"what_is_left":       lifetime(64+10, 10, 0),
		"nothing_is_left":    lifetime(10, 500, 0),
		"hit_today_but_mine": func(r *campaign.Row) { lifetime(128, 128, 0)(r) },
	}
	for name, change := range budgets {
		of := w.campaign(account, name, change)
		if name == "hit_today_but_mine" {
			w.active(account, of, began, campaign.Metrics{SpendGross: 128})
		}
	}
	got := w.campaignPage(owner, campaign.PageRequest{AdAccounts: []campaign.Ref{account}}).AdAccounts[0]
	if got.BudgetToday != 1+2+8+64+128 || got.SpentToday != 128 || got.Campaigns != int64(len(budgets)) {
		t.Errorf("budget %d, spent %d, campaigns %d", got.BudgetToday, got.SpentToday, got.Campaigns)
	}
}

// TestPrepaid shows what is deposited and not with a campaign; not to an analyst.
func TestPrepaid(t *testing.T) {
	t.Parallel()
	a := newAdAgency(t)
	theirs := a.prepaidAccount(newID(), "UTC")
	a.superuser(fmt.Sprintf(`UPDATE ad_accounts SET owner_id = '%s' WHERE ad_account_id = '%s'`, a.organisation, theirs.ID))
	code := campaign.PrepaidCode(theirs.ID)
	a.superuser(fmt.Sprintf(`
		INSERT INTO accounts (book_id, account_id, code, class, commodity, opened_at) VALUES (%[1]d, '%[2]s', '%[3]s', '2010:*', 'USD', now());
		INSERT INTO account_balances (book_id, account_id, debits, credits, version, credit_normal, floored) VALUES (%[1]d, '%[2]s', 1200, 5000, 2, true, true)`,
		theirs.Book, ledger.AccountID(theirs.Book, code, ledger.USD), code))
	for name, test := range map[string]struct {
		caller domain.Caller
		want   int64
	}{"admin": {a.admin, 3800}, "analyst": {a.analyst, 0}} {
		if got := a.campaignPage(test.caller, campaign.PageRequest{AdAccounts: []campaign.Ref{theirs}}).AdAccounts[0].Prepaid; got != test.want {
			t.Errorf("%s: prepaid %d, want %d", name, got, test.want)
		}
	}
}
