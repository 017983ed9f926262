package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"purser/internal/wallet"
	"purser/ledger"
)

// Scenes of the freelancer persona's bids, as fractions of the window. The last bid
// waits for the end of its auction when the window ends.
const (
	sceneBidWon  = 0.8
	sceneBidLost = 0.88
	bidOpenFor   = 5 * time.Hour
)

// planBids gives the freelancer persona a bid of every fate: one that was won for less
// than was offered, one that was lost, and one that is still held.
func (g *generator) planBids(h *holder) {
	rng := stream(g.load.Seed, "bids", h.index)
	g.agenda.plan(g.during(sceneBidWon), func() error { return g.decidedBid(h, rng, 20, 14) })
	g.agenda.plan(g.during(sceneBidLost), func() error { return g.decidedBid(h, rng, 12, 0) })
	g.agenda.plan(g.load.EndsAt.Add(-bidOpenFor), func() error {
		_, err := g.bid(h, rng, 9)
		return err
	})
}

// bid holds Connects for a boosted proposal, and buys a bundle first where it must.
func (g *generator) bid(h *holder, rng *rand.Rand, quantity int64) (wallet.HoldRef, error) {
	if quantity > g.books.available(h.ref) {
		if err := g.purchase(h, 20); err != nil {
			return wallet.HoldRef{}, err
		}
	}
	result, err := g.service.PlaceHold(context.Background(), g.caller, wallet.PlaceHold{
		Key: g.key(), Wallet: h.ref, Purpose: wallet.PurposeBid, Quantity: quantity,
		Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: randomID(rng).String()},
	})
	placed, err := g.intended(result, err, nil)
	return wallet.HoldRef{ID: placed, Wallet: h.ref, Purpose: wallet.PurposeBid}, err
}

// decidedBid is a bid whose auction ends soon: what it was won for is captured and the
// rest given back, which is all of it when it was lost.
func (g *generator) decidedBid(h *holder, rng *rand.Rand, quantity, wonFor int64) error {
	hold, err := g.bid(h, rng, quantity)
	if err != nil {
		return err
	}
	g.after(min(g.during(0.03).Sub(g.start), 2*day), func() error { return g.decide(hold, wonFor) })
	return nil
}

func (g *generator) decide(bid wallet.HoldRef, wonFor int64) error {
	var result wallet.Result
	var err error
	if wonFor > 0 {
		result, err = g.service.CaptureHold(context.Background(), g.caller, wallet.CaptureHold{Key: g.key(), Hold: bid, Quantity: wonFor, ReleaseRest: true})
	} else {
		result, err = g.service.ReleaseHold(context.Background(), g.caller, wallet.ReleaseHold{Key: g.key(), Hold: bid})
	}
	_, err = g.intended(result, err, nil)
	return err
}
