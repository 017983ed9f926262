package demo

import (
	"strconv"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

const (
	day = 24 * time.Hour
	// agenciesSettle is how long after the start an agency's people are in
	// place: later than the stretch in which it is opened.
	agenciesSettle = 4 * time.Hour
	// promotions is how many campaigns the window has, promotionReach the share
	// of wallets that each is granted to.
	promotions     = 7
	promotionReach = 0.25
	// frozenShare, correctedShare and compensatedShare are one in so many
	// wallets, but at least two.
	frozenShare      = 250
	correctedShare   = 300
	compensatedShare = 200
)

var promotionDays = [promotions]int{14, 7, 30, 7, 14, 10, 30}

// planAll plans what starts everything else.
func (g *generator) planAll() {
	g.planSpecials()
	for _, h := range g.holders {
		at := g.start.Add(milliseconds(h.rng, 90*time.Minute))
		if h.late {
			at = g.during(0.02 + 0.93*h.rng.Float64())
		}
		g.agenda.plan(at, func() error { return g.enter(h) })
	}
	for n := range promotions {
		campaign := (float64(n) + 0.5) / promotions
		for _, h := range g.holders {
			if h.index != indexFreelancer && !chance(h.rng, promotionReach) {
				continue
			}
			at := g.during(campaign).Add(milliseconds(h.rng, time.Hour))
			g.agenda.plan(at, func() error { return g.promote(h, n) })
		}
	}
	g.planPersona(g.holders[indexFreelancer])
	g.planBids(g.holders[indexFreelancer])
}

// spread returns one owner in so many, at least two, after those with parts.
func (g *generator) spread(share int) []*holder {
	n := max(2, len(g.holders)/share)
	chosen := make([]*holder, n)
	for i := range chosen {
		chosen[i] = g.holders[indexSpecial+i*(len(g.holders)-indexSpecial)/n]
		chosen[i].late = false
	}
	return chosen
}

// planSpecials plans what is rare but must happen at every size of load.
func (g *generator) planSpecials() {
	for i, h := range g.spread(frozenShare) {
		at := g.during(0.35 + 0.5*h.rng.Float64())
		g.agenda.plan(at, func() error { return g.freeze(h, false) })
		g.agenda.plan(at.Add(40*time.Minute), func() error { return g.propose(h, h.newProposal()) })
		if i == 0 {
			g.agenda.plan(at.Add(g.during(0.1).Sub(g.start)), func() error { return g.freeze(h, true) })
		}
	}
	for _, h := range g.spread(correctedShare) {
		g.agenda.plan(g.during(0.2+0.5*h.rng.Float64()), func() error { return g.mistake(h) })
	}
	for _, h := range g.spread(compensatedShare) {
		g.agenda.plan(g.during(0.1+0.8*h.rng.Float64()), func() error {
			_, err := g.grant(h, gift{origin: ledger.OriginCompensation, quantity: 15, rule: "GOODWILL", inputs: []domain.Input{
				{Name: "case", Value: strconv.Itoa(1000 + h.rng.IntN(9000))},
			}})
			return err
		})
	}
}

// enter opens a wallet and begins the owner's life on the marketplace.
func (g *generator) enter(h *holder) error {
	if err := g.open(h); err != nil {
		return err
	}
	first := g.books.at
	if h.isAgency() {
		first = g.start.Add(agenciesSettle)
		for n, who := range h.staff {
			g.agenda.plan(first.Add(-time.Duration(n)*time.Minute), func() error { return g.join(h, who) })
		}
	} else {
		g.after(10*time.Second, func() error {
			_, err := g.grant(h, gift{origin: ledger.OriginBonus, quantity: 40, rule: "SIGNUP"})
			return err
		})
		if chance(h.rng, 0.5) {
			g.after(time.Minute+milliseconds(h.rng, 2*day), func() error {
				_, err := g.grant(h, gift{origin: ledger.OriginBonus, quantity: 40, rule: "READINESS_TEST"})
				return err
			})
		}
	}
	g.planMonth(h)
	g.planDay(h, first)
	return nil
}

// planMonth plans the next plan grant on the wallet's own day of the month.
func (g *generator) planMonth(h *holder) {
	at := nextMonthly(g.books.at, h.zone, h.payday, 5+h.index%50)
	g.agenda.plan(at, func() error {
		g.planMonth(h)
		for _, what := range h.monthly() {
			if _, err := g.grant(h, what); err != nil {
				return err
			}
		}
		return nil
	})
}

// monthly returns what the wallet's plan grants.
func (h *holder) monthly() []gift {
	inputs := func(plan string) []domain.Input {
		return []domain.Input{{Name: "plan", Value: plan}, {Name: "dayOfMonth", Value: strconv.Itoa(h.payday)}}
	}
	free := gift{origin: ledger.OriginPlan, quantity: 10, rule: "MONTHLY_FREE"}
	switch {
	case h.plus && h.isAgency():
		free.inputs = inputs("AGENCY_PLUS")
		return []gift{{origin: ledger.OriginPlan, quantity: 100, rule: "MONTHLY_AGENCY_PLUS", inputs: free.inputs}, free}
	case h.plus:
		free.inputs = inputs("PLUS")
		return []gift{{origin: ledger.OriginPlan, quantity: 90, rule: "MONTHLY_PLUS", inputs: free.inputs}, free}
	default:
		free.inputs = inputs("BASIC")
		return []gift{free}
	}
}

// planDay plans, at the next midnight of the owner's zone, the proposals of that
// day and the next planning.
func (g *generator) planDay(h *holder, after time.Time) {
	midnight := nextMidnight(after, h.zone)
	g.agenda.plan(midnight, func() error {
		for _, at := range activeTimes(h.rng, midnight, h.perDay) {
			g.agenda.plan(at, func() error { return g.propose(h, h.newProposal()) })
		}
		g.planDay(h, midnight)
		return nil
	})
}

// promote grants a campaign's Connects, which soon expire, to those who have a
// wallet by then.
func (g *generator) promote(h *holder, campaign int) error {
	if h.ref.ID.IsZero() {
		return nil
	}
	quantity := int64(10)
	if campaign%3 == 2 {
		quantity = 20
	}
	_, err := g.grant(h, gift{
		origin: ledger.OriginPromo, quantity: quantity, validDays: promotionDays[campaign], rule: "CAMPAIGN",
		inputs: []domain.Input{{Name: "campaign", Value: strconv.Itoa(campaign + 1)}},
	})
	return err
}

// mistake grants a month twice, and takes back what is left of it later.
func (g *generator) mistake(h *holder) error {
	lot, err := g.grant(h, gift{origin: ledger.OriginPlan, quantity: 10, rule: "MONTHLY_FREE", inputs: []domain.Input{
		{Name: "plan", Value: "BASIC"}, {Name: "dayOfMonth", Value: strconv.Itoa(h.payday)},
	}})
	if err != nil {
		return err
	}
	g.after(time.Hour+milliseconds(h.rng, 10*time.Hour), func() error {
		left := g.books.remaining(h.ref.Book, lot)
		if left == 0 {
			return nil
		}
		return g.reverse(h, lot, left, "CORRECTION")
	})
	return nil
}
