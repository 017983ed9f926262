package ledger

import (
	"errors"
	"fmt"
)

// Faults: not decisions of the fold, never stored with a key.
var (
	// ErrOverloaded is returned by Post at once when the book's queue is full.
	// The same command may be sent again.
	ErrOverloaded = errors.New("ledger: too many commands are waiting, try again with the same key")
	// ErrClosed is returned by Post after Close.
	ErrClosed = errors.New("ledger: closed")
	// ErrClockSkew is returned by Post when this process's clock is more than a
	// second off the database's; it refuses to write rather than stamp wrong
	// times.
	ErrClockSkew = errors.New("ledger: process clock differs from the database clock by more than 1s")
	// ErrRetry is wrapped by a Store around faults after which the same batch
	// may be submitted again: serialization failures, deadlocks, lock timeouts
	// and lost connections, ambiguous commits included (I16).
	ErrRetry = errors.New("ledger: retry the batch")
	// ErrInvalidCommand is returned by Post for a command that no caller's data
	// can cause: an unknown template or guard, a missing argument or key.
	ErrInvalidCommand = errors.New("ledger: invalid command")
)

// Refusal is a decision of the fold against a command. Every refusal is stored
// with the command's key except a conflict of that key itself, so that a retry
// gets the same answer; after the cause is mended a retry needs a new key.
type Refusal interface {
	error
	// Code is stable and stored.
	Code() string
	// Facts are the typed facts, stored beside the code.
	Facts() Arguments
}

// Sentinels for errors.Is on refusals.
var (
	ErrInsufficientFunds   = errors.New("ledger: insufficient funds")
	ErrAlreadyDone         = errors.New("ledger: already done")
	ErrIdempotencyConflict = errors.New("ledger: idempotency key was used with another body")
	ErrAccountFrozen       = errors.New("ledger: account is frozen")
	ErrAccountClosed       = errors.New("ledger: account is closed")
	ErrAccountMissing      = errors.New("ledger: account does not exist")
	ErrStatusConflict      = errors.New("ledger: account is in another status")
	ErrNotReversible       = errors.New("ledger: journal cannot be reversed this way")
	ErrReversalExceeds     = errors.New("ledger: reversal exceeds what is left of the original")
	ErrUnknownJournal      = errors.New("ledger: journal does not exist in this book")
	ErrInvalidAmount       = errors.New("ledger: amount must be positive")
	ErrAmountOverflow      = errors.New("ledger: amount would overflow")
	ErrGuardFailed         = errors.New("ledger: condition does not hold")
)

// The stored codes of refusals.
const (
	codeInsufficientFunds   = "INSUFFICIENT_FUNDS"
	codeAlreadyDone         = "ALREADY_DONE"
	codeIdempotencyConflict = "IDEMPOTENCY_CONFLICT"
	codeAccountFrozen       = "ACCOUNT_FROZEN"
	codeAccountClosed       = "ACCOUNT_CLOSED"
	codeAccountMissing      = "ACCOUNT_MISSING"
	codeStatusConflict      = "STATUS_CONFLICT"
	codeNotReversible       = "NOT_REVERSIBLE"
	codeReversalExceeds     = "REVERSAL_EXCEEDS"
	codeUnknownJournal      = "UNKNOWN_JOURNAL"
	codeInvalidAmount       = "INVALID_AMOUNT"
	codeAmountOverflow      = "AMOUNT_OVERFLOW"
	codeGuardFailed         = "GUARD_FAILED"
)

// InsufficientFundsError says that an account cannot give Required units. Available
// leaves out held and expired units.
type InsufficientFundsError struct {
	Account   ID
	Required  int64
	Available int64
	Held      int64
}

// AlreadyDoneError says that the command's Once key was used by Journal.
type AlreadyDoneError struct{ Journal ID }

// AccountError says that a status of Account stands against the command, or the account
// is not there, or is on both sides. Its code tells which: ErrAccountFrozen,
// ErrAccountClosed, ErrAccountMissing or ErrSameAccount.
type AccountError struct {
	Account ID
	code    string
}

// StatusConflictError says that the account's status was to change from another one.
type StatusConflictError struct {
	Account ID
	Status  AccountStatus
}

// ReversalError says that the original cannot be reversed as asked. Left is the quantity
// that could still be reversed. Its code is ErrNotReversible,
// ErrReversalExceeds or ErrUnknownJournal.
type ReversalError struct {
	Journal ID
	Left    int64
	code    string
}

// AmountError says that an amount is not positive (ErrInvalidAmount), or a balance,
// counter or lot would leave int64 (ErrAmountOverflow, I24), or that there is nothing
// to expire (ErrNothingExpired).
type AmountError struct{ code string }

