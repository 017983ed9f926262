package ledgertest

import (
	"time"

	"purser/ledger"
)

var expiryCases = []testCase{
	{name: "expiry_takes_what_has_expired_with_its_basis", run: expireUnits},
	{name: "expiry_twice_takes_nothing_twice", run: expireTwice},
	{name: "expiry_posts_breakage_and_tax_per_money_to_the_cent", run: expireMoneys},
	{name: "seven_units_for_a_dollar_break_for_what_is_left", run: expireOddBasis},
	{name: "expiry_leaves_what_is_set_aside", run: expireLeavesHeld},
	{name: "expiry_in_the_batch_with_spends_and_grants", run: expireInBatch},
	{name: "two_sweepers_expire_once", run: expireAtOnce},
	{name: "return_to_an_expired_lot_lapses", run: returnLapses},
	{name: "return_with_grace_is_usable_until_its_end", run: returnWithGrace},
	{name: "partial_returns_across_the_expiry", run: returnAcrossExpiry},
	{name: "tax_follows_returns_and_refunds_to_the_cent", run: taxReturns},
	{name: "tax_is_part_of_the_price", run: taxBounds},
	{name: "journal_of_an_older_version_is_reversed_and_replayed_by_it", run: olderVersion},
}

func expireUnits(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	b.refuse(b.ExpireUnits(wallet), ledger.ErrNothingExpired)
	b.accept(b.Spend(wallet, 1))
	b.clock.Advance(time.Hour)
	journal := b.accept(b.ExpireUnits(wallet))
	b.wantPostings(journal, leg{available(wallet), ClassExpired, 3, ledger.CNX})
	b.wantMovements(journal, moved{promo, -3, 0})
	b.wantLot(promo, 0, 0)
	b.wantLot(paid, 6, 90)
	b.refuse(b.ExpireUnits(b.NewID()), ledger.ErrAccountMissing)
	b.refuse(b.ReverseRest(journal, TypeReversal), ledger.ErrNotReversible)
	b.accept(b.Freeze(wallet))
	b.clock.Advance(366 * 24 * time.Hour)
	b.accept(b.ExpireUnits(wallet)) // freezing stops the owner, not time
	b.wantBalance(ClassBreakage, ledger.USD, 90)
	b.wantBalance(ClassDeferred, ledger.USD, 0)
}

func expireTwice(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	b.clock.Advance(time.Hour)
	b.accept(b.ExpireUnits(wallet))
	b.refuse(b.ExpireUnits(wallet), ledger.ErrNothingExpired)
	b.wantBalance(ClassExpired, ledger.CNX, 4)
	b.wantBalance(available(wallet), ledger.CNX, 6)
}

func expireMoneys(b *bench) {
	wallet := b.wallet()
	soon := Terms{ExpiresAt: epoch.Add(time.Hour)}
	usd := b.accept(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.USD, Minor: 100}, 17, soon))
	eur := b.accept(b.PurchaseWithTax(wallet, 3, Price{Money: ledger.EUR, Minor: 50}, 8, soon))
	gift := b.accept(b.Grant(wallet, 5, soon))
	later := b.accept(b.Purchase(wallet, 2, Price{Money: ledger.USD, Minor: 30}, Terms{ExpiresAt: epoch.Add(2 * time.Hour)}))
	b.accept(b.Spend(wallet, 2)) // floor(200/7) = 28 with floor(34/7) = 4 of tax
	b.clock.Advance(time.Hour)
	journal := b.accept(b.ExpireUnits(wallet))
	b.wantPostings(journal,
		leg{available(wallet), ClassExpired, 13, ledger.CNX},
		leg{ClassDeferred, ClassBreakage, 42, ledger.EUR}, leg{ClassDeferred, ClassBreakage, 59, ledger.USD},
		leg{ClassDeferred, ClassTax, 8, ledger.EUR}, leg{ClassDeferred, ClassTax, 13, ledger.USD})
	for _, lot := range []ledger.ID{usd, eur, gift} {
		b.wantLot(lot, 0, 0)
	}
	b.wantLot(later, 2, 30)
	b.wantBalance(ClassTax, ledger.USD, 17)
	b.wantBalance(ClassDeferred, ledger.USD, 30)
	b.wantBalance(ClassDeferred, ledger.EUR, 0)
}

