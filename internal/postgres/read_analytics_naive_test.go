package postgres_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/ledger"
)

// naive answers a question the long way: fact by fact, with sets of parties and
// fractions that are never rounded before they are printed.
type naive struct {
	scope  analytics.Scope
	query  analytics.Query
	now    time.Time
	groups map[string]*naiveGroup
}

type naiveGroup struct {
	cells        []analytics.Cell
	commodity    string
	sums         [2]map[string]int64 // by figure
	transactions [2]map[string]bool
	parties      [2]map[ledger.ID]bool
	other        bool
}

func newNaiveGroup(cells []analytics.Cell, commodity string) *naiveGroup {
	g := &naiveGroup{cells: cells, commodity: commodity}
	for i := range 2 {
		g.sums[i], g.transactions[i], g.parties[i] = map[string]int64{}, map[string]bool{}, map[ledger.ID]bool{}
	}
	return g
}

func (g *naiveGroup) add(other *naiveGroup) {
	for i := range 2 {
		for figure, value := range other.sums[i] {
			g.sums[i][figure] += value
		}
		for id := range other.transactions[i] {
			g.transactions[i][id] = true
		}
		for party := range other.parties[i] {
			g.parties[i][party] = true
		}
	}
}

// hides reports whether the group is of enough parties, or of none, in both spans.
func (g *naiveGroup) hides() bool {
	for _, parties := range g.parties {
		if len(parties) > 0 && len(parties) < 20 {
			return false
		}
	}
	return true
}

// answerNaively answers a question as text, in the form of textOf.
func answerNaively(scope analytics.Scope, query analytics.Query, all []fact, now time.Time) string {
	n := &naive{scope: scope, query: query, now: now, groups: map[string]*naiveGroup{}}
	if len(query.Dimensions) == 0 && !scope.Aggregated {
		n.groups[fmt.Sprint([]analytics.Cell{})] = newNaiveGroup(nil, n.commodity(fact{}))
	}
	for _, one := range all {
		if n.counts(one) {
			n.count(one)
		}
	}
	groups := make([]*naiveGroup, 0, len(n.groups))
	for _, group := range n.groups {
		groups = append(groups, group)
	}
	slices.SortFunc(groups, n.compare)
	return n.text(groups)
}

func (n *naive) counts(one fact) bool {
	if !n.scope.Aggregated && !n.scope.Caller.All && one.owner != n.scope.Caller.Party {
		return false
	}
	for _, filter := range n.query.Filters {
		key := one.keys[filter.Dimension]
		if !slices.Contains(filter.Values, key.Text) && !slices.Contains(filter.Refs, key.Ref) {
			return false
		}
	}
	return one.Figures != analytics.Figures{}
}

func (n *naive) count(one fact) {
	name := cmp.Or(n.query.TimeZone, one.zone)
	zone, err := domain.LoadZone(name)
	if err != nil {
		panic(err)
	}
	dates, err := n.query.Range.Resolve(zone, n.now)
	if err != nil {
		panic(err)
	}
	date := domain.DateIn(zone, one.at)
	if within(date, dates) {
		n.countOn(one, 0, date)
	}
	if before := dates.Previous(n.query.Compare); n.query.Compare != "" && within(date, before) {
		at := date.Time().AddDate(0, 0, dates.Days())
		if n.query.Compare == domain.ComparisonPreviousYear {
			if at = date.Time().AddDate(1, 0, 0); at.Month() != date.Month {
				at = at.AddDate(0, 0, -1) // 29 February
			}
		}
		if at.Before(dates.From.Time()) {
			at = dates.From.Time()
		}
		n.countOn(one, 1, ledger.DateOf(at))
	}
}

func within(date ledger.Date, dates domain.Dates) bool {
	return !date.Time().Before(dates.From.Time()) && date.Time().Before(dates.To.Time())
}

func (n *naive) countOn(one fact, span int, date ledger.Date) {
	var cells []analytics.Cell
	for _, dimension := range n.query.Dimensions {
		if dimension == analytics.DimensionDate {
			first := date.Time()
			for (n.query.Grain == analytics.GrainWeek && first.Weekday() != time.Monday) || (n.query.Grain == analytics.GrainMonth && first.Day() != 1) {
				first = first.AddDate(0, 0, -1)
			}
			cells = append(cells, analytics.DateCell(ledger.DateOf(first)))
			continue
		}
		cells = append(cells, one.keys[dimension])
	}
	key := fmt.Sprint(cells)
	if n.groups[key] == nil {
		n.groups[key] = newNaiveGroup(cells, n.commodity(one))
	}
	g := n.groups[key]
	for figure, value := range map[string]int64{
		"IMPRESSIONS": one.Impressions, "CLICKS": one.Clicks, "billable": one.BillableClicks, "SPEND_GROSS": one.SpendGross, "CREDITS": one.Credits,
		"UNITS_IN": one.UnitsIn, "UNITS_OUT": one.UnitsOut,
	} {
		g.sums[span][figure] += value
	}
	g.parties[span][one.owner] = true
	if one.transaction != "" {
		g.transactions[span][one.transaction] = true
	}
}

// commodity is that of a fact where the question keeps commodities apart.
func (n *naive) commodity(one fact) string {
	if slices.Contains(n.query.Dimensions, analytics.DimensionCommodity) {
		return one.keys[analytics.DimensionCommodity].Text
	}
	for _, filter := range n.query.Filters {
		if filter.Dimension == analytics.DimensionCommodity && len(filter.Values) == 1 {
			return filter.Values[0]
		}
	}
	return ""
}

// value is a metric as a fraction, nil for null.
func (g *naiveGroup) value(metric analytics.Metric, span int) *big.Rat {
	sums := g.sums[span]
	quotient := func(a, b int64) *big.Rat {
		if b == 0 {
			return nil
		}
		return big.NewRat(a, b)
	}
	switch metric {
	case analytics.SpendNet:
		return quotient(sums["SPEND_GROSS"]-sums["CREDITS"], 1)
	case analytics.MetricCTR:
		return quotient(sums["CLICKS"], sums["IMPRESSIONS"])
	case analytics.MetricCPC:
		return quotient(sums["SPEND_GROSS"], sums["billable"])
	case analytics.UnitsNet:
		return quotient(sums["UNITS_IN"]-sums["UNITS_OUT"], 1)
	case analytics.Transactions:
		return quotient(int64(len(g.transactions[span])), 1)
	default:
		return quotient(sums[string(metric)], 1)
	}
}

// compare is the order asked for, then that of the dimensions.
func (n *naive) compare(a, b *naiveGroup) int {
	for _, order := range n.query.OrderBy {
		if order.Metric == "" {
			i := slices.Index(n.query.Dimensions, order.Dimension)
			if c := signed(compareCells(a.cells[i], b.cells[i]), order.Descending); c != 0 {
				return c
			}
			continue
		}
		x, y := a.value(order.Metric, 0), b.value(order.Metric, 0)
		switch {
		case x == nil && y == nil:
		case x == nil:
			return 1
		case y == nil:
			return -1
		default:
			if c := signed(x.Cmp(y), order.Descending); c != 0 {
				return c
			}
		}
	}
	for i := range a.cells {
		if c := compareCells(a.cells[i], b.cells[i]); c != 0 {
			return c
		}
	}
	return 0
}

func signed(c int, descending bool) int {
	if descending {
		return -c
	}
	return c
}

func compareCells(a, b analytics.Cell) int {
	if x, isDate := a.(analytics.DateCell); isDate {
		return ledger.Date(x).Time().Compare(ledger.Date(b.(analytics.DateCell)).Time())
	}
	x, y := a.(analytics.StringCell), b.(analytics.StringCell)
	return cmp.Or(strings.Compare(x.Text, y.Text), cmp.Compare(x.Ref.Book, y.Ref.Book), bytes.Compare(x.Ref.ID[:], y.Ref.ID[:]))
}
