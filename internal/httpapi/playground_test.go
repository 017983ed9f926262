package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"purser/internal/httpapi"
)

const script = "console.log('playground')"

var expiry = time.Date(2026, 3, 5, 10, 15, 0, 0, time.UTC)

// webFiles are pages as small as they can be.
func webFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(script)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{
		"pages/start.html":      {Data: []byte(`{{if .Development}}development{{end}} at {{.Host}}{{range .Docs}} {{.Path}}{{end}}`)},
		"pages/playground.html": {Data: []byte(`<script type="application/json">{{.Config}}</script>`)},
		"dist/playground.js.gz": {Data: zipped.Bytes()},
		"dist/sources.sha256":   {Data: []byte("not for browsers")},
	}
}

func personaPages(t *testing.T) *httpapi.Pages {
	t.Helper()
	return &httpapi.Pages{
		Web:       webFiles(t),
		Documents: []httpapi.Document{{Path: "guide.md", Title: "Guide", Text: []byte("# Guide")}},
		Personas:  []string{"freelancer", "broken"},
		PersonaToken: func(persona string) (httpapi.PersonaToken, error) {
			if persona == "broken" {
				return httpapi.PersonaToken{}, errors.New("the key at /secret/place is gone")
			}
			return httpapi.PersonaToken{Token: "token-of-" + persona, ExpiresAt: expiry}, nil
		},
	}
}

func withPages(pages *httpapi.Pages) func(*httpapi.Options) {
	return func(o *httpapi.Options) { o.Pages = pages }
}

// personaRequest is what the playground in a browser on this machine sends.
func personaRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/playground/token", strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:50000"
	return with(r, "Content-Type", plainJSON, "Sec-Fetch-Site", "same-origin")
}

func TestPersonaToken(t *testing.T) {
	t.Parallel()
	e := newEdge(t, withPages(personaPages(t)))
	for name, change := range map[string]func(*http.Request){
		"plain":            func(*http.Request) {},
		"localhost":        func(r *http.Request) { r.Host = "localhost:8080" },
		"without_a_port":   func(r *http.Request) { r.Host = "localhost" },
		"ipv6":             func(r *http.Request) { r.Host, r.RemoteAddr = "[::1]:8080", "[::1]:50000" },
		"ipv6_bare":        func(r *http.Request) { r.Host, r.RemoteAddr = "[::1]", "[::1]:50000" },
		"ipv4_in_ipv6":     func(r *http.Request) { r.RemoteAddr = "[::ffff:127.0.0.1]:50000" },
		"charset_is_named": func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := personaRequest(`{"persona":"freelancer"}`)
			change(r)
			got := e.do(t, r)
			if got.StatusCode != 200 || got.raw != `{"token":"token-of-freelancer","expiresAt":"2026-03-05T10:15:00Z"}` {
				t.Errorf("got %d %s", got.StatusCode, got.raw)
			}
			if cache := got.Header.Get("Cache-Control"); cache != "no-store" {
				t.Errorf("Cache-Control = %q, want no-store", cache)
			}
		})
	}
}

