package ledger

// Condition is something that must hold of the book for a command, beyond what its
// template needs. Every field that is set is checked, under the same lock as the
// command is decided.
type Condition struct {
	// Account (pattern, commodity) selects an account by the command's arguments.
	Account   string
	Commodity Commodity
	// AtLeast is what the account must be able to give: its balance without what has
	// expired. Zero asks for nothing.
	AtLeast int64
	// Version, when set, is the number of postings that the account must have: the
	// caller decided on a balance it read, and that must still be the one.
	Version *int64
	// NotReversed is a journal of which nothing may be reversed yet.
	NotReversed ID
}

// The names of conditions in a ConditionError.
const (
	ConditionBalance     = "BALANCE_AT_LEAST"
	ConditionVersion     = "VERSION_EQUALS"
	ConditionNotReversed = "NOT_REVERSED"
)

func (f *fold) checkConditions() (Refusal, error) {
	for _, condition := range f.command.Conditions {
		refusal, err := f.checkCondition(condition)
		if refusal != nil || err != nil {
			return refusal, err
		}
	}
	return nil, nil
}

func (f *fold) checkCondition(c Condition) (Refusal, error) {
	if !c.NotReversed.IsZero() {
		record, known := f.state.Journals[c.NotReversed]
		if !known {
			return &ReversalError{Journal: c.NotReversed, code: codeUnknownJournal}, nil
		}
		if record.Reversed > 0 {
			return &ConditionError{Condition: ConditionNotReversed, ID: c.NotReversed, Actual: record.Reversed}, nil
		}
	}
	if c.Account == "" {
		return nil, nil
	}
	account, err := f.resolve(c.Account, c.Commodity)
	if err != nil {
		return nil, err
	}
	current := f.account(account.ID)
	if current == nil {
		return &AccountError{Account: account.ID, code: codeAccountMissing}, nil
	}
	if c.Version != nil && *c.Version != current.Balance.Version {
		return &ConditionError{Condition: ConditionVersion, ID: account.ID, Wanted: *c.Version, Actual: current.Balance.Version}, nil
	}
	if c.AtLeast == 0 {
		return nil, nil
	}
	available := f.normal(current)
	if f.tracks(account) {
		available = f.available(account)
	}
	if available < c.AtLeast {
		return &ConditionError{Condition: ConditionBalance, ID: account.ID, Wanted: c.AtLeast, Actual: available}, nil
	}
	return nil, nil
}
