package resolvers

import (
	"context"
	"errors"
	"fmt"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/finance"
	"purser/internal/scalar"
	"purser/ledger"
)

// Finance is what finance's mutations ask for, and the explanation of an account;
// *finance.Service is one. The methods that write return a *domain.ValidationError,
// the ledger's faults, or a result that may hold a refusal.
type Finance interface {
	ClosePeriod(ctx context.Context, caller domain.Caller, in finance.SignPeriod) (finance.Result, error)
	ReopenPeriod(ctx context.Context, caller domain.Caller, in finance.SignPeriod) (finance.Result, error)
	WithdrawRequest(ctx context.Context, caller domain.Caller, in finance.SignPeriod) (finance.Result, error)
	// Explain wraps domain.ErrNotFound for an account that does not exist.
	Explain(ctx context.Context, name finance.AccountName) (*finance.Explanation, error)
}

// ClosePeriod implements graph.MutationResolver.
func (m mutationResolver) ClosePeriod(ctx context.Context, input model.ClosePeriodInput) (model.ClosePeriodPayload, error) {
	result, err := m.finance.ClosePeriod(ctx, scopeOf(ctx).caller, finance.SignPeriod{Key: input.IdempotencyKey, Period: input.Period, Reason: input.Reason})
	return decidePeriod[model.ClosePeriodPayload](ctx, result, err, func(w signedPeriod) any { return model.ClosePeriodSuccess(w) })
}

// ReopenPeriod implements graph.MutationResolver.
func (m mutationResolver) ReopenPeriod(ctx context.Context, input model.ReopenPeriodInput) (model.ReopenPeriodPayload, error) {
	result, err := m.finance.ReopenPeriod(ctx, scopeOf(ctx).caller, finance.SignPeriod{Key: input.IdempotencyKey, Period: input.Period, Reason: input.Reason})
	return decidePeriod[model.ReopenPeriodPayload](ctx, result, err, func(w signedPeriod) any { return model.ReopenPeriodSuccess(w) })
}

// WithdrawPeriodRequest implements graph.MutationResolver.
func (m mutationResolver) WithdrawPeriodRequest(ctx context.Context, input model.WithdrawPeriodRequestInput) (model.WithdrawPeriodRequestPayload, error) {
	result, err := m.finance.WithdrawRequest(ctx, scopeOf(ctx).caller, finance.SignPeriod{Key: input.IdempotencyKey, Period: input.Period, Reason: input.Reason})
	return decidePeriod[model.WithdrawPeriodRequestPayload](ctx, result, err, func(w signedPeriod) any { return model.WithdrawPeriodRequestSuccess(w) })
}

// signedPeriod is what a success of any of these mutations says. The generated members have
// exactly these fields, so that a conversion makes each of them.
type signedPeriod struct {
	Replayed    bool
	Consistency string
	JournalID   string
	Period      *model.Period
}

// decidePeriod is decide for mutations of periods.
func decidePeriod[Payload any](ctx context.Context, result finance.Result, err error, success func(signedPeriod) any) (payload Payload, fault error) {
	var invalid *domain.ValidationError
	switch {
	case errors.As(err, &invalid):
		return memberOf[Payload](validationFailed(invalid))
	case err != nil:
		return payload, err
	}
	noteSeqs(ctx, result.Seqs)
	if result.Outcome.Refusal == nil {
		return memberOf[Payload](success(signedPeriod{
			Replayed: result.Outcome.Replayed, Consistency: scopeOf(ctx).response.token(),
			JournalID: journalID(ledger.PlatformBook, result.Outcome.Journal), Period: periodModel(result.Period),
		}))
	}
	member, err := periodRefusal(result)
	if err != nil {
		return payload, err
	}
	return memberOf[Payload](member)
}

// periodRefusal turns a decision of the ledger into the member that stands for it.
// What a book refused to follow is tried again with the same key: the signature
// counts.
func periodRefusal(result finance.Result) (any, error) {
	shown := periodFailure{retry: model.RetryNewKey, replayed: result.Outcome.Replayed}
	if result.Resumable {
		shown.retry, shown.replayed = model.RetrySameKey, false
	}
	switch refusal := result.Outcome.Refusal.(type) {
	case *ledger.ConflictError:
		return idempotencyConflict(), nil
	case *ledger.GuardFailedError:
		return shown.ofGuard(refusal)
	case *ledger.PeriodError:
		return shown.ofBook(refusal)
	default:
		return nil, fmt.Errorf("unexpected refusal of a period: %w", refusal)
	}
}

