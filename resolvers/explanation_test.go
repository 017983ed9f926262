package resolvers_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
	"purser/ledger"
)

const explainQuery = `query($account: LedgerAccountInput!) { accountExplanation(account: $account) {
	account { book code class commodity normalSide } status at seq version debits credits
	posted { minor decimal commodity } held { minor } available { minor } expired { minor }
	holds { holdId purpose reserved { minor } left { minor } openedAt expiresAt expired } holdCount
	lots { lotId holdId quantity { minor } origin priority expiresAt graceUntil expired } lotCount
	limits { windowSeconds maximum { minor } used { minor } windowStart resetsAt }
} }`

// availableOf is the account of what a wallet can spend, as an accountant names it.
func availableOf(t *testing.T, wallet string) map[string]any {
	t.Helper()
	id, err := base64.RawURLEncoding.DecodeString(wallet)
	if err != nil || len(id) != 22 {
		t.Fatalf("wallet %q: %v", wallet, err)
	}
	return map[string]any{
		"book": binary.BigEndian.Uint32(id[2:6]), "commodity": "CNX", "code": fmt.Sprintf("WALLET:%s:AVAILABLE", ledger.ID(id[6:])),
	}
}

// newHolder is a wallet with a lot of 80 and a promotion of 10 that has expired; on it
// a hold of 4 that has expired and one of 8 that has not, and two limits, one used.
func newHolder(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	id := w.openParty(priya, "IN", "Asia/Kolkata")
	w.names["wallet"] = id
	w.purchase(id, 80, 1200)
	w.mutate(serviceToken, grantMutation, map[string]any{
		"idempotencyKey": w.key(), "walletId": id, "quantity": 10, "origin": "PROMO", "explanation": map[string]any{"rule": "promo.day"},
		"expiry": map[string]any{"expiresAt": began.Add(4 * time.Hour).Format(time.RFC3339)},
	})
	for window, maximum := range map[string]int{"WEEK": 500, "DAY": 50} {
		w.mutate(serviceToken, limitMutation, map[string]any{"idempotencyKey": w.key(), "walletId": id, "window": window, "maximum": maximum})
	}
	w.place(id, 4, began.Add(6*time.Hour))
	w.spend(priyaSays, id, 3)
	w.place(id, 8, began.Add(30*24*time.Hour))
	w.wait(8 * time.Hour)
	return w
}

// The explanation is compared with a file whose figures are known by hand: 90 came in
// and 3 went out; of the promotion 4 are in the hold that has expired and none is of
// use, so that 83 stand, 8 of them held and 75 to be had.
func TestAccountExplanation(t *testing.T) {
	t.Parallel()
	w := newHolder(t)
	account := availableOf(t, w.names["wallet"])
	a := w.do("amy AUDITOR", explainQuery, map[string]any{"account": account})
	compareWith(t, filepath.Join("testdata", "account_explanation.json"), canonical(t, a))
	got := objectOf(t, a.Data)
	shown := w.data(priyaSays, `{ viewer { wallets { balance { posted held available } } } }`, nil)
	for _, part := range []string{"posted", "held", "available"} {
		if want := shown.text("viewer", "wallets", 0, "balance", part); got.text("accountExplanation", part, "minor") != want {
			t.Errorf("%s is explained as %s, and the wallet shows %s", part, got.text("accountExplanation", part, "minor"), want)
		}
	}
	token, _ := a.Extensions["consistency"].(string)
	if token == "" {
		t.Errorf("extensions = %v, want the state of the book", a.Extensions)
	}
	for name, unknown := range map[string]map[string]any{
		"no_such_code":      {"book": account["book"], "code": "9999", "commodity": "USD"},
		"no_such_book":      {"book": 77, "code": account["code"], "commodity": "CNX"},
		"another_commodity": {"book": account["book"], "code": account["code"], "commodity": "USD"},
		"a_negative_book":   {"book": -1, "code": account["code"], "commodity": "CNX"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.do(financeToken, explainQuery, map[string]any{"account": unknown})
			b := w.do(financeToken, `query($account: LedgerAccountInput!) { accountLedger(account: $account, first: 1) { totalCount } }`, map[string]any{"account": unknown})
			if string(a.Data) != `{"accountExplanation":null}` || len(a.Errors) != 0 || string(b.Data) != `{"accountLedger":null}` || len(b.Errors) != 0 {
				t.Errorf("answers %s and %s, want null from both", a.raw, b.raw)
			}
		})
	}
	t.Run("code_that_cannot_be_printed_is_invalid", func(t *testing.T) {
		a := w.do(financeToken, explainQuery, map[string]any{"account": map[string]any{"book": 1, "code": "2000\n", "commodity": "USD"}})
		if a.code() != "VALIDATION_FAILED" || a.argument() != "account.code" {
			t.Errorf("answer = %s", a.raw)
		}
	})
}

