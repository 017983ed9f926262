package postgres_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/campaign"
	"purser/internal/market"
	"purser/internal/obs"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/ledger"
)

// TestWriterPlans makes the plan of each of the store's statements as a writer's
// connection does, where tables have some thousand rows, before there are any
// statistics and after: it looks rows up by key, and never reads a table or a book
// as a whole.
func TestWriterPlans(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	for _, analyze := range []string{"SELECT", "ANALYZE"} {
		if analyze == "SELECT" {
			execAsOwner(t, pg.OwnerURL, someThousandRows)
		}
		execAsOwner(t, pg.OwnerURL, analyze)
		conn := connect(t, pg.SuperURL)
		for name, value := range postgres.WriterSettings() {
			if _, err := conn.Exec(t.Context(), "SET "+name+" = "+value); err != nil {
				t.Fatal(err)
			}
		}
		lookups := 0
		for _, s := range statements(t) {
			if name := obs.StatementName(s.sql); strings.HasPrefix(s.position.Filename, "store_") && !slices.Contains([]string{"begin", "begin_read", "commit"}, name) {
				lookups += wantLookups(t, analyze+": "+name, writerPlan(t, conn, s.sql))
			}
		}
		if lookups < 30 {
			t.Errorf("found %d lookups: the search is broken", lookups)
		}
	}
}

// someThousandRows fills the tables that writers look rows up in. The plan needs
// rows, not a ledger's truth.
const someThousandRows = `
	CREATE TEMPORARY TABLE made AS SELECT n, 1 + n % 4 AS book_id, gen_random_uuid() AS id, gen_random_uuid() AS other, '2026-01-01Z'::timestamptz + n * interval '1 hour' AS at
		FROM generate_series(1, 8000) n;
	INSERT INTO owners SELECT id, book_id, 'PARTY', 'NP', 'UTC', at FROM made;
	INSERT INTO wallets (book_id, wallet_id, owner_id, kind, opened_at) SELECT book_id, id, id, 'FREELANCER', at FROM made;
	INSERT INTO accounts SELECT book_id, id, id::text, 'x', 'CNX', id, at FROM made;
	INSERT INTO account_balances (book_id, account_id, credit_normal, floored) SELECT book_id, id, true, true FROM made;
	INSERT INTO journals (book_id, journal_id, seq, template, template_version, type, arguments, effective_at, booked_on, posted_at, initiated_by, reverses, reversed_quantity)
		SELECT book_id, id, n, 'x', 1, 'x', '', at, at, at, 'x', CASE WHEN n % 20 = 0 THEN other END, CASE WHEN n % 20 = 0 THEN 1 END FROM made;
	INSERT INTO postings SELECT book_id, id, 0, id, other, 'CNX', 1, at, 1, 1, 1, 1, 1, 1 FROM made;
	INSERT INTO lots SELECT book_id, id, other, 'PROMO', 9, 9, at, 0, NULL, 0, 0, 0, 0, 'NP' FROM made;
	INSERT INTO lot_places (book_id, account_id, lot_id, quantity) SELECT book_id, id, id, 9 FROM made;
	INSERT INTO lot_places (book_id, account_id, lot_id, hold_id, quantity) SELECT book_id, id, id, other, 9 FROM made;
	INSERT INTO holds (book_id, hold_id, wallet_id, account_id, held_account_id, purpose, reserved, opened_at, expires_at)
		SELECT book_id, id, id, id, id, 'x', 9, at, at FROM made;
	INSERT INTO account_limits SELECT book_id, id, 3600, 1, at, 0 FROM made;
	INSERT INTO account_back_dated SELECT book_id, id, at, at::date + 1, 1, 1 FROM made;
	INSERT INTO trial_days SELECT book_id, at, n, 'CNX', 1, 1 FROM made;
	INSERT INTO lot_movements (book_id, journal_id, line, lot_id, account_id, quantity, basis) SELECT book_id, id, 0, id, id, 9, 0 FROM made;
	INSERT INTO idempotency_keys SELECT book_id, 'x', 'x', id, n, '', id, n, NULL, NULL, at FROM made;
	INSERT INTO once_keys SELECT book_id, n, id FROM made;
	INSERT INTO ad_accounts SELECT book_id, id, id, 'x', 'USD', NULL, 'UTC', at, 1 FROM made;
	INSERT INTO campaigns SELECT book_id, id, id, 'x', 'x', 'PROMOTED_JOB', 'JOB', id, at, NULL, 1, 'DAILY', 1, 'DRAFT', 1, at, at, at, 0 FROM made;
	INSERT INTO ad_rollups_daily SELECT book_id, id, at, 0, 0, 0, 0, 0, 0 FROM made`

