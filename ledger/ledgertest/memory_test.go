package ledgertest_test

import (
	"context"
	"errors"
	"math"
	"slices"
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
	two := append(slices.Clone(opened), ledger.Account{ID: ledger.ID{2}, Code: "4000", Class: "4000", Commodity: ledger.USD})
	key := ledger.IdempotencyKey{Key: "k"}
	changed := func(change func(*ledger.Lot)) []ledger.Lot {
		lot := ledger.Lot{ID: id, Granted: 5, Remaining: 5, Money: ledger.USD, Basis: 50, BasisRemaining: 50, Tax: 8, TaxRemaining: 8}
		change(&lot)
		return []ledger.Lot{lot}
	}
	lot := changed(func(*ledger.Lot) {})
	hold := func(change func(*ledger.Hold)) []ledger.Hold {
		hold := ledger.Hold{ID: id, Reserved: 5, Status: ledger.HoldOpen, OpenedAt: day}
		if change != nil {
			change(&hold)
		}
		return []ledger.Hold{hold}
	}
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
			w.Opened, w.Postings = two, []ledger.JournalPosting{{Posting: ledger.Posting{Debit: id, Credit: ledger.ID{2}}}}
		},
		"posting_to_itself": func(w *ledger.Writes) {
			w.Opened, w.Postings = opened, []ledger.JournalPosting{{Posting: ledger.Posting{Amount: 1, Debit: id, Credit: id}}}
		},
		"lot_twice":          func(w *ledger.Writes) { w.NewLots = append(lot, lot...) },
		"lot_of_nothing":     func(w *ledger.Writes) { w.NewLots = []ledger.Lot{{ID: id}} },
		"lot_of_nobody":      func(w *ledger.Writes) { w.Lots = lot },
		"lot_beyond_granted": func(w *ledger.Writes) { w.NewLots, w.Lots = lot, changed(func(l *ledger.Lot) { l.Remaining = 6 }) },
		"lot_below_zero":     func(w *ledger.Writes) { w.NewLots, w.Lots = lot, changed(func(l *ledger.Lot) { l.Remaining = -1 }) },
		"basis_beyond_whole": func(w *ledger.Writes) {
			w.NewLots, w.Lots = lot, changed(func(l *ledger.Lot) { l.BasisRemaining = 51 })
		},
		"tax_beyond_whole":  func(w *ledger.Writes) { w.NewLots, w.Lots = lot, changed(func(l *ledger.Lot) { l.TaxRemaining = 9 }) },
		"basis_of_no_units": func(w *ledger.Writes) { w.NewLots, w.Lots = lot, changed(func(l *ledger.Lot) { l.Remaining = 0 }) },
		"basis_of_no_money": func(w *ledger.Writes) {
			w.NewLots = changed(func(l *ledger.Lot) { l.Money = "" })
		},
		"issued_lot_grows": func(w *ledger.Writes) {
			w.NewLots, w.Lots = lot, changed(func(l *ledger.Lot) { l.Granted, l.Remaining = 7, 7 })
		},
		"two_lots_of_one_root": func(w *ledger.Writes) {
			w.NewLots = changed(func(l *ledger.Lot) { l.Root = ledger.ID{8} })
			w.NewLots = append(w.NewLots, changed(func(l *ledger.Lot) { l.ID, l.Root = ledger.ID{3}, ledger.ID{8} })...)
		},
		"movement_of_nothing": func(w *ledger.Writes) { w.Movements = []ledger.JournalMovement{{}} },
		"hold_twice":          func(w *ledger.Writes) { w.NewHolds = append(hold(nil), hold(nil)...) },
		"hold_of_nobody":      func(w *ledger.Writes) { w.Holds = hold(nil) },
		"hold_of_nothing":     func(w *ledger.Writes) { w.NewHolds = hold(func(h *ledger.Hold) { h.Reserved = 0 }) },
		"hold_beyond_reserve": func(w *ledger.Writes) { w.NewHolds = hold(func(h *ledger.Hold) { h.Captured, h.Released = 3, 3 }) },
		"hold_open_and_empty": func(w *ledger.Writes) { w.NewHolds = hold(func(h *ledger.Hold) { h.Captured = 5 }) },
		"hold_closed_with_rest": func(w *ledger.Writes) {
			w.NewHolds = hold(func(h *ledger.Hold) { h.Status, h.ClosedAt = ledger.HoldReleased, day })
		},
		"hold_reopened": func(w *ledger.Writes) {
			w.NewHolds = hold(func(h *ledger.Hold) { h.Status, h.ClosedAt, h.Released = ledger.HoldReleased, day, 5 })
			w.Holds = hold(nil)
		},
		"limit_of_nobody": func(w *ledger.Writes) {
			w.Limits = []ledger.LimitChange{{Account: id, Limit: ledger.Limit{Window: time.Hour}}}
		},
		"limit_of_no_window":   func(w *ledger.Writes) { w.Opened, w.Limits = opened, []ledger.LimitChange{{Account: id}} },
		"period_of_no_journal": func(w *ledger.Writes) { w.Periods = []ledger.PeriodChange{{Seq: 1, Journal: id}} },
		"period_beyond": func(w *ledger.Writes) {
			w.Periods = []ledger.PeriodChange{{Seq: 2, Journal: w.Journals[0].ID}}
		},
		"period_twice": func(w *ledger.Writes) {
			change := ledger.PeriodChange{Seq: 1, Journal: w.Journals[0].ID}
			w.Periods = []ledger.PeriodChange{change, change}
		},
		"journal_outside_the_chain": func(w *ledger.Writes) { w.Root = ledger.Hash{} },
		"link_without_a_head":       func(w *ledger.Writes) { w.Hash = ledger.Hash{} },
		"place_below_zero":          func(w *ledger.Writes) { w.Places = []ledger.Place{{Lot: id, Quantity: -1}} },
		"day_beyond_int64":          func(w *ledger.Writes) { w.BackDated = []ledger.BackDated{{Debits: math.MaxInt64}, {Debits: 1}} },
		"trial_beyond_int64":        func(w *ledger.Writes) { w.Trial = []ledger.TrialDelta{{Credits: math.MaxInt64}, {Credits: 1}} },
		"key_twice":                 func(w *ledger.Writes) { w.Keys = []ledger.KeyRow{{Key: key}, {Key: key}} },
		"once_key_twice":            func(w *ledger.Writes) { w.Once = []ledger.OnceRow{{Once: "x"}, {Once: "x"}} },
		"journal_posted_back":       func(w *ledger.Writes) { w.PostedAt, w.Journals[0].PostedAt = time.Time{}, time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var memory ledgertest.Memory
			write := func(spoil func(*ledger.Writes)) error {
				return memory.Batch(context.Background(), &ledger.Needs{Book: 1, Clock: day}, func(*ledger.State) (*ledger.Writes, error) {
					w := &ledger.Writes{Book: 1, FirstSeq: 1, LastSeq: 1, PostedAt: day, Journals: []ledger.Journal{{ID: ledger.ID{7}, Seq: 1, PostedAt: day}}, Root: ledger.Hash{1}, Hash: ledger.Hash{2}}
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
