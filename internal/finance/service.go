package finance

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"purser/internal/domain"
	"purser/ledger"
)

const (
	// reasonBytesMax bounds why something is asked for a period.
	reasonBytesMax = 128
	// inputReason is the input of the journals' explanations that says why.
	inputReason = "reason"
)

// Directory is what the service needs to know of periods and accounts.
type Directory interface {
	// Period returns where a period stands, on record or not.
	Period(ctx context.Context, period ledger.Period) (PeriodStatus, error)
	// Account returns an account. It wraps domain.ErrNotFound for one that does not
	// exist.
	Account(ctx context.Context, name AccountName) (Account, error)
}

// Service closes and reopens periods, and explains accounts. The methods that write
// return a *domain.ValidationError for a request that could never be accepted, the
// ledger's faults, and otherwise a result that may hold a refusal.
type Service struct {
	ledger    Ledger
	directory Directory
	clock     func() time.Time
	newID     func() ledger.ID
}

// NewService returns a Service. newID makes UUIDv7s.
func NewService(book Ledger, directory Directory, clock func() time.Time, newID func() ledger.ID) *Service {
	return &Service{ledger: book, directory: directory, clock: clock, newID: newID}
}

// SignPeriod is one person's signature under an action on a period, or under the
// withdrawal of one.
type SignPeriod struct {
	Key    string
	Period string // YYYY-MM
	Reason string // free of personal data
}

// Result is what became of a signature or a withdrawal, and where the period stands
// after it.
type Result struct {
	Outcome ledger.Outcome
	// Resumable says that the signature counts and a book refused to follow: once the
	// cause is removed, the same request goes on from there.
	Resumable bool
	Period    PeriodStatus
	// Seqs are the heads of the books as far as this request moved them.
	Seqs map[ledger.BookID]int64
}

// ClosePeriod signs the closing of a period. The first signature asks; the second, of
// another person, agrees, and every book is closed. A request that is repeated with
// the same key, or by a third signature, sees to the books that have not followed.
// While an invariant is broken nothing is closed.
func (s *Service) ClosePeriod(ctx context.Context, caller domain.Caller, in SignPeriod) (Result, error) {
	return s.sign(ctx, caller, ActionClose, in)
}

// ReopenPeriod is as ClosePeriod, for opening the last closed period again.
func (s *Service) ReopenPeriod(ctx context.Context, caller domain.Caller, in SignPeriod) (Result, error) {
	return s.sign(ctx, caller, ActionReopen, in)
}

func (in SignPeriod) validate() (ledger.Period, error) {
	period, ok := ledger.ParsePeriod(in.Period)
	if !ok || period.Year < 1 {
		return period, domain.First(domain.CheckKey(in.Key), domain.Invalid("period", "must be a month as YYYY-MM, such as 2026-10"))
	}
	if in.Reason == "" || len(in.Reason) > reasonBytesMax || !utf8.ValidString(in.Reason) {
		return period, domain.First(domain.CheckKey(in.Key), domain.Invalid("reason", "must have 1 to %d bytes", reasonBytesMax))
	}
	return period, domain.CheckKey(in.Key)
}

func (s *Service) sign(ctx context.Context, caller domain.Caller, action Action, in SignPeriod) (Result, error) {
	period, err := in.validate()
	if err != nil {
		return Result{}, err
	}
	outcome, err := s.ledger.Post(ctx, s.signatureCommand(caller, action, period, in))
	if err != nil {
		return Result{}, fmt.Errorf("%s %s: %w", action.mutation(), period, err)
	}
	result := Result{Outcome: outcome, Seqs: map[ledger.BookID]int64{ledger.PlatformBook: outcome.BookSeq}}
	if outcome.Refusal != nil {
		return result, nil //nolint:nilerr // a refusal is an answer
	}
	if result.Period, err = s.directory.Period(ctx, period); err == nil && result.Period.unfinished(action, period) {
		err = s.follow(ctx, caller, &result)
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s %s: %w", action.mutation(), period, err)
	}
	return result, nil
}

// input is what makes two requests the same.
func (in SignPeriod) input() ledger.Arguments {
	return ledger.Arguments(nil).Text("period", in.Period).Text("reason", in.Reason)
}

func (s *Service) signatureCommand(caller domain.Caller, action Action, period ledger.Period, in SignPeriod) ledger.Command {
	command := caller.Command(ledger.PlatformBook, s.newID(), domain.Request{Mutation: action.mutation(), Key: in.Key, Input: in.input()})
	signed := &signature{period: period, action: action, by: caller.Principal, reason: in.Reason, today: ledger.DateOf(s.clock())}
	command.Template = TemplateRequest
	command.Arguments = ledger.Arguments(nil).Text(ArgPeriod, period.String()).Text(ArgAction, string(action)).Text(ArgType, action.signedType())
	command.Explanation = explanationOf(action.rule(), in.Reason)
	command.Guards, command.Effects = []ledger.Guard{signed}, []ledger.Effect{requestEffect{signed.effect}}
	if action == ActionClose {
		command.Guards = append(command.Guards, invariantsHold{})
	}
	return command
}

func explanationOf(rule, reason string) []byte {
	return domain.Explanation{Rule: rule, Inputs: []domain.Input{{Name: inputReason, Value: reason}}}.Encode()
}

// follow makes every book do what was agreed that has not yet, one after another,
// and reads the period again. A book does it once per request, whoever asks how
// often: the command's Once key is derived from the request.
func (s *Service) follow(ctx context.Context, caller domain.Caller, result *Result) error {
	agreed := *result.Period.Agreed
	for _, book := range result.Period.Books {
		if book.has(agreed.Action, agreed.Period) {
			continue
		}
		outcome, err := s.ledger.Post(ctx, s.bookCommand(caller, book.Book, agreed))
		if err != nil {
			return fmt.Errorf("book %d: %w", book.Book, err)
		}
		result.Seqs[book.Book] = max(result.Seqs[book.Book], outcome.BookSeq)
		if outcome.Refusal != nil && !errors.Is(outcome.Refusal, ledger.ErrAlreadyDone) {
			result.Outcome.Refusal, result.Resumable = outcome.Refusal, true
			return nil
		}
	}
	var err error
	result.Period, err = s.directory.Period(ctx, agreed.Period)
	return err
}

// bookCommand has a key of its own for each attempt, since a stored refusal would
// otherwise stand for ever: what makes it happen once is Once.
func (s *Service) bookCommand(caller domain.Caller, book ledger.BookID, agreed Request) ledger.Command {
	arguments := ledger.Arguments(nil).Text(ArgPeriod, agreed.Period.String()).ID(ArgRequest, agreed.ID).
		Text(ArgRequestedBy, agreed.RequestedBy).Text(ArgApprovedBy, agreed.ApprovedBy)
	id := s.newID()
	command := caller.Command(book, id, domain.Request{
		Mutation: agreed.Action.mutation() + ".book", Key: agreed.ID.String() + "/" + id.String(), Input: arguments,
	})
	command.Template, command.Arguments, command.Once = agreed.Action.template(), arguments, "period:"+agreed.ID.String()
	command.Explanation = explanationOf(agreed.Action.rule(), agreed.Reason)
	if agreed.Action == ActionClose {
		command.Guards = []ledger.Guard{invariantsHold{}}
	}
	return command
}
