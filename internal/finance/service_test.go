package finance_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/ledger"
)

// The first signature asks, the second closes the period in every book.
func TestTwoPeopleCloseAPeriod(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := o.sign(ines, finance.ActionClose, "2026-10", "first")
	if got := first.Period.State(); got != finance.PeriodClosing || reasonOf(first) != "" || first.Period.Pending == nil {
		t.Fatalf("after the first signature: %s, refused %q, request %+v", got, reasonOf(first), first.Period.Pending)
	}
	second := o.sign(hugo, finance.ActionClose, "2026-10", "second")
	if got := second.Period.State(); got != finance.PeriodClosed || len(second.Period.Closings) != booksInTests {
		t.Fatalf("after the second signature: %s, closings %v", got, second.Period.Closings)
	}
	request := second.Period.Agreed
	if request.ID != first.Outcome.Journal || request.RequestedBy != ines.Principal || request.ApprovedBy != hugo.Principal {
		t.Errorf("request = %+v, want the first one, agreed to by hugo", request)
	}
	for book := range ledger.BookID(booksInTests) {
		snapshot := o.store.Snapshot(book)
		journal := snapshot.Journals[len(snapshot.Journals)-1]
		if journal.Template != finance.TemplateClose || journal.Arguments.TextOf(finance.ArgRequestedBy) != ines.Principal ||
			journal.Arguments.TextOf(finance.ArgApprovedBy) != hugo.Principal || journal.InitiatedBy != hugo.Principal {
			t.Errorf("book %d ends with %s by %s, arguments %v", book, journal.Template, journal.InitiatedBy, journal.Arguments)
		}
	}
}

func TestOnePersonIsNotTwo(t *testing.T) {
	t.Parallel()
	uuid := "0195a0c0-0000-7000-8000-00000000abcd"
	for name, again := range map[string][2]string{
		"the_same_principal":             {"staff:ines", "staff:ines"},
		"as_a_party_and_as_staff":        {"party:" + uuid, "staff:" + uuid},
		"as_staff_spelled_in_upper_case": {"staff:" + uuid, "staff:" + strings.ToUpper(uuid)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.sign(domain.Caller{Principal: again[0]}, finance.ActionClose, "2026-10", "first")
			second := o.sign(domain.Caller{Principal: again[1]}, finance.ActionClose, "2026-10", "second")
			if reasonOf(second) != finance.ReasonSecondApprover {
				t.Errorf("refused %q, want %s", reasonOf(second), finance.ReasonSecondApprover)
			}
			status, err := o.store.Period(t.Context(), october)
			if err != nil || status.State() != finance.PeriodClosing || len(status.Closings) != 0 {
				t.Errorf("state %s with closings %v, %v", status.State(), status.Closings, err)
			}
		})
	}
}

func TestRefusedSignatures(t *testing.T) {
	t.Parallel()
	type asks struct {
		by     domain.Caller
		action finance.Action
		period string
	}
	for name, c := range map[string]struct {
		closed   []string // in order
		broken   []string
		before   *asks
		asks     asks
		want     string
		expected string
	}{
		"the_current_month":         {asks: asks{ines, finance.ActionClose, "2026-11"}, want: finance.ReasonPeriodNotOver},
		"a_month_to_come":           {asks: asks{ines, finance.ActionClose, "2031-01"}, want: finance.ReasonPeriodNotOver},
		"one_left_out":              {closed: []string{"2026-08"}, asks: asks{ines, finance.ActionClose, "2026-10"}, want: finance.ReasonNotSequential, expected: "2026-09"},
		"closed_already":            {closed: []string{"2026-09"}, asks: asks{ines, finance.ActionClose, "2026-09"}, want: finance.ReasonNotSequential, expected: "2026-10"},
		"closed_with_a_later_one":   {closed: []string{"2026-09"}, asks: asks{ines, finance.ActionClose, "2026-03"}, want: finance.ReasonNotSequential, expected: "2026-10"},
		"reopened_but_never_closed": {asks: asks{ines, finance.ActionReopen, "2026-10"}, want: finance.ReasonNotSequential},
		"reopened_not_the_last":     {closed: []string{"2026-08", "2026-09"}, asks: asks{ines, finance.ActionReopen, "2026-08"}, want: finance.ReasonNotSequential, expected: "2026-09"},
		"the_books_are_broken":      {broken: []string{"I2", "I29"}, asks: asks{ines, finance.ActionClose, "2026-10"}, want: finance.ReasonInvariantFailed},
		"the_opposite_is_pending": {
			closed: []string{"2026-10"}, before: &asks{ines, finance.ActionReopen, "2026-10"}, asks: asks{hugo, finance.ActionClose, "2026-10"},
			want: finance.ReasonRequestPending,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			for _, period := range c.closed {
				o.closeNow(period)
			}
			o.store.broken = c.broken
			if c.before != nil {
				o.sign(c.before.by, c.before.action, c.before.period, "before")
			}
			result := o.sign(c.asks.by, c.asks.action, c.asks.period, "asked")
			if reasonOf(result) != c.want {
				t.Fatalf("refused %q, want %s", reasonOf(result), c.want)
			}
			facts := result.Outcome.Refusal.(*ledger.GuardFailedError).Detail
			if got := facts.TextOf(finance.FactExpected); got != c.expected {
				t.Errorf("expected = %q, want %q", got, c.expected)
			}
			if again := o.sign(c.asks.by, c.asks.action, c.asks.period, "asked"); !again.Outcome.Replayed || reasonOf(again) != c.want {
				t.Errorf("again with the same key: %+v", again.Outcome)
			}
		})
	}
}

// What was interrupted between two books is finished by the same request, by the
// first signer's, and by a third person's, and each book closes once.
func TestInterruptedClosingIsResumed(t *testing.T) {
	t.Parallel()
	for name, resume := range map[string]func(o *office) finance.Result{
		"by_the_same_request":   func(o *office) finance.Result { return o.sign(hugo, finance.ActionClose, "2026-10", "second") },
		"by_the_first_request":  func(o *office) finance.Result { return o.sign(ines, finance.ActionClose, "2026-10", "first") },
		"by_a_third_signature":  func(o *office) finance.Result { return o.sign(rosa, finance.ActionClose, "2026-10", "third") },
		"by_the_requester_anew": func(o *office) finance.Result { return o.sign(ines, finance.ActionClose, "2026-10", "fourth") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.sign(ines, finance.ActionClose, "2026-10", "first")
			o.store.away[1] = true
			if _, err := o.try(hugo, finance.ActionClose, "2026-10", "second"); err == nil {
				t.Fatal("the second signature did not say that a book was away")
			}
			status, err := o.store.Period(t.Context(), october)
			if err != nil || status.State() != finance.PeriodClosing || len(status.Closings) != 1 {
				t.Fatalf("interrupted: %s with closings %v, %v", status.State(), status.Closings, err)
			}
			result := resume(o)
			if result.Period.State() != finance.PeriodClosed || reasonOf(result) != "" || result.Period.Agreed.ApprovedBy != hugo.Principal {
				t.Fatalf("resumed: %s, refused %q, request %+v", result.Period.State(), reasonOf(result), result.Period.Agreed)
			}
			for book := range ledger.BookID(booksInTests) {
				closings := 0
				for _, journal := range o.store.Snapshot(book).Journals {
					if journal.Template == finance.TemplateClose {
						closings++
					}
				}
				if closings != 1 {
					t.Errorf("book %d was closed %d times", book, closings)
				}
			}
		})
	}
}

