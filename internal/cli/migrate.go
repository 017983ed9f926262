package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"

	"purser/internal/config"
	"purser/internal/obs"
	"purser/internal/postgres"
	"purser/ledger"
)

func migrateCommand() command {
	return command{
		name: "migrate",
		line: "bring the database schema to the version of this binary",
		help: `
Brings the database schema to the version of this binary, and puts under the hash chain what an older
one wrote without it. Migrations only go forward; several at a time wait for one another. In development serve does this by itself.

Environment:
  PURSER_MIGRATE_DATABASE_URL  the database, as the role that owns the tables; required in production
  DATABASE_URL                 used in development when the former is unset
  PURSER_DATA_DIR              where the private PostgreSQL is when neither is set
  PURSER_MODE                  development (the default) or production`,
		bind: func(*flag.FlagSet) action { return migrate },
	}
}

func migrate(ctx context.Context, p *Program) error {
	return p.withDatabase(ctx, config.Migrate, func(ctx context.Context, log *slog.Logger, d *database) error {
		if err := migrateAndSeal(ctx, d.ownerURL, log); err != nil {
			return err
		}
		version, err := postgres.SchemaVersion()
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Stdout, "the schema of %s is at version %d\n", d.describe(), version)
		return nil
	})
}

// migrateAndSeal brings the schema to this binary's version, and under the hash chain the journals that
// an older one wrote without it.
func migrateAndSeal(ctx context.Context, ownerURL string, log *slog.Logger) error {
	if err := postgres.Migrate(ctx, ownerURL); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, ownerURL, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.SealChain(ctx, func(book ledger.BookID, seq, to int64) {
		log.Info("linked earlier journals to the hash chain", "book", book, "seq", seq, "of", to)
	})
}

// withDatabase runs a command that shares the database with a server, and leaves the database as it
// found it: running or not.
func (p *Program) withDatabase(
	ctx context.Context, name config.Command, do func(context.Context, *slog.Logger, *database) error,
) (err error) {
	cfg, err := config.Load(name, p.Environ)
	if err != nil {
		return err
	}
	log := obs.NewLogger(p.Stderr, string(cfg.Mode))
	d, err := openDatabase(ctx, cfg, log, shared)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close(ctx)) }()
	return do(ctx, log, d)
}

// withSchema is withDatabase for a command that needs tables of this binary's version, and no more
// than the application's role.
func (p *Program) withSchema(ctx context.Context, name config.Command, do func(context.Context, *slog.Logger, *postgres.DB) error) error {
	return p.withDatabase(ctx, name, func(ctx context.Context, log *slog.Logger, d *database) error {
		db, err := postgres.Open(ctx, d.appURL, nil)
		if err != nil {
			return err
		}
		defer db.Close()
		if err := db.CheckSchema(ctx); err != nil {
			return err
		}
		return do(ctx, log, db)
	})
}
