package cli

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"time"

	"purser/internal/market"
	"purser/internal/postgres"
	"purser/ledger"
)

func verifyCommand() command {
	return command{
		name: "verify",
		line: "check the ledger's invariants on the stored data",
		help: `
Reads the whole ledger, replays it, and prints one line for each numbered invariant: ok, the first
counterexample, or why it was not checked. It only reads, and may run beside a server. How far it is it
says on standard error, every few seconds: on a terminal, or with -progress. It exits with 1 when an
invariant is broken or the database cannot be read.

With -json it prints one object instead: the invariants with their results, up to which journal each
book was checked, and how long that took.

Environment:
  DATABASE_URL     the database, as the role purser_app; required in production
  PURSER_DATA_DIR  where the private PostgreSQL is when DATABASE_URL is unset; it is started for the
                   time of the check unless a server runs already
  PURSER_MODE      development (the default) or production`,
		bind: func(flags *flag.FlagSet) action {
			f := &verifyFlags{}
			flags.BoolVar(&f.json, "json", false, "print one JSON object instead of lines")
			flags.BoolVar(&f.progress, "progress", false, "say how far the check is, also when standard error is no terminal")
			return f.run
		},
	}
}

type verifyFlags struct{ json, progress bool }

func (f *verifyFlags) run(ctx context.Context, p *Program) error {
	return p.withReader(ctx, func(ctx context.Context, db *postgres.DB) error {
		options := postgres.VerifyOptions{Now: p.Clock}
		if f.progress || isTerminal(p.Stderr) {
			options.Progress = (&verifyProgress{out: p.Stderr, clock: p.Clock, said: p.Clock()}).show
		}
		report, err := db.VerifyReport(ctx, market.Rules(), options)
		if err != nil {
			return err
		}
		if f.json {
			err = p.reportJSON(report)
		} else {
			p.report(report)
		}
		if err != nil {
			return err
		}
		return verdict(report)
	})
}

// verifyProgressEvery is how often people are told how far a check is.
const verifyProgressEvery = 3 * time.Second

// verifyProgress says now and then how far a check is.
type verifyProgress struct {
	out   io.Writer
	clock func() time.Time
	said  time.Time
}

func (v *verifyProgress) show(at postgres.VerifyProgress) {
	now := v.clock()
	if now.Sub(v.said) < verifyProgressEvery {
		return
	}
	v.said = now
	if at.Rows != "" {
		fmt.Fprintf(v.out, "verify: book %d, seq %d: comparing %s\n", at.Book, at.Seq, at.Rows)
		return
	}
	fmt.Fprintf(v.out, "verify: book %d: replayed %d of %d journals\n", at.Book, at.Seq, at.Head)
}

// report prints the checks, a line each.
func (p *Program) report(report postgres.VerifyReport) {
	for _, c := range report.Checks {
		result := "ok"
		switch {
		case c.Note != "":
			result = c.Note
		case !c.OK:
			result = "BROKEN: " + c.Counterexample
			if c.Failures > 1 {
				result += fmt.Sprintf(" (the first of %d)", c.Failures)
			}
		}
		fmt.Fprintf(p.Stdout, "%-4s %s: %s\n", c.Invariant, c.Title, result)
	}
	if checked, broken := results(report); broken == 0 {
		fmt.Fprintf(p.Stdout, "all %d invariants checked hold\n", checked)
	}
}

// verdict is an error that counts the invariants which are broken, if any.
func verdict(report postgres.VerifyReport) error {
	if checked, broken := results(report); broken > 0 {
		return fmt.Errorf("%d of the %d invariants checked are broken", broken, checked)
	}
	return nil
}

func results(report postgres.VerifyReport) (checked, broken int) {
	for _, c := range report.Checks {
		if c.Note == "" {
			checked++
			if !c.OK {
				broken++
			}
		}
	}
	return checked, broken
}

// verifyJSON is what -json prints.
type verifyJSON struct {
	OK         bool            `json:"ok"`
	DurationMS int64           `json:"durationMs"`
	Books      []verifiedJSON  `json:"books"`
	Invariants []invariantJSON `json:"invariants"`
}

type verifiedJSON struct {
	Book ledger.BookID `json:"book"`
	Seq  int64         `json:"seq"`
}

type invariantJSON struct {
	Invariant      string `json:"invariant"`
	Title          string `json:"title"`
	Status         string `json:"status"` // OK, BROKEN or NOT_CHECKED
	Failures       int64  `json:"failures"`
	Counterexample string `json:"counterexample,omitempty"`
	Note           string `json:"note,omitempty"`
}

func (p *Program) reportJSON(report postgres.VerifyReport) error {
	_, broken := results(report)
	out := verifyJSON{OK: broken == 0, DurationMS: report.Duration.Milliseconds(), Books: []verifiedJSON{}}
	for _, b := range report.Books {
		out.Books = append(out.Books, verifiedJSON{b.Book, b.Seq})
	}
	for _, c := range report.Checks {
		status := "OK"
		switch {
		case c.Note != "":
			status = "NOT_CHECKED"
		case !c.OK:
			status = "BROKEN"
		}
		out.Invariants = append(out.Invariants, invariantJSON{c.Invariant, c.Title, status, c.Failures, c.Counterexample, c.Note})
	}
	if err := json.NewEncoder(p.Stdout).Encode(out); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	return nil
}
