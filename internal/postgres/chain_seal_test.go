package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/ledger"
)

// unseal makes the chain end after the journal of one seq, as if an older version
// had written the rest.
func (c *chained) unseal(after int64) {
	c.t.Helper()
	c.exec(`DELETE FROM checkpoints WHERE seq > $1`, after)
	c.exec(`UPDATE batches SET root = NULL, hash = NULL WHERE last_seq > $1`, after)
	c.exec(`UPDATE book_heads h SET hashed_seq = coalesce((SELECT max(b.last_seq) FROM batches b WHERE b.book_id = h.book_id AND b.root IS NOT NULL), 0),
		hash = (SELECT b.hash FROM batches b WHERE b.book_id = h.book_id AND b.root IS NOT NULL ORDER BY b.last_seq DESC LIMIT 1)`)
}

func TestSealChain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                string
		after, link, locked int64
	}{
		{"from_the_beginning_at_once", 0, 10_000, 1000},
		{"in_small_links", 0, 3, 0},
		{"after_a_link", 2, 4, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newChained(t)
			whole := h.verify()
			h.unseal(c.after)
			if got := h.verify(); !got.OK() || got.Unlinked == 0 || got.Unlinked+got.Journals != whole.Journals {
				t.Fatalf("unsealed: got %+v of %+v", got, whole)
			}
			owner := h.open(h.owner)
			told := int64(0)
			for range 2 { // the second finds nothing to do
				if err := owner.SealChainBy(t.Context(), c.link, c.locked, func(ledger.BookID, int64, int64) { told++ }); err != nil {
					t.Fatal(err)
				}
			}
			got := h.verify()
			if !got.OK() || got.Unlinked != 0 || got.Journals != whole.Journals || told == 0 {
				t.Errorf("got %+v after %d links", got, told)
			}
			if atOnce := c.link > whole.Journals; atOnce != (got.Links <= int64(len(h.books()))) {
				t.Errorf("%d journals are under %d links", got.Journals, got.Links)
			}
		})
	}
	t.Run("beside_writers", func(t *testing.T) {
		t.Parallel()
		h := newChained(t)
		h.unseal(0)
		owner := h.open(h.owner)
		var writers sync.WaitGroup
		for range 2 {
			writers.Go(func() { h.write(40) })
		}
		err := owner.SealChainBy(t.Context(), 2, 1, nil)
		writers.Wait()
		if got := h.verify(); err != nil || !got.OK() || got.Unlinked != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("application_may_not", func(t *testing.T) {
		t.Parallel()
		h := newChained(t)
		h.unseal(0)
		if err := h.db.SealChain(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "only the role that owns the tables") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("missing_journal_is_not_sealed_over", func(t *testing.T) {
		t.Parallel()
		h := newChained(t)
		h.unseal(0)
		h.exec(`DELETE FROM journals WHERE seq = 2`)
		if err := h.open(h.owner).SealChain(t.Context(), nil); !errors.Is(err, postgres.ErrChainBroken) {
			t.Errorf("got %v, want ErrChainBroken", err)
		}
	})
	t.Run("empty_database", func(t *testing.T) {
		t.Parallel()
		db, err := postgres.Open(t.Context(), pgtest.New(t).OwnerURL, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		if err := db.SealChain(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if n, err := db.SignCheckpoints(t.Context(), chainKey, time.Now()); n != 0 || err != nil {
			t.Errorf("signed %d, %v", n, err)
		}
	})
}

func (c *chained) open(url string) *postgres.DB {
	c.t.Helper()
	db, err := postgres.Open(c.t.Context(), url, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(db.Close)
	return db
}
