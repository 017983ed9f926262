package resolvers_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// waitPatience bounds how long a test waits for a state of the database.
const waitPatience = 20 * time.Second

// superuser connects past the product, to the test's database or to another of the
// same server.
func (w *world) superuser(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(w.pg.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	config.Database = database
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// ofTheProduct are the product's connections to the test's database.
func (w *world) ofTheProduct() string {
	return `FROM pg_stat_activity WHERE usename = 'purser_app' AND datname = '` + w.pg.Name + `'`
}

// awaitBlocked returns once a statement of the product's waits for a lock.
func (w *world) awaitBlocked(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitPatience)
	defer cancel()
	for blocked := 0; blocked == 0; {
		if err := conn.QueryRow(ctx, `SELECT count(*) `+w.ofTheProduct()+` AND wait_event_type = 'Lock'`).Scan(&blocked); err != nil {
			t.Fatalf("wait for a blocked statement: %v", err)
		}
	}
}

// A database that goes away while a page is being read is a typed error; when it
// is back, the next request works.
func TestDatabaseGoesAwayWhileReading(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	const page = `{ viewer { subject wallets { balance { available } } } }`
	lock, kill := w.superuser(t, w.pg.Name), w.superuser(t, w.pg.Name)
	execute(t, lock, `BEGIN`)
	execute(t, lock, `LOCK TABLE account_balances IN ACCESS EXCLUSIVE MODE`)
	answered := make(chan answer, 1)
	go func() { answered <- w.do(priyaSays, page, nil) }()
	w.awaitBlocked(t, kill)
	execute(t, kill, `SELECT pg_terminate_backend(pid) `+w.ofTheProduct())
	a := <-answered
	if a.code() != "UNAVAILABLE" || objectOf(t, a.Data).text("viewer", "subject") != priya.String() || objectOf(t, a.Data).at("viewer", "wallets") != nil {
		t.Errorf("while it was away: %s, want the panel null with UNAVAILABLE", a.raw)
	}
	execute(t, lock, `ROLLBACK`)
	if got := w.data(priyaSays, page, nil).text("viewer", "wallets", 0, "balance", "available"); got != "63" {
		t.Errorf("when it was back: %s, want 63", got)
	}
}

// A database that nobody can connect to is UNAVAILABLE for reads and writes alike,
// writes nothing, and the same key works when it is back.
func TestDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	admin := w.superuser(t, "postgres")
	input := map[string]any{
		"idempotencyKey": "while-it-is-away", "walletId": w.names["wallet"], "quantity": 3,
		"subject": map[string]any{"type": "PROPOSAL", "id": "00000000-0000-4000-8000-000000000001"},
	}
	execute(t, admin, `ALTER DATABASE `+w.pg.Name+` ALLOW_CONNECTIONS false`)
	execute(t, admin, `SELECT pg_terminate_backend(pid) `+w.ofTheProduct())
	for range 3 {
		if a := w.do(priyaSays, `{ viewer { wallets { id } } }`, nil); a.code() != "UNAVAILABLE" {
			t.Errorf("read: %s, want UNAVAILABLE", a.raw)
		}
		if a := w.do(priyaSays, spendMutation, map[string]any{"input": input}); a.code() != "UNAVAILABLE" {
			t.Errorf("write: %s, want UNAVAILABLE", a.raw)
		}
	}
	execute(t, admin, `ALTER DATABASE `+w.pg.Name+` ALLOW_CONNECTIONS true`)
	w.mutate(priyaSays, spendMutation, input)
	if got := w.data(priyaSays, `{ viewer { wallets { balance { available } } } }`, nil).text("viewer", "wallets", 0, "balance", "available"); got != "60" {
		t.Errorf("available = %s, want 60: one spend of 3", got)
	}
}

// A connection lost in the middle of a write is made good by the ledger itself:
// one spend, whatever the caller was told.
func TestDatabaseGoesAwayWhileWriting(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	input := map[string]any{
		"idempotencyKey": "lost-in-the-middle", "walletId": w.names["wallet"], "quantity": 3,
		"subject": map[string]any{"type": "PROPOSAL", "id": "00000000-0000-4000-8000-000000000001"},
	}
	lock, kill := w.superuser(t, w.pg.Name), w.superuser(t, w.pg.Name)
	execute(t, lock, `BEGIN`)
	execute(t, lock, `LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE`)
	answered := make(chan answer, 1)
	go func() { answered <- w.do(priyaSays, spendMutation, map[string]any{"input": input}) }()
	w.awaitBlocked(t, kill)
	execute(t, kill, `SELECT pg_terminate_backend(pid) `+w.ofTheProduct())
	execute(t, lock, `ROLLBACK`)
	if a := <-answered; len(a.Errors) > 0 && a.code() != "UNAVAILABLE" && a.code() != "TIMEOUT" {
		t.Errorf("answer = %s, want success or a fault that may be retried", a.raw)
	}
	w.mutate(priyaSays, spendMutation, input)
	if got := w.data(priyaSays, `{ viewer { wallets { balance { available } } } }`, nil).text("viewer", "wallets", 0, "balance", "available"); got != "60" {
		t.Errorf("available = %s, want 60: one spend of 3", got)
	}
}
