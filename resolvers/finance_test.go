package resolvers_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/internal/obs"
	"purser/ledger"
	"purser/resolvers"
)

const hugoSays = "hugo FINANCE"

const (
	closeMutation = `mutation($input: ClosePeriodInput!) { closePeriod(input: $input) {
		__typename ... on ClosePeriodSuccess { journalId replayed consistency period { state closedAt books { closed seq trialHash } } }
		... on NotSequential { expected } ... on InvariantFailed { invariant failures } ... on UserError { code retry replayed } } }`
	reopenMutation = `mutation($input: ReopenPeriodInput!) { reopenPeriod(input: $input) {
		__typename ... on ReopenPeriodSuccess { journalId replayed period { state closedAt } }
		... on NotSequential { expected } ... on UserError { code retry replayed } } }`
	withdrawMutation = `mutation($input: WithdrawPeriodRequestInput!) { withdrawPeriodRequest(input: $input) {
		__typename ... on WithdrawPeriodRequestSuccess { journalId replayed period { state request { requestedBy withdrawnBy withdrawnAt } } }
		... on UserError { code retry replayed } } }`
)

func (w *world) signing(period string) map[string]any {
	return map[string]any{"idempotencyKey": w.key(), "period": period, "reason": "month end"}
}

// closeMonth closes a period by two people.
func (w *world) closeMonth(period string) {
	w.t.Helper()
	w.mutate(financeToken, closeMutation, w.signing(period))
	if closed := w.mutate(hugoSays, closeMutation, w.signing(period)); closed.text("period", "state") != "CLOSED" {
		w.t.Fatalf("%s: %v", period, closed)
	}
}

// A period is closed by two people, in every book at once, and reopened by two. What
// happened in it is booked in the open one meanwhile.
func TestPeriodIsClosedAndReopened(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.wait(28 * 24 * time.Hour) // 2 April
	asked := w.mutate(financeToken, closeMutation, w.signing("2026-03"))
	if asked.text("period", "state") != "CLOSING" || asked.at("period", "closedAt") != nil {
		t.Errorf("asked: %v", asked)
	}
	closed := w.mutate(hugoSays, closeMutation, w.signing("2026-03"))
	if closed.text("period", "state") != "CLOSED" || closed.at("period", "closedAt") == nil {
		t.Errorf("closed: %v", closed)
	}
	for book := range 5 {
		if hash := closed.text("period", "books", book, "trialHash"); len(hash) != 64 || closed.at("period", "books", book, "closed") != true {
			t.Errorf("book %d: %v", book, closed.at("period", "books", book))
		}
	}
	late := func() string {
		t.Helper()
		input := map[string]any{
			"idempotencyKey": w.key(), "walletId": w.names["wallet"], "quantity": 10, "price": map[string]any{"amountMinor": "150", "currency": "USD"},
			"paymentReference": w.key(), "effectiveAt": "2026-03-20T00:00:00Z",
		}
		journal := w.mutate(serviceToken, purchaseMutation, input).text("journalId")
		return w.data(financeToken, `query($id: ID!) { journal(id: $id) { bookedOn effectiveAt } }`, map[string]any{"id": journal}).text("journal", "bookedOn")
	}
	if got := late(); got != "2026-04-02" {
		t.Errorf("booked on %s while March is closed, want 2026-04-02", got)
	}
	w.mutate(hugoSays, reopenMutation, w.signing("2026-03"))
	if reopened := w.mutate(financeToken, reopenMutation, w.signing("2026-03")); reopened.text("period", "state") != "OPEN" {
		t.Errorf("reopened: %v", reopened)
	}
	if got := late(); got != "2026-03-20" {
		t.Errorf("booked on %s while March is open, want 2026-03-20", got)
	}
}

// A month that was asked for by mistake is free again once that is withdrawn: for its
// closing and, since only one period is anyone's turn, for the others.
func TestMistakeIsWithdrawn(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.closeMonth("2026-01")
	w.mutate(financeToken, reopenMutation, w.signing("2026-01"))
	others := w.data(hugoSays, `mutation($input: WithdrawPeriodRequestInput!) { withdrawPeriodRequest(input: $input) {
		__typename ... on NotRequester { action requestedBy code retry } } }`, map[string]any{"input": w.signing("2026-01")})
	if got := others.text("withdrawPeriodRequest"); got != "map[__typename:NotRequester action:REOPEN code:NOT_REQUESTER requestedBy:staff:ines retry:NEVER]" {
		t.Errorf("somebody else's: %s", got)
	}
	gone := w.mutate(financeToken, withdrawMutation, w.signing("2026-01"))
	if gone.text("period", "state") != "CLOSED" || gone.text("period", "request", "withdrawnBy") != "staff:ines" || gone.at("period", "request", "withdrawnAt") == nil {
		t.Errorf("withdrawn: %v", gone)
	}
	journal := w.data("amy AUDITOR", `query($id: ID!) { journal(id: $id) { template initiatedBy explanation { rule inputs { name value } } postings { line } } }`,
		map[string]any{"id": gone.text("journalId")})
	want := "map[explanation:map[inputs:[map[name:reason value:month end]] rule:PERIOD_WITHDRAW] initiatedBy:staff:ines postings:[] template:WITHDRAW_PERIOD_REQUEST]"
	if got := journal.text("journal"); got != want {
		t.Errorf("journal = %s, want %s", got, want)
	}
	w.closeMonth("2026-02")
}

