package demo

import (
	"context"
	"fmt"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
)

const (
	// surgeFactor multiplies the clicks of a surge, which lasts surgeLasts and in
	// which nearly every impression is clicked.
	surgeFactor = 10
	surgeLasts  = 2 * time.Hour
	// refillsEnd is how long before the end of history nobody sets more aside, so
	// that what wallets are given last is still there to see.
	refillsEnd = stretch
)

// seasons say how busy the marketplace is in each month.
var seasons = [12]float64{1, 1.05, 1.05, 1.05, 1, 0.95, 0.9, 0.85, 1.05, 1.1, 1.1, 0.8}

// hoursMean is the average of hours.
var hoursMean = func() float64 {
	var total int
	for _, weight := range hours {
		total += weight
	}
	return float64(total) / float64(len(hours))
}()

// planClicks plans, at the beginning of a local day, the activity of that day and
// the next planning, for as long as the campaign may run.
func (g *generator) planClicks(c *advert, midnight time.Time) {
	if ends := c.schedule.EndsAt; !ends.IsZero() && !midnight.Before(ends) {
		return
	}
	g.agenda.plan(midnight, func() error {
		if row, there := g.books.campaign(c.ref); !there || !unfinished(row.Status) {
			return nil
		}
		for _, hour := range c.activeHours(midnight) {
			at := hour.Add(time.Hour + milliseconds(c.rng, 15*time.Minute))
			minute := hour.Add(time.Duration(c.rng.IntN(60)) * time.Minute)
			g.agenda.plan(at, func() error { return g.click(c, hour, minute) })
		}
		g.planClicks(c, nextMidnight(midnight, c.account.zone))
		return nil
	})
}

// activeHours draws the hours of one local day in which people click, each by its
// beginning. A day that changes the clock has 23 or 25 to draw from.
func (c *advert) activeHours(midnight time.Time) []time.Time {
	var all []time.Time
	var weights []int
	for at := midnight; at.Before(nextMidnight(midnight, c.account.zone)); at = at.Add(time.Hour) {
		weight := hours[at.Hour()]
		if c.surges(at) {
			weight = 0 // drawn already
		}
		all, weights = append(all, at), append(weights, weight)
	}
	mean := c.perDay * weekdays[midnight.Weekday()] * seasons[midnight.Month()-1]
	n := int(mean)
	if chance(c.rng, mean-float64(n)) {
		n++
	}
	var drawn []time.Time
	for range min(n, len(all)-int(surgeLasts/time.Hour)) {
		i := weighted(c.rng, weights)
		weights[i] = 0
		drawn = append(drawn, all[i])
	}
	for _, at := range all {
		if c.surges(at) {
			drawn = append(drawn, at)
		}
	}
	return drawn
}

func (c *advert) surges(hour time.Time) bool {
	return !c.surge.IsZero() && !hour.Before(c.surge) && hour.Before(c.surge.Add(surgeLasts))
}

// click charges what happened in an hour, as of one minute of it, if the campaign
// was shown at all.
func (g *generator) click(c *advert, hour, minute time.Time) error {
	row, there := g.books.campaign(c.ref)
	if !there || row.Status != campaign.StatusEnabled || row.Totals.Remaining() <= 0 {
		return nil
	}
	clicks := 1 + int64(poisson(c.rng, c.perHour*float64(hours[hour.Hour()])/hoursMean))
	impressions := clicks * c.shown * (60 + c.rng.Int64N(81)) / 100
	if c.surges(hour) {
		clicks *= surgeFactor
		impressions = clicks + c.rng.Int64N(clicks)
	}
	price := c.bid - c.rng.Int64N(c.bid/2+1)
	allowed := c.allowance(row, g.books.spentOn(c.ref, domain.DateIn(c.account.zone, minute))) / price
	if allowed == 0 {
		return nil
	}
	clicks = min(clicks, allowed)
	// Whoever clicks while the last click is being paid for is served all the same.
	if clicks*price >= row.Totals.Remaining() && clicks < allowed {
		clicks++
	}
	if err := g.charge(c, hour, minute, clicks, max(impressions, clicks), clicks*price); err != nil {
		return err
	}
	g.watch(c)
	return nil
}

// allowance is what the campaign's budget still allows.
func (c *advert) allowance(row campaign.Row, spentToday int64) int64 {
	if row.Budget.Type == campaign.BudgetDaily {
		return max(0, row.Budget.AmountMinor-spentToday)
	}
	return max(0, row.Budget.AmountMinor-row.Totals.Consumed)
}

func (g *generator) charge(c *advert, hour, minute time.Time, clicks, impressions, charge int64) error {
	return g.done(g.campaign.Charge(context.Background(), g.caller, campaign.Charge{
		Key: g.key(), Campaign: c.ref, Batch: fmt.Sprintf("%05d-%s", c.index, hour.UTC().Format("20060102T1504")), MinuteAt: minute,
		Impressions: impressions, Clicks: clicks, Charge: charge,
	}))
}

// watch plans that the owner sets more aside when little is left, in a campaign that
// goes on.
func (g *generator) watch(c *advert) {
	row, _ := g.books.campaign(c.ref)
	wait := 20*time.Minute + milliseconds(c.rng, 70*time.Minute)
	at := g.books.at.Add(wait)
	switch {
	case !c.refills || c.refilling || row.Totals.Remaining() >= c.burn:
	case at.After(g.load.EndsAt.Add(-refillsEnd)), !row.EndsAt.IsZero() && at.After(row.EndsAt.Add(-day)):
	case c.allowance(row, 0) < c.burn:
	default:
		c.refilling = true
		g.agenda.plan(at, func() error { return g.refill(c) })
	}
}
