package ledgertest

import (
	"slices"
	"time"

	"purser/ledger"
)

var templateCases = []testCase{
	{name: "open_wallet_opens_its_account_once", run: openWalletTwice},
	{name: "grant_issues_a_lot_without_money", run: grantPosts},
	{name: "purchase_defers_its_price_and_books_the_fee", run: purchasePosts},
	{name: "purchase_for_nothing_moves_units_only", run: freePurchasePosts},
	{name: "spend_takes_two_lots_and_releases_basis", run: spendPosts},
	{name: "spend_of_two_moneys_posts_each", run: spendTwoMoneys},
	{name: "return_restores_lots_and_deferred_revenue", run: returnPosts},
	{name: "status_changes_and_facts_have_no_postings", run: statusPosts},
	{name: "backdated_command_is_booked_on_its_own_day", run: backdatedPosts},
	{name: "net_is_the_whole_of_a_journal_on_an_account", run: netOfJournal},
	{name: "journal_keeps_what_the_command_said", run: journalKeepsCommand},
}

func openWalletTwice(b *bench) {
	wallet := b.NewID()
	first := b.OpenWallet(wallet)
	b.accept(first)
	b.accept(b.OpenWallet(wallet))
	s := b.snapshot()
	if len(s.Accounts) != 1 || len(s.Postings) != 0 || s.Seq != 2 {
		b.t.Fatalf("got %d accounts, %d postings, seq %d; want 1, 0, 2", len(s.Accounts), len(s.Postings), s.Seq)
	}
	want := ledger.Account{ID: b.account(available(wallet), ledger.CNX), Code: available(wallet), Class: ClassAvailable, Commodity: ledger.CNX, Owner: wallet}
	if got := s.Accounts[0]; got.Account != want || got.Balance != (ledger.Balance{Status: ledger.StatusActive}) {
		b.t.Errorf("account = %+v, want %+v, empty and active", got, want)
	}
}

func grantPosts(b *bench) {
	wallet, expires := b.wallet(), epoch.AddDate(0, 0, 30)
	lot := b.accept(b.Grant(wallet, 10, Terms{ExpiresAt: expires, Priority: 7}))
	b.wantPostings(lot, leg{ClassIssued, available(wallet), 10, ledger.CNX})
	b.wantMovements(lot, moved{lot, 10, 0})
	want := ledger.Lot{ID: lot, Wallet: wallet, Origin: ledger.OriginPromo, Granted: 10, Remaining: 10, ExpiresAt: expires, Priority: 7, Jurisdiction: "US"}
	got := b.snapshot().Lots
	for i := range got {
		got[i].ExpiresAt = got[i].ExpiresAt.UTC()
	}
	if !slices.Equal(got, []ledger.Lot{want}) {
		b.t.Errorf("lots = %+v, want %+v", got, want)
	}
}

var twelveDollars = Price{Money: ledger.USD, Minor: 1200, Fee: 65}

func purchasePosts(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 80, twelveDollars, Terms{}))
	b.wantPostings(lot,
		leg{ClassPurchased, available(wallet), 80, ledger.CNX},
		leg{ClassClearing, ClassDeferred, 1200, ledger.USD},
		leg{ClassFees, ClassClearing, 65, ledger.USD})
	b.wantMovements(lot, moved{lot, 80, 1200})
	b.wantLot(lot, 80, 1200)
	b.wantBalance(ClassClearing, ledger.USD, 1135)
}

func freePurchasePosts(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.Purchase(wallet, 5, Price{Money: ledger.USD}, Terms{}))
	b.wantPostings(lot, leg{ClassPurchased, available(wallet), 5, ledger.CNX})
	b.wantLot(lot, 5, 0)
}

// grantThenSpend is the story of the chart of entries: a purchase of 80, ten
// units of promotion which go first, and a proposal of 12.
func grantThenSpend(b *bench) (wallet, paid, promo, spend ledger.ID) {
	b.t.Helper()
	wallet = b.wallet()
	paid = b.accept(b.Purchase(wallet, 80, twelveDollars, Terms{ExpiresAt: epoch.AddDate(1, 0, 0)}))
	promo = b.accept(b.Grant(wallet, 10, Terms{ExpiresAt: epoch.AddDate(0, 0, 30)}))
	return wallet, paid, promo, b.accept(b.Spend(wallet, 12))
}

func spendPosts(b *bench) {
	wallet, paid, promo, spend := grantThenSpend(b)
	b.wantPostings(spend,
		leg{available(wallet), ClassConsumed, 12, ledger.CNX},
		leg{ClassDeferred, ClassRevenue, 30, ledger.USD})
	b.wantMovements(spend, moved{promo, -10, 0}, moved{paid, -2, -30})
	b.wantLot(paid, 78, 1170)
	b.wantLot(promo, 0, 0)
	b.wantBalance(available(wallet), ledger.CNX, 78)
}

func spendTwoMoneys(b *bench) {
	wallet := b.wallet()
	b.accept(b.Purchase(wallet, 3, Price{Money: ledger.USD, Minor: 45}, Terms{}))
	b.accept(b.Purchase(wallet, 3, Price{Money: ledger.EUR, Minor: 30}, Terms{}))
	spend := b.accept(b.Spend(wallet, 4))
	b.wantPostings(spend,
		leg{available(wallet), ClassConsumed, 4, ledger.CNX},
		leg{ClassDeferred, ClassRevenue, 10, ledger.EUR},
		leg{ClassDeferred, ClassRevenue, 45, ledger.USD})
	back := b.accept(b.ReverseRest(spend, TypeReturn))
	b.wantPostings(back,
		leg{ClassConsumed, available(wallet), 4, ledger.CNX},
		leg{ClassRevenue, ClassDeferred, 10, ledger.EUR},
		leg{ClassRevenue, ClassDeferred, 45, ledger.USD})
}

