package finance

import "purser/ledger"

// Kinds of guards and effects, by which storage registers its reads and writes.
const (
	// GuardPeriod reads the Standing of a period, by its name.
	GuardPeriod = "period"
	// GuardInvariants reads the names of all broken invariants, in order, as a
	// []string; its only id is InvariantsID.
	GuardInvariants = "invariants"
	// EffectRequest inserts a Request, or records that it was approved or withdrawn.
	EffectRequest = "period_request"
)

// InvariantsID is the one row of GuardInvariants.
const InvariantsID = "all"

// Reasons with which this package's guards refuse, each followed by its facts.
const (
	ReasonSecondApprover  = "SECOND_APPROVER_REQUIRED" // action, requestedBy, requestedAt
	ReasonRequestPending  = "REQUEST_PENDING"          // action, requestedBy, requestedAt
	ReasonNotSequential   = "NOT_SEQUENTIAL"           // expected (absent: none is closed)
	ReasonPeriodNotOver   = "PERIOD_NOT_OVER"          // endsOn
	ReasonInvariantFailed = "INVARIANT_FAILED"         // invariant: the first; failures: how many
	ReasonNothingPending  = "NOTHING_PENDING"          // no facts
	ReasonNotRequester    = "NOT_REQUESTER"            // action, requestedBy, requestedAt
)

// Names of facts.
const (
	FactAction      = "action"
	FactRequestedBy = "requestedBy"
	FactRequestedAt = "requestedAt"
	FactExpected    = "expected"
	FactEndsOn      = "endsOn"
	FactInvariant   = "invariant"
	FactFailures    = "failures"
)

// signature is one person's under an action on a period. What it means depends on
// what is on record when the ledger decides: the first asks, the second, of somebody
// else, agrees, and a later one only sees to it that every book follows.
type signature struct {
	period ledger.Period
	action Action
	by     string
	reason string
	today  ledger.Date
	before Standing // as Check saw it
}

// Kind implements ledger.Guard.
func (s *signature) Kind() string { return GuardPeriod }

// ID implements ledger.Guard.
func (s *signature) ID() string { return s.period.String() }

// Check implements ledger.Guard.
func (s *signature) Check(row any) (string, ledger.Arguments) {
	s.before, _ = row.(Standing)
	pending := s.before.Pending
	switch {
	case pending != nil && pending.Action != s.action:
		return ReasonRequestPending, pending.facts()
	case pending != nil && samePerson(pending.RequestedBy, s.by):
		return ReasonSecondApprover, pending.facts()
	case s.before.unfinished(s.action, s.period):
		return "", nil
	case s.action == ActionClose && !s.today.After(s.period.LastDay()):
		return ReasonPeriodNotOver, ledger.Arguments(nil).Text(FactEndsOn, s.period.LastDay().String())
	}
	if inTurn, ok := s.before.sequential(s.action, s.period); !ok {
		var facts ledger.Arguments
		if inTurn != (ledger.Period{}) {
			facts = facts.Text(FactExpected, inTurn.String())
		}
		return ReasonNotSequential, facts
	}
	return "", nil
}

func (r *Request) facts() ledger.Arguments {
	return ledger.Arguments(nil).Text(FactAction, string(r.Action)).Text(FactRequestedBy, r.RequestedBy).Time(FactRequestedAt, r.RequestedAt)
}

// After implements ledger.Guard.
func (s *signature) After(row any, accepted *ledger.Delta) any {
	standing, _ := row.(Standing)
	if request := s.recorded(standing, accepted); request != nil {
		standing.Add(request)
	}
	return standing
}

// recorded returns the request as the signature leaves it; nil when it is as before.
func (s *signature) recorded(before Standing, accepted *ledger.Delta) *Request {
	switch {
	case before.Pending != nil:
		approved := *before.Pending
		approved.ApprovedBy, approved.ApprovedAt = s.by, accepted.Journal.PostedAt
		return &approved
	case before.unfinished(s.action, s.period):
		return nil
	default:
		return &Request{
			ID: accepted.Journal.ID, Period: s.period, Action: s.action, Reason: s.reason,
			RequestedBy: s.by, RequestedAt: accepted.Journal.PostedAt,
		}
	}
}

// effect returns the request for the effect, which goes with the row as Check saw it.
func (s *signature) effect(accepted *ledger.Delta) *Request { return s.recorded(s.before, accepted) }

// requestEffect writes the request as the command leaves it: what after returns, nil
// for one that is as before.
type requestEffect struct {
	after func(accepted *ledger.Delta) *Request
}

// Kind implements ledger.Effect.
func (requestEffect) Kind() string { return EffectRequest }

// Row implements ledger.Effect.
func (e requestEffect) Row(accepted *ledger.Delta) any {
	if request := e.after(accepted); request != nil {
		return *request
	}
	return nil
}

// invariantsHold refuses while the checker's last word on any invariant is that it is
// broken: what is closed then would be closed wrong.
type invariantsHold struct{}

// Kind implements ledger.Guard.
func (invariantsHold) Kind() string { return GuardInvariants }

// ID implements ledger.Guard.
func (invariantsHold) ID() string { return InvariantsID }

// Check implements ledger.Guard.
func (invariantsHold) Check(row any) (string, ledger.Arguments) {
	broken, _ := row.([]string)
	if len(broken) == 0 {
		return "", nil
	}
	return ReasonInvariantFailed, ledger.Arguments(nil).Text(FactInvariant, broken[0]).Amount(FactFailures, int64(len(broken)))
}

// After implements ledger.Guard.
func (invariantsHold) After(row any, _ *ledger.Delta) any { return row }
