package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// Whole journals and books, for callers whose role may see any. $1 and $2 are
// books and ids of the journals, aligned.
const (
	namedJournals = `
		FROM (SELECT DISTINCT b, i FROM unnest($1::integer[], $2::uuid[]) AS n (b, i)) AS n (book_id, journal_id)`

	journalsSQL = `-- name: journals_by_id
		SELECT j.book_id, j.journal_id, j.seq, j.template, j.template_version, j.type, j.arguments, j.effective_at, j.booked_on, j.posted_at,
			j.wallet_id, j.subject_type, j.subject_id, j.explanation, j.initiated_by, j.reverses, coalesce(j.reversed_quantity, 0), h.seq,
			u.journals` + namedJournals + `
		JOIN journals j ON j.book_id = n.book_id AND j.journal_id = n.journal_id
		JOIN book_heads h ON h.book_id = j.book_id
		LEFT JOIN (
			SELECT r.book_id, r.reverses, (array_agg(r.journal_id ORDER BY r.seq DESC))[1:100] AS journals` + namedJournals + `
			JOIN journals r ON r.book_id = n.book_id AND r.reverses = n.journal_id
			GROUP BY r.book_id, r.reverses
		) u ON u.book_id = j.book_id AND u.reverses = j.journal_id
		ORDER BY j.book_id, j.seq`
	journalPostingsSQL = `-- name: journal_postings
		SELECT p.book_id, p.journal_id, p.line, p.debit_account, p.credit_account, p.commodity, p.amount,
			p.debit_version, p.debit_balance, p.debit_net, p.credit_version, p.credit_balance, p.credit_net, d.code, c.code` + namedJournals + `
		JOIN postings p ON p.book_id = n.book_id AND p.journal_id = n.journal_id
		JOIN accounts d ON d.book_id = p.book_id AND d.account_id = p.debit_account
		JOIN accounts c ON c.book_id = p.book_id AND c.account_id = p.credit_account
		ORDER BY p.book_id, p.journal_id, p.line`
	journalMovementsSQL = `-- name: journal_movements
		SELECT m.book_id, m.journal_id, l.lot_id, m.quantity, l.origin, l.expires_at, m.basis, coalesce(m.money, '')` + namedJournals + `
		JOIN lot_movements m ON m.book_id = n.book_id AND m.journal_id = n.journal_id
		JOIN lots l ON l.book_id = m.book_id AND l.lot_id = m.lot_id
		ORDER BY m.book_id, m.journal_id, l.priority, l.expires_at, l.lot_id, m.line`

	headsSQL = `-- name: heads
		SELECT book_id, seq FROM book_heads ORDER BY book_id`
	trialSQL = `-- name: trial_balance
		SELECT book_id, class, commodity, sum(debits)::bigint, sum(credits)::bigint
		FROM trial_days WHERE book_id = ANY(SELECT book_id FROM book_heads) AND booked_on <= $1::date
		GROUP BY book_id, class, commodity ORDER BY book_id, class, commodity`
	ownerSQL = `-- name: owner_by_id
		SELECT owner_id, book_id, kind, jurisdiction, time_zone, created_at FROM owners WHERE owner_id = $1`
)

// Journals implements wallet.Reader.
func (r *Reader) Journals(ctx context.Context, refs []wallet.JournalRef) ([]wallet.JournalDetail, error) {
	books, ids := make([]ledger.BookID, len(refs)), make([]ledger.ID, len(refs))
	for i, ref := range refs {
		books[i], ids[i] = ref.Book, ref.ID
	}
	var journals []wallet.JournalDetail
	postings, movements := map[wallet.JournalRef][]wallet.PostingDetail{}, map[wallet.JournalRef][]wallet.LotMovement{}
	batch := snapshot()
	batch.Queue(journalsSQL, books, ids).Query(each(func(rows pgx.Rows) error {
		journal, err := scanJournal(rows)
		journals = append(journals, journal)
		return err
	}))
	batch.Queue(journalPostingsSQL, books, ids).Query(each(func(rows pgx.Rows) error {
		ref, posting, err := scanPosting(rows)
		postings[ref] = append(postings[ref], posting)
		return err
	}))
	batch.Queue(journalMovementsSQL, books, ids).Query(each(func(rows pgx.Rows) error {
		ref, movement, err := scanMovement(rows)
		movements[ref] = append(movements[ref], movement)
		return err
	}))
	if err := r.run(ctx, batch); err != nil {
		return nil, fmt.Errorf("read %d journals: %w", len(refs), err)
	}
	for i := range journals {
		ref := wallet.JournalRef{Book: journals[i].Book, ID: journals[i].ID}
		journals[i].Postings, journals[i].Movements = postings[ref], movements[ref]
	}
	return journals, nil
}

