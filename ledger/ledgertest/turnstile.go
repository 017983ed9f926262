package ledgertest

import (
	"context"
	"sync/atomic"

	"purser/ledger"
)

// Faulty is a store with faults before and after the batches of another.
type Faulty struct {
	ledger.Store
	// Before may fail a batch before anything happens, After once it is durable:
	// the answer to a commit that got lost. Both may be nil.
	Before, After func(ctx context.Context, needs *ledger.Needs) error
}

// Batch implements ledger.Store.
func (f *Faulty) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	if f.Before != nil {
		if err := f.Before(ctx, needs); err != nil {
			return err
		}
	}
	if err := f.Store.Batch(ctx, needs, fold); err != nil || f.After == nil {
		return err
	}
	return f.After(ctx, needs)
}

// turnstile holds its first batch until it is released, so that what is
// submitted meanwhile becomes one batch, and counts the batches.
type turnstile struct {
	ledger.Store
	entered, released chan struct{}
	batches           atomic.Int32
	sizes             chan int // commands of each batch after the first
}

func newTurnstile(store ledger.Store) *turnstile {
	return &turnstile{Store: store, entered: make(chan struct{}), released: make(chan struct{}), sizes: make(chan int, 64)}
}

// Batch implements ledger.Store.
func (s *turnstile) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	if s.batches.Add(1) > 1 {
		select {
		case s.sizes <- len(needs.Keys):
		default:
		}
		return s.Store.Batch(ctx, needs, fold)
	}
	close(s.entered)
	select {
	case <-s.released:
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.Store.Batch(ctx, needs, fold)
}

// failer is what *testing.T and *rapid.T have in common here.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// answer is what became of one command of a batch.
type answer struct {
	ledger.Outcome
	err error
}

// together posts commands as one batch of l, which writes through stile and has
// posted nothing, behind a fact that holds the writer up.
func together(t failer, l *ledger.Ledger, stile *turnstile, plug ledger.Command, commands []ledger.Command) []answer {
	t.Helper()
	ctx := context.Background()
	first, err := l.Submit(ctx, plug)
	if err != nil {
		t.Fatalf("Submit() = %v", err)
	}
	<-stile.entered
	waiting := make([]*ledger.Pending, len(commands))
	answers := make([]answer, len(commands))
	for i, c := range commands {
		waiting[i], answers[i].err = l.Submit(ctx, c)
	}
	close(stile.released)
	if outcome, err := first.Wait(ctx); err != nil || outcome.Refusal != nil {
		t.Fatalf("the first command got %+v, %v", outcome, err)
	}
	for i, pending := range waiting {
		if answers[i].err == nil {
			answers[i].Outcome, answers[i].err = pending.Wait(ctx)
		}
	}
	return answers
}

// inOneBatch posts commands together and fails where they were not decided in
// exactly one batch after the first.
func (b *bench) inOneBatch(commands ...ledger.Command) []answer {
	b.t.Helper()
	stile := newTurnstile(b.store)
	answers := together(b.t, b.open(stile), stile, b.Fact(), commands)
	if got := stile.batches.Load(); got != 2 {
		b.t.Errorf("%d commands were decided in %d batches, want 1", len(commands), got-1)
	}
	return answers
}
