package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// holdNames is what scanHolds reads, in a lookup of table holds.
const holdNames = `hold_id, wallet_id, account_id, held_account_id, purpose, subject_type, subject_id, reserved, captured, released, status,
	opened_at, expires_at, closed_at`

// holdNamesOfH is holdNames of a lookup called h.
const holdNamesOfH = `h.hold_id, h.wallet_id, h.account_id, h.held_account_id, h.purpose, h.subject_type, h.subject_id, h.reserved, h.captured,
	h.released, h.status, h.opened_at, h.expires_at, h.closed_at`

// holds reads the holds that the batch names, finds those that have expired on the
// accounts that it may take units from, and counts what the others hold there.
func (l *loader) holds() {
	if len(l.needs.Holds) > 0 {
		queueHolds(l, &l.batch, l.needs.Holds)
	}
	if accounts := l.lotAccounts(); len(accounts) > 0 {
		l.openHolds(accounts)
	}
	if len(l.needs.HoldsOf) > 0 {
		l.batch.Queue(`-- name: holds_of_read
			SELECT `+holdNamesOfH+` FROM unnest($2::uuid[]) AS n (account_id)
			CROSS JOIN LATERAL (SELECT `+holdNames+` FROM holds t WHERE t.book_id = $1 AND t.account_id = n.account_id AND t.status = 'OPEN' OFFSET 0) h`,
			l.needs.Book, l.needs.HoldsOf).Query(l.scanHolds)
	}
}

// lotAccounts lists the accounts whose lots the batch may move.
func (l *loader) lotAccounts() []ledger.ID {
	accounts := slices.Clone(l.needs.Whole)
	for account := range l.needs.Demand {
		accounts = append(accounts, account)
	}
	return accounts
}

// openHolds gathers, per account, the ids of expired holds, which are read in
// another round trip: they are rare, since a sweeper releases them.
func (l *loader) openHolds(accounts []ledger.ID) {
	named := l.needs.Holds
	if named == nil {
		named = []ledger.ID{}
	}
	l.batch.Queue(`-- name: open_holds_read
		SELECT n.account_id, coalesce(array_agg(h.hold_id) FILTER (WHERE h.expired), '{}'), coalesce(sum(h.remaining) FILTER (WHERE NOT h.expired), 0)::bigint
		FROM unnest($3::uuid[]) AS n (account_id)
		CROSS JOIN LATERAL (
			SELECT t.hold_id, t.reserved - t.captured - t.released AS remaining, t.expires_at <= `+batchTime+` AS expired
			FROM holds t WHERE t.book_id = $1 AND t.account_id = n.account_id AND t.status = 'OPEN' OFFSET 0) h
		WHERE h.hold_id <> ALL ($4::uuid[])
		GROUP BY n.account_id`, l.needs.Book, l.clock(), accounts, named).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var account ledger.ID
			var expired []ledger.ID
			var left int64
			if err := rows.Scan(&account, &expired, &left); err != nil {
				return err
			}
			l.expiredHolds = append(l.expiredHolds, expired...)
			if left > 0 && !slices.Contains(l.needs.HoldsOf, account) {
				l.state.HeldElsewhere[account] = left
			}
		}
		return rows.Err()
	})
}

// readExpiredHolds reads the holds that openHolds found. The head is locked since
// the first round trip, so that nothing has changed.
func (l *loader) readExpiredHolds(ctx context.Context, conn *pgxpool.Conn) error {
	if len(l.expiredHolds) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	queueHolds(l, batch, l.expiredHolds)
	return conn.SendBatch(ctx, batch).Close()
}

// queueHolds reads holds with their accounts, with the places of their units, and
// with those lots' places in the account that the units came from.
func queueHolds(l *loader, batch *pgx.Batch, ids []ledger.ID) {
	batch.Queue(`-- name: holds_read
		SELECT `+holdNamesOfH+` FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) n
		CROSS JOIN LATERAL (SELECT `+holdNames+` FROM holds t WHERE t.book_id = $1 AND t.hold_id = n.id OFFSET 0) h`,
		l.needs.Book, ids).Query(l.scanHolds)
	batch.Queue(`-- name: hold_accounts_read
		SELECT a.account_id, a.code, a.class, a.commodity, a.owner_id, b.debits, b.credits, b.version, b.status
		FROM (
			SELECT DISTINCT unnest(ARRAY[h.account_id, h.held_account_id]) AS account_id FROM unnest($2::uuid[]) AS n (id)
			CROSS JOIN LATERAL (SELECT t.account_id, t.held_account_id FROM holds t WHERE t.book_id = $1 AND t.hold_id = n.id OFFSET 0) h) n
		CROSS JOIN LATERAL (
			SELECT t.account_id, t.code, t.class, t.commodity, t.owner_id
			FROM accounts t WHERE t.book_id = $1 AND t.account_id = n.account_id OFFSET 0) a
		CROSS JOIN LATERAL (
			SELECT t.debits, t.credits, t.version, t.status
			FROM account_balances t WHERE t.book_id = $1 AND t.account_id = n.account_id OFFSET 0) b`, l.needs.Book, ids).Query(l.scanAccounts)
	batch.Queue(`-- name: hold_places_read
		SELECT q.account_id, q.hold_id, q.quantity, `+lotNamesOfL+` FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) n
		CROSS JOIN LATERAL (SELECT t.account_id FROM holds t WHERE t.book_id = $1 AND t.hold_id = n.id OFFSET 0) h
		CROSS JOIN LATERAL (
			SELECT t.account_id, t.lot_id, t.hold_id, t.quantity FROM lot_places t
			WHERE t.book_id = $1 AND t.hold_id = n.id AND t.hold_id <> `+notHeld+` AND t.quantity > 0 OFFSET 0) p
		CROSS JOIN LATERAL (SELECT `+lotNames+` FROM lots t WHERE t.book_id = $1 AND t.lot_id = p.lot_id OFFSET 0) l
		CROSS JOIN LATERAL (
			SELECT p.account_id, p.hold_id, p.quantity
			UNION ALL
			SELECT t.account_id, t.hold_id, t.quantity FROM lot_places t
			WHERE t.book_id = $1 AND t.account_id = h.account_id AND t.lot_id = p.lot_id AND t.hold_id = `+notHeld+`) q`,
		l.needs.Book, ids).Query(l.scanPlaces)
}