func scanJournal(rows pgx.Rows) (wallet.JournalDetail, error) {
	var j wallet.JournalDetail
	var arguments []byte
	var booked time.Time
	var owner, reverses *ledger.ID
	var subjectType, subjectID *string
	err := rows.Scan(&j.Book, &j.ID, &j.Seq, &j.Template, &j.TemplateVersion, &j.Type, &arguments, &j.EffectiveAt, &booked, &j.PostedAt,
		&owner, &subjectType, &subjectID, &j.Explanation, &j.InitiatedBy, &reverses, &j.Quantity, &j.BookSeq, &j.ReversedBy)
	if err != nil {
		return j, err
	}
	j.BookedOn, j.Wallet, j.Reverses = ledger.DateOf(booked), orZero(owner), orZero(reverses)
	j.Subject = ledger.Subject{Type: orZero(subjectType), ID: orZero(subjectID)}
	slices.Reverse(j.ReversedBy)
	if j.Arguments, err = ledger.DecodeArguments(arguments); err != nil {
		return j, fmt.Errorf("journal %s: %w", j.ID, err)
	}
	return j, nil
}

func scanPosting(rows pgx.Rows) (ref wallet.JournalRef, p wallet.PostingDetail, err error) {
	err = rows.Scan(&ref.Book, &ref.ID, &p.Line, &p.Debit, &p.Credit, &p.Commodity, &p.Amount,
		&p.DebitVersion, &p.DebitBalance, &p.DebitNet, &p.CreditVersion, &p.CreditBalance, &p.CreditNet, &p.DebitCode, &p.CreditCode)
	return ref, p, err
}

func scanMovement(rows pgx.Rows) (ref wallet.JournalRef, m wallet.LotMovement, err error) {
	var expires pgtype.Timestamptz
	err = rows.Scan(&ref.Book, &ref.ID, &m.Lot, &m.Quantity, &m.Origin, &expires, &m.Basis, &m.Money)
	m.ExpiresAt = instantOf(expires)
	return ref, m, err
}

// TrialBalance implements wallet.Reader. A book without bookings has a section
// without lines.
func (r *Reader) TrialBalance(ctx context.Context, asOf ledger.Date) (*wallet.TrialBalance, error) {
	trial := &wallet.TrialBalance{AsOf: asOf}
	at := map[ledger.BookID]int{}
	batch := snapshot()
	batch.Queue(headsSQL).Query(each(func(rows pgx.Rows) error {
		var book wallet.TrialBook
		err := rows.Scan(&book.Book, &book.Seq)
		at[book.Book] = len(trial.Books)
		trial.Books = append(trial.Books, book)
		return err
	}))
	batch.Queue(trialSQL, asOf.Time()).Query(each(func(rows pgx.Rows) error {
		var id ledger.BookID
		var line wallet.TrialLine
		if err := rows.Scan(&id, &line.Class, &line.Commodity, &line.Debits, &line.Credits); err != nil {
			return err
		}
		book := &trial.Books[at[id]]
		book.Lines = append(book.Lines, line)
		return nil
	}))
	if err := r.run(ctx, batch); err != nil {
		return nil, fmt.Errorf("read trial balance of %s: %w", asOf.Time().Format(time.DateOnly), err)
	}
	return trial, nil
}

// Owner implements wallet.Reader.
func (r *Reader) Owner(ctx context.Context, id ledger.ID) (domain.OwnerRow, error) {
	var row domain.OwnerRow
	err := r.pool.QueryRow(ctx, ownerSQL, id).Scan(&row.ID, &row.Book, &row.Kind, &row.Jurisdiction, &row.TimeZone, &row.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return domain.OwnerRow{}, fmt.Errorf("read owner %s: %w", id, domain.ErrNotFound)
	}
	if err != nil {
		return domain.OwnerRow{}, fmt.Errorf("read owner %s: %w", id, unavailable(err))
	}
	return row, nil
}

// Heads implements wallet.Reader.
func (r *Reader) Heads(ctx context.Context) (map[ledger.BookID]int64, error) {
	heads := map[ledger.BookID]int64{}
	rows, err := r.pool.Query(ctx, headsSQL)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", unavailable(err))
	}
	defer rows.Close()
	err = each(func(rows pgx.Rows) error {
		var book ledger.BookID
		var seq int64
		err := rows.Scan(&book, &seq)
		heads[book] = seq
		return err
	})(rows)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", unavailable(err))
	}
	return heads, nil
}
