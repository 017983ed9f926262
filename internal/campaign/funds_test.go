package campaign_test

import (
	"errors"
	"math"
	"math/big"
	"sync"
	"testing"
	"time"

	"purser/internal/campaign"
	"purser/internal/wallet"
	"purser/ledger"
)

func (w *world) fund(ref campaign.Ref, amount int64) (campaign.Result, error) {
	w.t.Helper()
	return w.Fund(w.t.Context(), w.advertiser(), campaign.Fund{Key: w.key(), Campaign: ref, Amount: amount})
}

func (w *world) release(ref campaign.Ref, amount int64) (campaign.Result, error) {
	w.t.Helper()
	return w.Release(w.t.Context(), w.advertiser(), campaign.Release{Key: w.key(), Campaign: ref, Amount: amount})
}

func TestFundNeedsFundsAndACampaignThatHasNotEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(10)
	w.deposit(10, 0)
	for name, account := range map[string]campaign.Ref{"connects": w.connects, "money": w.prepaid} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := w.in(t)
			ref := w.create(account, 0)
			result, err := w.fund(ref, 11)
			var short *ledger.InsufficientFundsError
			if err != nil || !errors.As(result.Outcome.Refusal, &short) || short.Required != 11 || short.Available != 10 {
				t.Errorf("got %v, %v, want 11 required and 10 available", result.Outcome.Refusal, err)
			}
			for _, status := range []campaign.Status{campaign.StatusEnded, campaign.StatusArchived} {
				w.become(ref, status)
				result, err = w.fund(ref, 1)
				if facts := w.refused(campaign.ReasonCampaignEnded, result, err); facts.TextOf(campaign.FactStatus) != string(status) {
					t.Errorf("facts %+v, want %s", facts, status)
				}
			}
		})
	}
}

func TestReleaseInAnyStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(1000)
	w.deposit(1000, 0)
	for _, account := range []campaign.Ref{w.connects, w.prepaid} {
		for status, path := range paths {
			t.Run(string(w.store.account(account.ID).Commodity)+"_"+string(status), func(t *testing.T) {
				t.Parallel()
				w := w.in(t)
				ref := w.create(account, 20)
				w.become(ref, path...)
				if w.store.campaign(ref).Totals.Remaining() == 0 { // ended: nothing is left
					result, err := w.release(ref, 1)
					if err != nil || !errors.Is(result.Outcome.Refusal, ledger.ErrInsufficientFunds) {
						t.Errorf("got %v, %v, want insufficient funds", result.Outcome.Refusal, err)
					}
				} else {
					part, err := w.release(ref, 5)
					w.must(part.Outcome, err)
					if got := w.store.campaign(ref).Totals.Remaining(); got != 15 {
						t.Errorf("%d remaining, want 15", got)
					}
				}
				rest, err := w.release(ref, 0)
				w.must(rest.Outcome, err)
				if got := w.store.campaign(ref).Totals; got != (campaign.Totals{Funded: 20, Released: 20}) {
					t.Errorf("totals %+v, want all 20 released", got)
				}
			})
		}
	}
}

func TestFrozenWalletFundsNothingAndTakesBackEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.purchase(100)
	ref, ending := w.create(w.connects, 20), w.create(w.connects, 20)
	frozen, err := w.wallets.Freeze(t.Context(), service, wallet.Freeze{Key: w.key(), Wallet: w.wallet, Reason: "DISPUTE"})
	w.must(frozen.Outcome, err)

	result, err := w.fund(ref, 1)
	if err != nil || !errors.Is(result.Outcome.Refusal, ledger.ErrAccountFrozen) {
		t.Errorf("fund: got %v, %v, want the wallet frozen", result.Outcome.Refusal, err)
	}
	in := w.plan(w.connects)
	in.FundMinor = 1
	result, err = w.Create(t.Context(), w.advertiser(), in)
	if err != nil || !errors.Is(result.Outcome.Refusal, ledger.ErrAccountFrozen) {
		t.Errorf("create with funds: got %v, %v, want the wallet frozen", result.Outcome.Refusal, err)
	}
	if row := w.charge(ref, 2, 6); row.Billed != 6 {
		t.Errorf("billed %d, want 6: the clicks have happened", row.Billed)
	}
	result, err = w.release(ref, 0)
	w.must(result.Outcome, err)
	w.become(ending, campaign.StatusEnded)
	if released := w.store.campaign(ref).Totals.Released + w.store.campaign(ending).Totals.Released; released != 34 {
		t.Errorf("released %d, want 34", released)
	}
}

func TestChargeInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deposit(1000, 0)
	ref := w.create(w.prepaid, 1000)
	w.clock.Advance(30 * time.Second)
	now := w.clock.Now()
	charge := func(batch string, at time.Time) (campaign.Result, error) {
		return w.Charge(t.Context(), service, campaign.Charge{
			Key: w.key(), Campaign: ref, Batch: batch, MinuteAt: at, Impressions: 1, Clicks: 1, Charge: 1,
		})
	}
	for batch, at := range map[string]time.Time{"now": now, "a day late": now.Add(-25 * time.Hour), "in the last minute": now.Add(-120*time.Hour - 30*time.Second)} {
		result, err := charge(batch, at)
		w.must(result.Outcome, err)
	}
	result, err := charge("too late", now.Add(-120*time.Hour-31*time.Second))
	facts := w.refused(campaign.ReasonChargeTooLate, result, err)
	if got, want := facts.TimeOf(campaign.FactNotBefore), midday.Add(-120*time.Hour); !got.Equal(want) {
		t.Errorf("not before %s, want %s", got, want)
	}
	result, err = charge("now", now)
	var done *ledger.AlreadyDoneError
	if err != nil || !errors.As(result.Outcome.Refusal, &done) {
		t.Errorf("got %v, %v, want the batch charged once, whatever the key", result.Outcome.Refusal, err)
	}
	ref = w.create(w.prepaid, 0)
	result, err = charge("now", now) // another campaign's batch of that name
	w.must(result.Outcome, err)
}

func TestChargeReplaysOnceItIsTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deposit(100, 0)
	in := campaign.Charge{
		Key: w.key(), Campaign: w.create(w.prepaid, 100), Batch: "b", MinuteAt: midday.Add(-119 * time.Hour), Impressions: 9, Clicks: 3, Charge: 150,
	}
	first, err := w.Charge(t.Context(), service, in)
	w.must(first.Outcome, err)
	w.clock.Advance(48 * time.Hour)
	again, err := w.Charge(t.Context(), service, in)
	w.must(again.Outcome, err)
	if row := w.store.charge(again.Outcome.Journal); !again.Outcome.Replayed || row.Billed != 100 || row.Unbilled != 50 || row.BillableClicks != 2 {
		t.Errorf("replayed %t with %+v, want the charge of the first time", again.Outcome.Replayed, row)
	}
}

func TestBillableClicksRoundUp(t *testing.T) {
	t.Parallel()
	counts := []int64{0, 1, 2, 3, 7, 1 << 31, 1<<32 - 1, 1<<53 - 1, 1 << 62, math.MaxInt64 - 1, math.MaxInt64}
	for _, clicks := range counts {
		for _, charge := range counts {
			for _, billed := range counts {
				if billed > charge {
					continue
				}
				want := new(big.Int)
				if charge > 0 {
					product := new(big.Int).Mul(big.NewInt(clicks), big.NewInt(billed))
					want.Div(product.Add(product, big.NewInt(charge-1)), big.NewInt(charge))
				}
				if got := campaign.BillableClicks(clicks, billed, charge); got != want.Int64() {
					t.Errorf("%d clicks with %d of %d billed: %d billable, want %s", clicks, billed, charge, got, want)
				}
			}
		}
	}
}

func TestBillableClicksOfHugeCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deposit(1<<53-1, 0)
	const most = 1_000_000_000_000
	ref := w.create(w.prepaid, most-1)
	row := w.charge(ref, 10_000_000_000, most) // their product has 73 bits
	if row.Billed != most-1 || row.Unbilled != 1 || row.BillableClicks != 10_000_000_000 {
		t.Errorf("charged %+v, want the last click paid in part", row)
	}
}

func TestUnbilledStaysWithin64Bits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.create(w.prepaid, 0)
	row := w.store.campaign(ref)
	row.Totals.Unbilled = math.MaxInt64 - 5
	w.store.setCampaign(ref.Book, row)
	if charged := w.charge(ref, 1, 5); charged.Unbilled != 5 {
		t.Errorf("unbilled %d, want 5", charged.Unbilled)
	}
	result, err := w.Charge(t.Context(), service, campaign.Charge{
		Key: w.key(), Campaign: ref, Batch: "b", MinuteAt: midday, Clicks: 1, Charge: 1,
	})
	w.refused(campaign.ReasonOverflow, result, err)

	row = w.store.campaign(ref) // as its journals say
	row.Totals.Unbilled = 5
	w.store.setCampaign(ref.Book, row)
}

func TestConcurrentChargersNeverBillMoreThanThereIs(t *testing.T) {
	t.Parallel()
	for _, commodity := range []ledger.Commodity{ledger.CNX, ledger.USD} {
		t.Run(string(commodity), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.purchase(150)
			w.deposit(150, 0)
			account := w.connects
			if commodity == ledger.USD {
				account = w.prepaid
			}
			ref := w.create(account, 100)
			rows := make([]campaign.ChargeRow, 64)
			var charging sync.WaitGroup
			for i := range rows {
				charging.Go(func() { rows[i] = w.charge(ref, 7, 7) })
			}
			charging.Wait()
			var billed, unbilled, partly int64
			for _, row := range rows {
				billed += row.Billed
				unbilled += row.Unbilled
				if row.Billed > 0 && row.Unbilled > 0 {
					partly++
				}
			}
			if billed != 100 || unbilled != 64*7-100 || partly != 1 {
				t.Errorf("billed %d, %d unbilled, %d charges in part, want 100, 348 and 1", billed, unbilled, partly)
			}
			w.wantTotals(ref, campaign.Totals{Funded: 100, Consumed: 100, Unbilled: 348})
		})
	}
}
