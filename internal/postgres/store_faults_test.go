package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/market"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// desk is one book with a funded wallet, written to by ledgers of the test.
type desk struct {
	*books
	*ledgertest.Commands
	wallet ledger.ID
}

func newDesk(t testing.TB, units int64) *desk {
	t.Helper()
	b := newBooks(t)
	d := &desk{books: b, Commands: &ledgertest.Commands{Book: b.open()}}
	d.wallet = d.NewID()
	l := d.ledger(b.store(openDB(t, b.pg.AppURL)))
	for _, c := range []ledger.Command{d.OpenWallet(d.wallet), d.Grant(d.wallet, units, ledgertest.Terms{})} {
		if outcome, err := l.Post(t.Context(), c); err != nil || outcome.Refusal != nil {
			t.Fatal(err, outcome.Refusal)
		}
	}
	return d
}

// ledger returns a ledger on the real clock, closed with the test.
func (d *desk) ledger(store ledger.Store) *ledger.Ledger {
	l := ledger.New(ledger.Config{Rules: market.Rules(), Store: store, Clock: time.Now})
	d.t.Cleanup(func() {
		if err := l.Close(context.WithoutCancel(d.t.Context())); err != nil {
			d.t.Errorf("close the ledger: %v", err)
		}
	})
	return l
}

// wantBook checks every invariant of the book, its number of journals, and what
// is left in the wallet.
func (d *desk) wantBook(t *testing.T, journals int, left int64) {
	t.Helper()
	snapshot := d.snapshot(t, d.Book)
	for _, err := range snapshot.Check(market.Rules()) {
		t.Error(err)
	}
	if got := len(snapshot.Journals); got != journals {
		t.Errorf("the book has %d journals, want %d", got, journals)
	}
	account := ledger.AccountID(d.Book, wallet.AvailableCode(d.wallet), ledger.CNX)
	for _, row := range snapshot.Accounts {
		if got := row.Balance.On(ledger.Credit); row.Account.ID == account && got != left {
			t.Errorf("the wallet has %d units left, want %d", got, left)
		}
	}
}

// TestCommitInDoubt breaks the connection around a COMMIT: the caller's command
// is decided exactly once, and is no replay to the caller (I16).
func TestCommitInDoubt(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]fault{
		"committed_and_the_answer_lost": loseAnswer, "connection_lost_while_committing": breakAtOnce, "commit_lost": loseCommit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, 100)
			through := newProxy(t, d.pg.AppURL)
			l := d.ledger(d.store(openDB(t, through.url())))
			through.set(once(what))
			spend := d.Spend(d.wallet, 30)
			outcome, err := l.Post(t.Context(), spend)
			if err != nil || outcome.Refusal != nil || outcome.Replayed || outcome.Journal != spend.ID || outcome.Seq != 3 {
				t.Errorf("got %+v, %v; want journal %s, not replayed", outcome, err, spend.ID)
			}
			refused := d.Spend(d.wallet, 71)
			through.set(once(what))
			if outcome, err = l.Post(t.Context(), refused); err != nil || !errors.Is(outcome.Refusal, ledger.ErrInsufficientFunds) || outcome.Replayed {
				t.Errorf("got %+v, %v; want the refusal, not replayed", outcome, err)
			}
			again := spend
			again.ID = d.NewID()
			if outcome, err = l.Post(t.Context(), again); err != nil || !outcome.Replayed || outcome.Journal != spend.ID {
				t.Errorf("got %+v, %v; want a replay of %s", outcome, err, spend.ID)
			}
			d.wantBook(t, 3, 70)
			through.wantMeddled(t, 2)
		})
	}
}

// TestCommitsInDoubtUnderLoad meddles with a third of the commits of many
// callers.
func TestCommitsInDoubtUnderLoad(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 12
	d := newDesk(t, callers*each)
	through := newProxy(t, d.pg.AppURL)
	l := d.ledger(d.store(openDB(t, through.url())))
	random := rand.New(rand.NewPCG(1, 2)) // a repeatable choice of faults
	count := 0
	through.set(func() fault {
		if count++; count%3 != 0 {
			return forward
		}
		return loseAnswer + fault(random.IntN(3))
	})
	var working sync.WaitGroup
	for range callers {
		working.Go(func() {
			for range each {
				c := d.Spend(d.wallet, 1)
				if outcome, err := l.Post(t.Context(), c); err != nil || outcome.Journal != c.ID || outcome.Replayed {
					t.Errorf("got %+v, %v", outcome, err)
				}
			}
		})
	}
	working.Wait()
	d.wantBook(t, 2+callers*each, 0)
	through.wantMeddled(t, count/3)
	if count < 9 {
		t.Errorf("the proxy saw %d commits, too few for this test", count)
	}
}

