package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"purser/internal/postgres"
	"purser/ledger"
)

const (
	// lanesBuffered is how many batches each book may lie behind the generator:
	// enough that no book waits, little enough that memory stays small.
	lanesBuffered = 4
	// closeTimeout bounds the end of a load that was cancelled: a batch in
	// flight is let finish.
	closeTimeout  = 10 * time.Second
	progressEvery = time.Second
)

// totals counts what the lanes have done.
type totals struct {
	journals atomic.Int64
	refusals atomic.Int64
	lastDay  atomic.Int64
}

// writer posts the generator's chunks: the books side by side, each in order.
type writer struct {
	options Options
	load    postgres.DemoLoad
	totals  *totals
	lanes   map[ledger.BookID]chan chunk
	running sync.WaitGroup
	fail    context.CancelCauseFunc
}

// write generates a load and posts it.
func write(ctx context.Context, o Options, load postgres.DemoLoad) (*totals, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g, err := newGenerator(o.Rules, load) //nolint:contextcheck // its books are in memory: nothing there can wait
	if err != nil {
		return nil, err
	}
	w := &writer{options: o, load: load, totals: &totals{}, lanes: map[ledger.BookID]chan chunk{}, fail: cancel}
	stopProgress := w.report()
	err = g.run(ctx, func(c chunk) error { return w.emit(ctx, c) })
	for _, lane := range w.lanes {
		close(lane)
	}
	w.running.Wait()
	stopProgress()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	return w.totals, err
}

// emit queues a chunk in its book's lane, which it opens for the first.
func (w *writer) emit(ctx context.Context, c chunk) error {
	lane, found := w.lanes[c.book]
	if !found {
		lane = make(chan chunk, lanesBuffered)
		w.lanes[c.book] = lane
		w.running.Go(func() {
			if err := w.post(ctx, lane); err != nil {
				w.fail(err)
			}
		})
	}
	select {
	case lane <- c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// post writes one book's chunks through a ledger of its own, whose clock is the
// simulated one.
func (w *writer) post(ctx context.Context, lane <-chan chunk) (err error) {
	var clock atomic.Pointer[time.Time]
	book := ledger.New(ledger.Config{
		Rules: w.options.Rules, Store: w.options.Store, Clock: func() time.Time { return *clock.Load() }, InjectedClock: true,
	})
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, book.Close(closing))
	}()
	for {
		select {
		case c, more := <-lane:
			if !more {
				return nil
			}
			clock.Store(&c.postedAt)
			if err := w.postChunk(ctx, book, c); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil // whoever ended it knows the cause
		}
	}
}

func (w *writer) postChunk(ctx context.Context, book *ledger.Ledger, c chunk) error {
	pending, err := submit(ctx, book, c.commands)
	if err != nil {
		return fmt.Errorf("submit to book %d: %w", c.book, err)
	}
	for i, p := range pending {
		got, err := p.Wait(ctx)
		if err != nil {
			return fmt.Errorf("post to book %d: %w", c.book, err)
		}
		if err := c.commands[i].check(got); err != nil {
			return err
		}
		w.totals.count(got)
	}
	w.totals.reach(w.dayOf(c.postedAt))
	return nil
}

// check compares the ledger's outcome with the one decided in memory.
func (d decided) check(got ledger.Outcome) error {
	if want := verdict(d.outcome); verdict(got) != want {
		return fmt.Errorf("post command %s of template %s: the ledger decided %q, the generator's fold %q",
			d.command.ID, d.command.Template, verdict(got), want)
	}
	return nil
}

// verdict is what of an outcome must not depend on when and where it was
// decided; a replay has the same.
func verdict(o ledger.Outcome) string {
	if o.Refusal != nil {
		return "refused: " + o.Refusal.Error()
	}
	return fmt.Sprintf("journal %s, seq %d", o.Journal, o.Seq)
}

// submit queues commands such that the ledger takes all of them as one batch.
func submit(ctx context.Context, book *ledger.Ledger, commands []decided) ([]*ledger.Pending, error) {
	whole := &wholeContext{Context: context.WithoutCancel(ctx), queued: make(chan struct{})}
	defer close(whole.queued)
	pending := make([]*ledger.Pending, len(commands))
	for i := range commands {
		var err error
		if pending[i], err = book.Submit(whole, commands[i].command); err != nil { //nolint:contextcheck // made of ctx, without its end
			return nil, err
		}
	}
	return pending, nil
}

// wholeContext makes the ledger's batches those of the generator. A writer asks
// each command's context whether its caller is still there before it takes it:
// this one answers when all commands of the chunk are queued, and that the
// caller is. Which commands share a posting instant then does not depend on how
// fast this process queues them, and a cancelled load ends between two batches,
// never inside one. Were a writer not to ask, batches would be smaller and
// instants microseconds apart, and nothing else.
type wholeContext struct {
	context.Context
	queued chan struct{}
}

// Err implements context.Context.
func (c *wholeContext) Err() error {
	<-c.queued
	return nil
}

func (t *totals) count(outcome ledger.Outcome) {
	if outcome.Refusal != nil {
		t.refusals.Add(1)
		return
	}
	t.journals.Add(1)
}

// reach raises the last day written; books reach it at their own pace.
func (t *totals) reach(day int64) {
	for {
		last := t.lastDay.Load()
		if day <= last || t.lastDay.CompareAndSwap(last, day) {
			return
		}
	}
}

func (w *writer) dayOf(at time.Time) int64 {
	return int64(w.load.Days) - int64(w.load.EndsAt.Sub(at)/day)
}

func (w *writer) progress() Progress {
	return Progress{Day: int(w.totals.lastDay.Load()), Days: w.load.Days, Commands: w.totals.journals.Load() + w.totals.refusals.Load()}
}

// report calls Progress about once a second until the function it returns is
// called, which reports a last time.
func (w *writer) report() (stop func()) {
	if w.options.Progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var reporting sync.WaitGroup
	reporting.Go(func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				w.options.Progress(w.progress())
			case <-done:
				w.options.Progress(w.progress())
				return
			}
		}
	})
	return func() {
		close(done)
		reporting.Wait()
	}
}
