package analytics

import (
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Cell is a value of a row: an IntCell, Decimal, AmountCell, StringCell or DateCell,
// or nil for null.
type Cell interface{ cell() }

type (
	// IntCell is a count.
	IntCell int64
	// AmountCell is minor units of a commodity.
	AmountCell struct {
		Commodity ledger.Commodity
		Minor     int64
	}
	// StringCell is the value of a dimension: a name of an enumeration, or the name
	// of the campaign or ad account that Ref names.
	StringCell struct {
		Text string
		Ref  Ref
	}
	// DateCell is the first date of a bucket.
	DateCell ledger.Date
)

func (IntCell) cell()    {}
func (Decimal) cell()    {}
func (AmountCell) cell() {}
func (StringCell) cell() {}
func (DateCell) cell()   {}

// Finality says whether an answer may still change.
type Finality string

// Provisional answers change when activity is reported late, which is accepted for
// 120 hours after the range has ended; Final ones only by a correction.
const (
	Provisional Finality = "PROVISIONAL"
	Final       Finality = "FINAL"
)

// Column says what the cells at one place of each row are.
type Column struct {
	// Key is the dimension or metric, with ".previous" for the value of the dates
	// compared with and ".change" for the relative change since.
	Key       string
	Label     string
	Type      CellType
	Metric    Metric    // "" for a dimension
	Dimension Dimension // "" for a metric
}

// Row is a row of an answer.
type Row struct {
	Cells []Cell // as Columns say
	// Other marks the row of groups that are not shown apart: too small, or beyond
	// the limit. Its dimensions are null, save COMMODITY.
	Other bool
}

// Result is the answer to a question: dimensions in the order asked, then each
// metric, with Compare followed by its previous value and its relative change.
type Result struct {
	Dataset Dataset
	Columns []Column
	Rows    []Row
	// Totals is over all rows, those beyond the limit included; nil where there are
	// too few parties to show. Ratios are of the sums. A metric that needs a
	// commodity is null where the rows have several.
	Totals *Row
	// Truncated says that there were more groups than the limit.
	Truncated bool

	// Range and Compared are the dates; Compared is zero without comparison.
	Range, Compared domain.Dates
	TimeZone        string // "" for each ad account's own
	Source          Source
	// AsOf is the instant of the snapshot. All that was recorded before Watermark
	// is counted; rollups are written with what they count, so the two are one.
	AsOf, Watermark time.Time
	Finality        Finality
	// PartiesMin is how many parties a group needs to be shown apart, 0 for callers
	// who see every group.
	PartiesMin int
}
