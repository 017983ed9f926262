package scalar

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
)

// SafeMax is the largest magnitude of Connects and SafeInt: 2^53−1, the last
// integer that every JSON reader, IEEE doubles included, represents exactly.
const SafeMax = 1<<53 - 1

const (
	expectedSafe = "a whole number between -9007199254740991 and 9007199254740991"
	expectedBig  = "a whole number of 64 bits, as a string or a number"
)

// MarshalConnects prints a quantity of Connects as a JSON number, and null when
// it lies beyond ±[SafeMax].
func MarshalConnects(v int64) graphql.Marshaler { return marshalSafe(v) }

// UnmarshalConnects reads a quantity of Connects: an integer literal or JSON
// number within ±[SafeMax]. Strings, fractions and exponents are refused.
func UnmarshalConnects(v any) (int64, error) { return unmarshalSafe("Connects", v) }

// MarshalSafeInt prints a count or an amount in minor units as a JSON number, and
// null when it lies beyond ±[SafeMax].
func MarshalSafeInt(v int64) graphql.Marshaler { return marshalSafe(v) }

// UnmarshalSafeInt reads an integer literal or JSON number within ±[SafeMax].
// Strings, fractions and exponents are refused.
func UnmarshalSafeInt(v any) (int64, error) { return unmarshalSafe("SafeInt", v) }

// MarshalBigInt prints a 64-bit integer as a JSON string: JavaScript's JSON.parse
// would round it as a number.
func MarshalBigInt(v int64) graphql.Marshaler { return quoted(strconv.FormatInt(v, 10)) }

// UnmarshalBigInt reads a 64-bit integer from a string, an integer literal or a
// JSON number. A plus sign, leading zeros, −0, fractions and exponents are refused.
func UnmarshalBigInt(v any) (int64, error) {
	n, ok := integerOf(v)
	if s, isString := v.(string); isString {
		n, ok = parseInteger(s)
	}
	if !ok {
		return 0, refuse("BigInt", expectedBig, v)
	}
	return n, nil
}

func marshalSafe(v int64) graphql.Marshaler {
	if v > SafeMax || v < -SafeMax {
		return graphql.Null
	}
	return bare(strconv.FormatInt(v, 10))
}

func unmarshalSafe(name string, v any) (int64, error) {
	n, ok := integerOf(v)
	if !ok || n > SafeMax || n < -SafeMax {
		return 0, refuse(name, expectedSafe, v)
	}
	return n, nil
}

// integerOf reads the shapes a whole number has in a document or in variables.
// A float64 is accepted only when it is whole and exact (a test's hand-made
// variables); a transport that follows the package comment never sends one.
func integerOf(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case json.Number:
		return parseInteger(string(v))
	case float64:
		whole := v == math.Trunc(v) && math.Abs(v) <= SafeMax
		return int64(v), whole
	default:
		return 0, false
	}
}

// parseInteger reads the one canonical text of an integer.
func parseInteger(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != s {
		return 0, false
	}
	return n, true
}
