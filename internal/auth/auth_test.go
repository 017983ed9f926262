package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"purser/internal/auth"
)

const (
	issuer   = "https://id.example"
	audience = "purser-test"
	party    = "0198c0de-0000-7000-8000-00000000a11c"
)

var now = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

func clock() time.Time { return now }

// testKeys are made once: an RSA key takes most of a second under the race detector.
type testKeys struct {
	ed, edOther ed25519.PrivateKey
	p256, p384  *ecdsa.PrivateKey
	rsa, rsaLow *rsa.PrivateKey
}

var keys = sync.OnceValue(func() testKeys {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var k testKeys
	var err error
	_, k.ed, err = ed25519.GenerateKey(rand.Reader)
	must(err)
	_, k.edOther, err = ed25519.GenerateKey(rand.Reader)
	must(err)
	k.p256, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	k.p384, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(err)
	k.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	k.rsaLow, err = rsa.GenerateKey(rand.Reader, 1024)
	must(err)
	return k
})

// goodClaims is a token body that every check accepts; tests change one claim at a time.
func goodClaims(change jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": party, "jti": "token-1",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"roles": []string{"FREELANCER"},
	}
	for name, value := range change {
		if value == nil {
			delete(c, name)
			continue
		}
		c[name] = value
	}
	return c
}

func sign(t *testing.T, method jwt.SigningMethod, key any, body jwt.Claims, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, body)
	maps.Copy(token.Header, header)
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	return signed
}

func publicPEM(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatalf("marshal public key: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func writeFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func verifierFor(t *testing.T, source auth.KeySource) auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(auth.VerifierOptions{Issuer: issuer, Audience: audience, Keys: source, Now: clock})
	if err != nil {
		t.Fatalf("NewVerifier: %v", err)
	}
	return v
}

func fileVerifier(t *testing.T, key crypto.PublicKey) auth.Verifier {
	t.Helper()
	source, err := auth.PublicKeyFile(writeFile(t, publicPEM(t, key)))
	if err != nil {
		t.Fatalf("PublicKeyFile: %v", err)
	}
	return verifierFor(t, source)
}
