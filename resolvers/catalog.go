package resolvers

import (
	"context"
	"slices"

	"purser/graph/model"
	"purser/internal/analytics"
)

// AnalyticsCatalog implements graph.QueryResolver: what the caller may ask, from
// the very catalogue that questions are checked against. It reads nothing.
func (q queryResolver) AnalyticsCatalog(ctx context.Context) (*model.AnalyticsCatalog, error) {
	catalogue := analytics.CatalogueFor(analyticsScope(ctx))
	shown := &model.AnalyticsCatalog{Datasets: make([]*model.DatasetInfo, len(catalogue.Datasets)), Limits: limitsModel(catalogue.Limits)}
	for i, info := range catalogue.Datasets {
		shown.Datasets[i] = datasetModel(info, catalogue)
	}
	return shown, nil
}

func datasetModel(info analytics.DatasetInfo, catalogue analytics.Catalogue) *model.DatasetInfo {
	shown := &model.DatasetInfo{
		Dataset: model.Dataset(info.Dataset), Label: info.Label, Description: info.Description, Party: info.Party,
		Freshness: info.Freshness, TimeZone: info.Zone, Metrics: []*model.MetricInfo{}, Dimensions: []*model.DimensionInfo{},
	}
	for _, metric := range catalogue.Metrics {
		if metric.Dataset == info.Dataset {
			shown.Metrics = append(shown.Metrics, &model.MetricInfo{
				Metric: model.Metric(metric.Metric), Label: metric.Label, Definition: metric.Definition, Type: model.CellType(metric.Type),
				NeedsCommodity: metric.NeedsCommodity, Additive: metric.Additive, Dimensions: namesAs[model.Dimension](metric.Dimensions),
			})
		}
	}
	for _, dimension := range catalogue.Dimensions {
		if slices.Contains(dimension.Datasets, info.Dataset) {
			shown.Dimensions = append(shown.Dimensions, dimensionModel(dimension))
		}
	}
	return shown
}

func dimensionModel(info analytics.DimensionInfo) *model.DimensionInfo {
	shown := &model.DimensionInfo{Dimension: model.Dimension(info.Dimension), Label: info.Label, Type: model.CellType(info.Type)}
	if info.Filter != "" {
		shown.Filter = &info.Filter
	}
	return shown
}

func limitsModel(limits []analytics.LimitInfo) *model.AnalyticsLimits {
	shown := &model.AnalyticsLimits{}
	for name, field := range map[string]*int32{
		analytics.LimitMetrics: &shown.Metrics, analytics.LimitDimensions: &shown.Dimensions, analytics.LimitOrders: &shown.OrderBy,
		analytics.LimitRows: &shown.Rows, analytics.LimitFilterValues: &shown.FilterValues, analytics.LimitDays: &shown.Days,
		analytics.LimitZonedDays: &shown.ZonedDays, analytics.LimitGroups: &shown.Groups,
	} {
		for _, limit := range limits {
			if limit.Name == name {
				*field = int32(limit.Max)
			}
		}
	}
	return shown
}
