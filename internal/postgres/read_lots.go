package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// Lots, after the CTEs of reach. What a member may not know of a lot, its basis,
// is not fetched. $10 to $12 are the key to go on from, $13 a state or ”, $14
// the number of rows.
const (
	lotStored = ` l.book_id, l.wallet_id, l.lot_id, l.origin, l.granted, l.remaining, l.expires_at, l.priority,
			CASE WHEN v.access <> 'MEMBER' THEN l.money END AS money,
			CASE WHEN v.access <> 'MEMBER' THEN l.basis_minor ELSE 0 END AS basis_minor,
			CASE WHEN v.access <> 'MEMBER' THEN l.basis_remaining ELSE 0 END AS basis_remaining, l.jurisdiction, l.root_id, l.grace_until,
			CASE WHEN l.remaining = 0 THEN 'EXHAUSTED' WHEN ` + lotEnds + ` <= i.now THEN 'EXPIRED' ELSE 'ACTIVE' END AS state`

	// lotEnds is when the units of a lot can be used no longer: at its expiry, unless
	// what came back after it has grace (greatest leaves nulls out).
	lotEnds = `greatest(l.expires_at, l.grace_until)`

	lotColumns = `
	SELECT book_id, wallet_id, lot_id, origin, granted, remaining, expires_at, priority, money, basis_minor, basis_remaining,
		jurisdiction, root_id, grace_until, state`
	lotOrder = ` FROM (
			SELECT` + lotStored + `
			FROM visible v CROSS JOIN instant i JOIN lots l ON l.book_id = v.book_id AND l.wallet_id = v.wallet_id
		) l
		WHERE ($13::text = '' OR l.state = $13) AND (l.priority, l.expires_at, l.lot_id)`
	lotKey  = ` ($10::integer, $11::timestamptz, $12::uuid)`
	lotPage = `
	) placed
	WHERE place <= $14::integer ORDER BY book_id, wallet_id, place`

	lotsForwardSQL = "-- name: page_lots\n" + visibleWallets + lotColumns + `
	FROM (
		SELECT book_id, wallet_id, lot_id, origin, granted, remaining, expires_at, priority, money, basis_minor, basis_remaining, jurisdiction,
			root_id, grace_until, state,
			row_number() OVER (PARTITION BY book_id, wallet_id ORDER BY priority, expires_at, lot_id) AS place` +
		lotOrder + " >" + lotKey + lotPage
	lotsBackwardSQL = "-- name: page_lots_backward\n" + visibleWallets + lotColumns + `
	FROM (
		SELECT book_id, wallet_id, lot_id, origin, granted, remaining, expires_at, priority, money, basis_minor, basis_remaining, jurisdiction,
			root_id, grace_until, state,
			row_number() OVER (PARTITION BY book_id, wallet_id ORDER BY priority DESC, expires_at DESC, lot_id DESC) AS place` +
		lotOrder + " <" + lotKey + lotPage
	lotsByIDSQL = "-- name: lots_by_id\n" + visibleByLot + `
	SELECT` + lotStored + `
	FROM unnest($6, $7) AS n (book_id, lot_id) JOIN lots l ON l.book_id = n.book_id AND l.lot_id = n.lot_id
	JOIN visible v ON v.book_id = l.book_id AND v.wallet_id = l.wallet_id CROSS JOIN instant i`

	// A local day ends where the next begins, whatever the clocks do between.
	expiringSQL = "-- name: page_expiring\n" + visibleWallets + `
	SELECT v.book_id, v.wallet_id, (` + lotEnds + ` AT TIME ZONE v.time_zone)::date AS day, l.origin, sum(p.quantity)::bigint
	FROM visible v CROSS JOIN instant i
	JOIN lot_places p ON p.book_id = v.book_id AND p.account_id = v.account_id AND p.quantity > 0
	JOIN lots l ON l.book_id = p.book_id AND l.lot_id = p.lot_id
	WHERE ` + lotEnds + ` > i.now
		AND ` + lotEnds + ` < ((i.now AT TIME ZONE v.time_zone)::date + $10::integer)::timestamp AT TIME ZONE v.time_zone
	GROUP BY v.book_id, v.wallet_id, day, l.origin
	ORDER BY v.book_id, v.wallet_id, day, l.origin`
)

