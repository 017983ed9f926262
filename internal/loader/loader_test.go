package loader_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/loader"
	"purser/internal/wallet"
	"purser/ledger"
)

// shelf is a reader that knows some objects and remembers what it was asked.
type shelf struct {
	mu       sync.Mutex
	pages    []wallet.PageRequest
	journals [][]wallet.JournalRef
	lots     [][]wallet.LotRef
	history  [][]wallet.TransactionRef
	ads      []campaign.PageRequest
	callers  []domain.Caller
	fail     error
	broken   bool
}

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func id(n byte) ledger.ID { return ledger.ID{15: n} }

func ref(n byte) wallet.Ref { return wallet.Ref{Book: 1, ID: id(n)} }

// known objects have an odd number.
func known(id ledger.ID) bool { return id[15]%2 == 1 }

func (s *shelf) Page(_ context.Context, caller domain.Caller, request wallet.PageRequest) (*wallet.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages, s.callers = append(s.pages, request), append(s.callers, caller)
	if s.broken {
		panic("a page without a reader")
	}
	page := &wallet.Page{Now: now, Sections: map[wallet.SectionKey]any{}}
	for _, ref := range request.Refs {
		if !known(ref.ID) {
			continue
		}
		page.Wallets = append(page.Wallets, wallet.Wallet{Ref: ref, Entries: int64(ref.ID[15])})
		for _, query := range request.Expiring {
			page.Sections[wallet.SectionKey{Wallet: ref, Query: query}] = wallet.Expiring{Total: int64(ref.ID[15]) * int64(query.WithinDays)}
		}
		for _, query := range request.Balances {
			page.Sections[wallet.SectionKey{Wallet: ref, Query: query}] = wallet.Balance{Posted: int64(ref.ID[15])}
		}
	}
	return page, s.fail
}

func (s *shelf) Lots(_ context.Context, _ domain.Caller, refs []wallet.LotRef) ([]wallet.LotOfWallet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lots = append(s.lots, refs)
	var found []wallet.LotOfWallet
	for i := len(refs) - 1; i >= 0; i-- { // in no particular order
		if known(refs[i].ID) {
			found = append(found, wallet.LotOfWallet{Lot: wallet.Lot{Lot: ledger.Lot{ID: refs[i].ID}, Book: refs[i].Book}})
		}
	}
	return found, s.fail
}

func (s *shelf) Transactions(_ context.Context, _ domain.Caller, refs []wallet.TransactionRef) ([]wallet.TransactionOfWallet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, refs)
	var found []wallet.TransactionOfWallet
	for i := len(refs) - 1; i >= 0; i-- {
		if known(refs[i].Journal) {
			found = append(found, wallet.TransactionOfWallet{Transaction: wallet.Transaction{TransactionRef: refs[i]}})
		}
	}
	return found, s.fail
}

func (s *shelf) Journals(_ context.Context, refs []wallet.JournalRef) ([]wallet.JournalDetail, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journals = append(s.journals, refs)
	var found []wallet.JournalDetail
	for i := len(refs) - 1; i >= 0; i-- {
		if known(refs[i].ID) {
			found = append(found, wallet.JournalDetail{Journal: ledger.Journal{Book: refs[i].Book, ID: refs[i].ID}})
		}
	}
	return found, s.fail
}

var caller = domain.Caller{Principal: "party:tests"}

func newLoaders(s *shelf) (*loader.Loaders, *loader.Stats) {
	stats := &loader.Stats{}
	return loader.New(s, caller, stats), stats
}

func TestKeysMeetInOneBatch(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	l, stats := newLoaders(s)
	refs := []wallet.JournalRef{{Book: 1, ID: id(5)}, {Book: 1, ID: id(2)}, {Book: 1, ID: id(3)}, {Book: 1, ID: id(5)}}
	found, err := l.Journals(t.Context(), refs)
	if err != nil {
		t.Fatal(err)
	}
	for i, ref := range refs {
		if got := found[i] != nil; got != known(ref.ID) || (got && found[i].ID != ref.ID) {
			t.Errorf("answer %d = %v, want the journal %s if it exists", i, found[i], ref.ID)
		}
	}
	if diff := cmp.Diff([][]wallet.JournalRef{refs[:3]}, s.journals); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	if stats.Batches() != 1 || stats.Keys() != 3 {
		t.Errorf("stats = %d batches of %d keys, want 1 of 3", stats.Batches(), stats.Keys())
	}
}

