package postgres

import (
	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// saveOutbox adds the batch's row of the outbox: a batch is what becomes visible at
// once, so that consumers who follow rows by last_seq never see half of one. A
// journal without a wallet has the nil uuid.
func saveOutbox(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.Journals)
	if n == 0 {
		return
	}
	ids, types, wallets := make([]ledger.ID, n), make([]string, n), make([]ledger.ID, n)
	for i := range w.Journals {
		ids[i], types[i], wallets[i] = w.Journals[i].ID, w.Journals[i].Type, w.Journals[i].Wallet
	}
	batch.Queue(`-- name: outbox_write
		INSERT INTO outbox (book_id, last_seq, first_seq, posted_at, journal_ids, types, wallet_ids) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		w.Book, w.LastSeq, w.FirstSeq, w.PostedAt, ids, types, wallets)
}
