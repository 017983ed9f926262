package cli_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/validator/core"

	"purser/internal/campaign"
	"purser/internal/cli"
	"purser/internal/finance"
	"purser/internal/httpapi"
	"purser/internal/market"
	"purser/internal/obs"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/resolvers"
)

// serveVariable makes this binary the program, with its environment and the command
// serve.
const serveVariable = "CLI_TEST_SERVE"

// TestServeProcess is the whole work of a process that startServe started: the product,
// without its pages. Without the variable there is none.
func TestServeProcess(t *testing.T) {
	if os.Getenv(serveVariable) == "" {
		return
	}
	go func() { // who started this process is gone, and no signal came
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(exitOrphaned)
	}()
	ctx, stop := cli.Interruptible(context.Background(), os.Stderr)
	program := cli.Program{
		Name: "purser", Args: []string{"serve"}, Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Clock: time.Now, NewHandler: graphQL,
	}
	code := program.Run(ctx)
	stop()
	os.Exit(code)
}

const exitOrphaned = 3

// graphQL is the handler of the product as server.go wires it.
func graphQL(parts cli.Parts) (http.Handler, error) {
	newID := func() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7())) }
	reader := parts.DB.NewReader(parts.Clock)
	resolver := resolvers.New(resolvers.Config{
		Service: wallet.NewService(parts.Ledger, reader, parts.Clock, newID),
		Campaigns: campaign.NewService(campaign.Config{
			Ledger: parts.Ledger, Directory: reader, Clock: parts.Clock, NewID: newID, Projections: market.Projections(),
		}),
		Finance: finance.NewService(parts.Ledger, reader, parts.Clock, newID),
		Reader:  reader, Clock: parts.Clock, Log: parts.Log, RequestID: obs.RequestID,
	})
	return httpapi.NewHandler(resolver.Schema(), httpapi.Options{
		Development: true, Verifier: parts.Verifier, SDL: "type Query", Ready: parts.DB.Ping, ErrorPresenter: resolver.PresentError,
		Recover: resolver.Recover, Extensions: []graphql.HandlerExtension{resolver.Extension()}, Rules: []core.Rule{scalar.NumberLiterals}, Log: parts.Log, Metrics: obs.NewHTTPMetrics(parts.Registry), Now: parts.Clock,
	})
}

// serveProcess is a process that serves.
type serveProcess struct {
	command *exec.Cmd
	url     string
	errs    *syncBuffer
}

// startServe starts a server as a process, which ends with this one, and returns when
// it says that it serves.
func startServe(t *testing.T, env []string) *serveProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &serveProcess{command: exec.CommandContext(t.Context(), self, "-test.run=^TestServeProcess$"), errs: &syncBuffer{}}
	s.command.Env, s.command.Stderr = append(env, serveVariable+"=1"), s.errs
	if _, err := s.command.StdinPipe(); err != nil { // open for as long as this process lives
		t.Fatal(err)
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); ; {
		if !lines.Scan() {
			t.Fatalf("the server ended before it served: %v\n%s", s.command.Wait(), s.errs)
		}
		if name, url, ok := strings.Cut(strings.TrimSpace(lines.Text()), " "); ok && name == "GraphQL" {
			s.url = strings.TrimSpace(url)
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	return s
}

// kill ends the server with SIGKILL and returns when it is gone.
func (s *serveProcess) kill(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := s.command.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the killed server ended with %v", err)
	}
}

// drain asks the server to stop, and returns when it is gone.
func (s *serveProcess) drain(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.command.Wait(); err != nil {
		t.Errorf("the server ended with %v\n%s", err, s.errs)
	}
}
