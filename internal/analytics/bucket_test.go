package analytics_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/ledger"
)

func date(t *testing.T, text string) ledger.Date {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.DateOf(at)
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := domain.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		grain             analytics.Grain
		date, first, next string
	}{
		{analytics.GrainDay, "2028-02-28", "2028-02-28", "2028-02-29"},
		{analytics.GrainDay, "2026-12-31", "2026-12-31", "2027-01-01"},
		{analytics.GrainWeek, "2026-03-01", "2026-02-23", "2026-03-02"}, // a Sunday
		{analytics.GrainWeek, "2026-03-02", "2026-03-02", "2026-03-09"}, // a Monday
		{analytics.GrainWeek, "2027-01-01", "2026-12-28", "2027-01-04"},
		{analytics.GrainMonth, "2026-01-31", "2026-01-01", "2026-02-01"},
		{analytics.GrainMonth, "2028-02-29", "2028-02-01", "2028-03-01"},
		{analytics.GrainMonth, "2026-12-15", "2026-12-01", "2027-01-01"},
	} {
		first := c.grain.BucketOf(date(t, c.date))
		if next := c.grain.Next(first); first != date(t, c.first) || next != date(t, c.next) {
			t.Errorf("%s of %s begins on %s, the next on %s, want %s and %s", c.grain, c.date, first, next, c.first, c.next)
		}
	}
}

// A day begins with its first instant, which is not always midnight.
func TestStartOfDay(t *testing.T) {
	t.Parallel()
	for zone, starts := range map[string]map[string]string{
		"UTC":              {"2026-02-28": "2026-02-28T00:00:00Z"},
		"America/New_York": {"2026-03-08": "2026-03-08T05:00:00Z", "2026-03-09": "2026-03-09T04:00:00Z", "2026-11-01": "2026-11-01T04:00:00Z", "2026-11-02": "2026-11-02T05:00:00Z"},
		"Asia/Kathmandu":   {"2026-03-01": "2026-02-28T18:15:00Z"},
		"Asia/Kolkata":     {"2026-03-01": "2026-02-28T18:30:00Z"},
		"Africa/Cairo":     {"2026-04-23": "2026-04-22T22:00:00Z", "2026-04-24": "2026-04-23T22:00:00Z", "2026-04-25": "2026-04-24T21:00:00Z"}, // 00:00 is skipped on the 24th
		"America/Havana":   {"2026-11-01": "2026-11-01T04:00:00Z", "2026-11-02": "2026-11-02T05:00:00Z"},                                       // 00:00 is there twice on the 1st
		"America/Santiago": {"2026-09-06": "2026-09-06T04:00:00Z", "2026-09-07": "2026-09-07T03:00:00Z"},
		// Clocks of Beirut go back at midnight: 23:00 to 24:00 of the 24th is there twice.
		"Asia/Beirut":         {"2026-03-29": "2026-03-28T22:00:00Z", "2026-03-30": "2026-03-29T21:00:00Z", "2026-10-25": "2026-10-24T22:00:00Z", "2026-10-26": "2026-10-25T22:00:00Z"},
		"Pacific/Kiritimati":  {"2026-03-01": "2026-02-28T10:00:00Z"},
		"Pacific/Pago_Pago":   {"2026-03-01": "2026-03-01T11:00:00Z"},
		"Australia/Lord_Howe": {"2026-04-06": "2026-04-05T13:30:00Z"},
		// Samoa left the 30th out.
		"Pacific/Apia": {"2011-12-29": "2011-12-29T10:00:00Z", "2011-12-30": "2011-12-30T10:00:00Z", "2011-12-31": "2011-12-30T10:00:00Z"},
		// Clocks went back at 00:01, to the day before.
		"America/St_Johns": {"2010-11-07": "2010-11-07T02:30:00Z", "2010-11-08": "2010-11-08T03:30:00Z"},
	} {
		for day, want := range starts {
			if got := analytics.StartOfDay(date(t, day), zoneOf(t, zone)); !got.Equal(instant(t, want)) || got.Location() != zoneOf(t, zone) {
				t.Errorf("%s begins in %s at %s, want %s", day, zone, got.UTC().Format(time.RFC3339), want)
			}
		}
	}
}

