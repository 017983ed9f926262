package ledger

import (
	"fmt"
	"slices"
	"time"
)

// Delta is what an accepted command adds to its book.
type Delta struct {
	Journal   Journal
	Opened    []Account
	Postings  []Posting
	Movements []Movement
	NewLots   []ID
	Once      string
	// Original is the journal this one reverses, as it stood before.
	Original *Record
	// Status lists the accounts whose status changed.
	Status []ID
	// Limits lists the accounts whose limits changed, or were counted on.
	Limits []ID
	// Hold is the hold the journal moved, after it; nil for none.
	Hold *Hold
	// Period is the accounting period that the journal closed or reopened.
	Period *PeriodChange

	accounts map[ID]*AccountState
	lots     map[ID]*Lot
	places   map[ID][]Place
	guards   []Guard
}

// Account returns the state of an account the journal touched, after it.
func (d *Delta) Account(id ID) (*AccountState, bool) {
	account, ok := d.accounts[id]
	return account, ok
}

// Lot returns a lot the journal changed, after it.
func (d *Delta) Lot(id ID) (*Lot, bool) {
	lot, ok := d.lots[id]
	return lot, ok
}

// Apply decides one command against the state: the whole of what the ledger
// believes. It does no I/O, reads no clock and draws no random number, and
// leaves the state as it was; Advance makes it what it is after the delta. A
// refusal comes back in the outcome with a nil delta. The error is
// ErrInvalidCommand, for what no caller's data can cause.
func (r *Rules) Apply(s *State, c *Command) (*Delta, Outcome, error) {
	if stored, found := s.Keys[c.Key]; found {
		return nil, replay(stored, c), nil
	}
	template, ok := r.templates[c.Template]
	if !ok {
		return nil, Outcome{}, fmt.Errorf("%w: unknown template %q", ErrInvalidCommand, c.Template)
	}
	return r.apply(s, c, template)
}

// apply decides a command that is new by one version of its template.
func (r *Rules) apply(s *State, c *Command, template *Template) (*Delta, Outcome, error) {
	if journal, found := s.Once[c.Once]; found && c.Once != "" {
		return nil, Outcome{Refusal: &AlreadyDoneError{Journal: journal}}, nil
	}
	for _, guard := range c.Guards {
		if reason, facts := guard.Check(s.Rows[RowID{Kind: guard.Kind(), ID: guard.ID()}]); reason != "" {
			return nil, Outcome{Refusal: &GuardFailedError{Kind: guard.Kind(), ID: guard.ID(), Reason: reason, Detail: facts}}, nil
		}
	}
	f := newFold(r, s, c, template)
	refusal, err := f.expand()
	if err != nil {
		return nil, Outcome{}, fmt.Errorf("%w: template %s: %w", ErrInvalidCommand, c.Template, err)
	}
	if refusal != nil {
		return nil, Outcome{Refusal: refusal}, nil
	}
	f.net()
	return f.delta, Outcome{Journal: c.ID, Seq: f.delta.Journal.Seq}, nil
}

// replay answers a command whose key was used. The same command resubmitted
// after an ambiguous commit has the id that is stored, and is no replay to its
// caller (I16).
func replay(stored StoredOutcome, c *Command) Outcome {
	if stored.Fingerprint != c.Fingerprint {
		return Outcome{Refusal: &ConflictError{}}
	}
	outcome := Outcome{Seq: stored.Seq, Refusal: stored.Refusal, Replayed: stored.Command != c.ID}
	if stored.Refusal == nil {
		outcome.Journal = stored.Command
	}
	return outcome
}

// fold is the working copy of what one command touches. Nothing of the state
// changes before the command is accepted.
type fold struct {
	rules    *Rules
	state    *State
	command  *Command
	template *Template
	delta    *Delta
	carried  map[Commodity]carriedBasis // by the lot movements, and not yet posted
	held     *Hold                      // the working copy of the command's hold
	lapsed   []Place                    // units that came back to expired lots
}