func TestPersonaTokenRefusals(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	peer := func(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	keep := func(*http.Request) {}
	good := `{"persona":"freelancer"}`
	for name, c := range map[string]struct {
		body   string
		change func(*http.Request)
		status int
		code   string
	}{
		"peer_of_another_machine":   {good, peer("192.0.2.7:50000"), 403, "FORBIDDEN"},
		"peer_unknown":              {good, peer(""), 403, "FORBIDDEN"},
		"host_rebound":              {good, host("attacker.example:8080"), 403, "FORBIDDEN"},
		"host_that_begins_well":     {good, host("localhost.attacker.example"), 403, "FORBIDDEN"},
		"host_of_another_loopback":  {good, host("127.0.0.2:8080"), 403, "FORBIDDEN"},
		"host_missing":              {good, host(""), 403, "FORBIDDEN"},
		"cross_site":                {good, header("Sec-Fetch-Site", "cross-site"), 403, "FORBIDDEN"},
		"same_site":                 {good, header("Sec-Fetch-Site", "same-site"), 403, "FORBIDDEN"},
		"typed_into_the_bar":        {good, header("Sec-Fetch-Site", "none"), 403, "FORBIDDEN"},
		"no_browser":                {good, func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, 403, "FORBIDDEN"},
		"form":                      {"persona=freelancer", header("Content-Type", "application/x-www-form-urlencoded"), 415, "BAD_REQUEST"},
		"text":                      {good, header("Content-Type", "text/plain"), 415, "BAD_REQUEST"},
		"no_content_type":           {good, func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "BAD_REQUEST"},
		"unknown_persona":           {`{"persona":"owner"}`, keep, 400, "BAD_REQUEST"},
		"no_persona":                {`{}`, keep, 400, "BAD_REQUEST"},
		"persona_of_the_wrong_type": {`{"persona":["freelancer"]}`, keep, 400, "BAD_REQUEST"},
		"trailing_text":             {good + "{}", keep, 400, "BAD_REQUEST"},
		"empty_body":                {"", keep, 400, "BAD_REQUEST"},
		"long_body":                 {`{"persona":"` + strings.Repeat("x", 1<<10) + `"}`, keep, 413, "BAD_REQUEST"},
		"signing_fails":             {`{"persona":"broken"}`, keep, 500, "INTERNAL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The origins that may call /graphql may not act as personas.
			e := newEdge(t, func(o *httpapi.Options) {
				o.Pages, o.AllowedOrigins = personaPages(t), []string{"https://shop.example"}
			})
			r := with(personaRequest(c.body), "Origin", "https://shop.example")
			c.change(r)
			got := e.do(t, r)
			if got.StatusCode != c.status || got.code(t) != c.code {
				t.Errorf("got %d %s, want %d %s", got.StatusCode, got.raw, c.status, c.code)
			}
			if strings.Contains(got.raw, "token-of") || strings.Contains(got.raw, "secret") {
				t.Errorf("the answer tells too much: %s", got.raw)
			}
			if cors := got.Header.Get("Access-Control-Allow-Origin"); cors != "" {
				t.Errorf("Access-Control-Allow-Origin = %q, want none", cors)
			}
		})
	}
}

func TestPersonaTokenHasOneMethod(t *testing.T) {
	t.Parallel()
	e := newEdge(t, withPages(personaPages(t)))
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodOptions} {
		r := personaRequest("")
		r.Method = method
		if got := e.do(t, r); got.StatusCode != 405 || got.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got %d %v, want 405 without CORS", method, got.StatusCode, got.Header)
		}
	}
}

func TestProductionHasNoPersonas(t *testing.T) {
	t.Parallel()
	pages := personaPages(t)
	pages.Personas, pages.PersonaToken = nil, nil
	e := newEdge(t, func(o *httpapi.Options) { o.Development, o.Pages = false, pages })
	if got := e.do(t, personaRequest(`{"persona":"freelancer"}`)); got.StatusCode != 404 {
		t.Errorf("token: got %d %s, want 404", got.StatusCode, got.raw)
	}
	if got := e.do(t, get("/docs/guide.md")); got.StatusCode != 404 {
		t.Errorf("document: got %d, want 404", got.StatusCode)
	}
	if got := e.do(t, get("/")); strings.TrimSpace(got.raw) != "at example.com" {
		t.Errorf("/ = %q, want no link to documents", got.raw)
	}
	if got := e.do(t, get("/playground")); !strings.Contains(got.raw, `{"personas":[]}`) {
		t.Errorf("/playground = %q, want no personas", got.raw)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	e := newEdge(t, withPages(personaPages(t)))
	const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; " +
		"font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
	for path, want := range map[string]struct{ contentType, body string }{
		"/":                                {"text/html; charset=utf-8", "development at example.com guide.md"},
		"/playground":                      {"text/html; charset=utf-8", `<script type="application/json">{"personas":["freelancer","broken"]}</script>`},
		"/docs/guide.md":                   {"text/plain; charset=utf-8", "# Guide"},
		"/playground/assets/playground.js": {"text/javascript; charset=utf-8", script},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			got := e.do(t, get(path))
			if got.StatusCode != 200 || got.raw != want.body {
				t.Errorf("got %d %q, want %q", got.StatusCode, got.raw, want.body)
			}
			for name, value := range map[string]string{
				"Content-Type": want.contentType, "Content-Security-Policy": policy,
				"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache",
			} {
				if got.Header.Get(name) != value {
					t.Errorf("%s = %q, want %q", name, got.Header.Get(name), value)
				}
			}
		})
	}
	for path, status := range map[string]int{
		"/nowhere": 404, "/playground/assets/sources.sha256": 404, "/playground/assets/..%2fpages%2fstart.html": 404,
		"/docs/other.md": 404, "/playground/": 308,
	} {
		if got := e.do(t, get(path)); got.StatusCode != status {
			t.Errorf("%s: got %d, want %d", path, got.StatusCode, status)
		}
	}
}

