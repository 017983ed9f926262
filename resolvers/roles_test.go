package resolvers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/internal/auth"
	"purser/internal/obs"
	"purser/resolvers"
)

// rootFields are all root fields with the roles that open them.
var rootFields = []struct {
	name, query string
	roles       []auth.Role
}{
	{"viewer", `{ viewer { subject } }`, auth.Roles()},
	{"node", `{ node(id: "AQ") { id } }`, auth.Roles()},
	{"nodes", `{ nodes(ids: ["AQ"]) { id } }`, auth.Roles()},
	{"wallet", `{ wallet(id: "AQ") { id } }`, without(auth.RoleProductManager, auth.RoleService)},
	{"journal", `{ journal(id: "AQ") { id } }`, []auth.Role{auth.RoleFinance, auth.RoleAuditor}},
	{"trialBalance", `{ trialBalance { asOf } }`, []auth.Role{auth.RoleFinance, auth.RoleAuditor}},
	{
		"spendConnects", `mutation { spendConnects(input: {idempotencyKey: "k", walletId: "AQ", quantity: 1, subject: {type: PROPOSAL, id: "00000000-0000-4000-8000-000000000001"}}) { __typename } }`,
		[]auth.Role{auth.RoleFreelancer, auth.RoleAgencyMember, auth.RoleAgencyAdmin},
	},
	{"openWallet", `mutation { openWallet(input: {idempotencyKey: "k", owner: {partyId: "00000000-0000-4000-8000-000000000001"}, kind: AGENCY, jurisdiction: "IN", timeZone: "UTC"}) { __typename } }`, onlyService},
	{"grantConnects", `mutation { grantConnects(input: {idempotencyKey: "k", walletId: "AQ", quantity: 1, origin: PLAN, explanation: {rule: "r"}}) { __typename } }`, onlyService},
	{"purchaseConnects", `mutation { purchaseConnects(input: {idempotencyKey: "k", walletId: "AQ", quantity: 1, price: {amountMinor: 1, currency: "USD"}, paymentReference: "p"}) { __typename } }`, onlyService},
	{"reverseTransaction", `mutation { reverseTransaction(input: {idempotencyKey: "k", transactionId: "AQ", reason: CORRECTION}) { __typename } }`, onlyService},
	{"freezeWallet", `mutation { freezeWallet(input: {idempotencyKey: "k", walletId: "AQ", reason: DEBT}) { __typename } }`, onlyService},
	{"unfreezeWallet", `mutation { unfreezeWallet(input: {idempotencyKey: "k", walletId: "AQ"}) { __typename } }`, onlyService},
	{"adAccount", `{ adAccount(id: "AQ") { id } }`, adReaders},
	{"campaign", `{ campaign(id: "AQ") { id } }`, adReaders},
	{"analytics", `{ analytics(query: {dataset: AD_SPEND, metrics: [CLICKS], range: {preset: YESTERDAY}}) { rowCount } }`, analysts},
	{"analyticsCatalog", `{ analyticsCatalog { limits { rows } } }`, analysts},
	{"openAdAccount", `mutation { openAdAccount(input: {idempotencyKey: "k", owner: {partyId: "00000000-0000-4000-8000-000000000001"}, jurisdiction: "IN", name: "n", commodity: USD, timeZone: "UTC"}) { __typename } }`, onlyService},
	{"depositAdFunds", `mutation { depositAdFunds(input: {idempotencyKey: "k", adAccountId: "AQ", amount: {amountMinor: 1, currency: "USD"}, paymentReference: "p"}) { __typename } }`, onlyService},
	{"recordClickCharges", `mutation { recordClickCharges(input: {idempotencyKey: "k", campaignId: "AQ", batchId: "b", minuteAt: "2026-03-01T00:00:00Z", impressions: 1, clicks: 0, chargeMinor: 0}) { __typename } }`, onlyService},
	{"createCampaign", `mutation { createCampaign(input: {idempotencyKey: "k", adAccountId: "AQ", name: "n", product: PROMOTED_JOB, ad: {type: JOB, entityId: "00000000-0000-4000-8000-000000000001"}, schedule: {startsAt: "2026-03-02T00:00:00Z"}, bidMinor: 1, budget: {type: DAILY, amountMinor: 1}}) { __typename } }`, advertisers},
	{"updateCampaign", `mutation { updateCampaign(input: {idempotencyKey: "k", campaignId: "AQ", version: 1, name: "n"}) { __typename } }`, advertisers},
	{"setCampaignStatus", `mutation { setCampaignStatus(input: {idempotencyKey: "k", campaignId: "AQ", status: ENDED}) { __typename } }`, advertisers},
	{"setCampaignStatuses", `mutation { setCampaignStatuses(input: {idempotencyKey: "k", campaignIds: ["AQ"], status: ENDED}) { __typename } }`, advertisers},
	{"fundCampaign", `mutation { fundCampaign(input: {idempotencyKey: "k", campaignId: "AQ", amountMinor: 1}) { __typename } }`, advertisers},
	{"releaseCampaignFunds", `mutation { releaseCampaignFunds(input: {idempotencyKey: "k", campaignId: "AQ"}) { __typename } }`, advertisers},
	{"placeHold", `mutation { placeHold(input: {idempotencyKey: "k", walletId: "AQ", purpose: BID, quantity: 1, subject: {type: PROPOSAL, id: "00000000-0000-4000-8000-000000000001"}}) { __typename } }`, onlyService},
	{"increaseHold", `mutation { increaseHold(input: {idempotencyKey: "k", holdId: "AQ", quantity: 1}) { __typename } }`, onlyService},
	{"captureHold", `mutation { captureHold(input: {idempotencyKey: "k", holdId: "AQ", quantity: 1}) { __typename } }`, onlyService},
	{"releaseHold", `mutation { releaseHold(input: {idempotencyKey: "k", holdId: "AQ"}) { __typename } }`, onlyService},
	{"transferConnects", `mutation { transferConnects(input: {idempotencyKey: "k", fromWalletId: "AQ", toWalletId: "AQ", quantity: 1}) { __typename } }`, agencyAdmins},
	{"setSpendingLimit", `mutation { setSpendingLimit(input: {idempotencyKey: "k", walletId: "AQ", window: DAY}) { __typename } }`, agencyAdmins},
	{"closeWallet", `mutation { closeWallet(input: {idempotencyKey: "k", walletId: "AQ", reason: "r"}) { __typename } }`, onlyService},
	{"periods", `{ periods(first: 1) { nodes { period } } }`, financeReaders},
	{"accountLedger", `{ accountLedger(account: {book: 0, code: "2000", commodity: USD}, first: 1) { totalCount } }`, financeReaders},
	{"accountExplanation", `{ accountExplanation(account: {book: 0, code: "2000", commodity: USD}) { version } }`, financeReaders},
	{"deferredRevenueRollforward", `{ deferredRevenueRollforward(period: "2026-02") { period } }`, financeReaders},
	{"outstandingLiability", `{ outstandingLiability { units } }`, financeReaders},
	{"invariantStatus", `{ invariantStatus { status } }`, financeReaders},
	{"closePeriod", `mutation { closePeriod(input: {idempotencyKey: "k", period: "2026-02", reason: "r"}) { __typename } }`, onlyFinance},
	{"reopenPeriod", `mutation { reopenPeriod(input: {idempotencyKey: "k", period: "2026-02", reason: "r"}) { __typename } }`, onlyFinance},
	{"withdrawPeriodRequest", `mutation { withdrawPeriodRequest(input: {idempotencyKey: "k", period: "2026-02", reason: "r"}) { __typename } }`, onlyFinance},
	{"setMembership", `mutation { setMembership(input: {idempotencyKey: "k", organisationId: "00000000-0000-4000-8000-000000000001", partyId: "00000000-0000-4000-8000-000000000001", role: AGENCY_ADMIN, active: true}) { __typename } }`, onlyService},
}

