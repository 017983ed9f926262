package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"
)

// writer runs one book's batches, one after another.
type writer struct {
	ledger *Ledger
	book   BookID
	queue  chan *Pending
}

func (w *writer) enqueue(pending *Pending) error {
	select {
	case w.queue <- pending:
		return nil
	default:
		return ErrOverloaded
	}
}

func (w *writer) loop() {
	answered := 0
	for first := range w.queue {
		// Callers who were just answered and have more to say come into this batch
		// rather than the next: among few callers that makes one batch out of two.
		// Among many it would only keep storage waiting.
		if answered <= yieldCommandsMax {
			runtime.Gosched()
		}
		batch := w.admit(nil, first)
		commands := len(first.commands)
	fill:
		for commands < batchCommandsMax {
			select {
			case next, open := <-w.queue:
				if !open {
					break fill
				}
				batch = w.admit(batch, next)
				commands += len(next.commands)
			default:
				break fill
			}
		}
		answered = commands
		w.run(batch)
	}
}

// admit adds a command to the batch unless its caller has left.
func (w *writer) admit(batch []*Pending, pending *Pending) []*Pending {
	if err := pending.ctx.Err(); err != nil {
		pending.resolve(nil, err)
		return batch
	}
	return append(batch, pending)
}

// run commits a batch and answers its callers. A fault that is no fault of
// storage's is some command's: the batch is halved until the culprit is alone.
func (w *writer) run(batch []*Pending) {
	if len(batch) == 0 {
		return
	}
	outcomes, errs, err := w.commit(batch)
	if err != nil && len(batch) > 1 && !transient(err) {
		w.run(batch[:len(batch)/2])
		w.run(batch[len(batch)/2:])
		return
	}
	for i, pending := range batch {
		if err != nil {
			pending.resolve(nil, err)
			continue
		}
		pending.resolve(outcomes[i], errs[i])
	}
}

// transient faults concern the whole batch: halving it would find no culprit.
func transient(err error) bool {
	return errors.Is(err, ErrRetry) || errors.Is(err, ErrClockSkew) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// commit submits a batch until it is decided, at most attemptsMax times.
func (w *writer) commit(batch []*Pending) (outcomes [][]Outcome, errs []error, err error) {
	for attempt := range attemptsMax {
		if attempt > 0 && !w.backOff(attempt) {
			break
		}
		outcomes, errs, err = w.attempt(batch)
		if !errors.Is(err, ErrRetry) {
			break
		}
	}
	return outcomes, errs, err
}

// backOff waits before another attempt; it reports false when the ledger stops.
func (w *writer) backOff(attempt int) bool {
	timer := time.NewTimer(rand.N(backoffMin << attempt)) //nolint:gosec // jitter needs no secrecy
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.ledger.stopped.Done():
		return false
	}
}

func (w *writer) attempt(batch []*Pending) (outcomes [][]Outcome, errs []error, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("batch of book %d: broken invariant: %v", w.book, broken)
		}
	}()
	config := w.ledger.config
	commands := make([]*Command, 0, len(batch))
	for _, pending := range batch {
		commands = append(commands, pending.commands...)
	}
	needs, err := config.Rules.needs(w.book, commands)
	if err != nil {
		return nil, nil, err
	}
	needs.Clock = config.Clock()
	if !config.InjectedClock {
		needs.SkewMax = clockSkewMax
	}
	ctx, cancel := context.WithTimeout(w.ledger.stopped, attemptTimeout)
	defer cancel()
	outcomes, errs = make([][]Outcome, len(batch)), make([]error, len(batch))
	err = config.Store.Batch(ctx, needs, func(state *State) (*Writes, error) {
		if err := w.checkClock(needs.Clock, state.DatabaseTime); err != nil {
			return nil, err
		}
		b := newBatch(config.Rules, state)
		for i, pending := range batch {
			outcomes[i], errs[i] = b.decide(pending.commands)
		}
		for _, decided := range outcomes {
			for i := range decided {
				decided[i].BookSeq = state.Seq
			}
		}
		return b.finish(), nil
	})
	return outcomes, errs, err
}

// checkClock compares the database's clock with this process's, read before the
// batch was sent and after its state arrived.
func (w *writer) checkClock(sent, database time.Time) error {
	if w.ledger.config.InjectedClock || database.IsZero() {
		return nil
	}
	received := w.ledger.config.Clock()
	if database.Before(sent.Add(-clockSkewMax)) || database.After(received.Add(clockSkewMax)) {
		return ErrClockSkew
	}
	return nil
}
