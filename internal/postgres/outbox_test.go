package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/outbox"
	"purser/internal/postgres"
	"purser/ledger"
)

// outboxDesk is a desk with 12 journals, and nothing in its outbox, as an older
// version of the program left it.
func outboxDesk(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, 100)
	l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	for range 5 {
		for _, c := range []ledger.Command{d.Spend(d.wallet, 1), d.Fact()} {
			if outcome, err := l.Post(t.Context(), c); err != nil || outcome.Refusal != nil {
				t.Fatal(err, outcome.Refusal)
			}
		}
	}
	d.do(`DELETE FROM outbox`)
	return d
}

// cover fills the outbox from the journals of a span, a row for up to three.
func (d *desk) cover(first, last int64) {
	d.t.Helper()
	d.do(`
		INSERT INTO outbox (book_id, last_seq, first_seq, posted_at, journal_ids, types, wallet_ids)
		SELECT book_id, max(seq), min(seq), max(posted_at), array_agg(journal_id ORDER BY seq), array_agg(type ORDER BY seq),
			array_agg(coalesce(wallet_id, '00000000-0000-0000-0000-000000000000') ORDER BY seq)
		FROM journals WHERE book_id = $1 AND seq BETWEEN $2 AND $3 GROUP BY book_id, (seq - $2) / 3`, d.Book, first, last)
}

// journalEvents are the events that the book's journals stand for. A row of the
// outbox has one instant, that of its batch.
func (d *desk) journalEvents() []outbox.Event {
	d.t.Helper()
	rows, err := d.super.Query(d.t.Context(), `
		SELECT seq, journal_id, type, coalesce(wallet_id, '00000000-0000-0000-0000-000000000000') FROM journals WHERE book_id = $1 ORDER BY seq`, d.Book)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	var events []outbox.Event
	for rows.Next() {
		e := outbox.Event{Book: d.Book}
		if err := rows.Scan(&e.Seq, &e.Journal, &e.Type, &e.Wallet); err != nil {
			d.t.Fatal(err)
		}
		events = append(events, e)
	}
	if err := rows.Err(); err != nil {
		d.t.Fatal(err)
	}
	return events
}

// TestEventsWithoutGap reads one history whatever part of it the outbox holds:
// journals from before it, journals of an older version between others, rows that
// were pruned.
func TestEventsWithoutGap(t *testing.T) {
	t.Parallel()
	for name, spans := range map[string][][2]int64{
		"outbox_holds_everything":      {{1, 12}},
		"outbox_holds_nothing":         nil,
		"older_than_the_outbox":        {{6, 12}},
		"older_version_in_the_middle":  {{1, 4}, {8, 12}},
		"older_version_is_the_newest":  {{1, 7}},
		"older_version_again_and_then": {{2, 2}, {4, 4}, {6, 9}, {11, 11}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := outboxDesk(t)
			for _, span := range spans {
				d.cover(span[0], span[1])
			}
			want := d.journalEvents()
			if len(want) != 12 || want[0].Wallet != d.wallet || !want[11].Wallet.IsZero() {
				t.Fatalf("the journals are %+v, want 12, with and without a wallet", want)
			}
			for _, limit := range []int{1, 2, 5, 100} {
				var got []outbox.Event
				c := outbox.Consumer{
					Name: fmt.Sprintf("limit-%d", limit), Source: openDB(t, d.pg.AppURL).Outbox(), Limit: limit,
					Handle: func(_ context.Context, events []outbox.Event) error {
						if len(events) > limit {
							t.Errorf("a slice has %d events, want at most %d", len(events), limit)
						}
						for _, e := range events {
							if e.PostedAt.IsZero() || e.PostedAt.Location() != time.UTC {
								t.Errorf("event %d was posted at %s", e.Seq, e.PostedAt)
							}
							e.PostedAt = time.Time{}
							got = append(got, e)
						}
						return nil
					},
				}
				if handled, err := c.CatchUp(t.Context()); err != nil || handled != 12 {
					t.Errorf("limit %d: CatchUp() = %d, %v, want 12", limit, handled, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("limit %d: events (-journals +read):\n%s", limit, diff)
				}
			}
		})
	}
}

// TestOutboxIsWritten reads what the ledger itself leaves in the outbox, with the
// journals out of reach for the reader.
func TestOutboxIsWritten(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100)
	l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
	var working sync.WaitGroup
	for range 20 {
		working.Go(func() {
			if outcome, err := l.Post(t.Context(), d.Spend(d.wallet, 1)); err != nil || outcome.Refusal != nil {
				t.Error(err, outcome.Refusal)
			}
		})
	}
	working.Wait()
	want := d.journalEvents()
	d.do(`ALTER TABLE journals RENAME TO journals_away`)
	events, err := openDB(t, d.pg.AppURL).Outbox().Events(t.Context(), d.Book, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		events[i].PostedAt = time.Time{}
	}
	if diff := cmp.Diff(want, events); diff != "" || len(want) != 22 {
		t.Errorf("%d events (-journals +outbox):\n%s", len(want), diff)
	}
}