// While some books have followed and others have not, nothing else begins.
func TestNothingElseBeginsBetweenTwoBooks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.closeNow("2026-09")
	o.sign(ines, finance.ActionClose, "2026-10", "first")
	o.store.away[2] = true
	if _, err := o.try(hugo, finance.ActionClose, "2026-10", "second"); err == nil {
		t.Fatal("the second signature did not say that a book was away")
	}
	o.now = time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC)
	for name, ask := range map[string]struct {
		action finance.Action
		period string
	}{"the_next": {finance.ActionClose, "2026-11"}, "its_reopening": {finance.ActionReopen, "2026-10"}} {
		if got := reasonOf(o.sign(rosa, ask.action, ask.period, name)); got != finance.ReasonNotSequential {
			t.Errorf("%s: refused %q, want %s", name, got, finance.ReasonNotSequential)
		}
	}
}

// An invariant that breaks between the signature and a book stops the books that are
// left; the same request goes on when it holds again.
func TestBooksStopWhileAnInvariantIsBroken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sign(ines, finance.ActionClose, "2026-10", "first")
	o.store.away[1] = true
	if _, err := o.try(hugo, finance.ActionClose, "2026-10", "second"); err == nil {
		t.Fatal("the second signature did not say that a book was away")
	}
	o.store.broken = []string{"I9"}
	stopped := o.sign(hugo, finance.ActionClose, "2026-10", "second")
	if reasonOf(stopped) != finance.ReasonInvariantFailed || !stopped.Resumable {
		t.Fatalf("refused %q, resumable %t", reasonOf(stopped), stopped.Resumable)
	}
	o.store.broken = nil
	if done := o.sign(hugo, finance.ActionClose, "2026-10", "second"); done.Period.State() != finance.PeriodClosed {
		t.Errorf("state = %s, want CLOSED", done.Period.State())
	}
}

// A period is reopened by two people, and closed again by a request of its own. An
// old key then changes nothing.
func TestReopenAndCloseAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.closeNow("2026-09")
	o.closeNow("2026-10")
	if got := o.sign(hugo, finance.ActionReopen, "2026-10", "reopen-1").Period.State(); got != finance.PeriodReopening {
		t.Errorf("asked to reopen: %s", got)
	}
	if got := o.sign(ines, finance.ActionReopen, "2026-10", "reopen-2").Period; got.State() != finance.PeriodOpen || len(got.Closings) != 0 {
		t.Errorf("reopened: %s with closings %v", got.State(), got.Closings)
	}
	old := o.sign(hugo, finance.ActionClose, "2026-10", "2026-10"+hugo.Principal)
	if !old.Outcome.Replayed || old.Period.State() != finance.PeriodOpen {
		t.Errorf("the old key: replayed %t, state %s", old.Outcome.Replayed, old.Period.State())
	}
	o.sign(ines, finance.ActionClose, "2026-10", "again-1")
	if got := o.sign(hugo, finance.ActionClose, "2026-10", "again-2").Period.State(); got != finance.PeriodClosed {
		t.Errorf("closed again: %s", got)
	}
}

func TestInvalidSignatures(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for name, c := range map[string]struct {
		in   finance.SignPeriod
		want string
	}{
		"short_key":   {finance.SignPeriod{Key: "k", Period: "2026-10", Reason: "r"}, "idempotencyKey"},
		"a_day":       {finance.SignPeriod{Key: "long-enough", Period: "2026-10-01", Reason: "r"}, "period"},
		"no_month":    {finance.SignPeriod{Key: "long-enough", Period: "2026-13", Reason: "r"}, "period"},
		"year_zero":   {finance.SignPeriod{Key: "long-enough", Period: "0000-01", Reason: "r"}, "period"},
		"no_reason":   {finance.SignPeriod{Key: "long-enough", Period: "2026-10"}, "reason"},
		"long_reason": {finance.SignPeriod{Key: "long-enough", Period: "2026-10", Reason: strings.Repeat("r", 129)}, "reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := o.service.ClosePeriod(t.Context(), ines, c.in)
			var invalid *domain.ValidationError
			if !errors.As(err, &invalid) || invalid.Field != c.want {
				t.Errorf("error = %v, want one of %s", err, c.want)
			}
		})
	}
}
