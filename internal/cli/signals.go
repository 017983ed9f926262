package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Interruptible returns a context that ends with the first SIGINT, SIGTERM or SIGHUP, which a server
// takes as the order to drain. The second ends the process at once with code 130: whoever sends it
// has seen the first do nothing for too long. The private PostgreSQL then gets its own signal from the
// kernel on Linux, and elsewhere the next start takes it over. stop gives the signals back.
func Interruptible(ctx context.Context, stderr io.Writer) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for first := true; ; first = false {
			select {
			case <-done:
				return
			case sig := <-signals:
				if !first {
					fmt.Fprintf(stderr, "%s again: ending at once\n", sig)
					os.Exit(exitInterrupted)
				}
				fmt.Fprintf(stderr, "%s: stopping; once more ends at once\n", sig)
				cancel()
			}
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		watcher.Wait()
		cancel()
	}
}
