package cli_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"purser/internal/cli"
	"purser/internal/pgtest"
)

// anywhere lets the system choose both ports.
var anywhere = []string{"PURSER_ADDR=127.0.0.1:0", "PURSER_ADMIN_ADDR=127.0.0.1:0"}

// demoDatabase is not empty, so that a server on it has no demonstration to load first.
func demoDatabase(t *testing.T) *pgtest.DB {
	t.Helper()
	db := pgtest.New(t)
	if got := run(t, databases(db), smallDemo...); got.code != 0 {
		t.Fatalf("demo = %+v", got)
	}
	return db
}

func TestServeFinishesWhatItBegan(t *testing.T) {
	t.Parallel()
	db := demoDatabase(t)
	entered, release := make(chan struct{}), make(chan struct{})
	p := program(append(databases(db), append(anywhere, "PURSER_DATA_DIR="+t.TempDir())...), "serve")
	p.NewHandler = func(parts cli.Parts) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			<-release
			// The ledger and the database are still open for a request that is drained.
			if err := parts.DB.Ping(r.Context()); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = io.WriteString(w, "done")
		}), nil
	}
	s := serve(t, p)
	if status, body := get(t, s.urls["Metrics"]); status != http.StatusOK || !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics = %d %q", status, body)
	}
	type answer struct {
		status int
		body   string
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		status, body, err := fetch(t.Context(), s.urls["GraphQL"])
		answered <- answer{status, body, err}
	}()
	<-entered
	s.stop()
	refused(t, s.urls["GraphQL"])
	close(release)
	if got, want := <-answered, (answer{http.StatusOK, "done", nil}); got != want {
		t.Errorf("the request in flight got %+v, want %+v", got, want)
	}
	if code := s.wait(t); code != 0 {
		t.Errorf("code = %d, want 0:\n%s", code, s.errs)
	}
}

// refused returns once nobody accepts connections at url's host.
func refused(t *testing.T, url string) {
	t.Helper()
	host := strings.Split(url, "/")[2]
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for range poll.C {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			return
		}
		conn.Close()
	}
}

func TestServeRefusesInProduction(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(t.TempDir(), "key.pem")
	const public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
	if err := os.WriteFile(keys, []byte(public), 0o600); err != nil {
		t.Fatal(err)
	}
	// Clipped: the tests below append to it at the same time.
	production := slices.Clip(append([]string{
		"PURSER_MODE=production", "PURSER_JWT_PUBLIC_KEY_FILE=" + keys, "PURSER_JWT_ISSUER=i", "PURSER_JWT_AUDIENCE=a",
		"PURSER_CHECKPOINT_KEY_FILE=" + checkpointKeyFile(t),
	}, anywhere...))
	migrated, empty := pgtest.New(t), pgtest.NewEmpty(t)
	for _, c := range []struct{ name, url, says string }{
		{"a_schema_that_is_not_current", empty.AppURL, "schema is older than this binary"},
		{"the_role_that_owns_the_tables", migrated.OwnerURL, "journals"},
		{"a_superuser", migrated.SuperURL, "SUPERUSER"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := run(t, environ(append(production, "DATABASE_URL="+c.url)...), "serve")
			if got.code != 1 || !strings.Contains(got.stderr, c.says) {
				t.Errorf("serve = %+v, want a refusal that says %q", got, c.says)
			}
		})
	}
	t.Run("and_serves_as_the_application_role_without_inventing_data", func(t *testing.T) {
		t.Parallel()
		s := serve(t, program(environ(append(production, "DATABASE_URL="+migrated.AppURL)...), "serve"))
		s.stop()
		if code := s.wait(t); code != 0 {
			t.Errorf("code = %d, want 0:\n%s", code, s.errs)
		}
		if got := value[int](t, migrated.OwnerURL, "SELECT count(*) FROM journals"); got != 0 {
			t.Errorf("journals = %d, want none", got)
		}
	})
}

func TestServeInDevelopmentWarnsOfTheOwner(t *testing.T) {
	t.Parallel()
	db := demoDatabase(t)
	env := environ(append(anywhere, "DATABASE_URL="+db.OwnerURL, "PURSER_DATA_DIR="+t.TempDir())...)
	s := serve(t, program(env, "serve"))
	s.stop()
	if code := s.wait(t); code != 0 {
		t.Errorf("code = %d, want 0", code)
	}
	if !strings.Contains(s.errs.String(), "level=WARN") || !strings.Contains(s.errs.String(), "production refuses it") {
		t.Errorf("the log does not warn:\n%s", s.errs)
	}
}

func TestServeOnATakenPortFailsBeforeItStartsADatabase(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := filepath.Join(t.TempDir(), "data")
	got := run(t, environ("PURSER_ADDR="+taken.Addr().String(), "PURSER_ADMIN_ADDR=127.0.0.1:0", "PURSER_DATA_DIR="+dir), "serve")
	if got.code != 1 || !strings.Contains(got.stderr, "PURSER_ADDR") {
		t.Errorf("serve = %+v, want a failure that names the variable", got)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("data directory: %v, want none", err)
	}
}

// TestServeOutlivesNoDatabase kills the private PostgreSQL under a server: the server ends and says
// so, and the next one has everything that was committed.
func TestServeOutlivesNoDatabase(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), "data")
	env := environ(append(anywhere, "PURSER_DATA_DIR="+dir)...)
	if got := run(t, env, smallDemo...); got.code != 0 {
		t.Fatalf("demo = %+v", got)
	}
	s := serve(t, program(env, "serve"))
	if err := syscall.Kill(postmaster(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := s.wait(t); code != 1 || !strings.Contains(s.errs.String(), "PostgreSQL ended by itself") {
		t.Errorf("code = %d, want 1 and the reason:\n%s", code, s.errs)
	}
	again := serve(t, program(env, "serve"))
	if got := run(t, env, "verify"); got.code != 0 {
		t.Errorf("verify after the recovery = %+v", got)
	}
	again.stop()
	if code := again.wait(t); code != 0 {
		t.Errorf("code = %d, want 0:\n%s", code, again.errs)
	}
}

// postmaster reads the process id of the server on dir.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "pgdata", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
