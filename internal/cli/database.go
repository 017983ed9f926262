package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"purser/internal/config"
	"purser/internal/embedpg"
)

const (
	// attachTimeout bounds how long a sub-command waits for a server that another process is
	// starting; a first start creates a cluster and takes seconds.
	attachTimeout = time.Minute
	// attachEvery is the pace of looking again: neither the lock nor the pid file sends a signal.
	attachEvery = 100 * time.Millisecond
)

// database says where the data is for one run of a sub-command.
type database struct {
	// appURL connects as the application's role, ownerURL as the role that owns the tables. In
	// development they may be the same.
	appURL, ownerURL string
	// server is the private PostgreSQL when this process started it, and so stops it.
	server *embedpg.Server
}

// sharing says whether a command may use a private PostgreSQL that another process runs.
type sharing bool

const (
	// exclusive is the server's: it stops PostgreSQL when it leaves, so it must not share one.
	exclusive sharing = false
	shared    sharing = true
)

// openDatabase finds the configured database, or the private one when none is configured. The caller
// must call close.
func openDatabase(ctx context.Context, cfg config.Config, log *slog.Logger, how sharing) (*database, error) {
	if cfg.DatabaseURL != "" || cfg.MigrateDatabaseURL != "" {
		return &database{
			appURL:   cfg.DatabaseURL,
			ownerURL: cmp.Or(cfg.MigrateDatabaseURL, cfg.DatabaseURL),
		}, nil
	}
	server, err := embedpg.Start(ctx, embedpg.Options{DataDir: cfg.DataDir, Durable: true, Log: log})
	switch {
	case err == nil:
		return &database{appURL: server.AppURL(), ownerURL: server.OwnerURL(), server: server}, nil
	case how == shared && errors.Is(err, embedpg.ErrInUse):
		return attach(ctx, cfg, log, err)
	default:
		return nil, err
	}
}

// attach uses the private PostgreSQL of another process, waiting while that one is still starting it.
// When the other process leaves meanwhile, it starts the server itself.
func attach(ctx context.Context, cfg config.Config, log *slog.Logger, inUse error) (*database, error) {
	ctx, cancel := context.WithTimeout(ctx, attachTimeout)
	defer cancel()
	poll := time.NewTicker(attachEvery)
	defer poll.Stop()
	for errors.Is(inUse, embedpg.ErrInUse) {
		other, err := embedpg.Attach(cfg.DataDir)
		if err == nil {
			return &database{appURL: other.AppURL, ownerURL: other.OwnerURL}, nil
		}
		if !errors.Is(err, embedpg.ErrNotRunning) {
			return nil, err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return nil, errors.Join(inUse, ctx.Err())
		}
		var server *embedpg.Server
		server, inUse = embedpg.Start(ctx, embedpg.Options{DataDir: cfg.DataDir, Durable: true, Log: log})
		if inUse == nil {
			return &database{appURL: server.AppURL(), ownerURL: server.OwnerURL(), server: server}, nil
		}
	}
	return nil, inUse
}

// close stops the private PostgreSQL if this process started it. ctx may have ended: a clean stop has
// its own bounds.
func (d *database) close(ctx context.Context) error {
	if d.server == nil {
		return nil
	}
	return d.server.Stop(context.WithoutCancel(ctx))
}

// died is closed when the private PostgreSQL of this process ended by itself, and never without one.
func (d *database) died() <-chan struct{} {
	if d.server == nil {
		return nil
	}
	return d.server.Done()
}

// describe names the database for people, without a password.
func (d *database) describe() string {
	if d.server == nil {
		return "the PostgreSQL of DATABASE_URL"
	}
	return fmt.Sprintf("a private PostgreSQL %d in %s", d.server.Major(), d.server.DataDir())
}
