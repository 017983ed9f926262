package campaign_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/wallet"
	"purser/ledger"
)

// trial is the book's trial balance as people write it: what each class holds on
// its normal side, classes that hold nothing left out.
func (w *world) trial() map[string]int64 {
	balances := map[string]int64{}
	for _, line := range w.store.Snapshot(w.wallet.Book).Trial {
		balances[line.Class+" "+string(line.Commodity)] += line.Credits - line.Debits
	}
	for line, balance := range balances {
		if balance == 0 {
			delete(balances, line)
		}
	}
	return balances
}

func (w *world) wantTrial(after string, want map[string]int64) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.trial()); diff != "" {
		w.t.Errorf("trial balance after %s, credits positive (-want +got):\n%s", after, diff)
	}
}

func (w *world) wantTotals(ref campaign.Ref, want campaign.Totals) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.store.campaign(ref).Totals); diff != "" {
		w.t.Errorf("totals (-want +got):\n%s", diff)
	}
}

// Rows 5, 6 and 8 of the chart of entries: a campaign in Connects.
func TestCampaignInConnects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(500)
	purchased := map[string]int64{
		"ISSUED:PURCHASE CNX": -500, "WALLET:*:AVAILABLE CNX": 500, "1010 USD": -7500, "2000 USD": 7500,
	}
	w.wantTrial("a purchase", purchased)

	ref := w.create(w.connects, 160)
	w.become(ref, campaign.StatusEnabled)
	w.wantTrial("row 5", map[string]int64{
		"ISSUED:PURCHASE CNX": -500, "WALLET:*:AVAILABLE CNX": 340, "CAMPAIGN:*:ESCROW CNX": 160, "1010 USD": -7500, "2000 USD": 7500,
	})

	row := w.charge(ref, 14, 42)
	if row.Billed != 42 || row.Unbilled != 0 || row.BillableClicks != 14 || !row.MinuteAt.Equal(midday) {
		t.Errorf("charged %+v, want 42 for 14 clicks", row)
	}
	w.wantTrial("row 6", map[string]int64{
		"ISSUED:PURCHASE CNX": -500, "WALLET:*:AVAILABLE CNX": 340, "CAMPAIGN:*:ESCROW CNX": 118, "CONSUMED:PROFILE_ADS CNX": 42,
		"1010 USD": -7500, "2000 USD": 7500 - 630, "4020 USD": 630,
	})
	w.wantTotals(ref, campaign.Totals{Funded: 160, Consumed: 42})

	w.become(ref, campaign.StatusEnded)
	w.wantTrial("row 8", map[string]int64{
		"ISSUED:PURCHASE CNX": -500, "WALLET:*:AVAILABLE CNX": 458, "CONSUMED:PROFILE_ADS CNX": 42,
		"1010 USD": -7500, "2000 USD": 7500 - 630, "4020 USD": 630,
	})
	w.wantTotals(ref, campaign.Totals{Funded: 160, Consumed: 42, Released: 118})

	late := w.charge(ref, 2, 6)
	if late.Billed != 0 || late.Unbilled != 6 || late.BillableClicks != 0 {
		t.Errorf("late clicks charged %+v, want all unbilled", late)
	}
	w.wantTotals(ref, campaign.Totals{Funded: 160, Consumed: 42, Released: 118, Unbilled: 6})
}

