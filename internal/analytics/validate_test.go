package analytics_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/ledger"
)

var (
	finance    = analytics.Scope{Caller: domain.Caller{Principal: "staff:finance", All: true}}
	product    = analytics.Scope{Caller: domain.Caller{Principal: "staff:product"}, Aggregated: true}
	advertiser = analytics.Scope{Caller: domain.Caller{Principal: "party:x", Party: ledger.ID{1}, OwnAdAccounts: true}}
)

// spendByDate and flowsByType are questions that can be answered.
func spendByDate() analytics.Query {
	return analytics.Query{
		Dataset: analytics.AdSpend, Metrics: []analytics.Metric{analytics.SpendNet, analytics.MetricCTR},
		Dimensions: []analytics.Dimension{analytics.DimensionDate, analytics.DimensionCommodity},
		Filters: []analytics.Filter{
			{Dimension: analytics.DimensionProduct, Values: []string{"BOOSTED_PROFILE"}},
			{Dimension: analytics.DimensionCampaign, Refs: []analytics.Ref{{Book: 1, ID: ledger.ID{1}}}},
		},
		Range: domain.Range{Preset: domain.PresetLast30Days}, Grain: analytics.GrainDay, Limit: 100,
		OrderBy: []analytics.Order{{Metric: analytics.SpendNet, Descending: true}, {Dimension: analytics.DimensionDate}},
	}
}

func flowsByType() analytics.Query {
	return analytics.Query{
		Dataset: analytics.WalletFlows, Metrics: []analytics.Metric{analytics.UnitsIn, analytics.Transactions},
		Dimensions: []analytics.Dimension{analytics.DimensionType}, Range: domain.Range{Preset: domain.PresetLast7Days}, Grain: analytics.GrainMonth, Limit: 1000,
		Filters: []analytics.Filter{{Dimension: analytics.DimensionOrigin, Values: []string{"PLAN"}}},
	}
}

