package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/outbox"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/ledger"
)

// pruning is a database with rows to prune, and none of the journals that they are
// about: whoever read past a pruned row would find a gap.
type pruning struct {
	*books
	source *postgres.Outbox
}

func newPruning(t *testing.T) *pruning {
	t.Helper()
	b := newBooks(t)
	return &pruning{books: b, source: openDB(t, b.pg.AppURL).Outbox()}
}

// events fills a new book's outbox with rows of one event: old ones of eight days
// and young ones of six.
func (p *pruning) events(old, young int) ledger.BookID {
	p.t.Helper()
	book := p.open()
	p.do(`
		INSERT INTO outbox (book_id, last_seq, first_seq, posted_at, journal_ids, types, wallet_ids)
		SELECT $1::integer, n, n, now() - CASE WHEN n <= $2 THEN interval '8 days' ELSE interval '6 days' END + n * interval '1 microsecond',
			ARRAY[gen_random_uuid()], ARRAY['TEST'], ARRAY[gen_random_uuid()]
		FROM generate_series(1, $2::integer + $3::integer) AS n`, book, old, young)
	p.do(`UPDATE book_heads SET seq = $2 WHERE book_id = $1`, book, old+young)
	return book
}

func (p *pruning) prune(keep postgres.Retention) postgres.Pruned {
	p.t.Helper()
	pruned, err := postgres.Prune(p.t.Context(), p.pg.OwnerURL, keep)
	if err != nil {
		p.t.Fatal(err)
	}
	return pruned
}

// left returns the first seq of the book that the outbox still has, and how many.
func (p *pruning) left(book ledger.BookID) (first, count int64) {
	p.t.Helper()
	err := p.super.QueryRow(p.t.Context(), `SELECT coalesce(min(last_seq), 0), count(*) FROM outbox WHERE book_id = $1`, book).Scan(&first, &count)
	if err != nil {
		p.t.Fatal(err)
	}
	return first, count
}

func (p *pruning) wantLeft(book ledger.BookID, first, count int64) {
	p.t.Helper()
	if gotFirst, got := p.left(book); gotFirst != first || got != count {
		p.t.Errorf("book %d has %d rows from %d on, want %d from %d on", book, got, gotFirst, count, first)
	}
}

func (p *pruning) advance(consumer string, book ledger.BookID, to int64) {
	p.t.Helper()
	if moved, err := p.source.Advance(p.t.Context(), consumer, book, 0, to); err != nil || !moved {
		p.t.Fatalf("Advance() = %t, %v", moved, err)
	}
}

var keep = postgres.Retention{OutboxDays: 7, KeysDays: 400}

func TestPruneOutbox(t *testing.T) {
	t.Parallel()
	t.Run("least_checkpoint_and_age_decide_in_each_book", func(t *testing.T) {
		t.Parallel()
		p := newPruning(t)
		slow, fast, unread := p.events(30, 10), p.events(30, 10), p.events(5, 0)
		p.advance("a", slow, 40)
		p.advance("b", slow, 12) // the slowest
		p.advance("a", fast, 40)
		p.advance("b", fast, 35) // past what is old
		p.advance("a", unread, 5)
		if got, want := p.prune(postgres.Retention{OutboxDays: 7, KeysDays: 400, DryRun: true}), (postgres.Pruned{OutboxRows: 42}); got != want {
			t.Errorf("a dry run counted %+v, want %+v", got, want)
		}
		p.wantLeft(slow, 1, 40)
		if got, want := p.prune(keep), (postgres.Pruned{OutboxRows: 42}); got != want {
			t.Errorf("pruned %+v, want %+v", got, want)
		}
		p.wantLeft(slow, 13, 28)
		p.wantLeft(fast, 31, 10)
		p.wantLeft(unread, 1, 5) // b has no checkpoint there
		if got := p.prune(keep); got != (postgres.Pruned{}) {
			t.Errorf("again pruned %+v", got)
		}
		known, err := postgres.ForgetConsumer(t.Context(), p.pg.OwnerURL, "b")
		if err != nil || !known {
			t.Errorf("ForgetConsumer() = %t, %v", known, err)
		}
		if got := p.prune(keep); got.OutboxRows != 18+5 {
			t.Errorf("once the slowest is forgotten pruned %+v, want 23 rows", got)
		}
		if known, err = postgres.ForgetConsumer(t.Context(), p.pg.OwnerURL, "b"); err != nil || known {
			t.Errorf("ForgetConsumer() of one that is unknown = %t, %v", known, err)
		}
	})
	t.Run("row_that_was_handled_in_part_stays", func(t *testing.T) {
		t.Parallel()
		p := newPruning(t)
		book := p.events(3, 0)
		p.do(`DELETE FROM outbox WHERE book_id = $1 AND last_seq = 2`, book)
		p.do(`
			UPDATE outbox SET first_seq = 2, journal_ids = journal_ids || journal_ids, types = types || types, wallet_ids = wallet_ids || wallet_ids
			WHERE book_id = $1 AND last_seq = 3`, book)
		p.advance("a", book, 2)
		p.prune(keep)
		p.wantLeft(book, 3, 1)
	})
	t.Run("without_consumers_age_decides_over_many_slices", func(t *testing.T) {
		t.Parallel()
		p := newPruning(t)
		book := p.events(2500, 20)
		if got := p.prune(postgres.Retention{OutboxDays: 7, KeysDays: 400, DryRun: true}); got.OutboxRows != 2500 {
			t.Errorf("a dry run counted %+v, want 2,500 rows", got)
		}
		if got := p.prune(keep); got.OutboxRows != 2500 {
			t.Errorf("pruned %+v, want 2,500 rows", got)
		}
		p.wantLeft(book, 2501, 20)
	})
}

