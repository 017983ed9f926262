package postgres

import (
	"slices"
	"strings"

	"purser/internal/analytics"
)

// list joins columns to a list.
func list(columns ...[]string) string { return strings.Join(slices.Concat(columns...), ", ") }

// grouped ends a step that adds rows up by columns, if there are any.
func grouped(columns ...[]string) string {
	if by := list(columns...); by != "" {
		return " GROUP BY " + by
	}
	return ""
}

// commodity is the key that the others are kept apart by, if it is one.
func (b *analyticsBuilder) commodity() []string {
	if slices.Contains(b.query.Dimensions, analytics.DimensionCommodity) {
		return analyticsKeys[analytics.DimensionCommodity].columns
	}
	return nil
}

// anonymous says which groups may be shown: analytics.Anonymous.
func (b *analyticsBuilder) anonymous(prefix string) string {
	enough := func(parties string) string {
		return "(" + parties + " = 0 OR " + parties + " >= " + b.bind(analytics.PartiesMin) + "::bigint)"
	}
	return "(" + enough(prefix+"parties") + " AND " + enough(prefix+"compared_parties") + ")"
}

// sumsOfFacts are the figures of both spans from rows of either.
func (b *analyticsBuilder) sumsOfFacts() []string {
	var sums []string
	for _, figure := range b.source.figures {
		sums = append(sums, "coalesce(sum("+figure+") FILTER (WHERE NOT compared), 0)::bigint AS "+figure)
	}
	for _, figure := range b.source.figures {
		sums = append(sums, "coalesce(sum("+figure+") FILTER (WHERE compared), 0)::bigint AS compared_"+figure)
	}
	return sums
}

// sums are the figures of rows that have both spans already.
func (b *analyticsBuilder) sums() []string {
	var sums []string
	for _, figure := range b.figures() {
		sums = append(sums, "coalesce(sum("+figure+"), 0)::bigint AS "+figure)
	}
	return sums
}

// groups are at most one more than may be found, so that those of a question that
// asks for too many are neither sorted nor sent. Those of aggregates come with how
// many parties they are of, and with these where they are too few.
func (b *analyticsBuilder) groups() string {
	end := " LIMIT " + b.bind(analytics.GroupsMax+1) + "::bigint)"
	if !b.aggregated {
		return "groups AS (SELECT " + list(b.keys(), b.sumsOfFacts()) + ", 0::bigint AS parties, 0::bigint AS compared_parties FROM facts" +
			grouped(b.keys()) + end
	}
	return "groups AS (SELECT " + list(b.keys(), b.sumsOfFacts(), b.membersOf("", "NOT compared"), b.membersOf("compared_", "compared")) +
		" FROM facts" + grouped(b.keys()) + " HAVING count(owner_id) > 0" + end
}

// membersOf are the columns with the distinct parties of a span: how many, and who
// they are.
func (b *analyticsBuilder) membersOf(prefix, span string) []string {
	count := "count(DISTINCT owner_id) FILTER (WHERE " + span + ")"
	return []string{
		count + " AS " + prefix + "parties",
		"CASE WHEN " + count + " < " + b.bind(analytics.PartiesMin) + "::bigint THEN array_agg(DISTINCT owner_id) FILTER (WHERE " + span + ") END AS " + prefix + "members",
	}
}

// few is what the groups come to that may not be shown, per commodity where that is
// a dimension. Their parties count once each, whatever the number of groups they
// are in.
func (b *analyticsBuilder) few() string {
	union := func(prefix string) string {
		text := "greatest(max(g." + prefix + "parties), (SELECT count(DISTINCT m.id) FROM groups f CROSS JOIN unnest(f." + prefix +
			"members) AS m (id) WHERE NOT " + b.anonymous("f.")
		for _, commodity := range b.commodity() {
			text += " AND f." + commodity + " = g." + commodity
		}
		return text + ")) AS " + prefix + "parties"
	}
	return "few AS (SELECT " + list(b.commodity(), b.sums(), []string{union(""), union("compared_")}) +
		", count(g.parties) AS number FROM groups g WHERE NOT " + b.anonymous("g.") + grouped(b.commodity()) + " HAVING count(g.parties) > 0)"
}

// ranked puts the groups that may be shown in order.
func (b *analyticsBuilder) ranked() string {
	var terms []string
	for _, order := range b.query.OrderBy {
		terms = append(terms, b.term(order))
	}
	for _, dimension := range b.query.Dimensions {
		terms = append(terms, b.term(analytics.Order{Dimension: dimension}))
	}
	order, from := "", "groups"
	if len(terms) > 0 {
		order = "ORDER BY " + strings.Join(terms, ", ")
	}
	if b.aggregated {
		from += " WHERE " + b.anonymous("")
	}
	return "ranked AS (SELECT " + list(b.keys(), b.figures()) + ", parties, compared_parties, row_number() OVER (" + order + ") AS rank FROM " + from + ")"
}

// term is one step of the order. Names are compared byte by byte, so that every
// server has the same order.
func (b *analyticsBuilder) term(order analytics.Order) string {
	direction := " ASC NULLS LAST"
	if order.Descending {
		direction = " DESC NULLS LAST"
	}
	if order.Metric != "" {
		return analyticsOrders[order.Metric] + direction
	}
	if order.Dimension == analytics.DimensionDate {
		return "day" + direction
	}
	columns := analyticsKeys[order.Dimension].columns
	terms := []string{columns[0] + ` COLLATE "C"` + direction}
	for _, column := range columns[1:] {
		terms = append(terms, column+direction)
	}
	return strings.Join(terms, ", ")
}

// kept are all groups with whether they are shown; those of few are none by
// themselves any more.
func (b *analyticsBuilder) kept() string {
	columns := list(b.figures(), []string{"parties", "compared_parties"})
	text := "kept AS (SELECT rank <= " + b.bind(b.query.Limit) + "::bigint AS shown, " + list(b.keys(), []string{columns}) +
		", 1::bigint AS number, rank FROM ranked"
	if !b.aggregated {
		return text + ")"
	}
	keys := []string{"false"}
	for _, key := range b.keys() {
		if !slices.Contains(b.commodity(), key) {
			key = "NULL"
		}
		keys = append(keys, key)
	}
	return text + " UNION ALL SELECT " + list(keys, []string{columns}) + ", number, NULL FROM few)"
}

// rows are the groups that are shown, in order, and what all others come to, with
// how many parties are in these at least: enough to decide, as all that are only
// beyond the limit have enough.
func (b *analyticsBuilder) rows() string {
	by := []string{"shown"}
	for _, dimension := range b.query.Dimensions {
		for _, column := range analyticsKeys[dimension].columns {
			if dimension != analytics.DimensionCommodity {
				column = "CASE WHEN shown THEN " + column + " END"
			}
			by = append(by, column)
		}
	}
	return "\n\tSELECT " + list(by, b.sums()) + ", max(parties), max(compared_parties), NOT shown AND max(rank) IS NOT NULL, sum(number)::bigint" +
		"\n\tFROM kept" + grouped(by) + " ORDER BY shown DESC, min(rank)"
}
