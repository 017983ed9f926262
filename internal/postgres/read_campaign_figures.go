package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// Figures of campaigns that the same snapshot has shown to be visible: $1 and $2
// are their books and ids, $3 and $4 the span that is read of each, $5 the place that
// the answer has for it. A campaign may have several spans.
//
// Local dates of the ad account's zone are in the daily rollup. Those of another
// zone are put together from quarters of an hour, between the very instants at which
// its clocks show the dates, however they change in between; $6 is the seconds that
// they are ahead of UTC, so that the process's database of zones decides and never
// the server's.
const (
	metricSums = `sum(m.impressions)::bigint, sum(m.clicks)::bigint, sum(m.billable_clicks)::bigint,
		sum(m.spend_gross)::bigint, sum(m.credits)::bigint, sum(m.unbilled)::bigint`
	metricColumns = `m.impressions, m.clicks, m.billable_clicks, m.spend_gross, m.credits, m.unbilled`

	dailyFigures = `
	FROM unnest($1::integer[], $2::uuid[], $3::date[], $4::date[], $5::integer[]) AS n (book_id, campaign_id, since, until, place)
	JOIN ad_rollups_daily m ON m.book_id = n.book_id AND m.campaign_id = n.campaign_id AND m.day >= n.since AND m.day < n.until`
	fineRows = `
	JOIN ad_rollups_15m m ON m.book_id = n.book_id AND m.campaign_id = n.campaign_id AND m.bucket_at >= n.since AND m.bucket_at < n.until`
	fineFigures = `
	FROM unnest($1::integer[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::integer[]) AS n (book_id, campaign_id, since, until, place)` + fineRows

	performanceSQL = `-- name: performance
	SELECT n.place, ` + metricSums + dailyFigures + `
	GROUP BY n.place`
	performanceFineSQL = `-- name: performance_fine
	SELECT n.place, ` + metricSums + fineFigures + `
	GROUP BY n.place`

	seriesDailySQL = `-- name: series_daily
	SELECT n.place, m.day, ` + metricColumns + dailyFigures + `
	ORDER BY n.place, m.day`
	seriesOtherDailySQL = `-- name: series_other_daily
	SELECT n.place, (m.bucket_at AT TIME ZONE 'UTC' + n.ahead * interval '1 second')::date AS day, ` + metricSums + `
	FROM unnest($1::integer[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::integer[])
		AS n (book_id, campaign_id, since, until, place, ahead)` + fineRows + `
	GROUP BY n.place, day
	ORDER BY n.place, day`
	seriesFineSQL = `-- name: series_fine
	SELECT n.place, m.bucket_at, ` + metricColumns + fineFigures + `
	ORDER BY n.place, m.bucket_at`
)

// dates are those of a range in a zone, at the page's instant.
func (p *campaignRead) dates(asked domain.Range, zone string) (domain.Dates, error) {
	location, err := domain.LoadZone(zone)
	if err != nil {
		return domain.Dates{}, err
	}
	return asked.Resolve(location, p.page.Now)
}

// zoneOf is the zone that a campaign's figures are asked for in.
func zoneOf(asked string, c campaign.Campaign) string {
	if asked == "" {
		return c.TimeZone
	}
	return asked
}

// elsewhere reports whether a zone asked for is another than an ad account's, so
// that its days are not in the daily rollup.
func (p *campaignRead) elsewhere(asked string) bool {
	for _, c := range p.found {
		if asked != "" && c.TimeZone != asked {
			return true
		}
	}
	return false
}

// spans are the columns that a statement on figures takes.
type spans struct {
	books        []ledger.BookID
	ids          []ledger.ID
	since, until []time.Time // dates as UTC midnights, or instants
	places       []int32
	ahead        []int32 // seconds
}

func (s *spans) add(c campaign.Campaign, since, until time.Time, place int, ahead time.Duration) {
	s.books, s.ids = append(s.books, c.Book), append(s.ids, c.ID)
	s.since, s.until = append(s.since, since), append(s.until, until)
	s.places, s.ahead = append(s.places, int32(place)), append(s.ahead, int32(ahead/time.Second))
}

// addDates adds what a campaign's statement reads for local dates: the dates, or
// with fine the instants that have them in a zone.
func (s *spans) addDates(c campaign.Campaign, dates domain.Dates, fine bool, zone string, place int) error {
	if !fine {
		s.add(c, dates.From.Time(), dates.To.Time(), place, 0)
		return nil
	}
	location, err := domain.LoadZone(zone)
	if err != nil {
		return err
	}
	for _, segment := range analytics.Segments(dates, location) {
		s.add(c, segment.From, segment.To, place, segment.Offset)
	}
	return nil
}

