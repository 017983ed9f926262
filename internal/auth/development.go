package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	// DevelopmentIssuer is the iss of tokens signed with the development key. Production refuses it.
	DevelopmentIssuer = "purser-development"
	// DevelopmentAudience is the aud of tokens signed with the development key.
	DevelopmentAudience = "purser"
	// DevelopmentTTL is how long a development token lives when no time is asked for.
	DevelopmentTTL = time.Hour
	// DevelopmentTTLMax bounds a development token: it is pasted into notes and shells.
	DevelopmentTTLMax = 24 * time.Hour

	developmentKeyFile = "development-ed25519.pem"
)

// DevIssuer signs tokens in development mode with a key that lives in the data directory.
type DevIssuer struct {
	key ed25519.PrivateKey
}

// developmentKey is the public half, in a type of its own so that NewVerifier can tell it apart.
type developmentKey struct{ staticKey }

// DevKey returns the issuer whose Ed25519 key lies in dir, making dir (0700) and the key (0600) at
// the first start; see CreateKeyFile. It returns an error when the file is readable by other users or
// is no such key.
func DevKey(dir string) (*DevIssuer, error) {
	path := filepath.Join(dir, developmentKeyFile)
	issuer, err := readDevKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return issuer, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	if err := CreateKeyFile(path); err != nil {
		return nil, fmt.Errorf("create development key: %w", err)
	}
	return readDevKey(path)
}

func readDevKey(path string) (*DevIssuer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read development key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("development key %s is open to other users: run chmod 600 on it", path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // a fixed name in the operator's data directory
	if err != nil {
		return nil, fmt.Errorf("read development key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("development key %s is not PEM: delete it to have a new one made", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse development key %s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("development key %s is a %T, not Ed25519: delete it to have a new one made", path, parsed)
	}
	return &DevIssuer{key: key}, nil
}

// CreateKeyFile writes a new Ed25519 key to path, as PEM that only this user may read, unless there is
// one. Processes that do so at the same moment agree on one key: each links its own file to the final
// name, which succeeds for the first only.
func CreateKeyFile(path string) (err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // CreateTemp's mode is 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	err = pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Keys returns the key source that verifies this issuer's tokens.
func (d *DevIssuer) Keys() KeySource {
	return developmentKey{staticKey{d.key.Public()}}
}

// Token signs a token valid from now for ttl; a ttl of 0 means one hour. It refuses a ttl that is
// negative or above 24 hours, and any subject, role or scope that Verify would refuse, so that what
// it returns is always usable.
func (d *DevIssuer) Token(now time.Time, subject string, roles []Role, scope []string, ttl time.Duration) (string, error) {
	if ttl == 0 {
		ttl = DevelopmentTTL
	}
	if ttl < 0 || ttl > DevelopmentTTLMax {
		return "", fmt.Errorf("sign development token: the time to live must be above 0 and at most %s", DevelopmentTTLMax)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("sign development token: %w", err)
	}
	c := claims{RegisteredClaims: jwt.RegisteredClaims{
		Issuer: DevelopmentIssuer, Audience: jwt.ClaimStrings{DevelopmentAudience},
		Subject: subject, ID: id.String(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
	}}
	for _, r := range roles {
		c.Roles = append(c.Roles, string(r))
	}
	if len(scope) > 0 {
		joined := strings.Join(scope, " ")
		c.Scope = &joined
	}
	if _, err := c.principal(); err != nil {
		return "", fmt.Errorf("sign development token for %q: %w", subject, err)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, &c).SignedString(d.key)
	if err != nil {
		return "", fmt.Errorf("sign development token: %w", err)
	}
	return signed, nil
}
