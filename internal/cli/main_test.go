package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/internal/cli"
	"purser/internal/pgtest"
)

// childMode makes this binary a program that only waits for signals.
const childMode = "CLI_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childMode) != "" {
		waitForSignals()
		return
	}
	os.Exit(pgtest.Main(m))
}

// dataDir is a directory for a private PostgreSQL. The account that it runs as under root could not
// enter t.TempDir.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "purser-cli-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// environ is an environment of these variables, and of those that a program needs to be found.
func environ(variables ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, variables...)
}

// result is what a sub-command that ran to its end left.
type result struct {
	code           int
	stdout, stderr string
}

func run(t *testing.T, env []string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := program(env, args...)
	p.Stdout, p.Stderr = &stdout, &stderr
	code := p.Run(t.Context())
	return result{code, stdout.String(), stderr.String()}
}

func program(env []string, args ...string) *cli.Program {
	return &cli.Program{
		Name: "purser", Args: args, Environ: env, Stdout: io.Discard, Stderr: io.Discard, Clock: time.Now,
		NewHandler: func(cli.Parts) (http.Handler, error) { return http.NotFoundHandler(), nil },
	}
}

// serving is a server that runs.
type serving struct {
	urls map[string]string
	stop context.CancelFunc
	end  <-chan int
	errs *syncBuffer
}

// serve starts a server and returns when it says that it serves.
func serve(t *testing.T, p *cli.Program) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	end := make(chan int, 1)
	s := &serving{urls: map[string]string{}, stop: cancel, end: end, errs: &syncBuffer{}}
	p.Stdout, p.Stderr = write, s.errs
	go func() {
		code := p.Run(ctx)
		_ = write.Close()
		end <- code
	}()
	lines := bufio.NewScanner(read)
	for ready := false; !ready; {
		if !lines.Scan() {
			cancel()
			t.Fatalf("the server ended with code %d before it served:\n%s", <-end, s.errs)
		}
		if name, url, ok := strings.Cut(strings.TrimSpace(lines.Text()), " "); ok && strings.HasPrefix(strings.TrimSpace(url), "http://") {
			s.urls[name] = strings.TrimSpace(url)
		}
		ready = strings.HasPrefix(lines.Text(), "Ctrl-C")
	}
	drained := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, read)
		close(drained)
	}()
	t.Cleanup(func() {
		cancel()
		<-drained
	})
	return s
}

// wait returns the exit code.
func (s *serving) wait(t *testing.T) int {
	t.Helper()
	select {
	case code := <-s.end:
		return code
	case <-time.After(time.Minute):
		t.Fatalf("the server does not end:\n%s", s.errs)
		return 0
	}
}

// syncBuffer is a log that a test reads while the server writes.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	status, body, err := fetch(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

// fetch is get for goroutines, which must not end a test.
func fetch(ctx context.Context, url string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}
