package httpapi

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// mediaType is one of the two shapes a GraphQL answer can have; they differ in which status codes a
// request error gets.
type mediaType string

const (
	// mediaGraphQL answers request errors with 4xx.
	mediaGraphQL mediaType = "application/graphql-response+json"
	// mediaJSON answers every well-formed request with 200, as clients from before the former expect.
	mediaJSON mediaType = "application/json"
)

func (m mediaType) contentType() string { return string(m) + "; charset=utf-8" }

// quality is how much a client wants a media type, and how exactly it named it.
type quality struct {
	q           float64
	specificity int
}

// negotiate chooses the media type of the answer from the Accept headers. As RFC 9110 §12.5.1 says,
// the most specific range that matches a type decides its weight. Between equal weights a type named
// in full beats one matched by a wildcard, then application/graphql-response+json wins; a client that
// accepts anything, or sends no Accept header, gets application/json. ok is false when the client
// accepts neither.
func negotiate(h http.Header) (chosen mediaType, ok bool) {
	accept := strings.Join(h.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return mediaJSON, true
	}
	var graphQL, plain quality
	for _, entry := range splitList(accept) {
		name, q, valid := parseRange(entry)
		if !valid {
			continue
		}
		graphQL.consider(name, q, mediaGraphQL)
		plain.consider(name, q, mediaJSON)
	}
	switch {
	case graphQL.q == 0 && plain.q == 0:
		return mediaJSON, false
	case graphQL.q != plain.q:
		if graphQL.q > plain.q {
			return mediaGraphQL, true
		}
		return mediaJSON, true
	case graphQL.specificity == specificityExact:
		return mediaGraphQL, true
	}
	return mediaJSON, true
}

const (
	specificityAny = iota + 1
	specificityApplication
	specificityExact
)

func (best *quality) consider(name string, q float64, m mediaType) {
	specificity := 0
	switch name {
	case "*/*":
		specificity = specificityAny
	case "application/*":
		specificity = specificityApplication
	case string(m):
		specificity = specificityExact
	}
	if specificity > best.specificity || (specificity == best.specificity && specificity > 0 && q > best.q) {
		*best = quality{q: q, specificity: specificity}
	}
}

// parseRange reads one entry of Accept. An entry for another charset than UTF-8 is not valid for us.
func parseRange(entry string) (name string, q float64, valid bool) {
	name, params, err := mime.ParseMediaType(entry)
	if err != nil {
		return "", 0, false
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return "", 0, false
	}
	q = 1
	if text, ok := params["q"]; ok {
		q, err = strconv.ParseFloat(text, 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return "", 0, false
		}
	}
	return name, q, true
}

// splitList splits a header at the commas that are outside quoted strings.
func splitList(s string) []string {
	var entries []string
	quoted, escaped, start := false, false, 0
	for i := range len(s) {
		switch c := s[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			entries = append(entries, s[start:i])
			start = i + 1
		}
	}
	return append(entries, s[start:])
}

// isJSONBody reports whether a POST declares a JSON body in UTF-8 and without a content coding.
func isJSONBody(h http.Header) bool {
	name, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || name != string(mediaJSON) {
		return false
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	coding := h.Get("Content-Encoding")
	return coding == "" || strings.EqualFold(coding, "identity")
}
