// Package obs is how the server is watched: structured logs, request ids, Prometheus metrics, and
// a pgx tracer that knows every SQL statement by name and can count them for one request.
package obs

import (
	"context"
	"io"
	"log/slog"

	"github.com/google/uuid"
)

// Production is the mode in which logs are written for machines. It is the value of PURSER_MODE.
const Production = "production"

// NewLogger returns a logger at level Info: JSON lines when mode is Production, text otherwise.
// Each record logged with a context that carries a request id has it as request_id.
func NewLogger(w io.Writer, mode string) *slog.Logger {
	return NewLoggerAt(w, mode, slog.LevelInfo)
}

// NewLoggerAt is NewLogger with another level, which a *slog.LevelVar may change while it is used.
func NewLoggerAt(w io.Writer, mode string, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if mode == Production {
		return slog.New(requestIDHandler{slog.NewJSONHandler(w, options)})
	}
	return slog.New(requestIDHandler{slog.NewTextHandler(w, options)})
}

// requestIDHandler adds the request id of the context, so that no call site has to pass it.
type requestIDHandler struct{ slog.Handler }

func (h requestIDHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requestIDHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestIDHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestIDHandler) WithGroup(name string) slog.Handler {
	return requestIDHandler{h.Handler.WithGroup(name)}
}

type requestIDKey struct{}

// WithRequestID returns ctx carrying the request's id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id WithRequestID stored, or "" outside a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// NewRequestID returns a UUIDv7: its leading time makes the ids of one incident sort together.
func NewRequestID() string {
	return uuid.Must(uuid.NewV7()).String()
}

// IsRequestID reports whether a client's id is a uuid in its canonical lower-case form. Anything
// else is replaced at the edge: the id is copied into every log line and every error.
func IsRequestID(id string) bool {
	parsed, err := uuid.Parse(id)
	return err == nil && parsed != uuid.Nil && parsed.String() == id
}
