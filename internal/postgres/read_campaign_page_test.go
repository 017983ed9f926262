package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
)

// fillCampaigns writes campaigns that were active on each of thirty days, today
// included.
func fillCampaigns(t *testing.T, w *adWorld, account campaign.Ref, campaigns int) {
	t.Helper()
	conn := connect(t, w.pg.SuperURL)
	if _, err := conn.Exec(t.Context(), `
		INSERT INTO campaigns (book_id, campaign_id, ad_account_id, name, name_key, product, ad_type, ad_id, starts_at, bid_minor, budget_type,
			budget_minor, status, version, created_at, updated_at, budget_edits_on, budget_edits, funded)
		SELECT $1::integer, gen_random_uuid(), $2::uuid, 'Campaign ' || n, 'CAMPAIGN ' || n, 'BOOSTED_PROFILE', 'PROFILE', gen_random_uuid(), $3::timestamptz,
			20, 'DAILY', 1000, 'ENABLED', 1, $3::timestamptz + n * interval '1 second', $3, ($3::timestamptz)::date, 0, 1000000
		FROM generate_series(1, $4::integer) n`, account.Book, account.ID, began, campaigns); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `
		INSERT INTO ad_rollups_daily (book_id, campaign_id, day, impressions, clicks, billable_clicks, spend_gross, credits, unbilled)
		SELECT c.book_id, c.campaign_id, ($3::timestamptz)::date - d, 100 * d, 10 + d % 7, d, 3 * d, 0, 0
		FROM campaigns c CROSS JOIN generate_series(0, 29) d WHERE c.book_id = $1::integer AND c.ad_account_id = $2::uuid`,
		account.Book, account.ID, began); err != nil {
		t.Fatal(err)
	}
}

// TestCampaignPageStatements reads a dashboard's list, with totals, comparisons and
// thirty days of series of each campaign, and counts what was sent for it.
func TestCampaignPageStatements(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	owner := newID()
	list := campaign.CampaignsQuery{
		OrderBy: campaign.OrderSpendNet, Descending: true, Range: domain.Range{Preset: domain.PresetLast30Days}, WithTotals: true, Limit: 100,
	}
	performance := campaign.PerformanceQuery{Range: list.Range, Compare: string(domain.ComparisonPreviousPeriod)}
	series := campaign.SeriesQuery{Range: list.Range}
	request := campaign.PageRequest{
		Lists: []campaign.CampaignsQuery{list}, Performance: []campaign.PerformanceQuery{performance}, Series: []campaign.SeriesQuery{series},
	}
	want := []string{"begin_snapshot", "ad_accounts", "campaigns_falling", "performance", "series_daily", "end_snapshot"}
	var accounts []campaign.Ref
	check := func(name string, request campaign.PageRequest, wantCampaigns int) {
		t.Helper()
		page, names, trips := w.countedCampaigns(advertiser(owner), request)
		if diff := cmp.Diff(want, names); diff != "" || trips != 3 {
			t.Errorf("%s: %d round trips (-want +got):\n%s", name, trips, diff)
		}
		listed := 0
		for _, account := range page.AdAccounts {
			for _, c := range adSectionOf[campaign.ListPage](t, page, account.Ref, list).Campaigns {
				listed++
				points := adSectionOf[campaign.Series](t, page, c.Ref(), series).Points
				totals := adSectionOf[campaign.Performance](t, page, c.Ref(), performance).Totals
				var sum campaign.Metrics
				for _, point := range points {
					sum = plus(sum, point.Metrics)
				}
				if len(points) != 29 || sum != totals || totals.SpendNet() != 3*29*30/2 {
					t.Errorf("%s: %d points that add up to %+v, totals %+v", name, len(points), sum, totals)
				}
			}
		}
		if listed != wantCampaigns {
			t.Errorf("%s: %d campaigns, want %d", name, listed, wantCampaigns)
		}
	}
	for _, campaigns := range []int{1, 10, 50, 100} {
		account := w.prepaidAccount(owner, "UTC")
		accounts = append(accounts, account)
		fillCampaigns(t, w, account, campaigns)
		request.AdAccounts = []campaign.Ref{account}
		check(fmt.Sprintf("%d campaigns", campaigns), request, campaigns)
	}
	request.AdAccounts = accounts
	check("4 ad accounts", request, 161)
	request.AdAccounts, request.Mine = nil, true
	check("own ad accounts", request, 161)
}

