package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

const typename = `{"query":"{ __typename }"}`

func TestNegotiation(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for accept, want := range map[string]string{
		"":                              plainJSON,
		"*/*":                           plainJSON,
		"application/*":                 plainJSON,
		plainJSON:                       plainJSON,
		responseJSON:                    responseJSON,
		responseJSON + ", " + plainJSON: responseJSON,
		plainJSON + ", " + responseJSON: responseJSON,
		plainJSON + "," + responseJSON + ";q=0.9":                                plainJSON,
		responseJSON + ";q=0.5, */*;q=0.4":                                       responseJSON,
		"*/*;q=0.9, " + responseJSON + ";q=0.1":                                  plainJSON,
		plainJSON + ";q=0, */*":                                                  responseJSON,
		"text/event-stream, multipart/mixed, application/json":                   plainJSON,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8":        plainJSON,
		"application/json;charset=UTF-8":                                         plainJSON,
		`text/plain;x="a,application/graphql-response+json,b", application/json`: plainJSON,

		responseJSON + ", application/graphql+json, application/json, text/event-stream, multipart/mixed": responseJSON,
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			r := post(typename)
			if accept != "" {
				r.Header.Set("Accept", accept)
			}
			got := e.do(t, r)
			if got.StatusCode != 200 || got.Header.Get("Content-Type") != want+"; charset=utf-8" {
				t.Errorf("got %d %s, want 200 %s", got.StatusCode, got.Header.Get("Content-Type"), want)
			}
			if !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "Accept") {
				t.Errorf("Vary is %v, want Accept in it", got.Header.Values("Vary"))
			}
			if got.raw != `{"data":{"__typename":"Query"}}` {
				t.Errorf("body %s", got.raw)
			}
		})
	}
}

func TestNotAcceptable(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for _, accept := range []string{
		"text/html", "text/event-stream", "application/json;q=0", "*/*;q=0", "application/json;charset=utf-16",
		"application/json;q=2", "nonsense",
	} {
		got := e.do(t, post(typename, "Accept", accept))
		if got.StatusCode != http.StatusNotAcceptable || got.code(t) != "BAD_REQUEST" {
			t.Errorf("Accept %q: got %d %s, want 406 BAD_REQUEST", accept, got.StatusCode, got.raw)
		}
	}
}

// wellFormed is the status of a request that reached the executor and failed there.
func TestRequestErrorsDifferByMediaType(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for name, b := range map[string]string{
		"parsing":       body("{"),
		"validation":    body("{ 8f31403dfe404bccbb0e835f2629c6a7 }"),
		"unknown_field": body("{ nothing }"),
		"no_operation":  body("fragment F on Query { hello }"),
		"empty":         body(""),
		"coercion":      `{"query":"query Q($id: ID!) { __typename }","variables":{"id":null}}`,
		"operation":     `{"query":"query A { __typename } query B { __typename }","operationName":"C"}`,
		"ambiguous":     body("query A { __typename } query B { __typename }"),
		"deferred":      body("{ ... @defer { hello } }"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for accept, want := range map[string]int{plainJSON: 200, responseJSON: 400} {
				got := e.do(t, post(b, "Accept", accept))
				if _, hasData := got.fields["data"]; hasData || len(got.errors(t)) == 0 || got.StatusCode != want {
					t.Errorf("%s: got %d %s, want %d, errors and no data", accept, got.StatusCode, got.raw, want)
				}
			}
		})
	}
}

