package resolvers_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
)

// adPage is what every way to an ad account is asked.
const adPage = `fragment Account on AdAccount {
	id name prepaid { minor } campaigns(first: $n, filter: $filter, order: $order, range: $range) {
		edges { cursor node { ...Plan } } totals { clicks } totalCount orderedAsOf
	}
}
fragment Plan on Campaign {
	id name performance(range: $range, compare: $compare) { totals { clicks } deltas { ctr { change } } series(grain: $grain, timeZone: $zone) { timestamps clicks ctr } }
	charges(first: $n) @include(if: $charges) { edges { cursor node { batchId } } } changeLog(last: 2) { nodes { field } }
	reconciliation(range: $range) { difference { minor } }
}`

const adPageVariables = `($account: ID!, $campaign: ID!, $n: Int!, $filter: CampaignFilter, $order: CampaignOrderInput, $range: DateRangeInput! = {preset: LAST_7_DAYS},
	$compare: Comparison, $grain: SeriesGrain! = DAY, $zone: String, $charges: Boolean!)`

// An ad account and a campaign say the same whichever way they are reached, by the
// same look-ahead.
func TestAdsByEveryWay(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	variables := map[string]any{
		"account": w.names["acme"], "campaign": w.names["alpha"], "n": 2, "charges": true, "compare": "PREVIOUS_PERIOD", "grain": "HOUR", "zone": "Asia/Kathmandu",
		"filter": map[string]any{"statuses": []string{"ENABLED", "PAUSED"}, "text": "A"}, "order": map[string]any{"by": "CLICKS", "direction": "DESC"},
	}
	type way struct {
		query string
		path  []any
	}
	const skip = `@skip(if: $charges)` // makes each query use every variable
	accounts := map[string]way{
		"adAccount": {`{ adAccount(id: $account) { ...Account } campaign(id: $campaign) ` + skip + ` { id } }`, []any{"adAccount"}},
		"node":      {`{ node(id: $account) { ... on AdAccount { ...Account } } campaign(id: $campaign) ` + skip + ` { id } }`, []any{"node"}},
		"nodes":     {`{ nodes(ids: [$account]) { __typename ...Account } campaign(id: $campaign) ` + skip + ` { id } }`, []any{"nodes", 0}},
		"viewer":    {`{ viewer { adAccounts { ...Account } again: adAccounts { id } } a: campaign(id: $campaign) ` + skip + ` { id } b: adAccount(id: $account) ` + skip + ` { id } }`, []any{"viewer", "adAccounts", 0}},
	}
	campaigns := map[string]way{
		"campaign": {`{ campaign(id: $campaign) { ...Plan } adAccount(id: $account) ` + skip + ` { ...Account } }`, []any{"campaign"}},
		"node":     {`{ node(id: $campaign) { __typename ...Plan } adAccount(id: $account) ` + skip + ` { ...Account } }`, []any{"node"}},
		"list":     {`{ adAccount(id: $account) { ...Account } campaign(id: $campaign) ` + skip + ` { id } }`, []any{"adAccount", "campaigns", "edges", 1, "node"}},
	}
	for name, ways := range map[string]map[string]way{"account": accounts, "campaign": campaigns} {
		answers := map[string]string{}
		for by, way := range ways {
			data := w.data(anaSays, "query"+adPageVariables+way.query+adPage, variables)
			page, found := data.at(way.path...).(map[string]any)
			if !found {
				t.Fatalf("%s by %s: %v", name, by, data)
			}
			page = maps.Clone(page)
			delete(page, "__typename")
			answers[by] = marshal(t, page)
		}
		for by, got := range answers {
			if got != answers["node"] || len(got) < 500 {
				t.Errorf("%s by %s:\n%s\nby node:\n%s", name, by, got, answers["node"])
			}
		}
	}
	if n := w.batches.Load(); n != 0 {
		t.Errorf("%d loader batches ran, want every load a primed hit", n)
	}
}

