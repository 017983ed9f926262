// Command pages measures how many pages a second the product serves, beside the best handler that we can
// write by hand (bench/handwritten), on one database and in turn.
//
// It starts a private PostgreSQL, loads the demonstration marketplace, starts the product and the peer
// each in a process of its own, checks that both give the same answers, and loads them with a closed loop
// of connections: every connection sends its next request when it has read the answer to the last. What
// it prints at the end is a table for people and one line of JSON for programs. `make bench-pages` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"purser/bench/handwritten"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now) //nolint:forbidigo // the clock is wired here
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-pages:", err)
		os.Exit(1)
	}
}

// peerCommand is the first argument that makes this program the peer.
const peerCommand = "peer"

func run(ctx context.Context, args []string, stdout, stderr io.Writer, clock func() time.Time) error {
	if len(args) > 0 && args[0] == peerCommand {
		return servePeer(ctx, stdout, stderr, clock)
	}
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	// The driver shares the processors with what it measures: it trades memory for its part of them.
	debug.SetGCPercent(gcPercent)
	return o.bench(ctx, stdout, stderr, clock)
}

const gcPercent = 800

// options are the command line.
type options struct {
	server      string
	data        string
	size        size
	connections []int
	pages       []handwritten.Page
	rounds      int
	measured    time.Duration
	warmUp      time.Duration
}

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("bench-pages", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.server, "server", "bin/purser", "the product's `program`")
	flags.StringVar(&o.data, "data", "", "a `directory` to keep the database in for the next run, and to use it from; empty: a temporary one")
	flags.IntVar(&o.size.Wallets, "wallets", 2000, "how `many` wallets a new marketplace has")
	flags.IntVar(&o.size.Campaigns, "campaigns", 240, "how `many` campaigns it has; one ad account has at most 50 of them, unless there are too few wallets for the others")
	flags.IntVar(&o.size.Days, "days", 90, "how many `days` of history it has")
	connections := flags.String("conns", "32,256", "`numbers` of connections, separated by commas")
	pages := flags.String("pages", strings.Join(pageNames(), ","), "`pages`, separated by commas")
	flags.IntVar(&o.rounds, "rounds", 3, "how `often` each is measured; the medians are reported")
	flags.DurationVar(&o.measured, "time", 3*time.Second, "how `long` one measurement takes")
	flags.DurationVar(&o.warmUp, "warmup", time.Second, "how `long` each is loaded before it is measured")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for text := range strings.SplitSeq(*connections, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-conns: %q is not a number of connections", text)
		}
		o.connections = append(o.connections, n)
	}
	for name := range strings.SplitSeq(*pages, ",") {
		page, ok := handwritten.Find(name)
		if !ok {
			return o, fmt.Errorf("-pages: there is no page %q; the pages are %s", name, strings.Join(pageNames(), " "))
		}
		o.pages = append(o.pages, page)
	}
	if o.rounds < 1 || o.measured <= 0 || o.warmUp < 0 {
		return o, errors.New("-rounds and -time must be above 0")
	}
	return o, nil
}

func pageNames() []string {
	var names []string
	for _, page := range handwritten.Pages() {
		names = append(names, page.Name)
	}
	return slices.Clip(names)
}
