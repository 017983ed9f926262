package analytics

import (
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Grain is the width of the buckets that local dates are put into.
type Grain string

// The grains. A week begins on Monday.
const (
	GrainDay   Grain = "DAY"
	GrainWeek  Grain = "WEEK"
	GrainMonth Grain = "MONTH"
)

// BucketOf returns the first date of the bucket that a date is in.
func (g Grain) BucketOf(date ledger.Date) ledger.Date {
	switch g {
	case GrainWeek:
		return domain.Monday(date)
	case GrainMonth:
		return ledger.Date{Year: date.Year, Month: date.Month, Day: 1}
	case GrainDay:
	}
	return date
}

// Next returns the first date of the bucket after the one that begins at start.
func (g Grain) Next(start ledger.Date) ledger.Date {
	switch g {
	case GrainWeek:
		return domain.AddDays(start, 7)
	case GrainMonth:
		return ledger.DateOf(time.Date(start.Year, start.Month+1, 1, 0, 0, 0, 0, time.UTC))
	case GrainDay:
	}
	return domain.AddDays(start, 1)
}

// StartOfDay returns the first instant at which clocks of a zone show a date or a
// later one. It is not always midnight: where clocks go forward at midnight the
// day begins later, where they go back over it midnight is there twice, and a
// date that a zone left out begins, empty, with the next.
func StartOfDay(date ledger.Date, zone *time.Location) time.Time {
	midnight := date.Time() // on a clock that shows UTC
	at := midnight.Add(-domain.ZoneOffsetMax).In(zone)
	for {
		_, seconds := at.Zone()
		start := midnight.Add(-time.Duration(seconds) * time.Second)
		if start.Before(at) {
			start = at
		}
		_, end := at.ZoneBounds()
		if end.IsZero() || start.Before(end) {
			return start.In(zone)
		}
		at = end
	}
}

// Segment is a span of instants, [From, To), over which a zone's clocks are a
// fixed Offset ahead of UTC.
type Segment struct {
	From, To time.Time
	Offset   time.Duration
}

// Segments returns the instants whose date in a zone is one of dates, in order.
// They are more than one where clocks change, and not always next to each other:
// a date that clocks go back to is there twice.
func Segments(dates domain.Dates, zone *time.Location) []Segment {
	var segments []Segment
	first, last := dates.From.Time(), dates.To.Time()
	at := first.Add(-domain.ZoneOffsetMax).In(zone)
	for stop := last.Add(domain.ZoneOffsetMax); at.Before(stop); {
		_, seconds := at.Zone()
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(stop) {
			end = stop
		}
		offset := time.Duration(seconds) * time.Second
		from, to := later(at, first.Add(-offset)), earlier(end, last.Add(-offset))
		if from.Before(to) {
			segments = append(segments, Segment{From: from.UTC(), To: to.UTC(), Offset: offset})
		}
		at = end.In(zone)
	}
	return segments
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
