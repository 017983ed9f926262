package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestFloorUnderCredits takes out of accounts whose balance is a debit: cash in a safe
// has a floor too, on the other side (I5).
func TestFloorUnderCredits(t *testing.T) {
	t.Parallel()
	const safe = "SAFE:{owner}"
	template := func(name, debit, credit string) ledger.Template {
		return ledger.Template{Name: name, Version: 1, Type: name, Lines: []ledger.Line{{Debit: debit, Credit: credit, Commodity: "{money}", Measure: ledger.Named("amount")}}}
	}
	rules, err := ledger.NewRules(
		[]ledger.Class{
			{Name: "SAFE:*", Normal: ledger.Debit, Floored: true},
			{Name: "4000", Normal: ledger.Credit},
			{Name: "5000", Normal: ledger.Debit},
		},
		[]ledger.Template{
			{Name: "OPEN", Version: 1, Type: "OPEN", Opens: []ledger.Open{{Account: safe, Commodity: "{money}"}}},
			template("FILL", safe, "4000"), template("TAKE", "5000", safe),
		})
	if err != nil {
		t.Fatalf("NewRules() = %v", err)
	}
	walk(t, rules, []step{
		{template: "TAKE", amount: 1, refusal: ledger.ErrInsufficientFunds},
		{template: "FILL", amount: 10, posted: 10},
		{template: "TAKE", amount: 11, refusal: ledger.ErrInsufficientFunds},
		{template: "TAKE", amount: 4, posted: 4},
		{template: "TAKE", amount: 7, refusal: ledger.ErrInsufficientFunds},
		{template: "TAKE", amount: 6, posted: 6},
	})
}

// TestTemplatesThatMisplaceBasis has templates that move lots and forget what these cost,
// or put it where only lots may be: mistakes of ours, which must stop the command and not
// lose deferred revenue (I29), nor have units that no lot knows of (I9).
func TestTemplatesThatMisplaceBasis(t *testing.T) {
	t.Parallel()
	const wallet = "WALLET:{wallet}:AVAILABLE"
	units := func(debit, credit string) ledger.Line {
		return ledger.Line{Debit: debit, Credit: credit, Commodity: ledger.CNX, Measure: ledger.Named("quantity")}
	}
	lot := &ledger.NewLot{Origin: "origin", Money: "money", Basis: "price", Tax: "tax"}
	deferred := ledger.Line{Debit: "1010", Credit: "2000", Measure: ledger.Basis()}
	rules, err := ledger.NewRules(
		[]ledger.Class{
			{Name: "ISSUED:PURCHASE", Normal: ledger.Debit},
			{Name: "CONSUMED:X", Normal: ledger.Credit},
			{Name: "WALLET:*:AVAILABLE", Normal: ledger.Credit, Floored: true, TracksLots: true},
			{Name: "1010", Normal: ledger.Debit},
			{Name: "2000", Normal: ledger.Credit},
			{Name: "4000", Normal: ledger.Credit},
		},
		[]ledger.Template{
			{Name: "OPEN", Version: 1, Type: "OPEN", Opens: []ledger.Open{{Account: wallet, Commodity: ledger.CNX}, {Account: wallet, Commodity: ledger.USD}}},
			{Name: "BUY", Version: 1, Type: "BUY", Lot: lot, Lines: []ledger.Line{units("ISSUED:PURCHASE", wallet), deferred}},
			{Name: "BUY_UNPAID", Version: 1, Type: "BUY", Lot: lot, Lines: []ledger.Line{units("ISSUED:PURCHASE", wallet)}},
			{Name: "BUY_INTO_WALLET", Version: 1, Type: "BUY", Lot: lot, Lines: []ledger.Line{units("ISSUED:PURCHASE", wallet), {Debit: "1010", Credit: wallet, Measure: ledger.Basis()}}},
			{Name: "USE_UNEARNED", Version: 1, Type: "USE", Lines: []ledger.Line{units(wallet, "CONSUMED:X")}},
			{Name: "USE_UNTAXED", Version: 1, Type: "USE", Lines: []ledger.Line{units(wallet, "CONSUMED:X"), {Debit: "2000", Credit: "4000", Measure: ledger.Net()}}},
		})
	if err != nil {
		t.Fatalf("NewRules() = %v", err)
	}
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	l := ledger.New(ledger.Config{Rules: rules, Store: memory, Clock: func() time.Time { return time.Unix(1e9, 0).UTC() }})
	defer func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	args := ledger.Arguments(nil).ID("wallet", commands.NewID()).Amount("quantity", 2).Text("origin", "PURCHASE").Text("money", "USD").
		Amount("price", 10).Amount("tax", 3)
	for _, template := range []string{"OPEN", "BUY"} {
		if outcome, err := l.Post(context.Background(), commands.Command(template, args)); err != nil || outcome.Refusal != nil {
			t.Fatalf("Post(%s) = %+v, %v", template, outcome, err)
		}
	}
	before := memory.Snapshot(1)
	for _, template := range []string{"BUY_UNPAID", "BUY_INTO_WALLET", "USE_UNEARNED", "USE_UNTAXED"} {
		if outcome, err := l.Post(context.Background(), commands.Command(template, args)); !errors.Is(err, ledger.ErrInvalidCommand) {
			t.Errorf("Post(%s) = %+v, %v, want ErrInvalidCommand", template, outcome, err)
		}
	}
	if diff := ledgertest.Diff(before, memory.Snapshot(1)); diff != "" {
		t.Errorf("the book changed:\n%s", diff)
	}
}

