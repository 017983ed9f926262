package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"purser/internal/auth"
	"purser/internal/httpapi"
	"purser/internal/obs"
)

const (
	responseJSON = "application/graphql-response+json"
	plainJSON    = "application/json"
)

// fakeVerifier knows one token a role, "token-FINANCE" and so on.
type fakeVerifier struct{}

func (fakeVerifier) Verify(_ context.Context, token string) (*auth.Principal, error) {
	if token == "token-of-unknown-key-server" {
		return nil, auth.ErrKeysUnavailable
	}
	role, ok := auth.ParseRole(strings.TrimPrefix(token, "token-"))
	if !ok {
		return nil, auth.ErrTokenExpired
	}
	return &auth.Principal{Subject: "caller", Roles: []auth.Role{role}}, nil
}

// present hides every error that is not the executor's own, as the server's presenter must.
func present(ctx context.Context, err error) *gqlerror.Error {
	var own *gqlerror.Error
	if errors.As(err, &own) && own.Err == nil { // not one the executor wrapped to give it a path
		return own
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &gqlerror.Error{Message: "too slow", Extensions: map[string]any{"code": "TIMEOUT"}}
	}
	return &gqlerror.Error{Message: "internal error", Extensions: map[string]any{
		"code": "INTERNAL", "requestId": obs.RequestID(ctx),
	}}
}

// logBuffer is a log that a test reads while the server may still write.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// lines returns the records with this message.
func (b *logBuffer) lines(t *testing.T, msg string) []map[string]any {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []map[string]any
	for line := range strings.Lines(b.buf.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		if record["msg"] == msg {
			found = append(found, record)
		}
	}
	return found
}

type edge struct {
	http.Handler
	log      *logBuffer
	registry *prometheus.Registry
}

func newEdge(t *testing.T, change func(*httpapi.Options)) *edge {
	t.Helper()
	e := &edge{log: &logBuffer{}, registry: obs.NewRegistry()}
	o := httpapi.Options{
		Development:    true,
		Verifier:       fakeVerifier{},
		SDL:            sdl,
		Ready:          func(context.Context) error { return nil },
		ErrorPresenter: present,
		Log:            obs.NewLogger(e.log, obs.Production),
		Metrics:        obs.NewHTTPMetrics(e.registry),
		Now:            time.Now,
	}
	if change != nil {
		change(&o)
	}
	h, err := httpapi.NewHandler(handMade{}, o)
	if err != nil {
		t.Fatalf("NewHandler: %v", err)
	}
	e.Handler = h
	return e
}

func production(o *httpapi.Options) { o.Development = false }

// answer is a response, with its body also as JSON.
type answer struct {
	*http.Response
	raw    string
	fields map[string]json.RawMessage
}

func (e *edge) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, r)
	res := rec.Result()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Response: res, raw: string(raw)}
	if r.Method != http.MethodHead && strings.Contains(res.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &a.fields); err != nil {
			t.Fatalf("body %q is not JSON: %v", raw, err)
		}
	}
	return a
}

func (a answer) errors(t *testing.T) gqlerror.List {
	t.Helper()
	var list gqlerror.List
	if raw, ok := a.fields["errors"]; ok {
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatalf("errors %s: %v", raw, err)
		}
	}
	return list
}

func (a answer) code(t *testing.T) string {
	t.Helper()
	list := a.errors(t)
	if len(list) == 0 {
		return ""
	}
	code, _ := list[0].Extensions["code"].(string)
	return code
}

// post makes a request; headers is a list of name, value, name, value.
func post(body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", plainJSON)
	return with(r, headers...)
}

func get(path string, headers ...string) *http.Request {
	return with(httptest.NewRequest(http.MethodGet, path, nil), headers...)
}

func getQuery(query string, headers ...string) *http.Request {
	return get("/graphql?"+url.Values{"query": {query}}.Encode(), headers...)
}

func with(r *http.Request, headers ...string) *http.Request {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// body makes a request body from a document.
func body(query string) string {
	b, _ := json.Marshal(map[string]string{"query": query})
	return string(b)
}

func TestNewHandlerNeedsItsOptions(t *testing.T) {
	t.Parallel()
	full := httpapi.Options{
		Verifier: fakeVerifier{}, SDL: sdl, Ready: func(context.Context) error { return nil },
		ErrorPresenter: graphql.DefaultErrorPresenter, Log: obs.NewLogger(io.Discard, ""),
		Metrics: obs.NewHTTPMetrics(prometheus.NewRegistry()), Now: time.Now,
	}
	for name, change := range map[string]func(*httpapi.Options){
		"verifier":         func(o *httpapi.Options) { o.Verifier = nil },
		"schema":           func(o *httpapi.Options) { o.SDL = "" },
		"ready":            func(o *httpapi.Options) { o.Ready = nil },
		"presenter":        func(o *httpapi.Options) { o.ErrorPresenter = nil },
		"log":              func(o *httpapi.Options) { o.Log = nil },
		"metrics":          func(o *httpapi.Options) { o.Metrics = nil },
		"clock":            func(o *httpapi.Options) { o.Now = nil },
		"malformed_origin": func(o *httpapi.Options) { o.AllowedOrigins = []string{"shop.example"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := full
			change(&o)
			if _, err := httpapi.NewHandler(handMade{}, o); err == nil {
				t.Error("got no error")
			}
		})
	}
	if _, err := httpapi.NewHandler(handMade{}, full); err != nil {
		t.Errorf("with every option: %v", err)
	}
}
