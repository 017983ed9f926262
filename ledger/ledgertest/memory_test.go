package ledgertest_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"purser/internal/market"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestMemoryRefusesWrites hands Memory what a correct ledger never writes: its
// constraints are what makes it a second opinion.
func TestMemoryRefusesWrites(t *testing.T) {
	t.Parallel()
	id := ledger.ID{1}
	opened := []ledger.Account{{ID: id, Code: "2000", Class: "2000", Commodity: ledger.USD}}
	key := ledger.IdempotencyKey{Key: "k"}
	for name, spoil := range map[string]func(*ledger.Writes){
		"seq_with_a_gap":        func(w *ledger.Writes) { w.FirstSeq, w.LastSeq, w.Journals[0].Seq = 2, 2, 2 },
		"last_seq_beyond":       func(w *ledger.Writes) { w.LastSeq = 2 },
		"journal_of_other_time": func(w *ledger.Writes) { w.Journals[0].PostedAt = day.Add(time.Hour) },
		"journal_twice": func(w *ledger.Writes) {
			again := w.Journals[0]
			again.Seq = 2
			w.Journals, w.LastSeq = append(w.Journals, again), 2
		},
		"account_twice":     func(w *ledger.Writes) { w.Opened = append(opened, opened...) },
		"balance_of_nobody": func(w *ledger.Writes) { w.Balances = []ledger.BalanceChange{{Account: id}} },
		"balance_past_lock": func(w *ledger.Writes) {
			w.Opened, w.Balances = opened, []ledger.BalanceChange{{Account: id, VersionBefore: 1}}
		},
		"posting_to_nobody": func(w *ledger.Writes) { w.Postings = []ledger.JournalPosting{{Posting: ledger.Posting{Amount: 1}}} },
		"posting_credit": func(w *ledger.Writes) {
			w.Opened, w.Postings = opened, []ledger.JournalPosting{{Posting: ledger.Posting{Amount: 1, Debit: id}}}
		},
		"posting_of_nothing": func(w *ledger.Writes) {
			w.Opened, w.Postings = opened, []ledger.JournalPosting{{Posting: ledger.Posting{Debit: id, Credit: id}}}
		},
		"lot_twice":     func(w *ledger.Writes) { w.NewLots = []ledger.Lot{{ID: id}, {ID: id}} },
		"lot_of_nobody": func(w *ledger.Writes) { w.Lots = []ledger.Lot{{ID: id}} },
		"lot_beyond_granted": func(w *ledger.Writes) {
			w.NewLots, w.Lots = []ledger.Lot{{ID: id}}, []ledger.Lot{{ID: id, Remaining: 1}}
		},
		"lot_below_zero": func(w *ledger.Writes) {
			w.NewLots, w.Lots = []ledger.Lot{{ID: id}}, []ledger.Lot{{ID: id, Remaining: -1}}
		},
		"basis_beyond_whole": func(w *ledger.Writes) {
			w.NewLots, w.Lots = []ledger.Lot{{ID: id}}, []ledger.Lot{{ID: id, BasisRemaining: 1}}
		},
		"place_below_zero":    func(w *ledger.Writes) { w.Places = []ledger.Place{{Lot: id, Quantity: -1}} },
		"day_beyond_int64":    func(w *ledger.Writes) { w.Days = []ledger.DayDelta{{Debits: math.MaxInt64}, {Debits: 1}} },
		"trial_beyond_int64":  func(w *ledger.Writes) { w.Trial = []ledger.TrialDelta{{Credits: math.MaxInt64}, {Credits: 1}} },
		"key_twice":           func(w *ledger.Writes) { w.Keys = []ledger.KeyRow{{Key: key}, {Key: key}} },
		"once_key_twice":      func(w *ledger.Writes) { w.Once = []ledger.OnceRow{{Once: "x"}, {Once: "x"}} },
		"journal_posted_back": func(w *ledger.Writes) { w.PostedAt, w.Journals[0].PostedAt = time.Time{}, time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var memory ledgertest.Memory
			write := func(spoil func(*ledger.Writes)) error {
				return memory.Batch(context.Background(), &ledger.Needs{Book: 1, Clock: day}, func(*ledger.State) (*ledger.Writes, error) {
					w := &ledger.Writes{Book: 1, FirstSeq: 1, LastSeq: 1, PostedAt: day, Journals: []ledger.Journal{{ID: ledger.ID{7}, Seq: 1, PostedAt: day}}}
					spoil(w)
					return w, nil
				})
			}
			if err := write(spoil); err == nil || errors.Is(err, ledger.ErrRetry) {
				t.Errorf("Batch() = %v, want an error that is no retry", err)
			}
			if s := memory.Snapshot(1); len(s.Lines()) != 1 || s.Seq != 0 {
				t.Errorf("the refused batch left %q", s.Lines())
			}
			if err := write(func(*ledger.Writes) {}); err != nil {
				t.Errorf("Batch() of the sound base = %v", err)
			}
		})
	}
}

func TestMemoryLockEndsWithItsContext(t *testing.T) {
	t.Parallel()
	var memory ledgertest.Memory
	needs := &ledger.Needs{Book: 1, Clock: day}
	err := memory.Batch(context.Background(), needs, func(*ledger.State) (*ledger.Writes, error) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		inner := memory.Batch(ctx, needs, func(*ledger.State) (*ledger.Writes, error) { t.Error("two batches at once"); return nil, nil })
		if !errors.Is(inner, ledger.ErrRetry) || !errors.Is(inner, context.Canceled) {
			t.Errorf("Batch() of a book in use = %v", inner)
		}
		return nil, nil
	})
	if err != nil {
		t.Errorf("Batch() = %v", err)
	}
}

// TestMemoryKeepsDomainRows shows both ways by which a row comes to a guard.
func TestMemoryKeepsDomainRows(t *testing.T) {
	t.Parallel()
	var memory ledgertest.Memory
	commands := &ledgertest.Commands{Book: 1}
	l := ledger.New(ledger.Config{Rules: market.Rules(), Store: &memory, Clock: func() time.Time { return day }})
	defer func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	memory.SetRow(1, ledger.RowID{Kind: ledgertest.GateKind, ID: "g"}, ledgertest.Gate{ID: "g", Version: 41})
	passed := ledgertest.ThroughGate(commands.Fact(), "g", 41)
	late := ledgertest.ThroughGate(commands.Fact(), "g", 41)
	if outcome, err := l.Post(context.Background(), passed); err != nil || outcome.Refusal != nil {
		t.Errorf("Post() = %+v, %v", outcome, err)
	}
	if outcome, err := l.Post(context.Background(), late); err != nil || !errors.Is(outcome.Refusal, ledger.ErrGuardFailed) {
		t.Errorf("Post() = %+v, %v, want ErrGuardFailed", outcome, err)
	}
	want := ledgertest.Gate{ID: "g", Version: 42, Journal: passed.ID}
	if rows := memory.Effects(1, ledgertest.GateKind); len(rows) != 1 || rows[0] != want {
		t.Errorf("Effects() = %+v, want %+v", rows, want)
	}
	if gates := memory.Snapshot(1).Gates; len(gates) != 1 || gates[0] != want {
		t.Errorf("gates = %+v, want %+v", gates, want)
	}
}
