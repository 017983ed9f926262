package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// adAgency is an organisation that advertises, with the people around it.
type adAgency struct {
	*adWorld
	organisation   ledger.ID
	pool           wallet.Ref
	theirs, own    campaign.Ref // ad accounts: the organisation's, and the admin's own
	running, mine  campaign.Ref // a campaign of each
	admin, analyst domain.Caller
}

func newAdAgency(t *testing.T) *adAgency {
	t.Helper()
	a := &adAgency{adWorld: newAdWorld(t), organisation: newID()}
	a.pool = a.open(a.organisation, wallet.KindAgency, "UTC")
	a.admin, a.analyst = member(newID(), "ADVERTISER_ADMIN", "ADVERTISER_ANALYST"), member(newID(), "ADVERTISER_ANALYST")
	a.admin.OwnAdAccounts = true
	a.join(a.organisation, a.admin.Party, "ADVERTISER_ADMIN", true)
	a.join(a.organisation, a.admin.Party, "ADVERTISER_ANALYST", true)
	a.join(a.organisation, a.analyst.Party, "ADVERTISER_ANALYST", true)
	a.theirs = a.fundedAccount(a.pool, a.organisation, "Asia/Kathmandu")
	a.own = a.prepaidAccount(a.admin.Party, "America/New_York")
	a.running = a.campaign(a.theirs, "Running", nil)
	a.mine = a.campaign(a.own, "Mine", nil)
	return a
}

func TestCampaignAccess(t *testing.T) {
	t.Parallel()
	a := newAdAgency(t)
	left, agent := newID(), newID()
	a.join(a.organisation, left, "ADVERTISER_ADMIN", true)
	a.join(a.organisation, left, "ADVERTISER_ADMIN", false)
	a.join(a.organisation, agent, "AGENCY_ADMIN", true)
	agentsClaims := member(agent, "AGENCY_ADMIN", "ADVERTISER_ADMIN")

	type reach struct{ theirs, own campaign.Access }
	cases := map[string]struct {
		caller domain.Caller
		want   reach
	}{
		"admin":                        {a.admin, reach{campaign.AccessAdmin, campaign.AccessOwner}},
		"analyst":                      {a.analyst, reach{theirs: campaign.AccessAnalyst}},
		"organisation":                 {advertiser(a.organisation), reach{theirs: campaign.AccessOwner}},
		"admin_with_analysts_claim":    {member(a.admin.Party, "ADVERTISER_ANALYST"), reach{theirs: campaign.AccessAnalyst}},
		"analyst_with_admins_claim":    {member(a.analyst.Party, "ADVERTISER_ADMIN"), reach{}},
		"row_without_claim":            {member(a.admin.Party), reach{}},
		"claim_without_row":            {member(newID(), "ADVERTISER_ADMIN", "ADVERTISER_ANALYST"), reach{}},
		"membership_that_ended":        {member(left, "ADVERTISER_ADMIN"), reach{}},
		"agency_admin":                 {agentsClaims, reach{}},
		"owner_without_the_role":       {domain.Caller{Party: a.admin.Party, OwnWallets: true}, reach{}},
		"own_ad_accounts_of_nobody":    {domain.Caller{OwnAdAccounts: true}, reach{}},
		"stranger":                     {advertiser(newID()), reach{}},
		"finance":                      {service, reach{campaign.AccessAll, campaign.AccessAll}},
		"all_and_owner_and_membership": {domain.Caller{Party: a.admin.Party, OwnAdAccounts: true, All: true}, reach{campaign.AccessAll, campaign.AccessAll}},
	}
	refs := func(known campaign.Ref) []campaign.Ref {
		return []campaign.Ref{{Book: known.Book%4 + 1, ID: known.ID}, {Book: known.Book, ID: newID()}, {Book: -1}, {}, known, known}
	}
	request := everyAdSection(10)
	request.AdAccounts, request.Campaigns = append(refs(a.theirs), a.own), append(refs(a.mine), a.running)
	_, want, _ := a.countedCampaigns(a.admin, request)
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, names, trips := a.countedCampaigns(test.caller, request)
			got, gotByCampaign := map[campaign.Ref]campaign.Access{}, map[campaign.Ref]campaign.Access{}
			for _, account := range page.AdAccounts {
				got[account.Ref] = account.Access
			}
			for _, c := range page.Campaigns {
				gotByCampaign[c.Ref()] = c.Access
			}
			if got := (reach{got[a.theirs], got[a.own]}); got != test.want || got != (reach{gotByCampaign[a.running], gotByCampaign[a.mine]}) {
				t.Errorf("reaches %v, campaigns %v, want %v", got, gotByCampaign, test.want)
			}
			visible := len(got)
			if len(page.AdAccounts) != visible || len(page.Campaigns) != visible || len(page.Sections) != visible*(2+2+3+2+2+1) {
				t.Errorf("%d ad accounts, %d campaigns, %d sections", len(page.AdAccounts), len(page.Campaigns), len(page.Sections))
			}
			if len(names) != len(want) || trips != 3 { // which rollup answers for a named zone is by the zones of what is visible
				t.Errorf("%d round trips with statements %v, want %v", trips, names, want)
			}
		})
	}
}

