package postgres_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// periodBook writes journals of one posting on a day each, and what they do to
// periods.
type periodBook struct {
	*handmade
	debit, credit ledger.Account
}

func newPeriodBook(t *testing.T) *periodBook {
	t.Helper()
	h := newHandmade(t)
	b := &periodBook{
		handmade: h, debit: ledger.Account{ID: newID(), Code: ledgertest.ClassClearing, Class: ledgertest.ClassClearing, Commodity: ledger.USD},
		credit: ledger.Account{ID: newID(), Code: ledgertest.ClassDeferred, Class: ledgertest.ClassDeferred, Commodity: ledger.USD},
	}
	h.write(noon, func(w *ledger.Writes) { w.Opened = []ledger.Account{b.debit, b.credit} })
	return b
}

func (b *periodBook) post(w *ledger.Writes, day ledger.Date, amount int64) {
	j := b.journal(w, day)
	w.Journals = append(w.Journals, j)
	w.Postings = append(w.Postings, ledger.JournalPosting{
		Journal: j.ID, Posting: ledger.Posting{Debit: b.debit.ID, Credit: b.credit.ID, Commodity: ledger.USD, Amount: amount},
	})
	w.BackDated = append(w.BackDated, ledger.BackDated{Account: newID(), PostedOn: ledger.DateOf(w.PostedAt), BookedOn: day, Debits: amount})
	for i, line := range w.Trial { // one row per line, as the ledger has it
		if line.Day == day && line.Class == b.debit.Class {
			w.Trial[i].Debits += amount
		} else if line.Day == day {
			w.Trial[i].Credits += amount
		} else {
			continue
		}
		if line.Class == b.credit.Class {
			return
		}
	}
	w.Trial = append(w.Trial,
		ledger.TrialDelta{Class: b.debit.Class, Commodity: ledger.USD, Day: day, Debits: amount},
		ledger.TrialDelta{Class: b.credit.Class, Commodity: ledger.USD, Day: day, Credits: amount})
}

func (b *periodBook) change(w *ledger.Writes, period string, event ledger.PeriodEvent, closedThrough ledger.Date) {
	j := b.journal(w, ledger.DateOf(noon))
	w.Journals = append(w.Journals, j)
	parsed, _ := ledger.ParsePeriod(period)
	w.Periods = append(w.Periods, ledger.PeriodChange{Period: parsed, Event: event, Journal: j.ID, Seq: j.Seq, ClosedThrough: closedThrough})
}

// trial returns the trial balance that a close stored and its hash.
func (b *periodBook) trial(t *testing.T, seq int64) (lines, hash string) {
	t.Helper()
	err := b.super.QueryRow(t.Context(), `SELECT coalesce((
			SELECT string_agg(concat_ws(',', class, commodity, debits, credits) || E'\n', '' ORDER BY class, commodity)
			FROM period_trials WHERE book_id = $1 AND seq = $2), ''), encode(trial_hash, 'hex')
		FROM book_periods WHERE book_id = $1 AND seq = $2`, b.book, seq).Scan(&lines, &hash)
	if err != nil {
		t.Fatal(err)
	}
	return lines, hash
}

func (b *periodBook) wantTrial(t *testing.T, seq int64, want ...string) {
	t.Helper()
	text := strings.Join(append(want, ""), "\n")
	lines, hash := b.trial(t, seq)
	if lines != text {
		t.Errorf("the trial balance at seq %d is %q, want %q", seq, lines, text)
	}
	if sum := sha256.Sum256([]byte(text)); hash != hex.EncodeToString(sum[:]) {
		t.Errorf("the hash at seq %d is %s, want that of %q", seq, hash, text)
	}
}

var (
	february = ledger.Date{Year: 2026, Month: time.February, Day: 28}
	march    = ledger.Date{Year: 2026, Month: time.March, Day: 1}
)

// TestPeriodTrials closes a period and finds every line up to its end, the batch's
// own included, and nothing of later days.
func TestPeriodTrials(t *testing.T) {
	t.Parallel()
	b := newPeriodBook(t)
	b.write(noon, func(w *ledger.Writes) { b.post(w, ledger.Date{Year: 2025, Month: time.December, Day: 31}, 100) })
	b.write(noon, func(w *ledger.Writes) {
		b.post(w, february, 20)
		b.post(w, march, 3)
		b.change(w, "2026-02", ledger.PeriodClosed, february)
		b.post(w, march, 4)
	})
	b.wantTrial(t, 4, "1010,USD,120,0", "2000,USD,0,120")
	if got := b.read(ledger.Needs{}).ClosedThrough; got != february {
		t.Errorf("the book is closed through %s, want %s", got, february)
	}
	b.write(noon, func(w *ledger.Writes) { b.change(w, "2026-02", ledger.PeriodReopened, ledger.Date{}) })
	if got := b.read(ledger.Needs{}).ClosedThrough; got != (ledger.Date{}) {
		t.Errorf("the reopened book is closed through %s", got)
	}
	var events []string
	for _, change := range b.snapshot(t, b.book).Periods {
		events = append(events, change.Period.String()+" "+string(change.Event))
	}
	if diff := cmp.Diff([]string{"2026-02 CLOSED", "2026-02 REOPENED"}, events); diff != "" {
		t.Errorf("want, got:\n%s", diff)
	}
}

// TestPeriodReopenedInItsBatch closes, reopens and closes a period in one batch:
// each close has the trial balance of its own seq.
func TestPeriodReopenedInItsBatch(t *testing.T) {
	t.Parallel()
	b := newPeriodBook(t)
	b.write(noon, func(w *ledger.Writes) {
		b.change(w, "2026-02", ledger.PeriodClosed, february)
		b.change(w, "2026-02", ledger.PeriodReopened, ledger.Date{})
		b.post(w, february, 5)
		b.change(w, "2026-02", ledger.PeriodClosed, february)
	})
	b.wantTrial(t, 1)
	b.wantTrial(t, 4, "1010,USD,5,0", "2000,USD,0,5")
}
