package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

const (
	// KeysDaysMin is how long the outcome of an idempotency key is promised to be
	// kept. A retry after that would be a new request.
	KeysDaysMin = 400
	// OutboxDaysMin leaves a day to look into what a consumer did.
	OutboxDaysMin = 1
	// pruneOutboxRows and pruneKeyPages bound what one database transaction deletes:
	// a page of 8 KB holds about 40 keys. At these sizes a slice takes milliseconds,
	// far below the statement timeout.
	pruneOutboxRows = 1000
	pruneKeyPages   = 128
	// prunePause lets the writers' commits through between two slices.
	prunePause = 50 * time.Millisecond
)

// Retention says what is kept. Journals, postings, lot movements, batches, once keys
// and checkpoints of the chain are kept for ever.
type Retention struct {
	// OutboxDays is how long an outbox row stays after every consumer has handled it.
	OutboxDays int
	// KeysDays is how long an idempotency key stays with its outcome.
	KeysDays int
	// DryRun counts and deletes nothing.
	DryRun bool
}

// Validate returns an error that names the first limit that r is below.
func (r Retention) Validate() error {
	switch {
	case r.KeysDays < KeysDaysMin:
		return fmt.Errorf("idempotency keys are kept for at least %d days, not %d", KeysDaysMin, r.KeysDays)
	case r.OutboxDays < OutboxDaysMin:
		return fmt.Errorf("outbox rows are kept for at least %d day, not %d", OutboxDaysMin, r.OutboxDays)
	}
	return nil
}

// Pruned counts the rows that a run deleted, or would have.
type Pruned struct {
	OutboxRows, Keys int64
}

// Ages are by the database's clock: one of this machine that is a year ahead would
// delete keys that callers still rely on. posted_at grows with last_seq, so that
// the oldest rows of a book tell whether there is anything to delete. A consumer
// without a checkpoint in a book has handled nothing of it.
const (
	pruneCheckpoint = `(SELECT coalesce(min(coalesce(c.seq, 0)), 9223372036854775807)
		FROM (SELECT DISTINCT consumer FROM outbox_consumers) n
		LEFT JOIN outbox_consumers c ON c.consumer = n.consumer AND c.book_id = $1)`
	pruneOutboxOldest = `SELECT o.last_seq
			FROM (SELECT t.last_seq, t.posted_at FROM outbox t WHERE t.book_id = $1 AND t.last_seq > $4 ORDER BY t.last_seq LIMIT $3) o
			WHERE o.posted_at < statement_timestamp() - make_interval(days => $2) AND o.last_seq <= ` + pruneCheckpoint
	pruneOutboxSQL = `-- name: prune_outbox
		WITH gone AS (
			DELETE FROM outbox WHERE book_id = $1 AND last_seq IN (` + pruneOutboxOldest + `) RETURNING last_seq)
		SELECT count(last_seq), coalesce(max(last_seq), 0) FROM gone`
	pruneOutboxCountSQL = `-- name: prune_outbox_count
		SELECT count(last_seq), coalesce(max(last_seq), 0) FROM (` + pruneOutboxOldest + `) old`
	// Keys have no index by age, which every posting would pay for. One pass over
	// the table's pages finds the old ones, and what is inserted meanwhile is new.
	pruneKeysSQL = `-- name: prune_keys
		DELETE FROM idempotency_keys
		WHERE ctid >= $1::tid AND ctid < $2::tid AND decided_at < statement_timestamp() - make_interval(days => $3)`
	pruneKeysCountSQL = `-- name: prune_keys_count
		SELECT count(decided_at) FROM idempotency_keys
		WHERE ctid >= $1::tid AND ctid < $2::tid AND decided_at < statement_timestamp() - make_interval(days => $3)`
	pruneKeyPagesSQL = `-- name: prune_key_pages
		SELECT (pg_relation_size('idempotency_keys') + current_setting('block_size')::bigint - 1) / current_setting('block_size')::bigint`
	pruneForgetSQL = `-- name: prune_forget
		DELETE FROM outbox_consumers WHERE consumer = $1`
)

