package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"purser/internal/wallet"
	"purser/ledger"
)

// Balances of wallets, after the CTEs of reach. $10 and $11 are classes of other
// accounts and the part each adds to. All three statements answer with the same
// columns; only a balance of now knows expired units, what expired holds have left,
// and the basis of the rest. Both are booked only when somebody needs them: until then
// units past their expiry are left out, of expired holds too, and the rest of those
// holds is available again.
//
// Escrow is what the campaigns that a wallet funds have left, each in an account of
// its own. An ad account has the owner of its wallet, so that a wallet without
// campaigns costs one step into an index.
const (
	balanceAccounts = `,
	parts (book_id, wallet_id, part, account_id) AS (
		SELECT v.book_id, v.wallet_id, 'AVAILABLE', v.account_id FROM visible v
		UNION ALL
		SELECT v.book_id, v.wallet_id, c.part, a.account_id
		FROM visible v CROSS JOIN unnest($10::text[], $11::text[]) AS c (class, part)
		JOIN accounts a ON a.book_id = v.book_id AND a.code = replace(c.class, '*', v.wallet_id::text) AND a.commodity = 'CNX'
		UNION ALL
		SELECT v.book_id, v.wallet_id, 'ESCROW', a.account_id
		FROM visible v
		JOIN ad_accounts f ON f.book_id = v.book_id AND f.owner_id = v.owner_id AND f.wallet_id = v.wallet_id
		JOIN campaigns c ON c.book_id = f.book_id AND c.ad_account_id = f.ad_account_id
		JOIN accounts a ON a.book_id = c.book_id AND a.code = 'CAMPAIGN:' || c.campaign_id || ':ESCROW' AND a.commodity = 'CNX'
	)`
	balanceColumns = `
	SELECT v.book_id, v.wallet_id,
		coalesce(sum(x.balance) FILTER (WHERE x.part = 'AVAILABLE'), 0)::bigint,
		coalesce(sum(x.balance) FILTER (WHERE x.part = 'HELD'), 0)::bigint,
		coalesce(sum(x.balance) FILTER (WHERE x.part = 'ESCROW'), 0)::bigint,
		coalesce(sum(x.balance) FILTER (WHERE x.part = 'DEBT'), 0)::bigint,`
	balanceRows = `
	FROM visible v CROSS JOIN instant i
	LEFT JOIN balances x ON x.book_id = v.book_id AND x.wallet_id = v.wallet_id`

	// The value of a place is its share of what the lot's units still cost,
	// rounded down; products may pass 64 bits, so they are numeric.
	balanceNowSQL = "-- name: page_balance\n" + visibleWallets + balanceAccounts + `,
	balances AS (
		SELECT p.book_id, p.wallet_id, p.part, CASE WHEN b.credit_normal THEN b.credits - b.debits ELSE b.debits - b.credits END AS balance
		FROM parts p JOIN account_balances b ON b.book_id = p.book_id AND b.account_id = p.account_id
	),
	lapsed AS (
		SELECT v.book_id, v.wallet_id, v.access, h.hold_id, h.held_account_id, h.reserved - h.captured - h.released AS remaining
		FROM visible v CROSS JOIN instant i
		JOIN holds h ON h.book_id = v.book_id AND h.account_id = v.account_id AND h.status = 'OPEN' AND h.expires_at <= i.now
	),
	returned AS (SELECT book_id, wallet_id, sum(remaining)::bigint AS units FROM lapsed GROUP BY book_id, wallet_id),
	places AS (
		SELECT v.book_id, v.wallet_id, v.access, p.lot_id, p.quantity
		FROM visible v JOIN lot_places p ON p.book_id = v.book_id AND p.account_id = v.account_id AND p.quantity > 0
		UNION ALL
		SELECT h.book_id, h.wallet_id, h.access, p.lot_id, p.quantity
		FROM lapsed h JOIN lot_places p ON p.book_id = h.book_id AND p.hold_id = h.hold_id
			AND p.hold_id <> '00000000-0000-0000-0000-000000000000' AND p.account_id = h.held_account_id AND p.quantity > 0
	),
	units AS (
		SELECT p.book_id, p.wallet_id, l.money, coalesce(sum(p.quantity) FILTER (WHERE ` + lotEnds + ` <= i.now), 0) AS expired,
			coalesce(sum(div(l.basis_remaining::numeric * p.quantity, l.remaining))
				FILTER (WHERE ` + lotEnds + ` > i.now AND p.access <> 'MEMBER'), 0) AS basis
		FROM places p CROSS JOIN instant i
		JOIN lots l ON l.book_id = p.book_id AND l.lot_id = p.lot_id
		GROUP BY p.book_id, p.wallet_id, l.money
	),
	lotted AS (
		SELECT book_id, wallet_id, sum(expired)::bigint AS expired,
			array_agg(money) FILTER (WHERE basis > 0) AS moneys, array_agg(basis::bigint) FILTER (WHERE basis > 0) AS basis
		FROM units GROUP BY book_id, wallet_id
	)` + balanceColumns + `
		coalesce(u.expired, 0), coalesce(r.units, 0), u.moneys, u.basis, i.now` + balanceRows + `
	LEFT JOIN lotted u ON u.book_id = v.book_id AND u.wallet_id = v.wallet_id
	LEFT JOIN returned r ON r.book_id = v.book_id AND r.wallet_id = v.wallet_id
	GROUP BY v.book_id, v.wallet_id, i.now, u.expired, r.units, u.moneys, u.basis`

	// The last posting up to an instant is the newest of one side or of the
	// other; arrays compare by version first. Each is one step into an index.
	lastPostings = `
		SELECT p.book_id, p.wallet_id, p.part, p.account_id,
			(SELECT ARRAY[d.debit_version, d.debit_balance] FROM postings d
			WHERE d.book_id = p.book_id AND d.debit_account = p.account_id AND `
	lastPostingsOn = `
			ORDER BY d.posted_at DESC, d.debit_version DESC LIMIT 1) AS debit,
			(SELECT ARRAY[c.credit_version, c.credit_balance] FROM postings c
			WHERE c.book_id = p.book_id AND c.credit_account = p.account_id AND `
	lastPostingsEnd = `
			ORDER BY c.posted_at DESC, c.credit_version DESC LIMIT 1) AS credit
		FROM parts p
	`

	balancePostedSQL = "-- name: page_balance_posted\n" + visibleWallets + balanceAccounts + `,
	last AS (` + lastPostings + `d.posted_at <= $12::timestamptz` + lastPostingsOn + `c.posted_at <= $12` + lastPostingsEnd + `),
	balances AS (SELECT book_id, wallet_id, part, (greatest(debit, credit))[2] AS balance FROM last)` + balanceColumns + `
		0::bigint, 0::bigint, NULL::text[], NULL::bigint[], $12` + balanceRows + `
	GROUP BY v.book_id, v.wallet_id`

	// The end of a booking day: the balance of the last posting by then, with what was
	// booked by that day and posted later, and without what was posted by that day and
	// booked later.
	balanceBookedSQL = "-- name: page_balance_booked\n" + visibleWallets + balanceAccounts + `,
	last AS (` + lastPostings + `d.posted_at < ($12::date + 1)::timestamp AT TIME ZONE 'UTC'` + lastPostingsOn + `c.posted_at < ($12 + 1)::timestamp AT TIME ZONE 'UTC'` + lastPostingsEnd + `),
	moved AS (
		SELECT p.book_id, p.account_id,
			coalesce(sum(d.debits - d.credits) FILTER (WHERE d.posted_on > $12), 0) - coalesce(sum(d.debits - d.credits) FILTER (WHERE d.posted_on <= $12), 0) AS debits
		FROM parts p JOIN account_back_dated d ON d.book_id = p.book_id AND d.account_id = p.account_id
		WHERE (d.posted_on > $12) <> (d.booked_on > $12)
		GROUP BY p.book_id, p.account_id
	),
	balances AS (
		SELECT l.book_id, l.wallet_id, l.part, coalesce((greatest(l.debit, l.credit))[2], 0) + CASE WHEN b.credit_normal THEN -1 ELSE 1 END * coalesce(m.debits, 0) AS balance
		FROM last l JOIN account_balances b ON b.book_id = l.book_id AND b.account_id = l.account_id
		LEFT JOIN moved m ON m.book_id = l.book_id AND m.account_id = l.account_id
	)` + balanceColumns + `
		0::bigint, 0::bigint, NULL::text[], NULL::bigint[], least(($12 + 1)::timestamp AT TIME ZONE 'UTC', i.now)` + balanceRows + `
	GROUP BY v.book_id, v.wallet_id, i.now`
)

