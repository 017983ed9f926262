package analytics

import (
	"errors"
	"slices"
	"time"

	"purser/internal/domain"
)

// Validate returns a *QueryError for a question that could never be answered for a
// caller, whatever is stored. How many days a preset has is left to Plan.
func (q Query) Validate(scope Scope) error {
	return domain.First(
		q.checkDataset(scope), q.checkMetrics(), q.checkDimensions(), q.checkCombination(), q.checkFilters(scope), q.checkCommodity(),
		q.checkRange(), q.checkOrder(), q.checkLimit(),
	)
}

func (q Query) checkDataset(scope Scope) error {
	info, known := datasetInfo(q.Dataset)
	switch {
	case !known:
		return refuse(ErrorUnknown, "dataset", "there is no dataset %q", string(q.Dataset))
	case info.AllOnly && !scope.everyone():
		return refuse(ErrorForbidden, "dataset", "%s is not for this role", q.Dataset)
	}
	return nil
}

func (q Query) checkMetrics() error {
	switch {
	case len(q.Metrics) == 0:
		return refuse(ErrorInvalid, "metrics", "expected 1 to %d metrics, got none", MetricsMax)
	case len(q.Metrics) > MetricsMax:
		return beyond("metrics", LimitMetrics, "metrics", MetricsMax, len(q.Metrics))
	}
	for i, metric := range q.Metrics {
		info, known := metricInfo(metric)
		switch {
		case !known:
			return refuse(ErrorUnknown, "metrics", "there is no metric %q", string(metric))
		case info.Dataset != q.Dataset:
			return refuse(ErrorIncompatible, "metrics", "%s is a metric of %s, not of %s", metric, info.Dataset, q.Dataset)
		case slices.Contains(q.Metrics[:i], metric):
			return refuse(ErrorInvalid, "metrics", "%s is there twice", metric)
		}
	}
	return nil
}

func (q Query) checkDimensions() error {
	if len(q.Dimensions) > DimensionsMax {
		return beyond("dimensions", LimitDimensions, "dimensions", DimensionsMax, len(q.Dimensions))
	}
	for i, dimension := range q.Dimensions {
		if err := q.checkDimension("dimensions", dimension); err != nil {
			return err
		}
		if slices.Contains(q.Dimensions[:i], dimension) {
			return refuse(ErrorInvalid, "dimensions", "%s is there twice", dimension)
		}
	}
	switch q.Grain {
	case GrainDay, GrainWeek, GrainMonth:
		return nil
	}
	return refuse(ErrorUnknown, "grain", "there is no grain %q", string(q.Grain))
}

func (q Query) checkDimension(field string, dimension Dimension) error {
	info, known := dimensionInfo(dimension)
	switch {
	case !known:
		return refuse(ErrorUnknown, field, "there is no dimension %q", string(dimension))
	case !slices.Contains(info.Datasets, q.Dataset):
		return refuse(ErrorIncompatible, field, "%s is no dimension of %s", dimension, q.Dataset)
	}
	return nil
}

// checkCombination finds a metric that means nothing by one of the dimensions.
func (q Query) checkCombination() error {
	for _, metric := range q.Metrics {
		info, _ := metricInfo(metric)
		for _, dimension := range q.Dimensions {
			if !slices.Contains(info.Dimensions, dimension) {
				return refuse(ErrorIncompatible, "metrics", "%s cannot be asked by %s: it can by %v", metric, dimension, info.Dimensions)
			}
		}
	}
	return nil
}

func (q Query) checkFilters(scope Scope) error {
	for i, filter := range q.Filters {
		if err := q.checkDimension("filter", filter.Dimension); err != nil {
			return err
		}
		info, _ := dimensionInfo(filter.Dimension)
		field, values := "filter."+info.Filter, len(filter.Values)
		if info.ByID {
			values = len(filter.Refs)
		}
		switch {
		case info.Filter == "":
			return refuse(ErrorIncompatible, "filter", "there is no filter on %s", filter.Dimension)
		case scope.Aggregated && info.ByID:
			// With and without one campaign is all it takes to know that one.
			return refuse(ErrorIncompatible, field, "aggregates cannot be narrowed to single campaigns or ad accounts")
		case slices.ContainsFunc(q.Filters[:i], func(f Filter) bool { return f.Dimension == filter.Dimension }):
			return refuse(ErrorInvalid, field, "there are two filters on %s", filter.Dimension)
		case values == 0:
			return refuse(ErrorInvalid, field, "expected 1 to %d values, got none", FilterValuesMax)
		case values > FilterValuesMax:
			return beyond(field, LimitFilterValues, "values", FilterValuesMax, values)
		}
	}
	return nil
}

