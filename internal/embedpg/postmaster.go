package embedpg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"time"
)

const (
	// readyTimeout bounds a start. It is long because a start after a crash replays the log first.
	readyTimeout = 5 * time.Minute
	// busyTimeout is how long a start is retried while backends of a server that was killed still
	// hold its shared memory; they notice within seconds.
	busyTimeout = 10 * time.Second
	// pollEvery is the pace of looking at files and processes that send no signal of their own.
	pollEvery = 20 * time.Millisecond
)

// errBusy is a start that failed only because the remains of a killed server are not gone yet.
var errBusy = errors.New("a killed server's processes are still ending")

// busyLine is what a server that finds such remains says. Its messages are in English: programEnv.
var busyLine = regexp.MustCompile(`pre-existing shared memory block .* is still in use|lock file ".*" already exists`)

// postmaster is the server's main process, our child.
type postmaster struct {
	process *os.Process
	// exited is closed once the process was waited for; exitErr may be read from then on.
	exited  chan struct{}
	exitErr error
}

// stop ends the process and returns when it is gone.
func (p *postmaster) stop(ctx context.Context) error {
	return shutdown(ctx, p.process.Signal, p.exited)
}

// settings are PostgreSQL's defaults, written down where the product relies on them.
func (c *cluster) settings() map[string]string {
	s := map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": c.socketDir(),
		"unix_socket_permissions": "0700",
		"port":                    port,
		"cluster_name":            "purser",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_line_prefix":         "%m [%p] %q%u@%d ",
		"logging_collector":       "off",
		"max_connections":         "100",
		"shared_buffers":          "128MB",
		"fsync":                   "on",
		"full_page_writes":        "on",
		"synchronous_commit":      "on",
	}
	if !c.opts.Durable {
		maps.Copy(s, map[string]string{
			"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
			"wal_level": "minimal", "max_wal_senders": "0",
		})
	}
	maps.Copy(s, c.opts.Settings)
	return s
}

// launch starts the server and returns once it accepts connections. It must only run after takeOver
// or on a new cluster, so that no other server holds the directory.
func (c *cluster) launch(ctx context.Context) (*postmaster, error) {
	if err := c.clearSockets(); err != nil {
		return nil, err
	}
	retry, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		pm, err := c.launchOnce(ctx)
		if !errors.Is(err, errBusy) {
			return pm, err
		}
		c.opts.Log.Info("waiting for the remains of a killed PostgreSQL", "dir", c.layout.pgdata())
		select {
		case <-retry.Done():
			return nil, err
		case <-time.After(10 * pollEvery):
		}
	}
}

func (c *cluster) launchOnce(ctx context.Context) (*postmaster, error) {
	log, logStart, err := openLog(c.layout.logFile())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	pm, err := c.spawn(log)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", c.bin.path("postgres"), err)
	}
	if err := c.awaitReady(ctx, pm, logStart); err != nil {
		return nil, errors.Join(err, pm.stop(context.WithoutCancel(ctx)))
	}
	return pm, nil
}

// spawn starts the process on a thread that lives as long as the process: the death signal of
// setDeathSignal follows the thread, and Go ends or reuses threads as it likes otherwise.
func (c *cluster) spawn(log *os.File) (*postmaster, error) {
	args := []string{"-D", c.layout.pgdata()}
	s := c.settings()
	for _, name := range slices.Sorted(maps.Keys(s)) {
		args = append(args, "-c", name+"="+s[name])
	}
	cmd := c.account.command(c.layout.root, c.bin.path("postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	if !c.opts.detached {
		setDeathSignal(cmd.SysProcAttr, syscall.SIGINT)
	}
	pm := &postmaster{exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		pm.process = cmd.Process
		started <- err
		if err != nil {
			return
		}
		pm.exitErr = cmd.Wait()
		close(pm.exited)
	}()
	return pm, <-started
}

// awaitReady trusts the server's own pid file and no connection: a connection can succeed against
// another server than the one that was just started.
func (c *cluster) awaitReady(ctx context.Context, pm *postmaster, logStart int64) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		if pf, err := readPIDFile(c.layout.pidFile()); err == nil && pf.pid == pm.process.Pid && pf.status == "ready" {
			return nil
		}
		select {
		case <-poll.C:
		case <-pm.exited:
			text := logSince(c.layout.logFile(), logStart)
			if busyLine.MatchString(text) {
				return fmt.Errorf("%w: %s", errBusy, lastLines(text, 5))
			}
			return fmt.Errorf("PostgreSQL %d did not start (%w); %s says: %s",
				c.bin.major, pm.exitErr, c.layout.logFile(), lastLines(text, 10))
		case <-ctx.Done():
			return fmt.Errorf("wait for PostgreSQL (%s says: %s): %w",
				c.layout.logFile(), lastLines(logSince(c.layout.logFile(), logStart), 10), ctx.Err())
		}
	}
}
