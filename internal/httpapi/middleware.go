package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"purser/internal/auth"
	"purser/internal/obs"
)

const (
	headerRequestID = "X-Request-Id"
	// operationNameBytesMax bounds a client's name for its operation in the log.
	operationNameBytesMax = 64
)

// requestNotes is what the handlers learn about a request for its one line in the log. Only the
// goroutine that serves the request touches it.
type requestNotes struct {
	caller        *auth.Principal
	operation     string
	operationKind string
	errors        int
	code          string
	panicked      bool
}

type notesKey struct{}

func notesOf(ctx context.Context) *requestNotes {
	if n, ok := ctx.Value(notesKey{}).(*requestNotes); ok {
		return n
	}
	return &requestNotes{}
}

func noteOperation(ctx context.Context, op *ast.OperationDefinition) {
	n := notesOf(ctx)
	n.operation, n.operationKind = shorten(op.Name, operationNameBytesMax), string(op.Operation)
}

func noteErrors(ctx context.Context, count int, code string) {
	n := notesOf(ctx)
	n.errors, n.code = count, code
}

// observe gives the request its id, recovers what panics, and logs and counts the outcome.
func (s *server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		id := r.Header.Get(headerRequestID)
		if !obs.IsRequestID(id) {
			id = obs.NewRequestID()
		}
		w.Header().Set(headerRequestID, id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		notes := &requestNotes{}
		ctx := context.WithValue(obs.WithRequestID(r.Context(), id), notesKey{}, notes)
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w}
		func() {
			defer s.recoverRequest(rec, r)
			next.ServeHTTP(rec, r)
		}()
		s.logRequest(r, rec, notes, s.Now().Sub(start))
		if notes.panicked && rec.status != 0 && rec.status != http.StatusInternalServerError {
			// The answer had begun when the handler panicked: cut the connection, or the client
			// would take the part for the whole.
			panic(http.ErrAbortHandler)
		}
	})
}

func (s *server) logRequest(r *http.Request, rec *recorder, notes *requestNotes, took time.Duration) {
	route := r.Pattern // set by the mux; "" when no route matched
	if route == "" {
		route = "none"
	}
	status := rec.status
	if status == 0 {
		status = http.StatusOK
	}
	s.Metrics.Observe(route, status, took)
	level := slog.LevelInfo
	if route == "GET /livez" || route == "GET /readyz" {
		level = slog.LevelDebug // probes come every few seconds and say nothing while all is well
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("route", route), slog.Int("status", status),
		slog.Float64("duration_ms", float64(took)/float64(time.Millisecond)), slog.Int64("bytes", rec.bytes),
		slog.String("principal", notes.caller.Digest()),
	}
	if notes.operationKind != "" {
		attrs = append(attrs, slog.String("operation", notes.operation), slog.String("kind", notes.operationKind))
	}
	if notes.errors > 0 {
		attrs = append(attrs, slog.Int("errors", notes.errors), slog.String("code", notes.code))
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// recoverRequest is deferred around a handler. It logs a panic with its stack, counts it, and
// answers 500 unless the answer had begun.
func (s *server) recoverRequest(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	notesOf(r.Context()).panicked = true
	s.logPanic(r.Context(), v)
	if rec, ok := w.(*recorder); ok && rec.status != 0 {
		return
	}
	s.refuse(w, r, http.StatusInternalServerError, codeInternal, "internal error")
}

// recoverResolver is the executor's RecoverFunc; it runs in the goroutine that panicked.
func (s *server) recoverResolver(ctx context.Context, v any) error {
	s.logPanic(ctx, v)
	if s.Recover != nil {
		return s.Recover(ctx, v)
	}
	return errors.New("internal error")
}

func (s *server) logPanic(ctx context.Context, v any) {
	s.Metrics.Panicked()
	s.Log.ErrorContext(ctx, "panic", "value", v, "stack", string(debug.Stack()))
}

// recorder notes the status and size of an answer. Unwrap lets http.ResponseController through.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && status >= http.StatusOK {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.bytes += int64(n)
	return n, err
}

// Unwrap returns the writer underneath, for http.ResponseController.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }
