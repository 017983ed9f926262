package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"purser/ledger"
)

// sealAttempts bounds how often one slice is tried against busy writers.
const sealAttempts = 20

// sealBounds say how SealChain divides its work.
type sealBounds struct {
	// link bounds the journals that one link covers, and so what is lost when it is
	// interrupted; more only where one batch has more.
	link int64
	// locked is how many journals may be hashed while the book's writers wait.
	locked int64
}

// sealDefault holds writers up for some tens of milliseconds.
var sealDefault = sealBounds{link: 10_000, locked: 1000}

const (
	sealHeadSQL = `-- name: seal_head
		SELECT seq, hash, hashed_seq FROM book_heads WHERE book_id = $1`
	sealLockSQL = `-- name: seal_head_lock
		SELECT seq, hash, hashed_seq FROM book_heads WHERE book_id = $1 FOR UPDATE`
	// sealEndSQL finds the batch to end a link with: the last one that the bound
	// allows, and at least one.
	sealEndSQL = `-- name: seal_end
		SELECT coalesce(
			(SELECT max(last_seq) FROM batches WHERE book_id = $1 AND last_seq > $2 AND last_seq <= $2 + $3::bigint),
			(SELECT min(last_seq) FROM batches WHERE book_id = $1 AND last_seq > $2), 0)`
	sealBatchSQL = `-- name: seal_batch
		UPDATE batches SET root = $3, hash = $4 WHERE book_id = $1 AND last_seq = $2 AND root IS NULL`
	sealUpdateSQL = `-- name: seal_update
		UPDATE book_heads SET hash = $3, hashed_seq = $2 WHERE book_id = $1`
)

// sealHead is how far a book's chain has come.
type sealHead struct {
	seq, hashed int64
	hash        ledger.Hash
}

// SealChain links the journals that an older version of the program wrote without
// one, up to the head of every book, at the ends of batches that are there. It needs
// the role that owns the tables; writers may run beside it, and wait only for its
// last few journals. What it has linked stays when it is interrupted. progress,
// which may be nil, is told the seq it has come to and the head's. It returns
// ErrChainBroken when a journal is missing, and ErrUnavailable when the database did
// not answer.
//
// It vouches for the rows as they are: what was changed before has been changed.
func (db *DB) SealChain(ctx context.Context, progress func(book ledger.BookID, seq, to int64)) error {
	return db.seal(ctx, sealDefault, progress)
}

func (db *DB) seal(ctx context.Context, bounds sealBounds, progress func(book ledger.BookID, seq, to int64)) error {
	books, err := db.bookIDs(ctx)
	if err != nil {
		return fmt.Errorf("seal the chain: %w", readError(err))
	}
	for _, book := range books {
		if err := db.sealBook(ctx, book, bounds, progress); err != nil {
			return fmt.Errorf("seal the chain of book %d: %w", book, readError(err))
		}
	}
	return nil
}

func (db *DB) sealBook(ctx context.Context, book ledger.BookID, bounds sealBounds, progress func(book ledger.BookID, seq, to int64)) error {
	for attempts := 0; ; attempts++ {
		head, err := scanSealHead(db.write.QueryRow(ctx, sealHeadSQL, book))
		if err != nil {
			return err
		}
		if head.hashed == head.seq {
			return nil
		}
		now, err := db.sealSlice(ctx, book, bounds, head)
		switch {
		case err != nil && transient(err) && ctx.Err() == nil && attempts < sealAttempts:
			continue
		case forbidden(err):
			return fmt.Errorf("%w: %w", errSealNeedsOwner, err)
		case err != nil:
			return err
		}
		attempts = 0
		if progress != nil {
			progress(book, now.hashed, now.seq)
		}
	}
}

// sealSlice makes one link. A long one is hashed before its lock, since its
// journals never change, and made only if the head is still the one that it
// follows; the rest of a book under the lock, so that busy writers cannot keep
// ahead for ever.
func (db *DB) sealSlice(ctx context.Context, book ledger.BookID, bounds sealBounds, head sealHead) (now sealHead, err error) {
	end, root := int64(0), ledger.Hash{}
	if head.seq-head.hashed > bounds.locked {
		if end, root, err = sealRoot(ctx, db.write, book, head.hashed, bounds.link); err != nil {
			return head, err
		}
	}
	err = pgx.BeginFunc(ctx, db.write, func(tx pgx.Tx) error {
		if now, err = scanSealHead(tx.QueryRow(ctx, sealLockSQL, book)); err != nil {
			return err
		}
		switch {
		case now.hashed != head.hashed || now.hashed == now.seq:
			return nil // somebody else made the link
		case end == 0 && now.seq-now.hashed > 2*bounds.locked:
			return nil // so many came meanwhile that they are hashed without the lock
		case end == 0:
			if end, root, err = sealRoot(ctx, tx, book, now.hashed, bounds.link); err != nil {
				return err
			}
		}
		now.hash, now.hashed = ledger.Link(book, end, now.hash, root), end
		return storeLink(ctx, tx, book, now, root)
	})
	return now, err
}

// sealRoot hashes the journals of the next link, and returns the seq it ends with.
func sealRoot(ctx context.Context, from sealReader, book ledger.BookID, after, most int64) (end int64, root ledger.Hash, err error) {
	if err := from.QueryRow(ctx, sealEndSQL, book, after, most).Scan(&end); err != nil {
		return 0, root, err
	}
	if end == 0 {
		return 0, root, fmt.Errorf("%w: no batch ends after seq %d", ErrChainBroken, after)
	}
	var tree ledger.MerkleTree
	err = readLeaves(ctx, from, book, after, end, func(_ int64, leaf ledger.Hash) error {
		tree.Add(leaf)
		return nil
	})
	return end, tree.Root(), err
}

// sealReader is a pool or a transaction.
type sealReader interface {
	batchSender
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func storeLink(ctx context.Context, tx pgx.Tx, book ledger.BookID, head sealHead, root ledger.Hash) error {
	tag, err := tx.Exec(ctx, sealBatchSQL, book, head.hashed, root[:], head.hash[:])
	if err != nil {
		return err
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("%w: the batch that ends with seq %d has a link already, beyond the head's", ErrChainBroken, head.hashed)
	}
	_, err = tx.Exec(ctx, sealUpdateSQL, book, head.hashed, head.hash[:])
	return err
}

func scanSealHead(row pgx.Row) (head sealHead, err error) {
	var hash []byte
	err = row.Scan(&head.seq, &hash, &head.hashed)
	head.hash = hashOf(hash)
	return head, err
}

// errSealNeedsOwner says what to do about a role that may only add rows.
var errSealNeedsOwner = errors.New("only the role that owns the tables may link earlier journals: run purser migrate")

func forbidden(err error) bool {
	const insufficientPrivilege = "42501"
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == insufficientPrivilege
}
