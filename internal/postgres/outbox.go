package postgres

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"purser/internal/outbox"
	"purser/ledger"
)

// outboxEventsMax bounds a slice of events, whatever its reader asks for.
const outboxEventsMax = 5000

const (
	outboxPositionsSQL = `-- name: outbox_positions
		SELECT h.book_id, coalesce(c.seq, 0), h.seq
		FROM book_heads h
		LEFT JOIN outbox_consumers c ON c.book_id = h.book_id AND c.consumer = $1
		ORDER BY h.book_id`
	// A row holds a batch: as many rows as events are wanted are always enough.
	outboxEventsSQL = `-- name: outbox_events
		SELECT o.first_seq + e.n - 1, e.journal_id, e.type, coalesce(e.wallet_id, '00000000-0000-0000-0000-000000000000'), o.posted_at
		FROM (
			SELECT t.last_seq, t.first_seq, t.posted_at, t.journal_ids, t.types, t.wallet_ids
			FROM outbox t WHERE t.book_id = $1 AND t.last_seq > $2 ORDER BY t.last_seq LIMIT $3) o
		CROSS JOIN unnest(o.journal_ids, o.types, o.wallet_ids) WITH ORDINALITY AS e (journal_id, type, wallet_id, n)
		WHERE o.first_seq + e.n - 1 > $2
		ORDER BY o.last_seq, e.n
		LIMIT $3`
	outboxJournalsSQL = `-- name: outbox_journals
		SELECT j.seq, j.journal_id, j.type, coalesce(j.wallet_id, '00000000-0000-0000-0000-000000000000'), j.posted_at
		FROM journals j WHERE j.book_id = $1 AND j.seq > $2 AND j.seq < $4 ORDER BY j.seq LIMIT $3`
	outboxAdvanceSQL = `-- name: outbox_advance
		INSERT INTO outbox_consumers AS c (consumer, book_id, seq, updated_at)
		SELECT $1, $2::integer, $4::bigint, statement_timestamp() WHERE $3::bigint = 0
			OR EXISTS (SELECT FROM outbox_consumers t WHERE t.consumer = $1 AND t.book_id = $2)
		ON CONFLICT ON CONSTRAINT outbox_consumers_pkey
			DO UPDATE SET seq = excluded.seq, updated_at = excluded.updated_at WHERE c.seq = $3 AND excluded.seq > c.seq`
	outboxRegisterSQL = `-- name: outbox_register
		INSERT INTO outbox_consumers (consumer, book_id, seq, updated_at)
		SELECT $1, h.book_id, 0, statement_timestamp() FROM book_heads h
		ON CONFLICT ON CONSTRAINT outbox_consumers_pkey DO NOTHING`
	outboxLagsSQL = `-- name: outbox_lags
		SELECT n.consumer, sum(h.seq - coalesce(c.seq, 0))::bigint
		FROM (SELECT DISTINCT consumer FROM outbox_consumers) n
		CROSS JOIN book_heads h
		LEFT JOIN outbox_consumers c ON c.consumer = n.consumer AND c.book_id = h.book_id
		GROUP BY n.consumer ORDER BY n.consumer`
)

// Outbox reads what consumers follow and keeps their checkpoints.
type Outbox struct{ db *DB }

var _ outbox.Source = (*Outbox)(nil)

// Outbox returns the outbox of this database.
func (db *DB) Outbox() *Outbox { return &Outbox{db} }

// Register makes a consumer known before it has handled anything, at seq 0 of
// every book where it has no checkpoint: from then on pruning keeps the outbox for
// it, and its lag is shown. It returns ErrUnavailable when the database did not
// answer.
func (o *Outbox) Register(ctx context.Context, consumer string) error {
	if _, err := o.db.write.Exec(ctx, outboxRegisterSQL, consumer); err != nil {
		return fmt.Errorf("register consumer %s: %w", consumer, readError(err))
	}
	return nil
}

// Positions implements outbox.Source. It returns ErrUnavailable when the database
// did not answer.
func (o *Outbox) Positions(ctx context.Context, consumer string) ([]outbox.Position, error) {
	rows, err := o.db.read.Query(ctx, outboxPositionsSQL, consumer)
	if err == nil {
		var positions []outbox.Position
		if positions, err = pgx.CollectRows(rows, pgx.RowToStructByPos[outbox.Position]); err == nil {
			return positions, nil
		}
	}
	return nil, fmt.Errorf("read the checkpoints of consumer %s: %w", consumer, readError(err))
}

// Events implements outbox.Source. What the outbox does not hold, because it was
// recorded by a version that had none or was pruned, comes from the journals, which
// hold everything for ever: a consumer that is new, or was away for a year, misses
// nothing. limit is cut to 5,000. It returns ErrUnavailable when the database did
// not answer.
func (o *Outbox) Events(ctx context.Context, book ledger.BookID, after int64, limit int) ([]outbox.Event, error) {
	limit = min(max(limit, 1), outboxEventsMax)
	events, err := o.events(ctx, outboxEventsSQL, book, after, limit)
	if err == nil && (len(events) == 0 || events[0].Seq != after+1) {
		before := int64(math.MaxInt64)
		if len(events) > 0 {
			before = events[0].Seq
		}
		events, err = o.events(ctx, outboxJournalsSQL, book, after, limit, before)
	}
	if err != nil {
		return nil, fmt.Errorf("read the events of book %d after %d: %w", book, after, readError(err))
	}
	return withoutGap(events, after), nil
}

func (o *Outbox) events(ctx context.Context, sql string, book ledger.BookID, arguments ...any) ([]outbox.Event, error) {
	rows, err := o.db.read.Query(ctx, sql, append([]any{book}, arguments...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (outbox.Event, error) {
		event := outbox.Event{Book: book}
		err := row.Scan(&event.Seq, &event.Journal, &event.Type, &event.Wallet, &event.PostedAt)
		return event, err
	})
}

// withoutGap returns the events up to the first seq that is not there: what is
// missing in the outbox is read from the journals the next time.
func withoutGap(events []outbox.Event, after int64) []outbox.Event {
	for i := range events {
		if events[i].Seq != after+int64(i)+1 {
			return events[:i]
		}
	}
	return events
}

// Advance implements outbox.Source, as one statement that compares and sets. A
// checkpoint never moves back. It returns ErrUnavailable when the database did not
// answer; the checkpoint may have moved then.
func (o *Outbox) Advance(ctx context.Context, consumer string, book ledger.BookID, from, to int64) (bool, error) {
	tag, err := o.db.write.Exec(ctx, outboxAdvanceSQL, consumer, book, from, to)
	if err != nil {
		return false, fmt.Errorf("move the checkpoint of consumer %s in book %d to %d: %w", consumer, book, to, readError(err))
	}
	return tag.RowsAffected() == 1, nil
}

// Lags returns how far every consumer is behind, by name. It returns
// ErrUnavailable when the database did not answer.
func (o *Outbox) Lags(ctx context.Context) ([]outbox.Lag, error) {
	rows, err := o.db.read.Query(ctx, outboxLagsSQL)
	if err == nil {
		var lags []outbox.Lag
		if lags, err = pgx.CollectRows(rows, pgx.RowToStructByPos[outbox.Lag]); err == nil {
			return lags, nil
		}
	}
	return nil, fmt.Errorf("read the lag of consumers: %w", readError(err))
}
