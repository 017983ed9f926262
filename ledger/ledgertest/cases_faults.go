package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"purser/ledger"
)

var faultCases = []testCase{
	{name: "retry_after_a_rollback_is_exactly_once", run: retryBefore},
	{name: "retry_after_a_lost_commit_answer_is_exactly_once", run: retryAfterCommit},
	{name: "retries_end", run: retriesEnd},
	{name: "poison_command_fails_alone", run: poison},
	{name: "command_id_used_twice_fails_alone", run: idTwice},
	{name: "clock_off_by_more_than_a_second_refuses_to_write", run: clockSkew},
	{name: "close_that_may_not_wait_cuts_off", run: closeCutsOff},
	{name: "store_returns_the_error_of_the_fold_and_writes_nothing", run: foldError},
	{name: "store_hands_over_the_batch_time", run: batchTime},
}

var errLost = fmt.Errorf("connection lost: %w", ledger.ErrRetry)

func retryBefore(b *bench) {
	wallet := b.funded(10)
	var attempts atomic.Int32
	l := b.open(&Faulty{Store: b.store, Before: func(context.Context, *ledger.Needs) error {
		if attempts.Add(1) < 3 {
			return errLost
		}
		return nil
	}})
	spend := b.Spend(wallet, 4)
	if outcome, err := l.Post(b.context(), spend); err != nil || outcome.Journal != spend.ID || outcome.Replayed {
		b.t.Errorf("Post() = %+v, %v, want journal %s", outcome, err, spend.ID)
	}
	if attempts.Load() != 3 {
		b.t.Errorf("%d attempts, want 3", attempts.Load())
	}
	b.wantBalance(available(wallet), ledger.CNX, 6)
}

// retryAfterCommit loses the answer to commits that happened (I16): the caller
// cannot tell, and must not.
func retryAfterCommit(b *bench) {
	wallet := b.funded(10)
	var attempts atomic.Int32
	l := b.open(&Faulty{Store: b.store, After: func(context.Context, *ledger.Needs) error {
		if attempts.Add(1)%2 == 1 {
			return errLost
		}
		return nil
	}})
	spend := b.Spend(wallet, 4)
	outcome, err := l.Post(b.context(), spend)
	if err != nil || outcome.Journal != spend.ID || outcome.Replayed || outcome.Seq != 3 || outcome.BookSeq != 3 {
		b.t.Errorf("Post() = %+v, %v, want journal %s at seq 3, not replayed", outcome, err, spend.ID)
	}
	if outcome, err = l.Post(b.context(), b.again(spend)); err != nil || outcome.Journal != spend.ID || !outcome.Replayed {
		b.t.Errorf("another caller's retry = %+v, %v, want a replay", outcome, err)
	}
	outcome, err = l.Post(b.context(), b.Spend(wallet, 100))
	if err != nil || !errors.Is(outcome.Refusal, ledger.ErrInsufficientFunds) || outcome.Replayed {
		b.t.Errorf("Post() = %+v, %v, want insufficient funds, not replayed", outcome, err)
	}
	b.wantBalance(available(wallet), ledger.CNX, 6)
}

func retriesEnd(b *bench) {
	wallet := b.funded(10)
	before := b.snapshot()
	var attempts atomic.Int32
	l := b.open(&Faulty{Store: b.store, Before: func(context.Context, *ledger.Needs) error { attempts.Add(1); return errLost }})
	if outcome, err := l.Post(b.context(), b.Spend(wallet, 1)); !errors.Is(err, ledger.ErrRetry) {
		b.t.Errorf("Post() = %+v, %v, want ErrRetry", outcome, err)
	}
	if n := attempts.Load(); n < 2 || n > 10 {
		b.t.Errorf("%d attempts, want a few", n)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("failed attempts changed the book:\n%s", diff)
	}
}

func poison(b *bench) {
	wallet := b.funded(100)
	commands := make([]ledger.Command, 9)
	for i := range commands {
		commands[i] = b.Spend(wallet, 1)
	}
	const culprit = 5
	unexpected := errors.New("syntax error at or near poison")
	stile := newTurnstile(&Faulty{Store: b.store, Before: func(_ context.Context, needs *ledger.Needs) error {
		if slices.Contains(needs.Keys, commands[culprit].Key) {
			return unexpected
		}
		return nil
	}})
	got := together(b.t, b.open(stile), stile, b.Fact(), commands)
	b.wantOnlyFault(got, culprit)
	if !errors.Is(got[culprit].err, unexpected) {
		b.t.Errorf("the culprit got %v, want what storage said", got[culprit].err)
	}
	for i := 1; i < len(got); i++ {
		if i != culprit && i-1 != culprit && got[i].Seq != got[i-1].Seq+1 {
			b.t.Errorf("seq %d behind %d: halving changed the order", got[i].Seq, got[i-1].Seq)
		}
	}
	b.wantBalance(available(wallet), ledger.CNX, 92)
}

