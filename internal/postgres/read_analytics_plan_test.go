package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/analytics"
	"purser/internal/domain"
	"purser/internal/postgres"
	"purser/ledger"
)

// tablesRead counts the rows of each table that a plan looks at, and names the tables
// that it reads from end to end.
func (n planNode) tablesRead() (rows map[string]float64, scans map[string]bool) {
	rows, scans = map[string]float64{}, map[string]bool{}
	var add func(planNode)
	add = func(n planNode) {
		if n.Relation != "" {
			rows[n.Relation] += (n.Rows + n.ByFilter + n.ByRecheck) * n.Loops
			scans[n.Relation] = scans[n.Relation] || n.Type == "Seq Scan"
		}
		for _, child := range n.Children {
			add(child)
		}
	}
	add(n)
	return rows, scans
}

// planOf runs the statement of a question and returns what it did.
func planOf(t *testing.T, conn *pgx.Conn, scope analytics.Scope, query analytics.Query, now time.Time) planNode {
	t.Helper()
	plan, err := query.Plan([]string{"UTC"}, now)
	if err != nil {
		t.Fatal(err)
	}
	sql, arguments := postgres.AnalyticsStatement(scope, query, plan)
	var answer []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) "+sql, arguments...).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan planNode }
	if err := json.Unmarshal(answer, &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}

// TestAnalyticsPlans asks for little of much: what is read depends on the question,
// not on how much there is.
func TestAnalyticsPlans(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	ref, _ := w.openOwn()
	w.grant(ref, 1_000_000, ledger.OriginPlan, began.AddDate(2, 0, 0))
	account, owner := w.openAdvertiser("UTC")
	mine := w.campaign(account, "Mine", nil)
	others, _ := w.openAdvertiser("UTC")
	w.superuser(fmt.Sprintf(`
		INSERT INTO journals (book_id, journal_id, seq, template, template_version, type, arguments, effective_at, booked_on, posted_at, wallet_id, initiated_by)
		SELECT %[1]d, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1000 + n, 'SPEND', 1, 'PROPOSAL', '', timestamptz '2026-01-01Z' + n * interval '1 minute',
			now(), now(), '%[2]s', 'party:x' FROM generate_series(1, 100000) n;
		INSERT INTO lot_movements (book_id, journal_id, line, lot_id, account_id, quantity, basis)
		SELECT m.book_id, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, m.lot_id, m.account_id, -1, 0
		FROM lot_movements m CROSS JOIN generate_series(1, 100000) n;
		INSERT INTO campaigns (book_id, campaign_id, ad_account_id, name, name_key, product, ad_type, ad_id, starts_at, bid_minor,
			budget_type, budget_minor, status, version, created_at, updated_at, budget_edits_on, budget_edits)
		SELECT %[3]d, gen_random_uuid(), '%[4]s', 'C' || n, 'C' || n, 'PROMOTED_JOB', 'JOB', gen_random_uuid(), now(), 1,
			'DAILY', 1, 'ENABLED', 1, now(), now(), now(), 0 FROM generate_series(1, 300) n;
		INSERT INTO ad_rollups_daily SELECT c.book_id, c.campaign_id, date '2025-12-01' + n, 2, 1, 1, 7, 0, 0 FROM campaigns c CROSS JOIN generate_series(0, 99) n;
		ANALYZE; SELECT brin_summarize_new_values('journals_effective')`, ref.Book, ref.ID, others.Book, others.ID))
	conn, err := pgx.Connect(t.Context(), w.pg.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) }) // the database is dropped next

	flows := analytics.Query{
		Dataset: analytics.WalletFlows, Metrics: []analytics.Metric{analytics.UnitsOut}, Dimensions: []analytics.Dimension{analytics.DimensionDate},
		Range: domain.Range{Preset: domain.PresetYesterday}, Compare: domain.ComparisonPreviousPeriod, Grain: analytics.GrainDay, Limit: 10,
	}
	// Two days of 1,440 journals each, and the rest of the block ranges they are in.
	for name, scope := range map[string]analytics.Scope{"finance": everyGroup, "product": aggregates} {
		rows, scans := planOf(t, conn, scope, flows, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)).tablesRead()
		if rows["journals"] < 2*1440 || rows["journals"] > 20_000 || rows["lot_movements"] != 2*1440 || scans["journals"] || scans["lot_movements"] {
			t.Errorf("%s asks for two days of flows: read %v, end to end %v", name, rows, scans)
		}
	}
	spend := impressions()
	spend.Range, spend.Dimensions = domain.Range{Preset: domain.PresetLast30Days}, []analytics.Dimension{analytics.DimensionCampaign, analytics.DimensionDate}
	rows, scans := planOf(t, conn, analytics.Scope{Caller: owner}, spend, began).tablesRead()
	if rows["ad_rollups_daily"] != 30 || scans["ad_rollups_daily"] {
		t.Errorf("an owner asks for 30 days of one campaign: read %v, end to end %v", rows, scans)
	}
	spend.Filters = []analytics.Filter{{Dimension: analytics.DimensionCampaign, Refs: []analytics.Ref{analytics.Ref(mine)}}}
	if rows, scans = planOf(t, conn, everyGroup, spend, began).tablesRead(); rows["ad_rollups_daily"] != 30 || scans["ad_rollups_daily"] {
		t.Errorf("finance asks for 30 days of one campaign: read %v, end to end %v", rows, scans)
	}
}
