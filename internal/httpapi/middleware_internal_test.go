package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"purser/internal/obs"
)

// A panic after the answer began cannot be told to the client in words: the connection must be cut,
// and the request still be logged. No public handler writes before its last line, so this one is made
// for the test.
func TestPanicInTheMiddleOfAnAnswerCutsTheConnection(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &server{Options: Options{
		Log: obs.NewLogger(&log, obs.Production), Metrics: obs.NewHTTPMetrics(prometheus.NewRegistry()), Now: time.Now,
	}}
	half := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half of the")
		panic("in the middle")
	})
	rec := httptest.NewRecorder()
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("got %v, want http.ErrAbortHandler", err)
		}
		if rec.Body.String() != "half of the" {
			t.Errorf("the answer goes on: %q", rec.Body.String())
		}
		for _, want := range []string{`"value":"in the middle"`, `"msg":"request"`} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("want %s once in %s", want, log.String())
			}
		}
	}()
	s.observe(half).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
}

// A handler that aborts on purpose is no broken invariant.
func TestAbortIsPassedOn(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &server{Options: Options{
		Log: obs.NewLogger(&log, obs.Production), Metrics: obs.NewHTTPMetrics(prometheus.NewRegistry()), Now: time.Now,
	}}
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) || strings.Contains(log.String(), `"panic"`) {
			t.Errorf("got %v and the log %s", err, log.String())
		}
	}()
	s.observe(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}
