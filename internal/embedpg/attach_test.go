package embedpg_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"purser/internal/embedpg"
)

func TestAttach(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachableDir(t), "data")

	t.Run("nothing_there_is_ErrNotRunning", func(t *testing.T) {
		if _, err := embedpg.Attach(dir); !errors.Is(err, embedpg.ErrNotRunning) {
			t.Errorf("Attach = %v, want ErrNotRunning", err)
		}
	})
	owner := startChild(t, dir)
	t.Run("reaches_the_server_of_another_process_as_both_roles", func(t *testing.T) {
		other, err := embedpg.Attach(dir)
		if err != nil {
			t.Fatalf("Attach: %v", err)
		}
		for url, want := range map[string]string{other.AppURL: "purser_app", other.OwnerURL: "purser_owner"} {
			if got := query[string](t, url, "SELECT current_user"); got != want {
				t.Errorf("current_user = %s, want %s", got, want)
			}
		}
	})
	t.Run("leaves_the_server_to_its_owner", func(t *testing.T) {
		if !alive(owner.pgPID) {
			t.Error("the server is gone")
		}
		if _, err := embedpg.Start(t.Context(), embedpg.Options{DataDir: dir}); !errors.Is(err, embedpg.ErrInUse) {
			t.Errorf("Start beside it = %v, want ErrInUse", err)
		}
	})
	owner.leave(t)
	t.Run("a_stopped_server_is_ErrNotRunning", func(t *testing.T) {
		if _, err := embedpg.Attach(dir); !errors.Is(err, embedpg.ErrNotRunning) {
			t.Errorf("Attach = %v, want ErrNotRunning", err)
		}
	})
	t.Run("a_pid_file_of_another_process_is_ErrNotRunning", func(t *testing.T) {
		text := strconv.Itoa(os.Getpid()) + "\n" + dir + "\n0\n5432\n/tmp\n\n0 0\nready\n"
		if err := os.WriteFile(filepath.Join(dir, "pgdata", "postmaster.pid"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := embedpg.Attach(dir); !errors.Is(err, embedpg.ErrNotRunning) {
			t.Errorf("Attach = %v, want ErrNotRunning", err)
		}
	})
}

func TestEnsureDataDirCanBeEnteredByPostgreSQL(t *testing.T) {
	t.Parallel()
	want := filepath.Join(reachableDir(t), "made", "by", "us")
	got, err := embedpg.EnsureDataDir(want)
	if err != nil || got != want {
		t.Fatalf("EnsureDataDir = %q, %v, want %q", got, err, want)
	}
	start(t, embedpg.Options{DataDir: want})
}

// TestLockIsFreeAfterStopWhileOthersFork starts programs all the time that a server stops and starts:
// each of them has, for a moment, a copy of every open file of this process.
func TestLockIsFreeAfterStopWhileOthersFork(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	ctx, cancel := context.WithCancel(t.Context())
	var forking sync.WaitGroup
	for range 4 {
		forking.Go(func() {
			for ctx.Err() == nil {
				_ = exec.CommandContext(ctx, "true").Run()
			}
		})
	}
	for range 5 {
		stop(t, start(t, opts))
	}
	cancel()
	forking.Wait()
}
