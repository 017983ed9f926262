package embedpg_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"purser/internal/embedpg"
)

// nobody returns an ordinary user to run a child as. Only root can.
func nobody(t *testing.T) (uid, gid int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("the tests run as an ordinary user already")
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	ids := [2]int{}
	for i, text := range []string{u.Uid, u.Gid} {
		if ids[i], err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	return ids[0], ids[1]
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	// A child that is just being forked has a copy of out, and a file that is open for writing cannot
	// be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestOrdinaryUser starts a server as a user other than root, in the default place, and then as root
// on the same data.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	uid, gid := nobody(t)
	dir := reachableDir(t)
	// The test binary itself lies where only root may go.
	program := filepath.Join(dir, "embedpg.test")
	copyFile(t, testBinary(t), program)
	share := filepath.Join(dir, "share")
	if err := errors.Join(os.Mkdir(share, 0o755), os.Chown(share, uid, gid)); err != nil {
		t.Fatal(err)
	}
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	c := spawnChild(t, program, "", attr, "XDG_DATA_HOME="+share)
	c.awaitServer(t)
	exec1(t, c.url, "CREATE TABLE kept AS SELECT 42 AS answer")
	c.leave(t)
	data := filepath.Join(share, "purser")
	if info, err := os.Stat(data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("default data directory: %v, %v, want mode 700", info, err)
	}

	s := start(t, embedpg.Options{DataDir: data, Durable: true})
	if got := query[int](t, s.SuperURL("purser"), "SELECT answer FROM kept"); got != 42 {
		t.Errorf("answer = %d, want 42", got)
	}
	if info, err := os.Stat(filepath.Join(data, "pgdata", "postmaster.pid")); err != nil {
		t.Error(err)
	} else if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != uid {
		t.Errorf("root runs the server as uid %d, want the cluster's owner %d", st.Uid, uid)
	}
}

func TestClusterThatRootRestoredIsHandedOver(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root drops privileges")
	}
	dir := clusterDir(t)
	s := start(t, embedpg.Options{DataDir: dir})
	exec1(t, s.OwnerURL(), "CREATE TABLE kept AS SELECT 42 AS answer")
	stop(t, s)
	// As after root has restored a backup.
	err := filepath.WalkDir(filepath.Join(dir, "pgdata"), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, 0, 0))
	})
	if err != nil {
		t.Fatal(err)
	}
	s = start(t, embedpg.Options{DataDir: dir})
	if got := query[int](t, s.OwnerURL(), "SELECT answer FROM kept"); got != 42 {
		t.Errorf("answer = %d, want 42", got)
	}
}

func TestRootWithRestrictiveUmask(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root drops privileges")
	}
	c := startChild(t, filepath.Join(reachableDir(t), "deep", "data"), childUmask+"=1")
	if got := query[int](t, c.url, "SELECT 1"); got != 1 {
		t.Errorf("SELECT 1 = %d", got)
	}
	c.leave(t)
}

func TestDefaultDataDir(t *testing.T) {
	if os.Geteuid() == 0 {
		if got, err := embedpg.DefaultDataDir(); err != nil || got != "/var/lib/purser" {
			t.Errorf("DefaultDataDir = %s, %v, want /var/lib/purser", got, err)
		}
		return
	}
	for name, tc := range map[string]struct{ xdg, want string }{
		"xdg_wins":                {"/data", "/data/purser"},
		"relative_xdg_is_ignored": {"data", "/home/u/.local/share/purser"},
		"home_without_xdg":        {"", "/home/u/.local/share/purser"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", "/home/u")
			t.Setenv("XDG_DATA_HOME", tc.xdg)
			if got, err := embedpg.DefaultDataDir(); err != nil || got != tc.want {
				t.Errorf("DefaultDataDir = %s, %v, want %s", got, err, tc.want)
			}
		})
	}
}
