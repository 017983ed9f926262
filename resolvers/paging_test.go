package resolvers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// walk pages through a connection in one direction and returns its rows in the
// order of the list.
func (w *world) walk(t *testing.T, list, filter string, size int, forward bool) []string {
	t.Helper()
	var rows []string
	cursor := ""
	for page := range 100 {
		arguments := fmt.Sprintf("first: %d", size)
		if !forward {
			arguments = fmt.Sprintf("last: %d", size)
		}
		if cursor != "" {
			arguments += fmt.Sprintf(", %s: %q", map[bool]string{true: "after", false: "before"}[forward], cursor)
		}
		data := w.data(priyaSays, fmt.Sprintf(`query($id: ID!) { wallet(id: $id) { list: %s(%s%s) {
			edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`, list, arguments, filter),
			map[string]any{"id": w.names["wallet"]})
		connection := object(data.at("wallet", "list").(map[string]any))
		edges := connection.at("edges").([]any)
		var ids []string
		for i := range edges {
			ids = append(ids, connection.text("edges", i, "node", "id"))
			if node := connection.text("nodes", i, "id"); node != ids[i] {
				t.Errorf("nodes[%d] = %s, edges have %s", i, node, ids[i])
			}
		}
		if connection.text("pageInfo", "startCursor") != connection.text("edges", 0, "cursor") ||
			connection.text("pageInfo", "endCursor") != connection.text("edges", len(edges)-1, "cursor") {
			t.Errorf("the cursors of %v are not those of the edges", connection.at("pageInfo"))
		}
		more, behind, next := "hasNextPage", "hasPreviousPage", "endCursor"
		if !forward {
			more, behind, next = "hasPreviousPage", "hasNextPage", "startCursor"
		}
		if got, want := connection.at("pageInfo", behind), page > 0; got != want {
			t.Errorf("page %d: %s = %v, want %v", page, behind, got, want)
		}
		if forward {
			rows = append(rows, ids...)
		} else {
			rows = append(ids, rows...)
		}
		if connection.at("pageInfo", more) == false {
			return rows
		}
		cursor = connection.text("pageInfo", next)
	}
	t.Fatal("the list has no end")
	return nil
}

func newPagedWallet(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.names["wallet"] = w.openParty(priya, "IN", "Asia/Kolkata")
	for i := range 4 {
		w.grant(w.names["wallet"], "PROMO", 2+i)
		w.grant(w.names["wallet"], "BONUS", 2+i)
		w.purchase(w.names["wallet"], 10, 150)
		w.spend(priyaSays, w.names["wallet"], 3)
	}
	return w
}

// Pages of any size, from either end, are the same list.
func TestPagesAreTheList(t *testing.T) {
	t.Parallel()
	w := newPagedWallet(t)
	for _, c := range []struct {
		list, filter string
		rows         int
	}{
		{"transactions", "", 16},
		{"transactions", ", filter: {direction: CREDIT, types: [PROMO_GRANT, PURCHASE]}", 8},
		{"transactions", ", filter: {amount: {min: 3, max: 4}}", 8},
		{"lots", "", 12},
		{"lots", ", state: ACTIVE", 0},
	} {
		whole := w.walk(t, c.list, c.filter, 100, true)
		if c.rows > 0 && len(whole) != c.rows {
			t.Errorf("%s%s has %d rows, want %d", c.list, c.filter, len(whole), c.rows)
		}
		if unique := slices.Compact(slices.Sorted(slices.Values(whole))); len(unique) != len(whole) {
			t.Errorf("%s%s: a row is there twice", c.list, c.filter)
		}
		for _, size := range []int{1, 3, 7} {
			for _, forward := range []bool{true, false} {
				if diff := cmp.Diff(whole, w.walk(t, c.list, c.filter, size, forward)); diff != "" {
					t.Errorf("%s%s by %d, forward %v (-whole +pages):\n%s", c.list, c.filter, size, forward, diff)
				}
			}
		}
	}
}

