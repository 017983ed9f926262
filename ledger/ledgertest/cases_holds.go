package ledgertest

import (
	"errors"
	"time"

	"purser/ledger"
)

var holdCases = []testCase{
	{name: "place_moves_lots_into_the_hold_in_spend_order", run: placeInOrder},
	{name: "place_needs_units_that_are_there_and_not_held", run: placeTooMuch},
	{name: "increase_adds_to_the_same_hold", run: increaseHold},
	{name: "captures_in_parts_consume_in_spend_order", run: captureInParts},
	{name: "capture_gives_back_up_to_the_rest", run: captureWithRest},
	{name: "capture_of_odd_basis_with_tax_in_two_moneys", run: captureMoneys},
	{name: "release_in_parts_goes_back_in_reverse_order", run: releaseInParts},
	{name: "hold_gives_out_no_more_than_it_has", run: holdExceeded},
	{name: "closed_hold_never_moves", run: holdClosed},
	{name: "hold_that_nobody_placed_or_of_another_wallet", run: holdUnknown},
	{name: "two_holds_of_one_purpose_keep_their_own_places", run: twoHolds},
	{name: "holds_of_two_purposes_are_in_two_accounts", run: twoPurposes},
	{name: "amounts_of_holds_must_be_positive", run: holdAmounts},
	{name: "held_lots_are_used_after_their_expiry", run: heldOutlives},
	{name: "hold_is_placed_used_and_released_in_one_batch", run: holdInOneBatch},
	{name: "two_captures_at_once_take_what_is_there_once", run: capturesAtOnce},
	{name: "batch_on_holds_is_the_commands_one_by_one", run: holdBatchIsSingles},
}

func held(wallet ledger.ID, purpose string) string {
	return prefixWallet + wallet.String() + ":HELD:" + purpose
}

// hold places a hold and returns it.
func (b *bench) hold(wallet ledger.ID, purpose string, quantity int64, expiresAt time.Time) HoldRef {
	b.t.Helper()
	place := b.PlaceHold(wallet, purpose, quantity, expiresAt)
	b.accept(place)
	return HoldOf(place)
}