func TestValidQuestions(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]analytics.Query{"spend": spendByDate(), "flows": flowsByType()} {
		if err := query.Validate(finance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := spendByDate().Validate(advertiser); err != nil {
		t.Errorf("an advertiser's: %v", err)
	}
	if err := flowsByType().Validate(product); err != nil {
		t.Errorf("aggregates: %v", err)
	}
}

// Each question that cannot be answered says which part of it cannot, and why.
func TestQuestionsRefused(t *testing.T) {
	t.Parallel()
	days := func(n int) domain.Range {
		from := ledger.Date{Year: 2026, Month: 1, Day: 1}
		return domain.Range{From: from, To: domain.AddDays(from, n)}
	}
	many := func(n int) (values []string, refs []analytics.Ref) {
		return slices.Repeat([]string{"CNX"}, n), make([]analytics.Ref, n)
	}
	values, refs := many(101)
	type change func(q *analytics.Query)
	filter := func(filters ...analytics.Filter) change { return func(q *analytics.Query) { q.Filters = filters } }
	for name, c := range map[string]struct {
		change       change
		kind         analytics.ErrorKind
		field, limit string
	}{
		"unknown_dataset":   {func(q *analytics.Query) { q.Dataset = "CLICKS" }, analytics.ErrorUnknown, "dataset", ""},
		"no_metrics":        {func(q *analytics.Query) { q.Metrics = nil }, analytics.ErrorInvalid, "metrics", ""},
		"13_metrics":        {func(q *analytics.Query) { q.Metrics = slices.Repeat(q.Metrics, 7)[:13] }, analytics.ErrorLimit, "metrics", analytics.LimitMetrics},
		"metric_twice":      {func(q *analytics.Query) { q.Metrics = slices.Repeat(q.Metrics, 2) }, analytics.ErrorInvalid, "metrics", ""},
		"unknown_metric":    {func(q *analytics.Query) { q.Metrics[0] = "ROAS" }, analytics.ErrorUnknown, "metrics", ""},
		"metric_of_other":   {func(q *analytics.Query) { q.Metrics[0] = analytics.UnitsIn }, analytics.ErrorIncompatible, "metrics", ""},
		"5_dimensions":      {func(q *analytics.Query) { q.Dimensions = slices.Repeat(q.Dimensions, 3)[:5] }, analytics.ErrorLimit, "dimensions", analytics.LimitDimensions},
		"dimension_twice":   {func(q *analytics.Query) { q.Dimensions = slices.Repeat(q.Dimensions, 2) }, analytics.ErrorInvalid, "dimensions", ""},
		"unknown_dimension": {func(q *analytics.Query) { q.Dimensions[0] = "COUNTRY" }, analytics.ErrorUnknown, "dimensions", ""},
		"other_dimension":   {func(q *analytics.Query) { q.Dimensions[0] = analytics.DimensionOrigin }, analytics.ErrorIncompatible, "dimensions", ""},
		"unknown_grain":     {func(q *analytics.Query) { q.Grain = "FORTNIGHT" }, analytics.ErrorUnknown, "grain", ""},
		"transactions_by_origin": {
			func(q *analytics.Query) {
				*q = flowsByType()
				q.Dimensions = []analytics.Dimension{analytics.DimensionOrigin}
			},
			analytics.ErrorIncompatible, "metrics", "",
		},
		"unknown_comparison": {func(q *analytics.Query) { q.Compare = "LAST_CENTURY" }, analytics.ErrorUnknown, "compare", ""},
		"zone_of_no_place":   {func(q *analytics.Query) { q.TimeZone = "Mars/Olympus" }, analytics.ErrorInvalid, "timeZone", ""},
		"zone_of_a_path":     {func(q *analytics.Query) { q.TimeZone = "../../etc/passwd" }, analytics.ErrorInvalid, "timeZone", ""},
		"zone_of_the_server": {func(q *analytics.Query) { q.TimeZone = "Local" }, analytics.ErrorInvalid, "timeZone", ""},
		"unknown_preset":     {func(q *analytics.Query) { q.Range = domain.Range{Preset: "LAST_MINUTE"} }, analytics.ErrorInvalid, "range", ""},
		"empty_range":        {func(q *analytics.Query) { q.Range = days(0) }, analytics.ErrorInvalid, "range", ""},
		"backward_range":     {func(q *analytics.Query) { q.Range = days(-1) }, analytics.ErrorInvalid, "range", ""},
		"401_days":           {func(q *analytics.Query) { q.Range = days(401) }, analytics.ErrorLimit, "range", analytics.LimitDays},
		"93_days_zoned": {
			func(q *analytics.Query) { q.Range, q.TimeZone = days(93), "Asia/Kathmandu" }, analytics.ErrorLimit, "range", analytics.LimitZonedDays,
		},
		"93_days_of_flows_zoned": {
			func(q *analytics.Query) { *q = flowsByType(); q.Range, q.TimeZone = days(93), "Asia/Kathmandu" },
			analytics.ErrorLimit, "range", analytics.LimitZonedDays,
		},
		"no_commodity": {func(q *analytics.Query) { q.Dimensions = q.Dimensions[:1] }, analytics.ErrorCommodity, "metrics", ""},
		"two_commodities": {func(q *analytics.Query) {
			q.Dimensions = nil
			filter(analytics.Filter{Dimension: analytics.DimensionCommodity, Values: []string{"CNX", "USD"}})(q)
		}, analytics.ErrorCommodity, "metrics", ""},
		"no_row":                 {func(q *analytics.Query) { q.Limit = 0 }, analytics.ErrorInvalid, "limit", ""},
		"fewer_than_no_row":      {func(q *analytics.Query) { q.Limit = -1 }, analytics.ErrorInvalid, "limit", ""},
		"1001_rows":              {func(q *analytics.Query) { q.Limit = 1001 }, analytics.ErrorLimit, "limit", analytics.LimitRows},
		"5_steps_of_order":       {func(q *analytics.Query) { q.OrderBy = slices.Repeat(q.OrderBy, 3)[:5] }, analytics.ErrorLimit, "orderBy", analytics.LimitOrders},
		"order_by_nothing":       {func(q *analytics.Query) { q.OrderBy = []analytics.Order{{}} }, analytics.ErrorInvalid, "orderBy", ""},
		"order_by_both":          {func(q *analytics.Query) { q.OrderBy[0].Dimension = analytics.DimensionDate }, analytics.ErrorInvalid, "orderBy", ""},
		"order_by_other_metric":  {func(q *analytics.Query) { q.OrderBy[0].Metric = analytics.Clicks }, analytics.ErrorIncompatible, "orderBy", ""},
		"order_by_other":         {func(q *analytics.Query) { q.OrderBy[1].Dimension = analytics.DimensionProduct }, analytics.ErrorIncompatible, "orderBy", ""},
		"filter_on_date":         {filter(analytics.Filter{Dimension: analytics.DimensionDate, Values: []string{"2026-01-01"}}), analytics.ErrorIncompatible, "filter", ""},
		"filter_on_unknown":      {filter(analytics.Filter{Dimension: "COUNTRY", Values: []string{"IN"}}), analytics.ErrorUnknown, "filter", ""},
		"filter_of_other":        {filter(analytics.Filter{Dimension: analytics.DimensionOrigin, Values: []string{"PLAN"}}), analytics.ErrorIncompatible, "filter", ""},
		"filter_of_nothing":      {filter(analytics.Filter{Dimension: analytics.DimensionProduct}), analytics.ErrorInvalid, "filter.products", ""},
		"filter_of_ids_as_text":  {filter(analytics.Filter{Dimension: analytics.DimensionCampaign, Values: []string{"x"}}), analytics.ErrorInvalid, "filter.campaignIds", ""},
		"filter_of_101_values":   {filter(analytics.Filter{Dimension: analytics.DimensionCommodity, Values: values}), analytics.ErrorLimit, "filter.commodities", analytics.LimitFilterValues},
		"filter_of_101_ids":      {filter(analytics.Filter{Dimension: analytics.DimensionAdAccount, Refs: refs}), analytics.ErrorLimit, "filter.adAccountIds", analytics.LimitFilterValues},
		"two_filters_on_product": {filter(slices.Repeat([]analytics.Filter{{Dimension: analytics.DimensionProduct, Values: []string{"x"}}}, 2)...), analytics.ErrorInvalid, "filter.products", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query := spendByDate()
			c.change(&query)
			var refused *analytics.QueryError
			if err := query.Validate(finance); !errors.As(err, &refused) {
				t.Fatalf("error = %v, want a *QueryError", err)
			}
			if refused.Kind != c.kind || refused.Field != c.field || refused.Limit != c.limit {
				t.Errorf("%s of %s, limit %q, want %s of %s, limit %q: %v", refused.Kind, refused.Field, refused.Limit, c.kind, c.field, c.limit, refused)
			}
			if (refused.Limit != "") != (refused.Max > 0) || !strings.HasPrefix(refused.Error(), c.field+": ") {
				t.Errorf("the error %q has a limit of %d", refused, refused.Max)
			}
		})
	}
}

