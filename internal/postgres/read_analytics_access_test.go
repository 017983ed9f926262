package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/obs"
	"purser/ledger"
)

// impressions asks how often ads were shown, narrowed by filters.
func impressions(filters ...analytics.Filter) analytics.Query {
	return analytics.Query{
		Dataset: analytics.AdSpend, Metrics: []analytics.Metric{analytics.Impressions}, Filters: filters, Grain: analytics.GrainDay,
		Range: domain.Range{Preset: domain.PresetLast7Days}, Limit: 10,
	}
}

// analyse asks a question, which must not fail, and counts its statements and
// round trips.
func (w *world) analyse(scope analytics.Scope, query analytics.Query) (result *analytics.Result, names []string, trips int) {
	w.t.Helper()
	ctx, counter := obs.WithCounter(w.t.Context())
	result, err := w.reader.Analyse(ctx, scope, query)
	if err != nil {
		w.t.Fatal(err)
	}
	return result, counter.Names(), counter.RoundTrips()
}

// Whose ad accounts a question is about is decided as for campaigns, and an id
// that is not the caller's counts what one that does not exist counts, at the same
// cost.
func TestAnalyticsAccess(t *testing.T) {
	t.Parallel()
	a := newAdAgency(t)
	a.active(a.theirs, a.running, began.Add(-48*time.Hour), campaign.Metrics{Impressions: 10})
	a.active(a.own, a.mine, began.Add(-48*time.Hour), campaign.Metrics{Impressions: 1})
	left, agent := newID(), newID()
	a.join(a.organisation, left, "ADVERTISER_ADMIN", true)
	a.join(a.organisation, left, "ADVERTISER_ADMIN", false)
	a.join(a.organisation, agent, "AGENCY_ADMIN", true)
	refs := func(refs ...campaign.Ref) (all []analytics.Ref) {
		for _, ref := range refs {
			all = append(all, analytics.Ref(ref))
		}
		return all
	}
	on := func(dimension analytics.Dimension, refs []analytics.Ref) analytics.Filter {
		return analytics.Filter{Dimension: dimension, Refs: refs}
	}
	unknown := refs(campaign.Ref{Book: 1, ID: newID()}, campaign.Ref{}, campaign.Ref{Book: -1})
	elsewhere := refs(campaign.Ref{Book: a.running.Book%4 + 1, ID: a.running.ID}, campaign.Ref{Book: a.mine.Book%4 + 1, ID: a.mine.ID})
	for name, c := range map[string]struct {
		caller            domain.Caller
		all, theirs, mine analytics.IntCell
	}{
		"admin":                     {a.admin, 11, 10, 1},
		"analyst":                   {a.analyst, 10, 10, 0},
		"organisation":              {advertiser(a.organisation), 10, 10, 0},
		"admin_with_analysts_claim": {member(a.admin.Party, "ADVERTISER_ANALYST"), 10, 10, 0},
		"analyst_with_admins_claim": {member(a.analyst.Party, "ADVERTISER_ADMIN"), 0, 0, 0},
		"row_without_claim":         {member(a.admin.Party), 0, 0, 0},
		"claim_without_row":         {member(newID(), "ADVERTISER_ADMIN", "ADVERTISER_ANALYST"), 0, 0, 0},
		"membership_that_ended":     {member(left, "ADVERTISER_ADMIN"), 0, 0, 0},
		"agency_admin":              {member(agent, "AGENCY_ADMIN", "ADVERTISER_ADMIN"), 0, 0, 0},
		"owner_without_the_role":    {domain.Caller{Party: a.admin.Party, OwnWallets: true}, 0, 0, 0},
		"own_ad_accounts_of_nobody": {domain.Caller{OwnAdAccounts: true}, 0, 0, 0},
		"stranger":                  {advertiser(newID()), 0, 0, 0},
		"finance":                   {service, 11, 10, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scope := analytics.Scope{Caller: c.caller}
			for what, asked := range map[string]struct {
				query analytics.Query
				want  analytics.IntCell
			}{
				"all":             {impressions(), c.all},
				"their_campaign":  {impressions(on(analytics.DimensionCampaign, refs(a.running))), c.theirs},
				"their_account":   {impressions(on(analytics.DimensionAdAccount, refs(a.theirs))), c.theirs},
				"own_campaign":    {impressions(on(analytics.DimensionCampaign, refs(a.mine))), c.mine},
				"own_and_unknown": {impressions(on(analytics.DimensionAdAccount, append(refs(a.own), unknown...))), c.mine},
				"unknown":         {impressions(on(analytics.DimensionCampaign, unknown)), 0},
				"another_book":    {impressions(on(analytics.DimensionCampaign, elsewhere)), 0},
			} {
				result, names, trips := a.analyse(scope, asked.query)
				want := []analytics.Row{{Cells: []analytics.Cell{asked.want}}}
				if diff := cmp.Diff(want, result.Rows); diff != "" {
					t.Errorf("%s:\n%s", what, diff)
				}
				if len(names) != 4 || trips != 2 {
					t.Errorf("%s took %d round trips for %v, want 2 for a snapshot of two statements", what, trips, names)
				}
			}
		})
	}
}

