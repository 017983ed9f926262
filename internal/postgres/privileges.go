package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ExcessPrivilegesError is returned by CheckPrivileges for a database role that
// could change or remove what must stay as it was written.
type ExcessPrivilegesError struct {
	Role string
	// Excess lists each right, such as "DELETE of postings", by table.
	Excess []string
}

// Error lists the rights and what to do about them.
func (e *ExcessPrivilegesError) Error() string {
	return fmt.Sprintf("role %s has more rights than an application may: %s: connect as purser_app, which `purser migrate` grants what it needs",
		e.Role, strings.Join(e.Excess, ", "))
}

// appendOnlyTables are written once; the rows of others may move in the columns
// that the grants name.
var appendOnlyTables = []string{
	"accounts", "batches", "book_periods", "campaign_changes", "checkpoints", "click_charges", "idempotency_keys", "journals", "lot_movements",
	"once_keys", "outbox", "owners", "period_trials", "postings",
}

// CheckPrivileges returns an *ExcessPrivilegesError when the role of this
// process's connections, in itself or by a role it is a member of, owns one of
// the tables, is a superuser, may UPDATE a column of what is append-only, or may
// DELETE from or TRUNCATE any table. Grants bind nobody who owns the tables, so
// production refuses to serve then.
func (db *DB) CheckPrivileges(ctx context.Context) error {
	excess := &ExcessPrivilegesError{}
	rows, err := db.read.Query(ctx, `-- name: excess_privileges
		SELECT current_user, NULL::name, NULL::text
		UNION ALL
		SELECT current_user, '', 'SUPERUSER' FROM pg_roles WHERE rolname = current_user AND rolsuper
		UNION ALL
		SELECT current_user, c.relname, p.right
		FROM pg_class c CROSS JOIN unnest(ARRAY['OWNER', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p ("right")
		WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'journals'::regclass) AND c.relkind IN ('r', 'p')
			AND CASE WHEN p.right = 'OWNER' THEN pg_has_role(c.relowner, 'MEMBER')
				WHEN p.right = 'UPDATE' THEN c.relname = ANY($1::text[]) AND has_any_column_privilege(c.oid, 'UPDATE')
				ELSE has_table_privilege(c.oid, p.right) END
		ORDER BY 2 NULLS FIRST, 3`, appendOnlyTables)
	if err != nil {
		return fmt.Errorf("read privileges: %w", readError(err))
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var table, right *string
		if err := row.Scan(&excess.Role, &table, &right); err != nil || right == nil {
			return struct{}{}, err
		}
		if *table == "" {
			excess.Excess = append(excess.Excess, *right)
			return struct{}{}, nil
		}
		excess.Excess = append(excess.Excess, *right+" of "+*table)
		return struct{}{}, nil
	})
	if err != nil {
		return fmt.Errorf("read privileges: %w", readError(err))
	}
	if len(excess.Excess) > 0 {
		return excess
	}
	return nil
}
