package resolvers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// series reads a spend series as text: timestamps, values, partial, total.
func (w *world) series(t *testing.T, arguments string) (timestamps, spend []string, partial, total string) {
	t.Helper()
	data := w.data(priyaSays, `query($id: ID!) { wallet(id: $id) { spend(`+arguments+`) { timestamps spend partial total } } }`, map[string]any{"id": w.names["wallet"]})
	for i := range data.at("wallet", "spend", "timestamps").([]any) {
		timestamps = append(timestamps, data.text("wallet", "spend", "timestamps", i))
		spend = append(spend, data.text("wallet", "spend", "spend", i))
	}
	return timestamps, spend, data.text("wallet", "spend", "partial"), data.text("wallet", "spend", "total")
}

// A local day has 23 or 25 hours where clocks change: what is spent in each hour
// counts on the day that the wallet's owner had.
func TestSpendOverClockChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["wallet"] = w.openParty(priya, "US", "America/New_York")
	w.purchase(w.names["wallet"], 1000, 15000)
	// Clocks go forward on 2026-03-08 at 07:00 UTC and back on 2026-11-01 at 06:00 UTC.
	for _, at := range []string{
		"2026-03-08T04:45:00Z", "2026-03-08T05:00:00Z", "2026-03-08T07:30:00Z", "2026-03-09T03:59:00Z", "2026-03-09T04:00:00Z",
		"2026-11-01T03:59:00Z", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T04:59:00Z", "2026-11-02T05:00:00Z",
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		w.wait(instant.Sub(w.clock()))
		w.spend(priyaSays, w.names["wallet"], 1)
	}
	w.wait(time.Minute)
	timestamps, spend, _, total := w.series(t, `range: {from: "2026-03-07", to: "2026-03-10"}`)
	if diff := cmp.Diff([]string{"2026-03-07T05:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"}, timestamps); diff != "" {
		t.Errorf("starts of days in March:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1", "3", "1"}, spend); diff != "" || total != "5" {
		t.Errorf("spend in March, total %s:\n%s", total, diff)
	}
	timestamps, spend, partial, total := w.series(t, `range: {from: "2026-10-31", to: "2026-11-04"}`)
	if diff := cmp.Diff([]string{"2026-10-31T04:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", "2026-11-03T05:00:00Z"}, timestamps); diff != "" {
		t.Errorf("starts of days in November:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1", "4", "1", "<nil>"}, spend); diff != "" || total != "6" || partial != "[2]" {
		t.Errorf("spend in November, total %s, partial %s:\n%s", total, partial, diff)
	}
	_, spend, partial, total = w.series(t, `range: {from: "2026-03-01", to: "2026-12-01"}, grain: MONTH`)
	if diff := cmp.Diff([]string{"5", "0", "0", "0", "0", "0", "0", "1", "5"}, spend); diff != "" || total != "11" || partial != "[8]" {
		t.Errorf("spend by month, total %s, partial %s:\n%s", total, partial, diff)
	}
	_, weeks, _, _ := w.series(t, `range: {from: "2026-03-08", to: "2026-03-10"}, grain: WEEK`)
	if diff := cmp.Diff([]string{"4", "1"}, weeks); diff != "" {
		t.Errorf("spend by week, from Monday:\n%s", diff)
	}
	filtered := w.data(priyaSays, `query($id: ID!) { wallet(id: $id) { transactions(first: 100, filter: {types: [PROPOSAL], dates: {from: "2026-11-01", to: "2026-11-02"}}) { nodes { effectiveAt } } } }`,
		map[string]any{"id": w.names["wallet"]})
	if rows := filtered.at("wallet", "transactions", "nodes").([]any); len(rows) != 4 {
		t.Errorf("history of the day of 25 hours has %d rows, want the 4 of its spend", len(rows))
	}
}

