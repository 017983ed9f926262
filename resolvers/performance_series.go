package resolvers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"purser/graph/model"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/ledger"
)

const (
	// quarterHourDaysMax and hourDaysMax bound a series by the length of its
	// buckets, to some 750 of them.
	quarterHourDaysMax = 7
	hourDaysMax        = 31
)

// seriesPlan is what the arguments of a series mean.
type seriesPlan struct {
	query campaign.SeriesQuery
	grain model.SeriesGrain
}

func planSeries(asked domain.Range, grain model.SeriesGrain, timeZone *string) (seriesPlan, error) {
	plan := seriesPlan{grain: grain, query: campaign.SeriesQuery{Range: asked, Hourly: isOfClock(grain)}}
	if timeZone == nil {
		return plan, nil
	}
	if _, err := domain.LoadZone(*timeZone); err != nil {
		return plan, invalidArgument("timeZone", "timeZone must be an IANA time zone such as Asia/Kathmandu")
	}
	plan.query.Zone = *timeZone
	return plan, nil
}

// isOfClock reports whether buckets are shorter than a day.
func isOfClock(grain model.SeriesGrain) bool {
	return grain == model.SeriesGrainHour || grain == model.SeriesGrainQuarterHour
}

// daysMax is the limit of a grain, foreign the one of another zone than the ad
// account's if that is less.
func (p seriesPlan) daysMax(foreign bool) (argument, condition string, daysMax int) {
	switch {
	case p.grain == model.SeriesGrainQuarterHour:
		return "grain", "with grain QUARTER_HOUR ", quarterHourDaysMax
	case p.grain == model.SeriesGrainHour:
		return "grain", "with grain HOUR ", hourDaysMax
	case foreign:
		return "timeZone", "with another time zone than the ad account's ", foreignDaysMax
	default:
		return "range", "", rangeDaysMax
	}
}

// check refuses more days than the grain and the zone allow.
func (p seriesPlan) check(dates domain.Dates, foreign bool) error {
	argument, condition, daysMax := p.daysMax(foreign)
	return checkDays(argument, condition, dates, daysMax)
}

// fitsEveryZone reports whether the range has few enough days whatever the zone is
// in which it is resolved. It is 30 hours at most from the date of one zone to that
// of another, which are three dates.
func (p seriesPlan) fitsEveryZone(now time.Time) bool {
	for _, at := range []time.Time{now.Add(-domain.ZoneOffsetMax), now, now.Add(domain.ZoneOffsetMax)} {
		dates, err := p.query.Range.Resolve(time.UTC, at)
		if err != nil || p.check(dates, p.query.Zone != "") != nil {
			return false
		}
	}
	return true
}

// Series implements graph.PerformanceResolver.
func (p performanceResolver) Series(ctx context.Context, obj *model.Performance, grain model.SeriesGrain, timeZone *string) (*model.PerformanceSeries, error) {
	of, ok := obj.Of.(performanceOf)
	if !ok {
		return nil, fmt.Errorf("series of a performance of %T", obj.Of)
	}
	plan, err := planSeries(of.asked, grain, timeZone)
	if err != nil {
		return nil, err
	}
	zoneName := of.timeZone
	if plan.query.Zone != "" {
		zoneName = plan.query.Zone
	}
	zone, err := domain.LoadZone(zoneName)
	if err != nil {
		return nil, fmt.Errorf("series of campaign %s: %w", of.campaign.ID, err)
	}
	dates, err := of.asked.Resolve(zone, obj.AsOf)
	if err != nil {
		return nil, fmt.Errorf("series of campaign %s: %w", of.campaign.ID, err)
	}
	if err := plan.check(dates, zoneName != of.timeZone); err != nil {
		return nil, err
	}
	found, now, err := campaignSection[campaign.Series](ctx, of.campaign, plan.query)
	if err != nil {
		return nil, err
	}
	buckets := bucketsOf(domain.Dates{From: found.From, To: found.To}, grain, zone)
	series := &model.PerformanceSeries{TimeZone: zoneName, Grain: grain, Commodity: model.Commodity(of.commodity), Watermark: now}
	sums, err := buckets.sum(found.Points)
	if err != nil {
		return nil, fmt.Errorf("series of campaign %s: %w", of.campaign.ID, err)
	}
	buckets.fill(ctx, series, sums)
	return series, nil
}

