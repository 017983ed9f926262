package resolvers

import (
	"context"

	"purser/internal/auth"
	"purser/internal/domain"
	"purser/ledger"
)

// memberRoles are the roles that count only with a membership on record.
var memberRoles = []auth.Role{
	auth.RoleAgencyMember, auth.RoleAgencyAdmin, auth.RoleAdvertiserAnalyst, auth.RoleAdvertiserAdmin,
}

// readerOf is the caller as they read: FINANCE and AUDITOR see every wallet and ad
// account, a service none, a party their own and those of their organisations.
// Support sees none: it has no open case for anybody.
func readerOf(p *auth.Principal) domain.Caller {
	caller := partyOf(p)
	caller.All = p.Has(auth.RoleFinance) || p.Has(auth.RoleAuditor)
	return caller
}

// writerOf is the caller of a mutation: a service reaches every wallet and ad
// account in those that are for services; those of a party are as for reading, but
// nobody spends because they may look.
func writerOf(p *auth.Principal, asService bool) domain.Caller {
	if asService && p != nil {
		return domain.Caller{Principal: "service:" + p.Subject, All: true}
	}
	return partyOf(p)
}

func partyOf(p *auth.Principal) domain.Caller {
	if p == nil {
		return domain.Caller{}
	}
	caller := domain.Caller{Principal: principalOf(p)}
	if !p.HasParty {
		return caller
	}
	caller.Party = ledger.ID(p.PartyID)
	caller.OwnWallets = p.Has(auth.RoleFreelancer)
	caller.OwnAdAccounts = p.Has(auth.RoleFreelancer) || p.Has(auth.RoleAdvertiserAnalyst) || p.Has(auth.RoleAdvertiserAdmin)
	for _, role := range memberRoles {
		if p.Has(role) {
			caller.Memberships = append(caller.Memberships, string(role))
		}
	}
	return caller
}

// principalOf names the caller in journals and keys. The prefix keeps a client
// that is named like a uuid apart from the party of that uuid.
func principalOf(p *auth.Principal) string {
	switch {
	case p.HasParty:
		return "party:" + ledger.ID(p.PartyID).String()
	case p.Has(auth.RoleService):
		return "service:" + p.Subject
	default:
		return "staff:" + p.Subject
	}
}

// mayReadJournals reports whether the caller's role opens whole journals, which
// show the accounts of others. SUPPORT may use the fields but has no open case, so
// that every journal is foreign to it.
func mayReadJournals(ctx context.Context) bool {
	p, _ := auth.FromContext(ctx)
	return p.Has(auth.RoleFinance) || p.Has(auth.RoleAuditor)
}
