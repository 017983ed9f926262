package ledgertest

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"time"

	"purser/ledger"
)

// pool is where units are taken from in one order: an account, or in accounts that
// hold one hold's part of it.
type pool struct{ account, hold ledger.ID }

// history is the lots as they were at one journal.
type history struct {
	*checker
	places map[pool]map[ledger.ID]int64 // units by lot
	grace  map[ledger.ID]time.Time
	swept  map[ledger.ID]bool // accounts that the journal rid of all that had expired
}

// checkLotHistory walks the journals with the places and the grace as they were. It
// verifies that units left before their expiry, save where they outlive it, and in
// spend order or for a move back in its reverse; that expiry took what had expired
// and all of it; and that only returns gave grace (I10, I11). A reversal takes back
// what its original had issued, and knows no order.
func (c *checker) checkLotHistory() {
	h := &history{checker: c, places: map[pool]map[ledger.ID]int64{}, grace: map[ledger.ID]time.Time{}, swept: map[ledger.ID]bool{}}
	for _, j := range c.Journals {
		expires := c.expiring(j.ID)
		for i, m := range c.moves[j.ID] {
			at := pool{m.Account, m.Hold}
			if h.places[at] == nil {
				h.places[at] = map[ledger.ID]int64{}
			}
			switch {
			case m.Quantity > 0:
				h.arrive(j, m)
			case expires[m.Account]:
				h.checkExpired(j, m)
			default:
				moved, _ := movedTo(c.moves[j.ID], i)
				h.checkTaken(j, m, moved)
			}
			h.places[at][m.Lot] += m.Quantity
		}
		h.checkSwept(j)
	}
	for id, lot := range c.lots {
		if !lot.GraceUntil.Equal(h.grace[id]) {
			c.fail("I11", "lot %s has grace until %s, its journals gave it until %s", id, instant(lot.GraceUntil), instant(h.grace[id]))
		}
	}
}

// expiring returns the accounts whose units a journal took because they had expired.
func (c *checker) expiring(journal ledger.ID) map[ledger.ID]bool {
	accounts := map[ledger.ID]bool{}
	for _, p := range c.postingsOf[journal] {
		if c.class(p.Credit).Name == ClassExpired {
			accounts[p.Debit] = true
		}
	}
	return accounts
}

// lot returns a lot with the grace it had.
func (h *history) lot(id ledger.ID) ledger.Lot {
	lot := h.lots[id]
	lot.GraceUntil = h.grace[id]
	return lot
}

// arrive follows grace: what comes back to an expired lot may get some, and what is
// transferred takes it along.
func (h *history) arrive(j ledger.Journal, m ledger.Movement) {
	if h.class(m.Account).UsableAfterExpiry {
		return
	}
	lot := h.lot(m.Lot)
	template, known := h.rules.Template(j.Template)
	if known && template.Grace != "" && expired(lot, j.PostedAt) {
		if until := j.Arguments.TimeOf(template.Grace); until.After(j.PostedAt) {
			h.grace[m.Lot] = until
		}
	}
	if lot.Root.IsZero() || !j.Reverses.IsZero() {
		return
	}
	for _, from := range h.moves[j.ID] {
		if from.Quantity < 0 && from.Lot != m.Lot && h.lot(from.Lot).RootID() == lot.Root && h.grace[from.Lot].After(h.grace[m.Lot]) {
			h.grace[m.Lot] = h.grace[from.Lot]
		}
	}
}

