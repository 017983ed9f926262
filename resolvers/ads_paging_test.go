package resolvers_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyStatus is a filter that the default would narrow.
var everyStatus = map[string]any{"statuses": []string{"DRAFT", "ENABLED", "PAUSED", "ENDED", "ARCHIVED"}}

const namesQuery = `query($account: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: CampaignFilter, $order: CampaignOrderInput, $range: DateRangeInput! = {preset: THIS_MONTH}) {
	adAccount(id: $account) { campaigns(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order, range: $range) {
		nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
	} } }`

// campaignNames reads a page of acme's campaigns: the first letters of their names,
// and the page.
func (w adWorld) campaignNames(arguments map[string]any) (letters string, page object) {
	w.t.Helper()
	variables := map[string]any{"account": w.names["acme"], "filter": everyStatus}
	maps.Copy(variables, arguments)
	page = object(w.data(anaSays, namesQuery, variables).at("adAccount", "campaigns").(map[string]any))
	for _, node := range page.at("nodes").([]any) {
		letters += node.(map[string]any)["name"].(string)[:1]
	}
	return letters, page
}

// Each order holds in both directions, with nulls last in both, and pages of it put
// together are the whole, read from either end.
func TestCampaignOrders(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	for _, c := range []struct{ by, descending, ascending string }{
		{"CREATED_AT", "EDCBA", "ABCDE"},
		{"NAME", "EDCBA", "ABCDE"},
		{"SPEND_NET", "ABEDC", "CDEBA"},   // 44.70, 20.00, 2.00 and twice nothing
		{"IMPRESSIONS", "BACED", "DECAB"}, // 1100, 1071, 90, 50, 0
		{"CLICKS", "BAEDC", "CDEAB"},      // 30, 22, 1 and twice none
		{"CTR", "BAECD", "CEABD"},         // 0.0273, 0.0205, 0.0200, 0; none was shown of D
		{"AVG_CPC", "AEBDC", "BEACD"},     // 2.03, 2.00, 0.87; nobody paid for C and D
	} {
		for direction, want := range map[string]string{"DESC": c.descending, "ASC": c.ascending} {
			t.Run(strings.ToLower(c.by+"_"+direction), func(t *testing.T) {
				t.Parallel()
				order := map[string]any{"by": c.by, "direction": direction}
				if whole, _ := w.campaignNames(map[string]any{"first": 100, "order": order}); whole != want {
					t.Fatalf("order = %s, want %s", whole, want)
				}
				if got := w.pagesForward(order); got != want {
					t.Errorf("pages from the front = %s, want %s", got, want)
				}
				if got := w.pagesBackward(order); got != want {
					t.Errorf("pages from the end = %s, want %s", got, want)
				}
			})
		}
	}
}

func (w adWorld) pagesForward(order map[string]any) (all string) {
	w.t.Helper()
	arguments := map[string]any{"first": 2, "order": order}
	for range 3 {
		letters, page := w.campaignNames(arguments)
		all += letters
		arguments["after"] = page.at("pageInfo", "endCursor")
		if more := len(all) < 5; page.at("pageInfo", "hasNextPage") != more || page.text("totalCount") != "5" {
			w.t.Errorf("after %s: hasNextPage = %v of %s", all, page.at("pageInfo", "hasNextPage"), page.text("totalCount"))
		}
	}
	return all
}

func (w adWorld) pagesBackward(order map[string]any) (all string) {
	w.t.Helper()
	arguments := map[string]any{"last": 2, "order": order}
	for range 3 {
		letters, page := w.campaignNames(arguments)
		all = letters + all
		arguments["before"] = page.at("pageInfo", "startCursor")
		if more := len(all) < 5; page.at("pageInfo", "hasPreviousPage") != more {
			w.t.Errorf("before %s: hasPreviousPage = %v", all, page.at("pageInfo", "hasPreviousPage"))
		}
	}
	return all
}

