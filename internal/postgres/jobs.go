package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/jobs"
	"purser/ledger"
)

// Jobs keeps what scheduled jobs share between processes: their leases, how far they
// have come, and what the checker found.
type Jobs struct{ db *DB }

var (
	_ jobs.Leases   = (*Jobs)(nil)
	_ jobs.Progress = (*Jobs)(nil)
)

// NewJobs returns the storage of jobs.
func (db *DB) NewJobs() *Jobs { return &Jobs{db} }

// Lease implements jobs.Leases. The row's lock decides between processes that ask at
// once, and the condition is evaluated again behind it.
func (j *Jobs) Lease(ctx context.Context, job, holder string, now, until time.Time) (bool, error) {
	tag, err := j.db.write.Exec(ctx, `-- name: job_lease
		INSERT INTO job_leases AS l (job, holder, until) VALUES ($1, $2, $4)
		ON CONFLICT ON CONSTRAINT job_leases_pkey DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE l.holder = excluded.holder OR l.until <= $3`, job, holder, now, until)
	if err != nil {
		return false, fmt.Errorf("lease job %s: %w", job, readError(err))
	}
	return tag.RowsAffected() == 1, nil
}

// Return implements jobs.Leases. The row stays, as the application's role deletes
// nothing; its lease has run out.
func (j *Jobs) Return(ctx context.Context, job, holder string) error {
	_, err := j.db.write.Exec(ctx, `-- name: job_lease_return
		UPDATE job_leases SET until = '-infinity' WHERE job = $1 AND holder = $2`, job, holder)
	if err != nil {
		return fmt.Errorf("return the lease of job %s: %w", job, readError(err))
	}
	return nil
}

// Progress implements jobs.Progress.
func (j *Jobs) Progress(ctx context.Context, job string, book ledger.BookID) (time.Time, error) {
	var at time.Time
	err := j.db.read.QueryRow(ctx, `-- name: job_progress_read
		SELECT at FROM job_progress WHERE job = $1 AND book_id = $2`, job, book).Scan(&at)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read the progress of job %s in book %d: %w", job, book, readError(err))
	}
	return at, nil
}

// SetProgress implements jobs.Progress.
func (j *Jobs) SetProgress(ctx context.Context, job string, book ledger.BookID, at time.Time) error {
	_, err := j.db.write.Exec(ctx, `-- name: job_progress_write
		INSERT INTO job_progress (job, book_id, at) VALUES ($1, $2, $3)
		ON CONFLICT ON CONSTRAINT job_progress_pkey DO UPDATE SET at = excluded.at`, job, book, at)
	if err != nil {
		return fmt.Errorf("write the progress of job %s in book %d: %w", job, book, readError(err))
	}
	return nil
}

// SaveChecks stores what the checker found, for those who ask what the ledger's
// invariants are at. A check that has no result yet is UNKNOWN; invariants that rows
// cannot show are left out.
func (j *Jobs) SaveChecks(ctx context.Context, checks []Check, known bool, at time.Time, took time.Duration) error {
	var names, statuses, details []string
	var failures []int64
	for _, check := range checks {
		if check.Note != "" {
			continue
		}
		status := "OK"
		switch {
		case !check.OK:
			status = "BROKEN"
		case !known:
			status = "UNKNOWN"
		}
		names, statuses = append(names, check.Invariant), append(statuses, status)
		details, failures = append(details, check.Counterexample), append(failures, check.Failures)
	}
	_, err := j.db.write.Exec(ctx, `-- name: invariant_checks_write
		INSERT INTO invariant_checks (invariant, checked_at, status, failures, detail, duration)
		SELECT n.invariant, $5, n.status, n.failures, n.detail, $6 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
			AS n (invariant, status, failures, detail)
		ON CONFLICT ON CONSTRAINT invariant_checks_pkey DO UPDATE SET checked_at = excluded.checked_at, status = excluded.status,
			failures = excluded.failures, detail = excluded.detail, duration = excluded.duration`, names, statuses, failures, details, at, took)
	if err != nil {
		return fmt.Errorf("write the results of invariants: %w", readError(err))
	}
	return nil
}

// Books lists the books there are.
func (db *DB) Books(ctx context.Context) ([]ledger.BookID, error) {
	books, err := db.bookIDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list books: %w", readError(err))
	}
	return books, nil
}
