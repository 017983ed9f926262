package embedpg

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// setDeathSignal makes the kernel send sig to the child when the thread that starts it ends, so that
// not even a kill -9 of this process leaves a server behind. The caller must keep that thread
// (runtime.LockOSThread) for the child's whole life.
func setDeathSignal(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }

// runsOn reports whether process pid is a live PostgreSQL whose data directory is pgdata. A server
// process works inside its data directory, which a process that merely got the same id after a
// restart does not; a zombie has no directory any more. A process of another user cannot be looked
// into, and cannot be a server on our directory either: PostgreSQL demands to own it. An error means
// that nobody can tell.
func runsOn(pid int, pgdata string) (bool, error) {
	dir, err := os.Stat(pgdata)
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", pgdata, err)
	}
	if _, err := os.Stat("/proc/self/cwd"); err != nil {
		return false, fmt.Errorf("look at process %d: %w", pid, err)
	}
	cwd, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	return err == nil && os.SameFile(cwd, dir), nil
}
