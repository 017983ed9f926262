package resolvers_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"purser/internal/campaign"
	"purser/internal/domain"
)

// One answer shows one state: the totals of a list and of a campaign, the sum of its
// series, its ledger, its newest charge and its reconciliation agree while others
// are charging.
func TestOneSnapshotOfCampaigns(t *testing.T) {
	t.Parallel()
	w := newFleet(t, 2)
	page := w.data(anaSays, `query($id: ID!) { adAccount(id: $id) { campaigns(first: 1) { nodes { id } } } }`, map[string]any{"id": w.names["fleet"]})
	charged := refOf(t, page.text("adAccount", "campaigns", "nodes", 0, "id"))
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	defer writers.Wait()
	defer stop()
	var batches atomic.Int64
	for range 4 {
		writers.Go(func() {
			for ctx.Err() == nil {
				n := batches.Add(1)
				_, err := w.campaigns.Charge(ctx, domain.Caller{Principal: "service:ads", All: true}, campaign.Charge{
					Key: fmt.Sprintf("snapshot-%06d", n), Campaign: charged, Batch: fmt.Sprintf("snapshot-%06d", n), MinuteAt: w.clock(),
					Impressions: 5, Clicks: 1, Charge: 3,
				})
				if err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	deadline, cancel := context.WithTimeout(t.Context(), waitPatience)
	defer cancel()
	for seen := map[string]bool{}; len(seen) < 20; {
		if deadline.Err() != nil {
			t.Fatalf("saw %d states, want 20: the writers wrote too little meanwhile", len(seen))
		}
		seen[w.checkOneState(t)] = true
	}
}

// checkOneState reads a page and compares all that it says of spend.
func (w adWorld) checkOneState(t *testing.T) (spent string) {
	t.Helper()
	data := w.data(anaSays, `query($id: ID!) { adAccount(id: $id) { campaigns(first: 2, range: {preset: THIS_YEAR}) {
		totals { spendNet { minor } impressions }
		nodes {
			performance(range: {preset: THIS_YEAR}) { totals { spendNet { minor } impressions } series(grain: MONTH) { spendNet } }
			ledger { consumed { minor } } reconciliation(range: {preset: THIS_YEAR}) { spend { minor } ledger { minor } difference { minor } }
		}
	} } }`, map[string]any{"id": w.names["fleet"]})
	list := object(data.at("adAccount", "campaigns").(map[string]any))
	var all, impressions int
	for i := range list.at("nodes").([]any) {
		row := object(list.at("nodes", i).(map[string]any))
		var sum, shown int
		for _, value := range row.at("performance", "series", "spendNet").([]any) {
			sum += number(t, value)
		}
		shown = number(t, row.at("performance", "totals", "spendNet", "minor"))
		for name, other := range map[string]any{
			"ledger": row.at("ledger", "consumed", "minor"), "rollup": row.at("reconciliation", "spend", "minor"), "postings": row.at("reconciliation", "ledger", "minor"),
		} {
			if number(t, other) != shown || sum != shown || row.text("reconciliation", "difference", "minor") != "0" {
				t.Fatalf("campaign %d spent %d, by its series %d, by its %s %v", i, shown, sum, name, other)
			}
		}
		all, impressions = all+shown, impressions+number(t, row.at("performance", "totals", "impressions"))
	}
	if number(t, list.at("totals", "spendNet", "minor")) != all || number(t, list.at("totals", "impressions")) != impressions {
		t.Fatalf("the list says %v, its campaigns %d and %d", list.at("totals"), all, impressions)
	}
	return list.text("totals", "spendNet", "minor")
}

// number reads a count or minor units; null is none.
func number(t *testing.T, value any) (n int) {
	t.Helper()
	if value == nil {
		return 0
	}
	if _, err := fmt.Sscan(fmt.Sprint(value), &n); err != nil {
		t.Fatalf("%v is no number: %v", value, err)
	}
	return n
}