func returnPosts(b *bench) {
	wallet, paid, promo, spend := grantThenSpend(b)
	back := b.accept(b.ReverseRest(spend, TypeReturn))
	b.wantPostings(back,
		leg{ClassConsumed, available(wallet), 12, ledger.CNX},
		leg{ClassRevenue, ClassDeferred, 30, ledger.USD})
	b.wantMovements(back, moved{paid, 2, 30}, moved{promo, 10, 0})
	b.wantLot(paid, 80, 1200)
	b.wantLot(promo, 10, 0)
	b.wantBalance(ClassDeferred, ledger.USD, 1200)
	b.wantBalance(ClassRevenue, ledger.USD, 0)
	if j := b.journal(back); j.Reverses != spend || j.Quantity != 12 || j.Type != TypeReturn || j.Wallet != wallet {
		b.t.Errorf("reversal is %+v, want one of %s for 12 units in wallet %s", j, spend, wallet)
	}
}

func statusPosts(b *bench) {
	wallet := b.wallet()
	status := func() ledger.AccountStatus { return b.snapshot().Accounts[0].Balance.Status }
	frozen := b.accept(b.Freeze(wallet))
	if got := status(); got != ledger.StatusFrozen {
		b.t.Errorf("after Freeze status = %s", got)
	}
	thawed := b.accept(b.Unfreeze(wallet))
	if got := status(); got != ledger.StatusActive {
		b.t.Errorf("after Unfreeze status = %s", got)
	}
	fact := b.accept(b.Fact())
	for _, journal := range []ledger.ID{frozen, thawed, fact} {
		b.wantPostings(journal)
	}
	if got := b.journal(fact).Wallet; !got.IsZero() {
		b.t.Errorf("a fact about no wallet is in the history of %s", got)
	}
}

func backdatedPosts(b *bench) {
	wallet := b.wallet()
	grant := b.Grant(wallet, 10, Terms{})
	// Zone and nanoseconds must not survive: the UTC day of this instant is the 1st.
	grant.EffectiveAt = time.Date(2031, 2, 28, 19, 30, 0, 999, time.FixedZone("", -5*3600))
	journal := b.journal(b.accept(grant))
	if want := time.Date(2031, 3, 1, 0, 30, 0, 0, time.UTC); !journal.EffectiveAt.Equal(want) {
		b.t.Errorf("effective at %s, want %s", journal.EffectiveAt, want)
	}
	day := ledger.Date{Year: 2031, Month: 3, Day: 1}
	if journal.BookedOn != day {
		b.t.Errorf("booked on %v, want %v", journal.BookedOn, day)
	}
	if journal.PostedAt.Before(epoch) {
		b.t.Errorf("posted at %s, before now", journal.PostedAt)
	}
	b.clock.Advance(time.Hour)
	later := b.Grant(wallet, 5, Terms{})
	later.EffectiveAt = time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC)
	b.accept(later)
	b.accept(b.Spend(wallet, 1))
	account := b.account(available(wallet), ledger.CNX)
	var got []ledger.BackDated
	for _, row := range b.snapshot().BackDated {
		if row.Account == account {
			got = append(got, row)
		}
	}
	// What is booked on the day that it is posted on leaves no row.
	if want := (ledger.BackDated{Account: account, PostedOn: ledger.DateOf(epoch), BookedOn: day, Credits: 15}); len(got) != 1 || got[0] != want {
		b.t.Errorf("back-dated: %+v, want %+v", got, want)
	}
}

func netOfJournal(b *bench) {
	wallet := b.wallet()
	purchase := b.accept(b.Purchase(wallet, 80, twelveDollars, Terms{}))
	nets := map[int16][2]string{}
	for _, p := range b.snapshot().Postings {
		if p.Journal == purchase {
			nets[p.Line] = [2]string{optional(p.DebitNet), optional(p.CreditNet)}
		}
	}
	// Clearing is debited in line 1 and credited in line 2, which stands for both.
	want := map[int16][2]string{0: {"80", "80"}, 1: {"-", "1200"}, 2: {"65", "1135"}}
	for line, pair := range want {
		if nets[line] != pair {
			b.t.Errorf("line %d nets debit and credit at %v, want %v", line, nets[line], pair)
		}
	}
}

func journalKeepsCommand(b *bench) {
	wallet := b.funded(5)
	spend := b.Spend(wallet, 2)
	spend.Subject = ledger.Subject{Type: "PROPOSAL", ID: "p-1"}
	spend.Explanation = []byte(`{"price":2}`)
	spend.InitiatedBy = "party:7"
	b.accept(spend)
	got := b.journal(spend.ID)
	template, _ := b.rules.Template(TemplateSpend)
	if got.Template != TemplateSpend || got.TemplateVersion != template.Version || got.Type != Product || got.Wallet != wallet ||
		got.Subject != spend.Subject || string(got.Explanation) != string(spend.Explanation) || got.InitiatedBy != spend.InitiatedBy {
		b.t.Errorf("journal = %+v, want what %+v said", got, spend)
	}
	if !slices.Equal(got.Arguments.Encode(), spend.Arguments.Encode()) {
		b.t.Errorf("arguments = %v, want %v", got.Arguments, spend.Arguments)
	}
	if !got.PostedAt.Equal(got.EffectiveAt) {
		b.t.Errorf("effective at %s without one given, want posted at %s", got.EffectiveAt, got.PostedAt)
	}
}