type periodFailure struct {
	retry    model.Retry
	replayed bool
}

func (f periodFailure) ofGuard(refusal *ledger.GuardFailedError) (any, error) {
	facts, path := refusal.Detail, inputPath("period")
	switch refusal.Reason {
	case finance.ReasonSecondApprover:
		return model.SecondApproverRequired{
			Code: model.ErrorCodeSecondApproverRequired, Message: "another person has to agree", Path: path, Retry: model.RetryNever, Replayed: f.replayed,
			RequestedBy: facts.TextOf(finance.FactRequestedBy), RequestedAt: facts.TimeOf(finance.FactRequestedAt),
		}, nil
	case finance.ReasonRequestPending:
		return model.RequestPending{
			Code: model.ErrorCodeRequestPending, Message: "the opposite was asked for and waits for the second person", Path: path, Retry: f.retry,
			Replayed: f.replayed, Action: model.PeriodAction(facts.TextOf(finance.FactAction)), RequestedBy: facts.TextOf(finance.FactRequestedBy),
			RequestedAt: facts.TimeOf(finance.FactRequestedAt),
		}, nil
	case finance.ReasonNotSequential:
		return f.notSequential(facts), nil
	case finance.ReasonPeriodNotOver:
		ends, err := scalar.ParseDate(facts.TextOf(finance.FactEndsOn))
		return model.PeriodNotOver{
			Code: model.ErrorCodePeriodNotOver, Message: "the period is not over", Path: path, Retry: f.retry, Replayed: f.replayed, EndsOn: ends,
		}, err
	case finance.ReasonInvariantFailed:
		failures, _ := facts.AmountOf(finance.FactFailures)
		return model.InvariantFailed{
			Code: model.ErrorCodeInvariantFailed, Message: "the books contradict an invariant", Retry: f.retry, Replayed: f.replayed,
			Invariant: facts.TextOf(finance.FactInvariant), Failures: failures,
		}, nil
	case finance.ReasonNothingPending:
		return model.NoRequestPending{
			Code: model.ErrorCodeNoRequestPending, Message: "nothing waits for a second person", Path: path, Retry: model.RetryNever, Replayed: f.replayed,
		}, nil
	case finance.ReasonNotRequester:
		return model.NotRequester{
			Code: model.ErrorCodeNotRequester, Message: "only who asked can withdraw it", Path: path, Retry: model.RetryNever, Replayed: f.replayed,
			Action: model.PeriodAction(facts.TextOf(finance.FactAction)), RequestedBy: facts.TextOf(finance.FactRequestedBy),
			RequestedAt: facts.TimeOf(finance.FactRequestedAt),
		}, nil
	default:
		return nil, fmt.Errorf("unexpected refusal by a guard: %w", refusal)
	}
}

// ofBook is what a book says that finds itself elsewhere than the signature's guard
// did: a process beside this one moved it, or their clocks differ around midnight.
func (f periodFailure) ofBook(refusal *ledger.PeriodError) (any, error) {
	period, ok := ledger.ParsePeriod(refusal.Period)
	switch {
	case !ok:
		return nil, fmt.Errorf("unexpected refusal of a book: %w", refusal)
	case errors.Is(refusal, ledger.ErrPeriodNotOver):
		return model.PeriodNotOver{
			Code: model.ErrorCodePeriodNotOver, Message: "the period is not over", Path: inputPath("period"), Retry: f.retry,
			Replayed: f.replayed, EndsOn: scalar.Date(period.LastDay()),
		}, nil
	case refusal.Next == "":
		return f.notSequential(nil), nil
	default:
		return f.notSequential(ledger.Arguments(nil).Text(finance.FactExpected, refusal.Next)), nil
	}
}

func (f periodFailure) notSequential(facts ledger.Arguments) model.NotSequential {
	shown := model.NotSequential{
		Code: model.ErrorCodeNotSequential, Message: "no period can be reopened", Path: inputPath("period"), Retry: f.retry, Replayed: f.replayed,
	}
	if expected := facts.TextOf(finance.FactExpected); expected != "" {
		shown.Message, shown.Expected = "it is the turn of period "+expected, &expected
	}
	return shown
}