// Rows 16, 16b and 16c: a campaign in prepaid money.
func TestCampaignInMoney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deposit(5000, 175)
	w.wantTrial("row 16", map[string]int64{"1010 USD": -4825, "5000 USD": -175, "2010:* USD": 5000})

	ref := w.create(w.prepaid, 0)
	funded, err := w.Fund(t.Context(), w.advertiser(), campaign.Fund{Key: w.key(), Campaign: ref, Amount: 2000})
	w.must(funded.Outcome, err)
	w.wantTrial("row 16b", map[string]int64{"1010 USD": -4825, "5000 USD": -175, "2010:* USD": 3000, "2010:*:ESCROW USD": 2000})

	row := w.charge(ref, 14, 420)
	if row.Billed != 420 || row.BillableClicks != 14 {
		t.Errorf("charged %+v, want 4.20 for 14 clicks", row)
	}
	w.wantTrial("row 16c", map[string]int64{
		"1010 USD": -4825, "5000 USD": -175, "2010:* USD": 3000, "2010:*:ESCROW USD": 1580, "4020 USD": 420,
	})

	released, err := w.Release(t.Context(), w.advertiser(), campaign.Release{Key: w.key(), Campaign: ref, Amount: 80})
	w.must(released.Outcome, err)
	w.become(ref, campaign.StatusEnded)
	w.wantTrial("the end", map[string]int64{"1010 USD": -4825, "5000 USD": -175, "2010:* USD": 4580, "4020 USD": 420})
	w.wantTotals(ref, campaign.Totals{Funded: 2000, Consumed: 420, Released: 1580})
}

func TestChargeBillsWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deposit(10_000, 0)
	w.purchase(100)
	for name, account := range map[string]campaign.Ref{"connects": w.connects, "money": w.prepaid} {
		ref := w.create(account, 100)
		first, second := w.charge(ref, 7, 70), w.charge(ref, 7, 70)
		if first.Billed != 70 || second.Billed != 30 || second.Unbilled != 40 {
			t.Errorf("%s: billed %d and %d of two charges of 70 on 100", name, first.Billed, second.Billed)
		}
		if second.BillableClicks != 3 {
			t.Errorf("%s: %d billable clicks, want 3: 30 pays for three at 10", name, second.BillableClicks)
		}
		if third := w.charge(ref, 1, 10); third.Billed != 0 || third.Unbilled != 10 {
			t.Errorf("%s: billed %d on nothing", name, third.Billed)
		}
		if quiet := w.charge(ref, 0, 0); quiet.Impressions != 100 || quiet.Billed != 0 {
			t.Errorf("%s: a minute without clicks charged %+v", name, quiet)
		}
		w.wantTotals(ref, campaign.Totals{Funded: 100, Consumed: 100, Unbilled: 50})
	}
}

func TestProjectionsOfACharge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(100)
	w.deposit(100, 0)
	w.clock.Advance(12*time.Hour + 7*time.Minute + 31*time.Second) // 05:07:31 UTC: a new day in New York as well
	w.charge(w.create(w.connects, 50), 6, 60)
	w.charge(w.create(w.prepaid, 100), 2, 20)

	if len(w.store.spend) != 1 {
		t.Fatalf("wallet spend %+v, want that of Connects alone", w.store.spend)
	}
	spent := w.store.spend[0]
	want := wallet.SpendRow{
		Wallet: w.wallet.ID, BucketAt: time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC), Product: campaign.ProductProfileAds,
		InitiatedBy: "service:test", Consumed: 50,
	}
	if diff := cmp.Diff(want, spent); diff != "" {
		t.Errorf("wallet spend (-want +got):\n%s", diff)
	}
	if len(w.store.rollups) != 2 {
		t.Fatalf("got %d rollups, want 2", len(w.store.rollups))
	}
	rollup := w.store.rollups[0]
	if rollup.Day != (ledger.Date{Year: 2026, Month: 11, Day: 24}) || !rollup.BucketAt.Equal(time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)) {
		t.Errorf("rollup at %s on %s, want 05:00 UTC on 24 November", rollup.BucketAt, rollup.Day)
	}
	if rollup.Impressions != 600 || rollup.Clicks != 6 || rollup.BillableClicks != 5 || rollup.SpendGross != 50 || rollup.Unbilled != 10 || rollup.Credits != 0 {
		t.Errorf("rollup %+v, want 600 impressions, 6 clicks, 5 billable, 50 spent, 10 unbilled", rollup)
	}
}
