package handwritten_test

import (
	"testing"
	"time"

	"purser/bench/handwritten"
)

// TestDayStart looks at every quarter of an hour of years in which clocks change at or around midnight: a
// day starts with the first that has its date.
func TestDayStart(t *testing.T) {
	t.Parallel()
	for name, year := range map[string]int{
		"UTC": 2026, "America/New_York": 2026, "Asia/Kathmandu": 1986, "America/Havana": 2025, "Africa/Cairo": 2024, "Asia/Beirut": 2023,
		"America/Santiago": 2024, "America/Asuncion": 2023, "Australia/Lord_Howe": 2025,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			first := map[time.Time]time.Time{}
			at := time.Date(year-1, time.December, 30, 0, 0, 0, 0, time.UTC)
			for end := at.AddDate(1, 0, 6); at.Before(end); at = at.Add(15 * time.Minute) {
				y, m, d := at.In(zone).Date()
				day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
				if _, seen := first[day]; !seen {
					first[day] = at
				}
			}
			days := 0
			for day := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
				days++
				if got, want := handwritten.DayStart(year, day.Month(), day.Day(), zone), first[day]; !got.Equal(want) {
					t.Errorf("%s begins %s, want %s", day.Format(time.DateOnly), got.UTC(), want)
				}
			}
			if days < 365 {
				t.Errorf("looked at %d days", days)
			}
		})
	}
}