// A day begins with its first instant, which is not always midnight.
func TestStartsOfDays(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	for zone, c := range map[string]struct{ from, to, want string }{
		"Africa/Cairo":         {"2026-04-23", "2026-04-26", "2026-04-22T22:00:00Z 2026-04-23T22:00:00Z 2026-04-24T21:00:00Z"}, // 00:00 is skipped on the 24th
		"America/Havana":       {"2026-10-31", "2026-11-03", "2026-10-31T04:00:00Z 2026-11-01T04:00:00Z 2026-11-02T05:00:00Z"}, // 00:00 is there twice on the 1st
		"Asia/Beirut":          {"2026-03-28", "2026-03-31", "2026-03-27T22:00:00Z 2026-03-28T22:00:00Z 2026-03-29T21:00:00Z"},
		"America/Santiago":     {"2026-09-05", "2026-09-08", "2026-09-05T04:00:00Z 2026-09-06T04:00:00Z 2026-09-07T03:00:00Z"},
		"Asia/Kathmandu":       {"2026-03-01", "2026-03-03", "2026-02-28T18:15:00Z 2026-03-01T18:15:00Z"},
		"Pacific/Kiritimati":   {"2026-03-01", "2026-03-03", "2026-02-28T10:00:00Z 2026-03-01T10:00:00Z"},
		"Pacific/Pago_Pago":    {"2026-03-01", "2026-03-03", "2026-03-01T11:00:00Z 2026-03-02T11:00:00Z"},
		"Australia/Lord_Howe":  {"2026-04-04", "2026-04-07", "2026-04-03T13:00:00Z 2026-04-04T13:00:00Z 2026-04-05T13:30:00Z"},
		"Etc/UTC":              {"2026-02-28", "2026-03-02", "2026-02-28T00:00:00Z 2026-03-01T00:00:00Z"},
		"America/Los_Angeles":  {"2026-12-31", "2027-01-02", "2026-12-31T08:00:00Z 2027-01-01T08:00:00Z"},
		"Europe/London":        {"2026-10-24", "2026-10-27", "2026-10-23T23:00:00Z 2026-10-24T23:00:00Z 2026-10-26T00:00:00Z"},
		"America/Asuncion":     {"2026-03-01", "2026-03-02", "2026-03-01T03:00:00Z"},
		"Antarctica/Troll":     {"2026-03-28", "2026-03-30", "2026-03-28T00:00:00Z 2026-03-29T00:00:00Z"},
		"America/Scoresbysund": {"2026-03-28", "2026-03-30", "2026-03-28T02:00:00Z 2026-03-29T01:00:00Z"},
	} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			got, _, _, _ := w.series(t, fmt.Sprintf(`range: {from: %q, to: %q}, timeZone: %q`, c.from, c.to, zone))
			if joined := strings.Join(got, " "); joined != c.want {
				t.Errorf("days begin at %s, want %s", joined, c.want)
			}
		})
	}
}

// Another zone than the wallet's is answered for 92 days, its own for 400; the own
// zone by name is no other.
func TestSpendRanges(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	for name, c := range map[string]struct{ arguments, code string }{
		"own_400":         {`range: {from: "2025-03-01", to: "2026-04-05"}`, ""},
		"own_401":         {`range: {from: "2025-03-01", to: "2026-04-06"}`, "VALIDATION_FAILED"},
		"own_by_name_400": {`range: {from: "2025-03-01", to: "2026-04-05"}, timeZone: "Asia/Kolkata"`, ""},
		"other_92":        {`range: {from: "2026-01-01", to: "2026-04-03"}, timeZone: "UTC"`, ""},
		"other_93":        {`range: {from: "2026-01-01", to: "2026-04-04"}, timeZone: "UTC"`, "VALIDATION_FAILED"},
		"empty_zone":      {`range: {from: "2026-01-01", to: "2026-01-02"}, timeZone: ""`, "VALIDATION_FAILED"},
		"zone_of_a_path":  {`range: {from: "2026-01-01", to: "2026-01-02"}, timeZone: "../../etc/passwd"`, "VALIDATION_FAILED"},
		"backwards":       {`range: {from: "2026-01-02", to: "2026-01-01"}`, "VALIDATION_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := w.do(priyaSays, `query($id: ID!) { wallet(id: $id) { spend(`+c.arguments+`) { total } } }`, map[string]any{"id": w.names["wallet"]})
			if a.code() != c.code {
				t.Errorf("answer = %s, want code %q", a.raw, c.code)
			}
		})
	}
}
