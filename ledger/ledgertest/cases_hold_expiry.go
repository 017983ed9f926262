package ledgertest

import (
	"errors"
	"slices"
	"time"

	"purser/ledger"
)

var holdExpiryCases = []testCase{
	{name: "expired_hold_is_released_by_the_first_command_that_is_accepted", run: lazyExpiry},
	{name: "refused_command_leaves_an_expired_hold_alone", run: lazyExpiryRefused},
	{name: "expired_holds_go_first_soonest_first", run: lazyExpiryOrder},
	{name: "hold_expires_at_its_instant_and_not_before", run: holdExpiryInstant},
	{name: "expired_hold_is_neither_captured_nor_increased", run: captureExpired},
	{name: "sweeper_and_lazy_expiry_write_one_release", run: sweepThenUse},
	{name: "sweeper_races_a_capture_and_the_clock_decides", run: sweeperRacesCapture},
	{name: "spenders_race_the_sweeper_for_an_expired_hold", run: spendersRaceSweeper},
	{name: "expiry_in_the_batch_that_uses_the_units", run: lazyExpiryInBatch},
	{name: "units_that_expired_while_they_were_held_lapse", run: expiredHoldOfExpiredLots},
	{name: "expired_hold_lapses_before_a_command_without_money", run: lapseBeforeMove},
	{name: "released_units_get_grace_until_its_end", run: releaseWithGrace},
	{name: "condition_on_a_balance_counts_what_expired_holds_have", run: conditionSeesExpiredHold},
}

// journalsOf returns what events a hold's journals were, in order.
func (b *bench) eventsOf(hold HoldRef) []ledger.HoldEvent {
	b.t.Helper()
	journals := b.snapshot().Journals
	slices.SortFunc(journals, func(x, y ledger.Journal) int { return int(x.Seq - y.Seq) })
	var events []ledger.HoldEvent
	for _, j := range journals {
		if j.Hold == hold.ID {
			events = append(events, j.HoldEvent)
		}
	}
	return events
}

func (b *bench) wantEvents(hold HoldRef, want ...ledger.HoldEvent) {
	b.t.Helper()
	if got := b.eventsOf(hold); !slices.Equal(got, want) {
		b.t.Errorf("hold %s was %v, want %v", hold.ID, got, want)
	}
}

func lazyExpiry(b *bench) {
	wallet := b.funded(10)
	hold := b.hold(wallet, PurposeBid, 8, epoch.Add(time.Hour))
	b.clock.Advance(time.Hour)
	before := b.snapshot().Seq
	b.accept(b.Spend(wallet, 1)) // the hold goes first, needed or not
	b.wantHold(hold, 8, 0, 8, ledger.HoldExpired)
	b.wantEvents(hold, ledger.EventPlaced, ledger.EventExpired)
	s := b.snapshot()
	slices.SortFunc(s.Journals, func(x, y ledger.Journal) int { return int(x.Seq - y.Seq) })
	released, spent := s.Journals[before], s.Journals[before+1]
	if released.Template != TemplateExpireHold || released.InitiatedBy != "system:hold-expiry" || released.Wallet != wallet || !released.PostedAt.Equal(spent.PostedAt) {
		b.t.Errorf("the release is %+v, want one by the system in the spend's batch", released)
	}
	if len(s.Keys) != 4 {
		b.t.Errorf("%d keys, want one per command: a release has none", len(s.Keys))
	}
	b.accept(b.Spend(wallet, 9))
}

func lazyExpiryRefused(b *bench) {
	wallet := b.funded(10)
	hold := b.hold(wallet, PurposeBid, 8, epoch.Add(time.Hour))
	b.clock.Advance(time.Hour)
	refused := b.refuse(b.Spend(wallet, 11), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) || funds.Available != 10 || funds.Held != 0 {
		b.t.Errorf("refusal = %+v, want all 10 available: the hold has expired", refused)
	}
	b.wantHold(hold, 8, 0, 0, ledger.HoldOpen)
	b.accept(b.Freeze(wallet))
	b.refuse(b.Spend(wallet, 1), ledger.ErrAccountFrozen)
	b.wantHold(hold, 8, 0, 0, ledger.HoldOpen)
	b.accept(b.Unfreeze(wallet))
	b.accept(b.Fact()) // takes nothing of the wallet
	b.wantHold(hold, 8, 0, 0, ledger.HoldOpen)
	b.accept(b.Spend(wallet, 10))
	b.wantHold(hold, 8, 0, 8, ledger.HoldExpired)
}

