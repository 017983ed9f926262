package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// savePeriods records what the batch did to the book's periods. It comes after the
// journals and the trial days, which it sums.
func savePeriods(batch *pgx.Batch, w *ledger.Writes) {
	for _, change := range w.Periods {
		if change.Event == ledger.PeriodClosed {
			savePeriodClosed(batch, w, change)
			continue
		}
		batch.Queue(`-- name: period_reopened_write
			INSERT INTO book_periods (book_id, seq, period, event, journal_id, at) VALUES ($1, $2, $3, $4, $5, $6)`,
			w.Book, change.Seq, change.Period.FirstDay().Time(), string(change.Event), change.Journal, w.PostedAt)
	}
	if n := len(w.Periods); n > 0 {
		batch.Queue(`-- name: closed_through_update
			UPDATE book_heads SET closed_through = $2 WHERE book_id = $1`, w.Book, optionalDay(w.Periods[n-1].ClosedThrough))
	}
}

// savePeriodClosed stores the trial balance of all lines booked up to the period's
// end, as it was when the closing journal was written: what the same batch posted
// after it, if it reopened the period, is taken off again. The hash is over one
// line of text per row, in the order of their bytes.
func savePeriodClosed(batch *pgx.Batch, w *ledger.Writes, change ledger.PeriodChange) {
	batch.Queue(`-- name: period_closed_write
		WITH days AS (
			SELECT class, commodity, debits, credits FROM trial_days WHERE book_id = $1 AND booked_on <= $7
			UNION ALL
			SELECT a.class, p.commodity, -s.debit * p.amount, -s.credit * p.amount
			FROM (VALUES (1, 0), (0, 1)) AS s (debit, credit)
			CROSS JOIN LATERAL (SELECT t.journal_id, t.booked_on FROM journals t WHERE t.book_id = $1 AND t.seq > $2 OFFSET 0) j
			CROSS JOIN LATERAL (
				SELECT t.debit_account, t.credit_account, t.commodity, t.amount
				FROM postings t WHERE t.book_id = $1 AND t.journal_id = j.journal_id OFFSET 0) p
			CROSS JOIN LATERAL (
				SELECT t.class FROM accounts t
				WHERE t.book_id = $1 AND t.account_id = CASE WHEN s.debit = 1 THEN p.debit_account ELSE p.credit_account END OFFSET 0) a
			WHERE j.booked_on <= $7
		), trial AS MATERIALIZED (
			SELECT class, commodity, sum(debits)::bigint AS debits, sum(credits)::bigint AS credits
			FROM days GROUP BY class, commodity HAVING sum(debits) <> 0 OR sum(credits) <> 0
		), closed AS (
			INSERT INTO book_periods (book_id, seq, period, event, journal_id, at, trial_hash)
			SELECT $1::integer, $2::bigint, $3::date, $4::text, $5::uuid, $6::timestamptz, sha256(convert_to(coalesce(string_agg(
				class || ',' || commodity || ',' || debits || ',' || credits || E'\n', '' ORDER BY class COLLATE "C", commodity COLLATE "C"), ''), 'UTF8'))
			FROM trial)
		INSERT INTO period_trials (book_id, seq, class, commodity, debits, credits)
		SELECT $1::integer, $2::bigint, class, commodity, debits, credits FROM trial`,
		w.Book, change.Seq, change.Period.FirstDay().Time(), string(change.Event), change.Journal, w.PostedAt, change.Period.LastDay().Time())
}

// optionalDay stores no day as null.
func optionalDay(day ledger.Date) *time.Time {
	if day == (ledger.Date{}) {
		return nil
	}
	at := day.Time()
	return &at
}
