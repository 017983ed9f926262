package scalar

import (
	"cmp"
	"fmt"
	"io"
	"time"
)

const expectedDate = "a calendar date such as 2026-03-01, in the years 1 to 9999"

// Date is a calendar date without time or zone: which instants it covers is for
// the field's zone to say. It is comparable with ==. The zero value is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the date that t shows in t's own location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

// ParseDate reads YYYY-MM-DD. A date the calendar does not have, such as
// 2026-02-29, is refused with an [*Error], never moved to the next one.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || !yearInRange(t) || len(s) != len(time.DateOnly) {
		return Date{}, refuse("Date", expectedDate, s)
	}
	return DateOf(t), nil
}

// Valid reports whether the calendar has d, in the years 1 to 9999.
func (d Date) Valid() bool {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	return yearInRange(t) && DateOf(t) == d
}

// Compare returns −1, 0 or +1 as d lies before, at or after other.
func (d Date) Compare(other Date) int {
	return cmp.Or(cmp.Compare(d.Year, other.Year), cmp.Compare(d.Month, other.Month), cmp.Compare(d.Day, other.Day))
}

// AddDays returns the date n days later, earlier when n is negative. It counts
// calendar days, so daylight saving does not touch it.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// String returns YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// MarshalGQL prints d as a JSON string, and null when the calendar has no such date.
func (d Date) MarshalGQL(w io.Writer) {
	if !d.Valid() {
		bare("null").MarshalGQL(w)
		return
	}
	quoted(d.String()).MarshalGQL(w)
}

// UnmarshalGQL reads what [ParseDate] reads, from a string only.
func (d *Date) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return refuse("Date", expectedDate, v)
	}
	parsed, err := ParseDate(s)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
