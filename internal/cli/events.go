package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"purser/internal/config"
	"purser/internal/outbox"
	"purser/internal/postgres"
)

// eventsFlags are the command line of events.
type eventsFlags struct {
	consumer string
	follow   bool
	interval time.Duration
}

func eventsCommand() command {
	return command{
		name: "events",
		line: "write what the ledger recorded as lines of JSON, from where it left off",
		help: `
Writes one line of JSON to standard output for every journal of every book, by book and seq, without a
gap, and remembers under the consumer's name how far it came: the next run goes on from there. The
first begins with the first journal there is.

	{"book":1,"seq":7,"journal":"0199…","type":"PROPOSAL","wallet":"0198…","postedAt":"2026-10-31T09:00:00.000001Z"}

The checkpoint moves after the lines were written. A run that was killed in between writes some lines
again: whoever reads drops a (book, seq) that it has seen. Lines of one book are in the order of seq.
wallet is left out of journals without one. An order to stop is obeyed after the slice in hand.

As long as a consumer is known, the outbox is kept for it: purser prune -forget ends that.

Environment:
  DATABASE_URL     the database, as the role purser_app; required in production
  PURSER_DATA_DIR  where the private PostgreSQL is when DATABASE_URL is unset; it is started for the
                   time of the command unless a server runs already
  PURSER_MODE      development (the default) or production`,
		bind: func(flags *flag.FlagSet) action {
			var f eventsFlags
			flags.StringVar(&f.consumer, "consumer", "", "the `name` under which progress is kept; required")
			flags.BoolVar(&f.follow, "follow", false, "go on with what is recorded later, until told to stop")
			flags.DurationVar(&f.interval, "interval", time.Second, "how often to look for more with -follow, from 10ms to 1h")
			return func(ctx context.Context, p *Program) error { return events(ctx, p, f) }
		},
	}
}

func events(ctx context.Context, p *Program, f eventsFlags) error {
	name, err := outbox.ParseName(f.consumer)
	if err != nil {
		return usagef("-consumer: %v", err)
	}
	if f.interval < 10*time.Millisecond || f.interval > time.Hour {
		return usagef("-interval must be from 10ms to 1h")
	}
	return p.withSchema(ctx, config.Verify, func(ctx context.Context, log *slog.Logger, db *postgres.DB) error {
		source := db.Outbox()
		if err := source.Register(ctx, name); err != nil {
			return err
		}
		lines := &eventLines{out: bufio.NewWriterSize(p.Stdout, 1<<16)}
		consumer := outbox.Consumer{Name: name, Source: source, Handle: lines.write, Interval: f.interval, Log: log}
		if f.follow {
			return consumer.Run(ctx)
		}
		_, err := consumer.CatchUp(ctx)
		return err
	})
}

// eventLine is an event as integrators read it. The order of its fields is that of the help.
type eventLine struct {
	Book     int32     `json:"book"`
	Seq      int64     `json:"seq"`
	Journal  string    `json:"journal"`
	Type     string    `json:"type"`
	Wallet   string    `json:"wallet,omitempty"`
	PostedAt time.Time `json:"postedAt"`
}

// eventLines writes events to standard output.
type eventLines struct{ out *bufio.Writer }

// write flushes before it returns: the checkpoint must not pass a line that is still in this process.
// Output that failed once lacks part of a line, after which no later one can be trusted.
func (l *eventLines) write(_ context.Context, events []outbox.Event) error {
	encoder := json.NewEncoder(l.out)
	for _, e := range events {
		line := eventLine{
			Book: int32(e.Book), Seq: e.Seq, Journal: e.Journal.String(), Type: e.Type, Wallet: idText(e.Wallet), PostedAt: e.PostedAt.UTC(),
		}
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("%w: write event %d of book %d: %w", outbox.ErrStop, e.Seq, e.Book, err)
		}
	}
	if err := flushed(l.out); err != nil {
		return fmt.Errorf("%w: %w", outbox.ErrStop, err)
	}
	return nil
}
