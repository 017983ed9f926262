package ledger

import (
	"math"
	"strings"
)

// Measure says what a template line's amount is: a named argument, bounded or
// not, or a number that only the fold knows.
type Measure struct {
	kind     measureKind
	argument string
	origins  string // the argument that lists them; "" for units of any origin
}

type measureKind uint8

const (
	measureNamed measureKind = iota
	measureBasis
	measureNet
	measureTax
	measureAtMost
	measureNamedOrAll
	measureExpired
	measureLapsed
)

// Named measures a line by the amount given under name. A line whose amount is
// absent or zero is left out, unless it moves lots: those need an amount.
func Named(name string) Measure { return Measure{argument: name} }

// NamedOf is Named for units of some origins only: the text argument under origins
// lists them, as ListOrigins does, and lots of other origins are passed over. What
// may be taken is the business's to say with each command; a list that is absent lets
// nothing be taken. A command that asks for more than there is of these origins, but
// not for more than there is, is refused with an OriginError.
func NamedOf(name, origins string) Measure { return Measure{argument: name, origins: origins} }

// Basis measures a line by the basis the journal's lots gained or released, one
// posting per money. It is left out where that is zero. The tax in it is included:
// what was paid is deferred whole.
func Basis() Measure { return Measure{kind: measureBasis} }

// Net is Basis without the tax in it: what becomes revenue when units are used.
func Net() Measure { return Measure{kind: measureNet} }

// Tax is the tax in Basis, which becomes payable when units are used (a voucher for
// several purposes is taxed then, and not at its sale).
func Tax() Measure { return Measure{kind: measureTax} }

// AtMost measures a line by the amount given under name, or by all that the
// debit account can give where that is less: a charge bills what is there and
// is never refused for what is not. A line whose amount is absent, or comes to
// zero, is left out, also where it would take lots.
func AtMost(name string) Measure { return Measure{kind: measureAtMost, argument: name} }

// NamedOrAll measures a line by the amount given under name, which must be
// positive, or where none is given by all that the debit account can give. With
// nothing to give the line is left out.
func NamedOrAll(name string) Measure { return Measure{kind: measureNamedOrAll, argument: name} }

// Expired measures a line by all units of the debit account that have expired, and
// takes those. A command that finds none is refused with ErrNothingExpired.
func Expired() Measure { return Measure{kind: measureExpired} }

// Lapsed measures a line by the units that this very journal brought back to lots
// that have expired, grace aside, and takes those. Without any it is left out.
func Lapsed() Measure { return Measure{kind: measureLapsed} }

// bounded reports whether the amount depends on what the debit account can give.
func (m Measure) bounded() bool { return m.kind == measureAtMost || m.kind == measureNamedOrAll }

// ofBasis reports whether the amount is of the lots' money, and posted per money.
func (m Measure) ofBasis() bool {
	return m.kind == measureBasis || m.kind == measureNet || m.kind == measureTax
}

// expires reports whether the line takes units because they have expired.
func (m Measure) expires() bool { return m.kind == measureExpired || m.kind == measureLapsed }

// plain reports whether a reversal can tell the amount from the arguments.
func (m Measure) plain() bool { return m.kind == measureNamed || m.ofBasis() }

// demand is the most units that a line of these arguments can take from what has
// not expired. A line that passes lots over may have to look at all of them.
func (m Measure) demand(args Arguments) int64 {
	if m.expires() {
		return 0
	}
	amount, given := args.AmountOf(m.argument)
	if m.kind == measureNamedOrAll && !given || m.origins != "" && amount > 0 {
		return math.MaxInt64
	}
	return max(amount, 0)
}

// Line is one posting of a template. Debit and Credit are account patterns:
// "{name}" stands for an argument, an id ("WALLET:{wallet}:AVAILABLE") or a text
// ("ISSUED:{origin}"). Commodity may be "{name}" too; for lines measured by basis
// it is the money of the lots and is left empty.
//
// Where only the credit account tracks lots, the line issues a lot; where only
// the debit account does, it consumes units. Where both do it moves units from
// place to place, and their lots, with all basis, stay what they are; unless it
// moves them between two wallets' own accounts, where nothing is set aside: then
// the units and their basis go over into lots of the other wallet, with the same
// terms.
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
	if line.Measure.ofBasis() {
		return f.postBasis(line.Measure, line.Debit, line.Credit, nil)
	}
	if line.Measure.kind == measureLapsed && len(f.lapsed) == 0 {
		return nil, nil
	}
	debit, credit, err := f.sides(line.Debit, line.Credit, line.Commodity, nil)
	if err != nil {
		return nil, err
	}
	amount, refusal := f.measure(line.Measure, debit, f.tracks(debit) || f.tracks(credit))
	if refusal != nil || amount == 0 {
		return refusal, nil
	}
	if refusal := f.admitBoth(debit, credit); refusal != nil {
		return refusal, nil
	}
	if refusal, err := f.countHold(debit, credit, amount); refusal != nil || err != nil {
		return refusal, err
	}
	if refusal, err := f.moveLots(line, debit, credit, amount); refusal != nil || err != nil {
		return refusal, err
	}
	return f.post(debit, credit, amount), nil
}