// carriedBasis is basis of one money, apart from the tax in it.
type carriedBasis struct{ net, tax int64 }

func newFold(r *Rules, s *State, c *Command, template *Template) *fold {
	effective := c.EffectiveAt.UTC().Truncate(time.Microsecond) // what storage keeps
	if c.EffectiveAt.IsZero() {
		effective = s.Now
	}
	return &fold{
		rules: r, state: s, command: c, template: template, carried: map[Commodity]carriedBasis{},
		delta: &Delta{
			Journal: Journal{
				Book: s.Book, ID: c.ID, Seq: s.Seq + 1, Template: template.Name, TemplateVersion: template.Version,
				Type: template.typeOf(c.Arguments), Arguments: c.Arguments, EffectiveAt: effective, BookedOn: s.bookedOn(effective),
				PostedAt: s.Now, Wallet: c.Arguments.IDOf("wallet"), Subject: c.Subject, Explanation: c.Explanation, InitiatedBy: c.InitiatedBy,
			},
			Once: c.Once, guards: c.Guards,
			accounts: map[ID]*AccountState{}, lots: map[ID]*Lot{}, places: map[ID][]Place{},
		},
	}
}

// expand turns the template into postings. The error is a programming error.
func (f *fold) expand() (Refusal, error) {
	for _, open := range f.template.Opens {
		account, err := f.resolve(open.Account, open.Commodity)
		if err != nil {
			return nil, err
		}
		f.open(account)
	}
	for _, step := range []func() (Refusal, error){f.checkConditions, f.changeStatus, f.setLimit, f.changePeriod, f.reverse} {
		if refusal, err := step(); refusal != nil || err != nil {
			return refusal, err
		}
	}
	if refusal := f.useHold(); refusal != nil {
		return refusal, nil
	}
	for _, line := range f.template.Lines {
		refusal, err := f.expandLine(line)
		if refusal != nil || err != nil {
			return refusal, err
		}
	}
	if err := f.closeHold(); err != nil {
		return nil, err
	}
	return nil, f.checkBasis()
}

// checkBasis fails where lots carried basis that no line posted: deferred
// revenue would no longer be the basis of the lots (I29).
func (f *fold) checkBasis() error {
	for money, carried := range f.carried {
		if carried != (carriedBasis{}) {
			return fmt.Errorf("the journal's lots carry %d of %q, and %d of tax, that no line posts (I29)", carried.net, money, carried.tax)
		}
	}
	return nil
}

func (f *fold) tracks(account Account) bool { return f.rules.classes[account.Class].TracksLots }

// admitBoth checks the accounts of a posting, which are two.
func (f *fold) admitBoth(debit, credit Account) Refusal {
	if debit.ID == credit.ID {
		return &AccountError{Account: debit.ID, code: codeSameAccount}
	}
	return f.admit(debit, credit)
}

// admit checks that accounts are there and that their status lets this template
// move their value. Platform accounts open with their first posting.
func (f *fold) admit(sides ...Account) Refusal {
	for _, account := range sides {
		current := f.account(account.ID)
		switch {
		case current == nil && f.rules.classes[account.Class].PerOwner():
			return &AccountError{Account: account.ID, code: codeAccountMissing}
		case current == nil:
			f.open(account)
		case current.Balance.Status == StatusClosed:
			return &AccountError{Account: account.ID, code: codeAccountClosed}
		case current.Balance.Status == StatusFrozen && f.template.OwnerInitiated:
			return &AccountError{Account: account.ID, code: codeAccountFrozen}
		}
	}
	return nil
}

// account returns the working copy of an account, or nil when the book has no
// such account.
func (f *fold) account(id ID) *AccountState {
	if working, ok := f.delta.accounts[id]; ok {
		return working
	}
	current, ok := f.state.Accounts[id]
	if !ok {
		return nil
	}
	working := *current
	f.delta.accounts[id] = &working
	return &working
}

