package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/jobs"
	"purser/internal/wallet"
	"purser/ledger"
)

var noon = time.Date(2025, 3, 30, 12, 0, 0, 0, time.UTC)

// world is a market of holds and wallets, and what was posted on it.
type world struct {
	mu       sync.Mutex
	holds    []wallet.ExpiredHold
	wallets  []wallet.ExpiringWallet
	refuse   map[ledger.ID]ledger.Refusal // by hold or wallet
	fail     map[ledger.ID]error
	progress time.Time
	posted   []string
}

func (w *world) expiry() *jobs.Expiry {
	return &jobs.Expiry{
		Wallets: w, Expiries: w, Progress: w, Clock: func() time.Time { return noon },
		Books: func(context.Context) ([]ledger.BookID, error) { return []ledger.BookID{1}, nil },
	}
}

func (w *world) ExpiredHolds(_ context.Context, _ ledger.BookID, now time.Time, limit int) ([]wallet.ExpiredHold, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := slices.DeleteFunc(slices.Clone(w.holds), func(h wallet.ExpiredHold) bool { return h.ExpiresAt.After(now) })
	return due[:min(limit, len(due))], nil
}

func (w *world) ExpiringWallets(_ context.Context, _ ledger.BookID, after, through time.Time, limit int) ([]wallet.ExpiringWallet, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := slices.DeleteFunc(slices.Clone(w.wallets), func(e wallet.ExpiringWallet) bool {
		return !e.EndedAt.After(after) || e.EndedAt.After(through)
	})
	for limit < len(due) && due[limit].EndedAt.Equal(due[limit-1].EndedAt) {
		limit++
	}
	return due[:min(limit, len(due))], nil
}

func (w *world) answer(id ledger.ID) (wallet.Result, error) {
	if err := w.fail[id]; err != nil {
		return wallet.Result{}, err
	}
	return wallet.Result{Outcome: ledger.Outcome{Refusal: w.refuse[id]}}, nil
}

func (w *world) ExpireHold(_ context.Context, hold wallet.HoldRef) (wallet.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	result, err := w.answer(hold.ID)
	if err == nil && result.Outcome.Refusal == nil {
		w.posted = append(w.posted, fmt.Sprint("hold ", hold.ID[0]))
		w.holds = slices.DeleteFunc(w.holds, func(h wallet.ExpiredHold) bool { return h.ID == hold.ID })
	}
	return result, err
}

func (w *world) ExpireUnits(_ context.Context, candidate wallet.ExpiringWallet) (wallet.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	result, err := w.answer(candidate.ID)
	if err == nil && result.Outcome.Refusal == nil {
		w.posted = append(w.posted, fmt.Sprint("wallet ", candidate.ID[0]))
	}
	return result, err
}

func (w *world) Progress(context.Context, string, ledger.BookID) (time.Time, error) {
	return w.progress, nil
}

func (w *world) SetProgress(_ context.Context, _ string, _ ledger.BookID, at time.Time) error {
	w.progress = at
	return nil
}

func (w *world) hold(id byte, expires time.Time) *world {
	hold := wallet.ExpiredHold{ExpiresAt: expires}
	hold.ID = ledger.ID{id}
	w.holds = append(w.holds, hold)
	return w
}

func (w *world) wallet(id byte, ended time.Time) *world {
	candidate := wallet.ExpiringWallet{EndedAt: ended}
	candidate.ID = ledger.ID{id}
	w.wallets = append(w.wallets, candidate)
	return w
}

// done returns what was posted, in no order: candidates are posted together.
func (w *world) done() []string { return slices.Sorted(slices.Values(w.posted)) }

