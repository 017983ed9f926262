package ledger

import (
	"fmt"
	"slices"
)

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

// consume takes units out of account for good, in spend order, and releases
// their basis.
func (f *fold) consume(account Account, quantity int64) Refusal {
	parts, refusal := f.take(account, quantity, false)
	for _, part := range parts {
		f.consumeFrom(account.ID, f.lot(part.Lot), part.Quantity)
	}
	return refusal
}

// moveUnits puts units of debit into credit: out in spend order, or back in its
// reverse. Their lots have as many units and as much basis left as before. The
// error is a lot that would come back to another wallet than its own.
func (f *fold) moveUnits(debit, credit Account, quantity int64, back bool) (Refusal, error) {
	parts, refusal := f.take(debit, quantity, back)
	for _, part := range parts {
		lot := f.peek(part.Lot)
		if back && lot.Wallet != credit.Owner {
			return nil, fmt.Errorf("lot %s of wallet %s would come back to %s", lot.ID, lot.Wallet, credit.Code)
		}
		f.move(debit.ID, lot, -part.Quantity, 0)
		f.move(credit.ID, lot, part.Quantity, 0)
	}
	return refusal, nil
}

// take chooses the units of account that a line takes, in spend order or its
// reverse, leaving out those that expired where that ends their use (I10).
func (f *fold) take(account Account, quantity int64, back bool) ([]Place, Refusal) {
	if available := f.available(account); quantity > available {
		return nil, &InsufficientFundsError{Account: account.ID, Required: quantity, Available: max(available, 0), Held: f.held(account)}
	}
	places := slices.Clone(f.placesOf(account.ID))
	if back {
		slices.Reverse(places)
	}
	var parts []Place
	for _, place := range places {
		if quantity == 0 || place.Quantity == 0 || !f.usable(account, place) {
			continue
		}
		place.Quantity = min(quantity, place.Quantity)
		quantity -= place.Quantity
		parts = append(parts, place)
	}
	if quantity > 0 {
		panic("ledger: lot places do not cover the balance (I9)")
	}
	return parts, nil
}

// usable reports whether units may leave their place.
func (f *fold) usable(account Account, place Place) bool {
	return f.rules.classes[account.Class].UsableAfterExpiry || !f.peek(place.Lot).expired(f.state.Now)
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

// available is what an account can give: the balance without units that may not
// leave. Holds are accounts of their own, so they are not in the balance.
func (f *fold) available(account Account) int64 {
	available := f.normal(f.account(account.ID)) - f.state.ExpiredElsewhere[account.ID]
	for _, place := range f.placesOf(account.ID) {
		if !f.usable(account, place) {
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
