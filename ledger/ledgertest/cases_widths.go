package ledgertest

import (
	"errors"
	"math"

	"purser/ledger"
)

var widthCases = []testCase{
	{name: "balance_at_the_limit_takes_no_more", run: balanceAtLimit},
	{name: "counter_at_the_limit_refuses_a_return", run: counterAtLimit},
	{name: "money_at_the_limit_takes_no_more", run: moneyAtLimit},
	{name: "demand_of_a_batch_beyond_the_limit", run: demandAtLimit},
	{name: "priority_beyond_its_column", run: priorityAtLimit},
	{name: "trial_balance_beyond_its_column_is_an_error", run: trialAtLimit},
	{name: "trial_balance_beyond_its_column_in_one_batch", run: trialAtLimitInBatch},
}

const most = math.MaxInt64

func balanceAtLimit(b *bench) {
	wallet := b.funded(most - 1)
	b.refuse(b.Grant(wallet, 2, Terms{}), ledger.ErrAmountOverflow)
	b.refuse(b.Grant(wallet, most, Terms{}), ledger.ErrAmountOverflow)
	b.accept(b.Grant(wallet, 1, Terms{}))
	b.wantBalance(available(wallet), ledger.CNX, most)
	b.refuse(b.Purchase(wallet, 1, twelveDollars, Terms{}), ledger.ErrAmountOverflow)
	b.accept(b.Spend(wallet, most))
	b.wantBalance(ClassConsumed, ledger.CNX, most)
}

func counterAtLimit(b *bench) {
	wallet := b.funded(most)
	spend := b.accept(b.Spend(wallet, 5))
	b.refuse(b.ReverseRest(spend, TypeReturn), ledger.ErrAmountOverflow)
	b.refuse(b.Reverse(spend, TypeReturn, 1), ledger.ErrAmountOverflow)
}

func moneyAtLimit(b *bench) {
	wallet := b.wallet()
	b.accept(b.Purchase(wallet, 1, Price{Money: ledger.USD, Minor: most}, Terms{}))
	b.refuse(b.Purchase(wallet, 1, Price{Money: ledger.USD, Minor: 1}, Terms{}), ledger.ErrAmountOverflow)
	b.accept(b.Purchase(wallet, 1, Price{Money: ledger.EUR, Minor: most, Fee: most}, Terms{}))
	b.accept(b.Spend(wallet, 2))
	b.wantBalance(ClassRevenue, ledger.USD, most)
	b.wantBalance(ClassRevenue, ledger.EUR, most)
}

// demandAtLimit asks, in one batch, for more than can be counted.
func demandAtLimit(b *bench) {
	wallet := b.funded(5)
	got := b.inOneBatch(b.Spend(wallet, most), b.Spend(wallet, most), b.Spend(wallet, 5))
	for i, want := range []error{ledger.ErrInsufficientFunds, ledger.ErrInsufficientFunds, nil} {
		if got[i].err != nil || !errors.Is(got[i].Refusal, want) {
			b.t.Errorf("spend %d got %+v, want refusal %v", i, got[i], want)
		}
	}
	b.wantBalance(available(wallet), ledger.CNX, 0)
}

func priorityAtLimit(b *bench) {
	wallet := b.wallet()
	b.refuse(b.Grant(wallet, 1, Terms{Priority: math.MaxInt32 + 1}), ledger.ErrAmountOverflow)
	b.refuse(b.Grant(wallet, 1, Terms{Priority: math.MinInt64}), ledger.ErrAmountOverflow)
	b.accept(b.Grant(wallet, 1, Terms{Priority: math.MinInt32}))
	b.accept(b.Grant(wallet, 1, Terms{Priority: math.MaxInt32}))
}

// fullClass fills one account of a class to the limit and returns a command for
// another account of the class, which each account could take alone.
func fullClass(b *bench) (first, second ledger.Command) {
	one, two := b.wallet(), b.wallet()
	return b.Grant(one, most, Terms{}), b.Purchase(two, 1, Price{Money: ledger.USD}, Terms{})
}

func trialAtLimit(b *bench) {
	first, second := fullClass(b)
	b.accept(first)
	before := b.snapshot()
	if outcome, err := b.ledger.Post(b.context(), second); err == nil {
		b.t.Errorf("Post() = %+v, want an error", outcome)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("the error changed the book:\n%s", diff)
	}
	b.accept(b.Fact())
}

func trialAtLimitInBatch(b *bench) {
	first, second := fullClass(b)
	b.wantOnlyFault(b.inOneBatch(first, second, b.Fact()), 1)
}
