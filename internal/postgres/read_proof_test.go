package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/postgres"
)

// A proof that a page began is completed to the one that is made at once, unless it
// has more links than asked for, and never past a link that is missing.
func TestWholeProof(t *testing.T) {
	t.Parallel()
	c := newChained(t)
	c.exec(`DELETE FROM checkpoints`)
	c.write(4)
	c.sign()
	book, err := c.db.BookOfJournal(t.Context(), c.spend)
	if err != nil {
		t.Fatal(err)
	}
	want, err := c.prove(c.spend)
	if err != nil || len(want.Links) < 3 {
		t.Fatalf("%d links, %v: want 3 or more to tell limits apart", len(want.Links), err)
	}
	reader := c.db.NewReader(time.Now)
	begun, found, err := reader.Inclusion(t.Context(), book, c.spend)
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	got, fits, err := reader.WholeProof(t.Context(), begun, len(want.Links))
	if err != nil || !fits {
		t.Fatalf("fits %v, %v", fits, err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(begun.Links) != 1 {
		t.Errorf("%d links in what was begun; whole (-at once +completed):\n%s", len(begun.Links), diff)
	}
	if _, fits, err := reader.WholeProof(t.Context(), begun, len(want.Links)-1); fits || err != nil {
		t.Errorf("one link too many: fits %v, %v", fits, err)
	}
	c.exec(`UPDATE batches SET root = NULL, hash = NULL WHERE book_id = $1 AND last_seq = $2`, book, want.Links[1].Seq)
	if _, _, err := reader.WholeProof(t.Context(), begun, len(want.Links)); !errors.Is(err, postgres.ErrChainBroken) {
		t.Errorf("without a link: %v, want ErrChainBroken", err)
	}
}