func TestEachKindAnswersInTheOrderOfKeys(t *testing.T) {
	t.Parallel()
	l, stats := newLoaders(&shelf{})
	lots, err := l.Lots(t.Context(), []wallet.LotRef{{Book: 1, ID: id(4)}, {Book: 1, ID: id(1)}, {Book: 1, ID: id(3)}})
	if err != nil || lots[0] != nil || lots[1].Lot.ID != id(1) || lots[2].Lot.ID != id(3) {
		t.Errorf("lots = %v, %v", lots, err)
	}
	transactions, err := l.Transactions(t.Context(), []wallet.TransactionRef{{Wallet: ref(1), Journal: id(3)}, {Wallet: ref(3), Journal: id(3)}, {Wallet: ref(1), Journal: id(2)}})
	if err != nil || transactions[0].Transaction.Wallet != ref(1) || transactions[1].Transaction.Wallet != ref(3) || transactions[2] != nil {
		t.Errorf("transactions = %v, %v", transactions, err)
	}
	found, err := l.Wallet(t.Context(), ref(3))
	if err != nil || found.Entries != 3 {
		t.Errorf("wallet = %v, %v", found, err)
	}
	if none, err := l.Wallet(t.Context(), ref(2)); none != nil || err != nil {
		t.Errorf("a wallet that is not there = %v, %v", none, err)
	}
	if stats.Batches() != 4 {
		t.Errorf("%d batches, want 4", stats.Batches())
	}
}

func TestSectionsOfManyWalletsAreOnePage(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	l, stats := newLoaders(s)
	var all sync.WaitGroup
	for n := byte(1); n <= 5; n++ {
		for _, query := range []any{wallet.ExpiringQuery{WithinDays: 7}, wallet.BalanceQuery{}} {
			all.Go(func() {
				section, err := l.Section(t.Context(), wallet.SectionKey{Wallet: ref(n), Query: query})
				switch {
				case err != nil:
					t.Error(err)
				case !known(id(n)) && section != nil:
					t.Errorf("wallet %d: %v, want none", n, section)
				case known(id(n)) && (section == nil || !section.Now.Equal(now)):
					t.Errorf("wallet %d: %v, want a section with its instant", n, section)
				}
			})
		}
	}
	all.Wait()
	if stats.Batches() != int64(len(s.pages)) || stats.Batches() > 3 {
		t.Errorf("%d batches made %d pages, want a few", stats.Batches(), len(s.pages))
	}
	for _, got := range s.callers {
		if diff := cmp.Diff(caller, got); diff != "" {
			t.Errorf("read as another caller:\n%s", diff)
		}
	}
}

