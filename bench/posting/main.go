// Command posting measures how many commands a second the ledger makes durable, beside what a careful
// engineer writes by hand and beside what the machine can do at all.
//
// It starts a private PostgreSQL that loses nothing (fsync and synchronous_commit on), fills it, and in
// each round of a case loads in turn the product's ledger (purser), one database transaction per transfer
// as one writes it by hand (peer), and a COPY of the same rows on one connection with nothing checked
// (floor). Callers are goroutines of this process in a closed loop: each sends its next command when the
// last is durable. With one caller a single autocommitted INSERT of the journal's row is measured too:
// what one wait for the disk costs. Lots have neither peer nor floor: their cases compare with lots=off.
//
// What it prints at the end is a table for people and one line of JSON for programs. `make bench-posting`
// runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"syscall"
	"time"

	"purser/internal/postgres"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now) //nolint:forbidigo // the clock is wired here
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-posting:", err)
		os.Exit(1)
	}
}

// gcPercent is how the process trades memory for its part of the processors, the same for all drivers.
const gcPercent = 400

// run does all of it, and leaves no process and no temporary file behind.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, clock func() time.Time) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	debug.SetGCPercent(gcPercent)
	server, err := startServer(ctx, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.close(ctx)) }()
	b, err := openBench(ctx, o, server.urls(), stderr, clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close(ctx)) }()
	if err := b.durable(ctx); err != nil {
		return err
	}
	results, err := b.measureAll(ctx)
	if err != nil {
		return err
	}
	reads, err := b.measureHistory(ctx)
	if err != nil {
		return err
	}
	return report(stdout, o, results, reads)
}

// options are the command line.
type options struct {
	cases    []variant
	rounds   int
	measured time.Duration
	accounts int
	rows     int
	// store is how the product's store works: as in production unless it is told.
	store postgres.StoreOptions
}

// accountsMin leaves every book two accounts beside the busy one when four books share them.
const accountsMin = 3 * booksMax

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("bench-posting", flag.ContinueOnError)
	flags.SetOutput(stderr)
	chosen := flags.String("cases", "", "a regular `expression` that the names of the cases to measure match, such as 'callers=32 .* books=1 lots=off'; empty: all")
	flags.IntVar(&o.rounds, "rounds", 3, "how `often` each is measured; the medians are reported")
	flags.DurationVar(&o.measured, "time", 3*time.Second, "how `long` one measurement takes, after a quarter of it to warm up")
	flags.IntVar(&o.accounts, "accounts", 10_000, "among how `many` accounts, over all books of a case, accounts=random chooses")
	flags.IntVar(&o.rows, "rows", 0, "also post a history of so `many` postings on one wallet, and compare reading it with one of 100; 0: neither")
	flags.BoolVar(&o.store.ReadAlways, "read-always", false, "measure a store that reads its state for every batch: two round trips instead of one")
	flags.BoolVar(&o.store.ChainOff, "chain-off", false, "measure a store without the hash chain")
	flags.BoolVar(&o.store.OutboxOff, "outbox-off", false, "measure a store without the outbox")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	names, err := regexp.Compile(*chosen)
	if err != nil {
		return o, fmt.Errorf("-cases: %w", err)
	}
	for _, v := range variants() {
		if names.MatchString(v.name()) {
			o.cases = append(o.cases, v)
		}
	}
	switch {
	case len(o.cases) == 0 && o.rows == 0:
		return o, fmt.Errorf("-cases: none matches %q", *chosen)
	case o.rounds < 1 || o.measured <= 0:
		return o, errors.New("-rounds and -time must be above 0")
	case o.accounts < accountsMin:
		return o, fmt.Errorf("-accounts must be at least %d", accountsMin)
	case o.rows < 0 || o.rows > 0 && o.rows < historyShort:
		return o, fmt.Errorf("-rows must be 0, or at least %d", historyShort)
	}
	return o, nil
}
