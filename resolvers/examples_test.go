package resolvers_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"purser/ledger"
)

// TestExamples sends each docs/examples/*.graphql, with its .vars.json if there is
// one, as the caller it names, and compares the answer with its .out. So what the
// documentation shows is what the product answers. Each runs on a market of its
// own, since examples also write.
func TestExamples(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../docs/examples/*.graphql")
	if err != nil || len(paths) < 17 {
		t.Fatalf("found %d examples: %v", len(paths), err)
	}
	for _, path := range paths {
		base := strings.TrimSuffix(path, ".graphql")
		t.Run(filepath.Base(base), func(t *testing.T) {
			t.Parallel()
			w := exampleMarket(t, filepath.Base(base))
			query := readText(t, path)
			if !strings.HasPrefix(query, "# For ") {
				t.Errorf("%s does not begin by saying for whom it is", path)
			}
			_, rest, found := strings.Cut(query, "# caller: ")
			caller, _, _ := strings.Cut(rest, "\n")
			token := cmp.Or(callers[caller], adCallers[caller])
			if !found || token == "" {
				t.Fatalf("%s names no caller", path)
			}
			variables := map[string]any{}
			if text, err := os.ReadFile(base + ".vars.json"); err == nil {
				if err := json.Unmarshal([]byte(w.named(string(text))), &variables); err != nil {
					t.Fatalf("variables: %v", err)
				}
			}
			a := w.do(token, query, variables)
			if len(a.Errors) > 0 {
				t.Errorf("an example that fails: %s", a.raw)
			}
			compareWith(t, base+".out", canonical(t, a))
			if n := w.batches.Load(); n != 0 {
				t.Errorf("%d loader batches ran, want every load a primed hit", n)
			}
		})
	}
}

// exampleMarkets are where examples are sent that are about advertising, or about
// many parties; the others are sent to newMarket.
var exampleMarkets = map[string]func(testing.TB) adWorld{
	"campaign-list": newAdMarket, "campaign-detail": newAdMarket, "create-and-fund-campaign": newAdMarket,
	"set-campaign-statuses": newAdMarket, "record-click-charges": newAdMarket, "campaign-charge-journal": newAdMarket,
	"settle-bid": newBid, "wallet-holds": newBids, "agency-transfer": newShared,
	"spend-by-product": newCrowd, "wallet-flows": newCrowd,
}

func exampleMarket(t testing.TB, example string) *world {
	t.Helper()
	if market, known := exampleMarkets[example]; known {
		return market(t).world
	}
	return newMarket(t)
}

// newBids is newMarket with a bid that was lost, a limit per day, and a bid that waits.
func newBids(t testing.TB) adWorld {
	t.Helper()
	w := newMarket(t)
	lost := w.place(w.names["wallet"], 12, w.clock().Add(7*24*time.Hour))
	w.mutate(serviceToken, releaseMutation, map[string]any{"idempotencyKey": w.key(), "holdId": lost})
	w.mutate(serviceToken, limitMutation, map[string]any{"idempotencyKey": w.key(), "walletId": w.names["wallet"], "window": "DAY", "maximum": 60})
	w.place(w.names["wallet"], 30, w.clock().Add(7*24*time.Hour))
	return adWorld{w}
}

// Parties of newCrowd: that many do it, the first of them.
const (
	crowdProfiles   = 25 // boost a profile, with Connects
	crowdProjects   = 22 // promote a project too, with Connects
	crowdJobs       = 20 // promote a job too, with deposited dollars
	crowdProposals  = 23 // send a proposal
	crowdComplaints = 4  // are compensated for something
)

// crowdPlans are the campaigns of the parties of newCrowd, in the order above.
var crowdPlans = []plan{
	{"Profile", "BOOSTED_PROFILE", "DAILY", "", 5, 20, 30},
	{"Project", "PROMOTED_PROJECT", "DAILY", "", 8, 40, 40},
	{"Job", "PROMOTED_JOB", "LIFETIME", "", 90, 3000, 2000},
}

// newCrowd is a market with enough parties for figures that product managers may
// see: freelancers who buy Connects and advertise, in one week and the next.
func newCrowd(t testing.TB) adWorld {
	t.Helper()
	w := adWorld{newWorld(t)}
	var campaigns, wallets []string
	var bids []int
	for n := range crowdProfiles {
		who, name := party(uint64(200+n)), fmt.Sprint("Freelancer ", n)
		wallet := w.openParty(who, "IN", "Asia/Kolkata")
		wallets = append(wallets, wallet)
		w.purchase(wallet, 80, 1200)
		owner := map[string]any{"partyId": who.String()}
		account := w.openAds(owner, "IN", "Asia/Kolkata", name, wallet)
		for i, p := range crowdPlans {
			if n >= []int{crowdProfiles, crowdProjects, crowdJobs}[i] {
				continue
			}
			if p.product == "PROMOTED_JOB" {
				account = w.openAds(owner, "IN", "Asia/Kolkata", name+" hires", "")
				w.deposit(account, 5000)
			}
			campaign := w.create(sayOf(who), account, p)
			w.move(sayOf(who), campaign, "ENABLED")
			campaigns, bids = append(campaigns, campaign), append(bids, p.bid)
		}
	}
	w.crowdWeek(campaigns, bids, 0)
	w.wait(7 * 24 * time.Hour)
	for n, wallet := range wallets {
		w.grant(wallet, "PROMO", 10)
		if n < crowdProposals {
			w.spend(sayOf(party(uint64(200+n))), wallet, 8)
		}
		if n < crowdComplaints {
			w.grant(wallet, "COMPENSATION", 6)
		}
	}
	w.crowdWeek(campaigns, bids, 1)
	w.wait(7 * 24 * time.Hour)
	return w
}

func sayOf(freelancer ledger.ID) string { return freelancer.String() + " FREELANCER" }

// crowdWeek charges every campaign of newCrowd once, in the second week for more.
func (w adWorld) crowdWeek(campaigns []string, bids []int, week int) {
	w.t.Helper()
	w.wait(time.Hour)
	for n, campaign := range campaigns {
		clicked := 2 + week
		w.record(campaign, w.clock(), clicks{impressions: 40 + n + 30*week, clicks: clicked, charge: clicked*(bids[n]-1) + week})
	}
}