// GuardFailedError says that a condition on a domain row does not hold.
type GuardFailedError struct {
	Kind   string
	ID     string
	Reason string
	Detail Arguments
}

// ConflictError says that the key came before with another body. It is never stored.
type ConflictError struct{}

var sentinels = map[string]error{
	codeInsufficientFunds: ErrInsufficientFunds, codeAlreadyDone: ErrAlreadyDone, codeIdempotencyConflict: ErrIdempotencyConflict,
	codeAccountFrozen: ErrAccountFrozen, codeAccountClosed: ErrAccountClosed, codeAccountMissing: ErrAccountMissing,
	codeStatusConflict: ErrStatusConflict, codeNotReversible: ErrNotReversible, codeReversalExceeds: ErrReversalExceeds,
	codeUnknownJournal: ErrUnknownJournal, codeInvalidAmount: ErrInvalidAmount, codeAmountOverflow: ErrAmountOverflow,
	codeGuardFailed: ErrGuardFailed, codeHoldUnknown: ErrHoldUnknown, codeHoldClosed: ErrHoldClosed, codeHoldExpired: ErrHoldExpired,
	codeHoldNotExpired: ErrHoldNotExpired, codeHoldExceeded: ErrHoldExceeded, codeNothingExpired: ErrNothingExpired, codeSameAccount: ErrSameAccount,
	codePeriodMalformed: ErrPeriodMalformed, codePeriodNotOver: ErrPeriodNotOver, codePeriodNotSequential: ErrPeriodNotSequential,
	codePeriodNotClosed: ErrPeriodNotClosed,
}

func (e *InsufficientFundsError) Error() string {
	return fmt.Sprintf("%v: %d required, %d available, %d held", ErrInsufficientFunds, e.Required, e.Available, e.Held)
}

func (e *AlreadyDoneError) Error() string {
	return fmt.Sprintf("%v by journal %s", ErrAlreadyDone, e.Journal)
}
func (e *AccountError) Error() string { return fmt.Sprintf("%v: %s", sentinels[e.code], e.Account) }
func (e *StatusConflictError) Error() string {
	return fmt.Sprintf("%v: %s is %s", ErrStatusConflict, e.Account, e.Status)
}

func (e *ReversalError) Error() string {
	return fmt.Sprintf("%v: %s, %d left", sentinels[e.code], e.Journal, e.Left)
}
func (e *AmountError) Error() string { return sentinels[e.code].Error() }
func (e *GuardFailedError) Error() string {
	return fmt.Sprintf("%v: %s %s: %s", ErrGuardFailed, e.Kind, e.ID, e.Reason)
}
func (*ConflictError) Error() string { return ErrIdempotencyConflict.Error() }

// Code implements Refusal.
func (*InsufficientFundsError) Code() string { return codeInsufficientFunds }

// Code implements Refusal.
func (*AlreadyDoneError) Code() string { return codeAlreadyDone }

// Code implements Refusal.
func (e *AccountError) Code() string { return e.code }

// Code implements Refusal.
func (*StatusConflictError) Code() string { return codeStatusConflict }

// Code implements Refusal.
func (e *ReversalError) Code() string { return e.code }

// Code implements Refusal.
func (e *AmountError) Code() string { return e.code }

// Code implements Refusal.
func (*GuardFailedError) Code() string { return codeGuardFailed }

// Code implements Refusal.
func (*ConflictError) Code() string { return codeIdempotencyConflict }

// Is lets errors.Is find ErrInsufficientFunds.
func (*InsufficientFundsError) Is(target error) bool { return target == ErrInsufficientFunds }

// Is lets errors.Is find ErrAlreadyDone.
func (*AlreadyDoneError) Is(target error) bool { return target == ErrAlreadyDone }

// Is lets errors.Is find the sentinel of the code.
func (e *AccountError) Is(target error) bool { return target == sentinels[e.code] }

// Is lets errors.Is find ErrStatusConflict.
func (*StatusConflictError) Is(target error) bool { return target == ErrStatusConflict }

// Is lets errors.Is find the sentinel of the code.
func (e *ReversalError) Is(target error) bool { return target == sentinels[e.code] }

// Is lets errors.Is find the sentinel of the code.
func (e *AmountError) Is(target error) bool { return target == sentinels[e.code] }

// Is lets errors.Is find ErrGuardFailed.
func (*GuardFailedError) Is(target error) bool { return target == ErrGuardFailed }

// Is lets errors.Is find ErrIdempotencyConflict.
func (*ConflictError) Is(target error) bool { return target == ErrIdempotencyConflict }
