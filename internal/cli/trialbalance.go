package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"

	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

// trialTotal is the code of the lines that sum a section, which no account has.
const trialTotal = "TOTAL"

// trialFlags are the command line of trial-balance.
type trialFlags struct {
	format string
	asOf   ledger.Date
}

func trialBalanceCommand() command {
	return command{
		name: "trial-balance",
		line: "print what each class of account was debited and credited",
		help: `
Prints debits, credits and debits less credits of every class of account and commodity, per book and in
all, up to and including a UTC date of booking; what the field trialBalance of the API shows. It only
reads, and may run beside a server. It exits with 1 when debits and credits differ anywhere.

text: amounts in units of their commodity. csv: RFC 4180 with a header, amounts in minor units; the sum
of all books has "all" for a book, and each section ends with the code TOTAL per commodity.

Environment:
  DATABASE_URL     the database, as purser_app or any role that may read all tables; required in production
  PURSER_DATA_DIR  where the private PostgreSQL is when DATABASE_URL is unset; it is started for the
                   time of the reading unless a server runs already
  PURSER_MODE      development (the default) or production`,
		bind: func(flags *flag.FlagSet) action {
			var f trialFlags
			flags.StringVar(&f.format, "format", "text", "text or csv")
			dateVar(flags, &f.asOf, "as-of", "the last `date` of booking to count, as 2026-01-31; today in UTC when absent")
			return func(ctx context.Context, p *Program) error { return trialBalance(ctx, p, f) }
		},
	}
}

func trialBalance(ctx context.Context, p *Program, f trialFlags) error {
	if f.format != "text" && f.format != "csv" {
		return usagef("-format must be text or csv")
	}
	today := ledger.DateOf(p.Clock())
	if f.asOf == (ledger.Date{}) {
		f.asOf = today
	}
	if f.asOf.Time().After(today.Time()) {
		return usagef("-as-of must not be after today, %s in UTC", today)
	}
	return p.withReader(ctx, func(ctx context.Context, db *postgres.DB) error {
		trial, err := db.NewReader(p.Clock).TrialBalance(ctx, f.asOf)
		if err != nil {
			return err
		}
		sections, err := trialSections(trial)
		if err != nil {
			return err
		}
		out := bufio.NewWriter(p.Stdout)
		if f.format == "csv" {
			writeTrialCSV(out, sections)
		} else {
			writeTrialText(out, trial.AsOf, sections)
		}
		return errors.Join(flushed(out), balanced(sections))
	})
}

// trialSection is one book, or with the name "all" their sum, by class and commodity.
type trialSection struct {
	book, seq     string
	lines, totals []wallet.TrialLine
}

func trialSections(trial *wallet.TrialBalance) ([]trialSection, error) {
	sections := make([]trialSection, 0, len(trial.Books)+1)
	var all []wallet.TrialLine
	for _, book := range trial.Books {
		sections = append(sections, trialSection{book: number(int64(book.Book)), seq: number(book.Seq), lines: book.Lines})
		all = append(all, book.Lines...)
	}
	sections = append(sections, trialSection{book: "all", lines: all})
	for i := range sections {
		section := &sections[i]
		var errLines, errTotals error
		section.totals, errTotals = sumTrial(section.lines, func(wallet.TrialLine) string { return trialTotal })
		section.lines, errLines = sumTrial(section.lines, func(line wallet.TrialLine) string { return line.Class })
		if err := errors.Join(errLines, errTotals); err != nil {
			return nil, fmt.Errorf("sum the trial balance of book %s: %w", section.book, err)
		}
	}
	return sections, nil
}

// sumTrial adds up the lines that get the same name and are in the same commodity.
func sumTrial(lines []wallet.TrialLine, name func(wallet.TrialLine) string) ([]wallet.TrialLine, error) {
	type key struct {
		class     string
		commodity ledger.Commodity
	}
	sums := map[key]wallet.TrialLine{}
	for _, line := range lines {
		at := key{name(line), line.Commodity}
		sum := sums[at]
		sum.Class, sum.Commodity = at.class, at.commodity
		sum.Debits += line.Debits
		sum.Credits += line.Credits
		// Counters are not negative (I3), so a sum that is has left 64 bits.
		if sum.Debits < 0 || sum.Credits < 0 {
			return nil, fmt.Errorf("%s in %s leaves 64 bits", at.class, at.commodity)
		}
		sums[at] = sum
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b wallet.TrialLine) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Commodity, b.Commodity))
	}), nil
}

// balanced returns an error for every commodity of a section whose debits are not its credits (I1).
func balanced(sections []trialSection) error {
	var broken error
	for _, section := range sections {
		for _, total := range section.totals {
			if total.Debits != total.Credits {
				broken = errors.Join(broken, fmt.Errorf("I1 is broken: in book %s debits of %s %s differ from credits of %s",
					section.book, amountText(total.Debits, total.Commodity), total.Commodity, amountText(total.Credits, total.Commodity)))
			}
		}
	}
	return broken
}

func writeTrialCSV(out *bufio.Writer, sections []trialSection) {
	writeRecord(out, []string{"book", "seq", "code", "commodity", "debits_minor", "credits_minor", "balance_minor"})
	for _, section := range sections {
		for _, line := range slices.Concat(section.lines, section.totals) {
			writeRecord(out, []string{
				section.book, section.seq, line.Class, string(line.Commodity), number(line.Debits), number(line.Credits), number(line.Debits - line.Credits),
			})
		}
	}
}

func writeTrialText(out *bufio.Writer, asOf ledger.Date, sections []trialSection) {
	const row = "  %-34s %-9s %18s %18s %18s\n"
	fmt.Fprintf(out, "trial balance of what was booked up to %s\n", asOf)
	for _, section := range sections {
		heading := fmt.Sprintf("book %s, up to seq %s", section.book, section.seq)
		if section.seq == "" {
			heading = "all books"
		}
		fmt.Fprintf(out, "\n%s\n", heading)
		fmt.Fprintf(out, row, "code", "commodity", "debits", "credits", "balance")
		for _, line := range slices.Concat(section.lines, section.totals) {
			fmt.Fprintf(out, row, line.Class, line.Commodity,
				amountText(line.Debits, line.Commodity), amountText(line.Credits, line.Commodity), amountText(line.Debits-line.Credits, line.Commodity))
		}
	}
}
