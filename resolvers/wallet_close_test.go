package resolvers_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
	"purser/ledger"
)

const (
	closeWalletMutation = `mutation($input: CloseWalletInput!) { closeWallet(input: $input) {
		__typename ... on CloseWalletSuccess { replayed wallet { status freeze { reason } permissions { canSpend reasons } balance { posted } } }
		... on UserError { code message path retry replayed } ... on WalletNotEmpty { balance held } ... on CampaignsNotEnded { campaigns } } }`
	transferMutation = `mutation($input: TransferConnectsInput!) { transferConnects(input: $input) {
		__typename ... on UserError { code message path retry replayed }
		... on OriginNotTransferable { transferable notTransferable origins } } }`
)

// empty uses up what a wallet can give.
func (w *world) empty(id string) {
	w.t.Helper()
	available := w.data(financeToken, `query($id: ID!) { wallet(id: $id) { balance { available } } }`, map[string]any{"id": id}).text("wallet", "balance", "available")
	units, err := strconv.Atoi(available)
	if err != nil {
		w.t.Fatal(err)
	}
	if units == 0 {
		return
	}
	hold := w.place(id, units, w.clock().Add(time.Hour))
	w.mutate(serviceToken, captureMutation, map[string]any{"idempotencyKey": w.key(), "holdId": hold, "quantity": units})
}

// told sends a mutation and returns its payload as JSON.
func (w *world) told(t *testing.T, token, mutation, field string, input map[string]any) string {
	t.Helper()
	return marshal(t, w.data(token, mutation, map[string]any{"input": input})[field])
}

// A wallet is closed once nothing is in it, on hold, or with a campaign; then for good.
func TestCloseWallet(t *testing.T) {
	t.Parallel()
	w := newBid(t)
	id := w.names["wallet"]
	closing := func(key, want string) {
		t.Helper()
		if diff := cmp.Diff(want, w.told(t, serviceToken, closeWalletMutation, "closeWallet", map[string]any{"idempotencyKey": key, "walletId": id, "reason": "account.deleted"})); diff != "" {
			t.Errorf("closing with %s (-want +got):\n%s", key, diff)
		}
	}
	ads := w.openAds(map[string]any{"partyId": priya.String()}, "IN", "Asia/Kolkata", "Ads", id)
	campaign := w.create(priyaSays, ads, plan{"Spring", "BOOSTED_PROFILE", "DAILY", "", 5, 1000, 20})
	const committed = `{"__typename":"CampaignsNotEnded","campaigns":1,"code":"CAMPAIGNS_NOT_ENDED","message":"campaigns that the wallet pays for have not ended: 1",` +
		`"path":["input","walletId"],"replayed":%t,"retry":"NEW_KEY"}`
	closing("close-wallet-1", fmt.Sprintf(committed, false))
	w.move(priyaSays, campaign, "ENDED")
	closing("close-wallet-1", fmt.Sprintf(committed, true)) // what was decided stays
	closing("close-wallet-2", `{"__typename":"WalletNotEmpty","balance":33,"code":"WALLET_NOT_EMPTY","held":30,"message":"the wallet has 33 Connects, and 30 are held",`+
		`"path":["input","walletId"],"replayed":false,"retry":"NEW_KEY"}`)
	w.mutate(serviceToken, releaseMutation, map[string]any{"idempotencyKey": w.key(), "holdId": w.names["hold"]})
	w.empty(id)
	w.mutate(serviceToken, freezeMutation, map[string]any{"idempotencyKey": w.key(), "walletId": id, "reason": "COMPLIANCE"})
	const closed = `{"__typename":"CloseWalletSuccess","replayed":%t,"wallet":{"balance":{"posted":0},"freeze":null,` +
		`"permissions":{"canSpend":false,"reasons":["WALLET_CLOSED","ROLE_NOT_ALLOWED"]},"status":"CLOSED"}}`
	closing("close-wallet-3", fmt.Sprintf(closed, false))
	closing("close-wallet-3", fmt.Sprintf(closed, true))
	const refused = `{"__typename":"WalletClosed","code":"WALLET_CLOSED","message":"the wallet was closed for good","path":["input",%q],"replayed":false,"retry":"NEVER"}`
	closing("close-wallet-4", fmt.Sprintf(refused, "walletId"))
}

