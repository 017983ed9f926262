package postgres_test

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"purser/internal/postgres"
	"purser/ledger"
)

func (c *chained) sign() int {
	c.t.Helper()
	signed, err := c.db.SignCheckpoints(c.t.Context(), chainKey, time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return signed
}

// ids are the journals, oldest first.
func (c *chained) ids() []ledger.ID {
	c.t.Helper()
	rows, err := c.as.Query(c.t.Context(), `SELECT journal_id FROM journals ORDER BY book_id, seq`)
	if err != nil {
		c.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[ledger.ID])
	if err != nil {
		c.t.Fatal(err)
	}
	return ids
}

func (c *chained) prove(id ledger.ID) (*ledger.Proof, error) {
	c.t.Helper()
	book, err := c.db.BookOfJournal(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.db.Proof(c.t.Context(), book, id)
}

func TestProof(t *testing.T) {
	t.Parallel()
	key := chainKey.Public().(ed25519.PublicKey) //nolint:forcetypeassert // of crypto/ed25519
	t.Run("every_journal_is_proven", func(t *testing.T) {
		t.Parallel()
		c := newChained(t)
		c.unseal(0)
		if err := c.open(c.owner).SealChainBy(t.Context(), 4, 2, nil); err != nil {
			t.Fatal(err)
		}
		c.write(3)
		c.sign()
		for _, id := range c.ids() {
			proof, err := c.prove(id)
			if err != nil {
				t.Fatal(err)
			}
			proven, err := proof.Verify(key)
			if err != nil || proven.Journal.ID != id {
				t.Errorf("journal %s: got %+v, %v", id, proven, err)
			}
		}
	})
	t.Run("nothing_is_signed_yet", func(t *testing.T) {
		t.Parallel()
		c := newChained(t)
		ids := c.ids()
		c.exec(`DELETE FROM checkpoints`)
		proof, err := c.prove(ids[len(ids)-1])
		if err != nil || proof.Checkpoint != nil || len(proof.Links) != 1 {
			t.Fatalf("got %+v, %v", proof, err)
		}
		if _, err := proof.Inclusion(); err != nil {
			t.Error(err)
		}
		if _, err := proof.Verify(key); !errors.Is(err, ledger.ErrNotProven) {
			t.Errorf("got %v, want ErrNotProven", err)
		}
	})
	t.Run("not_linked_yet", func(t *testing.T) {
		t.Parallel()
		c := newChained(t)
		c.unseal(0)
		if _, err := c.prove(c.ids()[0]); !errors.Is(err, postgres.ErrNotLinked) {
			t.Errorf("got %v, want ErrNotLinked", err)
		}
	})
	t.Run("a_page_reads_its_own_link_alone", func(t *testing.T) {
		t.Parallel()
		c := newChained(t)
		reader := c.db.NewReader(time.Now)
		book, err := c.db.BookOfJournal(t.Context(), c.spend)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := c.prove(c.spend)
		if err != nil {
			t.Fatal(err)
		}
		got, found, err := reader.Inclusion(t.Context(), book, c.spend)
		if err != nil || !found {
			t.Fatalf("found %v, %v", found, err)
		}
		whole.Links = whole.Links[:1]
		if diff := cmp.Diff(whole, got); diff != "" {
			t.Error(diff)
		}
		if _, found, err := reader.Inclusion(t.Context(), book, ledger.ID(uuid.New())); found || err != nil {
			t.Errorf("of no journal: found %v, %v", found, err)
		}
		c.unseal(0)
		if _, found, err := reader.Inclusion(t.Context(), book, c.spend); found || err != nil {
			t.Errorf("without a link: found %v, %v", found, err)
		}
	})
	t.Run("no_such_journal", func(t *testing.T) {
		t.Parallel()
		c := newChained(t)
		if _, err := c.db.BookOfJournal(t.Context(), ledger.ID(uuid.New())); !errors.Is(err, postgres.ErrNoJournal) {
			t.Errorf("got %v, want ErrNoJournal", err)
		}
		if _, err := c.db.Proof(t.Context(), 0, ledger.ID(uuid.New())); !errors.Is(err, postgres.ErrNoJournal) {
			t.Errorf("got %v, want ErrNoJournal", err)
		}
	})
	for name, statement := range map[string]string{
		"changed_row":        `UPDATE journals SET initiated_by = 'x'`,
		"changed_link":       `UPDATE batches SET hash = sha256(hash)`,
		"changed_checkpoint": `UPDATE checkpoints SET hash = sha256(hash)`,
		"links_cut_off":      `UPDATE checkpoints SET seq = seq + 1000`,
	} {
		t.Run(name+"_proves_nothing", func(t *testing.T) {
			t.Parallel()
			c := newChained(t)
			c.sign()
			c.exec(statement)
			if _, err := c.prove(c.spend); !errors.Is(err, postgres.ErrChainBroken) {
				t.Errorf("got %v, want ErrChainBroken", err)
			}
		})
	}
}

func TestSignCheckpoints(t *testing.T) {
	t.Parallel()
	t.Run("only_heads_that_changed", func(t *testing.T) {
		t.Parallel()
		c := newChained(t)
		if got := c.sign(); got == 0 {
			t.Error("what was written since was not signed")
		}
		if got := c.sign(); got != 0 {
			t.Errorf("signed %d heads again", got)
		}
		last, err := c.db.LastCheckpoints(t.Context())
		if err != nil || len(last) != len(c.books()) {
			t.Fatalf("got %+v, %v, want one of each of %v", last, err, c.books())
		}
		for _, checkpoint := range last {
			if !checkpoint.Valid() {
				t.Errorf("%s is not valid", &checkpoint)
			}
		}
		var all []ledger.Checkpoint
		if err := c.db.Checkpoints(t.Context(), func(slice []ledger.Checkpoint) error { all = append(all, slice...); return nil }); err != nil {
			t.Fatal(err)
		}
		if want := c.count(`SELECT count(*) FROM checkpoints`); int64(len(all)) != want || want <= int64(c.signed) {
			t.Errorf("got %d checkpoints, want %d", len(all), want)
		}
	})
	for name, statement := range map[string]string{
		"another_chain":   `UPDATE batches SET hash = sha256(hash)`,
		"link_gone":       `DELETE FROM batches b USING checkpoints c WHERE c.book_id = b.book_id AND c.seq = b.last_seq`,
		"another_head":    `UPDATE book_heads SET hash = sha256(hash)`,
		"chain_cut_short": `UPDATE book_heads SET hashed_seq = 1 WHERE hashed_seq > 1`,
	} {
		t.Run(name+"_is_not_signed", func(t *testing.T) {
			t.Parallel()
			c := newChained(t)
			before := c.count(`SELECT count(*) FROM checkpoints`)
			c.exec(statement)
			signed, err := c.db.SignCheckpoints(t.Context(), chainKey, time.Now())
			if !errors.Is(err, postgres.ErrChainBroken) || signed != 0 || c.count(`SELECT count(*) FROM checkpoints`) != before {
				t.Errorf("got %d, %v, want ErrChainBroken", signed, err)
			}
		})
	}
}
