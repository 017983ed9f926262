package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/internal/market"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// books is a database whose every test has a book of its own.
type books struct {
	t     testing.TB
	pg    *pgtest.DB
	super *pgxpool.Pool
	last  atomic.Int32
}

func newBooks(t testing.TB) *books {
	t.Helper()
	b := &books{t: t, pg: pgtest.New(t)}
	b.last.Store(1000)
	super, err := pgxpool.New(t.Context(), b.pg.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(super.Close)
	b.super = super
	b.do(`
		CREATE TABLE ledgertest_gates (
			book_id integer, gate_id text, version bigint NOT NULL, journal_id uuid NOT NULL, PRIMARY KEY (book_id, gate_id))`)
	b.do(`GRANT SELECT, INSERT, UPDATE ON ledgertest_gates TO purser_app`)
	return b
}

// do runs a statement that the application may not.
func (b *books) do(sql string, arguments ...any) {
	b.t.Helper()
	if _, err := b.super.Exec(b.t.Context(), sql, arguments...); err != nil {
		b.t.Fatal(err)
	}
}

// open adds a book and returns its id.
func (b *books) open() ledger.BookID {
	b.t.Helper()
	book := ledger.BookID(b.last.Add(1))
	b.do("INSERT INTO book_heads (book_id) VALUES ($1)", book)
	return book
}

// store returns a Store with the guards and effects of ledgertest.
func (b *books) store(db *postgres.DB) *postgres.Store {
	store := db.NewStore(market.Rules())
	store.Register(ledgertest.GateKind, readGates, writeGates)
	return store
}

// snapshot dumps a book.
func (b *books) snapshot(t testing.TB, book ledger.BookID) ledgertest.Snapshot {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // also called by cleanups
	snapshot, err := dump(ctx, b.super, book)
	if err != nil {
		t.Fatalf("dump book %d: %v", book, err)
	}
	return snapshot
}

func readGates(batch *pgx.Batch, book ledger.BookID, ids []string, found func(string, any)) {
	batch.Queue(`SELECT gate_id, version, journal_id FROM ledgertest_gates WHERE book_id = $1 AND gate_id = ANY($2)`, book, ids).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var gate ledgertest.Gate
				if err := rows.Scan(&gate.ID, &gate.Version, &gate.Journal); err != nil {
					return err
				}
				found(gate.ID, gate)
			}
			return rows.Err()
		})
}

func writeGates(batch *pgx.Batch, book ledger.BookID, rows []any) {
	for _, row := range rows {
		gate := row.(ledgertest.Gate)
		batch.Queue(`INSERT INTO ledgertest_gates (book_id, gate_id, version, journal_id) VALUES ($1, $2, $3, $4)
			ON CONFLICT (book_id, gate_id) DO UPDATE SET version = excluded.version, journal_id = excluded.journal_id`,
			book, gate.ID, gate.Version, gate.Journal)
	}
}

// harness opens a book per case on one database.
func (b *books) harness() ledgertest.Harness {
	db := openDB(b.t, b.pg.AppURL)
	return ledgertest.Harness{
		Rules: market.Rules(),
		Open: func(t testing.TB) (ledger.Store, ledger.BookID, func() ledgertest.Snapshot) {
			t.Helper()
			book := b.open()
			return b.store(db), book, func() ledgertest.Snapshot { return b.snapshot(t, book) }
		},
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	ledgertest.Suite(t, newBooks(t).harness())
}

func TestModel(t *testing.T) {
	t.Parallel()
	ledgertest.Model(t, newBooks(t).harness())
}
