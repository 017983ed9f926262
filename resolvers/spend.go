package resolvers

import (
	"fmt"
	"time"

	"purser/graph/model"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

const (
	// foreignDaysMax bounds a series in another zone than the wallet's.
	foreignDaysMax = 92
	// zoneOffsetMax is more than any zone is away from UTC: what lies in a local
	// day of any zone lies in the UTC day widened by it.
	zoneOffsetMax = 15 * time.Hour
)

// spendPlan is a series of buckets of local time. Its query reads the same for
// every zone, so that it is known before the wallet's zone is; which bucket a point
// is in is then a matter of its own local date, which no change of clocks makes
// ambiguous.
type spendPlan struct {
	query    wallet.SpendQuery
	days     int
	from, to scalar.Date // widened to whole buckets
	grain    model.Grain
	zoneName string // "" for the wallet's
	zone     *time.Location
}

func planSpend(dates model.DateRangeInput, grain model.Grain, timeZone *string) (spendPlan, error) {
	plan := spendPlan{grain: grain}
	if err := checkRange("range", dates, rangeDaysMax); err != nil {
		return plan, err
	}
	if timeZone != nil {
		if _, err := wallet.LoadZone(*timeZone); err != nil {
			return plan, invalidArgument("timeZone", "timeZone must be an IANA time zone such as Asia/Kathmandu")
		}
		plan.zoneName = *timeZone
	}
	plan.days = int(ledger.Date(dates.To).Time().Sub(ledger.Date(dates.From).Time()).Hours() / 24)
	plan.from = plan.bucketOf(dates.From)
	plan.to = plan.next(plan.bucketOf(dates.To.AddDays(-1)))
	plan.query = wallet.SpendQuery{
		From: ledger.Date(plan.from).Time().Add(-zoneOffsetMax), To: ledger.Date(plan.to).Time().Add(zoneOffsetMax),
	}
	return plan, nil
}

// locate fixes the zone, given the wallet's. It refuses a long range in another.
func (p *spendPlan) locate(walletZone string) error {
	if p.zoneName == "" {
		p.zoneName = walletZone
	}
	if p.zoneName != walletZone && p.days > foreignDaysMax {
		return invalidArgument("range", "in another time zone than the wallet's expected at most %d days, got %d", foreignDaysMax, p.days)
	}
	var err error
	if p.zone, err = wallet.LoadZone(p.zoneName); err != nil {
		return fmt.Errorf("locate a wallet's spend: %w", err)
	}
	return nil
}

// bucketOf returns the first date of the bucket that a date is in.
func (p *spendPlan) bucketOf(date scalar.Date) scalar.Date {
	switch p.grain {
	case model.GrainWeek:
		sinceMonday := (int(ledger.Date(date).Time().Weekday()) + 6) % 7
		return date.AddDays(-sinceMonday)
	case model.GrainMonth:
		return scalar.Date{Year: date.Year, Month: date.Month, Day: 1}
	case model.GrainDay:
		return date
	}
	return date
}

// next returns the first date of the bucket after the one that begins at a date.
func (p *spendPlan) next(start scalar.Date) scalar.Date {
	switch p.grain {
	case model.GrainWeek:
		return start.AddDays(7)
	case model.GrainMonth:
		return p.bucketOf(start.AddDays(31))
	case model.GrainDay:
		return start.AddDays(1)
	}
	return start.AddDays(1)
}

// series spreads points over the buckets as of now. It returns an error when the
// sum leaves 64 bits.
func (p *spendPlan) series(points []wallet.SpendPoint, now time.Time) (*model.SpendSeries, error) {
	net := map[scalar.Date]int64{}
	for _, point := range points {
		bucket := p.bucketOf(scalar.DateOf(point.BucketAt.In(p.zone)))
		sum, ok := addChecked(net[bucket], point.Net)
		if !ok {
			return nil, fmt.Errorf("spend in the bucket of %s leaves 64 bits", bucket)
		}
		net[bucket] = sum
	}
	series := &model.SpendSeries{
		AsOf: now, TimeZone: p.zoneName, Grain: p.grain, Commodity: model.CommodityCnx,
		Timestamps: []*time.Time{}, Spend: []*int64{}, Partial: []int32{},
	}
	for date := p.from; date.Compare(p.to) < 0; date = p.next(date) {
		start, end := startOfDay(date, p.zone).UTC(), startOfDay(p.next(date), p.zone)
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

// startOfDay returns the first instant that has a date in a zone. It is not always
// midnight: where clocks go forward at midnight, the day begins later, and where
// they go back over it, midnight is there twice.
func startOfDay(date scalar.Date, zone *time.Location) time.Time {
	at := time.Date(date.Year, date.Month, date.Day, 0, 0, 0, 0, zone)
	begin, end := at.ZoneBounds()
	if scalar.DateOf(at).Compare(date) < 0 {
		return end // midnight was skipped and taken as before the change
	}
	if begin.IsZero() {
		return at
	}
	if scalar.DateOf(begin) != date {
		return at
	}
	// The clocks changed on this date, before or at the midnight found: the day
	// began with the change if the instant before it had another date.
	before := begin.Add(-time.Nanosecond)
	if scalar.DateOf(before) != date {
		return begin
	}
	return time.Date(date.Year, date.Month, date.Day, 0, 0, 0, 0, fixedAt(before))
}

// fixedAt is the zone in force at an instant, without changes.
func fixedAt(at time.Time) *time.Location {
	name, offset := at.Zone()
	return time.FixedZone(name, offset)
}

// addChecked returns a+b, and ok=false where the sum leaves 64 bits.
func addChecked(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}
