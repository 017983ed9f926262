package postgres_test

import (
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

func TestSpendSeries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 100, ledger.OriginPlan, time.Time{})
	w.spend(owner, ref, 3)
	w.spend(owner, ref, 4)
	w.wait(15 * time.Minute)
	spent := w.spend(owner, ref, 5)
	w.wait(15 * time.Minute)
	w.reverse(ref, spent, 2, "RETURN_TOS")
	all := []wallet.SpendPoint{
		{BucketAt: began, Product: "PROPOSAL", Net: 7},
		{BucketAt: began.Add(15 * time.Minute), Product: "PROPOSAL", Net: 5},
		{BucketAt: began.Add(30 * time.Minute), Product: "PROPOSAL", Net: -2},
	}
	cases := map[string]struct {
		query wallet.SpendQuery
		want  []wallet.SpendPoint
	}{
		"all":       {wallet.SpendQuery{From: began, To: began.Add(time.Hour)}, all},
		"half_open": {wallet.SpendQuery{From: began.Add(15 * time.Minute), To: began.Add(30 * time.Minute)}, all[1:2]},
		"before":    {wallet.SpendQuery{From: began.Add(-time.Hour), To: began}, nil},
	}
	for name, test := range cases {
		if diff := cmp.Diff(test.want, section[[]wallet.SpendPoint](w, owner, ref, test.query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestJournals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	bought := w.purchase(ref, 10, 1000, ledger.USD)
	w.wait(time.Hour)
	spent := w.spendOn(owner, ref, 4, "0190b6a4-7f3e-7cc1-9d52-3f1a2b4c5d6e")
	first, second := w.reverse(ref, spent, 1, "RETURN_TOS"), w.reverse(ref, spent, 1, "RETURN_TOS")
	ctx, counter := obs.WithCounter(t.Context())
	journals, err := w.reader.Journals(ctx, []wallet.JournalRef{
		{Book: ref.Book, ID: second},
		{Book: ref.Book, ID: spent},
		{Book: ref.Book, ID: spent},
		{Book: ref.Book, ID: ref.ID},
		{Book: ref.Book, ID: newID()},
		{Book: ref.Book%4 + 1, ID: bought},
	})
	if err != nil {
		t.Fatal(err)
	}
	if counter.RoundTrips() != 1 || counter.Statements() != 5 {
		t.Errorf("%d statements in %d round trips, want 5 in 1", counter.Statements(), counter.RoundTrips())
	}
	var ids []ledger.ID
	for _, journal := range journals {
		ids = append(ids, journal.ID)
	}
	if diff := cmp.Diff([]ledger.ID{ref.ID, spent, second}, ids); diff != "" {
		t.Fatalf("journals (-want +got):\n%s", diff)
	}
	checkOpening(t, journals[0], ref)
	checkSpend(t, journals[1], ref, owner)
	if diff := cmp.Diff([]ledger.ID{first, second}, journals[1].ReversedBy); diff != "" {
		t.Errorf("reversed by (-want +got):\n%s", diff)
	}
	if reversal := journals[2]; reversal.Reverses != spent || reversal.Quantity != 1 || reversal.Seq != 5 || reversal.BookSeq != 5 {
		t.Errorf("reversal %+v", reversal)
	}
	moved := []wallet.LotMovement{{
		Lot: bought, Quantity: -4, Origin: ledger.OriginPurchase, ExpiresAt: began.AddDate(0, 0, 365), Basis: -400, Money: ledger.USD,
	}}
	if diff := cmp.Diff(moved, journals[1].Movements); diff != "" {
		t.Errorf("movements (-want +got):\n%s", diff)
	}
}

// checkOpening checks a fact without value.
func checkOpening(t *testing.T, got wallet.JournalDetail, ref wallet.Ref) {
	t.Helper()
	want := ledger.Journal{
		Book: ref.Book, ID: ref.ID, Seq: 1, Template: wallet.TemplateOpenWallet, TemplateVersion: 1, Type: wallet.TypeWalletOpened,
		EffectiveAt: began, BookedOn: ledger.DateOf(began), PostedAt: began, Wallet: ref.ID, InitiatedBy: service.Principal,
	}
	if got.Arguments.IDOf(wallet.ArgWallet) != ref.ID {
		t.Errorf("arguments %v", got.Arguments)
	}
	got.Arguments, got.Explanation = nil, nil
	if diff := cmp.Diff(want, got.Journal); diff != "" || len(got.Postings)+len(got.Movements) != 0 {
		t.Errorf("opening with %d postings (-want +got):\n%s", len(got.Postings), diff)
	}
}

// checkSpend checks both sides of a spend, units and money.
func checkSpend(t *testing.T, got wallet.JournalDetail, ref wallet.Ref, owner domain.Caller) {
	t.Helper()
	code := wallet.AvailableCode(ref.ID)
	account := func(code string, commodity ledger.Commodity) ledger.ID {
		return ledger.AccountID(ref.Book, code, commodity)
	}
	net := func(value int64) *int64 { return &value }
	want := []wallet.PostingDetail{
		{DebitCode: code, CreditCode: "CONSUMED:PROPOSAL", Posting: ledger.Posting{
			Line: 0, Debit: account(code, ledger.CNX), Credit: account("CONSUMED:PROPOSAL", ledger.CNX), Commodity: ledger.CNX, Amount: 4,
			DebitVersion: 2, DebitBalance: 6, DebitNet: net(-4), CreditVersion: 1, CreditBalance: 4, CreditNet: net(4),
		}},
		{DebitCode: "2000", CreditCode: "4000", Posting: ledger.Posting{
			Line: 1, Debit: account("2000", ledger.USD), Credit: account("4000", ledger.USD), Commodity: ledger.USD, Amount: 400,
			DebitVersion: 2, DebitBalance: 600, DebitNet: net(-400), CreditVersion: 1, CreditBalance: 400, CreditNet: net(400),
		}},
	}
	if diff := cmp.Diff(want, got.Postings); diff != "" {
		t.Errorf("postings (-want +got):\n%s", diff)
	}
	subject := ledger.Subject{Type: wallet.SubjectProposal, ID: "0190b6a4-7f3e-7cc1-9d52-3f1a2b4c5d6e"}
	if got.Subject != subject || got.InitiatedBy != owner.Principal || got.Wallet != ref.ID {
		t.Errorf("journal %+v", got.Journal)
	}
}

func TestTrialBalance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.purchase(ref, 10, 1000, ledger.USD)
	w.wait(24 * time.Hour)
	w.spend(owner, ref, 4)
	yesterday := ledger.DateOf(began)
	first := []wallet.TrialLine{
		{Class: "1010", Commodity: ledger.USD, Debits: 1000, Credits: 1},
		{Class: "2000", Commodity: ledger.USD, Credits: 1000},
		{Class: "5000", Commodity: ledger.USD, Debits: 1},
		{Class: "ISSUED:PURCHASE", Commodity: ledger.CNX, Debits: 10},
		{Class: "WALLET:*:AVAILABLE", Commodity: ledger.CNX, Credits: 10},
	}
	second := []wallet.TrialLine{
		first[0],
		{Class: "2000", Commodity: ledger.USD, Debits: 400, Credits: 1000},
		{Class: "4000", Commodity: ledger.USD, Credits: 400},
		first[2],
		{Class: "CONSUMED:PROPOSAL", Commodity: ledger.CNX, Credits: 4},
		first[3],
		{Class: "WALLET:*:AVAILABLE", Commodity: ledger.CNX, Debits: 4, Credits: 10},
	}
	for name, test := range map[string]struct {
		asOf ledger.Date
		want []wallet.TrialLine
	}{
		"before": {ledger.Date{Year: 2026, Month: 2, Day: 28}, nil}, "that_day": {yesterday, first}, "now": {ledger.DateOf(w.clock()), second},
	} {
		trial, err := w.reader.TrialBalance(t.Context(), test.asOf)
		if err != nil {
			t.Fatal(err)
		}
		want := &wallet.TrialBalance{AsOf: test.asOf}
		for book := ledger.BookID(0); book <= 4; book++ {
			section := wallet.TrialBook{Book: book}
			if book == ref.Book {
				section.Seq, section.Lines = 3, test.want
			}
			want.Books = append(want.Books, section)
		}
		if diff := cmp.Diff(want, trial); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	heads, err := w.reader.Heads(t.Context())
	want := map[ledger.BookID]int64{0: 0, 1: 0, 2: 0, 3: 0, 4: 0}
	want[ref.Book] = 3
	if diff := cmp.Diff(want, heads); err != nil || diff != "" {
		t.Errorf("heads %v (-want +got):\n%s", err, diff)
	}
}

func TestOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	party := newID()
	ref := w.open(party, wallet.KindFreelancer, "Asia/Kolkata")
	got, err := w.reader.Owner(t.Context(), party)
	want := domain.OwnerRow{ID: party, Book: ref.Book, Kind: domain.OwnerParty, Jurisdiction: "IN", TimeZone: "Asia/Kolkata", CreatedAt: began}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("owner %v (-want +got):\n%s", err, diff)
	}
	if got, err := w.reader.Owner(t.Context(), newID()); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("unknown owner %+v, %v; want domain.ErrNotFound", got, err)
	}
}

