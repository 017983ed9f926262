package obs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"purser/internal/obs"
)

const (
	findWallet = "\n-- name: wallet_by_id\nSELECT 1"
	bareSelect = "SELECT 1"
)

var begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// steppingClock advances by 10 ms at each reading, so that durations are known.
func steppingClock() func() time.Time {
	var mu sync.Mutex
	at := begun
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(10 * time.Millisecond)
		return at
	}
}

func newTracer(log *slog.Logger) (*obs.StatementTracer, *prometheus.Registry) {
	registry := prometheus.NewRegistry()
	return obs.NewStatementTracer(registry, log, steppingClock()), registry
}

func scrape(t *testing.T, r *prometheus.Registry) string {
	t.Helper()
	rec := httptest.NewRecorder()
	obs.MetricsHandler(r).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if rec.Code != 200 {
		t.Fatalf("scrape: %d %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

func wantMetrics(t *testing.T, r *prometheus.Registry, lines ...string) {
	t.Helper()
	got := scrape(t, r)
	for _, line := range lines {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("metrics lack %q in:\n%s", line, got)
		}
	}
}

func query(ctx context.Context, tracer *obs.StatementTracer, sql string, err error) {
	ctx = tracer.TraceQueryStart(ctx, nil, pgx.TraceQueryStartData{SQL: sql, Args: []any{"private argument"}})
	tracer.TraceQueryEnd(ctx, nil, pgx.TraceQueryEndData{Err: err})
}

// batch plays the calls pgx makes for a batch whose queries from failsAt on are not executed.
func batch(ctx context.Context, tracer *obs.StatementTracer, failsAt int, sqls ...string) {
	b := &pgx.Batch{}
	for _, sql := range sqls {
		b.Queue(sql)
	}
	ctx = tracer.TraceBatchStart(ctx, nil, pgx.TraceBatchStartData{Batch: b})
	for i, sql := range sqls {
		data := pgx.TraceBatchQueryData{SQL: sql, ReadStartTime: begun}
		if i == failsAt {
			data.Err = errors.New("deadlock")
		}
		tracer.TraceBatchQuery(ctx, nil, data)
		if data.Err != nil {
			break
		}
	}
	tracer.TraceBatchEnd(ctx, nil, pgx.TraceBatchEndData{})
}

func TestStatementName(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		findWallet:                              "wallet_by_id",
		"-- name: journals.page-2\r\nSELECT 1":  "journals.page-2",
		"  \t-- name:x":                         "x",
		bareSelect:                              "unnamed",
		"SELECT 1 -- name: late":                "unnamed",
		"-- name:\nSELECT 1":                    "unnamed",
		"-- name: two words\nSELECT 1":          "unnamed",
		"-- name: " + strings.Repeat("a", 65):   "unnamed",
		"begin isolation level repeatable read": "begin",
		"commit":                                "commit",
		"rollback to savepoint sp_1":            "rollback",
		"savepoint sp_1":                        "savepoint",
		"release savepoint sp_1":                "release",
		"beginning":                             "unnamed",
		"":                                      "unnamed",
	} {
		if got := obs.StatementName(sql); got != want {
			t.Errorf("StatementName(%q) = %q, want %q", sql, got, want)
		}
	}
}

func TestCounterCountsStatementsAndRoundTrips(t *testing.T) {
	t.Parallel()
	tracer, _ := newTracer(slog.New(slog.DiscardHandler))
	ctx, counter := obs.WithCounter(t.Context())
	query(ctx, tracer, "begin", nil)
	query(ctx, tracer, findWallet, nil)
	batch(ctx, tracer, 1, "-- name: a\n", "-- name: b\n", bareSelect)
	copied := tracer.TraceCopyFromStart(ctx, nil, pgx.TraceCopyFromStartData{TableName: pgx.Identifier{"postings"}})
	tracer.TraceCopyFromEnd(copied, nil, pgx.TraceCopyFromEndData{})
	query(t.Context(), tracer, findWallet, nil) // another request's

	want := []string{"begin", "wallet_by_id", "a", "b", "unnamed", "copy.postings"}
	if diff := cmp.Diff(want, counter.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if counter.Statements() != 6 || counter.RoundTrips() != 4 {
		t.Errorf("got %d statements in %d round trips, want 6 in 4", counter.Statements(), counter.RoundTrips())
	}
}

func TestCountersNest(t *testing.T) {
	t.Parallel()
	tracer, _ := newTracer(slog.New(slog.DiscardHandler))
	ctx, outer := obs.WithCounter(t.Context())
	ctx, middle := obs.WithCounter(ctx)
	ctx, inner := obs.WithCounter(ctx)
	left, leftCounter := obs.WithCounter(ctx)
	right, rightCounter := obs.WithCounter(ctx) // must not take the place of left
	query(ctx, tracer, bareSelect, nil)
	query(left, tracer, bareSelect, nil)
	query(left, tracer, bareSelect, nil)
	query(right, tracer, bareSelect, nil)
	var got []int
	for _, c := range []*obs.Counter{outer, middle, inner, leftCounter, rightCounter} {
		got = append(got, c.Statements())
	}
	if diff := cmp.Diff([]int{4, 4, 4, 2, 1}, got); diff != "" {
		t.Errorf("outer, middle, inner, left, right (-want +got):\n%s", diff)
	}
}

func TestTracerIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	tracer, registry := newTracer(slog.New(slog.DiscardHandler))
	ctx, counter := obs.WithCounter(t.Context())
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for range 50 {
				query(ctx, tracer, findWallet, nil)
				batch(ctx, tracer, -1, findWallet, findWallet)
			}
		})
	}
	group.Wait()
	if counter.Statements() != 3000 || counter.RoundTrips() != 2000 {
		t.Errorf("got %d statements in %d round trips, want 3000 in 2000", counter.Statements(), counter.RoundTrips())
	}
	wantMetrics(t, registry,
		`purser_db_statement_duration_seconds_count{statement="wallet_by_id"} 3000`,
		`purser_db_batch_duration_seconds_count 1000`)
}