// columns are the parameters of a statement on figures.
func (s *spans) columns() []any { return []any{s.books, s.ids, s.since, s.until, s.places} }

// answered reads the rows of one section with scan, which adds them to answers:
// those of the campaigns found, in their order. A campaign without a row has the
// answer it began with: the query ran, and nothing is what it found.
func answered[Section any](p *campaignRead, query any, answers []Section, scan func(rows pgx.Rows) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		for i, c := range p.found {
			p.page.Sections[campaign.SectionKey{Of: c.Ref(), Query: query}] = answers[i]
		}
		return rows.Err()
	}
}

func (p *campaignRead) performance(batch *pgx.Batch, query campaign.PerformanceQuery) error {
	fine := p.elsewhere(query.Zone)
	answers, s := make([]campaign.Performance, len(p.found)), &spans{}
	for i, c := range p.found {
		var err error
		if answers[i], err = p.askPerformance(s, query, c, 2*i, fine); err != nil {
			return fmt.Errorf("performance of campaign %s: %w", c.ID, err)
		}
	}
	sql := performanceSQL
	if fine {
		sql = performanceFineSQL
	}
	batch.Queue(sql, s.columns()...).Query(answered(p, query, answers, func(rows pgx.Rows) error {
		var place int
		var m campaign.Metrics
		err := rows.Scan(&place, &m.Impressions, &m.Clicks, &m.BillableClicks, &m.SpendGross, &m.Credits, &m.Unbilled)
		if err != nil {
			return err
		}
		if answer := &answers[place/2]; place%2 == 0 {
			answer.Totals = m
		} else {
			*answer.Compared = m
		}
		return nil
	}))
	return nil
}

// askPerformance adds a campaign's spans and returns what is known of the answer.
// Its place is an even number, that of what it is compared with the next.
func (p *campaignRead) askPerformance(s *spans, query campaign.PerformanceQuery, c campaign.Campaign, place int, fine bool) (campaign.Performance, error) {
	answer := campaign.Performance{Zone: zoneOf(query.Zone, c)}
	dates, err := p.dates(query.Range, answer.Zone)
	if err == nil {
		err = s.addDates(c, dates, fine, answer.Zone, place)
	}
	if err != nil {
		return answer, err
	}
	answer.From, answer.To = dates.From, dates.To
	if query.Compare == "" {
		return answer, nil
	}
	before := dates.Previous(domain.Comparison(query.Compare))
	answer.ComparedFrom, answer.ComparedTo, answer.Compared = before.From, before.To, &campaign.Metrics{}
	return answer, s.addDates(c, before, fine, answer.Zone, place+1)
}

func (p *campaignRead) series(batch *pgx.Batch, query campaign.SeriesQuery) error {
	elsewhere := p.elsewhere(query.Zone)
	answers, s := make([]campaign.Series, len(p.found)), &spans{}
	for i, c := range p.found {
		zone := zoneOf(query.Zone, c)
		dates, err := p.dates(query.Range, zone)
		if err == nil {
			err = s.addDates(c, dates, query.Hourly || elsewhere, zone, i)
		}
		if err != nil {
			return fmt.Errorf("series of campaign %s: %w", c.ID, err)
		}
		answers[i] = campaign.Series{From: dates.From, To: dates.To, Zone: zone}
	}
	sql, columns := seriesDailySQL, s.columns()
	switch {
	case query.Hourly:
		sql = seriesFineSQL
	case elsewhere:
		sql, columns = seriesOtherDailySQL, append(columns, s.ahead)
	}
	batch.Queue(sql, columns...).Query(answered(p, query, answers, func(rows pgx.Rows) error {
		place, point, err := scanPoint(rows, query.Hourly)
		if err != nil {
			return err
		}
		answers[place].Points = append(answers[place].Points, point)
		return nil
	}))
	return nil
}

func scanPoint(rows pgx.Rows, fine bool) (place int, point campaign.SeriesPoint, err error) {
	var at time.Time
	err = rows.Scan(&place, &at, &point.Impressions, &point.Clicks, &point.BillableClicks, &point.SpendGross, &point.Credits, &point.Unbilled)
	if fine {
		point.BucketAt = at
	} else {
		point.Day = ledger.DateOf(at)
	}
	return place, point, err
}