// ofOneColumn are the indexes that the writers use by one column: of a book's head,
// of owners, who are in one book each, and of periods, which all books share.
var ofOneColumn = []string{"book_heads_pkey", "owners_pkey", "period_requests_by_period"}

// readWhole are tables of a row per invariant.
var readWhole = []string{"invariant_checks"}

// writerNode is a node of a plan.
type writerNode struct {
	Type      string       `json:"Node Type"`
	Relation  string       `json:"Relation Name"`
	Index     string       `json:"Index Name"`
	Condition string       `json:"Index Cond"`
	Children  []writerNode `json:"Plans"`
}

// writerPlan explains a statement for any parameters.
func writerPlan(t *testing.T, conn *pgx.Conn, sql string) writerNode {
	t.Helper()
	described, err := conn.Prepare(t.Context(), "planned", sql)
	if err != nil {
		t.Fatal(err)
	}
	execute := "EXECUTE planned"
	if parameters := len(described.ParamOIDs); parameters > 0 {
		execute += "(NULL" + strings.Repeat(", NULL", parameters-1) + ")"
	}
	var answer []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+execute).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if err := conn.Deallocate(t.Context(), "planned"); err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan writerNode }
	if err := json.Unmarshal(answer, &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}

// wantLookups fails the test where a plan reads a table otherwise than by a key of
// more than the book. It returns how often the plan looks rows up.
func wantLookups(t *testing.T, name string, n writerNode) (lookups int) {
	t.Helper()
	switch {
	case n.Type == "Seq Scan" && slices.Contains(readWhole, n.Relation):
	case n.Type == "Hash Join" || n.Type == "Merge Join" || n.Type == "Seq Scan":
		t.Errorf("%s: %s %s", name, n.Type, n.Relation)
	case n.Index != "":
		lookups++
		if !strings.Contains(n.Condition, " AND ") && !slices.Contains(ofOneColumn, n.Index) {
			t.Errorf("%s: uses %s by %q alone", name, n.Index, n.Condition)
		}
	}
	for _, child := range n.Children {
		lookups += wantLookups(t, name, child)
	}
	return lookups
}

// TestWritersReplan lets a connection read one campaign again and again while its
// book gets more of them: what was as good a plan as any for the first few is not
// kept for thousands.
func TestWritersReplan(t *testing.T) {
	t.Parallel()
	const batches, growing, rows = 200, 40, 50
	pg := pgtest.New(t)
	db, err := postgres.Open(t.Context(), pg.AppURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	owner := connect(t, pg.OwnerURL)
	if _, err := owner.Exec(t.Context(), "ALTER TABLE campaigns DROP CONSTRAINT campaigns_ad_account_fkey"); err != nil {
		t.Fatal(err)
	}
	store := db.NewStore(market.Rules())
	needs := &ledger.Needs{Book: 1, Rows: []ledger.RowID{{Kind: campaign.GuardCampaign, ID: newID().String()}}}
	for i := range batches {
		needs.Clock = time.Now()
		if err := store.Batch(t.Context(), needs, func(*ledger.State) (*ledger.Writes, error) { return nil, nil }); err != nil {
			t.Fatal(err)
		}
		if i < growing {
			if _, err := owner.Exec(t.Context(), someCampaigns, rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	db.Close()
	for sessions := 1; sessions > 0; { // each reports what it read before it ends
		if err := owner.QueryRow(t.Context(), `SELECT count(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'purser'`).Scan(&sessions); err != nil {
			t.Fatal(err)
		}
	}
	var lookups, read int64
	if err := owner.QueryRow(t.Context(), `SELECT sum(idx_scan)::bigint, sum(idx_tup_read)::bigint
		FROM pg_stat_user_indexes WHERE relname = 'campaigns'`).Scan(&lookups, &read); err != nil {
		t.Fatal(err)
	}
	// Without a new plan, half of the batches read all the rows there are in the end.
	if lookups != batches || read > batches/2*growing*rows/10 {
		t.Errorf("%d batches looked a campaign up %d times and read %d rows of a book with %d", batches, lookups, read, growing*rows)
	}
}

// someCampaigns adds rows without an ad account to a book, as many as it is told.
const someCampaigns = `
	INSERT INTO campaigns SELECT 1, gen_random_uuid(), gen_random_uuid(), 'x', 'x', 'PROMOTED_JOB', 'JOB', gen_random_uuid(), now(), NULL, 1, 'DAILY', 1,
		'DRAFT', 1, now(), now(), now(), 0 FROM generate_series(1, $1::integer)`
