package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"purser/internal/config"
	"purser/internal/demo"
	"purser/internal/market"
	"purser/internal/postgres"
)

// seedDefault is the seed of the marketplace that serve loads and that personas are taken from.
const seedDefault = 1

// demoFlags are the command line of demo.
type demoFlags struct {
	wallets, campaigns, days int
	seed                     int64
}

func demoCommand() command {
	return command{
		name: "demo",
		line: "load a demonstration marketplace into an empty database",
		help: `
Loads a generated marketplace, written through the ledger, that ends now: the same seed, sizes and end
give the same rows. It has wallets, advertisers with campaigns in five countries, and the clicks that
were charged to them. The database must be empty; a load that was interrupted is finished, with the
parameters it began with. In development serve does this by itself with the defaults. There is no such
command in production.

Environment:
  DATABASE_URL                 the database, as the role purser_app
  PURSER_MIGRATE_DATABASE_URL  the same as the role that owns the tables; DATABASE_URL when unset
  PURSER_DATA_DIR              where the private PostgreSQL is when DATABASE_URL is unset
  PURSER_MODE                  must be development, which is the default`,
		bind: func(flags *flag.FlagSet) action {
			var f demoFlags
			flags.IntVar(&f.wallets, "wallets", demo.WalletsDefault, "how `many` wallets")
			flags.IntVar(&f.campaigns, "campaigns", demo.CampaignsDefault, "how `many` campaigns; 0 for a marketplace without advertising")
			flags.IntVar(&f.days, "days", demo.DaysDefault, "how many `days` of history")
			flags.Int64Var(&f.seed, "seed", seedDefault, "the `number` that decides everything generated")
			return func(ctx context.Context, p *Program) error { return loadDemo(ctx, p, f) }
		},
	}
}

func loadDemo(ctx context.Context, p *Program, f demoFlags) error {
	// Zero means the default to the generator; whoever writes it here means something else.
	if f.wallets < demo.WalletsMin || f.wallets > demo.WalletsMax {
		return usagef("-wallets must be %d to %d", demo.WalletsMin, demo.WalletsMax)
	}
	if f.campaigns < 0 || f.campaigns > demo.CampaignsMax {
		return usagef("-campaigns must be 0 to %d", demo.CampaignsMax)
	}
	if f.days < demo.DaysMin || f.days > demo.DaysMax {
		return usagef("-days must be %d to %d", demo.DaysMin, demo.DaysMax)
	}
	return p.withDatabase(ctx, config.Demo, func(ctx context.Context, _ *slog.Logger, d *database) error {
		if err := postgres.Migrate(ctx, d.ownerURL); err != nil {
			return err
		}
		db, err := postgres.Open(ctx, d.appURL, nil)
		if err != nil {
			return err
		}
		defer db.Close()
		return p.load(ctx, db, d.ownerURL, f)
	})
}

// load writes the demonstration and tells people how far it is.
func (p *Program) load(ctx context.Context, db *postgres.DB, ownerURL string, f demoFlags) error {
	began := p.Clock()
	rules, line := market.Rules(), newProgress(p.Stdout)
	summary, err := demo.Load(ctx, demo.Options{
		Rules: rules, Store: db.NewStore(rules), Loads: db,
		Wallets: f.wallets, Campaigns: f.campaigns, Days: f.days, Seed: f.seed, Now: began,
		Progress: line.show,
	})
	line.end()
	if err != nil {
		return err
	}
	if err := postgres.Analyze(ctx, ownerURL); err != nil {
		return err
	}
	verb := "loaded"
	if summary.Resumed {
		verb = "finished an interrupted load of"
	}
	took := p.Clock().Sub(began).Round(100 * time.Millisecond)
	fmt.Fprintf(p.Stdout, "demo: %s %d wallets, %d campaigns and %d days of history with seed %d in %s: %d journals, %d refusals\n",
		verb, summary.Load.Wallets, summary.Load.Campaigns, summary.Load.Days, summary.Load.Seed, took, summary.Journals, summary.Refusals)
	return nil
}

// loadDemo fills an empty database in development. One that holds anything else is left alone.
func (s *server) loadDemo(ctx context.Context) error {
	if s.cfg.Mode != config.Development {
		return nil
	}
	err := s.program.load(ctx, s.db, s.database.ownerURL, demoFlags{
		wallets: demo.WalletsDefault, campaigns: demo.CampaignsDefault, days: demo.DaysDefault, seed: seedDefault,
	})
	if errors.Is(err, postgres.ErrNotEmpty) {
		return nil
	}
	return err
}
