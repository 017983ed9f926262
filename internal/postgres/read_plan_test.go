package postgres_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// historyRows is the length of the history that TestHistoryPlan reads a page of.
const historyRows = 100_000

// TestHistoryPlan reads pages of a long history with the plan that the planner
// makes for the parameters and with the one it makes for any, and counts what
// each touches.
func TestHistoryPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 1_000_000, ledger.OriginPlan, began.AddDate(2, 0, 0))
	other, _ := w.openOwn()
	w.grant(other, 5, ledger.OriginPlan, began.AddDate(2, 0, 0))
	conn, err := pgx.Connect(t.Context(), w.pg.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) }) // the database is dropped next
	fillHistory(t, conn, ref, historyRows)
	if _, err := conn.Exec(t.Context(), `ANALYZE`); err != nil {
		t.Fatal(err)
	}

	middle := wallet.TransactionKey{PostedAt: began.Add(time.Hour + 50_000*time.Second), Version: 50_001}
	cases := map[string]wallet.TransactionsQuery{
		"newest":              {Limit: 20, WithLots: true, WithLinks: true},
		"oldest":              {Limit: 20, Direction: wallet.Backward, WithLots: true, WithLinks: true},
		"from_the_middle":     {Limit: 20, HasKey: true, Key: middle},
		"back_to_the_middle":  {Limit: 20, HasKey: true, Key: middle, Direction: wallet.Backward},
		"debits_only":         {Limit: 20, Filter: wallet.TransactionFilter{Sign: -1}},
		"dates":               {Limit: 20, Filter: wallet.TransactionFilter{Dates: domain.Range{Preset: domain.PresetThisYear}}},
		"proposals_of_a_size": {Limit: 20, Filter: wallet.TransactionFilter{Types: 1 << 5, HasMin: true, Min: 1, HasMax: true, Max: 1}},
	}
	for name, query := range cases {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			request := wallet.PageRequest{Refs: []wallet.Ref{ref}, Transactions: []wallet.TransactionsQuery{query}}
			sql, arguments := w.reader.HistoryStatement(owner, request)
			plan := explain(t, conn, mode, sql, arguments)
			got := plan.total()
			if got.shown == 0 {
				t.Errorf("%s, %s: the plan read nothing", name, mode)
			}
			// 2 sides × 21 rows, each with its journal, and again the page's
			// journals, reversals, movements and lots: far from a history.
			if got.read > 400 || got.sorted > 400 {
				t.Errorf("%s, %s: read %.0f rows and sorted %.0f for a page of 20", name, mode, got.read, got.sorted)
			}
			if len(got.scans) > 0 {
				t.Errorf("%s, %s: scans %v as a whole", name, mode, got.scans)
			}
		}
	}
}

// fillHistory writes spends of one unit straight into the tables: the plan needs
// rows, not a ledger's truth.
func fillHistory(t *testing.T, conn *pgx.Conn, ref wallet.Ref, rows int) {
	t.Helper()
	_, err := conn.Exec(t.Context(), `
		INSERT INTO journals (book_id, journal_id, seq, template, template_version, type, arguments, effective_at, booked_on, posted_at, wallet_id, initiated_by)
		SELECT $1, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1000 + n, 'SPEND', 1, 'PROPOSAL', '', $3::timestamptz, ($3::timestamptz)::date,
			$3::timestamptz + n * interval '1 second', $2, 'party:x'
		FROM generate_series(1, $4::integer) n`, ref.Book, ref.ID, began.Add(time.Hour), rows)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), `
		INSERT INTO postings (book_id, journal_id, line, debit_account, credit_account, commodity, amount, posted_at,
			debit_version, debit_balance, debit_net, credit_version, credit_balance, credit_net)
		SELECT $1, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, $2, gen_random_uuid(), 'CNX', 1,
			$3::timestamptz + n * interval '1 second', n + 1, 1000000 - n, -1, n, n, 1
		FROM generate_series(1, $4::integer) n`,
		ref.Book, ledger.AccountID(ref.Book, wallet.AvailableCode(ref.ID), ledger.CNX), began.Add(time.Hour), rows)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), `
		INSERT INTO lot_movements (book_id, journal_id, line, lot_id, account_id, quantity, basis)
		SELECT m.book_id, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, m.lot_id, m.account_id, -1, 0
		FROM lot_movements m CROSS JOIN generate_series(1, $3::integer) n WHERE m.book_id = $1 AND m.account_id = $2`,
		ref.Book, ledger.AccountID(ref.Book, wallet.AvailableCode(ref.ID), ledger.CNX), rows)
	if err != nil {
		t.Fatal(err)
	}
}

