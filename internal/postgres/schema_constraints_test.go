package postgres_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"purser/internal/pgtest"
)

// row is a row of a table: column to SQL expression.
type row map[string]string

// tableRules is a row that a table takes, and for each rule of the table rows that
// only this rule refuses.
type tableRules struct {
	valid row
	// needs names tables whose valid rows must be there first.
	needs []string
	// breaks has, per CHECK and foreign key, what to change of the valid row; every
	// part of a rule that can be broken alone is broken alone.
	breaks map[string][]row
	// implied has the rules that cannot be broken alone any more, with the one that
	// refuses what they refuse: they are older.
	implied map[string]string
	// repeats has, per primary key, unique constraint and unique index, what to change
	// of the valid row so that, as a second row, it repeats that one key alone.
	repeats map[string]row
	// apart has, per unique rule of several columns, changes each of which makes the
	// repeated row a row of its own.
	apart map[string][]row
	// triggers are named here so that none goes unseen; what one does is tested where
	// its table is.
	triggers []string
	// nullable are the columns that may be null, by name.
	nullable []string
}

// with returns the row with these columns changed.
func (r row) with(changes row) row {
	changed := maps.Clone(r)
	maps.Copy(changed, changes)
	return changed
}

func (r row) insert(table string) string {
	columns := slices.Sorted(maps.Keys(r))
	values := make([]string, len(columns))
	for i, column := range columns {
		values[i] = r[column]
	}
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
}

// attempt inserts rows in a transaction of their own, which is taken back, and
// returns the first error.
func attempt(ctx context.Context, conn *pgx.Conn, statements ...string) (err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	for _, sql := range append(statements, "SET CONSTRAINTS ALL IMMEDIATE") {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// TestEveryConstraintRefuses inserts, as the role that owns the tables, rows that
// break one rule of the schema each: the database re-checks what the fold decided,
// and this is what notices a CHECK, a key or a foreign key that is gone or that asks
// for less.
func TestEveryConstraintRefuses(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.New(t).OwnerURL)
	for _, table := range slices.Sorted(maps.Keys(schemaRules)) {
		rules := schemaRules[table]
		var before []string
		for _, parent := range rules.needs {
			before = append(before, schemaRules[parent].valid.insert(parent))
		}
		accepts := func(name string, rows ...row) {
			t.Helper()
			if err := attempt(t.Context(), conn, inserts(before, table, rows)...); err != nil {
				t.Errorf("%s: %s is refused: %v", table, name, err)
			}
		}
		refuses := func(rule string, rows ...row) {
			t.Helper()
			var fired *pgconn.PgError
			if err := attempt(t.Context(), conn, inserts(before, table, rows)...); !errors.As(err, &fired) || fired.ConstraintName != rule {
				t.Errorf("%s: got %v, want a refusal by %s of %v", table, err, rule, rows[len(rows)-1])
			}
		}
		accepts("a valid row", rules.valid)
		for rule, broken := range rules.breaks {
			for _, change := range broken {
				refuses(cmp.Or(rules.implied[rule], rule), rules.valid.with(change))
			}
		}
		for rule, change := range rules.repeats {
			second := rules.valid.with(change)
			refuses(rule, rules.valid, second)
			for _, other := range rules.apart[rule] {
				accepts("a second row apart from "+rule, rules.valid, second.with(other))
			}
		}
	}
}

func inserts(before []string, table string, rows []row) []string {
	statements := slices.Clone(before)
	for _, each := range rows {
		statements = append(statements, each.insert(table))
	}
	return statements
}

// TestEveryConstraintIsTried compares the rules of schemaRules with those that the
// schema has, so that neither can lose or gain one alone.
func TestEveryConstraintIsTried(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.New(t).OwnerURL)
	inSchema := tableLists(t, conn, `
		SELECT conrelid::regclass::text, conname FROM pg_constraint
		WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype IN ('p', 'u', 'c', 'f', 'x', 't')
		UNION ALL
		SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
		WHERE relnamespace = 'public'::regnamespace AND indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
		UNION ALL
		SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal
		ORDER BY 1, 2`)
	tried := map[string][]string{}
	for table, rules := range schemaRules {
		names := slices.Concat(slices.Collect(maps.Keys(rules.breaks)), slices.Collect(maps.Keys(rules.repeats)), rules.triggers)
		slices.Sort(names)
		tried[table] = names
	}
	if diff := gocmp.Diff(inSchema, tried); diff != "" {
		t.Errorf("rules of the tables (-schema +tried):\n%s", diff)
	}
}

// TestNullableColumns says which columns may be null: all others must not become so.
func TestNullableColumns(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.New(t).OwnerURL)
	columns := columnsOf(t, conn)
	nullable := tableLists(t, conn, `
		SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'goose_db_version'
			AND attnum > 0 AND NOT attisdropped AND NOT attnotnull
		ORDER BY 1, 2`)
	want := map[string][]string{}
	for table, rules := range schemaRules {
		if len(rules.nullable) > 0 {
			want[table] = slices.Sorted(slices.Values(rules.nullable))
		}
		given := slices.Sorted(maps.Keys(rules.valid))
		if missing := gocmp.Diff(slices.Sorted(slices.Values(columns[table])), given); missing != "" {
			t.Errorf("columns of %s (-schema +valid row):\n%s", table, missing)
		}
	}
	if diff := gocmp.Diff(want, nullable); diff != "" {
		t.Errorf("columns that may be null (-want +schema):\n%s", diff)
	}
}

// tableLists groups the second column of a query by the first. What the migrations'
// own bookkeeping has is not of the schema.
func tableLists(t *testing.T, conn *pgx.Conn, sql string) map[string][]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string][]string{}
	var table, name string
	if _, err := pgx.ForEachRow(rows, []any{&table, &name}, func() error {
		if table != "goose_db_version" {
			lists[table] = append(lists[table], name)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return lists
}
