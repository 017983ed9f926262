package ledger

import (
	"fmt"
	"slices"
)

// reverse expands the reversal template: the original's lines, opposite, for a
// quantity that may be a part. The last-taken lots are undone first, with the
// basis their movements recorded.
func (f *fold) reverse() (Refusal, error) {
	if !f.template.Reversal {
		return nil, nil
	}
	args := f.command.Arguments
	id := args.IDOf("journal")
	original, found := f.state.Journals[id]
	if wallet := args.IDOf("wallet"); !found || (!wallet.IsZero() && wallet != original.Journal.Wallet) {
		return &ReversalError{Journal: id, code: codeUnknownJournal}, nil
	}
	template, known := f.rules.TemplateVersion(original.Journal.Template, original.Journal.TemplateVersion)
	if !known {
		return nil, fmt.Errorf("journal %s was posted by unknown version %d of template %s", id, original.Journal.TemplateVersion, original.Journal.Template)
	}
	whole := template.quantity(original.Journal.Arguments)
	left := whole - original.Reversed
	if !slices.Contains(template.ReversibleAs, f.delta.Journal.Type) {
		return &ReversalError{Journal: id, Left: left, code: codeNotReversible}, nil
	}
	quantity, given := args.AmountOf("quantity")
	if !given {
		quantity = left
	}
	if given && quantity <= 0 {
		return &AmountError{code: codeInvalidAmount}, nil
	}
	if quantity == 0 || quantity > left {
		return &ReversalError{Journal: id, Left: left, code: codeReversalExceeds}, nil
	}
	journal := &f.delta.Journal
	journal.Reverses, journal.Quantity, f.delta.Original = id, quantity, original
	journal.Wallet, journal.Subject = original.Journal.Wallet, original.Journal.Subject
	return f.reverseLines(template, original, part{before: original.Reversed, now: quantity, whole: whole})
}

// part is the share of an original that one reversal undoes.
type part struct{ before, now, whole int64 }

// of returns this part of an amount, such that all parts together are exactly
// the amount: the difference of two cumulative shares.
func (p part) of(amount int64) int64 {
	return share(amount, p.before+p.now, p.whole) - share(amount, p.before, p.whole)
}

// quantity is the number of lot units a template's journal moved.
func (t *Template) quantity(args Arguments) int64 {
	for _, line := range t.Lines {
		if !line.Measure.ofBasis() && line.Commodity.of(args) == CNX {
			amount, _ := args.AmountOf(line.Measure.argument)
			return amount
		}
	}
	return 0
}

func (f *fold) reverseLines(template *Template, original *Record, undo part) (Refusal, error) {
	args := original.Journal.Arguments
	for _, line := range template.Lines {
		refusal, err := f.reverseLine(line, original, args, undo)
		if refusal != nil || err != nil {
			return refusal, err
		}
	}
	return nil, f.checkBasis()
}

func (f *fold) reverseLine(line Line, original *Record, args Arguments, undo part) (Refusal, error) {
	if line.Measure.ofBasis() {
		return f.postBasis(line.Measure, line.Credit, line.Debit, original)
	}
	debit, credit, err := f.sides(line.Credit, line.Debit, line.Commodity, original)
	if err != nil {
		return nil, err
	}
	amount, _ := args.AmountOf(line.Measure.argument)
	if amount = undo.of(amount); amount == 0 {
		return nil, nil
	}
	if refusal := f.admitBoth(debit, credit); refusal != nil {
		return refusal, nil
	}
	switch {
	case f.tracks(credit):
		f.undoConsumption(credit, original, amount)
	case f.tracks(debit):
		if refusal := f.undoIssue(debit, original, amount); refusal != nil {
			return refusal, nil
		}
	}
	return f.post(debit, credit, amount), nil
}

// undoConsumption returns units to the lots they came from, last taken first.
// Basis comes back in proportion to what is still undoable of each movement, so
// that a movement undone whole returns exactly what it released.
func (f *fold) undoConsumption(account Account, original *Record, quantity int64) {
	for _, movement := range slices.Backward(original.Movements) {
		done := original.Undone[movement.Lot]
		undoable := -movement.Quantity - done.Quantity
		if quantity == 0 || undoable <= 0 {
			continue
		}
		units := min(quantity, undoable)
		quantity -= units
		f.restore(account.ID, f.lot(movement.Lot), worth{
			units, share(-movement.Basis-done.Basis, units, undoable), share(-movement.Tax-done.Tax, units, undoable),
		})
	}
	if quantity > 0 {
		panic("ledger: lot movements do not cover the reversal (I17)")
	}
}

// undoIssue takes units back out of the lot that the original issued. Units
// already spent or expired are no longer there to take.
func (f *fold) undoIssue(account Account, original *Record, quantity int64) Refusal {
	lot := f.lot(original.Movements[0].Lot)
	var here int64
	for _, place := range f.placesOf(account.ID) {
		if place.Lot == lot.ID && !lot.ExpiredBy(f.state.Now) {
			here = place.Quantity
		}
	}
	if quantity > here {
		return &InsufficientFundsError{Account: account.ID, Required: quantity, Available: here, Held: f.heldOf(account)}
	}
	f.consumeFrom(Place{Lot: lot.ID, Account: account.ID}, lot, quantity)
	return nil
}
