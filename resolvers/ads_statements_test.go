package resolvers_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/obs"
	"purser/ledger"
)

// chargedDays is how many days of charges the campaigns of a fleet have.
const chargedDays = 30

// newFleet is an ad account with campaigns that were charged on each of 30 days.
// They are made through the service, many at once, since what matters of them is
// that there are many.
func newFleet(t *testing.T, campaigns int) adWorld {
	t.Helper()
	w := adWorld{newWorld(t)}
	w.names["fleet"] = w.openAds(map[string]any{"organisationId": acme.String()}, "US", "America/New_York", "Fleet", "")
	w.works(ana, acme, "ADVERTISER_ADMIN")
	w.deposit(w.names["fleet"], 100*campaigns*1000)
	account := refOf(t, w.names["fleet"])
	made := make([]campaign.Ref, campaigns)
	each(campaigns, func(n int) {
		result, err := w.campaigns.Create(t.Context(), domain.Caller{Principal: "party:" + ana.String(), All: true}, campaign.Create{
			Key: fmt.Sprintf("fleet-campaign-%04d", n), AdAccount: account, Name: fmt.Sprintf("Campaign %04d", n), Product: campaign.ProductJob,
			Ad: campaign.Ad{Type: campaign.EntityJob, ID: party(500)}, Schedule: campaign.Schedule{StartsAt: w.clock()}, BidMinor: 100,
			Budget: campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 5000}, FundMinor: 50000,
		})
		if err != nil || result.Outcome.Refusal != nil {
			t.Errorf("campaign %d: %v, %v", n, result.Outcome.Refusal, err)
		}
		made[n] = result.Campaign
	})
	for day := range chargedDays {
		w.wait(24 * time.Hour)
		at := w.clock()
		each(campaigns, func(n int) {
			result, err := w.campaigns.Charge(t.Context(), domain.Caller{Principal: "service:ads", All: true}, campaign.Charge{
				Key: fmt.Sprintf("fleet-charge-%04d-%02d", n, day), Campaign: made[n], Batch: fmt.Sprintf("day-%02d", day), MinuteAt: at,
				Impressions: int64(100 + n), Clicks: int64(1 + n%7), Charge: int64(10 * (1 + n%7)),
			})
			if err != nil || result.Outcome.Refusal != nil {
				t.Errorf("charge of campaign %d on day %d: %v, %v", n, day, result.Outcome.Refusal, err)
			}
		})
	}
	w.wait(24 * time.Hour)
	return w
}

// each calls f for 0 to n-1, some at once.
func each(n int, f func(int)) {
	var all sync.WaitGroup
	turns := make(chan struct{}, 32)
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			f(i)
			<-turns
		})
	}
	all.Wait()
}

// refOf reads the opaque id of an ad account, as its documentation lays it out.
func refOf(t *testing.T, id string) (ref campaign.Ref) {
	t.Helper()
	rewrite(t, id, func(b []byte) { ref = campaign.Ref{Book: ledger.BookID(b[5]), ID: ledger.ID(b[6:22])} })
	return ref
}

const campaignListQuery = `query($account: ID!, $n: Int!) { adAccount(id: $account) {
	name spendToday { minor } budgetToday { minor }
	campaigns(first: $n, order: {by: SPEND_NET}, range: {preset: LAST_30_DAYS}) {
		totals { clicks spendNet { decimal } ctr avgCpc } totalCount
		edges { cursor node { ...Row } }
	}
} }
fragment Row on Campaign {
	id name status delivery { state reasons } budget { amount { decimal } spentToday { decimal } remaining { decimal } } bid { decimal }
	performance(range: {preset: LAST_30_DAYS}, compare: PREVIOUS_PERIOD) {
		totals { impressions clicks ctr avgCpc spendNet { decimal } } deltas { clicks { ratio } spendNet { ratio } }
		series { timestamps spendNet clicks ctr }
	}
}`

