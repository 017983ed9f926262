package ledgertest

import "purser/ledger"

// checkPeriods walks the journals with the last closed day as it was. It verifies
// that none is booked on a closed day, that each is booked on the day of its event
// where that is open and else on the day of its posting (I20), and that periods
// close once they are over, one after another, and reopen from the last. The first
// to be closed closes all before it.
func (c *checker) checkPeriods() {
	changes := map[int64]ledger.PeriodChange{}
	for _, change := range c.Periods {
		changes[change.Seq] = change
	}
	if len(changes) != len(c.Periods) {
		c.fail("I20", "two periods changed at one seq")
	}
	var through ledger.Date
	for _, j := range c.Journals {
		want := ledger.DateOf(j.EffectiveAt)
		if !after(want, through) {
			want = ledger.DateOf(j.PostedAt)
		}
		if j.BookedOn != want || !after(j.BookedOn, through) {
			c.fail("I20", "journal %s is booked on %s and closed is %s; want %s", j.ID, j.BookedOn, day(through), want)
		}
		if change, found := changes[j.Seq]; found {
			through = c.changePeriod(j, change, through)
			delete(changes, j.Seq)
		}
	}
	if len(changes) > 0 || c.ClosedThrough != through {
		c.fail("I20", "the book is closed through %s, its journals say %s; %d changes belong to none", day(c.ClosedThrough), day(through), len(changes))
	}
}

// changePeriod returns the last closed day after a change.
func (c *checker) changePeriod(j ledger.Journal, change ledger.PeriodChange, through ledger.Date) ledger.Date {
	first, last := change.Period.FirstDay(), change.Period.LastDay()
	before := ledger.DateOf(first.Time().AddDate(0, 0, -1))
	var sound bool
	switch change.Event {
	case ledger.PeriodClosed:
		sound = after(ledger.DateOf(j.PostedAt), last) && (through == ledger.Date{} || through == before)
		through = last
	case ledger.PeriodReopened:
		sound = through == last
		through = before
	}
	if !sound || change.Journal != j.ID {
		c.fail("I20", "journal %s is said to have %s period %s", j.ID, change.Event, change.Period)
	}
	return through
}

// after reports whether a lies behind b; every day lies behind none.
func after(a, b ledger.Date) bool { return b == (ledger.Date{}) || a.Time().After(b.Time()) }
