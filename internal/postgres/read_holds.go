package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// Holds, after the CTEs of reach. One that has expired is shown as what its release
// will make of it, which the ledger books when somebody needs the units. A member
// sees the holds that they placed. $10 is the key to go on from, $11 a status or ”,
// $12 the number of rows.
//
// Of each wallet, the ids of a page are walked along the index of its holds, no
// further than the page, and their rows are then looked up by them; open holds, however
// old, are few, and are found by an index of their own.
const (
	heldLapsed = `h.status = 'OPEN' AND h.expires_at <= i.now`
	heldState  = `CASE WHEN ` + heldLapsed + ` THEN CASE WHEN h.captured > 0 THEN 'CAPTURED' ELSE 'EXPIRED' END ELSE h.status END`
	heldStored = ` h.book_id, h.wallet_id, h.hold_id, h.account_id, h.held_account_id, h.purpose, h.subject_type, h.subject_id, h.reserved,
			h.captured, CASE WHEN ` + heldLapsed + ` THEN h.reserved - h.captured ELSE h.released END AS released, ` + heldState + ` AS status,
			h.opened_at, h.expires_at, h.closed_at`
	heldSeen = `
			AND (v.initiator IS NULL OR EXISTS (SELECT FROM journals j
				WHERE j.book_id = h.book_id AND j.journal_id = h.hold_id AND j.initiated_by = v.initiator))`
	heldPage = visibleWallets + `,
	keys AS (
		SELECT v.book_id, ARRAY(SELECT h.hold_id FROM holds h WHERE h.book_id = v.book_id AND `
	heldOfWallet = `h.wallet_id = v.wallet_id AND ($11::text = '' OR ` + heldState + ` = $11)`
	heldOpen     = `h.account_id = v.account_id AND h.status = 'OPEN' AND h.expires_at > i.now AND h.status = $11::text`
	heldNewer    = heldSeen + ` AND h.hold_id < $10::uuid ORDER BY h.hold_id DESC LIMIT $12::integer` + heldOrder
	heldOlder    = heldSeen + ` AND h.hold_id > $10::uuid ORDER BY h.hold_id LIMIT $12::integer` + heldOrder
	heldOrder    = `) AS ids FROM visible v CROSS JOIN instant i
	)
	SELECT` + heldStored + `
	FROM (SELECT book_id, unnest(ids) AS hold_id FROM keys) k
	JOIN holds h ON h.book_id = k.book_id AND h.hold_id = k.hold_id CROSS JOIN instant i
	ORDER BY h.book_id, h.wallet_id, h.hold_id DESC`

	holdsSQL             = "-- name: page_holds\n" + heldPage + heldOfWallet + heldNewer
	holdsBackwardSQL     = "-- name: page_holds_backward\n" + heldPage + heldOfWallet + heldOlder
	openHoldsSQL         = "-- name: page_open_holds\n" + heldPage + heldOpen + heldNewer
	openHoldsBackwardSQL = "-- name: page_open_holds_backward\n" + heldPage + heldOpen + heldOlder
	holdsByIDSQL         = "-- name: holds_by_id\n" + visibleByHold + `
	SELECT` + heldStored + `
	FROM (SELECT DISTINCT t.b, t.h FROM unnest($6, $7) AS t (b, h)) n JOIN holds h ON h.book_id = n.b AND h.hold_id = n.h
	JOIN visible v ON v.book_id = h.book_id AND v.wallet_id = h.wallet_id CROSS JOIN instant i
	WHERE true` + heldSeen

	// A walk along one index, stopped by the limit.
	expiredHoldsSQL = `-- name: expired_holds
		SELECT hold_id, wallet_id, purpose, expires_at FROM holds
		WHERE book_id = $1 AND status = 'OPEN' AND expires_at <= $2::timestamptz
		ORDER BY expires_at, hold_id LIMIT $3::integer`

	// Lots that ended, by the instant at which they did, where units of them are still
	// available. A lot with grace ends when that does.
	expiringWalletsSQL = `-- name: expiring_wallets
		WITH ended AS (
			SELECT l.wallet_id, l.lot_id, l.expires_at AS ended_at FROM lots l
			WHERE l.book_id = $1 AND l.expires_at > $2::timestamptz AND l.expires_at <= $3::timestamptz
				AND (l.grace_until IS NULL OR l.grace_until <= l.expires_at)
			UNION ALL
			SELECT l.wallet_id, l.lot_id, l.grace_until FROM lots l
			WHERE l.book_id = $1 AND l.grace_until > $2 AND l.grace_until <= $3 AND l.grace_until > l.expires_at
		)
		SELECT e.wallet_id, e.ended_at FROM ended e
		JOIN accounts a ON a.book_id = $1 AND a.code = 'WALLET:' || e.wallet_id || ':AVAILABLE' AND a.commodity = 'CNX'
		JOIN lot_places p ON p.book_id = $1 AND p.account_id = a.account_id AND p.lot_id = e.lot_id AND p.quantity > 0
		GROUP BY e.ended_at, e.wallet_id ORDER BY e.ended_at, e.wallet_id FETCH FIRST ($4::integer) ROWS WITH TIES`
)

