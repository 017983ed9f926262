package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/wallet"
	"purser/ledger"
)

// adService is the campaign service over the world's ledger and clock.
func (w *adWorld) adService() *campaign.Service {
	return campaign.NewService(campaign.Config{
		Ledger: w.ledger, Directory: w.reader, Clock: w.clock, NewID: newID, Projections: market.Projections(),
	})
}

// posted fails the test unless the campaign service's command was accepted.
func (w *adWorld) posted(result campaign.Result, err error) campaign.Result {
	w.t.Helper()
	if err != nil || result.Outcome.Refusal != nil {
		w.t.Fatalf("got refusal %v, error %v; want it accepted", result.Outcome.Refusal, err)
	}
	return result
}

// running is a campaign that the service created, funded and charged.
type running struct {
	*adWorld
	ads         *campaign.Service
	account, of campaign.Ref
	caller      domain.Caller
	funder      wallet.Ref // zero for one in money
	funded      time.Time
	charges     []ledger.ID
}

// runConnects funds a campaign with 100 of a wallet's 300 Connects.
func runConnects(t *testing.T) *running {
	t.Helper()
	r := &running{adWorld: newAdWorld(t)}
	r.ads = r.adService()
	r.funder, r.caller = r.openOwn()
	r.caller.OwnAdAccounts = true
	r.purchase(r.funder, 300, 900, ledger.USD)
	r.account = r.posted(r.ads.OpenAdAccount(t.Context(), service, campaign.OpenAdAccount{
		Key: r.newKey(), Owner: r.caller.Party, OwnerKind: domain.OwnerParty, Jurisdiction: "IN", OwnerTimeZone: "UTC", Name: "Ads",
		Commodity: ledger.CNX, Wallet: campaign.Ref{Book: r.funder.Book, ID: r.funder.ID}, TimeZone: "Asia/Kathmandu",
	})).AdAccount
	r.run(t)
	return r
}

// runMoney funds a campaign with 100 of 300 cents deposited.
func runMoney(t *testing.T) *running {
	t.Helper()
	r := &running{adWorld: newAdWorld(t)}
	r.ads = r.adService()
	r.caller = advertiser(newID())
	r.account = r.posted(r.ads.OpenAdAccount(t.Context(), service, campaign.OpenAdAccount{
		Key: r.newKey(), Owner: r.caller.Party, OwnerKind: domain.OwnerOrganisation, Jurisdiction: "NP", Name: "Ads", Commodity: ledger.USD, TimeZone: "Asia/Kathmandu",
	})).AdAccount
	r.posted(r.ads.Deposit(t.Context(), service, campaign.Deposit{
		Key: r.newKey(), AdAccount: r.account, Amount: 300, Fee: 9, Currency: ledger.USD, Reference: uuid.NewString(),
	}))
	r.run(t)
	return r
}

// run creates a campaign, funds it with 60 and 40, releases 10, and charges 30 on
// the second of March, 20 in the minute before midnight in Kathmandu and 25 in the
// one after, which is recorded two days late.
func (r *running) run(t *testing.T) {
	t.Helper()
	r.of = r.posted(r.ads.Create(t.Context(), r.caller, campaign.Create{
		Key: r.newKey(), AdAccount: r.account, Name: "Spring", Product: campaign.ProductProfile, Ad: campaign.Ad{Type: campaign.EntityProfile, ID: newID()},
		Schedule: campaign.Schedule{StartsAt: r.clock()}, BidMinor: 10, Budget: campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 1_000}, FundMinor: 60,
	})).Campaign
	r.wait(time.Hour)
	r.posted(r.ads.Fund(t.Context(), r.caller, campaign.Fund{Key: r.newKey(), Campaign: r.of, Amount: 40}))
	r.posted(r.ads.Release(t.Context(), r.caller, campaign.Release{Key: r.newKey(), Campaign: r.of, Amount: 10}))
	r.posted(r.ads.SetStatus(t.Context(), r.caller, campaign.SetStatus{Key: r.newKey(), Campaign: r.of, Status: campaign.StatusEnabled}))
	r.funded = r.clock()
	r.wait(24 * time.Hour)
	midnight := time.Date(2026, time.March, 2, 18, 15, 0, 0, time.UTC)
	r.charge(t, r.clock(), 30)
	r.wait(24 * time.Hour)
	r.charge(t, midnight.Add(-time.Minute), 20)
	r.charge(t, midnight, 25)
}

func (r *running) charge(t *testing.T, minute time.Time, amount int64) {
	t.Helper()
	result := r.posted(r.ads.Charge(t.Context(), service, campaign.Charge{
		Key: r.newKey(), Campaign: r.of, Batch: uuid.NewString(), MinuteAt: minute, Impressions: 10 * amount, Clicks: amount, Charge: amount,
	}))
	r.charges = append(r.charges, result.Outcome.Journal)
}

