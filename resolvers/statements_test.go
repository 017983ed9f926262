package resolvers_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
)

const walletPageQuery = `query($n: Int!) { viewer { wallets {
	id status permissions { canSpend }
	balance { posted available approximate { decimal } }
	lots(first: $n) { nodes { remaining basis { decimal } } pageInfo { hasNextPage } }
	expiring { total buckets { date amount } }
	transactions(first: $n) { edges { cursor node { amount lots { quantity } } } totalCount }
	spend(range: {from: "2026-03-01", to: "2026-03-31"}) { timestamps spend total }
} } }`

const historyPageQuery = `query($n: Int!, $wallet: ID!) { wallet(id: $wallet) {
	transactions(first: $n) {
		nodes { amount runningBalance lots { quantity basis { decimal } } reverses { amount } reversedBy { amount lots { quantity } } }
		pageInfo { hasNextPage }
	}
} }`

// newBusyWallet has more history and lots than the largest page, with reversals.
func newBusyWallet(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.names["wallet"] = w.openParty(priya, "IN", "Asia/Kolkata")
	for range 60 {
		w.purchase(w.names["wallet"], 10, 150)
		w.grant(w.names["wallet"], "PROMO", 3)
	}
	for i := range 40 {
		spent := w.spend(priyaSays, w.names["wallet"], 4)
		if i%2 == 0 {
			w.reverse(spent, "RETURN_TOS", 1)
		}
	}
	return w
}

// A page takes the same statements in one round trip whatever its size, run after
// run, and no loader has anything left to do.
func TestStatementsOfPages(t *testing.T) {
	t.Parallel()
	w := newBusyWallet(t)
	for name, c := range map[string]struct {
		query      string
		statements []string
	}{
		"wallet_page": {walletPageQuery, []string{
			"begin_snapshot", "page_wallets", "page_balance", "page_lots", "page_expiring", "page_histories", "page_spend", "end_snapshot",
		}},
		"history_page": {historyPageQuery, []string{"begin_snapshot", "page_wallets", "page_history", "end_snapshot"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 10, 100} {
				for run := range 100 {
					ctx, counter := obs.WithCounter(t.Context())
					a := do(t, ctx, w.handler, request{token: priyaSays, query: c.query, variables: map[string]any{"n": size, "wallet": w.names["wallet"]}})
					if len(a.Errors) > 0 {
						t.Fatal(a.raw)
					}
					if diff := cmp.Diff(c.statements, counter.Names()); diff != "" || counter.RoundTrips() != 1 {
						t.Fatalf("page of %d, run %d: %d round trips (-want +got):\n%s", size, run, counter.RoundTrips(), diff)
					}
				}
				if rows := rowsOf(t, w, c.query, size); rows != size {
					t.Errorf("a page of %d has %d rows: the statements were not counted on full pages", size, rows)
				}
			}
			if n := w.batches.Load(); n != 0 {
				t.Errorf("%d loader batches ran, want every load a primed hit", n)
			}
		})
	}
}

func rowsOf(t *testing.T, w *world, query string, size int) int {
	t.Helper()
	data := w.data(priyaSays, query, map[string]any{"n": size, "wallet": w.names["wallet"]})
	if rows, ok := data.at("viewer", "wallets", 0, "transactions", "edges").([]any); ok {
		return len(rows)
	}
	rows, _ := data.at("wallet", "transactions", "nodes").([]any)
	return len(rows)
}

