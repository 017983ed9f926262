package main

import (
	"context"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// driver is one way to make commands durable.
type driver interface {
	// callers is how many goroutines may call do at once.
	callers() int
	// do makes one command or more durable, and returns how many.
	do(ctx context.Context, rng *rand.Rand) (int, error)
	close(ctx context.Context) error
}

// purser is the product's ledger and store.
type purser struct {
	variant
	world  *world
	ledger *ledger.Ledger
}

func (b *bench) newPurser(v variant) driver {
	if v.lots {
		return purser{variant: v, world: &b.world, ledger: b.wallets}
	}
	return purser{variant: v, world: &b.world, ledger: b.transfers}
}

func (p purser) callers() int { return p.variant.callers }

func (p purser) do(ctx context.Context, rng *rand.Rand) (int, error) {
	var c ledger.Command
	if p.lots {
		c = p.world.spendOrGrant(p.variant, rng)
	} else {
		c = p.world.transfer(p.variant, rng).Command
	}
	return 1, accepted(ctx, p.ledger, c)
}

// close leaves the ledger as it is: the next case uses it too.
func (purser) close(context.Context) error { return nil }

// insert is one autocommitted INSERT of a journal's row: the least that one caller can wait for.
type insert struct {
	variant
	world *world
	clock clock
	conn  *pgx.Conn
	seq   int64
}

func (b *bench) newInsert(ctx context.Context, v variant) (*insert, error) {
	conn, err := b.connect(ctx)
	if err != nil {
		return nil, err
	}
	i := &insert{variant: v, world: &b.world, clock: b.clock, conn: conn}
	err = conn.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM single_insert.journals`).Scan(&i.seq)
	return i, err
}

func (*insert) callers() int { return 1 }

func (i *insert) do(ctx context.Context, rng *rand.Rand) (int, error) {
	t, now := i.world.transfer(i.variant, rng), i.clock()
	i.seq++
	_, err := i.conn.Exec(ctx, `INSERT INTO single_insert.journals
		(book_id, journal_id, seq, template, template_version, type, arguments, effective_at, booked_on, posted_at, initiated_by)
		VALUES ($1, $2, $3, $4, 1, $4, $5, $6, $6::timestamptz::date, $6, $7)`,
		t.Book, t.ID, i.seq, t.Template, t.Arguments.Encode(), now, t.InitiatedBy)
	return 1, err
}

func (i *insert) close(ctx context.Context) error { return i.conn.Close(ctx) }
