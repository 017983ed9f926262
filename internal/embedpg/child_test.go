package embedpg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"purser/internal/embedpg"
)

// serveChild owns a server until its standard input ends, and then stops it cleanly.
func serveChild() int {
	if os.Getenv(childUmask) != "" {
		syscall.Umask(0o077)
	}
	opts := embedpg.Options{DataDir: os.Getenv(childDir), Durable: true, BundleDir: sharedBundle()}
	if os.Getenv(childDetached) != "" {
		opts = opts.Detached()
	}
	s, err := embedpg.Start(context.Background(), opts)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintf(os.Stdout, "%d %s\n", s.PID(), s.SuperURL(embedpg.Database))
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := s.Stop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child is a process that owns, or is about to own, a server.
type child struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout *bufio.Reader
	pgPID  int
	url    string
}

// spawnChild starts a child and does not wait for its server. What is left of it at the test's end
// is killed, and its server with it.
func spawnChild(t *testing.T, program, dir string, attr *syscall.SysProcAttr, env ...string) *child {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.SysProcAttr = attr
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start child: %v", err)
	}
	c := &child{cmd: cmd, stdin: in, stdout: bufio.NewReader(out)}
	t.Cleanup(func() {
		c.kill(t)
		if c.pgPID != 0 && alive(c.pgPID) {
			_ = syscall.Kill(c.pgPID, syscall.SIGKILL)
		}
	})
	return c
}

// startChild starts a child and waits for its server.
func startChild(t *testing.T, dir string, env ...string) *child {
	t.Helper()
	c := spawnChild(t, testBinary(t), dir, nil, env...)
	c.awaitServer(t)
	return c
}

func (c *child) awaitServer(t *testing.T) {
	t.Helper()
	line, err := c.stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("child did not start its server: %v", err)
	}
	pid, url, _ := strings.Cut(strings.TrimSpace(line), " ")
	c.url = url
	if c.pgPID, err = strconv.Atoi(pid); err != nil {
		t.Fatalf("child's first line %q: %v", line, err)
	}
}

// kill ends the child as kill -9 does.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if c.cmd.ProcessState != nil {
		return
	}
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("kill child: %v", err)
	}
	_ = c.cmd.Wait()
}

// leave ends the child's standard input, upon which it stops its server, and waits for it.
func (c *child) leave(t *testing.T) {
	t.Helper()
	if err := c.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("child did not end well: %v", err)
	}
}
