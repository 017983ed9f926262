package campaign

import (
	"time"

	"purser/ledger"
)

// Reasons with which guards of this package and *RefusedError refuse. Each is
// followed by the facts that come with it; amounts are minor units of the ad
// account's commodity.
const (
	ReasonMissing         = "MISSING"                    // no such row; the directory had seen it
	ReasonCampaignLimit   = "CAMPAIGN_LIMIT"             // limit
	ReasonNameTaken       = "NAME_TAKEN"                 // campaign: who has it
	ReasonInvalidSchedule = "INVALID_SCHEDULE"           // startsAt, endsAt (absent: open-ended), field, notBefore or notAfter
	ReasonBidOutOfRange   = "BID_OUT_OF_RANGE"           // floor, ceiling, policyVersion
	ReasonBudgetBelowMin  = "BUDGET_BELOW_MIN"           // minimum, policyVersion
	ReasonNotPromotable   = "ENTITY_NOT_PROMOTABLE"      // expected
	ReasonWrongCommodity  = "WRONG_COMMODITY"            // commodity
	ReasonVersionConflict = "VERSION_CONFLICT"           // expected, actual
	ReasonBelowSpentToday = "BELOW_SPENT_TODAY"          // spent, day, timeZone
	ReasonBelowSpent      = "BELOW_SPENT"                // spent
	ReasonEditLimit       = "EDIT_LIMIT_REACHED"         // limit, day, timeZone
	ReasonLargeChange     = "LARGE_CHANGE_NEEDS_CONFIRM" // fromType, from, toType, to
	ReasonIllegalMove     = "ILLEGAL_TRANSITION"         // from, to
	ReasonCampaignEnded   = "CAMPAIGN_ENDED"             // status
	ReasonChargeTooLate   = "CHARGE_TOO_LATE"            // notBefore
	ReasonOverflow        = "AMOUNT_OVERFLOW"            // none
	// ReasonNoFunds, which is a reason of delivery too, has no facts.
)

// Names of facts.
const (
	FactLimit     = "limit"
	FactCampaign  = "campaign"
	FactStartsAt  = "startsAt"
	FactEndsAt    = "endsAt"
	FactField     = "field"
	FactNotBefore = "notBefore"
	FactNotAfter  = "notAfter"
	FactFloor     = "floor"
	FactCeiling   = "ceiling"
	FactMinimum   = "minimum"
	FactPolicy    = "policyVersion"
	FactExpected  = "expected"
	FactActual    = "actual"
	FactCommodity = "commodity"
	FactSpent     = "spent"
	FactDay       = "day"
	FactTimeZone  = "timeZone"
	FactFrom      = "from"
	FactTo        = "to"
	FactFromType  = "fromType"
	FactToType    = "toType"
	FactStatus    = "status"
)

// rule is a condition on a campaign's row; it returns "" where it holds.
type rule func(Row) (reason string, facts ledger.Arguments)

// change is what one command does to a campaign: a guard on its row, and from that
// row, as the fold found it, the effects that write what becomes of it. Commands
// behind it in the batch are checked against the row as it leaves it, with the
// amounts that only the fold knew.
type change struct {
	campaign ledger.ID
	rules    []rule
	// edit is what the owner decides, nil for nothing.
	edit func(*Row)
	// before is the row that Check saw last: effects are made right after it.
	before Row
}

// Kind implements ledger.Guard.
func (*change) Kind() string { return GuardCampaign }

// ID implements ledger.Guard.
func (c *change) ID() string { return c.campaign.String() }

// Check implements ledger.Guard.
func (c *change) Check(stored any) (string, ledger.Arguments) {
	row, found := stored.(Row)
	if !found {
		return ReasonMissing, nil
	}
	c.before = row
	for _, rule := range c.rules {
		if reason, facts := rule(row); reason != "" {
			return reason, facts
		}
	}
	return "", nil
}

// After implements ledger.Guard.
func (c *change) After(stored any, accepted *ledger.Delta) any {
	return c.apply(stored.(Row), accepted)
}

// apply returns the row as an accepted command leaves it.
func (c *change) apply(row Row, accepted *ledger.Delta) Row {
	if c.edit != nil {
		c.edit(&row)
		row.Version++
		row.UpdatedAt = accepted.Journal.PostedAt
	}
	if moved, ok := TotalsOf(accepted); ok {
		row.Totals = row.Totals.plus(moved.Totals)
	}
	return row
}