func TestReconciliation(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) *running{"connects": runConnects, "money": runMoney} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			days := map[domain.Range]campaign.Reconciliation{
				between(day(time.March, 1), day(time.March, 5)): {Spend: 75, Ledger: 75},
				between(day(time.March, 1), day(time.March, 2)): {},
				between(day(time.March, 2), day(time.March, 3)): {Spend: 50, Ledger: 50},
				between(day(time.March, 3), day(time.March, 4)): {Spend: 25, Ledger: 25},
			}
			r.checkReconciliation(t, days)

			// A posting that no charge explains, and a rollup that no posting does.
			r.superuser(fmt.Sprintf(`
				UPDATE postings SET amount = amount + 4 WHERE book_id = %[1]d AND journal_id = '%[2]s' AND line = 0;
				UPDATE ad_rollups_daily SET credits = credits + 5 WHERE campaign_id = '%[3]s' AND day = '2026-03-03'`, r.of.Book, r.charges[0], r.of.ID))
			days[between(day(time.March, 1), day(time.March, 5))] = campaign.Reconciliation{Spend: 70, Ledger: 79}
			days[between(day(time.March, 2), day(time.March, 3))] = campaign.Reconciliation{Spend: 50, Ledger: 54}
			days[between(day(time.March, 3), day(time.March, 4))] = campaign.Reconciliation{Spend: 20, Ledger: 25}
			r.checkReconciliation(t, days)

			// A credit moves units back into escrow, whatever its type and account.
			r.superuser(fmt.Sprintf(`
				UPDATE postings SET debit_account = credit_account, credit_account = debit_account
				WHERE book_id = %[1]d AND journal_id = '%[2]s' AND line = 0`, r.of.Book, r.charges[0]))
			days[between(day(time.March, 1), day(time.March, 5))] = campaign.Reconciliation{Spend: 70, Ledger: 79 - 2*34}
			days[between(day(time.March, 2), day(time.March, 3))] = campaign.Reconciliation{Spend: 50, Ledger: 54 - 2*34}
			r.checkReconciliation(t, days)
		})
	}
}

func (r *running) checkReconciliation(t *testing.T, days map[domain.Range]campaign.Reconciliation) {
	t.Helper()
	for asked, want := range days {
		want.From, want.To = asked.From, asked.To
		if got := adSection[campaign.Reconciliation](r.adWorld, r.caller, r.of, campaign.ReconciliationQuery{Range: asked}); got != want {
			t.Errorf("reconciliation %+v, want %+v", got, want)
		}
	}
}

// TestCampaignOfTheService reads what the service wrote through every section.
func TestCampaignOfTheService(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		start   func(*testing.T) *running
		prepaid int64
	}{"connects": {runConnects, 0}, "money": {runMoney, 210}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := test.start(t)
			march := between(day(time.March, 1), day(time.April, 1))
			charges, changes, performance := campaign.ChargesQuery{Limit: 2}, campaign.ChangesQuery{Limit: 50}, campaign.PerformanceQuery{Range: march}
			page := r.campaignPage(r.caller, campaign.PageRequest{
				AdAccounts: []campaign.Ref{r.account}, Campaigns: []campaign.Ref{r.of},
				Charges: []campaign.ChargesQuery{charges}, Changes: []campaign.ChangesQuery{changes}, Performance: []campaign.PerformanceQuery{performance},
			})
			c := page.Campaigns[0]
			if want := (campaign.Totals{Funded: 100, Released: 10, Consumed: 75}); c.Totals != want || c.Totals.Remaining() != 15 || c.SpentToday != 25 {
				t.Errorf("totals %+v with %d spent today, want %+v", c.Totals, c.SpentToday, want)
			}
			if page.AdAccounts[0].Prepaid != test.prepaid || page.AdAccounts[0].SpentToday != 25 {
				t.Errorf("ad account %+v, want %d prepaid", page.AdAccounts[0], test.prepaid)
			}
			want := campaign.Metrics{Impressions: 750, Clicks: 75, BillableClicks: 75, SpendGross: 75}
			if got := adSectionOf[campaign.Performance](t, page, r.of, performance).Totals; got != want {
				t.Errorf("performance %+v, want %+v", got, want)
			}
			newest := adSectionOf[campaign.ChargePage](t, page, r.of, charges)
			if len(newest.Charges) != 2 || newest.Charges[0].Journal != r.charges[2] || newest.Charges[1].Journal != r.charges[1] || !newest.More {
				t.Errorf("newest charges %+v of %v", newest, r.charges)
			}
			if got := adSectionOf[campaign.ChangePage](t, page, r.of, changes).Changes; len(got) < 2 || got[0].Field != "status" {
				t.Errorf("changes %+v, want the change of status last", got)
			}
			r.checkClickCharge(t, newest.Charges[1])
		})
	}
}

