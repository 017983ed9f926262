package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/analytics"
	"purser/ledger"
)

// Analyse answers a question with two statements in one snapshot: the first finds
// its instant and the time zones that decide its dates, the second its groups. It
// returns an *analytics.QueryError for what cannot be asked.
func (r *Reader) Analyse(ctx context.Context, scope analytics.Scope, query analytics.Query) (*analytics.Result, error) {
	if err := query.Validate(scope); err != nil {
		return nil, fmt.Errorf("analyse: %w", err)
	}
	a := &analysis{reader: r, scope: scope, query: query}
	if err := r.converse(ctx, []func(*pgx.Batch) error{a.begin, a.groups}); err != nil {
		return nil, fmt.Errorf("analyse %s: %w", query.Dataset, err)
	}
	if a.count > analytics.GroupsMax {
		return nil, fmt.Errorf("analyse %s: %w", query.Dataset, analytics.TooManyGroups())
	}
	result, err := query.Answer(scope, a.plan, a.found, a.now)
	if err != nil {
		return nil, fmt.Errorf("analyse %s: %w", query.Dataset, err)
	}
	return result, nil
}

// analysis gathers what one question finds.
type analysis struct {
	reader *Reader
	scope  analytics.Scope
	query  analytics.Query

	now   time.Time
	zones []string
	plan  analytics.Plan
	found analytics.Found
	count int64 // of groups, shown or not
}

// begin is the first trip.
func (a *analysis) begin(batch *pgx.Batch) error {
	sql, arguments := analyticsInstantSQL, []any{}
	if a.query.NeedsZones() {
		sql, arguments = analyticsZonesSQL, reachedBy(a.scope)
		if len(arguments) > 0 {
			sql = analyticsOwnZonesSQL
		}
	}
	clock := a.reader.clock().UTC().Truncate(time.Microsecond)
	batch.Queue(sql, append(arguments, clock)...).QueryRow(func(row pgx.Row) error { return row.Scan(&a.now, &a.zones) })
	return nil
}

// groups is the second trip.
func (a *analysis) groups(batch *pgx.Batch) error {
	var err error
	if a.plan, err = a.query.Plan(a.zones, a.now); err != nil {
		return err
	}
	sql, arguments := analyticsStatement(a.scope, a.query, a.plan)
	batch.Queue(sql, arguments...).Query(each(a.group))
	return nil
}

// group reads a row: a group that is shown, or what the others come to.
func (a *analysis) group(rows pgx.Rows) error {
	var group analytics.Group
	var shown, truncated bool
	var count int64
	keys := make([]analyticsCell, len(a.query.Dimensions))
	targets := []any{&shown}
	for i, dimension := range a.query.Dimensions {
		targets = append(targets, keys[i].targets(dimension)...)
	}
	targets = append(targets, figuresOf(a.query.Dataset, &group.Sums)...)
	targets = append(targets, figuresOf(a.query.Dataset, &group.Compared)...)
	if err := rows.Scan(append(targets, &group.Parties, &group.ComparedParties, &truncated, &count)...); err != nil {
		return err
	}
	for _, key := range keys {
		group.Keys = append(group.Keys, key.cell())
	}
	a.count, a.found.Truncated = a.count+count, a.found.Truncated || truncated
	if shown {
		a.found.Shown = append(a.found.Shown, group)
	} else {
		a.found.Rest = append(a.found.Rest, group)
	}
	return nil
}

// figuresOf are the figures of a dataset in the order of analyticsSources.
func figuresOf(dataset analytics.Dataset, f *analytics.Figures) []any {
	if dataset == analytics.WalletFlows {
		return []any{&f.UnitsIn, &f.UnitsOut, &f.Transactions}
	}
	return []any{&f.Impressions, &f.Clicks, &f.BillableClicks, &f.SpendGross, &f.Credits}
}

// analyticsCell is the value of one dimension as it is stored; null in what the
// groups that are not shown come to.
type analyticsCell struct {
	day  *time.Time
	book *ledger.BookID
	id   *ledger.ID
	text *string
}

// targets are where the columns of a dimension are read into, in the order of
// analyticsKeys.
func (c *analyticsCell) targets(dimension analytics.Dimension) []any {
	switch len(analyticsKeys[dimension].columns) {
	case 3:
		return []any{&c.text, &c.book, &c.id}
	default:
		if dimension == analytics.DimensionDate {
			return []any{&c.day}
		}
		return []any{&c.text}
	}
}

func (c *analyticsCell) cell() analytics.Cell {
	switch {
	case c.day != nil:
		return analytics.DateCell(ledger.DateOf(*c.day))
	case c.text != nil:
		return analytics.StringCell{Text: *c.text, Ref: analytics.Ref{Book: orZero(c.book), ID: orZero(c.id)}}
	}
	return nil
}
