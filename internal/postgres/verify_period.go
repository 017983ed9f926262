package postgres

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"purser/ledger"
)

// checkPeriod expects that the journal is booked after what was closed before it
// (I20), by the rows of book_periods, and notes what it closes or reopens itself.
func (v *verifier) checkPeriod(stored *chainJournal, slice *verifySlice) {
	if !v.closed.IsZero() && !stored.BookedOn.After(v.closed) {
		v.past.expect(false, "I20", "book %d: journal %s (seq %d) is booked on %s, and the book was closed through %s", v.book, stored.ID, stored.Seq, stored.BookedOn, v.closed)
	}
	period := slice.periods[stored.Seq]
	if period == nil {
		return
	}
	month := ledger.PeriodOf(period.first)
	v.closed = month.LastDay()
	if period.event == ledger.PeriodReopened {
		v.closed = ledger.DateOf(month.FirstDay().Time().AddDate(0, 0, -1))
	}
}

// checkTrial compares the trial balance that was stored when a period was closed
// with the one that the postings make up to that journal.
func (v *verifier) checkTrial(stored *chainJournal, slice *verifySlice) {
	period := slice.periods[stored.Seq]
	if !v.broken {
		closed := v.state.ClosedThrough
		if closed != v.closed {
			v.past.expect(false, "I20", "book %d: after seq %d the book is stored as closed through %s, its journals make that %s", v.book, stored.Seq, v.closed, closed)
		}
		v.closed = closed // so that one row too few or too many counts once
	}
	if period == nil || period.event != ledger.PeriodClosed {
		return
	}
	through := ledger.PeriodOf(period.first).LastDay()
	want := map[trialOf]counters{}
	for line, sums := range v.trial {
		if !line.day.After(through) {
			line.day = ledger.Date{}
			want[line] = counters{want[line].plus + sums.plus, want[line].minus + sums.minus}
		}
	}
	v.past.expect(maps.Equal(period.trial, want) || v.broken, "I22", "book %d: the trial balance of %s is not what the postings make up to seq %d", v.book, ledger.PeriodOf(period.first), stored.Seq)
	v.past.expect(bytes.Equal(period.hash, trialHash(period.trial)), "I22", "book %d: the hash of the trial balance of %s is not of its lines", v.book, ledger.PeriodOf(period.first))
}

// trialHash is over one line of text per line of the trial balance, in the order of
// their bytes.
func trialHash(trial map[trialOf]counters) []byte {
	lines := slices.SortedFunc(maps.Keys(trial), func(a, b trialOf) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.commodity, b.commodity))
	})
	var text []byte
	for _, line := range lines {
		text = fmt.Appendf(text, "%s,%s,%d,%d\n", line.class, line.commodity, trial[line].plus, trial[line].minus)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// checkClosed compares the head's last closed day with the journals'.
func (v *verifier) checkClosed(ctx context.Context) error {
	var seq int64
	var stored *time.Time
	if err := v.db.read.QueryRow(ctx, `-- name: verify_closed_through
		SELECT seq, closed_through FROM book_heads WHERE book_id = $1`, v.book).Scan(&seq, &stored); err != nil {
		return err
	}
	if err := v.replayTo(ctx, seq); err != nil {
		return err
	}
	var day ledger.Date
	if stored != nil {
		day = ledger.DateOf(*stored)
	}
	v.standing.expect(day == v.closed || v.broken, "I20", "book %d: the head says that it is closed through %s, its journals through %s", v.book, day, v.closed)
	return nil
}
