package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// rollbackTimeout bounds the clean-up after a batch that was not committed.
const rollbackTimeout = time.Second

// Store is the ledger's storage: one round trip for a batch all of whose state it
// remembers, and two for any other
// (docs/adr/0013-one-round-trip-on-cached-state.md).
type Store struct {
	db    *DB
	rules *ledger.Rules
	known caches
	// options are how it differs from the product's.
	options StoreOptions
	guards  map[string]GuardRead
	// effects are written in this order whatever the order of the commands, so
	// that a row is there before another refers to it.
	effects []registeredEffect
}

type registeredEffect struct {
	kind  string
	write EffectWrite
}

// GuardRead queues the set-based read of one guard kind: it must call found once
// for every row of ids that exists.
type GuardRead func(batch *pgx.Batch, book ledger.BookID, ids []string, found func(id string, row any))

// EffectWrite queues the set-based write of one effect kind.
type EffectWrite func(batch *pgx.Batch, book ledger.BookID, rows []any)

// StoreOptions change how a Store works, for the bench and for tests. The zero value
// is what the product runs with.
type StoreOptions struct {
	// ChainOff hashes no journal, and OutboxOff writes no row of the outbox: what a
	// bench subtracts to tell what they cost. Nothing else may set them, and no other
	// store may write to the same database.
	ChainOff, OutboxOff bool

	// ReadAlways remembers nothing: every batch reads its state under the lock.
	ReadAlways bool
	// AccountsRemembered replaces the number of accounts that are remembered per
	// book before the least recently used are forgotten; 0 leaves it.
	AccountsRemembered int
}

// NewStore returns the Store of a ledger that follows rules, with the guards and
// effects of the domain packages.
func (db *DB) NewStore(rules *ledger.Rules) *Store { return db.NewStoreWith(rules, StoreOptions{}) }

// NewStoreWith is NewStore with options.
func (db *DB) NewStoreWith(rules *ledger.Rules, options StoreOptions) *Store {
	remembered := cacheAccountsMax
	if options.AccountsRemembered > 0 {
		remembered = options.AccountsRemembered
	}
	if options.ReadAlways {
		remembered = 0
	}
	store := &Store{
		db: db, rules: rules, guards: map[string]GuardRead{}, options: options,
		known: caches{max: remembered, unchained: options.ChainOff, books: map[ledger.BookID]*bookCache{}},
	}
	store.registerWallet()
	store.registerCampaign()
	store.registerFinance()
	return store
}

// Batch implements ledger.Store.
func (s *Store) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	known := s.known.take(needs.Book)
	defer known.release()
	conn, err := s.db.write.Acquire(ctx)
	if err != nil {
		return writeError(fmt.Errorf("acquire a connection: %w", err))
	}
	defer conn.Release()
	if err := replan(ctx, conn); err != nil {
		return writeError(fmt.Errorf("discard plans: %w", err))
	}
	recalled := known.recall(needs)
	if state := known.state(needs, recalled); state != nil {
		decided, err := s.batchOnKnown(ctx, conn, known, needs, state, fold)
		if decided {
			return err
		}
		recalled = nil
	}
	return s.batchOnRead(ctx, conn, known, needs, recalled, fold)
}

// batchOnRead is the way of two round trips, with the fold between them: what was
// recalled is not read again.
func (s *Store) batchOnRead(
	ctx context.Context, conn *pgxpool.Conn, known *bookCache, needs *ledger.Needs, recalled *recollection,
	fold func(*ledger.State) (*ledger.Writes, error),
) error {
	ended := false
	defer func() {
		if !ended {
			rollBack(ctx, conn)
		}
	}()
	state, err := s.load(ctx, conn, known, needs, recalled)
	if err != nil {
		return writeError(fmt.Errorf("read book %d: %w", needs.Book, err))
	}
	writes, err := fold(state)
	if err != nil || writes == nil {
		return err
	}
	if err := s.save(ctx, conn, writes); err != nil {
		known.forget()
		return writeError(fmt.Errorf("write book %d: %w", needs.Book, err))
	}
	ended = true
	known.absorb(s.rules, needs, state, writes)
	return nil
}

// The batches of a connection before which its plans are made again are the powers
// of two between these. While a table is nearly empty the planner finds that a
// whole key is not worth more than its first column, the book, and a generic plan
// stays what it was when the table has grown. Later, statistics see to it.
const (
	replanFirst = 16
	replanLast  = 4096
)

// batchesKey is where a connection counts its batches.
const batchesKey = "purser.batches"

// replan makes a connection forget its plans while it is young.
func replan(ctx context.Context, conn *pgxpool.Conn) error {
	data := conn.Conn().PgConn().CustomData()
	batches, _ := data[batchesKey].(int)
	batches++
	data[batchesKey] = batches
	if batches < replanFirst || batches > replanLast || batches&(batches-1) != 0 {
		return nil
	}
	_, err := conn.Exec(ctx, "-- name: plans_discard\nDISCARD PLANS")
	return err
}

// idle is the protocol's word for a connection without a database transaction.
const idle = 'I'

// rollBack ends the database transaction, also when the batch's own context has
// ended. A connection on which that fails is closed, which ends it as well.
func rollBack(ctx context.Context, conn *pgxpool.Conn) {
	if conn.Conn().IsClosed() || conn.Conn().PgConn().TxStatus() == idle {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, "-- name: rollback\nROLLBACK"); err != nil {
		_ = conn.Conn().Close(ctx)
	}
}
