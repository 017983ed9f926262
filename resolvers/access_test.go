package resolvers_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
)

// What is not the caller's answers byte for byte like what does not exist, by the
// same statements.
func TestForeignIsUnknown(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	unknown := rewrite(t, w.names["wallet"], func(b []byte) { b[len(b)-16] ^= 0xff })
	// The pad bits of the last character are not zero: the same bytes, but not the
	// text that names them.
	foreign := w.names["foreign"]
	loose := foreign[:len(foreign)-1] + string(foreign[len(foreign)-1]+1)
	ids := map[string]string{
		"unknown": unknown, "empty": "", "malformed": "not an id!", "padded": w.names["wallet"] + "==", "short": "AQEAAA", "loose_bits": loose,
		"newline": w.names["wallet"] + "\n", "wrong_type": w.names["spend"], "wrong_version": rewrite(t, w.names["wallet"], func(b []byte) { b[0] = 2 }),
		"wrong_book": rewrite(t, w.names["wallet"], func(b []byte) { b[5] ^= 1 }), "no_type": rewrite(t, w.names["wallet"], func(b []byte) { b[1] = 99 }),
		"negative_book": rewrite(t, w.names["wallet"], func(b []byte) { b[2] = 0xff }), "long": w.names["wallet"] + w.names["wallet"],
	}
	const mutation = `mutation($id: ID!) { spendConnects(input: {idempotencyKey: "foreign-001", walletId: $id, quantity: 1, subject: {type: PROPOSAL, id: "00000000-0000-4000-8000-000000000001"}}) {
		__typename ... on UserError { code message path retry replayed } } }`
	for name, query := range map[string]string{
		"wallet":        `query($id: ID!) { wallet(id: $id) { id balance { available } transactions(first: 5) { nodes { id } } lots(first: 5) { nodes { id } } } }`,
		"node":          `query($id: ID!) { node(id: $id) { id ... on Wallet { balance { available } } } }`,
		"nodes":         `query($id: ID!) { nodes(ids: [$id]) { id ... on Wallet { balance { available } } } }`,
		"spendConnects": mutation,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, wantNames := w.asked(t, priyaSays, query, foreign)
			for kind, id := range ids {
				if name[:4] == "node" && kind == "wrong_type" {
					continue // a node of another type is found as what it is
				}
				got, names := w.asked(t, priyaSays, query, id)
				if got != want {
					t.Errorf("%s: %s, a foreign one answers %s", kind, got, want)
				}
				if diff := cmp.Diff(wantNames, names); diff != "" {
					t.Errorf("%s: statements (-foreign +%s):\n%s", kind, kind, diff)
				}
			}
			if len(wantNames) == 0 || !strings.Contains(want, "null") && !strings.Contains(want, "NotFound") {
				t.Errorf("a foreign wallet: %s by %v", want, wantNames)
			}
		})
	}
}

// asked sends a query with an id and returns the answer and the statements.
func (w *world) asked(t *testing.T, token, query, id string) (raw string, names []string) {
	t.Helper()
	ctx, counter := obs.WithCounter(t.Context())
	a := do(t, ctx, w.handler, request{token: token, query: query, variables: map[string]any{"id": id}})
	return a.raw, counter.Names()
}

// rewrite changes the bytes of an id.
func rewrite(t *testing.T, id string, change func([]byte)) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Lots, transactions and journals of others are unknown as well, by name.
func TestForeignNodesAreUnknown(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	const query = `query($id: ID!) { node(id: $id) { __typename id } }`
	journal := w.data(financeToken, `query($id: ID!) { node(id: $id) { ... on Transaction { journalId } } }`, map[string]any{"id": w.names["spend"]}).text("node", "journalId")
	lot := w.data(priyaSays, `query($id: ID!) { wallet(id: $id) { lots(first: 1) { nodes { id } } } }`, map[string]any{"id": w.names["wallet"]}).
		text("wallet", "lots", "nodes", 0, "id")
	for name, id := range map[string]string{"lot": lot, "transaction": w.names["spend"], "journal": journal} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unknown := rewrite(t, id, func(b []byte) { b[len(b)-16] ^= 0xff })
			foreign, foreignNames := w.asked(t, jonasSays, query, id)
			got, names := w.asked(t, jonasSays, query, unknown)
			if foreign != `{"data":{"node":null}}` || got != foreign {
				t.Errorf("foreign %s, unknown %s, want both null", foreign, got)
			}
			if diff := cmp.Diff(foreignNames, names); diff != "" || len(names) == 0 {
				t.Errorf("statements (-foreign +unknown):\n%s", diff)
			}
			if found, _ := w.asked(t, financeToken, query, id); !strings.Contains(found, id) {
				t.Errorf("as FINANCE: %s, want the node", found)
			}
		})
	}
}