// checkExpired: what came back too late leaves as it came, and else everything goes.
func (h *history) checkExpired(j ledger.Journal, m ledger.Movement) {
	if !expired(h.lot(m.Lot), j.PostedAt) {
		h.fail("I10", "journal %s expired %d units of lot %s, which had not", j.ID, -m.Quantity, m.Lot)
	}
	var cameBack int64
	for _, other := range h.moves[j.ID] {
		if other.Lot == m.Lot && other.Account == m.Account && other.Quantity > 0 {
			cameBack += other.Quantity
		}
	}
	h.swept[m.Account] = h.swept[m.Account] || cameBack == 0
	if want := cmp.Or(cameBack, h.places[pool{m.Account, m.Hold}][m.Lot]); want != -m.Quantity {
		h.fail("I10", "journal %s expired %d of %d units of lot %s", j.ID, -m.Quantity, want, m.Lot)
	}
}

func (h *history) checkSwept(j ledger.Journal) {
	for account, swept := range h.swept {
		for lot, left := range h.places[pool{account: account}] {
			if swept && left > 0 && expired(h.lot(lot), j.PostedAt) {
				h.fail("I10", "journal %s left %d expired units of lot %s", j.ID, left, lot)
			}
		}
	}
	clear(h.swept)
}

func (h *history) checkTaken(j ledger.Journal, m ledger.Movement, moved bool) {
	taken, outlive := h.lot(m.Lot), h.class(m.Account).UsableAfterExpiry
	if expired(taken, j.PostedAt) && !outlive {
		h.fail("I10", "journal %s took %d units of expired lot %s", j.ID, -m.Quantity, m.Lot)
	}
	if !j.Reverses.IsZero() {
		return
	}
	if !mayTake(j, taken) {
		h.fail("I10", "journal %s took %d units of lot %s, whose origin is %s", j.ID, -m.Quantity, m.Lot, taken.Origin)
	}
	before := -1
	if moved && outlive {
		before = 1
	}
	for id, quantity := range h.places[pool{m.Account, m.Hold}] {
		other := h.lot(id)
		if quantity > 0 && id != m.Lot && mayTake(j, other) && (outlive || !expired(other, j.PostedAt)) && spendOrder(other, taken)*before > 0 {
			h.fail("I10", "journal %s took from lot %s while %d units of lot %s came first", j.ID, m.Lot, quantity, id)
		}
	}
}

// mayTake reports whether a journal was told of no origins, or of the lot's.
func mayTake(j ledger.Journal, lot ledger.Lot) bool {
	if !slices.ContainsFunc(j.Arguments, func(a ledger.Argument) bool { return a.Name == ArgOrigins }) {
		return true
	}
	return slices.Contains(strings.Split(j.Arguments.TextOf(ArgOrigins), ","), string(lot.Origin))
}

// checkShares verifies the rule of basis: k of the n units left of a lot take
// floor(basis left * k / n) along, and of the tax likewise. It follows lots that the
// journal only takes from; returns carry what their original took (I11).
func (c *checker) checkShares(j ledger.Journal) {
	brought := map[ledger.ID]bool{}
	for _, m := range c.moves[j.ID] {
		brought[m.Lot] = brought[m.Lot] || m.Quantity > 0
	}
	for _, m := range c.moves[j.ID] {
		left, seen := c.left[m.Lot]
		if !seen {
			left = net{new(big.Int), new(big.Int), new(big.Int)}
			c.left[m.Lot] = left
		}
		if m.Quantity < 0 && !brought[m.Lot] {
			for _, part := range []struct{ of, carried *big.Int }{{left.basis, big.NewInt(-m.Basis)}, {left.tax, big.NewInt(-m.Tax)}} {
				share := new(big.Int).Mul(part.of, big.NewInt(-m.Quantity))
				if left.units.Sign() <= 0 || share.Div(share, left.units).Cmp(part.carried) != 0 {
					c.fail("I29", "journal %s took %d of %v units of lot %s with %v of %v", j.ID, -m.Quantity, left.units, m.Lot, part.carried, part.of)
				}
			}
		}
		left.units.Add(left.units, big.NewInt(m.Quantity))
		left.basis.Add(left.basis, big.NewInt(m.Basis))
		left.tax.Add(left.tax, big.NewInt(m.Tax))
	}
}
