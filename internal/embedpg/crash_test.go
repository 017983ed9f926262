package embedpg_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"purser/internal/embedpg"
)

// insertUntilCut commits rows on several connections until the server goes away, and returns how many
// commits were acknowledged on each. ready is closed when every connection has committed once.
func insertUntilCut(t *testing.T, url string, ready chan<- struct{}) []int {
	t.Helper()
	acked := make([]int, 4)
	var wg, first sync.WaitGroup
	first.Add(len(acked))
	for w := range acked {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer conn.Close(context.Background())
			for {
				if _, err := conn.Exec(t.Context(), "INSERT INTO load VALUES ($1, $2)", w, acked[w]); err != nil {
					return
				}
				acked[w]++
				if acked[w] == 1 {
					first.Done()
				}
			}
		})
	}
	go func() { first.Wait(); close(ready) }()
	wg.Wait()
	return acked
}

func TestKillOfPostgresLosesNoCommit(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: reachableDir(t), Durable: true}
	s := start(t, opts)
	exec1(t, s.OwnerURL(), "CREATE TABLE load (worker int, n int, PRIMARY KEY (worker, n))")
	ready, result := make(chan struct{}), make(chan []int, 1)
	go func() { result <- insertUntilCut(t, s.OwnerURL(), ready) }()
	<-ready
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	acked := <-result
	select {
	case <-s.Done():
	case <-t.Context().Done():
		t.Fatal("Done was not closed")
	}
	stop(t, s)

	s = start(t, opts)
	for w, want := range acked {
		sql := fmt.Sprintf("SELECT count(*) FROM load WHERE worker = %d AND n < %d", w, want)
		if got := query[int](t, s.OwnerURL(), sql); got != want {
			t.Errorf("worker %d: %d of %d acknowledged rows are left", w, got, want)
		}
	}
}

func TestKillOfOwnerStopsPostgres(t *testing.T) {
	t.Parallel()
	if !isDir("/proc/self") {
		t.Skip("this system has no parent-death signal; TestOrphanIsTakenOver covers it")
	}
	dir := clusterDir(t)
	c := startChild(t, dir)
	exec1(t, c.url, "CREATE TABLE kept AS SELECT 42 AS answer")
	c.kill(t)
	await(t, "the server ends after its owner", func() bool { return !alive(c.pgPID) })

	s := start(t, embedpg.Options{DataDir: dir, Durable: true})
	if got := query[int](t, s.SuperURL("purser"), "SELECT answer FROM kept"); got != 42 {
		t.Errorf("answer = %d, want 42", got)
	}
}

func TestRestartRightAfterKillOfOwner(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	for range 3 {
		c := startChild(t, dir)
		c.kill(t)
	}
	s := start(t, embedpg.Options{DataDir: dir, Durable: true})
	if got := query[int](t, s.AppURL(), "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
}

func TestOrphanIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	c := startChild(t, dir, childDetached+"=1")
	exec1(t, c.url, "CREATE TABLE kept AS SELECT 42 AS answer")
	c.kill(t)
	if !alive(c.pgPID) {
		t.Fatal("the detached server ended with its owner; this test needs an orphan")
	}

	s := start(t, embedpg.Options{DataDir: dir, Durable: true})
	if alive(c.pgPID) {
		t.Errorf("orphan %d still runs beside %d", c.pgPID, s.PID())
	}
	if got := query[int](t, s.SuperURL("purser"), "SELECT answer FROM kept"); got != 42 {
		t.Errorf("answer = %d, want 42", got)
	}
	stop(t, s)
	if alive(s.PID()) {
		t.Errorf("process %d is still there", s.PID())
	}
}

