package ledgertest

import (
	"errors"
	"strings"
	"sync"
	"time"

	"purser/ledger"
)

var groupCases = []testCase{
	{name: "linked_commands_are_accepted_together", run: linkedAccepted},
	{name: "linked_commands_are_refused_together", run: linkedRefused},
	{name: "linked_commands_see_what_those_before_them_did", run: linkedInOrder},
	{name: "linked_commands_are_replayed_together", run: linkedReplay},
	{name: "linked_commands_with_a_used_key_write_nothing", run: linkedKeyUsed},
	{name: "refused_group_leaves_an_expired_hold_alone", run: linkedExpiry},
	{name: "guards_and_effects_of_a_refused_group_are_not_written", run: linkedGuards, gates: true},
	{name: "linked_commands_that_cannot_be", run: linkedInvalid},
	{name: "groups_at_once_are_each_all_or_none", run: linkedAtOnce},
}

func (b *bench) linked(commands ...ledger.Command) []ledger.Outcome {
	b.t.Helper()
	outcomes, err := b.ledger.PostLinked(b.context(), commands)
	if err != nil || len(outcomes) != len(commands) {
		b.t.Fatalf("PostLinked() = %+v, %v, want %d outcomes", outcomes, err, len(commands))
	}
	return outcomes
}

// linkedAll posts commands that must all be accepted.
func (b *bench) linkedAll(commands ...ledger.Command) {
	b.t.Helper()
	for i, outcome := range b.linked(commands...) {
		if outcome.Refusal != nil || outcome.Journal != commands[i].ID || outcome.Replayed {
			b.t.Fatalf("linked command %d got %+v, want journal %s", i, outcome, commands[i].ID)
		}
	}
}

// linkedNone posts commands of which one must be refused, and so all.
func (b *bench) linkedNone(culprit int, want error, commands ...ledger.Command) []ledger.Outcome {
	b.t.Helper()
	before := b.snapshot()
	outcomes := b.linked(commands...)
	for i, outcome := range outcomes {
		wanted := want
		if i != culprit {
			wanted = ledger.ErrLinkedFailed
		}
		if !errors.Is(outcome.Refusal, wanted) || outcome.Replayed {
			b.t.Errorf("linked command %d got %+v, want %v", i, outcome, wanted)
		}
		var failed *ledger.LinkedError
		if i != culprit && (!errors.As(outcome.Refusal, &failed) || failed.Index != int64(culprit) || refusal(failed.Cause) != refusal(outcomes[culprit].Refusal)) {
			b.t.Errorf("linked command %d got %+v, want the cause of command %d", i, outcome.Refusal, culprit)
		}
	}
	after := b.snapshot()
	if diff := Diff(before.WithoutKeys(), after.WithoutKeys()); diff != "" {
		b.t.Errorf("a refused group changed the book (I27):\n%s", diff)
	}
	if got := len(after.Keys) - len(before.Keys); got != len(commands) {
		b.t.Errorf("a refused group stored %d keys, want %d", got, len(commands))
	}
	for i, c := range commands {
		if got := b.post(b.again(c)); !got.Replayed || refusal(got.Refusal) != refusal(outcomes[i].Refusal) {
			b.t.Errorf("a retry of linked command %d got %+v, want its stored refusal", i, got)
		}
	}
	return outcomes
}

func linkedAccepted(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	other := b.wallet()
	commands := []ledger.Command{b.Spend(wallet, 1), b.Transfer(wallet, other, 2), b.PlaceHold(other, PurposeBid, 1, time.Time{})}
	b.linkedAll(commands...)
	first := b.journal(commands[0].ID)
	for i, c := range commands {
		if j := b.journal(c.ID); j.Group != first.ID || j.GroupSize != 3 || j.Seq != first.Seq+int64(i) || !j.PostedAt.Equal(first.PostedAt) {
			b.t.Errorf("journal %d = %+v, want one of three in group %s", i, j, first.ID)
		}
	}
	alone := b.Spend(wallet, 1)
	b.linkedAll(alone)
	if j := b.journal(alone.ID); !j.Group.IsZero() && j.GroupSize != 1 {
		b.t.Errorf("a group of one is %s of %d", j.Group, j.GroupSize)
	}
}

func linkedRefused(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 2, time.Time{})
	for culprit := range 3 {
		commands := []ledger.Command{b.Capture(hold, 1), b.ReleaseHold(hold, 1), b.Spend(wallet, 1)}
		commands[culprit] = b.Spend(wallet, 11)
		b.linkedNone(culprit, ledger.ErrInsufficientFunds, commands...)
	}
	b.linkedNone(1, ledger.ErrHoldExceeded, b.Capture(hold, 1), b.Capture(hold, 2))
	b.wantHold(hold, 2, 0, 0, ledger.HoldOpen)
}