func lazyExpiryOrder(b *bench) {
	wallet := b.funded(10)
	late := b.hold(wallet, PurposeBid, 2, epoch.Add(3*time.Hour))
	soon := b.hold(wallet, PurposeLease, 2, epoch.Add(time.Hour))
	same := b.hold(wallet, PurposeBid, 2, epoch.Add(time.Hour))
	forever := b.hold(wallet, PurposeBid, 2, time.Time{})
	b.clock.Advance(4 * time.Hour)
	b.accept(b.Spend(wallet, 8))
	journals := b.snapshot().Journals
	slices.SortFunc(journals, func(x, y ledger.Journal) int { return int(x.Seq - y.Seq) })
	var order []ledger.ID
	for _, j := range journals {
		if j.HoldEvent == ledger.EventExpired {
			order = append(order, j.Hold)
		}
	}
	if want := []ledger.ID{soon.ID, same.ID, late.ID}; !slices.Equal(order, want) {
		b.t.Errorf("holds expired in the order %v, want %v", order, want)
	}
	b.wantHold(forever, 2, 0, 0, ledger.HoldOpen)
	b.refuse(b.Spend(wallet, 1), ledger.ErrInsufficientFunds)
}

func holdExpiryInstant(b *bench) {
	wallet := b.funded(10)
	expires := epoch.Add(time.Hour)
	hold := b.hold(wallet, PurposeBid, 10, expires)
	b.clock.Advance(time.Hour - time.Microsecond)
	b.refuse(b.ExpireHold(hold), ledger.ErrHoldNotExpired)
	b.refuse(b.Spend(wallet, 1), ledger.ErrInsufficientFunds)
	b.accept(b.Capture(hold, 1))
	b.clock.Advance(time.Microsecond)
	b.refuse(b.Capture(hold, 1), ledger.ErrHoldExpired)
	b.accept(b.ExpireHold(hold))
	b.wantHold(hold, 10, 1, 9, ledger.HoldCaptured) // something of it was captured
}

func captureExpired(b *bench) {
	wallet := b.funded(10)
	hold := b.hold(wallet, PurposeBid, 5, epoch.Add(time.Hour))
	gone := b.hold(wallet, PurposeLease, 2, epoch.Add(time.Hour))
	b.clock.Advance(time.Hour)
	for _, c := range []ledger.Command{b.Capture(hold, 1), b.CaptureAndRelease(hold, 1, 1), b.Capture(hold, 6), b.IncreaseHold(hold, 1)} {
		refused := b.refuse(c, ledger.ErrHoldExpired)
		var of *ledger.HoldError
		if !errors.As(refused, &of) || of.Left != 5 {
			b.t.Errorf("refusal = %+v, want 5 left", refused)
		}
	}
	b.accept(b.ReleaseHold(hold, 2)) // giving back is never too late
	b.accept(b.ReleaseHoldRest(hold))
	b.wantHold(hold, 5, 0, 5, ledger.HoldReleased)
	b.accept(b.ExpireHold(gone))
	b.refuse(b.Capture(gone, 1), ledger.ErrHoldClosed)
}

func sweepThenUse(b *bench) {
	wallet := b.funded(10)
	hold := b.hold(wallet, PurposeBid, 5, epoch.Add(time.Hour))
	b.clock.Advance(2 * time.Hour)
	b.accept(b.ExpireHold(hold))
	b.refuse(b.ExpireHold(hold), ledger.ErrHoldClosed)
	b.accept(b.Spend(wallet, 10))
	b.wantEvents(hold, ledger.EventPlaced, ledger.EventExpired)
	used := b.funded(10)
	lazy := b.hold(used, PurposeBid, 5, b.clock.Now().Add(time.Hour))
	b.clock.Advance(2 * time.Hour)
	b.accept(b.Spend(used, 10))
	b.refuse(b.ExpireHold(lazy), ledger.ErrHoldClosed)
	b.wantEvents(lazy, ledger.EventPlaced, ledger.EventExpired)
}

func lazyExpiryInBatch(b *bench) {
	wallet := b.funded(10)
	other := b.wallet()
	hold := b.hold(wallet, PurposeBid, 10, epoch.Add(time.Hour))
	b.clock.Advance(2 * time.Hour)
	before := b.snapshot().Seq
	answers := b.inOneBatch(b.Spend(wallet, 11), b.Capture(hold, 1), b.Transfer(wallet, other, 6), b.ReleaseHoldRest(hold), b.Spend(wallet, 5), b.Spend(wallet, 4))
	wants := []error{ledger.ErrInsufficientFunds, ledger.ErrHoldExpired, nil, ledger.ErrHoldClosed, ledger.ErrInsufficientFunds, nil}
	for i, want := range wants {
		if a := answers[i]; a.err != nil || !errors.Is(a.Refusal, want) {
			b.t.Errorf("command %d got %+v, %v, want %v", i, a.Outcome, a.err, want)
		}
	}
	if got := b.snapshot().Seq - before; got != 4 { // the plug, the release, the transfer and the spend
		b.t.Errorf("%d journals, want 4", got)
	}
	b.wantHold(hold, 10, 0, 10, ledger.HoldExpired)
}

