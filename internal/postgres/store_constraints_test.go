package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestTamperedVersion changes a balance behind the head lock: the batch fails by
// the tripwire's name, and writes nothing.
func TestTamperedVersion(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	before := d.snapshot(t, d.Book)
	account := ledger.AccountID(d.Book, wallet.AvailableCode(d.wallet), ledger.CNX)
	const tamper = `UPDATE account_balances SET version = version + $3 WHERE book_id = $1 AND account_id = $2`
	spend := d.Spend(d.wallet, 4)
	spend.Guards = append(spend.Guards, &interfering{do: func() { d.do(tamper, d.Book, account, 1) }})
	_, err := l.Post(t.Context(), spend)
	wantConstraint(t, err, "account_balances_version")
	d.do(tamper, d.Book, account, -1)
	if diff := ledgertest.Diff(before, d.snapshot(t, d.Book)); diff != "" {
		t.Errorf("the failed batch changed the book:\n%s", diff)
	}
	if outcome, err := l.Post(t.Context(), d.Spend(d.wallet, 4)); err != nil || outcome.Refusal != nil {
		t.Errorf("the next command got %+v, %v", outcome, err)
	}
	d.wantBook(t, 3, 6)
}

func wantConstraint(t *testing.T, err error, want string) {
	t.Helper()
	var fired *pgconn.PgError
	if !errors.As(err, &fired) || fired.ConstraintName != want || errors.Is(err, ledger.ErrRetry) {
		t.Errorf("got %v, want constraint %s, not to be retried", err, want)
	}
}

