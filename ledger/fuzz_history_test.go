package ledger_test

import (
	"context"
	"math"
	"testing"
	"time"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// fuzzStepsMax bounds one history, so that an input is tried in milliseconds.
const fuzzStepsMax = 40

// tape reads a history from the fuzzer's bytes; behind their end there are zeros.
type tape []byte

func (t *tape) next() byte {
	if len(*t) == 0 {
		return 0
	}
	b := (*t)[0]
	*t = (*t)[1:]
	return b
}

// pick returns a number below n.
func (t *tape) pick(n int) int { return int(t.next()) % n }

// amount is small for most bytes, so that histories go on, and for some at an edge.
func (t *tape) amount() int64 {
	edges := []int64{-1, math.MinInt64, 1 << 31, 1 << 32, 1 << 53, math.MaxInt64 / 2, math.MaxInt64 - 1, math.MaxInt64}
	switch b := t.next(); {
	case b < 200:
		return int64(b % 16)
	case b < 244:
		return int64(b)
	default:
		return edges[t.pick(len(edges))]
	}
}

// fuzzed is one history, written to a wide and to a narrow memory at once.
type fuzzed struct {
	*ledgertest.Commands
	t    *testing.T
	tape *tape
	now  time.Time

	stores  [2]*ledgertest.Memory
	ledgers [2]*ledger.Ledger

	wallets   []ledger.ID
	campaigns []ledger.ID
	journals  []ledger.ID
	holds     []ledgertest.HoldRef
	sent      []ledger.Command
}

func newFuzzed(t *testing.T, data []byte) *fuzzed {
	t.Helper()
	f := &fuzzed{
		Commands: &ledgertest.Commands{Book: 7}, t: t, tape: (*tape)(&data), now: time.Date(2031, 1, 30, 22, 0, 0, 0, time.UTC),
	}
	for i := range f.stores {
		f.stores[i] = &ledgertest.Memory{Narrow: i == 1}
		f.ledgers[i] = ledger.New(ledger.Config{
			Rules: ledgertest.Rules(), Store: f.stores[i], Clock: func() time.Time { return f.now }, InjectedClock: true,
		})
	}
	for range 3 {
		f.wallets, f.campaigns = append(f.wallets, f.NewID()), append(f.campaigns, f.NewID())
	}
	for _, c := range []ledger.Command{
		f.OpenWallet(f.wallets[0]), f.OpenWallet(f.wallets[1]), f.OpenCampaign(f.wallets[0], f.campaigns[0]),
		f.Grant(f.wallets[0], 60, ledgertest.Terms{ExpiresAt: f.now.Add(36 * time.Hour)}),
		f.Purchase(f.wallets[0], 50, ledgertest.Price{Money: ledger.USD, Minor: 733, Fee: 20}, ledgertest.Terms{}),
	} {
		f.post(c)
	}
	return f
}

func (f *fuzzed) close() {
	for _, l := range f.ledgers {
		if err := l.Close(context.Background()); err != nil {
			f.t.Errorf("Close() = %v", err)
		}
	}
}

// step does what the next bytes say.
func (f *fuzzed) step() {
	switch n := f.tape.pick(20); {
	case n < 15:
		f.post(f.command())
	case n < 17:
		f.linked()
	case n < 18 && len(f.sent) > 0:
		f.retry()
	default:
		f.now = f.now.Add([]time.Duration{time.Microsecond, time.Hour, 25 * time.Hour, 32 * 24 * time.Hour, -time.Minute}[f.tape.pick(5)])
	}
}

// wallet is most often the one that has something.
func (f *fuzzed) wallet() ledger.ID { return f.wallets[[]int{0, 0, 0, 1, 2}[f.tape.pick(5)]] }

// command makes any command of the rules, sometimes with a condition or a once key.
func (f *fuzzed) command() ledger.Command {
	var c ledger.Command
	switch f.tape.pick(4) {
	case 0:
		c = f.ofWallet()
	case 1:
		c = f.ofHold()
	case 2:
		c = f.ofLots()
	default:
		c = f.ofBook()
	}
	switch f.tape.pick(12) {
	case 0:
		c.Once = "once"
	case 1:
		c.Conditions = []ledger.Condition{{Account: "WALLET:{wallet}:AVAILABLE", Commodity: ledger.CNX, AtLeast: f.tape.amount()}}
	case 2:
		c.EffectiveAt = f.now.Add(-time.Duration(f.tape.next()) * time.Hour)
	}
	return c
}

func (f *fuzzed) ofWallet() ledger.Command {
	wallet := f.wallet()
	switch f.tape.pick(8) {
	case 0:
		return f.OpenWallet(wallet)
	case 1:
		return f.Freeze(wallet)
	case 2:
		return f.Unfreeze(wallet)
	case 3:
		return f.CloseWallet(wallet)
	case 4:
		return f.SetLimit(wallet, time.Duration(f.tape.next())*time.Hour, f.tape.amount())
	case 5:
		return f.LiftLimit(wallet, time.Duration(f.tape.next())*time.Hour)
	default:
		return f.Spend(wallet, f.tape.amount())
	}
}

func (f *fuzzed) ofHold() ledger.Command {
	purpose := []string{ledgertest.PurposeBid, ledgertest.PurposeLease}[f.tape.pick(2)]
	if len(f.holds) == 0 || f.tape.pick(4) == 0 {
		expires := time.Time{}
		if hours := f.tape.next(); hours > 0 {
			expires = f.now.Add(time.Duration(hours) * time.Hour)
		}
		return f.PlaceHold(f.wallet(), purpose, f.tape.amount(), expires)
	}
	hold := f.holds[f.tape.pick(len(f.holds))]
	switch f.tape.pick(8) {
	case 0:
		return f.IncreaseHold(hold, f.tape.amount())
	case 1, 2:
		return f.Capture(hold, f.tape.amount())
	case 3:
		return f.CaptureAndRelease(hold, f.tape.amount(), f.tape.amount())
	case 4:
		return f.ReleaseHold(hold, f.tape.amount())
	case 5:
		return f.ReleaseHoldRest(hold)
	case 6:
		return ledgertest.WithGrace(f.ReleaseHoldRest(hold), f.now.Add(time.Duration(f.tape.next())*time.Hour))
	default:
		return f.ExpireHold(hold)
	}
}

func (f *fuzzed) ofLots() ledger.Command {
	wallet := f.wallet()
	terms := ledgertest.Terms{Priority: int64(f.tape.pick(3))}
	if hours := f.tape.next(); hours > 0 {
		terms.ExpiresAt = f.now.Add(time.Duration(hours) * time.Hour)
	}
	price := ledgertest.Price{Money: []ledger.Commodity{ledger.USD, ledger.EUR}[f.tape.pick(2)], Minor: f.tape.amount()}
	switch f.tape.pick(8) {
	case 0:
		return f.Grant(wallet, f.tape.amount(), terms)
	case 1:
		return f.Purchase(wallet, f.tape.amount(), price, terms)
	case 2:
		return f.PurchaseWithTax(wallet, f.tape.amount(), price, f.tape.amount(), terms)
	case 3:
		return f.ExpireUnits(wallet)
	case 4, 5:
		return f.Transfer(wallet, f.wallet(), f.tape.amount())
	default:
		return f.reversal()
	}
}

func (f *fuzzed) reversal() ledger.Command {
	of := f.NewID() // unknown
	if len(f.journals) > 0 {
		of = f.journals[f.tape.pick(len(f.journals))]
	}
	if f.tape.pick(2) == 0 {
		return f.ReverseRest(of, ledgertest.TypeReversal)
	}
	return f.Reverse(of, ledgertest.TypeReturn, f.tape.amount())
}

func (f *fuzzed) ofBook() ledger.Command {
	campaign := f.campaigns[[]int{0, 0, 1}[f.tape.pick(3)]]
	period := f.now.AddDate(0, -f.tape.pick(3), 0).Format("2006-01")
	switch f.tape.pick(9) {
	case 0:
		return f.ClosePeriod(period)
	case 1:
		return f.ReopenPeriod(period)
	case 2:
		return f.ClosePeriod(string([]byte{f.tape.next(), f.tape.next()}))
	case 3:
		return f.OpenCampaign(f.wallets[0], campaign)
	case 4:
		return f.Charge(f.wallets[0], campaign, f.tape.amount())
	case 5:
		return f.ReleaseRest(f.wallets[0], campaign)
	case 6:
		return f.Release(f.wallets[0], campaign, f.tape.amount())
	default:
		return f.Fund(f.wallets[0], campaign, f.tape.amount())
	}
}
