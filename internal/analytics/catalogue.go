package analytics

import (
	"slices"
	"time"
)

// Dataset is what a question is about.
type Dataset string

// The datasets.
const (
	AdSpend     Dataset = "AD_SPEND"
	WalletFlows Dataset = "WALLET_FLOWS"
)

// Metric is what is measured.
type Metric string

// The metrics of AD_SPEND, and those of WALLET_FLOWS.
const (
	SpendNet    Metric = "SPEND_NET"
	SpendGross  Metric = "SPEND_GROSS"
	Credits     Metric = "CREDITS"
	Impressions Metric = "IMPRESSIONS"
	Clicks      Metric = "CLICKS"
	MetricCTR   Metric = "CTR"
	MetricCPC   Metric = "AVG_CPC"

	UnitsIn      Metric = "UNITS_IN"
	UnitsOut     Metric = "UNITS_OUT"
	UnitsNet     Metric = "UNITS_NET"
	Transactions Metric = "TRANSACTIONS"
)

// Dimension is by what is measured, and what is counted can be narrowed to.
type Dimension string

// The dimensions.
const (
	DimensionDate      Dimension = "DATE"
	DimensionProduct   Dimension = "PRODUCT"
	DimensionCampaign  Dimension = "CAMPAIGN"
	DimensionAdAccount Dimension = "AD_ACCOUNT"
	DimensionCommodity Dimension = "COMMODITY"
	DimensionType      Dimension = "TYPE"
	DimensionOrigin    Dimension = "ORIGIN"
)

// CellType is what the cells of a column are.
type CellType string

// The types of cells.
const (
	TypeInt     CellType = "INT"
	TypeDecimal CellType = "DECIMAL"
	TypeAmount  CellType = "AMOUNT"
	TypeString  CellType = "STRING"
	TypeDate    CellType = "DATE"
)

// Limits of a question. Each has a name, which is in the error of a question
// beyond it.
const (
	MetricsMax      = 12
	DimensionsMax   = 4
	OrdersMax       = 4
	RowsMax         = 1_000
	FilterValuesMax = 100
	// DaysMax bounds a range: a year with a month to spare. ZonedDaysMax bounds it
	// where a time zone is named: days of another zone are put together from
	// quarters of an hour, 96 rows for one.
	DaysMax      = 400
	ZonedDaysMax = 92
	// GroupsMax bounds what one answer makes the database sort and hold.
	GroupsMax = 100_000
)

// PartiesMin is how many parties a group needs to be shown apart to who may see
// aggregates only.
const PartiesMin = 20

// finalAfter is how long after the end of a range late activity is accepted.
const finalAfter = 120 * time.Hour

// Catalogue is all that can be asked: what Validate accepts, and what clients are
// told.
type Catalogue struct {
	Datasets   []DatasetInfo
	Metrics    []MetricInfo
	Dimensions []DimensionInfo
	Limits     []LimitInfo
}

// DatasetInfo describes a dataset.
type DatasetInfo struct {
	Dataset     Dataset
	Label       string
	Description string
	// Party says whom the groups are counted by, Freshness how long after an event
	// it is counted, Zone in which zone its dates are when none is named.
	Party     string
	Freshness string
	Zone      string
	// AllOnly datasets are for callers who may see every party, or aggregates.
	AllOnly bool
}

// MetricInfo describes a metric.
type MetricInfo struct {
	Metric     Metric
	Dataset    Dataset
	Label      string
	Definition string
	Type       CellType
	// NeedsCommodity marks figures of which those in two commodities are never
	// added: the question needs COMMODITY as a dimension, or a filter of one.
	NeedsCommodity bool
	// Additive metrics of rows can be added up; ratios cannot.
	Additive bool
	// Dimensions are those that the metric can be asked by.
	Dimensions []Dimension

	value func(Figures) Fraction
	scale int
}

// DimensionInfo describes a dimension.
type DimensionInfo struct {
	Dimension Dimension
	Datasets  []Dataset
	Label     string
	Type      CellType
	// Filter is the name of the filter on it, "" where there is none. ByID says
	// that its values are ids.
	Filter string
	ByID   bool
}

// LimitInfo is a limit by its name.
type LimitInfo struct {
	Name string
	Max  int64
}

// Names of the limits.
const (
	LimitMetrics      = "metrics"
	LimitDimensions   = "dimensions"
	LimitOrders       = "orderBy"
	LimitRows         = "rows"
	LimitFilterValues = "filterValues"
	LimitDays         = "days"
	LimitZonedDays    = "zonedDays"
	LimitGroups       = "groups"
)

// CatalogueFor returns what a scope may ask: no more, and what is left out is
// refused.
func CatalogueFor(scope Scope) Catalogue {
	shown := Catalogue{Limits: slices.Clone(catalogue.Limits)}
	offered := func(d Dataset) bool {
		return slices.ContainsFunc(shown.Datasets, func(i DatasetInfo) bool { return i.Dataset == d })
	}
	for _, info := range catalogue.Datasets {
		if scope.everyone() || !info.AllOnly {
			shown.Datasets = append(shown.Datasets, info)
		}
	}
	for _, info := range catalogue.Metrics {
		if offered(info.Dataset) {
			shown.Metrics = append(shown.Metrics, info)
		}
	}
	for _, info := range catalogue.Dimensions {
		if slices.ContainsFunc(info.Datasets, offered) {
			if scope.Aggregated && info.ByID {
				info.Filter = ""
			}
			shown.Dimensions = append(shown.Dimensions, info)
		}
	}
	return shown
}

func datasetInfo(d Dataset) (DatasetInfo, bool) {
	return find(catalogue.Datasets, func(i DatasetInfo) bool { return i.Dataset == d })
}

func metricInfo(m Metric) (MetricInfo, bool) {
	return find(catalogue.Metrics, func(i MetricInfo) bool { return i.Metric == m })
}

func dimensionInfo(d Dimension) (DimensionInfo, bool) {
	return find(catalogue.Dimensions, func(i DimensionInfo) bool { return i.Dimension == d })
}

func find[T any](among []T, is func(T) bool) (found T, ok bool) {
	if i := slices.IndexFunc(among, is); i >= 0 {
		return among[i], true
	}
	return found, false
}
