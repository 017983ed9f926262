package analytics_test

import (
	"slices"
	"testing"

	"purser/internal/analytics"
	"purser/internal/domain"
)

// What the catalogue offers can be asked, and what it does not, cannot: for each
// caller, metric and dimension.
func TestCatalogueIsWhatCanBeAsked(t *testing.T) {
	t.Parallel()
	all := analytics.CatalogueFor(finance)
	for name, scope := range map[string]analytics.Scope{"finance": finance, "product": product, "advertiser": advertiser} {
		offered := analytics.CatalogueFor(scope)
		for _, metric := range all.Metrics {
			for _, dimension := range all.Dimensions {
				query := analytics.Query{
					Dataset: metric.Dataset, Metrics: []analytics.Metric{metric.Metric}, Dimensions: []analytics.Dimension{dimension.Dimension},
					Range: domain.Range{Preset: domain.PresetToday}, Grain: analytics.GrainDay, Limit: 1,
				}
				if metric.NeedsCommodity && dimension.Dimension != analytics.DimensionCommodity {
					query.Filters = []analytics.Filter{{Dimension: analytics.DimensionCommodity, Values: []string{"CNX"}}}
				}
				i := slices.IndexFunc(offered.Metrics, func(m analytics.MetricInfo) bool { return m.Metric == metric.Metric })
				want := i >= 0 && slices.Contains(offered.Metrics[i].Dimensions, dimension.Dimension)
				if err := query.Validate(scope); (err == nil) != want {
					t.Errorf("%s asks for %s by %s: %v, the catalogue offers it: %t", name, metric.Metric, dimension.Dimension, err, want)
				}
			}
		}
		for _, dimension := range offered.Dimensions {
			query := analytics.Query{
				Dataset: dimension.Datasets[0], Metrics: []analytics.Metric{analytics.Impressions},
				Range: domain.Range{Preset: domain.PresetToday}, Grain: analytics.GrainDay, Limit: 1,
				Filters: []analytics.Filter{{Dimension: dimension.Dimension, Values: []string{"x"}, Refs: []analytics.Ref{{}}}},
			}
			if query.Dataset == analytics.WalletFlows {
				query.Metrics[0] = analytics.UnitsIn
			}
			if err := query.Validate(scope); (err == nil) != (dimension.Filter != "") {
				t.Errorf("%s filters by %s: %v, the catalogue has the filter %q", name, dimension.Dimension, err, dimension.Filter)
			}
		}
	}
}

func TestCatalogueOfOwners(t *testing.T) {
	t.Parallel()
	offered := analytics.CatalogueFor(advertiser)
	if len(offered.Datasets) != 1 || offered.Datasets[0].Dataset != analytics.AdSpend || len(offered.Metrics) != 7 || len(offered.Dimensions) != 5 {
		t.Errorf("an advertiser is offered %v", offered)
	}
	if all := analytics.CatalogueFor(product); len(all.Datasets) != 2 || len(all.Metrics) != 11 || len(all.Dimensions) != 7 {
		t.Errorf("a product manager is offered %v", all)
	}
}

// Each entry says what it is.
func TestCatalogueIsDescribed(t *testing.T) {
	t.Parallel()
	all := analytics.CatalogueFor(finance)
	for _, d := range all.Datasets {
		if d.Label == "" || d.Description == "" || d.Party == "" || d.Freshness == "" || d.Zone == "" {
			t.Errorf("%s is not described: %+v", d.Dataset, d)
		}
	}
	for _, m := range all.Metrics {
		if m.Label == "" || m.Definition == "" || m.Type == "" || m.Additive != (m.Type != analytics.TypeDecimal) || (m.Type == analytics.TypeAmount && !m.NeedsCommodity) {
			t.Errorf("%s is not described: %+v", m.Metric, m)
		}
	}
	for _, d := range all.Dimensions {
		if d.Label == "" || d.Type == "" {
			t.Errorf("%s is not described: %+v", d.Dimension, d)
		}
	}
	limits := map[string]int64{}
	for _, limit := range all.Limits {
		limits[limit.Name] = limit.Max
	}
	want := map[string]int64{"metrics": 12, "dimensions": 4, "orderBy": 4, "rows": 1000, "filterValues": 100, "days": 400, "zonedDays": 92, "groups": 100_000}
	for name, max := range want {
		if limits[name] != max {
			t.Errorf("the limit of %s is %d, want %d", name, limits[name], max)
		}
	}
	if len(limits) != len(want) {
		t.Errorf("the limits are %v", limits)
	}
}
