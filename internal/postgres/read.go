package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/wallet"
	"purser/ledger"
)

// Reader is the wallet.Reader and the campaign.Reader on PostgreSQL. Each of its
// methods reads on one connection, in a read-only database transaction whose
// statements all see the same snapshot; those on wallets send it as one batch. Its
// errors wrap domain.ErrUnavailable when the read may be repeated.
type Reader struct {
	pool  *pgxpool.Pool
	clock func() time.Time
	parts balanceParts
}

var _ wallet.Reader = (*Reader)(nil)

// NewReader returns a Reader on the pool for reading. clock is the process clock;
// what it says is compared with expiries, unless a book is ahead of it.
func (db *DB) NewReader(clock func() time.Time) *Reader {
	return &Reader{pool: db.read, clock: clock, parts: partsOf(market.Rules().Classes())}
}

// balanceParts names the classes of a wallet's other accounts and the part of
// the balance that each adds to, aligned.
type balanceParts struct{ classes, parts []string }

// Parts of a balance besides what is available and what campaigns hold, as the
// statements name them.
const (
	partHeld = "HELD"
	partDebt = "DEBT"
)

// partsOf picks the classes that hold a wallet's Connects elsewhere. Taking them
// from the chart, and their accounts by code, finds each account by an index,
// and a chart without such a class truly holds none.
func partsOf(chart []ledger.Class) balanceParts {
	found := balanceParts{classes: []string{}, parts: []string{}}
	for _, class := range chart {
		part := ""
		switch {
		case strings.HasPrefix(class.Name, "WALLET:*:HELD:"):
			part = partHeld
		case class.Name == "RECEIVABLE:*":
			part = partDebt
		default:
			continue
		}
		found.classes, found.parts = append(found.classes, class.Name), append(found.parts, part)
	}
	return found
}

// endSnapshot ends the database transaction that snapshot begins.
const endSnapshot = "-- name: end_snapshot\nCOMMIT"

// snapshot begins a batch whose statements see one state of the database. It
// never blocks a writer and is never blocked by one.
func snapshot() *pgx.Batch {
	batch := &pgx.Batch{}
	batch.Queue("-- name: begin_snapshot\nBEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	return batch
}

// run ends the batch's database transaction and sends it all in one round trip.
// The first error, of a statement or of what reads its rows, ends it.
func (r *Reader) run(ctx context.Context, batch *pgx.Batch) error {
	batch.Queue(endSnapshot)
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return unavailable(fmt.Errorf("acquire a connection: %w", err))
	}
	defer conn.Release()
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		rollBack(ctx, conn)
		return unavailable(err)
	}
	return nil
}

// unavailable marks a failed read that may be repeated the way this package's
// and the domain's callers know it.
func unavailable(err error) error {
	err = readError(err)
	if errors.Is(err, ErrUnavailable) && !errors.Is(err, domain.ErrUnavailable) {
		return fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	return err
}

// each returns a reader of all rows of a statement.
func each(scan func(rows pgx.Rows) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// orZero reads a column that may be null where absence is the zero value.
func orZero[T any](value *T) T {
	if value == nil {
		var zero T
		return zero
	}
	return *value
}

// instantOf reads an expiry: infinity is never, the zero time.
func instantOf(stored pgtype.Timestamptz) time.Time {
	if stored.InfinityModifier != pgtype.Finite {
		return time.Time{}
	}
	return stored.Time
}

// distinct keeps the first of equal values.
func distinct[T comparable](values []T) []T {
	seen := make(map[T]bool, len(values))
	kept := make([]T, 0, len(values))
	for _, value := range values {
		if !seen[value] {
			seen[value] = true
			kept = append(kept, value)
		}
	}
	return kept
}