func (l *loader) scanHolds(rows pgx.Rows) error {
	for rows.Next() {
		hold := &ledger.Hold{}
		var subjectType, subjectID *string
		var expires pgtype.Timestamptz
		var closed *time.Time
		err := rows.Scan(&hold.ID, &hold.Wallet, &hold.Account, &hold.Held, &hold.Purpose, &subjectType, &subjectID, &hold.Reserved,
			&hold.Captured, &hold.Released, &hold.Status, &hold.OpenedAt, &expires, &closed)
		if err != nil {
			return err
		}
		hold.Subject = ledger.Subject{Type: orZero(subjectType), ID: orZero(subjectID)}
		hold.ExpiresAt, hold.ClosedAt = instantOf(expires), orZero(closed)
		l.state.Holds[hold.ID] = hold
	}
	return rows.Err()
}

// saveHolds adds the batch's holds and moves those that existed: a hold that is
// closed stays as it is, or the batch fails.
func saveHolds(batch *pgx.Batch, w *ledger.Writes) {
	if len(w.NewHolds) > 0 {
		saveNewHolds(batch, w)
	}
	n := len(w.Holds)
	if n == 0 {
		return
	}
	ids, statuses, closed := make([]ledger.ID, n), make([]string, n), make([]*time.Time, n)
	reserved, captured, released := make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range w.Holds {
		hold := &w.Holds[i]
		ids[i], statuses[i], closed[i] = hold.ID, string(hold.Status), optional(hold.ClosedAt)
		reserved[i], captured[i], released[i] = hold.Reserved, hold.Captured, hold.Released
	}
	batch.Queue(`-- name: holds_update
		WITH changed AS (
			UPDATE holds h SET reserved = n.reserved, captured = n.captured, released = n.released, status = n.status, closed_at = n.closed_at
			FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[])
				AS n (hold_id, reserved, captured, released, status, closed_at)
			CROSS JOIN LATERAL (SELECT t.ctid AS at FROM holds t
				WHERE t.book_id = $1 AND t.hold_id = n.hold_id AND t.status = 'OPEN' AND t.captured <= n.captured AND t.released <= n.released OFFSET 0) o
			WHERE h.ctid = o.at
			RETURNING h.hold_id)
		SELECT ledger_require(count(hold_id) = cardinality($2::uuid[]), 'holds_open') FROM changed`,
		w.Book, ids, reserved, captured, released, statuses, closed)
}

func saveNewHolds(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.NewHolds)
	ids, wallets, accounts, held := make([]ledger.ID, n), make([]ledger.ID, n), make([]ledger.ID, n), make([]ledger.ID, n)
	purposes, subjectTypes, subjectIDs, statuses := make([]string, n), make([]*string, n), make([]*string, n), make([]string, n)
	reserved, captured, released := make([]int64, n), make([]int64, n), make([]int64, n)
	opened, expires, closed := make([]time.Time, n), make([]pgtype.Timestamptz, n), make([]*time.Time, n)
	for i := range w.NewHolds {
		hold := &w.NewHolds[i]
		ids[i], wallets[i], accounts[i], held[i] = hold.ID, hold.Wallet, hold.Account, hold.Held
		purposes[i], subjectTypes[i], subjectIDs[i] = hold.Purpose, optional(hold.Subject.Type), optional(hold.Subject.ID)
		reserved[i], captured[i], released[i], statuses[i] = hold.Reserved, hold.Captured, hold.Released, string(hold.Status)
		opened[i], expires[i], closed[i] = hold.OpenedAt, expiry(hold.ExpiresAt), optional(hold.ClosedAt)
	}
	batch.Queue(`-- name: holds_write
		INSERT INTO holds (book_id, hold_id, wallet_id, account_id, held_account_id, purpose, subject_type, subject_id, reserved, captured, released,
			status, opened_at, expires_at, closed_at)
		SELECT $1::integer, n.*
		FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[],
			$12::text[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[]) AS n`,
		w.Book, ids, wallets, accounts, held, purposes, subjectTypes, subjectIDs, reserved, captured, released, statuses, opened, expires, closed)
}
