package finance

import (
	"context"
	"fmt"

	"purser/internal/domain"
	"purser/ledger"
)

const (
	mutationWithdraw = "withdrawPeriodRequest"
	ruleWithdraw     = "PERIOD_WITHDRAW"
)

// WithdrawRequest withdraws what is pending for a period, so that a mistake does not
// stand in the month's way. Only who asked may: a colleague who disagrees does not
// sign. What was agreed stays agreed, and is undone by its opposite.
func (s *Service) WithdrawRequest(ctx context.Context, caller domain.Caller, in SignPeriod) (Result, error) {
	period, err := in.validate()
	if err != nil {
		return Result{}, err
	}
	outcome, err := s.ledger.Post(ctx, s.withdrawalCommand(caller, period, in))
	if err != nil {
		return Result{}, fmt.Errorf("%s %s: %w", mutationWithdraw, period, err)
	}
	result := Result{Outcome: outcome, Seqs: map[ledger.BookID]int64{ledger.PlatformBook: outcome.BookSeq}}
	if outcome.Refusal != nil {
		return result, nil //nolint:nilerr // a refusal is an answer
	}
	if result.Period, err = s.directory.Period(ctx, period); err != nil {
		return Result{}, fmt.Errorf("%s %s: %w", mutationWithdraw, period, err)
	}
	return result, nil
}

func (s *Service) withdrawalCommand(caller domain.Caller, period ledger.Period, in SignPeriod) ledger.Command {
	command := caller.Command(ledger.PlatformBook, s.newID(), domain.Request{Mutation: mutationWithdraw, Key: in.Key, Input: in.input()})
	withdrawn := &withdrawal{period: period, by: caller.Principal}
	command.Template, command.Arguments = TemplateWithdraw, ledger.Arguments(nil).Text(ArgPeriod, period.String())
	command.Explanation = explanationOf(ruleWithdraw, in.Reason)
	command.Guards, command.Effects = []ledger.Guard{withdrawn}, []ledger.Effect{requestEffect{withdrawn.effect}}
	return command
}

// withdrawal takes back what the same person asked for a period.
type withdrawal struct {
	period ledger.Period
	by     string
	before Standing // as Check saw it
}

// Kind implements ledger.Guard.
func (w *withdrawal) Kind() string { return GuardPeriod }

// ID implements ledger.Guard.
func (w *withdrawal) ID() string { return w.period.String() }

// Check implements ledger.Guard.
func (w *withdrawal) Check(row any) (string, ledger.Arguments) {
	w.before, _ = row.(Standing)
	switch pending := w.before.Pending; {
	case pending == nil:
		return ReasonNothingPending, nil
	case !samePerson(pending.RequestedBy, w.by):
		return ReasonNotRequester, pending.facts()
	default:
		return "", nil
	}
}

// After implements ledger.Guard.
func (w *withdrawal) After(row any, accepted *ledger.Delta) any {
	standing, _ := row.(Standing)
	standing.Add(w.effect(accepted))
	return standing
}

func (w *withdrawal) effect(accepted *ledger.Delta) *Request {
	request := *w.before.Pending
	request.WithdrawnBy, request.WithdrawnAt = w.by, accepted.Journal.PostedAt
	return &request
}
