// Package policy holds the marketplace's rules as versioned, dated data. Prices,
// lifetimes and orders change about yearly, so each journal stores the version
// that decided it. Rules that no public source states are marked as defaults
// that finance or counsel must confirm (docs/ledger.md).
package policy

import "time"

// Connects is one version of the rules about Connects.
type Connects struct {
	// Version is stamped on every journal the rules decided.
	Version string
	// From is the first instant at which this version holds.
	From time.Time
	// LifetimeDays is how long the units of an origin live unless the grant says
	// otherwise.
	LifetimeDays map[string]int
	// Priority orders lots before their expiry does: lower is spent first.
	Priority map[string]int32
}

// connects lists all versions, oldest first. History: unused Connects expire
// after one year (the marketplace's help pages); promotional credit is spent
// before paid credit (the common rule of comparable stored-value systems; the
// marketplace itself documents order of issue, so this is a default).
var connects = []Connects{
	{
		Version: "connects/2019-05-01",
		From:    time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC),
		LifetimeDays: map[string]int{
			"PURCHASE": 365, "PLAN": 365, "PROMO": 365, "BONUS": 365, "COMPENSATION": 365,
		},
		Priority: map[string]int32{"PURCHASE": 0, "PLAN": 0, "PROMO": 0, "BONUS": 0, "COMPENSATION": 0},
	},
	{
		Version: "connects/2023-06-01",
		From:    time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC),
		LifetimeDays: map[string]int{
			"PURCHASE": 365, "PLAN": 365, "PROMO": 90, "BONUS": 180, "COMPENSATION": 365,
		},
		Priority: map[string]int32{"PURCHASE": 20, "PLAN": 10, "PROMO": 0, "BONUS": 0, "COMPENSATION": 0},
	},
}

// ConnectsAt returns the rules in force at an instant; before the first version
// that is the first version.
func ConnectsAt(at time.Time) Connects {
	current := connects[0]
	for _, version := range connects[1:] {
		if !version.From.After(at) {
			current = version
		}
	}
	return current
}

// Expiry returns when units of an origin issued at an instant die.
func (c Connects) Expiry(origin string, issued time.Time) time.Time {
	return issued.AddDate(0, 0, c.LifetimeDays[origin])
}
