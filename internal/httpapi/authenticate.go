package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"purser/internal/auth"
)

// authenticate puts the caller into the context. Without an Authorization header the caller is
// anonymous, and what is open to them is for the resolvers to say. A header that is not one good
// bearer token ends the request with 401, whatever it asks for: a client with a broken token must
// learn that, instead of seeing an empty dashboard.
func (s *server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers := r.Header.Values("Authorization")
		if len(headers) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		token, ok := bearer(headers)
		if !ok {
			s.challenge(w, r, "the Authorization header must be one bearer token")
			return
		}
		caller, err := s.Verifier.Verify(r.Context(), token)
		var refused *auth.TokenError
		switch {
		case errors.As(err, &refused):
			s.challenge(w, r, refused.Error())
		case err != nil:
			s.Log.ErrorContext(r.Context(), "token not verified", "error", err)
			w.Header().Set("Retry-After", "1")
			s.refuse(w, r, http.StatusServiceUnavailable, codeUnavailable, "tokens cannot be verified at the moment")
		default:
			notesOf(r.Context()).caller = caller
			next.ServeHTTP(w, r.WithContext(auth.WithPrincipal(r.Context(), caller)))
		}
	})
}

// bearer returns the token of exactly one header "Bearer <token>"; the scheme's case is free.
func bearer(headers []string) (token string, ok bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, token, found := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	return token, found && strings.EqualFold(scheme, "Bearer") && token != ""
}

// challenge answers 401 as RFC 6750 §3 says. The description is a text of ours without quotes.
func (s *server) challenge(w http.ResponseWriter, r *http.Request, description string) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="invalid_token", error_description=%q`, description))
	w.Header().Set("Cache-Control", "no-store")
	s.refuse(w, r, http.StatusUnauthorized, codeUnauthenticated, description)
}
