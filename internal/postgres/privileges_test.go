package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"purser/internal/pgtest"
	"purser/internal/postgres"
)

const permissionDenied = "42501"

// appendOnly are the tables whose rows never change once written.
var appendOnly = []string{
	"accounts", "batches", "book_periods", "campaign_changes", "checkpoints", "click_charges", "idempotency_keys", "journals", "lot_movements",
	"once_keys", "outbox", "owners", "period_trials", "postings",
}

// moving are the columns that the application may update, per table.
var moving = map[string][]string{
	"account_balances":   {"debits", "credits", "version", "status"},
	"account_days":       {"debits", "credits"},
	"account_back_dated": {"debits", "credits"},
	"account_limits":     {"maximum", "window_start", "used"},
	"ad_accounts":        {"campaigns"},
	"ad_rollups_15m":     {"impressions", "clicks", "billable_clicks", "spend_gross", "credits", "unbilled"},
	"ad_rollups_daily":   {"impressions", "clicks", "billable_clicks", "spend_gross", "credits", "unbilled"},
	"book_heads":         {"seq", "last_posted_at", "closed_through", "hash", "hashed_seq"},
	"campaigns": {
		"name", "name_key", "ad_type", "ad_id", "starts_at", "ends_at", "bid_minor", "budget_type", "budget_minor", "status", "version",
		"updated_at", "budget_edits_on", "budget_edits", "funded", "released", "consumed", "credited", "unbilled",
	},
	"demo_loads":       {"finished_at"},
	"holds":            {"reserved", "captured", "released", "status", "expires_at", "closed_at"},
	"invariant_checks": {"checked_at", "status", "failures", "detail", "duration"},
	"job_leases":       {"holder", "until"},
	"job_progress":     {"at"},
	"lot_places":       {"quantity"},
	"lots":             {"remaining", "basis_remaining", "tax_remaining", "granted", "basis_minor", "tax_minor", "grace_until"},
	"memberships":      {"since", "ended_at"},
	"outbox_consumers": {"seq", "updated_at"},
	"period_requests":  {"status", "approved_by", "approved_at", "withdrawn_by", "withdrawn_at"},
	"trial_days":       {"debits", "credits"},
	"wallet_spend":     {"consumed", "returned"},
	"wallets":          {"freeze_reason", "frozen_at"},
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) }) // the database is dropped next
	return conn
}

// columnsOf lists every table of the schema with its columns.
func columnsOf(t *testing.T, conn *pgx.Conn) map[string][]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum`)
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string][]string{}
	var table, column string
	if _, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		tables[table] = append(tables[table], column)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return tables
}

// TestForbiddenStatements tries, as the application, every statement that would
// change what was written, and every one that it needs.
func TestForbiddenStatements(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	tables := columnsOf(t, connect(t, pg.SuperURL))
	app := connect(t, pg.AppURL)
	for _, table := range slices.Concat(appendOnly, sortedKeys(moving)) {
		if len(tables[table]) == 0 {
			t.Errorf("there is no table %s", table)
		}
	}
	for table, columns := range tables {
		forbidden := []string{"DELETE FROM " + table, "TRUNCATE " + table, "DROP TABLE " + table, "ALTER TABLE " + table + " ADD COLUMN extra integer"}
		allowed := []string{fmt.Sprintf("SELECT %s FROM %s LIMIT 1", strings.Join(columns, ", "), table)}
		for _, column := range columns {
			update := fmt.Sprintf("UPDATE %s SET %s = NULL WHERE false", table, column)
			if slices.Contains(moving[table], column) {
				allowed = append(allowed, update)
			} else {
				forbidden = append(forbidden, update)
			}
		}
		insert := fmt.Sprintf("INSERT INTO %[1]s (%[2]s) SELECT %[2]s FROM %[1]s WHERE false", table, strings.Join(columns, ", "))
		if table == "book_heads" || table == "goose_db_version" {
			forbidden = append(forbidden, insert)
		} else {
			allowed = append(allowed, insert)
		}
		checkStatements(t, app, forbidden, allowed)
	}
	checkStatements(t, app, []string{
		"CREATE TABLE mine (x integer)", "CREATE TEMPORARY TABLE mine (x integer)", "CREATE SCHEMA mine", "SET ROLE purser_owner",
		"CREATE OR REPLACE FUNCTION ledger_require(holds boolean, rule text) RETURNS void LANGUAGE sql AS 'SELECT'",
	}, []string{"SELECT ledger_require(true, 'rule')"})
}

func checkStatements(t *testing.T, app *pgx.Conn, forbidden, allowed []string) {
	t.Helper()
	for _, sql := range forbidden {
		var refused *pgconn.PgError
		if _, err := app.Exec(t.Context(), sql); !errors.As(err, &refused) || refused.Code != permissionDenied {
			t.Errorf("%s: got %v, want SQLSTATE %s", sql, err, permissionDenied)
		}
	}
	for _, sql := range allowed {
		if _, err := app.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func sortedKeys(tables map[string][]string) []string {
	names := make([]string, 0, len(tables))
	for name := range tables {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestCheckPrivileges(t *testing.T) {
	t.Parallel()
	t.Run("application_role_is_fine", func(t *testing.T) {
		t.Parallel()
		if err := openDB(t, pgtest.New(t).AppURL).CheckPrivileges(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("each_excess_is_listed", func(t *testing.T) {
		t.Parallel()
		pg := pgtest.New(t)
		super := connect(t, pg.SuperURL)
		for _, sql := range []string{
			"GRANT UPDATE (amount) ON postings TO purser_app", "GRANT UPDATE ON journals TO purser_app", "GRANT DELETE ON lots TO purser_app",
			"GRANT TRUNCATE ON demo_loads TO purser_app", "ALTER TABLE once_keys OWNER TO purser_app",
		} {
			if _, err := super.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		want := &postgres.ExcessPrivilegesError{Role: "purser_app", Excess: []string{
			"TRUNCATE of demo_loads", "UPDATE of journals", "DELETE of lots",
			"DELETE of once_keys", "OWNER of once_keys", "TRUNCATE of once_keys", "UPDATE of once_keys", "UPDATE of postings",
		}}
		var got *postgres.ExcessPrivilegesError
		if err := openDB(t, pg.AppURL).CheckPrivileges(t.Context()); !errors.As(err, &got) {
			t.Fatalf("got %v, want an ExcessPrivilegesError", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("excess (-want +got):\n%s", diff)
		}
		if text := got.Error(); !strings.Contains(text, "DELETE of lots") || !strings.Contains(text, "purser_app") {
			t.Errorf("the message %q names neither the right nor the role", text)
		}
	})
	t.Run("owner_and_superuser_are_refused", func(t *testing.T) {
		t.Parallel()
		pg := pgtest.New(t)
		for url, want := range map[string]string{pg.OwnerURL: "OWNER of journals", pg.SuperURL: "SUPERUSER"} {
			var got *postgres.ExcessPrivilegesError
			if err := openDB(t, url).CheckPrivileges(t.Context()); !errors.As(err, &got) || !slices.Contains(got.Excess, want) {
				t.Errorf("got %v, want %s among the excess", err, want)
			}
		}
	})
}
