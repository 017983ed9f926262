package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/finance"
	"purser/ledger"
)

var _ finance.Reader = (*Reader)(nil)

// Pages of months. $1 is the current month; $2 the month to go on from, null for the
// list's end; $3 the number of rows; $4 says to read from the oldest month on. The
// list goes back to the month of the oldest booking, or of the oldest request.
const (
	monthsPage = `
		WITH oldest AS (
			SELECT least((
				SELECT min((SELECT min(t.booked_on) FROM trial_days t WHERE t.book_id = h.book_id)) FROM book_heads h
			), (SELECT r.period FROM period_requests r ORDER BY r.period LIMIT 1), $1::date) AS day
		),
		page AS (
			SELECT m::date AS period
			FROM oldest, generate_series(date_trunc('month', day::timestamp), $1::timestamp, '1 month') m
			WHERE $2::date IS NULL OR CASE WHEN $4::boolean THEN m > $2 ELSE m < $2 END
			ORDER BY CASE WHEN $4 THEN m END, m DESC LIMIT $3::integer
		)`
	monthsSQL = "-- name: periods_page" + monthsPage + `
		SELECT period FROM page ORDER BY period DESC`
	monthsRequestsSQL = "-- name: periods_requests" + monthsPage + `
		SELECT ` + eachStatus + requestColumns + `
		FROM page g JOIN period_requests r ON r.period = g.period` + newestOfStatus
	monthsClosingsSQL = "-- name: periods_closings" + monthsPage + closings + ` JOIN page g ON g.period = t.period` + closingsNewest

	// The newest event of each book and period. One that is no closing is left out.
	closings = `
		SELECT c.book_id, c.period, c.seq, c.journal_id, c.at, c.trial_hash FROM (
			SELECT DISTINCT ON (t.book_id, t.period) t.book_id, t.period, t.seq, t.journal_id, t.at, t.trial_hash, t.event FROM book_periods t`
	closingsNewest = ` ORDER BY t.book_id, t.period, t.seq DESC) c
		WHERE c.event = 'CLOSED'`
	periodClosingsSQL = "-- name: period_closings" + closings + ` WHERE t.period = ANY($1::date[])` + closingsNewest

	closedSQL = `-- name: books_closed
		SELECT book_id, closed_through, seq FROM book_heads ORDER BY book_id`
)

// periodsRead gathers where periods stand.
type periodsRead struct {
	books    []finance.BookClosing
	seqs     map[ledger.BookID]int64
	standing map[ledger.Period]finance.Standing // without books
	closings map[ledger.Period]map[ledger.BookID]finance.Closing
}

func newPeriodsRead(batch *pgx.Batch) *periodsRead {
	p := &periodsRead{
		seqs: map[ledger.BookID]int64{}, standing: map[ledger.Period]finance.Standing{},
		closings: map[ledger.Period]map[ledger.BookID]finance.Closing{},
	}
	batch.Queue(closedSQL).Query(each(func(rows pgx.Rows) error {
		var book finance.BookClosing
		var through *time.Time
		var seq int64
		if err := rows.Scan(&book.Book, &through, &seq); err != nil {
			return err
		}
		if through != nil {
			book.ClosedThrough = ledger.DateOf(*through)
		}
		p.books, p.seqs[book.Book] = append(p.books, book), seq
		return nil
	}))
	return p
}

func (p *periodsRead) request(rows pgx.Rows) error {
	request, err := scanRequest(rows)
	standing := p.standing[request.Period]
	standing.Add(request)
	p.standing[request.Period] = standing
	return err
}

func (p *periodsRead) closing(rows pgx.Rows) error {
	var book ledger.BookID
	var first time.Time
	var closing finance.Closing
	if err := rows.Scan(&book, &first, &closing.Seq, &closing.Journal, &closing.At, &closing.TrialHash); err != nil {
		return err
	}
	period := ledger.PeriodOf(ledger.DateOf(first))
	if p.closings[period] == nil {
		p.closings[period] = map[ledger.BookID]finance.Closing{}
	}
	p.closings[period][book] = closing
	return nil
}

func (p *periodsRead) status(period ledger.Period) finance.PeriodStatus {
	standing := p.standing[period]
	standing.Books = p.books
	return finance.PeriodStatus{Period: period, Closings: p.closings[period], Standing: standing}
}

// Period implements finance.Directory.
func (r *Reader) Period(ctx context.Context, period ledger.Period) (finance.PeriodStatus, error) {
	batch := snapshot()
	p, of := newPeriodsRead(batch), []time.Time{period.FirstDay().Time()}
	batch.Queue("-- name: period_request\n"+newestRequestSQL, of).Query(each(p.request))
	batch.Queue(periodClosingsSQL, of).Query(each(p.closing))
	if err := r.run(ctx, batch); err != nil {
		return finance.PeriodStatus{}, fmt.Errorf("read period %s: %w", period, err)
	}
	return p.status(period), nil
}

// Periods implements finance.Reader.
func (r *Reader) Periods(ctx context.Context, query finance.PeriodsQuery) (*finance.PeriodsPage, error) {
	if err := checkLimit(query.Limit); err != nil {
		return nil, fmt.Errorf("read periods: %w", err)
	}
	var key *time.Time
	if query.HasKey {
		first := query.Key.FirstDay().Time()
		key = &first
	}
	of := []any{ledger.PeriodOf(query.Today).FirstDay().Time(), key, query.Limit + 1, query.Backward}
	batch := snapshot()
	p := newPeriodsRead(batch)
	var months []ledger.Period
	batch.Queue(monthsSQL, of...).Query(each(func(rows pgx.Rows) error {
		var first time.Time
		err := rows.Scan(&first)
		months = append(months, ledger.PeriodOf(ledger.DateOf(first)))
		return err
	}))
	batch.Queue(monthsRequestsSQL, of...).Query(each(p.request))
	batch.Queue(monthsClosingsSQL, of...).Query(each(p.closing))
	if err := r.run(ctx, batch); err != nil {
		return nil, fmt.Errorf("read periods: %w", err)
	}
	page := &finance.PeriodsPage{Seqs: p.seqs, More: len(months) > query.Limit}
	if page.More && query.Backward {
		months = months[1:]
	}
	for _, month := range months[:min(len(months), query.Limit)] {
		page.Periods = append(page.Periods, p.status(month))
	}
	return page, nil
}

// InvariantStatuses implements finance.Reader.
func (r *Reader) InvariantStatuses(ctx context.Context) ([]finance.InvariantStatus, error) {
	checked := map[string]finance.InvariantStatus{}
	batch := snapshot()
	batch.Queue(`-- name: invariant_checks
		SELECT invariant, status, checked_at, failures, detail FROM invariant_checks`).Query(each(func(rows pgx.Rows) error {
		var s finance.InvariantStatus
		err := rows.Scan(&s.Invariant, &s.Status, &s.CheckedAt, &s.Failures, &s.Detail)
		checked[s.Invariant] = s
		return err
	}))
	if err := r.run(ctx, batch); err != nil {
		return nil, fmt.Errorf("read invariant checks: %w", err)
	}
	statuses := make([]finance.InvariantStatus, 0, len(invariants))
	for _, known := range invariants {
		status, found := checked[known.Invariant]
		if !found {
			status = finance.InvariantStatus{Invariant: known.Invariant, Status: finance.InvariantUnknown}
			if known.Note == testsOnly {
				status.Status = finance.InvariantTested
			}
		}
		status.Title = known.Title
		statuses = append(statuses, status)
	}
	return statuses, nil
}