// What is not the caller's answers byte for byte like what does not exist, by the
// same statements, whoever asks and whatever is selected.
func TestForeignAdsAreUnknown(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	elsewhere := func(id string) string { return rewrite(t, id, func(b []byte) { b[len(b)-16] ^= 0xff }) }
	otherBook := func(id string) string { return rewrite(t, id, func(b []byte) { b[5] ^= 0x07 }) }
	const deep = `name performance { totals { clicks } series { clicks } } charges(first: 1) { nodes { batchId journal { seq } } } changeLog(first: 1) { nodes { field } }`
	queries := map[string]string{
		"adAccount":  `query($id: ID!) { adAccount(id: $id) { name prepaid { minor } campaigns(first: 3, order: {by: CTR}) { totals { clicks } nodes { ` + deep + ` } } } }`,
		"campaign":   `query($id: ID!) { campaign(id: $id) { ` + deep + ` } }`,
		"node":       `query($id: ID!) { node(id: $id) { ... on Campaign { ` + deep + ` } ... on AdAccount { name } } }`,
		"bad_cursor": `query($id: ID!) { adAccount(id: $id) { campaigns(first: 3, after: "AQ") { totalCount } } }`,
	}
	for name, query := range queries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			foreign := []string{w.names["foreign"], w.names["profile"]}
			if name == "adAccount" || name == "bad_cursor" {
				foreign = []string{w.names["foreignAds"], w.names["priyaAds"]}
			}
			for _, token := range []string{anaSays, benFreelances, pretenderSays, "sam SUPPORT"} {
				ask := func(id string) (string, []string) {
					ctx, counter := obs.WithCounter(t.Context())
					a := do(t, ctx, w.handler, request{token: token, query: query, variables: map[string]any{"id": id}})
					return a.raw, counter.Names()
				}
				want, statements := ask(elsewhere(foreign[0]))
				if len(statements) == 0 {
					t.Fatalf("nothing was asked of the database for %s", want)
				}
				for _, id := range append(foreign, otherBook(foreign[0]), elsewhere(foreign[1])) {
					got, names := ask(id)
					if diff := cmp.Diff(statements, names); got != want || diff != "" {
						t.Errorf("as %s: %s, want %s; statements (-want +got):\n%s", token, got, want, diff)
					}
				}
			}
		})
	}
	for _, malformed := range []string{"", "AQ", "no id", w.names["wallet"], w.names["alpha"] + "A", w.names["acme"]} {
		a := w.do(anaSays, `query($id: ID!) { campaign(id: $id) { name } }`, map[string]any{"id": malformed})
		if string(a.Data) != `{"campaign":null}` || len(a.Errors) != 0 {
			t.Errorf("campaign(id: %q) = %s, want null", malformed, a.raw)
		}
	}
}

// A role that ends, ends what it opened.
func TestAdsOfAnEndedMembership(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	const query = `query($id: ID!) { viewer { adAccounts { name } } campaign(id: $id) { name } }`
	variables := map[string]any{"id": w.names["alpha"]}
	if got := marshal(t, w.data(benSays, query, variables)); got != `{"campaign":{"name":"Alpha designers, senior"},"viewer":{"adAccounts":[{"name":"Acme hiring"}]}}` {
		t.Errorf("as a member: %s", got)
	}
	w.mutate(adsToken, membershipMutation, map[string]any{
		"idempotencyKey": w.key(), "organisationId": acme.String(), "partyId": ben.String(), "role": "ADVERTISER_ANALYST", "active": false,
	})
	if got := marshal(t, w.data(benSays, query, variables)); got != `{"campaign":null,"viewer":{"adAccounts":[]}}` {
		t.Errorf("as a member no longer: %s", got)
	}
}

