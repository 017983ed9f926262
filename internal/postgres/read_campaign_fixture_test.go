package postgres_test

import (
	"testing"
	"time"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/obs"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

// adWorld is a world with advertising in it, whose rows are written as accepted
// commands would write them.
type adWorld struct {
	*world
	store *postgres.Store
	zones map[campaign.Ref]string // of ad accounts
}

func newAdWorld(t testing.TB) *adWorld {
	t.Helper()
	w := newWorld(t)
	return &adWorld{world: w, store: w.db.NewStore(market.Rules()), zones: map[campaign.Ref]string{}}
}

// write writes effects' rows into a book, in one commit.
func (w *adWorld) write(book ledger.BookID, kind string, rows ...any) {
	w.t.Helper()
	needs := &ledger.Needs{Book: book, Clock: w.clock()}
	if err := w.store.Batch(w.t.Context(), needs, func(s *ledger.State) (*ledger.Writes, error) {
		effects := []ledger.EffectRows{{Kind: kind, Rows: rows}}
		return &ledger.Writes{Book: book, FirstSeq: s.Seq + 1, LastSeq: s.Seq, PostedAt: s.Now, Effects: effects}, nil
	}); err != nil {
		w.t.Fatal(err)
	}
}

// fundedAccount opens an ad account that is paid in the Connects of its owner's
// wallet.
func (w *adWorld) fundedAccount(funder wallet.Ref, owner ledger.ID, zone string) campaign.Ref {
	w.t.Helper()
	account := campaign.Ref{Book: funder.Book, ID: newID()}
	w.write(account.Book, campaign.EffectAdAccount, campaign.AdAccountRow{
		ID: account.ID, Owner: owner, Name: "Account in " + zone, Commodity: ledger.CNX, Wallet: funder.ID, TimeZone: zone, OpenedAt: w.clock(),
	})
	w.zones[account] = zone
	return account
}

// prepaidAccount opens an ad account that is paid in dollars, of a new owner where
// owner is no other ad account's.
func (w *adWorld) prepaidAccount(owner ledger.ID, zone string) campaign.Ref {
	w.t.Helper()
	account := campaign.Ref{Book: domain.AssignBook(owner), ID: newID()}
	w.write(account.Book, domain.EffectOwner, domain.OwnerRow{
		ID: owner, Book: account.Book, Kind: domain.OwnerOrganisation, Jurisdiction: "US", TimeZone: zone, CreatedAt: w.clock(),
	})
	w.write(account.Book, campaign.EffectAdAccount, campaign.AdAccountRow{
		ID: account.ID, Owner: owner, Name: "Account in " + zone, Commodity: ledger.USD, TimeZone: zone, OpenedAt: w.clock(),
	})
	w.zones[account] = zone
	return account
}

// campaign creates a campaign that is enabled, funded and delivered, unless change
// makes it another.
func (w *adWorld) campaign(account campaign.Ref, name string, change func(*campaign.Row)) campaign.Ref {
	w.t.Helper()
	row := campaign.Row{
		ID: newID(), AdAccount: account.ID, Name: name, Product: campaign.ProductProfile, AdType: campaign.EntityProfile, AdID: newID(),
		StartsAt: began.Add(-time.Hour), BidMinor: 20, Budget: campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 100_000},
		Status: campaign.StatusEnabled, Version: 1, CreatedAt: w.clock(), UpdatedAt: w.clock(), BudgetEditsOn: ledger.DateOf(began),
		Totals: campaign.Totals{Funded: 1_000_000},
	}
	if change != nil {
		change(&row)
	}
	w.write(account.Book, campaign.EffectCampaign, row)
	return campaign.Ref{Book: account.Book, ID: row.ID}
}

// active records what a campaign of an ad account did at an instant.
func (w *adWorld) active(account, of campaign.Ref, at time.Time, m campaign.Metrics) {
	w.t.Helper()
	zone, err := domain.LoadZone(w.zones[account])
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(of.Book, analytics.EffectRollup, analytics.RollupOf(analytics.Activity{
		Campaign: of.ID, At: at, Zone: zone, Impressions: m.Impressions, Clicks: m.Clicks, BillableClicks: m.BillableClicks,
		SpendGross: m.SpendGross, Credits: m.Credits, Unbilled: m.Unbilled,
	}))
}

// advertiser is a party with ad accounts of their own.
func advertiser(party ledger.ID) domain.Caller {
	return domain.Caller{Principal: "party:" + party.String(), Party: party, OwnAdAccounts: true}
}

