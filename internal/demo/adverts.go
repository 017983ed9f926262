package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"purser/internal/campaign"
	"purser/ledger"
)

// part is what a campaign is there to show, besides its clicks.
type part uint8

const (
	partOrdinary  part = iota
	partEdited         // its budget changes, and once it is refused to
	partPaused         // and left so
	partExhausted      // out of funds, with clicks that nobody pays for
	partSurging        // for two hours its clicks look invalid
	partEnded          // with something left, which goes back
	partReleased       // some of its funds go back while it runs
	partArchived
	partScheduled // starts after the history's end
	partDraft
	partSwitched // paused and enabled again with others, by one request each time
)

// Parts are given to the first campaigns of each kind of account. The freelancer
// persona has the first three of those paid in Connects, the personas' agency the
// next three.
var (
	connectsParts = []part{
		partEdited, partPaused, partExhausted,
		partSurging, partEnded, partReleased,
		partArchived, partScheduled, partDraft,
	}
	prepaidParts = []part{partSurging, partSwitched, partSwitched, partSwitched}
)

// When the parts have their scenes, as fractions of the window.
const (
	sceneSurgePrepaid  = 0.55
	sceneSurgeConnects = 0.75
	sceneEditFirst     = 0.35
	sceneEditSecond    = 0.55
	sceneRelease       = 0.65
	scenePause         = 0.8
	sceneEnd           = 0.7
	sceneEndEarly      = 0.6
	sceneArchive       = 0.75
	sceneSwitchOff     = 0.9
	sceneSwitchOn      = 0.93
)

// advert is a campaign, and how people react to it. (The word campaign is taken by
// the package and by promotions of Connects.)
type advert struct {
	index     int // among all
	account   *adAccount
	rng       *rand.Rand
	part      part
	name      string
	product   campaign.Product
	ad        campaign.Ad
	createdAt time.Time
	schedule  campaign.Schedule
	bid       int64
	budget    campaign.Budget
	// perDay is the active hours of an average day, perHour the clicks beyond the
	// first of an average active hour, shown how often the ad is seen per click.
	perDay  float64
	perHour float64
	shown   int64
	// burn is about what a day costs, fund what is set aside at a time.
	burn, fund int64
	refills    bool
	refilling  bool // is planned
	surge      time.Time
	ref        campaign.Ref
}

var advertNames = map[campaign.Product][]string{
	campaign.ProductProfile: {"Profile at the top", "Available this month", "Long projects wanted", "Back from holiday", "New skill badge", "Weekday mornings"},
	campaign.ProductProject: {"Logo in three days", "Landing page", "Data clean-up", "Voice-over", "Translation package", "API review"},
	campaign.ProductJob:     {"Senior Go engineer", "Designers wanted", "Support team, nights", "Mobile testers", "Data labelling", "Technical writer"},
}

// newAdvert returns an account's next campaign, numbered among all, before it is
// scheduled.
func (g *generator) newAdvert(a *adAccount, index int) *advert {
	c := &advert{index: index, account: a, rng: stream(g.load.Seed, "advert", index), refills: true}
	c.product = campaign.ProductJob
	switch {
	case a.holder != nil && index%5 < 3:
		c.product = campaign.ProductProfile
	case a.holder != nil || index%5 == 0:
		c.product = campaign.ProductProject
	}
	names := advertNames[c.product]
	c.name = fmt.Sprintf("%s %d", names[c.rng.IntN(len(names))], len(a.adverts)+1)
	c.ad = campaign.Ad{Type: c.product.Promotes(), ID: derivedID(g.load.Seed, "promoted entity", index)}
	if c.product == campaign.ProductProfile {
		c.ad.ID = derivedID(g.load.Seed, "profile", a.holder.index) // which all of the owner's campaigns promote
	}
	if a.commodity == ledger.CNX {
		c.bid, c.perDay, c.perHour = 1+c.rng.Int64N(6), 3.5+2*c.rng.Float64(), 0.8
	} else {
		c.bid, c.perDay, c.perHour = 30+c.rng.Int64N(221), 7.5+4*c.rng.Float64(), 1.5
	}
	c.shown = 30 + c.rng.Int64N(90)
	c.burn = 1 + int64(c.perDay*(1+c.perHour)*0.75*float64(c.bid))
	c.fund = c.burn * (4 + c.rng.Int64N(5))
	return c
}

