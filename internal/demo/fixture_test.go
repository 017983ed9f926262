package demo_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/demo"
	"purser/internal/market"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/ledger"
)

const seed = 42

var endsAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// database is a test's database with a connection to look at it.
type database struct {
	*postgres.DB
	conn *pgx.Conn
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	urls := pgtest.New(t)
	db, err := postgres.Open(t.Context(), urls.AppURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	conn, err := pgx.Connect(t.Context(), urls.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &database{DB: db, conn: conn}
}

// options load a small marketplace, in which everything happens.
func (d *database) options() demo.Options {
	rules := market.Rules()
	return demo.Options{Rules: rules, Store: d.NewStore(rules), Loads: d, Wallets: 60, Campaigns: 24, Days: 30, Seed: seed, Now: endsAt}
}

func (d *database) load(t *testing.T) demo.Summary {
	t.Helper()
	summary, err := demo.Load(t.Context(), d.options())
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// strings returns the first column of a query, as text.
func (d *database) strings(t *testing.T, sql string, args ...any) []string {
	t.Helper()
	rows, err := d.conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return found
}

func (d *database) count(t *testing.T, sql string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := d.conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// dump returns every row that a load writes, as sorted text per table.
func (d *database) dump(t *testing.T) map[string][]string {
	t.Helper()
	tables := d.strings(t, `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
		AND relname NOT IN ('demo_loads', 'goose_db_version')`)
	if len(tables) < 15 {
		t.Fatalf("found only the tables %v", tables)
	}
	rows := map[string][]string{}
	for _, table := range tables {
		rows[table] = d.strings(t, fmt.Sprintf(`SELECT t::text FROM %s t ORDER BY 1`, pgx.Identifier{table}.Sanitize()))
	}
	return rows
}

var errPulled = errors.New("the plug was pulled")

// pluggedStore stops working after some batches.
type pluggedStore struct {
	ledger.Store
	left atomic.Int64
}

func (s *pluggedStore) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	if s.left.Add(-1) < 0 {
		return errPulled
	}
	return s.Store.Batch(ctx, needs, fold)
}
