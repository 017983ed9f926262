package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"purser/internal/postgres"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// TestReadIsOneSnapshotWithoutLock reads a book whose head another session has
// locked.
func TestReadIsOneSnapshotWithoutLock(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	account := h.account("available", ledgertest.ClassAvailable, h.id("wallet"))
	h.write(noon, func(w *ledger.Writes) { w.Opened = []ledger.Account{account} })
	var isolation, readOnly string
	h.store.Register("isolation", func(batch *pgx.Batch, _ ledger.BookID, _ []string, _ func(string, any)) {
		batch.Queue("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')").QueryRow(func(row pgx.Row) error {
			return row.Scan(&isolation, &readOnly)
		})
	}, nil)
	holder := connect(t, h.pg.SuperURL)
	if _, err := holder.Exec(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "SELECT seq FROM book_heads WHERE book_id = $1 FOR UPDATE", h.book); err != nil {
		t.Fatal(err)
	}
	before := h.snapshot(t, h.book)
	state := h.read(ledger.Needs{Accounts: []ledger.ID{account.ID}, Rows: []ledger.RowID{{Kind: "isolation", ID: "x"}}})
	if isolation != "repeatable read" || readOnly != "on" {
		t.Errorf("the transaction is %s, read only %s", isolation, readOnly)
	}
	if state.Now != noon || state.DatabaseTime.IsZero() || state.Accounts[account.ID] == nil {
		t.Errorf("read %+v", state)
	}
	if diff := ledgertest.Diff(before, h.snapshot(t, h.book)); diff != "" {
		t.Errorf("reading changed the book:\n%s", diff)
	}
}

// TestReadOfNoBook fails: a book that is missing is no empty book.
func TestReadOfNoBook(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	state, err := h.store.Read(t.Context(), &ledger.Needs{Book: h.book + 1, Clock: noon})
	if !errors.Is(err, pgx.ErrNoRows) || state != nil {
		t.Errorf("got %v, %v; want %v", state, err, pgx.ErrNoRows)
	}
}

// TestUnsealed hands over the leaves of journals that were written without a link,
// until a batch links them.
func TestUnsealed(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	var want []ledger.Hash
	var hasher ledger.Hasher
	post := func(w *ledger.Writes) {
		j := h.journal(w, ledger.DateOf(noon))
		posting := ledger.Posting{Debit: newID(), Credit: newID(), Commodity: ledger.CNX, Amount: 5, DebitVersion: 1, CreditVersion: 2}
		movement := ledger.Movement{Lot: newID(), Account: posting.Credit, Hold: newID(), Quantity: 5, Basis: 4, Tax: 1, Money: ledger.EUR}
		w.Journals = append(w.Journals, j)
		w.Postings = append(w.Postings, ledger.JournalPosting{Journal: j.ID, Posting: posting})
		w.Movements = append(w.Movements, ledger.JournalMovement{Journal: j.ID, Movement: movement})
		want = append(want, hasher.Leaf(&j, []ledger.Posting{posting}, []ledger.Movement{movement}))
	}
	h.write(noon, func(w *ledger.Writes) { post(w); post(w) })
	h.write(noon, post)
	got := h.read(ledger.Needs{})
	if diff := cmp.Diff(want, got.Unsealed); diff != "" || got.Hash != (ledger.Hash{}) {
		t.Errorf("the head is %x; the leaves behind it: want, got:\n%s", got.Hash, diff)
	}
	hash := ledger.Hash{1, 2, 3}
	h.write(noon, func(w *ledger.Writes) { post(w); w.Root, w.Hash = ledger.Hash{4}, hash })
	if got = h.read(ledger.Needs{}); len(got.Unsealed) != 0 || got.Hash != hash {
		t.Errorf("after a link the head is %x, and %d leaves are behind it", got.Hash, len(got.Unsealed))
	}
	links := h.snapshot(t, h.book).Links
	if diff := cmp.Diff([]ledgertest.Link{{LastSeq: 4, Root: ledger.Hash{4}, Hash: hash}}, links); diff != "" {
		t.Errorf("links: want, got:\n%s", diff)
	}
}

// TestUnsealedTooLong refuses to hash in a batch what would hold the lock for long.
func TestUnsealedTooLong(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	h.do("UPDATE book_heads SET seq = $2 WHERE book_id = $1", h.book, postgres.UnsealedMax+1)
	err := h.store.Batch(t.Context(), &ledger.Needs{Book: h.book, Clock: noon}, func(*ledger.State) (*ledger.Writes, error) {
		t.Error("the batch was folded")
		return nil, nil
	})
	if err == nil || errors.Is(err, ledger.ErrRetry) || !strings.Contains(err.Error(), "purser migrate") {
		t.Errorf("got %v, want an error that says what to run", err)
	}
}

// TestOutboxRows stores one row per batch that has journals.
func TestOutboxRows(t *testing.T) {
	t.Parallel()
	h := newHandmade(t)
	wallet := h.id("wallet")
	var ids []ledger.ID
	h.write(noon, func(w *ledger.Writes) {
		for _, owner := range []ledger.ID{wallet, ledger.NilID} {
			j := h.journal(w, ledger.DateOf(noon))
			j.Wallet, j.Type = owner, "TYPE-"+h.names[owner]
			w.Journals, ids = append(w.Journals, j), append(ids, j.ID)
		}
	})
	h.write(noon, func(*ledger.Writes) {})
	var rows, first, last int64
	var journals, wallets []ledger.ID
	var types []string
	err := h.super.QueryRow(t.Context(), `SELECT count(book_id) OVER (), first_seq, last_seq, journal_ids, wallet_ids, types FROM outbox WHERE book_id = $1`, h.book).
		Scan(&rows, &first, &last, &journals, &wallets, &types)
	if err != nil {
		t.Fatal(err)
	}
	if rows != 1 || first != 1 || last != 2 {
		t.Errorf("%d rows, the first of seqs %d to %d; want one of 1 to 2", rows, first, last)
	}
	got := []any{journals, wallets, types}
	if diff := cmp.Diff([]any{ids, []ledger.ID{wallet, ledger.NilID}, []string{"TYPE-wallet", "TYPE--"}}, got); diff != "" {
		t.Errorf("want, got:\n%s", diff)
	}
}
