package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// perDate asks for impressions by date.
func perDate(dates domain.Range, zone string, grain analytics.Grain, compare domain.Comparison) analytics.Query {
	query := impressions()
	query.Range, query.TimeZone, query.Grain, query.Compare, query.Limit = dates, zone, grain, compare, 1000
	query.Dimensions = []analytics.Dimension{analytics.DimensionDate}
	return query
}

// counts are the rows of an answer by date: the impressions of both spans.
func counts(t *testing.T, result *analytics.Result) map[string][2]int64 {
	t.Helper()
	found := map[string][2]int64{}
	for _, row := range result.Rows {
		var values [2]int64
		for i := range min(2, len(row.Cells)-1) {
			values[i] = int64(row.Cells[1+i].(analytics.IntCell))
		}
		found[ledger.Date(row.Cells[0].(analytics.DateCell)).String()] = values
	}
	return found
}

// Each instant counts on the date that clocks showed, on days of 23 and of 25 hours
// and 5:45 hours ahead of UTC.
func TestAnalyticsDatesOverClockChanges(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	zones := []string{"America/New_York", "Asia/Kathmandu"}
	accounts, campaigns := map[string]campaign.Ref{}, map[string]campaign.Ref{}
	for _, zone := range zones {
		accounts[zone], _ = w.openAdvertiser(zone)
		campaigns[zone] = w.campaign(accounts[zone], "In "+zone, nil)
	}
	// Clocks of New York go forward on 2026-03-08 at 07:00 UTC and back on
	// 2026-11-01 at 06:00 UTC: a quarter of an hour of each hour around is active.
	want := map[string]map[string][2]int64{}
	for _, begin := range []string{"2026-03-07T00:00:00Z", "2026-10-31T00:00:00Z"} {
		at, err := time.Parse(time.RFC3339, begin)
		if err != nil {
			t.Fatal(err)
		}
		for hour := range 96 {
			at := at.Add(time.Duration(hour)*time.Hour + 15*time.Minute*time.Duration(hour%4))
			for _, zone := range zones {
				w.active(accounts[zone], campaigns[zone], at, campaign.Metrics{Impressions: 1})
			}
			for _, zone := range zones {
				if want[zone] == nil {
					want[zone] = map[string][2]int64{}
				}
				location, err := time.LoadLocation(zone)
				if err != nil {
					t.Fatal(err)
				}
				date := at.In(location).Format(time.DateOnly)
				want[zone][date] = [2]int64{want[zone][date][0] + 1}
			}
		}
	}
	if want["America/New_York"]["2026-03-08"][0] != 23 || want["America/New_York"]["2026-11-01"][0] != 25 {
		t.Fatalf("the days of New York have %v hours", want["America/New_York"])
	}
	w.wait(300 * 24 * time.Hour)
	year := domain.Range{From: ledger.Date{Year: 2026, Month: 3, Day: 1}, To: ledger.Date{Year: 2026, Month: 12, Day: 1}}
	for _, zone := range zones {
		named := map[string][2]int64{}
		for _, dates := range []domain.Range{{From: year.From, To: ledger.Date{Year: 2026, Month: 4, Day: 1}}, {From: ledger.Date{Year: 2026, Month: 10, Day: 1}, To: year.To}} {
			query := perDate(dates, zone, analytics.GrainDay, "")
			query.Filters = []analytics.Filter{{Dimension: analytics.DimensionCampaign, Refs: []analytics.Ref{analytics.Ref(campaigns["Asia/Kathmandu"])}}}
			result, _, _ := w.analyse(everyGroup, query)
			for date, values := range counts(t, result) {
				named[date] = values
			}
		}
		if diff := cmp.Diff(want[zone], named); diff != "" {
			t.Errorf("dates of %s by name:\n%s", zone, diff)
		}
		query := perDate(year, "", analytics.GrainDay, "")
		query.Filters = []analytics.Filter{{Dimension: analytics.DimensionAdAccount, Refs: []analytics.Ref{analytics.Ref(accounts[zone])}}}
		result, _, _ := w.analyse(everyGroup, query)
		if diff := cmp.Diff(want[zone], counts(t, result)); diff != "" {
			t.Errorf("dates of the ad account's own zone %s:\n%s", zone, diff)
		}
	}
}

