package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"purser/internal/finance"
	"purser/ledger"
)

const (
	// $1 and $2 are the first and the last day of a period, $3 the account.
	rollforwardBalancesSQL = `-- name: rollforward_balances
		SELECT book_id, commodity, coalesce(sum(credits - debits) FILTER (WHERE booked_on < $1::date), 0)::bigint, sum(credits - debits)::bigint
		FROM trial_days WHERE book_id = ANY(SELECT book_id FROM book_heads) AND booked_on <= $2::date AND class = $3
		GROUP BY book_id, commodity ORDER BY book_id, commodity`

	// What is booked in a period was posted on its first day or later, and before the
	// book closed it: the two indexes of the account's postings are read between these.
	// One day is allowed for clocks that differ.
	rollforwardLinesSQL = `-- name: rollforward_lines
		WITH deferred AS (
			SELECT a.book_id, a.account_id, a.commodity, ($1::date - 1)::timestamp AT TIME ZONE 'UTC' AS since,
				CASE WHEN h.closed_through >= $2::date THEN
					(SELECT max(c.at) FROM book_periods c WHERE c.book_id = a.book_id AND c.period >= $1 AND c.event = 'CLOSED')
				END AS until
			FROM accounts a JOIN book_heads h ON h.book_id = a.book_id WHERE a.code = $3
		),
		moved AS (
			SELECT d.book_id, d.commodity, p.credit_account AS other, false AS credits, p.journal_id, p.amount
			FROM deferred d JOIN postings p ON p.book_id = d.book_id AND p.debit_account = d.account_id
				AND p.posted_at >= d.since AND p.posted_at <= coalesce(d.until, 'infinity')
			UNION ALL
			SELECT d.book_id, d.commodity, p.debit_account, true, p.journal_id, p.amount
			FROM deferred d JOIN postings p ON p.book_id = d.book_id AND p.credit_account = d.account_id
				AND p.posted_at >= d.since AND p.posted_at <= coalesce(d.until, 'infinity')
		)
		SELECT m.book_id, m.commodity, o.class, m.credits, count(m.amount), sum(m.amount)::bigint
		FROM moved m
		JOIN journals j ON j.book_id = m.book_id AND j.journal_id = m.journal_id AND j.booked_on BETWEEN $1 AND $2
		JOIN accounts o ON o.book_id = m.book_id AND o.account_id = m.other
		GROUP BY m.book_id, m.commodity, o.class, m.credits ORDER BY m.book_id, m.commodity, m.credits DESC, o.class`

	// $1 is the day; $2 and $3 say to group by jurisdiction and by origin. What lots had
	// left then is what they have now without what journals booked later did. Those were
	// posted after the day: the newest batches are walked back to it, and journals are
	// read by seq from there on, so that a recent day costs what happened since.
	liabilitySQL = `-- name: liability_groups
		WITH since AS (
			SELECT h.book_id, coalesce((
				SELECT b.last_seq FROM batches b WHERE b.book_id = h.book_id AND b.posted_at < $1::date::timestamp AT TIME ZONE 'UTC'
				ORDER BY b.last_seq DESC LIMIT 1), 0) AS seq
			FROM book_heads h
		),
		later AS (
			SELECT m.book_id, m.lot_id, sum(m.quantity) AS units, sum(m.basis) AS basis
			FROM since s
			JOIN journals j ON j.book_id = s.book_id AND j.seq > s.seq AND j.booked_on > $1
			JOIN lot_movements m ON m.book_id = j.book_id AND m.journal_id = j.journal_id
			GROUP BY m.book_id, m.lot_id
		)
		SELECT g.jurisdiction, g.origin, g.money, g.units, g.basis FROM (
			SELECT CASE WHEN $2::boolean THEN l.jurisdiction ELSE '' END AS jurisdiction, CASE WHEN $3::boolean THEN l.origin ELSE '' END AS origin,
				coalesce(l.money, '') AS money, sum(l.remaining - coalesce(x.units, 0))::bigint AS units,
				sum(l.basis_remaining - coalesce(x.basis, 0))::bigint AS basis
			FROM lots l LEFT JOIN later x ON x.book_id = l.book_id AND x.lot_id = l.lot_id
			WHERE l.book_id = ANY(SELECT book_id FROM book_heads)
			GROUP BY 1, 2, 3) g
		WHERE g.units <> 0 OR g.basis <> 0
		ORDER BY g.jurisdiction, g.origin, g.money`
	liabilityDeferredSQL = `-- name: liability_deferred
		SELECT commodity, sum(credits - debits)::bigint FROM trial_days
		WHERE book_id = ANY(SELECT book_id FROM book_heads) AND booked_on <= $1::date AND class = $2
		GROUP BY commodity`
)