// TestMyAdAccounts shows which ad accounts are a caller's own list, also for those
// who may read every one.
func TestMyAdAccounts(t *testing.T) {
	t.Parallel()
	a := newAdAgency(t)
	second := a.fundedAccount(a.pool, a.organisation, "UTC")
	a.prepaidAccount(newID(), "UTC")
	byID := []campaign.Ref{a.theirs, a.own, second}
	slices.SortFunc(byID, func(x, y campaign.Ref) int { return slices.Compare(x.ID[:], y.ID[:]) })
	all := a.admin
	all.All = true
	list := campaign.CampaignsQuery{OrderBy: campaign.OrderName, Limit: 5}
	for name, test := range map[string]struct {
		caller domain.Caller
		want   []campaign.Ref
	}{
		"owner_and_admin":   {a.admin, byID},
		"never_by_all":      {all, byID},
		"service":           {service, nil},
		"analyst":           {a.analyst, slices.DeleteFunc(slices.Clone(byID), func(ref campaign.Ref) bool { return ref == a.own })},
		"nobody":            {advertiser(newID()), nil},
		"another_with_role": {member(newID(), "ADVERTISER_ADMIN"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := campaign.PageRequest{
				Mine: true, AdAccounts: []campaign.Ref{{Book: 1, ID: newID()}}, Campaigns: []campaign.Ref{a.mine}, Lists: []campaign.CampaignsQuery{list},
			}
			page := a.campaignPage(test.caller, request)
			var got []campaign.Ref
			for _, account := range page.AdAccounts {
				got = append(got, account.Ref)
				if account.Access == campaign.AccessAll {
					t.Errorf("ad account %s is reached as %s", account.ID, account.Access)
				}
				adSectionOf[campaign.ListPage](t, page, account.Ref, list)
			}
			if !slices.Equal(got, test.want) || len(page.Campaigns) != 0 {
				t.Errorf("got %v and %d campaigns, want %v", got, len(page.Campaigns), test.want)
			}
		})
	}
}

// TestForeignCampaignIsUnknown compares what an ad account and a campaign that are
// not the caller's answer and cost with what those that do not exist do.
func TestForeignCampaignIsUnknown(t *testing.T) {
	t.Parallel()
	a := newAdAgency(t)
	a.active(a.theirs, a.running, began, campaign.Metrics{Clicks: 1})
	nobody := advertiser(newID())
	read := func(account, of campaign.Ref, request campaign.PageRequest) (*campaign.Page, []string) {
		request.AdAccounts, request.Campaigns = []campaign.Ref{account}, []campaign.Ref{of}
		page, names, _ := a.countedCampaigns(nobody, request)
		return page, names
	}
	alone := everyAdSection(10)
	alone.Lists = nil
	for shape, request := range map[string]campaign.PageRequest{"lists_and_sections": everyAdSection(10), "sections": alone, "objects": {}} {
		unknown := campaign.Ref{Book: a.theirs.Book, ID: newID()}
		wantPage, wantNames := read(unknown, campaign.Ref{Book: a.theirs.Book, ID: newID()}, request)
		for name, refs := range map[string][2]campaign.Ref{
			"foreign":    {a.theirs, a.running},
			"wrong_book": {{Book: a.theirs.Book%4 + 1, ID: a.theirs.ID}, {Book: a.theirs.Book%4 + 1, ID: a.running.ID}},
			"no_book":    {{Book: 77, ID: a.theirs.ID}, {Book: 77, ID: a.running.ID}},
			"swapped":    {a.running, a.theirs},
		} {
			page, names := read(refs[0], refs[1], request)
			if diff := cmp.Diff(wantPage, page); diff != "" {
				t.Errorf("%s, %s (-unknown +got):\n%s", shape, name, diff)
			}
			if !slices.Equal(names, wantNames) {
				t.Errorf("%s, %s: statements %v, want %v", shape, name, names, wantNames)
			}
		}
	}
}

