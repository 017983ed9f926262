package resolvers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
)

// presetSpan is what a preset shows: the starts of its days, and how many units were
// spent in them, by the series and by the history.
type presetSpan struct {
	starts  string
	total   string
	history int
}

// preset asks for a preset of the series and of the history, in one page.
func (w *world) preset(t *testing.T, preset, timeZone string) presetSpan {
	t.Helper()
	ctx, counter := obs.WithCounter(t.Context())
	a := do(t, ctx, w.handler, request{
		token: priyaSays,
		query: `query($id: ID!, $preset: DatePreset!, $zone: String) { wallet(id: $id) { spend(range: {preset: $preset}, timeZone: $zone) { timestamps total }
			transactions(first: 100, filter: {types: [PROPOSAL], dates: {preset: $preset}}) { nodes { amount } } } }`,
		variables: map[string]any{"id": w.names["wallet"], "preset": preset, "zone": optionalText(timeZone)},
	})
	if len(a.Errors) > 0 {
		t.Fatal(a.raw)
	}
	if diff := cmp.Diff([]string{"begin_snapshot", "page_wallets", "page_history", "page_spend", "end_snapshot"}, counter.Names()); diff != "" {
		t.Errorf("%s: statements (-want +got):\n%s", preset, diff)
	}
	data := objectOf(t, a.Data)
	var starts []string
	for i := range data.at("wallet", "spend", "timestamps").([]any) {
		starts = append(starts, data.text("wallet", "spend", "timestamps", i))
	}
	if len(starts) > 2 {
		starts = []string{starts[0], fmt.Sprint(len(starts)), starts[len(starts)-1]}
	}
	return presetSpan{strings.Join(starts, " "), data.text("wallet", "spend", "total"), len(data.at("wallet", "transactions", "nodes").([]any))}
}