// Ends of the spend order: no lot lies before the first or behind the last.
var (
	lotsFirst = []any{int32(math.MinInt32), pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, ledger.NilID}
	lotsLast  = []any{int32(math.MaxInt32), pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, ledger.ID{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	}}
)

func (p *pageRead) lots(query wallet.LotsQuery) {
	sql, from := lotsForwardSQL, lotsFirst
	if query.Direction == wallet.Backward {
		sql, from = lotsBackwardSQL, lotsLast
	}
	if query.HasKey {
		from = []any{query.Key.Priority, expiry(query.Key.ExpiresAt), query.Key.Lot}
	}
	own := append(slices.Clone(from), string(query.State), query.Limit+1)
	p.batch.Queue(sql, p.question.with(own...)...).Query(sections(p, query, func(rows pgx.Rows, section func(wallet.Ref) *wallet.LotPage) error {
		lot, err := scanPageLot(rows)
		if err != nil {
			return err
		}
		page := section(wallet.Ref{Book: lot.Book, ID: lot.Wallet})
		switch {
		case len(page.Lots) == query.Limit:
			page.More = true
		case query.Direction == wallet.Backward:
			page.Lots = slices.Insert(page.Lots, 0, lot)
		default:
			page.Lots = append(page.Lots, lot)
		}
		return nil
	}))
}

func scanPageLot(rows pgx.Rows) (wallet.Lot, error) {
	var lot wallet.Lot
	var expires pgtype.Timestamptz
	var money *ledger.Commodity
	var root *ledger.ID
	var grace *time.Time
	err := rows.Scan(&lot.Book, &lot.Wallet, &lot.ID, &lot.Origin, &lot.Granted, &lot.Remaining, &expires, &lot.Priority, &money,
		&lot.Basis, &lot.BasisRemaining, &lot.Jurisdiction, &root, &grace, &lot.State)
	lot.ExpiresAt, lot.Money, lot.Root, lot.GraceUntil = instantOf(expires), orZero(money), orZero(root), orZero(grace)
	return lot, err
}

func (p *pageRead) expiring(query wallet.ExpiringQuery) {
	p.batch.Queue(expiringSQL, p.question.with(query.WithinDays)...).
		Query(sections(p, query, func(rows pgx.Rows, section func(wallet.Ref) *wallet.Expiring) error {
			var ref wallet.Ref
			var day time.Time
			var bucket wallet.ExpiringBucket
			if err := rows.Scan(&ref.Book, &ref.ID, &day, &bucket.Origin, &bucket.Amount); err != nil {
				return err
			}
			bucket.Date = ledger.DateOf(day)
			forecast := section(ref)
			forecast.Buckets = append(forecast.Buckets, bucket)
			forecast.Total += bucket.Amount
			return nil
		}))
}

// Lots implements wallet.Reader.
func (r *Reader) Lots(ctx context.Context, caller domain.Caller, refs []wallet.LotRef) ([]wallet.LotOfWallet, error) {
	p := newPageRead(r, caller, wallet.PageRequest{})
	for _, ref := range distinct(refs) {
		p.question.name(ref.Book, ref.ID)
	}
	var lots []wallet.Lot
	p.wallets(lotWalletsSQL)
	p.batch.Queue(lotsByIDSQL, p.question.with()...).Query(each(func(rows pgx.Rows) error {
		lot, err := scanPageLot(rows)
		lots = append(lots, lot)
		return err
	}))
	if err := r.run(ctx, p.batch); err != nil {
		return nil, fmt.Errorf("read %d lots: %w", len(refs), err)
	}
	wallets := p.byRef()
	found := make([]wallet.LotOfWallet, 0, len(lots))
	for _, lot := range lots {
		found = append(found, wallet.LotOfWallet{Lot: lot, Wallet: wallets[wallet.Ref{Book: lot.Book, ID: lot.Wallet}]})
	}
	return found, nil
}
