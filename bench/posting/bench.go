package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/market"
	"purser/internal/postgres"
	"purser/ledger"
)

// bench is a run: one database, with a ledger for each set of rules. The two never write at once, and each
// finds the other's journals behind the same heads.
type bench struct {
	options
	world
	urls      urls
	db        *postgres.DB
	transfers *ledger.Ledger // lots=off
	wallets   *ledger.Ledger // lots=on, with the product's rules
	control   *pgx.Conn      // looks on, as the owner
	stderr    io.Writer
	clock     clock
}

// closeTimeout bounds the end of a run that was cut off.
const closeTimeout = 10 * time.Second

// openBench makes the schema, and opens the accounts that the cases need, in a database that has neither.
func openBench(ctx context.Context, o options, at urls, stderr io.Writer, now clock) (_ *bench, err error) {
	if err := postgres.Migrate(ctx, at.owner); err != nil {
		return nil, err
	}
	rules, err := transferRules()
	if err != nil {
		return nil, err
	}
	b := &bench{
		options: o, urls: at, stderr: stderr, clock: now,
		world: world{accounts: o.accounts, places: map[ledger.BookID][]place{}, purses: map[ledger.BookID][]*purse{}},
	}
	if b.db, err = postgres.Open(ctx, at.app, nil); err != nil {
		return nil, err
	}
	b.transfers = b.newLedger(rules, o.store)
	b.wallets = b.newLedger(market.Rules(), o.store)
	if b.control, err = b.connect(ctx); err != nil {
		return nil, errors.Join(err, b.close(ctx))
	}
	fmt.Fprintln(stderr, "opening accounts")
	if err := errors.Join(makeSchemas(ctx, b.control), b.open(ctx), b.fundPeer(ctx), b.settle(ctx)); err != nil {
		return nil, errors.Join(err, b.close(ctx))
	}
	return b, nil
}

// newLedger returns a ledger on a store of its own.
func (b *bench) newLedger(rules *ledger.Rules, options postgres.StoreOptions) *ledger.Ledger {
	return ledger.New(ledger.Config{Rules: rules, Store: b.db.NewStoreWith(rules, options), Clock: b.clock})
}

// connect opens a connection as the owner.
func (b *bench) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, b.urls.owner)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return conn, nil
}

// settle leaves the tables as autovacuum would.
func (b *bench) settle(ctx context.Context) error {
	if _, err := b.control.Exec(ctx, `VACUUM (ANALYZE)`); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

func (b *bench) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	err := errors.Join(b.transfers.Close(ctx), b.wallets.Close(ctx))
	if b.control != nil {
		err = errors.Join(err, b.control.Close(ctx))
	}
	b.db.Close()
	return err
}

// result is a case's medians. What a case does not have is nil.
type result struct {
	variant
	purser              sample
	peer, floor, insert *sample
}

// contestant opens a driver of a case, afresh for every measurement.
type contestant struct {
	open  func(ctx context.Context, v variant, seed uint64) (driver, error)
	found func(r *result) **sample
}

// contestants are those that a case has beside the product.
func (b *bench) contestants(v variant) []contestant {
	if v.lots {
		return nil
	}
	all := []contestant{
		{
			open:  func(ctx context.Context, v variant, _ uint64) (driver, error) { return b.newPeer(ctx, v) },
			found: func(r *result) **sample { return &r.peer },
		},
		{
			open:  func(ctx context.Context, v variant, seed uint64) (driver, error) { return b.newFloor(ctx, v, seed) },
			found: func(r *result) **sample { return &r.floor },
		},
	}
	if v.callers == 1 {
		all = append(all, contestant{
			open:  func(ctx context.Context, v variant, _ uint64) (driver, error) { return b.newInsert(ctx, v) },
			found: func(r *result) **sample { return &r.insert },
		})
	}
	return all
}

// measureAll measures every case.
func (b *bench) measureAll(ctx context.Context) ([]result, error) {
	var results []result
	for _, v := range b.cases {
		r, err := b.measure(ctx, v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name(), err)
		}
		fmt.Fprintf(b.stderr, "%-45s %.0f/s\n", v.name(), r.purser.PerSecond)
		results = append(results, r)
	}
	return results, nil
}

// measure loads all contestants of a case in turn, in each round; who is first alternates.
func (b *bench) measure(ctx context.Context, v variant) (result, error) {
	r := result{variant: v}
	ours := &r.purser
	all := append([]contestant{{
		open:  func(context.Context, variant, uint64) (driver, error) { return b.newPurser(v), nil },
		found: func(*result) **sample { return &ours },
	}}, b.contestants(v)...)
	samples := make([][]sample, len(all))
	for round := range b.rounds {
		for turn := range all {
			who := (round + turn) % len(all)
			s, err := b.once(ctx, v, all[who], uint64(round))
			if err != nil {
				return r, err
			}
			samples[who] = append(samples[who], s)
		}
	}
	for who, c := range all {
		s := medians(samples[who])
		*c.found(&r) = &s
	}
	r.purser = *ours
	return r, nil
}

// warmUpPart is the part of a measurement's time for which it is loaded before.
const warmUpPart = 4

func (b *bench) once(ctx context.Context, v variant, c contestant, seed uint64) (s sample, err error) {
	d, err := c.open(ctx, v, seed)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, d.close(context.WithoutCancel(ctx))) }()
	l := load{driver: d, warmUp: b.measured / warmUpPart, measured: b.measured, seed: seed, clock: b.clock}
	return l.run(ctx, b)
}
