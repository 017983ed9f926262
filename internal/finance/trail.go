package finance

import (
	"errors"
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Trail derives the requests for periods again from the journals that made them, so
// that rows which say who closed a period can be compared with what cannot be changed
// unnoticed. It needs the journals of the platform's book alone: whether a signature
// asks, agrees, or only sees to the books that are left follows from those before it.
type Trail struct {
	standing map[ledger.Period]Standing // without books
	requests map[ledger.ID]*Request     // as they stand
}

// NewTrail returns a trail at the book's beginning.
func NewTrail() *Trail {
	return &Trail{standing: map[ledger.Period]Standing{}, requests: map[ledger.ID]*Request{}}
}

// Len returns how many requests there are.
func (t *Trail) Len() int { return len(t.requests) }

// Request returns a request as it stands; ok is false when no journal made it.
func (t *Trail) Request(id ledger.ID) (request Request, ok bool) {
	if r := t.requests[id]; r != nil {
		return *r, true
	}
	return Request{}, false
}

// Signs reports whether journals of a template make requests or change them.
func Signs(template string) bool { return template == TemplateRequest || template == TemplateWithdraw }

// Add takes the next journal of the platform's book for which Signs holds. It returns
// an error when the ledger would not have accepted it, and goes on as if it had.
func (t *Trail) Add(j *ledger.Journal) error {
	period, ok := ledger.ParsePeriod(j.Arguments.TextOf(ArgPeriod))
	if !ok {
		return fmt.Errorf("is about no period: %q", j.Arguments.TextOf(ArgPeriod))
	}
	standing := t.standing[period]
	next, err := after(standing, period, j)
	if next != nil {
		standing.Add(next)
		t.standing[period], t.requests[next.ID] = standing, next
	}
	return err
}

// after returns the request as a journal leaves it; nil when it is as before.
func after(standing Standing, period ledger.Period, j *ledger.Journal) (*Request, error) {
	action := Action(j.Arguments.TextOf(ArgAction))
	pending := standing.Pending
	switch {
	case j.Template == TemplateWithdraw && pending == nil:
		return nil, fmt.Errorf("withdraws what nobody has asked for %s", period)
	case j.Template == TemplateWithdraw:
		withdrawn := *pending
		withdrawn.WithdrawnBy, withdrawn.WithdrawnAt = j.InitiatedBy, j.PostedAt
		return &withdrawn, unless(samePerson(pending.RequestedBy, j.InitiatedBy), "withdraws what %s asked for %s, as %s", pending.RequestedBy, period, j.InitiatedBy)
	case action != ActionClose && action != ActionReopen:
		return nil, fmt.Errorf("signs for no action on %s: %q", period, action)
	case pending != nil && pending.Action != action:
		return nil, fmt.Errorf("signs to %s %s while the opposite is pending", action, period)
	case pending != nil:
		approved := *pending
		approved.ApprovedBy, approved.ApprovedAt = j.InitiatedBy, j.PostedAt
		return &approved, twoPeople(&approved)
	case standing.Agreed != nil && standing.Agreed.Action == action:
		return nil, nil //nolint:nilnil // a third signature: it sees to the books that are left
	}
	reason, err := reasonOf(j)
	return &Request{ID: j.ID, Period: period, Action: action, Reason: reason, RequestedBy: j.InitiatedBy, RequestedAt: j.PostedAt}, err
}

func unless(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func twoPeople(r *Request) error {
	return unless(!samePerson(r.RequestedBy, r.ApprovedBy), "is agreed to by %s, who asked to %s %s as %s", r.ApprovedBy, r.Action, r.Period, r.RequestedBy)
}

// reasonOf is why something was asked, as the journal explains it.
func reasonOf(j *ledger.Journal) (string, error) {
	explanation, err := domain.DecodeExplanation(j.Explanation)
	if err != nil {
		return "", err
	}
	if explanation != nil {
		for _, input := range explanation.Inputs {
			if input.Name == inputReason {
				return input.Value, nil
			}
		}
	}
	return "", errors.New("does not say why")
}

// Follower checks that whatever closes and reopens the periods of one book follows,
// once each and in order, from requests that two people made.
type Follower struct {
	last time.Time // when the last one was asked for
}

// Follows reports whether journals of a template close or reopen a period.
func Follows(template string) bool { return template == TemplateClose || template == TemplateReopen }

// RequestOf returns the request that a journal for which Follows holds names.
func RequestOf(j *ledger.Journal) ledger.ID { return j.Arguments.IDOf(ArgRequest) }

// Add takes the book's next journal for which Follows holds, with the request that it
// names, nil when there is none. It returns an error where they contradict each other.
func (f *Follower) Add(j *ledger.Journal, r *Request) error {
	if r == nil {
		return fmt.Errorf("follows from request %s, which nobody made", RequestOf(j))
	}
	again := !r.RequestedAt.After(f.last)
	f.last = r.RequestedAt
	args := j.Arguments
	switch {
	case r.Status() != RequestApproved:
		return fmt.Errorf("follows from request %s, to which nobody has agreed", r.ID)
	case r.Action.template() != j.Template || r.Period.String() != args.TextOf(ArgPeriod):
		return fmt.Errorf("is a %s of %s and follows from request %s, to %s %s", j.Template, args.TextOf(ArgPeriod), r.ID, r.Action, r.Period)
	case r.RequestedBy != args.TextOf(ArgRequestedBy) || r.ApprovedBy != args.TextOf(ArgApprovedBy):
		return fmt.Errorf("says that %s and %s asked and agreed, its request %s and %s",
			args.TextOf(ArgRequestedBy), args.TextOf(ArgApprovedBy), r.RequestedBy, r.ApprovedBy)
	case again:
		return fmt.Errorf("follows from request %s after the book has followed it or a later one", r.ID)
	default:
		return twoPeople(r)
	}
}
