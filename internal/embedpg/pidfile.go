package embedpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// settleTimeout is how long an unreadable pid file may be one that is being written.
const settleTimeout = time.Second

// pidFile is what takeOver and awaitReady need of postmaster.pid: lines 1, 5 and 8 of the file.
type pidFile struct {
	pid       int
	socketDir string
	status    string
}

// readPIDFile returns an error while the server is still writing the first line. The later lines
// appear during the start and are empty until then.
func readPIDFile(name string) (pidFile, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return pidFile{}, err
	}
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return pidFile{}, fmt.Errorf("read %s: %w", name, err)
	}
	// A standalone backend (postgres --single) writes its id negative.
	if pid < 0 {
		pid = -pid
	}
	pf := pidFile{pid: pid}
	if len(lines) > 4 {
		pf.socketDir = lines[4]
	}
	if len(lines) > 7 {
		pf.status = strings.TrimSpace(lines[7])
	}
	return pf, nil
}

// stopOrphan is takeOver for a cluster that is not started afterwards.
func (c *cluster) stopOrphan(ctx context.Context) (err error) {
	if c.account, err = chooseAccount(c.layout.pgdata()); err != nil {
		return err
	}
	if err := c.takeOver(ctx); err != nil {
		return err
	}
	if err := c.clearSockets(); err != nil {
		return err
	}
	c.removeSocketDir()
	return nil
}

// takeOver leaves the cluster without a server. We hold the directory's lock, so a server that Purser
// started here is an orphan of a killed owner: it is shut down cleanly and launch starts it again, as
// our child, with our settings. Keeping it instead would mean a server that may be on its way down
// already (its death signal arrives after the lock is free), that runs with unknown settings, and that
// nothing would stop if we were killed too. A server that someone else started is refused.
func (c *cluster) takeOver(ctx context.Context) error {
	pf, err := c.settledPIDFile(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// The handle is taken before the identity is checked: it can not come to mean another process.
	proc, err := os.FindProcess(pf.pid)
	if err != nil {
		return fmt.Errorf("find process %d: %w", pf.pid, err)
	}
	defer proc.Release() //nolint:errcheck // it only ever returns nil
	if live, err := runsOn(pf.pid, c.layout.pgdata()); err != nil {
		return fmt.Errorf("tell whether a PostgreSQL runs on %s: %w", c.layout.pgdata(), err)
	} else if !live {
		return c.retire(pf.pid)
	}
	if pf.socketDir != c.socketDir() && pf.socketDir != "" {
		return fmt.Errorf("%w: PostgreSQL process %d, which Purser did not start, runs on %s; stop it "+
			"(kill -INT %d) or set PURSER_DATA_DIR to another directory", ErrInUse, pf.pid, c.layout.pgdata(), pf.pid)
	}
	c.opts.Log.Info("taking over a PostgreSQL whose owner was killed", "pid", pf.pid)
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	// An unclean end is no obstacle: the start replays the log.
	err = shutdown(ctx, proc.Signal, c.goneChan(watch, pf.pid))
	if err = errors.Join(notUnclean(err), ctx.Err()); err != nil {
		return fmt.Errorf("stop orphaned PostgreSQL %d: %w", pf.pid, err)
	}
	return c.takeOverDone()
}

func notUnclean(err error) error {
	if errors.Is(err, errUnclean) {
		return nil
	}
	return err
}

// settledPIDFile waits for a pid file to be readable. A server writes it within microseconds of
// creating it, before it takes any other resource; one that stays unreadable is of a server killed in
// between, which PostgreSQL would refuse for ever, and is removed.
func (c *cluster) settledPIDFile(ctx context.Context) (pidFile, error) {
	settle, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	name := c.layout.pidFile()
	for {
		pf, err := readPIDFile(name)
		if !errors.Is(err, strconv.ErrSyntax) {
			return pf, err
		}
		select {
		case <-poll.C:
		case <-settle.Done():
			if ctx.Err() != nil {
				return pidFile{}, ctx.Err()
			}
			if err := os.Remove(name); err != nil {
				return pidFile{}, fmt.Errorf("remove broken pid file: %w", err)
			}
			return pidFile{}, fs.ErrNotExist
		}
	}
}

// takeOverDone retires the pid file that an orphan leaves when it had to be killed.
func (c *cluster) takeOverDone() error {
	pf, err := readPIDFile(c.layout.pidFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.retire(pf.pid)
}

// goneChan is closed when the process, which is not our child, has ended or ctx has.
func (c *cluster) goneChan(ctx context.Context, pid int) <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		poll := time.NewTicker(pollEvery)
		defer poll.Stop()
		for {
			// Not being able to tell is no proof that it has gone.
			if live, err := runsOn(pid, c.layout.pgdata()); err == nil && !live {
				return
			}
			select {
			case <-poll.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return gone
}

// retire deals with a stale pid file whose process id some other process of ours has by now, as
// happens after every restart of a container: PostgreSQL would take that process for its server and
// refuse to start for ever. The id is replaced by one that no system gives out. The file itself stays:
// its shared memory line is how PostgreSQL finds backends of the killed server that still run.
func (c *cluster) retire(pid int) error {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return nil
	}
	name := c.layout.pidFile()
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("retire stale pid file: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	work := name + ".retired"
	if err := c.account.writeNew(work, fmt.Appendf(nil, "%d\n%s", math.MaxInt32, rest)); err != nil {
		return fmt.Errorf("retire stale pid file: %w", err)
	}
	if err := os.Rename(work, name); err != nil {
		return fmt.Errorf("retire stale pid file: %w", err)
	}
	return nil
}
