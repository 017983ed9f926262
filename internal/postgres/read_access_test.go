package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/domain"
	"purser/internal/obs"
	"purser/internal/wallet"
	"purser/ledger"
)

// agency is an organisation's wallet with the people around it.
type agency struct {
	*world
	organisation ledger.ID
	pool, own    wallet.Ref // the organisation's, and the admin's own
	admin, plain domain.Caller
	lot          ledger.ID
	byMember     ledger.ID // a spend of the member's
	byAdmin      ledger.ID
}

func newAgency(t *testing.T) *agency {
	t.Helper()
	a := &agency{world: newWorld(t), organisation: newID()}
	a.admin, a.plain = member(newID(), "AGENCY_ADMIN", "AGENCY_MEMBER"), member(newID(), "AGENCY_MEMBER")
	a.admin.OwnWallets = true
	a.pool = a.open(a.organisation, wallet.KindAgency, "UTC")
	a.own = a.open(a.admin.Party, wallet.KindFreelancer, "UTC")
	a.join(a.organisation, a.admin.Party, "AGENCY_ADMIN", true)
	a.join(a.organisation, a.admin.Party, "AGENCY_MEMBER", true)
	a.join(a.organisation, a.plain.Party, "AGENCY_MEMBER", true)
	a.lot = a.purchase(a.pool, 100, 1500, ledger.USD)
	a.byAdmin = a.spend(a.admin, a.pool, 5)
	a.byMember = a.spend(a.plain, a.pool, 7)
	return a
}

func TestAccess(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	stranger := a.open(newID(), wallet.KindFreelancer, "UTC")
	left := newID()
	a.join(a.organisation, left, "AGENCY_ADMIN", true)
	a.join(a.organisation, left, "AGENCY_ADMIN", false)
	advertiser := newID()
	a.join(a.organisation, advertiser, "ADVERTISER_ADMIN", true)

	cases := map[string]struct {
		caller domain.Caller
		want   map[wallet.Ref]wallet.Access
	}{
		"admin":                      {a.admin, map[wallet.Ref]wallet.Access{a.pool: wallet.AccessAdmin, a.own: wallet.AccessOwner}},
		"member":                     {a.plain, map[wallet.Ref]wallet.Access{a.pool: wallet.AccessMember}},
		"admin_with_a_members_claim": {member(a.admin.Party, "AGENCY_MEMBER"), map[wallet.Ref]wallet.Access{a.pool: wallet.AccessMember}},
		"member_with_admins_claim":   {member(a.plain.Party, "AGENCY_ADMIN"), nil},
		"row_without_claim":          {member(a.admin.Party), nil},
		"claim_without_row":          {member(newID(), "AGENCY_ADMIN", "AGENCY_MEMBER"), nil},
		"membership_that_ended":      {member(left, "AGENCY_ADMIN"), nil},
		"advertiser":                 {member(advertiser, "ADVERTISER_ADMIN"), nil},
		"owner_without_the_role":     {domain.Caller{Party: a.admin.Party}, nil},
		"own_wallets_of_nobody":      {domain.Caller{OwnWallets: true}, nil},
		"finance": {service, map[wallet.Ref]wallet.Access{
			a.pool: wallet.AccessAll, a.own: wallet.AccessAll, stranger: wallet.AccessAll,
		}},
		"all_and_owner": {domain.Caller{Party: a.admin.Party, OwnWallets: true, All: true}, map[wallet.Ref]wallet.Access{
			a.pool: wallet.AccessAll, a.own: wallet.AccessAll, stranger: wallet.AccessAll,
		}},
	}
	wrongBook := wallet.Ref{Book: a.pool.Book%4 + 1, ID: a.pool.ID}
	refs := []wallet.Ref{stranger, a.pool, wrongBook, {Book: 1, ID: newID()}, {Book: -1}, {}, a.own}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := sectionsOf(10)
			request.Refs = refs
			page, names := counted(t, a.world, test.caller, request)
			got := map[wallet.Ref]wallet.Access{}
			for _, w := range page.Wallets {
				got[w.Ref] = w.Access
			}
			if diff := cmp.Diff(test.want, got); diff != "" && len(test.want)+len(got) > 0 {
				t.Errorf("access (-want +got):\n%s", diff)
			}
			if got, want := len(page.Sections), len(test.want)*10; got != want {
				t.Errorf("the page has %d sections, want %d", got, want)
			}
			if len(names) != 13 {
				t.Errorf("the page took %d statements", len(names))
			}
		})
	}
}

