package pgtest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/pgtest"
)

// childMode makes this binary a test binary of another package: "unguarded" does not go through Main,
// "killed" waits to be killed with its server running.
const childMode = "PGTEST_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childMode) == "unguarded" {
		os.Exit(m.Run())
	}
	os.Exit(pgtest.Main(m))
}

// TestChild is the one test of a child.
func TestChild(t *testing.T) {
	if os.Getenv(childMode) == "" {
		t.Skip("runs in a child process of the other tests")
	}
	pgtest.New(t)
	s := pgtest.Server(t)
	fmt.Fprintf(os.Stdout, "server %d %s\n", s.PID(), s.DataDir())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

const tables = `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
	WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')`

func TestNew(t *testing.T) {
	t.Parallel()
	one, two, empty := pgtest.New(t), pgtest.New(t), pgtest.NewEmpty(t)

	t.Run("is_migrated", func(t *testing.T) {
		if got := query[int](t, one.OwnerURL, tables); got == 0 {
			t.Error("the database has no tables")
		}
	})
	t.Run("empty_is_empty", func(t *testing.T) {
		if got := query[int](t, empty.OwnerURL, tables); got != 0 {
			t.Errorf("tables = %d, want 0", got)
		}
	})
	t.Run("is_apart_from_every_other", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), one.OwnerURL)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		if _, err := conn.Exec(t.Context(), "CREATE TABLE only_here (id int)"); err != nil {
			t.Fatal(err)
		}
		if got := query[*string](t, two.OwnerURL, "SELECT to_regclass('only_here')::text"); got != nil {
			t.Errorf("the other database has %s too", *got)
		}
	})
	t.Run("urls_are_of_the_named_roles", func(t *testing.T) {
		for url, want := range map[string]string{
			one.AppURL: "purser_app", one.OwnerURL: "purser_owner", one.SuperURL: "postgres",
		} {
			if got := query[string](t, url, "SELECT current_user"); got != want {
				t.Errorf("current_user = %s, want %s", got, want)
			}
			if got := query[string](t, url, "SELECT current_database()"); got != one.Name {
				t.Errorf("current_database = %s, want %s", got, one.Name)
			}
		}
	})
}

func TestDatabaseIsDroppedWithConnectionsOpen(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("user", func(t *testing.T) {
		db := pgtest.New(t)
		name = db.Name
		if _, err := pgx.Connect(t.Context(), db.AppURL); err != nil {
			t.Fatal(err)
		}
	})
	sql := "SELECT count(*) FROM pg_database WHERE datname = '" + name + "'"
	if got := query[int](t, pgtest.Server(t).SuperURL("postgres"), sql); got != 0 {
		t.Errorf("database %s is still there", name)
	}
}

func TestDurable(t *testing.T) {
	t.Parallel()
	s := pgtest.Durable(t)
	if got := query[string](t, s.AppURL(), "SHOW fsync"); got != "on" {
		t.Errorf("fsync = %s, want on", got)
	}
	if got := query[int](t, s.OwnerURL(), tables); got == 0 {
		t.Error("the database has no tables")
	}
	if s.PID() == pgtest.Server(t).PID() {
		t.Error("it is the shared server")
	}
}

func childCommand(t *testing.T, mode string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childMode+"="+mode)
	return cmd
}

func TestBinaryWithoutMainIsTold(t *testing.T) {
	t.Parallel()
	out, err := childCommand(t, "unguarded").CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		t.Errorf("child: %v, want a failed test", err)
	}
	if !strings.Contains(string(out), "os.Exit(pgtest.Main(m))") {
		t.Errorf("child does not say what to write:\n%s", out)
	}
}

func TestKilledBinaryLeavesNothing(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("this system has no parent-death signal")
	}
	cmd := childCommand(t, "killed")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid, dir string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "server "); ok {
			pid, dir, _ = strings.Cut(rest, " ")
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if dir == "" {
		t.Fatal("child started no server")
	}
	awaitEnd(t, pid)
	pgtest.Sweep(t.Context(), filepath.Dir(dir))
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v, want it gone", dir, err)
	}
	if _, err := os.Stat(pgtest.Server(t).DataDir()); err != nil {
		t.Errorf("the sweep took a live server's directory: %v", err)
	}
}

// awaitEnd returns when a process that is not our child has ended.
func awaitEnd(t *testing.T, pidText string) {
	t.Helper()
	pid, err := strconv.Atoi(pidText)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		select {
		case <-poll.C:
		case <-ctx.Done():
			t.Fatalf("the server %d outlived its binary", pid)
		}
	}
}
