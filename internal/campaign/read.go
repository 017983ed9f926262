package campaign

import (
	"context"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Ref names an ad account or a campaign: its book is where to look, never a right
// to see it.
type Ref struct {
	Book ledger.BookID
	ID   ledger.ID
}

// Access says as what a caller reaches an ad account.
type Access string

// The ways to reach an ad account, strongest first. An analyst sees what
// campaigns do, not what they are funded with and charged.
const (
	AccessAll     Access = "ALL"
	AccessOwner   Access = "OWNER"
	AccessAdmin   Access = "ADMIN"
	AccessAnalyst Access = "ANALYST"
)

// Manages reports whether the caller may change campaigns and move their funds.
func (a Access) Manages() bool { return a == AccessOwner || a == AccessAdmin || a == AccessAll }

// AdAccount is an ad account as one caller reaches it, at one instant.
type AdAccount struct {
	Ref
	Owner     ledger.ID
	Name      string
	Commodity ledger.Commodity
	Wallet    ledger.ID // NilID where the commodity is money
	TimeZone  string
	OpenedAt  time.Time
	Campaigns int64
	Access    Access
	// Prepaid is what is deposited and not assigned to a campaign, for money. An
	// analyst is not told: it is 0, and must be shown as unknown.
	Prepaid int64
	// SpentToday is the net spend of all campaigns on today's local date, and
	// BudgetToday the sum of what the enabled ones may spend today.
	SpentToday  int64
	BudgetToday int64
	// BookSeq is the book's head in the snapshot.
	BookSeq int64
}

// Campaign is a campaign with its ad account's facts, as one caller reaches it. An
// analyst is told nothing of its funding: Totals.Funded and Totals.Released are 0,
// and must be shown as unknown.
type Campaign struct {
	Row
	Book      ledger.BookID
	Owner     ledger.ID
	Commodity ledger.Commodity
	Wallet    ledger.ID
	TimeZone  string
	Access    Access
	// SpentToday is the net spend on today's local date.
	SpentToday int64
	Delivery   Delivery
	BookSeq    int64
}

// Ref names the campaign.
func (c Campaign) Ref() Ref { return Ref{Book: c.Book, ID: c.ID} }

// DeliveryState says whether ads of a campaign are shown.
type DeliveryState string

// The states of delivery.
const (
	DeliveryEligible    DeliveryState = "ELIGIBLE"
	DeliveryScheduled   DeliveryState = "SCHEDULED"
	DeliveryNotEligible DeliveryState = "NOT_ELIGIBLE"
	DeliveryEnded       DeliveryState = "ENDED"
)

// Reasons why ads are not shown. All that hold are listed.
const (
	ReasonNotEnabled        = "NOT_ENABLED"
	ReasonOutOfFlight       = "OUT_OF_FLIGHT"
	ReasonNoFunds           = "NO_FUNDS"
	ReasonWalletFrozen      = "WALLET_FROZEN"
	ReasonBudgetHitDaily    = "BUDGET_HIT_DAILY"
	ReasonBudgetHitLifetime = "BUDGET_HIT_LIFETIME"
	ReasonBidBelowFloor     = "BID_BELOW_FLOOR"
)

// Delivery is what a campaign does, computed when it is read.
type Delivery struct {
	State   DeliveryState
	Reasons []string
}

// Filter narrows a list of campaigns; all conditions given must hold. It is
// comparable: the sets are bit sets over Statuses, Products, DeliveryStates and
// DeliveryReasons.
type Filter struct {
	Statuses uint16
	Products uint16
	States   uint16
	Reasons  uint16
	// Text is looked for in the name, whatever the case.
	Text string
}

// Orders of the values that Filter's bit sets are over.
var (
	Statuses       = []Status{StatusDraft, StatusEnabled, StatusPaused, StatusEnded, StatusArchived}
	Products       = []Product{ProductProfile, ProductProject, ProductJob}
	DeliveryStates = []DeliveryState{DeliveryEligible, DeliveryScheduled, DeliveryNotEligible, DeliveryEnded}
	Reasons        = []string{
		ReasonNotEnabled, ReasonOutOfFlight, ReasonNoFunds, ReasonWalletFrozen, ReasonBudgetHitDaily, ReasonBudgetHitLifetime, ReasonBidBelowFloor,
	}
)

// OrderBy is what a list of campaigns is ordered by.
type OrderBy string

// The orders: by a fact of the campaign, or by a metric over a range of dates,
// which is a ranking at a moment.
const (
	OrderCreatedAt   OrderBy = "CREATED_AT"
	OrderName        OrderBy = "NAME"
	OrderSpendNet    OrderBy = "SPEND_NET"
	OrderImpressions OrderBy = "IMPRESSIONS"
	OrderClicks      OrderBy = "CLICKS"
	OrderCTR         OrderBy = "CTR"
	OrderAvgCPC      OrderBy = "AVG_CPC"
)

// IsMetric reports whether the order needs a range of dates.
func (o OrderBy) IsMetric() bool { return o != OrderCreatedAt && o != OrderName }

// Direction of a page through a list.
type Direction uint8

// The directions: first/after and last/before.
const (
	Forward Direction = iota
	Backward
)

// Key is a position in a list of campaigns: the value it is ordered by, as text
// that only the reader reads, and the campaign.
type Key struct {
	Value string
	ID    ledger.ID
}

// CampaignsQuery asks for a page of an ad account's campaigns. Limit counts the
// rows wanted; readers fetch one more to know whether there is another page.
type CampaignsQuery struct {
	Filter     Filter
	OrderBy    OrderBy
	Descending bool
	// Range is what a metric is ordered over, resolved in the account's zone.
	Range     domain.Range
	Direction Direction
	Limit     int
	HasKey    bool
	Key       Key
	// WithTotals asks for the sums over all campaigns of the filter in Range.
	WithTotals bool
}

// ListPage is a page of campaigns in list order, also when read backward.
type ListPage struct {
	Campaigns []Campaign
	Keys      []Key // of each campaign
	More      bool
	// Totals are the sums over the whole filtered list; with WithTotals only.
	Totals *Metrics
	// Count is how many campaigns the whole list has, capped at CountMax.
	Count int64
}

// CountMax caps a list's count.
const CountMax = 10_000

// Metrics are the additive figures of a span; ratios are computed from them, once.
type Metrics struct {
	Impressions    int64
	Clicks         int64
	BillableClicks int64
	SpendGross     int64
	Credits        int64
	Unbilled       int64
}

// SpendNet is what was charged less what was credited.
func (m Metrics) SpendNet() int64 { return m.SpendGross - m.Credits }

// PerformanceQuery asks for a campaign's figures over a range and, with Compare,
// over the range it is compared with.
type PerformanceQuery struct {
	Range   domain.Range
	Compare string // "", PREVIOUS_PERIOD or PREVIOUS_YEAR
	// Zone is another time zone than the ad account's; "" for that.
	Zone string
}

// Performance is the figures of one campaign.
type Performance struct {
	From, To ledger.Date // resolved
	Zone     string
	Totals   Metrics
	// ComparedFrom and ComparedTo are the span compared with; Compared is nil
	// without one.
	ComparedFrom, ComparedTo ledger.Date
	Compared                 *Metrics
}

// SeriesQuery asks for a campaign's figures per day or quarter of an hour; the
// grain of the answer's buckets is the presenter's. Hourly reads the fine rollup.
type SeriesQuery struct {
	Range  domain.Range
	Zone   string
	Hourly bool
}

// SeriesPoint is one row of a rollup: a local date, or a quarter of an hour.
type SeriesPoint struct {
	Day      ledger.Date // of a daily point
	BucketAt time.Time   // of a fine point
	Metrics
}

// Series is the points of one campaign, in order; buckets without activity are
// left out.
type Series struct {
	From, To ledger.Date
	Zone     string
	Points   []SeriesPoint
}

// ChargesQuery asks for a page of a campaign's click charges, newest first.
type ChargesQuery struct {
	Direction Direction
	Limit     int
	HasKey    bool
	Key       ChargeKey
}

// ChargeKey is a position in the list of charges.
type ChargeKey struct {
	PostedAt time.Time
	Journal  ledger.ID
}

// ChargePage is a page of charges, newest first, also when read backward.
type ChargePage struct {
	Charges []ChargeRow
	More    bool
}

// ChangesQuery asks for a page of a campaign's change log, newest first.
type ChangesQuery struct {
	Direction Direction
	Limit     int
	HasKey    bool
	Key       ChangeKey
}

// ChangeKey is a position in the change log.
type ChangeKey struct {
	At      time.Time
	Journal ledger.ID
	Line    int16
}

// ChangePage is a page of the change log, newest first, also when read backward.
type ChangePage struct {
	Changes []ChangeRow
	More    bool
}

// ReconciliationQuery asks what analytics and the ledger say of a range of the ad
// account's local dates.
type ReconciliationQuery struct{ Range domain.Range }

// Reconciliation compares them (I31): Spend is gross less credits from the
// rollup, Ledger the same from postings.
type Reconciliation struct {
	From, To ledger.Date
	Spend    int64
	Ledger   int64
}

// PageRequest asks for ad accounts or campaigns, and for sections of each, all from
// one snapshot.
type PageRequest struct {
	// Mine asks for every ad account the caller reaches as owner or member, at
	// most AdAccountsMax; otherwise AdAccounts and Campaigns are read by name.
	Mine       bool
	AdAccounts []Ref
	Campaigns  []Ref

	// Lists are sections of each ad account; the sections below are of each
	// campaign, those found by Lists included.
	Lists           []CampaignsQuery
	Performance     []PerformanceQuery
	Series          []SeriesQuery
	Charges         []ChargesQuery
	Changes         []ChangesQuery
	Reconciliations []ReconciliationQuery
}

// AdAccountsMax bounds the ad accounts of one caller that a page lists.
const AdAccountsMax = 100

// Page is what a PageRequest found. What the caller may not see is absent, exactly
// like what does not exist; so are its sections.
type Page struct {
	AdAccounts []AdAccount // in the order of the refs; for Mine by id
	Campaigns  []Campaign  // those asked for by name, in the order of the refs
	// Sections holds, per ad account or campaign and query, a ListPage,
	// Performance, Series, ChargePage, ChangePage or Reconciliation.
	Sections map[SectionKey]any
	// Now is the instant of the snapshot, by the database's clock or later than
	// every journal in it.
	Now time.Time
}

// SectionKey names one section; Query is one of the query types, all comparable.
type SectionKey struct {
	Of    Ref
	Query any
}

// Reader is what dashboards of campaigns read: one snapshot a call, only what the
// caller may see. The number of statements depends on the kinds and arguments of
// the sections, never on how many objects or rows there are. Its errors wrap
// domain.ErrUnavailable when the read may be repeated.
type Reader interface {
	CampaignPage(ctx context.Context, caller domain.Caller, request PageRequest) (*Page, error)
}
