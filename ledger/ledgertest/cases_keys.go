package ledgertest

import (
	"errors"
	"strings"
	"sync"

	"purser/ledger"
)

var keyCases = []testCase{
	{name: "same_key_replays_the_first_outcome", run: replayAccepted},
	{name: "same_key_other_body_conflicts_without_a_trace", run: keyConflict},
	{name: "same_key_in_another_scope_is_another_key", run: keyScopes},
	{name: "refusal_replays_after_its_cause_is_mended", run: replayRefused},
	{name: "same_key_twice_in_one_batch_has_one_effect", run: keyTwiceInBatch},
	{name: "same_key_100_times_at_once_is_one_journal", run: keyAtOnce},
	{name: "same_command_resubmitted_is_no_replay", run: commandTwice},
	{name: "once_key_twice_in_one_batch", run: onceTwiceInBatch},
	{name: "keys_as_long_as_allowed", run: longestKeys},
}

// again is the same request sent by the caller once more: the same key and
// body under an id of its own.
func (b *bench) again(c ledger.Command) ledger.Command {
	c.ID = b.NewID()
	return c
}

func replayAccepted(b *bench) {
	wallet := b.funded(10)
	spend := b.Spend(wallet, 4)
	first := b.post(spend)
	b.accept(b.Spend(wallet, 6))
	before := b.snapshot()
	got := b.post(b.again(spend))
	if !got.Replayed || got.Journal != first.Journal || got.Seq != first.Seq || got.Refusal != nil {
		b.t.Errorf("retry got %+v, want a replay of %+v", got, first)
	}
	if got.BookSeq < first.BookSeq+1 {
		b.t.Errorf("retry's book seq = %d, want the head's, at least %d", got.BookSeq, first.BookSeq+1)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("a replay changed the book:\n%s", diff)
	}
}

func keyConflict(b *bench) {
	wallet := b.funded(10)
	spend := b.Spend(wallet, 4)
	b.accept(spend)
	before := b.snapshot()
	other := b.Spend(wallet, 5)
	other.Key = spend.Key
	for range 2 {
		if got := b.post(other); !errors.Is(got.Refusal, ledger.ErrIdempotencyConflict) || !got.Journal.IsZero() {
			b.t.Errorf("other body got %+v, want a conflict", got)
		}
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("a conflict changed the book:\n%s", diff)
	}
	if got := b.post(b.again(spend)); !got.Replayed || got.Journal != spend.ID {
		b.t.Errorf("after a conflict the first body got %+v, want its replay", got)
	}
}

func keyScopes(b *bench) {
	wallet := b.funded(10)
	first := b.Spend(wallet, 1)
	b.accept(first)
	for _, change := range []func(*ledger.KeyScope){
		func(s *ledger.KeyScope) { s.Principal = "someone else" },
		func(s *ledger.KeyScope) { s.Mutation = "another mutation" },
		func(s *ledger.KeyScope) { s.Owner = b.NewID() },
	} {
		next := b.again(first)
		change(&next.Key.Scope)
		b.accept(next)
	}
	b.wantBalance(available(wallet), ledger.CNX, 6)
}

func replayRefused(b *bench) {
	wallet := b.funded(1)
	spend := b.Spend(wallet, 5)
	b.refuse(spend, ledger.ErrInsufficientFunds)
	b.accept(b.Grant(wallet, 10, Terms{}))
	got := b.post(b.again(spend))
	var funds *ledger.InsufficientFundsError
	if !got.Replayed || !errors.As(got.Refusal, &funds) || funds.Available != 1 || funds.Required != 5 {
		b.t.Errorf("retry got %+v, want the refusal of that first time", got)
	}
	b.accept(b.Spend(wallet, 5))
}

func keyTwiceInBatch(b *bench) {
	wallet := b.funded(10)
	spend := b.Spend(wallet, 4)
	other := b.Spend(wallet, 5)
	other.Key = spend.Key
	refused := b.Spend(wallet, 100)
	got := b.inOneBatch(spend, b.again(spend), other, refused, b.again(refused))
	for i, a := range got {
		if a.err != nil {
			b.t.Fatalf("command %d got %v", i, a.err)
		}
	}
	if got[0].Replayed || got[0].Journal != spend.ID || !got[1].Replayed || got[1].Journal != spend.ID || got[1].Seq != got[0].Seq {
		b.t.Errorf("the same key twice got %+v and %+v, want one journal twice", got[0], got[1])
	}
	if !errors.Is(got[2].Refusal, ledger.ErrIdempotencyConflict) {
		b.t.Errorf("the same key with another body got %+v, want a conflict", got[2])
	}
	if got[3].Replayed || !got[4].Replayed || refusal(got[3].Refusal) != refusal(got[4].Refusal) || got[3].Refusal == nil {
		b.t.Errorf("the same refused key twice got %+v and %+v, want one refusal twice", got[3], got[4])
	}
	b.wantBalance(available(wallet), ledger.CNX, 6)
}

func keyAtOnce(b *bench) {
	wallet := b.funded(1000)
	spend := b.Spend(wallet, 7)
	const callers = 100
	outcomes := make([]ledger.Outcome, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() { outcomes[i], _ = b.ledger.Post(b.context(), b.again(spend)) })
	}
	group.Wait()
	fresh := 0
	for i, got := range outcomes {
		if !got.Replayed {
			fresh++
		}
		if got.Journal != outcomes[0].Journal || got.Journal.IsZero() || got.Seq != outcomes[0].Seq {
			b.t.Errorf("caller %d got %+v, caller 0 %+v", i, got, outcomes[0])
		}
	}
	if fresh != 1 {
		b.t.Errorf("%d callers were told that theirs was the first, want 1", fresh)
	}
	b.wantBalance(available(wallet), ledger.CNX, 993)
}

func commandTwice(b *bench) {
	wallet := b.funded(10)
	for _, c := range []ledger.Command{b.Spend(wallet, 3), b.Spend(wallet, 100)} {
		first, second := b.post(c), b.post(c)
		if second.Replayed || second.Journal != first.Journal || second.Seq != first.Seq || refusal(second.Refusal) != refusal(first.Refusal) {
			b.t.Errorf("resubmitted command got %+v, want %+v", second, first)
		}
	}
	b.wantBalance(available(wallet), ledger.CNX, 7)
}

func onceTwiceInBatch(b *bench) {
	wallet := b.funded(10)
	first, second := b.Spend(wallet, 1), b.Spend(wallet, 1)
	first.Once, second.Once = "proposal:9", "proposal:9"
	got := b.inOneBatch(first, second)
	var done *ledger.AlreadyDoneError
	if got[0].Journal != first.ID || !errors.As(got[1].Refusal, &done) || done.Journal != first.ID {
		b.t.Errorf("got %+v and %+v, want one journal and AlreadyDone", got[0], got[1])
	}
	b.refuse(func() ledger.Command { c := b.Spend(wallet, 1); c.Once = first.Once; return c }(), ledger.ErrAlreadyDone)
}

func longestKeys(b *bench) {
	wallet := b.funded(10)
	spend := b.Spend(wallet, 1)
	long := strings.Repeat("k", 256)
	spend.Key.Key, spend.Key.Scope.Principal, spend.Key.Scope.Mutation, spend.Once = long, long, long, long
	b.accept(spend)
	if got := b.post(b.again(spend)); !got.Replayed {
		b.t.Errorf("retry got %+v, want a replay", got)
	}
	short := b.Spend(wallet, 1)
	short.Key.Key = "k"
	b.accept(short)
}
