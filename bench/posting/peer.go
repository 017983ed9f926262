package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// peerConnectionsMax is the most connections that the peer's callers share.
const peerConnectionsMax = 64

// peer is what a careful engineer writes by hand: a database transaction for each transfer, which locks the
// two balances in the order of their ids, so that no two deadlock, and writes the rows that the product
// writes. It has no head, hence no seq, and keeps no totals of days.
type peer struct {
	variant
	world *world
	clock clock
	pool  *pgxpool.Pool
}

func (b *bench) newPeer(ctx context.Context, v variant) (*peer, error) {
	config, err := pgxpool.ParseConfig(b.urls.owner)
	if err != nil {
		return nil, fmt.Errorf("parse the database URL: %w", err)
	}
	config.MaxConns = int32(min(v.callers, peerConnectionsMax))
	config.MinConns = config.MaxConns
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the peer's pool: %w", err)
	}
	return &peer{variant: v, world: &b.world, clock: b.clock, pool: pool}, nil
}

// fundPeer opens for the peer the accounts that the product has for transfers.
func (b *bench) fundPeer(ctx context.Context) error {
	for book, places := range b.places {
		accounts := make([]ledger.ID, len(places))
		for i, p := range places {
			accounts[i] = p.account
		}
		if _, err := b.control.Exec(ctx, `INSERT INTO peer.account_balances (book_id, account_id, credits, credit_normal, floored)
			SELECT $1::integer, account_id, $2, true, true FROM unnest($3::uuid[]) AS n (account_id)`, book, int64(fundedMinor), accounts); err != nil {
			return fmt.Errorf("open the peer's accounts of book %d: %w", book, err)
		}
	}
	return nil
}

func (p *peer) callers() int { return p.variant.callers }

func (p *peer) close(context.Context) error {
	p.pool.Close()
	return nil
}

func (p *peer) do(ctx context.Context, rng *rand.Rand) (int, error) {
	t := p.world.transfer(p.variant, rng)
	if err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error { return p.post(ctx, tx, t) }); err != nil {
		return 0, fmt.Errorf("peer's transfer %s: %w", t.ID, err)
	}
	return 1, nil
}

// balance is a row of the peer's.
type balance struct {
	account                  ledger.ID
	debits, credits, version int64
}

// errInsufficient is what the peer answers a transfer that its debit account cannot give.
var errInsufficient = errors.New("insufficient funds")

func (p *peer) post(ctx context.Context, tx pgx.Tx, t transfer) error {
	rows, err := tx.Query(ctx, `SELECT account_id, debits, credits, version FROM peer.account_balances
		WHERE book_id = $1 AND account_id = ANY ($2) ORDER BY account_id FOR UPDATE`, t.Book, []ledger.ID{t.debit, t.credit})
	if err != nil {
		return err
	}
	balances, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b balance, err error) {
		err = row.Scan(&b.account, &b.debits, &b.credits, &b.version)
		return b, err
	})
	if err != nil {
		return err
	}
	find := func(id ledger.ID) int {
		return slices.IndexFunc(balances, func(b balance) bool { return b.account == id })
	}
	if find(t.debit) < 0 || find(t.credit) < 0 {
		return errors.New("an account is missing")
	}
	debit, credit := &balances[find(t.debit)], &balances[find(t.credit)]
	if debit.credits-debit.debits < t.amount {
		return errInsufficient
	}
	debit.debits, debit.version = debit.debits+t.amount, debit.version+1
	credit.credits, credit.version = credit.credits+t.amount, credit.version+1
	return p.write(ctx, tx, t, *debit, *credit)
}

func (p *peer) write(ctx context.Context, tx pgx.Tx, t transfer, debit, credit balance) error {
	now := p.clock()
	if _, err := tx.Exec(ctx, `INSERT INTO peer.journals
		(book_id, journal_id, template, template_version, type, arguments, effective_at, booked_on, posted_at, initiated_by)
		VALUES ($1, $2, $3, 1, $3, $4, $5, $5::timestamptz::date, $5, $6)`,
		t.Book, t.ID, t.Template, t.Arguments.Encode(), now, t.InitiatedBy); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO peer.postings (book_id, journal_id, line, debit_account, credit_account, commodity, amount, posted_at,
		debit_version, debit_balance, debit_net, credit_version, credit_balance, credit_net)
		VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, -$6::bigint, $10, $11, $6)`,
		t.Book, t.ID, t.debit, t.credit, string(ledger.USD), t.amount, now,
		debit.version, debit.credits-debit.debits, credit.version, credit.credits-credit.debits); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO peer.idempotency_keys
		(book_id, principal, mutation, owner_id, key, fingerprint, command_id, seq, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)`,
		t.Book, t.Key.Scope.Principal, t.Key.Scope.Mutation, t.Key.Scope.Owner, t.Key.Key, t.Fingerprint[:], t.ID, now); err != nil {
		return err
	}
	for _, b := range []balance{debit, credit} {
		if _, err := tx.Exec(ctx, `UPDATE peer.account_balances SET debits = $3, credits = $4, version = $5 WHERE book_id = $1 AND account_id = $2`,
			t.Book, b.account, b.debits, b.credits, b.version); err != nil {
			return err
		}
	}
	return nil
}
