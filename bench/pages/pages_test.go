package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/bench/handwritten"
)

// fake is a server with metrics, whose answers a test decides.
type fake struct {
	requests atomic.Int64
	answer   func(n int64) (status int, body string)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/metrics" {
		n := f.requests.Load()
		fmt.Fprintf(w, "# HELP a text\n%s %d\n%s %d\n%s 0.5\n%s{statement=\"a b\"} %d\n%s{statement=\"c\"} %d\n",
			metricAllocations, 100*n, metricBytes, 1000*n, metricCPU, metricStatements, 2*n, metricStatements, n)
		return
	}
	status, body := f.answer(f.requests.Add(1))
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

// serve returns a target at a fake, asked in the product's way.
func serve(t *testing.T, answer func(n int64) (int, string)) *target {
	t.Helper()
	server := httptest.NewServer(&fake{answer: answer})
	t.Cleanup(server.Close)
	p := &process{name: "fake", urls: map[string]string{"GraphQL": server.URL + "/graphql", "Metrics": server.URL + "/metrics"}, exited: make(chan struct{})}
	page, _ := handwritten.Find("wallet")
	to, err := productTarget(p, page, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return to
}

const good = `{"data":{"wallet":{"id":"a"}}}`

func TestRequests(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)
	for _, page := range handwritten.Pages() {
		t.Run(page.Name, func(t *testing.T) {
			t.Parallel()
			p := &process{name: "a", urls: map[string]string{"GraphQL": "http://127.0.0.1:1/graphql", "Peer": "http://127.0.0.1:2"}}
			product, err := productTarget(p, page, now)
			if err != nil {
				t.Fatal(err)
			}
			request := read(t, product.request(nil, key{id: "x", token: "t"}))
			var body struct {
				Query     string
				Variables map[string]any
			}
			if err := json.NewDecoder(request.Body).Decode(&body); err != nil || body.Query != page.Document {
				t.Errorf("the body is not the page's document: %v %q", err, body.Query)
			}
			want := map[string]any{"id": "x"}
			if page.Ranged {
				want["range"] = map[string]any{"from": "2026-01-31", "to": "2026-03-02"}
			}
			if diff := cmp.Diff(want, body.Variables); diff != "" {
				t.Errorf("variables (-want +got):\n%s", diff)
			}
			peer, err := peerTarget(p, page, now)
			if err != nil {
				t.Fatal(err)
			}
			request = read(t, peer.request(nil, key{id: "x", token: "t"}))
			query := url.Values{"id": {"x"}}
			if page.Ranged {
				query.Set("from", "2026-01-31")
				query.Set("to", "2026-03-02")
			}
			if diff := cmp.Diff(query, request.URL.Query()); diff != "" || request.URL.Path != "/"+page.Name {
				t.Errorf("the peer is asked at %s (-want +got):\n%s", request.URL, diff)
			}
		})
	}
}

// read parses a request and checks that its body is as long as it says.
func read(t *testing.T, raw []byte) *http.Request {
	t.Helper()
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if int64(len(body)) != request.ContentLength || request.Header.Get("Authorization") != "Bearer t" {
		t.Errorf("the body has %d bytes, not %d; the caller is %q", len(body), request.ContentLength, request.Header.Get("Authorization"))
	}
	return request
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	to := serve(t, func(int64) (int, string) { return http.StatusOK, good })
	l := load{target: to, keys: []key{{id: "a"}, {id: "b"}}, connections: 4, zipf: true, measured: 300 * time.Millisecond, clock: time.Now}
	got, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.PerSecond <= 0 || got.P50 <= 0 || got.P99 < got.P50 {
		t.Errorf("measured %+v", got)
	}
	// Answers that come while the metrics are read may count in one place and not in the other.
	if got.Statements < 2 || got.Statements > 5 || math.Abs(got.Allocations-got.Statements/3*100) > 0.01 {
		t.Errorf("measured %.2f statements and %.2f allocations a request, want 3 and 100", got.Statements, got.Allocations)
	}
}

func TestMeasurementEndsWithAWrongAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"status":        {http.StatusServiceUnavailable, good},
		"errors":        {http.StatusOK, `{"errors":[{"message":"no"}],"data":{"wallet":{}}}`},
		"nothing_found": {http.StatusOK, `{"data":{"wallet":null}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := serve(t, func(n int64) (int, string) {
				if n > 50 {
					return c.status, c.body
				}
				return http.StatusOK, good
			})
			_, err := load{target: to, keys: []key{{id: "a"}}, connections: 4, measured: time.Hour, clock: time.Now}.run(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.body) {
				t.Errorf("run = %v, want an error that shows the answer", err)
			}
		})
	}
}

func TestSameData(t *testing.T) {
	t.Parallel()
	product := []byte(`{"data":{"a":{"asOf":"2026-03-01T00:00:00Z","b":1,"orderedAsOf":"x"}},"extensions":{"c":2}}`)
	if err := sameData(product, []byte(`{"a":{"asOf":"2026-03-02T00:00:00Z","b":1,"orderedAsOf":"yy"}}`)); err != nil {
		t.Errorf("answers of two instants: %v", err)
	}
	if err := sameData(product, []byte(`{"a":{"asOf":"2026-03-02T00:00:00Z","b":2,"orderedAsOf":"yy"}}`)); err == nil {
		t.Error("other answers are the same")
	}
}

func TestMedians(t *testing.T) {
	t.Parallel()
	if got := medians([]sample{{PerSecond: 3, P50: 1}, {PerSecond: 1, P50: 9}, {PerSecond: 2, P50: 5}}); got.PerSecond != 2 || got.P50 != 5 {
		t.Errorf("medians of three = %+v", got)
	}
	if got := medians([]sample{{PerSecond: 4}, {PerSecond: 1}}); got.PerSecond != 2.5 {
		t.Errorf("medians of two = %+v", got)
	}
	var latencies []time.Duration
	for i := range 100 {
		latencies = append(latencies, time.Duration(i)*time.Millisecond)
	}
	if got := []time.Duration{quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(nil, 0.5)}; !cmp.Equal(got, []time.Duration{50e6, 99e6, 0}) {
		t.Errorf("quantiles = %v", got)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	of := size{Wallets: 10, Campaigns: 7, Days: 2}
	results := []result{{name: "conns=32 page=wallet", product: sample{PerSecond: 500, P99: 2}, peer: sample{PerSecond: 1000, Statements: 6}}}
	if err := report(&text, options{size: of, rounds: 3}, map[string]keys{"campaigns": {full: make([]key, 1), all: make([]key, 10)}}, results); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	var got reported
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Fatalf("the last line is no JSON: %v\n%s", err, &text)
	}
	want := reported{Bench: "pages", size: of, Rounds: 3, Keys: map[string]keyCounts{"campaigns": {Full: 1, All: 10}}, Cases: []reportedCase{{
		Name: "conns=32 page=wallet", PurserPerS: 500, PeerPerS: 1000, Ratio: 0.5, P99MS: 2, PeerStatements: 6,
	}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(reported{})); diff != "" {
		t.Errorf("the line for programs (-want +got):\n%s", diff)
	}
}

func TestCountsAreNeverSilentlyZero(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", metricAllocations + " 1\n" + metricBytes + " 1\n", metricAllocations + " many\n"} {
		if got, err := parseCounts(strings.NewReader(text)); err == nil {
			t.Errorf("parseCounts(%q) = %+v, want an error", text, got)
		}
	}
}
