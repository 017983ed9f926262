package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"purser/internal/campaign"
	"purser/internal/market"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/ledger"
)

// openProcess is what one server has: connections, a store and a ledger of its own.
func openProcess(t *testing.T, pg *pgtest.DB) (*advertisers, *postgres.DB) {
	t.Helper()
	db := openDB(t, pg.AppURL)
	rules := market.Rules()
	l := ledger.New(ledger.Config{Rules: rules, Store: db.NewStore(rules), Clock: time.Now})
	t.Cleanup(func() {
		if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the ledger: %v", err)
		}
	})
	return newAdvertisers(t, db, l), db
}

// verified fails the test unless every invariant holds.
func verified(t *testing.T, db *postgres.DB) {
	t.Helper()
	checks, err := db.Verify(t.Context(), market.Rules())
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		if check.Note == "" && !check.OK {
			t.Errorf("%s: %s", check.Invariant, check.Counterexample)
		}
	}
}

// spent is what a campaign is said to have spent, in each place that says so.
type spent struct{ Counter, Charges, Quarters, Days, Posted, Left, Unbilled int64 }

func (s spent) of(t *testing.T, pg *pgtest.DB, of campaign.Ref) spent {
	t.Helper()
	if err := connect(t, pg.SuperURL).QueryRow(t.Context(), `
		SELECT c.consumed, (SELECT sum(billed)::bigint FROM click_charges WHERE campaign_id = $1),
			(SELECT sum(spend_gross - credits)::bigint FROM ad_rollups_15m WHERE campaign_id = $1),
			(SELECT sum(spend_gross - credits)::bigint FROM ad_rollups_daily WHERE campaign_id = $1), b.debits, b.credits - b.debits, c.unbilled
		FROM campaigns c JOIN accounts a ON a.code LIKE '%' || c.campaign_id || ':ESCROW'
		JOIN account_balances b ON b.book_id = a.book_id AND b.account_id = a.account_id
		WHERE c.campaign_id = $1`, of.ID).Scan(&s.Counter, &s.Charges, &s.Quarters, &s.Days, &s.Posted, &s.Left, &s.Unbilled); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestChargersShareAnEscrow lets 64 chargers of two processes empty an escrow of
// 100 units: they bill exactly those, and verification finds nothing, also while
// they run.
func TestChargersShareAnEscrow(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*advertisers) campaign.Ref{
		"connects": func(a *advertisers) campaign.Ref { return a.connects("Asia/Kathmandu", 150) },
		"dollars":  func(a *advertisers) campaign.Ref { return a.money("America/New_York", 150) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const chargers, each, escrow = 64, 4, 100
			pg := pgtest.New(t)
			first, db := openProcess(t, pg)
			second, _ := openProcess(t, pg)
			of := first.create(open(first), "Shared", escrow)
			var charged int64
			var charging sync.WaitGroup
			for i := range chargers {
				process := []*advertisers{first, second}[i%2]
				for range each {
					charged += int64(1 + i%5)
				}
				charging.Go(func() {
					for range each {
						result, err := process.campaigns.Charge(t.Context(), service, clicksOf(of, int64(1+i%5), time.Minute))
						if err != nil || result.Outcome.Refusal != nil {
							t.Errorf("charge: %v, %v", err, result.Outcome.Refusal)
						}
					}
				})
			}
			finished := make(chan struct{})
			go func() { charging.Wait(); close(finished) }()
			for running := true; running; {
				select {
				case <-finished:
					running = false // and once more, over all of it
				default:
				}
				verified(t, db)
			}
			want := spent{Counter: escrow, Charges: escrow, Quarters: escrow, Days: escrow, Posted: escrow, Left: 0, Unbilled: charged - escrow}
			if got := (spent{}).of(t, pg, of); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// TestNameIsTakenOnce lets callers of two processes create campaigns of one name:
// one is accepted and the others are refused, and no constraint has to say so.
func TestNameIsTakenOnce(t *testing.T) {
	t.Parallel()
	const callers = 32
	pg := pgtest.New(t)
	first, db := openProcess(t, pg)
	second, _ := openProcess(t, pg)
	account := first.money("Europe/Berlin", 100)
	var mu sync.Mutex
	var accepted []ledger.ID
	var creating sync.WaitGroup
	for i := range callers {
		process, name := []*advertisers{first, second}[i%2], []string{"Spring Sale", " spring  SALE "}[i/2%2]
		creating.Go(func() {
			result, err := process.campaigns.Create(t.Context(), service, adFor(account, name))
			var refused *ledger.GuardFailedError
			switch {
			case err != nil:
				t.Errorf("create: %v", err)
			case result.Outcome.Refusal == nil:
				mu.Lock()
				defer mu.Unlock()
				accepted = append(accepted, result.Campaign.ID)
			case !errors.As(result.Outcome.Refusal, &refused) || refused.Reason != campaign.ReasonNameTaken:
				t.Errorf("create: refused by %v, want %s", result.Outcome.Refusal, campaign.ReasonNameTaken)
			}
		})
	}
	creating.Wait()
	if len(accepted) != 1 {
		t.Errorf("%d campaigns have the name, want 1", len(accepted))
	}
	verified(t, db)
}
