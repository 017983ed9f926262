package demo

import (
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

const (
	// returnShare of proposals come back, tosShare of those because the job
	// broke the terms of service.
	returnShare = 0.03
	tosShare    = 0.4
	// repeatShare of proposals are submitted a second time by mistake,
	// interviewShare lead to an interview that is rewarded.
	repeatShare    = 0.004
	interviewShare = 0.03
	// dareShare of those who lack Connects and buy none try all the same.
	dareShare = 0.2
	// frozenAttempts is after how many refusals owners of frozen wallets stop.
	frozenAttempts = 2
)

var (
	bundles             = []int64{10, 20, 40, 60, 80}
	bundleWeights       = []int{12, 20, 30, 18, 20}
	agencyBundles       = []int64{80, 150, 300}
	agencyBundleWeights = []int{45, 35, 20}
)

// propose sends a proposal, buying Connects first where that is needed and the
// owner does so.
func (g *generator) propose(h *holder, p proposal) error {
	if h.frozen {
		if h.attempts++; h.attempts > frozenAttempts {
			return nil
		}
		_, err := g.spend(h, p, ledger.ErrAccountFrozen)
		return err
	}
	if p.quantity <= g.books.available(h.ref) {
		journal, err := g.spend(h, p, nil)
		if err != nil {
			return err
		}
		g.follow(h, p, journal)
		return nil
	}
	switch {
	case chance(h.rng, h.pays):
		g.after(time.Minute+milliseconds(h.rng, 5*time.Minute), func() error { return g.propose(h, p) })
		return g.purchase(h, h.bundle())
	case chance(h.rng, dareShare):
		_, err := g.spend(h, p, ledger.ErrInsufficientFunds)
		return err
	default:
		return nil
	}
}

func (h *holder) bundle() int64 {
	if h.isAgency() {
		return agencyBundles[weighted(h.rng, agencyBundleWeights)]
	}
	return bundles[weighted(h.rng, bundleWeights)]
}

// follow plans what comes of a proposal.
func (g *generator) follow(h *holder, p proposal, journal ledger.ID) {
	if chance(h.rng, returnShare) {
		wait := 6*time.Hour + milliseconds(h.rng, 9*day)
		quantity, reason := int64(0), "RETURN_JOB_CLOSED"
		if chance(h.rng, tosShare) {
			// What was read of the job's reports decides how much comes back.
			quantity, reason = p.quantity/2, "RETURN_TOS"
		}
		g.after(wait, func() error { return g.reverse(h, journal, quantity, reason) })
	}
	if chance(h.rng, repeatShare) {
		g.after(2*time.Second+milliseconds(h.rng, 90*time.Second), func() error {
			_, err := g.spend(h, p, ledger.ErrAlreadyDone)
			return err
		})
	}
	if chance(h.rng, interviewShare) {
		g.agenda.plan(nextMidnight(g.books.at, time.UTC).Add(6*time.Hour), func() error {
			_, err := g.grant(h, gift{origin: ledger.OriginBonus, quantity: 10, rule: "INTERVIEW", inputs: []domain.Input{
				{Name: "proposal", Value: p.subject.ID},
			}})
			return err
		})
	}
}

// planPersona gives the freelancer persona one of everything its page can show,
// besides what chance brings.
func (g *generator) planPersona(h *holder) {
	g.agenda.plan(g.during(0.08), func() error { return g.purchase(h, 80) })
	g.agenda.plan(g.during(0.1), func() error { return g.storyline(h, 12, 0, "RETURN_JOB_CLOSED") })
	g.agenda.plan(g.during(0.4), func() error { return g.purchase(h, 40) })
	g.agenda.plan(g.during(0.42), func() error { return g.storyline(h, 16, 6, "RETURN_TOS") })
	g.agenda.plan(g.during(0.97), func() error { return g.purchase(h, 60) })
	// So late that most of it is left, and expires soon.
	g.agenda.plan(g.load.EndsAt.Add(-30*time.Minute), func() error { return g.promote(h, promotions-1) })
}

// storyline sends a proposal, submits it again by mistake, and has it returned;
// quantity is less than the bundle that is bought where Connects are short.
func (g *generator) storyline(h *holder, quantity, returned int64, reason string) error {
	p := h.newProposal()
	p.quantity = quantity
	if quantity > g.books.available(h.ref) {
		if err := g.purchase(h, 20); err != nil {
			return err
		}
	}
	journal, err := g.spend(h, p, nil)
	if err != nil {
		return err
	}
	g.after(30*time.Second, func() error {
		_, err := g.spend(h, p, ledger.ErrAlreadyDone)
		return err
	})
	wait := min(g.during(0.05).Sub(g.start), 5*day)
	g.after(wait, func() error { return g.reverse(h, journal, returned, reason) })
	return nil
}
