package embedpg

import (
	"context"
	"io"
	"log/slog"
	"os/exec"
)

// Detached leaves the server running when its owner dies, as on a system without a death signal.
func (o Options) Detached() Options { o.detached = true; return o }

// BundleOnly ignores every installed PostgreSQL.
func (o Options) BundleOnly() Options { o.bundleOnly = true; return o }

// LaunchBare starts a server on the cluster of a stopped Server the way a person might, with settings
// of its own and without the lock.
func LaunchBare(ctx context.Context, s *Server, settings map[string]string) (stop func() error, err error) {
	c := *s.cluster
	c.opts.Settings = settings
	if err := c.makeSocketDir(); err != nil {
		return nil, err
	}
	pm, err := c.launch(ctx)
	if err != nil {
		return nil, err
	}
	return func() error { return pm.stop(ctx) }, nil
}

// CommandAs prepares a program that runs as the account of s.
func CommandAs(s *Server, program string, args ...string) *exec.Cmd {
	return s.cluster.account.command("/", program, args...)
}

// SocketDir is where the socket of s is.
func SocketDir(s *Server) string { return s.cluster.socketDir() }

// BinDir is where the programs of s are.
func BinDir(s *Server) string { return s.cluster.bin.dir }

// PIDFile is the server's own pid file.
func PIDFile(s *Server) string { return s.cluster.layout.pidFile() }

// Search is a finder's surroundings, for a test to choose.
type Search struct {
	BinDir   string
	Path     func(program string) (string, error)
	PGConfig string
	Known    []string
	Bundle   Bundle
}

// Bundle is a bundle with a download and a hash of the test's choice.
type Bundle struct {
	Dir, Integrity string
	Pack           func(ctx context.Context, dir, spec string) error
}

func (b Bundle) real() *bundle {
	return &bundle{
		dir: b.Dir, platform: "test-system", integrity: b.Integrity, pack: b.Pack,
		log: slog.New(slog.DiscardHandler),
	}
}

// Ensure is what Start does to get a bundle.
func (b Bundle) Ensure(ctx context.Context) (string, error) { return b.real().ensure(ctx) }

// Find is what Start does to get programs.
func (s Search) Find(ctx context.Context, want int) (dir string, major int, err error) {
	acct, err := chooseAccount("/nonexistent")
	if err != nil {
		return "", 0, err
	}
	f := &finder{
		account: acct, binDir: s.BinDir, bundle: s.Bundle.real(), searchPath: s.Path, known: s.Known,
		pgConfig: func(context.Context) (string, error) { return s.PGConfig, nil },
	}
	b, err := f.find(ctx, want)
	return b.dir, b.major, err
}

// Unpack is what a bundle is unpacked with.
func Unpack(archive io.Reader, dir string) error { return unpack(archive, dir) }

// LinkLibraries makes the links that a bundle lists.
func LinkLibraries(tree string) error { return linkLibraries(tree) }

// LogKeepBytes is the size from which a log is put aside.
const LogKeepBytes = logKeepBytes
