package policy

import "time"

// Campaigns is one version of the rules about advertising campaigns.
type Campaigns struct {
	// Version is stamped on every journal the rules decided.
	Version string
	// From is the first instant at which this version holds.
	From time.Time
	// Terms are what may be bid and budgeted, per commodity code. A commodity
	// that is not listed pays for no campaigns.
	Terms map[string]AdTerms
	// CampaignsMax is how many campaigns an ad account may ever have.
	CampaignsMax int64
	// BudgetEditsPerDay is how often a campaign's budget may change on one local
	// date of its ad account.
	BudgetEditsPerDay int64
	// LargeChangePercent is the change of a budget, as a part of the old amount,
	// beyond which the owner is asked to confirm it.
	LargeChangePercent int64
	// StartsBefore is how long ago a campaign may be said to start: a plan
	// made today may name today's first instant, in any time zone.
	StartsBefore time.Duration
	// PlannedAhead is how far ahead a campaign may start or end.
	PlannedAhead time.Duration
	// ChargedWithin is how late a batch of clicks may be charged. Figures are
	// final after it.
	ChargedWithin time.Duration
}

// AdTerms bound the bids and budgets in one commodity, in its minor units.
type AdTerms struct {
	BidFloor   int64
	BidCeiling int64
	BudgetMin  int64
}

// campaigns lists all versions, oldest first. No public source states the bids and
// budgets of click ads on the marketplace: they are defaults. The limits on edits
// and on campaigns, and the 120 hours after which figures are final, are those of
// comparable advertising platforms.
var campaigns = []Campaigns{
	{
		Version: "campaigns/2022-01-01",
		From:    time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC),
		Terms: map[string]AdTerms{
			"CNX": {BidFloor: 1, BidCeiling: 50, BudgetMin: 10},
			"USD": {BidFloor: 10, BidCeiling: 5_000, BudgetMin: 100},
		},
		CampaignsMax: 10_000, BudgetEditsPerDay: 15, LargeChangePercent: 50,
		StartsBefore: 24 * time.Hour, PlannedAhead: 5 * 366 * 24 * time.Hour, ChargedWithin: 120 * time.Hour,
	},
	{
		Version: "campaigns/2025-03-01",
		From:    time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC),
		Terms: map[string]AdTerms{
			"CNX": {BidFloor: 1, BidCeiling: 100, BudgetMin: 10},
			"USD": {BidFloor: 5, BidCeiling: 10_000, BudgetMin: 100},
		},
		CampaignsMax: 10_000, BudgetEditsPerDay: 15, LargeChangePercent: 50,
		StartsBefore: 24 * time.Hour, PlannedAhead: 5 * 366 * 24 * time.Hour, ChargedWithin: 120 * time.Hour,
	},
}

// CampaignsAt returns the rules in force at an instant; before the first version
// that is the first version.
func CampaignsAt(at time.Time) Campaigns {
	current := campaigns[0]
	for _, version := range campaigns[1:] {
		if !version.From.After(at) {
			current = version
		}
	}
	return current
}
