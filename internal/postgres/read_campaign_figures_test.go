package postgres_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// deed is what a campaign did at an instant.
type deed struct {
	at time.Time
	campaign.Metrics
}

func plus(a, b campaign.Metrics) campaign.Metrics {
	return campaign.Metrics{
		Impressions: a.Impressions + b.Impressions, Clicks: a.Clicks + b.Clicks, BillableClicks: a.BillableClicks + b.BillableClicks,
		SpendGross: a.SpendGross + b.SpendGross, Credits: a.Credits + b.Credits, Unbilled: a.Unbilled + b.Unbilled,
	}
}

// figures are the naive answer: deeds by the date that clocks of a zone showed.
func figures(deeds []deed, zone *time.Location, dates domain.Dates) (sum campaign.Metrics, days map[ledger.Date]campaign.Metrics) {
	days = map[ledger.Date]campaign.Metrics{}
	for _, d := range deeds {
		year, month, of := d.at.In(zone).Date()
		date := ledger.Date{Year: year, Month: month, Day: of}
		if date.Time().Before(dates.From.Time()) || !date.Time().Before(dates.To.Time()) {
			continue
		}
		sum = plus(sum, d.Metrics)
		days[date] = plus(days[date], d.Metrics)
	}
	return sum, days
}

// busy records random deeds in the days around changes of clocks.
func busy(w *adWorld, account, of campaign.Ref, seed uint64) []deed {
	w.t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	zone, err := domain.LoadZone(w.zones[account])
	if err != nil {
		w.t.Fatal(err)
	}
	var deeds []deed
	var rows []any
	for _, around := range []time.Time{
		time.Date(2026, time.March, 8, 7, 0, 0, 0, time.UTC), time.Date(2025, time.November, 2, 6, 0, 0, 0, time.UTC),
		time.Date(2025, time.March, 9, 7, 0, 0, 0, time.UTC), time.Date(2025, time.October, 26, 1, 0, 0, 0, time.UTC),
	} {
		for range 150 {
			d := deed{around.Add(time.Duration(random.Int64N(int64(144*time.Hour))) - 72*time.Hour), campaign.Metrics{
				Impressions: random.Int64N(100), Clicks: random.Int64N(10), BillableClicks: random.Int64N(5),
				SpendGross: random.Int64N(50), Credits: random.Int64N(5), Unbilled: random.Int64N(3),
			}}
			deeds = append(deeds, d)
			rows = append(rows, analytics.RollupOf(analytics.Activity{
				Campaign: of.ID, At: d.at, Zone: zone, Impressions: d.Impressions, Clicks: d.Clicks, BillableClicks: d.BillableClicks,
				SpendGross: d.SpendGross, Credits: d.Credits, Unbilled: d.Unbilled,
			}))
		}
	}
	w.write(of.Book, analytics.EffectRollup, rows...)
	return deeds
}

// TestFigures compares performance and series with what the deeds add up to, in
// the zones of the ad accounts and in others, over the days on which clocks change.
func TestFigures(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	owner := newID()
	type subject struct {
		ref   campaign.Ref
		zone  string
		deeds []deed
	}
	var subjects []subject
	for i, zone := range []string{"America/New_York", "Asia/Kathmandu", "America/New_York"} {
		account := w.prepaidAccount(owner, zone)
		of := w.campaign(account, zone, nil)
		subjects = append(subjects, subject{of, zone, busy(w, account, of, uint64(i))})
	}
	date := func(year int, month time.Month, day int) ledger.Date {
		return ledger.Date{Year: year, Month: month, Day: day}
	}
	for _, zone := range []string{"", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"} {
		for _, asked := range []domain.Range{
			between(day(time.March, 8), day(time.March, 9)), between(day(time.March, 5), day(time.March, 12)),
			between(date(2025, time.November, 2), date(2025, time.November, 3)), between(date(2025, time.October, 20), date(2025, time.November, 10)),
		} {
			for _, compare := range []domain.Comparison{"", domain.ComparisonPreviousPeriod, domain.ComparisonPreviousYear} {
				performance := campaign.PerformanceQuery{Range: asked, Compare: string(compare), Zone: zone}
				daily, hourly := campaign.SeriesQuery{Range: asked, Zone: zone}, campaign.SeriesQuery{Range: asked, Zone: zone, Hourly: true}
				request := campaign.PageRequest{Performance: []campaign.PerformanceQuery{performance}, Series: []campaign.SeriesQuery{daily, hourly}}
				for _, s := range subjects {
					request.Campaigns = append(request.Campaigns, s.ref)
				}
				page := w.campaignPage(advertiser(owner), request)
				for _, s := range subjects {
					in := s.zone
					if zone != "" {
						in = zone
					}
					checkPerformance(t, adSectionOf[campaign.Performance](t, page, s.ref, performance), s.deeds, in, compare, asked)
					checkDays(t, adSectionOf[campaign.Series](t, page, s.ref, daily), s.deeds, in, asked)
					checkBuckets(t, adSectionOf[campaign.Series](t, page, s.ref, hourly), s.deeds, in, asked)
				}
			}
		}
	}
}

