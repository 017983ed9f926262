package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// bounded is a chart in which what an account can give decides amounts: of
// units that expire where they are, of units that do not, and of money.
func bounded(t *testing.T) *ledger.Rules {
	t.Helper()
	const wallet, campaign, purse = "WALLET:{owner}:AVAILABLE", "CAMPAIGN:{owner}", "PURSE:{owner}"
	template := func(name, debit, credit string, commodity ledger.Commodity, measure ledger.Measure) ledger.Template {
		return ledger.Template{Name: name, Version: 1, Type: name, Lines: []ledger.Line{{Debit: debit, Credit: credit, Commodity: commodity, Measure: measure}}}
	}
	issue := template("ISSUE", "ISSUED:PROMO", wallet, ledger.CNX, ledger.Named("amount"))
	issue.Lot = &ledger.NewLot{Origin: "origin", ExpiresAt: "expiresAt"}
	rules, err := ledger.NewRules(
		[]ledger.Class{
			{Name: "ISSUED:PROMO", Normal: ledger.Debit},
			{Name: "CONSUMED:ADS", Normal: ledger.Credit},
			{Name: "WALLET:*:AVAILABLE", Normal: ledger.Credit, Floored: true, TracksLots: true},
			{Name: "CAMPAIGN:*", Normal: ledger.Credit, Floored: true, TracksLots: true, UsableAfterExpiry: true},
			{Name: "PURSE:*", Normal: ledger.Credit, Floored: true},
			{Name: "TILL", Normal: ledger.Credit, Floored: true},
			{Name: "1010", Normal: ledger.Debit},
		},
		[]ledger.Template{
			{Name: "OPEN", Version: 1, Type: "OPEN", Opens: []ledger.Open{
				{Account: wallet, Commodity: ledger.CNX}, {Account: campaign, Commodity: ledger.CNX}, {Account: purse, Commodity: "{money}"},
			}},
			{Name: "CLOSE", Version: 1, Type: "CLOSE", Status: &ledger.StatusChange{
				Account: purse, Commodity: "{money}", From: ledger.StatusActive, To: ledger.StatusClosed,
			}},
			issue,
			template("FUND_ALL", wallet, campaign, ledger.CNX, ledger.NamedOrAll("amount")),
			template("TAKE_AT_MOST", wallet, "CONSUMED:ADS", ledger.CNX, ledger.AtMost("amount")),
			template("TAKE_OR_ALL", wallet, "CONSUMED:ADS", ledger.CNX, ledger.NamedOrAll("amount")),
			template("DEPOSIT", "1010", purse, "{money}", ledger.Named("amount")),
			template("PAY_AT_MOST", purse, "1010", "{money}", ledger.AtMost("amount")),
			template("PAY_OR_ALL", purse, "1010", "{money}", ledger.NamedOrAll("amount")),
			template("FILL_TILL", "1010", "TILL", "{money}", ledger.Named("amount")),
			template("EMPTY_TILL", "TILL", "1010", "{money}", ledger.AtMost("amount")),
		})
	if err != nil {
		t.Fatalf("NewRules() = %v", err)
	}
	return rules
}

// step is a command and what becomes of it: a refusal, or the sum it posts.
type step struct {
	template string
	amount   int64
	refusal  error
	posted   int64
	advance  time.Duration // before it
}

// absent stands for no amount at all.
const absent = -1 << 40