// A preset is of each ad account's own today: at this instant it is the first in
// Kiritimati, and still the last of the month in New York.
func TestAnalyticsPresetsInOwnZones(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	w.wait(time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC).Sub(began))
	for _, zone := range []string{"Pacific/Kiritimati", "America/New_York"} {
		account, _ := w.openAdvertiser(zone)
		of := w.campaign(account, zone, nil)
		for month, impressions := range map[time.Month]int64{time.February: 1, time.March: 10, time.April: 100} {
			w.active(account, of, time.Date(2026, month, 15, 12, 0, 0, 0, time.UTC), campaign.Metrics{Impressions: impressions})
		}
	}
	result, _, _ := w.analyse(everyGroup, perDate(domain.Range{Preset: domain.PresetLastMonth}, "", analytics.GrainMonth, domain.ComparisonPreviousPeriod))
	// In Kiritimati April is compared with the 30 days before, in New York March
	// with the 31 days before.
	want := map[string][2]int64{"2026-04-01": {100, 10}, "2026-03-01": {10, 1}}
	if diff := cmp.Diff(want, counts(t, result)); diff != "" {
		t.Errorf("last month:\n%s", diff)
	}
	wantRange := domain.Dates{From: day(time.March, 1), To: day(time.May, 1)}
	if result.Range != wantRange || result.TimeZone != "" || result.Source != analytics.SourceDaily {
		t.Errorf("range %v in zone %q from %s, want %v in no one zone from daily", result.Range, result.TimeZone, result.Source, wantRange)
	}
}

// The leap day of a year before stands beside the 28th, and nothing stands before
// the first date asked for.
func TestAnalyticsComparesLeapYears(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, _ := w.openAdvertiser("UTC")
	of := w.campaign(account, "Leaping", nil)
	for i, date := range []string{"2027-02-28", "2027-03-01", "2028-02-28", "2028-02-29", "2028-03-01", "2029-02-27", "2029-02-28", "2029-03-01"} {
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		w.active(account, of, at, campaign.Metrics{Impressions: 1 << i})
	}
	date := func(year int, month time.Month, of int) ledger.Date {
		return ledger.Date{Year: year, Month: month, Day: of}
	}
	for name, c := range map[string]struct {
		dates domain.Range
		want  map[string][2]int64
	}{
		"leap_day_before":   {domain.Range{From: date(2029, 2, 1), To: date(2029, 3, 1)}, map[string][2]int64{"2029-02-27": {32, 0}, "2029-02-28": {64, 4 + 8}}},
		"leap_day_now":      {domain.Range{From: date(2028, 2, 29), To: date(2028, 3, 1)}, map[string][2]int64{"2028-02-29": {8, 1}}},
		"around_a_leap_day": {domain.Range{From: date(2028, 2, 28), To: date(2028, 3, 2)}, map[string][2]int64{"2028-02-28": {4, 1}, "2028-02-29": {8, 0}, "2028-03-01": {16, 2}}},
	} {
		for _, zone := range []string{"", "UTC"} {
			result, _, _ := w.analyse(everyGroup, perDate(c.dates, zone, analytics.GrainDay, domain.ComparisonPreviousYear))
			if diff := cmp.Diff(c.want, counts(t, result)); diff != "" {
				t.Errorf("%s in zone %q:\n%s", name, zone, diff)
			}
		}
	}
}

// An answer is final 120 hours after its range has ended in the last zone.
func TestAnalyticsFinality(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	w.openAdvertiser("America/New_York")
	w.openAdvertiser("Asia/Kathmandu")
	dates := domain.Range{From: day(time.January, 1), To: day(time.February, 1)}
	ends := time.Date(2026, 2, 1, 5, 0, 0, 0, time.UTC) // in New York
	for name, c := range map[string]struct {
		zone string
		now  time.Time
		want analytics.Finality
	}{
		"own_zones_before": {"", ends.Add(120*time.Hour - time.Second), analytics.Provisional},
		"own_zones_after":  {"", ends.Add(120 * time.Hour), analytics.Final},
		"named_before":     {"Asia/Kathmandu", ends.Add(120*time.Hour - 10*time.Hour - 45*time.Minute - time.Second), analytics.Provisional},
		"named_after":      {"Asia/Kathmandu", ends.Add(120*time.Hour - 10*time.Hour - 45*time.Minute), analytics.Final},
	} {
		reader := w.db.NewReader(func() time.Time { return c.now })
		result, err := reader.Analyse(t.Context(), everyGroup, perDate(dates, c.zone, analytics.GrainDay, ""))
		if err != nil {
			t.Fatal(err)
		}
		if result.Finality != c.want || !result.AsOf.Equal(c.now) || !result.Watermark.Equal(c.now) {
			t.Errorf("%s: %s as of %s, watermark %s, want %s as of %s", name, result.Finality, result.AsOf, result.Watermark, c.want, c.now)
		}
	}
}
