package embedpg

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	// fastTimeout bounds a clean shutdown, which writes a checkpoint; it took 0.05 to 0.2 s.
	fastTimeout = 30 * time.Second
	// quitTimeout bounds each step after that.
	quitTimeout = 5 * time.Second
)

// errUnclean means that the server is gone but did not shut down cleanly. Nothing committed is lost;
// the next start replays the write-ahead log.
var errUnclean = errors.New("PostgreSQL did not end in time and was made to quit")

// shutdown asks for a fast shutdown (SIGINT) and escalates to an immediate one (SIGQUIT), then to
// SIGKILL, so that no process stays behind whatever happens. It returns when gone is closed.
func shutdown(ctx context.Context, signal func(os.Signal) error, gone <-chan struct{}) error {
	fast, cancel := context.WithTimeout(ctx, fastTimeout)
	defer cancel()
	if err := send(signal, syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-gone:
		return nil
	case <-fast.Done():
	}
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		if err := send(signal, sig); err != nil {
			return err
		}
		select {
		case <-gone:
			return errors.Join(errUnclean, ctx.Err())
		case <-time.After(quitTimeout):
		}
	}
	return errors.New("PostgreSQL survives SIGKILL: its process waits for the operating system")
}

// send treats a process that has ended already as one that took the signal.
func send(signal func(os.Signal) error, sig syscall.Signal) error {
	if err := signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
