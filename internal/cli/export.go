package cli

import (
	"bufio"
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"purser/internal/config"
	"purser/internal/domain"
	"purser/internal/postgres"
	"purser/ledger"
)

// exportFormats are the values of export's -format.
var exportFormats = map[string]func(*bufio.Writer) exportWriter{
	"hledger": func(out *bufio.Writer) exportWriter { return &hledgerWriter{out: out} },
	"csv":     func(out *bufio.Writer) exportWriter { return &csvWriter{out: out} },
}

// exportWriter writes an export in one format. Write errors stay in the buffered writer, whose Flush
// returns them.
type exportWriter interface {
	begin(dates domain.Dates, heads []postgres.ExportHead)
	// accounts and journals get a slice each time, which they do not keep.
	accounts(slice []postgres.ExportAccount)
	journals(slice []postgres.ExportJournal)
	end()
}

// exportFlags are the command line of export.
type exportFlags struct {
	format string
	dates  domain.Dates
}

func exportCommand() command {
	return command{
		name: "export",
		line: "write the journal as plain text for hledger, or as CSV",
		help: `
Writes the journal of every book to standard output, by book and seq, up to the last journal that was
recorded when it began. It only reads, on connections that cannot write, a slice at a time; it may run
beside a server, and needs the same memory for a day as for ten years.

hledger: one transaction per journal, dated with the day it was booked on and the UTC day of its event,
described by its type and template. Each posting is two lines of that transaction, on accounts named by
book and code; what is debited is positive. Journals without postings are transactions without lines.
The last line says how many journals there are: without it the export is not whole.
	purser export -format hledger | hledger -f - check --strict

csv: RFC 4180 with a header, one record per posting, the columns of its journal repeated. A journal
without postings is one record in which the columns of the posting are empty. Amounts are in minor
units. The arguments of the template are hexadecimal, the explanation is as it was stored.

Environment:
  DATABASE_URL     the database, as purser_app or any role that may read all tables; required in production
  PURSER_DATA_DIR  where the private PostgreSQL is when DATABASE_URL is unset; it is started for the
                   time of the export unless a server runs already
  PURSER_MODE      development (the default) or production`,
		bind: func(flags *flag.FlagSet) action {
			var f exportFlags
			flags.StringVar(&f.format, "format", "", "hledger or csv; required")
			dateVar(flags, &f.dates.From, "from", "the first `date` of booking to write, as 2026-01-31; all when absent")
			dateVar(flags, &f.dates.To, "to", "the first `date` of booking not to write; none when absent")
			return func(ctx context.Context, p *Program) error { return export(ctx, p, f) }
		},
	}
}

// dateVar declares a flag that is a calendar day.
func dateVar(flags *flag.FlagSet, date *ledger.Date, name, usage string) {
	flags.Func(name, usage, func(text string) error {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil || at.Year() < 1 {
			return fmt.Errorf("not a date of the form 2026-01-31")
		}
		*date = ledger.DateOf(at)
		return nil
	})
}

func export(ctx context.Context, p *Program, f exportFlags) error {
	newWriter, known := exportFormats[f.format]
	if !known {
		return usagef("-format must be hledger or csv")
	}
	open := ledger.Date{}
	if f.dates.From != open && f.dates.To != open && !f.dates.From.Time().Before(f.dates.To.Time()) {
		return usagef("-from must be before -to, which is not exported itself")
	}
	return p.withReader(ctx, func(ctx context.Context, db *postgres.DB) error {
		e, err := db.NewExport(ctx, f.dates)
		if err != nil {
			return err
		}
		out := bufio.NewWriterSize(p.Stdout, 1<<16)
		if err := writeExport(ctx, e, out, newWriter(out), f.dates); err != nil {
			return err
		}
		return flushed(out)
	})
}

// withReader runs do on a database whose schema fits. The variables are those of verify, which only
// reads as well.
func (p *Program) withReader(ctx context.Context, do func(context.Context, *postgres.DB) error) error {
	return p.withSchema(ctx, config.Verify, func(ctx context.Context, _ *slog.Logger, db *postgres.DB) error { return do(ctx, db) })
}

// writeExport flushes after every slice, so that a full disk ends the export at once.
func writeExport(ctx context.Context, e *postgres.Export, out *bufio.Writer, w exportWriter, dates domain.Dates) error {
	w.begin(dates, e.Heads())
	err := e.Accounts(ctx, func(slice []postgres.ExportAccount) error {
		w.accounts(slice)
		return flushed(out)
	})
	if err != nil {
		return err
	}
	err = e.Journals(ctx, func(slice []postgres.ExportJournal) error {
		w.journals(slice)
		return flushed(out)
	})
	if err != nil {
		return err
	}
	w.end()
	return nil
}