func TestTransactionJournal(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	const query = `query($id: ID!) { node(id: $id) { ... on Transaction { journal { seq } } } }`
	for token, want := range map[string]string{
		priyaSays:              `FORBIDDEN`,
		financeToken:           `{"journal":{"seq":"4"}}`,
		"amy AUDITOR":          `{"journal":{"seq":"4"}}`,
		priyaSays + " SUPPORT": `{"journal":null}`, // the role opens the field, but no case the journal
		"sam SUPPORT":          `{"node":null}`,
		serviceToken:           `{"node":null}`,
		"pia PRODUCT_MANAGER":  `{"node":null}`,
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			if got, _ := w.asked(t, token, query, w.names["spend"]); !strings.Contains(got, want) {
				t.Errorf("answer = %s, want %s", got, want)
			}
		})
	}
}

// A role in the token and a row on record open an organisation only together, and
// only those of agencies open its wallet.
func TestMembershipNeedsClaimAndRow(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	analyst := party(7)
	w.member(analyst, "ADVERTISER_ANALYST", true)
	gone := party(8)
	w.member(gone, "AGENCY_ADMIN", true)
	w.member(gone, "AGENCY_ADMIN", false)
	for name, c := range map[string]struct {
		token string
		sees  bool
	}{
		"admin":                   {lenaSays, true},
		"member":                  {omarSays, true},
		"claim_without_row":       {outsider.String() + " AGENCY_ADMIN AGENCY_MEMBER", false},
		"row_without_claim":       {lena.String() + " FREELANCER", false},
		"row_of_another_role":     {lena.String() + " AGENCY_MEMBER", false},
		"row_that_ended":          {gone.String() + " AGENCY_ADMIN", false},
		"row_of_an_advertiser":    {analyst.String() + " ADVERTISER_ANALYST AGENCY_MEMBER", false},
		"staff_named_like_a_uuid": {lena.String() + " SUPPORT", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := w.data(c.token, `query($id: ID!) { wallet(id: $id) { id } viewer { wallets { id } } }`, map[string]any{"id": w.names["agency"]})
			wallets, _ := data.at("viewer", "wallets").([]any)
			if got := data.at("wallet") != nil; got != c.sees || (len(wallets) == 1) != c.sees {
				t.Errorf("wallet %v and %d wallets of their own, want seen: %v", data.at("wallet"), len(wallets), c.sees)
			}
		})
	}
}

// A member reads their own lines only, also by name and through links.
func TestMemberSeesOwnLines(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.reverse(w.names["omarSpend"], "RETURN_TOS", 0)
	const query = `query($id: ID!) { node(id: $id) { ... on Transaction { amount lots { basis { decimal } } reversedAmount reversedBy { amount } } } }`
	own, _ := w.asked(t, omarSays, query, w.names["omarSpend"])
	if want := `{"amount":-6,"lots":[{"basis":null}],"reversedAmount":6,"reversedBy":[]}`; !strings.Contains(own, want) {
		t.Errorf("own line = %s, want %s", own, want)
	}
	if others, _ := w.asked(t, omarSays, query, w.names["lenaSpend"]); others != `{"data":{"node":null}}` {
		t.Errorf("another's line = %s, want null", others)
	}
	if all, _ := w.asked(t, lenaSays, query, w.names["omarSpend"]); !strings.Contains(all, `"basis":{"decimal":"-0.90"}`) {
		t.Errorf("to the administrator = %s, want the basis", all)
	}
}

// Who may look at every wallet may not spend from it.
func TestLookingIsNotSpending(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	token := jonas.String() + " FREELANCER FINANCE"
	input := map[string]any{
		"idempotencyKey": "looking-is-not-spending", "walletId": w.names["wallet"], "quantity": 1,
		"subject": map[string]any{"type": "PROPOSAL", "id": "00000000-0000-4000-8000-000000000001"},
	}
	if got := w.data(token, spendMutation, map[string]any{"input": input}).text("spendConnects", "code"); got != "NOT_FOUND" {
		t.Errorf("spending from a wallet one may read: %s, want NOT_FOUND", got)
	}
}