func checkPerformance(t *testing.T, got campaign.Performance, deeds []deed, zone string, compare domain.Comparison, asked domain.Range) {
	t.Helper()
	location, err := domain.LoadZone(zone)
	if err != nil {
		t.Fatal(err)
	}
	dates := domain.Dates{From: asked.From, To: asked.To}
	want := campaign.Performance{From: asked.From, To: asked.To, Zone: zone}
	want.Totals, _ = figures(deeds, location, dates)
	if compare != "" {
		before := dates.Previous(compare)
		sum, _ := figures(deeds, location, before)
		want.ComparedFrom, want.ComparedTo, want.Compared = before.From, before.To, &sum
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, %v, compared with %q (-want +got):\n%s", zone, asked, compare, diff)
	}
}

func checkDays(t *testing.T, got campaign.Series, deeds []deed, zone string, asked domain.Range) {
	t.Helper()
	location, err := domain.LoadZone(zone)
	if err != nil {
		t.Fatal(err)
	}
	_, days := figures(deeds, location, domain.Dates{From: asked.From, To: asked.To})
	want := campaign.Series{From: asked.From, To: asked.To, Zone: zone}
	for date, sum := range days {
		want.Points = append(want.Points, campaign.SeriesPoint{Day: date, Metrics: sum})
	}
	slices.SortFunc(want.Points, func(a, b campaign.SeriesPoint) int { return a.Day.Time().Compare(b.Day.Time()) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("days in %s, %v (-want +got):\n%s", zone, asked, diff)
	}
}

func checkBuckets(t *testing.T, got campaign.Series, deeds []deed, zone string, asked domain.Range) {
	t.Helper()
	location, err := domain.LoadZone(zone)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[time.Time]campaign.Metrics{}
	for _, d := range deeds {
		if sum, _ := figures([]deed{d}, location, domain.Dates{From: asked.From, To: asked.To}); sum == d.Metrics {
			bucket := d.at.Truncate(15 * time.Minute)
			sums[bucket] = plus(sums[bucket], d.Metrics)
		}
	}
	want := campaign.Series{From: asked.From, To: asked.To, Zone: zone}
	for bucket, sum := range sums {
		if sum != (campaign.Metrics{}) {
			want.Points = append(want.Points, campaign.SeriesPoint{BucketAt: bucket, Metrics: sum})
		}
	}
	slices.SortFunc(want.Points, func(a, b campaign.SeriesPoint) int { return a.BucketAt.Compare(b.BucketAt) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("quarters of an hour in %s, %v (-want +got):\n%s", zone, asked, diff)
	}
}

// TestLengthOfDays counts one click in every quarter of an hour: a day has as many
// as its clocks have, and begins when they show midnight.
func TestLengthOfDays(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	of := w.campaign(account, "Always", nil)
	var rows []any
	for _, from := range []time.Time{time.Date(2026, time.March, 7, 0, 0, 0, 0, time.UTC), time.Date(2025, time.November, 1, 0, 0, 0, 0, time.UTC)} {
		for i := range 4 * 24 * 4 {
			rows = append(rows, analytics.RollupOf(analytics.Activity{
				Campaign: of.ID, At: from.Add(time.Duration(i) * 15 * time.Minute), Zone: time.UTC, Clicks: 1,
			}))
		}
	}
	w.write(of.Book, analytics.EffectRollup, rows...)
	november := ledger.Date{Year: 2025, Month: time.November, Day: 2}
	for name, test := range map[string]struct {
		zone   string
		on     ledger.Date
		begins time.Time
		clicks int64
	}{
		"day_of_23_hours": {"America/New_York", day(time.March, 8), time.Date(2026, time.March, 8, 5, 0, 0, 0, time.UTC), 92},
		"day_of_24_hours": {"America/New_York", day(time.March, 9), time.Date(2026, time.March, 9, 4, 0, 0, 0, time.UTC), 96},
		"day_of_25_hours": {"America/New_York", november, time.Date(2025, time.November, 2, 4, 0, 0, 0, time.UTC), 100},
		"kathmandu":       {"Asia/Kathmandu", day(time.March, 8), time.Date(2026, time.March, 7, 18, 15, 0, 0, time.UTC), 96},
	} {
		asked := between(test.on, domain.AddDays(test.on, 1))
		got := adSection[campaign.Performance](w, owner, of, campaign.PerformanceQuery{Range: asked, Zone: test.zone})
		if got.Totals.Clicks != test.clicks {
			t.Errorf("%s: %d clicks, want %d", name, got.Totals.Clicks, test.clicks)
		}
		points := adSection[campaign.Series](w, owner, of, campaign.SeriesQuery{Range: asked, Zone: test.zone, Hourly: true}).Points
		if int64(len(points)) != test.clicks || !points[0].BucketAt.Equal(test.begins) {
			t.Errorf("%s: %d points from %s, want %d from %s", name, len(points), points[0].BucketAt, test.clicks, test.begins)
		}
		days := adSection[campaign.Series](w, owner, of, campaign.SeriesQuery{Range: asked, Zone: test.zone}).Points
		if len(days) != 1 || days[0].Day != test.on || days[0].Clicks != test.clicks {
			t.Errorf("%s: days %+v", name, days)
		}
	}
}

// TestPresetsOfZones resolves a preset by the date in the ad account's zone at the
// snapshot's now, or in the zone asked for.
func TestPresetsOfZones(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	owner := newID()
	east := w.prepaidAccount(owner, "Pacific/Kiritimati") // where the second of March began two hours ago
	of := w.campaign(east, "Ahead", nil)
	w.active(east, of, began, campaign.Metrics{Clicks: 1})
	w.active(east, of, began.Add(-3*time.Hour), campaign.Metrics{Clicks: 10})
	today := domain.Range{Preset: domain.PresetToday}
	for zone, want := range map[string]campaign.Performance{
		"":    {From: day(time.March, 2), To: day(time.March, 3), Zone: "Pacific/Kiritimati", Totals: campaign.Metrics{Clicks: 1}},
		"UTC": {From: day(time.March, 1), To: day(time.March, 2), Zone: "UTC", Totals: campaign.Metrics{Clicks: 11}},
	} {
		got := adSection[campaign.Performance](w, advertiser(owner), of, campaign.PerformanceQuery{Range: today, Zone: zone})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("today in %q (-want +got):\n%s", zone, diff)
		}
	}
	if got := w.campaignPage(advertiser(owner), campaign.PageRequest{Campaigns: []campaign.Ref{of}}).Campaigns[0].SpentToday; got != 0 {
		t.Errorf("spent %d today", got)
	}
}

// TestNowIsNotBeforeTheBook reads with a clock that is a day behind the writer's.
func TestNowIsNotBeforeTheBook(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	ref, owner := w.openOwn()
	owner.OwnAdAccounts = true
	account := w.fundedAccount(ref, owner.Party, "UTC")
	of := w.campaign(account, "Late", func(r *campaign.Row) { r.StartsAt = began.Add(12 * time.Hour) })
	behind := w.db.NewReader(func() time.Time { return began })
	today := campaign.PerformanceQuery{Range: domain.Range{Preset: domain.PresetToday}}
	w.wait(24 * time.Hour)
	w.grant(ref, 1, ledger.OriginPlan, time.Time{})
	w.active(account, of, w.clock(), campaign.Metrics{SpendGross: 9})
	page, err := behind.CampaignPage(t.Context(), owner, campaign.PageRequest{Campaigns: []campaign.Ref{of}, Performance: []campaign.PerformanceQuery{today}})
	if err != nil {
		t.Fatal(err)
	}
	got := adSectionOf[campaign.Performance](t, page, of, today)
	if !page.Now.Equal(w.clock()) || got.From != day(time.March, 2) || got.Totals.SpendGross != 9 || page.Campaigns[0].SpentToday != 9 {
		t.Errorf("now %s, today %s with %d, spent today %d", page.Now, got.From, got.Totals.SpendGross, page.Campaigns[0].SpentToday)
	}
	if state := page.Campaigns[0].Delivery.State; state != campaign.DeliveryEligible {
		t.Errorf("a campaign that started hours ago is %s", state)
	}
}
