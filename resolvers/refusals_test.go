package resolvers_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"purser/internal/domain"
	"purser/internal/obs"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/resolvers"
)

// A frozen wallet refuses its owner with the reason; a replay says so as well,
// also when the wallet is frozen no longer, and a new key then works.
func TestSpendFromFrozenWallet(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	const mutation = `mutation($input: SpendConnectsInput!) { spendConnects(input: $input) {
		__typename ... on WalletFrozen { reason since } ... on UserError { retry replayed } } }`
	spend := func(key string) object {
		t.Helper()
		return w.data(priyaSays, mutation, map[string]any{"input": map[string]any{
			"idempotencyKey": key, "walletId": w.names["wallet"], "quantity": 1,
			"subject": map[string]any{"type": "PROPOSAL", "id": "00000000-0000-4000-8000-000000000001"},
		}})
	}
	w.mutate(serviceToken, freezeMutation, map[string]any{"idempotencyKey": w.key(), "walletId": w.names["wallet"], "reason": "COMPLIANCE"})
	page := w.data(priyaSays, `{ viewer { wallets { status freeze { reason } permissions { canSpend reasons } } } }`, nil)
	if got := marshal(t, page.at("viewer", "wallets", 0)); got != `{"freeze":{"reason":"COMPLIANCE"},"permissions":{"canSpend":false,"reasons":["WALLET_FROZEN"]},"status":"FROZEN"}` {
		t.Errorf("the owner sees %s", got)
	}
	refused := spend("frozen-spend-1")
	if refused.text("spendConnects", "__typename") != "WalletFrozen" || refused.text("spendConnects", "reason") != "COMPLIANCE" ||
		refused.text("spendConnects", "retry") != "NEW_KEY" || refused.at("spendConnects", "replayed") != false {
		t.Errorf("while frozen: %v", refused)
	}
	w.mutate(serviceToken, `mutation($input: UnfreezeWalletInput!) { unfreezeWallet(input: $input) { __typename } }`,
		map[string]any{"idempotencyKey": w.key(), "walletId": w.names["wallet"]})
	replay := spend("frozen-spend-1")
	if replay.text("spendConnects", "__typename") != "WalletFrozen" || replay.at("spendConnects", "reason") != nil || replay.at("spendConnects", "replayed") != true {
		t.Errorf("replayed when frozen no longer: %v", replay)
	}
	if again := spend("frozen-spend-2"); again.text("spendConnects", "__typename") != "SpendConnectsSuccess" {
		t.Errorf("with a new key: %v", again)
	}
}

// refusing is a service whose every decision is one refusal.
type refusing struct {
	resolvers.Service
	refusal ledger.Refusal
}

func (r refusing) Grant(context.Context, domain.Caller, wallet.Grant) (wallet.Result, error) {
	return wallet.Result{Outcome: ledger.Outcome{Refusal: r.refusal, BookSeq: 7, Replayed: true}}, nil
}

// Refusals that data of this size cannot lead to are told all the same, and those
// that no rule of a mutation can lead to are faults of ours.
func TestRareRefusals(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"AMOUNT_OVERFLOW":  `{"__typename":"AmountOverflow","code":"AMOUNT_OVERFLOW","path":["input","quantity"],"retry":"NEVER","replayed":true}`,
		"INVALID_AMOUNT":   `{"__typename":"ValidationFailed","code":"VALIDATION_FAILED","path":["input","quantity"],"retry":"NEVER","replayed":true}`,
		"UNKNOWN_JOURNAL":  `{"__typename":"NotFound","code":"NOT_FOUND","path":["input","walletId"],"retry":"NEVER","replayed":true}`,
		"ACCOUNT_MISSING":  "INTERNAL",
		"ACCOUNT_CLOSED":   `{"__typename":"WalletClosed","code":"WALLET_CLOSED","path":["input","walletId"],"retry":"NEVER","replayed":true}`,
		"ALREADY_DONE":     "INTERNAL",
		"STATUS_CONFLICT":  "INTERNAL",
		"REVERSAL_EXCEEDS": "INTERNAL", // there is such a member, but not of this payload
		"GUARD_FAILED":     "INTERNAL",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			refusal, err := ledger.DecodeRefusal(code, ledger.Arguments(nil).Text("detail", string(ledger.Arguments(nil).Encode())).Encode())
			if err != nil {
				t.Fatal(err)
			}
			handler := newHandler(t, resolvers.Config{
				Service: refusing{refusal: refusal}, Reader: broken{}, Clock: func() time.Time { return began },
				Log: obs.NewLogger(io.Discard, obs.Production), RequestID: obs.RequestID,
			})
			a := do(t, t.Context(), handler, request{
				token: serviceToken,
				query: `mutation { grantConnects(input: {idempotencyKey: "any-key-01", walletId: "AQ", quantity: 1, origin: PLAN, explanation: {rule: "r"}}) {
					__typename ... on UserError { code path retry replayed } } }`,
			})
			if !strings.Contains(a.raw, want) {
				t.Errorf("answer = %s, want %s", a.raw, want)
			}
			if want == "INTERNAL" && a.code() != want {
				t.Errorf("code = %s, want INTERNAL", a.code())
			}
		})
	}
}

