package demo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/demo"
	"purser/internal/market"
	"purser/internal/postgres"
	"purser/ledger"
)

func TestLoadRepeats(t *testing.T) {
	t.Parallel()
	whole := newDatabase(t)
	want := whole.load(t)
	if want.Resumed || want.Journals < 1000 {
		t.Fatalf("load: %+v", want)
	}
	rows := whole.dump(t)

	t.Run("same_parameters_write_the_same_rows", func(t *testing.T) {
		t.Parallel()
		again := newDatabase(t)
		if diff := cmp.Diff(want, again.load(t)); diff != "" {
			t.Errorf("summary (-first +second):\n%s", diff)
		}
		compare(t, rows, again.dump(t))
	})
	t.Run("another_seed_writes_other_rows", func(t *testing.T) {
		t.Parallel()
		other := newDatabase(t)
		options := other.options()
		options.Seed = seed + 1
		if _, err := demo.Load(t.Context(), options); err != nil {
			t.Fatal(err)
		}
		if got := other.dump(t)["owners"]; slices.ContainsFunc(got, func(row string) bool { return slices.Contains(rows["owners"], row) }) {
			t.Error("two seeds have an owner in common")
		}
	})
	t.Run("load_cut_off_by_storage_is_resumed_to_the_same_rows", func(t *testing.T) {
		t.Parallel()
		cut := newDatabase(t)
		options := cut.options()
		plugged := &pluggedStore{Store: options.Store}
		plugged.left.Store(400)
		options.Store = plugged
		if _, err := demo.Load(t.Context(), options); !errors.Is(err, errPulled) {
			t.Fatalf("interrupted load: got %v, want errPulled", err)
		}
		resume(t, cut, want, rows)
	})
	t.Run("cancelled_load_is_resumed_to_the_same_rows", func(t *testing.T) {
		t.Parallel()
		cut := newDatabase(t)
		ctx, cancel := context.WithCancel(t.Context())
		options := cut.options()
		options.Store = &signallingStore{Store: options.Store, after: 300, signal: cancel}
		if _, err := demo.Load(ctx, options); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled load: got %v, want context.Canceled", err)
		}
		resume(t, cut, want, rows)
	})
	t.Run("two_loads_at_once_write_the_same_rows", func(t *testing.T) {
		t.Parallel()
		shared := newDatabase(t)
		loadTwice(t, shared)
		compare(t, rows, shared.dump(t))
	})
}

// loadTwice runs a second load while a first one is at work, as two processes
// that start on one empty database would.
func loadTwice(t *testing.T, d *database) {
	t.Helper()
	var second error
	var running sync.WaitGroup
	options := d.options()
	options.Store = &signallingStore{Store: options.Store, after: 50, signal: func() {
		running.Go(func() { _, second = demo.Load(t.Context(), d.options()) })
	}}
	_, first := demo.Load(t.Context(), options)
	running.Wait()
	if err := errors.Join(first, second); err != nil {
		t.Fatal(err)
	}
}

// resume checks that a part is there, and loads the rest as a later process with
// other options would.
func resume(t *testing.T, cut *database, want demo.Summary, rows map[string][]string) {
	t.Helper()
	if n := int64(len(cut.dump(t)["journals"])); n == 0 || n >= want.Journals {
		t.Fatalf("the interrupted load wrote %d of %d journals", n, want.Journals)
	}
	options := cut.options()
	options.Wallets, options.Campaigns, options.Days, options.Now = 70, 0, 31, endsAt.Add(time.Hour)
	got, err := demo.Load(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	want.Resumed = true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-uninterrupted +resumed):\n%s", diff)
	}
	compare(t, rows, cut.dump(t))
}

func compare(t *testing.T, want, got map[string][]string) {
	t.Helper()
	for table, rows := range want {
		if slices.Equal(rows, got[table]) {
			continue
		}
		for i, row := range rows {
			if i >= len(got[table]) || got[table][i] != row {
				t.Errorf("%s: %d rows want, %d got; the first that differs:\n-%s\n+%s",
					table, len(rows), len(got[table]), row, strings.Join(got[table][min(i, len(got[table])):min(i+1, len(got[table]))], ""))
				break
			}
		}
	}
}

// signallingStore calls signal with its after'th batch, and goes on working.
type signallingStore struct {
	ledger.Store
	after  int64
	count  atomic.Int64
	signal func()
}

