package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"purser/internal/auth"
	"purser/internal/demo"
	"purser/internal/embedpg"
)

// judge verifies a token as a server in development mode on dir does.
func judge(t *testing.T, dir, token string) *auth.Principal {
	t.Helper()
	issuer, err := auth.DevKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(auth.VerifierOptions{
		Issuer: auth.DevelopmentIssuer, Audience: auth.DevelopmentAudience, Keys: issuer.Keys(), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	principal, err := verifier.Verify(t.Context(), strings.TrimSuffix(token, "\n"))
	if err != nil {
		t.Fatalf("the token %q is refused: %v", token, err)
	}
	return principal
}

// advertiser is the party of the persona in the marketplace of the default seed.
func advertiser(t *testing.T) string {
	t.Helper()
	persona, ok := demo.FindPersona(1, "advertiser")
	if !ok {
		t.Fatal("there is no advertiser")
	}
	return persona.Subject
}

func TestToken(t *testing.T) {
	t.Parallel()
	const party = "0192f0c8-0d9c-7cc0-8e6f-4b6d1a6c9a01"
	for _, c := range []struct {
		name string
		args []string
		want auth.Principal
	}{
		{
			"service_with_scope",
			[]string{"-role", "SERVICE", "-subject", "billing", "-scope", "grantConnects purchaseConnects"},
			auth.Principal{Subject: "billing", Roles: []auth.Role{auth.RoleService}, Scope: []string{"grantConnects", "purchaseConnects"}},
		},
		{
			"several_roles",
			[]string{"-role", "FREELANCER,AGENCY_MEMBER", "-subject", party},
			auth.Principal{Subject: party, HasParty: true, Roles: []auth.Role{auth.RoleFreelancer, auth.RoleAgencyMember}},
		},
		{
			"persona_of_staff",
			[]string{"-persona", "finance"},
			auth.Principal{Subject: "demo-finance", Roles: []auth.Role{auth.RoleFinance}},
		},
		{
			"second_persona_of_finance_is_another_person",
			[]string{"-persona", "finance-second"},
			auth.Principal{Subject: "demo-finance-second", Roles: []auth.Role{auth.RoleFinance}},
		},
		{
			"persona_of_a_service_may_call_every_mutation_for_services",
			[]string{"-persona", "service"},
			auth.Principal{Subject: "marketplace", Roles: []auth.Role{auth.RoleService}, Scope: []string{
				"captureHold", "closeWallet", "depositAdFunds", "freezeWallet", "grantConnects", "increaseHold", "openAdAccount", "openWallet", "placeHold", "purchaseConnects",
				"recordClickCharges", "releaseHold", "reverseTransaction", "setMembership", "setSpendingLimit", "transferConnects", "unfreezeWallet",
			}},
		},
		{
			"persona_who_sees_aggregates",
			[]string{"-persona", "product-manager"},
			auth.Principal{Subject: "demo-product-manager", Roles: []auth.Role{auth.RoleProductManager}},
		},
		{
			"persona_who_advertises",
			[]string{"-persona", "advertiser"},
			auth.Principal{Subject: advertiser(t), HasParty: true, Roles: []auth.Role{auth.RoleAdvertiserAdmin}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "new")
			made := run(t, environ("PURSER_DATA_DIR="+dir), append([]string{"token"}, c.args...)...)
			if made.code != 0 || made.stderr != "" || strings.Count(made.stdout, "\n") != 1 {
				t.Fatalf("token = %+v, want one line and nothing else", made)
			}
			got := judge(t, dir, made.stdout)
			if diff := cmp.Diff(&c.want, got, cmpopts.IgnoreFields(auth.Principal{}, "PartyID", "TokenID", "ExpiresAt")); diff != "" {
				t.Errorf("principal (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokenOfPersonasWithAWallet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := judge(t, dir, run(t, environ("PURSER_DATA_DIR="+dir), "token", "-persona", "freelancer").stdout)
	other := judge(t, dir, run(t, environ("PURSER_DATA_DIR="+dir), "token", "-persona", "freelancer", "-seed", "2").stdout)
	if !first.HasParty || !other.HasParty || first.PartyID == other.PartyID {
		t.Errorf("parties of seeds 1 and 2 = %s, %s, want two different ones", first.Subject, other.Subject)
	}
	service := judge(t, dir, run(t, environ("PURSER_DATA_DIR="+dir), "token", "-persona", "service", "-scope", "openWallet").stdout)
	if diff := cmp.Diff([]string{"openWallet"}, service.Scope); diff != "" {
		t.Errorf("scope asked for (-want +got):\n%s", diff)
	}
}

func TestTokenLivesAsLongAsAsked(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	made := run(t, environ("PURSER_DATA_DIR="+dir), "token", "-persona", "auditor", "-ttl", "8h")
	left := judge(t, dir, made.stdout).ExpiresAt.Sub(now)
	if left < 8*time.Hour-time.Minute || left > 8*time.Hour+time.Minute {
		t.Errorf("the token lives for %s, want 8h", left)
	}
	refused := run(t, environ("PURSER_DATA_DIR="+dir), "token", "-persona", "auditor", "-ttl", "25h")
	if refused.code != 1 || refused.stdout != "" || !strings.Contains(refused.stderr, "24h") {
		t.Errorf("a token for 25h = %+v, want a refusal that names the limit", refused)
	}
}

func TestTokenIsRefusedInProduction(t *testing.T) {
	t.Parallel()
	env := environ("PURSER_DATA_DIR="+t.TempDir(), "PURSER_MODE=production", "DATABASE_URL=postgres://purser_app@db/purser")
	got := run(t, env, "token", "-persona", "finance")
	if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "production") {
		t.Errorf("token = %+v, want a refusal", got)
	}
}

// The key may be made before the cluster or while it runs; neither may stand in the other's way.
func TestTokenAndPrivatePostgreSQLShareADirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), "new")
	env := environ("PURSER_DATA_DIR=" + dir)
	before := run(t, env, "token", "-persona", "auditor")
	server, err := embedpg.Start(t.Context(), embedpg.Options{DataDir: dir})
	if err != nil {
		t.Fatalf("start in a directory that token made: %v", err)
	}
	during := run(t, env, "token", "-persona", "auditor")
	if err := server.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for _, made := range []result{before, during} {
		if made.code != 0 {
			t.Fatalf("token = %+v", made)
		}
		judge(t, dir, made.stdout)
	}
}