// openAdvertiser opens an ad account in dollars and returns its owner as a caller.
func (w *adWorld) openAdvertiser(zone string) (campaign.Ref, domain.Caller) {
	w.t.Helper()
	owner := newID()
	return w.prepaidAccount(owner, zone), advertiser(owner)
}

// campaignPage reads a page, which must not fail.
func (w *adWorld) campaignPage(caller domain.Caller, request campaign.PageRequest) *campaign.Page {
	w.t.Helper()
	page, err := w.reader.CampaignPage(w.t.Context(), caller, request)
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

// countedCampaigns reads a page and counts its statements and round trips.
func (w *adWorld) countedCampaigns(caller domain.Caller, request campaign.PageRequest) (page *campaign.Page, names []string, trips int) {
	w.t.Helper()
	ctx, counter := obs.WithCounter(w.t.Context())
	page, err := w.reader.CampaignPage(ctx, caller, request)
	if err != nil {
		w.t.Fatal(err)
	}
	return page, counter.Names(), counter.RoundTrips()
}

// adSectionOf returns one section of a page, which must be there.
func adSectionOf[Section any](t testing.TB, page *campaign.Page, of campaign.Ref, query any) Section {
	t.Helper()
	section, found := page.Sections[campaign.SectionKey{Of: of, Query: query}].(Section)
	if !found {
		t.Fatalf("page has no section %T of %s", query, of.ID)
	}
	return section
}

// adSection reads one section of an ad account or a campaign.
func adSection[Section any](w *adWorld, caller domain.Caller, of campaign.Ref, query any) Section {
	w.t.Helper()
	request := campaign.PageRequest{Campaigns: []campaign.Ref{of}}
	switch query := query.(type) {
	case campaign.CampaignsQuery:
		request = campaign.PageRequest{AdAccounts: []campaign.Ref{of}, Lists: []campaign.CampaignsQuery{query}}
	case campaign.PerformanceQuery:
		request.Performance = []campaign.PerformanceQuery{query}
	case campaign.SeriesQuery:
		request.Series = []campaign.SeriesQuery{query}
	case campaign.ChargesQuery:
		request.Charges = []campaign.ChargesQuery{query}
	case campaign.ChangesQuery:
		request.Changes = []campaign.ChangesQuery{query}
	case campaign.ReconciliationQuery:
		request.Reconciliations = []campaign.ReconciliationQuery{query}
	default:
		w.t.Fatalf("%T is no query", query)
	}
	return adSectionOf[Section](w.t, w.campaignPage(caller, request), of, query)
}

// day is a date of the year in which every world begins.
func day(month time.Month, of int) ledger.Date {
	return ledger.Date{Year: began.Year(), Month: month, Day: of}
}

// between is the range of dates from one up to, not including, another.
func between(from, to ledger.Date) domain.Range { return domain.Range{From: from, To: to} }

// everyAdSection asks for one section of each kind.
func everyAdSection(limit int) campaign.PageRequest {
	march := between(day(time.March, 1), day(time.March, 31))
	return campaign.PageRequest{
		Lists: []campaign.CampaignsQuery{
			{OrderBy: campaign.OrderCreatedAt, Limit: limit},
			{OrderBy: campaign.OrderSpendNet, Descending: true, Range: march, WithTotals: true, Limit: limit},
		},
		Performance: []campaign.PerformanceQuery{
			{Range: march, Compare: string(domain.ComparisonPreviousPeriod)},
			{Range: march, Compare: string(domain.ComparisonPreviousYear), Zone: "Asia/Kathmandu"},
		},
		Series: []campaign.SeriesQuery{
			{Range: march}, {Range: march, Zone: "Asia/Kathmandu"}, {Range: between(day(time.March, 1), day(time.March, 2)), Hourly: true},
		},
		Charges:         []campaign.ChargesQuery{{Limit: limit}, {Limit: limit, Direction: campaign.Backward}},
		Changes:         []campaign.ChangesQuery{{Limit: limit}, {Limit: limit, Direction: campaign.Backward}},
		Reconciliations: []campaign.ReconciliationQuery{{Range: march}},
	}
}

// refusedPage reads a page that may fail, and says what was sent.
func (w *adWorld) refusedPage(caller domain.Caller, request campaign.PageRequest) (page *campaign.Page, names []string, err error) {
	w.t.Helper()
	ctx, counter := obs.WithCounter(w.t.Context())
	page, err = w.reader.CampaignPage(ctx, caller, request)
	return page, counter.Names(), err
}
