package cli_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/cli"
	"purser/internal/pgtest"
	"purser/ledger"
)

// trialKey is a line of a trial balance; book is a number, or "all".
type trialKey struct{ book, class, commodity string }

// trialSums are debits and credits in minor units.
type trialSums struct{ debits, credits int64 }

// trialLines are the lines and totals of a trial balance.
type trialLines map[trialKey]trialSums

// add counts an amount on an account of a book where a trial balance does.
func (lines trialLines) add(book, class, commodity string, debits, credits int64) {
	for _, key := range []trialKey{{book, class, commodity}, {"all", class, commodity}, {book, "TOTAL", commodity}, {"all", "TOTAL", commodity}} {
		sums := lines[key]
		lines[key] = trialSums{sums.debits + debits, sums.credits + credits}
	}
}

// demoLedger is a database with a demonstration in it, and its environment. A session of it cannot
// write unless it says so.
func demoLedger(t *testing.T) (db *pgtest.DB, env []string) {
	t.Helper()
	db = pgtest.New(t)
	if got := run(t, databases(db), smallDemo...); got.code != 0 {
		t.Fatalf("demo = %+v", got)
	}
	joint := "?"
	if strings.Contains(db.AppURL, "?") {
		joint = "&"
	}
	return db, environ("DATABASE_URL=" + db.AppURL + joint + "default_transaction_read_only=on")
}

// output runs a sub-command that must succeed.
func output(t *testing.T, env []string, args ...string) string {
	t.Helper()
	got := run(t, env, args...)
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("%v: code %d, stderr %q", args, got.code, got.stderr)
	}
	return got.stdout
}

