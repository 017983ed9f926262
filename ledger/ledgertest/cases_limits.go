package ledgertest

import (
	"errors"
	"time"

	"purser/ledger"
)

var limitCases = []testCase{
	{name: "limit_counts_what_the_owner_takes_in_a_window", run: limitCounts},
	{name: "window_changes_at_its_edge", run: limitWindows},
	{name: "clock_that_goes_back_opens_no_window", run: limitClockBack},
	{name: "limit_is_changed_and_lifted", run: limitChanged},
	{name: "what_the_platform_does_is_not_counted", run: limitPlatform},
	{name: "limits_of_two_windows_hold_both", run: limitTwoWindows},
	{name: "limit_in_one_batch", run: limitInBatch},
	{name: "spends_at_once_stay_within_the_limit", run: limitAtOnce},
	{name: "limit_that_cannot_be", run: limitInvalid},
}

func (b *bench) refuseLimit(c ledger.Command, want ledger.LimitError) {
	b.t.Helper()
	refused := b.refuse(c, ledger.ErrLimitExceeded)
	var limit *ledger.LimitError
	if !errors.As(refused, &limit) || !limit.ResetsAt.Equal(want.ResetsAt) {
		b.t.Fatalf("refusal = %+v, want %+v", refused, want)
	}
	got := *limit
	got.ResetsAt = want.ResetsAt
	if got != want {
		b.t.Errorf("refusal = %+v, want %+v", got, want)
	}
}

func limitCounts(b *bench) {
	wallet := b.funded(100)
	other := b.wallet()
	b.accept(b.Spend(wallet, 50)) // before there was a limit
	b.accept(b.SetLimit(wallet, time.Hour, 10))
	b.accept(b.Spend(wallet, 4))
	b.accept(b.Transfer(wallet, other, 3))
	want := ledger.LimitError{
		Account: b.account(available(wallet), ledger.CNX), Window: time.Hour, Maximum: 10, Used: 7, Requested: 4, ResetsAt: epoch.Add(time.Hour),
	}
	b.refuseLimit(b.Spend(wallet, 4), want)
	b.accept(b.PlaceHold(wallet, PurposeBid, 3, time.Time{}))
	want.Used, want.Requested = 10, 1
	b.refuseLimit(b.PlaceHold(wallet, PurposeBid, 1, time.Time{}), want)
	b.accept(b.Spend(other, 3)) // another account
}

func limitWindows(b *bench) {
	wallet := b.funded(100)
	b.accept(b.SetLimit(wallet, time.Hour, 5))
	b.accept(b.Spend(wallet, 5))
	b.clock.Advance(time.Hour - time.Millisecond)
	b.refuse(b.Spend(wallet, 1), ledger.ErrLimitExceeded)
	b.clock.Advance(time.Millisecond)
	b.accept(b.Spend(wallet, 5))
	b.refuse(b.Spend(wallet, 1), ledger.ErrLimitExceeded)
	b.clock.Advance(10 * time.Hour)
	b.accept(b.Spend(wallet, 5))
	day := b.funded(100)
	b.accept(b.SetLimit(day, 24*time.Hour, 5))
	b.accept(b.Spend(day, 5))
	b.clock.Advance(time.Date(2031, 3, 7, 0, 0, 0, 0, time.UTC).Sub(b.clock.Now()))
	b.accept(b.Spend(day, 5)) // a day begins at midnight
}

func limitClockBack(b *bench) {
	wallet := b.funded(100)
	b.accept(b.SetLimit(wallet, time.Hour, 5))
	b.clock.Advance(time.Hour)
	b.accept(b.Spend(wallet, 4))
	b.clock.Advance(-2 * time.Hour)
	b.refuse(b.Spend(wallet, 2), ledger.ErrLimitExceeded)
	b.accept(b.Spend(wallet, 1))
	b.clock.Advance(2*time.Hour + 30*time.Minute)
	b.refuse(b.Spend(wallet, 1), ledger.ErrLimitExceeded)
}

func limitChanged(b *bench) {
	wallet := b.funded(100)
	b.accept(b.SetLimit(wallet, time.Hour, 5))
	b.accept(b.Spend(wallet, 5))
	b.accept(b.SetLimit(wallet, time.Hour, 8)) // what was used stays used
	b.refuse(b.Spend(wallet, 4), ledger.ErrLimitExceeded)
	b.accept(b.Spend(wallet, 3))
	b.accept(b.SetLimit(wallet, time.Hour, 0))
	b.refuse(b.Spend(wallet, 1), ledger.ErrLimitExceeded)
	b.accept(b.LiftLimit(wallet, time.Hour))
	b.accept(b.Spend(wallet, 20))
	b.accept(b.SetLimit(wallet, time.Hour, 30))
	b.refuse(b.Spend(wallet, 3), ledger.ErrLimitExceeded) // counted while it was lifted
	b.accept(b.Spend(wallet, 2))
	b.accept(b.LiftLimit(wallet, time.Minute)) // one that never was
	b.accept(b.SetLimit(wallet, 2*time.Hour, most))
	b.clock.Advance(time.Hour)
	b.accept(b.Spend(wallet, 30))
}

