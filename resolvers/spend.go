package resolvers

import (
	"fmt"
	"time"

	"purser/graph/model"
	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// foreignDaysMax bounds a series in another zone than the wallet's.
const foreignDaysMax = 92

// spendPlan is a series of buckets of local time. Its query reads the same for
// every zone, so that it is known before the wallet's zone is; which bucket a point
// is in is then a matter of its own local date, which no change of clocks makes
// ambiguous.
type spendPlan struct {
	query    wallet.SpendQuery
	asked    domain.Range
	now      time.Time   // by which a preset is resolved
	from, to ledger.Date // widened to whole buckets, once the zone is known
	grain    analytics.Grain
	zoneName string // "" for the wallet's
	zone     *time.Location
}

func planSpend(dates model.DateRangeInput, grain model.Grain, timeZone *string, now time.Time) (spendPlan, error) {
	plan := spendPlan{grain: analytics.Grain(grain), now: now}
	var err error
	if plan.asked, err = rangeOf("range", dates); err != nil {
		return plan, err
	}
	if timeZone != nil {
		if _, err := domain.LoadZone(*timeZone); err != nil {
			return plan, invalidArgument("timeZone", "timeZone must be an IANA time zone such as Asia/Kathmandu")
		}
		plan.zoneName = *timeZone
	}
	widest, err := plan.asked.Widest(now)
	if err != nil {
		return plan, fmt.Errorf("plan a wallet's spend: %w", err)
	}
	from, to := plan.buckets(widest)
	plan.query = wallet.SpendQuery{From: from.Time().Add(-domain.ZoneOffsetMax), To: to.Time().Add(domain.ZoneOffsetMax)}
	return plan, nil
}

// buckets widens dates to whole buckets.
func (p *spendPlan) buckets(dates domain.Dates) (from, to ledger.Date) {
	return p.grain.BucketOf(dates.From), p.grain.Next(p.grain.BucketOf(domain.AddDays(dates.To, -1)))
}

// locate fixes the zone, given the wallet's, and with it the dates that a preset
// means. It refuses a long range in another zone.
func (p *spendPlan) locate(walletZone string) error {
	if p.zoneName == "" {
		p.zoneName = walletZone
	}
	var err error
	if p.zone, err = domain.LoadZone(p.zoneName); err != nil {
		return fmt.Errorf("locate a wallet's spend: %w", err)
	}
	dates, err := p.asked.Resolve(p.zone, p.now)
	if err != nil {
		return fmt.Errorf("locate a wallet's spend: %w", err)
	}
	if p.zoneName != walletZone {
		if err := checkDays("range", "in another time zone than the wallet's ", dates, foreignDaysMax); err != nil {
			return err
		}
	}
	p.from, p.to = p.buckets(dates)
	return nil
}

// series spreads points over the buckets as of now. It returns an error when the
// sum leaves 64 bits.
func (p *spendPlan) series(points []wallet.SpendPoint, now time.Time) (*model.SpendSeries, error) {
	net := map[ledger.Date]int64{}
	for _, point := range points {
		bucket := p.grain.BucketOf(domain.DateIn(p.zone, point.BucketAt))
		sum, ok := addChecked(net[bucket], point.Net)
		if !ok {
			return nil, fmt.Errorf("spend in the bucket of %s leaves 64 bits", bucket)
		}
		net[bucket] = sum
	}
	series := &model.SpendSeries{
		AsOf: now, TimeZone: p.zoneName, Grain: model.Grain(p.grain), Commodity: model.CommodityCnx,
		Timestamps: []*time.Time{}, Spend: []*int64{}, Partial: []int32{},
	}
	for date := p.from; date != p.to; date = p.grain.Next(date) {
		start, end := analytics.StartOfDay(date, p.zone).UTC(), analytics.StartOfDay(p.grain.Next(date), p.zone)
		series.Timestamps = append(series.Timestamps, &start)
		if !start.Before(now) {
			series.Spend = append(series.Spend, nil)
			continue
		}
		if end.After(now) {
			series.Partial = append(series.Partial, int32(len(series.Spend)))
		}
		value := net[date]
		series.Spend = append(series.Spend, &value)
		var fits bool
		if series.Total, fits = addChecked(series.Total, value); !fits {
			return nil, fmt.Errorf("spend from %s to %s leaves 64 bits", p.from, p.to)
		}
	}
	return series, nil
}

// addChecked returns a+b, and ok=false where the sum leaves 64 bits.
func addChecked(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}