func records(t *testing.T, text string) []map[string]string {
	t.Helper()
	if lines := strings.Count(text, "\n"); strings.Count(text, "\r\n") != lines {
		t.Errorf("not every one of the %d records ends with CR LF", lines)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var found []map[string]string
	for _, row := range rows[1:] {
		record := map[string]string{}
		for i, name := range rows[0] {
			record[name] = row[i]
		}
		found = append(found, record)
	}
	return found
}

func integer(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// trialOf reads `trial-balance -format csv`.
func trialOf(t *testing.T, text string) trialLines {
	t.Helper()
	lines := trialLines{}
	for _, r := range records(t, text) {
		sums := trialSums{integer(t, r["debits_minor"]), integer(t, r["credits_minor"])}
		if integer(t, r["balance_minor"]) != sums.debits-sums.credits {
			t.Errorf("%v: the balance is not debits less credits", r)
		}
		lines[trialKey{r["book"], r["code"], r["commodity"]}] = sums
	}
	if len(lines) == 0 {
		t.Fatal("the trial balance has no lines")
	}
	return lines
}

var (
	hledgerAccount = regexp.MustCompile(`^account book(\d+):(\S+)  ; class: (\S+)$`)
	hledgerHeader  = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)=\d{4}-\d\d-\d\d [A-Z_]+ \| [A-Z_]+  ; id:[0-9a-f-]{36}, seq:\d+(, reverses:[0-9a-f-]{36})?$`)
	hledgerLine    = regexp.MustCompile(`^    book(\d+):(\S+)  (-?)(?:(\d+) (CNX)|(\d+)\.(\d\d) (EUR|USD))$`)
)

// recomputed sums the plain text again, knowing nothing but its syntax.
func recomputed(t *testing.T, text string) (lines trialLines, dates []string) {
	t.Helper()
	lines = trialLines{}
	classes := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := hledgerAccount.FindStringSubmatch(line); m != nil {
			classes[m[1]+":"+m[2]] = m[3]
		} else if m := hledgerHeader.FindStringSubmatch(line); m != nil {
			dates = append(dates, m[1])
		} else if m := hledgerLine.FindStringSubmatch(line); m != nil {
			class := classes[m[1]+":"+m[2]]
			if class == "" {
				t.Fatalf("the account of %q is not declared", line)
			}
			minor := integer(t, m[4]+m[6]+m[7])
			if m[3] == "-" {
				lines.add(m[1], class, m[5]+m[8], 0, minor)
			} else {
				lines.add(m[1], class, m[5]+m[8], minor, 0)
			}
		} else if line != "" && line[0] != ';' && !strings.HasPrefix(line, "commodity ") && line != "decimal-mark ." {
			t.Fatalf("the line %q is none of an export's", line)
		}
	}
	if end := fmt.Sprintf("\n; end of the export: %d journals\n", len(dates)); !strings.HasSuffix(text, end) {
		t.Errorf("the export does not end with %q", end)
	}
	return lines, dates
}

func TestExportAgreesWithTheTrialBalance(t *testing.T) {
	t.Parallel()
	_, env := demoLedger(t)
	trial := trialOf(t, output(t, env, "trial-balance", "-format", "csv"))
	text := output(t, env, "export", "-format", "hledger")
	sums, dates := recomputed(t, text)

	t.Run("as_plain_text", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff(trial, sums, cmp.AllowUnexported(trialKey{}, trialSums{})); diff != "" {
			t.Errorf("-trial balance +export:\n%s", diff)
		}
	})
	t.Run("as_csv", func(t *testing.T) {
		t.Parallel()
		perClass := trialLines{}
		owner := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
		journals := map[string]bool{}
		for _, r := range records(t, output(t, env, "export", "-format", "csv")) {
			journals[r["journal_id"]] = true
			if r["line"] == "" {
				continue
			}
			amount := integer(t, r["amount_minor"])
			perClass.add(r["book"], owner.ReplaceAllString(r["debit_code"], "*"), r["commodity"], amount, 0)
			perClass.add(r["book"], owner.ReplaceAllString(r["credit_code"], "*"), r["commodity"], 0, amount)
		}
		if diff := cmp.Diff(trial, perClass, cmp.AllowUnexported(trialKey{}, trialSums{})); diff != "" {
			t.Errorf("-trial balance +export:\n%s", diff)
		}
		if len(journals) != len(dates) {
			t.Errorf("%d journals as CSV, %d as plain text", len(journals), len(dates))
		}
	})
	t.Run("of_an_earlier_day", func(t *testing.T) {
		t.Parallel()
		first, err := time.Parse(time.DateOnly, slices.Min(dates))
		if err != nil {
			t.Fatal(err)
		}
		day, next := first.Format(time.DateOnly), first.AddDate(0, 0, 1).Format(time.DateOnly)
		then := trialOf(t, output(t, env, "trial-balance", "-format", "csv", "-as-of", day))
		before, datesBefore := recomputed(t, output(t, env, "export", "-format", "hledger", "-to", next))
		after, datesAfter := recomputed(t, output(t, env, "export", "-format", "hledger", "-from", next))
		if diff := cmp.Diff(then, before, cmp.AllowUnexported(trialKey{}, trialSums{})); diff != "" {
			t.Errorf("-trial balance of %s +export:\n%s", day, diff)
		}
		if len(datesBefore) == 0 || len(datesAfter) == 0 || len(datesBefore)+len(datesAfter) != len(dates) {
			t.Errorf("%d journals up to %s and %d later, want all %d", len(datesBefore), day, len(datesAfter), len(dates))
		}
		if len(after) == 0 || slices.Max(datesBefore) >= next || slices.Min(datesAfter) < next {
			t.Errorf("booked up to %s and from %s, want the border at %s", slices.Max(datesBefore), slices.Min(datesAfter), next)
		}
	})
}

func TestTrialBalance(t *testing.T) {
	t.Parallel()
	db, env := demoLedger(t)
	text := output(t, env, "trial-balance")
	for _, want := range []string{"\nbook 0, up to seq ", "\nbook 1, up to seq ", "\nall books\n", "WALLET:*:AVAILABLE", "TOTAL"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, text)
		}
	}
	all := trialOf(t, output(t, env, "trial-balance", "-format", "csv"))[trialKey{"all", "TOTAL", "USD"}]
	_, section, _ := strings.Cut(text, "\nall books\n")
	if total := regexp.MustCompile(`TOTAL +USD +(\S+) +(\S+) +0\.00\n`).FindStringSubmatch(section); total == nil ||
		total[1] != cli.AmountText(all.debits, ledger.USD) || total[2] != total[1] {
		t.Errorf("the text sums all books to %q, the CSV to %d", total, all.debits)
	}

	_, err := connect(t, db.SuperURL).Exec(t.Context(), `UPDATE trial_days SET debits = debits + 1
		WHERE (book_id, class, booked_on) = (SELECT book_id, class, booked_on FROM trial_days WHERE commodity = 'USD' LIMIT 1) AND commodity = 'USD'`)
	if err != nil {
		t.Fatal(err)
	}
	got := run(t, env, "trial-balance")
	if got.code != 1 || !strings.Contains(got.stderr, "I1 is broken") || !strings.Contains(got.stdout, "\nall books\n") {
		t.Errorf("of a ledger that does not balance = %+v, want all of it and code 1", got)
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"export_without_a_format":    {[]string{"export"}, "-format must be hledger or csv"},
		"unknown_format":             {[]string{"export", "-format", "xml"}, "-format must be hledger or csv"},
		"date_not_in_the_calendar":   {[]string{"export", "-format", "csv", "-from", "2026-02-30"}, "not a date"},
		"instant_for_a_date":         {[]string{"export", "-format", "csv", "-to", "2026-02-01T00:00:00Z"}, "not a date"},
		"empty_range":                {[]string{"export", "-format", "csv", "-from", "2026-02-01", "-to", "2026-02-01"}, "-from must be before -to"},
		"unknown_format_of_balances": {[]string{"trial-balance", "-format", "hledger"}, "-format must be text or csv"},
		"trial_balance_of_tomorrow":  {[]string{"trial-balance", "-as-of", "9999-01-01"}, "must not be after today"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, environ("PURSER_DATA_DIR="+t.TempDir()), c.args...)
			if got.code != 2 || !strings.Contains(got.stderr, c.says) || got.stdout != "" {
				t.Errorf("%v = %+v, want code 2 and %q", c.args, got, c.says)
			}
		})
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct{ left int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestExportThatCannotBeWrittenFails(t *testing.T) {
	t.Parallel()
	_, env := demoLedger(t)
	for _, command := range [][]string{{"export", "-format", "hledger"}, {"export", "-format", "csv"}, {"trial-balance"}} {
		// The last byte is written by the last flush alone.
		for _, room := range []int{0, 1000, len(output(t, env, command...)) - 1} {
			var stderr strings.Builder
			p := program(env, command...)
			p.Stdout, p.Stderr = &fullDisk{left: room}, &stderr
			if code := p.Run(t.Context()); code != 1 || !strings.Contains(stderr.String(), "standard output: no space left") {
				t.Errorf("%v with room for %d bytes: code %d, stderr %q", command, room, code, &stderr)
			}
		}
	}
}

func TestAmountText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor     int64
		commodity ledger.Commodity
		want      string
	}{
		{0, ledger.USD, "0.00"},
		{5, ledger.USD, "0.05"},
		{-5, ledger.EUR, "-0.05"},
		{-99, ledger.USD, "-0.99"},
		{100, ledger.USD, "1.00"},
		{-123456, ledger.EUR, "-1234.56"},
		{-9223372036854775808, ledger.USD, "-92233720368547758.08"},
		{9223372036854775807, ledger.USD, "92233720368547758.07"},
		{0, ledger.CNX, "0"},
		{-12, ledger.CNX, "-12"},
	} {
		if got := cli.AmountText(c.minor, c.commodity); got != c.want {
			t.Errorf("%d %s = %s, want %s", c.minor, c.commodity, got, c.want)
		}
	}
}
