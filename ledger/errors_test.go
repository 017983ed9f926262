package ledger_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"purser/ledger"
)

// stored lists every refusal that a key may keep, by its code, as bytes in
// storage would give it back.
var stored = map[string]struct {
	facts    ledger.Arguments
	sentinel error
}{
	"INSUFFICIENT_FUNDS": {ledger.Arguments(nil).ID("account", ledger.ID{1}).Amount("required", 7).Amount("available", 5).Amount("held", 2), ledger.ErrInsufficientFunds},
	"ALREADY_DONE":       {ledger.Arguments(nil).ID("journal", ledger.ID{2}), ledger.ErrAlreadyDone},
	"ACCOUNT_FROZEN":     {ledger.Arguments(nil).ID("account", ledger.ID{3}), ledger.ErrAccountFrozen},
	"ACCOUNT_CLOSED":     {ledger.Arguments(nil).ID("account", ledger.ID{3}), ledger.ErrAccountClosed},
	"ACCOUNT_MISSING":    {ledger.Arguments(nil).ID("account", ledger.ID{3}), ledger.ErrAccountMissing},
	"STATUS_CONFLICT":    {ledger.Arguments(nil).ID("account", ledger.ID{4}).Text("status", "FROZEN"), ledger.ErrStatusConflict},
	"NOT_REVERSIBLE":     {ledger.Arguments(nil).ID("journal", ledger.ID{5}).Amount("left", 3), ledger.ErrNotReversible},
	"REVERSAL_EXCEEDS":   {ledger.Arguments(nil).ID("journal", ledger.ID{5}).Amount("left", 3), ledger.ErrReversalExceeds},
	"UNKNOWN_JOURNAL":    {ledger.Arguments(nil).ID("journal", ledger.ID{5}).Amount("left", 0), ledger.ErrUnknownJournal},
	"INVALID_AMOUNT":     {nil, ledger.ErrInvalidAmount},
	"AMOUNT_OVERFLOW":    {nil, ledger.ErrAmountOverflow},
	"GUARD_FAILED": {
		ledger.Arguments(nil).Text("kind", "campaign").Text("id", "c1").Text("reason", "VERSION_CONFLICT").
			Text("detail", string(ledger.Arguments(nil).Amount("version", 9).Encode())), ledger.ErrGuardFailed,
	},
	"HOLD_UNKNOWN":     {ledger.Arguments(nil).ID("hold", ledger.ID{6}).Amount("left", 0), ledger.ErrHoldUnknown},
	"HOLD_CLOSED":      {ledger.Arguments(nil).ID("hold", ledger.ID{6}).Amount("left", 0), ledger.ErrHoldClosed},
	"HOLD_EXPIRED":     {ledger.Arguments(nil).ID("hold", ledger.ID{6}).Amount("left", 4), ledger.ErrHoldExpired},
	"HOLD_NOT_EXPIRED": {ledger.Arguments(nil).ID("hold", ledger.ID{6}).Amount("left", 4), ledger.ErrHoldNotExpired},
	"HOLD_EXCEEDED":    {ledger.Arguments(nil).ID("hold", ledger.ID{6}).Amount("left", 4), ledger.ErrHoldExceeded},
	"NOTHING_EXPIRED":  {nil, ledger.ErrNothingExpired},
	"SAME_ACCOUNT":     {ledger.Arguments(nil).ID("account", ledger.ID{3}), ledger.ErrSameAccount},
	"ACCOUNT_NOT_EMPTY": {
		ledger.Arguments(nil).ID("account", ledger.ID{3}).Amount("balance", 7).Amount("held", 2), ledger.ErrAccountNotEmpty,
	},
	"ORIGIN_FORBIDDEN": {
		ledger.Arguments(nil).ID("account", ledger.ID{3}).Amount("required", 7).Amount("allowed", 2).Amount("passedOver", 15).
			Text("origins", "BONUS,PROMO"), ledger.ErrOriginForbidden,
	},
	"LIMIT_EXCEEDED": {
		ledger.Arguments(nil).ID("account", ledger.ID{3}).Amount("window", 86400).Amount("maximum", 10).Amount("used", 8).Amount("requested", 3).
			Time("resetsAt", time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)), ledger.ErrLimitExceeded,
	},
	"CONDITION_FAILED": {
		ledger.Arguments(nil).Text("condition", ledger.ConditionVersion).ID("id", ledger.ID{3}).Amount("wanted", 7).Amount("actual", 8), ledger.ErrConditionFailed,
	},
	"PERIOD_MALFORMED":      {ledger.Arguments(nil).Text("period", "2026-13").Text("next", ""), ledger.ErrPeriodMalformed},
	"PERIOD_NOT_OVER":       {ledger.Arguments(nil).Text("period", "2026-12").Text("next", ""), ledger.ErrPeriodNotOver},
	"PERIOD_NOT_SEQUENTIAL": {ledger.Arguments(nil).Text("period", "2026-10").Text("next", "2026-08"), ledger.ErrPeriodNotSequential},
	"PERIOD_NOT_CLOSED":     {ledger.Arguments(nil).Text("period", "2026-10").Text("next", ""), ledger.ErrPeriodNotClosed},
	"LINKED_FAILED": {
		ledger.Arguments(nil).Amount("index", 1).Text("code", "HOLD_CLOSED").
			Text("facts", string(ledger.Arguments(nil).ID("hold", ledger.ID{6}).Amount("left", 0).Encode())), ledger.ErrLinkedFailed,
	},
}

