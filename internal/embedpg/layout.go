package embedpg

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// rootDataDir is where a server run by root lives: PostgreSQL refuses to run as root and cannot
// enter root's home after its privileges were dropped.
const rootDataDir = "/var/lib/purser"

// layout names the files under a data directory.
type layout struct{ root string }

func (l layout) pgdata() string   { return filepath.Join(l.root, "pgdata") }
func (l layout) logFile() string  { return filepath.Join(l.root, "postgres.log") }
func (l layout) lockFile() string { return filepath.Join(l.root, "purser.lock") }
func (l layout) bundles() string  { return filepath.Join(l.root, "bundle") }
func (l layout) pidFile() string  { return filepath.Join(l.pgdata(), "postmaster.pid") }

// DefaultDataDir is /var/lib/purser for root, else purser under $XDG_DATA_HOME or ~/.local/share. It
// returns an error when the user has no home directory.
func DefaultDataDir() (string, error) {
	if os.Geteuid() == 0 {
		return rootDataDir, nil
	}
	// The XDG rules say that a relative value is to be ignored.
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "purser"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a place for data (set PURSER_DATA_DIR to choose one): %w", err)
	}
	return filepath.Join(home, ".local", "share", "purser"), nil
}

// openLayout creates the data directory where it is missing and resolves symbolic links, so that two
// spellings of one directory get the same lock and the same socket.
func openLayout(dir string) (layout, error) {
	if dir == "" {
		def, err := DefaultDataDir()
		if err != nil {
			return layout{}, err
		}
		dir = def
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, fmt.Errorf("resolve data directory %s: %w", dir, err)
	}
	if err := mkdirAll(abs); err != nil {
		return layout{}, fmt.Errorf("create data directory (set PURSER_DATA_DIR to choose another): %w", err)
	}
	resolved, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return layout{}, fmt.Errorf("resolve data directory %s: %w", abs, err)
	}
	return layout{root: resolved}, nil
}

// mkdirAll is os.MkdirAll with modes that do not depend on the umask. What root makes must be
// enterable by the account that PostgreSQL runs as; what a user makes is the user's alone.
func mkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := mkdirAll(filepath.Dir(dir)); err != nil {
		return err
	}
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o755
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(dir, mode)
}

// lockDir takes the data directory for this process. The kernel drops the lock when the process
// ends in whatever way, so a kill -9 leaves nothing to clean. It returns ErrInUse when another
// process, or another Server of this one, has it: sharing a server would mean that the first to leave
// stops it under the other.
func lockDir(dir layout) (*os.File, error) {
	name := dir.lockFile()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock file (is %s owned by another user?): %w", dir.root, err)
	}
	if err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		holder, _ := os.ReadFile(name)
		return nil, fmt.Errorf("%w: %s is served by process %s; stop that one, or set PURSER_DATA_DIR "+
			"to another directory, or DATABASE_URL to a server that both may use",
			ErrInUse, dir.root, strings.TrimSpace(string(holder)))
	}
	if err := writePID(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", name, err), f.Close())
	}
	return f, nil
}

// unlock releases a lock before closing its file. Closing alone is not enough: a child that another
// goroutine is just forking has a copy of the descriptor until it runs its program, and would hold the
// lock for that moment.
func unlock(f *os.File) error {
	return errors.Join(flock(f, syscall.LOCK_UN), f.Close())
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// writePID leaves the holder's id for the message that a second process prints. It has no other use:
// the lock itself is what counts.
func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// url names the socket directory as host. Every part that a PG* environment variable could replace
// is written out.
func (c *cluster) url(role, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database}
	u.RawQuery = url.Values{"host": {c.socketDir()}, "port": {port}, "sslmode": {"disable"}}.Encode()
	return u.String()
}
