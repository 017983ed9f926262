package auth_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"purser/internal/auth"
)

func devVerifier(t *testing.T, d *auth.DevIssuer, at time.Time) auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(auth.VerifierOptions{
		Issuer: auth.DevelopmentIssuer, Audience: auth.DevelopmentAudience, Keys: d.Keys(),
		Now: func() time.Time { return at },
	})
	if err != nil {
		t.Fatalf("NewVerifier: %v", err)
	}
	return v
}

func TestDevKeyTokenRoundTrip(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	first, err := auth.DevKey(dir)
	if err != nil {
		t.Fatalf("DevKey: %v", err)
	}
	token, err := first.Token(now, "ads", []auth.Role{auth.RoleService}, []string{"openWallet", "grantConnects"}, 0)
	if err != nil {
		t.Fatalf("Token: %v", err)
	}
	again, err := auth.DevKey(dir)
	if err != nil {
		t.Fatalf("second DevKey: %v", err)
	}
	got, err := devVerifier(t, again, now).Verify(t.Context(), token)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	if got.TokenID == "" {
		t.Error("the token has no id")
	}
	want := &auth.Principal{
		Subject: "ads", Roles: []auth.Role{auth.RoleService}, Scope: []string{"openWallet", "grantConnects"},
		TokenID: got.TokenID, ExpiresAt: now.Add(time.Hour),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	if _, err := devVerifier(t, again, now.Add(61*time.Minute)).Verify(t.Context(), token); !errors.Is(err, auth.ErrTokenExpired) {
		t.Errorf("after an hour: got %v, want ErrTokenExpired", err)
	}
	info, err := os.Stat(filepath.Join(dir, "development-ed25519.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v; want mode 0600", info, err)
	}
}

func TestDevKeyProcessesAgree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	issuers := make([]*auth.DevIssuer, 16)
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range issuers {
		group.Go(func() {
			<-start
			issuer, err := auth.DevKey(dir)
			if err != nil {
				t.Errorf("DevKey: %v", err)
			}
			issuers[i] = issuer
		})
	}
	close(start)
	group.Wait()
	if t.Failed() {
		return
	}
	for i, issuer := range issuers {
		token, err := issuer.Token(now, party, []auth.Role{auth.RoleFreelancer}, nil, time.Minute)
		if err != nil {
			t.Fatalf("Token: %v", err)
		}
		if _, err := devVerifier(t, issuers[0], now).Verify(t.Context(), token); err != nil {
			t.Errorf("issuer %d signs with another key: %v", i, err)
		}
	}
	left, err := fs.Glob(os.DirFS(dir), "*.pem.*")
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

func TestDevTokenRefuses(t *testing.T) {
	t.Parallel()
	d, err := auth.DevKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	freelancer := []auth.Role{auth.RoleFreelancer}
	for name, c := range map[string]struct {
		subject string
		roles   []auth.Role
		scope   []string
		ttl     time.Duration
		want    error
	}{
		"negative_ttl":         {party, freelancer, nil, -time.Second, nil},
		"ttl_over_a_day":       {party, freelancer, nil, 24*time.Hour + time.Second, nil},
		"no_role":              {party, nil, nil, 0, auth.ErrTokenClaimMissing},
		"unknown_role":         {party, []auth.Role{"ROOT"}, nil, 0, auth.ErrTokenRole},
		"freelancer_by_name":   {"alice", freelancer, nil, 0, auth.ErrTokenSubject},
		"no_subject":           {"", freelancer, nil, 0, auth.ErrTokenClaimMissing},
		"scope_of_freelancer":  {party, freelancer, []string{"openWallet"}, 0, auth.ErrTokenScope},
		"scope_with_bad_names": {"ads", []auth.Role{auth.RoleService}, []string{"open,wallet"}, 0, auth.ErrTokenScope},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, err := d.Token(now, c.subject, c.roles, c.scope, c.ttl)
			if err == nil || token != "" {
				t.Fatalf("got token %q, error %v", token, err)
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestDevKeyRefusesForeignFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"readable_by_others": {"x", 0o644, "chmod 600"},
		"not_PEM":            {"x", 0o600, "not PEM"},
		"not_PKCS8":          {"-----BEGIN PRIVATE KEY-----\nAQ==\n-----END PRIVATE KEY-----\n", 0o600, "parse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "development-ed25519.pem")
			if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
				t.Fatal(err)
			}
			if _, err := auth.DevKey(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
			if kept, err := os.ReadFile(path); err != nil || string(kept) != c.content {
				t.Errorf("the file was changed: %q, %v", kept, err)
			}
		})
	}
}

func TestDevKeyIsNotForOtherIssuers(t *testing.T) {
	t.Parallel()
	d, err := auth.DevKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.NewVerifier(auth.VerifierOptions{Issuer: issuer, Audience: audience, Keys: d.Keys(), Now: clock}); err == nil {
		t.Error("the development key must not verify tokens of another issuer")
	}
	foreign := sign(t, jwt.SigningMethodEdDSA, keys().ed, goodClaims(jwt.MapClaims{
		"iss": auth.DevelopmentIssuer, "aud": auth.DevelopmentAudience,
	}), nil)
	if _, err := devVerifier(t, d, now).Verify(t.Context(), foreign); !errors.Is(err, auth.ErrTokenSignature) {
		t.Errorf("a token of another key: got %v, want ErrTokenSignature", err)
	}
}
