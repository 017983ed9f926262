package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// useHold finds the hold that the command is about, or makes it, and checks that its
// state allows what the template does.
func (f *fold) useHold() Refusal {
	use := f.template.Hold
	if use == nil {
		return nil
	}
	if use.Event == EventPlaced {
		return f.placeHold(use)
	}
	args := f.command.Arguments
	id := args.IDOf("hold")
	current, known := f.state.Holds[id]
	if wallet := args.IDOf("wallet"); !known || !wallet.IsZero() && wallet != current.Wallet {
		return &HoldError{Hold: id, code: codeHoldUnknown}
	}
	expired := current.ExpiredBy(f.state.Now)
	switch {
	case current.Status != HoldOpen:
		return &HoldError{Hold: id, code: codeHoldClosed}
	case use.Event == EventExpired && !expired:
		return &HoldError{Hold: id, Left: current.Left(), code: codeHoldNotExpired}
	case expired && (use.Event == EventCaptured || use.Event == EventIncreased):
		return &HoldError{Hold: id, Left: current.Left(), code: codeHoldExpired} // I8
	}
	working := *current
	f.takeUp(&working, use.Event)
	return nil
}

func (f *fold) placeHold(use *HoldUse) Refusal {
	args := f.command.Arguments
	hold := &Hold{
		ID: f.command.ID, Wallet: args.IDOf("wallet"), Purpose: args.TextOf(use.Purpose), Subject: f.command.Subject,
		Status: HoldOpen, OpenedAt: f.state.Now, ExpiresAt: args.TimeOf(use.ExpiresAt),
	}
	if hold.ExpiredBy(f.state.Now) {
		return &HoldError{Hold: hold.ID, code: codeHoldExpired}
	}
	f.takeUp(hold, use.Event)
	return nil
}

func (f *fold) takeUp(hold *Hold, event HoldEvent) {
	f.held, f.delta.Hold = hold, hold
	journal := &f.delta.Journal
	journal.Hold, journal.HoldEvent, journal.Wallet = hold.ID, event, hold.Wallet
	if journal.Subject == (Subject{}) {
		journal.Subject = hold.Subject
	}
}

// holdIn returns the hold whose units a move into the account brings, NilID for an
// account without holds.
func (f *fold) holdIn(account Account) ID {
	if f.rules.classes[account.Class].Holds {
		return f.held.ID
	}
	return NilID
}

// countHold counts what a line moves into or out of the hold. The error is a
// template that mixes up the accounts of a hold.
func (f *fold) countHold(debit, credit Account, amount int64) (Refusal, error) {
	into, outOf := f.rules.classes[credit.Class].Holds, f.rules.classes[debit.Class].Holds
	if !into && !outOf {
		return nil, nil
	}
	hold := f.held
	if into {
		if hold.Account.IsZero() {
			hold.Account, hold.Held = debit.ID, credit.ID
		}
		if hold.Account != debit.ID || hold.Held != credit.ID {
			return nil, fmt.Errorf("hold %s is of other accounts than %s and %s", hold.ID, debit.Code, credit.Code)
		}
		reserved, fits := add(hold.Reserved, amount)
		if !fits {
			return &AmountError{code: codeAmountOverflow}, nil
		}
		hold.Reserved = reserved
		return nil, nil
	}
	if hold.Held != debit.ID || f.tracks(credit) && hold.Account != credit.ID {
		return nil, fmt.Errorf("hold %s is of other accounts than %s and %s", hold.ID, debit.Code, credit.Code)
	}
	if amount > hold.Left() {
		return &HoldError{Hold: hold.ID, Left: hold.Left(), code: codeHoldExceeded}, nil // I7
	}
	if f.tracks(credit) {
		hold.Released += amount
	} else {
		hold.Captured += amount
	}
	return nil, nil
}

// closeHold closes a hold that has nothing left. The error is a template that did
// nothing to it.
func (f *fold) closeHold() error {
	hold := f.held
	if hold == nil || hold.Left() > 0 {
		return nil
	}
	if hold.Reserved == 0 {
		return fmt.Errorf("hold %s reserves nothing", hold.ID)
	}
	hold.ClosedAt = f.state.Now
	switch {
	case hold.Captured > 0:
		hold.Status = HoldCaptured
	case f.template.Hold.Event == EventExpired:
		hold.Status = HoldExpired
	default:
		hold.Status = HoldReleased
	}
	return nil
}

// peekHold returns a hold as the command has left it so far.
func (f *fold) peekHold(id ID) *Hold {
	if f.held != nil && f.held.ID == id {
		return f.held
	}
	return f.state.Holds[id]
}

// due returns the commands that must come before c: an expired hold on an account
// that c takes from is released first, soonest expiry first. They have no key, as
// nobody sent them.
func (r *Rules) due(s *State, c *Command) ([]*Command, error) {
	template, known := r.templates[c.Template]
	if len(s.Holds) == 0 || r.expiry == nil || !known {
		return nil, nil
	}
	if _, replayed := s.Keys[c.Key]; replayed {
		return nil, nil
	}
	accounts, err := r.takenFrom(s.Book, template, c)
	if err != nil {
		return nil, err
	}
	var expired []*Hold
	for _, hold := range s.Holds {
		if hold.Status == HoldOpen && hold.ExpiredBy(s.Now) && accounts[hold.Account] && c.Arguments.IDOf("hold") != hold.ID {
			expired = append(expired, hold)
		}
	}
	slices.SortFunc(expired, func(x, y *Hold) int {
		return cmp.Or(x.ExpiresAt.Compare(y.ExpiresAt), bytes.Compare(x.ID[:], y.ID[:]))
	})
	commands := make([]*Command, len(expired))
	for i, hold := range expired {
		commands[i] = r.expire(s.Book, hold)
	}
	return commands, nil
}

// expireInitiator is who releases an expired hold that a command came upon.
const expireInitiator = "system:hold-expiry"

func (r *Rules) expire(book BookID, hold *Hold) *Command {
	return &Command{
		ID: hold.expiryID(), Book: book, Template: r.expiry.Name, InitiatedBy: expireInitiator, Subject: hold.Subject,
		EffectiveAt: hold.ExpiresAt, Arguments: Arguments{}.ID("hold", hold.ID).ID("wallet", hold.Wallet).Text("purpose", hold.Purpose),
	}
}

// takenFrom returns the accounts whose free units the command takes, or asks for by
// a condition.
func (r *Rules) takenFrom(book BookID, template *Template, c *Command) (map[ID]bool, error) {
	accounts := map[ID]bool{}
	for _, line := range template.Lines {
		if line.Measure.ofBasis() || line.Measure.demand(c.Arguments) == 0 {
			continue
		}
		debit, err := r.accountOf(c, book, line.Debit, line.Commodity)
		if err != nil {
			return nil, err
		}
		if class := r.classes[debit.Class]; class.TracksLots && !class.UsableAfterExpiry {
			accounts[debit.ID] = true
		}
	}
	for _, condition := range c.Conditions {
		if condition.AtLeast == 0 {
			continue
		}
		account, err := r.accountOf(c, book, condition.Account, condition.Commodity)
		if err != nil {
			return nil, err
		}
		accounts[account.ID] = true
	}
	return accounts, nil
}
