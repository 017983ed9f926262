package scalar

import (
	"github.com/99designs/gqlgen/graphql"
)

const (
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base64URL = upperCase + "abcdefghijklmnopqrstuvwxyz0123456789-_"

	expectedCurrency = "an ISO 4217 code of three upper-case letters, such as USD"
	expectedToken    = "a consistency token as an earlier response returned it"

	// consistencyTokenMax bounds a token in bytes: a vector of book sequences of 64
	// books needs under 1,300.
	consistencyTokenMax = 2048
)

// MarshalCurrencyCode prints an ISO 4217 code, and null when it has another form.
func MarshalCurrencyCode(code string) graphql.Marshaler {
	if len(code) != 3 || !only(code, 3, upperCase) {
		return graphql.Null
	}
	return quoted(code)
}

// UnmarshalCurrencyCode reads three upper-case letters. Whether the currency is
// one we trade in is for the field to decide, not for the form.
func UnmarshalCurrencyCode(v any) (string, error) {
	code, ok := v.(string)
	if !ok || len(code) != 3 || !only(code, 3, upperCase) {
		return "", refuse("CurrencyCode", expectedCurrency, v)
	}
	return code, nil
}

// MarshalConsistencyToken prints a token, and null when it is not 1 to 2,048
// characters of base64url.
func MarshalConsistencyToken(token string) graphql.Marshaler {
	if !only(token, consistencyTokenMax, base64URL) {
		return graphql.Null
	}
	return quoted(token)
}

// UnmarshalConsistencyToken checks the form of a token, not its content.
func UnmarshalConsistencyToken(v any) (string, error) {
	token, ok := v.(string)
	if !ok || !only(token, consistencyTokenMax, base64URL) {
		return "", refuse("ConsistencyToken", expectedToken, v)
	}
	return token, nil
}
