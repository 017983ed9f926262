package ledgertest

import (
	"errors"
	"time"

	"purser/ledger"
)

// heldOutlives captures units whose lot has expired since they were held.
func heldOutlives(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	hold := b.hold(wallet, PurposeBid, 6, time.Time{})
	b.clock.Advance(2 * time.Hour)
	b.wantMovements(b.accept(b.Capture(hold, 3)), moved{promo, -3, 0})
	b.refuse(b.Spend(wallet, 5), ledger.ErrInsufficientFunds)
	b.wantMovements(b.accept(b.Capture(hold, 2)), moved{promo, -1, 0}, moved{paid, -1, -15})
}

func holdInOneBatch(b *bench) {
	wallet, promo, paid := walletOfTwo(b)
	place := b.PlaceHold(wallet, PurposeBid, 8, epoch.Add(time.Minute))
	hold := HoldOf(place)
	beyond, last := b.Capture(hold, 6), b.ReleaseHoldRest(hold)
	answers := b.inOneBatch(place, b.Capture(hold, 2), b.ReleaseHold(hold, 1), beyond, b.IncreaseHold(hold, 3), b.Spend(wallet, 1), last, b.Capture(hold, 1))
	for i, want := range []error{nil, nil, nil, ledger.ErrHoldExceeded, nil, ledger.ErrInsufficientFunds, nil, ledger.ErrHoldClosed} {
		if a := answers[i]; a.err != nil || !errors.Is(a.Refusal, want) {
			b.t.Errorf("command %d got %+v, %v, want %v", i, a.Outcome, a.err, want)
		}
	}
	b.wantHold(hold, 11, 2, 9, ledger.HoldCaptured)
	b.wantPlaces(promo, map[string]int64{available(wallet): 2})
	b.wantPlaces(paid, map[string]int64{available(wallet): 6})
}

func capturesAtOnce(b *bench) {
	wallet := b.funded(100)
	hold := b.hold(wallet, PurposeBid, 50, time.Time{})
	other := b.open(b.store)
	accepted := b.countAccepted(40, ledger.ErrHoldExceeded, ledger.ErrHoldClosed, func(i int) (ledger.Outcome, error) {
		return []*ledger.Ledger{b.ledger, other}[i%2].Post(b.context(), b.Capture(hold, 2))
	})
	if accepted != 25 {
		b.t.Errorf("%d captures of 2 were accepted on a hold of 50", accepted)
	}
	b.wantHold(hold, 50, 50, 0, ledger.HoldCaptured)
}

func holdBatchIsSingles(b *bench) {
	wallet, other := b.NewID(), b.NewID()
	bid := b.PlaceHold(wallet, PurposeBid, 6, epoch.Add(48*time.Hour))
	lease := b.PlaceHold(wallet, PurposeLease, 3, time.Time{})
	purchase := b.PurchaseWithTax(wallet, 7, twelveDollars, 100, Terms{})
	b.sameOneByOne(
		b.OpenWallet(wallet), b.OpenWallet(other), purchase, b.Grant(wallet, 5, Terms{ExpiresAt: epoch.AddDate(0, 0, 1)}), bid, lease,
		b.Capture(HoldOf(bid), 4), b.Transfer(wallet, other, 2), b.ReleaseHold(HoldOf(lease), 2), b.IncreaseHold(HoldOf(bid), 1), b.Spend(wallet, 9),
		b.CaptureAndRelease(HoldOf(bid), 1, 9), b.Capture(HoldOf(lease), 2), b.Transfer(other, wallet, 1), b.Capture(HoldOf(lease), 1),
		b.ReverseRest(purchase.ID, TypeReversal), b.Transfer(wallet, other, 1), b.SetLimit(wallet, time.Hour, 1), b.Spend(wallet, 1), b.Spend(wallet, 1), b.Fact())
}
