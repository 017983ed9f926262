package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"purser/internal/httpapi"
)

func TestErrorsAreCapped(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	got := e.do(t, post(body("{ many(n: 27) }")))
	if len(got.errors(t)) != 20 || string(got.fields["extensions"]) != `{"errorsOmitted":7}` || got.fields["data"] == nil {
		t.Errorf("27 errors while running gave %d, extensions %s", len(got.errors(t)), got.fields["extensions"])
	}
	if got := e.do(t, post(body("{ many(n: 20) }"))); len(got.errors(t)) != 20 || got.fields["extensions"] != nil {
		t.Errorf("20 errors gave %d, extensions %s", len(got.errors(t)), got.fields["extensions"])
	}
	if got := e.do(t, post(body("{ hello "+strings.Repeat("@aa ", 400)+"}"))); len(got.errors(t)) != 20 {
		t.Errorf("400 unknown directives gave %d errors, want 20", len(got.errors(t)))
	}
}

func TestTokenLimit(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	if got := e.do(t, post(body("{"+strings.Repeat(" hello", 998)+"}"))); got.fields["data"] == nil {
		t.Errorf("1000 tokens: %s", got.raw)
	}
	got := e.do(t, post(body("{"+strings.Repeat(" hello", 999)+"}")))
	if got.fields["data"] != nil || !strings.Contains(got.raw, "token limit") {
		t.Errorf("1001 tokens: %s", got.raw)
	}
}

func TestLongNamesAreNotRepeated(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for _, document := range []string{
		"{ " + strings.Repeat("x", 50_000) + " }",
		`"` + strings.Repeat("é", 20_000) + `"`,
	} {
		if got := e.do(t, post(body(document))); len(got.raw) > 1000 || len(got.errors(t)) == 0 {
			t.Errorf("an answer of %d bytes: %.200s", len(got.raw), got.raw)
		}
	}
}

func TestNoSuggestions(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for name, document := range map[string]string{
		"field":    "{ hallo }",
		"argument": `{ hello(nane: "x") }`,
		"type":     "query($x: Strin) { hello(name: $x) }",
		"value":    "{ many(n: TREU) }",
	} {
		got := e.do(t, post(body(document)))
		if len(got.errors(t)) == 0 || strings.Contains(got.raw, "Did you mean") {
			t.Errorf("%s: %s", name, got.raw)
		}
	}
}

func TestFailuresAreMasked(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	got := e.do(t, post(body("{ failing hello }")))
	if got.StatusCode != 200 || got.code(t) != "INTERNAL" || strings.Contains(got.raw, "password") ||
		string(got.fields["data"]) != `{"failing":null,"hello":"hello "}` {
		t.Errorf("got %d %s", got.StatusCode, got.raw)
	}
}

func TestResolverPanicIsLoggedOnceAndCounted(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	got := e.do(t, post(body("{ panicking }")))
	if got.StatusCode != 200 || got.code(t) != "INTERNAL" || strings.Contains(got.raw, "I4") {
		t.Errorf("got %d %s", got.StatusCode, got.raw)
	}
	e.wantPanic(t, "invariant I4 is broken", got.Header.Get("X-Request-Id"))
}

func TestPanicAroundTheExecutorIs500(t *testing.T) {
	t.Parallel()
	e := newEdge(t, func(o *httpapi.Options) {
		o.AroundResponses = []graphql.ResponseMiddleware{func(context.Context, graphql.ResponseHandler) *graphql.Response {
			panic("outside of every field")
		}}
	})
	got := e.do(t, post(typename, "Accept", responseJSON))
	if got.StatusCode != 500 || got.code(t) != "INTERNAL" || strings.Contains(got.raw, "outside") ||
		!strings.HasPrefix(got.Header.Get("Content-Type"), responseJSON) {
		t.Errorf("got %d %s", got.StatusCode, got.raw)
	}
	id := got.Header.Get("X-Request-Id")
	if got.errors(t)[0].Extensions["requestId"] != id {
		t.Errorf("the error %s lacks the request's id %s", got.raw, id)
	}
	e.wantPanic(t, "outside of every field", id)
}

func TestPanicOutsideTheExecutorIs500(t *testing.T) {
	t.Parallel()
	e := newEdge(t, func(o *httpapi.Options) {
		o.Ready = func(context.Context) error { panic("readiness") }
	})
	got := e.do(t, get("/readyz"))
	if got.StatusCode != 500 || got.code(t) != "INTERNAL" {
		t.Errorf("got %d %s", got.StatusCode, got.raw)
	}
	e.wantPanic(t, "readiness", got.Header.Get("X-Request-Id"))
}

