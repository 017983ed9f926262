package postgres_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/obs"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

// recorder keeps the statements of batches with their parameters.
type recorder struct {
	mu   sync.Mutex
	sent map[string]recorded // by name
}

type recorded struct {
	sql       string
	arguments []any
}

func (*recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (*recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, query := range data.Batch.QueuedQueries {
		if len(query.Arguments) > 0 {
			r.sent[obs.StatementName(query.SQL)] = recorded{query.SQL, query.Arguments}
		}
	}
	return ctx
}
func (*recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// explained runs a statement as a prepared one under a plan cache mode.
func explained(t *testing.T, conn *pgx.Conn, mode string, s recorded) planNode {
	t.Helper()
	prepared, err := conn.Prepare(t.Context(), s.sql, s.sql)
	if err != nil {
		t.Fatal(err)
	}
	literals := make([]string, len(s.arguments))
	for i, argument := range s.arguments {
		text, err := conn.TypeMap().Encode(prepared.ParamOIDs[i], pgx.TextFormatCode, argument, []byte{})
		switch {
		case err != nil:
			t.Fatal(err)
		case text == nil:
			literals[i] = "NULL"
		default:
			literals[i] = "'" + strings.ReplaceAll(string(text), "'", "''") + "'"
		}
	}
	results, err := conn.PgConn().Exec(t.Context(), "SET plan_cache_mode = "+mode+
		`; EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) EXECUTE "`+prepared.Name+`" (`+strings.Join(literals, ", ")+")").ReadAll()
	if err != nil {
		t.Fatalf("explain under %s: %v", mode, err)
	}
	var answer []byte
	for _, result := range results {
		for _, row := range result.Rows {
			answer = append(answer, row[0]...)
		}
	}
	var plans []struct{ Plan planNode }
	if err := json.Unmarshal(answer, &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}

// touched counts the rows that a plan read, per table, and names the tables it read
// from end to end.
func (n planNode) touched() (rows map[string]float64, scans []string) {
	rows = map[string]float64{}
	var add func(planNode)
	add = func(n planNode) {
		if n.Relation != "" {
			rows[n.Relation] += (n.Rows + n.ByFilter + n.ByRecheck) * n.Loops
			if n.Type == "Seq Scan" {
				scans = append(scans, n.Relation)
			}
		}
		for _, child := range n.Children {
			add(child)
		}
	}
	add(n)
	return rows, scans
}

// crowd fills the tables: many advertisers with fifty campaigns each, active on
// thirty days, and one campaign with thirty thousand charges.
func crowd(t *testing.T, w *adWorld, charged campaign.Ref, funder wallet.Ref, owner ledger.ID) {
	t.Helper()
	conn := connect(t, w.pg.SuperURL)
	for _, s := range []recorded{
		{`INSERT INTO owners (owner_id, book_id, kind, jurisdiction, time_zone, created_at)
			SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1::integer, 'PARTY', 'US', 'UTC', $2::timestamptz FROM generate_series(1, 5000) n`, []any{charged.Book, began}},
		{`INSERT INTO ad_accounts (book_id, ad_account_id, owner_id, name, commodity, wallet_id, time_zone, opened_at)
			SELECT book_id, gen_random_uuid(), owner_id, 'Ads', 'CNX', gen_random_uuid(), 'UTC', created_at FROM owners WHERE owner_id < '00000000-0000-7000-8001-000000000000'`, nil},
		{`INSERT INTO ad_accounts (book_id, ad_account_id, owner_id, name, commodity, wallet_id, time_zone, opened_at)
			VALUES ($1, gen_random_uuid(), $2, 'Ads', 'CNX', $3, 'UTC', $4)`, []any{funder.Book, owner, funder.ID, began}},
		{`INSERT INTO campaigns (book_id, campaign_id, ad_account_id, name, name_key, product, ad_type, ad_id, starts_at, bid_minor, budget_type,
				budget_minor, status, version, created_at, updated_at, budget_edits_on, budget_edits, funded)
			SELECT a.book_id, gen_random_uuid(), a.ad_account_id, 'Campaign ' || n, 'CAMPAIGN ' || n, 'BOOSTED_PROFILE', 'PROFILE', gen_random_uuid(),
				a.opened_at, 20, 'DAILY', 1000, 'ENABLED', 1, a.opened_at, a.opened_at, a.opened_at::date, 0, 1000000
			FROM ad_accounts a CROSS JOIN generate_series(1, 50) n WHERE a.owner_id < '00000000-0000-7000-8000-0000000000c8' OR a.owner_id = $1`, []any{owner}},
		{`INSERT INTO accounts (book_id, account_id, code, class, commodity, opened_at)
			SELECT book_id, gen_random_uuid(), 'CAMPAIGN:' || campaign_id || ':ESCROW', 'CAMPAIGN:*:ESCROW', 'CNX', created_at FROM campaigns`, nil},
		{`INSERT INTO account_balances (book_id, account_id, debits, credits, version, credit_normal, floored)
			SELECT book_id, account_id, 5, 8, 2, true, true FROM accounts WHERE class = 'CAMPAIGN:*:ESCROW'`, nil},
		{`INSERT INTO ad_rollups_daily (book_id, campaign_id, day, impressions, clicks, billable_clicks, spend_gross, credits, unbilled)
			SELECT book_id, campaign_id, created_at::date - d, 100, 10, d, 3, 0, 0 FROM campaigns CROSS JOIN generate_series(0, 29) d`, nil},
		{`INSERT INTO ad_rollups_15m (book_id, campaign_id, bucket_at, impressions, clicks, billable_clicks, spend_gross, credits, unbilled)
			SELECT book_id, campaign_id, date_trunc('day', created_at) - d * interval '6 hours', 100, 10, d, 3, 0, 0 FROM campaigns CROSS JOIN generate_series(0, 20) d`, nil},
		{`INSERT INTO click_charges (book_id, campaign_id, posted_at, journal_id, batch, minute_at, impressions, clicks, billable_clicks, billed, unbilled)
			SELECT $1::integer, $2::uuid, $3::timestamptz - n * interval '1 minute', gen_random_uuid(), '', $3, 0, 0, 0, 0, 0 FROM generate_series(1, 30000) n`, []any{charged.Book, charged.ID, began}},
		{`INSERT INTO campaign_changes (book_id, campaign_id, changed_at, journal_id, line, actor, field, old_value, new_value)
			SELECT book_id, campaign_id, posted_at, journal_id, 0, '', '', '', '' FROM click_charges LIMIT 10000`, nil},
		{`INSERT INTO journals (book_id, journal_id, seq, template, template_version, type, arguments, effective_at, booked_on, posted_at, initiated_by)
			SELECT book_id, journal_id, 1000 + row_number() OVER (), 'CHARGE_CLICKS', 1, 'CLICK_CHARGE', '', posted_at, posted_at::date, posted_at, 'service:x' FROM click_charges`, nil},
		{
			`INSERT INTO postings (book_id, journal_id, line, debit_account, credit_account, commodity, amount, posted_at,
				debit_version, debit_balance, debit_net, credit_version, credit_balance, credit_net)
			SELECT book_id, journal_id, 0, CASE WHEN extract(minute FROM posted_at) < 30 THEN $1::uuid ELSE gen_random_uuid() END, gen_random_uuid(),
				'CNX', 1, posted_at, 1, 1, -1, 1, 1, 1 FROM click_charges`,
			[]any{ledger.AccountID(charged.Book, campaign.EscrowCode(charged.ID, ledger.CNX), ledger.CNX)},
		},
		{
			// Holds that were settled long ago, half of them of the wallet that is read.
			`INSERT INTO holds (book_id, hold_id, wallet_id, account_id, held_account_id, purpose, reserved, captured, status, opened_at, expires_at, closed_at)
			SELECT $1::integer, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, CASE WHEN n % 2 = 0 THEN $2::uuid ELSE gen_random_uuid() END,
				CASE WHEN n % 2 = 0 THEN $3::uuid ELSE gen_random_uuid() END, gen_random_uuid(), 'BID', 5, 5 * (n % 10000 > 0)::integer,
				CASE WHEN n % 10000 > 0 THEN 'CAPTURED' ELSE 'OPEN' END, $4::timestamptz, 'infinity', CASE WHEN n % 10000 > 0 THEN $4 END
			FROM generate_series(1, 20000) n`,
			[]any{funder.Book, funder.ID, ledger.AccountID(funder.Book, wallet.AvailableCode(funder.ID), ledger.CNX), began},
		},
		{`ANALYZE`, nil},
	} {
		if _, err := conn.Exec(t.Context(), s.sql, s.arguments...); err != nil {
			t.Fatalf("%s: %v", s.sql, err)
		}
	}
}

// small are tables that a test keeps too small for an index to be worth its while.
var small = []string{"memberships", "book_heads", "wallets", "lots", "lot_places", "account_back_dated"}

// checkPlans explains every statement that was recorded, with the plan that the
// planner makes for its parameters and with the one for any, and compares the rows
// it read in each table with the most it may.
func (r *recorder) checkPlans(t *testing.T, conn *pgx.Conn, most map[string]map[string]float64) {
	t.Helper()
	for name, tables := range most {
		sent, found := r.sent[name]
		if !found {
			t.Errorf("no statement %s was sent", name)
			continue
		}
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			rows, scans := explained(t, conn, mode, sent).touched()
			scans = slices.DeleteFunc(scans, func(table string) bool { return slices.Contains(small, table) })
			if len(scans) > 0 {
				t.Errorf("%s, %s: scans %v as a whole", name, mode, scans)
			}
			for table, most := range tables {
				if rows[table] > most || (most > 0 && rows[table] == 0) {
					t.Errorf("%s, %s: read %.0f rows of %s, want 1 to %.0f", name, mode, rows[table], table, most)
				}
			}
		}
	}
	clear(r.sent)
}

// TestCampaignPlans reads pages among many campaigns and counts what they touch.
func TestCampaignPlans(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	ref, owner := w.openOwn()
	poor, poorOwner := w.openOwn()
	owner.OwnAdAccounts = true
	account := w.fundedAccount(ref, owner.Party, "America/New_York")
	charged := w.campaign(account, "Charged", nil)
	crowd(t, w, charged, ref, owner.Party)
	record := &recorder{sent: map[string]recorded{}}
	db, err := postgres.Open(t.Context(), w.pg.AppURL, record)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reader, conn := db.NewReader(w.clock), connect(t, w.pg.SuperURL)
	read := func(request campaign.PageRequest) {
		t.Helper()
		if _, err := reader.CampaignPage(t.Context(), owner, request); err != nil {
			t.Fatal(err)
		}
	}

	// All campaigns of two ad accounts, most of which the lists show, over ten days.
	const campaigns = 2*50 + 1
	dates := between(day(time.February, 20), day(time.March, 2))
	lists := everyAdSection(20)
	lists.Mine, lists.Lists[1].Range = true, dates
	lists.Lists[1].Limit = 40
	lists.Performance = []campaign.PerformanceQuery{{Range: dates}, {Range: dates, Zone: "Asia/Kathmandu"}}
	lists.Series = []campaign.SeriesQuery{{Range: dates}, {Range: dates, Zone: "Asia/Kathmandu"}, {Range: between(day(time.February, 28), day(time.March, 1)), Hourly: true}}
	read(lists)
	record.checkPlans(t, conn, map[string]map[string]float64{
		"ad_accounts":       {"ad_accounts": 4, "campaigns": campaigns, "ad_rollups_daily": campaigns, "accounts": 4},
		"campaigns_rising":  {"ad_accounts": 4, "campaigns": campaigns, "ad_rollups_daily": campaigns, "accounts": 4},
		"campaigns_falling": {"ad_accounts": 4, "campaigns": campaigns, "ad_rollups_daily": campaigns * 11, "accounts": 4},
		"performance":       {"ad_rollups_daily": campaigns * 10}, "performance_fine": {"ad_rollups_15m": campaigns * 40},
		"series_daily": {"ad_rollups_daily": campaigns * 10}, "series_other_daily": {"ad_rollups_15m": campaigns * 40}, "series_fine": {"ad_rollups_15m": campaigns * 4},
		"charges": {"click_charges": 3 * 21, "campaigns": 3 * campaigns}, "charges_backward": {"click_charges": 3 * 21},
		"campaign_changes": {"campaign_changes": 4 * 21}, "campaign_changes_backward": {"campaign_changes": 4 * 21},
	})

	// A campaign with a long past: 1,440 minutes of a day, half of them charged, and a
	// day's leave before it.
	read(campaign.PageRequest{
		Campaigns: []campaign.Ref{charged}, Charges: []campaign.ChargesQuery{{Limit: 20}}, Changes: []campaign.ChangesQuery{{Limit: 20}},
		Reconciliations: []campaign.ReconciliationQuery{{Range: between(day(time.February, 28), day(time.March, 1))}},
	})
	record.checkPlans(t, conn, map[string]map[string]float64{
		"campaigns_by_name": {"ad_accounts": 1, "campaigns": 2, "ad_rollups_daily": 1}, "charges": {"click_charges": 3 * 21},
		"campaign_changes": {"campaign_changes": 4 * 21}, "reconciliation": {"postings": 1800, "journals": 1800, "ad_rollups_daily": 1},
	})

	// Balances of a wallet whose campaigns hold something, and of one without any.
	for _, test := range []struct {
		ref       wallet.Ref
		caller    domain.Caller
		campaigns float64
	}{{ref, owner, campaigns}, {poor, poorOwner, 0}} {
		if _, err := reader.Page(t.Context(), test.caller, wallet.PageRequest{
			Refs: []wallet.Ref{test.ref}, Balances: []wallet.BalanceQuery{{}, {AsOf: began}, {AsOf: began, Axis: wallet.AxisBooked}},
		}); err != nil {
			t.Fatal(err)
		}
		most := map[string]float64{"campaigns": test.campaigns, "accounts": 2 * (test.campaigns + 1), "ad_accounts": min(test.campaigns, 2), "owners": 1}
		record.checkPlans(t, conn, map[string]map[string]float64{"page_balance": most, "page_balance_posted": most, "page_balance_booked": most})
	}

	// Holds of a wallet with ten thousand, two of which are open.
	open := ledger.HoldOpen
	if _, err := reader.Page(t.Context(), owner, wallet.PageRequest{Refs: []wallet.Ref{ref}, Holds: []wallet.HoldsQuery{
		{Limit: 20}, {Limit: 20, Direction: wallet.Backward}, {Limit: 20, Status: open}, {Limit: 20, Status: open, Direction: wallet.Backward},
	}}); err != nil {
		t.Fatal(err)
	}
	record.checkPlans(t, conn, map[string]map[string]float64{
		"page_holds": {"holds": 2 * 21}, "page_holds_backward": {"holds": 2 * 21}, "page_open_holds": {"holds": 4}, "page_open_holds_backward": {"holds": 4},
	})
}
