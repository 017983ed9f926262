package domain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/domain"
	"purser/ledger"
)

// date reads YYYY-MM-DD.
func date(t *testing.T, text string) ledger.Date {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.DateOf(at)
}

// span reads "from to" as a half-open span.
func span(t *testing.T, text string) domain.Dates {
	t.Helper()
	from, to, _ := strings.Cut(text, " ")
	return domain.Dates{From: date(t, from), To: date(t, to)}
}

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := domain.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

var presets = []domain.Preset{
	domain.PresetToday, domain.PresetYesterday, domain.PresetLast7Days, domain.PresetLast14Days, domain.PresetLast30Days, domain.PresetLast90Days,
	domain.PresetThisWeek, domain.PresetLastWeek, domain.PresetThisMonth, domain.PresetLastMonth, domain.PresetThisQuarter,
	domain.PresetLastQuarter, domain.PresetThisYear, domain.PresetLastYear,
}

func TestPresets(t *testing.T) {
	t.Parallel()
	// In the order of presets, on a Thursday, a Monday, a Sunday, the first and the
	// last day of a year, and a leap day.
	for today, want := range map[string]string{
		"2026-05-14": "2026-05-14 2026-05-15, 2026-05-13 2026-05-14, 2026-05-07 2026-05-14, 2026-04-30 2026-05-14, 2026-04-14 2026-05-14, 2026-02-13 2026-05-14, " +
			"2026-05-11 2026-05-15, 2026-05-04 2026-05-11, 2026-05-01 2026-05-15, 2026-04-01 2026-05-01, 2026-04-01 2026-05-15, 2026-01-01 2026-04-01, 2026-01-01 2026-05-15, 2025-01-01 2026-01-01",
		"2026-08-31": "2026-08-31 2026-09-01, 2026-08-30 2026-08-31, 2026-08-24 2026-08-31, 2026-08-17 2026-08-31, 2026-08-01 2026-08-31, 2026-06-02 2026-08-31, " +
			"2026-08-31 2026-09-01, 2026-08-24 2026-08-31, 2026-08-01 2026-09-01, 2026-07-01 2026-08-01, 2026-07-01 2026-09-01, 2026-04-01 2026-07-01, 2026-01-01 2026-09-01, 2025-01-01 2026-01-01",
		"2026-03-01": "2026-03-01 2026-03-02, 2026-02-28 2026-03-01, 2026-02-22 2026-03-01, 2026-02-15 2026-03-01, 2026-01-30 2026-03-01, 2025-12-01 2026-03-01, " +
			"2026-02-23 2026-03-02, 2026-02-16 2026-02-23, 2026-03-01 2026-03-02, 2026-02-01 2026-03-01, 2026-01-01 2026-03-02, 2025-10-01 2026-01-01, 2026-01-01 2026-03-02, 2025-01-01 2026-01-01",
		"2026-01-01": "2026-01-01 2026-01-02, 2025-12-31 2026-01-01, 2025-12-25 2026-01-01, 2025-12-18 2026-01-01, 2025-12-02 2026-01-01, 2025-10-03 2026-01-01, " +
			"2025-12-29 2026-01-02, 2025-12-22 2025-12-29, 2026-01-01 2026-01-02, 2025-12-01 2026-01-01, 2026-01-01 2026-01-02, 2025-10-01 2026-01-01, 2026-01-01 2026-01-02, 2025-01-01 2026-01-01",
		"2026-12-31": "2026-12-31 2027-01-01, 2026-12-30 2026-12-31, 2026-12-24 2026-12-31, 2026-12-17 2026-12-31, 2026-12-01 2026-12-31, 2026-10-02 2026-12-31, " +
			"2026-12-28 2027-01-01, 2026-12-21 2026-12-28, 2026-12-01 2027-01-01, 2026-11-01 2026-12-01, 2026-10-01 2027-01-01, 2026-07-01 2026-10-01, 2026-01-01 2027-01-01, 2025-01-01 2026-01-01",
		"2028-02-29": "2028-02-29 2028-03-01, 2028-02-28 2028-02-29, 2028-02-22 2028-02-29, 2028-02-15 2028-02-29, 2028-01-30 2028-02-29, 2027-12-01 2028-02-29, " +
			"2028-02-28 2028-03-01, 2028-02-21 2028-02-28, 2028-02-01 2028-03-01, 2028-01-01 2028-02-01, 2028-01-01 2028-03-01, 2027-10-01 2028-01-01, 2028-01-01 2028-03-01, 2027-01-01 2028-01-01",
	} {
		for i, text := range strings.Split(want, ", ") {
			got, err := domain.Range{Preset: presets[i]}.Resolve(time.UTC, date(t, today).Time().Add(12*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(span(t, text), got); diff != "" {
				t.Errorf("%s on %s:\n%s", presets[i], today, diff)
			}
		}
	}
}

// Today is what clocks of the zone say, also on the days on which they are changed.
func TestPresetsAreOfTheZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, now, today string }{
		{"UTC", "2026-03-08T23:59:59Z", "2026-03-08"},
		{"Pacific/Kiritimati", "2026-03-08T10:00:00Z", "2026-03-09"},
		{"Pacific/Pago_Pago", "2026-03-08T10:59:59Z", "2026-03-07"},
		{"Asia/Kathmandu", "2026-03-08T18:14:59Z", "2026-03-08"},
		{"Asia/Kathmandu", "2026-03-08T18:15:00Z", "2026-03-09"},
		{"America/New_York", "2026-03-08T04:59:59Z", "2026-03-07"}, // the day that lasts 23 hours
		{"America/New_York", "2026-03-09T03:59:59Z", "2026-03-08"},
		{"America/New_York", "2026-03-09T04:00:00Z", "2026-03-09"},
		{"America/New_York", "2026-11-01T04:00:00Z", "2026-11-01"}, // the day that lasts 25 hours
		{"America/New_York", "2026-11-02T04:59:59Z", "2026-11-01"},
		{"America/New_York", "2026-11-02T05:00:00Z", "2026-11-02"},
		{"Africa/Cairo", "2026-04-23T21:59:59Z", "2026-04-23"}, // midnight is skipped next
		{"Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		today := date(t, c.today)
		for preset, want := range map[domain.Preset]domain.Dates{
			domain.PresetToday:     {From: today, To: domain.AddDays(today, 1)},
			domain.PresetYesterday: {From: domain.AddDays(today, -1), To: today},
			domain.PresetLast7Days: {From: domain.AddDays(today, -7), To: today},
		} {
			got, err := domain.Range{Preset: preset}.Resolve(zoneOf(t, c.zone), now)
			if err != nil || got != want {
				t.Errorf("%s in %s at %s: %v, %v, want %v", preset, c.zone, c.now, got, err, want)
			}
		}
	}
}

func TestRangesOfDates(t *testing.T) {
	t.Parallel()
	from, to := ledger.Date{Year: 2026, Month: 3, Day: 1}, ledger.Date{Year: 2026, Month: 4, Day: 1}
	got, err := domain.Range{From: from, To: to}.Resolve(time.UTC, time.Time{})
	if err != nil || got != (domain.Dates{From: from, To: to}) || got.Days() != 31 {
		t.Errorf("March: %v of %d days, %v", got, got.Days(), err)
	}
	for name, r := range map[string]domain.Range{
		"nothing":               {},
		"unknown_preset":        {Preset: "LAST_MINUTE"},
		"preset_and_dates":      {Preset: domain.PresetToday, From: from, To: to},
		"preset_and_a_date":     {Preset: domain.PresetToday, To: to},
		"only_from":             {From: from},
		"only_to":               {To: to},
		"empty":                 {From: from, To: from},
		"backward":              {From: to, To: from},
		"no_date_of_a_calendar": {From: ledger.Date{Year: 2026, Month: 2, Day: 29}, To: to},
		"year_10000":            {From: from, To: ledger.Date{Year: 10_000, Month: 1, Day: 1}},
		"year_0":                {From: ledger.Date{Month: 1, Day: 1}, To: to},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var invalid *domain.ValidationError
			if dates, err := r.Resolve(time.UTC, time.Now()); !errors.As(err, &invalid) || invalid.Field != "range" {
				t.Errorf("dates %v, error %v, want a *ValidationError of the range", dates, err)
			}
			if _, err := r.Widest(time.Now()); !errors.As(err, &invalid) {
				t.Errorf("widest: error %v, want a *ValidationError", err)
			}
		})
	}
}

