package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/internal/obs"
)

// TestAnalyticsGroups asks for as many groups as an answer may be made of, and for
// more.
func TestAnalyticsGroups(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, _ := w.openAdvertiser("UTC")
	w.superuser(fmt.Sprintf(`
		INSERT INTO campaigns (book_id, campaign_id, ad_account_id, name, name_key, product, ad_type, ad_id, starts_at, bid_minor,
			budget_type, budget_minor, status, version, created_at, updated_at, budget_edits_on, budget_edits)
		SELECT %d, gen_random_uuid(), '%s', 'C' || n, 'C' || n, 'PROMOTED_JOB', 'JOB', gen_random_uuid(), now(), 1,
			'DAILY', 1, 'ENABLED', 1, now(), now(), now(), 0 FROM generate_series(1, 1000) n;
		INSERT INTO ad_rollups_daily SELECT c.book_id, c.campaign_id, date '2026-01-01' + n, 2, 1, 1, 7, 0, 0
		FROM campaigns c CROSS JOIN generate_series(0, 100) n`, account.Book, account.ID))
	query := impressions()
	query.Dimensions = []analytics.Dimension{analytics.DimensionCampaign, analytics.DimensionDate}
	query.Range, query.Limit = domain.Range{From: day(1, 1), To: day(4, 11)}, 1000
	result, _, _ := w.analyse(everyGroup, query)
	want := []analytics.Cell{nil, nil, analytics.IntCell(200_000)}
	if diff := cmp.Diff(want, result.Totals.Cells); diff != "" || len(result.Rows) != 1000 || !result.Truncated {
		t.Errorf("100,000 groups: %d rows, truncated %t, totals:\n%s", len(result.Rows), result.Truncated, diff)
	}
	query.Range.To = day(4, 12)
	for name, scope := range map[string]analytics.Scope{"everything": everyGroup, "aggregates": aggregates} {
		var refused *analytics.QueryError
		_, err := w.reader.Analyse(t.Context(), scope, query)
		if !errors.As(err, &refused) || refused.Kind != analytics.ErrorLimit || refused.Limit != analytics.LimitGroups || refused.Max != 100_000 {
			t.Errorf("101,000 groups of %s: %v, want the limit of groups", name, err)
		}
	}
	query.Range.Preset = "" // the connection is in order again
	query.Range.To = day(1, 2)
	if result, _, _ = w.analyse(everyGroup, query); len(result.Rows) != 1000 || result.Truncated {
		t.Errorf("1,000 groups: %d rows, truncated %t", len(result.Rows), result.Truncated)
	}
}

// What can never be answered is refused before anything is read, and a range whose
// length only the clock tells, before its figures are.
func TestAnalyticsRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refusal := func(query analytics.Query) (*analytics.QueryError, int) {
		ctx, counter := obs.WithCounter(t.Context())
		_, err := w.reader.Analyse(ctx, everyGroup, query)
		var refused *analytics.QueryError
		if !errors.As(err, &refused) {
			t.Fatalf("%+v: %v, want a *QueryError", query, err)
		}
		return refused, counter.RoundTrips()
	}
	query := impressions()
	query.Limit = 1001
	if refused, trips := refusal(query); refused.Limit != analytics.LimitRows || trips != 0 {
		t.Errorf("1,001 rows: %v after %d round trips, want the limit of rows after none", refused, trips)
	}
	query = impressions()
	query.Range, query.TimeZone = domain.Range{Preset: domain.PresetLastYear}, "Asia/Kathmandu"
	if refused, _ := refusal(query); refused.Limit != analytics.LimitZonedDays || refused.Max != 92 {
		t.Errorf("a year with a time zone: %v, want the limit of zoned days", refused)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.reader.Analyse(ctx, everyGroup, impressions()); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader that gave up: %v, want context.Canceled", err)
	}
}