// The journals of a ledger's lines are read at once, however many, and each once: an
// account may be on several of a journal's postings.
func TestJournalsOfLedgerLines(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	input := map[string]any{
		"idempotencyKey": w.key(), "walletId": w.names["wallet"], "quantity": 10, "price": map[string]any{"amountMinor": "150", "currency": "USD"},
		"feeMinor": "7", "paymentReference": w.key(),
	}
	w.mutate(serviceToken, purchaseMutation, input)
	const page = `{ accountLedger(account: {book: 4, code: "1010", commodity: USD}, last: 3) {
		nodes { journalId seq journal { id seq postings { line } } } edges { node { journal { initiatedBy reverses { id } } } } } }`
	ctx, counter := obs.WithCounter(t.Context())
	a := do(t, ctx, w.handler, request{token: financeToken, query: page})
	if len(a.Errors) > 0 {
		t.Fatal(a.raw)
	}
	var data object
	if err := json.Unmarshal(a.Data, &data); err != nil {
		t.Fatal(err)
	}
	twice := 0
	nodes := listOf(data, "accountLedger", "nodes")
	for i, node := range nodes {
		if node.text("journal", "id") != node.text("journalId") || node.text("journal", "seq") != node.text("seq") {
			t.Errorf("line of journal %s has %v", node.text("journalId"), node.at("journal"))
		}
		if i > 0 && nodes[i-1].text("journalId") == node.text("journalId") {
			twice = len(listOf(node, "journal", "postings"))
		}
	}
	if len(nodes) != 3 || twice != 3 {
		t.Errorf("%d lines, a journal of two of them with %d postings, want 3 and 3", len(nodes), twice)
	}
	if got := listOf(data, "accountLedger", "edges")[2].text("node", "journal", "initiatedBy"); got == "" {
		t.Error("the edges have no journals")
	}
	if counter.RoundTrips() != 2 {
		t.Errorf("%d round trips (%v), want one for the lines and one for their journals", counter.RoundTrips(), counter.Names())
	}
}

// While the checker says that the books are broken no period is closed, and the same
// holds of one that somebody else has asked for.
func TestBrokenBooksAreNotClosed(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.mutate(financeToken, closeMutation, w.signing("2026-02"))
	execute(t, w.superuser(t, w.pg.Name), `INSERT INTO invariant_checks (invariant, checked_at, status, failures, detail, duration)
		VALUES ('I29', now(), 'BROKEN', 1, 'book 4, USD', '1s')`)
	refused := w.data(hugoSays, closeMutation, map[string]any{"input": w.signing("2026-02")})
	if refused.text("closePeriod", "__typename") != "InvariantFailed" || refused.text("closePeriod", "invariant") != "I29" ||
		refused.text("closePeriod", "failures") != "1" || refused.text("closePeriod", "retry") != "NEW_KEY" {
		t.Errorf("answer = %v", refused)
	}
	if got := w.data(financeToken, `{ invariantStatus { invariant status detail } }`, nil).text("invariantStatus", 28); got != "map[detail:book 4, USD invariant:I29 status:BROKEN]" {
		t.Errorf("status = %s", got)
	}
}

// An auditor can compute a report's digest from its answer alone.
func TestEvidenceFollowsFromTheAnswer(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	report := w.data("amy AUDITOR", `{ trialBalance(asOf: "2026-03-03") {
		books { book lines { code commodity debits credits } }
		evidence { report parameters { name value } rowCount ledgerSeq { book seq } sha256 } } }`, nil)
	var text strings.Builder
	rows := 0
	fmt.Fprintf(&text, "report\t%s\n", report.text("trialBalance", "evidence", "report"))
	for _, parameter := range listOf(report, "trialBalance", "evidence", "parameters") {
		fmt.Fprintf(&text, "parameter\t%s\t%s\n", parameter.text("name"), parameter.text("value"))
	}
	for _, book := range listOf(report, "trialBalance", "evidence", "ledgerSeq") {
		fmt.Fprintf(&text, "book\t%s\t%s\n", book.text("book"), book.text("seq"))
	}
	for _, book := range listOf(report, "trialBalance", "books") {
		for _, line := range listOf(book, "lines") {
			rows++
			fmt.Fprintf(&text, "row\t%s\t%s\t%s\t%s\t%s\n", book.text("book"), line.text("code"), line.text("commodity"), line.text("debits"), line.text("credits"))
		}
	}
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(text.String()))); report.text("trialBalance", "evidence", "sha256") != want || rows == 0 {
		t.Errorf("digest = %s, want %s of %d rows", report.text("trialBalance", "evidence", "sha256"), want, rows)
	}
	if got := report.text("trialBalance", "evidence", "rowCount"); got != fmt.Sprint(rows) {
		t.Errorf("rowCount = %s, want %d", got, rows)
	}
}