// checkCommodity keeps amounts of two commodities apart.
func (q Query) checkCommodity() error {
	if slices.Contains(q.Dimensions, DimensionCommodity) || q.commodity() != "" {
		return nil
	}
	for _, metric := range q.Metrics {
		if info, _ := metricInfo(metric); info.NeedsCommodity {
			return refuse(ErrorCommodity, "metrics", "%s needs COMMODITY as a dimension, or a filter of one commodity", metric)
		}
	}
	return nil
}

func (q Query) checkRange() error {
	if !q.Compare.Known() {
		return refuse(ErrorUnknown, "compare", "there is no comparison %q", string(q.Compare))
	}
	if q.TimeZone != "" {
		if _, err := domain.LoadZone(q.TimeZone); err != nil {
			return refuse(ErrorInvalid, "timeZone", "must be an IANA time zone such as Asia/Kathmandu")
		}
	}
	// The dates of a preset are not known yet, but whether there is such a preset.
	dates, err := q.resolve(time.UTC, time.Unix(0, 0))
	if err != nil || q.Range.Preset != "" {
		return err
	}
	return q.checkDays(dates)
}

// resolve is Range.Resolve with this package's errors.
func (q Query) resolve(zone *time.Location, now time.Time) (domain.Dates, error) {
	dates, err := q.Range.Resolve(zone, now)
	var invalid *domain.ValidationError
	if errors.As(err, &invalid) {
		return dates, refuse(ErrorInvalid, "range", "%s", invalid.Message)
	}
	return dates, err
}

func (q Query) checkDays(dates domain.Dates) error {
	switch days := dates.Days(); {
	case days > DaysMax:
		return beyond("range", LimitDays, "days", DaysMax, days)
	case days > ZonedDaysMax && q.zoned():
		return beyond("range", LimitZonedDays, "days with a time zone", ZonedDaysMax, days)
	}
	return nil
}

// zoned reports whether the question names another time zone than the dataset's.
func (q Query) zoned() bool {
	return q.TimeZone != "" && (q.Dataset != WalletFlows || q.TimeZone != time.UTC.String())
}

func (q Query) checkOrder() error {
	if len(q.OrderBy) > OrdersMax {
		return beyond("orderBy", LimitOrders, "steps", OrdersMax, len(q.OrderBy))
	}
	for _, order := range q.OrderBy {
		switch {
		case (order.Metric == "") == (order.Dimension == ""):
			return refuse(ErrorInvalid, "orderBy", "expected exactly one of metric and dimension")
		case order.Metric != "" && !slices.Contains(q.Metrics, order.Metric):
			return refuse(ErrorIncompatible, "orderBy", "%s is not among the metrics asked for", order.Metric)
		case order.Dimension != "" && !slices.Contains(q.Dimensions, order.Dimension):
			return refuse(ErrorIncompatible, "orderBy", "%s is not among the dimensions asked for", order.Dimension)
		}
	}
	return nil
}

func (q Query) checkLimit() error {
	switch {
	case q.Limit < 1:
		return refuse(ErrorInvalid, "limit", "expected 1 to %d rows, got %d", RowsMax, q.Limit)
	case q.Limit > RowsMax:
		return beyond("limit", LimitRows, "rows", RowsMax, q.Limit)
	}
	return nil
}

// filter returns the filter on a dimension.
func (q Query) filter(dimension Dimension) (Filter, bool) {
	return find(q.Filters, func(f Filter) bool { return f.Dimension == dimension })
}

// commodity returns the one commodity that the question is narrowed to, or "".
func (q Query) commodity() string {
	filter, narrowed := q.filter(DimensionCommodity)
	if !narrowed || len(filter.Values) == 0 || slices.ContainsFunc(filter.Values, func(v string) bool { return v != filter.Values[0] }) {
		return ""
	}
	return filter.Values[0]
}
