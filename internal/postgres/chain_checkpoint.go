package postgres

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/ledger"
)

const (
	// signedHeadsSQL finds the heads, each with what the chain ends with, the last
	// checkpoint of its book, and what the chain has there now.
	signedHeadsSQL = `-- name: checkpoint_heads
		SELECT h.book_id, h.hashed_seq, h.hash, e.hash, coalesce(c.seq, 0), c.hash, b.hash
		FROM book_heads h
		LEFT JOIN checkpoints c ON c.book_id = h.book_id
			AND c.seq = (SELECT max(k.seq) FROM checkpoints k WHERE k.book_id = h.book_id)
		LEFT JOIN batches b ON b.book_id = h.book_id AND b.last_seq = c.seq
		LEFT JOIN batches e ON e.book_id = h.book_id AND e.last_seq = h.hashed_seq
		WHERE h.hash IS NOT NULL OR c.seq IS NOT NULL
		ORDER BY h.book_id`
	checkpointWriteSQL = `-- name: checkpoint_write
		INSERT INTO checkpoints (book_id, seq, hash, signed_at, public_key, signature)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT ON CONSTRAINT checkpoints_pkey DO NOTHING`
	checkpointsSQL = `-- name: checkpoints
		SELECT seq, hash, signed_at, public_key, signature FROM checkpoints
		WHERE book_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`
	lastCheckpointSQL = `-- name: checkpoint_last
		SELECT seq, hash, signed_at, public_key, signature FROM checkpoints
		WHERE book_id = $1 ORDER BY seq DESC LIMIT 1`
)

// checkpointRows is how many checkpoints one statement reads.
const checkpointRows = 1000

// SignCheckpoints signs the head of every book that has changed since its last
// checkpoint, and returns how many it signed. Processes that sign at the same time
// agree: the first stores its own. It returns ErrChainBroken, and signs nothing,
// when the chain no longer passes through what was signed last, which a signature
// would only cover up; and ErrUnavailable when the database did not answer.
func (db *DB) SignCheckpoints(ctx context.Context, key ed25519.PrivateKey, now time.Time) (signed int, err error) {
	checkpoints, err := db.unsignedHeads(ctx, key, now)
	if err != nil {
		return 0, fmt.Errorf("sign checkpoints: %w", readError(err))
	}
	for i := range checkpoints {
		c := &checkpoints[i]
		tag, err := db.write.Exec(ctx, checkpointWriteSQL, c.Book, c.Seq, c.Hash[:], c.SignedAt, []byte(c.PublicKey), c.Signature)
		if err != nil {
			return signed, fmt.Errorf("store %s: %w", c, readError(err))
		}
		signed += int(tag.RowsAffected())
	}
	return signed, nil
}

func (db *DB) unsignedHeads(ctx context.Context, key ed25519.PrivateKey, now time.Time) ([]ledger.Checkpoint, error) {
	var checkpoints []ledger.Checkpoint
	rows, err := db.read.Query(ctx, signedHeadsSQL)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	err = each(func(rows pgx.Rows) error {
		var book ledger.BookID
		var seq, last int64
		var hash, end, lastHash, there []byte
		if err := rows.Scan(&book, &seq, &hash, &end, &last, &lastHash, &there); err != nil {
			return err
		}
		if last > seq || (last > 0 && (there == nil || hashOf(there) != hashOf(lastHash))) {
			return fmt.Errorf("%w: book %d: the head signed at seq %d is not in the chain", ErrChainBroken, book, last)
		}
		if end == nil || hashOf(end) != hashOf(hash) {
			return fmt.Errorf("%w: book %d: the head at seq %d is not that of the last link", ErrChainBroken, book, seq)
		}
		if last == seq {
			return nil
		}
		checkpoints = append(checkpoints, ledger.SignCheckpoint(key, book, seq, hashOf(hash), now))
		return nil
	})(rows)
	return checkpoints, err
}

// LastCheckpoints returns the newest checkpoint of each book that has one, by book.
// It returns ErrUnavailable when the database did not answer.
func (db *DB) LastCheckpoints(ctx context.Context) ([]ledger.Checkpoint, error) {
	books, err := db.bookIDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", readError(err))
	}
	var last []ledger.Checkpoint
	for _, book := range books {
		found, err := db.queryCheckpoints(ctx, book, lastCheckpointSQL, book)
		if err != nil {
			return nil, fmt.Errorf("read the last checkpoint of book %d: %w", book, readError(err))
		}
		last = append(last, found...)
	}
	return last, nil
}

// Checkpoints calls yield with every checkpoint, by book and seq, a slice at a
// time. It returns the first error of yield, or ErrUnavailable.
func (db *DB) Checkpoints(ctx context.Context, yield func([]ledger.Checkpoint) error) error {
	books, err := db.bookIDs(ctx)
	if err != nil {
		return fmt.Errorf("read checkpoints: %w", readError(err))
	}
	for _, book := range books {
		for after, more := int64(0), true; more; {
			slice, err := db.queryCheckpoints(ctx, book, checkpointsSQL, book, after, checkpointRows)
			if err != nil {
				return fmt.Errorf("read checkpoints of book %d after seq %d: %w", book, after, readError(err))
			}
			if len(slice) == 0 {
				break
			}
			after, more = slice[len(slice)-1].Seq, len(slice) == checkpointRows
			if err := yield(slice); err != nil {
				return err
			}
		}
	}
	return nil
}

func (db *DB) queryCheckpoints(ctx context.Context, book ledger.BookID, statement string, args ...any) ([]ledger.Checkpoint, error) {
	rows, err := db.read.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.Checkpoint, error) { return scanCheckpoint(row, book) })
}

func scanCheckpoint(row pgx.CollectableRow, book ledger.BookID) (ledger.Checkpoint, error) {
	c := ledger.Checkpoint{Book: book}
	var hash, key []byte
	var signed pgtype.Timestamptz
	err := row.Scan(&c.Seq, &hash, &signed, &key, &c.Signature)
	// Nothing signs the zero time, which is what an infinite one is read as.
	c.Hash, c.SignedAt, c.PublicKey = hashOf(hash), signed.Time.UTC(), key
	return c, err
}
