package ledgertest

import (
	"errors"
	"slices"
	"time"

	"purser/ledger"
)

var periodCases = []testCase{
	{name: "closed_period_takes_no_journal", run: closePeriod},
	{name: "periods_close_one_after_another_once_they_are_over", run: periodRefusals},
	{name: "reopened_period_takes_journals_again", run: reopenPeriod},
	{name: "period_closes_in_the_middle_of_a_batch", run: closePeriodInBatch},
	{name: "reversal_of_a_journal_of_a_closed_period", run: reverseClosed},
}

// dated sets when the business event of a command was.
func dated(c ledger.Command, year int, month time.Month, day int) ledger.Command {
	c.EffectiveAt = time.Date(year, month, day, 23, 59, 59, 999999000, time.UTC)
	return c
}

func (b *bench) wantBooked(journal ledger.ID, year int, month time.Month, day int) {
	b.t.Helper()
	if got, want := b.journal(journal).BookedOn, (ledger.Date{Year: year, Month: month, Day: day}); got != want {
		b.t.Errorf("journal %s is booked on %s, want %s", journal, got, want)
	}
}

// closePeriod: the epoch is the 5th of March.
func closePeriod(b *bench) {
	wallet := b.funded(10)
	b.wantBooked(b.accept(dated(b.Spend(wallet, 1), 2031, 2, 28)), 2031, 2, 28)
	closing := b.accept(b.ClosePeriod("2031-02"))
	late := dated(b.Spend(wallet, 1), 2031, 2, 28)
	b.wantBooked(b.accept(late), 2031, 3, 5)
	if got := b.journal(late.ID).EffectiveAt; !got.Equal(late.EffectiveAt) {
		b.t.Errorf("effective at %s, want the event's %s", got, late.EffectiveAt)
	}
	b.wantBooked(b.accept(dated(b.Spend(wallet, 1), 2029, 7, 1)), 2031, 3, 5) // the first to close closes all before
	b.wantBooked(b.accept(dated(b.Spend(wallet, 1), 2031, 3, 1)), 2031, 3, 1)
	b.wantBooked(b.accept(dated(b.Spend(wallet, 1), 2031, 4, 9)), 2031, 4, 9)
	s := b.snapshot()
	want := ledger.PeriodChange{
		Period: ledger.Period{Year: 2031, Month: 2}, Event: ledger.PeriodClosed, Journal: closing, Seq: b.journal(closing).Seq,
	}
	if len(s.Periods) != 1 || (printer{}).period(s.Periods[0]) != (printer{}).period(want) || s.ClosedThrough != (ledger.Date{Year: 2031, Month: 2, Day: 28}) {
		b.t.Errorf("periods %+v, closed through %s; want %+v", s.Periods, s.ClosedThrough, want)
	}
	for _, row := range s.BackDated {
		if row.BookedOn.Time().Before(time.Date(2031, 3, 1, 0, 0, 0, 0, time.UTC)) && row.Debits+row.Credits != 1 {
			b.t.Errorf("day %+v, want the one spend before the close", row)
		}
	}
}

func periodRefusals(b *bench) {
	b.accept(b.Fact())
	refuse := func(c ledger.Command, want error, next string) {
		b.t.Helper()
		refused := b.refuse(c, want)
		var of *ledger.PeriodError
		if !errors.As(refused, &of) || of.Period != c.Arguments.TextOf(ArgPeriod) || of.Next != next {
			b.t.Errorf("refusal = %+v, want period %s, next %q", refused, c.Arguments.TextOf(ArgPeriod), next)
		}
	}
	for _, text := range []string{"", "2031", "2031-13", "2031-2", "2031-02-01", "FEBRUARY", " 2031-02"} {
		refuse(b.ClosePeriod(text), ledger.ErrPeriodMalformed, "")
	}
	refuse(b.ReopenPeriod("2031-02"), ledger.ErrPeriodNotClosed, "")
	refuse(b.ClosePeriod("2031-03"), ledger.ErrPeriodNotOver, "")
	b.accept(b.ClosePeriod("2030-11"))
	refuse(b.ClosePeriod("2031-01"), ledger.ErrPeriodNotSequential, "2030-12")
	refuse(b.ClosePeriod("2030-11"), ledger.ErrPeriodNotSequential, "2030-12")
	refuse(b.ClosePeriod("2030-01"), ledger.ErrPeriodNotSequential, "2030-12")
	b.accept(b.ClosePeriod("2030-12")) // over the end of a year
	b.accept(b.ClosePeriod("2031-01"))
	b.accept(b.ClosePeriod("2031-02"))
	refuse(b.ClosePeriod("2031-03"), ledger.ErrPeriodNotOver, "")
	refuse(b.ReopenPeriod("2031-01"), ledger.ErrPeriodNotClosed, "")
	b.clock.Advance(26*24*time.Hour + 2*time.Hour - time.Second) // the last second of March
	refuse(b.ClosePeriod("2031-03"), ledger.ErrPeriodNotOver, "")
	b.clock.Advance(time.Second)
	b.accept(b.ClosePeriod("2031-03"))
}

