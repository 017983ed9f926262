package ledger_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestReversalNamesItsWallet reverses a journal in the name of another wallet: to that
// wallet there is no such journal.
func TestReversalNamesItsWallet(t *testing.T) {
	t.Parallel()
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	l := ledger.New(ledger.Config{Rules: ledgertest.Rules(), Store: memory, Clock: func() time.Time { return time.Unix(1e9, 0).UTC() }})
	defer func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	wallet, other := commands.NewID(), commands.NewID()
	spend := commands.Spend(wallet, 4)
	stranger := commands.Command(ledgertest.TemplateReverse, ledger.Arguments(nil).
		ID(ledgertest.ArgJournal, spend.ID).Text(ledgertest.ArgType, ledgertest.TypeReturn).ID(ledgertest.ArgWallet, other))
	for i, step := range []struct {
		command ledger.Command
		want    error
	}{
		{commands.OpenWallet(wallet), nil},
		{commands.OpenWallet(other), nil},
		{commands.Grant(wallet, 10, ledgertest.Terms{}), nil},
		{spend, nil},
		{stranger, ledger.ErrUnknownJournal},
		{commands.ReverseRest(spend.ID, ledgertest.TypeReturn), nil},
	} {
		outcome, err := l.Post(context.Background(), step.command)
		if err != nil || !errors.Is(outcome.Refusal, step.want) {
			t.Errorf("step %d, %s: got %+v, %v, want refusal %v", i, step.command.Template, outcome, err, step.want)
		}
	}
}

// manyLots is a store of one wallet with as many lots of one unit; it keeps nothing.
type manyLots struct {
	wallet ledger.ID
	lots   int
}

func (m manyLots) state() *ledger.State {
	s := ledger.NewState(1)
	code := strings.Replace(ledgertest.ClassAvailable, "*", m.wallet.String(), 1)
	account := ledger.Account{
		ID: ledger.AccountID(1, code, ledger.CNX), Code: code, Class: ledgertest.ClassAvailable, Commodity: ledger.CNX, Owner: m.wallet,
	}
	s.Accounts[account.ID] = &ledger.AccountState{
		Account: account, Balance: ledger.Balance{Credits: int64(m.lots), Version: int64(m.lots), Status: ledger.StatusActive},
	}
	ids := &ledgertest.Commands{Book: 1}
	for range m.lots {
		lot := &ledger.Lot{ID: ids.NewID(), Wallet: m.wallet, Origin: ledger.OriginPromo, Granted: 1, Remaining: 1}
		s.Lots[lot.ID] = lot
		s.AddPlace(ledger.Place{Lot: lot.ID, Account: account.ID, Quantity: 1})
	}
	return s
}

// Batch implements ledger.Store.
func (m manyLots) Batch(_ context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	state := m.state()
	state.Now = needs.Clock
	_, err := fold(state)
	return err
}

// Read implements ledger.Store.
func (m manyLots) Read(context.Context, *ledger.Needs) (*ledger.State, error) { return m.state(), nil }

// TestLotMovementsOfOneJournal spends from as many lots as one journal has lines for, and
// from one more.
func TestLotMovementsOfOneJournal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lots int
		want error
	}{
		"as_many_as_fit": {math.MaxInt16, nil},
		"one_too_many":   {math.MaxInt16 + 1, ledger.ErrInvalidCommand},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			commands := &ledgertest.Commands{Book: 1}
			store := manyLots{wallet: ledger.ID{0: 9}, lots: c.lots}
			l := ledger.New(ledger.Config{Rules: ledgertest.Rules(), Store: store, Clock: func() time.Time { return time.Unix(1e9, 0).UTC() }})
			defer func() {
				if err := l.Close(context.Background()); err != nil {
					t.Errorf("Close() = %v", err)
				}
			}()
			outcome, err := l.Post(context.Background(), commands.Spend(store.wallet, int64(c.lots)))
			if !errors.Is(err, c.want) || outcome.Refusal != nil {
				t.Errorf("Post() = %+v, %v, want %v", outcome, err, c.want)
			}
		})
	}
}

