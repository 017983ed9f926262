package resolvers_test

import (
	"testing"
	"time"
)

// newBid is newMarket with a bid of 30 of priya's Connects.
func newBid(t testing.TB) adWorld {
	t.Helper()
	w := newMarket(t)
	w.names["hold"] = w.place(w.names["wallet"], 30, w.clock().Add(7*24*time.Hour))
	return adWorld{w}
}

// newShared is newMarket with a wallet for omar's use.
func newShared(t testing.TB) adWorld {
	t.Helper()
	w := newMarket(t)
	w.names["memberWallet"] = w.memberWallet(studio, omar)
	return adWorld{w}
}

const captureMutation = `mutation($input: CaptureHoldInput!) { captureHold(input: $input) { __typename ... on UserError { code message } } }`

// wallet reads what a page shows of holds.
func (w *world) holdsOf(token, id string) object {
	w.t.Helper()
	return w.data(token, `query($id: ID!) { wallet(id: $id) {
		balance { posted held available } holds(first: 10) { nodes { id status reserved captured released left closedAt } }
		open: holds(first: 10, status: OPEN) { nodes { id } }
		transactions(first: 10) { nodes { type amount runningBalance status } } } }`, map[string]any{"id": id})
}

// What a wallet shows ties at each step: posted is held and available, and available
// is the newest row's running balance as long as no hold has expired.
func TestHoldsAreShownApartFromSpend(t *testing.T) {
	t.Parallel()
	w := newBid(t).world
	id, hold := w.names["wallet"], w.names["hold"]
	shown := func(step string, posted, held, available, status, rowStatus string, open int) {
		t.Helper()
		page := w.holdsOf(priyaSays, id)
		for field, want := range map[string]string{"posted": posted, "held": held, "available": available} {
			if got := page.text("wallet", "balance", field); got != want {
				t.Errorf("%s: %s = %s, want %s", step, field, got, want)
			}
		}
		if got := page.text("wallet", "holds", "nodes", 0, "status"); got != status {
			t.Errorf("%s: the hold is %s, want %s", step, got, status)
		}
		if got := page.text("wallet", "transactions", "nodes", 0, "status"); got != rowStatus {
			t.Errorf("%s: the newest row is %s, want %s", step, got, rowStatus)
		}
		if got := len(page.rows("wallet", "open", "nodes")); got != open {
			t.Errorf("%s: %d holds are open, want %d", step, got, open)
		}
	}
	// 80 bought and 10 given, 32 spent, 5 returned.
	shown("placed", "63", "30", "33", "OPEN", "PENDING", 1)
	w.mutate(serviceToken, captureMutation, map[string]any{"idempotencyKey": w.key(), "holdId": hold, "quantity": 10})
	shown("captured in part", "53", "20", "33", "OPEN", "PENDING", 1)
	w.wait(7 * 24 * time.Hour)
	// Nobody has booked it: the row is as it was, and the hold as it will be.
	shown("expired", "53", "0", "53", "CAPTURED", "POSTED", 0)
	page := w.holdsOf(priyaSays, id)
	if left, closed := page.text("wallet", "holds", "nodes", 0, "left"), page.text("wallet", "holds", "nodes", 0, "closedAt"); left != "0" || closed != "<nil>" {
		t.Errorf("an expired hold that nobody released has %s left and was closed at %s, want 0 and not yet", left, closed)
	}
	w.spend(priyaSays, id, 50)
	shown("spent", "3", "0", "3", "CAPTURED", "POSTED", 0)
	rows := w.holdsOf(priyaSays, id).rows("wallet", "transactions", "nodes")
	if got := object(rows[1].(map[string]any)); got.text("type") != "HOLD_RELEASED" || got.text("amount") != "20" {
		t.Errorf("before the spend came %v, want the release of 20", got)
	}
}

// A transfer is one journal, which each wallet sees its own way.
func TestTransferIsSeenFromBothSides(t *testing.T) {
	t.Parallel()
	w := newShared(t).world
	pool, member := w.names["agency"], w.names["memberWallet"]
	w.mutate(lenaSays, `mutation($input: TransferConnectsInput!) { transferConnects(input: $input) { __typename ... on UserError { code message } } }`,
		map[string]any{"idempotencyKey": w.key(), "fromWalletId": pool, "toWalletId": member, "quantity": 40})
	const query = `query($id: ID!) { wallet(id: $id) { kind
		in: transactions(first: 5, filter: {types: [TRANSFER_IN]}) { nodes { type amount journalId } }
		out: transactions(first: 5, filter: {types: [TRANSFER_OUT]}) { nodes { type amount journalId } }
		lots(first: 5) { nodes { id rootId remaining basis { decimal } } } } }`
	of := func(token, id string) object { return w.data(token, query, map[string]any{"id": id}) }
	from, to := of(lenaSays, pool), of(omarSays, member)
	if out, in := from.rows("wallet", "out", "nodes"), from.rows("wallet", "in", "nodes"); len(out) != 1 || len(in) != 0 {
		t.Errorf("the pool gave %v and got %v, want one row it gave", out, in)
	}
	if got := from.text("wallet", "out", "nodes", 0, "amount"); got != "-40" {
		t.Errorf("the pool gave %s, want -40", got)
	}
	if got := to.text("wallet", "in", "nodes", 0, "type") + " " + to.text("wallet", "in", "nodes", 0, "amount"); got != "TRANSFER_IN 40" {
		t.Errorf("the member sees %s, want TRANSFER_IN 40", got)
	}
	if got, want := to.text("wallet", "in", "nodes", 0, "journalId"), from.text("wallet", "out", "nodes", 0, "journalId"); got != want {
		t.Errorf("the member sees journal %s, want the pool's %s", got, want)
	}
	if got, want := to.text("wallet", "lots", "nodes", 0, "rootId"), from.text("wallet", "lots", "nodes", 0, "id"); got != want {
		t.Errorf("the member's lot stems from %s, want %s", got, want)
	}
	if lot := object(to.rows("wallet", "lots", "nodes")[0].(map[string]any)); lot["basis"] != nil {
		t.Errorf("a member is told what the lot cost: %v", lot)
	}
	others := w.memberWallet(studio, lena)
	if got := of(omarSays, others)["wallet"]; got != nil {
		t.Errorf("omar sees what is set aside for lena: %v", got)
	}
}

// rows returns the list at a path.
func (o object) rows(path ...any) []any {
	rows, _ := o.at(path...).([]any)
	return rows
}
