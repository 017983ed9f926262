package embedpg_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/embedpg"
)

// waitMax bounds every wait for another process in these tests.
const waitMax = time.Minute

// The environment of a child process that owns a server. The child is this test binary.
const (
	childDir      = "EMBEDPG_TEST_CHILD_DIR"
	childDetached = "EMBEDPG_TEST_CHILD_DETACHED"
	childUmask    = "EMBEDPG_TEST_CHILD_UMASK"
)

func TestMain(m *testing.M) {
	if _, ok := os.LookupEnv(childDir); ok {
		os.Exit(serveChild())
	}
	code := m.Run()
	if err := os.RemoveAll(templateRoot); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// sharedBundle is the product's own cache: on a machine without PostgreSQL, one download serves every
// test.
func sharedBundle() string {
	home, err := embedpg.DefaultDataDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, "bundle")
}

// begin is Start with the shared bundle.
func begin(ctx context.Context, opts embedpg.Options) (*embedpg.Server, error) {
	if opts.BundleDir == "" {
		opts.BundleDir = sharedBundle()
	}
	return embedpg.Start(ctx, opts)
}

func testBinary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// reachableDir is a temporary directory that the account PostgreSQL runs as may enter. t.TempDir has a
// parent that only its owner may.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "embedpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	return dir
}

// templateRoot holds the cluster that clusterDir copies, once there is one.
var templateRoot string

var template = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "embedpg-test-")
	if err != nil {
		return err
	}
	templateRoot = dir
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	s, err := begin(context.Background(), embedpg.Options{DataDir: dir})
	if err != nil {
		return err
	}
	return s.Stop(context.Background())
})

// clusterDir is a reachableDir with a cluster that was started and stopped once. It spares a test
// that is not about a first start the second or more that initdb takes.
func clusterDir(t *testing.T) string {
	t.Helper()
	if err := template(); err != nil {
		t.Fatalf("make the template: %v", err)
	}
	dir := reachableDir(t)
	out, err := exec.CommandContext(t.Context(), "cp", "-a", filepath.Join(templateRoot, "pgdata"), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("copy the template: %v: %s", err, out)
	}
	return dir
}

// start starts a server that is stopped at the test's end at the latest.
func start(t *testing.T, opts embedpg.Options) *embedpg.Server {
	t.Helper()
	s, err := begin(t.Context(), opts)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return s
}

func stop(t *testing.T, s *embedpg.Server) {
	t.Helper()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatalf("Stop: %v", err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	var v T
	if err := connect(t, url).QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// await returns when cond holds, and fails the test when it does not within waitMax.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitMax)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !cond() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			t.Fatalf("waited too long: %s", what)
		}
	}
}

// alive is false for a process that is gone and for a zombie, which nobody may reap here.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) || !isDir("/proc/self")
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
