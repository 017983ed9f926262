package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"purser/internal/embedpg"
	"purser/internal/postgres"
)

// Main runs a package's tests and then stops the server that they started, if they did. It returns
// the exit code: the tests' own, or 1 when the server did not end cleanly.
func Main(m *testing.M) int {
	shared.main.Store(true)
	code := m.Run()
	if err := stopShared(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// errEnded is what a test that outlives Main gets in place of a server.
var errEnded = errors.New("the tests have ended")

// stopShared claims the start for itself when no test has: none can begin after that. A start that
// failed has been reported by the test that wanted it.
func stopShared() error {
	s, err := shared.server.get(func() (*embedpg.Server, error) { return nil, errEnded })
	if err != nil {
		return nil // nothing runs
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanTimeout)
	defer cancel()
	return errors.Join(s.Stop(ctx), os.RemoveAll(s.DataDir()))
}

func startShared() (*embedpg.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	sweep(ctx, os.TempDir())
	return startIn(ctx, embedpg.Options{
		// Tests that run side by side each hold a pool, and some hold several.
		Settings: map[string]string{"max_connections": "200"},
	})
}

// Durable returns a server of its own for t, with fsync on and its database migrated, for tests that
// kill PostgreSQL and look at what is left: to start it again on the same data after a kill, call
// embedpg.Start with its DataDir and Durable set. Whatever runs on that data at the test's end must
// have been stopped by the test; the server returned here is stopped by a cleanup.
func Durable(t testing.TB) *embedpg.Server {
	t.Helper()
	s, err := startIn(t.Context(), embedpg.Options{Durable: true})
	if err != nil {
		t.Fatalf("no PostgreSQL for tests: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanTimeout)
		defer cancel()
		if err := errors.Join(s.Stop(ctx), os.RemoveAll(s.DataDir())); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	if err := postgres.Migrate(t.Context(), s.OwnerURL()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return s
}

// startIn starts a server in a new temporary directory, which must let the account in that
// PostgreSQL runs as when the tests run as root; os.MkdirTemp and t.TempDir do not.
func startIn(ctx context.Context, opts embedpg.Options) (*embedpg.Server, error) {
	dir, err := os.MkdirTemp("", fmt.Sprintf("purser-test-%d-", os.Getpid()))
	if err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if err := os.Chmod(dir, 0o755); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	opts.DataDir = dir
	// One download serves every test binary, and the product.
	if home, err := embedpg.DefaultDataDir(); err == nil {
		opts.BundleDir = filepath.Join(home, "bundle")
	}
	s, err := embedpg.Start(ctx, opts)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

var testDir = regexp.MustCompile(`^purser-test-([0-9]+)-`)

// sweep removes directories of test binaries that were killed, and on a system without a death signal
// the servers that these left. What cannot be removed now is left to the next run.
func sweep(ctx context.Context, tmp string) {
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return
	}
	for _, e := range entries {
		match := testDir.FindStringSubmatch(e.Name())
		if match == nil || !e.IsDir() {
			continue
		}
		// The expression matches digits only.
		pid, _ := strconv.Atoi(match[1])
		if !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		dir := filepath.Join(tmp, e.Name())
		if err := embedpg.StopOrphan(ctx, dir); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
}
