// Package demo invents the history of a small marketplace and writes it through
// the ledger, so that every page has something true to show.
//
// A load is decided by five parameters: the seed, the number of wallets, the
// number of campaigns, the number of days and the instant at which history ends.
// The same five give the same rows, down to every id and posting instant, whatever the machine does
// meanwhile; finished_at of demo_loads is the only reading of a wall clock.
//
// The generator plays the marketplace event by event on a simulated clock. Each
// event is a request to wallet.Service or campaign.Service, the product's own way
// to a command, and is decided at once by the ledger's fold on books held in memory: that tells
// the generator what its wallets hold. The commands are then posted in order,
// a stretch of simulated time a batch, and what the ledger answers must be what
// the fold answered here: a difference ends the load with an error.
//
// An interrupted load is resumed by playing it again from the start. The keys of
// what was written replay their outcomes and nothing is written twice.
package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"purser/internal/postgres"
	"purser/ledger"
)

// Bounds and defaults of a load. Below WalletsMin there is no room for an
// agency with its people beside the personas. Advertisers are in five countries
// and everything happens to some campaign from about a dozen campaigns on.
const (
	WalletsDefault   = 2000
	WalletsMin       = 10
	WalletsMax       = 200_000
	CampaignsDefault = 240
	CampaignsMax     = 20_000
	DaysDefault      = 90
	DaysMin          = 1
	DaysMax          = 730
)

// ErrInvalidOptions is returned by Load for options out of bounds.
var ErrInvalidOptions = errors.New("demo: invalid options")

// Loads remembers loads, so that one that was interrupted is resumed with the
// parameters it began with. *postgres.DB is one.
type Loads interface {
	// BeginDemoLoad records that want begins, or returns the load that is still
	// unfinished. It returns postgres.ErrNotEmpty for a database with a history
	// of its own.
	BeginDemoLoad(ctx context.Context, want postgres.DemoLoad) (load postgres.DemoLoad, resumed bool, err error)
	// FinishDemoLoad records that everything is written.
	FinishDemoLoad(ctx context.Context, seed int64) error
}

// Options say what to load and where to.
type Options struct {
	Rules *ledger.Rules
	Store ledger.Store
	Loads Loads
	// Wallets and Days say how much; zero means the default.
	Wallets int
	Days    int
	// Campaigns may be none: zero is no default.
	Campaigns int
	Seed      int64
	// Now is the instant at which history ends.
	Now time.Time
	// Progress is called about once a second and once at the end, never
	// concurrently. Nil for none.
	Progress func(Progress)
}

// Progress says how far a load is.
type Progress struct {
	// Day counts the days of simulated time that are written, out of Days.
	Day, Days int
	// Commands were decided so far, replays of a resumed load included.
	Commands int64
}

// String is a line for people.
func (p Progress) String() string {
	return fmt.Sprintf("day %d of %d, %d commands", p.Day, p.Days, p.Commands)
}

// Summary says what a load consists of.
type Summary struct {
	// Load holds the parameters followed: those of the interrupted load when
	// Resumed.
	Load    postgres.DemoLoad
	Resumed bool
	// Journals were accepted and Refusals refused as intended; both count what
	// an interrupted run had written before.
	Journals int64
	Refusals int64
}

// Load writes a demonstration marketplace into an empty database, or finishes
// the one that was interrupted there; the parameters of that one then win over
// the options. It returns ErrInvalidOptions, postgres.ErrNotEmpty, the context's
// error, a fault of the ledger, or an error that names the first command whose
// outcome is not the intended one. After any of these what was written is whole
// batches of the load, and another Load goes on from there.
func Load(ctx context.Context, o Options) (Summary, error) {
	want, err := o.load()
	if err != nil {
		return Summary{}, err
	}
	load, resumed, err := o.Loads.BeginDemoLoad(ctx, want)
	if err != nil {
		return Summary{}, fmt.Errorf("load the demonstration: %w", err)
	}
	summary := Summary{Load: load, Resumed: resumed}
	totals, err := write(ctx, o, load)
	if err != nil {
		return Summary{}, fmt.Errorf("load the demonstration of seed %d: %w", load.Seed, err)
	}
	summary.Journals, summary.Refusals = totals.journals.Load(), totals.refusals.Load()
	if err := o.Loads.FinishDemoLoad(ctx, load.Seed); err != nil {
		return Summary{}, fmt.Errorf("load the demonstration: %w", err)
	}
	return summary, nil
}

// load returns the parameters asked for.
func (o Options) load() (postgres.DemoLoad, error) {
	if o.Wallets == 0 {
		o.Wallets = WalletsDefault
	}
	if o.Days == 0 {
		o.Days = DaysDefault
	}
	switch {
	case o.Rules == nil || o.Store == nil || o.Loads == nil || o.Now.IsZero():
		return postgres.DemoLoad{}, fmt.Errorf("%w: rules, store, loads and now are needed", ErrInvalidOptions)
	case o.Wallets < WalletsMin || o.Wallets > WalletsMax:
		return postgres.DemoLoad{}, fmt.Errorf("%w: wallets must be %d to %d, got %d", ErrInvalidOptions, WalletsMin, WalletsMax, o.Wallets)
	case o.Campaigns < 0 || o.Campaigns > CampaignsMax:
		return postgres.DemoLoad{}, fmt.Errorf("%w: campaigns must be 0 to %d, got %d", ErrInvalidOptions, CampaignsMax, o.Campaigns)
	case o.Days < DaysMin || o.Days > DaysMax:
		return postgres.DemoLoad{}, fmt.Errorf("%w: days must be %d to %d, got %d", ErrInvalidOptions, DaysMin, DaysMax, o.Days)
	}
	// Whole seconds survive every store, and a load resumes with what was stored.
	return postgres.DemoLoad{
		Seed: o.Seed, Wallets: o.Wallets, Campaigns: o.Campaigns, Days: o.Days, EndsAt: o.Now.UTC().Truncate(time.Second),
	}, nil
}
