package market_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/finance"
	"purser/internal/market"
	"purser/internal/wallet"
	"purser/ledger"
)

func TestRulesHoldEveryDomain(t *testing.T) {
	t.Parallel()
	rules := market.Rules()
	for _, template := range slices.Concat(wallet.Templates(), campaign.Templates(), finance.Templates()) {
		if got, found := rules.TemplateVersion(template.Name, template.Version); !found || got.Name != template.Name {
			t.Errorf("version %d of template %s is missing", template.Version, template.Name)
		}
	}
	for _, class := range append(wallet.Chart(), campaign.Chart()...) {
		if got, found := rules.Class(class.Name); !found || got != class {
			t.Errorf("class %s is missing", class.Name)
		}
	}
}

// What a wallet's units are consumed for is told by the account they end in.
func TestConnectsOfCampaignsAreConsumedForAProduct(t *testing.T) {
	t.Parallel()
	class, found := market.Rules().Class("CONSUMED:" + campaign.ProductProfileAds)
	if !found || class.Normal != ledger.Credit {
		t.Errorf("class %+v, %t, want one that credits increase", class, found)
	}
}

// charged is a journal that charged clicks to an empty campaign.
func charged(zone string) *ledger.Delta {
	return &ledger.Delta{Journal: ledger.Journal{
		ID: ledger.ID{1}, EffectiveAt: time.Date(2026, 3, 8, 4, 59, 0, 0, time.UTC),
		Arguments: ledger.Arguments(nil).ID(campaign.ArgCampaign, ledger.ID{2}).Amount(campaign.ArgCharge, 60).Amount(campaign.ArgClicks, 2).
			Amount(campaign.ArgImpressions, 90).Text(campaign.ArgBatch, "b").Text(campaign.ArgTimeZone, zone),
	}}
}

func TestRollupOf(t *testing.T) {
	t.Parallel()
	want := analytics.Rollup{
		Campaign: ledger.ID{2}, BucketAt: time.Date(2026, 3, 8, 4, 45, 0, 0, time.UTC), Day: ledger.Date{Year: 2026, Month: 3, Day: 7},
		Impressions: 90, Clicks: 2, Unbilled: 60,
	}
	got, ok := market.RollupOf(charged("America/New_York"))
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("RollupOf (-want +got), %t:\n%s", ok, diff)
	}
	if got, ok := market.RollupOf(&ledger.Delta{}); ok {
		t.Errorf("RollupOf of a fact = %+v, want none", got)
	}
}

func TestRollupOfAZoneThatDoesNotExistIsABug(t *testing.T) {
	t.Parallel()
	defer func() {
		if broken, _ := recover().(string); !strings.Contains(broken, "I22") {
			t.Errorf("recovered %q, want the invariant's number", broken)
		}
	}()
	market.RollupOf(charged("Mars/Olympus"))
}

func TestProjectionsWriteNothingForAFact(t *testing.T) {
	t.Parallel()
	kinds := map[string]bool{}
	for _, effect := range market.Projections() {
		kinds[effect.Kind()] = true
		if row := effect.Row(&ledger.Delta{}); row != nil {
			t.Errorf("%s of a fact writes %+v", effect.Kind(), row)
		}
	}
	if !kinds[wallet.EffectSpend] || !kinds[analytics.EffectRollup] || len(kinds) != 2 {
		t.Errorf("kinds %v, want the wallets' spend and the rollups", kinds)
	}
}
