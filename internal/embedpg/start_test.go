package embedpg_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"purser/internal/embedpg"
)

func TestFirstStart(t *testing.T) {
	t.Parallel()
	s := start(t, embedpg.Options{DataDir: filepath.Join(reachableDir(t), "data"), Durable: true})

	t.Run("settings_are_the_documented_ones", func(t *testing.T) {
		got := map[string]string{}
		want := map[string]string{
			"listen_addresses": "", "server_encoding": "UTF8", "lc_collate": "C", "TimeZone": "UTC",
			"data_checksums": "on", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
			"max_connections": "100", "unix_socket_permissions": "0700",
		}
		for name := range want {
			got[name] = query[string](t, s.AppURL(), "SELECT current_setting('"+name+"', true)")
			if name == "lc_collate" {
				got[name] = query[string](t, s.AppURL(), "SELECT datcollate FROM pg_database WHERE datname = 'purser'")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("settings (-want +got):\n%s", diff)
		}
	})
	t.Run("roles_may_log_in_and_no_more", func(t *testing.T) {
		for role, url := range map[string]string{"purser_app": s.AppURL(), "purser_owner": s.OwnerURL()} {
			got := query[string](t, url, `SELECT concat_ws(' ', rolname, rolsuper, rolcreatedb, rolcreaterole,
				rolreplication, rolbypassrls) FROM pg_roles WHERE rolname = current_user`)
			if want := role + " f f f f f"; got != want {
				t.Errorf("role attributes = %q, want %q", got, want)
			}
		}
	})
	t.Run("owner_owns_the_database_and_can_migrate", func(t *testing.T) {
		exec1(t, s.OwnerURL(), "CREATE TABLE things (id int PRIMARY KEY)")
	})
	t.Run("app_has_no_right_of_its_own", func(t *testing.T) {
		conn := connect(t, s.AppURL())
		for _, sql := range []string{
			"CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "CREATE SCHEMA mine",
			"CREATE DATABASE mine", "SELECT id FROM things", "SET ROLE purser_owner",
		} {
			_, err := conn.Exec(t.Context(), sql)
			var pgErr *pgconn.PgError
			if !errors.As(err, &pgErr) || pgErr.Code != "42501" {
				t.Errorf("%s: error = %v, want insufficient_privilege (42501)", sql, err)
			}
		}
	})
	t.Run("socket_directory_is_private_and_short", func(t *testing.T) {
		info, err := os.Stat(embedpg.SocketDir(s))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o700 {
			t.Errorf("mode = %o, want 700", got)
		}
		if path := filepath.Join(embedpg.SocketDir(s), ".s.PGSQL.5432.lock"); len(path) > 103 {
			t.Errorf("socket path %s has %d bytes, macOS allows 103", path, len(path))
		}
	})
	t.Run("ctrl_c_at_the_terminal_does_not_reach_it", func(t *testing.T) {
		got, err := syscall.Getpgid(s.PID())
		if err != nil {
			t.Fatal(err)
		}
		if got != s.PID() {
			t.Errorf("process group = %d, want its own, %d", got, s.PID())
		}
	})
}

func TestSecondStartReusesData(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: reachableDir(t)}
	s := start(t, opts)
	exec1(t, s.OwnerURL(), "CREATE TABLE kept AS SELECT 42 AS answer")
	stop(t, s)

	s = start(t, opts)
	if got := query[int](t, s.OwnerURL(), "SELECT answer FROM kept"); got != 42 {
		t.Errorf("answer = %d, want 42", got)
	}
}

func TestStartRestoresRolesAndDatabase(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	s := start(t, opts)
	admin := s.SuperURL("postgres")
	for _, sql := range []string{
		"DROP DATABASE purser", "DROP ROLE purser_app", "ALTER ROLE purser_owner SUPERUSER NOLOGIN",
	} {
		exec1(t, admin, sql)
	}
	stop(t, s)

	s = start(t, opts)
	exec1(t, s.OwnerURL(), "CREATE TABLE t (id int)")
	if got := query[bool](t, s.AppURL(), "SELECT rolsuper FROM pg_roles WHERE rolname = 'purser_owner'"); got {
		t.Error("purser_owner kept SUPERUSER")
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	s := start(t, opts)
	pid := s.PID()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := s.Stop(t.Context()); err != nil {
				t.Errorf("Stop: %v", err)
			}
		})
	}
	wg.Wait()
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("Stop again: %v", err)
	}
	if alive(pid) {
		t.Errorf("process %d is still there", pid)
	}
	if _, err := os.Stat(embedpg.SocketDir(s)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("socket directory: %v, want it gone", err)
	}
	select {
	case <-s.Done():
		t.Error("Done is closed, although the server did not end by itself")
	default:
	}
	stop(t, start(t, opts))
}

func TestStopWithDeadContextStillLeavesNothing(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	s, err := begin(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	exec1(t, s.OwnerURL(), "CREATE TABLE kept AS SELECT 42 AS answer")
	dead, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(dead); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Stop: %v, want nil or context.Canceled", err)
	}
	if alive(s.PID()) {
		t.Errorf("process %d is still there", s.PID())
	}
	stop(t, start(t, opts))
}

func TestLongDataDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachableDir(t), strings.Repeat("long", 25), strings.Repeat("path", 25))
	s := start(t, embedpg.Options{DataDir: dir})
	if got := query[int](t, s.AppURL(), "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
}

func TestSettingsWin(t *testing.T) {
	t.Parallel()
	s := start(t, embedpg.Options{DataDir: clusterDir(t), Settings: map[string]string{"max_connections": "37"}})
	if got := query[string](t, s.AppURL(), "SHOW max_connections"); got != "37" {
		t.Errorf("max_connections = %s, want 37", got)
	}
}

func TestFailedStartShowsTheLog(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: reachableDir(t), Settings: map[string]string{"no_such_setting": "1"}}
	if s, err := begin(t.Context(), opts); err == nil {
		stop(t, s)
		t.Fatal("Start succeeded with an unknown setting")
	} else if !strings.Contains(err.Error(), `unrecognized configuration parameter "no_such_setting"`) {
		t.Errorf("error does not carry the log: %v", err)
	}
	opts.Settings = nil
	stop(t, start(t, opts))
}

func TestLargeLogIsPutAside(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	log := filepath.Join(dir, "postgres.log")
	if err := os.WriteFile(log, make([]byte, embedpg.LogKeepBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, embedpg.Options{DataDir: dir}))
	if info, err := os.Stat(log + ".1"); err != nil || info.Size() != embedpg.LogKeepBytes+1 {
		t.Errorf("old log: %v, %v", info, err)
	}
	if info, err := os.Stat(log); err != nil || info.Size() == 0 || info.Size() > embedpg.LogKeepBytes {
		t.Errorf("new log: %v, %v", info, err)
	}
}

// onMessage is a logger that calls do when a message is logged.
type onMessage struct {
	slog.Handler
	message string
	do      func()
}

func (h onMessage) Enabled(context.Context, slog.Level) bool { return true }

func (h onMessage) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		h.do()
	}
	return nil
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := slog.New(onMessage{slog.DiscardHandler, "creating a PostgreSQL cluster", cancel})
	if _, err := begin(ctx, embedpg.Options{DataDir: dir, Log: log}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Start: %v, want context.Canceled", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "pgdata*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	stop(t, start(t, embedpg.Options{DataDir: dir}))
}
