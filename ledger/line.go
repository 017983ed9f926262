package ledger

import "math"

// Measure says what a template line's amount is: a named argument, bounded or
// not, or a number that only the fold knows.
type Measure struct {
	kind     measureKind
	argument string
}

type measureKind uint8

const (
	measureNamed measureKind = iota
	measureBasis
	measureAtMost
	measureNamedOrAll
)

// Named measures a line by the amount given under name. A line whose amount is
// absent or zero is left out, unless it moves lots: those need an amount.
func Named(name string) Measure { return Measure{argument: name} }

// Basis measures a line by the basis the journal's lots gained or released, one
// posting per money. It is left out where that is zero.
func Basis() Measure { return Measure{kind: measureBasis} }

// AtMost measures a line by the amount given under name, or by all that the
// debit account can give where that is less: a charge bills what is there and
// is never refused for what is not. A line whose amount is absent, or comes to
// zero, is left out, also where it would take lots.
func AtMost(name string) Measure { return Measure{kind: measureAtMost, argument: name} }

// NamedOrAll measures a line by the amount given under name, which must be
// positive, or where none is given by all that the debit account can give. With
// nothing to give the line is left out.
func NamedOrAll(name string) Measure { return Measure{kind: measureNamedOrAll, argument: name} }

// bounded reports whether the amount depends on what the debit account can give.
func (m Measure) bounded() bool { return m.kind == measureAtMost || m.kind == measureNamedOrAll }

// demand is the most units that a line of these arguments can take.
func (m Measure) demand(args Arguments) int64 {
	amount, given := args.AmountOf(m.argument)
	if m.kind == measureNamedOrAll && !given {
		return math.MaxInt64
	}
	return max(amount, 0)
}

// Line is one posting of a template. Debit and Credit are account patterns:
// "{name}" stands for an argument, an id ("WALLET:{wallet}:AVAILABLE") or a text
// ("ISSUED:{origin}"). Commodity may be "{name}" too; for Basis lines it is the
// money of the lots and is left empty.
//
// Where only the credit account tracks lots, the line issues a lot; where only
// the debit account does, it consumes units; where both do, it moves units from
// place to place, and their lots, with all basis, stay what they are.
type Line struct {
	Debit     string
	Credit    string
	Commodity Commodity
	Measure   Measure
	// Back makes a move take units in the reverse of spend order: what a move
	// out took last comes back first, expired or not, to the account of the
	// wallet whose lots they are.
	Back bool
}

func (f *fold) expandLine(line Line) (Refusal, error) {
	if line.Measure.kind == measureBasis {
		return f.postBasis(line.Debit, line.Credit, f.command.Arguments)
	}
	debit, credit, err := f.sides(line.Debit, line.Credit, line.Commodity.of(f.command.Arguments), f.command.Arguments)
	if err != nil {
		return nil, err
	}
	amount, refusal := f.measure(line.Measure, debit, f.tracks(debit) || f.tracks(credit))
	if refusal != nil || amount == 0 {
		return refusal, nil
	}
	if refusal := f.admit(debit, credit); refusal != nil {
		return refusal, nil
	}
	switch {
	case f.tracks(debit) && f.tracks(credit):
		refusal, err = f.moveUnits(debit, credit, amount, line.Back)
	case f.tracks(debit):
		refusal = f.consume(debit, amount)
	case f.tracks(credit):
		refusal = f.issue(credit, amount)
	}
	if refusal != nil || err != nil {
		return refusal, err
	}
	return f.post(debit, credit, amount), nil
}

// postBasis posts, per money, the basis that the lot movements carried.
func (f *fold) postBasis(debitPattern, creditPattern string, args Arguments) (Refusal, error) {
	for _, money := range Moneys {
		amount := f.basis[money]
		if amount == 0 {
			continue
		}
		debit, credit, err := f.sides(debitPattern, creditPattern, money, args)
		if err != nil {
			return nil, err
		}
		if refusal := f.post(debit, credit, amount); refusal != nil {
			return refusal, nil
		}
		delete(f.basis, money)
	}
	return nil, nil
}

// measure returns a line's amount, zero where the line is left out.
func (f *fold) measure(m Measure, debit Account, tracked bool) (int64, Refusal) {
	amount, given := f.command.Arguments.AmountOf(m.argument)
	needsAmount := m.kind == measureNamed && tracked || m.kind == measureNamedOrAll && given
	if amount < 0 || amount == 0 && needsAmount {
		return 0, &AmountError{code: codeInvalidAmount}
	}
	if !m.bounded() || m.kind == measureAtMost && !given || m.kind == measureNamedOrAll && given {
		return amount, nil
	}
	if f.account(debit.ID) == nil && !f.rules.classes[debit.Class].PerOwner() {
		return 0, nil
	}
	if refusal := f.admit(debit); refusal != nil {
		return 0, refusal
	}
	if m.kind == measureNamedOrAll {
		return f.giveable(debit), nil
	}
	return min(amount, f.giveable(debit)), nil
}

// giveable is all that an account can give.
func (f *fold) giveable(account Account) int64 {
	if f.tracks(account) {
		return max(f.available(account), 0)
	}
	return max(f.normal(f.account(account.ID)), 0)
}

// resolve returns the account that the command's arguments select.
func (f *fold) resolve(pattern string, commodity Commodity) (Account, error) {
	return f.rules.resolve(f.state.Book, pattern, commodity.of(f.command.Arguments), f.command.Arguments)
}

func (f *fold) sides(debitPattern, creditPattern string, commodity Commodity, args Arguments) (debit, credit Account, err error) {
	if debit, err = f.rules.resolve(f.state.Book, debitPattern, commodity, args); err != nil {
		return Account{}, Account{}, err
	}
	credit, err = f.rules.resolve(f.state.Book, creditPattern, commodity, args)
	return debit, credit, err
}