// after is the row that the effects of the command write.
func (c *change) after(accepted *ledger.Delta) Row { return c.apply(c.before, accepted) }

// oneMore is a guard on an ad account that gets another campaign.
type oneMore struct {
	adAccount ledger.ID
	limit     int64
	rules     []rule // on the campaign to be, which has no row yet
}

// Kind implements ledger.Guard.
func (oneMore) Kind() string { return GuardAdAccount }

// ID implements ledger.Guard.
func (g oneMore) ID() string { return g.adAccount.String() }

// Check implements ledger.Guard.
func (g oneMore) Check(stored any) (string, ledger.Arguments) {
	row, found := stored.(AdAccountRow)
	if !found {
		return ReasonMissing, nil
	}
	for _, rule := range g.rules {
		if reason, facts := rule(Row{}); reason != "" {
			return reason, facts
		}
	}
	if row.Campaigns >= g.limit {
		return ReasonCampaignLimit, ledger.Arguments(nil).Amount(FactLimit, g.limit)
	}
	return "", nil
}

// After implements ledger.Guard.
func (oneMore) After(stored any, _ *ledger.Delta) any {
	row := stored.(AdAccountRow)
	row.Campaigns++
	return row
}

// nameGuard requires that a name is free, or the campaign's own already, and gives
// it to the campaign.
type nameGuard struct {
	key      string
	campaign ledger.ID
}

// Kind implements ledger.Guard.
func (nameGuard) Kind() string { return GuardName }

// ID implements ledger.Guard.
func (g nameGuard) ID() string { return g.key }

// Check implements ledger.Guard.
func (g nameGuard) Check(stored any) (string, ledger.Arguments) {
	if holder, taken := stored.(ledger.ID); taken && holder != g.campaign {
		return ReasonNameTaken, ledger.Arguments(nil).ID(FactCampaign, holder)
	}
	return "", nil
}

// After implements ledger.Guard.
func (g nameGuard) After(any, *ledger.Delta) any { return g.campaign }

// freedName gives up the name that a campaign had, so that another command of the
// batch may take it.
type freedName struct{ key string }

// Kind implements ledger.Guard.
func (freedName) Kind() string { return GuardName }

// ID implements ledger.Guard.
func (g freedName) ID() string { return g.key }

// Check implements ledger.Guard.
func (freedName) Check(any) (string, ledger.Arguments) { return "", nil }

// After implements ledger.Guard.
func (freedName) After(any, *ledger.Delta) any { return nil }

// dayGuard is a guard on what a campaign was charged on one local date.
type dayGuard struct {
	campaign ledger.ID
	day      ledger.Date
	zone     string
	// budget is what the day's spend must not be above; 0 for any.
	budget int64
}

// Kind implements ledger.Guard.
func (dayGuard) Kind() string { return GuardDay }

// ID implements ledger.Guard.
func (g dayGuard) ID() string { return DayKey(g.campaign, g.day) }

// Check implements ledger.Guard.
func (g dayGuard) Check(stored any) (string, ledger.Arguments) {
	spent, _ := stored.(int64) // a day without a charge has no row
	if g.budget == 0 || spent <= g.budget {
		return "", nil
	}
	return ReasonBelowSpentToday, ledger.Arguments(nil).Amount(FactSpent, spent).
		Text(FactDay, g.day.String()).Text(FactTimeZone, g.zone)
}

// After implements ledger.Guard: the day's spend grows by what was billed.
func (g dayGuard) After(stored any, accepted *ledger.Delta) any {
	charge, ok := ChargeRowOf(accepted)
	if !ok {
		return stored
	}
	spent, _ := stored.(int64)
	return spent + charge.Billed
}

// notEnded is the rule that a campaign still runs or may run again.
func notEnded(row Row) (string, ledger.Arguments) {
	if row.Status != StatusEnded && row.Status != StatusArchived {
		return "", nil
	}
	return ReasonCampaignEnded, ledger.Arguments(nil).Text(FactStatus, string(row.Status))
}

// atVersion is the rule that nobody changed the campaign since the version that
// the caller saw; 0 is any.
func atVersion(version int64) rule {
	return func(row Row) (string, ledger.Arguments) {
		if version == 0 || version == row.Version {
			return "", nil
		}
		return ReasonVersionConflict, ledger.Arguments(nil).Amount(FactExpected, version).Amount(FactActual, row.Version)
	}
}

// atStorage returns an instant as storage keeps it, so that a row is the same
// before it was written and after it was read.
func atStorage(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Microsecond)
}