// TestEitherCounterAtTheLimit posts where only one of the two accounts has no room left
// (I24).
func TestEitherCounterAtTheLimit(t *testing.T) {
	t.Parallel()
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	l := ledger.New(ledger.Config{Rules: ledgertest.Rules(), Store: memory, Clock: func() time.Time { return time.Unix(1e9, 0).UTC() }})
	defer func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	full, other := commands.NewID(), commands.NewID()
	const most = 1<<63 - 1
	for i, step := range []struct {
		command ledger.Command
		want    error
	}{
		{commands.OpenWallet(full), nil},
		{commands.OpenWallet(other), nil},
		{commands.Grant(full, most, ledgertest.Terms{}), nil},
		{commands.Grant(other, 1, ledgertest.Terms{}), ledger.ErrAmountOverflow},                                        // the debits of what was issued
		{commands.Purchase(full, 1, ledgertest.Price{Money: ledger.USD}, ledgertest.Terms{}), ledger.ErrAmountOverflow}, // the wallet's credits
		{commands.Spend(full, most), nil},
		{commands.Spend(full, 1), ledger.ErrInsufficientFunds},
	} {
		outcome, err := l.Post(context.Background(), step.command)
		if err != nil || !errors.Is(outcome.Refusal, step.want) {
			t.Errorf("step %d, %s: got %+v, %v, want refusal %v", i, step.command.Template, outcome, err, step.want)
		}
	}
	for _, err := range memory.Snapshot(1).Check(ledgertest.Rules()) {
		t.Error(err)
	}
}

// TestBasisOfAChildLotAtTheLimit hands one unit of the largest price to and fro: what a
// lot of the other wallet ever received must fit too (I24), though all of it left again.
func TestBasisOfAChildLotAtTheLimit(t *testing.T) {
	t.Parallel()
	memory, commands := &ledgertest.Memory{Narrow: true}, &ledgertest.Commands{Book: 1}
	l := ledger.New(ledger.Config{Rules: ledgertest.Rules(), Store: memory, Clock: func() time.Time { return time.Unix(1e9, 0).UTC() }})
	defer func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	one, other := commands.NewID(), commands.NewID()
	const most = 1<<63 - 1
	for i, step := range []struct {
		command ledger.Command
		want    error
	}{
		{commands.OpenWallet(one), nil},
		{commands.OpenWallet(other), nil},
		{commands.Purchase(one, 1, ledgertest.Price{Money: ledger.USD, Minor: most}, ledgertest.Terms{}), nil},
		{commands.Transfer(one, other, 1), nil},
		{commands.Transfer(other, one, 1), nil},
		{commands.Transfer(one, other, 1), ledger.ErrAmountOverflow},
		{commands.Spend(one, 1), nil},
	} {
		outcome, err := l.Post(context.Background(), step.command)
		if err != nil || !errors.Is(outcome.Refusal, step.want) {
			t.Errorf("step %d, %s: got %+v, %v, want refusal %v", i, step.command.Template, outcome, err, step.want)
		}
	}
	for _, err := range memory.Snapshot(1).Check(ledgertest.Rules()) {
		t.Error(err)
	}
}
