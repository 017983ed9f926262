package resolvers_test

import (
	"maps"
	"testing"
)

// Things of a target that are not named by a type.
const (
	creditID       = "transaction that brought units"
	organisationID = "organisation"
)

// target is one object of each type, by type name, all of one owner.
type target map[string]string

// matrixWorld is a market in which each owner has something of everything.
type matrixWorld struct {
	*world
	targets map[string]target // by owner
}

// newMatrixWorlds makes one world for each state that requests are sent in, so
// that no answer depends on the order of requests: the requests that change an
// answer of another one have a world apart.
func newMatrixWorlds(t *testing.T) map[string]*matrixWorld {
	t.Helper()
	return map[string]*matrixWorld{
		"active": newMatrixWorld(t, false), "freezing": newMatrixWorld(t, false),
		"frozen": newMatrixWorld(t, true), "unfreezing": newMatrixWorld(t, true),
	}
}

func newMatrixWorld(t *testing.T, frozen bool) *matrixWorld {
	t.Helper()
	w := &matrixWorld{world: newMarket(t), targets: map[string]target{}}
	w.member(matrixAnalyst, "ADVERTISER_ANALYST", true)
	w.member(matrixManager, "ADVERTISER_ADMIN", true)
	others := party(9)
	w.openAgency(others)
	w.reverse(w.names["omarSpend"], "RETURN_TOS", 1)
	// Of 50 units 3 are left, so that no parcel of them is whole any longer.
	bought := w.purchase(w.names["foreign"], 10, 150)
	spent := w.spend(jonasSays, w.names["foreign"], 47)
	w.reverse(spent, "RETURN_TOS", 1)

	w.targets["priya"] = w.target(w.names["wallet"], w.names["spend"], w.names["purchase"], studio.String())
	w.targets["studio"] = w.target(w.names["agency"], w.names["omarSpend"], w.names["omarSpend"], studio.String())
	w.targets["jonas"] = w.target(w.names["foreign"], spent, bought, others.String())
	w.targets["lena"] = w.target(w.names["agency"], w.names["lenaSpend"], w.names["lenaSpend"], studio.String())
	if frozen {
		for _, name := range []string{"wallet", "foreign", "agency"} {
			w.mutate(serviceToken, freezeMutation, map[string]any{"idempotencyKey": w.key(), "walletId": w.names[name], "reason": "COMPLIANCE"})
		}
	}
	return w
}

// target names a wallet and what hangs on it.
func (w *matrixWorld) target(wallet, transaction, credit, organisation string) target {
	w.t.Helper()
	data := w.data(financeToken, `query($wallet: ID!, $transaction: ID!) {
		wallet(id: $wallet) { lots(first: 1) { nodes { id } } }
		node(id: $transaction) { ... on Transaction { journalId } } }`,
		map[string]any{"wallet": wallet, "transaction": transaction})
	return target{
		"Wallet": wallet, "Transaction": transaction, creditID: credit, organisationID: organisation,
		"Lot": data.text("wallet", "lots", "nodes", 0, "id"), "Journal": data.text("node", "journalId"),
	}
}

// aims are what a caller asks for: their own objects, somebody else's, and such as
// nobody has. To a member of an agency the line of another member is foreign.
func (w *matrixWorld) aims(t *testing.T, caller matrixCaller) (own, foreign, unknown target) {
	t.Helper()
	own, foreign = w.targets[caller.own], maps.Clone(w.targets["jonas"])
	if caller.token == omarSays {
		foreign["Transaction"], foreign["Journal"] = w.targets["lena"]["Transaction"], w.targets["lena"]["Journal"]
	}
	unknown = target{}
	for name, id := range foreign {
		if name == organisationID {
			unknown[name] = party(99).String()
			continue
		}
		// The first byte of the last uuid: ids in tests are counted, so that one with another end exists.
		unknown[name] = rewrite(t, id, func(b []byte) { b[len(b)-16] ^= 0xff })
	}
	return own, foreign, unknown
}