// The largest questions are valid.
func TestLimitsAreReached(t *testing.T) {
	t.Parallel()
	from := ledger.Date{Year: 2026, Month: 1, Day: 1}
	query := spendByDate()
	query.Range, query.Limit = domain.Range{From: from, To: domain.AddDays(from, 400)}, 1000
	query.Metrics = []analytics.Metric{
		analytics.SpendNet, analytics.SpendGross, analytics.Credits, analytics.Impressions, analytics.Clicks, analytics.MetricCTR, analytics.MetricCPC,
	}
	query.Dimensions = []analytics.Dimension{analytics.DimensionDate, analytics.DimensionProduct, analytics.DimensionCampaign, analytics.DimensionCommodity}
	query.Filters = []analytics.Filter{{Dimension: analytics.DimensionCampaign, Refs: make([]analytics.Ref, 100)}}
	query.OrderBy = slices.Repeat(query.OrderBy, 2)
	if err := query.Validate(finance); err != nil {
		t.Error(err)
	}
	query.Range.To, query.TimeZone = domain.AddDays(from, 92), "Asia/Kathmandu"
	if err := query.Validate(finance); err != nil {
		t.Errorf("92 days with a time zone: %v", err)
	}
	flows := flowsByType()
	flows.Range, flows.TimeZone = domain.Range{From: from, To: domain.AddDays(from, 400)}, "UTC"
	if err := flows.Validate(finance); err != nil {
		t.Errorf("400 days of flows in their own zone by name: %v", err)
	}
}

