package cli

import (
	"bufio"
	"context"
	"flag"
	"log/slog"

	"purser/internal/config"
	"purser/internal/postgres"
	"purser/ledger"
)

// checkpointFlags are the command line of checkpoint.
type checkpointFlags struct{ all, publicKey bool }

func checkpointCommand() command {
	return command{
		name: "checkpoint",
		line: "sign the heads of the hash chain, and print them",
		help: `
Signs the head of every book's hash chain that has changed since it was last signed, stores it, and
prints the newest checkpoint of each book as a line of JSON. Keep what it prints where those who can
write the database cannot: only then does a checkpoint prove that nothing before it was changed. It may
run beside a server, which signs by itself from time to time.

Environment:
  PURSER_CHECKPOINT_KEY_FILE  a PEM file (PKCS #8) with the Ed25519 private key; required in production,
                              in development a key of the data directory is used and made when missing
  DATABASE_URL                the database, as the role purser_app; required in production
  PURSER_DATA_DIR             where the private PostgreSQL is when DATABASE_URL is unset
  PURSER_MODE                 development (the default) or production`,
		bind: func(flags *flag.FlagSet) action {
			var f checkpointFlags
			flags.BoolVar(&f.all, "all", false, "print every checkpoint, by book and seq")
			flags.BoolVar(&f.publicKey, "public-key", false, "print the public key for check-proof, in PEM, and do nothing else")
			return func(ctx context.Context, p *Program) error { return checkpoint(ctx, p, f) }
		},
	}
}

func checkpoint(ctx context.Context, p *Program, f checkpointFlags) error {
	cfg, err := config.Load(config.Checkpoint, p.Environ)
	if err != nil {
		return err
	}
	key, err := checkpointKey(cfg)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.Stdout)
	if f.publicKey {
		text, err := publicKeyPEM(key)
		if err != nil {
			return err
		}
		_, _ = out.Write(text) // its error comes back from Flush
		return flushed(out)
	}
	return p.withSchema(ctx, config.Checkpoint, func(ctx context.Context, _ *slog.Logger, db *postgres.DB) error {
		if _, err := db.SignCheckpoints(ctx, key, p.Clock()); err != nil {
			return err
		}
		return printCheckpoints(ctx, db, out, f.all)
	})
}

func printCheckpoints(ctx context.Context, db *postgres.DB, out *bufio.Writer, all bool) error {
	write := func(checkpoints []ledger.Checkpoint) error {
		for i := range checkpoints {
			line, err := checkpoints[i].Encode()
			if err != nil {
				return err
			}
			_, _ = out.Write(append(line, '\n')) // its error comes back from Flush
		}
		return flushed(out)
	}
	if all {
		return db.Checkpoints(ctx, write)
	}
	last, err := db.LastCheckpoints(ctx)
	if err != nil {
		return err
	}
	return write(last)
}
