package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"purser/internal/auth"
)

const (
	// bodyBytesMax bounds a request body. The longest page query is under 10 KB.
	bodyBytesMax = 100 << 10
	// serviceBodyBytesMax bounds the body of a SERVICE, which sends lists of rows.
	serviceBodyBytesMax = 4 << 20
)

// badRequest is a request that cannot be handed to the executor. Its text is ours alone.
type badRequest struct {
	status int
	text   string
}

func (e *badRequest) Error() string { return e.text }

func invalid(format string, args ...any) error {
	return &badRequest{status: http.StatusBadRequest, text: fmt.Sprintf(format, args...)}
}

// readPost reads the parameters from a JSON body.
func readPost(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, error) {
	if !isJSONBody(r.Header) {
		return nil, &badRequest{http.StatusUnsupportedMediaType, "the body must be uncompressed application/json in UTF-8"}
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(body) {
		return nil, invalid("the body is not valid UTF-8")
	}
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && first[0] == '[' {
		return nil, invalid("batches of requests are not supported; send one object")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, invalid("the body is not one JSON object")
	}
	return paramsFrom(fields)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := int64(bodyBytesMax)
	if caller, ok := auth.FromContext(r.Context()); ok && caller.Has(auth.RoleService) {
		limit = serviceBodyBytesMax
	}
	tooLarge := &badRequest{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit)}
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var maxBytes *http.MaxBytesError
	switch {
	case errors.As(err, &maxBytes):
		return nil, tooLarge
	case err != nil:
		return nil, invalid("the body could not be read to its end")
	}
	return body, nil
}

// readGet reads the parameters from the query string, where variables and extensions are JSON.
func readGet(r *http.Request) (*graphql.RawParams, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("the query string is malformed")
	}
	fields := make(map[string]json.RawMessage)
	for _, name := range []string{"query", "operationName", "variables", "extensions"} {
		if len(values[name]) > 1 {
			return nil, invalid("the parameter %q is given more than once", name)
		}
		value := values.Get(name)
		if !utf8.ValidString(value) {
			return nil, invalid("the parameter %q is not valid UTF-8", name)
		}
		if value == "" {
			continue
		}
		if name == "variables" || name == "extensions" {
			fields[name] = json.RawMessage(value)
			continue
		}
		// A string always encodes.
		fields[name], _ = json.Marshal(value)
	}
	return paramsFrom(fields)
}

// paramsFrom checks the types of the four parameters; all others are ignored, as the specification
// of GraphQL over HTTP reserves them. An absent parameter and null are the same, except for query.
func paramsFrom(fields map[string]json.RawMessage) (*graphql.RawParams, error) {
	if kindOf(fields["query"]) != '"' {
		return nil, invalid(`the parameter "query" must be a string`)
	}
	var p graphql.RawParams
	targets := []struct {
		name, want string
		kind       byte
		into       any
	}{
		{"query", "a string", '"', &p.Query},
		{"operationName", "a string", '"', &p.OperationName},
		{"variables", "an object", '{', &p.Variables},
		{"extensions", "an object", '{', &p.Extensions},
	}
	for _, t := range targets {
		raw, kind := fields[t.name], kindOf(fields[t.name])
		if kind == 0 || kind == 'n' {
			continue
		}
		if kind != t.kind {
			return nil, invalid("the parameter %q must be %s", t.name, t.want)
		}
		if err := decodeOne(raw, t.into); err != nil {
			return nil, invalid("the parameter %q is not valid JSON", t.name)
		}
	}
	return &p, nil
}

// kindOf returns the first byte of a JSON value, which tells its kind; 0 for none.
func kindOf(raw json.RawMessage) byte {
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	if len(trimmed) == 0 {
		return 0
	}
	return trimmed[0]
}

// decodeOne decodes exactly one value and keeps numbers as text: a float64 would round the integers
// that carry money.
func decodeOne(raw json.RawMessage, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("trailing data")
	}
	return nil
}
