package postgres_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"purser/internal/analytics"
	"purser/ledger"
)

// text cuts the groups at the limit, folds them for aggregates, and prints them.
func (n *naive) text(groups []*naiveGroup) string {
	if n.scope.Aggregated {
		return n.folded(groups)
	}
	total := newNaiveGroup(make([]analytics.Cell, len(n.query.Dimensions)), n.common(groups))
	for _, group := range groups {
		total.add(group)
	}
	shown := groups[:min(len(groups), n.query.Limit)]
	return n.print(shown, total, len(groups) > len(shown))
}

// folded is the rule for aggregates as it is written, on sets of parties.
func (n *naive) folded(groups []*naiveGroup) string {
	var shown []*naiveGroup
	others := map[string]*naiveGroup{}
	truncated := false
	for _, group := range groups {
		if group.hides() && len(shown) < n.query.Limit {
			shown = append(shown, group)
			continue
		}
		truncated = truncated || group.hides()
		if others[group.commodity] == nil {
			others[group.commodity] = newNaiveGroup(make([]analytics.Cell, len(n.query.Dimensions)), group.commodity)
			others[group.commodity].other = true
			if i := slices.Index(n.query.Dimensions, analytics.DimensionCommodity); i >= 0 {
				others[group.commodity].cells[i] = group.cells[i]
			}
		}
		others[group.commodity].add(group)
	}
	for _, commodity := range []string{"", "CNX", "USD"} {
		other := others[commodity]
		if other == nil {
			continue
		}
		for !other.hides() {
			joining := n.joining(shown, other)
			if joining == nil {
				shown = slices.DeleteFunc(shown, func(g *naiveGroup) bool { return !g.other && g.commodity == commodity })
				break
			}
			other.add(joining)
			shown = slices.DeleteFunc(shown, func(g *naiveGroup) bool { return g == joining })
		}
		if other.hides() {
			shown = append(shown, other)
		}
	}
	if len(shown) == 0 {
		return n.print(nil, nil, truncated)
	}
	total := newNaiveGroup(make([]analytics.Cell, len(n.query.Dimensions)), n.common(shown))
	for _, group := range shown {
		total.add(group)
	}
	return n.print(shown, total, truncated)
}

// joining is the smallest group shown that has parties where those of other are too
// few, the last of equals.
func (n *naive) joining(shown []*naiveGroup, other *naiveGroup) *naiveGroup {
	var found *naiveGroup
	for _, group := range shown {
		if group.other || group.commodity != other.commodity {
			continue
		}
		helps := false
		for span, parties := range other.parties {
			few := len(parties) > 0 && len(parties) < 20
			helps = helps || (few && len(group.parties[span]) > 0)
		}
		size := func(g *naiveGroup) int { return len(g.parties[0]) + len(g.parties[1]) }
		if helps && (found == nil || size(group) <= size(found)) {
			found = group
		}
	}
	return found
}

// common is the commodity of all groups, "" where they have several.
func (n *naive) common(groups []*naiveGroup) string {
	if len(groups) == 0 {
		if slices.Contains(n.query.Dimensions, analytics.DimensionCommodity) && len(n.query.Filters) == 0 {
			return ""
		}
		return n.commodity(fact{keys: map[analytics.Dimension]analytics.StringCell{}})
	}
	for _, group := range groups {
		if group.commodity != groups[0].commodity {
			return ""
		}
	}
	return groups[0].commodity
}

func (n *naive) print(shown []*naiveGroup, total *naiveGroup, truncated bool) string {
	var text strings.Builder
	for _, group := range shown {
		fmt.Fprintf(&text, "%t %s\n", group.other, n.line(group))
	}
	if total != nil {
		fmt.Fprintf(&text, "total %s\n", n.line(total))
	}
	fmt.Fprintf(&text, "truncated %t\n", truncated)
	return text.String()
}

func (n *naive) line(group *naiveGroup) string {
	var cells []string
	for _, cell := range group.cells {
		cells = append(cells, cellText(cell))
	}
	for _, metric := range n.query.Metrics {
		now, before := group.value(metric, 0), group.value(metric, 1)
		cells = append(cells, n.figure(metric, now, group.commodity))
		if n.query.Compare == "" {
			continue
		}
		change := "null"
		if now != nil && before != nil && before.Sign() != 0 && (!isMoney(metric) || group.commodity != "") {
			difference := new(big.Rat).Sub(now, before)
			change = unsigned(difference.Quo(difference, new(big.Rat).Abs(before)).FloatString(4))
		}
		cells = append(cells, n.figure(metric, before, group.commodity), change)
	}
	return strings.Join(cells, " ")
}

func isMoney(metric analytics.Metric) bool {
	return slices.Contains([]analytics.Metric{analytics.SpendNet, analytics.SpendGross, analytics.Credits, analytics.MetricCPC}, metric)
}

func (n *naive) figure(metric analytics.Metric, value *big.Rat, commodity string) string {
	switch {
	case value == nil || (isMoney(metric) && commodity == ""):
		return "null"
	case metric == analytics.MetricCPC && commodity != string(ledger.CNX):
		return unsigned(new(big.Rat).Quo(value, big.NewRat(100, 1)).FloatString(4))
	case metric == analytics.MetricCPC:
		return unsigned(value.FloatString(4))
	case metric == analytics.MetricCTR:
		return unsigned(value.FloatString(6))
	case isMoney(metric):
		return value.FloatString(0) + commodity
	}
	return value.FloatString(0)
}

// unsigned prints zero without a sign, as numbers that are whole have none.
func unsigned(text string) string {
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

// textOf prints an answer.
func textOf(result *analytics.Result) string {
	var text strings.Builder
	line := func(row analytics.Row) string {
		cells := make([]string, len(row.Cells))
		for i, cell := range row.Cells {
			cells[i] = cellText(cell)
		}
		return strings.Join(cells, " ")
	}
	for _, row := range result.Rows {
		fmt.Fprintf(&text, "%t %s\n", row.Other, line(row))
	}
	if result.Totals != nil {
		fmt.Fprintf(&text, "total %s\n", line(*result.Totals))
	}
	fmt.Fprintf(&text, "truncated %t\n", result.Truncated)
	return text.String()
}

func cellText(cell analytics.Cell) string {
	switch cell := cell.(type) {
	case analytics.IntCell:
		return fmt.Sprint(int64(cell))
	case analytics.Decimal:
		return cell.String()
	case analytics.AmountCell:
		return fmt.Sprint(cell.Minor, cell.Commodity)
	case analytics.StringCell:
		return fmt.Sprintf("%s/%d/%s", cell.Text, cell.Ref.Book, cell.Ref.ID)
	case analytics.DateCell:
		return ledger.Date(cell).String()
	}
	return "null"
}