// TestHoldsOfMixedUpAccounts names another purpose than the hold's: its units would come
// from, or go to, an account that it is not in.
func TestHoldsOfMixedUpAccounts(t *testing.T) {
	t.Parallel()
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	l := ledger.New(ledger.Config{Rules: ledgertest.Rules(), Store: memory, Clock: func() time.Time { return time.Unix(1e9, 0).UTC() }})
	defer func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	wallet := commands.NewID()
	place := commands.PlaceHold(wallet, ledgertest.PurposeBid, 3, time.Time{})
	bid := ledgertest.HoldOf(place)
	for _, c := range []ledger.Command{
		commands.OpenWallet(wallet), commands.Grant(wallet, 10, ledgertest.Terms{}), place, commands.PlaceHold(wallet, ledgertest.PurposeLease, 3, time.Time{}),
	} {
		if outcome, err := l.Post(context.Background(), c); err != nil || outcome.Refusal != nil {
			t.Fatalf("Post(%s) = %+v, %v", c.Template, outcome, err)
		}
	}
	before := memory.Snapshot(1)
	mixed := bid
	mixed.Purpose = ledgertest.PurposeLease
	for _, c := range []ledger.Command{commands.IncreaseHold(mixed, 1), commands.ReleaseHold(mixed, 1), commands.Capture(mixed, 1)} {
		if outcome, err := l.Post(context.Background(), c); !errors.Is(err, ledger.ErrInvalidCommand) {
			t.Errorf("Post(%s) = %+v, %v, want ErrInvalidCommand", c.Template, outcome, err)
		}
	}
	if diff := ledgertest.Diff(before, memory.Snapshot(1)); diff != "" {
		t.Errorf("the book changed:\n%s", diff)
	}
}

// TestHoldOfNothing has a template that reserves all there is, where nothing is: a hold
// is not made of it.
func TestHoldOfNothing(t *testing.T) {
	t.Parallel()
	const wallet, held = "WALLET:{wallet}:AVAILABLE", "WALLET:{wallet}:HELD:BID"
	rules, err := ledger.NewRules(
		[]ledger.Class{
			{Name: ledgertest.ClassAvailable, Normal: ledger.Credit, Floored: true, TracksLots: true},
			{Name: ledgertest.ClassHeldBid, Normal: ledger.Credit, Floored: true, TracksLots: true, UsableAfterExpiry: true, Holds: true},
		},
		[]ledger.Template{
			{Name: "OPEN", Version: 1, Type: "OPEN", Opens: []ledger.Open{{Account: wallet, Commodity: ledger.CNX}, {Account: held, Commodity: ledger.CNX}}},
			{Name: "HOLD_ALL", Version: 1, Type: "HOLD", Hold: &ledger.HoldUse{Event: ledger.EventPlaced, Purpose: "purpose"}, Lines: []ledger.Line{
				{Debit: wallet, Credit: held, Commodity: ledger.CNX, Measure: ledger.NamedOrAll("quantity")},
			}},
		})
	if err != nil {
		t.Fatalf("NewRules() = %v", err)
	}
	state, owner := ledger.NewState(1), ledger.ID{9}
	args := ledger.Arguments(nil).ID("wallet", owner).Text("purpose", "BID")
	delta, outcome, err := rules.Apply(state, &ledger.Command{ID: ledger.ID{1}, Template: "OPEN", Arguments: args})
	if err != nil || outcome.Refusal != nil {
		t.Fatalf("Apply(OPEN) = %+v, %v", outcome, err)
	}
	state.Advance(delta)
	delta, outcome, err = rules.Apply(state, &ledger.Command{ID: ledger.ID{2}, Template: "HOLD_ALL", Arguments: args})
	if !errors.Is(err, ledger.ErrInvalidCommand) || delta != nil {
		t.Errorf("Apply(HOLD_ALL) = %+v, %v, want ErrInvalidCommand", outcome, err)
	}
}