// The list of campaigns, with 30 days of series and totals, takes the same
// statements whatever the number of campaigns, run after run, and no loader has
// anything left to do.
func TestStatementsOfCampaignLists(t *testing.T) {
	t.Parallel()
	w := newFleet(t, 100)
	list := []string{"begin_snapshot", "ad_accounts", "campaigns_falling", "performance", "series_daily", "end_snapshot"}
	journals := []string{"begin_snapshot", "journals_by_id", "journal_postings", "journal_movements", "end_snapshot"}
	for name, c := range map[string]struct {
		token, query string
		statements   []string
	}{
		"list": {anaSays, campaignListQuery, list},
		"list_in_another_zone": {
			anaSays, `query($account: ID!, $n: Int!) { adAccount(id: $account) { campaigns(first: $n) { nodes { performance { series(timeZone: "Asia/Kathmandu") { spendNet } } } } } }`,
			[]string{"begin_snapshot", "ad_accounts", "campaigns_falling", "performance", "series_other_daily", "end_snapshot"},
		},
		"logs": {
			anaSays, `query($account: ID!, $n: Int!) { adAccount(id: $account) { campaigns(first: $n) { nodes {
				charges(first: 3) { nodes { batchId } } changeLog(first: 3) { nodes { field } } reconciliation { difference { minor } } ledger { remaining { minor } }
			} } } }`,
			[]string{"begin_snapshot", "ad_accounts", "campaigns_falling", "reconciliation", "charges", "campaign_changes", "end_snapshot"},
		},
		"refused_fields_are_not_read": {
			benSays, `query($account: ID!, $n: Int!) { adAccount(id: $account) { campaigns(first: $n) { nodes { charges(first: 3) { nodes { batchId } } reconciliation { difference { minor } } } } } }`,
			[]string{"begin_snapshot", "ad_accounts", "campaigns_falling", "end_snapshot"},
		},
		"journals_of_charges": {
			financeToken, `query($account: ID!, $n: Int!) { adAccount(id: $account) { campaigns(first: $n) { nodes { charges(first: 3) { edges { node { journal { seq } } } } } } } }`,
			slices.Concat([]string{"begin_snapshot", "ad_accounts", "campaigns_falling", "charges", "end_snapshot"}, journals),
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 10, 50, 100} {
				for run := range 5 {
					ctx, counter := obs.WithCounter(t.Context())
					a := do(t, ctx, w.handler, request{token: c.token, query: c.query, variables: map[string]any{"n": size, "account": w.names["fleet"]}})
					if refused := name == "refused_fields_are_not_read"; len(a.Errors) > 0 && !refused {
						t.Fatal(a.raw)
					}
					if diff := cmp.Diff(c.statements, counter.Names()); diff != "" {
						t.Fatalf("page of %d, run %d: %d round trips (-want +got):\n%s", size, run, counter.RoundTrips(), diff)
					}
				}
			}
			if n := w.batches.Swap(0); n != 0 {
				t.Errorf("%d loader batches ran, want every load a primed hit", n)
			}
		})
	}
	w.checkFleet(t)
	w.checkMissed(t)
}

// checkMissed asks for what only the ad account's zone can allow, which is not read
// ahead: it is batched, not read once for each campaign.
func (w adWorld) checkMissed(t *testing.T) {
	t.Helper()
	ctx, counter := obs.WithCounter(t.Context())
	a := do(t, ctx, w.handler, request{
		token: anaSays, variables: map[string]any{"account": w.names["fleet"]},
		query: `query($account: ID!) { adAccount(id: $account) { campaigns(first: 100) { nodes {
			performance(range: {from: "2026-01-01", to: "2026-05-01"}) { series(timeZone: "America/New_York", grain: MONTH) { spendNet } }
		} } } }`,
	})
	if len(a.Errors) > 0 || strings.Count(string(a.Data), `{"spendNet":[0,0,`) != 100 {
		t.Errorf("own zone by name: %s", a.raw)
	}
	// How many batches it takes is up to the scheduler; one a campaign it must not be.
	if n := counter.RoundTrips(); n > 20 {
		t.Errorf("%d round trips for 100 campaigns, want far fewer", n)
	}
	if w.batches.Swap(0) == 0 {
		t.Error("no loader batch ran, want those the look-ahead missed")
	}
}

// checkFleet compares what a full page shows with what was charged.
func (w adWorld) checkFleet(t *testing.T) {
	t.Helper()
	page := object(w.data(anaSays, campaignListQuery, map[string]any{"n": 100, "account": w.names["fleet"]}).at("adAccount", "campaigns").(map[string]any))
	rows := page.at("edges").([]any)
	if len(rows) != 100 || page.text("totalCount") != "100" {
		t.Fatalf("%d rows of %s, want 100: the statements were not counted on full pages", len(rows), page.text("totalCount"))
	}
	cents := 0
	for i := range rows {
		var n int
		row := object(rows[i].(map[string]any)["node"].(map[string]any))
		if _, err := fmt.Sscanf(row.text("name"), "Campaign %d", &n); err != nil {
			t.Fatal(err)
		}
		spent, days := 10*(1+n%7)*chargedDays, row.at("performance", "series", "spendNet").([]any)
		if want := fmt.Sprintf("%d.%02d", spent/100, spent%100); row.text("performance", "totals", "spendNet", "decimal") != want {
			t.Errorf("campaign %d spent %s, want %s", n, row.text("performance", "totals", "spendNet", "decimal"), want)
		}
		for day, value := range days {
			if want := fmt.Sprint(10 * (1 + n%7)); fmt.Sprint(value) != want || len(days) != chargedDays {
				t.Fatalf("campaign %d spent %v on day %d of %d, want %s", n, value, day, len(days), want)
			}
		}
		cents += spent
	}
	if want := fmt.Sprintf("%d.%02d", cents/100, cents%100); page.text("totals", "spendNet", "decimal") != want {
		t.Errorf("all spent %s, want %s", page.text("totals", "spendNet", "decimal"), want)
	}
}
