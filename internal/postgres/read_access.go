package postgres

import (
	"time"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// Who sees which wallet, as the beginning of every statement on wallets. What it
// leaves out is never fetched, so that a wallet that is not the caller's, one
// that does not exist and one named with another book cost and answer the same.
//
// Its parameters are those of reach: $1 every wallet is open, $2 the party, $3
// the party's own wallets are open, $4 roles that count, $5 the principal, $6
// books and $7 ids of what is asked for, aligned, $8 the caller's own list is
// asked for instead, $9 the process clock.
//
// The CTEs it defines are
//   - visible: the wallets with their owner's facts, the account behind their
//     balance, their book's head, as what the caller reaches them (access), and
//     whose lines alone may be seen (initiator; null for everyone's). A member
//     reaches the pool and, with all its lines, what is set aside for them, but
//     nothing that is for another member;
//   - instant: the snapshot's now, never before a journal that the snapshot
//     holds, so that a process whose clock is behind shows nothing as usable that
//     a writer has already seen expire.
const (
	reached = `WITH reached (owner_id, rank) AS (
		SELECT owner_id, min(rank) FROM (
			SELECT $2::uuid AS owner_id, 1 AS rank WHERE $3::boolean
			UNION ALL
			SELECT organisation_id, CASE WHEN role = 'AGENCY_ADMIN' THEN 2 ELSE 3 END FROM memberships
			WHERE party_id = $2 AND role = ANY($4::text[]) AND role IN ('AGENCY_ADMIN', 'AGENCY_MEMBER') AND ended_at IS NULL
		) ways GROUP BY owner_id
	),`
	wantedWallets = `
	wanted (book_id, wallet_id) AS (
		SELECT n.book_id, n.wallet_id FROM unnest($6::integer[], $7::uuid[]) AS n (book_id, wallet_id)
		UNION
		(SELECT w.book_id, w.wallet_id
		FROM reached r JOIN owners o ON o.owner_id = r.owner_id JOIN wallets w ON w.book_id = o.book_id AND w.owner_id = o.owner_id
		WHERE $8::boolean AND (r.rank < 3 OR w.member_id IS NULL OR w.member_id = $2) ORDER BY r.rank > 1, w.wallet_id LIMIT 100)
	),`
	wantedHolds = `
	wanted (book_id, wallet_id) AS (
		SELECT DISTINCT h.book_id, h.wallet_id
		FROM unnest($6::integer[], $7::uuid[]) AS n (book_id, hold_id) JOIN holds h ON h.book_id = n.book_id AND h.hold_id = n.hold_id
		WHERE NOT $8::boolean
	),`
	wantedLots = `
	wanted (book_id, wallet_id) AS (
		SELECT DISTINCT l.book_id, l.wallet_id
		FROM unnest($6::integer[], $7::uuid[]) AS n (book_id, lot_id) JOIN lots l ON l.book_id = n.book_id AND l.lot_id = n.lot_id
		WHERE NOT $8::boolean
	),`
	reachable = `
	visible AS (
		SELECT w.book_id, w.wallet_id, w.owner_id, w.kind, w.member_id, w.opened_at, w.freeze_reason, w.frozen_at, o.jurisdiction, o.time_zone,
			a.account_id, h.seq, h.last_posted_at,
			CASE WHEN $1 THEN 'ALL' WHEN r.rank = 1 THEN 'OWNER' WHEN r.rank = 2 THEN 'ADMIN' ELSE 'MEMBER' END AS access,
			CASE WHEN NOT $1 AND r.rank = 3 AND w.member_id IS NULL THEN $5::text END AS initiator
		FROM wanted n
		JOIN wallets w ON w.book_id = n.book_id AND w.wallet_id = n.wallet_id
		JOIN owners o ON o.owner_id = w.owner_id AND o.book_id = w.book_id
		JOIN book_heads h ON h.book_id = w.book_id
		LEFT JOIN accounts a ON a.book_id = w.book_id AND a.code = 'WALLET:' || w.wallet_id || ':AVAILABLE' AND a.commodity = 'CNX'
		LEFT JOIN reached r ON r.owner_id = w.owner_id
		WHERE $1::boolean OR r.rank < 3 OR r.rank = 3 AND (w.member_id IS NULL OR w.member_id = $2)
	),
	instant (now) AS (SELECT greatest($9::timestamptz, max(v.last_posted_at)) FROM visible v)`

	visibleWallets = reached + wantedWallets + reachable
	visibleByLot   = reached + wantedLots + reachable
	visibleByHold  = reached + wantedHolds + reachable

	walletColumns = `
	SELECT v.book_id, v.wallet_id, v.owner_id, v.kind, v.member_id, b.status, v.freeze_reason, v.frozen_at, v.jurisdiction, v.time_zone,
		v.opened_at, v.access, b.version, v.seq, i.now
	FROM visible v CROSS JOIN instant i
	LEFT JOIN account_balances b ON b.book_id = v.book_id AND b.account_id = v.account_id
	ORDER BY v.access <> 'OWNER', v.wallet_id`
	walletsSQL     = "-- name: page_wallets\n" + visibleWallets + walletColumns
	lotWalletsSQL  = "-- name: lots_wallets\n" + visibleByLot + walletColumns
	holdWalletsSQL = "-- name: holds_wallets\n" + visibleByHold + walletColumns
)

// question is what the parameters of reach say: who asks, for what, and when.
type question struct {
	caller domain.Caller
	books  []ledger.BookID
	ids    []ledger.ID
	mine   bool
	clock  time.Time
}

// ask is the question for wallets by name.
func (r *Reader) ask(caller domain.Caller, refs []wallet.Ref) *question {
	q := &question{caller: caller, clock: r.clock()}
	for _, ref := range refs {
		q.name(ref.Book, ref.ID)
	}
	return q
}

func (q *question) name(book ledger.BookID, id ledger.ID) {
	q.books, q.ids = append(q.books, book), append(q.ids, id)
}

// with returns the parameters of a statement: those of reach, then its own.
func (q *question) with(own ...any) []any {
	return append([]any{
		q.caller.All && !q.mine, q.caller.Party, q.caller.OwnWallets && !q.caller.Party.IsZero(), q.caller.Memberships, q.caller.Principal,
		q.books, q.ids, q.mine, q.clock,
	}, own...)
}
