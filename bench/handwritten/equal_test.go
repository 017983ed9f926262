package handwritten_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"purser/bench/handwritten"
	"purser/internal/auth"
	"purser/internal/wallet"
	"purser/ledger"
)

// TestPages loads one marketplace for all that is asked of the peer.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grantEscaped()
	w.advertise()
	t.Run("answers_are_the_products", w.testAnswers)
	t.Run("refusals", w.testRefusals)
	t.Run("statements_do_not_depend_on_what_is_shown", w.testStatements)
}

// testAnswers compares both answers byte for byte: the numbers of a benchmark are of the same work only
// then.
func (w *world) testAnswers(t *testing.T) {
	for _, page := range handwritten.Pages() {
		t.Run(page.Name, func(t *testing.T) {
			keys := w.keys(page)
			if len(keys) < keysMin[page.Name] {
				t.Fatalf("the page has %d keys", len(keys))
			}
			var all strings.Builder
			for _, key := range keys {
				all.WriteString(w.same(t, page, w.token(key.Party.String(), key.Role), key.ID))
			}
			contains(t, all.String(), sections[page.Name]...)
		})
		t.Run(page.Name+"_of_members", func(t *testing.T) { w.sameForMembers(t, page) })
		t.Run(page.Name+"_of_staff", func(t *testing.T) {
			for _, key := range w.keys(page) {
				w.same(t, page, w.token("ines", auth.RoleFinance), key.ID)
			}
		})
		t.Run(page.Name+"_of_others", func(t *testing.T) { w.sameForOthers(t, page) })
		if page.Ranged {
			t.Run(page.Name+"_of_long_ago", func(t *testing.T) {
				w.dates = before
				defer func() { w.dates = around }()
				var all strings.Builder
				for _, key := range w.keys(page) {
					all.WriteString(w.same(t, page, w.token(key.Party.String(), key.Role), key.ID))
				}
				if page.Name == "campaigns" {
					contains(t, all.String(), `"finality":"FINAL"`)
				}
			})
		}
	}
}

// keysMin is how many keys a page has at least.
var keysMin = map[string]int{"wallet": 50, "history": 50, "campaigns": 20}

// sections are what the answers of a page show somewhere, so that no part of it is compared as empty.
var sections = map[string][]string{
	"wallet": {
		`"freeze":{`, `"WALLET_FROZEN"`, `"approximate":{`, `"EUR"`, `"approximate":null`, `"hasNextPage":true`, `"subject":{`, `"subject":null`,
		`"buckets":[{`, `"partial":[`, `,null]`, `"nodes":[{"origin":`, `"endCursor":null`,
	},
	"history": {
		`\\c`, `\u0007`, `🙂`, `<&>`, `"reverses":{"id"`, `"reversedBy":[{"id"`, `"basis":{"decimal":"-`, `"expiresAt":"`,
		`"direction":"DEBIT"`, `"hasNextPage":true`, `"hasNextPage":false`,
	},
	"campaigns": {
		`"commodity":"CNX"`, `"commodity":"USD"`, `\\c`, `🙂`, `<&>`, `"PAUSED"`, `"DRAFT"`, `"ENDED"`, `"reasons":[]`, `"NOT_ENABLED"`, `"SCHEDULED"`, `"NO_FUNDS"`,
		`"WALLET_FROZEN"`, `"BUDGET_HIT_DAILY"`, `"BUDGET_HIT_LIFETIME"`, `"BID_BELOW_FLOOR"`, `"ctr":null`, `"ratio":null`, `"ratio":"-0.`, `"change":"-0.`,
		`,null]`, `"hasNextPage":true`, `"hasNextPage":false`, `"endCursor":null`, `"totalCount":0`, `"finality":"PROVISIONAL"`,
	},
}

// grantEscaped posts a transaction whose text needs every kind of escape.
func (w *world) grantEscaped() {
	w.t.Helper()
	var ref wallet.Ref
	const oldest = `SELECT book_id, wallet_id FROM wallets WHERE kind = 'FREELANCER' ORDER BY wallet_id LIMIT 1`
	if err := w.conn.QueryRow(w.t.Context(), oldest).Scan(&ref.Book, &ref.ID); err != nil {
		w.t.Fatal(err)
	}
	w.grant(ref)
}

