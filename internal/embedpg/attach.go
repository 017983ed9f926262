package embedpg

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
)

// ErrNotRunning is returned by Attach when no private PostgreSQL accepts connections, which is also so
// for the moments in which one starts.
var ErrNotRunning = errors.New("no private PostgreSQL runs")

// Attached says how to reach a server that another process owns. It can end at any time; there is
// nothing to stop or to release.
type Attached struct {
	// AppURL and OwnerURL are as the methods of Server.
	AppURL, OwnerURL string
}

// Attach finds the private server that another process runs on a data directory, empty meaning
// DefaultDataDir. It takes no lock and changes nothing. It returns ErrNotRunning when there is no such
// server or it is not ready, and ErrInUse when the server is one that Purser did not start.
func Attach(dataDir string) (Attached, error) {
	a, err := attach(dataDir)
	if err != nil {
		return Attached{}, fmt.Errorf("attach to private PostgreSQL: %w", err)
	}
	return a, nil
}

func attach(dataDir string) (Attached, error) {
	dir, err := openLayout(dataDir)
	if err != nil {
		return Attached{}, err
	}
	c := &cluster{layout: dir}
	if c.account, err = chooseAccount(dir.pgdata()); err != nil {
		return Attached{}, err
	}
	pf, err := readPIDFile(dir.pidFile())
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, strconv.ErrSyntax) {
		return Attached{}, fmt.Errorf("%w in %s", ErrNotRunning, dir.root)
	}
	if err != nil {
		return Attached{}, err
	}
	live, err := runsOn(pf.pid, dir.pgdata())
	switch {
	case err != nil:
		return Attached{}, fmt.Errorf("tell whether a PostgreSQL runs on %s: %w", dir.pgdata(), err)
	case !live || pf.status != "ready":
		return Attached{}, fmt.Errorf("%w in %s", ErrNotRunning, dir.root)
	case pf.socketDir != c.socketDir():
		return Attached{}, fmt.Errorf("%w: PostgreSQL process %d, which Purser did not start, runs on %s",
			ErrInUse, pf.pid, dir.pgdata())
	}
	return Attached{AppURL: c.url(RoleApp, Database), OwnerURL: c.url(RoleOwner, Database)}, nil
}

// EnsureDataDir creates a data directory as Start does, empty meaning DefaultDataDir, and returns its
// absolute path. What else is kept beside the cluster must be put there through this: a directory made
// for root alone could not be entered by the account that PostgreSQL runs as.
func EnsureDataDir(dataDir string) (string, error) {
	dir, err := openLayout(dataDir)
	if err != nil {
		return "", err
	}
	return dir.root, nil
}