func (e *edge) wantPanic(t *testing.T, value, requestID string) {
	t.Helper()
	lines := e.log.lines(t, "panic")
	if len(lines) != 1 {
		t.Fatalf("got %d log lines for one panic, want 1", len(lines))
	}
	stack, _ := lines[0]["stack"].(string)
	if lines[0]["value"] != value || lines[0]["request_id"] != requestID || !strings.Contains(stack, "_test.go") {
		t.Errorf("log line %v", lines[0])
	}
	if got := e.metrics(t); !strings.Contains(got, "\npurser_http_panics_total 1\n") {
		t.Error("the panic is not counted")
	}
}

func TestTimeoutInAResolver(t *testing.T) {
	t.Parallel()
	e := newEdge(t, func(o *httpapi.Options) { o.RequestTimeout = time.Millisecond })
	got := e.do(t, post(body("{ waiting }")))
	if got.code(t) != "TIMEOUT" {
		t.Errorf("got %d %s, want TIMEOUT", got.StatusCode, got.raw)
	}
}

func TestTimeoutBeforeTheOperationIs504(t *testing.T) {
	t.Parallel()
	e := newEdge(t, func(o *httpapi.Options) {
		o.RequestTimeout = time.Millisecond
		o.AroundOperations = []graphql.OperationMiddleware{func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			<-ctx.Done()
			return next(ctx)
		}}
	})
	for _, accept := range []string{plainJSON, responseJSON} {
		got := e.do(t, post(typename, "Accept", accept))
		if got.StatusCode != 504 || got.code(t) != "TIMEOUT" || got.fields["data"] != nil {
			t.Errorf("%s: got %d %s, want 504 TIMEOUT", accept, got.StatusCode, got.raw)
		}
	}
}

func TestClientThatWentAwayIsLoggedAs499(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e.do(t, post(typename).WithContext(ctx))
	if lines := e.log.lines(t, "request"); len(lines) != 1 || lines[0]["status"] != 499.0 {
		t.Errorf("got %v, want one line with status 499", lines)
	}
}

func TestShortCircuitHasNoData(t *testing.T) {
	t.Parallel()
	for code, want := range map[string][2]int{ // in application/json, in the newer media type
		"UNAUTHENTICATED":   {200, 401},
		"FORBIDDEN":         {200, 403},
		"VALIDATION_FAILED": {200, 400},
		"OVERLOADED":        {503, 503},
		"UNAVAILABLE":       {503, 503},
		"TIMEOUT":           {504, 504},
		"INTERNAL":          {500, 500},
	} {
		e := newEdge(t, func(o *httpapi.Options) {
			o.AroundOperations = []graphql.OperationMiddleware{func(ctx context.Context, _ graphql.OperationHandler) graphql.ResponseHandler {
				response := graphql.ErrorResponse(ctx, "stopped")
				response.Errors[0].Extensions = map[string]any{"code": code}
				return graphql.OneShot(response)
			}}
		})
		for i, accept := range []string{plainJSON, responseJSON} {
			got := e.do(t, post(typename, "Accept", accept))
			if got.StatusCode != want[i] || got.fields["data"] != nil || got.code(t) != code {
				t.Errorf("%s, %s: got %d %s, want %d", code, accept, got.StatusCode, got.raw, want[i])
			}
		}
	}
}

func TestHooksRunInOrder(t *testing.T) {
	t.Parallel()
	var order []string
	operation := func(name string) graphql.OperationMiddleware {
		return func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			order = append(order, name)
			return next(ctx)
		}
	}
	e := newEdge(t, func(o *httpapi.Options) {
		o.AroundOperations = []graphql.OperationMiddleware{operation("outer"), operation("inner")}
		o.AroundResponses = []graphql.ResponseMiddleware{func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			order = append(order, "response")
			graphql.RegisterExtension(ctx, "consistency", "token")
			return next(ctx)
		}}
	})
	got := e.do(t, post(typename))
	if got.raw != `{"data":{"__typename":"Query"},"extensions":{"consistency":"token"}}` {
		t.Errorf("got %s", got.raw)
	}
	if fmt.Sprint(order) != "[outer inner response]" {
		t.Errorf("got order %v", order)
	}
}
