package resolvers

import (
	"time"

	"purser/graph/model"
	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// buckets are the buckets of a series over dates of a zone, dense and in order. The
// first and the last are cut at the ends of the range, so that a series shows what
// its range has, neither more nor less.
type buckets struct {
	starts []time.Time   // in UTC
	days   []ledger.Date // of each start, where buckets are whole days
	end    time.Time     // of the last
	cut    []int         // indexes of the buckets that the range cuts
}

func bucketsOf(dates domain.Dates, grain model.SeriesGrain, zone *time.Location) *buckets {
	if isOfClock(grain) {
		return clockBuckets(dates, grain, zone)
	}
	return dateBuckets(dates, analytics.Grain(grain), zone)
}

func dateBuckets(dates domain.Dates, grain analytics.Grain, zone *time.Location) *buckets {
	b := &buckets{end: analytics.StartOfDay(dates.To, zone).UTC()}
	for date := dates.From; before(date, dates.To); {
		next := grain.Next(grain.BucketOf(date))
		if grain.BucketOf(date) != date || before(dates.To, next) {
			b.cut = append(b.cut, len(b.starts))
		}
		b.starts, b.days = append(b.starts, analytics.StartOfDay(date, zone).UTC()), append(b.days, date)
		date = next
	}
	return b
}

// clockBuckets are hours or quarters of an hour as the clocks of a zone show them:
// in Kathmandu an hour begins a quarter past the hour of UTC. Where clocks change a
// bucket ends, so that an hour that is there twice is two buckets.
func clockBuckets(dates domain.Dates, grain model.SeriesGrain, zone *time.Location) *buckets {
	length := time.Hour
	if grain == model.SeriesGrainQuarterHour {
		length = 15 * time.Minute
	}
	b := &buckets{end: analytics.StartOfDay(dates.To, zone).UTC()}
	for at := analytics.StartOfDay(dates.From, zone); at.Before(b.end); {
		b.starts = append(b.starts, at.UTC())
		at = at.In(zone)
		_, seconds := at.Zone()
		onClock := at.Add(time.Duration(seconds) * time.Second)
		next := at.Add(length - onClock.Sub(onClock.Truncate(length)))
		if _, change := at.ZoneBounds(); !change.IsZero() && change.Before(next) {
			next = change
		}
		at = next
	}
	return b
}

func before(a, b ledger.Date) bool { return a.Time().Before(b.Time()) }

// beginsBy reports whether a bucket begins at or before a point, which is of a date
// or of an instant as the series was asked for.
func (b *buckets) beginsBy(bucket int, point *campaign.SeriesPoint) bool {
	if b.days != nil {
		return !before(point.Day, b.days[bucket])
	}
	return !point.BucketAt.Before(b.starts[bucket])
}

func (b *buckets) timestamps() []*time.Time {
	shown := make([]*time.Time, len(b.starts))
	for i := range b.starts {
		shown[i] = &b.starts[i]
	}
	return shown
}

// partial returns the indexes of the buckets that are not whole: those that the
// range cuts, and the one that has begun but is not over at the watermark. None is
// listed that has not begun: there is nothing in it.
func (b *buckets) partial(watermark time.Time) []int32 {
	shown, cut := []int32{}, b.cut
	for i, start := range b.starts {
		if !start.Before(watermark) {
			break
		}
		end := b.end
		if i+1 < len(b.starts) {
			end = b.starts[i+1]
		}
		isCut := len(cut) > 0 && cut[0] == i
		if isCut {
			cut = cut[1:]
		}
		if isCut || end.After(watermark) {
			shown = append(shown, int32(i))
		}
	}
	return shown
}
