package cli

import (
	"context"
	"flag"
	"fmt"
	"log/slog"

	"purser/internal/config"
	"purser/internal/market"
	"purser/internal/postgres"
)

func verifyCommand() command {
	return command{
		name: "verify",
		line: "check the ledger's invariants on the stored data",
		help: `
Reads the whole ledger, replays it, and prints one line for each numbered invariant: ok, the first
counterexample, or why it was not checked. It only reads, and may run beside a server. It exits with 1
when an invariant is broken.

Environment:
  DATABASE_URL     the database, as the role purser_app; required in production
  PURSER_DATA_DIR  where the private PostgreSQL is when DATABASE_URL is unset; it is started for the
                   time of the check unless a server runs already
  PURSER_MODE      development (the default) or production`,
		bind: func(*flag.FlagSet) action { return verify },
	}
}

func verify(ctx context.Context, p *Program) error {
	return p.withDatabase(ctx, config.Verify, func(ctx context.Context, _ *slog.Logger, d *database) error {
		db, err := postgres.Open(ctx, d.appURL, nil)
		if err != nil {
			return err
		}
		defer db.Close()
		if err := db.CheckSchema(ctx); err != nil {
			return err
		}
		checks, err := db.Verify(ctx, market.Rules())
		if err != nil {
			return err
		}
		return p.report(checks)
	})
}

// report prints the checks and returns an error that counts those which failed.
func (p *Program) report(checks []postgres.Check) error {
	passed, failed := 0, 0
	for _, c := range checks {
		result := "ok"
		switch {
		case c.Note != "":
			result = c.Note
		case c.OK:
			passed++
		default:
			failed++
			result = "BROKEN: " + c.Counterexample
		}
		fmt.Fprintf(p.Stdout, "%-4s %s: %s\n", c.Invariant, c.Title, result)
	}
	if failed > 0 {
		return fmt.Errorf("%d of the %d invariants checked are broken", failed, passed+failed)
	}
	fmt.Fprintf(p.Stdout, "all %d invariants checked hold\n", passed)
	return nil
}
