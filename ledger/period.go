package ledger

import "time"

// Period is an accounting period: a calendar month in UTC, named by its first day.
type Period struct {
	Year  int
	Month time.Month
}

// PeriodOf returns the period a day lies in.
func PeriodOf(day Date) Period { return Period{Year: day.Year, Month: day.Month} }

// ParsePeriod reads YYYY-MM; ok is false for anything else.
func ParsePeriod(text string) (period Period, ok bool) {
	month, err := time.Parse("2006-01", text)
	if err != nil {
		return Period{}, false
	}
	return Period{Year: month.Year(), Month: month.Month()}, true
}

// String returns the period as YYYY-MM.
func (p Period) String() string { return p.FirstDay().Time().Format("2006-01") }

// FirstDay returns the day the period begins with.
func (p Period) FirstDay() Date { return Date{Year: p.Year, Month: p.Month, Day: 1} }

// LastDay returns the day the period ends with.
func (p Period) LastDay() Date { return DateOf(p.FirstDay().Time().AddDate(0, 1, -1)) }

// Next returns the period that follows.
func (p Period) Next() Period { return PeriodOf(DateOf(p.FirstDay().Time().AddDate(0, 1, 0))) }

// PeriodEvent is what a journal did to a period of its book.
type PeriodEvent string

// The events of a period.
const (
	PeriodClosed   PeriodEvent = "CLOSED"
	PeriodReopened PeriodEvent = "REOPENED"
)

// PeriodChange is a period that a journal closed or reopened. Once a period is
// closed no journal after it is booked on a day up to its end (I20).
type PeriodChange struct {
	Period  Period
	Event   PeriodEvent
	Journal ID
	Seq     int64 // of the journal
	// ClosedThrough is the last closed day of the book from this journal on; zero
	// when no period is closed any more.
	ClosedThrough Date
}

// bookedOn returns the day that decides the period of something that happened at an
// instant: its own while that is open, else the day it is posted.
func (s *State) bookedOn(effective time.Time) Date {
	for _, day := range []Date{DateOf(effective), DateOf(s.Now)} {
		if day.After(s.ClosedThrough) {
			return day
		}
	}
	return s.ClosedThrough.Next()
}

// changePeriod closes the period that follows the last closed one, or reopens the
// last. The first period to be closed may be any that is over, and closes all before.
func (f *fold) changePeriod() (Refusal, error) {
	event, through := f.template.Period, f.state.ClosedThrough
	if event == "" {
		return nil, nil
	}
	text := f.command.Arguments.TextOf("period")
	period, ok := ParsePeriod(text)
	last := period.LastDay()
	next := PeriodOf(through).Next()
	switch {
	case !ok:
		return &PeriodError{Period: text, code: codePeriodMalformed}, nil
	case event == PeriodReopened && last != through:
		return &PeriodError{Period: text, code: codePeriodNotClosed}, nil
	case event == PeriodClosed && !DateOf(f.state.Now).After(last):
		return &PeriodError{Period: text, code: codePeriodNotOver}, nil
	case event == PeriodClosed && !through.IsZero() && period != next:
		return &PeriodError{Period: text, Next: next.String(), code: codePeriodNotSequential}, nil
	}
	if event == PeriodReopened {
		last = DateOf(period.FirstDay().Time().AddDate(0, 0, -1))
	}
	f.delta.Period = &PeriodChange{Period: period, Event: event, Journal: f.command.ID, Seq: f.delta.Journal.Seq, ClosedThrough: last}
	return nil, nil
}
