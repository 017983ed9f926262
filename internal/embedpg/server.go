package embedpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Server is a running private PostgreSQL. Its methods may be called from several goroutines.
type Server struct {
	cluster *cluster
	pm      *postmaster
	lock    *os.File
	died    chan struct{}

	mu       sync.Mutex
	stopping bool
	stopped  chan struct{}
	stopErr  error
}

func newServer(c *cluster, pm *postmaster, lock *os.File) *Server {
	s := &Server{cluster: c, pm: pm, lock: lock, died: make(chan struct{}), stopped: make(chan struct{})}
	go s.watch()
	return s
}

// watch tells an end that Stop asked for from one that it did not.
func (s *Server) watch() {
	<-s.pm.exited
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return
	}
	s.cluster.opts.Log.Error("private PostgreSQL ended by itself",
		"cause", s.pm.exitErr, "log", s.cluster.layout.logFile())
	close(s.died)
}

// AppURL connects to Database as RoleApp, which is what the product runs as.
func (s *Server) AppURL() string { return s.cluster.url(RoleApp, Database) }

// OwnerURL connects to Database as RoleOwner, which is what migrations run as.
func (s *Server) OwnerURL() string { return s.cluster.url(RoleOwner, Database) }

// URL connects to any database of this server as any role. Tests use it for clones.
func (s *Server) URL(role, database string) string { return s.cluster.url(role, database) }

// SuperURL connects to a database as the superuser, for tests that create and drop databases or end
// backends. The product never uses it: neither of its roles may create a database.
func (s *Server) SuperURL(database string) string { return s.cluster.url(roleSuper, database) }

// DataDir is the absolute root of the server's data, with symbolic links resolved.
func (s *Server) DataDir() string { return s.cluster.layout.root }

// PID is the process id of the server's main process.
func (s *Server) PID() int { return s.pm.process.Pid }

// Major is the PostgreSQL major version that runs.
func (s *Server) Major() int { return s.cluster.bin.major }

// Done is closed when the server process ended without Stop having been called. Committed data is
// safe then; Stop must still be called, and a later Start recovers.
func (s *Server) Done() <-chan struct{} { return s.died }

// Stop ends the server with a fast shutdown: open transactions are rolled back, everything is
// flushed, and the lock on the data directory is released once the process is gone. When ctx ends or
// 30 s pass first, the server is told to quit at once, which costs the next start a crash recovery
// but loses no commit; that is reported as an error. Further calls wait for the first and return its
// result. Pass a context that is still alive: one that a Ctrl-C has already cancelled skips the clean
// part.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	first := !s.stopping
	s.stopping = true
	s.mu.Unlock()
	if !first {
		<-s.stopped
		return s.stopErr
	}
	defer close(s.stopped)
	var errs []error
	if err := s.pm.stop(ctx); err != nil {
		errs = append(errs, fmt.Errorf("stop private PostgreSQL in %s: %w", s.DataDir(), err))
	}
	s.cluster.removeSocketDir()
	if err := unlock(s.lock); err != nil {
		errs = append(errs, fmt.Errorf("release %s: %w", s.lock.Name(), err))
	}
	s.stopErr = errors.Join(errs...)
	return s.stopErr
}
