package wallet

import (
	"context"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Spend uses Connects up on one subject.
type Spend struct {
	Key      string
	Wallet   Ref
	Quantity int64
	Subject  ledger.Subject
}

// SubjectProposal is the type of subject that Connects are spent on.
const SubjectProposal = "PROPOSAL"

// Spend posts row 3 of the chart of entries, once per subject, ever: a second
// spend is refused as already done, also after a return.
func (s *Service) Spend(ctx context.Context, caller domain.Caller, in Spend) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Amount("quantity", in.Quantity).Text("subjectType", in.Subject.Type).Text("subject", in.Subject.ID)
	return s.post(ctx, caller, in.Wallet, "spendConnects", in.Key, input, func(command *ledger.Command, w Wallet) {
		command.Template = TemplateSpend
		command.Arguments = ledger.Arguments(nil).ID(ArgWallet, w.ID).Amount(ArgQuantity, in.Quantity).Text(ArgProduct, TypeProposal)
		command.Subject, command.Once = in.Subject, "spend:"+in.Subject.Type+":"+in.Subject.ID
		command.Explanation = domain.Explanation{Rule: "PROPOSAL_COST", PolicyVersion: policy.ConnectsAt(s.clock()).Version, Inputs: []domain.Input{
			domain.Number("quantity", in.Quantity),
		}}.Encode()
		command.Effects = []ledger.Effect{spendEffect{}}
	})
}

// Reverse undoes a journal, whole or in part.
type Reverse struct {
	Key         string
	Transaction TransactionRef
	Quantity    int64 // 0: all that is left
	Reason      string
	EffectiveAt time.Time
}

var reversalTypes = map[string]string{
	"RETURN_JOB_CLOSED": TypeReturnJobClosed, "RETURN_TOS": TypeReturnTOS, "CORRECTION": TypeReversal,
}

// Reverse posts row 3b of the chart of entries, or the correction of any entry
// that can be reversed: same lots, same expiry, the recorded basis. Units that come
// back to a lot after its expiry may be used as long as the policy's grace says.
func (s *Service) Reverse(ctx context.Context, caller domain.Caller, in Reverse) (Result, error) {
	if err := in.validate(s.clock()); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Transaction.Wallet).ID("journal", in.Transaction.Journal).Text("reason", in.Reason)
	if in.Quantity > 0 {
		input = input.Amount("quantity", in.Quantity)
	}
	input = domain.WithTime(input, "effectiveAt", in.EffectiveAt)
	return s.post(ctx, caller, in.Transaction.Wallet, "reverseTransaction", in.Key, input, func(command *ledger.Command, w Wallet) {
		command.Template = TemplateReverse
		now := s.clock()
		rules := policy.ConnectsAt(now)
		command.Arguments = ledger.Arguments(nil).ID(ArgJournal, in.Transaction.Journal).ID(ArgWallet, w.ID).Text(ArgType, reversalTypes[in.Reason]).
			Time(ArgGraceUntil, rules.GraceUntil(now))
		if in.Quantity > 0 {
			command.Arguments = command.Arguments.Amount(ArgQuantity, in.Quantity)
		}
		command.EffectiveAt, command.Effects = in.EffectiveAt, []ledger.Effect{spendEffect{}}
		command.Explanation = explain(in.Reason, rules)
	})
}