func TestMalformedRequestsAre400InBothMediaTypes(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	const secret = "s3cr3t"
	for name, b := range map[string]string{
		"empty":                   "",
		"space":                   "  ",
		"truncated":               `{ "` + secret,
		"null":                    "null",
		"string":                  `"` + secret + `"`,
		"number":                  "7",
		"batch":                   "[" + typename + "," + typename + "]",
		"empty_batch":             " []",
		"trailing_object":         typename + typename,
		"trailing_garbage":        typename + secret,
		"no_query":                `{"qeury":"{ __typename }"}`,
		"query_in_capitals":       `{"QUERY":"{ __typename }"}`,
		"query_null":              `{"query":null}`,
		"query_object":            `{"query":{"obj":"ect"}}`,
		"query_number":            `{"query":0}`,
		"query_false":             `{"query":false}`,
		"query_array":             `{"query":["` + secret + `"]}`,
		"operationName_object":    `{"query":"{ __typename }","operationName":{"obj":"ect"}}`,
		"operationName_number":    `{"query":"{ __typename }","operationName":0}`,
		"operationName_false":     `{"query":"{ __typename }","operationName":false}`,
		"operationName_array":     `{"query":"{ __typename }","operationName":["array"]}`,
		"variables_string":        `{"query":"{ __typename }","variables":"` + secret + `"}`,
		"variables_number":        `{"query":"{ __typename }","variables":0}`,
		"variables_false":         `{"query":"{ __typename }","variables":false}`,
		"variables_array":         `{"query":"{ __typename }","variables":["array"]}`,
		"extensions_string":       `{"query":"{ __typename }","extensions":"string"}`,
		"extensions_number":       `{"query":"{ __typename }","extensions":0}`,
		"extensions_false":        `{"query":"{ __typename }","extensions":false}`,
		"extensions_array":        `{"query":"{ __typename }","extensions":["array"]}`,
		"invalid_UTF8_in_string":  "{\"query\":\"{ hello(name: \\\"\xff\xfe\\\") }\"}",
		"invalid_UTF8_everywhere": "\xff\xfe{",
		"byte_order_mark":         "\ufeff" + typename,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, accept := range []string{plainJSON, responseJSON} {
				got := e.do(t, post(b, "Accept", accept))
				if got.StatusCode != 400 || got.code(t) != "BAD_REQUEST" {
					t.Fatalf("%s: got %d %s, want 400 BAD_REQUEST", accept, got.StatusCode, got.raw)
				}
				if _, hasData := got.fields["data"]; hasData {
					t.Errorf("data in %s", got.raw)
				}
				if strings.Contains(got.raw, secret) {
					t.Errorf("the body is repeated in %s", got.raw)
				}
			}
		})
	}
}

func TestOptionalParametersMayBeNullOrObjects(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for name, b := range map[string]string{
		"variables_null":     `{"query":"{ __typename }","variables":null}`,
		"operationName_null": `{"query":"{ __typename }","operationName":null}`,
		"extensions_null":    `{"query":"{ __typename }","extensions":null}`,
		"extensions_map":     `{"query":"{ __typename }","extensions":{"some":"value"}}`,
		"variables_map":      `{"query":"query Q($n: String!) { __typename hello(name: $n) @skip(if: true) }","variables":{"n":"x"}}`,
		"operationName":      `{"query":"query A { __typename } query B { __typename }","operationName":"B"}`,
		"unknown_parameter":  `{"query":"{ __typename }","documentId":"x"}`,
		"space_around":       " \r\n" + typename + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := e.do(t, post(b)); got.StatusCode != 200 || got.raw != `{"data":{"__typename":"Query"}}` {
				t.Errorf("got %d %s", got.StatusCode, got.raw)
			}
		})
	}
}

