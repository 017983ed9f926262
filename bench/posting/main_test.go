package main

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/pgtest"
	"purser/internal/postgres"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-cases", "("}, {"-cases", "callers=7"}, {"-rounds", "0"}, {"-time", "0s"}, {"-accounts", "3"}, {"-rows", "7"}, {"-rows", "-1"}, {"more"}, {"-speed", "1"},
	} {
		if o, err := parse(args, io.Discard); err == nil {
			t.Errorf("parse(%q) = %+v, want an error", args, o)
		}
	}
	o, err := parse([]string{"-cases", "^callers=32 accounts=hot books=4 lots=off$", "-time", "10s"}, io.Discard)
	want := []variant{{callers: 32, hot: true, books: 4}}
	if err != nil || !slices.Equal(o.cases, want) || o.measured != 10*time.Second {
		t.Errorf("parse = %+v, %v", o, err)
	}
	if o.store != (postgres.StoreOptions{}) {
		t.Errorf("a run measures a store with %+v, want production's", o.store)
	}
	if o, err := parse([]string{"-read-always"}, io.Discard); err != nil || !o.store.ReadAlways {
		t.Errorf("a run of -read-always = %+v, %v", o, err)
	}
	if o, err := parse([]string{"-cases", "^$", "-rows", "1000"}, io.Discard); err != nil || len(o.cases) != 0 {
		t.Errorf("a run of -rows alone = %+v, %v", o, err)
	}
}

func TestVariants(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, v := range variants() {
		names[v.name()] = true
	}
	if want := 4 * 2 * 2 * 2; len(names) != want || !names["callers=512 accounts=random books=4 lots=on"] {
		t.Errorf("cases %v, want %d", names, want)
	}
}

func TestMedians(t *testing.T) {
	t.Parallel()
	if got := medians([]sample{{PerSecond: 3, WAL: 1}, {PerSecond: 1, WAL: 9}, {PerSecond: 2, WAL: 5}}); got.PerSecond != 2 || got.WAL != 5 {
		t.Errorf("medians of three = %+v", got)
	}
	if got := medians([]sample{{PerSecond: 4}, {PerSecond: 1}}); got.PerSecond != 2.5 {
		t.Errorf("medians of two = %+v", got)
	}
	if got := quantile([]time.Duration{1, 2, 3, 4}, 0.5); got != 3 {
		t.Errorf("quantile = %v", got)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	results := []result{
		{
			variant: variant{callers: 1, books: 1}, purser: sample{PerSecond: 500, P50: 2, WAL: 700},
			peer: &sample{PerSecond: 100, WAL: 900}, floor: &sample{PerSecond: 1000}, insert: &sample{P50: 1},
		},
		{variant: variant{callers: 32, hot: true, books: 4, lots: true}, purser: sample{PerSecond: 400}},
	}
	reads := []read{{name: "balance", short: 0.5, long: 1}}
	if err := report(&text, options{accounts: 12, rounds: 3, rows: 1000, measured: time.Second}, results, reads); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	var got reported
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Fatalf("the last line is no JSON: %v\n%s", err, &text)
	}
	want := reported{Bench: "posting", Accounts: 12, Rounds: 3, TimeMS: 1000, Cases: []reportedCase{
		{
			Name: "callers=1 accounts=random books=1 lots=off", PurserPerS: 500, PeerPerS: 100, FloorPerS: 1000, PeerRatio: 5, FloorRatio: 0.5,
			P50MS: 2, InsertP50MS: 1, InsertRatio: 2, WALBytes: 700, PeerWALBytes: 900,
		},
		{Name: "callers=32 accounts=hot books=4 lots=on", PurserPerS: 400},
		{Name: "rows=100 read=balance", P50MS: 0.5},
		{Name: "rows=1000 read=balance", P50MS: 1, ShortRatio: 2},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the line for programs (-want +got):\n%s", diff)
	}
	if last := lines[len(lines)-1]; strings.Count(last, "peer_per_s") != 1 {
		t.Errorf("a case without a peer has one: %s", last)
	}
}