func flushed(out *bufio.Writer) error {
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// hledgerWriter writes the plain text that hledger reads. Every account and commodity is declared, so
// that hledger's strict checks pass.
type hledgerWriter struct {
	out     *bufio.Writer
	written int64
}

func (w *hledgerWriter) begin(dates domain.Dates, heads []postgres.ExportHead) {
	fmt.Fprintf(w.out, "; purser export%s%s\n", bound(" from ", dates.From), bound(" to before ", dates.To))
	for _, head := range heads {
		fmt.Fprintf(w.out, "; book %d up to seq %d\n", head.Book, head.Seq)
	}
	fmt.Fprint(w.out, "\ndecimal-mark .\ncommodity 1000. CNX\ncommodity 1000.00 EUR\ncommodity 1000.00 USD\n\n")
}

func bound(word string, date ledger.Date) string {
	if date == (ledger.Date{}) {
		return ""
	}
	return word + date.String()
}

// accounts declares them with their class as a tag: `hledger balance --pivot class` is a trial balance.
func (w *hledgerWriter) accounts(slice []postgres.ExportAccount) {
	for _, a := range slice {
		fmt.Fprintf(w.out, "account %s  ; class: %s\n", hledgerAccount(a.Book, a.Code), a.Class)
	}
}

func hledgerAccount(book ledger.BookID, code string) string {
	return fmt.Sprintf("book%d:%s", book, code)
}

func (w *hledgerWriter) journals(slice []postgres.ExportJournal) {
	for i := range slice {
		j := &slice[i]
		fmt.Fprintf(w.out, "\n%s=%s %s | %s  ; id:%s, seq:%d", j.BookedOn, ledger.DateOf(j.EffectiveAt), j.Type, j.Template, j.ID, j.Seq)
		if !j.Reverses.IsZero() {
			fmt.Fprintf(w.out, ", reverses:%s", j.Reverses)
		}
		fmt.Fprintln(w.out)
		for k := range j.Postings {
			posting := &j.Postings[k]
			w.side(j.Book, posting.DebitCode, posting.Amount, posting.Commodity)
			w.side(j.Book, posting.CreditCode, -posting.Amount, posting.Commodity)
		}
	}
	w.written += int64(len(slice))
}

func (w *hledgerWriter) side(book ledger.BookID, code string, minor int64, commodity ledger.Commodity) {
	fmt.Fprintf(w.out, "    %s  %s %s\n", hledgerAccount(book, code), amountText(minor, commodity), commodity)
}

func (w *hledgerWriter) end() { fmt.Fprintf(w.out, "\n; end of the export: %d journals\n", w.written) }

// amountText is an amount as people read it: Connects whole, moneys with two decimals.
func amountText(minor int64, commodity ledger.Commodity) string {
	text := strconv.FormatInt(minor, 10)
	if !commodity.IsMoney() {
		return text
	}
	digits, negative := strings.CutPrefix(text, "-")
	digits = strings.Repeat("0", max(0, 3-len(digits))) + digits
	text = digits[:len(digits)-2] + "." + digits[len(digits)-2:]
	if negative {
		return "-" + text
	}
	return text
}

// exportColumns are the header of the CSV: first those of the journal, then those of the posting.
var exportColumns = []string{
	"book", "seq", "journal_id", "type", "template", "template_version", "booked_on", "effective_at", "posted_at", "wallet_id",
	"subject_type", "subject_id", "initiated_by", "explanation", "reverses", "reversed_quantity", "arguments",
	"line", "debit_code", "credit_code", "commodity", "amount_minor", "debit_account", "debit_version", "debit_balance_minor", "debit_net_minor",
	"credit_account", "credit_version", "credit_balance_minor", "credit_net_minor",
}

// postingColumns is how many of them are empty for a journal without postings.
const postingColumns = 13

// csvWriter writes one record per posting.
type csvWriter struct{ out *bufio.Writer }

func (w *csvWriter) begin(domain.Dates, []postgres.ExportHead) { writeRecord(w.out, exportColumns) }

func (w *csvWriter) accounts([]postgres.ExportAccount) {}

func (w *csvWriter) journals(slice []postgres.ExportJournal) {
	for i := range slice {
		j := &slice[i]
		columns := []string{
			number(int64(j.Book)), number(j.Seq), j.ID.String(), j.Type, j.Template, number(int64(j.TemplateVersion)), j.BookedOn.String(),
			j.EffectiveAt.UTC().Format(time.RFC3339Nano), j.PostedAt.UTC().Format(time.RFC3339Nano), idText(j.Wallet),
			j.Subject.Type, j.Subject.ID, j.InitiatedBy, string(j.Explanation), idText(j.Reverses), "", hex.EncodeToString(j.Stored),
		}
		if !j.Reverses.IsZero() {
			columns[15] = number(j.Quantity)
		}
		if len(j.Postings) == 0 {
			writeRecord(w.out, append(columns, make([]string, postingColumns)...))
		}
		for k := range j.Postings {
			writeRecord(w.out, append(columns[:len(columns):len(columns)], postingRecord(&j.Postings[k])...))
		}
	}
}

func postingRecord(p *postgres.ExportPosting) []string {
	return []string{
		number(int64(p.Line)), p.DebitCode, p.CreditCode, string(p.Commodity), number(p.Amount),
		p.Debit.String(), number(p.DebitVersion), number(p.DebitBalance), optionalNumber(p.DebitNet),
		p.Credit.String(), number(p.CreditVersion), number(p.CreditBalance), optionalNumber(p.CreditNet),
	}
}

func (w *csvWriter) end() {}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func optionalNumber(n *int64) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

func idText(id ledger.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// writeRecord writes one record of RFC 4180, and a field's bytes as they are: encoding/csv can end
// records with CR LF only by rewriting the line breaks inside of fields as well.
func writeRecord(out io.Writer, fields []string) {
	record := make([]byte, 0, 512)
	for i, field := range fields {
		if i > 0 {
			record = append(record, ',')
		}
		if strings.ContainsAny(field, "\",\r\n") {
			field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
		}
		record = append(record, field...)
	}
	fmt.Fprintf(out, "%s\r\n", record)
}