// An account without lots is explained too, on its own side.
func TestExplanationOfAPlainAccount(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	book := availableOf(t, w.names["wallet"])["book"]
	got := w.data(financeToken, explainQuery, map[string]any{"account": map[string]any{"book": book, "code": "2000", "commodity": "USD"}})
	balance := w.data(financeToken, `query($account: LedgerAccountInput!) { accountLedger(account: $account, first: 1) { closingBalance { minor } account { normalSide class } } }`,
		map[string]any{"account": map[string]any{"book": book, "code": "2000", "commodity": "USD"}})
	want := balance.text("accountLedger", "closingBalance", "minor")
	if got.text("accountExplanation", "available", "minor") != want || want == "0" || got.text("accountExplanation", "posted", "minor") != want {
		t.Errorf("explained as %v, want %s", got, want)
	}
	if got.text("accountExplanation", "account", "normalSide") != "CREDIT" || got.text("accountExplanation", "lotCount") != "0" {
		t.Errorf("explained as %v, want a credit account without lots", got)
	}
}

// What is listed is bounded and what is counted is not.
func TestExplanationIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.openParty(priya, "IN", "Asia/Kolkata")
	for range 103 {
		w.purchase(id, 2, 30)
	}
	for range 102 {
		w.place(id, 1, began.Add(24*time.Hour))
	}
	got := w.data(financeToken, explainQuery, map[string]any{"account": availableOf(t, id)})
	lots, holds := listOf(got, "accountExplanation", "lots"), listOf(got, "accountExplanation", "holds")
	if len(lots) != 100 || len(holds) != 100 || got.text("accountExplanation", "holdCount") != "102" {
		t.Errorf("%d lots and %d holds of %s listed, want 100 of each, of 102 holds", len(lots), len(holds), got.text("accountExplanation", "holdCount"))
	}
	// 51 lots are in two holds each, and 52 are the account's own.
	if count := got.text("accountExplanation", "lotCount"); count != "154" {
		t.Errorf("lotCount = %s, want 154", count)
	}
	if held := got.text("accountExplanation", "held", "minor"); held != "102" {
		t.Errorf("held = %s, want 102", held)
	}
}

// An explanation takes the same statements however much there is. A wallet with holds
// is read twice: which there are, and then with their units.
func TestStatementsOfAnExplanation(t *testing.T) {
	t.Parallel()
	statements := func(w *world) []string {
		ctx, counter := obs.WithCounter(t.Context())
		a := do(t, ctx, w.handler, request{token: financeToken, query: explainQuery, variables: map[string]any{"account": availableOf(t, w.names["wallet"])}})
		if len(a.Errors) > 0 || strings.Contains(a.raw, `"accountExplanation":null`) {
			t.Fatal(a.raw)
		}
		return counter.Names()
	}
	bare, busy, holder := newWorld(t), newBusyWallet(t), newHolder(t)
	bare.names["wallet"] = bare.openParty(priya, "IN", "Asia/Kolkata")
	want := statements(bare)
	if diff := cmp.Diff(want, statements(busy)); diff != "" {
		t.Errorf("statements of a wallet with history (-bare +busy):\n%s", diff)
	}
	place := func(n int) []string {
		for range n {
			holder.place(holder.names["wallet"], 1, began.Add(48*time.Hour)) // the first books what has expired
		}
		return statements(holder)
	}
	if diff := cmp.Diff(place(1), place(20)); diff != "" {
		t.Errorf("statements of a wallet with holds (-two +twenty-two):\n%s", diff)
	}
}

// A database that does not answer is told from an account that does not exist.
func TestExplanationWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w := newHolder(t)
	lock, kill := w.superuser(t, w.pg.Name), w.superuser(t, w.pg.Name)
	execute(t, lock, `BEGIN`)
	execute(t, lock, `LOCK TABLE account_balances IN ACCESS EXCLUSIVE MODE`)
	answered := make(chan answer, 1)
	variables := map[string]any{"account": availableOf(t, w.names["wallet"])}
	go func() { answered <- w.do(financeToken, explainQuery, variables) }()
	w.awaitBlocked(t, kill)
	execute(t, kill, `SELECT pg_terminate_backend(pid) `+w.ofTheProduct())
	if a := <-answered; a.code() != "UNAVAILABLE" {
		t.Errorf("answer = %s, want UNAVAILABLE", a.raw)
	}
	execute(t, lock, `ROLLBACK`)
}