// expiredHoldOfExpiredLots releases units whose lot expired while they were held:
// they go to EXPIRED in the journal that released them, with their basis.
func expiredHoldOfExpiredLots(b *bench) {
	wallet := b.wallet()
	dying := b.accept(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.USD, Minor: 100}, 10, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	b.accept(b.Grant(wallet, 5, Terms{}))
	hold := b.hold(wallet, PurposeBid, 9, epoch.Add(2*time.Hour))
	lease := b.hold(wallet, PurposeLease, 3, time.Time{})
	b.clock.Advance(3 * time.Hour)
	b.accept(b.Spend(wallet, 2))
	b.wantHold(hold, 9, 0, 9, ledger.HoldExpired)
	b.wantLot(dying, 0, 0)
	b.wantBalance(ClassExpired, ledger.CNX, 7)
	b.wantBalance(ClassBreakage, ledger.USD, 90)
	b.wantBalance(ClassTax, ledger.USD, 10)
	b.wantBalance(available(wallet), ledger.CNX, 0)
	b.wantHold(lease, 3, 0, 0, ledger.HoldOpen)
}

// lapseBeforeMove fails where a batch reads only the accounts of its own commands:
// the release that comes first posts breakage.
func lapseBeforeMove(b *bench) {
	wallet := b.wallet()
	other := b.wallet()
	b.accept(b.PurchaseWithTax(wallet, 7, Price{Money: ledger.EUR, Minor: 100}, 10, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	b.accept(b.Purchase(wallet, 3, Price{Money: ledger.USD, Minor: 50}, Terms{}))
	b.accept(b.Spend(wallet, 1)) // opens the accounts of money
	hold := b.hold(wallet, PurposeBid, 8, epoch.Add(time.Hour))
	b.clock.Advance(2 * time.Hour)
	b.accept(b.Transfer(wallet, other, 3))
	b.wantHold(hold, 8, 0, 8, ledger.HoldExpired)
	b.wantBalance(ClassExpired, ledger.CNX, 6)
	b.wantBalance(ClassBreakage, ledger.EUR, 77)
	again := b.hold(other, PurposeLease, 3, b.clock.Now().Add(time.Hour))
	b.clock.Advance(2 * time.Hour)
	b.accept(b.PlaceHold(other, PurposeLease, 1, time.Time{}))
	b.wantHold(again, 3, 0, 3, ledger.HoldExpired)
}

func releaseWithGrace(b *bench) {
	wallet := b.wallet()
	dying := b.accept(b.Purchase(wallet, 7, Price{Money: ledger.USD, Minor: 100}, Terms{ExpiresAt: epoch.Add(time.Hour)}))
	hold := b.hold(wallet, PurposeBid, 7, time.Time{})
	b.clock.Advance(2 * time.Hour)
	late := b.clock.Now().Add(-time.Minute)
	b.accept(WithGrace(b.ReleaseHold(hold, 1), late)) // a grace that is over is none
	b.wantBalance(ClassExpired, ledger.CNX, 1)
	until := b.clock.Now().Add(time.Hour)
	b.accept(WithGrace(b.ReleaseHold(hold, 4), until))
	b.wantBalance(available(wallet), ledger.CNX, 4)
	b.accept(b.Spend(wallet, 2))
	b.accept(b.ReleaseHold(hold, 1)) // comes back to a lot that has grace
	b.wantBalance(available(wallet), ledger.CNX, 3)
	b.clock.Advance(time.Hour - 10*time.Microsecond)
	b.accept(b.Spend(wallet, 1))
	b.clock.Advance(time.Hour)
	b.refuse(b.Spend(wallet, 1), ledger.ErrInsufficientFunds)
	b.accept(b.ReleaseHoldRest(hold))
	b.wantBalance(ClassExpired, ledger.CNX, 2)
	b.accept(b.ExpireUnits(wallet))
	b.wantLot(dying, 0, 0)
	b.wantBalance(ClassExpired, ledger.CNX, 4)
}

func conditionSeesExpiredHold(b *bench) {
	wallet := b.funded(10)
	hold := b.hold(wallet, PurposeBid, 8, epoch.Add(time.Hour))
	atLeast := func() ledger.Command {
		c := b.Fact()
		c.Arguments = c.Arguments.ID(ArgWallet, wallet)
		c.Conditions = []ledger.Condition{{Account: patternAvailable, Commodity: ledger.CNX, AtLeast: 10}}
		return c
	}
	b.refuse(atLeast(), ledger.ErrConditionFailed)
	b.clock.Advance(time.Hour)
	b.accept(atLeast())
	b.wantHold(hold, 8, 0, 8, ledger.HoldExpired)
}