// planNode is a node of EXPLAIN's answer.
type planNode struct {
	Type      string     `json:"Node Type"`
	Relation  string     `json:"Relation Name"`
	Rows      float64    `json:"Actual Rows"`
	Loops     float64    `json:"Actual Loops"`
	ByFilter  float64    `json:"Rows Removed by Filter"`
	ByRecheck float64    `json:"Rows Removed by Index Recheck"`
	ByJoin    float64    `json:"Rows Removed by Join Filter"`
	Children  []planNode `json:"Plans"`
}

// work is what a plan did: rows returned, rows touched in big tables, rows that
// went through a sort, and big tables read from end to end.
type work struct {
	shown, read, sorted float64
	scans               []string
}

func (n planNode) total() work {
	sum := work{shown: n.Rows}
	var add func(planNode)
	add = func(n planNode) {
		touched := (n.Rows + n.ByFilter + n.ByRecheck) * n.Loops
		switch big := n.Relation == "postings" || n.Relation == "journals" || n.Relation == "lot_movements"; {
		case big && n.Type == "Seq Scan":
			sum.scans = append(sum.scans, n.Relation)
		case big || n.Type == "Bitmap Index Scan":
			sum.read += touched
		case n.Type == "Sort":
			sum.sorted = max(sum.sorted, touched)
		}
		for _, child := range n.Children {
			add(child)
		}
	}
	add(n)
	return sum
}

// explain runs a statement as a prepared one under a plan cache mode.
func explain(t *testing.T, conn *pgx.Conn, mode, sql string, arguments []any) planNode {
	t.Helper()
	literals := make([]string, len(arguments))
	for i, argument := range arguments {
		literals[i] = literal(t, argument)
	}
	var answer []byte
	results, err := conn.PgConn().Exec(t.Context(), "SET plan_cache_mode = "+mode+"; PREPARE page AS "+sql+
		"; EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) EXECUTE page ("+strings.Join(literals, ", ")+"); DEALLOCATE page").ReadAll()
	if err != nil {
		t.Fatalf("explain under %s: %v", mode, err)
	}
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

// literal writes a parameter as SQL.
func literal(t *testing.T, value any) string {
	t.Helper()
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	switch value := value.(type) {
	case bool, int, int16, int32, int64:
		return fmt.Sprint(value)
	case string:
		return quote(value)
	case ledger.ID:
		return quote(hex.EncodeToString(value[:]))
	case time.Time:
		return quote(value.Format(time.RFC3339Nano))
	case pgtype.Timestamptz:
		return quote(value.InfinityModifier.String())
	case []string:
		return quote("{" + strings.Join(value, ",") + "}")
	case []ledger.BookID:
		return quote(strings.NewReplacer("[", "{", "]", "}", " ", ",").Replace(fmt.Sprint(value)))
	case []ledger.ID:
		texts := make([]string, len(value))
		for i, id := range value {
			texts[i] = id.String()
		}
		return quote("{" + strings.Join(texts, ",") + "}")
	case []time.Time:
		if value != nil {
			texts := make([]string, len(value))
			for i, at := range value {
				texts[i] = at.Format(time.DateOnly)
			}
			return quote("{" + strings.Join(texts, ",") + "}")
		}
	case *int64:
		if value != nil {
			return fmt.Sprint(*value)
		}
	case *string:
	default:
		t.Fatalf("no literal for %T", value)
	}
	return "NULL"
}