func (p *pageRead) balance(query wallet.BalanceQuery) {
	own := []any{p.reader.parts.classes, p.reader.parts.parts}
	sql := balanceNowSQL
	switch {
	case query.AsOf.IsZero():
	case query.Axis == wallet.AxisBooked:
		sql, own = balanceBookedSQL, append(own, ledger.DateOf(query.AsOf).Time())
	default:
		sql, own = balancePostedSQL, append(own, query.AsOf)
	}
	p.batch.Queue(sql, p.question.with(own...)...).Query(sections(p, query, scanBalance))
}

func scanBalance(rows pgx.Rows, section func(wallet.Ref) *wallet.Balance) error {
	var ref wallet.Ref
	var b wallet.Balance
	var available, expired, returned int64
	var moneys []ledger.Commodity
	var basis []int64
	if err := rows.Scan(&ref.Book, &ref.ID, &available, &b.Held, &b.Escrow, &b.Debt, &expired, &returned, &moneys, &basis, &b.AsOf); err != nil {
		return err
	}
	b.Held -= returned
	b.Available = available + returned - expired
	b.Posted = b.Available + b.Held
	if len(moneys) != len(basis) {
		return fmt.Errorf("basis of wallet %s in %d moneys has %d amounts", ref.ID, len(moneys), len(basis))
	}
	b.Basis = make(map[ledger.Commodity]int64, len(moneys))
	for i, money := range moneys {
		b.Basis[money] = basis[i]
	}
	*section(ref) = b
	return nil
}
