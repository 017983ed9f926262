package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"purser/bench/handwritten"
	"purser/internal/auth"
	"purser/internal/httpapi"
	"purser/internal/obs"
)

// The environment of the peer, which is a part of the product's.
const (
	envDatabase = "DATABASE_URL"
	envDataDir  = "PURSER_DATA_DIR"
)

// metricPeerStatements counts the SQL statements that the peer sends.
const metricPeerStatements = "peer_db_statements_total"

const drainTimeout = 5 * time.Second

// servePeer serves the hand-written pages until ctx ends, on addresses that it prints as the product
// does, with the product's HTTP server, key and token check.
func servePeer(ctx context.Context, stdout, stderr io.Writer, clock func() time.Time) error {
	issuer, err := auth.DevKey(os.Getenv(envDataDir))
	if err != nil {
		return err
	}
	verifier, err := auth.NewVerifier(auth.VerifierOptions{
		Issuer: auth.DevelopmentIssuer, Audience: auth.DevelopmentAudience, Keys: issuer.Keys(), Now: clock,
	})
	if err != nil {
		return err
	}
	pool, err := handwritten.OpenPool(ctx, os.Getenv(envDatabase))
	if err != nil {
		return err
	}
	defer pool.Close()
	registry := obs.NewRegistry()
	statements := prometheus.NewCounter(prometheus.CounterOpts{Name: metricPeerStatements, Help: "SQL statements sent."})
	registry.MustRegister(statements)
	handler, err := handwritten.New(handwritten.Config{
		Pool: pool, Verifier: verifier, Clock: clock, Sent: func(n int) { statements.Add(float64(n)) },
	})
	if err != nil {
		return err
	}
	public, admin, err := listen(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  Peer     http://%s\n  Metrics  http://%s/metrics\n", public.Addr(), admin.Addr())
	log := obs.NewLogger(stderr, obs.Production)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return httpapi.Serve(ctx, public, handler, drainTimeout, log) })
	all.Go(func() error { return httpapi.Serve(ctx, admin, httpapi.NewAdminHandler(registry), drainTimeout, log) })
	return all.Wait()
}

func listen(ctx context.Context) (public, admin net.Listener, err error) {
	var network net.ListenConfig
	if public, err = network.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, nil, err
	}
	if admin, err = network.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, nil, errors.Join(err, public.Close())
	}
	return public, admin, nil
}