func TestDecodeRefusal(t *testing.T) {
	t.Parallel()
	for code, c := range stored {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			refusal, err := ledger.DecodeRefusal(code, c.facts.Encode())
			if err != nil {
				t.Fatalf("DecodeRefusal() = %v", err)
			}
			if refusal.Code() != code || string(refusal.Facts().Encode()) != string(c.facts.Encode()) {
				t.Errorf("stored again it is %s %+v, want %s %+v", refusal.Code(), refusal.Facts(), code, c.facts)
			}
			for other, o := range stored {
				if is := errors.Is(refusal, o.sentinel); is != (other == code) {
					t.Errorf("errors.Is(%v, %v) = %t", refusal, o.sentinel, is)
				}
			}
			if refusal.Error() == "" {
				t.Error("no message")
			}
		})
	}
}

func TestDecodeRefusalKeepsTypedFacts(t *testing.T) {
	t.Parallel()
	refusal, err := ledger.DecodeRefusal("GUARD_FAILED", stored["GUARD_FAILED"].facts.Encode())
	var failed *ledger.GuardFailedError
	if err != nil || !errors.As(refusal, &failed) {
		t.Fatalf("DecodeRefusal() = %v, %v", refusal, err)
	}
	if version, _ := failed.Detail.AmountOf("version"); failed.Kind != "campaign" || failed.ID != "c1" || failed.Reason != "VERSION_CONFLICT" || version != 9 {
		t.Errorf("refusal = %+v", failed)
	}
	refusal, err = ledger.DecodeRefusal("ORIGIN_FORBIDDEN", stored["ORIGIN_FORBIDDEN"].facts.Encode())
	var origin *ledger.OriginError
	if err != nil || !errors.As(refusal, &origin) || !slices.Equal(origin.Origins, []ledger.Origin{ledger.OriginBonus, ledger.OriginPromo}) {
		t.Errorf("DecodeRefusal() = %+v, %v", refusal, err)
	}
	refusal, err = ledger.DecodeRefusal("INSUFFICIENT_FUNDS", stored["INSUFFICIENT_FUNDS"].facts.Encode())
	var funds *ledger.InsufficientFundsError
	if err != nil || !errors.As(refusal, &funds) || *funds != (ledger.InsufficientFundsError{Account: ledger.ID{1}, Required: 7, Available: 5, Held: 2}) {
		t.Errorf("DecodeRefusal() = %+v, %v", refusal, err)
	}
}

func TestDecodeRefusalRejects(t *testing.T) {
	t.Parallel()
	empty := ledger.Arguments(nil).Encode()
	for name, c := range map[string]struct {
		code  string
		facts []byte
		want  error
	}{
		"facts_nobody_encoded":    {"ALREADY_DONE", []byte("{}"), ledger.ErrMalformedArguments},
		"no_facts_at_all":         {"INVALID_AMOUNT", nil, ledger.ErrMalformedArguments},
		"guard_without_detail":    {"GUARD_FAILED", empty, ledger.ErrMalformedArguments},
		"linked_without_a_cause":  {"LINKED_FAILED", empty, nil},
		"code_of_another_version": {"NO_SUCH_CODE", empty, nil},
		"conflict_is_not_stored":  {"IDEMPOTENCY_CONFLICT", empty, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusal, err := ledger.DecodeRefusal(c.code, c.facts)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("DecodeRefusal() = %v, %v, want error %v", refusal, err, c.want)
			}
		})
	}
}

func TestConflictIsItsSentinel(t *testing.T) {
	t.Parallel()
	var conflict ledger.Refusal = &ledger.ConflictError{}
	if !errors.Is(conflict, ledger.ErrIdempotencyConflict) || conflict.Code() != "IDEMPOTENCY_CONFLICT" || conflict.Facts() != nil {
		t.Errorf("conflict is %v, %s", conflict, conflict.Code())
	}
}
