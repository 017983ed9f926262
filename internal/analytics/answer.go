package analytics

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"purser/ledger"
)

// Found is what storage found: the groups that are shown, in the order asked for,
// at most Limit of them; and Rest, all others together, one for each value of
// COMMODITY where that is a dimension.
//
// For aggregates, Shown are such that Anonymous says yes to, and the parties of a
// Rest are counted over all its groups together.
type Found struct {
	Shown []Group
	Rest  []Group
	// Truncated says that the limit made a group part of Rest.
	Truncated bool
}

// Answer puts an answer together. It returns an error where a sum leaves 64 bits.
func (q Query) Answer(scope Scope, plan Plan, found Found, asOf time.Time) (*Result, error) {
	result := &Result{
		Dataset: q.Dataset, Columns: q.columns(), Rows: []Row{}, Truncated: found.Truncated, Range: plan.Range, Compared: plan.Compared,
		TimeZone: q.TimeZone, Source: plan.Source, AsOf: asOf, Watermark: asOf, Finality: Provisional,
	}
	if result.TimeZone == "" && plan.Source != SourceDaily {
		result.TimeZone = time.UTC.String()
	}
	if !asOf.Before(plan.EndsAt.Add(finalAfter)) {
		result.Finality = Final
	}
	rows, counted := found.Shown, slices.Concat(found.Shown, found.Rest)
	if scope.Aggregated {
		result.PartiesMin = PartiesMin
		var err error
		if rows, err = q.foldAll(found); err != nil {
			return nil, fmt.Errorf("answer a question: %w", err)
		}
		counted = rows
	}
	for _, group := range rows {
		result.Rows = append(result.Rows, Row{Cells: q.cells(group, q.commodityOf(group)), Other: group.Other})
	}
	if scope.Aggregated && len(rows) == 0 {
		return result, nil
	}
	total := Group{Keys: make([]Cell, len(q.Dimensions))}
	for _, group := range counted {
		if err := total.join(group); err != nil {
			return nil, fmt.Errorf("answer a question: %w", err)
		}
	}
	result.Totals = &Row{Cells: q.cells(total, q.commonCommodity(counted))}
	return result, nil
}

// foldAll folds the groups of each commodity by themselves, as amounts of two are
// never added. OTHER comes last, whatever the order: among the rows it would tell
// what it is made of.
func (q Query) foldAll(found Found) ([]Group, error) {
	rows := found.Shown
	rests := slices.SortedFunc(slices.Values(found.Rest), func(a, b Group) int { return cmp.Compare(q.commodityOf(a), q.commodityOf(b)) })
	for _, rest := range rests {
		of := q.commodityOf(rest)
		var err error
		if rows, err = fold(rows, rest, func(g Group) bool { return !g.Other && q.commodityOf(g) == of }); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// commodityOf returns the commodity of a group's amounts, "" where it has none.
func (q Query) commodityOf(group Group) string {
	i := slices.Index(q.Dimensions, DimensionCommodity)
	if i < 0 {
		return q.commodity()
	}
	text, _ := group.Keys[i].(StringCell)
	return text.Text
}

// commonCommodity returns the commodity of all groups, "" where they have several.
func (q Query) commonCommodity(groups []Group) string {
	if len(groups) == 0 {
		return q.commodity()
	}
	common := q.commodityOf(groups[0])
	if slices.ContainsFunc(groups, func(g Group) bool { return q.commodityOf(g) != common }) {
		return ""
	}
	return common
}

func (q Query) columns() []Column {
	var columns []Column
	for _, dimension := range q.Dimensions {
		info, _ := dimensionInfo(dimension)
		columns = append(columns, Column{Key: string(dimension), Label: info.Label, Type: info.Type, Dimension: dimension})
	}
	for _, metric := range q.Metrics {
		info, _ := metricInfo(metric)
		value := Column{Key: string(metric), Label: info.Label, Type: info.Type, Metric: metric}
		columns = append(columns, value)
		if q.Compare != "" {
			columns = append(columns,
				Column{Key: value.Key + ".previous", Label: value.Label + " before", Type: value.Type, Metric: metric},
				Column{Key: value.Key + ".change", Label: value.Label + " change", Type: TypeDecimal, Metric: metric})
		}
	}
	return columns
}

func (q Query) cells(group Group, commodity string) []Cell {
	cells := slices.Clone(group.Keys)
	for _, metric := range q.Metrics {
		info, _ := metricInfo(metric)
		now, before := info.value(group.Sums), info.value(group.Compared)
		cells = append(cells, info.cell(now, commodity))
		if q.Compare != "" {
			cells = append(cells, info.cell(before, commodity), info.change(now, before, commodity))
		}
	}
	return cells
}

// cell shows a value of a metric, in a commodity where the metric needs one.
func (m MetricInfo) cell(value Fraction, commodity string) Cell {
	var d Decimal
	var ok bool
	switch {
	case m.NeedsCommodity && commodity == "":
		return nil
	case m.Type == TypeAmount:
		return AmountCell{Commodity: ledger.Commodity(commodity), Minor: value.Num}
	case m.Type == TypeInt:
		return IntCell(value.Num)
	case m.NeedsCommodity:
		d, ok = value.RoundMajor(ledger.Commodity(commodity), m.scale)
	default:
		d, ok = value.Round(m.scale)
	}
	if !ok {
		return nil
	}
	return d
}

func (m MetricInfo) change(now, before Fraction, commodity string) Cell {
	change, ok := Change(now, before)
	if !ok || (m.NeedsCommodity && commodity == "") {
		return nil
	}
	return change
}