func idTwice(b *bench) {
	wallet := b.funded(10)
	taken := b.accept(b.Spend(wallet, 1))
	same := b.Spend(wallet, 1)
	same.ID = taken
	stile := newTurnstile(b.store)
	b.wantOnlyFault(together(b.t, b.open(stile), stile, b.Fact(), []ledger.Command{b.Spend(wallet, 1), same, b.Spend(wallet, 1)}), 1)
	b.wantBalance(available(wallet), ledger.CNX, 7)
}

// skewed is a store whose database has its own idea of the time.
type skewed struct {
	ledger.Store
	clock func() time.Time
}

func (s skewed) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	return s.Store.Batch(ctx, needs, func(state *ledger.State) (*ledger.Writes, error) {
		state.DatabaseTime = s.clock()
		return fold(state)
	})
}

func clockSkew(b *bench) {
	wallet := b.funded(10)
	for _, c := range []struct {
		off      time.Duration
		injected bool
		want     error
	}{
		{0, false, nil},
		{time.Second, false, nil},
		{-time.Second, false, nil},
		{time.Second + time.Millisecond, false, ledger.ErrClockSkew},
		{-time.Second - time.Millisecond, false, ledger.ErrClockSkew},
		{24 * time.Hour, true, nil},
	} {
		store := skewed{b.store, func() time.Time { return b.clock.Now().Add(c.off) }}
		l := ledger.New(ledger.Config{Rules: b.rules, Store: store, Clock: b.clock.Now, InjectedClock: c.injected})
		before := b.snapshot()
		_, err := l.Post(b.context(), b.Spend(wallet, 1))
		if !errors.Is(err, c.want) {
			b.t.Errorf("Post() with the database %s off, injected clock %t = %v, want %v", c.off, c.injected, err, c.want)
		}
		if diff := Diff(before, b.snapshot()); (diff == "") != (c.want != nil) {
			b.t.Errorf("with the database %s off the book changed by:\n%s", c.off, diff)
		}
		if err := l.Close(b.context()); err != nil {
			b.t.Errorf("Close() = %v", err)
		}
	}
}

func closeCutsOff(b *bench) {
	entered := make(chan struct{})
	l := ledger.New(ledger.Config{Rules: b.rules, Clock: b.clock.Now, InjectedClock: true, Store: &Faulty{
		Store: b.store,
		Before: func(ctx context.Context, _ *ledger.Needs) error {
			close(entered)
			<-ctx.Done()
			return fmt.Errorf("%w: %w", ledger.ErrRetry, ctx.Err())
		},
	}})
	pending, err := l.Submit(b.context(), b.Fact())
	if err != nil {
		b.t.Fatalf("Submit() = %v", err)
	}
	<-entered
	if err := l.Close(canceled()); !errors.Is(err, context.Canceled) {
		b.t.Errorf("Close() = %v, want its context's error", err)
	}
	if outcome, err := pending.Wait(b.context()); !errors.Is(err, context.Canceled) {
		b.t.Errorf("the command cut off got %+v, %v", outcome, err)
	}
}

func (b *bench) needs(c ledger.Command) *ledger.Needs {
	return &ledger.Needs{Book: b.Book, Clock: b.clock.Now(), Keys: []ledger.IdempotencyKey{c.Key}}
}

func foldError(b *bench) {
	b.accept(b.Fact())
	before := b.snapshot()
	own := errors.New("the fold's own")
	calls := 0
	err := b.store.Batch(b.context(), b.needs(b.Fact()), func(state *ledger.State) (*ledger.Writes, error) {
		calls++
		state.Seq, state.Once["x"] = 99, b.NewID()
		return nil, own
	})
	if !errors.Is(err, own) || calls != 1 {
		b.t.Errorf("Batch() = %v after %d calls, want the fold's own error after one", err, calls)
	}
	err = b.store.Batch(b.context(), b.needs(b.Fact()), func(state *ledger.State) (*ledger.Writes, error) { state.Seq = 99; return nil, nil })
	if err != nil {
		b.t.Errorf("Batch() without writes = %v", err)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("a fold that wrote nothing changed the book:\n%s", diff)
	}
	b.accept(b.Fact())
}

func batchTime(b *bench) {
	b.accept(b.Fact())
	last := b.snapshot().LastPostedAt
	for _, ahead := range []time.Duration{time.Hour, 0, -time.Hour} {
		needs := b.needs(b.Fact())
		needs.Clock = last.Add(ahead)
		err := b.store.Batch(b.context(), needs, func(state *ledger.State) (*ledger.Writes, error) {
			if want := ledger.BatchTime(needs.Clock, last); !state.Now.Equal(want) || !state.LastPostedAt.Equal(last) || state.Seq != 1 || state.Book != b.Book {
				b.t.Errorf("state of book %d at seq %d: now %s, last %s; want %s, %s", state.Book, state.Seq, state.Now, state.LastPostedAt, want, last)
			}
			return nil, nil
		})
		if err != nil {
			b.t.Errorf("Batch() = %v", err)
		}
	}
}
