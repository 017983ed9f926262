package handwritten

import (
	"slices"
	"time"
)

// zoneOffsetMax is more than any zone is away from UTC.
const zoneOffsetMax = 15 * time.Hour

// appendSpend appends what was spent per local day: null where the day has not begun, and the places of
// the days that have not ended.
func appendSpend(out []byte, r *results, a *ask, f *walletFacts) ([]byte, error) {
	starts := dayStarts(a.from, a.days(), f.zone)
	net := make([]int64, a.days())
	err := r.each(func(row *row) {
		bucket, units := row.instant(), row.bigint()
		day, found := slices.BinarySearch(starts, bucket)
		if !found {
			day--
		}
		if day >= 0 && day < len(net) {
			net[day] += units
		}
	})
	out = appendText(append(out, `,"spend":{"timeZone":`...), f.zone.String())
	out = append(out, `,"timestamps":[`...)
	for day, start := range starts[:len(net)] {
		if day > 0 {
			out = append(out, ',')
		}
		out = appendInstant(out, start)
	}
	var total int64
	out = append(out, `],"spend":[`...)
	for day, units := range net {
		if day > 0 {
			out = append(out, ',')
		}
		if starts[day] >= f.now {
			out = append(out, "null"...)
			continue
		}
		out, total = appendInt(out, units), total+units
	}
	out = append(out, `],"partial":[`...)
	if day, found := slices.BinarySearch(starts, f.now); !found && day > 0 && day < len(starts) {
		out = appendInt(out, int64(day-1))
	}
	out = appendInt(append(out, `],"total":`...), total)
	return append(out, '}'), err
}

// dayStarts returns the first instants, in Unix microseconds, of so many local days and of the day after
// the last.
func dayStarts(from time.Time, days int, zone *time.Location) []int64 {
	starts := make([]int64, days+1)
	year, month, day := from.Date()
	for i := range starts {
		starts[i] = dayStart(year, month, day+i, zone).UnixMicro()
	}
	return starts
}

// dayStart returns the first instant of a local day: not midnight where clocks skip it, and the first of
// two where they go back over it.
func dayStart(year int, month time.Month, day int, zone *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, zone)
	want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Day()
	if midnight.Day() != want {
		_, end := midnight.ZoneBounds()
		return end
	}
	before := midnight.Add(-1)
	if before.Day() != want {
		return midnight
	}
	if begin, _ := midnight.ZoneBounds(); begin.Add(-1).Day() != want {
		return begin
	}
	_, offset := before.Zone()
	return time.Date(year, month, day, 0, 0, 0, 0, time.FixedZone("", offset))
}
