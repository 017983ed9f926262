package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"purser/internal/market"
	"purser/internal/postgres"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// Each writer has as many callers, who together spend more than there is.
const (
	writerCallers  = 20
	spendsPerCall  = 20
	unitsPerWallet = 500
)

// tally counts what became of one writer's commands.
type tally struct{ Accepted, Refused int }

// hammer spends single units of a wallet from many goroutines.
func hammer(ctx context.Context, l *ledger.Ledger, next func() ledger.Command) (tally, error) {
	var mu sync.Mutex
	var sum tally
	var failed error
	var working sync.WaitGroup
	for range writerCallers {
		working.Go(func() {
			for range spendsPerCall {
				outcome, err := l.Post(ctx, next())
				mu.Lock()
				switch {
				case err != nil:
					failed = errors.Join(failed, err)
				case errors.Is(outcome.Refusal, ledger.ErrInsufficientFunds):
					sum.Refused++
				case outcome.Refusal != nil || outcome.Replayed:
					failed = errors.Join(failed, fmt.Errorf("outcome %+v", outcome))
				default:
					sum.Accepted++
				}
				mu.Unlock()
			}
		})
	}
	working.Wait()
	return sum, failed
}

// spendOf returns a spend of one unit with an id that no other process makes.
func spendOf(commands *ledgertest.Commands, from ledger.ID) ledger.Command {
	c := commands.Spend(from, 1)
	c.ID = newID()
	c.Key.Key = c.ID.String()
	return c
}

func wantTallies(t *testing.T, d *desk, tallies ...tally) {
	t.Helper()
	var sum tally
	for _, each := range tallies {
		sum.Accepted, sum.Refused = sum.Accepted+each.Accepted, sum.Refused+each.Refused
		if each.Accepted == 0 {
			t.Error("a writer got nothing through")
		}
	}
	attempts := len(tallies) * writerCallers * spendsPerCall
	if want := (tally{unitsPerWallet, attempts - unitsPerWallet}); sum != want {
		t.Errorf("together %+v, want %+v", sum, want)
	}
	d.wantBook(t, 2+unitsPerWallet, 0)
}

// TestTwoLedgers lets two ledgers with connections of their own write to one
// account of one database.
func TestTwoLedgers(t *testing.T) {
	t.Parallel()
	d := newDesk(t, unitsPerWallet)
	var tallies [2]tally
	var working sync.WaitGroup
	for i := range tallies {
		l := d.ledger(d.store(openDB(t, d.pg.AppURL)))
		working.Go(func() {
			var err error
			if tallies[i], err = hammer(t.Context(), l, func() ledger.Command { return spendOf(d.Commands, d.wallet) }); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
	wantTallies(t, d, tallies[:]...)
}

// childTask is what a process started by TestTwoProcesses finds in its
// environment.
type childTask struct {
	URL    string
	Book   ledger.BookID
	Wallet string
}

const childVariable = "PURSER_POSTGRES_TEST_CHILD"

// TestTwoProcesses runs this test binary twice more, as two servers would run.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	d := newDesk(t, unitsPerWallet)
	task, err := json.Marshal(childTask{URL: d.pg.AppURL, Book: d.Book, Wallet: d.wallet.String()})
	if err != nil {
		t.Fatal(err)
	}
	var children [2]*child
	for i := range children {
		children[i] = startChild(t, string(task))
	}
	var tallies [2]tally
	for _, c := range children {
		c.begin(t)
	}
	for i, c := range children {
		tallies[i] = c.finish(t)
	}
	wantTallies(t, d, tallies[:]...)
}

// child is a process that writes when it is told to.
type child struct {
	command *exec.Cmd
	in      *os.File
	out     *bufio.Scanner
}

func startChild(t *testing.T, task string) *child {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	c := &child{command: exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChildProcess$")} // this binary
	c.command.Env = append(os.Environ(), childVariable+"="+task)
	c.command.Stderr = os.Stderr
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.command.Stdin, c.in = read, write
	out, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	read.Close() // the child has it
	if !c.out.Scan() || c.out.Text() != "ready" {
		t.Fatalf("the child said %q", c.out.Text())
	}
	return c
}

// begin ends the child's input: the sign to write.
func (c *child) begin(t *testing.T) {
	t.Helper()
	if err := c.in.Close(); err != nil {
		t.Fatal(err)
	}
}

func (c *child) finish(t *testing.T) (sum tally) {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("the child ended without a tally: %v", c.out.Err())
	}
	if err := json.Unmarshal(c.out.Bytes(), &sum); err != nil {
		t.Fatalf("the child said %q", c.out.Text())
	}
	for c.out.Scan() { // what the testing package prints at the end
		continue
	}
	if err := c.command.Wait(); err != nil {
		t.Errorf("the child ended with %v", err)
	}
	return sum
}

// TestChildProcess is the whole work of a process that TestTwoProcesses started;
// otherwise there is none.
func TestChildProcess(t *testing.T) {
	text, started := os.LookupEnv(childVariable)
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
	fmt.Println("ready") // the parent reads it
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		continue
	}
	commands := &ledgertest.Commands{Book: task.Book}
	sum, err := hammer(t.Context(), l, func() ledger.Command { return spendOf(commands, from) })
	if err := errors.Join(err, l.Close(context.WithoutCancel(t.Context()))); err != nil {
		t.Fatal(err)
	}
	answer, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(answer)) // the parent reads it
}
