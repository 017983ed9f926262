package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"purser/internal/obs"
)

// The values of extensions.code this package writes; all are members of the schema's ErrorCode.
const (
	codeBadRequest      = "BAD_REQUEST"
	codeUnauthenticated = "UNAUTHENTICATED"
	codeForbidden       = "FORBIDDEN"
	codeOverloaded      = "OVERLOADED"
	codeTimeout         = "TIMEOUT"
	codeUnavailable     = "UNAVAILABLE"
	codeInternal        = "INTERNAL"
)

const (
	// errorsMax bounds the errors of one answer; 5,000 unknown directives would make 1.5 MB of them.
	errorsMax = 20
	// statusClientClosed is what the access log shows for a request whose client went away.
	statusClientClosed = 499
)

// refuse answers with one error and no data. The request's id is in the error, so that a user's
// report leads to the log line.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, status int, code, text string) {
	media, _ := negotiate(r.Header)
	extensions := map[string]any{"code": code}
	if id := obs.RequestID(r.Context()); id != "" {
		extensions["requestId"] = id
	}
	noteErrors(r.Context(), 1, code)
	s.write(w, r, media, status, &graphql.Response{
		Errors: gqlerror.List{{Message: text, Extensions: extensions}},
	})
}

// writeResponse answers with what the executor returned.
func (s *server) writeResponse(w http.ResponseWriter, r *http.Request, media mediaType, response *graphql.Response) {
	noteErrors(r.Context(), len(response.Errors), codeOf(response.Errors))
	status := statusFor(response, media)
	if omitted := len(response.Errors) - errorsMax; omitted > 0 {
		extensions := maps.Clone(response.Extensions)
		if extensions == nil {
			extensions = make(map[string]any, 1)
		}
		extensions["errorsOmitted"] = omitted
		response = &graphql.Response{Data: response.Data, Errors: response.Errors[:errorsMax], Extensions: extensions}
	}
	s.write(w, r, media, status, response)
}

// statusFor is 200 for every operation that ran, whatever became of its fields. One that did not
// run is 4xx in application/graphql-response+json and, as that media type's predecessor has it, 200 in
// application/json; a fault of the server is 5xx in both.
func statusFor(response *graphql.Response, media mediaType) int {
	if response.Data != nil {
		return http.StatusOK
	}
	switch code := codeOf(response.Errors); {
	case code == codeInternal:
		return http.StatusInternalServerError
	case code == codeTimeout:
		return http.StatusGatewayTimeout
	case code == codeOverloaded || code == codeUnavailable:
		return http.StatusServiceUnavailable
	case media == mediaJSON:
		return http.StatusOK
	case code == codeUnauthenticated:
		return http.StatusUnauthorized
	case code == codeForbidden:
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

func codeOf(errs gqlerror.List) string {
	if len(errs) == 0 || errs[0] == nil {
		return ""
	}
	code, _ := errs[0].Extensions["code"].(string)
	return code
}

func (s *server) write(w http.ResponseWriter, r *http.Request, media mediaType, status int, response *graphql.Response) {
	body, err := encode(response)
	if err != nil { // an extension that does not encode: a fault of the code that set it
		s.Log.ErrorContext(r.Context(), "response not encoded", "error", err)
		status = http.StatusInternalServerError
		body = []byte(`{"errors":[{"message":"internal error","extensions":{"code":"` + codeInternal + `"}}]}`)
	}
	h := w.Header()
	h.Set("Content-Type", media.contentType())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:gosec // JSON with nosniff, never HTML; a client that went away cannot be told
	}
}

// encode writes errors, data and extensions in that order. Data is JSON already and is copied:
// encoding it again was a tenth of a page's time. Its key is absent when the operation did not run,
// which is how a client tells that from an operation whose root became null.
func encode(response *graphql.Response) ([]byte, error) {
	b := make([]byte, 0, len(response.Data)+256)
	b = append(b, '{')
	appendMember := func(name string, value []byte) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, '"', ':')
		b = append(b, value...)
	}
	if len(response.Errors) > 0 {
		errs, err := json.Marshal(response.Errors)
		if err != nil {
			return nil, err
		}
		appendMember("errors", errs)
	}
	if response.Data != nil {
		appendMember("data", response.Data)
	}
	if len(response.Extensions) > 0 {
		extensions, err := json.Marshal(response.Extensions)
		if err != nil {
			return nil, err
		}
		appendMember("extensions", extensions)
	}
	return append(b, '}'), nil
}

func shorten(s string, bytesMax int) string {
	if len(s) <= bytesMax {
		return s
	}
	return strings.ToValidUTF8(s[:bytesMax], "") + "…"
}