// checkClickCharge finds a charge by its journal, of its own campaign only.
func (r *running) checkClickCharge(t *testing.T, want campaign.ChargeRow) {
	t.Helper()
	got, err := r.reader.ClickCharge(t.Context(), r.of.Book, r.of.ID, want.Journal)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Billed != 20 || got.Clicks != 20 {
		t.Errorf("charge by its journal (-listed +got):\n%s", diff)
	}
	for name, ref := range map[string]struct {
		book        ledger.BookID
		of, journal ledger.ID
	}{
		"another_book":     {r.of.Book%4 + 1, r.of.ID, want.Journal},
		"another_campaign": {r.of.Book, newID(), want.Journal},
		"another_journal":  {r.of.Book, r.of.ID, newID()},
		"not_a_charge":     {r.of.Book, r.of.ID, r.of.ID},
	} {
		if _, err := r.reader.ClickCharge(t.Context(), ref.book, ref.of, ref.journal); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%s: %v, want domain.ErrNotFound", name, err)
		}
	}
}

// TestEscrowOfWallet shows what a wallet's campaigns hold, now and then, beside
// what is posted in the wallet.
func TestEscrowOfWallet(t *testing.T) {
	t.Parallel()
	r := runConnects(t)
	second := r.posted(r.ads.Create(t.Context(), r.caller, campaign.Create{
		Key: r.newKey(), AdAccount: r.account, Name: "Second", Product: campaign.ProductProfile, Ad: campaign.Ad{Type: campaign.EntityProfile, ID: newID()},
		Schedule: campaign.Schedule{StartsAt: r.clock()}, BidMinor: 10, Budget: campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 1_000}, FundMinor: 7,
	})).Campaign
	other, stranger := r.openOwn()
	r.grant(other, 5, ledger.OriginPlan, time.Time{})
	for name, test := range map[string]struct {
		query          wallet.BalanceQuery
		posted, escrow int64
	}{
		"now":                {wallet.BalanceQuery{}, 203, 22},
		"posted_after_all":   {wallet.BalanceQuery{AsOf: r.clock().Add(time.Hour)}, 203, 22},
		"posted_at_funding":  {wallet.BalanceQuery{AsOf: r.funded.Add(time.Second)}, 210, 90},
		"posted_at_creation": {wallet.BalanceQuery{AsOf: began.Add(time.Minute)}, 240, 60},
		"posted_before":      {wallet.BalanceQuery{AsOf: began.Add(-time.Minute)}, 0, 0},
		"booked_on_first":    {wallet.BalanceQuery{AsOf: began, Axis: wallet.AxisBooked}, 210, 90},
		"booked_on_second":   {wallet.BalanceQuery{AsOf: began.Add(24 * time.Hour), Axis: wallet.AxisBooked}, 210, 15},
		"booked_on_third":    {wallet.BalanceQuery{AsOf: began.Add(48 * time.Hour), Axis: wallet.AxisBooked}, 203, 22},
	} {
		got := section[wallet.Balance](r.world, r.caller, r.funder, test.query)
		if got.Posted != test.posted || got.Available != test.posted || got.Escrow != test.escrow || got.Held != 0 {
			t.Errorf("%s: %+v, want %d posted and %d in escrow", name, got, test.posted, test.escrow)
		}
		if got := section[wallet.Balance](r.world, stranger, other, test.query).Escrow; got != 0 {
			t.Errorf("%s: %d in escrow of a wallet without campaigns", name, got)
		}
	}
	r.posted(r.ads.SetStatus(t.Context(), r.caller, campaign.SetStatus{Key: r.newKey(), Campaign: second, Status: campaign.StatusEnded}))
	if got := section[wallet.Balance](r.world, r.caller, r.funder, wallet.BalanceQuery{}); got.Posted != 210 || got.Escrow != 15 {
		t.Errorf("after a campaign ended: %+v", got)
	}
}

// TestJournalsOfCampaigns shows the accounts of campaigns in whole journals.
func TestJournalsOfCampaigns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		start         func(*testing.T) *running
		debit, credit string
		movements     int
	}{
		"connects": {runConnects, "CAMPAIGN:%s:ESCROW", "CONSUMED:PROFILE_ADS", 1},
		"money":    {runMoney, "2010:%s:ESCROW", "4020", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := test.start(t)
			journals, err := r.reader.Journals(t.Context(), []wallet.JournalRef{{Book: r.of.Book, ID: r.charges[0]}, {Book: r.of.Book, ID: r.of.ID}})
			if err != nil || len(journals) != 2 {
				t.Fatalf("%d journals, %v", len(journals), err)
			}
			charge := journals[1]
			if p := charge.Postings[0]; p.DebitCode != fmt.Sprintf(test.debit, r.of.ID) || p.CreditCode != test.credit || p.Amount != 30 {
				t.Errorf("posting %+v", p)
			}
			if charge.Type != campaign.TypeClickCharge || len(charge.Movements) != test.movements {
				t.Errorf("a %s with movements %+v", charge.Type, charge.Movements)
			}
			if created := journals[0]; created.Postings[0].CreditCode != fmt.Sprintf(test.debit, r.of.ID) || created.Postings[0].Amount != 60 {
				t.Errorf("postings of the creation %+v", created.Postings)
			}
		})
	}
}
