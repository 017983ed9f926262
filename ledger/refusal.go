package ledger

import "fmt"

// Facts implements Refusal.
func (e *InsufficientFundsError) Facts() Arguments {
	return Arguments(nil).ID("account", e.Account).Amount("required", e.Required).
		Amount("available", e.Available).Amount("held", e.Held)
}

// Facts implements Refusal.
func (e *AlreadyDoneError) Facts() Arguments { return Arguments(nil).ID("journal", e.Journal) }

// Facts implements Refusal.
func (e *AccountError) Facts() Arguments { return Arguments(nil).ID("account", e.Account) }

// Facts implements Refusal.
func (e *StatusConflictError) Facts() Arguments {
	return Arguments(nil).ID("account", e.Account).Text("status", string(e.Status))
}

// Facts implements Refusal.
func (e *ReversalError) Facts() Arguments {
	return Arguments(nil).ID("journal", e.Journal).Amount("left", e.Left)
}

// Facts implements Refusal.
func (*AmountError) Facts() Arguments { return nil }

// Facts implements Refusal. The guard's own facts are kept as nested canonical
// bytes.
func (e *GuardFailedError) Facts() Arguments {
	return Arguments(nil).Text("kind", e.Kind).Text("id", e.ID).Text("reason", e.Reason).
		Text("detail", string(e.Detail.Encode()))
}

// Facts implements Refusal.
func (*ConflictError) Facts() Arguments { return nil }

// DecodeRefusal rebuilds a stored refusal from its code and encoded facts. It
// returns ErrMalformedArguments for facts nobody encoded, and an error naming
// the code for one this version does not know.
func DecodeRefusal(code string, facts []byte) (Refusal, error) {
	args, err := DecodeArguments(facts)
	if err != nil {
		return nil, fmt.Errorf("decode refusal %s: %w", code, err)
	}
	amount := func(name string) int64 { value, _ := args.AmountOf(name); return value }
	switch code {
	case codeInsufficientFunds:
		return &InsufficientFundsError{Account: args.IDOf("account"), Required: amount("required"), Available: amount("available"), Held: amount("held")}, nil
	case codeAlreadyDone:
		return &AlreadyDoneError{Journal: args.IDOf("journal")}, nil
	case codeAccountFrozen, codeAccountClosed, codeAccountMissing, codeSameAccount:
		return &AccountError{Account: args.IDOf("account"), code: code}, nil
	case codeStatusConflict:
		return &StatusConflictError{Account: args.IDOf("account"), Status: AccountStatus(args.TextOf("status"))}, nil
	case codeNotReversible, codeReversalExceeds, codeUnknownJournal:
		return &ReversalError{Journal: args.IDOf("journal"), Left: amount("left"), code: code}, nil
	case codeInvalidAmount, codeAmountOverflow, codeNothingExpired:
		return &AmountError{code: code}, nil
	case codeGuardFailed:
		detail, err := DecodeArguments([]byte(args.TextOf("detail")))
		if err != nil {
			return nil, fmt.Errorf("decode refusal %s: %w", code, err)
		}
		return &GuardFailedError{Kind: args.TextOf("kind"), ID: args.TextOf("id"), Reason: args.TextOf("reason"), Detail: detail}, nil
	default:
		return decodeNewer(code, args)
	}
}