func listOf(o object, path ...any) []object {
	list, _ := o.at(path...).([]any)
	var objects []object
	for _, element := range list {
		objects = append(objects, object(element.(map[string]any)))
	}
	return objects
}

// refusingFinance is a service whose books refuse to follow.
type refusingFinance struct {
	resolvers.Finance
	refusal ledger.Refusal
}

func (r refusingFinance) ClosePeriod(context.Context, domain.Caller, finance.SignPeriod) (finance.Result, error) {
	return finance.Result{Outcome: ledger.Outcome{Refusal: r.refusal, Replayed: true}, Resumable: true}, nil
}

func (r refusingFinance) ReopenPeriod(ctx context.Context, caller domain.Caller, in finance.SignPeriod) (finance.Result, error) {
	return r.ClosePeriod(ctx, caller, in)
}

// What a book refuses to follow is sent again with the same key, since the signature
// counts; what no book can say is a fault, and logged.
func TestBooksThatRefuseToFollow(t *testing.T) {
	t.Parallel()
	facts := ledger.Arguments(nil).Text("period", "2026-02").Text("next", "2026-01")
	const query = `mutation { closePeriod(input: {idempotencyKey: "any-key-01", period: "2026-02", reason: "r"}) {
		__typename ... on PeriodNotOver { endsOn } ... on NotSequential { expected } ... on UserError { retry replayed } } }`
	for code, want := range map[string]string{
		"PERIOD_NOT_OVER":       `{"closePeriod":{"__typename":"PeriodNotOver","endsOn":"2026-02-28","retry":"SAME_KEY","replayed":false}}`,
		"PERIOD_NOT_SEQUENTIAL": `{"closePeriod":{"__typename":"NotSequential","expected":"2026-01","retry":"SAME_KEY","replayed":false}}`,
		"AMOUNT_OVERFLOW":       `{"closePeriod":null}`,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			refusal, err := ledger.DecodeRefusal(code, facts.Encode())
			if err != nil {
				t.Fatal(err)
			}
			handler := newHandler(t, resolvers.Config{
				Finance: refusingFinance{refusal: refusal}, Reader: broken{}, Clock: func() time.Time { return began },
				Log: obs.NewLogger(io.Discard, obs.Production), RequestID: obs.RequestID,
			})
			a := do(t, t.Context(), handler, request{token: financeToken, query: query})
			if string(a.Data) != want || (a.code() == "INTERNAL") != (code == "AMOUNT_OVERFLOW") {
				t.Errorf("answer = %s, want %s", a.raw, want)
			}
		})
	}
}

// Each report is one snapshot in one round trip, whatever it finds.
func TestStatementsOfReports(t *testing.T) {
	t.Parallel()
	empty, busy := newWorld(t), newBusyWallet(t)
	for name, c := range map[string]struct {
		query      string
		statements []string
	}{
		"rollforward": {`{ deferredRevenueRollforward(period: "2026-03") { evidence { sha256 } } }`, []string{"begin_snapshot", "heads", "rollforward_balances", "rollforward_lines", "end_snapshot"}},
		"liability":   {`{ outstandingLiability(asOf: "2026-02-27", by: [ORIGIN]) { units } }`, []string{"begin_snapshot", "heads", "liability_groups", "liability_deferred", "end_snapshot"}},
		"ledger":      {`{ accountLedger(account: {book: 1, code: "2000", commodity: USD}, first: 100) { totalCount } }`, []string{"begin_snapshot", "account_ledger_head", "account_ledger", "end_snapshot"}},
		"periods":     {`{ periods(last: 100) { nodes { state } } }`, []string{"begin_snapshot", "books_closed", "periods_page", "periods_requests", "periods_closings", "end_snapshot"}},
		"invariants":  {`{ invariantStatus { status } }`, []string{"begin_snapshot", "invariant_checks", "end_snapshot"}},
	} {
		for _, w := range []*world{empty, busy} {
			ctx, counter := obs.WithCounter(t.Context())
			a := do(t, ctx, w.handler, request{token: financeToken, query: c.query})
			if len(a.Errors) > 0 {
				t.Fatal(a.raw)
			}
			if diff := cmp.Diff(c.statements, counter.Names()); diff != "" || counter.RoundTrips() != 1 {
				t.Errorf("%s: %d round trips (-want +got):\n%s", name, counter.RoundTrips(), diff)
			}
		}
	}
}
