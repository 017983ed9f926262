package postgres_test

import (
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// TestAnalyticsAnswers asks random questions about random activity, in every scope,
// and compares with the answers that the facts themselves give.
func TestAnalyticsAnswers(t *testing.T) {
	t.Parallel()
	f := newFacts(t, 7, 90)
	folded, apart, shown := 0, 0, 0
	for i := range 450 {
		query := f.question()
		owner := pick(f, f.owners)
		scope := []analytics.Scope{everyGroup, aggregates, {Caller: domain.Caller{Principal: "party:x", Party: owner, OwnAdAccounts: true}}}[i%3]
		if i%3 == 2 && query.Dataset == analytics.WalletFlows {
			scope = aggregates
		}
		if scope.Aggregated {
			query.Filters = nil // those on ids are refused
			if query.Dataset == analytics.AdSpend {
				query.Filters = []analytics.Filter{{Dimension: analytics.DimensionCommodity, Values: []string{"CNX"}}}
			}
		}
		result, err := f.reader.Analyse(t.Context(), scope, query)
		if err != nil {
			t.Fatalf("question %d %+v: %v", i, query, err)
		}
		all := f.spend
		if query.Dataset == analytics.WalletFlows {
			all = f.flows
		}
		if diff := gocmp.Diff(answerNaively(scope, query, all, f.clock()), textOf(result)); diff != "" {
			t.Fatalf("question %d, aggregated %t, %+v:\n%s", i, scope.Aggregated, query, diff)
		}
		for _, row := range result.Rows {
			switch {
			case row.Other:
				folded++
			case scope.Aggregated:
				apart++
			default:
				shown++
			}
		}
	}
	if folded < 50 || apart < 100 || shown < 1000 {
		t.Errorf("compared %d folded rows, %d rows of aggregates and %d others: the questions ask for too little", folded, apart, shown)
	}
}

// question is a random question that is valid for callers who see every group.
func (f *facts) question() analytics.Query {
	metrics := []analytics.Metric{
		analytics.SpendNet, analytics.SpendGross, analytics.Credits, analytics.Impressions, analytics.Clicks, analytics.MetricCTR, analytics.MetricCPC,
	}
	dimensions := []analytics.Dimension{
		analytics.DimensionDate, analytics.DimensionProduct, analytics.DimensionCampaign, analytics.DimensionAdAccount, analytics.DimensionCommodity,
	}
	query := analytics.Query{
		Dataset: analytics.AdSpend, Grain: pick(f, []analytics.Grain{analytics.GrainDay, analytics.GrainWeek, analytics.GrainMonth}), Limit: 1 + f.random.IntN(60),
		TimeZone: pick(f, []string{"", "", "Asia/Kathmandu", "America/New_York", "UTC"}),
		Compare:  pick(f, []domain.Comparison{"", domain.ComparisonPreviousPeriod, domain.ComparisonPreviousYear}),
		Range:    pick(f, []domain.Range{{Preset: domain.PresetLast7Days}, {Preset: domain.PresetThisMonth}, {Preset: domain.PresetLast30Days}, {Preset: domain.PresetThisQuarter}, f.dates()}),
	}
	if f.random.IntN(3) == 0 {
		query.Dataset = analytics.WalletFlows
		metrics = []analytics.Metric{analytics.UnitsIn, analytics.UnitsOut, analytics.UnitsNet, analytics.Transactions}
		dimensions = []analytics.Dimension{analytics.DimensionDate, analytics.DimensionType, analytics.DimensionOrigin}
		query.Filters = append(f.filter(analytics.DimensionType, factTypes), f.filter(analytics.DimensionOrigin, factOrigins)...)
	} else {
		query.Filters = append(f.filter(analytics.DimensionProduct, factProducts), f.byID()...)
	}
	f.random.Shuffle(len(metrics), func(i, j int) { metrics[i], metrics[j] = metrics[j], metrics[i] })
	f.random.Shuffle(len(dimensions), func(i, j int) { dimensions[i], dimensions[j] = dimensions[j], dimensions[i] })
	query.Metrics, query.Dimensions = metrics, dimensions[:f.random.IntN(min(len(dimensions), 4))]
	return f.ordered(f.possible(query))
}

// possible changes a question so that its metrics go with its dimensions.
func (f *facts) possible(query analytics.Query) analytics.Query {
	if slices.Contains(query.Dimensions, analytics.DimensionOrigin) {
		query.Metrics = []analytics.Metric{analytics.UnitsIn, analytics.UnitsOut, analytics.UnitsNet}
	}
	if query.Dataset == analytics.AdSpend && !slices.Contains(query.Dimensions, analytics.DimensionCommodity) {
		query.Filters = append(query.Filters, analytics.Filter{Dimension: analytics.DimensionCommodity, Values: []string{pick(f, []string{"CNX", "USD"})}})
	}
	return query
}

// ordered gives a question some steps of an order.
func (f *facts) ordered(query analytics.Query) analytics.Query {
	for range f.random.IntN(3) {
		order := analytics.Order{Metric: pick(f, query.Metrics), Descending: f.random.IntN(2) == 0}
		if len(query.Dimensions) > 0 && f.random.IntN(3) == 0 {
			order.Metric, order.Dimension = "", pick(f, query.Dimensions)
		}
		query.OrderBy = append(query.OrderBy, order)
	}
	return query
}

// dates is a random range of the days that have activity, or end within them.
func (f *facts) dates() domain.Range {
	from := domain.AddDays(ledger.DateOf(began), -f.random.IntN(80))
	return domain.Range{From: from, To: domain.AddDays(from, 1+f.random.IntN(60))}
}

// filter is at times a filter on some of the values of a dimension.
func (f *facts) filter(dimension analytics.Dimension, values []string) []analytics.Filter {
	if f.random.IntN(4) > 0 {
		return nil
	}
	return []analytics.Filter{{Dimension: dimension, Values: values[:1+f.random.IntN(len(values))]}}
}

// byID is at times a filter on some campaigns or ad accounts, and one that is none.
func (f *facts) byID() []analytics.Filter {
	dimension := pick(f, []analytics.Dimension{"", "", "", analytics.DimensionCampaign, analytics.DimensionAdAccount})
	if dimension == "" {
		return nil
	}
	refs := []analytics.Ref{{Book: 1, ID: newID()}}
	for range 40 {
		refs = append(refs, pick(f, f.spend).keys[dimension].Ref)
	}
	return []analytics.Filter{{Dimension: dimension, Refs: refs}}
}

// Equal ratios are equal, however large what they are of, and go on to be ordered
// by the dimensions.
func TestAnalyticsOrdersEqualRatios(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, _ := w.openAdvertiser("UTC")
	for name, m := range map[string]campaign.Metrics{
		"A": {Clicks: 31_000, BillableClicks: 31_000, SpendGross: 32_000},
		"B": {Clicks: 31, BillableClicks: 31, SpendGross: 32},
		"C": {Clicks: 31, BillableClicks: 31, SpendGross: 31},
		"D": {Clicks: 1},
	} {
		w.active(account, w.campaign(account, name, nil), began.Add(-48*time.Hour), m)
	}
	query := impressions(analytics.Filter{Dimension: analytics.DimensionCommodity, Values: []string{"USD"}})
	query.Metrics, query.Dimensions = []analytics.Metric{analytics.MetricCPC}, []analytics.Dimension{analytics.DimensionCampaign}
	for descending, want := range map[bool]string{false: "CABD", true: "ABCD"} {
		query.OrderBy = []analytics.Order{{Metric: analytics.MetricCPC, Descending: descending}}
		result, _, _ := w.analyse(everyGroup, query)
		got := ""
		for _, row := range result.Rows {
			got += row.Cells[0].(analytics.StringCell).Text
		}
		if got != want {
			t.Errorf("descending %t: %s, want %s", descending, got, want)
		}
	}
}
