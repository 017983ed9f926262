package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/domain"
	"purser/ledger"
)

const (
	// exportJournals and exportAccounts bound what one slice holds in memory and
	// how long its statements hold a snapshot: at 1,000 journals they take
	// milliseconds, far below the statement timeout.
	exportJournals = 1000
	exportAccounts = 5000
)

const (
	exportHeadsSQL = `-- name: export_heads
		SELECT book_id, seq FROM book_heads ORDER BY book_id`
	exportAccountsSQL = `-- name: export_accounts
		SELECT DISTINCT code, class FROM accounts WHERE book_id = $1 AND code > $2 ORDER BY code LIMIT $3`
	exportRange    = ` WHERE j.book_id = $1 AND j.seq > $2 AND j.seq <= $3 AND j.booked_on >= $4::date AND j.booked_on < $5::date`
	exportSliceSQL = `-- name: export_journals
		SELECT j.journal_id, j.seq, j.template, j.template_version, j.type, j.arguments, j.effective_at, j.booked_on, j.posted_at,
			j.wallet_id, coalesce(j.subject_type, ''), coalesce(j.subject_id, ''), j.explanation, j.initiated_by, j.reverses, coalesce(j.reversed_quantity, 0)
		FROM journals j` + exportRange + ` ORDER BY j.seq`
	exportPostingsSQL = `-- name: export_postings
		SELECT p.journal_id, p.line, p.debit_account, p.credit_account, p.commodity, p.amount,
			p.debit_version, p.debit_balance, p.debit_net, p.credit_version, p.credit_balance, p.credit_net, d.code, c.code
		FROM journals j
		JOIN postings p ON p.book_id = j.book_id AND p.journal_id = j.journal_id
		JOIN accounts d ON d.book_id = p.book_id AND d.account_id = p.debit_account
		JOIN accounts c ON c.book_id = p.book_id AND c.account_id = p.credit_account` + exportRange + ` ORDER BY j.seq, p.line`
)

// ExportHead is the last journal of a book that an export covers.
type ExportHead struct {
	Book ledger.BookID
	Seq  int64
}

// ExportAccount is an account as an export names it; one code may stand for an
// account in each of several commodities.
type ExportAccount struct {
	Book        ledger.BookID
	Code, Class string
}

// ExportPosting is a posting with the codes of its accounts.
type ExportPosting struct {
	ledger.Posting
	DebitCode, CreditCode string
}

// ExportJournal is a journal as it is stored, with its postings by line. Its
// Arguments are left empty: Stored holds their canonical bytes.
type ExportJournal struct {
	ledger.Journal
	Stored   []byte
	Postings []ExportPosting
}

// Export is a fixed extent of the journal: every book up to the seq it had when
// the export began. Journals, postings and accounts never change, so slices read
// one after another, each in a snapshot of its own that ends before the slice is
// handed on, are as good as one long snapshot, which would keep the dead rows of
// heads and balances from being pruned.
type Export struct {
	db             *DB
	from, to       pgtype.Date
	heads          []ExportHead
	journals, rows int64 // of a slice
}

// NewExport fixes what is exported: the journals booked in dates, half-open; a
// zero date leaves its end open. It returns ErrUnavailable when the database did
// not answer.
func (db *DB) NewExport(ctx context.Context, dates domain.Dates) (*Export, error) {
	e := &Export{
		db: db, journals: exportJournals, rows: exportAccounts,
		from: exportBound(dates.From, pgtype.NegativeInfinity), to: exportBound(dates.To, pgtype.Infinity),
	}
	rows, err := db.read.Query(ctx, exportHeadsSQL)
	if err == nil {
		e.heads, err = pgx.CollectRows(rows, pgx.RowToStructByPos[ExportHead])
	}
	if err != nil {
		return nil, fmt.Errorf("read the heads to export: %w", readError(err))
	}
	return e, nil
}

func exportBound(date ledger.Date, open pgtype.InfinityModifier) pgtype.Date {
	if date == (ledger.Date{}) {
		return pgtype.Date{InfinityModifier: open, Valid: true}
	}
	return pgtype.Date{Time: date.Time(), Valid: true}
}

