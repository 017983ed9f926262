package obs

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
)

// StatementTracer is a pgx tracer. It measures each statement under its name, counts it for the
// contexts of WithCounter, and logs it at level Debug without its arguments, which are personal.
type StatementTracer struct {
	log      *slog.Logger
	now      func() time.Time
	duration *prometheus.HistogramVec
	batches  prometheus.Histogram
	failures *prometheus.CounterVec
}

var (
	_ pgx.QueryTracer    = (*StatementTracer)(nil)
	_ pgx.BatchTracer    = (*StatementTracer)(nil)
	_ pgx.CopyFromTracer = (*StatementTracer)(nil)
)

// NewStatementTracer registers the tracer's metrics with r, where registering them twice panics: one
// tracer serves every pool of a process. now must carry a monotonic reading, as time.Now does.
func NewStatementTracer(r prometheus.Registerer, log *slog.Logger, now func() time.Time) *StatementTracer {
	t := &StatementTracer{
		log: log, now: now,
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "purser_db_statement_duration_seconds", Buckets: durationBuckets,
			Help: "Time of one SQL statement by name; inside a batch, the time spent reading its result.",
		}, []string{"statement"}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "purser_db_batch_duration_seconds", Buckets: durationBuckets,
			Help: "Time of one batch, from sending it to closing its results.",
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "purser_db_statement_failures_total",
			Help: "SQL statements that ended in an error, by name.",
		}, []string{"statement"}),
	}
	r.MustRegister(t.duration, t.batches, t.failures)
	return t
}

type spanKey struct{}

// span is one statement, batch or copy under way. One goroutine at a time uses it, as it does the
// connection.
type span struct {
	name    string
	started time.Time
	ended   bool
}

func (t *StatementTracer) start(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, spanKey{}, &span{name: name, started: t.now()})
}

// finish returns the span that start put into ctx, once. pgx calls the end hook of a batch that
// failed before it was sent a second time when its results are closed.
func finish(ctx context.Context) (*span, bool) {
	s, ok := ctx.Value(spanKey{}).(*span)
	if !ok || s.ended {
		return nil, false
	}
	s.ended = true
	return s, true
}

func (t *StatementTracer) end(ctx context.Context, rows int64, err error) {
	s, ok := finish(ctx)
	if !ok {
		return
	}
	t.record(ctx, s.name, t.now().Sub(s.started), rows, err)
}

func (t *StatementTracer) record(ctx context.Context, name string, d time.Duration, rows int64, err error) {
	t.duration.WithLabelValues(name).Observe(d.Seconds())
	if err != nil {
		t.failures.WithLabelValues(name).Inc()
	}
	if !t.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("statement", name), slog.Float64("duration_ms", milliseconds(d)), slog.Int64("rows", rows),
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	t.log.LogAttrs(ctx, slog.LevelDebug, "sql", attrs...)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// TraceQueryStart implements pgx.QueryTracer.
func (t *StatementTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	name := StatementName(data.SQL)
	countSent(ctx, name)
	return t.start(ctx, name)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t *StatementTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	t.end(ctx, data.CommandTag.RowsAffected(), data.Err)
}

// TraceBatchStart implements pgx.BatchTracer. The batch's statements are counted here and not as
// their results are read, because a batch that fails early was sent in full all the same.
func (t *StatementTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	names := make([]string, len(data.Batch.QueuedQueries))
	for i, q := range data.Batch.QueuedQueries {
		names[i] = StatementName(q.SQL)
	}
	countSent(ctx, names...)
	return t.start(ctx, "batch")
}

// TraceBatchQuery implements pgx.BatchTracer.
func (t *StatementTracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	var d time.Duration
	if !data.ReadStartTime.IsZero() { // zero when the batch failed before this result was reached
		d = t.now().Sub(data.ReadStartTime)
	}
	t.record(ctx, StatementName(data.SQL), d, data.CommandTag.RowsAffected(), data.Err)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (t *StatementTracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchEndData) {
	if s, ok := finish(ctx); ok {
		t.batches.Observe(t.now().Sub(s.started).Seconds())
	}
}

// TraceCopyFromStart implements pgx.CopyFromTracer. A copy has no SQL of ours to carry a comment,
// so it is named after its table, whose name is fixed in the code.
func (t *StatementTracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	name := "copy." + strings.Join(data.TableName, ".")
	countSent(ctx, name)
	return t.start(ctx, name)
}

// TraceCopyFromEnd implements pgx.CopyFromTracer.
func (t *StatementTracer) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	t.end(ctx, data.CommandTag.RowsAffected(), data.Err)
}
