package embedpg

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// port names the socket; nothing listens on TCP.
const port = "5432"

// socketDir is short and under /tmp however long the data directory's path is: a socket path has at
// most 107 bytes on Linux and 103 on macOS. The account is part of the name, so that nobody meets a
// directory that another user's server made.
func (c *cluster) socketDir() string {
	sum := sha256.Sum256([]byte(c.layout.root))
	return fmt.Sprintf("/tmp/purser-%d-%x", c.account.uid, sum[:6])
}

// makeSocketDir creates the directory, for the account alone. Everyone may write to /tmp, so one
// that exists already is used only when it is a real directory that belongs to the account.
func (c *cluster) makeSocketDir() error {
	dir := c.socketDir()
	if err := os.Mkdir(dir, 0o700); err == nil {
		if err := c.account.own(dir); err != nil {
			return fmt.Errorf("create socket directory: %w", err)
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create socket directory: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("create socket directory: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || (int(st.Uid) != c.account.uid && st.Uid != 0) {
		return fmt.Errorf("socket directory %s was made by someone else: remove it", dir)
	}
	if err := c.account.own(dir); err != nil {
		return fmt.Errorf("create socket directory: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("create socket directory: %w", err)
	}
	return nil
}

// clearSockets removes the socket and its lock file after a server that was killed. The lock file
// names a process id, and PostgreSQL would refuse to start when another process of the same user has
// got that id since.
func (c *cluster) clearSockets() error {
	name := filepath.Join(c.socketDir(), ".s.PGSQL."+port)
	for _, path := range []string{name, name + ".lock"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove stale socket: %w", err)
		}
	}
	return nil
}

// removeSocketDir tidies up after a clean stop. PostgreSQL has removed its own files by then; when it
// has not, the directory stays for the next start.
func (c *cluster) removeSocketDir() { _ = os.Remove(c.socketDir()) }
