package resolvers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/ledger"
)

// People of the example market. Each token is what package personas reads.
var (
	priya     = party(1) // a freelancer in India
	jonas     = party(2) // a freelancer in Germany
	studio    = party(3) // an agency in the United States
	lena      = party(4) // its administrator
	omar      = party(5) // a member of it
	outsider  = party(6) // claims to be a member of it
	priyaSays = priya.String() + " FREELANCER"
	jonasSays = jonas.String() + " FREELANCER"
	lenaSays  = lena.String() + " AGENCY_ADMIN"
	omarSays  = omar.String() + " AGENCY_MEMBER"
)

const (
	openMutation = `mutation($input: OpenWalletInput!) { openWallet(input: $input) {
		__typename ... on OpenWalletSuccess { wallet { id } } ... on UserError { code message } } }`
	grantMutation = `mutation($input: GrantConnectsInput!) { grantConnects(input: $input) {
		__typename ... on GrantConnectsSuccess { journalId transaction { id } } ... on UserError { code message } } }`
	purchaseMutation = `mutation($input: PurchaseConnectsInput!) { purchaseConnects(input: $input) {
		__typename ... on PurchaseConnectsSuccess { journalId transaction { id } } ... on UserError { code message } } }`
	spendMutation = `mutation($input: SpendConnectsInput!) { spendConnects(input: $input) {
		__typename ... on SpendConnectsSuccess { journalId transaction { id } } ... on UserError { code message } } }`
	reverseMutation = `mutation($input: ReverseTransactionInput!) { reverseTransaction(input: $input) {
		__typename ... on ReverseTransactionSuccess { journalId transaction { id } } ... on UserError { code message } } }`
	membershipMutation = `mutation($input: SetMembershipInput!) { setMembership(input: $input) { __typename ... on UserError { code message } } }`
	limitMutation      = `mutation($input: SetSpendingLimitInput!) { setSpendingLimit(input: $input) { __typename ... on UserError { code message } } }`
	holdMutation       = `mutation($input: PlaceHoldInput!) { placeHold(input: $input) { __typename ... on PlaceHoldSuccess { hold { id } } ... on UserError { code message } } }`
	releaseMutation    = `mutation($input: ReleaseHoldInput!) { releaseHold(input: $input) { __typename ... on UserError { code message } } }`
	freezeMutation     = `mutation($input: FreezeWalletInput!) { freezeWallet(input: $input) { __typename ... on UserError { code message } } }`
)

// mutate sends a mutation that must succeed, and returns its payload.
func (w *world) mutate(token, mutation string, input map[string]any) object {
	w.t.Helper()
	data := w.data(token, mutation, map[string]any{"input": input})
	for _, payload := range data {
		success := object(payload.(map[string]any))
		if !strings.HasSuffix(success.text("__typename"), "Success") {
			w.t.Fatalf("%s\nas %s: %v", mutation, token, success)
		}
		return success
	}
	w.t.Fatal("a mutation without a payload")
	return nil
}

// key makes the next idempotency key: the same in each run.
func (w *world) key() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("test-key-%06d", w.ids)
}

func (w *world) openParty(owner ledger.ID, jurisdiction, zone string) string {
	w.t.Helper()
	return w.mutate(serviceToken, openMutation, map[string]any{
		"idempotencyKey": w.key(), "owner": map[string]any{"partyId": owner.String()}, "kind": "FREELANCER",
		"jurisdiction": jurisdiction, "timeZone": zone,
	}).text("wallet", "id")
}

func (w *world) openAgency(owner ledger.ID) string {
	w.t.Helper()
	return w.mutate(serviceToken, openMutation, map[string]any{
		"idempotencyKey": w.key(), "owner": map[string]any{"organisationId": owner.String()}, "kind": "AGENCY",
		"jurisdiction": "US", "timeZone": "America/New_York",
	}).text("wallet", "id")
}

func (w *world) memberWallet(organisation, who ledger.ID) string {
	w.t.Helper()
	return w.mutate(serviceToken, openMutation, map[string]any{
		"idempotencyKey": w.key(), "owner": map[string]any{"organisationId": organisation.String()}, "kind": "MEMBER", "memberId": who.String(),
		"jurisdiction": "US", "timeZone": "America/New_York",
	}).text("wallet", "id")
}