func reopenPeriod(b *bench) {
	wallet := b.funded(10)
	b.accept(b.ClosePeriod("2031-01"))
	b.accept(b.ClosePeriod("2031-02"))
	b.wantBooked(b.accept(dated(b.Spend(wallet, 1), 2031, 2, 3)), 2031, 3, 5)
	b.accept(b.ReopenPeriod("2031-02"))
	b.wantBooked(b.accept(dated(b.Spend(wallet, 1), 2031, 2, 3)), 2031, 2, 3)
	b.wantBooked(b.accept(dated(b.Spend(wallet, 1), 2031, 1, 31)), 2031, 3, 5)
	b.accept(b.ReopenPeriod("2031-01"))
	b.wantBooked(b.accept(dated(b.Spend(wallet, 1), 2031, 1, 31)), 2031, 1, 31)
	b.refuse(b.ReopenPeriod("2031-02"), ledger.ErrPeriodNotClosed)
	b.accept(b.ClosePeriod("2031-01"))
	b.accept(b.ClosePeriod("2031-02"))
	var events []ledger.PeriodEvent
	s := b.snapshot()
	slices.SortFunc(s.Periods, func(x, y ledger.PeriodChange) int { return int(x.Seq - y.Seq) })
	for _, change := range s.Periods {
		events = append(events, change.Event)
	}
	if want := []ledger.PeriodEvent{"CLOSED", "CLOSED", "REOPENED", "REOPENED", "CLOSED", "CLOSED"}; !slices.Equal(events, want) {
		b.t.Errorf("events %v, want %v", events, want)
	}
}

func closePeriodInBatch(b *bench) {
	wallet := b.funded(10)
	early, late, open := dated(b.Spend(wallet, 1), 2031, 2, 3), dated(b.Spend(wallet, 1), 2031, 2, 3), dated(b.Spend(wallet, 1), 2031, 2, 3)
	answers := b.inOneBatch(early, b.ClosePeriod("2031-02"), late, b.ClosePeriod("2031-02"), b.ReopenPeriod("2031-02"), open)
	for i, a := range answers {
		if refused := i == 3; a.err != nil || (a.Refusal != nil) != refused {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantBooked(early.ID, 2031, 2, 3)
	b.wantBooked(late.ID, 2031, 3, 5)
	b.wantBooked(open.ID, 2031, 2, 3)
}

// reverseClosed books the credit for a closed period in the open one, linked to what
// it undoes, with the instant of its own event.
func reverseClosed(b *bench) {
	wallet, _, paid := walletOfTwo(b)
	spend := b.accept(dated(b.Spend(wallet, 6), 2031, 2, 10))
	b.accept(b.ClosePeriod("2031-02"))
	credit := b.accept(dated(b.ReverseRest(spend, TypeReturn), 2031, 2, 20))
	b.wantBooked(credit, 2031, 3, 5)
	if j := b.journal(credit); j.Reverses != spend || ledger.DateOf(j.EffectiveAt) != (ledger.Date{Year: 2031, Month: 2, Day: 20}) {
		b.t.Errorf("credit = %+v, want one of %s effective on the 20th", j, spend)
	}
	b.wantLot(paid, 6, 90)
}