// What is not for a role is refused as such, and aggregates are not narrowed down to
// one party by asking for it.
func TestScopesRefused(t *testing.T) {
	t.Parallel()
	var refused *analytics.QueryError
	if err := flowsByType().Validate(advertiser); !errors.As(err, &refused) || refused.Kind != analytics.ErrorForbidden {
		t.Errorf("an advertiser asks for flows of wallets: %v, want FORBIDDEN", err)
	}
	for _, dimension := range []analytics.Dimension{analytics.DimensionCampaign, analytics.DimensionAdAccount} {
		query := spendByDate()
		query.Filters = []analytics.Filter{{Dimension: dimension, Refs: []analytics.Ref{{Book: 1, ID: ledger.ID{1}}}}}
		if err := query.Validate(product); !errors.As(err, &refused) || refused.Kind != analytics.ErrorIncompatible {
			t.Errorf("aggregates of one %s: %v, want INCOMPATIBLE", dimension, err)
		}
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	now := instant(t, "2026-04-30T12:00:00Z")
	zones := []string{"America/New_York", "Pacific/Kiritimati"}
	query := spendByDate()
	query.Range, query.Compare = domain.Range{Preset: domain.PresetLastMonth}, domain.ComparisonPreviousYear
	plan, err := query.Plan(zones, now)
	if err != nil {
		t.Fatal(err)
	}
	// It is the first of May in Kiritimati already.
	wantEnds := instant(t, "2026-04-30T10:00:00Z")
	if plan.Source != analytics.SourceDaily || len(plan.Spans) != 4 || !plan.EndsAt.Equal(wantEnds) || !query.NeedsZones() ||
		plan.Range != (domain.Dates{From: date(t, "2026-03-01"), To: date(t, "2026-05-01")}) ||
		plan.Compared != (domain.Dates{From: date(t, "2025-03-01"), To: date(t, "2025-05-01")}) {
		t.Errorf("the plan in own zones is %+v", plan)
	}
	query.TimeZone, query.Compare = "America/New_York", ""
	query.Range = domain.Range{From: date(t, "2026-03-01"), To: date(t, "2026-04-01")}
	if plan, err = query.Plan(nil, now); err != nil {
		t.Fatal(err)
	}
	if plan.Source != analytics.SourceQuarterHour || len(plan.Spans) != 2 || query.NeedsZones() || plan.Compared != (domain.Dates{}) ||
		!plan.Spans[0].From.Equal(instant(t, "2026-03-01T05:00:00Z")) || !plan.Spans[1].To.Equal(instant(t, "2026-04-01T04:00:00Z")) {
		t.Errorf("the plan of a month in which clocks change is %+v", plan)
	}
	query.Range = domain.Range{Preset: domain.PresetLastYear}
	var refused *analytics.QueryError
	if _, err = query.Plan(nil, now); !errors.As(err, &refused) || refused.Limit != analytics.LimitZonedDays {
		t.Errorf("a year in a time zone: %v, want the limit of zoned days", err)
	}
	flows := flowsByType()
	if plan, err = flows.Plan(nil, now); err != nil || plan.Source != analytics.SourceJournal || !plan.EndsAt.Equal(instant(t, "2026-04-30T00:00:00Z")) {
		t.Errorf("the plan of flows is %+v, %v", plan, err)
	}
	// Without an ad account the dates are told all the same.
	query.TimeZone = ""
	if plan, err = query.Plan(nil, now); err != nil || plan.Range != (domain.Dates{From: date(t, "2025-01-01"), To: date(t, "2026-01-01")}) {
		t.Errorf("the plan without an ad account is %+v, %v", plan, err)
	}
	if _, err = query.Plan([]string{"Mars/Olympus"}, now); err == nil {
		t.Error("an ad account in no known zone was planned")
	}
	// The longest quarter fits into what a time zone may be asked for.
	query.TimeZone, query.Range = "Asia/Tokyo", domain.Range{Preset: domain.PresetLastQuarter}
	for month := time.January; month <= time.December; month++ {
		if _, err := query.Plan(nil, time.Date(2028, month, 15, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Errorf("the last quarter in %s: %v", month, err)
		}
	}
}