// TestPruneBesideAConsumer prunes before and after every slice of a consumer, which
// finds nothing but the outbox to read from: a row gone too early would be a gap.
func TestPruneBesideAConsumer(t *testing.T) {
	t.Parallel()
	p := newPruning(t)
	book := p.events(3000, 0)
	if err := p.source.Register(t.Context(), "slow"); err != nil {
		t.Fatal(err)
	}
	pruned := int64(0)
	handled := int64(0)
	c := outbox.Consumer{Name: "slow", Source: p.source, Limit: 700, Handle: func(_ context.Context, events []outbox.Event) error {
		pruned += p.prune(keep).OutboxRows
		if pruned != handled {
			t.Errorf("%d rows were pruned with the checkpoint at %d", pruned, handled)
		}
		handled += int64(len(events))
		return nil
	}}
	if n, err := c.CatchUp(t.Context()); err != nil || n != 3000 {
		t.Errorf("CatchUp() = %d, %v, want 3,000", n, err)
	}
	p.prune(keep)
	p.wantLeft(book, 0, 0)
}

// TestPruneRacesAConsumer is the same with both at full speed.
func TestPruneRacesAConsumer(t *testing.T) {
	t.Parallel()
	p := newPruning(t)
	book := p.events(2000, 0)
	if err := p.source.Register(t.Context(), "racing"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	runs := make(chan int, 1)
	go func() {
		n := 0
		for done := false; !done; n++ {
			select {
			case <-ended:
				done = true
			default:
			}
			if _, err := postgres.Prune(t.Context(), p.pg.OwnerURL, keep); err != nil {
				t.Error(err)
				done = true
			}
		}
		runs <- n
	}()
	c := outbox.Consumer{Name: "racing", Source: p.source, Limit: 11, Handle: func(context.Context, []outbox.Event) error { return nil }}
	if n, err := c.CatchUp(t.Context()); err != nil || n != 2000 {
		t.Errorf("CatchUp() = %d, %v, want 2,000", n, err)
	}
	close(ended)
	if n := <-runs; n < 2 {
		t.Errorf("pruned %d times, too few for a race", n)
	}
	p.wantLeft(book, 0, 0)
}

// keys adds idempotency keys of an age to a book.
func (p *pruning) keys(book ledger.BookID, count, days, seconds int) {
	p.t.Helper()
	p.do(`
		INSERT INTO idempotency_keys (book_id, principal, mutation, owner_id, key, fingerprint, command_id, seq, decided_at)
		SELECT $1::integer, 'test', 'TEST', gen_random_uuid(), repeat('k', 200), '\x01', gen_random_uuid(), n, now() - make_interval(secs => 86400 * $3::integer + $4::integer)
		FROM generate_series(1, $2::integer) AS n`, book, count, days, seconds)
}

func TestPruneKeys(t *testing.T) {
	t.Parallel()
	t.Run("only_those_over_the_age_go", func(t *testing.T) {
		t.Parallel()
		p := newPruning(t)
		book := p.open()
		p.do(`INSERT INTO once_keys (book_id, once_key, journal_id) VALUES ($1, 'ever', gen_random_uuid())`, book)
		for _, age := range []struct{ days, seconds int }{{401, 0}, {0, 0}, {400, 1}, {400, -600}, {1000, 0}, {1, 0}} {
			p.keys(book, 2, age.days, age.seconds)
		}
		if got := p.prune(postgres.Retention{OutboxDays: 7, KeysDays: 400, DryRun: true}); got.Keys != 6 {
			t.Errorf("a dry run counted %+v, want 6 keys", got)
		}
		if got := p.prune(postgres.Retention{OutboxDays: 7, KeysDays: 500}); got.Keys != 2 {
			t.Errorf("with 500 days pruned %+v, want 2 keys", got)
		}
		if got := p.prune(keep); got.Keys != 4 {
			t.Errorf("with 400 days pruned %+v, want 4 keys", got)
		}
		var left, once int
		if err := p.super.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM once_keys)`).Scan(&left, &once); err != nil {
			t.Fatal(err)
		}
		if left != 6 || once != 1 {
			t.Errorf("%d keys and %d once keys are left, want 6 and 1", left, once)
		}
	})
	t.Run("found_on_every_page_of_the_table", func(t *testing.T) {
		t.Parallel()
		p := newPruning(t)
		book := p.open()
		for range 5 { // about 130 pages each, so that slices of 128 have several to cross
			p.keys(book, 3000, 500, 0)
			p.keys(book, 10, 5, 0)
		}
		if got := p.prune(keep); got.Keys != 15000 {
			t.Errorf("pruned %+v, want 15,000 keys", got)
		}
		if got := p.prune(keep); got.Keys != 0 {
			t.Errorf("again pruned %+v", got)
		}
	})
}

func TestPruneRefuses(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, c := range map[string]struct {
		url  string
		keep postgres.Retention
		says string
	}{
		"keys_of_less_than_400_days":       {db.OwnerURL, postgres.Retention{OutboxDays: 7, KeysDays: 399}, "at least 400 days"},
		"outbox_of_no_day":                 {db.OwnerURL, postgres.Retention{OutboxDays: 0, KeysDays: 400}, "at least 1 day"},
		"role_that_may_delete_nothing":     {db.AppURL, keep, "permission denied"},
		"url_that_is_none":                 {"postgres://%zz", keep, "parse"},
		"database_that_is_away_at_connect": {"postgres:///none?host=/nowhere", keep, "connect as the owner role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pruned, err := postgres.Prune(t.Context(), c.url, c.keep)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Prune() = %v, want %q", err, c.says)
			}
			if diff := cmp.Diff(postgres.Pruned{}, pruned); diff != "" {
				t.Errorf("pruned (-want +got):\n%s", diff)
			}
		})
	}
}