// open brings an account into being, or does nothing where it exists.
func (f *fold) open(account Account) {
	if f.account(account.ID) != nil {
		return
	}
	f.delta.Opened = append(f.delta.Opened, account)
	f.delta.accounts[account.ID] = &AccountState{Account: account, Balance: Balance{Status: StatusActive}}
}

func (f *fold) changeStatus() (Refusal, error) {
	change := f.template.Status
	if change == nil {
		return nil, nil
	}
	account, err := f.resolve(change.Account, change.Commodity)
	if err != nil {
		return nil, err
	}
	current := f.account(account.ID)
	if current == nil {
		return &AccountError{Account: account.ID, code: codeAccountMissing}, nil
	}
	if !change.leaves(current.Balance.Status) {
		return &StatusConflictError{Account: account.ID, Status: current.Balance.Status}, nil
	}
	if change.To == StatusClosed {
		if balance, held := f.normal(current), f.heldOf(account); balance != 0 || held != 0 {
			return &NotEmptyError{Account: account.ID, Balance: balance, Held: held}, nil
		}
	}
	current.Balance.Status = change.To
	f.delta.Status = append(f.delta.Status, account.ID)
	return nil, nil
}

// post adds one posting and moves both balances, whose accounts are admitted.
func (f *fold) post(debit, credit Account, amount int64) Refusal {
	if refusal := f.admitBoth(debit, credit); refusal != nil {
		return refusal
	}
	from, to := f.account(debit.ID), f.account(credit.ID)
	if refusal := f.countLimits(from, amount); refusal != nil {
		return refusal
	}
	debits, fits := add(from.Balance.Debits, amount)
	credits, alsoFits := add(to.Balance.Credits, amount)
	if !fits || !alsoFits {
		return &AmountError{code: codeAmountOverflow}
	}
	from.Balance.Debits, to.Balance.Credits = debits, credits
	from.Balance.Version++
	posting := Posting{
		Line: int16(len(f.delta.Postings)), Debit: debit.ID, Credit: credit.ID, Commodity: debit.Commodity, Amount: amount,
		DebitVersion: from.Balance.Version, DebitBalance: f.normal(from),
	}
	to.Balance.Version++
	posting.CreditVersion, posting.CreditBalance = to.Balance.Version, f.normal(to)
	if refusal := f.checkFloors(from, to, amount); refusal != nil {
		return refusal
	}
	f.delta.Postings = append(f.delta.Postings, posting)
	return nil
}

func (f *fold) normal(account *AccountState) int64 {
	return account.Balance.On(f.rules.classes[account.Account.Class].Normal)
}

// checkFloors refuses a posting that takes a floored account below zero (I5).
func (f *fold) checkFloors(from, to *AccountState, amount int64) Refusal {
	for _, account := range []*AccountState{from, to} {
		if after := f.normal(account); after < 0 && f.rules.classes[account.Account.Class].Floored {
			return &InsufficientFundsError{Account: account.Account.ID, Required: amount, Available: after + amount}
		}
	}
	return nil
}

// net marks, per account, its last posting of the journal with the journal's
// whole effect on it.
func (f *fold) net() {
	sums := make(map[ID]int64, 2*len(f.delta.Postings))
	for _, posting := range f.delta.Postings {
		sums[posting.Debit] += f.signed(posting.Debit, Debit, posting.Amount)
		sums[posting.Credit] += f.signed(posting.Credit, Credit, posting.Amount)
	}
	for i := range slices.Backward(f.delta.Postings) {
		posting := &f.delta.Postings[i]
		posting.CreditNet = takeNet(sums, posting.Credit)
		posting.DebitNet = takeNet(sums, posting.Debit)
	}
}

func (f *fold) signed(account ID, side Side, amount int64) int64 {
	if f.rules.classes[f.delta.accounts[account].Account.Class].Normal == side {
		return amount
	}
	return -amount
}

func takeNet(sums map[ID]int64, account ID) *int64 {
	sum, pending := sums[account]
	if !pending {
		return nil
	}
	delete(sums, account)
	return &sum
}
