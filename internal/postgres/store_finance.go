package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/finance"
	"purser/ledger"
)

// registerFinance tells the store how to read the finance package's guards and write
// its effects.
func (s *Store) registerFinance() {
	s.guards[finance.GuardPeriod] = readStandings
	s.guards[finance.GuardInvariants] = readBrokenInvariants
	s.effects = append(s.effects, registeredEffect{finance.EffectRequest, writePeriodRequests})
}

// readStandings finds every period that is a period, on record or not. How far the
// other books are closed is read without their locks: a book that moves meanwhile is
// checked again under its own, by the fold.
func readStandings(batch *pgx.Batch, _ ledger.BookID, ids []string, found func(id string, row any)) {
	standings := make(map[string]*finance.Standing, len(ids))
	for _, id := range ids {
		standings[id] = &finance.Standing{}
	}
	periods := make([]time.Time, 0, len(ids))
	for _, id := range ids {
		if period, ok := ledger.ParsePeriod(id); ok {
			periods = append(periods, period.FirstDay().Time())
		}
	}
	batch.Queue("-- name: guard_period_requests_read\n"+newestRequestSQL, periods).Query(each(func(rows pgx.Rows) error {
		request, err := scanRequest(rows)
		if standing := standings[request.Period.String()]; standing != nil {
			standing.Add(request)
		}
		return err
	}))
	batch.Queue(`-- name: guard_books_closed_read
		SELECT book_id, closed_through FROM book_heads ORDER BY book_id`).Query(func(rows pgx.Rows) error {
		var books []finance.BookClosing
		for rows.Next() {
			book, err := scanClosed(rows)
			if err != nil {
				return err
			}
			books = append(books, book)
		}
		for id, standing := range standings {
			standing.Books = books
			found(id, *standing)
		}
		return rows.Err()
	})
}

// requestColumns are what scanRequest reads.
const requestColumns = `r.request_id, r.period, r.action, r.reason, r.requested_by, r.requested_at, r.approved_by, r.approved_at, r.withdrawn_by, r.withdrawn_at`

// newestOfStatus picks of the requests of each period the newest of each status.
const (
	eachStatus       = `DISTINCT ON (r.period, r.status) `
	newestOfStatus   = ` ORDER BY r.period, r.status, r.requested_at DESC, r.request_id DESC`
	newestRequestSQL = `
		SELECT ` + eachStatus + requestColumns + `
		FROM unnest($1::date[]) AS n (period) JOIN period_requests r ON r.period = n.period` + newestOfStatus
)

// scanRequest reads a row of requestColumns, and what follows them.
func scanRequest(rows pgx.Rows, more ...any) (*finance.Request, error) {
	r := &finance.Request{}
	var period time.Time
	var approvedBy, withdrawnBy *string
	var approvedAt, withdrawnAt *time.Time
	err := rows.Scan(append([]any{
		&r.ID, &period, &r.Action, &r.Reason, &r.RequestedBy, &r.RequestedAt, &approvedBy, &approvedAt, &withdrawnBy, &withdrawnAt,
	}, more...)...)
	r.Period = ledger.PeriodOf(ledger.DateOf(period))
	r.ApprovedBy, r.ApprovedAt = orZero(approvedBy), orZero(approvedAt)
	r.WithdrawnBy, r.WithdrawnAt = orZero(withdrawnBy), orZero(withdrawnAt)
	return r, err
}

func scanClosed(rows pgx.Rows) (finance.BookClosing, error) {
	var book finance.BookClosing
	var through *time.Time
	err := rows.Scan(&book.Book, &through)
	if through != nil {
		book.ClosedThrough = ledger.DateOf(*through)
	}
	return book, err
}

func readBrokenInvariants(batch *pgx.Batch, _ ledger.BookID, _ []string, found func(id string, row any)) {
	batch.Queue(`-- name: guard_invariants_read
		SELECT invariant FROM invariant_checks WHERE status = 'BROKEN' ORDER BY length(invariant), invariant`).Query(func(rows pgx.Rows) error {
		broken, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err == nil {
			found(finance.InvariantsID, broken)
		}
		return err
	})
}

// writePeriodRequests writes one row after the other: a batch in which one person
// asks and another agrees must end with both.
func writePeriodRequests(batch *pgx.Batch, _ ledger.BookID, rows []any) {
	for _, r := range rowsOf[finance.Request](rows) {
		batch.Queue(`-- name: period_requests_write
			INSERT INTO period_requests (request_id, period, action, status, reason, requested_by, requested_at, approved_by, approved_at, withdrawn_by, withdrawn_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT ON CONSTRAINT period_requests_pkey DO UPDATE SET
				status = excluded.status, approved_by = excluded.approved_by, approved_at = excluded.approved_at,
				withdrawn_by = excluded.withdrawn_by, withdrawn_at = excluded.withdrawn_at`,
			r.ID, r.Period.FirstDay().Time(), string(r.Action), string(r.Status()), r.Reason, r.RequestedBy, r.RequestedAt,
			optional(r.ApprovedBy), optionalTime(r.ApprovedAt), optional(r.WithdrawnBy), optionalTime(r.WithdrawnAt))
	}
}
