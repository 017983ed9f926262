package campaign

import (
	"time"

	"purser/ledger"
)

// Kinds of guards and effects, by which storage registers its reads and writes.
const (
	// GuardAdAccount reads an AdAccountRow by its id, GuardCampaign a Row by its
	// id. GuardName reads the id of the campaign that has a name, by NameKey.
	// GuardDay reads what a campaign was charged on one local date, an int64, by
	// DayKey; a day without a charge has no row.
	GuardAdAccount = "ad_account"
	GuardCampaign  = "campaign"
	GuardName      = "campaign_name"
	GuardDay       = "campaign_day"

	// EffectAdAccount inserts an AdAccountRow, EffectCampaign a Row and counts it
	// on its ad account. EffectUpdate writes the columns of a Row that its owner
	// decides. EffectTotals adds a TotalsRow to a campaign's counters.
	// EffectChanges inserts []ChangeRow, EffectCharge a ChargeRow.
	EffectAdAccount = "ad_account"
	EffectCampaign  = "campaign"
	EffectUpdate    = "campaign_update"
	EffectTotals    = "campaign_totals"
	EffectChanges   = "campaign_changes"
	EffectCharge    = "click_charge"
)

// Product says what a campaign promotes, and so where its ads appear.
type Product string

// The products. Each promotes one kind of entity.
const (
	ProductProfile Product = "BOOSTED_PROFILE"  // a freelancer's or agency's profile
	ProductProject Product = "PROMOTED_PROJECT" // a project of the catalogue
	ProductJob     Product = "PROMOTED_JOB"     // a client's job post
)

// EntityType is a kind of thing that can be advertised.
type EntityType string

// The kinds of entities.
const (
	EntityProfile EntityType = "PROFILE"
	EntityProject EntityType = "PROJECT"
	EntityJob     EntityType = "JOB"
)

// Promotes returns the kind of entity that a product promotes, "" for no product.
func (p Product) Promotes() EntityType {
	switch p {
	case ProductProfile:
		return EntityProfile
	case ProductProject:
		return EntityProject
	case ProductJob:
		return EntityJob
	default:
		return ""
	}
}

// Status is what the owner wants of a campaign. What it does is its Delivery.
type Status string

// The states: DRAFT -> ENABLED <-> PAUSED -> ENDED -> ARCHIVED, and DRAFT and
// ENABLED may end as well. ENDED and ARCHIVED never run again.
const (
	StatusDraft    Status = "DRAFT"
	StatusEnabled  Status = "ENABLED"
	StatusPaused   Status = "PAUSED"
	StatusEnded    Status = "ENDED"
	StatusArchived Status = "ARCHIVED"
)

// next lists the states that may follow each state.
var next = map[Status][]Status{
	StatusDraft:    {StatusEnabled, StatusEnded},
	StatusEnabled:  {StatusPaused, StatusEnded},
	StatusPaused:   {StatusEnabled, StatusEnded},
	StatusEnded:    {StatusArchived},
	StatusArchived: {},
}

// BudgetType says what a budget bounds.
type BudgetType string

// The types: what is spent on one local date of the ad account, or ever.
const (
	BudgetDaily    BudgetType = "DAILY"
	BudgetLifetime BudgetType = "LIFETIME"
)

// AdAccountRow is an ad account as stored. All of it but Campaigns is decided for
// good when it is opened.
type AdAccountRow struct {
	ID        ledger.ID
	Owner     ledger.ID
	Name      string
	Commodity ledger.Commodity
	// Wallet funds the account's campaigns and gets the rest back; NilID where
	// the commodity is money.
	Wallet    ledger.ID
	TimeZone  string
	OpenedAt  time.Time
	Campaigns int64 // ever created
}

// Row is a campaign as stored. Amounts are minor units of its ad account's
// commodity.
type Row struct {
	ID        ledger.ID
	AdAccount ledger.ID
	Name      string
	Product   Product
	AdType    EntityType
	AdID      ledger.ID // of the promoted entity, in the marketplace
	StartsAt  time.Time
	EndsAt    time.Time // zero: open-ended
	BidMinor  int64     // the most that one click may cost
	Budget    Budget
	Status    Status
	// Version counts the changes by the owner, from 1. Charges, funding and
	// releases leave it.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// BudgetEditsOn is the local date of the latest change of the budget, and
	// BudgetEdits counts the changes on it.
	BudgetEditsOn ledger.Date
	BudgetEdits   int64
	Totals        Totals
}

// Budget is what a campaign may spend.
type Budget struct {
	Type        BudgetType
	AmountMinor int64
}

// Totals are a campaign's counters since it was created, projections of its
// journals: remaining = funded + credited − released − consumed.
type Totals struct {
	Funded   int64
	Released int64
	Consumed int64
	Credited int64
	// Unbilled is the value of clicks beyond what the escrow held: served, never
	// charged.
	Unbilled int64
}

// Remaining is what is left in escrow.
func (t Totals) Remaining() int64 { return t.Funded + t.Credited - t.Released - t.Consumed }

// TotalsRow adds to a campaign's counters.
type TotalsRow struct {
	Campaign ledger.ID
	Totals
}

// ChangeRow is one line of a campaign's change log: one field, as text that
// people read.
type ChangeRow struct {
	Campaign ledger.ID
	Journal  ledger.ID
	Line     int16
	At       time.Time
	Actor    string
	Field    string
	Old      string // "" when the campaign had none
	New      string
}

// ChargeRow is one batch of click charges: one campaign and minute. Charge =
// Billed + Unbilled.
type ChargeRow struct {
	Journal     ledger.ID
	Campaign    ledger.ID
	Batch       string
	MinuteAt    time.Time
	Impressions int64
	Clicks      int64
	// BillableClicks are the clicks that were paid for, in part at least.
	BillableClicks int64
	Billed         int64
	Unbilled       int64
	PostedAt       time.Time
}

// NameKey is the id of GuardName: names are unique per ad account, whatever their
// case and the spaces around them.
func NameKey(adAccount ledger.ID, name string) string {
	return adAccount.String() + "|" + FoldName(name)
}

// DayKey is the id of GuardDay.
func DayKey(campaign ledger.ID, day ledger.Date) string {
	return campaign.String() + "|" + day.Time().Format(time.DateOnly)
}