func TestMeasures(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][]step{
		"at_most_takes_what_is_usable": {
			{template: "TAKE_AT_MOST", amount: 5},
			{template: "ISSUE", amount: 4, posted: 4},
			{template: "TAKE_AT_MOST", amount: 0},
			{template: "TAKE_AT_MOST", amount: absent},
			{template: "TAKE_AT_MOST", amount: -1, refusal: ledger.ErrInvalidAmount},
			{template: "TAKE_AT_MOST", amount: 3, posted: 3},
			{template: "ISSUE", amount: 4, posted: 4, advance: time.Minute},
			{template: "TAKE_AT_MOST", amount: 9, posted: 4, advance: 59 * time.Minute}, // the first lot expires
			{template: "TAKE_AT_MOST", amount: 9},
		},
		"named_or_all_takes_what_is_usable": {
			{template: "TAKE_OR_ALL", amount: absent},
			{template: "ISSUE", amount: 4, posted: 4},
			{template: "ISSUE", amount: 4, posted: 4, advance: time.Minute},
			{template: "TAKE_OR_ALL", amount: 0, refusal: ledger.ErrInvalidAmount},
			{template: "TAKE_OR_ALL", amount: -1, refusal: ledger.ErrInvalidAmount},
			{template: "TAKE_OR_ALL", amount: 9, refusal: ledger.ErrInsufficientFunds},
			{template: "TAKE_OR_ALL", amount: 1, posted: 1},
			{template: "TAKE_OR_ALL", amount: absent, posted: 4, advance: 59 * time.Minute},
			{template: "TAKE_OR_ALL", amount: absent},
		},
		"all_moves_out_what_is_usable": {
			{template: "ISSUE", amount: 4, posted: 4},
			{template: "ISSUE", amount: 5, posted: 5, advance: time.Minute},
			{template: "FUND_ALL", amount: absent, posted: 5, advance: 59 * time.Minute},
			{template: "FUND_ALL", amount: absent},
		},
		"money": {
			{template: "PAY_AT_MOST", amount: 5},
			{template: "PAY_OR_ALL", amount: absent},
			{template: "DEPOSIT", amount: 10, posted: 10},
			{template: "PAY_AT_MOST", amount: 0},
			{template: "PAY_AT_MOST", amount: absent},
			{template: "PAY_AT_MOST", amount: -1, refusal: ledger.ErrInvalidAmount},
			{template: "PAY_OR_ALL", amount: 0, refusal: ledger.ErrInvalidAmount},
			{template: "PAY_OR_ALL", amount: -1, refusal: ledger.ErrInvalidAmount},
			{template: "PAY_OR_ALL", amount: 11, refusal: ledger.ErrInsufficientFunds},
			{template: "PAY_AT_MOST", amount: 4, posted: 4},
			{template: "PAY_OR_ALL", amount: 1, posted: 1},
			{template: "PAY_AT_MOST", amount: 6, posted: 5},
			{template: "DEPOSIT", amount: 3, posted: 3},
			{template: "PAY_OR_ALL", amount: absent, posted: 3},
			{template: "CLOSE", amount: absent},
			{template: "PAY_AT_MOST", amount: 0, refusal: ledger.ErrAccountClosed},
			{template: "PAY_OR_ALL", amount: absent, refusal: ledger.ErrAccountClosed},
		},
		"platform_account_without_postings": {
			{template: "EMPTY_TILL", amount: 5},
			{template: "FILL_TILL", amount: 3, posted: 3},
			{template: "EMPTY_TILL", amount: 5, posted: 3},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			walk(t, bounded(t), steps)
		})
	}
}

// walk posts steps on a narrow memory, from an owner whose accounts are open.
// Lots live for an hour.
func walk(t *testing.T, rules *ledger.Rules, steps []step) {
	t.Helper()
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	now := time.Unix(1e9, 0).UTC()
	l := ledger.New(ledger.Config{Rules: rules, Store: memory, Clock: func() time.Time { return now }})
	defer func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	owner := commands.NewID()
	for i, s := range append([]step{{template: "OPEN", amount: absent}}, steps...) {
		now = now.Add(s.advance)
		args := ledger.Arguments(nil).ID("owner", owner).Text("money", "EUR").Text("origin", "PROMO").Time("expiresAt", now.Add(time.Hour))
		if s.amount != absent {
			args = args.Amount("amount", s.amount)
		}
		c := commands.Command(s.template, args)
		outcome, err := l.Post(context.Background(), c)
		if err != nil || !errors.Is(outcome.Refusal, s.refusal) {
			t.Fatalf("step %d, %s: got %+v, %v, want refusal %v", i, s.template, outcome, err, s.refusal)
		}
		var posted int64
		for _, p := range memory.Snapshot(1).Postings {
			if p.Journal == c.ID {
				posted += p.Amount
			}
		}
		if posted != s.posted {
			t.Fatalf("step %d, %s posted %d, want %d", i, s.template, posted, s.posted)
		}
	}
	for _, err := range memory.Snapshot(1).Check(rules) {
		t.Error(err)
	}
}

// TestMeasureOfNoAccount asks for all, or a part, of what was never opened.
func TestMeasureOfNoAccount(t *testing.T) {
	t.Parallel()
	rules, state := bounded(t), ledger.NewState(1)
	for _, template := range []string{"TAKE_AT_MOST", "TAKE_OR_ALL", "FUND_ALL", "PAY_AT_MOST", "PAY_OR_ALL", "EMPTY_TILL"} {
		for _, amount := range []int64{absent, 0, 1} {
			args := ledger.Arguments(nil).ID("owner", ledger.ID{1}).Text("money", "EUR")
			if amount != absent {
				args = args.Amount("amount", amount)
			}
			want := ledger.ErrAccountMissing
			switch atMost := template == "TAKE_AT_MOST" || template == "PAY_AT_MOST"; {
			case atMost && amount == absent || template == "EMPTY_TILL":
				want = nil // no line; a platform account opens with its first posting
			case !atMost && amount == 0:
				want = ledger.ErrInvalidAmount
			}
			delta, outcome, err := rules.Apply(state, &ledger.Command{ID: ledger.ID{2}, Template: template, Arguments: args})
			if err != nil || !errors.Is(outcome.Refusal, want) {
				t.Errorf("Apply(%s %d) = %+v, %v, want %v", template, amount, outcome, err, want)
			}
			if want == nil && (delta == nil || len(delta.Postings)+len(delta.Opened) > 0) {
				t.Errorf("Apply(%s %d) = %+v, want a journal without postings", template, amount, delta)
			}
		}
	}
}