// A row that is added meanwhile does not move the pages behind a cursor.
func TestPagesHoldWhileOthersWrite(t *testing.T) {
	t.Parallel()
	w := newPagedWallet(t)
	whole := w.walk(t, "transactions", "", 100, true)
	first := w.data(priyaSays, `query($id: ID!) { wallet(id: $id) { transactions(first: 5) { pageInfo { endCursor } } } }`, map[string]any{"id": w.names["wallet"]})
	w.spend(priyaSays, w.names["wallet"], 1)
	second := w.data(priyaSays, `query($id: ID!, $after: String) { wallet(id: $id) { transactions(first: 1, after: $after) { nodes { id } } } }`,
		map[string]any{"id": w.names["wallet"], "after": first.text("wallet", "transactions", "pageInfo", "endCursor")})
	if got := second.text("wallet", "transactions", "nodes", 0, "id"); got != whole[5] {
		t.Errorf("the sixth row = %s, want %s", got, whole[5])
	}
}

// A cursor goes with its list and filter, and with nothing else.
func TestCursors(t *testing.T) {
	t.Parallel()
	w := newPagedWallet(t)
	get := func(list string) string {
		data := w.data(priyaSays, `query($id: ID!) { wallet(id: $id) { list: `+list+` { edges { cursor } } } }`, map[string]any{"id": w.names["wallet"]})
		return data.text("wallet", "list", "edges", 0, "cursor")
	}
	history := get("transactions(first: 1)")
	filtered := get("transactions(first: 1, filter: {direction: CREDIT})")
	dated := get(`transactions(first: 1, filter: {dates: {from: "2026-02-28", to: "2026-03-05"}})`)
	lots := get("lots(first: 1)")
	for name, c := range map[string]struct{ list, argument, cursor string }{
		"empty":               {"transactions(first: 1, after: $c)", "after", ""},
		"not_base64":          {"transactions(first: 1, after: $c)", "after", "%%%"},
		"padded":              {"transactions(first: 1, after: $c)", "after", history + "="},
		"cut":                 {"transactions(first: 1, after: $c)", "after", history[:len(history)-4]},
		"longer":              {"transactions(first: 1, after: $c)", "after", history + "AAAA"},
		"newline":             {"transactions(first: 1, after: $c)", "after", history + "\n"},
		"another_version":     {"transactions(first: 1, after: $c)", "after", rewrite(t, history, func(b []byte) { b[0] = 9 })},
		"instant_out_of_time": {"transactions(first: 1, after: $c)", "after", rewrite(t, history, func(b []byte) { b[9] = 0x80 })},
		"expiry_out_of_time":  {"lots(first: 1, after: $c)", "after", rewrite(t, lots, func(b []byte) { b[13] = 0x80 })},
		"of_a_filter":         {"transactions(first: 1, after: $c)", "after", filtered},
		"of_no_filter":        {"transactions(first: 1, after: $c, filter: {direction: CREDIT})", "after", history},
		"of_another_filter":   {"transactions(first: 1, after: $c, filter: {direction: DEBIT})", "after", filtered},
		"of_other_dates":      {`transactions(first: 1, after: $c, filter: {dates: {from: "2026-02-28", to: "2026-03-06"}})`, "after", dated},
		"of_another_list":     {"transactions(first: 1, after: $c)", "after", lots},
		"of_another_state":    {"lots(first: 1, after: $c, state: ACTIVE)", "after", lots},
		"before":              {"lots(last: 1, before: $c)", "before", history},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := w.do(priyaSays, `query($id: ID!, $c: String) { wallet(id: $id) { id list: `+c.list+` { totalCount } } }`, map[string]any{"id": w.names["wallet"], "c": c.cursor})
			if a.code() != "VALIDATION_FAILED" || a.argument() != c.argument || !strings.Contains(string(a.Data), `"list":null`) {
				t.Errorf("answer = %s, want VALIDATION_FAILED of %s and the wallet left", a.raw, c.argument)
			}
		})
	}
}
