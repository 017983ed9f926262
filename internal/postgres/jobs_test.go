package postgres_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/jobs"
	"purser/internal/pgtest"
	"purser/internal/postgres"
)

func openJobs(t *testing.T) *postgres.Jobs {
	t.Helper()
	db, err := postgres.Open(t.Context(), pgtest.New(t).AppURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db.NewJobs()
}

func TestJobLeases(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	type ask struct {
		holder string
		after  time.Duration // of the first
		want   bool
	}
	for name, asks := range map[string][]ask{
		"the_first_gets_it":               {{"a", 0, true}},
		"the_second_does_not":             {{"a", 0, true}, {"b", time.Second, false}},
		"the_holder_renews_it":            {{"a", 0, true}, {"a", 20 * time.Second, true}, {"b", 31 * time.Second, false}},
		"one_that_ran_out_is_taken":       {{"a", 0, true}, {"b", 30 * time.Second, true}, {"a", 31 * time.Second, false}},
		"one_that_was_not_asked_for_ends": {{"a", 0, true}, {"b", 29 * time.Second, false}, {"b", time.Minute, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leases := openJobs(t)
			for i, ask := range asks {
				now := at.Add(ask.after)
				got, err := leases.Lease(t.Context(), "sweep", ask.holder, now, now.Add(30*time.Second))
				if err != nil || got != ask.want {
					t.Errorf("ask %d of %s = %v, %v; want %v", i, ask.holder, got, err, ask.want)
				}
			}
		})
	}
	t.Run("one_that_is_given_back_is_free_and_anothers_stays", func(t *testing.T) {
		t.Parallel()
		leases := openJobs(t)
		lease := func(holder string) bool {
			got, err := leases.Lease(t.Context(), "sweep", holder, at, at.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		got := []bool{lease("a")}
		for _, holder := range []string{"b", "a"} {
			if err := leases.Return(t.Context(), "sweep", holder); err != nil {
				t.Fatal(err)
			}
			got = append(got, lease("b"))
		}
		if diff := cmp.Diff([]bool{true, false, true}, got); diff != "" {
			t.Errorf("leases (-want +got):\n%s", diff)
		}
	})
	t.Run("of_many_who_ask_at_once_one_gets_it", func(t *testing.T) {
		t.Parallel()
		leases := openJobs(t)
		got := make([]bool, 16)
		var asking sync.WaitGroup
		for i := range got {
			asking.Go(func() {
				var err error
				if got[i], err = leases.Lease(t.Context(), "sweep", string(rune('a'+i)), at, at.Add(time.Hour)); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		var have int
		for _, leased := range got {
			if leased {
				have++
			}
		}
		if have != 1 {
			t.Errorf("%d have the lease, want 1", have)
		}
	})
}

func TestJobProgress(t *testing.T) {
	t.Parallel()
	progress := openJobs(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC)
	if got, err := progress.Progress(t.Context(), "walk", 1); err != nil || !got.IsZero() {
		t.Errorf("progress at first = %s, %v; want none", got, err)
	}
	for _, want := range []time.Time{at, at.Add(time.Hour)} {
		if err := progress.SetProgress(t.Context(), "walk", 1, want); err != nil {
			t.Fatal(err)
		}
		if got, err := progress.Progress(t.Context(), "walk", 1); err != nil || !got.Equal(want) {
			t.Errorf("progress = %s, %v; want %s", got, err, want)
		}
	}
	if got, err := progress.Progress(t.Context(), "walk", 2); err != nil || !got.IsZero() {
		t.Errorf("progress of another book = %s, %v; want none", got, err)
	}
}

// ticks is a clock that its test moves: After is up once as much time has passed.
type ticks struct {
	mu      sync.Mutex
	now     time.Time
	waiting []waiting
}

type waiting struct {
	until time.Time
	up    chan time.Time
}

func (k *ticks) clock() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

func (k *ticks) after(d time.Duration) <-chan time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := waiting{k.now.Add(d), make(chan time.Time, 1)}
	k.waiting = append(k.waiting, w)
	return w.up
}

func (k *ticks) advance(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = k.now.Add(d)
	kept := k.waiting[:0]
	for _, w := range k.waiting {
		if w.until.After(k.now) {
			kept = append(kept, w)
			continue
		}
		w.up <- k.now
	}
	k.waiting = kept
}

type noMetrics struct{}

func (noMetrics) JobRan(string, error, time.Time, time.Duration) {}

// TestTwoRunners has two processes' runners on one database: one of them runs the job,
// and the other from when that one stops.
func TestTwoRunners(t *testing.T) {
	t.Parallel()
	leases := openJobs(t)
	clock := &ticks{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	ran := make(chan string, 1000)
	start := func(holder string) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		runner := jobs.NewRunner(jobs.Config{
			Jobs:   []jobs.Job{{Name: "sweep", Every: 10 * time.Second, Timeout: time.Minute, Run: func(context.Context) error { ran <- holder; return nil }}},
			Leases: leases, Holder: holder, Clock: clock.clock, After: clock.after, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Metrics: noMetrics{},
		})
		var running sync.WaitGroup
		running.Go(func() { runner.Run(ctx) })
		return func() { cancel(); running.Wait() }
	}
	// next moves the clock on until somebody has run the job.
	next := func() string {
		poll := time.NewTicker(time.Millisecond)
		defer poll.Stop()
		for {
			select {
			case holder := <-ran:
				return holder
			case <-t.Context().Done():
				t.Fatal("nobody runs the job")
			case <-poll.C:
				clock.advance(time.Second)
			}
		}
	}
	stops := map[string]func(){"a": start("a"), "b": start("b")}
	first := next()
	for i := range 20 {
		if got := next(); got != first {
			t.Fatalf("run %d is of %s, want %s alone", i, got, first)
		}
	}
	stops[first]()
	delete(stops, first)
	for len(ran) > 0 {
		<-ran
	}
	if got := next(); got == first {
		t.Errorf("%s ran the job after it was stopped", got)
	}
	for _, stop := range stops {
		stop()
	}
}
