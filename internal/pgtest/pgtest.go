// Package pgtest gives every test a database of its own on a real PostgreSQL.
//
// A test binary that uses it says so in TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// The first New starts one server for the whole binary (about a second), migrates one template
// database, and every New clones that (tens of milliseconds). The server keeps nothing through a crash
// and lives under the system's temporary directory; Main stops it and removes its files. When a test
// panics or the binary is killed, the server's death signal stops it on Linux, and the next run
// removes the files.
//
// No PostgreSQL is a failure, never a skip.
package pgtest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/internal/embedpg"
	"purser/internal/postgres"
)

const (
	// startTimeout bounds the start of a server and the migration of its template. It has room for
	// the download of PostgreSQL's programs on a machine that has none.
	startTimeout = 5 * time.Minute
	// cleanTimeout bounds what a cleanup does after the test's own context has ended.
	cleanTimeout = time.Minute
	// template is the migrated database that New clones. Nothing else connects to it.
	template = "purser_template"
)

// DB is one test's database. Each URL is for that database, as one role.
type DB struct {
	// Name is the database's name, unique on its server.
	Name string
	// AppURL connects as purser_app, as the product does.
	AppURL string
	// OwnerURL connects as purser_owner, as migrations do.
	OwnerURL string
	// SuperURL connects as the superuser, to end backends or to look at what no role may see.
	SuperURL string
}

// shared is the test binary's server. Main decides its end, New and Server its beginning.
var shared struct {
	main   atomic.Bool
	server lazy[*embedpg.Server]
	ready  lazy[struct{}]
	serial atomic.Int64
}

// lazy makes a value once and remembers it, or the error.
type lazy[T any] struct {
	once  sync.Once
	value T
	err   error
}

func (l *lazy[T]) get(make func() (T, error)) (T, error) {
	l.once.Do(func() { l.value, l.err = make() })
	return l.value, l.err
}

// New returns a migrated database that no other test sees, and drops it at the test's end, ending
// connections that are still open. It ends the test when there is no PostgreSQL, when the migration
// fails, or when TestMain does not go through Main.
func New(t testing.TB) *DB {
	t.Helper()
	s := Server(t)
	_, err := shared.ready.get(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		return struct{}{}, makeTemplate(ctx, s)
	})
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	return clone(t, s, template)
}

// NewEmpty is New without a schema, for tests of the migrations themselves.
func NewEmpty(t testing.TB) *DB {
	t.Helper()
	return clone(t, Server(t), "")
}

// Server returns the server that New's databases are on. Its own database is left without a schema.
// Tests share it: one that stops or kills a server starts its own with Durable.
func Server(t testing.TB) *embedpg.Server {
	t.Helper()
	if !shared.main.Load() {
		t.Fatal("pgtest needs this in the package's tests, to leave no server behind: " +
			"func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }")
	}
	s, err := shared.server.get(startShared)
	if err != nil {
		t.Fatalf("no PostgreSQL for tests: %v", err)
	}
	return s
}

func makeTemplate(ctx context.Context, s *embedpg.Server) error {
	if err := s.CreateDatabase(ctx, template, ""); err != nil {
		return err
	}
	return postgres.Migrate(ctx, s.URL(embedpg.RoleOwner, template))
}

func clone(t testing.TB, s *embedpg.Server, from string) *DB {
	t.Helper()
	name := fmt.Sprintf("test_%d", shared.serial.Add(1))
	if err := s.CreateDatabase(t.Context(), name, from); err != nil {
		t.Fatalf("clone a database for the test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanTimeout)
		defer cancel()
		if err := s.DropDatabase(ctx, name); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	return &DB{
		Name:     name,
		AppURL:   s.URL(embedpg.RoleApp, name),
		OwnerURL: s.URL(embedpg.RoleOwner, name),
		SuperURL: s.SuperURL(name),
	}
}
