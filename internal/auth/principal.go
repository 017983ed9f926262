// Package auth turns a bearer token into a Principal: who calls, in which roles, and for a service
// which mutations its token may call.
//
// The token opens fields, nothing more. Which objects are the caller's is never read from a claim:
// that comes from the database, so a stolen or over-generous claim cannot name another party's
// wallet. Every refusal is a *TokenError whose text may be shown to the caller, because it says
// which rule failed and never repeats what the token contained.
package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Role is one of the roles of the GraphQL enum Role. A role decides which fields a caller may use.
type Role string

// The roles a token may carry.
const (
	RoleFreelancer        Role = "FREELANCER"
	RoleAgencyMember      Role = "AGENCY_MEMBER"
	RoleAgencyAdmin       Role = "AGENCY_ADMIN"
	RoleAdvertiserAnalyst Role = "ADVERTISER_ANALYST"
	RoleAdvertiserAdmin   Role = "ADVERTISER_ADMIN"
	RoleProductManager    Role = "PRODUCT_MANAGER"
	RoleSupport           Role = "SUPPORT"
	RoleFinance           Role = "FINANCE"
	RoleAuditor           Role = "AUDITOR"
	RoleService           Role = "SERVICE"
)

// Roles returns every role in the order of the GraphQL enum, in a slice the caller owns.
func Roles() []Role {
	return []Role{
		RoleFreelancer, RoleAgencyMember, RoleAgencyAdmin, RoleAdvertiserAnalyst, RoleAdvertiserAdmin,
		RoleProductManager, RoleSupport, RoleFinance, RoleAuditor, RoleService,
	}
}

// ParseRole returns the role with exactly this name; ok is false for any other spelling.
func ParseRole(name string) (role Role, ok bool) {
	role = Role(name)
	return role, slices.Contains(Roles(), role)
}

// IsParty reports whether the role belongs to a party of the marketplace, so that the token's
// subject must be that party's uuid.
func (r Role) IsParty() bool {
	switch r {
	case RoleFreelancer, RoleAgencyMember, RoleAgencyAdmin, RoleAdvertiserAnalyst, RoleAdvertiserAdmin:
		return true
	case RoleProductManager, RoleSupport, RoleFinance, RoleAuditor, RoleService:
		return false
	}
	return false
}

// Principal is a verified caller. It is shared by everything that serves one request and must not
// be changed after Verify returned it.
type Principal struct {
	// Subject is the claim sub: the party's uuid in lower case, or the name of a client or member of staff.
	Subject string
	// PartyID is the uuid in Subject, and zero unless HasParty.
	PartyID [16]byte
	// HasParty is true when a role of a party was claimed. A uuid as the subject of a staff or service
	// token does not set it: such a token acts for no party, even if the uuid happens to be one.
	HasParty bool
	// Roles are the claimed roles, at least one.
	Roles []Role
	// Scope holds the names of the mutations a SERVICE token may call; nil for every other token.
	Scope []string
	// TokenID is the claim jti.
	TokenID string
	// ExpiresAt is the claim exp, in UTC.
	ExpiresAt time.Time
}

// Has reports whether the caller claimed role r. A nil Principal, the anonymous caller, has none.
func (p *Principal) Has(r Role) bool {
	return p != nil && slices.Contains(p.Roles, r)
}

// MayCall reports whether the caller is a SERVICE whose token's scope names this mutation. It is
// false for everyone else: what they may call is decided by role alone.
func (p *Principal) MayCall(mutation string) bool {
	return p.Has(RoleService) && slices.Contains(p.Scope, mutation)
}

// Digest identifies the caller in logs without writing the subject there: 16 hexadecimal digits of
// its SHA-256. The anonymous caller's digest is "anonymous".
func (p *Principal) Digest() string {
	if p == nil {
		return "anonymous"
	}
	sum := sha256.Sum256([]byte(p.Subject))
	return hex.EncodeToString(sum[:8])
}

type principalKey struct{}

// WithPrincipal returns ctx carrying p; a nil p leaves the caller anonymous.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	if p == nil {
		return ctx
	}
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext returns the caller that WithPrincipal stored. ok is false for an anonymous caller,
// and the Principal is then nil, on which Has, MayCall and Digest are still safe to call.
func FromContext(ctx context.Context) (p *Principal, ok bool) {
	p, ok = ctx.Value(principalKey{}).(*Principal)
	return p, ok
}
