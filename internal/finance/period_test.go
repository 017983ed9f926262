package finance_test

import (
	"testing"
	"time"

	"purser/internal/finance"
	"purser/ledger"
)

var (
	september = ledger.Period{Year: 2026, Month: time.September}
	october   = ledger.Period{Year: 2026, Month: time.October}
)

func closedThrough(periods ...ledger.Period) []finance.BookClosing {
	var books []finance.BookClosing
	for i, period := range periods {
		book := finance.BookClosing{Book: ledger.BookID(i)}
		if period != (ledger.Period{}) {
			book.ClosedThrough = period.LastDay()
		}
		books = append(books, book)
	}
	return books
}

// asked is what was asked for October: agreed to, or else pending.
func asked(action finance.Action, by, agreed string) *finance.Request {
	return &finance.Request{Period: october, Action: action, RequestedBy: by, ApprovedBy: agreed}
}

func withdrawn(action finance.Action) *finance.Request {
	return &finance.Request{Period: october, Action: action, RequestedBy: "staff:a", WithdrawnBy: "staff:a"}
}

func TestStateOfAPeriod(t *testing.T) {
	t.Parallel()
	none := ledger.Period{}
	for name, c := range map[string]struct {
		asked *finance.Request
		books []finance.BookClosing
		want  finance.PeriodState
	}{
		"nothing_closed":                {nil, closedThrough(none, none), finance.PeriodOpen},
		"the_one_before_closed":         {nil, closedThrough(september, september), finance.PeriodOpen},
		"closed_with_a_later_one":       {nil, closedThrough(october.Next(), october.Next()), finance.PeriodClosed},
		"asked_to_close":                {asked("CLOSE", "staff:a", ""), closedThrough(september, september), finance.PeriodClosing},
		"agreed_and_no_book_followed":   {asked("CLOSE", "staff:a", "staff:b"), closedThrough(september, september), finance.PeriodClosing},
		"agreed_and_some_followed":      {asked("CLOSE", "staff:a", "staff:b"), closedThrough(october, september), finance.PeriodClosing},
		"closed":                        {asked("CLOSE", "staff:a", "staff:b"), closedThrough(october, october), finance.PeriodClosed},
		"a_book_that_came_later":        {asked("CLOSE", "staff:a", "staff:b"), closedThrough(october, none), finance.PeriodClosing},
		"asked_to_reopen":               {asked("REOPEN", "staff:a", ""), closedThrough(october, october), finance.PeriodReopening},
		"reopened_in_some":              {asked("REOPEN", "staff:a", "staff:b"), closedThrough(october, september), finance.PeriodReopening},
		"reopened":                      {asked("REOPEN", "staff:a", "staff:b"), closedThrough(september, september), finance.PeriodOpen},
		"agreed_to_reopen_none_reached": {asked("REOPEN", "staff:a", "staff:b"), closedThrough(october, october), finance.PeriodReopening},
		"asked_to_close_and_withdrawn":  {withdrawn("CLOSE"), closedThrough(september, september), finance.PeriodOpen},
		"asked_to_reopen_and_withdrawn": {withdrawn("REOPEN"), closedThrough(october, october), finance.PeriodClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			standing := finance.Standing{Books: c.books}
			if c.asked != nil {
				standing.Add(c.asked)
			}
			if got := standing.State(october); got != c.want {
				t.Errorf("state = %s, want %s", got, c.want)
			}
		})
	}
}