// TestCampaignRoundTrips shows which requests need how many.
func TestCampaignRoundTrips(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	of := w.campaign(account, "One", nil)
	today := domain.Range{Preset: domain.PresetToday}
	plain, ranking := campaign.CampaignsQuery{OrderBy: campaign.OrderName, Limit: 5}, campaign.CampaignsQuery{OrderBy: campaign.OrderCTR, Range: today, Limit: 5}
	accounts, campaigns := []campaign.Ref{account}, []campaign.Ref{of}
	performance, charges := []campaign.PerformanceQuery{{Range: today}}, []campaign.ChargesQuery{{Limit: 5}}
	for name, test := range map[string]struct {
		request campaign.PageRequest
		trips   int
		names   []string
	}{
		"nothing":          {campaign.PageRequest{}, 1, nil},
		"objects":          {campaign.PageRequest{AdAccounts: accounts, Campaigns: campaigns}, 1, []string{"ad_accounts", "campaigns_by_name"}},
		"campaign":         {campaign.PageRequest{Campaigns: campaigns}, 1, []string{"campaigns_by_name"}},
		"mine":             {campaign.PageRequest{Mine: true}, 1, []string{"ad_accounts"}},
		"list":             {campaign.PageRequest{AdAccounts: accounts, Lists: []campaign.CampaignsQuery{plain, plain}}, 1, []string{"ad_accounts", "campaigns_rising"}},
		"ranking":          {campaign.PageRequest{AdAccounts: accounts, Lists: []campaign.CampaignsQuery{ranking}}, 2, []string{"ad_accounts", "campaigns_rising"}},
		"charges":          {campaign.PageRequest{Campaigns: campaigns, Charges: append(charges, charges...)}, 1, []string{"campaigns_by_name", "charges"}},
		"charges_of_list":  {campaign.PageRequest{AdAccounts: accounts, Lists: []campaign.CampaignsQuery{plain}, Charges: charges}, 2, []string{"ad_accounts", "campaigns_rising", "charges"}},
		"figures":          {campaign.PageRequest{Campaigns: campaigns, Performance: append(performance, performance...)}, 2, []string{"campaigns_by_name", "performance"}},
		"figures_in_zone":  {campaign.PageRequest{Campaigns: campaigns, Performance: []campaign.PerformanceQuery{{Range: today, Zone: "UTC"}}}, 2, []string{"campaigns_by_name", "performance"}},
		"figures_afar":     {campaign.PageRequest{Campaigns: campaigns, Performance: []campaign.PerformanceQuery{{Range: today, Zone: "Asia/Kathmandu"}}}, 2, []string{"campaigns_by_name", "performance_fine"}},
		"figures_of_list":  {campaign.PageRequest{Mine: true, Lists: []campaign.CampaignsQuery{plain}, Performance: performance}, 2, []string{"ad_accounts", "campaigns_rising", "performance"}},
		"figures_of_ranks": {campaign.PageRequest{Mine: true, Lists: []campaign.CampaignsQuery{ranking}, Performance: performance}, 3, []string{"ad_accounts", "campaigns_rising", "performance"}},
	} {
		_, names, trips := w.countedCampaigns(owner, test.request)
		want := append(append([]string{"begin_snapshot"}, test.names...), "end_snapshot")
		if !slices.Equal(names, want) || trips != test.trips {
			t.Errorf("%s: %d round trips with %v, want %d with %v", name, trips, names, test.trips, want)
		}
	}
}

func TestCampaignReadsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	reads := map[string]func() error{
		"page": func() error {
			_, err := w.reader.CampaignPage(ctx, owner, campaign.PageRequest{AdAccounts: []campaign.Ref{account}})
			return err
		},
		"wallet_owner": func() error { _, err := w.reader.WalletOwner(ctx, 1, newID()); return err },
		"click_charge": func() error { _, err := w.reader.ClickCharge(ctx, 1, newID(), newID()); return err },
	}
	for name, read := range reads {
		if err := read(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want the context's error", name, err)
		}
	}
}

// TestCampaignPageFailsAsAWhole reads a sum that no answer can hold, in the second
// round trip: it is an error and never another number, and the connection that was
// in the middle of a snapshot is good for the next page.
func TestCampaignPageFailsAsAWhole(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	of := w.campaign(account, "Vast", nil)
	for i := range 2 {
		w.active(account, of, began.AddDate(0, 0, -i), campaign.Metrics{Impressions: math.MaxInt64})
	}
	sum := campaign.PerformanceQuery{Range: between(day(time.February, 1), day(time.March, 2))}
	for range 20 { // more than there are connections
		if page, _, err := w.refusedPage(owner, campaign.PageRequest{Campaigns: []campaign.Ref{of}, Performance: []campaign.PerformanceQuery{sum}}); err == nil {
			t.Fatalf("the sum is %+v", page.Sections)
		}
	}
	today := campaign.PerformanceQuery{Range: domain.Range{Preset: domain.PresetToday}}
	if got := adSection[campaign.Performance](w, owner, of, today).Totals.Impressions; got != math.MaxInt64 {
		t.Errorf("the next page says %d", got)
	}
}

// TestCampaignReadsSayWhenTheDatabaseIsAway ends every connection under the reader.
func TestCampaignReadsSayWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	request := campaign.PageRequest{AdAccounts: []campaign.Ref{account}}
	w.campaignPage(owner, request)
	w.superuser(`UPDATE pg_database SET datallowconn = false WHERE datname = current_database();
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'purser_app'`)
	if _, err := w.reader.CampaignPage(t.Context(), owner, request); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got %v, want domain.ErrUnavailable", err)
	}
}
