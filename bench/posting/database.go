package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"purser/internal/embedpg"
	"purser/internal/obs"
)

// server is a private PostgreSQL in a directory that goes with it.
type server struct {
	*embedpg.Server
	dir string
}

// startServer starts PostgreSQL as the product does.
func startServer(ctx context.Context, stderr io.Writer) (*server, error) {
	dir, err := os.MkdirTemp("", "purser-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a data directory: %w", err)
	}
	s := &server{dir: dir}
	// The account that PostgreSQL runs as under root must be able to enter it.
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // nothing secret is readable in it
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	o := embedpg.Options{DataDir: filepath.Join(dir, "postgres"), Durable: true, Log: obs.NewLogger(stderr, "")}
	// One download serves every run, and the product.
	if home, err := embedpg.DefaultDataDir(); err == nil {
		o.BundleDir = filepath.Join(home, "bundle")
	}
	if s.Server, err = embedpg.Start(ctx, o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// close stops PostgreSQL, also after a Ctrl-C, and removes its files.
func (s *server) close(ctx context.Context) error {
	return errors.Join(s.Stop(context.WithoutCancel(ctx)), os.RemoveAll(s.dir))
}

func (s *server) urls() urls { return urls{app: s.AppURL(), owner: s.OwnerURL()} }

// urls connect to one database, as the role the product runs as and as the one that migrates it.
type urls struct{ app, owner string }

// The schemas of what the product is compared with. Each has its own copies of the product's tables, with
// the same columns, checks and indexes.
const (
	schemaPeer   = "peer"
	schemaFloor  = "floor"
	schemaInsert = "single_insert"
)

// makeSchemas makes them. The peer's journals have no seq: without a head nothing could number them. Copies
// of a table do not take over its fill factor, which the balances need.
func makeSchemas(ctx context.Context, conn *pgx.Conn) error {
	for schema, tables := range map[string][]string{
		schemaPeer:   {"journals", "postings", "idempotency_keys", "account_balances"},
		schemaFloor:  {"journals", "postings", "idempotency_keys"},
		schemaInsert: {"journals"},
	} {
		sql := "CREATE SCHEMA " + schema + ";"
		for _, table := range tables {
			sql += fmt.Sprintf("CREATE TABLE %[1]s.%[2]s (LIKE public.%[2]s INCLUDING ALL);", schema, table)
		}
		if schema == schemaPeer {
			sql += "ALTER TABLE peer.journals DROP COLUMN seq; ALTER TABLE peer.account_balances SET (fillfactor = 50);"
		}
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("make schema %s: %w", schema, err)
		}
	}
	return nil
}

// durable refuses to measure a server that could lose what it has answered.
func (b *bench) durable(ctx context.Context) error {
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := b.control.QueryRow(ctx, `SELECT current_setting($1)`, setting).Scan(&value); err != nil {
			return fmt.Errorf("read setting %s: %w", setting, err)
		}
		if value != "on" {
			return fmt.Errorf("%s is %s: what would be measured is not durable", setting, value)
		}
	}
	return nil
}

// stored is how many bytes of WAL were ever written, and how large the database is.
type stored struct{ wal, disk int64 }

func readStored(ctx context.Context, conn *pgx.Conn) (s stored, err error) {
	err = conn.QueryRow(ctx, `SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint, pg_database_size(current_database())`).Scan(&s.wal, &s.disk)
	if err != nil {
		return stored{}, fmt.Errorf("read the size of the database: %w", err)
	}
	return s, nil
}