func TestStopOrphan(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	c := startChild(t, dir, childDetached+"=1")
	exec1(t, c.url, "CREATE TABLE kept AS SELECT 42 AS answer")
	if err := embedpg.StopOrphan(t.Context(), dir); !errors.Is(err, embedpg.ErrInUse) {
		t.Errorf("StopOrphan beside the owner: %v, want ErrInUse", err)
	}
	c.kill(t)
	for range 2 {
		if err := embedpg.StopOrphan(t.Context(), dir); err != nil {
			t.Fatalf("StopOrphan: %v", err)
		}
		if alive(c.pgPID) {
			t.Fatalf("orphan %d still runs", c.pgPID)
		}
	}
	s := start(t, embedpg.Options{DataDir: dir, Durable: true})
	if got := query[int](t, s.OwnerURL(), "SELECT 42 FROM pg_class WHERE relname = 'kept'"); got != 42 {
		t.Errorf("answer = %d, want 42", got)
	}
}

func TestInterruptedFirstStartHeals(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	c := spawnChild(t, testBinary(t), dir, nil)
	pattern := filepath.Join(dir, "pgdata.init-*", "base", "1", "PG_VERSION")
	await(t, "initdb is in the middle", func() bool {
		m, _ := filepath.Glob(pattern)
		return len(m) > 0
	})
	c.kill(t)
	if _, err := os.Stat(filepath.Join(dir, "pgdata")); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("pgdata: %v, want none yet", err)
	}

	s := start(t, embedpg.Options{DataDir: dir})
	if got := query[int](t, s.AppURL(), "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "pgdata.init-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// killedPIDFile returns a stopped server whose pid file is the one that a kill -9 leaves.
func killedPIDFile(t *testing.T, opts embedpg.Options) (s *embedpg.Server, pidFile string) {
	t.Helper()
	s = start(t, opts)
	text, err := os.ReadFile(embedpg.PIDFile(s))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	stop(t, s)
	return s, string(text)
}

func TestRecycledProcessIDIsNotAServer(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	s, pidFile := killedPIDFile(t, opts)
	// A process of the same account: PostgreSQL by itself would refuse to start beside it.
	other := embedpg.CommandAs(s, "cat")
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = other.Wait() }()
	_, rest, _ := strings.Cut(pidFile, "\n")
	text := fmt.Appendf(nil, "%d\n%s", other.Process.Pid, rest)
	if err := os.WriteFile(embedpg.PIDFile(s), text, 0o600); err != nil {
		t.Fatal(err)
	}

	s = start(t, opts)
	if got := query[int](t, s.AppURL(), "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
	if !alive(other.Process.Pid) {
		t.Error("the other process was ended")
	}
}

// A backend that is stopped, as a busy one, does not notice that its server was killed, and keeps the
// shared memory that a new server must not share.
func TestStartWaitsForBackendsOfAKilledServer(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	s := start(t, opts)
	backend := query[int](t, s.SuperURL("purser"), "SELECT pg_backend_pid()")
	waited := false
	t.Cleanup(func() {
		// A stopped process does not even notice that its server is gone.
		if !waited {
			_ = syscall.Kill(backend, syscall.SIGKILL)
		}
	})
	// The backend must stand still before its server goes: one that runs leaves as soon as it notices.
	if err := syscall.Kill(backend, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(t, "the backend stands still", func() bool { return stopped(t, backend) })
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	stop(t, s)

	opts.Log = slog.New(onMessage{slog.DiscardHandler, "waiting for the remains of a killed PostgreSQL", func() {
		if waited {
			return
		}
		waited = true
		if err := syscall.Kill(backend, syscall.SIGCONT); err != nil {
			t.Errorf("continue backend: %v", err)
		}
	}})
	s = start(t, opts)
	if !waited {
		t.Error("the server started beside a backend of the killed one")
	}
	if got := query[int](t, s.AppURL(), "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
}

// stopped reports whether a process was stopped by a signal.
func stopped(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, afterName, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(afterName, "T")
}

func TestEmptyPIDFileHeals(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	s, _ := killedPIDFile(t, opts)
	if err := os.WriteFile(embedpg.PIDFile(s), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, opts))
}