func expireOddBasis(b *bench) {
	for used := range int64(7) {
		wallet := b.wallet()
		expires := b.clock.Now().Add(time.Hour)
		b.accept(b.Purchase(wallet, 7, Price{Money: ledger.USD, Minor: 100}, Terms{ExpiresAt: expires}))
		for range used {
			b.accept(b.Spend(wallet, 1))
		}
		b.clock.Advance(2 * time.Hour)
		b.accept(b.ExpireUnits(wallet))
		b.wantBalance(ClassDeferred, ledger.USD, 0)
	}
	if revenue, breakage := b.balance(ClassRevenue, ledger.USD), b.balance(ClassBreakage, ledger.USD); revenue+breakage != 700 {
		b.t.Errorf("revenue %d and breakage %d of seven dollars", revenue, breakage)
	}
}

func expireLeavesHeld(b *bench) {
	wallet, promo, _ := walletOfTwo(b)
	campaign := b.campaign(wallet)
	b.accept(b.Fund(wallet, campaign, 1))
	hold := b.hold(wallet, PurposeBid, 2, time.Time{})
	b.clock.Advance(time.Hour)
	b.wantMovements(b.accept(b.ExpireUnits(wallet)), moved{promo, -1, 0})
	b.wantPlaces(promo, map[string]int64{escrow(campaign): 1, held(wallet, PurposeBid): 2})
	b.accept(b.Capture(hold, 2))
	b.accept(b.Charge(wallet, campaign, 1))
	b.wantLot(promo, 0, 0)
	gone := b.hold(wallet, PurposeBid, 5, b.clock.Now().Add(time.Minute))
	b.clock.Advance(366 * 24 * time.Hour)
	b.accept(b.ExpireUnits(wallet)) // takes what is free; the hold's goes with its release
	b.accept(b.ExpireHold(gone))
	b.wantBalance(ClassExpired, ledger.CNX, 7)
	b.wantBalance(ClassDeferred, ledger.USD, 0)
}

func expireInBatch(b *bench) {
	wallet, promo, _ := walletOfTwo(b)
	spend := b.accept(b.Spend(wallet, 2))
	b.clock.Advance(time.Hour)
	dead := b.Grant(wallet, 5, Terms{ExpiresAt: epoch})
	answers := b.inOneBatch(b.Spend(wallet, 1), b.ExpireUnits(wallet), b.ReverseRest(spend, TypeReturn), dead, b.ExpireUnits(wallet), b.ExpireUnits(wallet), b.Spend(wallet, 6))
	for i, a := range answers {
		if refused := i >= 5; a.err != nil || (a.Refusal != nil) != refused {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantLot(promo, 0, 0)
	b.wantLot(dead.ID, 0, 0)
	b.wantBalance(ClassExpired, ledger.CNX, 9)
	b.wantBalance(available(wallet), ledger.CNX, 5)
}

func expireAtOnce(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	b.clock.Advance(time.Hour)
	other := b.open(b.store)
	accepted := b.countAccepted(8, ledger.ErrNothingExpired, ledger.ErrNothingExpired, func(i int) (ledger.Outcome, error) {
		return []*ledger.Ledger{b.ledger, other}[i%2].Post(b.context(), b.ExpireUnits(wallet))
	})
	if accepted != 1 {
		b.t.Errorf("%d sweeps were accepted, want 1", accepted)
	}
	b.wantBalance(ClassExpired, ledger.CNX, 4)
}

func returnLapses(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	spend := b.accept(b.Spend(wallet, 6))
	b.clock.Advance(time.Hour)
	back := b.accept(b.ReverseRest(spend, TypeReturn))
	b.wantPostings(back,
		leg{ClassConsumed, available(wallet), 6, ledger.CNX}, leg{ClassRevenue, ClassDeferred, 30, ledger.USD},
		leg{available(wallet), ClassExpired, 4, ledger.CNX})
	b.wantMovements(back, moved{paid, 2, 30}, moved{promo, 4, 0}, moved{promo, -4, 0})
	b.refuse(b.Reverse(spend, TypeReturn, 1), ledger.ErrReversalExceeds)
	b.refuse(b.ExpireUnits(wallet), ledger.ErrNothingExpired)
}

func returnWithGrace(b *bench) {
	wallet, promo, _ := walletOfTwo(b)
	spend := b.accept(b.Spend(wallet, 4))
	b.clock.Advance(time.Hour)
	until := b.clock.Now().Add(time.Hour)
	b.accept(WithGrace(b.Reverse(spend, TypeReturn, 3), until))
	b.wantMovements(b.accept(b.Spend(wallet, 1)), moved{promo, -1, 0}) // its place in the order is what it was
	b.clock.Advance(2 * time.Hour)
	b.accept(b.ReverseRest(spend, TypeReturn)) // the grace is over
	b.wantLot(promo, 2, 0)
	b.wantMovements(b.accept(b.ExpireUnits(wallet)), moved{promo, -2, 0})
}

func returnAcrossExpiry(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.USD, Minor: 100}, 17, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	spend := b.accept(b.Spend(wallet, 7))
	b.accept(b.Reverse(spend, TypeReturn, 2))
	b.clock.Advance(time.Hour)
	b.accept(b.Reverse(spend, TypeReturn, 2))
	b.accept(b.ExpireUnits(wallet))
	b.accept(b.ReverseRest(spend, TypeReturn))
	b.wantLot(lot, 0, 0)
	b.wantBalance(ClassRevenue, ledger.USD, 0)
	b.wantBalance(ClassBreakage, ledger.USD, 83)
	b.wantBalance(ClassTax, ledger.USD, 17)
	b.wantBalance(ClassExpired, ledger.CNX, 7)
}

func taxReturns(b *bench) {
	wallet := b.wallet()
	lot := b.accept(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.USD, Minor: 100}, 17, Terms{}))
	b.wantPostings(lot, leg{ClassPurchased, available(wallet), 7, ledger.CNX}, leg{ClassClearing, ClassDeferred, 100, ledger.USD})
	spend := b.accept(b.Spend(wallet, 5)) // 71, of which 12 tax
	b.wantPostings(spend, leg{available(wallet), ClassConsumed, 5, ledger.CNX},
		leg{ClassDeferred, ClassRevenue, 59, ledger.USD}, leg{ClassDeferred, ClassTax, 12, ledger.USD})
	for range 5 {
		b.accept(b.Reverse(spend, TypeReturn, 1))
	}
	b.wantBalance(ClassTax, ledger.USD, 0)
	b.wantLot(lot, 7, 100)
	b.accept(b.Reverse(lot, TypeReversal, 3))
	b.accept(b.ReverseRest(lot, TypeReversal))
	b.wantBalance(ClassClearing, ledger.USD, 0)
	b.wantBalance(ClassTax, ledger.USD, 0)
}

