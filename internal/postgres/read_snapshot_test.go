package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"purser/internal/wallet"
	"purser/ledger"
)

// TestPageIsOneSnapshot lets a writer commit between two statements of a page:
// the later one answers as the earlier one did.
func TestPageIsOneSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	granted := w.grant(ref, 100, ledger.OriginPlan, time.Time{})
	writer, locker := connect(t, w.pg.SuperURL), connect(t, w.pg.SuperURL)
	balance := wallet.BalanceQuery{AsOf: began.AddDate(1, 0, 0)} // reads no lot, as history without lots does not
	history := wallet.TransactionsQuery{Limit: 10}
	request := wallet.PageRequest{
		Refs: []wallet.Ref{ref}, Balances: []wallet.BalanceQuery{balance}, Lots: []wallet.LotsQuery{{Limit: 10}},
		Transactions: []wallet.TransactionsQuery{history},
	}
	w.page(owner, request) // prepares its statements, which the lock would hold up before the snapshot
	lock, err := locker.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), `LOCK TABLE lots IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		page *wallet.Page
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		page, err := w.reader.Page(t.Context(), owner, request)
		answered <- answer{page, err}
	}()
	for waits := false; !waits; {
		if err := writer.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'lots'::regclass AND NOT granted)`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	fillHistory(t, writer, ref, 3)
	if err := lock.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-answered
	if got.err != nil {
		t.Fatal(got.err)
	}
	rows := sectionOf[wallet.TransactionPage](t, got.page, ref, history).Transactions
	if len(rows) != 1 || rows[0].Journal != granted || rows[0].RunningBalance != sectionOf[wallet.Balance](t, got.page, ref, balance).Posted {
		t.Errorf("the history shows what was committed after the balance was read: %+v", rows)
	}
	if now := section[wallet.TransactionPage](w, owner, ref, history).Transactions; len(now) != 4 {
		t.Errorf("the next page has %d rows, want 4", len(now))
	}
}

// TestPagesUnderWriters walks a history while it grows: no row twice, none left
// out (I19), and what one page shows agrees.
func TestPagesUnderWriters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 1000, ledger.OriginPlan, time.Time{})
	for range 30 {
		w.spend(owner, ref, 1)
	}
	before := journalsOf(w.historyOf(owner, ref, wallet.TransactionsQuery{Limit: 100}, false))
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			result, err := w.service.Spend(t.Context(), owner, wallet.Spend{
				Key: fmt.Sprintf("writer-%d", i), Wallet: ref, Quantity: 1, Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: uuid.NewString()},
			})
			if err != nil || result.Outcome.Refusal != nil {
				stopped <- errors.Join(err, result.Outcome.Refusal)
				return
			}
		}
	}()
	for range 10 {
		query := wallet.TransactionsQuery{Limit: 7}
		request := wallet.PageRequest{Refs: []wallet.Ref{ref}, Balances: []wallet.BalanceQuery{{}}, Transactions: []wallet.TransactionsQuery{query}}
		page := w.page(owner, request)
		newest := sectionOf[wallet.TransactionPage](t, page, ref, query).Transactions[0]
		if balance := sectionOf[wallet.Balance](t, page, ref, wallet.BalanceQuery{}); balance.Available != newest.RunningBalance {
			t.Errorf("available %d beside a newest running balance of %d", balance.Available, newest.RunningBalance)
		}
		walked := journalsOf(w.historyOf(owner, ref, query, false))
		if !slices.Equal(walked[len(walked)-len(before):], before) {
			t.Error("the walk does not end with the history that was there")
		}
		seen := map[ledger.ID]bool{}
		for _, journal := range walked {
			if seen[journal] {
				t.Errorf("the walk shows %s twice", journal)
			}
			seen[journal] = true
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