// A transfer to a closed wallet says which of the two it is.
func TestTransferToAClosedWallet(t *testing.T) {
	t.Parallel()
	w := newShared(t)
	pool, member := w.names["agency"], w.names["memberWallet"]
	w.mutate(serviceToken, closeWalletMutation, map[string]any{"idempotencyKey": w.key(), "walletId": member, "reason": "member.left"})
	for field, ends := range map[string][2]string{"toWalletId": {pool, member}, "fromWalletId": {member, pool}} {
		got := w.told(t, lenaSays, transferMutation, "transferConnects", map[string]any{
			"idempotencyKey": w.key(), "fromWalletId": ends[0], "toWalletId": ends[1], "quantity": 1,
		})
		want := fmt.Sprintf(`{"__typename":"WalletClosed","code":"WALLET_CLOSED","message":"the wallet was closed for good","path":["input",%q],"replayed":false,"retry":"NEVER"}`, field)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
}

// What was given in a promotion stays where it is, and the refusal says how much that is.
func TestPromotionalUnitsAreNotTransferred(t *testing.T) {
	t.Parallel()
	w := newShared(t)
	pool := w.names["agency"] // 200 bought, 22 of them spent
	w.grant(pool, "PROMO", 30)
	transfer := func(quantity int) string {
		t.Helper()
		return w.told(t, lenaSays, transferMutation, "transferConnects", map[string]any{
			"idempotencyKey": w.key(), "fromWalletId": pool, "toWalletId": w.names["memberWallet"], "quantity": quantity,
		})
	}
	want := `{"__typename":"OriginNotTransferable","code":"ORIGIN_NOT_TRANSFERABLE","message":"179 Connects are asked for, and 178 of the wallet's can be transferred",` +
		`"notTransferable":30,"origins":["PROMO"],"path":["input","quantity"],"replayed":false,"retry":"NEW_KEY","transferable":178}`
	if diff := cmp.Diff(want, transfer(179)); diff != "" {
		t.Errorf("too many (-want +got):\n%s", diff)
	}
	if got, want := transfer(178), `{"__typename":"TransferConnectsSuccess"}`; got != want {
		t.Errorf("all that are transferable: %s, want %s", got, want)
	}
}

const limitsQuery = `query($id: ID!) { wallet(id: $id) { spendingLimits { window maximum used left resetsAt } } }`

// Limits are for those who spend from the wallet, and for who oversees it.
func TestSpendingLimits(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	pool := w.names["agency"]
	w.limit(pool, "WEEK", 100)
	w.limit(pool, "DAY", 10)
	w.spend(omarSays, pool, 4)
	const shown = `{"wallet":{"spendingLimits":[` +
		`{"left":6,"maximum":10,"resetsAt":"2026-03-06T00:00:00Z","used":4,"window":"DAY"},{"left":96,"maximum":100,"resetsAt":"2026-03-09T00:00:00Z","used":4,"window":"WEEK"}]}}`
	for token, want := range map[string]string{
		omarSays: shown, lenaSays: shown, financeToken: shown, "amy AUDITOR": shown,
		priyaSays: `{"wallet":null}`, outsider.String() + " AGENCY_ADMIN": `{"wallet":null}`,
	} {
		if diff := cmp.Diff(want, marshal(t, w.data(token, limitsQuery, map[string]any{"id": pool}))); diff != "" {
			t.Errorf("as %s (-want +got):\n%s", token, diff)
		}
	}
	if got, want := marshal(t, w.data(priyaSays, limitsQuery, map[string]any{"id": w.names["wallet"]})), `{"wallet":{"spendingLimits":[]}}`; got != want {
		t.Errorf("a wallet without limits has %s, want %s", got, want)
	}
	success := w.data(serviceToken, `mutation($input: SetSpendingLimitInput!) { setSpendingLimit(input: $input) {
		... on SetSpendingLimitSuccess { wallet { spendingLimits { window maximum left } } } } }`,
		map[string]any{"input": map[string]any{"idempotencyKey": w.key(), "walletId": pool, "window": "DAY", "maximum": 3}})
	if got, want := marshal(t, success.at("setSpendingLimit", "wallet", "spendingLimits", 0)), `{"left":0,"maximum":3,"window":"DAY"}`; got != want {
		t.Errorf("lowered below what was used: %s, want %s", got, want)
	}
}

func (w *world) limit(id, window string, maximum int) {
	w.t.Helper()
	w.mutate(serviceToken, limitMutation, map[string]any{"idempotencyKey": w.key(), "walletId": id, "window": window, "maximum": maximum})
}

// The limits of any number of wallets are one statement, and nothing for the loaders.
func TestStatementsOfSpendingLimits(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	const query = `{ viewer { wallets { spendingLimits { window maximum used left resetsAt } } } }`
	w.limit(w.names["agency"], "DAY", 10)
	wallets := 1
	for _, size := range []int{1, 10, 50} {
		for ; wallets < size; wallets++ {
			id := w.memberWallet(studio, ledger.ID{0: 7, 15: byte(wallets)})
			w.limit(id, "DAY", 10)
			w.limit(id, "WEEK", 20)
		}
		ctx, counter := obs.WithCounter(t.Context())
		a := do(t, ctx, w.handler, request{token: lenaSays, query: query})
		if got := len(objectOf(t, a.Data).rows("viewer", "wallets")); got != size || len(a.Errors) > 0 {
			t.Fatalf("%d wallets, want %d: %s", got, size, a.raw)
		}
		want := []string{"begin_snapshot", "page_wallets", "page_limits", "end_snapshot"}
		if diff := cmp.Diff(want, counter.Names()); diff != "" || counter.RoundTrips() != 1 {
			t.Errorf("%d wallets: %d round trips (-want +got):\n%s", size, counter.RoundTrips(), diff)
		}
	}
	if n := w.batches.Load(); n != 0 {
		t.Errorf("%d loader batches ran, want every load a primed hit", n)
	}
}
