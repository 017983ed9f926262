package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout bounds how long a process may take to print its addresses.
	startTimeout = time.Minute
	// stopTimeout is how long one may take to end before it is killed.
	stopTimeout = 20 * time.Second
	// logBytesShown is how much of a process's log is shown when it ended by itself.
	logBytesShown = 2 << 10
)

// process is a server that this program started. It dies with this program where the system can do that.
type process struct {
	name    string
	urls    map[string]string // as it printed them, by the word before
	logFile string
	process *os.Process
	exited  chan struct{} // closed once it was waited for; exitErr may be read from then on
	exitErr error
}

// start runs a program that prints its addresses, one a line behind a word, "Metrics" the last of those
// that are needed.
func start(ctx context.Context, name, dir string, environ []string, program string, args ...string) (*process, error) {
	p := &process{name: name, urls: map[string]string{}, logFile: filepath.Join(dir, name+".log"), exited: make(chan struct{})}
	log, err := os.Create(p.logFile)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	cmd := exec.Command(program, args...) //nolint:noctx,gosec // stop ends it, and waits for it; it is this program or the product
	cmd.Env, cmd.Stderr = environ, log
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	setDeathSignal(cmd.SysProcAttr)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	printed := make(chan error, 1)
	started := make(chan error, 1)
	// The death signal comes when the thread that started the process ends.
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		p.process = cmd.Process
		if started <- err; err != nil {
			return
		}
		printed <- p.readAddresses(stdout)
		_, _ = io.Copy(io.Discard, stdout)
		p.exitErr = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, p.await(ctx, printed)
}

func (p *process) readAddresses(stdout io.Reader) error {
	lines := bufio.NewReader(stdout)
	for p.urls["Metrics"] == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		if fields := strings.Fields(line); len(fields) == 2 && strings.HasPrefix(fields[1], "http://") {
			p.urls[fields[0]] = fields[1]
		}
	}
	return nil
}

func (p *process) await(ctx context.Context, printed <-chan error) error {
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	var err error
	select {
	case err = <-printed:
		if err == nil {
			return nil
		}
		err = fmt.Errorf("%s ended before it served: %s", p.name, p.lastWords())
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = fmt.Errorf("%s does not serve after %s: %s", p.name, startTimeout, p.lastWords())
	}
	return errors.Join(err, p.stop())
}

// alive returns an error when the process has ended.
func (p *process) alive() error {
	select {
	case <-p.exited:
		return fmt.Errorf("%s ended by itself (%w): %s", p.name, p.exitErr, p.lastWords())
	default:
		return nil
	}
}

func (p *process) lastWords() string {
	text, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-logBytesShown):]))
}

// stop ends the process and returns when it is gone.
func (p *process) stop() error {
	if err := p.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.exited:
		return nil
	case <-timer.C:
	}
	err := p.process.Kill()
	<-p.exited
	return errors.Join(fmt.Errorf("%s did not end within %s and was killed", p.name, stopTimeout), err)
}
