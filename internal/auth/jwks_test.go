package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"purser/internal/auth"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func edJWK(kid, use string, key ed25519.PrivateKey) map[string]string {
	return map[string]string{"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": use, "x": b64(key.Public().(ed25519.PublicKey))}
}

// keyServer publishes whatever keys it currently holds and counts the fetches.
type keyServer struct {
	*httptest.Server
	keys    atomic.Value
	fetches atomic.Int32
}

func newKeyServer(t *testing.T, keys ...map[string]string) *keyServer {
	t.Helper()
	s := &keyServer{}
	s.keys.Store(keys)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fetches.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": s.keys.Load()})
	}))
	t.Cleanup(s.Close)
	return s
}

func jwksVerifier(t *testing.T, s *keyServer) auth.Verifier {
	t.Helper()
	source, err := auth.JWKS(t.Context(), s.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("JWKS: %v", err)
	}
	return verifierFor(t, source)
}

func kid(name string) map[string]any { return map[string]any{"kid": name} }

func TestJWKSVerifies(t *testing.T) {
	t.Parallel()
	k := keys()
	rsaJWK := map[string]string{
		"kty": "RSA", "kid": "rsa", "use": "sig",
		"n": b64(k.rsa.N.Bytes()), "e": b64(big.NewInt(int64(k.rsa.E)).Bytes()),
	}
	secret := map[string]string{"kty": "oct", "kid": "secret", "k": b64([]byte("0123456789abcdef0123456789abcdef"))}
	v := jwksVerifier(t, newKeyServer(t, edJWK("ed", "sig", k.ed), edJWK("enc", "enc", k.edOther), rsaJWK, secret))
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"EdDSA":                 {sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), kid("ed")), nil},
		"RS256":                 {sign(t, jwt.SigningMethodRS256, k.rsa, goodClaims(nil), kid("rsa")), nil},
		"key_of_another_kind":   {sign(t, jwt.SigningMethodRS256, k.rsa, goodClaims(nil), kid("ed")), auth.ErrTokenKeyType},
		"key_for_encryption":    {sign(t, jwt.SigningMethodEdDSA, k.edOther, goodClaims(nil), kid("enc")), auth.ErrTokenKeyUnknown},
		"no_kid":                {sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), nil), auth.ErrTokenKeyUnknown},
		"kid_is_a_number":       {sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), map[string]any{"kid": 7}), auth.ErrTokenKeyUnknown},
		"HMAC_with_shared_key":  {sign(t, jwt.SigningMethodHS256, []byte("0123456789abcdef0123456789abcdef"), goodClaims(nil), kid("secret")), auth.ErrTokenAlgorithm},
		"EdDSA_with_shared_key": {sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), kid("secret")), auth.ErrTokenKeyType},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := v.Verify(t.Context(), c.token)
			checkRefusal(t, p, err, c.want)
		})
	}
}

func TestJWKSRefreshIsBounded(t *testing.T) {
	t.Parallel()
	k := keys()
	server := newKeyServer(t, edJWK("old", "sig", k.ed))
	v := jwksVerifier(t, server)
	server.keys.Store([]map[string]string{edJWK("new", "sig", k.edOther)})

	if _, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, k.edOther, goodClaims(nil), kid("new"))); err != nil {
		t.Fatalf("a token of a key published since: %v", err)
	}
	if _, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), kid("old"))); !errors.Is(err, auth.ErrTokenKeyUnknown) {
		t.Errorf("a token of a withdrawn key: got %v, want ErrTokenKeyUnknown", err)
	}
	stranger := sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), kid("stranger"))
	for range 50 {
		if _, err := v.Verify(t.Context(), stranger); !errors.Is(err, auth.ErrTokenKeyUnknown) {
			t.Fatalf("got %v, want ErrTokenKeyUnknown", err)
		}
	}
	if got := server.fetches.Load(); got != 2 {
		t.Errorf("the issuer was asked %d times, want 2: at start and for the new key", got)
	}
}

func TestJWKSWithoutKeysIsNotTheCallersFault(t *testing.T) {
	t.Parallel()
	k := keys()
	server := newKeyServer(t, edJWK("only", "sig", k.ed))
	v := jwksVerifier(t, server)
	server.keys.Store([]map[string]string{})
	_, err := v.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), kid("next")))
	var refused *auth.TokenError
	if !errors.Is(err, auth.ErrKeysUnavailable) || errors.As(err, &refused) {
		t.Errorf("got %v, want ErrKeysUnavailable and no TokenError", err)
	}
}

func TestJWKSRefusesToStart(t *testing.T) {
	t.Parallel()
	huge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[],"pad":"` + strings.Repeat("x", 2<<20) + `"}`))
	}))
	t.Cleanup(huge.Close)
	gone, notFound := httptest.NewServer(http.NotFoundHandler()), httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	t.Cleanup(notFound.Close)
	secretOnly := newKeyServer(t, map[string]string{"kty": "oct", "kid": "s", "k": b64([]byte("0123456789abcdef"))})
	for name, url := range map[string]string{
		"no_scheme":      "id.example/keys",
		"file_scheme":    "file:///etc/passwd",
		"unreachable":    gone.URL,
		"no_key":         newKeyServer(t).URL,
		"shared_secret":  secretOnly.URL,
		"body_over_1_MB": huge.URL,
		"no_host":        "https:///keys",
		"status_404":     notFound.URL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := auth.JWKS(t.Context(), url, slog.New(slog.DiscardHandler)); err == nil {
				t.Error("got no error")
			}
		})
	}
}
