package ledgertest

import (
	"errors"
	"slices"
	"time"

	"purser/ledger"
)

var statusCases = []testCase{
	{name: "frozen_wallet_refuses_its_owner_and_lets_holds_end", run: frozenHolds},
	{name: "wallet_closes_empty_and_for_good", run: closeWallet},
	{name: "wallet_with_a_balance_or_a_hold_does_not_close", run: closeNotEmpty},
	{name: "close_in_the_batch_that_empties_the_wallet", run: closeInBatch},
}

func frozenHolds(b *bench) {
	wallet, _, _ := walletOfTwo(b)
	other := b.wallet()
	bid := b.hold(wallet, PurposeBid, 4, time.Time{})
	gone := b.hold(wallet, PurposeLease, 2, epoch.Add(time.Minute))
	b.accept(b.Freeze(wallet))
	for _, c := range []ledger.Command{
		b.Spend(wallet, 1), b.Transfer(wallet, other, 1), b.PlaceHold(wallet, PurposeBid, 1, time.Time{}), b.IncreaseHold(bid, 1),
	} {
		b.refuse(c, ledger.ErrAccountFrozen)
	}
	b.accept(b.Capture(bid, 1))
	b.accept(b.CaptureAndRelease(bid, 1, 1))
	b.accept(b.ReleaseHoldRest(bid))
	b.clock.Advance(time.Hour)
	b.accept(b.ExpireHold(gone))
	b.accept(b.ExpireUnits(wallet))
	b.refuse(b.CloseWallet(wallet), ledger.ErrAccountNotEmpty)
	b.accept(b.Unfreeze(wallet))
	b.accept(b.Transfer(wallet, other, 6))
	b.accept(b.Freeze(wallet))
	b.accept(b.CloseWallet(wallet))
	for _, c := range []ledger.Command{b.Freeze(wallet), b.Unfreeze(wallet), b.CloseWallet(wallet)} {
		b.refuse(c, ledger.ErrStatusConflict)
	}
}

func closeWallet(b *bench) {
	wallet := b.funded(5)
	other := b.funded(5)
	spend := b.accept(b.Spend(wallet, 5))
	b.accept(b.CloseWallet(wallet))
	accounts := b.snapshot().Accounts
	at := slices.IndexFunc(accounts, func(a ledger.AccountState) bool { return a.Account.Owner == wallet })
	if got := accounts[at].Balance.Status; got != ledger.StatusClosed {
		b.t.Errorf("status = %s after CloseWallet", got)
	}
	for _, c := range []ledger.Command{
		b.Grant(wallet, 1, Terms{}), b.Purchase(wallet, 1, twelveDollars, Terms{}), b.Spend(wallet, 1), b.Transfer(other, wallet, 1),
		b.ReverseRest(spend, TypeReturn),
	} {
		b.refuse(c, ledger.ErrAccountClosed)
	}
	for _, c := range []ledger.Command{b.Freeze(wallet), b.Unfreeze(wallet), b.CloseWallet(wallet)} {
		b.refuse(c, ledger.ErrStatusConflict)
	}
	b.refuse(b.CloseWallet(b.NewID()), ledger.ErrAccountMissing)
}

func closeNotEmpty(b *bench) {
	wallet := b.funded(5)
	refusedFor := func(balance, held int64) {
		b.t.Helper()
		refused := b.refuse(b.CloseWallet(wallet), ledger.ErrAccountNotEmpty)
		var left *ledger.NotEmptyError
		if !errors.As(refused, &left) || left.Balance != balance || left.Held != held {
			b.t.Errorf("refusal = %+v, want balance %d, %d held", refused, balance, held)
		}
	}
	refusedFor(5, 0)
	hold := b.hold(wallet, PurposeBid, 5, epoch.Add(time.Minute))
	refusedFor(0, 5)
	b.clock.Advance(time.Hour)
	refusedFor(0, 5) // expired, and still there
	b.accept(b.ExpireHold(hold))
	refusedFor(5, 0)
	b.accept(b.Spend(wallet, 5))
	b.accept(b.CloseWallet(wallet))
	expired := b.wallet()
	b.accept(b.Grant(expired, 2, Terms{ExpiresAt: epoch}))
	wallet = expired
	refusedFor(2, 0)
	b.accept(b.ExpireUnits(expired))
	b.accept(b.CloseWallet(expired))
}

func closeInBatch(b *bench) {
	wallet := b.funded(5)
	hold := b.hold(wallet, PurposeBid, 2, time.Time{})
	answers := b.inOneBatch(b.CloseWallet(wallet), b.Spend(wallet, 3), b.CloseWallet(wallet), b.Capture(hold, 2), b.CloseWallet(wallet), b.Grant(wallet, 1, Terms{}))
	for i, want := range []error{ledger.ErrAccountNotEmpty, nil, ledger.ErrAccountNotEmpty, nil, nil, ledger.ErrAccountClosed} {
		if a := answers[i]; a.err != nil || !errors.Is(a.Refusal, want) {
			b.t.Errorf("command %d got %+v, %v, want %v", i, a.Outcome, a.err, want)
		}
	}
}
