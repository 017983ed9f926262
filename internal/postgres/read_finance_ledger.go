package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/ledger"
)

// The ledger of one account: $1 is its book and $2 the account. $3 and $4 bound
// posted_at, null for no bound. The last posting before an instant is the newest of
// one side or of the other; arrays compare by version first.
const (
	lastBefore = `
			SELECT greatest(
				(SELECT ARRAY[d.debit_version, d.debit_balance] FROM postings d
				WHERE d.book_id = $1 AND d.debit_account = $2 AND d.posted_at < b.until ORDER BY d.posted_at DESC, d.debit_version DESC LIMIT 1),
				(SELECT ARRAY[c.credit_version, c.credit_balance] FROM postings c
				WHERE c.book_id = $1 AND c.credit_account = $2 AND c.posted_at < b.until ORDER BY c.posted_at DESC, c.credit_version DESC LIMIT 1)) AS last`
	accountHeadSQL = `-- name: account_ledger_head
		SELECT a.class, s.credit_normal, h.seq, o.last, c.last
		FROM accounts a
		JOIN account_balances s ON s.book_id = a.book_id AND s.account_id = a.account_id
		JOIN book_heads h ON h.book_id = a.book_id
		CROSS JOIN LATERAL (SELECT coalesce($3::timestamptz, '-infinity') AS until) b
		CROSS JOIN LATERAL (` + lastBefore + `) o
		CROSS JOIN LATERAL (` + lastOfAll + `) c
		WHERE a.book_id = $1 AND a.account_id = $2`
	lastOfAll = `SELECT e.last FROM (SELECT coalesce($4::timestamptz, 'infinity') AS until) b CROSS JOIN LATERAL (` + lastBefore + `) e`

	// $5 and $6 are the key to go on from, $7 the number of rows. LIMIT 101 tells the
	// planner how little is read, whatever the parameters are.
	ledgerRow   = `p.posted_at, p.version, p.credit, p.amount, p.balance, p.other, p.journal_id`
	ledgerDebit = `SELECT posted_at, debit_version AS version, false AS credit, amount, debit_balance AS balance, credit_account AS other, journal_id
			FROM postings WHERE book_id = $1 AND debit_account = $2 AND (posted_at, debit_version)`
	ledgerCredit = `SELECT posted_at, credit_version AS version, true AS credit, amount, credit_balance AS balance, debit_account AS other, journal_id
			FROM postings WHERE book_id = $1 AND credit_account = $2 AND (posted_at, credit_version)`
	ledgerKey    = ` ($5::timestamptz, $6::bigint) AND posted_at >= coalesce($3::timestamptz, '-infinity') AND posted_at < coalesce($4::timestamptz, 'infinity')`
	ledgerAnswer = ` LIMIT $7::integer)
		SELECT ` + ledgerRow + `, o.code, j.seq, j.type, j.template, j.effective_at, j.booked_on, j.initiated_by
		FROM page p
		JOIN accounts o ON o.book_id = $1 AND o.account_id = p.other
		JOIN journals j ON j.book_id = $1 AND j.journal_id = p.journal_id
		ORDER BY p.posted_at, p.version`
	ledgerUp   = ` ORDER BY posted_at, version`
	ledgerDown = ` ORDER BY posted_at DESC, version DESC`
	ledgerWith = `
		WITH page AS (SELECT ` + ledgerRow + ` FROM (
			(`
	ledgerUpSQL = "-- name: account_ledger" + ledgerWith + ledgerDebit + ` >` + ledgerKey + ledgerUp + ` LIMIT 101) UNION ALL (` +
		ledgerCredit + ` >` + ledgerKey + ledgerUp + ` LIMIT 101)) p` + ledgerUp + ledgerAnswer
	ledgerDownSQL = "-- name: account_ledger_backward" + ledgerWith + ledgerDebit + ` <` + ledgerKey + ledgerDown + ` LIMIT 101) UNION ALL (` +
		ledgerCredit + ` <` + ledgerKey + ledgerDown + ` LIMIT 101)) p` + ledgerDown + ledgerAnswer
)

// The ends of an account's ledger, beyond any key.
var (
	ledgerFirst = finance.LineKey{PostedAt: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}
	ledgerLast  = finance.LineKey{PostedAt: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
)

// AccountLedger implements finance.Reader.
func (r *Reader) AccountLedger(ctx context.Context, query finance.LedgerQuery) (*finance.LedgerPage, error) {
	if err := checkLimit(query.Limit); err != nil {
		return nil, fmt.Errorf("read ledger of %s: %w", query.Code, err)
	}
	account := ledger.AccountID(query.Book, query.Code, query.Commodity)
	of := []any{query.Book, account, optionalTime(query.From), optionalTime(query.To)}
	page, found := &finance.LedgerPage{}, false
	batch := snapshot()
	batch.Queue(accountHeadSQL, of...).Query(each(func(rows pgx.Rows) error {
		found = true
		return scanLedgerHead(rows, page)
	}))
	sql, key := ledgerUpSQL, ledgerFirst
	if query.Backward {
		sql, key = ledgerDownSQL, ledgerLast
	}
	if query.HasKey {
		key = query.Key
	}
	batch.Queue(sql, append(of, key.PostedAt, key.Version, query.Limit+1)...).Query(each(func(rows pgx.Rows) error {
		line, err := scanLedgerLine(rows)
		page.Lines = append(page.Lines, line)
		return err
	}))
	if err := r.run(ctx, batch); err != nil {
		return nil, fmt.Errorf("read ledger of %s: %w", query.Code, err)
	}
	if !found {
		return nil, fmt.Errorf("read ledger of %s: %w", query.Code, domain.ErrNotFound)
	}
	if page.More = len(page.Lines) > query.Limit; page.More {
		surplus := len(page.Lines) - 1 // the row furthest from where the page began
		if query.Backward {
			surplus = 0
		}
		page.Lines = slices.Delete(page.Lines, surplus, surplus+1)
	}
	return page, nil
}

func scanLedgerHead(rows pgx.Rows, page *finance.LedgerPage) error {
	var opening, closing []int64
	if err := rows.Scan(&page.Class, &page.CreditNormal, &page.Seq, &opening, &closing); err != nil {
		return err
	}
	page.Opening, page.Closing = pointOf(opening), pointOf(closing)
	return nil
}

// pointOf is the account after the posting that was found, or before its first.
func pointOf(last []int64) finance.LedgerPoint {
	if len(last) != 2 {
		return finance.LedgerPoint{}
	}
	return finance.LedgerPoint{Version: last[0], Balance: last[1]}
}

func scanLedgerLine(rows pgx.Rows) (finance.LedgerLine, error) {
	line := finance.LedgerLine{Side: ledger.Debit}
	var credit bool
	var other ledger.ID
	var booked time.Time
	err := rows.Scan(&line.PostedAt, &line.Version, &credit, &line.Amount, &line.Balance, &other, &line.Journal,
		&line.Other, &line.Seq, &line.Type, &line.Template, &line.EffectiveAt, &booked, &line.InitiatedBy)
	if credit {
		line.Side = ledger.Credit
	}
	line.BookedOn = ledger.DateOf(booked)
	return line, err
}
