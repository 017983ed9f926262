package resolvers_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
)

const closedTrialQuery = `query($period: String) { trialBalance(period: $period) {
	asOf lines { code commodity debits credits balance } totals { commodity debits credits }
	books { book seq trialHash lines { code debits } } evidence { parameters { name value } rowCount }
} }`

// The trial balance of a closed period is what was stored, with the hash that the
// period shows, and stays so whatever is booked later.
func TestTrialBalanceOfAClosedPeriod(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.wait(28 * 24 * time.Hour) // 2 April
	before := w.data(financeToken, `{ trialBalance(asOf: "2026-03-31") { lines { code commodity debits credits balance } } }`, nil)
	w.closeMonth("2026-03")
	w.purchase(w.names["wallet"], 10, 150)
	of := map[string]any{"period": "2026-03"}
	got := w.data("amy AUDITOR", closedTrialQuery, of)
	if diff := cmp.Diff(before.at("trialBalance", "lines"), got.at("trialBalance", "lines")); diff != "" || len(listOf(got, "trialBalance", "lines")) == 0 {
		t.Errorf("lines (-before the close +of the close):\n%s", diff)
	}
	periods := w.data("amy AUDITOR", `{ periods(first: 2) { nodes { period books { book seq trialHash } } } }`, nil)
	if periods.text("periods", "nodes", 1, "period") != "2026-03" {
		t.Fatalf("periods = %v", periods)
	}
	for i, book := range listOf(periods, "periods", "nodes", 1, "books") {
		for _, field := range []string{"book", "seq", "trialHash"} {
			if of := got.text("trialBalance", "books", i, field); of != book.text(field) || of == "<nil>" {
				t.Errorf("%s of section %d = %s, the period has %s", field, i, of, book.text(field))
			}
		}
	}
	if got.text("trialBalance", "asOf") != "2026-03-31" || got.text("trialBalance", "evidence", "parameters", 0) != "map[name:period value:2026-03]" {
		t.Errorf("trial balance = %v", got)
	}
	ctx, counter := obs.WithCounter(t.Context())
	do(t, ctx, w.handler, request{token: financeToken, query: closedTrialQuery, variables: of})
	if diff := cmp.Diff([]string{"begin_snapshot", "books_closed", "period_closings", "period_trials", "end_snapshot"}, counter.Names()); diff != "" || counter.RoundTrips() != 1 {
		t.Errorf("%d round trips (-want +got):\n%s", counter.RoundTrips(), diff)
	}
	if hash := w.data(financeToken, `{ trialBalance { books { trialHash } } }`, nil).at("trialBalance", "books", 0, "trialHash"); hash != nil {
		t.Errorf("trialHash = %v of a date, want null", hash)
	}
}

func TestTrialBalanceOfNoClosedPeriod(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.wait(60 * 24 * time.Hour) // 4 May
	w.closeMonth("2026-03")
	w.mutate(financeToken, closeMutation, w.signing("2026-04"))
	for name, arguments := range map[string]string{
		"open":                    `period: "2026-05"`,
		"waits_for_the_second":    `period: "2026-04"`,
		"closed_with_a_later_one": `period: "2026-02"`,
		"malformed":               `period: "2026-3"`,
		"year_zero":               `period: "0000-03"`,
		"empty":                   `period: ""`,
		"both":                    `period: "2026-03", asOf: "2026-03-31"`,
	} {
		if a := w.do(financeToken, `{ trialBalance(`+arguments+`) { asOf } }`, nil); a.code() != "VALIDATION_FAILED" || a.argument() != "period" {
			t.Errorf("%s: %s, want VALIDATION_FAILED of period", name, a.raw)
		}
	}
	w.reopenMonth("2026-03")
	if a := w.do(financeToken, `{ trialBalance(period: "2026-03") { asOf } }`, nil); a.code() != "VALIDATION_FAILED" {
		t.Errorf("reopened: %s, want VALIDATION_FAILED", a.raw)
	}
}

// reopenMonth reopens a period by two people.
func (w *world) reopenMonth(period string) {
	w.t.Helper()
	w.mutate(financeToken, reopenMutation, w.signing(period))
	w.mutate(hugoSays, reopenMutation, w.signing(period))
}

// A stored trial balance that was changed is an error, not an answer.
func TestTrialBalanceThatWasChanged(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.wait(28 * 24 * time.Hour)
	w.closeMonth("2026-03")
	execute(t, w.superuser(t, w.pg.Name), `UPDATE period_trials SET debits = debits + 1 WHERE class = '2000'`)
	a := w.do(financeToken, closedTrialQuery, map[string]any{"period": "2026-03"})
	if a.code() != "INTERNAL" || string(a.Data) != `{"trialBalance":null}` || len(w.log.lines("field failed")) != 1 {
		t.Errorf("answer = %s, want INTERNAL, and why in the log", a.raw)
	}
}
