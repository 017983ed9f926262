package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// floorCommands is how many commands' rows one commit of the floor has: as many as a batch of the product
// at most.
const floorCommands = 1000

// floor copies the rows that a transfer adds, its journal, posting and key, on one connection, with nothing
// read and nothing checked: the limit of the machine for one writer. The rows are made beside the copying.
type floor struct {
	variant
	world *world
	clock clock
	conn  *pgx.Conn
	seq   int64
	ready chan floorRows
	stop  context.CancelFunc
	made  sync.WaitGroup
}

// floorRows are the rows of one commit, per table.
type floorRows struct{ journals, postings, keys [][]any }

var (
	floorJournals = []string{"book_id", "journal_id", "seq", "template", "template_version", "type", "arguments", "effective_at", "booked_on", "posted_at", "initiated_by"}
	floorPostings = []string{
		"book_id", "journal_id", "line", "debit_account", "credit_account", "commodity", "amount", "posted_at",
		"debit_version", "debit_balance", "debit_net", "credit_version", "credit_balance", "credit_net",
	}
	floorKeys = []string{"book_id", "principal", "mutation", "owner_id", "key", "fingerprint", "command_id", "seq", "decided_at"}
)

func (b *bench) newFloor(ctx context.Context, v variant, seed uint64) (*floor, error) {
	conn, err := b.connect(ctx)
	if err != nil {
		return nil, err
	}
	f := &floor{variant: v, world: &b.world, clock: b.clock, conn: conn, ready: make(chan floorRows, 2)}
	if err := conn.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM floor.journals`).Scan(&f.seq); err != nil {
		return nil, fmt.Errorf("read the floor's last row: %w", err)
	}
	ctx, f.stop = context.WithCancel(ctx)
	f.made.Go(func() { f.produce(ctx, rand.New(rand.NewPCG(seed, 0))) }) //nolint:gosec // it need only repeat
	return f, nil
}

func (*floor) callers() int { return 1 }

func (f *floor) close(ctx context.Context) error {
	f.stop()
	f.made.Wait()
	return f.conn.Close(ctx)
}

// produce makes rows until ctx ends.
func (f *floor) produce(ctx context.Context, rng *rand.Rand) {
	for {
		rows := f.rows(rng)
		select {
		case f.ready <- rows:
		case <-ctx.Done():
			return
		}
	}
}

func (f *floor) rows(rng *rand.Rand) floorRows {
	var rows floorRows
	now := f.clock()
	day := now.UTC().Truncate(24 * time.Hour)
	for range floorCommands {
		t := f.world.transfer(f.variant, rng)
		f.seq++
		rows.journals = append(rows.journals, []any{
			int32(t.Book), t.ID, f.seq, t.Template, int32(1), t.Template, t.Arguments.Encode(), now, day, now, t.InitiatedBy,
		})
		rows.postings = append(rows.postings, []any{
			int32(t.Book), t.ID, int16(1), t.debit, t.credit, string(ledger.USD), t.amount, now, f.seq, t.amount, -t.amount, f.seq, t.amount, t.amount,
		})
		scope := t.Key.Scope
		rows.keys = append(rows.keys, []any{
			int32(t.Book), scope.Principal, scope.Mutation, scope.Owner, t.Key.Key, t.Fingerprint[:], t.ID, f.seq, now,
		})
	}
	return rows
}

func (f *floor) do(ctx context.Context, _ *rand.Rand) (int, error) {
	var rows floorRows
	select {
	case rows = <-f.ready:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	err := pgx.BeginFunc(ctx, f.conn, func(tx pgx.Tx) error {
		for _, table := range []struct {
			name    string
			columns []string
			rows    [][]any
		}{
			{"journals", floorJournals, rows.journals},
			{"postings", floorPostings, rows.postings},
			{"idempotency_keys", floorKeys, rows.keys},
		} {
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{schemaFloor, table.name}, table.columns, pgx.CopyFromRows(table.rows)); err != nil {
				return fmt.Errorf("copy %s: %w", table.name, err)
			}
		}
		return nil
	})
	return floorCommands, err
}