// Heads returns the books by number with the last seq that is exported of each.
func (e *Export) Heads() []ExportHead { return e.heads }

// Accounts calls yield with the accounts of every book, by book and code, a
// slice at a time. They are all that exported journals name, and any others. It
// returns the first error of yield, or ErrUnavailable.
func (e *Export) Accounts(ctx context.Context, yield func([]ExportAccount) error) error {
	for _, head := range e.heads {
		for after, more := "", true; more; {
			slice, err := e.accountsAfter(ctx, head.Book, after)
			if err != nil {
				return fmt.Errorf("export accounts of book %d after %q: %w", head.Book, after, readError(err))
			}
			if len(slice) == 0 {
				break
			}
			after, more = slice[len(slice)-1].Code, int64(len(slice)) == e.rows
			if err := yield(slice); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Export) accountsAfter(ctx context.Context, book ledger.BookID, after string) ([]ExportAccount, error) {
	rows, err := e.db.read.Query(ctx, exportAccountsSQL, book, after, e.rows)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ExportAccount, error) {
		account := ExportAccount{Book: book}
		err := row.Scan(&account.Code, &account.Class)
		return account, err
	})
}

// Journals calls yield with the journals of the extent by book and seq, a slice
// at a time; it keeps nothing of a slice that yield has returned from. It returns
// the first error of yield, or ErrUnavailable.
func (e *Export) Journals(ctx context.Context, yield func([]ExportJournal) error) error {
	for _, head := range e.heads {
		for seq := int64(0); seq < head.Seq; {
			to := min(seq+e.journals, head.Seq)
			slice, err := e.slice(ctx, head.Book, seq, to)
			if err != nil {
				return fmt.Errorf("export book %d, seq %d to %d: %w", head.Book, seq+1, to, readError(err))
			}
			seq = to
			if len(slice) == 0 {
				continue
			}
			if err := yield(slice); err != nil {
				return err
			}
		}
	}
	return nil
}

// slice reads the journals after one seq and up to another.
func (e *Export) slice(ctx context.Context, book ledger.BookID, after, to int64) ([]ExportJournal, error) {
	var slice []ExportJournal
	at := map[ledger.ID]int{}
	batch := &pgx.Batch{}
	batch.Queue(exportSliceSQL, book, after, to, e.from, e.to).Query(each(func(rows pgx.Rows) error {
		journal, err := scanExport(rows, book)
		at[journal.ID] = len(slice)
		slice = append(slice, journal)
		return err
	}))
	batch.Queue(exportPostingsSQL, book, after, to, e.from, e.to).Query(each(func(rows pgx.Rows) error {
		var id ledger.ID
		var p ExportPosting
		err := rows.Scan(&id, &p.Line, &p.Debit, &p.Credit, &p.Commodity, &p.Amount, &p.DebitVersion, &p.DebitBalance, &p.DebitNet,
			&p.CreditVersion, &p.CreditBalance, &p.CreditNet, &p.DebitCode, &p.CreditCode)
		if err != nil {
			return err
		}
		journal := &slice[at[id]]
		journal.Postings = append(journal.Postings, p)
		return nil
	}))
	return slice, e.db.read.SendBatch(ctx, batch).Close()
}

func scanExport(rows pgx.Rows, book ledger.BookID) (ExportJournal, error) {
	var j ExportJournal
	var booked time.Time
	var owner, reverses *ledger.ID
	err := rows.Scan(&j.ID, &j.Seq, &j.Template, &j.TemplateVersion, &j.Type, &j.Stored, &j.EffectiveAt, &booked, &j.PostedAt,
		&owner, &j.Subject.Type, &j.Subject.ID, &j.Explanation, &j.InitiatedBy, &reverses, &j.Quantity)
	j.Book, j.BookedOn, j.Wallet, j.Reverses = book, ledger.DateOf(booked), orZero(owner), orZero(reverses)
	return j, err
}
