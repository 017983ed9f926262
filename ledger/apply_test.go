package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// cash is a chart that the wallet does not have yet: floored accounts of money
// without lots, which can be closed.
func cash(t *testing.T) *ledger.Rules {
	t.Helper()
	line := func(debit, credit string) []ledger.Line {
		return []ledger.Line{{Debit: debit, Credit: credit, Commodity: "{money}", Measure: ledger.Named("amount")}}
	}
	const purse = "PURSE:{purse}"
	rules, err := ledger.NewRules(
		[]ledger.Class{{Name: "PURSE:*", Normal: ledger.Credit, Floored: true}, {Name: "1010", Normal: ledger.Debit}},
		[]ledger.Template{
			{Name: "OPEN", Version: 1, Type: "OPEN", Opens: []ledger.Open{{Account: purse, Commodity: ledger.USD}}},
			{Name: "DEPOSIT", Version: 1, Type: "{kind}", Lines: line("1010", purse)},
			{Name: "PAY", Version: 1, Type: "PAY", Lines: line(purse, "1010")},
			{Name: "CLOSE", Version: 1, Type: "CLOSE", Status: &ledger.StatusChange{Account: purse, Commodity: ledger.USD, From: ledger.StatusActive, To: ledger.StatusClosed}},
		})
	if err != nil {
		t.Fatalf("NewRules() = %v", err)
	}
	return rules
}

func TestFlooredAccountsWithoutLots(t *testing.T) {
	t.Parallel()
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	rules, purse := cash(t), commands.NewID()
	l := ledger.New(ledger.Config{Rules: rules, Store: memory, Clock: func() time.Time { return time.Unix(1e9, 0) }})
	defer func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	args := func(amount int64, money string) ledger.Arguments {
		return ledger.Arguments(nil).ID("purse", purse).Amount("amount", amount).Text("money", money).Text("kind", "TOP_UP")
	}
	for i, step := range []struct {
		template string
		args     ledger.Arguments
		want     error
	}{
		{"OPEN", args(0, "USD"), nil},
		{"PAY", args(1, "USD"), ledger.ErrInsufficientFunds},
		{"DEPOSIT", args(100, "USD"), nil},
		{"DEPOSIT", args(100, "EUR"), ledger.ErrAccountMissing},
		{"DEPOSIT", args(-1, "USD"), ledger.ErrInvalidAmount},
		{"DEPOSIT", args(0, "USD"), nil}, // no line, a fact
		{"PAY", args(101, "USD"), ledger.ErrInsufficientFunds},
		{"PAY", args(100, "USD"), nil},
		{"CLOSE", args(0, "USD"), nil},
		{"DEPOSIT", args(1, "USD"), ledger.ErrAccountClosed},
		{"CLOSE", args(0, "USD"), ledger.ErrStatusConflict},
	} {
		outcome, err := l.Post(context.Background(), commands.Command(step.template, step.args))
		if err != nil || !errors.Is(outcome.Refusal, step.want) {
			t.Fatalf("step %d, %s: got %+v, %v, want refusal %v", i, step.template, outcome, err, step.want)
		}
		var funds *ledger.InsufficientFundsError
		if errors.As(outcome.Refusal, &funds) && funds.Available != map[int]int64{1: 0, 6: 100}[i] {
			t.Errorf("step %d: %+v", i, funds)
		}
	}
	rows := memory.Snapshot(1)
	for _, err := range rows.Check(rules) {
		t.Error(err)
	}
	if got := rows.Journals[1].Type; got != "TOP_UP" {
		t.Errorf("type from an argument = %q", got)
	}
	if len(rows.Postings) != 2 {
		t.Errorf("%d postings, want 2", len(rows.Postings))
	}
}
