package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/internal/analytics"
	"purser/ledger"
)

// spans are the dates of the plan, as rows.
func (b *analyticsBuilder) spans(plan analytics.Plan) string {
	n := len(plan.Spans)
	compared, first, years, days := make([]bool, n), make([]time.Time, n), make([]int32, n), make([]int32, n)
	zones, fromDay, toDay := make([]string, n), make([]time.Time, n), make([]time.Time, n)
	fromAt, toAt, offsets := make([]time.Time, n), make([]time.Time, n), make([]int32, n)
	for i, span := range plan.Spans {
		compared[i], first[i], years[i], days[i] = span.Compared, span.First.Time(), int32(span.ShiftYears), int32(span.ShiftDays)
		zones[i], fromDay[i], toDay[i] = span.Zone, span.Dates.From.Time(), span.Dates.To.Time()
		fromAt[i], toAt[i], offsets[i] = span.From, span.To, int32(span.Offset/time.Second)
	}
	common := []string{
		b.bind(compared) + "::boolean[]", b.bind(first) + "::date[]", b.bind(years) + "::integer[]", b.bind(days) + "::integer[]",
	}
	columns := "compared, first_day, shift_years, shift_days"
	if plan.Source == analytics.SourceDaily {
		common = append(common, b.bind(zones)+"::text[]", b.bind(fromDay)+"::date[]", b.bind(toDay)+"::date[]")
		columns += ", time_zone, from_day, to_day"
	} else {
		common = append(common, b.bind(fromAt)+"::timestamptz[]", b.bind(toAt)+"::timestamptz[]", b.bind(offsets)+"::integer[]")
		columns += ", from_at, to_at, utc_offset"
	}
	return "spans (" + columns + ") AS (SELECT " + columns + " FROM unnest(" + strings.Join(common, ", ") + ") AS n (" + columns + "))"
}

// facts are the rows of the dates asked for and of those compared with, each found
// by their own bounds: from the spans, which differ by zone, the planner could not
// tell how few they are.
func (b *analyticsBuilder) facts(plan analytics.Plan) string {
	columns := []string{"compared", "owner_id"}
	for _, dimension := range b.query.Dimensions {
		columns = append(columns, analyticsKeys[dimension].columns...)
	}
	text := "facts (" + list(columns, b.source.figures) + ") AS (" + b.rowsOf(plan, false)
	if b.query.Compare != "" {
		text += "\n\t\tUNION ALL" + b.rowsOf(plan, true)
	}
	return text + "\n\t)"
}

// rowsOf are the rows of the source in the spans that are compared with, or in the
// others.
func (b *analyticsBuilder) rowsOf(plan analytics.Plan, compared bool) string {
	values, each := []string{"s.compared", b.source.party}, slices.Clone(b.source.each)
	for _, dimension := range b.query.Dimensions {
		key := analyticsKeys[dimension]
		if dimension == analytics.DimensionDate {
			key.values = []string{b.day()}
		}
		values = append(values, key.values...)
		if each != nil {
			each = append(each, key.values...)
		}
	}
	first, last := b.bounds(plan, compared)
	where := "s.compared = " + strconv.FormatBool(compared) + " AND " + b.source.at + " >= " + first + " AND " + b.source.at + " < " + last + b.source.where
	for _, filter := range b.query.Filters {
		where += " AND " + b.matches(filter)
	}
	return "\n\t\tSELECT " + list(values, b.source.values) + "\n\t\tFROM " + b.source.from + "\n\t\tWHERE " + where + grouped(each)
}

// bounds are bound to what holds all spans of one kind.
func (b *analyticsBuilder) bounds(plan analytics.Plan, compared bool) (first, last string) {
	var from, to time.Time
	for _, span := range plan.Spans {
		begins, ends := span.From, span.To
		if plan.Source == analytics.SourceDaily {
			begins, ends = span.Dates.From.Time(), span.Dates.To.Time()
		}
		if span.Compared == compared && (from.IsZero() || begins.Before(from)) {
			from = begins
		}
		if span.Compared == compared && ends.After(to) {
			to = ends
		}
	}
	kind := "::timestamptz"
	if plan.Source == analytics.SourceDaily {
		kind = "::date"
	}
	return b.bind(from) + kind, b.bind(to) + kind
}

// day is the first date of a row's bucket. A row of the dates compared with is
// where it is compared: as many days or years later.
func (b *analyticsBuilder) day() string {
	return "date_trunc(" + b.bind(strings.ToLower(string(b.query.Grain))) + "::text, greatest(" + b.source.day +
		" + make_interval(years => s.shift_years, days => s.shift_days), s.first_day::timestamp))::date"
}

// matches is the condition of a filter.
func (b *analyticsBuilder) matches(filter analytics.Filter) string {
	matches := analyticsKeys[filter.Dimension].matches
	if len(analyticsKeys[filter.Dimension].columns) == 1 {
		return fmt.Sprintf(matches, b.bind(filter.Values))
	}
	books, ids := make([]ledger.BookID, len(filter.Refs)), make([]ledger.ID, len(filter.Refs))
	for i, ref := range filter.Refs {
		books[i], ids[i] = ref.Book, ref.ID
	}
	return fmt.Sprintf(matches, b.bind(books), b.bind(ids))
}