// TestWalletFacts reads all that a wallet says of itself, frozen too.
func TestWalletFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	party := newID()
	ref := w.open(party, wallet.KindFreelancer, "Asia/Kolkata")
	w.wait(time.Hour)
	w.accepted(w.service.Freeze(t.Context(), service, wallet.Freeze{Key: w.newKey(), Wallet: ref, Reason: "DISPUTE"}))
	want := wallet.Wallet{
		Ref: ref, Owner: party, Kind: wallet.KindFreelancer, Status: ledger.StatusFrozen, FreezeReason: "DISPUTE", FrozenAt: began.Add(time.Hour),
		Jurisdiction: "IN", TimeZone: "Asia/Kolkata", OpenedAt: began, Access: wallet.AccessOwner, BookSeq: 2,
	}
	page := w.page(freelancer(party), wallet.PageRequest{Refs: []wallet.Ref{ref}})
	if diff := cmp.Diff([]wallet.Wallet{want}, page.Wallets); diff != "" {
		t.Errorf("wallet (-want +got):\n%s", diff)
	}
	w.wait(time.Hour)
	w.accepted(w.service.Freeze(t.Context(), service, wallet.Freeze{Key: w.newKey(), Wallet: ref, Lift: true}))
	want.Status, want.FreezeReason, want.FrozenAt, want.BookSeq = ledger.StatusActive, "", time.Time{}, 3
	page = w.page(freelancer(party), wallet.PageRequest{Refs: []wallet.Ref{ref}})
	if diff := cmp.Diff([]wallet.Wallet{want}, page.Wallets); diff != "" {
		t.Errorf("wallet that was frozen (-want +got):\n%s", diff)
	}
}

// TestPageOrder answers in the order of the question.
func TestPageOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var refs []wallet.Ref
	for range 5 {
		ref, _ := w.openOwn()
		refs = append([]wallet.Ref{ref}, refs...)
	}
	var got []wallet.Ref
	for _, found := range w.page(service, wallet.PageRequest{Refs: refs}).Wallets {
		got = append(got, found.Ref)
	}
	if !slices.Equal(got, refs) {
		t.Errorf("got %v, want %v", got, refs)
	}
}

// TestClockBehind reads with a clock that is behind the newest journal: nothing
// that a writer has seen expire is shown as usable.
func TestClockBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 5, ledger.OriginPromo, began.Add(time.Hour))
	w.wait(2 * time.Hour)
	w.grant(ref, 7, ledger.OriginPlan, time.Time{})
	w.wait(-2 * time.Hour)
	page := w.page(owner, wallet.PageRequest{Refs: []wallet.Ref{ref}, Balances: []wallet.BalanceQuery{{}}})
	if got := sectionOf[wallet.Balance](t, page, ref, wallet.BalanceQuery{}).Available; got != 7 || page.Now.Before(began.Add(2*time.Hour)) {
		t.Errorf("available %d at %s, want 7 at the newest journal", got, page.Now)
	}
}
