package ledgertest

import (
	"time"

	"purser/ledger"
)

// holdHistory is what the journals say of one hold.
type holdHistory struct {
	reserved, captured, released int64
	status                       ledger.HoldStatus
	closedAt                     time.Time
}

func (h *holdHistory) left() int64 { return h.reserved - h.captured - h.released }

// checkHolds follows each hold through the journals that moved it: it gives out no
// more than it took in and nothing once closed (I7), is captured before its expiry
// and expires after it (I8), and what is left is in its account (I6).
func (c *checker) checkHolds() {
	told, at, inHold := map[ledger.ID]*holdHistory{}, tally[ledger.ID]{}, tally[ledger.ID]{}
	rows := map[ledger.ID]ledger.Hold{}
	for _, hold := range c.Holds {
		rows[hold.ID] = hold
		at.add(hold.Held, hold.Left())
	}
	for _, place := range c.Places {
		inHold.add(place.Hold, place.Quantity)
	}
	for _, j := range c.Journals {
		c.followHold(j, rows[j.Hold], told)
	}
	for id, hold := range rows {
		h := told[id]
		if h == nil {
			c.fail("I7", "no journal placed hold %s", id)
			continue
		}
		if hold.Reserved != h.reserved || hold.Captured != h.captured || hold.Released != h.released || hold.Status != h.status || !hold.ClosedAt.Equal(h.closedAt) {
			c.fail("I7", "hold %s is %+v, its journals say %+v", id, hold, *h)
		}
		if !inHold.is(id, hold.Left()) {
			c.fail("I9", "hold %s has %d left and %v units in places", id, hold.Left(), inHold[id])
		}
	}
	for id, row := range c.accounts {
		if class := c.class(id); class.Holds && !at.is(id, row.Balance.On(class.Normal)) {
			c.fail("I6", "account %s is at %d, its holds have %v left", row.Account.Code, row.Balance.On(class.Normal), at[id])
		}
	}
}

func (c *checker) followHold(j ledger.Journal, hold ledger.Hold, told map[ledger.ID]*holdHistory) {
	in, captured, released := c.heldBy(j, hold)
	if j.Hold.IsZero() {
		return
	}
	if j.HoldEvent == ledger.EventPlaced {
		if told[j.Hold] != nil || j.Hold != j.ID || hold.ID != j.ID || !hold.OpenedAt.Equal(j.PostedAt) {
			c.fail("I7", "journal %s places hold %s", j.ID, j.Hold)
		}
		told[j.Hold] = &holdHistory{status: ledger.HoldOpen}
	}
	h := told[j.Hold]
	if h == nil || h.status != ledger.HoldOpen {
		c.fail("I7", "journal %s moves hold %s, which is not open", j.ID, j.Hold)
		return
	}
	h.reserved, h.captured, h.released = h.reserved+in, h.captured+captured, h.released+released
	c.checkEvent(j, hold, in, captured, released)
	if h.left() < 0 {
		c.fail("I7", "journal %s takes hold %s to %d", j.ID, j.Hold, h.left())
	}
	if h.left() > 0 {
		return
	}
	h.closedAt = j.PostedAt
	switch {
	case h.captured > 0:
		h.status = ledger.HoldCaptured
	case j.HoldEvent == ledger.EventExpired:
		h.status = ledger.HoldExpired
	default:
		h.status = ledger.HoldReleased
	}
}

// heldBy sums what a journal put into its hold, used of it, and gave back: the
// last is what left the hold for another place of the same lot.
func (c *checker) heldBy(j ledger.Journal, hold ledger.Hold) (in, captured, released int64) {
	for i, m := range c.moves[j.ID] {
		moved, to := movedTo(c.moves[j.ID], i)
		switch {
		case m.Hold.IsZero():
		case m.Hold != j.Hold || m.Account != hold.Held:
			c.fail("I6", "journal %s moves units of hold %s at %s", j.ID, m.Hold, m.Account)
		case m.Quantity > 0:
			in += m.Quantity
		case moved && to.Account == hold.Account:
			released -= m.Quantity
		default:
			captured -= m.Quantity
		}
	}
	return in, captured, released
}

// checkEvent verifies that a journal did to its hold what it says, in time.
func (c *checker) checkEvent(j ledger.Journal, hold ledger.Hold, in, captured, released int64) {
	lapsed := !hold.ExpiresAt.IsZero() && !j.PostedAt.Before(hold.ExpiresAt)
	var sound bool
	switch j.HoldEvent {
	case ledger.EventPlaced, ledger.EventIncreased:
		sound = in > 0 && captured == 0 && released == 0
	case ledger.EventCaptured:
		sound = in == 0 && captured > 0
	case ledger.EventReleased, ledger.EventExpired:
		sound = in == 0 && captured == 0 && released > 0
	}
	if !sound {
		c.fail("I7", "journal %s has %s hold %s: %d in, %d captured, %d released", j.ID, j.HoldEvent, j.Hold, in, captured, released)
	}
	switch {
	case lapsed && (j.HoldEvent == ledger.EventCaptured || j.HoldEvent == ledger.EventIncreased):
		c.fail("I8", "journal %s has %s hold %s, which had expired", j.ID, j.HoldEvent, j.Hold)
	case !lapsed && j.HoldEvent == ledger.EventExpired:
		c.fail("I8", "journal %s has expired hold %s before its time", j.ID, j.Hold)
	}
}