// sameForMembers asks as the people of the agencies, in the roles that they have and in those that they
// only claim: a member sees their own lines and no cost basis.
func (w *world) sameForMembers(t *testing.T, page handwritten.Page) {
	t.Helper()
	people := w.strings(`SELECT DISTINCT party_id::text FROM memberships`)
	shown := 0
	for _, key := range w.keys(page) {
		if !slices.Contains(people, key.Party.String()) || key.Role == auth.RoleFreelancer {
			continue
		}
		for _, party := range people {
			for i, roles := range claims[page.Root] {
				if w.same(t, page, w.token(party, roles...), key.ID) != nothing(page) && i == 0 {
					shown++
				}
			}
		}
	}
	if shown == 0 {
		t.Error("no member sees a page: the test compares nothing")
	}
}

// claims are roles that people ask in, by what they ask for: first the one that sees least.
var claims = map[string][][]auth.Role{
	"wallet": {
		{auth.RoleAgencyMember}, {auth.RoleAgencyAdmin}, {auth.RoleAgencyMember, auth.RoleAgencyAdmin, auth.RoleFreelancer}, {auth.RoleAdvertiserAdmin},
	},
	"adAccount": {
		{auth.RoleAdvertiserAnalyst}, {auth.RoleAdvertiserAdmin}, {auth.RoleAdvertiserAnalyst, auth.RoleAdvertiserAdmin}, {auth.RoleFreelancer},
	},
}

// withNone is a role that may ask and reaches nothing of its own.
var withNone = map[string]auth.Role{"wallet": auth.RoleAdvertiserAdmin, "adAccount": auth.RoleSupport}

// nothing is the answer for what there is not.
func nothing(page handwritten.Page) string { return `{"` + page.Root + `":null}` }

// sameForOthers asks for what the caller may not see, and for what is not there.
func (w *world) sameForOthers(t *testing.T, page handwritten.Page) {
	t.Helper()
	keys := w.keys(page)
	owner, other := keys[0], keys[1]
	ids := []string{other.ID, "nonsense", owner.ID[:len(owner.ID)-1] + "A", strings.Repeat("A", len(owner.ID))}
	for _, id := range ids {
		if got := w.same(t, page, w.token(owner.Party.String(), owner.Role), id); got != nothing(page) {
			t.Errorf("the page of %s is %s", id, got)
		}
	}
	if got := w.same(t, page, w.token(owner.Party.String(), withNone[page.Root]), owner.ID); got != nothing(page) {
		t.Errorf("the owner's page, in a role that has none, is %s", got)
	}
}

func (w *world) testRefusals(t *testing.T) {
	freelancer := w.token(ledger.ID{1}.String(), auth.RoleFreelancer)
	for _, c := range []struct {
		name, path, token string
		status            int
	}{
		{"anonymous_is_401", "/history?id=x", "", http.StatusUnauthorized},
		{"bad_token_is_401", "/history?id=x", freelancer + "x", http.StatusUnauthorized},
		{"role_without_wallets_is_403", "/history?id=x", w.token("paul", auth.RoleProductManager), http.StatusForbidden},
		{"no_id_is_400", "/history", freelancer, http.StatusBadRequest},
		{"role_without_campaigns_is_403", "/campaigns?id=x&from=2026-03-01&to=2026-03-02", w.token(ledger.ID{1}.String(), auth.RoleAgencyAdmin), http.StatusForbidden},
		{"no_range_is_400", "/wallet?id=x", freelancer, http.StatusBadRequest},
		{"empty_range_is_400", "/wallet?id=x&from=2026-03-01&to=2026-03-01", freelancer, http.StatusBadRequest},
		{"endless_range_is_400", "/wallet?id=x&from=2020-03-01&to=2026-03-01", freelancer, http.StatusBadRequest},
		{"unknown_page_is_404", "/campaign?id=x", freelancer, http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := w.ask(c.path, c.token); got.Code != c.status {
				t.Errorf("status %d %s, want %d", got.Code, got.Body, c.status)
			}
		})
	}
}

func (w *world) testStatements(t *testing.T) {
	for name, want := range map[string]int64{"wallet": 6, "history": 4, "campaigns": 3} {
		page, _ := handwritten.Find(name)
		for _, key := range w.keys(page)[:10] {
			before := w.sent.Load()
			w.ask(w.pathOf(page, key.ID), w.token(key.Party.String(), key.Role))
			if got := w.sent.Load() - before; got != want {
				t.Errorf("page %s took %d statements, want %d", name, got, want)
			}
		}
	}
}