// walletOfTwo opens a wallet with a promotional lot of 4 that expires in an hour and
// a paid one of 6 with basis 90.
func walletOfTwo(b *bench) (wallet, promo, paid ledger.ID) {
	b.t.Helper()
	wallet = b.wallet()
	promo = b.accept(b.Grant(wallet, 4, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	paid = b.accept(b.Purchase(wallet, 6, Price{Money: ledger.USD, Minor: 90}, Terms{ExpiresAt: epoch.AddDate(1, 0, 0)}))
	return wallet, promo, paid
}

func placeInOrder(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	place := b.PlaceHold(wallet, PurposeBid, 7, epoch.Add(2*time.Hour))
	place.Subject = ledger.Subject{Type: "BID", ID: "b-1"}
	b.accept(place)
	b.wantPostings(place.ID, leg{available(wallet), held(wallet, PurposeBid), 7, ledger.CNX})
	b.wantMovements(place.ID, moved{promo, -4, 0}, moved{promo, 4, 0}, moved{paid, -3, 0}, moved{paid, 3, 0})
	b.wantPlaces(paid, map[string]int64{available(wallet): 3, held(wallet, PurposeBid): 3})
	want := ledger.Hold{
		ID: place.ID, Wallet: wallet, Account: b.account(available(wallet), ledger.CNX), Held: b.account(held(wallet, PurposeBid), ledger.CNX),
		Purpose: PurposeBid, Subject: place.Subject, Reserved: 7, Status: ledger.HoldOpen, OpenedAt: b.journal(place.ID).PostedAt, ExpiresAt: epoch.Add(2 * time.Hour),
	}
	got := b.holdRow(place.ID)
	if p := (printer{}); p.hold(got) != p.hold(want) {
		b.t.Errorf("hold\n got %s\nwant %s", p.hold(got), p.hold(want))
	}
	if j := b.journal(place.ID); j.Hold != place.ID || j.HoldEvent != ledger.EventPlaced || j.Wallet != wallet {
		b.t.Errorf("journal %+v does not say that it placed its hold", j)
	}
	b.wantBalance(ClassDeferred, ledger.USD, 90)
}

func placeTooMuch(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	b.hold(wallet, PurposeBid, 6, time.Time{})
	refused := b.refuse(b.PlaceHold(wallet, PurposeBid, 5, time.Time{}), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) || funds.Available != 4 || funds.Required != 5 || funds.Held != 6 {
		b.t.Errorf("refusal = %+v, want 5 required, 4 available, 6 held", refused)
	}
	b.refuse(b.PlaceHold(b.NewID(), PurposeBid, 1, time.Time{}), ledger.ErrAccountMissing)
	b.refuse(b.PlaceHold(wallet, PurposeBid, 1, b.clock.Now()), ledger.ErrHoldExpired)
	b.refuse(b.Spend(wallet, 5), ledger.ErrInsufficientFunds)
	b.accept(b.Spend(wallet, 4))
}

func increaseHold(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 3, time.Time{})
	more := b.accept(b.IncreaseHold(hold, 4))
	b.wantMovements(more, moved{promo, -1, 0}, moved{promo, 1, 0}, moved{paid, -3, 0}, moved{paid, 3, 0})
	b.wantHold(hold, 7, 0, 0, ledger.HoldOpen)
	b.refuse(b.IncreaseHold(hold, 4), ledger.ErrInsufficientFunds)
	b.refuse(b.IncreaseHold(hold, most), ledger.ErrAmountOverflow)
	b.accept(b.Capture(hold, 7))
	b.wantHold(hold, 7, 7, 0, ledger.HoldCaptured)
}

func captureInParts(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 9, time.Time{})
	first := b.accept(b.Capture(hold, 2))
	b.wantPostings(first, leg{held(wallet, PurposeBid), ClassConsumedBoost, 2, ledger.CNX})
	b.wantMovements(first, moved{promo, -2, 0})
	second := b.accept(b.Capture(hold, 4))
	b.wantPostings(second,
		leg{held(wallet, PurposeBid), ClassConsumedBoost, 4, ledger.CNX}, leg{ClassDeferred, ClassBoostRevenue, 30, ledger.USD})
	b.wantMovements(second, moved{promo, -2, 0}, moved{paid, -2, -30})
	b.wantHold(hold, 9, 6, 0, ledger.HoldOpen)
	b.accept(b.Capture(hold, 3))
	b.wantHold(hold, 9, 9, 0, ledger.HoldCaptured)
	if closed := b.holdRow(hold.ID).ClosedAt; !closed.Equal(b.snapshot().LastPostedAt) {
		b.t.Errorf("closed at %s, want the last journal's %s", closed, b.snapshot().LastPostedAt)
	}
	b.wantBalance(held(wallet, PurposeBid), ledger.CNX, 0)
	b.wantBalance(ClassBoostRevenue, ledger.USD, 75)
}

func captureWithRest(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 9, time.Time{})
	part := b.accept(b.CaptureAndRelease(hold, 5, 2))
	b.wantMovements(part, moved{promo, -4, 0}, moved{paid, -1, -15}, moved{paid, -2, 0}, moved{paid, 2, 0})
	b.wantHold(hold, 9, 5, 2, ledger.HoldOpen)
	b.accept(b.CaptureAndRelease(hold, 1, most))
	b.wantHold(hold, 9, 6, 3, ledger.HoldCaptured)
	b.wantPlaces(paid, map[string]int64{available(wallet): 4})
	last := b.hold(wallet, PurposeBid, 2, time.Time{})
	b.refuse(b.CaptureAndRelease(last, 1, -1), ledger.ErrInvalidAmount)
	b.accept(b.CaptureAndRelease(last, 2, 5)) // with nothing left there is nothing to give back
	b.wantHold(last, 2, 2, 0, ledger.HoldCaptured)
}