// Prune deletes what Retention lets go, connecting as the owner role, since the
// application's may delete nothing. It works in small slices with pauses between
// them, each committed by itself, so that it may run beside servers and be ended at
// any time. What it returns was deleted also when it returns an error: of
// r.Validate, or ErrUnavailable.
func Prune(ctx context.Context, ownerURL string, r Retention) (pruned Pruned, err error) {
	if err := r.Validate(); err != nil {
		return pruned, err
	}
	p, err := newPruner(ctx, ownerURL, r)
	if err != nil {
		return pruned, err
	}
	defer func() { err = errors.Join(err, p.conn.Close(context.WithoutCancel(ctx))) }()
	books, err := p.books(ctx)
	if err != nil {
		return pruned, err
	}
	for _, book := range books {
		rows, err := p.outbox(ctx, book)
		pruned.OutboxRows += rows
		if err != nil {
			return pruned, fmt.Errorf("prune the outbox of book %d: %w", book, readError(err))
		}
	}
	if pruned.Keys, err = p.keys(ctx); err != nil {
		return pruned, fmt.Errorf("prune idempotency keys: %w", readError(err))
	}
	return pruned, nil
}

// ForgetConsumer deletes the checkpoints of a consumer that is no more, as the owner
// role: as long as they are there, the outbox is kept for it. One that starts again
// under its name begins at the first journal. It reports whether there were any.
func ForgetConsumer(ctx context.Context, ownerURL, consumer string) (known bool, err error) {
	p, err := newPruner(ctx, ownerURL, Retention{})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, p.conn.Close(context.WithoutCancel(ctx))) }()
	tag, err := p.conn.Exec(ctx, pruneForgetSQL, consumer)
	if err != nil {
		return false, fmt.Errorf("forget consumer %s: %w", consumer, readError(err))
	}
	return tag.RowsAffected() > 0, nil
}

// pruner is one run of Prune.
type pruner struct {
	conn *pgx.Conn
	keep Retention
}

func newPruner(ctx context.Context, ownerURL string, keep Retention) (*pruner, error) {
	config, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return nil, fmt.Errorf("parse the owner's database URL: %w", err)
	}
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["application_name"] = "purser prune"
	config.RuntimeParams["statement_timeout"] = milliseconds(statementTimeout)
	config.RuntimeParams["lock_timeout"] = milliseconds(lockTimeout)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect as the owner role: %w", readError(err))
	}
	return &pruner{conn: conn, keep: keep}, nil
}

func (p *pruner) books(ctx context.Context) ([]ledger.BookID, error) {
	rows, err := p.conn.Query(ctx, "-- name: prune_books\nSELECT book_id FROM book_heads ORDER BY book_id")
	if err == nil {
		var books []ledger.BookID
		if books, err = pgx.CollectRows(rows, pgx.RowTo[ledger.BookID]); err == nil {
			return books, nil
		}
	}
	return nil, fmt.Errorf("read the books to prune: %w", readError(err))
}

// outbox goes on from a book's oldest row. A slice that is not full was the last.
func (p *pruner) outbox(ctx context.Context, book ledger.BookID) (deleted int64, err error) {
	sql := pruneOutboxSQL
	if p.keep.DryRun {
		sql = pruneOutboxCountSQL
	}
	for last := int64(0); ; {
		var n int64
		if err := p.conn.QueryRow(ctx, sql, book, p.keep.OutboxDays, pruneOutboxRows, last).Scan(&n, &last); err != nil {
			return deleted, err
		}
		deleted += n
		if n < pruneOutboxRows {
			return deleted, nil
		}
		if err := p.pause(ctx); err != nil {
			return deleted, err
		}
	}
}

// keys walks over the pages that the table has now. The pause is for slices that
// deleted something; others only read.
func (p *pruner) keys(ctx context.Context) (deleted int64, err error) {
	var pages int64
	if err := p.conn.QueryRow(ctx, pruneKeyPagesSQL).Scan(&pages); err != nil {
		return 0, err
	}
	for page := int64(0); page < pages; page += pruneKeyPages {
		from, to := fmt.Sprintf("(%d,0)", page), fmt.Sprintf("(%d,0)", page+pruneKeyPages)
		n, err := p.keysOf(ctx, from, to)
		deleted += n
		if err != nil {
			return deleted, err
		}
		if n == 0 {
			continue
		}
		if err := p.pause(ctx); err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

func (p *pruner) keysOf(ctx context.Context, from, to string) (n int64, err error) {
	if p.keep.DryRun {
		err = p.conn.QueryRow(ctx, pruneKeysCountSQL, from, to, p.keep.KeysDays).Scan(&n)
		return n, err
	}
	tag, err := p.conn.Exec(ctx, pruneKeysSQL, from, to, p.keep.KeysDays)
	return tag.RowsAffected(), err
}

// pause waits between two slices that deleted something, or returns the error of ctx.
func (p *pruner) pause(ctx context.Context) error {
	if p.keep.DryRun {
		return ctx.Err()
	}
	timer := time.NewTimer(prunePause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