// TestAnalyst sees what a campaign does, and neither what it was funded with nor
// what it was charged.
func TestAnalyst(t *testing.T) {
	t.Parallel()
	a := newAdAgency(t)
	of := a.campaign(a.theirs, "Charged", func(row *campaign.Row) {
		row.Totals = campaign.Totals{Funded: 100, Released: 30, Consumed: 50, Credited: 10, Unbilled: 7}
	})
	a.write(of.Book, campaign.EffectCharge, campaign.ChargeRow{Journal: newID(), Campaign: of.ID, Batch: "b", MinuteAt: began, PostedAt: began, Billed: 50})
	a.write(of.Book, campaign.EffectChanges, []campaign.ChangeRow{{Campaign: of.ID, Journal: newID(), At: began, Actor: "x", Field: "name", New: "Charged"}})
	charges, changes := campaign.ChargesQuery{Limit: 5}, campaign.ChangesQuery{Limit: 5}
	for name, test := range map[string]struct {
		caller  domain.Caller
		totals  campaign.Totals
		charges int
	}{
		"admin":   {a.admin, campaign.Totals{Funded: 100, Released: 30, Consumed: 50, Credited: 10, Unbilled: 7}, 1},
		"analyst": {a.analyst, campaign.Totals{Consumed: 50, Credited: 10, Unbilled: 7}, 0},
	} {
		for _, several := range [][]campaign.Ref{{of}, {of, a.running}} {
			page := a.campaignPage(test.caller, campaign.PageRequest{
				Campaigns: several, Charges: []campaign.ChargesQuery{charges}, Changes: []campaign.ChangesQuery{changes},
			})
			if got := page.Campaigns[0].Totals; got != test.totals {
				t.Errorf("%s: totals %+v, want %+v", name, got, test.totals)
			}
			if got := len(adSectionOf[campaign.ChargePage](t, page, of, charges).Charges); got != test.charges {
				t.Errorf("%s: %d charges, want %d", name, got, test.charges)
			}
			if got := len(adSectionOf[campaign.ChangePage](t, page, of, changes).Changes); got != 1 {
				t.Errorf("%s: %d changes, want 1", name, got)
			}
		}
		list := campaign.CampaignsQuery{OrderBy: campaign.OrderName, Limit: 5}
		page := adSection[campaign.ListPage](a.adWorld, test.caller, a.theirs, list)
		if got := page.Campaigns[0].Totals; got != test.totals {
			t.Errorf("%s: totals in a list %+v, want %+v", name, got, test.totals)
		}
	}
}

// TestCampaignsInOrder puts what was asked for by name into the order of names.
func TestCampaignsInOrder(t *testing.T) {
	t.Parallel()
	a := newAdAgency(t)
	newest := a.campaign(a.own, "Newest", nil)
	page := a.campaignPage(a.admin, campaign.PageRequest{
		AdAccounts: []campaign.Ref{a.own, a.theirs, a.own}, Campaigns: []campaign.Ref{newest, a.running, a.mine, newest},
	})
	var accounts, campaigns []campaign.Ref
	for _, account := range page.AdAccounts {
		accounts = append(accounts, account.Ref)
	}
	for _, c := range page.Campaigns {
		campaigns = append(campaigns, c.Ref())
	}
	if !slices.Equal(accounts, []campaign.Ref{a.own, a.theirs}) || !slices.Equal(campaigns, []campaign.Ref{newest, a.running, a.mine}) {
		t.Errorf("ad accounts %v, campaigns %v", accounts, campaigns)
	}
	if got, want := page.Now, began; got.Before(want) || got.After(want.Add(time.Minute)) {
		t.Errorf("the page is of %s, want the clock's %s or just after its last journal", got, want)
	}
}