// Whatever the zone, its dates are within the widest.
func TestWidestHoldsEveryZone(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Chatham", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"}
	for _, preset := range presets {
		for step := range 400 * 4 {
			hour := step * 6
			now := time.Date(2027, 12, 1, 0, 30, 0, 0, time.UTC).Add(time.Duration(hour) * time.Hour)
			widest, err := domain.Range{Preset: preset}.Widest(now)
			if err != nil {
				t.Fatal(err)
			}
			dates, err := domain.Range{Preset: preset}.Resolve(zoneOf(t, zones[step%len(zones)]), now)
			if err != nil {
				t.Fatal(err)
			}
			if dates.From.Time().Before(widest.From.Time()) || dates.To.Time().After(widest.To.Time()) || widest.Days() > dates.Days()+367 {
				t.Fatalf("%s at %s in %s: %v, widest %v", preset, now, zones[step%len(zones)], dates, widest)
			}
		}
	}
}

func TestComparisons(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind        domain.Comparison
		dates, want string
	}{
		"period":                  {domain.ComparisonPreviousPeriod, "2026-03-01 2026-04-01", "2026-01-29 2026-03-01"},
		"period_of_a_day":         {domain.ComparisonPreviousPeriod, "2026-03-01 2026-03-02", "2026-02-28 2026-03-01"},
		"period_over_a_leap_day":  {domain.ComparisonPreviousPeriod, "2028-03-01 2028-03-08", "2028-02-23 2028-03-01"},
		"year":                    {domain.ComparisonPreviousYear, "2026-03-01 2026-04-01", "2025-03-01 2025-04-01"},
		"year_over_new_year":      {domain.ComparisonPreviousYear, "2025-12-25 2026-01-08", "2024-12-25 2025-01-08"},
		"leap_february":           {domain.ComparisonPreviousYear, "2028-02-01 2028-03-01", "2027-02-01 2027-03-01"},
		"february_after_leap":     {domain.ComparisonPreviousYear, "2029-02-01 2029-03-01", "2028-02-01 2028-03-01"},
		"leap_day":                {domain.ComparisonPreviousYear, "2028-02-29 2028-03-01", "2027-02-28 2027-03-01"},
		"up_to_the_leap_day":      {domain.ComparisonPreviousYear, "2028-02-28 2028-02-29", "2027-02-28 2027-03-01"},
		"from_the_leap_day_on":    {domain.ComparisonPreviousYear, "2028-02-29 2028-03-31", "2027-02-28 2027-03-31"},
		"none":                    {domain.ComparisonNone, "2026-03-01 2026-04-01", "2026-03-01 2026-04-01"},
		"unknown_is_no_other":     {"LAST_CENTURY", "2026-03-01 2026-04-01", "2026-03-01 2026-04-01"},
		"year_of_a_year_is_whole": {domain.ComparisonPreviousYear, "2028-01-01 2029-01-01", "2027-01-01 2028-01-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(span(t, c.want), span(t, c.dates).Previous(c.kind)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if !domain.ComparisonNone.Known() || !domain.ComparisonPreviousYear.Known() || domain.Comparison("LAST_CENTURY").Known() {
		t.Error("the comparisons that are known are others")
	}
}

func TestMonday(t *testing.T) {
	t.Parallel()
	for day := range 366 {
		d := domain.AddDays(ledger.Date{Year: 2027, Month: 12, Day: 20}, day)
		monday := domain.Monday(d)
		if days := (domain.Dates{From: monday, To: d}).Days(); monday.Time().Weekday() != time.Monday || days < 0 || days > 6 {
			t.Errorf("the week of %s begins on %s, a %s", d, monday, monday.Time().Weekday())
		}
	}
}
