package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// rsaBitsMin is the smallest RSA modulus accepted; NIST SP 800-131A allows nothing below it.
	rsaBitsMin = 2048
	// keyFileBytesMax bounds how much of a key file is read, so that a wrong path (a log, a device)
	// cannot fill memory. A 16,384-bit RSA public key in PEM is under 4 KB.
	keyFileBytesMax = 64 << 10
)

// KeySource finds the public key that must have signed a token. It is closed to this package:
// a source must hold public keys only, or an HMAC over a published key would verify.
type KeySource interface {
	// publicKey returns the key for a token's header. It returns a *TokenError when the header
	// names no key, and ErrKeysUnavailable when the source cannot say.
	publicKey(ctx context.Context, token *jwt.Token) (crypto.PublicKey, error)
}

type staticKey struct{ key crypto.PublicKey }

func (s staticKey) publicKey(context.Context, *jwt.Token) (crypto.PublicKey, error) {
	return s.key, nil
}

// PublicKeyFile reads the one public key in a PEM file: Ed25519, ECDSA on P-256, or RSA of at least
// 2,048 bits. It refuses a private key, because a file that can sign does not belong on a server
// that only verifies, and anything that is not PEM, such as an HMAC secret.
func PublicKeyFile(path string) (KeySource, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names this file in the environment
	if err != nil {
		return nil, fmt.Errorf("open public key file: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, keyFileBytesMax))
	if err != nil {
		return nil, fmt.Errorf("read public key file %s: %w", path, err)
	}
	key, err := parsePublicKey(text)
	if err != nil {
		return nil, fmt.Errorf("public key file %s: %w", path, err)
	}
	return staticKey{key}, nil
}

func parsePublicKey(text []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it holds no PEM block; write the public key as PEM (openssl pkey -pubout)")
	}
	if strings.Contains(block.Type, "PRIVATE KEY") {
		return nil, errors.New("it holds a private key; give the public key only (openssl pkey -pubout)")
	}
	if block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("its PEM block is a %q; a PUBLIC KEY is needed", block.Type)
	}
	if strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("it holds more than one PEM block; one public key is needed")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	if _, ok := keyAlgorithm(key); !ok {
		return nil, fmt.Errorf("it holds a %T that is not usable; Ed25519, ECDSA P-256 or RSA of at least %d bits is needed",
			key, rsaBitsMin)
	}
	return key, nil
}

// keyAlgorithm returns the one algorithm a key may verify; ok is false for every other kind of key,
// for other curves, short moduli, and for the byte strings an HMAC uses. Deriving the algorithm from
// the key, and never from the token, is what defeats algorithm confusion.
func keyAlgorithm(key crypto.PublicKey) (alg string, ok bool) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return jwt.SigningMethodEdDSA.Alg(), len(k) == ed25519.PublicKeySize
	case *ecdsa.PublicKey:
		return jwt.SigningMethodES256.Alg(), k.Curve == elliptic.P256()
	case *rsa.PublicKey:
		return jwt.SigningMethodRS256.Alg(), k.N.BitLen() >= rsaBitsMin
	}
	return "", false
}
