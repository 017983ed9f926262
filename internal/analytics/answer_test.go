package analytics_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/ledger"
)

func text(s string) analytics.Cell { return analytics.StringCell{Text: s} }

// answer puts an answer together, which must not fail.
func answer(t *testing.T, scope analytics.Scope, query analytics.Query, found analytics.Found) *analytics.Result {
	t.Helper()
	if err := query.Validate(scope); err != nil {
		t.Fatal(err)
	}
	now := instant(t, "2026-05-14T12:00:00Z")
	plan, err := query.Plan([]string{"UTC"}, now)
	if err != nil {
		t.Fatal(err)
	}
	result, err := query.Answer(scope, plan, found, now)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// lines prints rows, and totals as the last.
func lines(result *analytics.Result) (printed []string) {
	print := func(row analytics.Row) string {
		line := ""
		for _, cell := range row.Cells {
			switch cell := cell.(type) {
			case nil:
				line += "null "
			case analytics.StringCell:
				line += cell.Text + " "
			case analytics.AmountCell:
				line += fmt.Sprint(cell.Minor) + string(cell.Commodity) + " "
			case analytics.DateCell:
				line += ledger.Date(cell).String() + " "
			default:
				line += fmt.Sprint(cell) + " "
			}
		}
		if row.Other {
			line += "(other)"
		}
		return line
	}
	for _, row := range result.Rows {
		printed = append(printed, print(row))
	}
	if result.Totals != nil {
		printed = append(printed, "total "+print(*result.Totals))
	}
	return printed
}

// Each metric is followed by its previous value and its change, which is null where
// there is nothing to compare with; ratios are of sums, also in the totals.
func TestAnswersCompare(t *testing.T) {
	t.Parallel()
	query := analytics.Query{
		Dataset: analytics.AdSpend, Dimensions: []analytics.Dimension{analytics.DimensionProduct}, Compare: domain.ComparisonPreviousPeriod,
		Metrics: []analytics.Metric{analytics.SpendNet, analytics.Clicks, analytics.MetricCTR, analytics.MetricCPC},
		Filters: []analytics.Filter{{Dimension: analytics.DimensionCommodity, Values: []string{"USD"}}},
		Range:   domain.Range{Preset: domain.PresetLast7Days}, Grain: analytics.GrainDay, Limit: 10,
	}
	result := answer(t, finance, query, analytics.Found{Shown: []analytics.Group{
		{
			Keys:     []analytics.Cell{text("A")},
			Sums:     analytics.Figures{Impressions: 100, Clicks: 30, BillableClicks: 20, SpendGross: 1000, Credits: 100},
			Compared: analytics.Figures{Impressions: 200, Clicks: 20, BillableClicks: 20, SpendGross: 600},
		},
		{Keys: []analytics.Cell{text("B")}, Sums: analytics.Figures{Impressions: 50}},
	}, Rest: []analytics.Group{{Keys: []analytics.Cell{nil}, Compared: analytics.Figures{Impressions: 50, Clicks: 5, BillableClicks: 5, SpendGross: 150}}}, Truncated: true})
	want := []string{
		"A 900USD 600USD 0.5000 30 20 0.5000 0.300000 0.100000 2.0000 0.5000 0.3000 0.6667 ",
		"B 0USD 0USD null 0 0 null 0.000000 null null null null null ",
		"total null 900USD 750USD 0.2000 30 25 0.2000 0.200000 0.100000 1.0000 0.5000 0.3000 0.6667 ",
	}
	if diff := cmp.Diff(want, lines(result)); diff != "" {
		t.Error(diff)
	}
	keys := []string{}
	for _, column := range result.Columns {
		keys = append(keys, column.Key+" "+string(column.Type))
	}
	wantKeys := []string{
		"PRODUCT STRING", "SPEND_NET AMOUNT", "SPEND_NET.previous AMOUNT", "SPEND_NET.change DECIMAL", "CLICKS INT", "CLICKS.previous INT", "CLICKS.change DECIMAL",
		"CTR DECIMAL", "CTR.previous DECIMAL", "CTR.change DECIMAL", "AVG_CPC DECIMAL", "AVG_CPC.previous DECIMAL", "AVG_CPC.change DECIMAL",
	}
	if diff := cmp.Diff(wantKeys, keys); diff != "" {
		t.Errorf("columns:\n%s", diff)
	}
	if !result.Truncated || result.PartiesMin != 0 || result.Compared.Days() != 7 {
		t.Errorf("truncated %t, at least %d parties, compared with %v", result.Truncated, result.PartiesMin, result.Compared)
	}
}

// Amounts of two commodities are never added.
func TestTotalsOfTwoCommodities(t *testing.T) {
	t.Parallel()
	query := analytics.Query{
		Dataset: analytics.AdSpend, Dimensions: []analytics.Dimension{analytics.DimensionCommodity},
		Metrics: []analytics.Metric{analytics.SpendGross, analytics.Impressions}, Range: domain.Range{Preset: domain.PresetToday}, Grain: analytics.GrainDay, Limit: 10,
	}
	connects := analytics.Group{Keys: []analytics.Cell{text("CNX")}, Sums: analytics.Figures{SpendGross: 5, Impressions: 1}}
	dollars := analytics.Group{Keys: []analytics.Cell{text("USD")}, Sums: analytics.Figures{SpendGross: 7, Impressions: 2}}
	for name, c := range map[string]struct {
		found analytics.Found
		want  []string
	}{
		"two":         {analytics.Found{Shown: []analytics.Group{connects, dollars}}, []string{"CNX 5CNX 1 ", "USD 7USD 2 ", "total null null 3 "}},
		"one":         {analytics.Found{Shown: []analytics.Group{dollars}}, []string{"USD 7USD 2 ", "total null 7USD 2 "}},
		"one_of_rest": {analytics.Found{Shown: []analytics.Group{dollars}, Rest: []analytics.Group{connects}}, []string{"USD 7USD 2 ", "total null null 3 "}},
		"none":        {analytics.Found{}, []string{"total null null 0 "}},
	} {
		if diff := cmp.Diff(c.want, lines(answer(t, finance, query, c.found))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// Groups are folded by commodity: those of one have nothing to do with another's.
func TestFoldingKeepsCommoditiesApart(t *testing.T) {
	t.Parallel()
	query := analytics.Query{
		Dataset: analytics.AdSpend, Dimensions: []analytics.Dimension{analytics.DimensionProduct, analytics.DimensionCommodity},
		Metrics: []analytics.Metric{analytics.SpendGross}, Range: domain.Range{Preset: domain.PresetToday}, Grain: analytics.GrainDay, Limit: 10,
	}
	group := func(product, commodity string, spend, parties int64) analytics.Group {
		g := analytics.Group{Keys: []analytics.Cell{text(product), text(commodity)}, Sums: analytics.Figures{SpendGross: spend}, Parties: parties}
		if product == "" {
			g.Keys[0] = nil
		}
		return g
	}
	result := answer(t, product, query, analytics.Found{
		Shown: []analytics.Group{group("A", "USD", 100, 90), group("B", "CNX", 10, 30), group("C", "CNX", 20, 25)},
		Rest:  []analytics.Group{group("", "USD", 3, 40), group("", "CNX", 1, 2)},
	})
	want := []string{"A USD 100USD ", "B CNX 10CNX ", "null CNX 21CNX (other)", "null USD 3USD (other)", "total null null null "}
	if diff := cmp.Diff(want, lines(result)); diff != "" {
		t.Error(diff)
	}
	result = answer(t, product, query, analytics.Found{
		Shown: []analytics.Group{group("A", "USD", 100, 90)}, Rest: []analytics.Group{group("", "CNX", 1, 19)},
	})
	if diff := cmp.Diff([]string{"A USD 100USD ", "total null null 100USD "}, lines(result)); diff != "" {
		t.Errorf("with too few parties in Connects:\n%s", diff)
	}
}

// A sum that leaves 64 bits is an error, not a number.
func TestSumsStayIn64Bits(t *testing.T) {
	t.Parallel()
	query := analytics.Query{
		Dataset: analytics.AdSpend, Metrics: []analytics.Metric{analytics.Impressions}, Dimensions: []analytics.Dimension{analytics.DimensionProduct},
		Range: domain.Range{Preset: domain.PresetToday}, Grain: analytics.GrainDay, Limit: 10,
	}
	now := instant(t, "2026-05-14T12:00:00Z")
	plan, err := query.Plan([]string{"UTC"}, now)
	if err != nil {
		t.Fatal(err)
	}
	huge := analytics.Group{Keys: []analytics.Cell{text("A")}, Sums: analytics.Figures{Impressions: math.MaxInt64}, Parties: 20}
	one := analytics.Group{Keys: []analytics.Cell{nil}, Sums: analytics.Figures{Impressions: 1}, Parties: 1}
	for name, scope := range map[string]analytics.Scope{"totals": finance, "other": product} {
		if result, err := query.Answer(scope, plan, analytics.Found{Shown: []analytics.Group{huge}, Rest: []analytics.Group{one}}, now); err == nil {
			t.Errorf("%s of 2^63: %v, want an error", name, lines(result))
		}
	}
}