// sum adds points, which are in order, up per bucket. It returns an error where a
// sum leaves 64 bits.
func (b *buckets) sum(points []campaign.SeriesPoint) ([]campaign.Metrics, error) {
	sums := make([]campaign.Metrics, len(b.starts))
	at := 0
	for i := range points {
		for at+1 < len(sums) && b.beginsBy(at+1, &points[i]) {
			at++
		}
		if err := addMetrics(&sums[at], &points[i].Metrics); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

func addMetrics(sum, more *campaign.Metrics) error {
	fits := true
	add := func(to *int64, n int64) {
		var ok bool
		*to, ok = addChecked(*to, n)
		fits = fits && ok
	}
	add(&sum.Impressions, more.Impressions)
	add(&sum.Clicks, more.Clicks)
	add(&sum.BillableClicks, more.BillableClicks)
	add(&sum.SpendGross, more.SpendGross)
	add(&sum.Credits, more.Credits)
	add(&sum.Unbilled, more.Unbilled)
	if !fits {
		return fmt.Errorf("add figures of a bucket: a sum leaves 64 bits")
	}
	return nil
}

// fill computes the lists of a series that are selected, up to its watermark.
func (b *buckets) fill(ctx context.Context, series *model.PerformanceSeries, sums []campaign.Metrics) {
	begun, _ := slices.BinarySearchFunc(b.starts, series.Watermark, time.Time.Compare)
	commodity := ledger.Commodity(series.Commodity)
	counts := func(of func(*campaign.Metrics) int64) []*int64 { return countsOf(sums, begun, of) }
	ratios := func(of func(campaign.Metrics) *scalar.Decimal) []*scalar.Decimal { return ratiosOf(sums, begun, of) }
	for _, field := range graphql.CollectFieldsCtx(ctx, []string{"PerformanceSeries"}) {
		switch field.Name {
		case "timestamps":
			series.Timestamps = b.timestamps()
		case "impressions":
			series.Impressions = counts(func(m *campaign.Metrics) int64 { return m.Impressions })
		case "clicks":
			series.Clicks = counts(func(m *campaign.Metrics) int64 { return m.Clicks })
		case "billableClicks":
			series.BillableClicks = counts(func(m *campaign.Metrics) int64 { return m.BillableClicks })
		case "spendGross":
			series.SpendGross = counts(func(m *campaign.Metrics) int64 { return m.SpendGross })
		case "credits":
			series.Credits = counts(func(m *campaign.Metrics) int64 { return m.Credits })
		case "spendNet":
			series.SpendNet = counts(func(m *campaign.Metrics) int64 { return m.SpendNet() })
		case "ctr":
			series.Ctr = ratios(ctrOf)
		case "avgCpc":
			series.AvgCpc = ratios(func(m campaign.Metrics) *scalar.Decimal { return avgCPCOf(commodity, m) })
		case "partial":
			series.Partial = b.partial(series.Watermark)
		}
	}
}

// countsOf returns a figure of each bucket, nil for those that have not begun.
func countsOf(sums []campaign.Metrics, begun int, of func(*campaign.Metrics) int64) []*int64 {
	list, values := make([]*int64, len(sums)), make([]int64, begun)
	for i := range begun {
		values[i] = of(&sums[i])
		list[i] = &values[i]
	}
	return list
}

// ratiosOf returns a ratio of each bucket, nil for those that have not begun and
// those without a denominator.
func ratiosOf(sums []campaign.Metrics, begun int, of func(campaign.Metrics) *scalar.Decimal) []*scalar.Decimal {
	list := make([]*scalar.Decimal, len(sums))
	for i := range begun {
		list[i] = of(sums[i])
	}
	return list
}
