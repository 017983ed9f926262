package ledger

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sentinels for errors.Is on refusals of holds, limits, conditions, periods and
// linked commands.
var (
	ErrHoldUnknown         = errors.New("ledger: hold does not exist in this book")
	ErrHoldClosed          = errors.New("ledger: hold is closed")
	ErrHoldExpired         = errors.New("ledger: hold has expired")
	ErrHoldNotExpired      = errors.New("ledger: hold has not expired")
	ErrHoldExceeded        = errors.New("ledger: hold has less left")
	ErrNothingExpired      = errors.New("ledger: no units have expired")
	ErrSameAccount         = errors.New("ledger: both sides are the same account")
	ErrAccountNotEmpty     = errors.New("ledger: account has a balance or open holds")
	ErrLimitExceeded       = errors.New("ledger: limit of the account would be exceeded")
	ErrConditionFailed     = errors.New("ledger: condition of the command does not hold")
	ErrPeriodMalformed     = errors.New("ledger: period must be a month as YYYY-MM")
	ErrPeriodNotOver       = errors.New("ledger: period is not over")
	ErrPeriodNotSequential = errors.New("ledger: period is not the one that follows the last closed")
	ErrPeriodNotClosed     = errors.New("ledger: period is not the last that was closed")
	ErrOriginForbidden     = errors.New("ledger: units of this origin may not be used so")
	ErrLinkedFailed        = errors.New("ledger: a linked command was refused")
)

const (
	codeHoldUnknown         = "HOLD_UNKNOWN"
	codeHoldClosed          = "HOLD_CLOSED"
	codeHoldExpired         = "HOLD_EXPIRED"
	codeHoldNotExpired      = "HOLD_NOT_EXPIRED"
	codeHoldExceeded        = "HOLD_EXCEEDED"
	codeNothingExpired      = "NOTHING_EXPIRED"
	codeSameAccount         = "SAME_ACCOUNT"
	codeAccountNotEmpty     = "ACCOUNT_NOT_EMPTY"
	codeLimitExceeded       = "LIMIT_EXCEEDED"
	codeConditionFailed     = "CONDITION_FAILED"
	codePeriodMalformed     = "PERIOD_MALFORMED"
	codePeriodNotOver       = "PERIOD_NOT_OVER"
	codePeriodNotSequential = "PERIOD_NOT_SEQUENTIAL"
	codePeriodNotClosed     = "PERIOD_NOT_CLOSED"
	codeOriginForbidden     = "ORIGIN_FORBIDDEN"
	codeLinkedFailed        = "LINKED_FAILED"
)

// HoldError says that a hold's state stands against the command. Left is what it
// still has. Its code is ErrHoldUnknown, ErrHoldClosed, ErrHoldExpired (I8),
// ErrHoldNotExpired or ErrHoldExceeded (I7).
type HoldError struct {
	Hold ID
	Left int64
	code string
}

// NotEmptyError says that an account cannot be closed: it has a balance, or holds on
// it are open.
type NotEmptyError struct {
	Account ID
	Balance int64
	Held    int64
}

// OriginError says that an account has enough units that can be used, and not enough
// of the origins that the command may take: Allowed are, PassedOver are of Origins,
// which it may not take (in alphabetical order).
type OriginError struct {
	Account    ID
	Required   int64
	Allowed    int64
	PassedOver int64
	Origins    []Origin
}

// LimitError says that an owner would take more out of an account in one window than
// a limit of it allows. What was refused may be asked for again at ResetsAt.
type LimitError struct {
	Account   ID
	Window    time.Duration
	Maximum   int64
	Used      int64
	Requested int64
	ResetsAt  time.Time
}

// ConditionError says that a condition of the command does not hold of the account
// or journal ID.
type ConditionError struct {
	Condition string // ConditionBalance, ConditionVersion or ConditionNotReversed
	ID        ID
	Wanted    int64
	Actual    int64
}

// PeriodError says that a period cannot be closed or reopened. Next is the one that
// could be closed, where that is the cause. Its code is ErrPeriodMalformed,
// ErrPeriodNotOver, ErrPeriodNotSequential or ErrPeriodNotClosed.
type PeriodError struct {
	Period string
	Next   string
	code   string
}

// LinkedError says that a command was not carried out because the linked command at
// Index was refused for Cause (I27).
type LinkedError struct {
	Index int64
	Cause Refusal
}

func (e *HoldError) Error() string {
	return fmt.Sprintf("%v: %s, %d left", sentinels[e.code], e.Hold, e.Left)
}

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("%v: %s has %d, and %d held", ErrAccountNotEmpty, e.Account, e.Balance, e.Held)
}

func (e *OriginError) Error() string {
	return fmt.Sprintf("%v: %d required, %d allowed, %d of %s", ErrOriginForbidden, e.Required, e.Allowed, e.PassedOver, ListOrigins(e.Origins...))
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%v: %d in %s, %d used, %d requested", ErrLimitExceeded, e.Maximum, e.Window, e.Used, e.Requested)
}

func (e *ConditionError) Error() string {
	return fmt.Sprintf("%v: %s of %s: %d wanted, %d found", ErrConditionFailed, e.Condition, e.ID, e.Wanted, e.Actual)
}

func (e *PeriodError) Error() string { return fmt.Sprintf("%v: %q", sentinels[e.code], e.Period) }

