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
	// HoldHours is how long a hold for a purpose stands unless whoever places it
	// says otherwise.
	HoldHours map[string]int
	// Transferable are the origins whose units may go to another wallet of the
	// organisation, in alphabetical order. Those of an origin that is not listed stay
	// with whom they were given to.
	Transferable []string
	// GraceOnReturnDays is how long units may still be used that come back to a lot
	// after it has expired; zero: they lapse at once.
	GraceOnReturnDays int
}

// connects lists all versions, oldest first. History: unused Connects expire
// after one year (the marketplace's help pages); promotional credit is spent
// before paid credit (the common rule of comparable stored-value systems; the
// marketplace itself documents order of issue, so this is a default). A boost
// auction closes seven days after the job is posted, and a lease is for a day:
// their holds live one day longer, so that a late settlement still finds them. No
// public source states a grace for units that come back too late: 7 days is a
// default. Nor does one say which units an agency may pass on: that promotional
// units stay where they were given is a default too.
var connects = []Connects{
	{
		Version: "connects/2019-05-01",
		From:    time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC),
		LifetimeDays: map[string]int{
			"PURCHASE": 365, "PLAN": 365, "PROMO": 365, "BONUS": 365, "COMPENSATION": 365,
		},
		Priority:          map[string]int32{"PURCHASE": 0, "PLAN": 0, "PROMO": 0, "BONUS": 0, "COMPENSATION": 0},
		HoldHours:         map[string]int{"BID": 8 * 24, "LEASE": 2 * 24},
		Transferable:      []string{"BONUS", "COMPENSATION", "PLAN", "PURCHASE"},
		GraceOnReturnDays: 7,
	},
	{
		Version: "connects/2023-06-01",
		From:    time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC),
		LifetimeDays: map[string]int{
			"PURCHASE": 365, "PLAN": 365, "PROMO": 90, "BONUS": 180, "COMPENSATION": 365,
		},
		Priority:          map[string]int32{"PURCHASE": 20, "PLAN": 10, "PROMO": 0, "BONUS": 0, "COMPENSATION": 0},
		HoldHours:         map[string]int{"BID": 8 * 24, "LEASE": 2 * 24},
		Transferable:      []string{"BONUS", "COMPENSATION", "PLAN", "PURCHASE"},
		GraceOnReturnDays: 7,
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

// Expiry returns when units of an origin issued at an instant die: days of UTC, so
// that neither the caller's time zone nor a change of its clocks shortens a life.
func (c Connects) Expiry(origin string, issued time.Time) time.Time {
	return issued.UTC().AddDate(0, 0, c.LifetimeDays[origin])
}

// HoldUntil returns when a hold for a purpose, placed at an instant, ends.
func (c Connects) HoldUntil(purpose string, placed time.Time) time.Time {
	return placed.Add(time.Duration(c.HoldHours[purpose]) * time.Hour)
}

// GraceUntil returns until when units may be used that come back at an instant to a
// lot that has expired.
func (c Connects) GraceUntil(returned time.Time) time.Time {
	return returned.UTC().AddDate(0, 0, c.GraceOnReturnDays)
}