var (
	onlyService    = []auth.Role{auth.RoleService}
	agencyAdmins   = []auth.Role{auth.RoleAgencyAdmin, auth.RoleService}
	onlyFinance    = []auth.Role{auth.RoleFinance}
	financeReaders = []auth.Role{auth.RoleFinance, auth.RoleAuditor}
	advertisers    = []auth.Role{auth.RoleFreelancer, auth.RoleAdvertiserAdmin}
	adReaders      = []auth.Role{
		auth.RoleFreelancer, auth.RoleAdvertiserAnalyst, auth.RoleAdvertiserAdmin, auth.RoleSupport, auth.RoleFinance, auth.RoleAuditor,
	}
	analysts = []auth.Role{
		auth.RoleFreelancer, auth.RoleAdvertiserAnalyst, auth.RoleAdvertiserAdmin, auth.RoleProductManager, auth.RoleFinance, auth.RoleAuditor,
	}
)

// rootFields names every root field: one that is new fails here until its roles are
// written down.
func TestRootFieldsAreAllNamed(t *testing.T) {
	t.Parallel()
	schema := resolvers.New(resolvers.Config{}).Schema().Schema()
	var got, want []string
	for _, field := range rootFields {
		got = append(got, field.name)
	}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
		for _, field := range root.Fields {
			if !strings.HasPrefix(field.Name, "__") {
				want = append(want, field.Name)
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("root fields (-schema +test):\n%s", diff)
	}
}

func without(roles ...auth.Role) []auth.Role {
	return slices.DeleteFunc(auth.Roles(), func(role auth.Role) bool { return slices.Contains(roles, role) })
}

func tokenOf(role auth.Role) string {
	if role == auth.RoleService {
		return serviceToken
	}
	return party(90).String() + " " + string(role)
}

// A role that does not open a field is refused before anything is read, whatever
// the arguments, with the path of the field; one that opens it is not refused.
func TestRolesOpenRootFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, field := range rootFields {
		t.Run(field.name, func(t *testing.T) {
			t.Parallel()
			for _, role := range auth.Roles() {
				ctx, counter := obs.WithCounter(t.Context())
				a := do(t, ctx, w.handler, request{token: tokenOf(role), query: field.query})
				if slices.Contains(field.roles, role) {
					if len(a.Errors) > 0 {
						t.Errorf("as %s: %s", role, a.raw)
					}
					continue
				}
				if a.code() != "FORBIDDEN" || len(a.Errors) != 1 || fmt.Sprint(a.Errors[0].Path) != "["+field.name+"]" ||
					string(a.Data) != `{"`+field.name+`":null}` {
					t.Errorf("as %s: %s, want null and FORBIDDEN on its path", role, a.raw)
				}
				if counter.Statements() != 0 {
					t.Errorf("as %s: statements %v before the refusal", role, counter.Names())
				}
			}
			ctx, counter := obs.WithCounter(t.Context())
			a := do(t, ctx, w.handler, request{query: field.query})
			if a.code() != "UNAUTHENTICATED" || counter.Statements() != 0 {
				t.Errorf("anonymous: %s after %v, want UNAUTHENTICATED and no statement", a.raw, counter.Names())
			}
		})
	}
}

func TestAnonymousMaySeeTypename(t *testing.T) {
	t.Parallel()
	a := do(t, t.Context(), newWorld(t).handler, request{query: `{ __typename }`})
	if want := `{"data":{"__typename":"Query"}}`; a.raw != want {
		t.Errorf("answer = %s, want %s", a.raw, want)
	}
}

// The scope of a SERVICE token lists what it may call. A mutation that it does not
// list is refused by role, before any read.
func TestScopeOfServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, field := range rootFields {
		if !slices.Equal(field.roles, onlyService) {
			continue
		}
		t.Run(field.name, func(t *testing.T) {
			t.Parallel()
			others := strings.ReplaceAll(serviceToken, field.name, "")
			ctx, counter := obs.WithCounter(t.Context())
			a := do(t, ctx, w.handler, request{token: others, query: field.query})
			if a.code() != "FORBIDDEN" || counter.Statements() != 0 {
				t.Errorf("without scope: %s after %v", a.raw, counter.Names())
			}
			if a = w.do("billing SERVICE / "+field.name, field.query, nil); len(a.Errors) > 0 {
				t.Errorf("with scope: %s", a.raw)
			}
		})
	}
}