// Names of campaigns and ad accounts come with their ids.
func TestAnalyticsLabels(t *testing.T) {
	t.Parallel()
	a := newAdAgency(t)
	a.active(a.theirs, a.running, began.Add(-48*time.Hour), campaign.Metrics{Impressions: 10})
	query := impressions()
	query.Dimensions = []analytics.Dimension{analytics.DimensionAdAccount, analytics.DimensionCampaign}
	result, _, _ := a.analyse(analytics.Scope{Caller: a.analyst}, query)
	want := []analytics.Row{{Cells: []analytics.Cell{
		analytics.StringCell{Text: "Account in Asia/Kathmandu", Ref: analytics.Ref(a.theirs)},
		analytics.StringCell{Text: "Running", Ref: analytics.Ref(a.running)},
		analytics.IntCell(10),
	}}}
	if diff := cmp.Diff(want, result.Rows); diff != "" {
		t.Error(diff)
	}
}

// Flows of wallets are for who sees all of them, or aggregates.
func TestAnalyticsOfWalletsAreNotForOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 100, ledger.OriginPlan, began.AddDate(1, 0, 0))
	w.spend(owner, ref, 30)
	query := analytics.Query{
		Dataset: analytics.WalletFlows, Grain: analytics.GrainDay, Range: domain.Range{Preset: domain.PresetToday}, Limit: 10,
		Metrics:    []analytics.Metric{analytics.UnitsIn, analytics.UnitsOut, analytics.UnitsNet, analytics.Transactions},
		Dimensions: []analytics.Dimension{analytics.DimensionType},
	}
	var refused *analytics.QueryError
	if _, err := w.reader.Analyse(t.Context(), analytics.Scope{Caller: owner}, query); !errors.As(err, &refused) || refused.Kind != analytics.ErrorForbidden {
		t.Errorf("the owner's answer: %v, want FORBIDDEN", err)
	}
	result, _, _ := w.analyse(everyGroup, query)
	want := []analytics.Row{
		{Cells: []analytics.Cell{analytics.StringCell{Text: "PLAN_GRANT"}, analytics.IntCell(100), analytics.IntCell(0), analytics.IntCell(100), analytics.IntCell(1)}},
		{Cells: []analytics.Cell{analytics.StringCell{Text: "PROPOSAL"}, analytics.IntCell(0), analytics.IntCell(30), analytics.IntCell(-30), analytics.IntCell(1)}},
	}
	if diff := cmp.Diff(want, result.Rows); diff != "" {
		t.Errorf("finance's answer:\n%s", diff)
	}
	if result, _, _ = w.analyse(aggregates, query); len(result.Rows) > 0 || result.Totals != nil {
		t.Errorf("aggregates over one wallet: %v, totals %v, want nothing", result.Rows, result.Totals)
	}
}