// withoutJournals is a reader whose journals cannot be read.
type withoutJournals struct{ resolvers.Reader }

func (withoutJournals) Journals(context.Context, []wallet.JournalRef) ([]wallet.JournalDetail, error) {
	return nil, errors.New("no journals today")
}

// A panel that fails leaves the rest of the page.
func TestOneFailedPanel(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	handler := newHandler(t, resolvers.Config{
		Service: w.service, Reader: withoutJournals{w.db.NewReader(w.clock)}, Clock: w.clock,
		Log: obs.NewLogger(io.Discard, obs.Production), RequestID: obs.RequestID,
	})
	a := do(t, t.Context(), handler, request{
		token: financeToken, variables: map[string]any{"id": w.names["wallet"]},
		query: `query($id: ID!) { wallet(id: $id) { balance { available } transactions(first: 1) { nodes { amount journal { seq } } } } }`,
	})
	if want := `{"wallet":{"balance":{"available":63},"transactions":{"nodes":[{"amount":-20,"journal":null}]}}}`; string(a.Data) != want || a.code() != "INTERNAL" {
		t.Errorf("answer = %s, want %s with one error", a.raw, want)
	}
}

// A wallet says the same whichever way it is reached, by the same look-ahead.
func TestOneWalletByEveryWay(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	const fields = `fragment Page on Wallet {
		id status balance(axis: $axis) { available asOf } past: balance(asOf: $asOf) { available }
		lots(first: $n, state: $state) { nodes { id remaining } pageInfo { endCursor } } expiring(withinDays: $days) { total }
		history: transactions(first: $n, filter: $filter) { edges { cursor node { ...Row } } }
		backward: transactions(last: $n) { nodes { ...Row lots { quantity } reversedBy { lots { quantity } } } }
		spend(range: $range, grain: $grain, timeZone: $zone) { timestamps spend }
	}
	fragment Row on Transaction { id amount reverses @include(if: $links) { amount } }`
	const declared = `($id: ID!, $n: Int!, $axis: BalanceAxis! = BOOKED, $asOf: DateTime, $state: LotState, $days: Int! = 20,
		$filter: TransactionFilter, $range: DateRangeInput!, $grain: Grain! = WEEK, $zone: String, $links: Boolean!)`
	variables := map[string]any{
		"id": w.names["wallet"], "n": 2, "asOf": "2026-03-02T00:00:00+05:30", "state": "ACTIVE", "zone": "UTC", "links": true,
		"filter": map[string]any{"types": "PROPOSAL", "amount": map[string]any{"min": 1}}, "range": map[string]any{"from": "2026-03-01", "to": "2026-03-09"},
	}
	ways := map[string]struct {
		query string
		path  []any
	}{
		"wallet": {`{ wallet(id: $id) { ...Page } }`, []any{"wallet"}},
		"node":   {`{ node(id: $id) { ... on Wallet { ...Page } } }`, []any{"node"}},
		"nodes":  {`{ nodes(ids: [$id]) { __typename ...Page } }`, []any{"nodes", 0}},
		"viewer": {`{ viewer { wallets { ...Page } other: wallets { id } } wallet(id: $id) { id } }`, []any{"viewer", "wallets", 0}},
	}
	answers := map[string]string{}
	for name, way := range ways {
		data := w.data(priyaSays, "query"+declared+way.query+fields, variables)
		page := maps.Clone(data.at(way.path...).(map[string]any))
		delete(page, "__typename")
		answers[name] = marshal(t, page)
	}
	for name, got := range answers {
		if got != answers["wallet"] || len(got) < 500 {
			t.Errorf("by %s:\n%s\nby wallet:\n%s", name, got, answers["wallet"])
		}
	}
	if n := w.batches.Load(); n != 0 {
		t.Errorf("%d loader batches ran, want every load a primed hit", n)
	}
}
