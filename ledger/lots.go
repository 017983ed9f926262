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
	tax, _ := args.AmountOf(terms.Tax)
	priority, _ := args.AmountOf(terms.Priority)
	if basis < 0 || tax < 0 || tax > basis {
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
		lot.Tax, lot.TaxRemaining = tax, tax
	}
	f.delta.lots[lot.ID] = lot
	f.delta.NewLots = append(f.delta.NewLots, lot.ID)
	f.carry(lot, f.move(account.ID, lot, NilID, worth{quantity, basis, tax}))
	return nil
}

// worth is a number of units with the basis they carry and the tax in it.
type worth struct{ units, basis, tax int64 }

func (w worth) negated() worth { return worth{-w.units, -w.basis, -w.tax} }

// of returns what units of a lot are worth: the last one takes what is left.
func (l *Lot) worth(units int64) worth {
	return worth{units, share(l.BasisRemaining, units, l.Remaining), share(l.TaxRemaining, units, l.Remaining)}
}

// add gives units with their basis to the lot, or takes them.
func (l *Lot) add(w worth) {
	l.Remaining += w.units
	l.BasisRemaining += w.basis
	l.TaxRemaining += w.tax
}

// consume takes units out of account for good and releases their basis: usable ones
// in spend order, or expired ones.
func (f *fold) consume(account Account, quantity int64, which selection) (Refusal, error) {
	parts, refusal := f.take(account, quantity, which)
	for _, part := range parts {
		f.consumeFrom(part, f.lot(part.Lot), part.Quantity)
	}
	return refusal, nil
}

// moveUnits puts units of debit into credit: out in spend order, or back in its
// reverse. Their lots have as many units and as much basis left as before. The
// error is a lot that would come back to another wallet than its own.
func (f *fold) moveUnits(debit, credit Account, quantity int64, which selection) (Refusal, error) {
	parts, refusal := f.take(debit, quantity, which)
	for _, part := range parts {
		lot := f.peek(part.Lot)
		if which.back && lot.Wallet != credit.Owner {
			return nil, fmt.Errorf("lot %s of wallet %s would come back to %s", lot.ID, lot.Wallet, credit.Code)
		}
		f.move(debit.ID, lot, part.Hold, worth{units: -part.Quantity})
		f.move(credit.ID, lot, f.holdIn(credit), worth{units: part.Quantity})
		if which.back {
			f.returned(credit.ID, part.Lot, part.Quantity)
		}
	}
	return refusal, nil
}

// transfer puts units of a wallet into lots of another, one per root lot, with
// their basis and with the terms they had.
func (f *fold) transfer(debit, credit Account, quantity int64, which selection) (Refusal, error) {
	parts, refusal := f.take(debit, quantity, which)
	for _, part := range parts {
		from := f.lot(part.Lot)
		units := from.worth(part.Quantity)
		from.add(units.negated())
		f.move(debit.ID, from, NilID, units.negated())
		to := f.childLot(from, credit.Owner)
		if refusal := to.grow(units); refusal != nil {
			return refusal, nil
		}
		f.move(credit.ID, to, NilID, units)
	}
	return refusal, nil
}

// childLot returns the working copy of the lot that holds what a wallet has of the
// root of from, a new one if this is the first of it.
func (f *fold) childLot(from *Lot, wallet ID) *Lot {
	id := ChildLotID(from.RootID(), wallet)
	if _, known := f.find(id); known {
		child := f.lot(id)
		if from.GraceUntil.After(child.GraceUntil) {
			child.GraceUntil = from.GraceUntil
		}
		return child
	}
	child := &Lot{
		ID: id, Wallet: wallet, Root: from.RootID(), Origin: from.Origin, ExpiresAt: from.ExpiresAt, GraceUntil: from.GraceUntil,
		Priority: from.Priority, Money: from.Money, Jurisdiction: from.Jurisdiction,
	}
	f.delta.lots[id] = child
	f.delta.NewLots = append(f.delta.NewLots, id)
	return child
}

// grow adds what was transferred to a child lot.
func (l *Lot) grow(w worth) Refusal {
	granted, fits := add(l.Granted, w.units)
	basis, alsoFits := add(l.Basis, w.basis) // and so does the tax, which is part of it
	if !fits || !alsoFits {
		return &AmountError{code: codeAmountOverflow}
	}
	l.Granted, l.Basis, l.Tax = granted, basis, l.Tax+w.tax
	l.add(w)
	return nil
}

// selection says which units of an account a line takes.
type selection struct {
	back    bool // in the reverse of spend order
	expired bool // those whose use has ended, and no others
	// origins are those whose units are taken; nil for any.
	origins []string
}

