package analytics

import (
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Source is what an answer is computed from.
type Source string

// The sources: the rollup per local day of each ad account, the one per quarter of
// an hour, and the ledger's journals.
const (
	SourceDaily       Source = "daily"
	SourceQuarterHour Source = "quarter-hour"
	SourceJournal     Source = "journal"
)

// Plan is a question with its dates.
type Plan struct {
	Source Source
	Spans  []Span
	// Range are the dates asked for and Compared those they are compared with.
	// Where ad accounts in several zones have each their own, they hold all.
	Range, Compared domain.Dates
	// EndsAt is when the range is over, in the last zone.
	EndsAt time.Time
}

// Span is a part of what is counted: for SourceDaily the dates of the ad accounts
// of one zone, otherwise a span of instants of one offset from UTC.
type Span struct {
	// Compared spans are of the dates compared with.
	Compared bool

	Zone  string
	Dates domain.Dates

	Segment

	// First is the first date asked for, and ShiftYears and ShiftDays what takes a
	// date that it is compared with to the date in its place: 29 February of a
	// year before to the 28th, and nothing before First.
	First                 ledger.Date
	ShiftYears, ShiftDays int
}

// NeedsZones reports whether the plan depends on the zones of ad accounts.
func (q Query) NeedsZones() bool { return q.source() == SourceDaily }

func (q Query) source() Source {
	switch {
	case q.Dataset == WalletFlows:
		return SourceJournal
	case q.TimeZone == "":
		return SourceDaily
	default:
		return SourceQuarterHour
	}
}

// Plan finds out the dates of a question at now. zones are those of the ad accounts
// it is about; they matter where NeedsZones. It returns a *QueryError for a range
// beyond a limit.
func (q Query) Plan(zones []string, now time.Time) (Plan, error) {
	plan := Plan{Source: q.source()}
	if !q.NeedsZones() {
		zones = []string{q.TimeZone}
		if q.TimeZone == "" {
			zones[0] = time.UTC.String()
		}
	} else if len(zones) == 0 {
		zones = []string{time.UTC.String()} // no ad account: the dates are only told
	}
	for _, name := range zones {
		zone, err := domain.LoadZone(name)
		if err != nil {
			return Plan{}, fmt.Errorf("plan a question: %w", err)
		}
		if err := q.planIn(&plan, zone, now); err != nil {
			return Plan{}, err
		}
	}
	return plan, nil
}

// planIn adds the spans of one zone.
func (q Query) planIn(plan *Plan, zone *time.Location, now time.Time) error {
	dates, err := q.resolve(zone, now)
	if err != nil {
		return err
	}
	if err := q.checkDays(dates); err != nil {
		return err
	}
	plan.Range = union(plan.Range, dates)
	if ends := StartOfDay(dates.To, zone).UTC(); ends.After(plan.EndsAt) {
		plan.EndsAt = ends
	}
	plan.add(Span{Dates: dates, First: dates.From}, zone)
	if q.Compare == domain.ComparisonNone {
		return nil
	}
	before := Span{Compared: true, Dates: dates.Previous(q.Compare), First: dates.From}
	if q.Compare == domain.ComparisonPreviousYear {
		before.ShiftYears = 1
	} else {
		before.ShiftDays = dates.Days()
	}
	plan.Compared = union(plan.Compared, before.Dates)
	plan.add(before, zone)
	return nil
}

func (p *Plan) add(span Span, zone *time.Location) {
	if p.Source == SourceDaily {
		span.Zone = zone.String()
		p.Spans = append(p.Spans, span)
		return
	}
	for _, segment := range Segments(span.Dates, zone) {
		span.Segment = segment
		p.Spans = append(p.Spans, span)
	}
}

// union returns the span that holds both; the zero span holds nothing.
func union(a, b domain.Dates) domain.Dates {
	if a == (domain.Dates{}) {
		return b
	}
	if b.From.Time().Before(a.From.Time()) {
		a.From = b.From
	}
	if b.To.Time().After(a.To.Time()) {
		a.To = b.To
	}
	return a
}
