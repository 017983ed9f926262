package auth

import "errors"

// TokenError says why a token was refused. Its text names the rule that failed and never quotes the
// token, so it may be sent to the caller as it is.
type TokenError struct {
	reason string
	text   string
	claim  string
}

// Error returns the safe text, with the claim's name when one claim is at fault.
func (e *TokenError) Error() string {
	if e.claim == "" {
		return e.text
	}
	return e.text + ": " + e.claim
}

// Reason returns the refusal as a short stable word for logs and metrics.
func (e *TokenError) Reason() string { return e.reason }

// Claim returns the name of the claim at fault, or "".
func (e *TokenError) Claim() string { return e.claim }

// Is matches any TokenError with the same reason, whatever claim it is about.
func (e *TokenError) Is(target error) bool {
	t, ok := target.(*TokenError)
	return ok && t.reason == e.reason
}

func (e *TokenError) about(claim string) *TokenError {
	return &TokenError{reason: e.reason, text: e.text, claim: claim}
}

// Why a token is refused; compare with errors.Is. All are *TokenError.
var (
	// ErrTokenMalformed: not three base64url segments of JSON with claims of the right types.
	ErrTokenMalformed = &TokenError{reason: "malformed", text: "the token is not a well-formed JWT"}
	// ErrTokenTooLong: longer than 8 KB, refused before any of it is decoded.
	ErrTokenTooLong = &TokenError{reason: "too_long", text: "the token is longer than 8192 bytes"}
	// ErrTokenAlgorithm: "none", an HMAC, or another algorithm than the three allowed.
	ErrTokenAlgorithm = &TokenError{reason: "algorithm", text: "the token must be signed with EdDSA, ES256 or RS256"}
	// ErrTokenKeyType: an allowed algorithm, but the key it names is of another kind, curve or size.
	ErrTokenKeyType = &TokenError{reason: "key_type", text: "the token's algorithm does not fit the key it names"}
	// ErrTokenKeyUnknown: the header names no key of the issuer's set.
	ErrTokenKeyUnknown = &TokenError{reason: "key_unknown", text: "the token names no key of the issuer"}
	// ErrTokenSignature: the signature does not match.
	ErrTokenSignature = &TokenError{reason: "signature", text: "the token's signature is wrong"}
	// ErrTokenExpired: exp passed more than the leeway ago.
	ErrTokenExpired = &TokenError{reason: "expired", text: "the token has expired"}
	// ErrTokenNotYetValid: iat or nbf lies in the future by more than the leeway.
	ErrTokenNotYetValid = &TokenError{reason: "not_yet_valid", text: "the token is not valid yet"}
	// ErrTokenIssuer: iss is another than the configured issuer.
	ErrTokenIssuer = &TokenError{reason: "issuer", text: "the token is from another issuer"}
	// ErrTokenAudience: aud does not contain the configured audience.
	ErrTokenAudience = &TokenError{reason: "audience", text: "the token is for another audience"}
	// ErrTokenClaimMissing: a required claim is absent or empty.
	ErrTokenClaimMissing = &TokenError{reason: "claim_missing", text: "the token lacks a required claim"}
	// ErrTokenRole: roles holds a name that is no role.
	ErrTokenRole = &TokenError{reason: "role", text: "the token claims a role that does not exist"}
	// ErrTokenSubject: sub is no canonical uuid although a party's role is claimed, or no plain name.
	ErrTokenSubject = &TokenError{reason: "subject", text: "the token's subject does not fit its roles"}
	// ErrTokenScope: scope on a token without the role SERVICE, or not a list of mutation names.
	ErrTokenScope = &TokenError{reason: "scope", text: "the token's scope is not a list of mutation names of a SERVICE token"}
	// ErrTokenID: jti is longer than 128 bytes or not printable ASCII.
	ErrTokenID = &TokenError{reason: "id", text: "the token's jti is not a short printable string"}
)

// ErrKeysUnavailable says that the issuer's keys could not be read, so that no token can be judged.
// It is not the caller's fault and therefore no TokenError.
var ErrKeysUnavailable = errors.New("the issuer's keys are not available")
