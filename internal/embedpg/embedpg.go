// Package embedpg runs the private PostgreSQL that Purser uses when no DATABASE_URL is given, so
// that one command runs the whole product on a real PostgreSQL.
//
// Start finds PostgreSQL programs (PG_BIN, PATH, pg_config, the directories where distributions put
// them, and at last a bundle from npm whose hash is pinned), creates a cluster under a data
// directory, starts it on a Unix socket only, and makes sure that the two roles and the database
// exist. It never removes or rewrites a completed cluster: whatever it cannot use, it refuses with a
// message that says what to do.
//
// One process at a time owns a data directory (the lock file purser.lock). A server that outlived
// its killed owner is stopped cleanly and started again as a child of the new owner.
//
// The package supports Linux and macOS.
package embedpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
)

// Errors that callers may tell apart with errors.Is. The text around them says what to do.
var (
	// ErrInUse is returned by Start when another live process owns the data directory, or when a
	// PostgreSQL that Purser did not start runs on it.
	ErrInUse = errors.New("data directory is in use")
	// ErrNoBinaries is returned by Start when no usable PostgreSQL programs were found.
	ErrNoBinaries = errors.New("no usable PostgreSQL programs")
	// ErrVersionMismatch is returned by Start when the data directory belongs to another major
	// version than every PostgreSQL found. The data is left as it is.
	ErrVersionMismatch = errors.New("data directory belongs to another PostgreSQL version")
	// ErrDataDir is returned by Start when the data directory cannot be used as it is: not
	// reachable for the account PostgreSQL runs as, or holding something that is not a cluster.
	ErrDataDir = errors.New("data directory cannot be used")
)

// The names that every private server has. Migrations grant to RoleApp by this name.
const (
	// Database is the database that holds Purser's schema.
	Database = "purser"
	// RoleOwner owns Database and migrates it.
	RoleOwner = "purser_owner"
	// RoleApp is the role the product runs as. It may connect; all else comes from migrations.
	RoleApp = "purser_app"
	// roleSuper is the cluster's superuser. Only this package and tests use it.
	roleSuper = "postgres"
)

// Options say where the server keeps its data and how careful it is with it.
type Options struct {
	// DataDir is the root of everything the server stores. Empty means DefaultDataDir.
	DataDir string
	// BinDir is a directory that holds initdb and postgres; nothing else is tried then. Empty means
	// the environment variable PG_BIN, and without that a search.
	BinDir string
	// BundleDir is where a bundle from npm is cached. Empty means "bundle" under DataDir. Tests,
	// whose data directories are short-lived, share one.
	BundleDir string
	// Durable keeps what was committed through a crash of the machine, and turns page checksums on
	// when the cluster is created. Tests that start many servers leave it off.
	Durable bool
	// Settings are extra PostgreSQL settings; they win over the package's own.
	Settings map[string]string
	// Log receives progress and the server's unexpected end. Nil discards both.
	Log *slog.Logger

	// detached leaves the server running when this process dies, as happens by itself on systems
	// without a parent-death signal. Only tests set it.
	detached bool
	// bundleOnly skips every installed PostgreSQL. Only tests set it.
	bundleOnly bool
}

// Start returns a running server whose roles and database exist. ctx bounds the start only: a
// cancelled ctx undoes a start that is under way, and has no effect on a server that was returned.
// A first start creates a cluster (seconds), and may fetch a bundle of 24 MB when the machine has
// npm but no PostgreSQL. Call Stop before the process exits.
//
// Errors match ErrInUse, ErrNoBinaries, ErrVersionMismatch or ErrDataDir where these apply; a server
// that does not come up is reported with the last lines of its log.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.BinDir == "" {
		opts.BinDir = os.Getenv("PG_BIN")
	}
	s, err := start(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("start private PostgreSQL: %w", err)
	}
	return s, nil
}

// start takes the lock first: every later step, from clearing what an interrupted first start left
// to stopping an orphan, is only safe while no other process does the same.
func start(ctx context.Context, opts Options) (_ *Server, err error) {
	dir, err := openLayout(opts.DataDir)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	c := &cluster{layout: dir, opts: opts}
	pm, err := c.start(ctx)
	if err != nil {
		return nil, errors.Join(err, unlock(lock))
	}
	return newServer(c, pm, lock), nil
}

// StopOrphan ends a server that outlived its killed owner, when there is one, and removes its socket.
// The data stays as it is. It returns ErrInUse when the owner lives. Start does the same by itself:
// this is for data that nobody will start again, such as a killed test's.
func StopOrphan(ctx context.Context, dataDir string) error {
	dir, err := openLayout(dataDir)
	if err != nil {
		return err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	c := &cluster{layout: dir, opts: Options{Log: slog.New(slog.DiscardHandler)}}
	return errors.Join(c.stopOrphan(ctx), unlock(lock))
}