func (p *pageRead) holds(query wallet.HoldsQuery) {
	open, backward := query.Status == ledger.HoldOpen, query.Direction == wallet.Backward
	sql, from := holdsSQL, lastID
	switch {
	case open && backward:
		sql, from = openHoldsBackwardSQL, ledger.NilID
	case open:
		sql = openHoldsSQL
	case backward:
		sql, from = holdsBackwardSQL, ledger.NilID
	}
	if query.HasKey {
		from = query.Key
	}
	p.batch.Queue(sql, p.question.with(from, string(query.Status), query.Limit+1)...).
		Query(sections(p, query, func(rows pgx.Rows, section func(wallet.Ref) *wallet.HoldPage) error {
			hold, err := scanPageHold(rows)
			if err != nil {
				return err
			}
			page := section(wallet.Ref{Book: hold.Book, ID: hold.Wallet})
			page.Holds = append(page.Holds, hold)
			if len(page.Holds) <= query.Limit {
				return nil
			}
			page.More = true
			if backward {
				page.Holds = slices.Delete(page.Holds, 0, 1)
			} else {
				page.Holds = page.Holds[:query.Limit]
			}
			return nil
		}))
}

func scanPageHold(rows pgx.Rows) (wallet.Hold, error) {
	var h wallet.Hold
	var subjectType, subjectID *string
	var expires pgtype.Timestamptz
	var closed *time.Time
	err := rows.Scan(&h.Book, &h.Wallet, &h.ID, &h.Account, &h.Held, &h.Purpose, &subjectType, &subjectID, &h.Reserved, &h.Captured,
		&h.Released, &h.Status, &h.OpenedAt, &expires, &closed)
	h.Subject = ledger.Subject{Type: orZero(subjectType), ID: orZero(subjectID)}
	h.ExpiresAt, h.ClosedAt = instantOf(expires), orZero(closed)
	return h, err
}

// Holds implements wallet.Reader.
func (r *Reader) Holds(ctx context.Context, caller domain.Caller, names []wallet.HoldName) ([]wallet.HoldOfWallet, error) {
	p := newPageRead(r, caller, wallet.PageRequest{})
	for _, name := range distinct(names) {
		p.question.name(name.Book, name.ID)
	}
	var holds []wallet.Hold
	p.wallets(holdWalletsSQL)
	p.batch.Queue(holdsByIDSQL, p.question.with()...).Query(each(func(rows pgx.Rows) error {
		hold, err := scanPageHold(rows)
		holds = append(holds, hold)
		return err
	}))
	if err := r.run(ctx, p.batch); err != nil {
		return nil, fmt.Errorf("read %d holds: %w", len(names), err)
	}
	wallets := p.byRef()
	found := make([]wallet.HoldOfWallet, 0, len(holds))
	for _, hold := range holds {
		found = append(found, wallet.HoldOfWallet{Hold: hold, Wallet: wallets[wallet.Ref{Book: hold.Book, ID: hold.Wallet}]})
	}
	return found, nil
}

var _ wallet.Expiries = (*Reader)(nil)

// ExpiredHolds implements wallet.Expiries.
func (r *Reader) ExpiredHolds(ctx context.Context, book ledger.BookID, now time.Time, limit int) ([]wallet.ExpiredHold, error) {
	rows, err := r.pool.Query(ctx, expiredHoldsSQL, book, now, limit)
	if err != nil {
		return nil, unavailable(fmt.Errorf("read expired holds of book %d: %w", book, err))
	}
	holds, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (wallet.ExpiredHold, error) {
		hold := wallet.ExpiredHold{HoldRef: wallet.HoldRef{Wallet: wallet.Ref{Book: book}}}
		err := row.Scan(&hold.ID, &hold.Wallet.ID, &hold.Purpose, &hold.ExpiresAt)
		return hold, err
	})
	if err != nil {
		return nil, unavailable(fmt.Errorf("read expired holds of book %d: %w", book, err))
	}
	return holds, nil
}

// ExpiringWallets implements wallet.Expiries.
func (r *Reader) ExpiringWallets(ctx context.Context, book ledger.BookID, after, through time.Time, limit int) ([]wallet.ExpiringWallet, error) {
	rows, err := r.pool.Query(ctx, expiringWalletsSQL, book, after, through, limit)
	if err != nil {
		return nil, unavailable(fmt.Errorf("read expiring wallets of book %d: %w", book, err))
	}
	wallets, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (wallet.ExpiringWallet, error) {
		expiring := wallet.ExpiringWallet{Ref: wallet.Ref{Book: book}}
		err := row.Scan(&expiring.ID, &expiring.EndedAt)
		return expiring, err
	})
	if err != nil {
		return nil, unavailable(fmt.Errorf("read expiring wallets of book %d: %w", book, err))
	}
	return wallets, nil
}