// place holds units of a wallet for a bid.
func (w *world) place(id string, quantity int, until time.Time) string {
	w.t.Helper()
	return w.mutate(serviceToken, holdMutation, map[string]any{
		"idempotencyKey": w.key(), "walletId": id, "purpose": "BID", "quantity": quantity, "expiresAt": until.Format(time.RFC3339Nano),
		"subject": map[string]any{"type": "PROPOSAL", "id": w.newID().String()},
	}).text("hold", "id")
}

func (w *world) member(who ledger.ID, role string, active bool) {
	w.t.Helper()
	w.mutate(serviceToken, membershipMutation, map[string]any{
		"idempotencyKey": w.key(), "organisationId": studio.String(), "partyId": who.String(), "role": role, "active": active,
	})
}

func (w *world) purchase(id string, quantity, cents int) string {
	w.t.Helper()
	key := w.key()
	return w.mutate(serviceToken, purchaseMutation, map[string]any{
		"idempotencyKey": key, "walletId": id, "quantity": quantity, "feeMinor": cents / 20,
		"price": map[string]any{"amountMinor": cents, "currency": "USD"}, "paymentReference": "pay-" + key,
	}).text("transaction", "id")
}

func (w *world) grant(id, origin string, quantity int) string {
	w.t.Helper()
	return w.mutate(serviceToken, grantMutation, map[string]any{
		"idempotencyKey": w.key(), "walletId": id, "quantity": quantity, "origin": origin,
		"explanation": map[string]any{"rule": strings.ToLower(origin) + ".spring", "inputs": []any{map[string]any{"name": "campaign", "value": "spring"}}},
	}).text("transaction", "id")
}

func (w *world) spend(token, id string, quantity int) string {
	w.t.Helper()
	return w.mutate(token, spendMutation, map[string]any{
		"idempotencyKey": w.key(), "walletId": id, "quantity": quantity, "subject": map[string]any{"type": "PROPOSAL", "id": w.newID().String()},
	}).text("transaction", "id")
}

func (w *world) reverse(transaction, reason string, quantity int) string {
	w.t.Helper()
	input := map[string]any{"idempotencyKey": w.key(), "transactionId": transaction, "reason": reason}
	if quantity > 0 {
		input["quantity"] = quantity
	}
	return w.mutate(serviceToken, reverseMutation, input).text("transaction", "id")
}

// market is the example that golden answers are of: two freelancers, and an agency
// with an administrator and a member.
func newMarket(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.names["priya"], w.names["jonas"], w.names["studio"] = priya.String(), jonas.String(), studio.String()
	w.names["wallet"] = w.openParty(priya, "IN", "Asia/Kolkata")
	w.names["foreign"] = w.openParty(jonas, "DE", "Europe/Berlin")
	w.names["agency"] = w.openAgency(studio)
	w.member(lena, "AGENCY_ADMIN", true)
	w.member(omar, "AGENCY_MEMBER", true)
	w.grant(w.names["foreign"], "PLAN", 40)
	w.purchase(w.names["agency"], 200, 3000)
	w.wait(time.Hour)

	w.names["purchase"] = w.purchase(w.names["wallet"], 80, 1200)
	w.wait(24 * time.Hour)
	w.names["grant"] = w.grant(w.names["wallet"], "PROMO", 10)
	w.wait(24 * time.Hour)
	w.names["spend"] = w.spend(priyaSays, w.names["wallet"], 12)
	w.names["omarSpend"] = w.spend(omarSays, w.names["agency"], 6)
	w.names["lenaSpend"] = w.spend(lenaSays, w.names["agency"], 16)
	w.wait(48 * time.Hour)
	w.names["return"] = w.reverse(w.names["spend"], "RETURN_JOB_CLOSED", 5)
	w.wait(3 * time.Hour)
	w.names["spend2"] = w.spend(priyaSays, w.names["wallet"], 20)
	return w
}
