package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNotEmpty is returned by BeginDemoLoad when a book has journals that no
// unfinished load of the demonstration accounts for: inventing history beside
// them would falsify it.
var ErrNotEmpty = errors.New("postgres: the database has journals already")

// DemoLoad is one load of the demonstration marketplace: the parameters that
// decide everything it writes.
type DemoLoad struct {
	Seed    int64
	Wallets int
	// Campaigns is 0 in loads that began before there were campaigns: they have
	// none, also when they are resumed today.
	Campaigns int
	Days      int
	// EndsAt is the instant up to which history is generated.
	EndsAt time.Time
}

// BeginDemoLoad records that want begins and returns it. A load that was
// interrupted comes back in its place, with resumed set, for as long as it is
// not finished. The head of the platform's book is locked meanwhile, so that of
// two processes that start at once one begins and the other resumes. It returns
// ErrNotEmpty when there is nothing to resume and a book has journals.
func (db *DB) BeginDemoLoad(ctx context.Context, want DemoLoad) (load DemoLoad, resumed bool, err error) {
	err = pgx.BeginFunc(ctx, db.write, func(tx pgx.Tx) error {
		load, resumed, err = beginDemoLoad(ctx, tx, want)
		return err
	})
	if err != nil {
		return DemoLoad{}, false, fmt.Errorf("begin demo load of seed %d: %w", want.Seed, err)
	}
	return load, resumed, nil
}

func beginDemoLoad(ctx context.Context, tx pgx.Tx, want DemoLoad) (load DemoLoad, resumed bool, err error) {
	if _, err := tx.Exec(ctx, `-- name: demo_loads_lock
		SELECT seq FROM book_heads WHERE book_id = 0 FOR UPDATE`); err != nil {
		return DemoLoad{}, false, err
	}
	err = tx.QueryRow(ctx, `-- name: demo_loads_unfinished
		SELECT seed, wallets, campaigns, days, ends_at FROM demo_loads WHERE finished_at IS NULL ORDER BY seed LIMIT 1`).
		Scan(&load.Seed, &load.Wallets, &load.Campaigns, &load.Days, &load.EndsAt)
	if !errors.Is(err, pgx.ErrNoRows) {
		return load, err == nil, err
	}
	var journals int64
	if err := tx.QueryRow(ctx, `-- name: demo_loads_journals
		SELECT coalesce(sum(seq), 0)::bigint FROM book_heads`).Scan(&journals); err != nil {
		return DemoLoad{}, false, err
	}
	if journals > 0 {
		return DemoLoad{}, false, fmt.Errorf("%w: %d of them", ErrNotEmpty, journals)
	}
	err = tx.QueryRow(ctx, `-- name: demo_loads_insert
		INSERT INTO demo_loads (seed, wallets, campaigns, days, ends_at) VALUES ($1, $2, $3, $4, $5)
		RETURNING seed, wallets, campaigns, days, ends_at`, want.Seed, want.Wallets, want.Campaigns, want.Days, want.EndsAt).
		Scan(&load.Seed, &load.Wallets, &load.Campaigns, &load.Days, &load.EndsAt)
	return load, false, err
}

// FinishDemoLoad records that everything of a load is written. Finishing it
// again keeps the first instant.
func (db *DB) FinishDemoLoad(ctx context.Context, seed int64) error {
	if _, err := db.write.Exec(ctx, `-- name: demo_loads_finish
		UPDATE demo_loads SET finished_at = clock_timestamp() WHERE seed = $1 AND finished_at IS NULL`, seed); err != nil {
		return fmt.Errorf("finish demo load of seed %d: %w", seed, err)
	}
	return nil
}
