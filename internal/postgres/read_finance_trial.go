package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/ledger"
)

// periodTrialsSQL are the lines that stand behind each book's newest closing of the
// month that begins on $1; a reopening has none.
const periodTrialsSQL = `-- name: period_trials
	SELECT p.book_id, p.class, p.commodity, p.debits, p.credits
	FROM (SELECT DISTINCT ON (t.book_id) t.book_id, t.seq FROM book_periods t WHERE t.period = $1::date ORDER BY t.book_id, t.seq DESC) c
	JOIN period_trials p ON p.book_id = c.book_id AND p.seq = c.seq
	ORDER BY p.book_id, p.class COLLATE "C", p.commodity COLLATE "C"`

// PeriodTrial implements finance.Reader.
func (r *Reader) PeriodTrial(ctx context.Context, period ledger.Period) (trial *finance.PeriodTrial, closed bool, err error) {
	batch := snapshot()
	p, month := newPeriodsRead(batch), period.FirstDay().Time()
	batch.Queue(periodClosingsSQL, []time.Time{month}).Query(each(p.closing))
	lines := map[ledger.BookID][]finance.TrialLine{}
	batch.Queue(periodTrialsSQL, month).Query(each(func(rows pgx.Rows) error {
		var book ledger.BookID
		var line finance.TrialLine
		err := rows.Scan(&book, &line.Class, &line.Commodity, &line.Debits, &line.Credits)
		lines[book] = append(lines[book], line)
		return err
	}))
	if err := r.run(ctx, batch); err != nil {
		return nil, false, fmt.Errorf("read trial balance of %s: %w", period, err)
	}
	trial = &finance.PeriodTrial{Period: period}
	for _, book := range p.books {
		closing, found := p.closings[period][book.Book]
		if !found || !book.Closed(period) {
			return nil, false, nil
		}
		trial.Books = append(trial.Books, finance.BookTrial{Book: book.Book, Seq: closing.Seq, Hash: closing.TrialHash, Lines: lines[book.Book]})
	}
	if err := trial.Check(); err != nil {
		return nil, false, fmt.Errorf("read trial balance of %s: %w", period, err)
	}
	return trial, true, nil
}

// Account implements finance.Directory.
func (r *Reader) Account(ctx context.Context, name finance.AccountName) (account finance.Account, err error) {
	found := false
	batch := snapshot()
	batch.Queue(`-- name: account_by_name
		SELECT a.class, s.credit_normal
		FROM accounts a JOIN account_balances s ON s.book_id = a.book_id AND s.account_id = a.account_id
		WHERE a.book_id = $1 AND a.account_id = $2`, name.Book, name.ID()).Query(each(func(rows pgx.Rows) error {
		found = true
		return rows.Scan(&account.Class, &account.CreditNormal)
	}))
	if err := r.run(ctx, batch); err != nil {
		return account, fmt.Errorf("read account %s: %w", name.Code, err)
	}
	if !found {
		return account, fmt.Errorf("read account %s: %w", name.Code, domain.ErrNotFound)
	}
	return account, nil
}
