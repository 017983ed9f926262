package postgres

import (
	"github.com/jackc/pgx/v5"

	"purser/internal/wallet"
	"purser/ledger"
)

// Limits in force, after the CTEs of reach: the ledger keeps few an account.
const limitsSQL = "-- name: page_limits\n" + visibleWallets + `
	SELECT v.book_id, v.wallet_id, l.window_seconds::bigint, l.maximum, l.window_start, l.used
	FROM visible v JOIN account_limits l ON l.book_id = v.book_id AND l.account_id = v.account_id
	WHERE l.maximum IS NOT NULL
	ORDER BY v.book_id, v.wallet_id, l.window_seconds`

func (p *pageRead) limits(query wallet.LimitsQuery) {
	p.batch.Queue(limitsSQL, p.question.with()...).
		Query(sections(p, query, func(rows pgx.Rows, section func(wallet.Ref) *[]wallet.Limit) error {
			var ref wallet.Ref
			var seconds int64
			var maximum *int64
			var stored ledger.Limit
			if err := rows.Scan(&ref.Book, &ref.ID, &seconds, &maximum, &stored.WindowStart, &stored.Used); err != nil {
				return err
			}
			stored = limit(seconds, maximum, stored.WindowStart, stored.Used)
			if shown, inForce := wallet.LimitAt(stored, p.page.Now); inForce {
				limits := section(ref)
				*limits = append(*limits, shown)
			}
			return nil
		}))
}