func limitPlatform(b *bench) {
	wallet, promo, _ := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 2, time.Time{})
	spend := b.accept(b.Spend(wallet, 2))
	b.accept(b.SetLimit(wallet, time.Hour, 0))
	b.accept(b.Capture(hold, 1))
	b.accept(b.ReleaseHoldRest(hold))
	b.accept(b.ReverseRest(spend, TypeReturn))
	b.accept(b.Grant(wallet, 5, Terms{ExpiresAt: epoch}))
	b.accept(b.ExpireUnits(wallet))
	b.accept(b.Reverse(promo, TypeReversal, 1))
	b.refuse(b.Spend(wallet, 1), ledger.ErrLimitExceeded)
	b.wantBalance(available(wallet), ledger.CNX, 8)
}

func limitTwoWindows(b *bench) {
	wallet := b.funded(100)
	b.accept(b.SetLimit(wallet, 24*time.Hour, 8))
	b.accept(b.SetLimit(wallet, time.Hour, 5))
	b.accept(b.Spend(wallet, 5))
	var limit *ledger.LimitError
	both := b.refuse(b.Spend(wallet, 4), ledger.ErrLimitExceeded)
	if !errors.As(both, &limit) || limit.Window != time.Hour {
		b.t.Errorf("refusal = %+v, want that of the shorter window, however they were set", both)
	}
	b.clock.Advance(time.Hour)
	refused := b.refuse(b.Spend(wallet, 4), ledger.ErrLimitExceeded)
	if !errors.As(refused, &limit) || limit.Window != 24*time.Hour || limit.Used != 5 {
		b.t.Errorf("refusal = %+v, want that of the day", refused)
	}
	b.accept(b.Spend(wallet, 3))
	b.refuse(b.Spend(wallet, 1), ledger.ErrLimitExceeded)
}

func limitInBatch(b *bench) {
	wallet := b.funded(100)
	b.accept(b.SetLimit(wallet, time.Hour, 5))
	commands := []ledger.Command{
		b.Spend(wallet, 3), b.Spend(wallet, 3), b.Spend(wallet, 101), b.Spend(wallet, 2), b.SetLimit(wallet, time.Hour, 6), b.Spend(wallet, 1), b.Spend(wallet, most),
	}
	for i, a := range b.inOneBatch(commands...) {
		if refused := i == 1 || i == 2 || i == 6; a.err != nil || (a.Refusal != nil) != refused {
			b.t.Errorf("command %d got %+v, %v", i, a.Outcome, a.err)
		}
	}
	b.wantBalance(available(wallet), ledger.CNX, 94)
}

func limitAtOnce(b *bench) {
	wallet := b.funded(1000)
	b.accept(b.SetLimit(wallet, time.Hour, 50))
	other := b.open(b.store)
	accepted := b.countAccepted(40, ledger.ErrLimitExceeded, ledger.ErrLimitExceeded, func(i int) (ledger.Outcome, error) {
		return []*ledger.Ledger{b.ledger, other}[i%2].Post(b.context(), b.Spend(wallet, 3))
	})
	if accepted != 16 {
		b.t.Errorf("%d spends of 3 were accepted within a limit of 50", accepted)
	}
}

func limitInvalid(b *bench) {
	wallet := b.funded(10)
	for _, window := range []time.Duration{0, -time.Hour, 367 * 24 * time.Hour, 1 << 62} {
		b.refuse(b.SetLimit(wallet, window, 1), ledger.ErrInvalidAmount)
	}
	b.refuse(b.SetLimit(wallet, time.Hour, -1), ledger.ErrInvalidAmount)
	b.refuse(b.SetLimit(b.NewID(), time.Hour, 1), ledger.ErrAccountMissing)
	for i := range 8 {
		b.accept(b.SetLimit(wallet, time.Duration(i+1)*time.Minute, 1))
	}
	b.refuse(b.SetLimit(wallet, time.Hour, 1), ledger.ErrInvalidAmount) // one too many
	if got := len(b.snapshot().Limits); got != 8 {
		b.t.Errorf("%d limits, want 8", got)
	}
}
