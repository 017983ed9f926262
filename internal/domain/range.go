package domain

import (
	"time"

	"purser/ledger"
)

// ZoneOffsetMax is more than clocks of any zone are away from UTC: what lies in a
// local day of any zone lies in the UTC day widened by it on both sides.
const ZoneOffsetMax = 15 * time.Hour

// Preset names a span of local dates by the day on which it is asked for.
type Preset string

// The presets. Those named LAST_ and YESTERDAY end before today: a day that is not
// over would make every one of them look like a fall. TODAY and those named THIS_
// include today. Weeks run from Monday to Sunday, quarters from January, April,
// July and October.
const (
	PresetToday       Preset = "TODAY"
	PresetYesterday   Preset = "YESTERDAY"
	PresetLast7Days   Preset = "LAST_7_DAYS"
	PresetLast14Days  Preset = "LAST_14_DAYS"
	PresetLast30Days  Preset = "LAST_30_DAYS"
	PresetLast90Days  Preset = "LAST_90_DAYS"
	PresetThisWeek    Preset = "THIS_WEEK"
	PresetLastWeek    Preset = "LAST_WEEK"
	PresetThisMonth   Preset = "THIS_MONTH"
	PresetLastMonth   Preset = "LAST_MONTH"
	PresetThisQuarter Preset = "THIS_QUARTER"
	PresetLastQuarter Preset = "LAST_QUARTER"
	PresetThisYear    Preset = "THIS_YEAR"
	PresetLastYear    Preset = "LAST_YEAR"
)

// Range is a span of local dates as it was asked for: by a preset, or from one
// date up to, not including, another. It is comparable. Resolve says which dates
// it is, once the time zone and the instant are known.
type Range struct {
	Preset   Preset // "" for From and To
	From, To ledger.Date
}

// Dates is a half-open span of local dates.
type Dates struct{ From, To ledger.Date }

// Days returns how many dates the span has.
func (d Dates) Days() int { return int(d.To.Time().Sub(d.From.Time()) / (24 * time.Hour)) }

// Resolve returns the dates that the range means where clocks show zone, at now.
// A preset begins and ends with whole local days, whose hours differ where clocks
// change. It returns a *ValidationError for an unknown preset, for dates beside a
// preset, for a date that the calendar does not have, and for a range without a
// day.
func (r Range) Resolve(zone *time.Location, now time.Time) (Dates, error) {
	if r.Preset != "" {
		if (r.From != ledger.Date{} || r.To != ledger.Date{}) {
			return Dates{}, Invalid("range", "must have a preset or dates, not both")
		}
		dates, known := r.Preset.on(DateIn(zone, now))
		if !known {
			return Dates{}, Invalid("range", "must be a known preset, got %q", string(r.Preset))
		}
		return dates, nil
	}
	if !valid(r.From) || !valid(r.To) {
		return Dates{}, Invalid("range", "must have a preset, or two dates of the years 1 to 9999")
	}
	dates := Dates{From: r.From, To: r.To}
	if dates.Days() < 1 {
		return Dates{}, Invalid("range", "must end after it begins: from is its first date, to the date after its last; got %s to %s", r.From, r.To)
	}
	return dates, nil
}

// Widest returns dates that hold what the range means in every zone at now, for
// readers that learn the zone only with the rows.
func (r Range) Widest(now time.Time) (Dates, error) {
	first, err := r.Resolve(time.UTC, now.Add(-ZoneOffsetMax))
	if err != nil {
		return Dates{}, err
	}
	last, err := r.Resolve(time.UTC, now.Add(ZoneOffsetMax))
	if err != nil {
		return Dates{}, err
	}
	return Dates{From: first.From, To: last.To}, nil
}

// on returns the dates that a preset means on a day. Both ends never go back when
// the day goes on, which Widest relies on.
func (p Preset) on(today ledger.Date) (dates Dates, known bool) {
	tomorrow := AddDays(today, 1)
	monthOfYear := int(today.Month) - 1
	week, month := Monday(today), addMonths(today, 0)
	quarter, year := addMonths(today, -(monthOfYear%3)), addMonths(today, -monthOfYear)
	switch p {
	case PresetToday:
		return Dates{today, tomorrow}, true
	case PresetYesterday:
		return Dates{AddDays(today, -1), today}, true
	case PresetLast7Days:
		return Dates{AddDays(today, -7), today}, true
	case PresetLast14Days:
		return Dates{AddDays(today, -14), today}, true
	case PresetLast30Days:
		return Dates{AddDays(today, -30), today}, true
	case PresetLast90Days:
		return Dates{AddDays(today, -90), today}, true
	case PresetThisWeek:
		return Dates{week, tomorrow}, true
	case PresetLastWeek:
		return Dates{AddDays(week, -7), week}, true
	case PresetThisMonth:
		return Dates{month, tomorrow}, true
	case PresetLastMonth:
		return Dates{addMonths(month, -1), month}, true
	case PresetThisQuarter:
		return Dates{quarter, tomorrow}, true
	case PresetLastQuarter:
		return Dates{addMonths(quarter, -3), quarter}, true
	case PresetThisYear:
		return Dates{year, tomorrow}, true
	case PresetLastYear:
		return Dates{addMonths(year, -12), year}, true
	}
	return Dates{}, false
}

// Comparison says which earlier span a span is compared with.
type Comparison string

// The comparisons; ComparisonNone is no comparison.
const (
	ComparisonNone           Comparison = ""
	ComparisonPreviousPeriod Comparison = "PREVIOUS_PERIOD"
	ComparisonPreviousYear   Comparison = "PREVIOUS_YEAR"
)

// Known reports whether c is one of the comparisons, none included.
func (c Comparison) Known() bool {
	return c == ComparisonNone || c == ComparisonPreviousPeriod || c == ComparisonPreviousYear
}

// Previous returns the span that d is compared with: for PREVIOUS_PERIOD as many
// days, directly before; for PREVIOUS_YEAR from and up to the same dates one year
// earlier. A year without 29 February has 28 February for its beginning and 1 March
// for its end, so that a whole month stays a whole month and no span is empty. It
// returns d itself for any other kind.
func (d Dates) Previous(kind Comparison) Dates {
	switch kind {
	case ComparisonPreviousPeriod:
		return Dates{From: AddDays(d.From, -d.Days()), To: d.From}
	case ComparisonPreviousYear:
		from, to := d.From, d.To
		from.Year--
		to.Year--
		if !valid(from) {
			from.Day = 28
		}
		if !valid(to) {
			to.Month, to.Day = time.March, 1
		}
		return Dates{From: from, To: to}
	case ComparisonNone:
	}
	return d
}

// AddDays returns the date n calendar days after d, before it when n is negative.
func AddDays(d ledger.Date, n int) ledger.Date { return ledger.DateOf(d.Time().AddDate(0, 0, n)) }

// Monday returns the first date of the week that d is in.
func Monday(d ledger.Date) ledger.Date { return AddDays(d, -((int(d.Time().Weekday()) + 6) % 7)) }

// addMonths returns the first date of the month n months after that of d.
func addMonths(d ledger.Date, n int) ledger.Date {
	return ledger.DateOf(time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC))
}

// valid reports whether the calendar has d, in the years 1 to 9999.
func valid(d ledger.Date) bool {
	return d.Year >= 1 && d.Year <= 9999 && ledger.DateOf(d.Time()) == d
}