func TestPostNeedsPlainJSON(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for name, headers := range map[string][]string{
		"form":       {"Content-Type", "application/x-www-form-urlencoded"},
		"multipart":  {"Content-Type", "multipart/form-data; boundary=x"},
		"text":       {"Content-Type", "text/plain"},
		"graphql":    {"Content-Type", "application/graphql"},
		"latin1":     {"Content-Type", "application/json; charset=iso-8859-1"},
		"malformed":  {"Content-Type", "application/json; ="},
		"empty":      {"Content-Type", ""},
		"compressed": {"Content-Encoding", "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := e.do(t, post(typename, headers...)); got.StatusCode != 415 || got.code(t) != "BAD_REQUEST" {
				t.Errorf("got %d %s, want 415", got.StatusCode, got.raw)
			}
		})
	}
	missing := post(typename)
	missing.Header.Del("Content-Type")
	if got := e.do(t, missing); got.StatusCode != 415 {
		t.Errorf("without Content-Type: got %d, want 415", got.StatusCode)
	}
	if got := e.do(t, post(typename, "Content-Type", "Application/JSON; charset=UTF-8")); got.StatusCode != 200 {
		t.Errorf("JSON in UTF-8: got %d, want 200", got.StatusCode)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	// sized pads a good request with spaces to exactly n bytes.
	sized := func(n int) string { return typename + strings.Repeat(" ", n-len(typename)) }
	service := []string{"Authorization", "Bearer token-SERVICE"}
	for name, c := range map[string]struct {
		size    int
		headers []string
		want    int
	}{
		"100_KB":                     {100 << 10, nil, 200},
		"100_KB_and_a_byte":          {100<<10 + 1, nil, 413},
		"10_MB":                      {10 << 20, nil, 413},
		"4_MB_of_a_service":          {4 << 20, service, 200},
		"4_MB_and_a_byte_of_service": {4<<20 + 1, service, 413},
		"101_KB_of_finance":          {101 << 10, []string{"Authorization", "Bearer token-FINANCE"}, 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, declared := range []bool{true, false} {
				r := post(sized(c.size), c.headers...)
				if !declared {
					r.ContentLength = -1
				}
				if got := e.do(t, r); got.StatusCode != c.want {
					t.Errorf("length declared %v: got %d %s, want %d", declared, got.StatusCode, got.raw, c.want)
				}
			}
		})
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	for name, c := range map[string]struct {
		target string
		want   int
	}{
		"query":                {"/graphql?query=%7B__typename%7D", 200},
		"operationName":        {"/graphql?query=query+A%7B__typename%7D+query+B%7B__typename%7D&operationName=B", 200},
		"variables":            {"/graphql?query=query($n:String!)%7B__typename+hello(name:$n)@skip(if:true)%7D&variables=%7B%22n%22:%22x%22%7D", 200},
		"empty_variables":      {"/graphql?query=%7B__typename%7D&variables=&extensions=", 200},
		"no_query":             {"/graphql", 400},
		"variables_no_JSON":    {"/graphql?query=%7B__typename%7D&variables=%7B", 400},
		"variables_trailing":   {"/graphql?query=%7B__typename%7D&variables=%7B%7D%7B%7D", 400},
		"variables_array":      {"/graphql?query=%7B__typename%7D&variables=%5B%5D", 400},
		"extensions_no_object": {"/graphql?query=%7B__typename%7D&extensions=7", 400},
		"invalid_UTF8":         {"/graphql?query=%FF", 400},
		"broken_escape":        {"/graphql?query=%7", 400},
		"query_twice":          {"/graphql?query=%7B__typename%7D&query=%7Bhello%7D", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := e.do(t, get(c.target)); got.StatusCode != c.want {
				t.Errorf("got %d %s, want %d", got.StatusCode, got.raw, c.want)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	mutation := e.do(t, getQuery("mutation { touch }"))
	if mutation.StatusCode != 405 || mutation.Header.Get("Allow") != "POST" || mutation.fields["data"] != nil {
		t.Errorf("GET mutation: got %d, Allow %q, %s", mutation.StatusCode, mutation.Header.Get("Allow"), mutation.raw)
	}
	if got := e.do(t, post(body("mutation { touch }"))); got.raw != `{"data":{"touch":true}}` {
		t.Errorf("POST mutation: got %s", got.raw)
	}
	if got := e.do(t, post(body("subscription { ticks }"))); got.StatusCode != 400 || got.fields["data"] != nil {
		t.Errorf("subscription: got %d %s, want 400", got.StatusCode, got.raw)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodHead, http.MethodOptions} {
		r := post(typename)
		r.Method = method
		if got := e.do(t, r); got.StatusCode != 405 || got.Header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: got %d, Allow %q", method, got.StatusCode, got.Header.Get("Allow"))
		}
	}
}

func TestNumbersInVariablesKeepTheirDigits(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	got := e.do(t, post(`{"query":"query($n: Int!) { many(n: $n) }","variables":{"n":9007199254740993.5}}`))
	if got.code(t) != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("a fraction for an Int: got %s, want a refusal, not a rounded number", got.raw)
	}
	if got := e.do(t, post(`{"query":"query($n: Int!) { many(n: $n) }","variables":{"n":3}}`)); len(got.errors(t)) != 3 {
		t.Errorf("n = 3 gave %s", got.raw)
	}
}

func TestUnicodeSurvives(t *testing.T) {
	t.Parallel()
	e := newEdge(t, nil)
	if got := e.do(t, post(body(`{ hello(name: "Run🏃Swim🏊") }`))); got.raw != `{"data":{"hello":"hello Run🏃Swim🏊"}}` {
		t.Errorf("got %s", got.raw)
	}
}
