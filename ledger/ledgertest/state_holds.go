package ledgertest

import (
	"slices"

	"purser/ledger"
)

// holds reads the holds that are named, those that a command may release first, and
// what the others on the accounts in demand have left.
func (r *reader) holds() {
	drawnOn := func(account ledger.ID) bool {
		_, demanded := r.needs.Demand[account]
		return demanded || slices.Contains(r.needs.Whole, account)
	}
	for id, hold := range r.rows.holds {
		open := hold.Status == ledger.HoldOpen
		lapsed := !hold.ExpiresAt.IsZero() && !r.now.Before(hold.ExpiresAt)
		switch {
		case slices.Contains(r.needs.Holds, id), open && lapsed && drawnOn(hold.Account):
			r.hold(hold)
		case open && slices.Contains(r.needs.HoldsOf, hold.Account):
			r.state.Holds[id] = &hold
		case open && drawnOn(hold.Account):
			r.state.HeldElsewhere[hold.Account] += hold.Left()
		}
	}
}

// hold reads a hold with its accounts, the places of its units, and the places
// those lots have where the units came from.
func (r *reader) hold(hold ledger.Hold) {
	r.state.Holds[hold.ID] = &hold
	r.account(hold.Account)
	r.account(hold.Held)
	for key := range r.places {
		if key.hold == hold.ID {
			r.placeApart(key)
			r.placeApart(placeKey{lot: key.lot, account: hold.Account})
		}
	}
}

// transfers reads, of each wallet that receives units, the lots that came to it from
// others, with their places in the account that receives. Which of them grow depends
// on what earlier commands of the batch do, so it reads all.
func (r *reader) transfers() {
	for _, transfer := range r.needs.Transfers {
		for id, lot := range r.lots {
			if lot.Wallet == transfer.Wallet && !lot.Root.IsZero() {
				r.placeApart(placeKey{lot: id, account: transfer.To})
			}
		}
	}
}
