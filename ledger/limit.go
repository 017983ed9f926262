package ledger

import (
	"cmp"
	"slices"
	"time"
)

// Limit bounds how many units the owner of an account may take out of it in one
// window: windows follow each other without a gap from the epoch, in UTC, so that
// a limit of a day begins at midnight. Only owner-initiated templates count and are
// refused; what the platform does is not the owner's pace.
type Limit struct {
	Window      time.Duration // whole seconds
	Maximum     int64         // units; below zero: lifted
	WindowStart time.Time
	Used        int64
}

// At returns the limit as it is at now: a new window begins unused. A clock that
// went back does not open one.
func (l Limit) At(now time.Time) Limit {
	if start := now.UTC().Truncate(l.Window); start.After(l.WindowStart) {
		l.WindowStart, l.Used = start, 0
	}
	return l
}

// ResetsAt returns when the next window begins.
func (l Limit) ResetsAt() time.Time { return l.WindowStart.Add(l.Window) }

// LimitUse says that a template sets a limit of the account (pattern, commodity):
// the amounts "window", in seconds, and "maximum"; without a maximum the limit is
// lifted.
type LimitUse struct {
	Account   string
	Commodity Commodity
}

// LimitChange is a limit of an account as a batch leaves it.
type LimitChange struct {
	Account ID
	Limit
}

// The bounds of limits: a window of at least a second and at most a leap year, and
// few windows an account, as each is counted with every posting.
const (
	limitWindowMin   = time.Second
	limitWindowMax   = 366 * 24 * time.Hour
	limitsPerAccount = 8
)

// setLimit sets, changes or lifts a limit. What the window has used stays counted.
func (f *fold) setLimit() (Refusal, error) {
	use, args := f.template.Limit, f.command.Arguments
	if use == nil {
		return nil, nil
	}
	account, err := f.resolve(use.Account, use.Commodity)
	if err != nil {
		return nil, err
	}
	if refusal := f.admit(account); refusal != nil {
		return refusal, nil
	}
	seconds, _ := args.AmountOf("window")
	maximum, given := args.AmountOf("maximum")
	if seconds < int64(limitWindowMin/time.Second) || seconds > int64(limitWindowMax/time.Second) || given && maximum < 0 {
		return &AmountError{code: codeInvalidAmount}, nil
	}
	if !given {
		maximum = -1
	}
	current := f.account(account.ID)
	limits := slices.Clone(current.Limits)
	window := time.Duration(seconds) * time.Second
	at := slices.IndexFunc(limits, func(l Limit) bool { return l.Window == window })
	if at < 0 {
		if len(limits) == limitsPerAccount {
			return &AmountError{code: codeInvalidAmount}, nil
		}
		at, limits = len(limits), append(limits, Limit{Window: window})
	}
	limits[at] = limits[at].At(f.state.Now)
	limits[at].Maximum = maximum
	current.Limits = limits
	f.delta.Limits = append(f.delta.Limits, account.ID)
	return nil, nil
}

// countLimits counts an owner's posting on the limits of the account it debits. A
// sum that would not fit counts as too much.
func (f *fold) countLimits(account *AccountState, amount int64) Refusal {
	if !f.template.OwnerInitiated || len(account.Limits) == 0 {
		return nil
	}
	limits := slices.Clone(account.Limits)
	slices.SortFunc(limits, func(x, y Limit) int { return cmp.Compare(x.Window, y.Window) }) // the shortest refuses first
	for i := range limits {
		limit := limits[i].At(f.state.Now)
		used, fits := add(limit.Used, amount)
		if limit.Maximum >= 0 && (!fits || used > limit.Maximum) {
			return &LimitError{
				Account: account.Account.ID, Window: limit.Window, Maximum: limit.Maximum, Used: limit.Used, Requested: amount,
				ResetsAt: limit.ResetsAt(),
			}
		}
		if fits {
			limit.Used = used
		}
		limits[i] = limit
	}
	account.Limits = limits
	f.delta.Limits = append(f.delta.Limits, account.Account.ID)
	return nil
}