// TestMine shows which wallets are a caller's own list, also for those who may
// read every wallet.
func TestMine(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	second := newID()
	older := a.open(second, wallet.KindAgency, "UTC")
	a.join(second, a.admin.Party, "AGENCY_MEMBER", true)
	a.open(newID(), wallet.KindFreelancer, "UTC")
	all := a.admin
	all.All = true
	cases := map[string]struct {
		caller domain.Caller
		want   []wallet.Ref
	}{
		"own_first_then_by_age": {a.admin, []wallet.Ref{a.own, a.pool, older}},
		"never_by_way_of_all":   {all, []wallet.Ref{a.own, a.pool, older}},
		"service":               {service, nil},
		"member":                {a.plain, []wallet.Ref{a.pool}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []wallet.Ref
			for _, w := range a.page(test.caller, wallet.PageRequest{Mine: true, Refs: []wallet.Ref{{Book: 1, ID: newID()}}}).Wallets {
				got = append(got, w.Ref)
				if w.Access == wallet.AccessAll {
					t.Errorf("wallet %s is reached as %s", w.ID, w.Access)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestForeignIsUnknown compares what a wallet that is not the caller's answers
// and costs with what one that does not exist does.
func TestForeignIsUnknown(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	_, nobody := a.openOwn()
	unknown := wallet.Ref{Book: a.pool.Book, ID: newID()}
	read := func(ref wallet.Ref, journal, lot ledger.ID) (answers []any, names []string) {
		ctx, counter := obs.WithCounter(t.Context())
		request := sectionsOf(10)
		request.Refs = []wallet.Ref{ref}
		page, err := a.reader.Page(ctx, nobody, request)
		if err != nil {
			t.Fatal(err)
		}
		transactions, err := a.reader.Transactions(ctx, nobody, []wallet.TransactionRef{{Wallet: ref, Journal: journal}})
		if err != nil {
			t.Fatal(err)
		}
		lots, err := a.reader.Lots(ctx, nobody, []wallet.LotRef{{Book: ref.Book, ID: lot}})
		if err != nil {
			t.Fatal(err)
		}
		return []any{page, transactions, lots}, counter.Names()
	}
	wantAnswers, wantNames := read(unknown, newID(), newID())
	for name, ref := range map[string]wallet.Ref{
		"foreign": a.pool, "wrong_book": {Book: a.pool.Book%4 + 1, ID: a.pool.ID}, "no_book": {Book: 77, ID: a.pool.ID},
	} {
		answers, names := read(ref, a.byAdmin, a.lot)
		if diff := cmp.Diff(wantAnswers, answers); diff != "" {
			t.Errorf("%s: answers (-unknown +got):\n%s", name, diff)
		}
		if !slices.Equal(names, wantNames) {
			t.Errorf("%s: statements %v, want %v", name, names, wantNames)
		}
	}
}

// TestMember sees the pool's balance, their own lines, and no basis anywhere.
func TestMember(t *testing.T) {
	t.Parallel()
	a := newAgency(t)
	a.reverse(a.pool, a.byMember, 2, "RETURN_TOS")
	query := wallet.TransactionsQuery{Limit: 10, WithLots: true, WithLinks: true}
	spent := wallet.SpendQuery{From: began.Add(-time.Hour), To: began.Add(time.Hour)}

	balance := section[wallet.Balance](a.world, a.plain, a.pool, wallet.BalanceQuery{})
	if balance.Available != 90 || len(balance.Basis) != 0 {
		t.Errorf("member's balance %+v, want 90 available and no basis", balance)
	}
	if got := section[wallet.Balance](a.world, a.admin, a.pool, wallet.BalanceQuery{}).Basis[ledger.USD]; got != 1350 {
		t.Errorf("admin's basis %d, want 1350", got)
	}
	for _, request := range []wallet.PageRequest{
		{Refs: []wallet.Ref{a.pool}, Transactions: []wallet.TransactionsQuery{query}},
		{Mine: true, Transactions: []wallet.TransactionsQuery{query}},
	} {
		history := sectionOf[wallet.TransactionPage](t, a.page(a.plain, request), a.pool, query)
		if len(history.Transactions) != 1 || history.Transactions[0].Journal != a.byMember || len(history.Linked) != 0 {
			t.Fatalf("member's history %+v, want their spend alone", history)
		}
		row := history.Transactions[0]
		if row.Reversed != 2 || len(row.ReversedBy) != 0 || row.Lots[0].Basis != 0 || row.Lots[0].Money != "" || row.Lots[0].Quantity != -7 {
			t.Errorf("member's row %+v", row)
		}
	}
	if got := len(section[wallet.TransactionPage](a.world, a.admin, a.pool, query).Transactions); got != 4 {
		t.Errorf("admin's history has %d rows, want 4", got)
	}
	if got := section[[]wallet.SpendPoint](a.world, a.plain, a.pool, spent); len(got) != 1 || got[0].Net != 5 {
		t.Errorf("member's spend %+v, want 5", got)
	}
	if got := section[[]wallet.SpendPoint](a.world, a.admin, a.pool, spent); len(got) != 1 || got[0].Net != 10 {
		t.Errorf("admin's spend %+v, want 10", got)
	}
	a.memberByID(t)
}

func (a *agency) memberByID(t *testing.T) {
	t.Helper()
	lots, err := a.reader.Lots(t.Context(), a.plain, []wallet.LotRef{{Book: a.pool.Book, ID: a.lot}})
	if err != nil || len(lots) != 1 {
		t.Fatalf("member's lots %+v, %v", lots, err)
	}
	if lot := lots[0].Lot; lot.Basis != 0 || lot.BasisRemaining != 0 || lot.Money != "" || lot.Granted != 100 || lots[0].Wallet.Access != wallet.AccessMember {
		t.Errorf("member's lot %+v", lot)
	}
	page := section[wallet.LotPage](a.world, a.plain, a.pool, wallet.LotsQuery{Limit: 5})
	if diff := cmp.Diff([]wallet.Lot{lots[0].Lot}, page.Lots); diff != "" {
		t.Errorf("lot by id and by page (-id +page):\n%s", diff)
	}
	found, err := a.reader.Transactions(t.Context(), a.plain, []wallet.TransactionRef{
		{Wallet: a.pool, Journal: a.byAdmin}, {Wallet: a.pool, Journal: a.byMember}, {Wallet: a.own, Journal: a.byMember},
	})
	if err != nil || len(found) != 1 || found[0].Transaction.Journal != a.byMember || found[0].Wallet.Ref != a.pool {
		t.Errorf("member's transactions by id %+v, %v; want their spend alone", found, err)
	}
}
