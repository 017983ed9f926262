package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// The rules by which a batch on remembered state may find out that the state is
// not the book's.
const (
	ruleHead  = "book_heads_seq"
	ruleClock = "process_clock"
	ruleKey   = "idempotency_keys_pkey"
	ruleOnce  = "once_keys_pkey"
)

// batchOnKnown is the way of one round trip: it folds on remembered state and
// sends everything at once, behind a statement that locks the head and fails the
// database transaction unless the head is where the state was. What is sent without
// a BEGIN is one database transaction up to the driver's Sync, which commits it. It
// reports false when that told nothing, with nothing written: the batch must then be
// read.
func (s *Store) batchOnKnown(
	ctx context.Context, conn *pgxpool.Conn, known *bookCache, needs *ledger.Needs, state *ledger.State,
	fold func(*ledger.State) (*ledger.Writes, error),
) (decided bool, err error) {
	seq, lastPostedAt := state.Seq, state.LastPostedAt
	writes, err := fold(state)
	if err != nil {
		return true, err
	}
	if !proven(needs, writes) {
		return false, nil
	}
	batch := &pgx.Batch{}
	head := headMove{book: needs.Book, from: seq, to: seq, postedAt: lastPostedAt}
	if writes.LastSeq >= writes.FirstSeq {
		head.to, head.postedAt, head.hash = writes.LastSeq, writes.PostedAt, writes.Hash
	}
	head.queue(batch, needs)
	if err := s.queueRows(batch, writes); err != nil {
		return true, err
	}
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return s.failedOnKnown(ctx, conn, known, needs.Book, err)
	}
	known.absorb(s.rules, needs, state, writes)
	return true, nil
}

// failedOnKnown ends a database transaction that did not commit, or of which that
// is not known. Whatever the server said against the batch itself is to be said
// again by a batch that read its state.
func (s *Store) failedOnKnown(ctx context.Context, conn *pgxpool.Conn, known *bookCache, book ledger.BookID, err error) (decided bool, _ error) {
	rollBack(ctx, conn)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || transient(err) {
		known.forget()
		return true, writeError(fmt.Errorf("write book %d: %w", book, err))
	}
	switch refused.ConstraintName {
	case ruleHead:
		known.moved()
	case ruleKey, ruleOnce, ruleClock: // the head was where it was known to be
	default:
		known.forget()
	}
	return false, nil
}

// proven reports whether the writes prove what the fold took for granted: each key
// and each once key is inserted, and its constraint says if it was there before.
func proven(needs *ledger.Needs, writes *ledger.Writes) bool {
	if writes == nil {
		return false
	}
	return countDistinct(needs.Keys) == len(writes.Keys) && countDistinct(needs.Once) == len(writes.Once)
}

func countDistinct[K comparable](keys []K) int {
	seen := make(map[K]struct{}, len(keys))
	for _, key := range keys {
		seen[key] = struct{}{}
	}
	return len(seen)
}

// headMove locks a book's head and moves it, in a batch that has not read it.
type headMove struct {
	book     ledger.BookID
	from, to int64
	postedAt time.Time
	hash     ledger.Hash // zero leaves the chain where it is
}

// queue fails the database transaction when the head is elsewhere, and when the
// database's clock, as the statement arrived there, is off the batch's. A batch
// that was on its way for too long then takes the other way, which sees the time
// of its answer too.
func (h headMove) queue(batch *pgx.Batch, needs *ledger.Needs) {
	batch.Queue(`-- name: known_head_move
		WITH changed AS (
			UPDATE book_heads SET seq = $3, last_posted_at = $4, hash = coalesce($7, hash),
				hashed_seq = CASE WHEN $7::bytea IS NULL THEN hashed_seq ELSE $3 END
			WHERE book_id = $1 AND seq = $2 RETURNING book_id)
		SELECT ledger_require(
			count(book_id) = 1 AND ($6 = interval '0' OR statement_timestamp() BETWEEN $5::timestamptz - $6 AND $5::timestamptz + $6),
			CASE WHEN count(book_id) = 1 THEN 'process_clock' ELSE 'book_heads_seq' END)
		FROM changed`, h.book, h.from, h.to, h.postedAt, needs.Clock, needs.SkewMax, optionalHash(h.hash))
}
