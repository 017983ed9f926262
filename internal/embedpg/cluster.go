package embedpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// initTimeout bounds initdb, which takes 4 to 5 s with sync on a slow disk.
const initTimeout = 2 * time.Minute

// cluster is one data directory together with the programs and the account that serve it.
type cluster struct {
	layout  layout
	opts    Options
	account account
	bin     binaries
}

// start brings the server up, or leaves nothing running.
func (c *cluster) start(ctx context.Context) (_ *postmaster, err error) {
	if c.account, err = chooseAccount(c.layout.pgdata()); err != nil {
		return nil, err
	}
	if err := c.account.mustReach(c.layout.root); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.removeSocketDir()
		}
	}()
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	pm, err := c.launch(ctx)
	if err != nil {
		return nil, err
	}
	if err := provision(ctx, c.url(roleSuper, "postgres")); err != nil {
		return nil, errors.Join(err, pm.stop(context.WithoutCancel(ctx)))
	}
	return pm, nil
}

// prepare leaves a completed cluster of a matching version that no process serves.
func (c *cluster) prepare(ctx context.Context) error {
	major, err := clusterMajor(c.layout.pgdata())
	if err != nil {
		return err
	}
	c.bin, err = newFinder(c).find(ctx, major)
	if err != nil {
		return err
	}
	if err := c.makeSocketDir(); err != nil {
		return err
	}
	if err := c.removeUnfinished(ctx); err != nil {
		return err
	}
	if major == 0 {
		return c.create(ctx)
	}
	if uid, ok := ownerOf(c.layout.pgdata()); ok && uid == 0 && c.account.drop {
		if err := c.account.ownTree(c.layout.pgdata()); err != nil {
			return fmt.Errorf("give %s to %s: %w", c.layout.pgdata(), c.account.name, err)
		}
	}
	return c.takeOver(ctx)
}

// clusterMajor is the major version of a completed cluster, 0 when there is none yet. A directory
// with other content is refused with ErrDataDir: it is not ours to write into.
func clusterMajor(pgdata string) (int, error) {
	text, err := os.ReadFile(filepath.Join(pgdata, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(pgdata)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("look into %s: %w", pgdata, err)
		}
		if len(entries) > 0 {
			return 0, fmt.Errorf("%w: %s is not empty and holds no PostgreSQL cluster (no PG_VERSION); "+
				"move it away, or set PURSER_DATA_DIR to another directory", ErrDataDir, pgdata)
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the cluster's version (does %s belong to another user?): %w", pgdata, err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%w: PG_VERSION in %s: %w", ErrDataDir, pgdata, err)
	}
	return major, nil
}

// unfinished matches the directories that create works in, and nothing else.
var unfinished = regexp.MustCompile(`^pgdata\.init-[0-9]+$`)

// removeUnfinished clears what an interrupted create left. No server ever ran on such a directory, so
// nothing that anyone stored is in it.
func (c *cluster) removeUnfinished(ctx context.Context) error {
	entries, err := os.ReadDir(c.layout.root)
	if err != nil {
		return fmt.Errorf("look into data directory: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() || !unfinished.MatchString(e.Name()) {
			continue
		}
		path := filepath.Join(c.layout.root, e.Name())
		c.opts.Log.Info("removing what an interrupted first start left", "path", path)
		if err := removeBusy(ctx, path); err != nil {
			return fmt.Errorf("remove unfinished cluster: %w", err)
		}
	}
	return nil
}

// removeBusy removes a tree that a killed initdb worked on. The server that initdb runs underneath
// ends only when it sees its input closed, and until then may add a file to a directory that is being
// removed.
func removeBusy(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		err := os.RemoveAll(path)
		if err == nil {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return err
		}
	}
}

// create makes the cluster in a directory of its own and renames it at the end. So a cluster under
// its final name is always a whole one, however the first start was interrupted.
func (c *cluster) create(ctx context.Context) (err error) {
	work := filepath.Join(c.layout.root, fmt.Sprintf("pgdata.init-%d", os.Getpid()))
	if err := os.Mkdir(work, 0o700); err != nil {
		return fmt.Errorf("create cluster: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeBusy(context.WithoutCancel(ctx), work))
		}
	}()
	if err := c.account.own(work); err != nil {
		return fmt.Errorf("give %s to %s: %w", work, c.account.name, err)
	}
	c.opts.Log.Info("creating a PostgreSQL cluster", "dir", c.layout.pgdata(), "major", c.bin.major, "user", c.account.name)
	if _, err := c.account.run(ctx, initTimeout, c.layout.root, c.bin.path("initdb"), c.initArgs(work)...); err != nil {
		return fmt.Errorf("create cluster: %w", err)
	}
	if err := os.Rename(work, c.layout.pgdata()); err != nil {
		return fmt.Errorf("create cluster: %w", err)
	}
	if !c.opts.Durable {
		return nil
	}
	return syncDir(c.layout.root)
}

// initArgs choose what can never be changed later. The C locale orders text by its bytes on every
// system and in every version, so no index depends on a C library that may change beneath it.
//
// Trust needs no password of any local user who can reach the socket; it is acceptable only because
// the socket's directory is closed to everybody but the account (makeSocketDir), who could read the
// data files anyway. There is no TCP to reject, and it is rejected all the same.
func (c *cluster) initArgs(dir string) []string {
	args := []string{
		"-D", dir, "-U", roleSuper, "--encoding=UTF8", "--locale=C",
		"--auth-local=trust", "--auth-host=reject", "--no-instructions",
	}
	if c.opts.Durable {
		return append(args, "--data-checksums")
	}
	return append(args, "--no-sync")
}

// syncDir makes a rename inside dir survive a power failure.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
