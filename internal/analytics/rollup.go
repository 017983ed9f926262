package analytics

import (
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// EffectRollup is the kind of the effect that adds a Rollup to the stored rollups.
const EffectRollup = "ad_rollup"

// bucket is the grain of the fine rollup. Zones lie quarters of an hour apart
// from UTC, so that the days of each can be put together from these buckets; from
// hours they could not.
const bucket = 15 * time.Minute

// Activity is what happened to a campaign at one instant: one click, or a minute
// of them. Amounts are minor units of the campaign's commodity.
type Activity struct {
	Campaign ledger.ID
	At       time.Time
	// Zone is the ad account's time zone, which decides the day of At.
	Zone           *time.Location
	Impressions    int64
	Clicks         int64
	BillableClicks int64
	SpendGross     int64
	Credits        int64
	Unbilled       int64
}

// Rollup is what an activity adds to two rows: to the campaign's quarter of an
// hour, and to its day.
type Rollup struct {
	Campaign       ledger.ID
	BucketAt       time.Time   // start of the quarter of an hour, in UTC
	Day            ledger.Date // local date in the ad account's zone
	Impressions    int64
	Clicks         int64
	BillableClicks int64
	SpendGross     int64
	Credits        int64
	Unbilled       int64
}

// RollupOf returns where an activity counts. It depends on nothing else, so that
// whatever records activity, and whoever rebuilds rollups from journals, gets the
// same rows.
func RollupOf(a Activity) Rollup {
	return Rollup{
		Campaign: a.Campaign, BucketAt: a.At.UTC().Truncate(bucket), Day: domain.DateIn(a.Zone, a.At),
		Impressions: a.Impressions, Clicks: a.Clicks, BillableClicks: a.BillableClicks,
		SpendGross: a.SpendGross, Credits: a.Credits, Unbilled: a.Unbilled,
	}
}
