package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds on one connection. WriteTimeout counts from the end of the request's header, so it covers
// reading the body, running the request and a slow reader.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 20 * time.Second
	idleTimeout       = 2 * time.Minute
	// headerBytesMax fits an 8 KB token and a GET request's document.
	headerBytesMax = 64 << 10
)

// Serve answers requests on lis until ctx ends, then stops accepting, waits up to drainTimeout for
// the requests in flight, and returns nil when they all ended. Requests do not see ctx end: they are
// finished, not cancelled. It returns an error when the listener fails, or when requests were still
// running after drainTimeout; their connections are then closed.
func Serve(ctx context.Context, lis net.Listener, handler http.Handler, drainTimeout time.Duration, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytesMax,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(lis) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", lis.Addr(), err)
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "draining", "addr", lis.Addr().String(), "timeout", drainTimeout)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := srv.Shutdown(drain)
	if err != nil {
		err = fmt.Errorf("drain %s: requests still running after %s: %w", lis.Addr(), drainTimeout, errors.Join(err, srv.Close()))
	}
	<-failed //nolint:errcheck // http.ErrServerClosed, which Shutdown brings about
	return err
}
