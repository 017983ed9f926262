// Package scalar holds the custom scalars of the GraphQL schema: each one parses
// strictly and prints in one canonical form, so that parse(print(v)) = v and two
// equal values are always the same bytes. It knows nothing of the domain.
//
// Values arrive in three shapes: from a literal in the document (int64, float64,
// string), from a default value of the schema (the same), and from variables,
// which the transport must decode with [encoding/json.Decoder.UseNumber]: a
// float64 made from a JSON number has already lost digits.
//
// A MarshalX function cannot return an error. A value outside its scalar's range
// is printed as [graphql.Null], which the executor turns into a field error when
// the field is non-null: a client sees an error or null, never another number.
package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// echoMax bounds how much of a refused input an error repeats, in bytes: enough
// to recognise a typo, too little to reflect a payload.
const echoMax = 64

// Error is the refusal of an input value. Its text is safe to show to a caller:
// it says what was expected and repeats at most 64 bytes of the input.
type Error struct {
	// Scalar is the name of the GraphQL scalar.
	Scalar string
	// Expected says what would have been accepted.
	Expected string
	// Got is the refused value, quoted and cut; empty when it has no useful text.
	Got string
}

// Error returns "<scalar>: expected <what>, got <input>".
func (e *Error) Error() string {
	if e.Got == "" {
		return e.Scalar + ": expected " + e.Expected
	}
	return e.Scalar + ": expected " + e.Expected + ", got " + e.Got
}

// refuse makes the Error for v, whose dynamic type is whatever the executor
// found in the request.
func refuse(name, expected string, v any) error {
	return &Error{Scalar: name, Expected: expected, Got: echo(v)}
}

// echo describes v in at most echoMax bytes. Lists and objects are named, not
// printed: their text could be as long as the request.
func echo(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return cut(strconv.QuoteToASCII(v[:min(len(v), echoMax)]))
	case json.Number:
		return cut(strconv.QuoteToASCII(string(v[:min(len(v), echoMax)])))
	case bool, int, int32, int64, float64:
		return cut(fmt.Sprint(v))
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return "another type"
	}
}

// cut shortens s, which is ASCII, to echoMax bytes.
func cut(s string) string {
	if len(s) <= echoMax {
		return s
	}
	return s[:echoMax-3] + "..."
}

// quoted prints s, which needs no escaping, as a JSON string.
func quoted(s string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, `"`+s+`"`)
	})
}

// bare prints s as it is: a JSON number.
func bare(s string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, s)
	})
}

// only reports whether s is 1..max bytes, all of them in allowed.
func only(s string, maxLen int, allowed string) bool {
	return s != "" && len(s) <= maxLen && strings.Trim(s, allowed) == ""
}