// A preset goes by the date in the ad account's zone at the moment of asking.
func TestPresetsAroundMidnight(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	const query = `query($id: ID!, $range: DateRangeInput!) { campaign(id: $id) { performance(range: $range) { range { from to } totals { spendNet { minor } } finality } } }`
	ask := func(campaign, token, preset string) string {
		t.Helper()
		page := w.data(token, query, map[string]any{"id": w.names[campaign], "range": map[string]any{"preset": preset}})
		of := []any{"campaign", "performance"}
		return page.text(append(of, "range", "from")...) + " " + page.text(append(of, "range", "to")...) + " " +
			page.text(append(of, "totals", "spendNet", "minor")...) + " " + page.text(append(of, "finality")...)
	}
	check := func(campaign, token, preset, want string) {
		t.Helper()
		if got := ask(campaign, token, preset); got != want {
			t.Errorf("%s of %s at %s = %s, want %s", preset, campaign, w.clock().Format(time.RFC3339), got, want)
		}
	}
	check("alpha", anaSays, "TODAY", "2026-03-11 2026-03-12 750 PROVISIONAL")
	check("alpha", anaSays, "LAST_WEEK", "2026-03-02 2026-03-09 3470 PROVISIONAL")
	check("alpha", anaSays, "THIS_MONTH", "2026-03-01 2026-03-12 4470 PROVISIONAL")
	check("alpha", anaSays, "LAST_MONTH", "2026-02-01 2026-03-01 0 FINAL")
	w.until(time.Date(2026, 3, 11, 18, 14, 59, 0, time.UTC)) // 23:59:59 in Kathmandu, 14:14:59 in New York
	check("profile", priyaSays, "TODAY", "2026-03-11 2026-03-12 5 PROVISIONAL")
	w.wait(time.Second)
	check("profile", priyaSays, "TODAY", "2026-03-12 2026-03-13 0 PROVISIONAL")
	check("profile", priyaSays, "YESTERDAY", "2026-03-11 2026-03-12 5 PROVISIONAL")
	check("alpha", anaSays, "TODAY", "2026-03-11 2026-03-12 750 PROVISIONAL")
	w.until(time.Date(2026, 3, 12, 4, 0, 0, 0, time.UTC)) // 00:00 in New York, in summer time
	check("alpha", anaSays, "TODAY", "2026-03-12 2026-03-13 0 PROVISIONAL")
	// 120 hours after the end of the 8th in New York its figures are final.
	w.until(time.Date(2026, 3, 14, 3, 59, 59, 0, time.UTC))
	check("alpha", anaSays, "LAST_WEEK", "2026-03-02 2026-03-09 3470 PROVISIONAL")
	w.wait(time.Second)
	check("alpha", anaSays, "LAST_WEEK", "2026-03-02 2026-03-09 3470 FINAL")
}

