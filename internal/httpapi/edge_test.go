package httpapi_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"purser/internal/httpapi"
	"purser/internal/obs"
)

func bearerOf(role string) []string { return []string{"Authorization", "Bearer token-" + role} }

func (e *edge) metrics(t *testing.T) string {
	t.Helper()
	rec := httptest.NewRecorder()
	httpapi.NewAdminHandler(e.registry).ServeHTTP(rec, get("/metrics"))
	if rec.Code != http.StatusOK {
		t.Fatalf("/metrics: %d", rec.Code)
	}
	return rec.Body.String()
}

func TestBadTokenIs401(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for name, c := range map[string]struct{ header, description string }{
		"refused":      {"Bearer xyz", "the token has expired"},
		"basic":        {"Basic dXNlcjpwYXNz", "the Authorization header must be one bearer token"},
		"no_token":     {"Bearer", "the Authorization header must be one bearer token"},
		"empty_token":  {"Bearer  ", "the Authorization header must be one bearer token"},
		"empty_header": {"", "the Authorization header must be one bearer token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/graphql", "/schema.graphqls"} {
				r := post(typename)
				r.URL.Path = path
				got := e.do(t, with(r, "Authorization", c.header, "Accept", responseJSON))
				challenge := `Bearer error="invalid_token", error_description="` + c.description + `"`
				if got.StatusCode != 401 || got.code(t) != "UNAUTHENTICATED" || got.Header.Get("WWW-Authenticate") != challenge {
					t.Errorf("%s: got %d, %q, %s", path, got.StatusCode, got.Header.Get("WWW-Authenticate"), got.raw)
				}
				if got.fields["data"] != nil || strings.Contains(got.raw, "xyz") {
					t.Errorf("%s: body %s", path, got.raw)
				}
			}
		})
	}
	two := post(typename)
	two.Header["Authorization"] = []string{"Bearer token-FINANCE", "Bearer token-AUDITOR"}
	if got := e.do(t, two); got.StatusCode != 401 {
		t.Errorf("two Authorization headers: got %d, want 401", got.StatusCode)
	}
}

func TestUnavailableKeysAre503(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	got := e.do(t, post(typename, "Authorization", "Bearer token-of-unknown-key-server"))
	if got.StatusCode != 503 || got.code(t) != "UNAVAILABLE" || got.Header.Get("WWW-Authenticate") != "" || got.Header.Get("Retry-After") == "" {
		t.Errorf("got %d %s %v", got.StatusCode, got.raw, got.Header)
	}
}

