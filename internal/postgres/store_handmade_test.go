package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"purser/internal/postgres"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// noon is when handmade books are read, unless a test says otherwise.
var noon = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)

// handmade is a book whose rows a test writes through a Store, without a ledger that
// decides them: what a statement reads can be told apart from what a fold does.
type handmade struct {
	*books
	book  ledger.BookID
	store *postgres.Store
	names map[ledger.ID]string
}

func newHandmade(t *testing.T) *handmade {
	t.Helper()
	b := newBooks(t)
	store := openDB(t, b.pg.AppURL).NewStoreWith(ledgertest.Rules(), postgres.StoreOptions{ReadAlways: true})
	return &handmade{books: b, book: b.open(), store: store, names: map[ledger.ID]string{ledger.NilID: "-"}}
}

// id makes an id that summaries show by a name.
func (h *handmade) id(name string) ledger.ID {
	id := newID()
	h.names[id] = name
	return id
}

// account makes an account of a wallet; write opens it.
func (h *handmade) account(name, class string, owner ledger.ID) ledger.Account {
	return ledger.Account{ID: h.id(name), Code: strings.ReplaceAll(class, "*", owner.String()), Class: class, Commodity: ledger.CNX, Owner: owner}
}

func (h *handmade) lot(name string, wallet ledger.ID, expires time.Time) ledger.Lot {
	return ledger.Lot{ID: h.id(name), Wallet: wallet, Origin: ledger.OriginPromo, Granted: 100, Remaining: 100, ExpiresAt: expires, Jurisdiction: "NP"}
}

// write stores a batch at an instant. Its journals get their seqs and their time.
func (h *handmade) write(at time.Time, fill func(*ledger.Writes)) *ledger.Writes {
	h.t.Helper()
	w := &ledger.Writes{Book: h.book}
	err := h.store.Batch(h.t.Context(), &ledger.Needs{Book: h.book, Clock: at}, func(s *ledger.State) (*ledger.Writes, error) {
		w.FirstSeq, w.PostedAt = s.Seq+1, s.Now
		fill(w)
		w.LastSeq = s.Seq + int64(len(w.Journals))
		return w, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return w
}

// journal returns the next journal of a batch that is being filled.
func (h *handmade) journal(w *ledger.Writes, bookedOn ledger.Date) ledger.Journal {
	return ledger.Journal{
		ID: newID(), Book: h.book, Seq: w.FirstSeq + int64(len(w.Journals)), Template: "HANDMADE", TemplateVersion: 1, Type: "HANDMADE",
		EffectiveAt: w.PostedAt, BookedOn: bookedOn, PostedAt: w.PostedAt, InitiatedBy: "test",
	}
}

func (h *handmade) read(needs ledger.Needs) *ledger.State {
	h.t.Helper()
	needs.Book = h.book
	if needs.Clock.IsZero() {
		needs.Clock = noon
	}
	state, err := h.store.Read(h.t.Context(), &needs)
	if err != nil {
		h.t.Fatal(err)
	}
	return state
}

// want compares what of lots and holds is in a state with lines, in any order.
func (h *handmade) want(t *testing.T, what string, s *ledger.State, want ...string) {
	t.Helper()
	want = slices.Clone(want)
	slices.Sort(want)
	if diff := cmp.Diff(want, h.summary(s), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: want, got:\n%s", what, diff)
	}
}

// summary says by name what of lots and holds is in a state.
func (h *handmade) summary(s *ledger.State) []string {
	var lines []string
	for id := range s.Accounts {
		lines = append(lines, "account "+h.names[id])
	}
	for id := range s.Holds {
		lines = append(lines, "hold "+h.names[id])
	}
	for id, units := range s.HeldElsewhere {
		lines = append(lines, fmt.Sprintf("held elsewhere of %s: %d", h.names[id], units))
	}
	for id, units := range s.ExpiredElsewhere {
		lines = append(lines, fmt.Sprintf("expired elsewhere in %s: %d", h.names[id], units))
	}
	for _, places := range s.Places {
		for _, p := range places {
			lines = append(lines, fmt.Sprintf("%s has %d of %s for %s", h.names[p.Account], p.Quantity, h.names[p.Lot], h.names[p.Hold]))
		}
	}
	slices.Sort(lines)
	return lines
}
