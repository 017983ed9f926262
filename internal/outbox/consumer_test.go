package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/outbox"
	"purser/ledger"
)

// log is a source in memory: books whose journals are numbers.
type log struct {
	mu          sync.Mutex
	heads       map[ledger.BookID]int64
	checkpoints map[ledger.BookID]int64
	looks       []time.Time // at which Positions was asked
	fail        func(call string) error
	hole        int64 // a seq that Events leaves out
}

func newLog(heads map[ledger.BookID]int64) *log {
	return &log{heads: heads, checkpoints: map[ledger.BookID]int64{}, fail: func(string) error { return nil }}
}

func (l *log) Positions(context.Context, string) ([]outbox.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looks = append(l.looks, time.Now())
	var positions []outbox.Position
	for book, head := range l.heads {
		positions = append(positions, outbox.Position{Book: book, Seq: l.checkpoints[book], Head: head})
	}
	slices.SortFunc(positions, func(a, b outbox.Position) int { return int(a.Book - b.Book) })
	return positions, l.fail("positions")
}

func (l *log) Events(_ context.Context, book ledger.BookID, after int64, limit int) ([]outbox.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var events []outbox.Event
	for seq := after + 1; seq <= l.heads[book] && len(events) < limit; seq++ {
		if seq != l.hole {
			events = append(events, outbox.Event{Book: book, Seq: seq})
		}
	}
	return events, l.fail("events")
}

func (l *log) Advance(ctx context.Context, _ string, book ledger.BookID, from, to int64) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := errors.Join(ctx.Err(), l.fail("advance")); err != nil {
		return false, err
	}
	if l.checkpoints[book] != from {
		return false, nil
	}
	l.checkpoints[book] = to
	return true, nil
}

func (l *log) grow(book ledger.BookID, to int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heads[book] = to
}

func (l *log) wantCheckpoints(t *testing.T, want map[ledger.BookID]int64) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if diff := cmp.Diff(want, l.checkpoints); diff != "" {
		t.Errorf("checkpoints (-want +got):\n%s", diff)
	}
}

// heard is what a consumer was handed, as book:seq.
type heard []string

func (h *heard) handle(_ context.Context, events []outbox.Event) error {
	for _, e := range events {
		*h = append(*h, fmt.Sprintf("%d:%d", e.Book, e.Seq))
	}
	return nil
}