// moveLots does to lots what the posting does to balances.
func (f *fold) moveLots(line Line, debit, credit Account, amount int64) (Refusal, error) {
	which := selection{back: line.Back, expired: line.Measure.kind == measureExpired}
	if line.Measure.origins != "" {
		which.origins = strings.Split(f.command.Arguments.TextOf(line.Measure.origins), originSeparator)
	}
	switch from, to := f.tracks(debit), f.tracks(credit); {
	case line.Measure.kind == measureLapsed:
		f.consumeLapsed(debit)
		return nil, nil
	case from && to && !f.keeps(debit) && !f.keeps(credit):
		return f.transfer(debit, credit, amount, which)
	case from && to:
		return f.moveUnits(debit, credit, amount, which)
	case from:
		return f.consume(debit, amount, which)
	case to:
		return f.issue(credit, amount), nil
	}
	return nil, nil
}

// postBasis posts, per money, the basis that the lot movements carried, or its part
// that is tax, or that is not.
func (f *fold) postBasis(m Measure, debitPattern, creditPattern string, original *Record) (Refusal, error) {
	for _, money := range Moneys {
		amount := f.takeCarried(m, money)
		if amount == 0 {
			continue
		}
		debit, credit, err := f.sides(debitPattern, creditPattern, money, original)
		if err != nil {
			return nil, err
		}
		if refusal := f.post(debit, credit, amount); refusal != nil {
			return refusal, nil
		}
	}
	return nil, nil
}

func (f *fold) takeCarried(m Measure, money Commodity) int64 {
	carried := f.carried[money]
	var amount int64
	if m.kind != measureTax {
		amount, carried.net = carried.net, 0
	}
	if m.kind != measureNet {
		amount, carried.tax = amount+carried.tax, 0
	}
	f.carried[money] = carried
	return amount
}

// measure returns a line's amount, zero where the line is left out.
func (f *fold) measure(m Measure, debit Account, tracked bool) (int64, Refusal) {
	if m.kind == measureLapsed {
		return f.lapsedIn(debit), nil
	}
	amount, given := f.command.Arguments.AmountOf(m.argument)
	needsAmount := m.kind == measureNamed && tracked || m.kind == measureNamedOrAll && given
	if amount < 0 || amount == 0 && needsAmount {
		return 0, &AmountError{code: codeInvalidAmount}
	}
	if m.plain() || m.kind == measureAtMost && !given || m.kind == measureNamedOrAll && given {
		return amount, nil
	}
	if f.account(debit.ID) == nil && !f.rules.classes[debit.Class].PerOwner() {
		return 0, nil
	}
	if refusal := f.admit(debit); refusal != nil {
		return 0, refusal
	}
	switch m.kind {
	case measureExpired:
		if amount = f.expiredIn(debit); amount == 0 {
			return 0, &AmountError{code: codeNothingExpired}
		}
		return amount, nil
	case measureNamedOrAll:
		return f.giveable(debit), nil
	default:
		return min(amount, f.giveable(debit)), nil
	}
}

// giveable is all that an account can give.
func (f *fold) giveable(account Account) int64 {
	switch {
	case f.rules.classes[account.Class].Holds:
		return f.held.Left()
	case f.tracks(account):
		return max(f.available(account), 0)
	}
	return max(f.normal(f.account(account.ID)), 0)
}

// resolve returns the account that the command's arguments select.
func (f *fold) resolve(pattern string, commodity Commodity) (Account, error) {
	return f.rules.accountOf(f.command, f.state.Book, pattern, commodity)
}

// sides returns the accounts of a line: by the command's arguments, or for a
// reversal by those of the journal it undoes.
func (f *fold) sides(debitPattern, creditPattern string, commodity Commodity, original *Record) (debit, credit Account, err error) {
	resolve := f.resolve
	if original != nil {
		resolve = func(pattern string, commodity Commodity) (Account, error) {
			args := original.Journal.Arguments
			return f.rules.resolve(f.state.Book, pattern, commodity.of(args), args)
		}
	}
	if debit, err = resolve(debitPattern, commodity); err != nil {
		return Account{}, Account{}, err
	}
	credit, err = resolve(creditPattern, commodity)
	return debit, credit, err
}