func TestEventsOf(t *testing.T) {
	t.Parallel()
	d := outboxDesk(t)
	d.cover(1, 12)
	source := openDB(t, d.pg.AppURL).Outbox()
	for name, c := range map[string]struct {
		book        ledger.BookID
		after       int64
		limit       int
		first, last int64
	}{
		"from_inside_of_a_row":    {d.Book, 4, 4, 5, 8},
		"at_the_head":             {d.Book, 12, 4, 0, 0},
		"beyond_the_head":         {d.Book, 1000, 4, 0, 0},
		"unknown_book":            {999999, 0, 4, 0, 0},
		"limit_of_zero_is_one":    {d.Book, 0, 0, 1, 1},
		"limit_below_zero_is_one": {d.Book, 2, -5, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events, err := source.Events(t.Context(), c.book, c.after, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			var first, last int64
			if len(events) > 0 {
				first, last = events[0].Seq, events[len(events)-1].Seq
			}
			if first != c.first || last != c.last {
				t.Errorf("Events() has %d to %d, want %d to %d", first, last, c.first, c.last)
			}
		})
	}
	t.Run("database_that_does_not_answer_is_ErrUnavailable", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer cancel()
		_, err := source.Events(ctx, d.Book, 0, 1)
		_, positionsErr := source.Positions(ctx, "test")
		_, advanceErr := source.Advance(ctx, "test", d.Book, 0, 1)
		_, lagsErr := source.Lags(ctx)
		for call, err := range map[string]error{
			"Events": err, "Positions": positionsErr, "Advance": advanceErr, "Lags": lagsErr, "Register": source.Register(ctx, "test"),
		} {
			if !errors.Is(err, postgres.ErrUnavailable) {
				t.Errorf("%s() = %v, want ErrUnavailable", call, err)
			}
		}
	})
}

func TestCheckpoints(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	source := openDB(t, d.pg.AppURL).Outbox()
	at := func(consumer string) int64 {
		t.Helper()
		positions, err := source.Positions(t.Context(), consumer)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range positions {
			if p.Book == d.Book {
				if p.Head != 2 {
					t.Errorf("the head is at %d, want 2", p.Head)
				}
				return p.Seq
			}
		}
		t.Fatalf("book %d is not among %v", d.Book, positions)
		return 0
	}
	for i, step := range []struct {
		from, to int64
		moved    bool
		at       int64
	}{
		{3, 5, false, 0}, // never was there
		{0, 5, true, 5},
		{0, 7, false, 5}, // another process came first
		{5, 5, false, 5},
		{5, 4, false, 5}, // back
		{5, 9, true, 9},
	} {
		moved, err := source.Advance(t.Context(), "steps", d.Book, step.from, step.to)
		if err != nil || moved != step.moved || at("steps") != step.at {
			t.Errorf("step %d: Advance(%d, %d) = %t, %v, then at %d; want %t, %d", i, step.from, step.to, moved, err, at("steps"), step.moved, step.at)
		}
	}
	if got := at("another"); got != 0 {
		t.Errorf("another consumer is at %d, want 0", got)
	}

	var moved atomic.Int32
	var working sync.WaitGroup
	for to := range int64(16) {
		working.Go(func() {
			ok, err := source.Advance(t.Context(), "race", d.Book, 0, to+1)
			if err != nil {
				t.Error(err)
			}
			if ok {
				moved.Add(1)
			}
		})
	}
	working.Wait()
	if moved.Load() != 1 {
		t.Errorf("%d of 16 processes moved the checkpoint from 0, want 1", moved.Load())
	}
}

func TestLags(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1) // two journals
	source := openDB(t, d.pg.AppURL).Outbox()
	lags := func() (got []outbox.Lag) {
		t.Helper()
		got, err := source.Lags(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := lags(); len(got) != 0 {
		t.Errorf("without consumers the lags are %v", got)
	}
	for range 2 {
		if err := source.Register(t.Context(), "new"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := source.Advance(t.Context(), "late", d.Book, 0, 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]outbox.Lag{{Consumer: "late", Journals: 1}, {Consumer: "new", Journals: 2}}, lags()); diff != "" {
		t.Errorf("lags (-want +got):\n%s", diff)
	}
	if err := source.Register(t.Context(), "late"); err != nil {
		t.Fatal(err)
	}
	if got := lags()[0]; got.Journals != 1 {
		t.Errorf("a consumer that registers again is %d behind, want 1: its checkpoint must stay", got.Journals)
	}
}