// TestConstraints hands the store writes that no fold makes: each is refused by
// the constraint that says why, and takes the batch with it.
func TestConstraints(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	store := d.store(openDB(t, d.pg.AppURL))
	before := d.snapshot(t, d.Book)
	account := ledger.AccountID(d.Book, wallet.AvailableCode(d.wallet), ledger.CNX)
	other := ledger.AccountID(d.Book, "ISSUED:PROMO", ledger.CNX)
	journal := before.Journals[0]
	lot := before.Lots[0]
	change := func(b ledger.Balance) func(*ledger.Writes) {
		return func(w *ledger.Writes) {
			b.Status = ledger.StatusActive
			w.Balances = []ledger.BalanceChange{{Account: account, VersionBefore: 1, Balance: b}}
		}
	}
	lots := func(remaining, basis int64) func(*ledger.Writes) {
		return func(w *ledger.Writes) {
			after := lot
			after.Remaining, after.BasisRemaining = remaining, basis
			w.Lots = []ledger.Lot{after}
		}
	}
	posting := func(debit, credit ledger.ID, amount int64) func(*ledger.Writes) {
		return func(w *ledger.Writes) {
			w.Postings = []ledger.JournalPosting{{Journal: d.NewID(), Posting: ledger.Posting{Debit: debit, Credit: credit, Amount: amount, Commodity: ledger.CNX}}}
		}
	}
	hold := ledger.Hold{
		ID: d.NewID(), Wallet: d.wallet, Account: account, Held: other, Purpose: "BID", Reserved: 5, Status: ledger.HoldOpen, OpenedAt: time.Now(),
	}
	holds := func(alter func(*ledger.Hold)) func(*ledger.Writes) {
		return func(w *ledger.Writes) {
			altered := hold
			alter(&altered)
			w.NewHolds = []ledger.Hold{altered}
		}
	}
	limits := func(window time.Duration, used int64) func(*ledger.Writes) {
		return func(w *ledger.Writes) {
			w.Limits = []ledger.LimitChange{{Account: account, Limit: ledger.Limit{Window: window, Used: used, WindowStart: time.Now()}}}
		}
	}
	for want, alter := range map[string]func(*ledger.Writes){
		"account_balances_floor":                 change(ledger.Balance{Debits: 11, Credits: 10, Version: 2}),
		"account_balances_counters_not_negative": change(ledger.Balance{Debits: -1, Credits: 10, Version: 2}),
		"lots_remaining_bounds":                  lots(11, 0),
		"lots_basis_bounds":                      lots(5, 1),
		"lot_places_quantity_not_negative": func(w *ledger.Writes) {
			w.Places = []ledger.Place{{Lot: lot.ID, Account: account, Quantity: -1}}
		},
		"postings_amount_positive": posting(account, other, 0),
		"postings_two_accounts":    posting(account, account, 1),
		"journals_pkey": func(w *ledger.Writes) {
			again := journal
			again.Seq = 3
			w.Journals, w.LastSeq = []ledger.Journal{again}, 3
		},
		"journals_seq_unique": func(w *ledger.Writes) {
			again := journal
			again.ID = d.NewID()
			w.Journals, w.LastSeq = []ledger.Journal{again}, 3
		},
		"book_heads_seq": func(w *ledger.Writes) { w.FirstSeq, w.LastSeq = 4, 4 },
		"once_keys_pkey": func(w *ledger.Writes) {
			w.Once = []ledger.OnceRow{{Once: "x", Journal: journal.ID}, {Once: "x", Journal: journal.ID}}
		},
		"holds_reserved_positive": holds(func(h *ledger.Hold) { h.Reserved, h.Status, h.ClosedAt = 0, ledger.HoldReleased, h.OpenedAt }),
		"holds_parts_bounds": holds(func(h *ledger.Hold) {
			h.Captured, h.Released, h.Status, h.ClosedAt = 3, 3, ledger.HoldCaptured, h.OpenedAt
		}),
		"holds_status_known":               holds(func(h *ledger.Hold) { h.Captured, h.Status, h.ClosedAt = 5, "LOST", h.OpenedAt }),
		"holds_closed_holds_nothing":       holds(func(h *ledger.Hold) { h.Released = 5 }),
		"holds_closed_whole":               holds(func(h *ledger.Hold) { h.ClosedAt = h.OpenedAt }),
		"holds_pkey":                       func(w *ledger.Writes) { w.NewHolds = []ledger.Hold{hold, hold} },
		"holds_open":                       func(w *ledger.Writes) { w.Holds = []ledger.Hold{hold} },
		"account_limits_window_positive":   limits(0, 0),
		"account_limits_used_not_negative": limits(time.Hour, -1),
		"book_periods_event_known": func(w *ledger.Writes) {
			w.Periods = []ledger.PeriodChange{{Period: ledger.Period{Year: 2026, Month: time.March}, Event: "LOST", Seq: 3}}
		},
		"lots_tax_bounds": func(w *ledger.Writes) {
			after := lot
			after.TaxRemaining = 1
			w.Lots = []ledger.Lot{after}
		},
		"lots_child_unique": func(w *ledger.Writes) {
			one, two := lot, lot
			one.ID, two.ID, one.Root, two.Root = d.NewID(), d.NewID(), lot.ID, lot.ID
			w.NewLots = []ledger.Lot{one, two}
		},
		"journals_hold_whole": func(w *ledger.Writes) {
			held := journal
			held.ID, held.Seq, held.HoldEvent = d.NewID(), 3, ledger.EventCaptured
			w.Journals, w.LastSeq = []ledger.Journal{held}, 3
		},
		"batches_link_whole": func(w *ledger.Writes) { w.LastSeq, w.Root = 3, ledger.Hash{1} },
		"outbox_whole": func(w *ledger.Writes) {
			again := journal
			again.ID, again.Seq = d.NewID(), 3
			w.Journals, w.LastSeq = []ledger.Journal{again}, 4
		},
		"wallets_owner_fkey": effectOf(wallet.EffectWallet, wallet.Row{ID: d.NewID(), Owner: d.NewID(), Kind: wallet.KindAgency}),
		"owners_kind_known":  effectOf(domain.EffectOwner, domain.OwnerRow{ID: d.NewID(), Book: d.Book, Kind: "PET", Jurisdiction: "IN", TimeZone: "UTC"}),
		"accounts_code_commodity_unique": func(w *ledger.Writes) {
			w.Opened = []ledger.Account{{ID: d.NewID(), Code: wallet.AvailableCode(d.wallet), Class: wallet.ClassAvailable, Commodity: ledger.CNX}}
		},
	} {
		err := store.Batch(t.Context(), &ledger.Needs{Book: d.Book, Clock: time.Now()}, func(s *ledger.State) (*ledger.Writes, error) {
			writes := &ledger.Writes{Book: s.Book, FirstSeq: s.Seq + 1, LastSeq: s.Seq, PostedAt: s.Now}
			alter(writes)
			return writes, nil
		})
		wantConstraint(t, err, want)
	}
	if diff := ledgertest.Diff(before, d.snapshot(t, d.Book)); diff != "" {
		t.Errorf("refused batches changed the book:\n%s", diff)
	}
}

func effectOf(kind string, row any) func(*ledger.Writes) {
	return func(w *ledger.Writes) { w.Effects = []ledger.EffectRows{{Kind: kind, Rows: []any{row}}} }
}