func captureMoneys(b *bench) {
	wallet := b.wallet()
	usd := b.accept(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.USD, Minor: 100}, 17, Terms{Priority: 0}))
	eur := b.accept(b.PurchaseWithTax(wallet, 3, Price{Money: ledger.EUR, Minor: 50}, 8, Terms{Priority: 1}))
	hold := b.hold(wallet, PurposeLease, 10, time.Time{})
	// 5 of 7 carry floor(500/7) = 71, with floor(85/7) = 12 of tax; the rest 29 and 5.
	first := b.accept(b.Capture(hold, 5))
	b.wantPostings(first, leg{held(wallet, PurposeLease), ClassConsumedAds, 5, ledger.CNX},
		leg{ClassDeferred, ClassAdRevenue, 59, ledger.USD}, leg{ClassDeferred, ClassTax, 12, ledger.USD})
	b.wantMovements(first, moved{usd, -5, -71})
	second := b.accept(b.Capture(hold, 4))
	b.wantPostings(second, leg{held(wallet, PurposeLease), ClassConsumedAds, 4, ledger.CNX},
		leg{ClassDeferred, ClassAdRevenue, 28, ledger.EUR}, leg{ClassDeferred, ClassAdRevenue, 24, ledger.USD},
		leg{ClassDeferred, ClassTax, 5, ledger.EUR}, leg{ClassDeferred, ClassTax, 5, ledger.USD})
	b.wantMovements(second, moved{usd, -2, -29}, moved{eur, -2, -33})
	b.accept(b.Capture(hold, 1))
	b.wantLot(eur, 0, 0)
	for _, money := range []ledger.Commodity{ledger.USD, ledger.EUR} {
		b.wantBalance(ClassDeferred, money, 0)
	}
	b.wantBalance(ClassTax, ledger.USD, 17)
	b.wantBalance(ClassTax, ledger.EUR, 8)
	b.wantBalance(ClassAdRevenue, ledger.EUR, 42)
}

func releaseInParts(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 9, time.Time{})
	b.wantMovements(b.accept(b.ReleaseHold(hold, 2)), moved{paid, -2, 0}, moved{paid, 2, 0})
	b.wantHold(hold, 9, 0, 2, ledger.HoldOpen)
	rest := b.accept(b.ReleaseHoldRest(hold))
	b.wantPostings(rest, leg{held(wallet, PurposeBid), available(wallet), 7, ledger.CNX})
	b.wantMovements(rest, moved{paid, -3, 0}, moved{paid, 3, 0}, moved{promo, -4, 0}, moved{promo, 4, 0})
	b.wantHold(hold, 9, 0, 9, ledger.HoldReleased)
	b.wantLot(paid, 6, 90)
	b.accept(b.Spend(wallet, 10))
}

func holdExceeded(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 5, time.Time{})
	b.accept(b.Capture(hold, 2))
	for _, c := range []ledger.Command{b.Capture(hold, 4), b.Capture(hold, most), b.ReleaseHold(hold, 4)} {
		refused := b.refuse(c, ledger.ErrHoldExceeded)
		var of *ledger.HoldError
		if !errors.As(refused, &of) || of.Left != 3 || of.Hold != hold.ID {
			b.t.Errorf("refusal = %+v, want 3 left of hold %s", refused, hold.ID)
		}
	}
	b.refuse(b.ExpireHold(hold), ledger.ErrHoldNotExpired)
	b.wantHold(hold, 5, 2, 0, ledger.HoldOpen)
}

func holdClosed(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	captured := b.hold(wallet, PurposeBid, 2, time.Time{})
	released := b.hold(wallet, PurposeBid, 2, epoch.Add(time.Minute))
	b.accept(b.Capture(captured, 2))
	b.accept(b.ReleaseHoldRest(released))
	for _, hold := range []HoldRef{captured, released} {
		for _, c := range []ledger.Command{
			b.Capture(hold, 1), b.CaptureAndRelease(hold, 1, 1), b.IncreaseHold(hold, 1), b.ReleaseHold(hold, 1), b.ReleaseHoldRest(hold), b.ExpireHold(hold),
		} {
			b.refuse(c, ledger.ErrHoldClosed)
		}
	}
	b.clock.Advance(time.Hour)
	b.refuse(b.Capture(released, 1), ledger.ErrHoldClosed)
	b.refuse(b.ExpireHold(released), ledger.ErrHoldClosed)
}