// refusal is one of the ledger's, as it was stored.
func refusal(t *testing.T, code string, facts ledger.Arguments) ledger.Refusal {
	t.Helper()
	refusal, err := ledger.DecodeRefusal(code, facts.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return refusal
}

func TestSweepHolds(t *testing.T) {
	t.Parallel()
	t.Run("expired_holds_are_released_and_others_are_not", func(t *testing.T) {
		t.Parallel()
		w := (&world{}).hold(1, noon.Add(-time.Hour)).hold(2, noon).hold(3, noon.Add(time.Second))
		if err := w.expiry().SweepHolds(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"hold 1", "hold 2"}, w.done()); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
	})
	t.Run("more_holds_than_a_page_are_all_released", func(t *testing.T) {
		t.Parallel()
		w := &world{}
		for i := range 1200 {
			hold := wallet.ExpiredHold{ExpiresAt: noon}
			hold.ID = ledger.ID{0, byte(i >> 8), byte(i)}
			w.holds = append(w.holds, hold)
		}
		if err := w.expiry().SweepHolds(t.Context()); err != nil || len(w.posted) != 1200 {
			t.Errorf("%d released, %v; want 1200", len(w.posted), err)
		}
	})
	t.Run("a_hold_that_somebody_closed_is_no_failure", func(t *testing.T) {
		t.Parallel()
		w := (&world{}).hold(1, noon).hold(2, noon)
		w.refuse = map[ledger.ID]ledger.Refusal{{1}: refusal(t, "HOLD_CLOSED", ledger.Arguments(nil).ID("hold", ledger.ID{1}).Amount("left", 0))}
		if err := w.expiry().SweepHolds(t.Context()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"hold 2"}, w.done()); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
	})
	t.Run("a_hold_that_cannot_be_released_is_told_after_the_others", func(t *testing.T) {
		t.Parallel()
		w := (&world{}).hold(1, noon).hold(2, noon)
		w.fail = map[ledger.ID]error{{1}: ledger.ErrOverloaded}
		if err := w.expiry().SweepHolds(t.Context()); !errors.Is(err, ledger.ErrOverloaded) {
			t.Errorf("got %v, want ErrOverloaded", err)
		}
		if diff := cmp.Diff([]string{"hold 2"}, w.done()); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
	})
}

func TestExpireLots(t *testing.T) {
	t.Parallel()
	t.Run("a_second_run_goes_on_where_the_first_stopped", func(t *testing.T) {
		t.Parallel()
		w := (&world{}).wallet(1, noon.Add(-time.Hour)).wallet(2, noon.Add(-time.Minute)).wallet(3, noon.Add(time.Minute))
		for range 2 {
			if err := w.expiry().ExpireLots(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{"wallet 1", "wallet 2"}, w.done()); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
		if want := noon.Add(-time.Minute); !w.progress.Equal(want) {
			t.Errorf("progress = %s, want %s", w.progress, want)
		}
	})
	t.Run("units_that_ended_a_moment_ago_are_left_to_the_next_run", func(t *testing.T) {
		t.Parallel()
		w := (&world{}).wallet(1, noon.Add(-time.Second))
		if err := w.expiry().ExpireLots(t.Context()); err != nil || len(w.posted) > 0 {
			t.Errorf("posted %v, %v; want nothing", w.posted, err)
		}
	})
	t.Run("wallets_whose_units_end_together_are_not_split", func(t *testing.T) {
		t.Parallel()
		w := &world{}
		for i := range 1700 {
			candidate := wallet.ExpiringWallet{EndedAt: noon.Add(-time.Hour)}
			candidate.ID = ledger.ID{0, byte(i >> 8), byte(i)}
			w.wallets = append(w.wallets, candidate)
		}
		if err := w.expiry().ExpireLots(t.Context()); err != nil || len(w.posted) != 1700 {
			t.Errorf("%d expired, %v; want 1700", len(w.posted), err)
		}
	})
	t.Run("a_wallet_without_anything_left_to_expire_is_no_failure", func(t *testing.T) {
		t.Parallel()
		w := (&world{}).wallet(1, noon.Add(-time.Hour))
		w.refuse = map[ledger.ID]ledger.Refusal{{1}: refusal(t, "NOTHING_EXPIRED", nil)}
		if err := w.expiry().ExpireLots(t.Context()); err != nil || w.progress.IsZero() {
			t.Errorf("%v, progress %s; want progress", err, w.progress)
		}
	})
	t.Run("a_wallet_that_failed_is_tried_again_and_does_not_stop_others", func(t *testing.T) {
		t.Parallel()
		w := (&world{}).wallet(1, noon.Add(-2*time.Hour)).wallet(2, noon.Add(-time.Hour))
		w.fail = map[ledger.ID]error{{1}: ledger.ErrOverloaded}
		if err := w.expiry().ExpireLots(t.Context()); !errors.Is(err, ledger.ErrOverloaded) || !w.progress.IsZero() {
			t.Errorf("%v, progress %s; want ErrOverloaded and none", err, w.progress)
		}
		if diff := cmp.Diff([]string{"wallet 2"}, w.done()); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
		w.fail = nil
		if err := w.expiry().ExpireLots(t.Context()); err != nil || !slices.Contains(w.posted, "wallet 1") {
			t.Errorf("posted %v, %v; want wallet 1 too", w.posted, err)
		}
	})
}