func TestPrimedKeysRunNoBatch(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	l, stats := newLoaders(s)
	request := wallet.PageRequest{Refs: []wallet.Ref{ref(1), ref(2)}}
	loader.Add(&request, wallet.ExpiringQuery{WithinDays: 7})
	loader.Add(&request, wallet.ExpiringQuery{WithinDays: 7})
	page, err := s.Page(t.Context(), caller, request)
	if err != nil || len(request.Expiring) != 1 {
		t.Fatalf("%d queries, %v", len(request.Expiring), err)
	}
	l.PrimePage(t.Context(), request, page)
	section, err := l.Section(t.Context(), wallet.SectionKey{Wallet: ref(1), Query: wallet.ExpiringQuery{WithinDays: 7}})
	if diff := cmp.Diff(&loader.Section{Value: wallet.Expiring{Total: 7}, Now: now}, section); diff != "" || err != nil {
		t.Errorf("section, %v:\n%s", err, diff)
	}
	if w, err := l.Wallet(t.Context(), ref(2)); w != nil || err != nil {
		t.Errorf("a wallet that the page did not find = %v, %v", w, err)
	}
	lots, transactions, journals := []wallet.LotRef{{ID: id(1)}, {ID: id(2)}}, []wallet.TransactionRef{{Journal: id(1)}, {Journal: id(2)}}, []wallet.JournalRef{{ID: id(1)}, {ID: id(2)}}
	l.PrimeLots(t.Context(), lots, []wallet.LotOfWallet{{Lot: wallet.Lot{Lot: ledger.Lot{ID: id(1)}}}})
	l.PrimeTransactions(t.Context(), transactions, []wallet.TransactionOfWallet{{Transaction: wallet.Transaction{TransactionRef: transactions[0]}}})
	l.PrimeJournals(t.Context(), journals, []wallet.JournalDetail{{Journal: ledger.Journal{ID: id(1)}}})
	if found, err := l.Lots(t.Context(), lots); err != nil || found[0] == nil || found[1] != nil {
		t.Errorf("primed lots = %v, %v", found, err)
	}
	if found, err := l.Transactions(t.Context(), transactions); err != nil || found[0] == nil || found[1] != nil {
		t.Errorf("primed transactions = %v, %v", found, err)
	}
	if found, err := l.Journals(t.Context(), journals); err != nil || found[0] == nil || found[1] != nil {
		t.Errorf("primed journals = %v, %v", found, err)
	}
	if stats.Batches() != 0 {
		t.Errorf("%d batches ran, want none", stats.Batches())
	}
}

// More keys than a page go in batches of a page, and none is lost.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	l, _ := newLoaders(s)
	var refs []wallet.JournalRef
	for n := range 250 {
		refs = append(refs, wallet.JournalRef{Book: 1, ID: ledger.ID{13: byte(n >> 8), 14: byte(n), 15: 1}})
	}
	found, err := l.Journals(t.Context(), refs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		if found[i] == nil || found[i].ID != refs[i].ID {
			t.Fatalf("answer %d = %v, want journal %s", i, found[i], refs[i].ID)
		}
	}
	for _, batch := range s.journals {
		if len(batch) > 100 {
			t.Errorf("a batch of %d keys, want 100 at most", len(batch))
		}
	}
}

func TestErrorsReachEveryKey(t *testing.T) {
	t.Parallel()
	l, _ := newLoaders(&shelf{fail: domain.ErrUnavailable})
	if _, err := l.Journals(t.Context(), []wallet.JournalRef{{ID: id(1)}, {ID: id(3)}}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("journals: %v, want ErrUnavailable", err)
	}
	if _, err := l.Section(t.Context(), wallet.SectionKey{Wallet: ref(1), Query: wallet.BalanceQuery{}}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("section: %v, want ErrUnavailable", err)
	}
	if _, err := l.Wallet(t.Context(), ref(1)); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("wallet: %v, want ErrUnavailable", err)
	}
}

// A panic of a batch is an error with its stack, not the end of the process.
func TestPanicIsAnError(t *testing.T) {
	t.Parallel()
	l, _ := newLoaders(&shelf{broken: true})
	_, err := l.Wallet(t.Context(), ref(1))
	if err == nil || !strings.Contains(err.Error(), "a page without a reader") || !strings.Contains(err.Error(), "goroutine") {
		t.Errorf("error = %v, want the panic with its stack", err)
	}
}

func TestAddKnowsEveryQuery(t *testing.T) {
	t.Parallel()
	var request wallet.PageRequest
	for _, query := range []any{
		wallet.BalanceQuery{}, wallet.LotsQuery{}, wallet.HoldsQuery{}, wallet.LimitsQuery{}, wallet.ExpiringQuery{}, wallet.TransactionsQuery{}, wallet.SpendQuery{},
	} {
		loader.Add(&request, query)
	}
	lists := []int{
		len(request.Balances), len(request.Lots), len(request.Holds), len(request.Limits), len(request.Expiring), len(request.Transactions), len(request.Spend),
	}
	if !slices.Equal(lists, []int{1, 1, 1, 1, 1, 1, 1}) {
		t.Errorf("request = %+v, want each query once", request)
	}
	defer func() {
		if recover() == nil {
			t.Error("a query of nobody's was taken")
		}
	}()
	loader.Add(&request, "balance")
}