// queueHeads reads how far the books are in the batch's snapshot.
func queueHeads(batch *pgx.Batch) map[ledger.BookID]int64 {
	seqs := map[ledger.BookID]int64{}
	batch.Queue(headsSQL).Query(each(func(rows pgx.Rows) error {
		var book ledger.BookID
		var seq int64
		err := rows.Scan(&book, &seq)
		seqs[book] = seq
		return err
	}))
	return seqs
}

// Rollforward implements finance.Reader.
func (r *Reader) Rollforward(ctx context.Context, period ledger.Period) (*finance.Rollforward, error) {
	of := []any{period.FirstDay().Time(), period.LastDay().Time(), finance.AccountDeferred}
	var balances []finance.RollforwardBalance
	var lines []finance.RollforwardLine
	batch := snapshot()
	seqs := queueHeads(batch)
	batch.Queue(rollforwardBalancesSQL, of...).Query(each(func(rows pgx.Rows) error {
		var b finance.RollforwardBalance
		err := rows.Scan(&b.Book, &b.Money, &b.Opening, &b.Closing)
		balances = append(balances, b)
		return err
	}))
	batch.Queue(rollforwardLinesSQL, of...).Query(each(func(rows pgx.Rows) error {
		var l finance.RollforwardLine
		err := rows.Scan(&l.Book, &l.Money, &l.Other, &l.Credits, &l.Postings, &l.Amount)
		lines = append(lines, l)
		return err
	}))
	if err := r.run(ctx, batch); err != nil {
		return nil, fmt.Errorf("read rollforward of %s: %w", period, err)
	}
	report, err := finance.NewRollforward(period, balances, lines, seqs)
	if err != nil {
		return nil, fmt.Errorf("read rollforward of %s: %w", period, err)
	}
	return report, nil
}

// Liability implements finance.Reader.
func (r *Reader) Liability(ctx context.Context, query finance.LiabilityQuery) (*finance.Liability, error) {
	var groups []finance.LiabilityRow
	deferred := map[ledger.Commodity]int64{}
	day := query.AsOf.Time()
	batch := snapshot()
	seqs := queueHeads(batch)
	batch.Queue(liabilitySQL, day, query.Groups(finance.ByJurisdiction), query.Groups(finance.ByOrigin)).Query(each(func(rows pgx.Rows) error {
		var row finance.LiabilityRow
		err := rows.Scan(&row.Jurisdiction, &row.Origin, &row.Money, &row.Units, &row.Basis)
		groups = append(groups, row)
		return err
	}))
	batch.Queue(liabilityDeferredSQL, day, finance.AccountDeferred).Query(each(func(rows pgx.Rows) error {
		var money ledger.Commodity
		var balance int64
		err := rows.Scan(&money, &balance)
		deferred[money] = balance
		return err
	}))
	if err := r.run(ctx, batch); err != nil {
		return nil, fmt.Errorf("read liability of %s: %w", query.AsOf, err)
	}
	report, err := finance.NewLiability(query, groups, deferred, seqs)
	if err != nil {
		return nil, fmt.Errorf("read liability of %s: %w", query.AsOf, err)
	}
	return report, nil
}