func TestCatchUp(t *testing.T) {
	t.Parallel()
	t.Run("hands_over_every_book_in_order_in_slices", func(t *testing.T) {
		t.Parallel()
		source := newLog(map[ledger.BookID]int64{1: 5, 2: 0, 3: 2})
		var slicesSeen []int
		var got heard
		c := outbox.Consumer{Name: "test", Source: source, Limit: 2, Handle: func(ctx context.Context, events []outbox.Event) error {
			slicesSeen = append(slicesSeen, len(events))
			return got.handle(ctx, events)
		}}
		handled, err := c.CatchUp(t.Context())
		if err != nil || handled != 7 {
			t.Errorf("CatchUp() = %d, %v, want 7", handled, err)
		}
		if diff := cmp.Diff(heard{"1:1", "1:2", "1:3", "1:4", "1:5", "3:1", "3:2"}, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]int{2, 2, 1, 2}, slicesSeen); diff != "" {
			t.Errorf("slices (-want +got):\n%s", diff)
		}
		source.wantCheckpoints(t, map[ledger.BookID]int64{1: 5, 3: 2})
		if handled, err := c.CatchUp(t.Context()); err != nil || handled != 0 {
			t.Errorf("once more: CatchUp() = %d, %v, want 0", handled, err)
		}
	})
	t.Run("failed_slice_comes_again", func(t *testing.T) {
		t.Parallel()
		source := newLog(map[ledger.BookID]int64{1: 4})
		var got heard
		broken := errors.New("the disk is full")
		calls := 0
		c := outbox.Consumer{Name: "test", Source: source, Limit: 2, Handle: func(ctx context.Context, events []outbox.Event) error {
			if calls++; calls == 2 {
				return broken
			}
			return got.handle(ctx, events)
		}}
		if handled, err := c.CatchUp(t.Context()); !errors.Is(err, broken) || handled != 2 {
			t.Errorf("CatchUp() = %d, %v, want 2 and the handler's error", handled, err)
		}
		source.wantCheckpoints(t, map[ledger.BookID]int64{1: 2})
		if _, err := c.CatchUp(t.Context()); err != nil {
			t.Errorf("CatchUp() = %v", err)
		}
		if diff := cmp.Diff(heard{"1:1", "1:2", "1:3", "1:4"}, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
	t.Run("gap_is_an_error_not_a_lost_event", func(t *testing.T) {
		t.Parallel()
		for _, hole := range []int64{1, 2, 4} {
			source := newLog(map[ledger.BookID]int64{1: 4})
			source.hole = hole
			var got heard
			c := outbox.Consumer{Name: "test", Source: source, Limit: 3, Handle: got.handle}
			if _, err := c.CatchUp(t.Context()); err == nil {
				t.Errorf("without seq %d CatchUp() succeeded with %v", hole, got)
			}
			if source.checkpoints[1] >= hole {
				t.Errorf("the checkpoint is at %d, past the missing %d", source.checkpoints[1], hole)
			}
		}
	})
	t.Run("two_processes_of_one_name_skip_nothing_and_never_go_back", func(t *testing.T) {
		t.Parallel()
		source := newLog(map[ledger.BookID]int64{1: 300})
		var mu sync.Mutex
		last, seen := int64(0), map[int64]bool{}
		var working sync.WaitGroup
		for range 2 {
			c := outbox.Consumer{Name: "test", Source: source, Limit: 7, Handle: func(_ context.Context, events []outbox.Event) error {
				mu.Lock()
				defer mu.Unlock()
				for _, e := range events {
					seen[e.Seq] = true
				}
				source.mu.Lock()
				defer source.mu.Unlock()
				if now := source.checkpoints[1]; now < last {
					t.Errorf("the checkpoint went from %d to %d", last, now)
				} else {
					last = now
				}
				return nil
			}}
			working.Go(func() {
				for handled := int64(1); handled > 0; {
					var err error
					if handled, err = c.CatchUp(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		working.Wait()
		source.wantCheckpoints(t, map[ledger.BookID]int64{1: 300})
		if len(seen) != 300 {
			t.Errorf("%d of 300 events were handled", len(seen))
		}
	})
	t.Run("invalid_name_is_refused", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"", "A", "-a", "a b", "a\n", "é"} {
			c := outbox.Consumer{Name: name, Source: newLog(nil), Handle: (&heard{}).handle}
			if _, err := c.CatchUp(t.Context()); !errors.Is(err, outbox.ErrInvalidName) {
				t.Errorf("CatchUp() of %q = %v, want ErrInvalidName", name, err)
			}
			if err := c.Run(t.Context()); !errors.Is(err, outbox.ErrInvalidName) {
				t.Errorf("Run() of %q = %v, want ErrInvalidName", name, err)
			}
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("notices_within_an_interval", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			source := newLog(map[ledger.BookID]int64{1: 1})
			handled := make(chan int64, 10)
			ctx, cancel := context.WithCancel(t.Context())
			c := outbox.Consumer{Name: "test", Source: source, Interval: 3 * time.Second, Handle: func(_ context.Context, events []outbox.Event) error {
				handled <- events[len(events)-1].Seq
				return nil
			}}
			ended := make(chan error)
			go func() { ended <- c.Run(ctx) }()
			if got := <-handled; got != 1 {
				t.Errorf("first came %d", got)
			}
			synctest.Wait()
			source.grow(1, 3)
			before := time.Now()
			if got := <-handled; got != 3 {
				t.Errorf("then came %d, want up to 3", got)
			}
			if waited := time.Since(before); waited > 3*time.Second {
				t.Errorf("noticed after %s, want within the interval", waited)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run() = %v, want nil once it was told to stop", err)
			}
		})
	})
	t.Run("pauses_grow_with_failures_and_reset", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			source := newLog(map[ledger.BookID]int64{1: 1})
			failures := 0
			source.fail = func(call string) error {
				if call == "positions" && failures < 12 {
					failures++
					return errors.New("the database is away")
				}
				return nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := outbox.Consumer{Name: "test", Source: source, Handle: func(context.Context, []outbox.Event) error { cancel(); return nil }}
			if err := c.Run(ctx); err != nil {
				t.Errorf("Run() = %v", err)
			}
			if len(source.looks) != 13 {
				t.Fatalf("%d looks, want 12 that failed and one", len(source.looks))
			}
			most := 200 * time.Millisecond
			for i := 1; i < len(source.looks); i++ {
				if pause := source.looks[i].Sub(source.looks[i-1]); pause < most/2 || pause > most {
					t.Errorf("pause %d is %s, want from %s to %s", i, pause, most/2, most)
				}
				most = min(2*most, 30*time.Second)
			}
		})
	})
	t.Run("slice_in_hand_is_finished_when_told_to_stop", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			source := newLog(map[ledger.BookID]int64{1: 6})
			ctx, cancel := context.WithCancel(t.Context())
			var got heard
			c := outbox.Consumer{Name: "test", Source: source, Limit: 2, Handle: func(work context.Context, events []outbox.Event) error {
				cancel()
				synctest.Wait()
				if work.Err() != nil {
					t.Errorf("the slice's context ended with the order to stop: %v", work.Err())
				}
				return got.handle(work, events)
			}}
			if err := c.Run(ctx); err != nil {
				t.Errorf("Run() = %v", err)
			}
			if diff := cmp.Diff(heard{"1:1", "1:2"}, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			source.wantCheckpoints(t, map[ledger.BookID]int64{1: 2})
		})
	})
	t.Run("slice_that_hangs_is_cut_off", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			source := newLog(map[ledger.BookID]int64{1: 6})
			ctx, cancel := context.WithCancel(t.Context())
			c := outbox.Consumer{Name: "test", Source: source, Handle: func(work context.Context, _ []outbox.Event) error {
				cancel()
				<-work.Done()
				return work.Err()
			}}
			began := time.Now()
			if err := c.Run(ctx); err != nil {
				t.Errorf("Run() = %v", err)
			}
			if took := time.Since(began); took != 10*time.Second {
				t.Errorf("cut off after %s, want 10 s", took)
			}
			source.wantCheckpoints(t, map[ledger.BookID]int64{})
		})
	})
	t.Run("error_that_cannot_be_mended_ends_it", func(t *testing.T) {
		t.Parallel()
		source := newLog(map[ledger.BookID]int64{1: 1})
		c := outbox.Consumer{Name: "test", Source: source, Handle: func(context.Context, []outbox.Event) error {
			return fmt.Errorf("closed pipe: %w", outbox.ErrStop)
		}}
		if err := c.Run(t.Context()); !errors.Is(err, outbox.ErrStop) {
			t.Errorf("Run() = %v, want ErrStop", err)
		}
		source.wantCheckpoints(t, map[ledger.BookID]int64{})
	})
}
