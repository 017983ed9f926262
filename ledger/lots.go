package ledger

import "slices"

// issue makes the lot whose units come into account.
func (f *fold) issue(account Account, quantity int64) Refusal {
	terms, args := f.template.Lot, f.command.Arguments
	if terms == nil {
		panic("ledger: template " + f.template.Name + " issues units without lot terms (I9)")
	}
	basis, _ := args.AmountOf(terms.Basis)
	priority, _ := args.AmountOf(terms.Priority)
	if basis < 0 {
		return &AmountError{code: codeInvalidAmount}
	}
	if int64(int32(priority)) != priority {
		return &AmountError{code: codeAmountOverflow}
	}
	lot := &Lot{
		ID: f.command.ID, Wallet: account.Owner, Origin: Origin(args.TextOf(terms.Origin)), Granted: quantity, Remaining: quantity,
		ExpiresAt: args.TimeOf(terms.ExpiresAt), Priority: int32(priority), Jurisdiction: args.TextOf(terms.Jurisdiction),
	}
	if basis > 0 {
		lot.Money, lot.Basis, lot.BasisRemaining = Commodity(args.TextOf(terms.Money)), basis, basis
	}
	f.delta.lots[lot.ID] = lot
	f.delta.NewLots = append(f.delta.NewLots, lot.ID)
	f.move(account.ID, lot, quantity, basis)
	return nil
}

// consume takes units out of account for good, in spend order, leaving out
// expired lots (I10), and releases their basis.
func (f *fold) consume(account Account, quantity int64) Refusal {
	if available := f.available(account.ID); quantity > available {
		return &InsufficientFundsError{Account: account.ID, Required: quantity, Available: max(available, 0), Held: f.held(account)}
	}
	left := quantity
	for _, place := range slices.Clone(f.placesOf(account.ID)) {
		if left == 0 || place.Quantity == 0 || f.peek(place.Lot).expired(f.state.Now) {
			continue
		}
		units := min(left, place.Quantity)
		left -= units
		f.consumeFrom(account.ID, f.lot(place.Lot), units)
	}
	if left > 0 {
		panic("ledger: lot places do not cover the balance (I9)")
	}
	return nil
}

func (f *fold) consumeFrom(account ID, lot *Lot, units int64) {
	basis := share(lot.BasisRemaining, units, lot.Remaining)
	lot.Remaining -= units
	lot.BasisRemaining -= basis
	f.move(account, lot, -units, -basis)
}

// restore gives units and basis back to the lot they were taken from, expired
// or not: a return never makes a new lot (I11).
func (f *fold) restore(account ID, lot *Lot, units, basis int64) {
	lot.Remaining += units
	lot.BasisRemaining += basis
	f.move(account, lot, units, basis)
}

// move changes a lot's place and records the movement.
func (f *fold) move(account ID, lot *Lot, quantity, basis int64) {
	places := addPlace(f.placesOf(account), account, lot.ID, quantity, f.peek)
	f.delta.places[account] = places
	f.basis[lot.Money] += max(basis, -basis)
	f.delta.Movements = append(f.delta.Movements, Movement{
		Line: int16(len(f.delta.Movements)), Lot: lot.ID, Account: account, Quantity: quantity, Basis: basis, Money: lot.Money,
	})
}

// available is what the owner may spend: the balance without units of expired
// lots. Holds are accounts of their own, so they are not in the balance.
func (f *fold) available(account ID) int64 {
	available := f.normal(f.account(account)) - f.state.ExpiredElsewhere[account]
	for _, place := range f.placesOf(account) {
		if f.peek(place.Lot).expired(f.state.Now) {
			available -= place.Quantity
		}
	}
	return available
}

// held sums the other lot-tracking accounts of the same owner.
func (f *fold) held(account Account) int64 {
	var held int64
	for _, other := range f.state.Accounts {
		if other.Account.Owner == account.Owner && other.Account.ID != account.ID && f.tracks(other.Account) {
			held += f.normal(other)
		}
	}
	return held
}

// placesOf returns the working copy of an account's places.
func (f *fold) placesOf(account ID) []Place {
	if places, ok := f.delta.places[account]; ok {
		return places
	}
	places := slices.Clone(f.state.Places[account])
	f.delta.places[account] = places
	return places
}

// peek returns a lot as the command has left it so far, to read.
func (f *fold) peek(id ID) *Lot {
	if working, ok := f.delta.lots[id]; ok {
		return working
	}
	current, ok := f.state.Lots[id]
	if !ok {
		panic("ledger: place of a lot that was not read (I9)")
	}
	return current
}

// lot returns the working copy of a lot, to change.
func (f *fold) lot(id ID) *Lot {
	if working, ok := f.delta.lots[id]; ok {
		return working
	}
	working := *f.peek(id)
	f.delta.lots[id] = &working
	return &working
}