// The night in which clocks go back has an hour twice, and so the day 25 of them.
func TestSeriesWhenClocksGoBack(t *testing.T) {
	t.Parallel()
	w := adWorld{newWorld(t)}
	w.until(time.Date(2026, 10, 30, 12, 0, 0, 0, time.UTC))
	account := w.openAds(map[string]any{"organisationId": acme.String()}, "US", "America/New_York", "Acme", "")
	w.works(ana, acme, "ADVERTISER_ADMIN")
	w.deposit(account, 5000)
	campaign := w.create(anaSays, account, plan{"Alpha", "PROMOTED_JOB", "DAILY", "", 100, 1000, 5000})
	w.charge(campaign, "2026-11-01T03:59:00Z", clicks{1, 1, 1})   // 23:59 on 31 October
	w.charge(campaign, "2026-11-01T04:00:00Z", clicks{1, 1, 10})  // 00:00
	w.charge(campaign, "2026-11-01T05:30:00Z", clicks{1, 1, 20})  // 01:30, summer time
	w.charge(campaign, "2026-11-01T06:30:00Z", clicks{1, 1, 30})  // 01:30 again
	w.charge(campaign, "2026-11-02T04:59:00Z", clicks{1, 1, 40})  // 23:59
	w.charge(campaign, "2026-11-02T05:00:00Z", clicks{1, 1, 100}) // 00:00 on the 2nd
	page := w.data(anaSays, `query($id: ID!) { campaign(id: $id) { performance(range: {from: "2026-11-01", to: "2026-11-02"}) {
		totals { spendNet { minor } } hours: series(grain: HOUR) { timestamps spendNet } quarters: series(grain: QUARTER_HOUR) { spendNet }
		days: series { timestamps spendNet }
	} } }`, map[string]any{"id": campaign})
	shown := object(page.at("campaign", "performance").(map[string]any))
	hours, quarters := shown.at("hours", "spendNet").([]any), shown.at("quarters", "spendNet").([]any)
	if len(hours) != 25 || len(quarters) != 100 || shown.text("hours", "timestamps", 24) != "2026-11-02T04:00:00Z" {
		t.Errorf("%d hours and %d quarters, the last hour from %s", len(hours), len(quarters), shown.text("hours", "timestamps", 24))
	}
	if diff := cmp.Diff("[10 20 30 0]", shown.text("hours", "spendNet")[:len("[10 20 30 0")]+"]"); diff != "" || shown.text("hours", "spendNet", 24) != "40" {
		t.Errorf("by hour: %s", shown.text("hours", "spendNet"))
	}
	if shown.text("days", "spendNet") != "[100]" || shown.text("totals", "spendNet", "minor") != "100" {
		t.Errorf("by day %s, in all %s, want 100", shown.text("days", "spendNet"), shown.text("totals", "spendNet", "minor"))
	}
}

// A day has the hours and quarters of an hour that clocks show on it: an hour that
// is there twice is two, and one that changing clocks cut begins anew with them.
func TestHoursOfDays(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	for name, c := range map[string]struct {
		zone, from, to  string
		hours, quarters int
		third           string // where the third hour begins
	}{
		"spring":              {"America/New_York", "2026-03-08", "2026-03-09", 23, 92, "2026-03-08T07:00:00Z"},
		"autumn":              {"America/New_York", "2026-11-01", "2026-11-02", 25, 100, "2026-11-01T06:00:00Z"},
		"quarter_past":        {"Asia/Kathmandu", "2026-03-08", "2026-03-09", 24, 96, "2026-03-07T20:15:00Z"},
		"half_an_hour_back":   {"Australia/Lord_Howe", "2026-04-05", "2026-04-06", 25, 98, "2026-04-04T15:00:00Z"},
		"half_an_hour_on":     {"Australia/Lord_Howe", "2026-10-04", "2026-10-05", 24, 94, "2026-10-03T15:30:00Z"},
		"midnight_is_skipped": {"Africa/Cairo", "2026-04-24", "2026-04-25", 23, 92, "2026-04-24T00:00:00Z"},
		"midnight_comes_back": {"America/Havana", "2026-11-01", "2026-11-02", 25, 100, "2026-11-01T06:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := w.data(anaSays, `query($id: ID!, $range: DateRangeInput!, $zone: String!) { campaign(id: $id) { performance(range: $range) {
				hours: series(grain: HOUR, timeZone: $zone) { timestamps } quarters: series(grain: QUARTER_HOUR, timeZone: $zone) { timestamps }
			} } }`, map[string]any{"id": w.names["alpha"], "zone": c.zone, "range": map[string]any{"from": c.from, "to": c.to}})
			hours, quarters := page.at("campaign", "performance", "hours", "timestamps").([]any), page.at("campaign", "performance", "quarters", "timestamps").([]any)
			if len(hours) != c.hours || len(quarters) != c.quarters || hours[2] != c.third {
				t.Errorf("%d hours and %d quarters, the third hour from %v, want %d, %d and %s", len(hours), len(quarters), hours[2], c.hours, c.quarters, c.third)
			}
		})
	}
}