func holdUnknown(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 2, time.Time{})
	other := HoldRef{ID: hold.ID, Wallet: b.funded(5), Purpose: PurposeBid}
	none := HoldRef{ID: b.NewID(), Wallet: wallet, Purpose: PurposeBid}
	for _, ref := range []HoldRef{other, none} {
		for _, c := range []ledger.Command{b.Capture(ref, 1), b.IncreaseHold(ref, 1), b.ReleaseHoldRest(ref), b.ExpireHold(ref)} {
			b.refuse(c, ledger.ErrHoldUnknown)
		}
	}
	b.wantHold(hold, 2, 0, 0, ledger.HoldOpen)
	wrong := HoldRef{ID: hold.ID, Wallet: wallet, Purpose: PurposeLease}
	before := b.snapshot()
	for _, c := range []ledger.Command{b.Capture(wrong, 1), b.ReleaseHoldRest(wrong), b.IncreaseHold(wrong, 1)} {
		if outcome, err := b.ledger.Post(b.context(), c); err == nil && outcome.Refusal == nil {
			b.t.Errorf("%s of another purpose got %+v", c.Template, outcome)
		}
	}
	if diff := Diff(before.WithoutKeys(), b.snapshot().WithoutKeys()); diff != "" {
		b.t.Errorf("a hold named with another purpose moved:\n%s", diff)
	}
}

// twoHolds are both of the same lots: each takes and gives back its own units.
func twoHolds(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	first := b.hold(wallet, PurposeBid, 3, time.Time{})
	second := b.hold(wallet, PurposeBid, 5, time.Time{})
	b.wantPlacesOf(first, map[ledger.ID]int64{promo: 3})
	b.wantPlacesOf(second, map[ledger.ID]int64{promo: 1, paid: 4})
	b.wantMovements(b.accept(b.Capture(second, 2)), moved{promo, -1, 0}, moved{paid, -1, -15})
	b.refuse(b.Capture(first, 4), ledger.ErrHoldExceeded)
	b.accept(b.ReleaseHold(first, 1))
	b.wantPlacesOf(first, map[ledger.ID]int64{promo: 2})
	b.wantPlacesOf(second, map[ledger.ID]int64{paid: 3})
	b.wantBalance(held(wallet, PurposeBid), ledger.CNX, 5)
	b.accept(b.ReleaseHoldRest(second))
	b.accept(b.Capture(first, 2))
	b.wantLot(paid, 5, 75)
	b.wantBalance(available(wallet), ledger.CNX, 6)
}

func twoPurposes(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	bid, lease := b.hold(wallet, PurposeBid, 4, time.Time{}), b.hold(wallet, PurposeLease, 3, time.Time{})
	b.wantBalance(held(wallet, PurposeBid), ledger.CNX, 4)
	b.wantBalance(held(wallet, PurposeLease), ledger.CNX, 3)
	b.accept(b.Capture(bid, 4))
	b.accept(b.Capture(lease, 1))
	b.accept(b.ReleaseHoldRest(lease))
	b.wantBalance(ClassConsumedBoost, ledger.CNX, 4)
	b.wantBalance(ClassConsumedAds, ledger.CNX, 1)
	b.wantLot(promo, 0, 0)
	b.wantLot(paid, 5, 75)
	before := b.snapshot()
	if _, err := b.ledger.Post(b.context(), b.PlaceHold(wallet, "NO_SUCH", 1, time.Time{})); !errors.Is(err, ledger.ErrInvalidCommand) {
		b.t.Errorf("Post() of an unknown purpose = %v, want ErrInvalidCommand", err)
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("a hold of an unknown purpose changed the book:\n%s", diff)
	}
}

func holdAmounts(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 5, time.Time{})
	for _, quantity := range []int64{0, -1, -1 << 63} {
		for _, c := range []ledger.Command{
			b.PlaceHold(wallet, PurposeBid, quantity, time.Time{}), b.IncreaseHold(hold, quantity), b.Capture(hold, quantity), b.ReleaseHold(hold, quantity),
		} {
			b.refuse(c, ledger.ErrInvalidAmount)
		}
	}
	b.refuse(b.PlaceHold(wallet, PurposeBid, most, time.Time{}), ledger.ErrInsufficientFunds)
}