func optionalText(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// Presets mean dates of the wallet's zone: they change at midnight there, 5:45 ahead
// of UTC or behind it, also around a day of 23 hours. A series in another zone means
// dates of that one.
func TestPresetsOverMidnight(t *testing.T) {
	t.Parallel()
	type ask struct{ preset, zone string }
	for zone, steps := range map[string][]struct {
		at   string
		want map[ask]presetSpan
	}{
		"Asia/Kathmandu": {
			{"2026-03-07T18:14:58Z", map[ask]presetSpan{
				{"TODAY", ""}: {"2026-03-06T18:15:00Z", "1", 1}, {"YESTERDAY", ""}: {"2026-03-05T18:15:00Z", "0", 0},
			}},
			{"2026-03-07T18:15:00Z", map[ask]presetSpan{
				{"TODAY", ""}: {"2026-03-07T18:15:00Z", "1", 1}, {"YESTERDAY", ""}: {"2026-03-06T18:15:00Z", "1", 1},
				{"TODAY", "America/New_York"}: {"2026-03-07T05:00:00Z", "2", 1}, {"YESTERDAY", "America/New_York"}: {"2026-03-06T05:00:00Z", "0", 1},
				{"LAST_7_DAYS", ""}: {"2026-02-28T18:15:00Z 7 2026-03-06T18:15:00Z", "1", 1},
				{"LAST_MONTH", ""}:  {"2026-01-31T18:15:00Z 28 2026-02-27T18:15:00Z", "0", 0},
			}},
		},
		"America/New_York": {
			{"2026-03-08T04:59:58Z", map[ask]presetSpan{
				{"TODAY", ""}: {"2026-03-07T05:00:00Z", "1", 1}, {"YESTERDAY", ""}: {"2026-03-06T05:00:00Z", "0", 0},
				{"TODAY", "Asia/Kathmandu"}: {"2026-03-07T18:15:00Z", "1", 1},
			}},
			{"2026-03-08T05:00:00Z", map[ask]presetSpan{
				{"TODAY", ""}: {"2026-03-08T05:00:00Z", "1", 1}, {"YESTERDAY", ""}: {"2026-03-07T05:00:00Z", "1", 1},
			}},
			{"2026-03-09T03:59:58Z", map[ask]presetSpan{
				{"TODAY", ""}: {"2026-03-08T05:00:00Z", "2", 2}, {"THIS_WEEK", ""}: {"2026-03-02T05:00:00Z 7 2026-03-08T05:00:00Z", "3", 3},
			}},
			{"2026-03-09T04:00:00Z", map[ask]presetSpan{
				{"TODAY", ""}: {"2026-03-09T04:00:00Z", "1", 1}, {"YESTERDAY", ""}: {"2026-03-08T05:00:00Z", "2", 2},
				{"THIS_WEEK", ""}: {"2026-03-09T04:00:00Z", "1", 1}, {"LAST_WEEK", ""}: {"2026-03-02T05:00:00Z 7 2026-03-08T05:00:00Z", "3", 3},
				{"THIS_YEAR", ""}: {"2026-01-01T05:00:00Z 68 2026-03-09T04:00:00Z", "4", 4},
			}},
		},
	} {
		t.Run(strings.ReplaceAll(zone, "/", "_"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.names["wallet"] = w.openParty(priya, "US", zone)
			w.purchase(w.names["wallet"], 100, 1500)
			for _, step := range steps {
				at, err := time.Parse(time.RFC3339, step.at)
				if err != nil {
					t.Fatal(err)
				}
				w.wait(at.Sub(w.clock()))
				w.spend(priyaSays, w.names["wallet"], 1)
				w.wait(time.Second) // a bucket that begins now has no value yet
				for ask, want := range step.want {
					if got := w.preset(t, ask.preset, ask.zone); got != want {
						t.Errorf("at %s, %s %s: %+v, want %+v", step.at, ask.preset, ask.zone, got, want)
					}
				}
			}
			if n := w.batches.Load(); n != 0 {
				t.Errorf("%d loader batches ran, want every load a primed hit", n)
			}
		})
	}
}

// A range is a preset or two dates; what is neither says so, naming the argument.
func TestRangesOfOneForm(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	for name, c := range map[string]struct {
		dates map[string]any
		code  string
	}{
		"preset_and_dates": {map[string]any{"preset": "TODAY", "from": "2026-03-01", "to": "2026-03-02"}, "VALIDATION_FAILED"},
		"preset_and_from":  {map[string]any{"preset": "TODAY", "from": "2026-03-01"}, "VALIDATION_FAILED"},
		"from_alone":       {map[string]any{"from": "2026-03-01"}, "VALIDATION_FAILED"},
		"to_alone":         {map[string]any{"to": "2026-03-01"}, "VALIDATION_FAILED"},
		"nothing":          {map[string]any{}, "VALIDATION_FAILED"},
		"nulls":            {map[string]any{"preset": nil, "from": nil, "to": nil}, "VALIDATION_FAILED"},
		"empty":            {map[string]any{"from": "2026-03-01", "to": "2026-03-01"}, "VALIDATION_FAILED"},
		"unknown_preset":   {map[string]any{"preset": "LAST_5_DAYS"}, "BAD_REQUEST"},
		"preset_in_small":  {map[string]any{"preset": "today"}, "VALIDATION_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for argument, query := range map[string]string{
				"range":        `query($id: ID!, $dates: DateRangeInput!) { wallet(id: $id) { spend(range: $dates) { total } } }`,
				"filter.dates": `query($id: ID!, $dates: DateRangeInput!) { wallet(id: $id) { transactions(first: 1, filter: {dates: $dates}) { nodes { id } } } }`,
			} {
				a := w.do(priyaSays, query, map[string]any{"id": w.names["wallet"], "dates": c.dates})
				if a.code() != c.code || c.code == "VALIDATION_FAILED" && !strings.HasPrefix(a.argument(), argument) {
					t.Errorf("%s: %s, want %s", argument, a.raw, c.code)
				}
			}
		})
	}
}

// A cursor goes on in the list of its preset, on another day too, and in no other.
func TestCursorsOfPresets(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	const query = `query($id: ID!, $preset: DatePreset!, $after: String) { wallet(id: $id) {
		transactions(first: 2, after: $after, filter: {dates: {preset: $preset}}) { nodes { amount } pageInfo { endCursor } } } }`
	page := func(preset string, after any) answer {
		return w.do(priyaSays, query, map[string]any{"id": w.names["wallet"], "preset": preset, "after": after})
	}
	first := objectOf(t, page("LAST_7_DAYS", nil).Data)
	if got := marshal(t, first.at("wallet", "transactions", "nodes")); got != `[{"amount":-12},{"amount":10}]` {
		t.Errorf("first page = %s: today's rows are not of the days before it", got)
	}
	cursor := first.text("wallet", "transactions", "pageInfo", "endCursor")
	w.wait(24 * time.Hour)
	if a := page("LAST_7_DAYS", cursor); marshal(t, objectOf(t, a.Data).at("wallet", "transactions", "nodes")) != `[{"amount":80}]` {
		t.Errorf("the next page, a day later: %s", a.raw)
	}
	if a := page("LAST_14_DAYS", cursor); a.code() != "VALIDATION_FAILED" || a.argument() != "after" {
		t.Errorf("with another preset: %s, want the cursor refused", a.raw)
	}
}
