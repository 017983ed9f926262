package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// midday is when every story begins: a day of 24 hours in New York.
var midday = time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)

const newYork = "America/New_York"

// world is a marketplace in memory with one advertiser, who has a wallet and an ad
// account in CNX and one in USD.
type world struct {
	*campaign.Service
	t        *testing.T
	wallets  *wallet.Service
	ledger   *ledger.Ledger
	store    *store
	clock    *clock
	keys     *atomic.Int64
	newID    func() ledger.ID
	party    ledger.ID
	wallet   wallet.Ref
	connects campaign.Ref
	prepaid  campaign.Ref
}

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// service may do everything, the advertiser what an owner may.
var service = domain.Caller{Principal: "service:test", All: true}

func (w *world) advertiser() domain.Caller {
	return domain.Caller{Principal: "party:" + w.party.String(), Party: w.party, OwnAdAccounts: true, OwnWallets: true}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	commands := &ledgertest.Commands{}
	w := &world{t: t, keys: new(atomic.Int64), newID: commands.NewID, store: newStore(), clock: &clock{now: midday}, party: ledger.ID{0: 9, 15: 1}}
	w.ledger = ledger.New(ledger.Config{Rules: market.Rules(), Store: w.store, Clock: w.clock.Now, InjectedClock: true})
	w.wallets = wallet.NewService(w.ledger, w.store, w.clock.Now, commands.NewID)
	w.Service = campaign.NewService(campaign.Config{
		Ledger: w.ledger, Directory: w.store, Clock: w.clock.Now, NewID: commands.NewID, Projections: market.Projections(),
	})
	t.Cleanup(w.close)
	opened, err := w.wallets.Open(t.Context(), service, wallet.Open{
		Key: w.key(), Owner: w.party, OwnerKind: domain.OwnerParty, Kind: wallet.KindFreelancer, Jurisdiction: "US", TimeZone: newYork,
	})
	w.must(opened.Outcome, err)
	w.wallet = opened.Wallet
	w.connects = w.openAdAccount(ledger.CNX)
	w.prepaid = w.openAdAccount(ledger.USD)
	return w
}

// in returns the same world for a subtest to fail on.
func (w *world) in(t *testing.T) *world {
	t.Helper()
	same := *w
	same.t = t
	return &same
}

// close checks what every story must leave behind: the ledger's invariants, and that
// every row about campaigns can be made again from the journals alone (I22).
func (w *world) close() {
	if err := w.ledger.Close(context.Background()); err != nil {
		w.t.Errorf("close the ledger: %v", err)
	}
	snapshot := w.store.Snapshot(w.wallet.Book)
	for _, err := range snapshot.Check(market.Rules()) {
		w.t.Error(err)
	}
	w.checkEscrows(snapshot)
	totals, charges, rollups := w.replay(snapshot)
	for id, row := range w.store.campaigns {
		if w.store.books[id] == w.wallet.Book && totals[id] != row.Totals {
			w.t.Errorf("campaign %q counts %+v, its journals say %+v (I22)", row.Name, row.Totals, totals[id])
		}
	}
	if diff := cmp.Diff(charges, w.store.charges); diff != "" {
		w.t.Errorf("charges by the journals and as written (I22):\n%s", diff)
	}
	if diff := cmp.Diff(rollups, w.store.rollups); diff != "" {
		w.t.Errorf("rollups by the journals and as written (I22):\n%s", diff)
	}
}

func (w *world) checkEscrows(snapshot ledgertest.Snapshot) {
	balances := map[ledger.ID]int64{}
	for _, account := range snapshot.Accounts {
		balances[account.Account.ID] = account.Balance.On(ledger.Credit)
	}
	for id, row := range w.store.campaigns {
		commodity := w.store.account(row.AdAccount).Commodity
		escrow := balances[ledger.AccountID(w.wallet.Book, campaign.EscrowCode(id, commodity), commodity)]
		if got := row.Totals.Remaining(); w.store.books[id] == w.wallet.Book && got != escrow {
			w.t.Errorf("campaign %q counts %d remaining, its escrow holds %d", row.Name, got, escrow)
		}
	}
}

func (w *world) replay(snapshot ledgertest.Snapshot) (map[ledger.ID]campaign.Totals, map[ledger.ID]campaign.ChargeRow, []analytics.Rollup) {
	totals, charges := map[ledger.ID]campaign.Totals{}, map[ledger.ID]campaign.ChargeRow{}
	var rollups []analytics.Rollup
	rules, state := market.Rules(), ledger.NewState(w.wallet.Book)
	for _, journal := range snapshot.Journals {
		delta, err := rules.Replay(state, journal)
		if err != nil {
			w.t.Fatal(err)
		}
		if row, ok := campaign.TotalsOf(delta); ok {
			sum := totals[row.Campaign]
			totals[row.Campaign] = campaign.Totals{
				Funded: sum.Funded + row.Funded, Released: sum.Released + row.Released, Consumed: sum.Consumed + row.Consumed,
				Credited: sum.Credited + row.Credited, Unbilled: sum.Unbilled + row.Unbilled,
			}
		}
		if row, ok := campaign.ChargeRowOf(delta); ok {
			charges[row.Journal] = row
		}
		if row, ok := market.RollupOf(delta); ok {
			rollups = append(rollups, row)
		}
	}
	return totals, charges, rollups
}

