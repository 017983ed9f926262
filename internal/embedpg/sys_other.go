//go:build !linux

package embedpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// setDeathSignal does nothing: this system has no such signal. A server that outlives its killed
// owner is found through its pid file and taken over by the next start.
func setDeathSignal(*syscall.SysProcAttr, syscall.Signal) {}

// runsOn reports whether process pid is a live PostgreSQL whose data directory is pgdata. A server
// process works inside its data directory, which a process that merely got the same id after a
// restart does not; a zombie has no directory any more. An error means that nobody can tell.
func runsOn(pid int, pgdata string) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), programTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "lsof", "-a", "-p", strconv.Itoa(pid), "-d", "cwd", "-F", "n").Output()
	// lsof ends with a status of its own when there is no such process.
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask lsof about process %d: %w", pid, err)
	}
	dir, err := os.Stat(pgdata)
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", pgdata, err)
	}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "n"); ok {
			cwd, err := os.Stat(name)
			return err == nil && os.SameFile(cwd, dir), nil
		}
	}
	return false, nil
}