// interfering is a guard whose check does something to the database while the
// batch holds its head.
type interfering struct {
	once sync.Once
	do   func()
}

func (*interfering) Kind() string { return ledgertest.GateKind }
func (*interfering) ID() string   { return "interfering" }
func (i *interfering) Check(any) (string, ledger.Arguments) {
	i.once.Do(i.do)
	return "", nil
}
func (*interfering) After(row any, _ *ledger.Delta) any { return row }

// TestBackendKilled ends the backend between the two round trips of a batch.
func TestBackendKilled(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	killed := 0
	spend := d.Spend(d.wallet, 4)
	spend.Guards = append(spend.Guards, &interfering{do: func() {
		err := d.super.QueryRow(t.Context(), `
			SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
			WHERE datname = current_database() AND usename = 'purser_app' AND state = 'idle in transaction'`).Scan(&killed)
		if err != nil {
			t.Error(err)
		}
	}})
	outcome, err := l.Post(t.Context(), spend)
	if err != nil || outcome.Journal != spend.ID || outcome.Replayed {
		t.Errorf("got %+v, %v; want journal %s, not replayed", outcome, err, spend.ID)
	}
	if killed != 1 {
		t.Errorf("%d backends were killed, want 1", killed)
	}
	d.wantBook(t, 3, 6)
}

// TestHeadHeldElsewhere waits for a head that another session holds: not for
// ever, and only until it is released.
func TestHeadHeldElsewhere(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	store := d.store(openDB(t, d.pg.AppURL))
	l := d.ledger(store)
	holder, err := d.super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it is committed below
	if _, err := holder.Exec(t.Context(), `SELECT seq FROM book_heads WHERE book_id = $1 FOR UPDATE`, d.Book); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // the lock's own limit is 2 s
	defer cancel()
	err = store.Batch(ctx, &ledger.Needs{Book: d.Book, Clock: time.Now()}, func(*ledger.State) (*ledger.Writes, error) {
		t.Error("the fold ran without the head")
		return nil, nil
	})
	if !errors.Is(err, ledger.ErrRetry) || ctx.Err() != nil {
		t.Errorf("got %v, want ErrRetry before the context ends", err)
	}
	spend := d.Spend(d.wallet, 3)
	pending, err := l.Submit(t.Context(), spend)
	if err != nil {
		t.Fatal(err)
	}
	d.waitFor(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`)
	if err := holder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if outcome, err := pending.Wait(t.Context()); err != nil || outcome.Journal != spend.ID {
		t.Errorf("got %+v, %v after the release", outcome, err)
	}
	d.wantBook(t, 3, 7)
}

// waitFor polls a condition in the database until it holds.
func (d *desk) waitFor(condition string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	defer cancel()
	for holds := false; !holds; {
		if err := d.super.QueryRow(ctx, condition).Scan(&holds); err != nil {
			d.t.Fatalf("wait until %s: %v", condition, err)
		}
	}
}

// TestSlowStatement cuts off a statement that never ends.
func TestSlowStatement(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10)
	store := d.store(openDB(t, d.pg.AppURL))
	store.Register("slow", func(batch *pgx.Batch, _ ledger.BookID, _ []string, _ func(string, any)) {
		batch.Queue(`SELECT pg_sleep(60)`)
	}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second) // a statement's own limit is 4 s
	defer cancel()
	err := store.Batch(ctx, &ledger.Needs{Book: d.Book, Clock: time.Now(), Rows: []ledger.RowID{{Kind: "slow", ID: "x"}}},
		func(*ledger.State) (*ledger.Writes, error) { return nil, fmt.Errorf("the fold ran on half a state") })
	if !errors.Is(err, ledger.ErrRetry) || ctx.Err() != nil {
		t.Errorf("got %v, want ErrRetry before the context ends", err)
	}
	if outcome, err := d.ledger(store).Post(t.Context(), d.Spend(d.wallet, 3)); err != nil || outcome.Refusal != nil {
		t.Errorf("the next command got %+v, %v", outcome, err)
	}
}