func TestTracerMeasuresByName(t *testing.T) {
	t.Parallel()
	tracer, registry := newTracer(slog.New(slog.DiscardHandler))
	query(t.Context(), tracer, findWallet, nil)
	query(t.Context(), tracer, findWallet, errors.New("gone"))
	query(t.Context(), tracer, bareSelect, nil)
	wantMetrics(t, registry,
		`purser_db_statement_duration_seconds_sum{statement="wallet_by_id"} 0.02`,
		`purser_db_statement_duration_seconds_count{statement="wallet_by_id"} 2`,
		`purser_db_statement_failures_total{statement="wallet_by_id"} 1`,
		`purser_db_statement_duration_seconds_count{statement="unnamed"} 1`)
}

func TestTracerBatches(t *testing.T) {
	t.Parallel()
	tracer, registry := newTracer(slog.New(slog.DiscardHandler))
	batch(t.Context(), tracer, 1, "-- name: a\n", "-- name: b\n", "-- name: c\n")
	wantMetrics(t, registry,
		`purser_db_statement_duration_seconds_sum{statement="a"} 0.02`,
		`purser_db_statement_failures_total{statement="b"} 1`,
		`purser_db_batch_duration_seconds_count 1`,
		`purser_db_batch_duration_seconds_sum 0.03`)
	if strings.Contains(scrape(t, registry), `statement="c"`) {
		t.Error("a query the batch never reached has a duration")
	}
}

// pgx reports the end of a batch that failed before it was sent twice.
func TestTracerCountsAFailedBatchOnce(t *testing.T) {
	t.Parallel()
	tracer, registry := newTracer(slog.New(slog.DiscardHandler))
	b := &pgx.Batch{}
	b.Queue(findWallet)
	ctx := tracer.TraceBatchStart(t.Context(), nil, pgx.TraceBatchStartData{Batch: b})
	tracer.TraceBatchEnd(ctx, nil, pgx.TraceBatchEndData{Err: errors.New("gone")})
	tracer.TraceBatchEnd(ctx, nil, pgx.TraceBatchEndData{Err: errors.New("gone")})
	tracer.TraceQueryEnd(t.Context(), nil, pgx.TraceQueryEndData{}) // an end without a start
	wantMetrics(t, registry, `purser_db_batch_duration_seconds_count 1`)
}

func TestTracerLogsAtDebugWithoutArguments(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tracer, _ := newTracer(obs.NewLoggerAt(&out, obs.Production, slog.LevelDebug))
	query(t.Context(), tracer, findWallet, errors.New("gone"))
	got := out.String()
	for _, want := range []string{`"level":"DEBUG"`, `"statement":"wallet_by_id"`, `"duration_ms":10`, `"error":"gone"`} {
		if !strings.Contains(got, want) {
			t.Errorf("log lacks %s: %s", want, got)
		}
	}
	if strings.Contains(got, "private argument") {
		t.Errorf("log holds an argument: %s", got)
	}
}

func TestRegistryAndHTTPMetrics(t *testing.T) {
	t.Parallel()
	registry := obs.NewRegistry()
	m := obs.NewHTTPMetrics(registry)
	m.Observe("graphql", 200, 20*time.Millisecond)
	m.Panicked()
	wantMetrics(t, registry,
		`purser_http_request_duration_seconds_count{route="graphql",status="200"} 1`,
		`purser_http_panics_total 1`)
	for _, family := range []string{"go_goroutines ", "process_cpu_seconds_total "} {
		if !strings.Contains(scrape(t, registry), family) {
			t.Errorf("metrics lack %s", family)
		}
	}
}
