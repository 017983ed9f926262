package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

const (
	// defaultInterval is how late an event may be noticed by a consumer that has caught up.
	defaultInterval = time.Second
	// defaultLimit bounds what a slice holds in memory and what a crash makes a consumer do again.
	defaultLimit = 500
	// drainTimeout bounds how long the slice in hand may take once a consumer is told to stop.
	drainTimeout = 10 * time.Second
	// backoffMin doubles with each failure in a row, up to backoffMax, with jitter: many consumers of one
	// database that was away must not return at one instant.
	backoffMin = 200 * time.Millisecond
	backoffMax = 30 * time.Second
)

// ErrStop is wrapped by an error of Handle after which trying again is pointless, such as an output that
// is closed. Run and CatchUp return it at once; the slice counts as not handled.
var ErrStop = errors.New("outbox: the consumer cannot go on")

// Consumer hands the events of a source to a function, a slice at a time and never two at once. Its zero
// fields but Name, Source and Handle have defaults. Two processes may run the consumer of one name, and
// neither then skips an event or moves the checkpoint back, but each may handle what the other does: it
// is meant for the moment in which one replaces the other.
type Consumer struct {
	// Name is one that ParseName accepts.
	Name   string
	Source Source
	// Handle gets events of one book, seq ascending, which it may not keep. Its context outlives the order
	// to stop by a while, so that a slice that was begun can be finished. After an error the same events
	// come again.
	Handle func(ctx context.Context, events []Event) error
	// Interval is between two looks at the source when there was nothing new.
	Interval time.Duration
	// Limit is the size of a slice.
	Limit int
	// Log gets a warning for every failure that is tried again; nil for none.
	Log *slog.Logger
}

// Run follows the source until ctx ends, which is no error: the slice in hand is finished first, within
// ten seconds. Failures are logged and tried again with growing pauses. It returns ErrInvalidName, or an
// error of Handle that wraps ErrStop.
func (c *Consumer) Run(ctx context.Context) error {
	if _, err := ParseName(c.Name); err != nil {
		return err
	}
	work, cancel := outliving(ctx, drainTimeout)
	defer cancel()
	for failures := 0; ctx.Err() == nil; {
		_, err := c.round(ctx, work)
		var pause time.Duration
		switch {
		case errors.Is(err, ErrStop):
			return err
		case ctx.Err() != nil:
			// Told to stop: what did not work is for the next start.
		case err != nil:
			failures++
			pause = backOff(failures)
			c.warn(ctx, err, failures, pause)
		default:
			failures, pause = 0, c.interval()
		}
		rest(ctx, pause)
	}
	return nil
}

// CatchUp handles what the source held when it was called and returns, with the first error, or that of
// ctx. It returns how many events were handled.
func (c *Consumer) CatchUp(ctx context.Context) (handled int64, err error) {
	if _, err := ParseName(c.Name); err != nil {
		return 0, err
	}
	work, cancel := outliving(ctx, drainTimeout)
	defer cancel()
	return c.round(ctx, work)
}

// round brings every book to the head that it had when the round began. ctx is the order to go on, work
// what the slices run under.
func (c *Consumer) round(ctx, work context.Context) (handled int64, err error) {
	positions, err := c.Source.Positions(ctx, c.Name)
	if err != nil {
		return 0, fmt.Errorf("consumer %s: %w", c.Name, err)
	}
	for _, position := range positions {
		n, err := c.book(ctx, work, position)
		handled += n
		if err != nil {
			return handled, fmt.Errorf("consumer %s at book %d: %w", c.Name, position.Book, err)
		}
	}
	return handled, nil
}

// book handles one book up to the head of position. It leaves the rest to the next round when another
// process has moved the checkpoint.
func (c *Consumer) book(ctx, work context.Context, position Position) (handled int64, err error) {
	for at := position.Seq; at < position.Head; {
		if err := ctx.Err(); err != nil {
			return handled, err
		}
		events, err := c.Source.Events(ctx, position.Book, at, c.limit())
		if err != nil {
			return handled, err
		}
		if err := inOrder(events, position, at); err != nil {
			return handled, err
		}
		if err := c.Handle(work, events); err != nil {
			return handled, err
		}
		to := events[len(events)-1].Seq
		moved, err := c.Source.Advance(work, c.Name, position.Book, at, to)
		if err != nil {
			return handled, err
		}
		handled += int64(len(events))
		if !moved {
			return handled, nil
		}
		at = to
	}
	return handled, nil
}

// inOrder is the last check before a gap would become a lost event: a checkpoint never moves past what
// was not handled.
func inOrder(events []Event, position Position, after int64) error {
	if len(events) == 0 {
		return fmt.Errorf("no event behind seq %d although the head is at %d", after, position.Head)
	}
	for i, event := range events {
		if want := after + int64(i) + 1; event.Book != position.Book || event.Seq != want {
			return fmt.Errorf("event %d of book %d where %d of book %d was due", event.Seq, event.Book, want, position.Book)
		}
	}
	return nil
}

func (c *Consumer) interval() time.Duration {
	if c.Interval > 0 {
		return c.Interval
	}
	return defaultInterval
}

func (c *Consumer) limit() int {
	if c.Limit > 0 {
		return c.Limit
	}
	return defaultLimit
}

func (c *Consumer) warn(ctx context.Context, err error, failures int, pause time.Duration) {
	if c.Log != nil {
		c.Log.WarnContext(ctx, "a consumer failed and will try again", "consumer", c.Name, "failures", failures, "pause", pause, "error", err)
	}
}

// backOff is between half and all of the doubled pause.
func backOff(failures int) time.Duration {
	const doublings = 10 // more would only overflow
	pause := min(backoffMin<<min(failures-1, doublings), backoffMax)
	return pause/2 + rand.N(pause/2) //nolint:gosec // jitter needs no secrecy
}

// rest waits until the pause is over or ctx ends.
func rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// outliving returns a context that ends a while after ctx does. cancel ends it and its timer.
func outliving(ctx context.Context, by time.Duration) (_ context.Context, cancel func()) {
	work, end := context.WithCancel(context.WithoutCancel(ctx))
	stopWaiting := context.AfterFunc(ctx, func() {
		rest(work, by)
		end()
	})
	return work, func() {
		end()
		stopWaiting()
	}
}
