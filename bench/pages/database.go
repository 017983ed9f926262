package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"purser/internal/embedpg"
	"purser/internal/obs"
)

// database is a private PostgreSQL with a marketplace in it.
type database struct {
	*embedpg.Server
	dir       string
	temporary bool
}

// openDatabase starts PostgreSQL as the product does, on a directory that is kept when it has a name.
func openDatabase(ctx context.Context, dir string, stderr io.Writer) (*database, error) {
	db := &database{dir: dir, temporary: dir == ""}
	if db.temporary {
		var err error
		if db.dir, err = os.MkdirTemp("", "purser-bench-"); err != nil {
			return nil, fmt.Errorf("make a data directory: %w", err)
		}
		// The account that PostgreSQL runs as under root must be able to enter it.
		if err := os.Chmod(db.dir, 0o755); err != nil { //nolint:gosec // nothing secret is readable in it
			return nil, errors.Join(err, db.remove())
		}
	}
	o := embedpg.Options{DataDir: filepath.Join(db.dir, "postgres"), Durable: true, Log: obs.NewLogger(stderr, "")}
	// One download serves every run, and the product.
	if home, err := embedpg.DefaultDataDir(); err == nil {
		o.BundleDir = filepath.Join(home, "bundle")
	}
	var err error
	if db.Server, err = embedpg.Start(ctx, o); err != nil {
		return nil, errors.Join(err, db.remove())
	}
	return db, nil
}

// close stops PostgreSQL, also after a Ctrl-C, and removes what is temporary.
func (db *database) close(ctx context.Context) error {
	return errors.Join(db.Stop(context.WithoutCancel(ctx)), db.remove())
}

func (db *database) remove() error {
	if !db.temporary {
		return nil
	}
	return os.RemoveAll(db.dir)
}

// environ is the environment of both servers. What Go itself reads from it, such as GOGC and
// GOMEMLIMIT, is the same for both.
func (db *database) environ() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PURSER_") && !strings.HasPrefix(variable, envDatabase+"=") {
			kept = append(kept, variable)
		}
	}
	return append(kept, envDatabase+"="+db.AppURL(), "PURSER_MIGRATE_DATABASE_URL="+db.OwnerURL(), envDataDir+"="+db.keyDir(),
		"PURSER_ADDR=127.0.0.1:0", "PURSER_ADMIN_ADDR=127.0.0.1:0")
}

// keyDir is where the key is that signs and verifies tokens.
func (db *database) keyDir() string { return filepath.Join(db.dir, "key") }

// size is how large a marketplace is.
type size struct {
	Wallets   int `json:"wallets"`
	Campaigns int `json:"campaigns"`
	Days      int `json:"days"`
}

// load fills an empty database by the product's own command, and leaves it as autovacuum would. It
// returns the size of the marketplace, which in a directory that was kept is as it was first loaded.
func (db *database) load(ctx context.Context, o options, stderr io.Writer) (size, error) {
	conn, err := pgx.Connect(ctx, db.SuperURL(embedpg.Database))
	if err != nil {
		return size{}, fmt.Errorf("load the marketplace: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if found, err := loaded(ctx, conn); err != nil || found.Wallets > 0 {
		return found, err
	}
	demo := exec.CommandContext(ctx, o.server, "demo", //nolint:gosec // the product
		"-wallets", strconv.Itoa(o.size.Wallets), "-campaigns", strconv.Itoa(o.size.Campaigns), "-days", strconv.Itoa(o.size.Days))
	demo.Env, demo.Stdout, demo.Stderr = db.environ(), stderr, stderr
	if err := demo.Run(); err != nil {
		return size{}, fmt.Errorf("load the marketplace: %w", err)
	}
	for _, sql := range []string{"VACUUM (ANALYZE)", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return size{}, fmt.Errorf("%s: %w", sql, err)
		}
	}
	return loaded(ctx, conn)
}

// loaded returns the size of the marketplace that was loaded to the end; zero for none.
func loaded(ctx context.Context, conn *pgx.Conn) (found size, err error) {
	var migrated bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('demo_loads') IS NOT NULL`).Scan(&migrated); err != nil || !migrated {
		return size{}, err
	}
	err = conn.QueryRow(ctx, `SELECT wallets, campaigns, days FROM demo_loads WHERE finished_at IS NOT NULL`).Scan(&found.Wallets, &found.Campaigns, &found.Days)
	if errors.Is(err, pgx.ErrNoRows) {
		return size{}, nil
	}
	return found, err
}
