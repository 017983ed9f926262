package postgres

import (
	"github.com/jackc/pgx/v5"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// readCommitments counts the campaigns of each wallet that have not ended. Only
// commands that create or end a campaign or close a wallet ask for it.
func readCommitments(batch *pgx.Batch, book ledger.BookID, ids []string, found func(id string, row any)) {
	ids = distinct(ids)
	accounts := make([]ledger.ID, len(ids))
	for i, id := range ids {
		if parsed, err := ledger.ParseID(id); err == nil { // always: guards print ids
			accounts[i] = ledger.AccountID(book, wallet.AvailableCode(parsed), ledger.CNX)
		}
	}
	batch.Queue(`-- name: guard_commitments_read
		SELECT n.id, c.open, coalesce(b.status = 'CLOSED', false)
		FROM unnest($2::text[], $3::uuid[]) AS n (id, account_id)
		CROSS JOIN LATERAL (SELECT t.owner_id FROM wallets t WHERE t.book_id = $1 AND t.wallet_id = n.id::uuid OFFSET 0) w
		CROSS JOIN LATERAL (SELECT count(p.campaign_id) AS open
			FROM (SELECT t.ad_account_id FROM ad_accounts t
				WHERE t.book_id = $1 AND t.owner_id = w.owner_id AND t.wallet_id = n.id::uuid OFFSET 0) a
			CROSS JOIN LATERAL (SELECT t.campaign_id FROM campaigns t
				WHERE t.book_id = $1 AND t.ad_account_id = a.ad_account_id AND t.status NOT IN ('ENDED', 'ARCHIVED') OFFSET 0) p) c
		LEFT JOIN LATERAL (SELECT t.status FROM account_balances t
			WHERE t.book_id = $1 AND t.account_id = n.account_id OFFSET 0) b ON true`, book, ids, accounts).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			var row domain.Commitments
			if err := rows.Scan(&id, &row.Open, &row.Closed); err != nil {
				return err
			}
			found(id, row)
		}
		return rows.Err()
	})
}
