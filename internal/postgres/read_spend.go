package postgres

import (
	"github.com/jackc/pgx/v5"

	"purser/internal/wallet"
)

// Consumption, after the CTEs of reach; a member sees their own. $10 and $11 are
// the range.
const spendSQL = "-- name: page_spend\n" + visibleWallets + `
	SELECT s.book_id, s.wallet_id, s.bucket_at, s.product, sum(s.consumed - s.returned)::bigint
	FROM visible v JOIN wallet_spend s ON s.book_id = v.book_id AND s.wallet_id = v.wallet_id
	WHERE s.bucket_at >= $10::timestamptz AND s.bucket_at < $11::timestamptz AND (v.initiator IS NULL OR s.initiated_by = v.initiator)
	GROUP BY s.book_id, s.wallet_id, s.bucket_at, s.product
	ORDER BY s.book_id, s.wallet_id, s.bucket_at, s.product`

func (p *pageRead) spend(query wallet.SpendQuery) {
	p.batch.Queue(spendSQL, p.question.with(query.From, query.To)...).
		Query(sections(p, query, func(rows pgx.Rows, section func(wallet.Ref) *[]wallet.SpendPoint) error {
			var ref wallet.Ref
			var point wallet.SpendPoint
			if err := rows.Scan(&ref.Book, &ref.ID, &point.BucketAt, &point.Product, &point.Net); err != nil {
				return err
			}
			points := section(ref)
			*points = append(*points, point)
			return nil
		}))
}
