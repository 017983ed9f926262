package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/analytics"
	"purser/ledger"
)

// rollupKey is what rows of both rollups are told apart by: in the daily one
// bucket is the first instant of the date in UTC.
type rollupKey struct {
	campaign ledger.ID
	bucket   int64 // microseconds since 1970
}

// writeRollups adds to both rollups. It first adds up the rows of one key: one
// statement may not update a row twice.
func writeRollups(batch *pgx.Batch, book ledger.BookID, effects []any) {
	rows := rowsOf[analytics.Rollup](effects)
	batch.Queue(`-- name: ad_rollups_15m_write
		INSERT INTO ad_rollups_15m AS r (book_id, bucket_at, campaign_id, impressions, clicks, billable_clicks, spend_gross, credits, unbilled)
		SELECT $1::integer, n.*
		FROM unnest($2::timestamptz[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) AS n
		ON CONFLICT ON CONSTRAINT ad_rollups_15m_pkey DO UPDATE SET
			impressions = r.impressions + excluded.impressions, clicks = r.clicks + excluded.clicks,
			billable_clicks = r.billable_clicks + excluded.billable_clicks, spend_gross = r.spend_gross + excluded.spend_gross,
			credits = r.credits + excluded.credits, unbilled = r.unbilled + excluded.unbilled`,
		rollupColumns(book, rows, func(r *analytics.Rollup) time.Time { return r.BucketAt })...)
	batch.Queue(`-- name: ad_rollups_daily_write
		INSERT INTO ad_rollups_daily AS r (book_id, day, campaign_id, impressions, clicks, billable_clicks, spend_gross, credits, unbilled)
		SELECT $1::integer, n.*
		FROM unnest($2::date[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) AS n
		ON CONFLICT ON CONSTRAINT ad_rollups_daily_pkey DO UPDATE SET
			impressions = r.impressions + excluded.impressions, clicks = r.clicks + excluded.clicks,
			billable_clicks = r.billable_clicks + excluded.billable_clicks, spend_gross = r.spend_gross + excluded.spend_gross,
			credits = r.credits + excluded.credits, unbilled = r.unbilled + excluded.unbilled`,
		rollupColumns(book, rows, func(r *analytics.Rollup) time.Time { return r.Day.Time() })...)
}

// rollupColumns are the arguments of a rollup's statement: the book, then the
// columns of the rows, those of one campaign and bucket added up.
func rollupColumns(book ledger.BookID, rows []analytics.Rollup, bucketOf func(*analytics.Rollup) time.Time) []any {
	at := make(map[rollupKey]int, len(rows))
	var sums []analytics.Rollup
	for i := range rows {
		key := rollupKey{rows[i].Campaign, bucketOf(&rows[i]).UnixMicro()}
		n, found := at[key]
		if !found {
			at[key] = len(sums)
			sums = append(sums, rows[i])
			continue
		}
		addRollup(&sums[n], &rows[i])
	}
	return []any{
		book, column(sums, bucketOf),
		column(sums, func(r *analytics.Rollup) ledger.ID { return r.Campaign }),
		column(sums, func(r *analytics.Rollup) int64 { return r.Impressions }),
		column(sums, func(r *analytics.Rollup) int64 { return r.Clicks }),
		column(sums, func(r *analytics.Rollup) int64 { return r.BillableClicks }),
		column(sums, func(r *analytics.Rollup) int64 { return r.SpendGross }),
		column(sums, func(r *analytics.Rollup) int64 { return r.Credits }),
		column(sums, func(r *analytics.Rollup) int64 { return r.Unbilled }),
	}
}

// addRollup adds the counters of one row to another's.
func addRollup(to, from *analytics.Rollup) {
	to.Impressions += from.Impressions
	to.Clicks += from.Clicks
	to.BillableClicks += from.BillableClicks
	to.SpendGross += from.SpendGross
	to.Credits += from.Credits
	to.Unbilled += from.Unbilled
}
