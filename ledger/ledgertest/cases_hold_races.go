package ledgertest

import (
	"errors"
	"time"

	"purser/ledger"
)

// sweeperRacesCapture posts a capture and the sweeper's release at once on both sides
// of the expiry: exactly one of them is accepted, and the clock says which.
func sweeperRacesCapture(b *bench) {
	for _, after := range []bool{false, true} {
		wallet := b.funded(10)
		hold := b.hold(wallet, PurposeBid, 5, b.clock.Now().Add(time.Hour))
		if after {
			b.clock.Advance(2 * time.Hour)
		}
		sweeper := b.open(b.store)
		commands := []ledger.Command{b.Capture(hold, 5), b.ExpireHold(hold)}
		outcomes := make([]ledger.Outcome, 2)
		accepted := b.countAccepted(2, ledger.ErrHoldExpired, errHoldUnready, func(i int) (ledger.Outcome, error) {
			outcome, err := []*ledger.Ledger{b.ledger, sweeper}[i].Post(b.context(), commands[i])
			outcomes[i] = outcome
			if errors.Is(outcome.Refusal, ledger.ErrHoldClosed) || errors.Is(outcome.Refusal, ledger.ErrHoldNotExpired) {
				outcome.Refusal = unready{outcome.Refusal}
			}
			return outcome, err
		})
		if accepted != 1 || (outcomes[1].Refusal == nil) != after {
			b.t.Errorf("past expiry %t: %d accepted, capture %+v, sweeper %+v", after, accepted, outcomes[0], outcomes[1])
		}
	}
}

// errHoldUnready stands for the two refusals of whoever came too late or too early.
var errHoldUnready = errors.New("hold closed or not expired")

type unready struct{ ledger.Refusal }

func (unready) Is(target error) bool { return target == errHoldUnready }

func spendersRaceSweeper(b *bench) {
	wallet := b.funded(40)
	var holds []HoldRef
	for range 4 {
		holds = append(holds, b.hold(wallet, PurposeBid, 10, epoch.Add(time.Hour)))
	}
	b.clock.Advance(2 * time.Hour)
	sweeper := b.open(b.store)
	spent := b.countAccepted(24, ledger.ErrInsufficientFunds, ledger.ErrHoldClosed, func(i int) (ledger.Outcome, error) {
		if i%6 == 0 {
			outcome, err := sweeper.Post(b.context(), b.ExpireHold(holds[i/6]))
			if err == nil && outcome.Refusal == nil {
				outcome.Refusal = &ledger.InsufficientFundsError{} // accepted, and no spend
			}
			return outcome, err
		}
		return b.ledger.Post(b.context(), b.Spend(wallet, 4))
	})
	if spent != 10 {
		b.t.Errorf("%d spends of 4 were accepted on 40 units in expired holds", spent)
	}
	for _, hold := range holds {
		b.wantEvents(hold, ledger.EventPlaced, ledger.EventExpired)
	}
}
