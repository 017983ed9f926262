package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"purser/internal/wallet"
	"purser/ledger"
)

// Wallets posts what the scheduled runs decide. wallet.Service implements it.
type Wallets interface {
	// ExpireHold releases an expired hold; it is refused with ErrHoldClosed when somebody did before.
	ExpireHold(ctx context.Context, hold wallet.HoldRef) (wallet.Result, error)
	// ExpireUnits takes what has expired out of a wallet; it is refused with ErrNothingExpired when
	// there is nothing.
	ExpireUnits(ctx context.Context, candidate wallet.ExpiringWallet) (wallet.Result, error)
}

// Progress remembers how far a job that walks along time has come.
type Progress interface {
	// Progress returns the zero time for a book that a job has not begun.
	Progress(ctx context.Context, job string, book ledger.BookID) (time.Time, error)
	SetProgress(ctx context.Context, job string, book ledger.BookID, at time.Time) error
}

const (
	// candidatesMax is how many holds or wallets are read at a time.
	candidatesMax = 500
	// postersMax is how many commands of a run wait at once. The ledger commits them together; a few
	// keep it busy, and leave its queue to people.
	postersMax = 16
	// settled is how long ago units must have ended before the walk passes them by: a lot is posted
	// before its end, but its commit may become visible, and another process's clock may stand, a
	// little after that.
	settled = 5 * time.Second
)

// LotExpiryJob is the name of the walk along the ends of lots, by which its progress is kept.
const LotExpiryJob = "lot-expiry"

// Expiry does what the passing of time asks for.
type Expiry struct {
	Wallets  Wallets
	Expiries wallet.Expiries
	Progress Progress
	Books    func(context.Context) ([]ledger.BookID, error)
	Clock    func() time.Time
}

// SweepHolds releases every hold that has expired by now. The ledger releases such holds itself when a
// command needs their units; this is for the others. It returns an error when a hold could not be
// released, after it has tried the others.
func (e *Expiry) SweepHolds(ctx context.Context) error {
	return e.eachBook(ctx, "sweep holds", e.sweepBook)
}

// ExpireLots takes expired units out of the wallets they are still in, in the order of their ends, from
// where the last run stopped. Running it twice, or twice at once, posts each wallet's expiry once. It
// returns an error when a wallet's units could not be taken out, after it has tried the others, and
// comes back to that wallet in the next run.
func (e *Expiry) ExpireLots(ctx context.Context) error {
	return e.eachBook(ctx, "expire lots", e.expireBook)
}

func (e *Expiry) eachBook(ctx context.Context, what string, do func(context.Context, ledger.BookID) error) error {
	books, err := e.Books(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	var failed []error
	for _, book := range books {
		if err := do(ctx, book); err != nil {
			failed = append(failed, fmt.Errorf("%s of book %d: %w", what, book, err))
		}
	}
	return errors.Join(failed...)
}

func (e *Expiry) sweepBook(ctx context.Context, book ledger.BookID) error {
	for {
		holds, err := e.Expiries.ExpiredHolds(ctx, book, e.Clock(), candidatesMax)
		if err != nil {
			return err
		}
		failed := together(holds, func(hold wallet.ExpiredHold) error {
			result, err := e.Wallets.ExpireHold(ctx, hold.HoldRef)
			return unless(result, err, ledger.ErrHoldClosed)
		})
		// What failed is still among the candidates, so there is no next page to be had.
		if len(holds) < candidatesMax || len(failed) > 0 {
			return errors.Join(failed...)
		}
	}
}

func (e *Expiry) expireBook(ctx context.Context, book ledger.BookID) error {
	after, err := e.Progress.Progress(ctx, LotExpiryJob, book)
	if err != nil {
		return err
	}
	through := e.Clock().Add(-settled)
	var failed []error
	for {
		wallets, err := e.Expiries.ExpiringWallets(ctx, book, after, through, candidatesMax)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		failed = append(failed, together(wallets, func(candidate wallet.ExpiringWallet) error {
			result, err := e.Wallets.ExpireUnits(ctx, candidate)
			return unless(result, err, ledger.ErrNothingExpired)
		})...)
		if len(wallets) == 0 || ctx.Err() != nil {
			return errors.Join(failed...)
		}
		after = wallets[len(wallets)-1].EndedAt
		if len(failed) > 0 {
			continue // and progress stays before what failed
		}
		if err := e.Progress.SetProgress(ctx, LotExpiryJob, book, after); err != nil {
			return err
		}
	}
}

// unless returns what went wrong, where a certain refusal is as good as success.
func unless(result wallet.Result, err, fine error) error {
	if refusal := result.Outcome.Refusal; err == nil && refusal != nil && !errors.Is(refusal, fine) {
		return refusal
	}
	return err
}

// together runs do for each item, a few at once, and returns the errors in the order of the items.
func together[T any](items []T, do func(T) error) []error {
	results := make([]error, len(items))
	turns := make(chan struct{}, postersMax)
	var running sync.WaitGroup
	for i := range items {
		turns <- struct{}{}
		running.Go(func() {
			defer func() { <-turns }()
			results[i] = do(items[i])
		})
	}
	running.Wait()
	var failed []error
	for _, err := range results {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}