// take chooses the units of account that a line takes, in spend order or its
// reverse, leaving out those that expired where that ends their use (I10). From an
// account that holds it takes those of the command's hold.
func (f *fold) take(account Account, quantity int64, which selection) ([]Place, Refusal) {
	holds := f.rules.classes[account.Class].Holds
	if available := f.available(account); quantity > available && !which.expired && !holds {
		return nil, &InsufficientFundsError{Account: account.ID, Required: quantity, Available: max(available, 0), Held: f.heldOf(account)}
	}
	places := slices.Clone(f.placesOf(account.ID))
	if which.back {
		slices.Reverse(places)
	}
	var parts []Place
	required := quantity
	for _, place := range places {
		if quantity == 0 || place.Quantity == 0 || f.usable(account, place) == which.expired || holds && place.Hold != f.held.ID ||
			f.passesOver(place, which) {
			continue
		}
		place.Quantity = min(quantity, place.Quantity)
		quantity -= place.Quantity
		parts = append(parts, place)
	}
	if quantity > 0 && which.origins != nil {
		return nil, f.passedOver(account, required, which)
	}
	if quantity > 0 {
		panic("ledger: lot places do not cover the balance (I9)")
	}
	return parts, nil
}

// keeps reports whether units in the account stay usable when their lot expires.
func (f *fold) keeps(account Account) bool { return f.rules.classes[account.Class].UsableAfterExpiry }

// usable reports whether units may leave their place.
func (f *fold) usable(account Account, place Place) bool {
	return f.keeps(account) || !f.peek(place.Lot).ExpiredBy(f.state.Now)
}

func (f *fold) consumeFrom(place Place, lot *Lot, units int64) {
	out := lot.worth(units).negated()
	lot.add(out)
	f.carry(lot, f.move(place.Account, lot, place.Hold, out))
}

// restore gives units and basis back to the lot they were taken from, expired
// or not: a return never makes a new lot (I11).
func (f *fold) restore(account ID, lot *Lot, back worth) {
	lot.add(back)
	f.carry(lot, f.move(account, lot, NilID, back))
	f.returned(account, lot.ID, back.units)
}

// returned gives grace to a lot that expired before its units came back, or notes
// that they lapse.
func (f *fold) returned(account, id ID, units int64) {
	if !f.peek(id).ExpiredBy(f.state.Now) {
		return
	}
	until := f.command.Arguments.TimeOf(f.template.Grace)
	if f.template.Grace == "" || !until.After(f.state.Now) {
		f.lapsed = append(f.lapsed, Place{Lot: id, Account: account, Quantity: units})
		return
	}
	f.lot(id).GraceUntil = until
}

func (f *fold) lapsedIn(account Account) int64 {
	var units int64
	for _, part := range f.lapsed {
		if part.Account == account.ID {
			units += part.Quantity
		}
	}
	return units
}

func (f *fold) consumeLapsed(account Account) {
	for _, part := range f.lapsed {
		if part.Account == account.ID {
			f.consumeFrom(part, f.lot(part.Lot), part.Quantity)
		}
	}
}

// expiredIn counts the units of an account whose use has ended.
func (f *fold) expiredIn(account Account) int64 {
	if f.keeps(account) {
		return 0
	}
	units := f.state.ExpiredElsewhere[account.ID]
	for _, place := range f.placesOf(account.ID) {
		if !f.usable(account, place) {
			units += place.Quantity
		}
	}
	return units
}

// move changes a lot's place and records the movement.
func (f *fold) move(account ID, lot *Lot, hold ID, w worth) worth {
	places := addPlace(f.placesOf(account), Place{Lot: lot.ID, Account: account, Hold: hold, Quantity: w.units}, f.peek)
	f.delta.places[account] = places
	f.delta.Movements = append(f.delta.Movements, Movement{
		Line: int16(len(f.delta.Movements)), Lot: lot.ID, Account: account, Hold: hold, Quantity: w.units, Basis: w.basis, Tax: w.tax, Money: lot.Money,
	})
	return w
}

// carry notes basis that came or went and that lines must post.
func (f *fold) carry(lot *Lot, w worth) {
	carried := f.carried[lot.Money]
	basis, tax := max(w.basis, -w.basis), max(w.tax, -w.tax)
	f.carried[lot.Money] = carriedBasis{net: carried.net + basis - tax, tax: carried.tax + tax}
}

// available is what an account can give: the balance without units that may not
// leave. Holds are accounts of their own, so they are not in the balance.
func (f *fold) available(account Account) int64 {
	return f.normal(f.account(account.ID)) - f.expiredIn(account)
}

// heldOf is what the open holds on an account have left.
func (f *fold) heldOf(account Account) int64 {
	held := f.state.HeldElsewhere[account.ID]
	for id := range f.state.Holds {
		if hold := f.peekHold(id); hold.Account == account.ID && hold.Status == HoldOpen {
			held += hold.Left()
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

// find returns a lot as the command has left it so far, if it is known.
func (f *fold) find(id ID) (*Lot, bool) {
	if working, ok := f.delta.lots[id]; ok {
		return working, true
	}
	current, ok := f.state.Lots[id]
	return current, ok
}

// peek returns a lot as the command has left it so far, to read.
func (f *fold) peek(id ID) *Lot {
	current, ok := f.find(id)
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