func (e *LinkedError) Error() string {
	return fmt.Sprintf("%v: command %d: %v", ErrLinkedFailed, e.Index, e.Cause)
}

// Code implements Refusal.
func (e *HoldError) Code() string { return e.code }

// Code implements Refusal.
func (*NotEmptyError) Code() string { return codeAccountNotEmpty }

// Code implements Refusal.
func (*OriginError) Code() string { return codeOriginForbidden }

// Code implements Refusal.
func (*LimitError) Code() string { return codeLimitExceeded }

// Code implements Refusal.
func (*ConditionError) Code() string { return codeConditionFailed }

// Code implements Refusal.
func (e *PeriodError) Code() string { return e.code }

// Code implements Refusal.
func (*LinkedError) Code() string { return codeLinkedFailed }

// Is lets errors.Is find the sentinel of the code.
func (e *HoldError) Is(target error) bool { return target == sentinels[e.code] }

// Is lets errors.Is find ErrAccountNotEmpty.
func (*NotEmptyError) Is(target error) bool { return target == ErrAccountNotEmpty }

// Is lets errors.Is find ErrOriginForbidden.
func (*OriginError) Is(target error) bool { return target == ErrOriginForbidden }

// Is lets errors.Is find ErrLimitExceeded.
func (*LimitError) Is(target error) bool { return target == ErrLimitExceeded }

// Is lets errors.Is find ErrConditionFailed.
func (*ConditionError) Is(target error) bool { return target == ErrConditionFailed }

// Is lets errors.Is find the sentinel of the code.
func (e *PeriodError) Is(target error) bool { return target == sentinels[e.code] }

// Is lets errors.Is find ErrLinkedFailed.
func (*LinkedError) Is(target error) bool { return target == ErrLinkedFailed }

// Facts implements Refusal.
func (e *HoldError) Facts() Arguments {
	return Arguments{}.ID("hold", e.Hold).Amount("left", e.Left)
}

// Facts implements Refusal.
func (e *NotEmptyError) Facts() Arguments {
	return Arguments{}.ID("account", e.Account).Amount("balance", e.Balance).Amount("held", e.Held)
}

// Facts implements Refusal.
func (e *OriginError) Facts() Arguments {
	return Arguments{}.ID("account", e.Account).Amount("required", e.Required).Amount("allowed", e.Allowed).
		Amount("passedOver", e.PassedOver).Text("origins", ListOrigins(e.Origins...))
}

// Facts implements Refusal.
func (e *LimitError) Facts() Arguments {
	return Arguments{}.ID("account", e.Account).Amount("window", int64(e.Window/time.Second)).Amount("maximum", e.Maximum).
		Amount("used", e.Used).Amount("requested", e.Requested).Time("resetsAt", e.ResetsAt)
}

// Facts implements Refusal.
func (e *ConditionError) Facts() Arguments {
	return Arguments{}.Text("condition", e.Condition).ID("id", e.ID).Amount("wanted", e.Wanted).Amount("actual", e.Actual)
}

// Facts implements Refusal.
func (e *PeriodError) Facts() Arguments {
	return Arguments{}.Text("period", e.Period).Text("next", e.Next)
}

// Facts implements Refusal.
func (e *LinkedError) Facts() Arguments {
	return Arguments{}.Amount("index", e.Index).Text("code", e.Cause.Code()).Text("facts", string(e.Cause.Facts().Encode()))
}

// decodeNewer rebuilds the refusals of this file.
func decodeNewer(code string, args Arguments) (Refusal, error) {
	amount := func(name string) int64 { value, _ := args.AmountOf(name); return value }
	switch code {
	case codeHoldUnknown, codeHoldClosed, codeHoldExpired, codeHoldNotExpired, codeHoldExceeded:
		return &HoldError{Hold: args.IDOf("hold"), Left: amount("left"), code: code}, nil
	case codeAccountNotEmpty:
		return &NotEmptyError{Account: args.IDOf("account"), Balance: amount("balance"), Held: amount("held")}, nil
	case codeOriginForbidden:
		refusal := &OriginError{Account: args.IDOf("account"), Required: amount("required"), Allowed: amount("allowed"), PassedOver: amount("passedOver")}
		for _, origin := range strings.Split(args.TextOf("origins"), originSeparator) {
			refusal.Origins = append(refusal.Origins, Origin(origin))
		}
		return refusal, nil
	case codeLimitExceeded:
		return &LimitError{
			Account: args.IDOf("account"), Window: time.Duration(amount("window")) * time.Second, Maximum: amount("maximum"),
			Used: amount("used"), Requested: amount("requested"), ResetsAt: args.TimeOf("resetsAt"),
		}, nil
	case codeConditionFailed:
		return &ConditionError{Condition: args.TextOf("condition"), ID: args.IDOf("id"), Wanted: amount("wanted"), Actual: amount("actual")}, nil
	case codePeriodMalformed, codePeriodNotOver, codePeriodNotSequential, codePeriodNotClosed:
		return &PeriodError{Period: args.TextOf("period"), Next: args.TextOf("next"), code: code}, nil
	case codeLinkedFailed:
		cause, err := DecodeRefusal(args.TextOf("code"), []byte(args.TextOf("facts")))
		if err != nil {
			return nil, fmt.Errorf("decode cause: %w", err)
		}
		return &LinkedError{Index: amount("index"), Cause: cause}, nil
	default:
		return nil, fmt.Errorf("decode refusal: unknown code %q", code)
	}
}
