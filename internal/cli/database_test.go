package cli_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"purser/internal/embedpg"
	"purser/internal/pgtest"
	"purser/internal/postgres"
)

// smallDemo keeps the tests short; the generator's own tests look at what it generates.
var smallDemo = []string{"demo", "-wallets", "10", "-campaigns", "12", "-days", "2"}

// databases are the variables that name a test's database.
func databases(db *pgtest.DB) []string {
	return environ("DATABASE_URL="+db.AppURL, "PURSER_MIGRATE_DATABASE_URL="+db.OwnerURL)
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func value[T any](t *testing.T, url, sql string) T {
	t.Helper()
	var v T
	if err := connect(t, url).QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	version, err := postgres.SchemaVersion()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("version %d\n", version)

	t.Run("is_repeatable", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		for range 2 {
			if got := run(t, databases(db), "migrate"); got.code != 0 || !strings.HasSuffix(got.stdout, want) {
				t.Errorf("migrate = %+v, want %q", got, want)
			}
		}
	})
	t.Run("in_production_takes_the_owners_url_alone", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		got := run(t, environ("PURSER_MODE=production", "PURSER_MIGRATE_DATABASE_URL="+db.OwnerURL), "migrate")
		if got.code != 0 || !strings.HasSuffix(got.stdout, want) {
			t.Errorf("migrate = %+v, want %q", got, want)
		}
	})
	t.Run("in_production_without_the_owners_url_is_refused", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		got := run(t, environ("PURSER_MODE=production", "DATABASE_URL="+db.AppURL), "migrate")
		if got.code != 1 || !strings.Contains(got.stderr, "PURSER_MIGRATE_DATABASE_URL") {
			t.Errorf("migrate = %+v, want a refusal that names the variable", got)
		}
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if got := run(t, databases(db), smallDemo...); got.code != 0 {
		t.Fatalf("demo = %+v", got)
	}

	t.Run("lists_every_invariant_once", func(t *testing.T) {
		got := run(t, databases(db), "verify")
		lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
		if got.code != 0 || len(lines) != 32 {
			t.Fatalf("verify = %+v, want 31 invariants and a sum", got)
		}
		for i, line := range lines[:31] {
			name, _, _ := strings.Cut(line, " ")
			if want := fmt.Sprintf("I%d", i+1); name != want {
				t.Errorf("line %d is about %s, want %s", i+1, name, want)
			}
			if !strings.HasSuffix(line, ": ok") && !strings.Contains(line, ": tested") {
				t.Errorf("unexpected result: %s", line)
			}
		}
	})
	t.Run("a_demo_on_top_is_refused", func(t *testing.T) {
		got := run(t, databases(db), smallDemo...)
		if got.code != 1 || !strings.Contains(got.stderr, postgres.ErrNotEmpty.Error()) {
			t.Errorf("demo = %+v, want a refusal", got)
		}
	})
	t.Run("finds_a_broken_invariant", func(t *testing.T) {
		_, err := connect(t, db.SuperURL).Exec(t.Context(), `UPDATE account_balances SET debits = debits + 1
			WHERE (book_id, account_id) = (SELECT book_id, account_id FROM account_balances WHERE debits > 0 AND NOT floored LIMIT 1)`)
		if err != nil {
			t.Fatal(err)
		}
		got := run(t, databases(db), "verify")
		if got.code != 1 || !strings.Contains(got.stdout, "BROKEN: ") || !strings.Contains(got.stderr, "broken") {
			t.Errorf("verify = %+v, want a broken invariant and code 1", got)
		}
	})
}

func TestVerifyWithoutASchemaSaysWhatToDo(t *testing.T) {
	t.Parallel()
	got := run(t, databases(pgtest.NewEmpty(t)), "verify")
	if got.code != 1 || !strings.Contains(got.stderr, "purser migrate") {
		t.Errorf("verify = %+v, want the advice to migrate", got)
	}
}

// TestPrivatePostgreSQL runs sub-commands with no server, then beside one.
func TestPrivatePostgreSQL(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), "data")
	env := environ("PURSER_DATA_DIR=" + dir)

	if got := run(t, env, smallDemo...); got.code != 0 || !strings.Contains(got.stdout, "demo: loaded 10 wallets, 12 campaigns and 2 days") {
		t.Fatalf("demo = %+v", got)
	}
	t.Run("is_stopped_after_a_command_that_started_it", func(t *testing.T) {
		if _, err := os.Stat(filepath.Join(dir, "pgdata", "postmaster.pid")); !os.IsNotExist(err) {
			t.Errorf("postmaster.pid: %v, want it gone", err)
		}
	})
	t.Run("keeps_its_data", func(t *testing.T) {
		if got := run(t, env, "verify"); got.code != 0 || !strings.Contains(got.stdout, "I1   ") {
			t.Errorf("verify = %+v", got)
		}
	})

	server, err := embedpg.Start(t.Context(), embedpg.Options{DataDir: dir, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("of_another_process_is_used_and_left_running", func(t *testing.T) {
		for _, command := range []string{"verify", "migrate"} {
			if got := run(t, env, command); got.code != 0 {
				t.Errorf("%s = %+v", command, got)
			}
		}
		if got := value[int](t, server.AppURL(), "SELECT 1"); got != 1 {
			t.Errorf("SELECT 1 = %d", got)
		}
	})
	t.Run("of_another_process_is_not_served_from", func(t *testing.T) {
		got := run(t, append(env, "PURSER_ADDR=127.0.0.1:0", "PURSER_ADMIN_ADDR=127.0.0.1:0"), "serve")
		if got.code != 1 || !strings.Contains(got.stderr, "is in use") {
			t.Errorf("serve = %+v, want a refusal", got)
		}
	})
	if err := server.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
