package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/ledger"
)

func TestRollups(t *testing.T) {
	t.Parallel()
	d := newAdDesk(t)
	one, other := newID(), newID()
	march1, march2 := ledger.DateOf(began), ledger.DateOf(began.AddDate(0, 0, 1))
	quarter := began.Add(15 * time.Minute)
	rollup := func(of ledger.ID, bucket time.Time, day ledger.Date, units int64) analytics.Rollup {
		return analytics.Rollup{
			Campaign: of, BucketAt: bucket, Day: day, Impressions: 100 * units, Clicks: 10 * units, BillableClicks: 5 * units,
			SpendGross: 7 * units, Credits: 2 * units, Unbilled: units,
		}
	}
	d.mustWrite(t, effectRows(analytics.EffectRollup,
		rollup(one, began, march1, 1), rollup(other, began, march1, 10), rollup(one, began, march1, 2), rollup(one, quarter, march1, 4)))
	d.mustWrite(t, effectRows(analytics.EffectRollup, rollup(one, began, march2, 8), rollup(one, began, march1, 16)))

	type row struct {
		Campaign                                                        ledger.ID
		At                                                              string
		Impressions, Clicks, Billable, SpendGross, Credits, Unbilled, N int64
	}
	of := func(campaign ledger.ID, at string, units int64) row {
		return row{campaign, at, 100 * units, 10 * units, 5 * units, 7 * units, 2 * units, units, 1}
	}
	for _, rollups := range []struct {
		table, at string
		want      []row
	}{
		{"ad_rollups_15m", "to_char(bucket_at AT TIME ZONE 'UTC', 'HH24:MI')", []row{of(one, "12:00", 1+2+8+16), of(one, "12:15", 4), of(other, "12:00", 10)}},
		{"ad_rollups_daily", "day::text", []row{of(one, "2026-03-01", 1+2+4+16), of(one, "2026-03-02", 8), of(other, "2026-03-01", 10)}},
	} {
		var got []row
		d.each(t, `SELECT campaign_id, `+rollups.at+`, sum(impressions)::bigint, sum(clicks)::bigint, sum(billable_clicks)::bigint, sum(spend_gross)::bigint,
			sum(credits)::bigint, sum(unbilled)::bigint, count(book_id) FROM `+rollups.table+` WHERE book_id = $1 GROUP BY 1, 2 ORDER BY campaign_id, 2`,
			func(scan func(...any) error) error {
				var r row
				err := scan(&r.Campaign, &r.At, &r.Impressions, &r.Clicks, &r.Billable, &r.SpendGross, &r.Credits, &r.Unbilled, &r.N)
				got = append(got, r)
				return err
			})
		if diff := cmp.Diff(rollups.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rollups.table, diff)
		}
	}
	spend := func(of ledger.ID, day ledger.Date) string { return campaign.DayKey(of, day) }
	ids := []string{spend(one, march1), spend(one, march2), spend(other, march2)}
	wantRows(t, map[string]any{ids[0]: int64(5 * 23), ids[1]: int64(5 * 8)}, d.read(t, campaign.GuardDay, ids...))
}

func TestRollupConstraints(t *testing.T) {
	t.Parallel()
	d := newAdDesk(t)
	for _, row := range []analytics.Rollup{
		{Impressions: -1}, {Clicks: -1}, {BillableClicks: -1}, {SpendGross: -1}, {Credits: -1}, {Unbilled: -1},
	} {
		row.Campaign, row.BucketAt, row.Day = newID(), began, ledger.DateOf(began)
		wantConstraint(t, d.write(t, effectRows(analytics.EffectRollup, row)), "ad_rollups_15m_counters_not_negative")
	}
	// A quarter of an hour may be of two dates, where clocks go back over midnight.
	given := analytics.Rollup{Campaign: newID(), BucketAt: began, Day: ledger.DateOf(began), Clicks: 5}
	taken := given
	taken.Day, taken.Clicks = ledger.DateOf(began.AddDate(0, 0, 1)), -4
	wantConstraint(t, d.write(t, effectRows(analytics.EffectRollup, given, taken)), "ad_rollups_daily_counters_not_negative")
}
