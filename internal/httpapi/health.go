package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/pprof" // served by NewAdminHandler only, on the loopback admin address
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"purser/internal/obs"
)

// readyTimeout bounds one readiness check; a database that needs longer cannot serve a page either.
const readyTimeout = time.Second

// NotReadyError is why a server cannot serve. Reason is shown to anyone who asks /readyz, so it is a
// short upper-case word such as DATABASE_UNREACHABLE; Err goes to the log alone.
type NotReadyError struct {
	Reason string
	Err    error
}

// Error implements error.
func (e *NotReadyError) Error() string {
	if e.Err == nil {
		return "not ready: " + e.Reason
	}
	return "not ready: " + e.Reason + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *NotReadyError) Unwrap() error { return e.Err }

type healthAnswer struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// livez says that the process answers; it asks nobody else, because a restart cannot mend a database.
func (s *server) livez(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, http.StatusOK, healthAnswer{Status: "live"})
}

// readyz says whether this process should get traffic.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	err := s.Ready(ctx)
	if err == nil {
		writeHealth(w, http.StatusOK, healthAnswer{Status: "ready"})
		return
	}
	s.Log.WarnContext(r.Context(), "not ready", "error", err)
	reason := "NOT_READY"
	var known *NotReadyError
	switch {
	case errors.As(err, &known):
		reason = known.Reason
	case errors.Is(err, context.DeadlineExceeded):
		reason = "TIMEOUT"
	}
	writeHealth(w, http.StatusServiceUnavailable, healthAnswer{Status: "unavailable", Reason: reason})
}

func writeHealth(w http.ResponseWriter, status int, answer healthAnswer) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // two strings always encode
}

// NewAdminHandler returns what only the operator may reach: /metrics and /debug/pprof/. It knows no
// caller, so it must be served on a loopback address.
func NewAdminHandler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", obs.MetricsHandler(registry))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
