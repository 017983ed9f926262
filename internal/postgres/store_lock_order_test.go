package postgres_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"purser/internal/market"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestHeadIsLockedFirst lets a batch wait for the head of its book, in each of the two
// ways to write one: until it has the head it has touched nothing else, and what it then
// believes is what the head's holder left.
func TestHeadIsLockedFirst(t *testing.T) {
	t.Parallel()
	for name, options := range storeWays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("balance_is_read_behind_the_lock", func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, 11)
				// What another writer's spend of 7 does to the balance.
				outcome := d.postBehind(t, options, d.Spend(d.wallet, 7), `
					UPDATE account_balances SET debits = debits + 7, version = version + 1 WHERE book_id = $1 AND account_id = $2`,
					d.Book, ledger.AccountID(d.Book, wallet.AvailableCode(d.wallet), ledger.CNX))
				var funds *ledger.InsufficientFundsError
				if !errors.As(outcome.Refusal, &funds) || funds.Available != 3 {
					t.Errorf("got %+v, want a refusal with 3 units available", outcome)
				}
			})
			t.Run("seq_follows_the_holders", func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, 11)
				before := d.snapshot(t, d.Book).Seq
				outcome := d.postBehind(t, options, d.Spend(d.wallet, 7), `
					UPDATE book_heads SET seq = seq + 5, hashed_seq = hashed_seq + 5 WHERE book_id = $1`, d.Book)
				if want := before + 1 + 5 + 1; outcome.Refusal != nil || outcome.Seq != want { // a spend, 5 of the holder, this one
					t.Errorf("got %+v, want it accepted as seq %d", outcome, want)
				}
			})
		})
	}
}

// postBehind posts a command while another session holds the head and changes
// something, and returns what became of it. The store has taken a unit from the same
// wallet before, so that it may remember the book.
func (d *desk) postBehind(t *testing.T, options postgres.StoreOptions, c ledger.Command, change string, arguments ...any) ledger.Outcome {
	t.Helper()
	store := openDB(t, d.pg.AppURL).NewStoreWith(market.Rules(), options)
	store.Register(ledgertest.GateKind, readGates, writeGates)
	l := d.ledger(store)
	if outcome, err := l.Post(t.Context(), d.Spend(d.wallet, 1)); err != nil || outcome.Refusal != nil {
		t.Fatalf("the first command got %+v, %v", outcome, err)
	}
	holder, err := d.super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it is committed below
	if _, err := holder.Exec(t.Context(), `SELECT seq FROM book_heads WHERE book_id = $1 FOR UPDATE`, d.Book); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), change, arguments...); err != nil {
		t.Fatal(err)
	}
	pending, err := l.Submit(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.lockedByWaiting(t); !slices.Equal(got, []string{"book_heads"}) {
		t.Errorf("the batch that waits for the head has locked %v, want book_heads alone", got)
	}
	if err := holder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	outcome, err := pending.Wait(t.Context())
	if err != nil {
		t.Fatalf("behind the holder: %v", err)
	}
	return outcome
}

// lockedByWaiting returns the tables that a waiting batch has read or written, as soon
// as there is one: PostgreSQL keeps a lock on each until the transaction ends. A batch
// that waited for too long begins anew.
func (d *desk) lockedByWaiting(t *testing.T) (tables []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for len(tables) == 0 {
		err := d.super.QueryRow(ctx, `
			SELECT coalesce(array_agg(DISTINCT c.relname::text ORDER BY c.relname::text), '{}')
			FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'relation' JOIN pg_class c ON c.oid = l.relation
			WHERE a.datname = current_database() AND a.usename = 'purser_app' AND a.wait_event_type = 'Lock'
				AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
				AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`).Scan(&tables)
		if err != nil {
			t.Fatalf("no batch waits for the head: %v", err)
		}
	}
	return tables
}

// TestSealLocksTheHeadFirst lets a writer link what SealChain is about to link: behind
// the writer there is nothing left to do for it, and nothing to complain of.
func TestSealLocksTheHeadFirst(t *testing.T) {
	t.Parallel()
	h := newChained(t)
	book := h.books()[0]
	h.exec(`UPDATE batches SET root = NULL, hash = NULL WHERE book_id = $1 AND last_seq = (SELECT seq FROM book_heads WHERE book_id = $1)`, book)
	h.exec(`
		UPDATE book_heads h SET hashed_seq = b.last_seq, hash = b.hash
		FROM (SELECT last_seq, hash FROM batches WHERE book_id = $1 AND root IS NOT NULL ORDER BY last_seq DESC LIMIT 1) b WHERE h.book_id = $1`, book)
	holder, err := h.as.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it is committed below
	for _, sql := range []string{
		`SELECT seq FROM book_heads WHERE book_id = $1 FOR UPDATE`,
		`UPDATE batches SET root = sha256('root'), hash = sha256('hash') WHERE book_id = $1 AND root IS NULL`,
		`UPDATE book_heads SET hashed_seq = seq, hash = sha256('hash') WHERE book_id = $1`,
	} {
		if _, err := holder.Exec(t.Context(), sql, book); err != nil {
			t.Fatal(err)
		}
	}
	sealed := make(chan error, 1)
	owner := h.open(h.owner)
	go func() { sealed <- owner.SealChain(t.Context(), nil) }()
	waits := connect(t, h.owner)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for waiting := false; !waiting; {
		err := waits.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
		if err != nil {
			t.Fatalf("SealChain waits for nobody: %v", err)
		}
	}
	if err := holder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-sealed; err != nil {
		t.Errorf("SealChain() = %v, want nil", err)
	}
}