func (s *signallingStore) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	if s.count.Add(1) == s.after {
		s.signal()
	}
	return s.Store.Batch(ctx, needs, fold)
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	t.Run("database_with_journals_returns_ErrNotEmpty", func(t *testing.T) {
		t.Parallel()
		d := newDatabase(t)
		options := d.options()
		options.Days = 1
		if _, err := demo.Load(t.Context(), options); err != nil {
			t.Fatal(err)
		}
		if _, err := demo.Load(t.Context(), options); !errors.Is(err, postgres.ErrNotEmpty) {
			t.Errorf("second load: got %v, want ErrNotEmpty", err)
		}
	})
	t.Run("outcome_that_was_not_intended_ends_the_load", func(t *testing.T) {
		t.Parallel()
		d := newDatabase(t)
		options := d.options()
		options.Store = lyingStore{options.Store}
		_, err := demo.Load(t.Context(), options)
		if err == nil || !strings.Contains(err.Error(), "already done") {
			t.Errorf("load on a ledger that refuses what it should accept: got %v", err)
		}
		if n := d.count(t, `SELECT count(*) FROM demo_loads WHERE finished_at IS NOT NULL`); n != 0 {
			t.Error("the load counts as finished")
		}
	})
	for name, change := range map[string]func(*demo.Options){
		"too_few_wallets":    func(o *demo.Options) { o.Wallets = demo.WalletsMin - 1 },
		"too_many_wallets":   func(o *demo.Options) { o.Wallets = demo.WalletsMax + 1 },
		"too_few_campaigns":  func(o *demo.Options) { o.Campaigns = -1 },
		"too_many_campaigns": func(o *demo.Options) { o.Campaigns = demo.CampaignsMax + 1 },
		"negative_days":      func(o *demo.Options) { o.Days = -1 },
		"too_many_days":      func(o *demo.Options) { o.Days = demo.DaysMax + 1 },
		"no_end":             func(o *demo.Options) { o.Now = time.Time{} },
		"no_store":           func(o *demo.Options) { o.Store = nil },
	} {
		t.Run(name+"_returns_ErrInvalidOptions", func(t *testing.T) {
			t.Parallel()
			options := demo.Options{Rules: market.Rules(), Store: lyingStore{}, Loads: (*postgres.DB)(nil), Now: endsAt}
			change(&options)
			if _, err := demo.Load(t.Context(), options); !errors.Is(err, demo.ErrInvalidOptions) {
				t.Errorf("got %v, want ErrInvalidOptions", err)
			}
		})
	}
}

// lyingStore claims that the first thing done once is done already.
type lyingStore struct{ ledger.Store }

func (s lyingStore) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	return s.Store.Batch(ctx, needs, func(state *ledger.State) (*ledger.Writes, error) {
		if len(needs.Once) > 0 {
			state.Once[needs.Once[0]] = ledger.ID{1}
		}
		return fold(state)
	})
}

// TestLoadSizes loads markets at the edges of what is possible, on all of which
// the parts that personas play must fit.
func TestLoadSizes(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]struct{ wallets, campaigns, days int }{
		"fewest_wallets_for_one_day":      {demo.WalletsMin, 30, demo.DaysMin},
		"fewest_wallets_for_a_season":     {demo.WalletsMin, 0, 100},
		"most_campaigns_for_few_owners":   {demo.WalletsMin, 150, 5},
		"one_campaign":                    {demo.WalletsMin, 1, 9},
		"agency_without_room_for_people":  {22, 13, 3},
		"more_commands_than_fit_in_batch": {3000, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			options := d.options()
			options.Wallets, options.Campaigns, options.Days = size.wallets, size.campaigns, size.days
			summary, err := demo.Load(t.Context(), options)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.count(t, `SELECT count(*) FROM journals`); got != summary.Journals {
				t.Errorf("journals: %d stored, %d in the summary", got, summary.Journals)
			}
			if got := d.count(t, `SELECT count(*) FROM campaigns`); size.days > 1 && got != int64(size.campaigns) {
				t.Errorf("campaigns: %d stored, want %d", got, size.campaigns)
			}
			if late := d.count(t, `SELECT count(*) FROM journals WHERE posted_at > $1::timestamptz + interval '1 millisecond'`, endsAt); late != 0 {
				t.Errorf("%d journals were posted after the end", late)
			}
		})
	}
}

func TestLoadReportsProgress(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	options := d.options()
	var last demo.Progress
	options.Progress = func(p demo.Progress) { last = p }
	summary, err := demo.Load(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if want := (demo.Progress{Day: 30, Days: 30, Commands: summary.Journals + summary.Refusals}); last != want {
		t.Errorf("last progress: got %+v, want %+v", last, want)
	}
	if got, want := (demo.Progress{Day: 3, Days: 30, Commands: 812}).String(), "day 3 of 30, 812 commands"; got != want {
		t.Errorf("String: got %q, want %q", got, want)
	}
}
