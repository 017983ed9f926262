package handwritten

import (
	"encoding/binary"

	"purser/internal/campaign"
)

// campaign appends one campaign from its columns. A row without one is of an empty list, and one that is too
// many says that there are more.
func (l *campaignList) campaign(row *row) {
	id, found := row.id()
	if !found {
		return
	}
	if l.rows == campaignsMax {
		l.more = true
		return
	}
	out := l.out
	if l.rows++; l.rows > 1 {
		out = append(out, ',')
	}
	out = appendObjectID(append(out, `{"id":"`...), kindCampaign, l.book, id)
	out = appendText(append(out, `","name":`...), row.text())
	out = appendName(append(out, `,"product":`...), row.text())
	status := row.text()
	out = appendName(append(out, `,"status":`...), status)
	c := campaignState{status: campaign.Status(status), startsAt: row.instant(), endsAt: never}
	if ends := row.instant(); ends != 0 {
		c.endsAt = ends
	}
	c.bid = row.bigint()
	budget := row.text()
	c.daily, c.budget, c.spentToday = campaign.BudgetType(budget) == campaign.BudgetDaily, row.bigint(), row.bigint()
	c.left, c.spent = row.bigint(), row.bigint()
	out = l.appendDelivery(append(out, `,"delivery":`...), &c)
	out = l.appendAmount(append(out, `,"bid":`...), c.bid)
	out = appendName(append(out, `,"budget":{"type":`...), budget)
	out = l.appendAmount(append(out, `,"amount":`...), c.budget)
	out = l.appendAmount(append(out, `,"spentToday":`...), c.spentToday)
	out = l.appendAmount(append(out, `,"remaining":`...), c.remaining())
	out = append(out, l.performance...)
	now := figures{row.bigint(), row.bigint(), row.bigint(), row.bigint(), row.bigint()}
	then := figures{row.bigint(), row.bigint(), row.bigint(), row.bigint(), row.bigint()}
	out = append(l.appendFigures(out, now), `},"deltas":`...)
	out = l.appendDeltas(out, now, then)
	l.endID, l.endRank = id, now.net()
	l.out = append(l.appendSeries(out, row), `}}`...)
}

// campaignState is what decides whether ads are shown.
type campaignState struct {
	status           campaign.Status
	startsAt, endsAt int64 // endsAt is never without an end
	bid, budget      int64
	daily            bool // what the budget bounds
	spentToday       int64
	spent            int64 // ever
	left             int64 // of its funds
}

func (c *campaignState) remaining() int64 {
	if c.daily {
		return max(0, c.budget-c.spentToday)
	}
	return max(0, c.budget-c.spent)
}

// appendDelivery computes what the product's statement computes, in the same order of reasons.
func (l *campaignList) appendDelivery(out []byte, c *campaignState) []byte {
	outOfFlight := l.now < c.startsAt || l.now >= c.endsAt
	state, reasons := campaign.DeliveryNotEligible, [...]struct {
		name  string
		holds bool
	}{
		{campaign.ReasonNotEnabled, c.status == campaign.StatusDraft || c.status == campaign.StatusPaused},
		{campaign.ReasonOutOfFlight, outOfFlight},
		{campaign.ReasonNoFunds, c.status == campaign.StatusEnabled && c.left == 0},
		{campaign.ReasonWalletFrozen, l.walletFrozen},
		{campaign.ReasonBudgetHitDaily, c.daily && c.spentToday >= c.budget},
		{campaign.ReasonBudgetHitLifetime, !c.daily && c.spent >= c.budget},
		{campaign.ReasonBidBelowFloor, c.bid < l.bidFloor},
	}
	held := 0
	for _, reason := range reasons {
		if reason.holds {
			held++
		}
	}
	switch {
	case c.status == campaign.StatusEnded || c.status == campaign.StatusArchived || l.now >= c.endsAt:
		state = campaign.DeliveryEnded
	case held == 0:
		state = campaign.DeliveryEligible
	case held == 1 && outOfFlight:
		state = campaign.DeliveryScheduled
	}
	out = append(append(append(out, `{"state":"`...), state...), `","reasons":[`...)
	for _, reason := range reasons {
		if !reason.holds {
			continue
		}
		out = append(append(append(out, '"'), reason.name...), '"')
		if held--; held > 0 {
			out = append(out, ',')
		}
	}
	return append(out, `]}`...)
}

// appendSeries appends net spend and clicks by day, null where the day has not begun.
func (l *campaignList) appendSeries(out []byte, row *row) []byte {
	clear(l.spend)
	clear(l.clicks)
	l.offsets = l.offsets[:0]
	row.elements(4, func(_ int, value []byte) { l.offsets = append(l.offsets, int(binary.BigEndian.Uint32(value))) })
	row.elements(8, func(i int, value []byte) { l.spend[l.offsets[i]] = int64(binary.BigEndian.Uint64(value)) })
	row.elements(8, func(i int, value []byte) { l.clicks[l.offsets[i]] = int64(binary.BigEndian.Uint64(value)) })
	out = l.appendDays(append(out, l.series...), l.spend)
	return append(l.appendDays(append(out, `],"clicks":[`...), l.clicks), `]}`...)
}

func (l *campaignList) appendDays(out []byte, values []int64) []byte {
	for day, value := range values {
		if day > 0 {
			out = append(out, ',')
		}
		if day < l.begun {
			out = appendInt(out, value)
		} else {
			out = append(out, "null"...)
		}
	}
	return out
}