func (w *world) key() string { return fmt.Sprintf("key-%06d", w.keys.Add(1)) }

func (w *world) openAdAccount(commodity ledger.Commodity) campaign.Ref {
	w.t.Helper()
	in := campaign.OpenAdAccount{
		Key: w.key(), Owner: w.party, OwnerKind: domain.OwnerParty, Jurisdiction: "US", Name: "Ads in " + string(commodity),
		Commodity: commodity, TimeZone: newYork,
	}
	if commodity == ledger.CNX {
		in.Wallet = campaign.Ref{Book: w.wallet.Book, ID: w.wallet.ID}
	}
	result, err := w.OpenAdAccount(w.t.Context(), service, in)
	w.must(result.Outcome, err)
	return result.AdAccount
}

// must fails the test unless a command was accepted.
func (w *world) must(outcome ledger.Outcome, err error) {
	w.t.Helper()
	if err != nil || outcome.Refusal != nil {
		w.t.Fatalf("got %v, %v, want it accepted", outcome.Refusal, err)
	}
}

// refused returns the facts of a refusal by a guard, with this reason.
func (w *world) refused(reason string, result campaign.Result, err error) ledger.Arguments {
	w.t.Helper()
	var failed *ledger.GuardFailedError
	if err != nil || !errors.As(result.Outcome.Refusal, &failed) || failed.Reason != reason {
		w.t.Fatalf("got %v, %v, want it refused with %s", result.Outcome.Refusal, err, reason)
	}
	return failed.Detail
}

// purchase buys Connects at 15 cents each.
func (w *world) purchase(quantity int64) {
	w.t.Helper()
	key := w.key()
	result, err := w.wallets.Purchase(w.t.Context(), service, wallet.Purchase{
		Key: key, Wallet: w.wallet, Quantity: quantity, Price: 15 * quantity, Currency: ledger.USD, Reference: key,
	})
	w.must(result.Outcome, err)
}

// deposit pays into the ad account in USD.
func (w *world) deposit(amount, fee int64) {
	w.t.Helper()
	key := w.key()
	result, err := w.Deposit(w.t.Context(), service, campaign.Deposit{
		Key: key, AdAccount: w.prepaid, Amount: amount, Fee: fee, Currency: ledger.USD, Reference: key,
	})
	w.must(result.Outcome, err)
}

// plan is a campaign that could be created in an ad account.
func (w *world) plan(account campaign.Ref) campaign.Create {
	key := w.key()
	return campaign.Create{
		Key: key, AdAccount: account, Name: "Campaign " + key, Product: campaign.ProductProfile,
		Ad:       campaign.Ad{Type: campaign.EntityProfile, ID: ledger.ID{0: 5, 15: 1}},
		Schedule: campaign.Schedule{StartsAt: w.clock.Now()}, BidMinor: 30, Budget: campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: 1000},
	}
}

// create creates a campaign with funds.
func (w *world) create(account campaign.Ref, funds int64) campaign.Ref {
	w.t.Helper()
	in := w.plan(account)
	in.FundMinor = funds
	result, err := w.Create(w.t.Context(), w.advertiser(), in)
	w.must(result.Outcome, err)
	return result.Campaign
}

func (w *world) setStatus(ref campaign.Ref, status campaign.Status) (campaign.Result, error) {
	w.t.Helper()
	return w.SetStatus(w.t.Context(), w.advertiser(), campaign.SetStatus{Key: w.key(), Campaign: ref, Status: status})
}

// become moves a campaign through statuses.
func (w *world) become(ref campaign.Ref, statuses ...campaign.Status) {
	w.t.Helper()
	for _, status := range statuses {
		result, err := w.setStatus(ref, status)
		w.must(result.Outcome, err)
	}
}

// charge reports clicks of this minute and returns what became of them.
func (w *world) charge(ref campaign.Ref, clicks, charge int64) campaign.ChargeRow {
	w.t.Helper()
	result, err := w.Charge(w.t.Context(), service, campaign.Charge{
		Key: w.key(), Campaign: ref, Batch: w.key(), MinuteAt: w.clock.Now(), Impressions: 100 * max(clicks, 1), Clicks: clicks, Charge: charge,
	})
	w.must(result.Outcome, err)
	return w.store.charge(result.Outcome.Journal)
}

// update changes a campaign at its version.
func (w *world) update(ref campaign.Ref, change func(*campaign.Update)) (campaign.Result, error) {
	w.t.Helper()
	in := campaign.Update{Key: w.key(), Campaign: ref, Version: w.store.campaign(ref).Version}
	change(&in)
	return w.Update(w.t.Context(), w.advertiser(), in)
}

func daily(amount int64) *campaign.Budget {
	return &campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: amount}
}

func lifetime(amount int64) *campaign.Budget {
	return &campaign.Budget{Type: campaign.BudgetLifetime, AmountMinor: amount}
}
