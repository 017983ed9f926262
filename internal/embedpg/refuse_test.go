package embedpg_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/embedpg"
)

// refused checks that Start fails with want and says every one of words.
func refused(t *testing.T, opts embedpg.Options, want error, words ...string) {
	t.Helper()
	s, err := begin(t.Context(), opts)
	if err == nil {
		stop(t, s)
		t.Fatalf("Start succeeded, want %v", want)
	}
	if !errors.Is(err, want) {
		t.Errorf("Start: %v, want %v", err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("message lacks %q: %v", w, err)
		}
	}
}

// tree lists every file below dir with its size.
func tree(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	files := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files[path] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	c := startChild(t, dir)
	refused(t, embedpg.Options{DataDir: dir}, embedpg.ErrInUse,
		strconv.Itoa(c.cmd.Process.Pid), "PURSER_DATA_DIR", "DATABASE_URL")
	if got := query[int](t, c.url, "SELECT 1"); got != 1 {
		t.Errorf("the first process's server: SELECT 1 = %d", got)
	}
	c.leave(t)
	if alive(c.pgPID) {
		t.Errorf("process %d is still there", c.pgPID)
	}
	stop(t, start(t, embedpg.Options{DataDir: dir}))
}

func TestSecondSpellingOfADirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	link := filepath.Join(reachableDir(t), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	start(t, embedpg.Options{DataDir: dir})
	refused(t, embedpg.Options{DataDir: link}, embedpg.ErrInUse)
}

func TestForeignServerIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	s := start(t, opts)
	stop(t, s)
	sockets := reachableDir(t)
	if err := os.Chmod(sockets, 0o777); err != nil {
		t.Fatal(err)
	}
	stopForeign, err := embedpg.LaunchBare(t.Context(), s, map[string]string{"unix_socket_directories": sockets})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, opts, embedpg.ErrInUse, "kill -INT")
	foreign := strings.Replace(s.SuperURL("purser"), strings.ReplaceAll(embedpg.SocketDir(s), "/", "%2F"), sockets, 1)
	if got := query[int](t, foreign, "SELECT 1"); got != 1 {
		t.Errorf("the foreign server: SELECT 1 = %d", got)
	}
	if err := stopForeign(); err != nil {
		t.Error(err)
	}
}

func TestVersionMismatchIsRefused(t *testing.T) {
	t.Parallel()
	opts := embedpg.Options{DataDir: clusterDir(t)}
	s := start(t, opts)
	exec1(t, s.OwnerURL(), "CREATE TABLE kept AS SELECT 42 AS answer")
	stop(t, s)
	version := filepath.Join(opts.DataDir, "pgdata", "PG_VERSION")
	genuine, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(version, []byte("14\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := tree(t, filepath.Join(opts.DataDir, "pgdata"))
	refused(t, opts, embedpg.ErrVersionMismatch, "version 14", "PG_BIN", "PURSER_DATA_DIR")
	explicit := opts
	explicit.BinDir = embedpg.BinDir(s)
	refused(t, explicit, embedpg.ErrVersionMismatch, "version 14", "PG_BIN")
	if diff := cmp.Diff(before, tree(t, filepath.Join(opts.DataDir, "pgdata"))); diff != "" {
		t.Errorf("the cluster was touched (-before +after):\n%s", diff)
	}

	if err := os.WriteFile(version, genuine, 0o600); err != nil {
		t.Fatal(err)
	}
	s = start(t, opts)
	if got := query[int](t, s.OwnerURL(), "SELECT answer FROM kept"); got != 42 {
		t.Errorf("answer = %d, want 42", got)
	}
}

func TestStrangeContentIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	for _, name := range []string{"pgdata/letter.txt", "pgdata.init-7.bak/letter.txt", "pgdata.old/letter.txt"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("keep me"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, dir)
	refused(t, embedpg.Options{DataDir: dir}, embedpg.ErrDataDir, "PG_VERSION")
	after := tree(t, dir)
	delete(after, filepath.Join(dir, "purser.lock"))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
}

func TestUnreachableParentIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root drops privileges")
	}
	closed := filepath.Join(reachableDir(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	refused(t, embedpg.Options{DataDir: filepath.Join(closed, "data")}, embedpg.ErrDataDir,
		closed+" (drwx------)", "PURSER_DATA_DIR", "chmod o+x "+closed)
}

func TestFileInPlaceOfDataDirIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(reachableDir(t), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := begin(t.Context(), embedpg.Options{DataDir: file}); err == nil ||
		!strings.Contains(err.Error(), "PURSER_DATA_DIR") {
		t.Errorf("Start: %v, want a message that names PURSER_DATA_DIR", err)
	}
}
