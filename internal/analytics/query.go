package analytics

import (
	"fmt"

	"purser/internal/domain"
	"purser/ledger"
)

// Query is a question: metrics by dimensions over a span of dates. Validate says
// whether it can be answered.
type Query struct {
	Dataset    Dataset
	Metrics    []Metric
	Dimensions []Dimension
	// Filters narrow what is counted; all must hold.
	Filters []Filter
	Range   domain.Range
	Compare domain.Comparison
	// TimeZone is the zone of the dates; "" for that of the dataset: for AD_SPEND
	// each ad account's own, for WALLET_FLOWS UTC.
	TimeZone string
	// Grain is the width of the buckets of DATE.
	Grain Grain
	// OrderBy says which rows come first; empty for the order of the dimensions.
	// What it leaves equal is in the order of the dimensions.
	OrderBy []Order
	// Limit is how many groups are shown at most. What is folded into OTHER comes
	// on top.
	Limit int
}

// Filter counts what has one of some values. Those of CAMPAIGN and AD_ACCOUNT are
// Refs, those of all others Values. A value that nothing has counts nothing.
type Filter struct {
	Dimension Dimension
	Values    []string
	Refs      []Ref
}

// Ref names a campaign or an ad account: its book is where to look, never a right
// to see it.
type Ref struct {
	Book ledger.BookID
	ID   ledger.ID
}

// Order is one step of an order: by a metric or by a dimension, either of which the
// question asks for. A null ratio comes last in both directions.
type Order struct {
	Metric     Metric    // "" for Dimension
	Dimension  Dimension // "" for Metric
	Descending bool
}

// Scope is whose figures a question is about: those of every ad account and wallet
// for who may see all, otherwise those of the ad accounts that the caller owns or
// is a member of.
type Scope struct {
	Caller domain.Caller
	// Aggregated callers see everyone's figures, but only such as PartiesMin
	// parties or more have in common.
	Aggregated bool
}

// everyone reports whether figures of every party are counted.
func (s Scope) everyone() bool { return s.Aggregated || s.Caller.All }

// ErrorKind says what is wrong with a question.
type ErrorKind string

// The kinds of errors.
const (
	// ErrorUnknown is a name that the catalogue does not have.
	ErrorUnknown ErrorKind = "UNKNOWN"
	// ErrorIncompatible is something that the catalogue has, but not together with
	// the rest of the question, or not for this caller.
	ErrorIncompatible ErrorKind = "INCOMPATIBLE"
	// ErrorInvalid is a part that is missing, there twice, or no value of its kind.
	ErrorInvalid ErrorKind = "INVALID"
	// ErrorCommodity asks for one commodity, or for figures of each.
	ErrorCommodity ErrorKind = "COMMODITY_REQUIRED"
	// ErrorLimit is a question beyond the limit that it names.
	ErrorLimit ErrorKind = "LIMIT_EXCEEDED"
	// ErrorForbidden is a dataset that is not for the caller's role.
	ErrorForbidden ErrorKind = "FORBIDDEN"
)

// QueryError says which part of a question cannot be answered, and what could be.
type QueryError struct {
	Kind ErrorKind
	// Field is the part of the question: "metrics", "filter.campaignIds".
	Field   string
	Message string
	// Limit and Max name the limit of an ErrorLimit.
	Limit string
	Max   int64
}

// Error names the part and what is expected of it.
func (e *QueryError) Error() string { return e.Field + ": " + e.Message }

func refuse(kind ErrorKind, field, format string, args ...any) error {
	return &QueryError{Kind: kind, Field: field, Message: fmt.Sprintf(format, args...)}
}

// beyond refuses a question over a limit; noun says of what there are too many.
func beyond(field, limit, noun string, limitMax int64, got int) error {
	return &QueryError{
		Kind: ErrorLimit, Field: field, Limit: limit, Max: limitMax, Message: fmt.Sprintf("expected at most %d %s, got %d", limitMax, noun, got),
	}
}

// TooManyGroups is the error of a question whose answer has more than GroupsMax
// groups, which only storage can tell.
func TooManyGroups() error {
	return &QueryError{
		Kind: ErrorLimit, Field: "dimensions", Limit: LimitGroups, Max: GroupsMax,
		Message: fmt.Sprintf("the answer has over %d groups before limit: ask by fewer dimensions, for fewer days, or with a filter", GroupsMax),
	}
}