// schedule gives the campaign its part, its time and its budget. Those with a part
// last from the beginning to the end, so that their scenes find them running.
func (g *generator) schedule(c *advert, prepaid int) {
	from, length, openEnded := 0.03+0.02*c.rng.Float64(), 0.0, true
	switch c.part = partOf(c, prepaid); {
	case c.part == partExhausted:
		from = 0.5
	case c.part == partDraft || c.part == partScheduled:
		from = 0.9
	case c.part != partOrdinary:
	case c.account.holder == nil:
		from, length, openEnded = 0.02+0.3*c.rng.Float64(), 0.5+0.6*c.rng.Float64(), chance(c.rng, 0.1)
	default:
		from, length, openEnded = 0.03+0.55*c.rng.Float64(), 0.3+0.5*c.rng.Float64(), chance(c.rng, 0.15)
	}
	c.createdAt = later(g.during(from).Add(milliseconds(c.rng, 12*time.Hour)), g.opening(c.account).Add(stretch))
	c.schedule.StartsAt = nextMidnight(c.enabledAt(), c.account.zone)
	if c.part == partScheduled {
		c.schedule.StartsAt = nextMidnight(g.load.EndsAt.Add(5*day), c.account.zone)
	}
	if !openEnded {
		c.schedule.EndsAt = later(nextMidnight(g.during(from+length), c.account.zone), nextMidnight(c.schedule.StartsAt, c.account.zone))
	}
	g.budget(c)
}

func partOf(c *advert, prepaid int) part {
	parts, at := prepaidParts, c.index
	if c.account.holder != nil {
		parts, at = connectsParts, c.index-prepaid
	}
	if at < len(parts) {
		return parts[at]
	}
	return partOrdinary
}

// budget decides what the campaign may cost: mostly a day, and near what a day
// costs, so that on busy days the budget is hit.
func (g *generator) budget(c *advert) {
	c.budget = campaign.Budget{Type: campaign.BudgetDaily, AmountMinor: max(100, c.burn*(12+c.rng.Int64N(10))/10)}
	switch c.part {
	case partOrdinary:
		c.refills = chance(c.rng, 0.92)
		if chance(c.rng, 0.35) {
			c.budget = campaign.Budget{Type: campaign.BudgetLifetime, AmountMinor: max(100, c.burn*(30+c.rng.Int64N(40)))}
		}
	case partSurging:
		c.surge = g.during(sceneSurgePrepaid)
		if c.account.holder != nil {
			c.surge = g.during(sceneSurgeConnects)
		}
		c.budget = campaign.Budget{Type: campaign.BudgetLifetime, AmountMinor: 1000 * c.burn}
		c.fund = 12 * c.burn
	case partExhausted:
		c.budget = campaign.Budget{Type: campaign.BudgetLifetime, AmountMinor: 1000 * c.burn}
		c.fund, c.refills = c.burn+c.bid, false
	case partDraft:
		c.fund = 0
	case partEdited, partPaused, partEnded, partReleased, partArchived, partScheduled, partSwitched:
	}
}

// enabledAt is when a campaign is switched on: later than the batch in which it is
// created, which the ledger's guards do not see.
func (c *advert) enabledAt() time.Time {
	return c.createdAt.Add(stretch + time.Duration(20+c.index%40)*time.Minute)
}

// opening returns when an ad account is opened.
func (g *generator) opening(a *adAccount) time.Time {
	if a.opensAt.IsZero() {
		a.opensAt = g.start.Add(adAccountsSettle + milliseconds(a.rng, time.Hour))
	}
	return a.opensAt
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