// A cursor belongs to its list: with another filter, order or range, on another list
// or made up, it is the argument's error and nothing worse.
func TestCursorsOfCampaigns(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	byName := map[string]any{"by": "NAME", "direction": "ASC"}
	_, page := w.campaignNames(map[string]any{"first": 2, "order": byName})
	end := page.text("pageInfo", "endCursor")
	if rest, _ := w.campaignNames(map[string]any{"first": 5, "after": end, "order": byName}); rest != "CDE" {
		t.Fatalf("the rest = %s, want CDE", rest)
	}
	_, spent := w.campaignNames(map[string]any{"first": 2, "order": map[string]any{"by": "SPEND_NET", "direction": "DESC"}})
	bySpend := spent.text("pageInfo", "endCursor")
	log := w.data(anaSays, `query($id: ID!) { campaign(id: $id) { charges(first: 1) { pageInfo { endCursor } } } }`, map[string]any{"id": w.names["alpha"]})
	tail := func(cursor, value string) string {
		return rewriteTo(t, cursor, func(b []byte) []byte { return append(b[:9+16], value...) })
	}
	for name, c := range map[string]struct {
		cursor    string
		arguments map[string]any
	}{
		"other_filter":       {end, map[string]any{"order": byName, "filter": nil}},
		"other_text":         {end, map[string]any{"order": byName, "filter": map[string]any{"text": "a"}}},
		"other_direction":    {end, map[string]any{"order": map[string]any{"by": "NAME", "direction": "DESC"}}},
		"other_order":        {end, map[string]any{"order": map[string]any{"by": "CTR", "direction": "ASC"}}},
		"other_range":        {bySpend, map[string]any{"order": map[string]any{"by": "SPEND_NET", "direction": "DESC"}, "range": map[string]any{"preset": "TODAY"}}},
		"range_as_dates":     {bySpend, map[string]any{"order": map[string]any{"by": "SPEND_NET", "direction": "DESC"}, "range": map[string]any{"from": "2026-03-01", "to": "2026-03-12"}}},
		"of_charges":         {log.text("campaign", "charges", "pageInfo", "endCursor"), map[string]any{"order": byName}},
		"nul_in_name":        {tail(end, "a\x00b"), map[string]any{"order": byName}},
		"no_text":            {tail(end, "a\xff"), map[string]any{"order": byName}},
		"long_name":          {tail(end, strings.Repeat("n", 1025)), map[string]any{"order": byName}},
		"rank_of_words":      {tail(bySpend, "1e5"), map[string]any{"order": map[string]any{"by": "SPEND_NET", "direction": "DESC"}}},
		"rank_of_no_end":     {tail(bySpend, strings.Repeat("9", 65)), map[string]any{"order": map[string]any{"by": "SPEND_NET", "direction": "DESC"}}},
		"rank_of_nothing":    {tail(bySpend, ""), map[string]any{"order": map[string]any{"by": "SPEND_NET", "direction": "DESC"}}},
		"cut_short":          {rewriteTo(t, end, func(b []byte) []byte { return b[:20] }), map[string]any{"order": byName}},
		"not_base64":         {"§", map[string]any{"order": byName}},
		"empty":              {"", map[string]any{"order": byName}},
		"of_another_version": {rewriteTo(t, end, func(b []byte) []byte { b[0] = 2; return b }), map[string]any{"order": byName}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables := map[string]any{"account": w.names["acme"], "filter": everyStatus, "first": 2, "after": c.cursor}
			maps.Copy(variables, c.arguments)
			a := w.do(anaSays, namesQuery, variables)
			if a.code() != "VALIDATION_FAILED" || a.argument() != "after" || string(a.Data) != `{"adAccount":{"campaigns":null}}` {
				t.Errorf("answer = %s, want after's error", a.raw)
			}
		})
	}
	// A rank that no campaign has is a place all the same.
	for value, want := range map[string]string{"Infinity": "ABEDC", "-Infinity": "", "3000": "BEDC", "-5": ""} {
		got, _ := w.campaignNames(map[string]any{"first": 5, "after": tail(bySpend, value), "order": map[string]any{"by": "SPEND_NET", "direction": "DESC"}})
		if got != want {
			t.Errorf("after the rank %s come %q, want %q", value, got, want)
		}
	}
}

// rewriteTo is rewrite for a change of length.
func rewriteTo(t *testing.T, text string, change func([]byte) []byte) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(change(b))
}

// Charges and changes are the same rows from either end, a page at a time.
func TestLogsOfCampaigns(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	for list, row := range map[string]string{"charges": "batchId", "changeLog": "field"} {
		query := `query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { campaign(id: $id) {
			` + list + `(first: $first, after: $after, last: $last, before: $before) { edges { cursor node { ` + row + ` journalId } } nodes { ` + row + ` } pageInfo { hasNextPage hasPreviousPage } }
		} }`
		read := func(arguments map[string]any) (rows []string, page object) {
			t.Helper()
			arguments["id"] = w.names["alpha"]
			page = object(w.data(anaSays, query, arguments).at("campaign", list).(map[string]any))
			for i := range page.at("edges").([]any) {
				rows = append(rows, page.text("edges", i, "node", row)+page.text("edges", i, "node", "journalId"))
			}
			return rows, page
		}
		whole, _ := read(map[string]any{"first": 100})
		if len(whole) < 4 {
			t.Fatalf("%s has %d rows, too few for pages", list, len(whole))
		}
		var forward, backward []string
		for arguments, more := map[string]any{"first": 3}, true; more; {
			rows, page := read(arguments)
			forward, more = append(forward, rows...), page.at("pageInfo", "hasNextPage").(bool)
			arguments["after"] = page.at("edges", len(rows)-1, "cursor")
		}
		for arguments, more := map[string]any{"last": 3}, true; more; {
			rows, page := read(arguments)
			backward, more = append(rows, backward...), page.at("pageInfo", "hasPreviousPage").(bool)
			arguments["before"] = page.at("edges", 0, "cursor")
		}
		if diff := cmp.Diff([][]string{whole, whole}, [][]string{forward, backward}); diff != "" {
			t.Errorf("%s by pages, from the front and from the end (-want +got):\n%s", list, diff)
		}
		for _, made := range []string{"", "AQ", "x" + w.names["alpha"]} {
			a := w.do(anaSays, query, map[string]any{"id": w.names["alpha"], "first": 1, "after": made})
			if a.code() != "VALIDATION_FAILED" || a.argument() != "after" {
				t.Errorf("%s after %q = %s, want after's error", list, made, a.raw)
			}
		}
	}
}