func TestPostures(t *testing.T) {
	t.Parallel()
	development, prod := newEdge(t, nil), newEdge(t, production)
	schemaQuery := body("{ __schema { __typename } }")
	const seen, hidden = `{"data":{"__schema":{"__typename":"__Schema"}}}`, `"data":{"__schema":null}`
	for name, c := range map[string]struct {
		edge   *edge
		r      *http.Request
		status int
		holds  string
	}{
		"development_introspection":       {development, post(schemaQuery), 200, seen},
		"development_GET":                 {development, getQuery("{ __typename }"), 200, `"Query"`},
		"development_schema":              {development, get("/schema.graphqls"), 200, "type Query"},
		"production_anonymous_typename":   {prod, post(typename), 200, `"Query"`},
		"production_introspection":        {prod, post(schemaQuery), 200, hidden},
		"production_introspection_SHORT":  {prod, post(schemaQuery, bearerOf("FINANCE")...), 200, hidden},
		"production_introspection_PM":     {prod, post(schemaQuery, bearerOf("PRODUCT_MANAGER")...), 200, seen},
		"production_GET_anonymous":        {prod, getQuery("{ __typename }"), 405, "BAD_REQUEST"},
		"production_GET_with_token":       {prod, getQuery("{ __typename }", bearerOf("AUDITOR")...), 200, `"Query"`},
		"production_GET_introspection_PM": {prod, getQuery("{ __schema { __typename } }", bearerOf("PRODUCT_MANAGER")...), 200, seen},
		"production_schema_anonymous":     {prod, get("/schema.graphqls"), 401, "UNAUTHENTICATED"},
		"production_schema_FINANCE":       {prod, get("/schema.graphqls", bearerOf("FINANCE")...), 403, "FORBIDDEN"},
		"production_schema_PM":            {prod, get("/schema.graphqls", bearerOf("PRODUCT_MANAGER")...), 200, "type Query"},
		"schema_POST":                     {development, with(httptest.NewRequest("POST", "/schema.graphqls", nil)), 405, "BAD_REQUEST"},
		"another_path":                    {development, get("/graphiql"), 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.edge.do(t, c.r)
			if got.StatusCode != c.status || !strings.Contains(got.raw, c.holds) {
				t.Errorf("got %d %s, want %d and %s", got.StatusCode, got.raw, c.status, c.holds)
			}
			if got.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Error("nosniff is missing")
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	own := obs.NewRequestID()
	if got := e.do(t, post(typename, "X-Request-Id", own)).Header.Get("X-Request-Id"); got != own {
		t.Errorf("a well-formed id %s came back as %q", own, got)
	}
	for _, bad := range []string{"", "x", strings.ToUpper(own), own + own, "a\tb"} {
		if got := e.do(t, post(typename, "X-Request-Id", bad)).Header.Get("X-Request-Id"); got == bad || !obs.IsRequestID(got) {
			t.Errorf("the id %q came back as %q, want a new one", bad, got)
		}
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	named := `{"query":"query ` + strings.Repeat("W", 80) + ` { failing }"}`
	got := e.do(t, post(named, bearerOf("FINANCE")...))
	lines := e.log.lines(t, "request")
	if len(lines) != 1 {
		t.Fatalf("got %d lines for one request", len(lines))
	}
	for key, want := range map[string]any{
		"method": "POST", "route": "/graphql", "status": 200.0, "bytes": float64(len(got.raw)),
		"operation": strings.Repeat("W", 64) + "…", "kind": "query", "errors": 1.0, "code": "INTERNAL",
		"principal":  "61de55ba3388aec4", // sha256("caller")
		"request_id": got.Header.Get("X-Request-Id"),
	} {
		if lines[0][key] != want {
			t.Errorf("%s is %v, want %v", key, lines[0][key], want)
		}
	}
	if _, ok := lines[0]["duration_ms"].(float64); !ok {
		t.Errorf("no duration in %v", lines[0])
	}
	e.do(t, get("/livez"))
	if lines := e.log.lines(t, "request"); len(lines) != 1 {
		t.Errorf("a probe is logged at Info: %v", lines[1:])
	}
	for _, want := range []string{
		`purser_http_request_duration_seconds_count{route="/graphql",status="200"} 1`,
		`purser_http_request_duration_seconds_count{route="GET /livez",status="200"} 1`,
	} {
		if !strings.Contains(e.metrics(t), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestAnonymousInLogAndUnknownRoute(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	e.do(t, get("/secret/path"))
	lines := e.log.lines(t, "request")
	if len(lines) != 1 || lines[0]["principal"] != "anonymous" || lines[0]["route"] != "none" || lines[0]["status"] != 404.0 {
		t.Errorf("got %v", lines)
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	plain := e.do(t, post(body("{ long }")))
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, post(body("{ long }"), "Accept-Encoding", "gzip"))
	if rec.Header().Get("Content-Encoding") != "gzip" || rec.Body.Len() >= len(plain.raw) {
		t.Fatalf("got %d bytes, encoding %q", rec.Body.Len(), rec.Header().Get("Content-Encoding"))
	}
	reader, err := gzip.NewReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil || string(unpacked) != plain.raw {
		t.Errorf("got %.100s, %v", unpacked, err)
	}
	if vary := rec.Header().Values("Vary"); !slices.Contains(vary, "Accept-Encoding") || !slices.Contains(vary, "Accept") {
		t.Errorf("Vary is %q", vary)
	}
	small := httptest.NewRecorder()
	e.ServeHTTP(small, post(typename, "Accept-Encoding", "gzip"))
	if small.Header().Get("Content-Encoding") != "" {
		t.Error("a small answer is compressed")
	}
}

func TestBrowsersFromOtherSites(t *testing.T) {
	t.Parallel()
	closed := newEdge(t, nil)
	open := newEdge(t, func(o *httpapi.Options) { o.AllowedOrigins = []string{"https://shop.example"} })
	for name, c := range map[string]struct {
		edge   *edge
		origin string
		status int
		allow  string
	}{
		"none_allowed":   {closed, "https://evil.example", 403, ""},
		"other_allowed":  {open, "https://evil.example", 403, ""},
		"allowed":        {open, "https://shop.example", 200, "https://shop.example"},
		"same_host_http": {open, "http://shop.example", 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.edge.do(t, post(typename, "Origin", c.origin, "Sec-Fetch-Site", "cross-site"))
			if got.StatusCode != c.status || got.Header.Get("Access-Control-Allow-Origin") != c.allow {
				t.Errorf("got %d, allowed %q: %s", got.StatusCode, got.Header.Get("Access-Control-Allow-Origin"), got.raw)
			}
			if c.status == 403 && got.code(t) != "FORBIDDEN" {
				t.Errorf("got %s, want FORBIDDEN", got.raw)
			}
		})
	}
	preflight := httptest.NewRequest(http.MethodOptions, "/graphql", nil)
	got := open.do(t, with(preflight, "Origin", "https://shop.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type"))
	if got.StatusCode != 204 || got.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" ||
		got.Header.Get("Access-Control-Allow-Headers") != "authorization,content-type" || got.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: got %d %v", got.StatusCode, got.Header)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ready  func(context.Context) error
		status int
		body   string
	}{
		"ready": {func(context.Context) error { return nil }, 200, `{"status":"ready"}`},
		"reason_without_detail": {func(context.Context) error {
			return &httpapi.NotReadyError{Reason: "DATABASE_UNREACHABLE", Err: errors.New("dial 10.0.0.7: refused")}
		}, 503, `{"status":"unavailable","reason":"DATABASE_UNREACHABLE"}`},
		"unknown":  {func(context.Context) error { return errors.New("dial 10.0.0.7") }, 503, `{"status":"unavailable","reason":"NOT_READY"}`},
		"too_slow": {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 503, `{"status":"unavailable","reason":"TIMEOUT"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEdge(t, func(o *httpapi.Options) { o.Development, o.Ready = false, c.ready })
			if got := e.do(t, get("/readyz")); got.StatusCode != c.status || strings.TrimSpace(got.raw) != c.body {
				t.Errorf("/readyz: got %d %s", got.StatusCode, got.raw)
			}
			if got := e.do(t, get("/livez", "Authorization", "Bearer xyz")); got.StatusCode != 200 || strings.TrimSpace(got.raw) != `{"status":"live"}` {
				t.Errorf("/livez: got %d %s", got.StatusCode, got.raw)
			}
		})
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	if !strings.Contains(e.metrics(t), "go_goroutines") {
		t.Error("/metrics lacks the runtime's metrics")
	}
	rec := httptest.NewRecorder()
	httpapi.NewAdminHandler(e.registry).ServeHTTP(rec, get("/debug/pprof/goroutine?debug=1"))
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), "goroutine profile") {
		t.Errorf("pprof: %d", rec.Code)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if got := e.do(t, get(path)); got.StatusCode != 404 {
			t.Errorf("%s on the public handler: got %d, want 404", path, got.StatusCode)
		}
	}
}
