package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"purser/ledger"
)

// CheckerMetrics shows what a checker found.
type CheckerMetrics interface {
	// Checked is told the state of an invariant, and how many contradictions are new.
	Checked(invariant string, holds bool, found int64, at time.Time)
}

// CheckerConfig is what a Checker needs; every field is required.
type CheckerConfig struct {
	Rules   *ledger.Rules
	Clock   func() time.Time
	Metrics CheckerMetrics
	Log     *slog.Logger
	// Work bounds how long one run reads and replays, so that a first pass over a
	// large ledger leaves the machine to others in between.
	Work time.Duration
}

// Checker verifies the ledger again and again. Its first pass, which may take several
// runs, does what Verify does; from then on a run replays only the journals since the
// last one, and compares a few ranges of each kind of rows, so that all are compared
// in turn. It remembers where it was, so that it is one process's: Run must not be
// called twice at once. What it found in journals stays found until the process ends,
// as journals never change; what it found in other rows is found anew in each round.
type Checker struct {
	CheckerConfig
	db        *DB
	verifiers []*verifier
	whole     bool // every row was compared once
	turn      int
	reported  map[string]int64
}

// NewChecker returns a checker that has seen nothing.
func (db *DB) NewChecker(c CheckerConfig) *Checker {
	return &Checker{CheckerConfig: c, db: db, reported: map[string]int64{}}
}

// checkerRanges is how many ranges of each kind of rows a run compares.
const checkerRanges = 2

// errWorked ends a run that has worked as long as it may.
var errWorked = errors.New("the run has worked as long as it may")

// Run verifies what there is to verify now, and stores and shows the results. It
// returns an error when the database could not be read or written: broken invariants
// are results.
func (c *Checker) Run(ctx context.Context) error {
	began := c.Clock()
	if err := c.advance(ctx, began.Add(c.Work)); err != nil {
		return fmt.Errorf("check invariants: %w", readError(err))
	}
	if c.whole {
		if err := c.confirmChains(ctx); err != nil {
			return fmt.Errorf("check the hash chains: %w", err)
		}
	}
	at := c.Clock()
	found := newFindings()
	for _, v := range c.verifiers {
		v.findings(found)
	}
	checks := found.checks()
	c.show(ctx, checks, at)
	return c.db.NewJobs().SaveChecks(ctx, checks, c.whole, at, at.Sub(began))
}

func (c *Checker) advance(ctx context.Context, until time.Time) error {
	books, err := c.db.bookIDs(ctx)
	if err != nil {
		return err
	}
	whole := true
	// Each run begins with another book, so that none waits for the others for ever.
	c.turn++
	for i := range books {
		book := books[(c.turn+i)%len(books)]
		v := c.verifier(book)
		v.between = func(VerifyProgress) error {
			if c.Clock().After(until) {
				return errWorked
			}
			return ctx.Err()
		}
		done, err := v.advance(ctx, checkerRanges)
		if err != nil && !errors.Is(err, errWorked) {
			return fmt.Errorf("book %d: %w", book, err)
		}
		whole = whole && (done || v.complete())
	}
	c.whole = whole
	return nil
}

// complete reports whether every row was compared once.
func (v *verifier) complete() bool {
	return !slices.ContainsFunc(v.walks, func(w *rowWalk) bool { return w.rounds == 0 })
}

func (c *Checker) verifier(book ledger.BookID) *verifier {
	if i := slices.IndexFunc(c.verifiers, func(v *verifier) bool { return v.book == book }); i >= 0 {
		return c.verifiers[i]
	}
	v := newVerifier(c.db, c.Rules, book)
	c.verifiers = append(c.verifiers, v)
	return v
}

// confirmChains computes a chain that seems broken once more from its beginning. An
// older version of the program leaves journals without a link, and links may be made
// for them later, behind what was read: only a second look tells that from tampering.
func (c *Checker) confirmChains(ctx context.Context) error {
	for _, v := range c.verifiers {
		if v.chain.OK() || v.chainConfirmed {
			continue
		}
		again := &chainVerifier{ChainCheck: ChainCheck{Book: v.book}}
		if err := again.run(ctx, c.db, nil); err != nil {
			return readError(err)
		}
		for again.OK() && again.seq < v.state.Seq {
			if err := again.slice(ctx, c.db, min(again.seq+chainJournals, v.state.Seq)); err != nil {
				return readError(err)
			}
		}
		v.chain, v.chainConfirmed = again, !again.OK()
	}
	return nil
}

func (c *Checker) show(ctx context.Context, checks []Check, at time.Time) {
	for _, check := range checks {
		if check.Note != "" || !c.whole && check.OK {
			continue
		}
		fresh := max(check.Failures-c.reported[check.Invariant], 0)
		if fresh > 0 && c.reported[check.Invariant] == 0 {
			c.Log.ErrorContext(ctx, "an invariant of the ledger is broken", "invariant", check.Invariant, "title", check.Title, "counterexample", check.Counterexample)
		}
		c.reported[check.Invariant] = check.Failures
		c.Metrics.Checked(check.Invariant, check.OK, fresh, at)
	}
}