// Segments hold the instants whose date is asked for, no other and each once, and
// know how far clocks were ahead.
func TestSegments(t *testing.T) {
	t.Parallel()
	for zone, years := range map[string][]int{
		"UTC": {2026}, "America/New_York": {2026}, "Asia/Kathmandu": {2026}, "Africa/Cairo": {2026}, "America/Havana": {2026}, "Asia/Beirut": {2026},
		"Africa/Casablanca": {2026}, "Australia/Lord_Howe": {2026}, "Pacific/Kiritimati": {2026}, "Pacific/Apia": {2011}, "America/St_Johns": {2010},
	} {
		location := zoneOf(t, zone)
		for _, year := range years {
			for month := time.January; month <= time.December; month++ {
				dates := domain.Dates{From: ledger.Date{Year: year, Month: month, Day: 7}, To: ledger.Date{Year: year, Month: month + 1, Day: 1}}
				checkSegments(t, analytics.Segments(dates, location), dates, location)
			}
		}
	}
	skipped := domain.Dates{From: date(t, "2011-12-30"), To: date(t, "2011-12-31")}
	if got := analytics.Segments(skipped, zoneOf(t, "Pacific/Apia")); len(got) != 0 {
		t.Errorf("the date that Samoa left out has %v", got)
	}
	twice := domain.Dates{From: date(t, "2010-11-06"), To: date(t, "2010-11-07")}
	want := []analytics.Segment{
		{From: instant(t, "2010-11-06T02:30:00Z"), To: instant(t, "2010-11-07T02:30:00Z"), Offset: -2*time.Hour - 30*time.Minute},
		{From: instant(t, "2010-11-07T02:31:00Z"), To: instant(t, "2010-11-07T03:30:00Z"), Offset: -3*time.Hour - 30*time.Minute},
	}
	if diff := cmp.Diff(want, analytics.Segments(twice, zoneOf(t, "America/St_Johns"))); diff != "" {
		t.Errorf("the date that St. John's came back to:\n%s", diff)
	}
}

func checkSegments(t *testing.T, segments []analytics.Segment, dates domain.Dates, zone *time.Location) {
	t.Helper()
	for at := dates.From.Time().Add(-26 * time.Hour); at.Before(dates.To.Time().Add(26 * time.Hour)); at = at.Add(15 * time.Minute) {
		date, holding := domain.DateIn(zone, at).Time(), 0
		for _, segment := range segments {
			if at.Before(segment.From) || !at.Before(segment.To) {
				continue
			}
			holding++
			if _, seconds := at.In(zone).Zone(); segment.Offset != time.Duration(seconds)*time.Second {
				t.Fatalf("clocks of %s are %d s ahead at %s, the segment says %s", zone, seconds, at, segment.Offset)
			}
		}
		want := 0
		if !date.Before(dates.From.Time()) && date.Before(dates.To.Time()) {
			want = 1
		}
		if holding != want {
			t.Fatalf("%s is in %d segments of %v in %s, want %d", at.Format(time.RFC3339), holding, dates, zone, want)
		}
	}
}

func TestRollupOf(t *testing.T) {
	t.Parallel()
	activity := analytics.Activity{
		Campaign: ledger.ID{7}, Impressions: 1, Clicks: 2, BillableClicks: 3, SpendGross: 4, Credits: 5, Unbilled: 6,
	}
	for _, c := range []struct{ zone, at, bucket, day string }{
		{"UTC", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-01"},
		{"UTC", "2026-03-01T23:59:59Z", "2026-03-01T23:45:00Z", "2026-03-01"},
		{"Asia/Kathmandu", "2026-03-01T18:14:59Z", "2026-03-01T18:00:00Z", "2026-03-01"},
		{"Asia/Kathmandu", "2026-03-01T18:15:00Z", "2026-03-01T18:15:00Z", "2026-03-02"},
		{"America/New_York", "2026-03-08T23:59:00-04:00", "2026-03-09T03:45:00Z", "2026-03-08"},
		{"America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T04:00:00Z", "2026-11-01"},
		{"Pacific/Kiritimati", "2026-03-01T10:14:00Z", "2026-03-01T10:00:00Z", "2026-03-02"},
	} {
		activity.At, activity.Zone = instant(t, c.at), zoneOf(t, c.zone)
		want := analytics.Rollup{
			Campaign: ledger.ID{7}, BucketAt: instant(t, c.bucket), Day: date(t, c.day),
			Impressions: 1, Clicks: 2, BillableClicks: 3, SpendGross: 4, Credits: 5, Unbilled: 6,
		}
		if diff := cmp.Diff(want, analytics.RollupOf(activity)); diff != "" {
			t.Errorf("%s in %s:\n%s", c.at, c.zone, diff)
		}
	}
}
