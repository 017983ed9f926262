package cli

import (
	"context"
	"flag"
	"fmt"
	"log/slog"

	"purser/internal/config"
	"purser/internal/outbox"
	"purser/internal/postgres"
)

// pruneFlags are the command line of prune.
type pruneFlags struct {
	retention postgres.Retention
	forget    string
}

func pruneCommand() command {
	return command{
		name: "prune",
		line: "delete outbox rows and idempotency keys that need not be kept",
		help: `
Deletes, as the role that owns the tables, what has been kept long enough:
- rows of the outbox that every consumer has handled and that are older than -outbox-days. Without any
  consumer their age alone decides; their journals stay, and a consumer that comes later reads those;
- idempotency keys older than -keys-days. A request that is repeated with such a key is a new request.
Journals, once keys and everything else are kept for ever. Ages are by the database's clock. It works in
small slices with pauses, may run beside servers, and may be interrupted at any time.

Environment:
  PURSER_MIGRATE_DATABASE_URL  the database, as the role that owns the tables; required in production
  DATABASE_URL                 used in development when the former is unset
  PURSER_DATA_DIR              where the private PostgreSQL is when neither is set
  PURSER_MODE                  development (the default) or production`,
		bind: func(flags *flag.FlagSet) action {
			var f pruneFlags
			flags.IntVar(&f.retention.OutboxDays, "outbox-days", 7, fmt.Sprintf("the age in `days` from which handled outbox rows go, at least %d", postgres.OutboxDaysMin))
			flags.IntVar(&f.retention.KeysDays, "keys-days", postgres.KeysDaysMin, fmt.Sprintf("the age in `days` from which idempotency keys go, at least %d", postgres.KeysDaysMin))
			flags.BoolVar(&f.retention.DryRun, "dry-run", false, "print what would be deleted, and delete nothing")
			flags.StringVar(&f.forget, "forget", "", "first delete the checkpoints of the consumer of this `name`, which is no more")
			return func(ctx context.Context, p *Program) error { return prune(ctx, p, f) }
		},
	}
}

func prune(ctx context.Context, p *Program, f pruneFlags) error {
	if err := f.retention.Validate(); err != nil {
		return usagef("%v", err)
	}
	if f.forget != "" {
		if _, err := outbox.ParseName(f.forget); err != nil {
			return usagef("-forget: %v", err)
		}
		if f.retention.DryRun {
			return usagef("-forget deletes, which -dry-run forbids")
		}
	}
	return p.withDatabase(ctx, config.Migrate, func(ctx context.Context, _ *slog.Logger, d *database) error {
		if f.forget != "" {
			if err := p.forget(ctx, d, f.forget); err != nil {
				return err
			}
		}
		pruned, err := postgres.Prune(ctx, d.ownerURL, f.retention)
		verb := "deleted"
		if f.retention.DryRun {
			verb = "would delete"
		}
		// Also after an error: what was deleted by then is gone.
		fmt.Fprintf(p.Stdout, "%s %d outbox rows and %d idempotency keys\n", verb, pruned.OutboxRows, pruned.Keys)
		return err
	})
}

func (p *Program) forget(ctx context.Context, d *database, consumer string) error {
	known, err := postgres.ForgetConsumer(ctx, d.ownerURL, consumer)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("there is no consumer %s", consumer)
	}
	fmt.Fprintf(p.Stdout, "forgot the consumer %s\n", consumer)
	return nil
}
