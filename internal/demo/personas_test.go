package demo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/auth"
	"purser/internal/campaign"
	"purser/internal/demo"
	"purser/internal/domain"
	"purser/ledger"
)

func TestPersonas(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.load(t)
	persona := func(t *testing.T, name string) demo.Persona {
		t.Helper()
		found, ok := demo.FindPersona(seed, name)
		if !ok {
			t.Fatalf("there is no persona %s", name)
		}
		return found
	}
	t.Run("roles_are_known_and_parties_have_a_uuid", func(t *testing.T) {
		for _, persona := range demo.Personas(seed) {
			for _, name := range persona.Roles {
				role, known := auth.ParseRole(name)
				if !known {
					t.Errorf("%s: unknown role %s", persona.Name, name)
				}
				if _, err := ledger.ParseID(persona.Subject); role.IsParty() != (err == nil) {
					t.Errorf("%s: role %s with subject %s", persona.Name, name, persona.Subject)
				}
				if (role == auth.RoleService) != (len(persona.Scope) > 0) {
					t.Errorf("%s: role %s with scope %v", persona.Name, name, persona.Scope)
				}
			}
		}
	})
	t.Run("unknown_name_is_not_found", func(t *testing.T) {
		if _, ok := demo.FindPersona(seed, "nobody"); ok {
			t.Error("a persona was found")
		}
	})
	t.Run("freelancer_has_a_rich_history", func(t *testing.T) {
		party := persona(t, demo.PersonaFreelancer).Subject
		got := d.strings(t, `SELECT DISTINCT type FROM journals JOIN wallets USING (book_id, wallet_id) WHERE owner_id = $1
			AND type IN ('PURCHASE', 'PROMO_GRANT', 'PLAN_GRANT', 'BONUS_GRANT', 'PROPOSAL', 'RETURN_JOB_CLOSED', 'RETURN_TOS') ORDER BY 1`, party)
		want := []string{"BONUS_GRANT", "PLAN_GRANT", "PROMO_GRANT", "PROPOSAL", "PURCHASE", "RETURN_JOB_CLOSED", "RETURN_TOS"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("types in the history (-want +got):\n%s", diff)
		}
		if n := d.count(t, `SELECT count(*) FROM idempotency_keys WHERE owner_id = $1 AND refusal IS NOT NULL`, party); n == 0 {
			t.Error("nothing was refused")
		}
		if n := d.count(t, `SELECT count(*) FROM lots JOIN wallets USING (book_id, wallet_id) WHERE owner_id = $1 AND remaining > 0
			AND expires_at BETWEEN $2 AND $2::timestamptz + interval '90 days'`, party, endsAt); n == 0 {
			t.Error("nothing is left that expires soon")
		}
	})
	t.Run("freelancer_bids_with_every_outcome", func(t *testing.T) {
		got := d.strings(t, `SELECT status || ' ' || captured || ' of ' || reserved FROM holds JOIN wallets USING (book_id, wallet_id) WHERE owner_id = $1 ORDER BY holds.opened_at`,
			persona(t, demo.PersonaFreelancer).Subject)
		if diff := cmp.Diff([]string{"CAPTURED 14 of 20", "RELEASED 0 of 12", "OPEN 0 of 9"}, got); diff != "" {
			t.Errorf("holds (-want +got):\n%s", diff)
		}
	})
	t.Run("finance_is_two_people", func(t *testing.T) {
		if a, b := persona(t, demo.PersonaFinance), persona(t, demo.PersonaFinanceSecond); a.Subject == b.Subject || !cmp.Equal(a.Roles, b.Roles) {
			t.Errorf("%+v and %+v, want two people of one role", a, b)
		}
	})
	for name, roles := range map[string][]string{
		demo.PersonaAgencyAdmin: {"ADVERTISER_ADMIN", "AGENCY_ADMIN"}, demo.PersonaAgencyMember: {"AGENCY_MEMBER"},
	} {
		t.Run(name+"_acts_for_an_agency_and_has_a_wallet", func(t *testing.T) {
			party := persona(t, name).Subject
			got := d.strings(t, `SELECT m.role FROM memberships m JOIN wallets w ON w.owner_id = m.organisation_id
				WHERE m.party_id = $1 AND m.ended_at IS NULL AND w.kind = 'AGENCY' ORDER BY 1`, party)
			if diff := cmp.Diff(roles, got); diff != "" {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
			if n := d.count(t, `SELECT count(*) FROM wallets WHERE owner_id = $1 AND kind = 'FREELANCER'`, party); n != 1 {
				t.Errorf("%d wallets of their own, want 1", n)
			}
		})
	}
	t.Run("service_is_the_one_in_the_history", func(t *testing.T) {
		service := "service:" + persona(t, demo.PersonaService).Subject
		if n := d.count(t, `SELECT count(*) FROM journals WHERE initiated_by = $1`, service); n == 0 {
			t.Errorf("%s initiated nothing", service)
		}
	})
	t.Run("every_advertiser_reaches_their_campaigns", func(t *testing.T) {
		for name, want := range map[string]struct {
			commodity ledger.Commodity
			zone      string
			access    campaign.Access
			campaigns int
		}{
			demo.PersonaFreelancer:  {ledger.CNX, "Asia/Kathmandu", campaign.AccessOwner, 3},
			demo.PersonaAgencyAdmin: {ledger.CNX, "Europe/Berlin", campaign.AccessAdmin, 3},
			demo.PersonaAdvertiser:  {ledger.USD, "America/New_York", campaign.AccessOwner, 6},
		} {
			party, err := ledger.ParseID(persona(t, name).Subject)
			if err != nil {
				t.Fatal(err)
			}
			accounts := d.adAccounts(t, domain.Caller{Party: party, OwnAdAccounts: true, Memberships: persona(t, name).Roles})
			var campaigns int
			for _, a := range accounts {
				if a.Commodity == want.commodity && a.TimeZone == want.zone && a.Access == want.access {
					campaigns += int(a.Campaigns)
				}
			}
			if campaigns != want.campaigns {
				t.Errorf("%s reaches %+v, want %d campaigns as %+v", name, accounts, want.campaigns, want)
			}
		}
	})
}
