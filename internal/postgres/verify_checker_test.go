package postgres_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/internal/market"
	"purser/internal/postgres"
)

// shown is what a checker showed last of each invariant.
type shown struct {
	holds map[string]bool
	found map[string]int64
}

func (s *shown) Checked(invariant string, holds bool, found int64, _ time.Time) {
	s.holds[invariant] = holds
	s.found[invariant] += found
}

type checked struct {
	*history
	*shown
	checker *postgres.Checker
	log     strings.Builder
}

// newChecked makes a checker of the history that has seen all of it.
func newChecked(t *testing.T, h *history, work time.Duration) *checked {
	t.Helper()
	w := &checked{history: h, shown: &shown{map[string]bool{}, map[string]int64{}}}
	w.checker = h.db.NewChecker(postgres.CheckerConfig{
		Rules: market.Rules(), Clock: time.Now, Metrics: w.shown, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Work: work,
	})
	return w
}

func (w *checked) run() {
	w.t.Helper()
	if err := w.checker.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// stored counts the rows of a status.
func (w *checked) stored(status string) (rows int) {
	w.t.Helper()
	checks, err := w.db.StoredChecks(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, got := range checks {
		if got == status {
			rows++
		}
	}
	return rows
}

func TestChecker(t *testing.T) {
	t.Parallel()
	t.Run("a_true_history_is_shown_to_hold", func(t *testing.T) {
		t.Parallel()
		w := newChecked(t, overMonthEnd(t), time.Minute)
		w.run()
		live := len(w.holds)
		if live < 20 || w.stored("OK") != live || w.stored("BROKEN")+w.stored("UNKNOWN") != 0 {
			t.Errorf("%d invariants are shown, and %d stored as OK", live, w.stored("OK"))
		}
		for invariant, holds := range w.holds {
			if !holds {
				t.Errorf("%s is shown as broken", invariant)
			}
		}
	})
	t.Run("until_all_was_seen_nothing_is_known", func(t *testing.T) {
		t.Parallel()
		w := newChecked(t, overMonthEnd(t), 0)
		w.run()
		if len(w.holds) != 0 || w.stored("UNKNOWN") < 20 {
			t.Errorf("%d invariants are shown, and %d stored as UNKNOWN", len(w.holds), w.stored("UNKNOWN"))
		}
	})
	t.Run("what_is_written_later_is_checked", func(t *testing.T) {
		t.Parallel()
		w := newChecked(t, newHistory(t), time.Minute)
		w.run()
		w.write(20)
		w.run()
		w.write(20)
		tamper(t, w.owner, `UPDATE postings SET credit_balance = credit_balance + 1 WHERE (book_id, journal_id) IN (
			SELECT book_id, journal_id FROM journals ORDER BY posted_at DESC LIMIT 1) AND line = 0`)
		w.run()
		if w.holds["I4"] || w.holds["I21"] || !w.holds["I2"] {
			t.Errorf("shown: I4 %v, I21 %v, I2 %v; want broken, broken and ok", w.holds["I4"], w.holds["I21"], w.holds["I2"])
		}
		if got := strings.Count(w.log.String(), "invariant=I4"); got != 1 {
			t.Errorf("I4 is in the log %d times, want once:\n%s", got, &w.log)
		}
	})
	t.Run("a_row_changed_behind_it_is_found_in_its_turn_and_found_mended", func(t *testing.T) {
		t.Parallel()
		w := newChecked(t, newHistory(t), time.Minute)
		w.run()
		tamper(t, w.owner, `UPDATE account_balances SET credits = credits + 1 WHERE account_id IN (SELECT account_id FROM accounts WHERE code = '4000')`)
		w.run()
		if w.holds["I2"] || w.found["I2"] == 0 || w.stored("BROKEN") == 0 {
			t.Errorf("I2 is shown as %v with %d found, %d are stored as BROKEN", w.holds["I2"], w.found["I2"], w.stored("BROKEN"))
		}
		tamper(t, w.owner, `UPDATE account_balances SET credits = credits - 1 WHERE account_id IN (SELECT account_id FROM accounts WHERE code = '4000')`)
		w.run()
		if !w.holds["I2"] || w.stored("BROKEN") != 0 {
			t.Errorf("after it was mended I2 is shown as %v, %d are stored as BROKEN", w.holds["I2"], w.stored("BROKEN"))
		}
	})
	t.Run("while_it_is_written_it_holds", func(t *testing.T) {
		t.Parallel()
		w := newChecked(t, newHistory(t), time.Minute)
		var writing sync.WaitGroup
		for range 2 {
			writing.Go(func() { w.write(150) })
		}
		written := make(chan struct{})
		go func() { writing.Wait(); close(written) }()
		for running := true; running; {
			select {
			case <-written:
				running = false
			default:
			}
			w.run()
			for invariant, holds := range w.holds {
				if !holds {
					t.Errorf("%s is shown as broken: %s", invariant, &w.log)
				}
			}
		}
	})
}
