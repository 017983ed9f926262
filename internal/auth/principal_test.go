package auth_test

import (
	"context"
	"testing"

	"purser/internal/auth"
)

func TestMayCall(t *testing.T) {
	t.Parallel()
	service := &auth.Principal{Roles: []auth.Role{auth.RoleService}, Scope: []string{"grantConnects"}}
	owner := &auth.Principal{Roles: []auth.Role{auth.RoleFreelancer}, Scope: []string{"grantConnects"}}
	for name, c := range map[string]struct {
		p        *auth.Principal
		mutation string
		want     bool
	}{
		"in_scope":             {service, "grantConnects", true},
		"not_in_scope":         {service, "freezeWallet", false},
		"prefix_is_no_match":   {service, "grant", false},
		"scope_of_non_service": {owner, "grantConnects", false},
		"anonymous":            {nil, "grantConnects", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.p.MayCall(c.mutation); got != c.want {
				t.Errorf("MayCall(%q) = %v, want %v", c.mutation, got, c.want)
			}
		})
	}
}

func TestPrincipalTravelsInContext(t *testing.T) {
	t.Parallel()
	if p, ok := auth.FromContext(t.Context()); ok || p.Has(auth.RoleAuditor) || p.Digest() != "anonymous" {
		t.Errorf("empty context gave %v, %v", p, ok)
	}
	if _, ok := auth.FromContext(auth.WithPrincipal(context.Background(), nil)); ok {
		t.Error("a nil principal must stay anonymous")
	}
	want := &auth.Principal{Subject: "bob", Roles: []auth.Role{auth.RoleAuditor}}
	got, ok := auth.FromContext(auth.WithPrincipal(t.Context(), want))
	if !ok || got != want {
		t.Fatalf("got %v, %v; want the principal stored", got, ok)
	}
	if !got.Has(auth.RoleAuditor) || got.Has(auth.RoleFinance) {
		t.Error("Has must be true for the claimed role only")
	}
	if d := got.Digest(); d != "81b637d8fcd2c6da" { // sha256("bob")
		t.Errorf("Digest = %s", d)
	}
}

func TestPartyRoles(t *testing.T) {
	t.Parallel()
	party := 0
	for _, r := range auth.Roles() {
		if parsed, ok := auth.ParseRole(string(r)); !ok || parsed != r {
			t.Errorf("ParseRole(%q) = %q, %v", r, parsed, ok)
		}
		if r.IsParty() {
			party++
		}
	}
	if len(auth.Roles()) != 10 || party != 5 {
		t.Errorf("got %d roles, %d of parties; want 10 and 5", len(auth.Roles()), party)
	}
	if auth.Role("ROOT").IsParty() {
		t.Error("an unknown role belongs to no party")
	}
}