func linkedInOrder(b *bench) {
	wallet := b.NewID()
	grant, spend := b.Grant(wallet, 5, Terms{}), b.Spend(wallet, 5)
	b.linkedAll(b.OpenWallet(wallet), grant, spend, b.ReverseRest(spend.ID, TypeReturn), b.ReverseRest(grant.ID, TypeReversal), b.CloseWallet(wallet))
	b.linkedNone(1, ledger.ErrAccountClosed, b.Fact(), b.Grant(wallet, 1, Terms{}))
	once, twice := b.Fact(), b.Fact()
	once.Once, twice.Once = "o", "o"
	b.linkedNone(1, ledger.ErrAlreadyDone, once, twice)
}

func linkedReplay(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	commands := []ledger.Command{b.Spend(wallet, 1), b.Spend(wallet, 2)}
	b.linkedAll(commands...)
	before := b.snapshot()
	for i, outcome := range b.linked(b.again(commands[0]), b.again(commands[1])) {
		if !outcome.Replayed || outcome.Journal != commands[i].ID {
			b.t.Errorf("linked command %d got %+v, want a replay of %s", i, outcome, commands[i].ID)
		}
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("a replay changed the book:\n%s", diff)
	}
}

func linkedKeyUsed(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	used := b.Spend(wallet, 1)
	b.accept(used)
	before := b.snapshot()
	outcomes := b.linked(b.again(used), b.Spend(wallet, 1))
	if !outcomes[0].Replayed || outcomes[0].Journal != used.ID || !errors.Is(outcomes[1].Refusal, ledger.ErrIdempotencyConflict) {
		b.t.Errorf("got %+v, want the stored outcome and a conflict", outcomes)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("a group with a used key changed the book:\n%s", diff)
	}
}

func linkedExpiry(b *bench) {
	wallet := b.funded(10)
	hold := b.hold(wallet, PurposeBid, 8, epoch.Add(time.Hour))
	b.clock.Advance(2 * time.Hour)
	b.linkedNone(1, ledger.ErrInsufficientFunds, b.Spend(wallet, 5), b.Spend(wallet, 6))
	b.wantHold(hold, 8, 0, 0, ledger.HoldOpen)
	b.linkedAll(b.Spend(wallet, 5), b.Spend(wallet, 5))
	b.wantHold(hold, 8, 0, 8, ledger.HoldExpired)
}

func linkedGuards(b *bench) {
	wallet := b.funded(3)
	b.linkedNone(2, ledger.ErrInsufficientFunds,
		ThroughGate(b.Spend(wallet, 1), "g", 0), ThroughGate(b.Spend(wallet, 1), "g", 1), ThroughGate(b.Spend(wallet, 2), "g", 2))
	b.wantGates()
	b.linkedNone(1, ledger.ErrGuardFailed, ThroughGate(b.Spend(wallet, 1), "g", 0), ThroughGate(b.Spend(wallet, 1), "g", 0))
	last := ThroughGate(b.Spend(wallet, 1), "g", 1)
	b.linkedAll(ThroughGate(b.Spend(wallet, 1), "g", 0), last)
	b.wantGates(Gate{"g", 2, last.ID})
}

func linkedInvalid(b *bench) {
	wallet := b.funded(10)
	before := b.snapshot()
	other := b.Spend(wallet, 1)
	other.Book++
	same := b.Spend(wallet, 1)
	crowd := make([]ledger.Command, 101)
	for i := range crowd {
		crowd[i] = b.Fact()
	}
	for name, commands := range map[string][]ledger.Command{
		"none": nil, "of_two_books": {b.Spend(wallet, 1), other}, "two_of_one_key": {same, b.again(same)}, "too_many": crowd,
		"one_invalid": {b.Spend(wallet, 1), b.Command("NO_SUCH", nil)},
		"key_of_10KB": {b.Spend(wallet, 1), func() ledger.Command { c := b.Fact(); c.Key.Key = strings.Repeat("k", 10<<10); return c }()},
	} {
		if outcomes, err := b.ledger.PostLinked(b.context(), commands); !errors.Is(err, ledger.ErrInvalidCommand) {
			b.t.Errorf("%s: PostLinked() = %+v, %v, want ErrInvalidCommand", name, outcomes, err)
		}
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("groups that cannot be changed the book:\n%s", diff)
	}
}

func linkedAtOnce(b *bench) {
	first, second := b.funded(30), b.funded(30)
	var group sync.WaitGroup
	for range 24 {
		group.Go(func() {
			outcomes, err := b.ledger.PostLinked(b.context(), []ledger.Command{b.Spend(first, 2), b.Spend(second, 2), b.Transfer(first, second, 1)})
			if err != nil || len(outcomes) != 3 || (outcomes[0].Refusal == nil) != (outcomes[2].Refusal == nil) {
				b.t.Errorf("PostLinked() = %+v, %v", outcomes, err)
			}
		})
	}
	group.Wait()
	b.wantBalance(available(first), ledger.CNX, 0) // ten groups of three
	b.wantBalance(available(second), ledger.CNX, 20)
	b.wantBalance(ClassConsumed, ledger.CNX, 40)
}
