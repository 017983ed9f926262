package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"purser/internal/pgtest"
	"purser/internal/postgres"
)

func TestCheckSchema(t *testing.T) {
	t.Parallel()
	current, err := postgres.SchemaVersion()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change string
		want   error
	}{
		"current":                           {"SELECT 1", nil},
		"a_migration_is_missing":            {fmt.Sprintf("DELETE FROM goose_db_version WHERE version_id = %d", current), postgres.ErrSchemaNotCurrent},
		"the_next_release_has_migrated":     {fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)", current+1), nil},
		"nothing_was_ever_migrated":         {"DROP TABLE goose_db_version", postgres.ErrSchemaNotCurrent},
		"a_migration_is_recorded_as_undone": {fmt.Sprintf("UPDATE goose_db_version SET is_applied = false WHERE version_id = %d", current), postgres.ErrSchemaNotCurrent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := pgtest.New(t)
			execAsOwner(t, database.OwnerURL, test.change)
			db, err := postgres.Open(t.Context(), database.AppURL, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.CheckSchema(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("CheckSchema = %v, want %v", err, test.want)
			}
		})
	}
}

func TestMigrateIsRepeatable(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t)
	if err := postgres.Migrate(t.Context(), database.OwnerURL); err != nil {
		t.Errorf("Migrate again = %v, want nothing to do", err)
	}
}

func TestAnalyze(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t)
	analyzed := func() (tables int) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), database.OwnerURL)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		// -1 says that a table was never analyzed.
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_class
			WHERE relname IN ('journals', 'lot_movements', 'ad_rollups_daily') AND reltuples >= 0`).Scan(&tables); err != nil {
			t.Fatal(err)
		}
		return tables
	}
	if before := analyzed(); before != 0 {
		t.Fatalf("%d of 3 tables are analyzed before, want none", before)
	}
	if err := postgres.Analyze(t.Context(), database.OwnerURL); err != nil {
		t.Fatal(err)
	}
	if after := analyzed(); after != 3 {
		t.Errorf("Analyze left statistics of %d of 3 tables", after)
	}
}