func taxBounds(b *bench) {
	wallet := b.wallet()
	for _, tax := range []int64{-1, 101, most} {
		b.refuse(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.USD, Minor: 100}, tax, Terms{}), ledger.ErrInvalidAmount)
	}
	b.accept(b.PurchaseWithTax(wallet, 1, Price{Money: ledger.USD, Minor: most}, most, Terms{}))
	b.accept(b.Spend(wallet, 1))
	b.wantBalance(ClassTax, ledger.USD, most)
	b.wantBalance(ClassRevenue, ledger.USD, 0)
}

// olderVersion spends by the first version of the template, as a program of before
// would have: what it wrote is read by its own rules for good.
func olderVersion(b *bench) {
	wallet, _, paid := walletOfTwo(b)
	older := ledger.New(ledger.Config{Rules: mustRules(spendTemplates(1)), Store: b.store, Clock: b.clock.Now, InjectedClock: true})
	spend := b.Spend(wallet, 6)
	outcome, err := older.Post(b.context(), spend)
	if closing := older.Close(b.context()); err != nil || outcome.Refusal != nil || closing != nil {
		b.t.Fatalf("Post() = %+v, %v; Close() = %v", outcome, err, closing)
	}
	if version := b.journal(spend.ID).TemplateVersion; version != 1 {
		b.t.Fatalf("spent by version %d, want 1", version)
	}
	newer := b.accept(b.Spend(wallet, 1))
	if version := b.journal(newer).TemplateVersion; version != 2 {
		b.t.Errorf("spent by version %d, want 2", version)
	}
	b.wantPostings(b.accept(b.Reverse(spend.ID, TypeReturn, 1)),
		leg{ClassConsumed, available(wallet), 1, ledger.CNX}, leg{ClassRevenue, ClassDeferred, 15, ledger.USD})
	b.accept(b.ReverseRest(newer, TypeReturn))
	b.wantLot(paid, 5, 75)
}
