package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"purser/internal/market"
	"purser/internal/postgres"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// serverVariable makes this binary a server.
const serverVariable = "PURSER_POSTGRES_TEST_SERVER"

// answered is what a server says of one request, a line of JSON.
type answered struct {
	Request  int
	Journal  string
	Seq      int64
	Replayed bool
	Refusal  string
	Err      string
}

// requestCommand is the command behind a request, built by the server that gets it:
// the same key and body wherever and however often the request arrives, under an id
// of its own.
func requestCommand(book ledger.BookID, from ledger.ID, request int) ledger.Command {
	commands := &ledgertest.Commands{Book: book}
	c := commands.Spend(from, 1)
	c.ID = newID()
	c.Key.Key = "request " + strconv.Itoa(request)
	return c
}

// TestServerProcess is a server: it answers the requests on its input as they are
// decided, until the input ends. Without the variable it does nothing.
func TestServerProcess(t *testing.T) {
	text, started := os.LookupEnv(serverVariable)
	if !started {
		return
	}
	var task childTask
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		t.Fatal(err)
	}
	from, err := ledger.ParseID(task.Wallet)
	if err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), task.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rules := market.Rules()
	l := ledger.New(ledger.Config{Rules: rules, Store: db.NewStore(rules), Clock: time.Now})
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	var working sync.WaitGroup
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		request, err := strconv.Atoi(input.Text())
		if err != nil {
			t.Fatal(err)
		}
		working.Go(func() {
			answer := answered{Request: request}
			outcome, err := l.Post(t.Context(), requestCommand(task.Book, from, request))
			switch {
			case err != nil:
				answer.Err = err.Error()
			case outcome.Refusal != nil:
				answer.Refusal = outcome.Refusal.Code()
			default:
				answer.Journal, answer.Seq, answer.Replayed = outcome.Journal.String(), outcome.Seq, outcome.Replayed
			}
			mu.Lock()
			defer mu.Unlock()
			if err := out.Encode(answer); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
	if err := l.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// errServerDied is the answer to a request whose server is gone: its client does not
// know what became of it.
var errServerDied = errors.New("the server died")

// serverProcess is a running server and the requests that it has not answered.
type serverProcess struct {
	command *exec.Cmd
	in      io.WriteCloser
	ended   chan struct{}

	mu      sync.Mutex
	dead    bool
	waiting map[int]chan answered
}

func startServer(t *testing.T, task string) *serverProcess {
	t.Helper()
	s := &serverProcess{
		command: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServerProcess$"), // this binary
		ended:   make(chan struct{}), waiting: map[int]chan answered{},
	}
	s.command.Env = append(os.Environ(), serverVariable+"="+task)
	s.command.Stderr = os.Stderr
	in, err := s.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.in = in
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go s.listen(out)
	return s
}

// listen hands answers to their clients until the server is gone. What the testing
// package prints at its end is no JSON.
func (s *serverProcess) listen(out io.Reader) {
	defer close(s.ended)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var answer answered
		if json.Unmarshal(lines.Bytes(), &answer) != nil {
			continue
		}
		s.mu.Lock()
		waiting := s.waiting[answer.Request]
		delete(s.waiting, answer.Request)
		s.mu.Unlock()
		waiting <- answer
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
	for _, waiting := range s.waiting {
		close(waiting)
	}
}

// ask sends a request and waits for its answer, or errServerDied.
func (s *serverProcess) ask(request int) (answered, error) {
	waiting := make(chan answered, 1)
	s.mu.Lock()
	if s.dead {
		s.mu.Unlock()
		return answered{}, errServerDied
	}
	s.waiting[request] = waiting
	_, err := fmt.Fprintln(s.in, request)
	s.mu.Unlock()
	if err != nil {
		return answered{}, errServerDied
	}
	answer, open := <-waiting
	if !open {
		return answered{}, errServerDied
	}
	return answer, nil
}

// pendingRequests is how many requests the server has and has not answered.
func (s *serverProcess) pendingRequests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// end lets the server finish and waits for it.
func (s *serverProcess) end(t *testing.T) {
	t.Helper()
	if err := s.in.Close(); err != nil {
		t.Error(err)
	}
	<-s.ended
	if err := s.command.Wait(); err != nil {
		t.Errorf("a server ended with %v", err)
	}
}

// kill ends the server with SIGKILL.
func (s *serverProcess) kill(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	var exit *exec.ExitError
	if err := s.command.Wait(); !errors.As(err, &exit) || exit.Success() {
		t.Errorf("the killed server ended with %v", err)
	}
}
