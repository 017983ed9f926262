package cli_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"purser/internal/cli"
)

// waitForSignals says when the first signal ended its context, and then hangs as a server does whose
// requests never end, until its standard input does.
func waitForSignals() {
	ctx, stop := cli.Interruptible(context.Background(), io.Discard)
	defer stop()
	fmt.Fprintln(os.Stdout, "ready")
	<-ctx.Done()
	fmt.Fprintln(os.Stdout, "stopping")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// child starts waitForSignals as a process and returns when it listens.
func child(t *testing.T) (cmd *exec.Cmd, stdin io.Closer, lines *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childMode+"=signals")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines = bufio.NewScanner(out)
	expect(t, lines, "ready")
	return cmd, in, lines
}

func expect(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	if !lines.Scan() || lines.Text() != want {
		t.Fatalf("the child says %q, want %q", lines.Text(), want)
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run("first_"+sig.String()+"_asks_to_stop", func(t *testing.T) {
			t.Parallel()
			cmd, stdin, lines := child(t)
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			expect(t, lines, "stopping")
			if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
				t.Errorf("the child ended with %v, want 0", err)
			}
		})
	}
	t.Run("second_ends_at_once", func(t *testing.T) {
		t.Parallel()
		cmd, _, lines := child(t)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		expect(t, lines, "stopping")
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
			t.Errorf("the child ended with %v, want code 130", err)
		}
	})
}