func TestHostIsEscaped(t *testing.T) {
	t.Parallel()
	e := newEdge(t, withPages(personaPages(t)))
	r := get("/")
	r.Host = `<script>alert(1)</script>`
	if got := e.do(t, r); strings.Contains(got.raw, "<script>") {
		t.Errorf("got %s", got.raw)
	}
}

func TestAssetEncodings(t *testing.T) {
	t.Parallel()
	e := newEdge(t, withPages(personaPages(t)))
	const path = "/playground/assets/playground.js"
	tags := map[string]string{}
	for accept, encoding := range map[string]string{
		"": "", "gzip": "gzip", "br, GZIP;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=0.000": "", "identity": "",
	} {
		got := e.do(t, get(path, "Accept-Encoding", accept))
		if got.Header.Get("Content-Encoding") != encoding || (encoding == "") != (got.raw == script) {
			t.Errorf("Accept-Encoding %q: got %q encoded as %q, want %q", accept, got.raw, got.Header.Get("Content-Encoding"), encoding)
		}
		if got.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Vary = %q", got.Header.Get("Vary"))
		}
		tags[encoding] = got.Header.Get("ETag")
	}
	if tags[""] == tags["gzip"] || tags[""] == "" {
		t.Errorf("tags = %v, want one for each encoding", tags)
	}
	if got := e.do(t, get(path, "Accept-Encoding", "gzip", "If-None-Match", tags["gzip"])); got.StatusCode != 304 || got.raw != "" {
		t.Errorf("same tag: got %d with %d bytes, want 304", got.StatusCode, len(got.raw))
	}
	if got := e.do(t, get(path, "Accept-Encoding", "gzip", "If-None-Match", `"older"`)); got.StatusCode != 200 {
		t.Errorf("other tag: got %d, want 200", got.StatusCode)
	}
}

func TestNewHandlerRefusesPages(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(fstest.MapFS, *httpapi.Options){
		"no_files":               func(_ fstest.MapFS, o *httpapi.Options) { o.Pages.Web = nil },
		"no_start_page":          func(web fstest.MapFS, _ *httpapi.Options) { delete(web, "pages/start.html") },
		"no_built_files":         func(web fstest.MapFS, _ *httpapi.Options) { delete(web, "dist/playground.js.gz") },
		"unknown_kind_of_file":   func(web fstest.MapFS, _ *httpapi.Options) { web["dist/a.exe.gz"] = &fstest.MapFile{} },
		"broken_template":        func(web fstest.MapFS, _ *httpapi.Options) { web["pages/start.html"].Data = []byte("{{if}}") },
		"personas_without_token": func(_ fstest.MapFS, o *httpapi.Options) { o.Pages.PersonaToken = nil },
		"personas_in_production": func(_ fstest.MapFS, o *httpapi.Options) { o.Development = false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			newEdge(t, func(o *httpapi.Options) {
				broken := *o
				broken.Pages = personaPages(t)
				web := webFiles(t)
				broken.Pages.Web = web
				change(web, &broken)
				_, err = httpapi.NewHandler(handMade{}, broken)
			})
			if err == nil {
				t.Error("got no error")
			}
		})
	}
}
