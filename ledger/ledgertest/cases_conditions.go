package ledgertest

import (
	"errors"
	"time"

	"purser/ledger"
)

var conditionCases = []testCase{
	{name: "balance_at_least_leaves_out_what_cannot_be_given", run: conditionBalance},
	{name: "version_is_the_one_that_was_read", run: conditionVersion},
	{name: "journal_of_which_nothing_is_reversed", run: conditionNotReversed},
	{name: "condition_on_what_is_not_there", run: conditionMissing},
	{name: "condition_sees_what_the_batch_did", run: conditionInBatch},
	{name: "condition_on_money", run: conditionMoney},
}

// onBalance makes a command ask for what the wallet has.
func onBalance(c ledger.Command, atLeast int64) ledger.Command {
	c.Conditions = append(c.Conditions, ledger.Condition{Account: patternAvailable, Commodity: ledger.CNX, AtLeast: atLeast})
	return c
}

func onVersion(c ledger.Command, version int64) ledger.Command {
	c.Conditions = append(c.Conditions, ledger.Condition{Account: patternAvailable, Commodity: ledger.CNX, Version: &version})
	return c
}

func (b *bench) refuseCondition(c ledger.Command, kind string, wanted, actual int64) {
	b.t.Helper()
	refused := b.refuse(c, ledger.ErrConditionFailed)
	var failed *ledger.ConditionError
	if !errors.As(refused, &failed) || failed.Condition != kind || failed.Wanted != wanted || failed.Actual != actual {
		b.t.Errorf("refusal = %+v, want %s: %d wanted, %d found", refused, kind, wanted, actual)
	}
}

func conditionBalance(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	b.hold(wallet, PurposeBid, 3, time.Time{})
	b.accept(onBalance(b.Spend(wallet, 1), 7))
	b.refuseCondition(onBalance(b.Spend(wallet, 1), 7), ledger.ConditionBalance, 7, 6)
	b.clock.Advance(time.Hour)
	b.accept(onBalance(b.Spend(wallet, 1), 6))
	b.refuseCondition(onBalance(b.Spend(wallet, 1), 6), ledger.ConditionBalance, 6, 5)
	b.accept(b.Grant(wallet, 2, Terms{ExpiresAt: epoch})) // dead on arrival
	b.refuseCondition(onBalance(b.Spend(wallet, 1), most), ledger.ConditionBalance, most, 5)
	b.accept(onBalance(onBalance(b.Spend(wallet, 5), 1), 5))
}

func conditionVersion(b *bench) {
	wallet := b.funded(10)
	b.accept(onVersion(b.Spend(wallet, 1), 1))
	b.refuseCondition(onVersion(b.Spend(wallet, 1), 1), ledger.ConditionVersion, 1, 2)
	b.accept(b.Freeze(wallet)) // no posting, no version
	b.accept(b.Unfreeze(wallet))
	b.accept(onVersion(b.Spend(wallet, 1), 2))
	empty := b.wallet()
	b.refuseCondition(onVersion(b.Grant(empty, 1, Terms{}), 1), ledger.ConditionVersion, 1, 0)
	b.accept(onVersion(b.Grant(empty, 1, Terms{}), 0))
}

func conditionNotReversed(b *bench) {
	wallet := b.funded(10)
	spend := b.accept(b.Spend(wallet, 5))
	unreversed := func(c ledger.Command) ledger.Command {
		c.Conditions = append(c.Conditions, ledger.Condition{NotReversed: spend})
		return c
	}
	b.accept(unreversed(b.Spend(wallet, 1)))
	b.accept(unreversed(b.Reverse(spend, TypeReturn, 2)))
	b.refuseCondition(unreversed(b.Reverse(spend, TypeReturn, 2)), ledger.ConditionNotReversed, 0, 2)
	b.accept(b.Reverse(spend, TypeReturn, 2))
}

func conditionMissing(b *bench) {
	wallet := b.funded(10)
	none := b.Spend(wallet, 1)
	none.Conditions = []ledger.Condition{{Account: "WALLET:{wallet}:HELD:BID", Commodity: ledger.CNX, AtLeast: 1}}
	b.refuse(none, ledger.ErrAccountMissing)
	unknown := b.Spend(wallet, 1)
	unknown.Conditions = []ledger.Condition{{NotReversed: b.NewID()}}
	b.refuse(unknown, ledger.ErrUnknownJournal)
	broken := b.Spend(wallet, 1)
	broken.Conditions = []ledger.Condition{{Account: "NO_SUCH", Commodity: ledger.CNX, AtLeast: 1}}
	if outcome, err := b.ledger.Post(b.context(), broken); !errors.Is(err, ledger.ErrInvalidCommand) {
		b.t.Errorf("Post() = %+v, %v, want ErrInvalidCommand", outcome, err)
	}
}

func conditionInBatch(b *bench) {
	wallet := b.funded(10)
	spend := b.Spend(wallet, 1)
	commands := []ledger.Command{
		onVersion(spend, 1), onVersion(b.Spend(wallet, 1), 1), onBalance(b.Spend(wallet, 4), 9), onBalance(b.Spend(wallet, 1), 6), onVersion(b.Spend(wallet, 5), 3),
	}
	returned := b.Reverse(spend.ID, TypeReturn, 1)
	returned.Conditions = []ledger.Condition{{NotReversed: spend.ID}}
	again := b.Reverse(spend.ID, TypeReturn, 1)
	again.Conditions = returned.Conditions
	for i, a := range b.inOneBatch(append(commands, returned, again)...) {
		if refused := i == 1 || i == 3 || i == 6; a.err != nil || errors.Is(a.Refusal, ledger.ErrConditionFailed) != refused {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantBalance(available(wallet), ledger.CNX, 1)
}

func conditionMoney(b *bench) {
	account := b.NewID()
	b.accept(b.OpenPrepaid(account, ledger.USD))
	b.accept(b.Deposit(account, Price{Money: ledger.USD, Minor: 100}))
	asks := func(minor int64) ledger.Command {
		c := b.Deposit(account, Price{Money: ledger.USD, Minor: 1})
		c.Conditions = []ledger.Condition{{Account: patternPrepaid, Commodity: givenMoney, AtLeast: minor}}
		return c
	}
	b.refuseCondition(asks(101), ledger.ConditionBalance, 101, 100)
	b.accept(asks(100))
	b.accept(asks(101))
}