// What is read below a page in further reads is read at once as well: a constant
// number of reads, and still nothing for the loaders to batch.
func TestStatementsBelowPages(t *testing.T) {
	t.Parallel()
	w := newBusyWallet(t)
	ids := []string{}
	for _, node := range w.data(priyaSays, `query($id: ID!) { wallet(id: $id) { transactions(first: 100) { nodes { id } } } }`,
		map[string]any{"id": w.names["wallet"]}).at("wallet", "transactions", "nodes").([]any) {
		ids = append(ids, node.(map[string]any)["id"].(string))
	}
	journals := []string{"begin_snapshot", "journals_by_id", "journal_postings", "journal_movements", "end_snapshot"}
	history := []string{"begin_snapshot", "page_wallets", "page_history", "end_snapshot"}
	byID := []string{"begin_snapshot", "page_wallets", "transactions_by_id", "end_snapshot"}
	for name, c := range map[string]struct {
		token, query string
		statements   []string
	}{
		"journals_of_a_page": {
			financeToken, `query($wallet: ID!) { wallet(id: $wallet) { transactions(first: 100) { nodes { journal { seq } reverses { journal { seq } } } } } }`,
			slices.Concat(history, journals),
		},
		"links_of_nodes": {
			priyaSays, `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Transaction { reverses { amount } reversedBy { amount } } } }`,
			slices.Concat(byID, byID),
		},
		"journals_of_nodes": {
			financeToken, `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Transaction { journal { seq } reversedBy { journal { seq } } } } }`,
			slices.Concat(byID, byID, journals),
		},
		"wallets_of_nodes": {
			financeToken, `query($wallet: ID!) { nodes(ids: [$wallet, $wallet]) { ... on Wallet { balance { available } transactions(first: 2) { nodes { amount } } } } }`,
			[]string{"begin_snapshot", "page_wallets", "page_balance", "page_history", "end_snapshot"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, counter := obs.WithCounter(t.Context())
			a := do(t, ctx, w.handler, request{token: c.token, query: c.query, variables: map[string]any{"wallet": w.names["wallet"], "ids": ids}})
			if len(a.Errors) > 0 {
				t.Fatal(a.raw)
			}
			if diff := cmp.Diff(c.statements, counter.Names()); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
			if n := w.batches.Swap(0); n != 0 {
				t.Errorf("%d loader batches ran, want none", n)
			}
		})
	}
	t.Run("deeper_than_the_look_ahead_is_batched", func(t *testing.T) {
		ctx, counter := obs.WithCounter(t.Context())
		a := do(t, ctx, w.handler, request{
			token: priyaSays, variables: map[string]any{"wallet": w.names["wallet"]},
			query: `query($wallet: ID!) { wallet(id: $wallet) { transactions(first: 100) { nodes { reverses { reversedBy { amount } } } } } }`,
		})
		if len(a.Errors) > 0 {
			t.Fatal(a.raw)
		}
		// How many batches it takes is up to the scheduler; one a row it must not be.
		if n := counter.RoundTrips(); n > 20 {
			t.Errorf("%d round trips for 100 rows, want far fewer than rows", n)
		}
		if w.batches.Swap(0) == 0 {
			t.Error("no loader batch ran, want those the look-ahead missed")
		}
	})
}

// One answer shows one state: what can be spent is what the newest row left, and
// the lots hold exactly that, while others write.
func TestOneSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["wallet"] = w.openParty(priya, "IN", "Asia/Kolkata")
	w.purchase(w.names["wallet"], 5000, 75000)
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	defer writers.Wait()
	defer stop()
	for range 4 {
		writers.Go(func() {
			for ctx.Err() == nil {
				input := map[string]any{
					"idempotencyKey": w.key(), "walletId": w.names["wallet"], "quantity": 3,
					"subject": map[string]any{"type": "PROPOSAL", "id": w.newID().String()},
				}
				if a := w.do(priyaSays, spendMutation, map[string]any{"input": input}); len(a.Errors) > 0 {
					t.Error(a.raw)
					return
				}
			}
		})
	}
	deadline, cancel := context.WithTimeout(t.Context(), waitPatience)
	defer cancel()
	seen := map[string]bool{}
	for len(seen) < 20 {
		if deadline.Err() != nil {
			t.Fatalf("saw %d states, want 20: the writers wrote too little meanwhile", len(seen))
		}
		data := w.data(priyaSays, `{ viewer { wallets { balance { available } newest: transactions(first: 1) { nodes { runningBalance } }
			lots(first: 10) { nodes { remaining } } all: transactions(first: 1) { totalCount nodes { amount } } } } }`, nil)
		page := object(data.at("viewer", "wallets", 0).(map[string]any))
		available := page.text("balance", "available")
		seen[available] = true
		if newest := page.text("newest", "nodes", 0, "runningBalance"); newest != available {
			t.Fatalf("available %s, the newest row left %s", available, newest)
		}
		if remaining := page.text("lots", "nodes", 0, "remaining"); remaining != available {
			t.Fatalf("available %s, the lot holds %s", available, remaining)
		}
		spends := 0
		if _, err := fmt.Sscan(page.text("all", "totalCount"), &spends); err != nil || fmt.Sprint(5000-3*(spends-1)) != available {
			t.Fatalf("available %s after %d transactions: %v", available, spends, err)
		}
	}
}
