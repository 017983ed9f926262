package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Invariants returns those that Verify lists, in order.
func Invariants() []string {
	all := make([]string, len(invariants))
	for i := range invariants {
		all[i] = invariants[i].Invariant
	}
	return all
}

// WriterSettings returns what a writer's connection sets.
func WriterSettings() map[string]string { return writerSettings }

// StoredChecks returns the status of each invariant in invariant_checks.
func (db *DB) StoredChecks(ctx context.Context) (map[string]string, error) {
	checks := map[string]string{}
	rows, err := db.read.Query(ctx, `-- name: test_stored_checks
		SELECT invariant, status FROM invariant_checks`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return checks, each(func(rows pgx.Rows) error {
		var invariant, status string
		err := rows.Scan(&invariant, &status)
		checks[invariant] = status
		return err
	})(rows)
}
