package embedpg_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"purser/internal/embedpg"
)

// fakePrograms makes a directory with an initdb and a postgres that tell a version.
func fakePrograms(t *testing.T, parent, name, version string) string {
	t.Helper()
	dir := filepath.Join(parent, name, "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\necho '" + program + " (PostgreSQL) " + version + "'\n"
		syscall.ForkLock.RLock() // see copyFile
		err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755)
		syscall.ForkLock.RUnlock()
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var errNoNPM = errors.New("no npm here")

// nothing is a machine without any PostgreSQL and without npm.
func nothing(t *testing.T) embedpg.Search {
	t.Helper()
	return embedpg.Search{
		Path: func(string) (string, error) { return "", errors.New("not on the PATH") },
		Bundle: embedpg.Bundle{
			Dir: filepath.Join(t.TempDir(), "bundle"), Integrity: "sha512-none",
			Pack: func(context.Context, string, string) error { return errNoNPM },
		},
	}
}

func inPath(dir string) func(string) (string, error) {
	return func(program string) (string, error) { return filepath.Join(dir, program), nil }
}

func TestFindOrder(t *testing.T) {
	t.Parallel()
	root := reachableDir(t)
	v14 := fakePrograms(t, root, "14", "14.9")
	v15 := fakePrograms(t, root, "15", "15.4 (Debian 15.4-1)")
	v16 := fakePrograms(t, root, "16", "16.2")
	v19 := fakePrograms(t, root, "19", "19devel")
	known := []string{filepath.Join(root, "*", "bin")}

	for name, tc := range map[string]struct {
		set     func(*embedpg.Search)
		want    int
		wantDir string
	}{
		"pg_bin_wins_over_all":           {func(s *embedpg.Search) { s.BinDir, s.Path = v15, inPath(v16) }, 0, v15},
		"path_wins_over_pg_config":       {func(s *embedpg.Search) { s.Path, s.PGConfig = inPath(v16), v15 }, 0, v16},
		"pg_config_wins_over_known":      {func(s *embedpg.Search) { s.PGConfig = v15 }, 0, v15},
		"newest_known_wins":              {func(*embedpg.Search) {}, 0, v19},
		"existing_cluster_wins_in_known": {func(*embedpg.Search) {}, 16, v16},
		"existing_cluster_wins_over_path": {
			func(s *embedpg.Search) { s.Path = inPath(v16) }, 15, v15,
		},
		"too_old_in_path_is_passed_over": {func(s *embedpg.Search) { s.Path = inPath(v14) }, 0, v19},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nothing(t)
			s.Known = known
			tc.set(&s)
			dir, _, err := s.Find(t.Context(), tc.want)
			if err != nil || dir != tc.wantDir {
				t.Errorf("Find = %s, %v, want %s", dir, err, tc.wantDir)
			}
		})
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	root := reachableDir(t)
	v14 := fakePrograms(t, root, "14", "14.9")
	v16 := fakePrograms(t, root, "16", "16.2")
	choices := []string{"apt-get install postgresql", "brew install postgresql", "PG_BIN=", "DATABASE_URL=", "npm"}

	for name, tc := range map[string]struct {
		set   func(*embedpg.Search)
		want  int
		err   error
		words []string
	}{
		"nothing_found_lists_every_choice": {
			func(*embedpg.Search) {}, 0, embedpg.ErrNoBinaries, append(choices, errNoNPM.Error()),
		},
		"only_too_old_says_so": {
			func(s *embedpg.Search) { s.Path = inPath(v14) }, 0, embedpg.ErrNoBinaries,
			append(choices, "is version 14, older than 15"),
		},
		"only_another_major_says_which": {
			func(s *embedpg.Search) { s.Path = inPath(v16) }, 17, embedpg.ErrVersionMismatch,
			[]string{"the cluster is version 17", v16 + " is version 16", "npm bundle is version 18"},
		},
		"pg_bin_without_programs_is_an_error_beside_good_ones": {
			func(s *embedpg.Search) { s.BinDir, s.Path = root, inPath(v16) }, 0, embedpg.ErrNoBinaries,
			[]string{"PG_BIN", root},
		},
		"pg_bin_of_another_major_is_an_error_beside_good_ones": {
			func(s *embedpg.Search) { s.BinDir, s.Path = v14, inPath(v16) }, 16, embedpg.ErrVersionMismatch,
			[]string{"PG_BIN", "version 14"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nothing(t)
			tc.set(&s)
			_, _, err := s.Find(t.Context(), tc.want)
			if !errors.Is(err, tc.err) {
				t.Fatalf("Find: %v, want %v", err, tc.err)
			}
			for _, w := range tc.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("message lacks %q: %v", w, err)
				}
			}
		})
	}
}
