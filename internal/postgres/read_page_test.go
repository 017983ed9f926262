package postgres_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/domain"
	"purser/internal/obs"
	"purser/internal/wallet"
	"purser/ledger"
)

// sectionsOf is a request for every kind of section with pages of a size.
func sectionsOf(limit int) wallet.PageRequest {
	return wallet.PageRequest{
		Balances: []wallet.BalanceQuery{{}, {AsOf: began}, {AsOf: began, Axis: wallet.AxisBooked}},
		Lots:     []wallet.LotsQuery{{Limit: limit}, {Limit: limit, Direction: wallet.Backward}, {Limit: limit, State: wallet.LotActive}},
		Expiring: []wallet.ExpiringQuery{{WithinDays: 30}},
		Transactions: []wallet.TransactionsQuery{
			{Limit: limit, WithLots: true, WithLinks: true}, {Limit: limit, Direction: wallet.Backward},
		},
		Spend: []wallet.SpendQuery{{From: began.Add(-time.Hour), To: began.Add(time.Hour)}},
	}
}

// counted reads a page and returns the statements that it took.
func counted(t *testing.T, w *world, caller domain.Caller, request wallet.PageRequest) (*wallet.Page, []string) {
	t.Helper()
	ctx, counter := obs.WithCounter(t.Context())
	page, err := w.reader.Page(ctx, caller, request)
	if err != nil {
		t.Fatal(err)
	}
	if got := counter.RoundTrips(); got != 1 {
		t.Errorf("the page took %d round trips, want 1", got)
	}
	return page, counter.Names()
}

func TestPageStatements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	organisations := 50
	agent := member(newID(), "AGENCY_ADMIN")
	var refs []wallet.Ref
	for range organisations {
		organisation := newID()
		ref := w.open(organisation, wallet.KindAgency, "UTC")
		w.join(organisation, agent.Party, "AGENCY_ADMIN", true)
		w.grant(ref, 10, ledger.OriginPlan, time.Time{})
		refs = append(refs, ref)
	}
	for range 120 {
		w.spend(agent, w.granted(refs[0]), 1)
	}
	want := []string{
		"begin_snapshot", "page_wallets", "page_balance", "page_balance_posted", "page_balance_booked", "page_lots", "page_lots_backward",
		"page_lots", "page_expiring", "page_history", "page_history_backward", "page_spend", "end_snapshot",
	}
	for _, limit := range []int{1, 10, 100} {
		request := sectionsOf(limit)
		request.Refs = refs[:1]
		page, names := counted(t, w, agent, request)
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("one wallet, pages of %d (-want +got):\n%s", limit, diff)
		}
		if got := len(sectionOf[wallet.TransactionPage](t, page, refs[0], request.Transactions[0]).Transactions); got != limit {
			t.Errorf("page of %d has %d rows", limit, got)
		}
	}
	several := slices.Clone(want)
	several[9], several[10] = "page_histories", "page_histories_backward"
	for _, limit := range []int{1, 10, 100} {
		request := sectionsOf(limit)
		request.Refs = refs
		page, names := counted(t, w, agent, request)
		if diff := cmp.Diff(several, names); diff != "" || len(page.Wallets) != organisations {
			t.Errorf("%d wallets, pages of %d (-want +got):\n%s", len(page.Wallets), limit, diff)
		}
		request.Refs, request.Mine = nil, true
		page, names = counted(t, w, agent, request)
		if diff := cmp.Diff(several, names); diff != "" || len(page.Wallets) != organisations {
			t.Errorf("%d own wallets, pages of %d (-want +got):\n%s", len(page.Wallets), limit, diff)
		}
	}
}

// granted adds units to a wallet and returns it, to spend them.
func (w *world) granted(ref wallet.Ref) wallet.Ref {
	w.t.Helper()
	w.grant(ref, 1, ledger.OriginBonus, time.Time{})
	return ref
}

func TestPageRepeatsQueriesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	request := wallet.PageRequest{
		Refs: []wallet.Ref{ref, ref}, Balances: []wallet.BalanceQuery{{}, {}}, Expiring: []wallet.ExpiringQuery{{WithinDays: 1}, {WithinDays: 1}},
	}
	page, names := counted(t, w, owner, request)
	if want := []string{"begin_snapshot", "page_wallets", "page_balance", "page_expiring", "end_snapshot"}; !slices.Equal(names, want) {
		t.Errorf("statements %v, want %v", names, want)
	}
	if len(page.Wallets) != 1 {
		t.Errorf("one wallet asked for twice is %d", len(page.Wallets))
	}
}

// TestEmptyWallet shows every section of a wallet without any row in it.
func TestEmptyWallet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	request := sectionsOf(10)
	request.Refs = []wallet.Ref{ref}
	for _, mine := range []bool{false, true} {
		request.Mine = mine
		page := w.page(owner, request)
		if got, want := len(page.Sections), 3+3+1+2+1; got != want {
			t.Fatalf("mine %t: the page has %d sections, want %d", mine, got, want)
		}
		if got := sectionOf[wallet.Balance](t, page, ref, wallet.BalanceQuery{}); got.Posted != 0 || !got.AsOf.Equal(page.Now) {
			t.Errorf("balance %+v at %s", got, page.Now)
		}
		if got := sectionOf[wallet.TransactionPage](t, page, ref, request.Transactions[0]); len(got.Transactions) != 0 || got.More {
			t.Errorf("history %+v", got)
		}
	}
}

func TestPageLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	for _, limit := range []int{-1, 0, 101} {
		for _, request := range []wallet.PageRequest{
			{Refs: []wallet.Ref{ref}, Lots: []wallet.LotsQuery{{Limit: limit}}},
			{Refs: []wallet.Ref{ref}, Transactions: []wallet.TransactionsQuery{{Limit: limit}}},
		} {
			if page, err := w.reader.Page(t.Context(), owner, request); err == nil {
				t.Errorf("a page of %d rows has %d wallets and no error", limit, len(page.Wallets))
			}
		}
	}
}

func TestReadsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	reads := map[string]func() error{
		"page": func() error {
			_, err := w.reader.Page(ctx, owner, wallet.PageRequest{Refs: []wallet.Ref{ref}})
			return err
		},
		"lots":          func() error { _, err := w.reader.Lots(ctx, owner, nil); return err },
		"transactions":  func() error { _, err := w.reader.Transactions(ctx, owner, nil); return err },
		"journals":      func() error { _, err := w.reader.Journals(ctx, nil); return err },
		"trial_balance": func() error { _, err := w.reader.TrialBalance(ctx, ledger.DateOf(began)); return err },
		"owner":         func() error { _, err := w.reader.Owner(ctx, newID()); return err },
		"heads":         func() error { _, err := w.reader.Heads(ctx); return err },
	}
	for name, read := range reads {
		if err := read(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want the context's error", name, err)
		}
	}
	if page := w.page(owner, wallet.PageRequest{Refs: []wallet.Ref{ref}}); len(page.Wallets) != 1 {
		t.Errorf("the next read sees %d wallets", len(page.Wallets))
	}
}

// TestReadsSayWhenTheDatabaseIsAway ends every connection under the reader.
func TestReadsSayWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.page(owner, wallet.PageRequest{Refs: []wallet.Ref{ref}})
	w.superuser(`UPDATE pg_database SET datallowconn = false WHERE datname = current_database();
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'purser_app'`)
	if _, err := w.reader.Page(t.Context(), owner, wallet.PageRequest{Refs: []wallet.Ref{ref}}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got %v, want domain.ErrUnavailable", err)
	}
}
