package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

const (
	// stretch is how much simulated time is posted at once: short enough that
	// posted and effective times are close, long enough that the batches of a
	// default load fit into half a minute.
	stretch = 3 * time.Hour
	// chunkCommandsMax is the size of the ledger's batches. What is more of one
	// stretch is posted as further batches.
	chunkCommandsMax = 1000
)

// chunk is one batch of one book.
type chunk struct {
	book     ledger.BookID
	postedAt time.Time
	commands []decided
}

// generator plays the marketplace in the order of simulated time.
type generator struct {
	load     postgres.DemoLoad
	start    time.Time
	holders  []*holder
	agenda   agenda
	books    *books
	service  *wallet.Service
	campaign *campaign.Service
	caller   domain.Caller // of everything that is not an owner's act
	requests int64
}

func newGenerator(rules *ledger.Rules, load postgres.DemoLoad) (*generator, error) {
	var moved map[int]place
	if load.Campaigns > 0 {
		moved = advertisersPlaces
	}
	holders, err := newPopulation(load.Seed, load.Wallets, moved)
	if err != nil {
		return nil, err
	}
	g := &generator{
		load: load, start: load.EndsAt.AddDate(0, 0, -load.Days), holders: holders, books: newBooks(rules),
		caller: domain.Caller{Principal: "service:" + serviceName, All: true},
	}
	ids := &sequence{rng: stream(load.Seed, "ids", 0)}
	clock := func() time.Time { return g.books.at }
	newID := func() ledger.ID { return ids.next(g.books.at) }
	g.service = wallet.NewService(g.books, g.books, clock, newID)
	g.campaign = campaign.NewService(campaign.Config{
		Ledger: g.books, Directory: g.books, Clock: clock, NewID: newID, Projections: market.Projections(),
	})
	if err := g.planAdvertising(); err != nil {
		return nil, err
	}
	g.planAll()
	return g, nil
}

// run plays all events and hands their commands to emit, stretch by stretch and
// book by book. It returns emit's error, the context's, or that of an event
// whose outcome is not the intended one.
func (g *generator) run(ctx context.Context, emit func(chunk) error) error {
	for from := g.start; from.Before(g.load.EndsAt); from = from.Add(stretch) {
		if err := ctx.Err(); err != nil {
			return err
		}
		until := from.Add(stretch)
		g.books.advance(until)
		for e, ok := g.agenda.next(until); ok; e, ok = g.agenda.next(until) {
			g.books.at = e.at.UTC()
			if err := e.play(); err != nil {
				return err
			}
		}
		if err := g.flush(emit); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) flush(emit func(chunk) error) error {
	for _, book := range g.books.order {
		queued := g.books.queued[book]
		for len(queued) > 0 {
			n := min(len(queued), chunkCommandsMax)
			if err := emit(chunk{book: book, postedAt: g.books.postedAt, commands: queued[:n:n]}); err != nil {
				return err
			}
			queued = queued[n:]
		}
		g.books.queued[book] = nil
	}
	return nil
}

// during returns the instant at a fraction of the window.
func (g *generator) during(fraction float64) time.Time {
	window := g.load.EndsAt.Sub(g.start)
	return g.start.Add(time.Duration(float64(window) * fraction).Truncate(time.Millisecond))
}

// after plans an event some time from the one being played.
func (g *generator) after(wait time.Duration, play func() error) {
	g.agenda.plan(g.books.at.Add(wait), play)
}

// key returns the idempotency key of the next request.
func (g *generator) key() string {
	g.requests++
	return fmt.Sprintf("demo-%08d", g.requests)
}

// intended checks that a request had the outcome its event is about: accepted
// when refusal is nil. It returns the journal.
func (g *generator) intended(result wallet.Result, err, refusal error) (ledger.ID, error) {
	return g.outcome("wallet "+result.Wallet.ID.String(), result.Outcome, err, refusal)
}

// outcome is intended for a request on anything.
func (g *generator) outcome(on string, outcome ledger.Outcome, err, refusal error) (ledger.ID, error) {
	if err == nil && outcome.Refusal != nil {
		err = outcome.Refusal
	}
	switch {
	case refusal == nil && err == nil, refusal != nil && errors.Is(err, refusal):
		return outcome.Journal, nil
	case err == nil:
		return ledger.NilID, fmt.Errorf("play the event of %s: accepted on %s instead of: %w",
			g.books.at.Format(time.RFC3339), on, refusal)
	default:
		return ledger.NilID, fmt.Errorf("play the event of %s on %s: %w", g.books.at.Format(time.RFC3339), on, err)
	}
}
