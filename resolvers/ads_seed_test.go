package resolvers_test

import (
	"fmt"
	"testing"
	"time"

	"purser/ledger"
)

// People of the example of advertising.
var (
	acme     = party(11) // a client in the United States
	ana      = party(12) // administers its advertising
	ben      = party(13) // analyses it
	pretends = party(14) // claims to do both
	anaSays  = ana.String() + " ADVERTISER_ADMIN"
	benSays  = ben.String() + " ADVERTISER_ANALYST"
	// benFreelances has roles that open every field of campaigns, while reaching
	// those of acme as an analyst all the same.
	benFreelances = ben.String() + " ADVERTISER_ANALYST FREELANCER"
	pretenderSays = pretends.String() + " ADVERTISER_ADMIN ADVERTISER_ANALYST FREELANCER"
)

const (
	adsToken = "ads SERVICE / openWallet purchaseConnects setMembership openAdAccount depositAdFunds recordClickCharges freezeWallet"

	openAdAccountMutation = `mutation($input: OpenAdAccountInput!) { openAdAccount(input: $input) {
		__typename ... on OpenAdAccountSuccess { adAccount { id } } ... on UserError { code message } } }`
	depositMutation = `mutation($input: DepositAdFundsInput!) { depositAdFunds(input: $input) { __typename ... on UserError { code message } } }`
	createMutation  = `mutation($input: CreateCampaignInput!) { createCampaign(input: $input) {
		__typename ... on CreateCampaignSuccess { campaign { id } } ... on UserError { code message } } }`
	statusMutation = `mutation($input: SetCampaignStatusInput!) { setCampaignStatus(input: $input) { __typename ... on UserError { code message } } }`
	updateMutation = `mutation($input: UpdateCampaignInput!) { updateCampaign(input: $input) { __typename ... on UserError { code message } } }`
	chargeMutation = `mutation($input: RecordClickChargesInput!) { recordClickCharges(input: $input) {
		__typename ... on RecordClickChargesSuccess { billed { minor } } ... on UserError { code message } } }`
)

// adWorld is a world with what its tests do to ads.
type adWorld struct{ *world }

// openAds opens an ad account: of money, unless it has a wallet.
func (w adWorld) openAds(owner map[string]any, jurisdiction, zone, name, wallet string) string {
	w.t.Helper()
	input := map[string]any{
		"idempotencyKey": w.key(), "owner": owner, "jurisdiction": jurisdiction, "timeZone": zone, "name": name, "commodity": "USD",
	}
	if wallet != "" {
		input["commodity"], input["walletId"] = "CNX", wallet
	}
	return w.mutate(adsToken, openAdAccountMutation, input).text("adAccount", "id")
}

// freelancer opens a party's wallet with Connects in it, and their ad account.
func (w adWorld) freelancer(who ledger.ID, jurisdiction, zone, name string, connects int) (account string) {
	w.t.Helper()
	wallet := w.openParty(who, jurisdiction, zone)
	w.purchase(wallet, connects, connects*15)
	return w.openAds(map[string]any{"partyId": who.String()}, jurisdiction, zone, name, wallet)
}

func (w adWorld) deposit(account string, cents int) {
	w.t.Helper()
	key := w.key()
	w.mutate(adsToken, depositMutation, map[string]any{
		"idempotencyKey": key, "adAccountId": account, "amount": map[string]any{"amountMinor": cents, "currency": "USD"},
		"paymentReference": "deposit-" + key,
	})
}

// plan is what differs between campaigns of tests.
type plan struct {
	name, product, budgetType, starts string
	bid, budget, fund                 int
}

// create makes a campaign, which is a draft.
func (w adWorld) create(token, account string, p plan) string {
	w.t.Helper()
	entity := map[string]string{"BOOSTED_PROFILE": "PROFILE", "PROMOTED_PROJECT": "PROJECT", "PROMOTED_JOB": "JOB"}[p.product]
	starts := w.clock().Format(time.RFC3339)
	if p.starts != "" {
		starts = p.starts
	}
	input := map[string]any{
		"idempotencyKey": w.key(), "adAccountId": account, "name": p.name, "product": p.product, "bidMinor": p.bid,
		"ad":       map[string]any{"type": entity, "entityId": "00000000-0000-4000-8000-0000000000ad"},
		"schedule": map[string]any{"startsAt": starts}, "budget": map[string]any{"type": p.budgetType, "amountMinor": p.budget},
	}
	if p.fund > 0 {
		input["fundMinor"] = p.fund
	}
	return w.mutate(token, createMutation, input).text("campaign", "id")
}

func (w adWorld) move(token, campaign string, statuses ...string) {
	w.t.Helper()
	for _, status := range statuses {
		w.mutate(token, statusMutation, map[string]any{"idempotencyKey": w.key(), "campaignId": campaign, "status": status})
	}
}

// clicks are what one charge is for.
type clicks struct{ impressions, clicks, charge int }

// charge records clicks of a minute, a minute after it.
func (w adWorld) charge(campaign, at string, c clicks) {
	w.t.Helper()
	minute, err := time.Parse(time.RFC3339, at)
	if err != nil {
		w.t.Fatal(err)
	}
	w.until(minute.Add(time.Minute))
	w.record(campaign, minute, c)
}

func (w adWorld) record(campaign string, minute time.Time, c clicks) {
	w.t.Helper()
	w.mutate(adsToken, chargeMutation, map[string]any{
		"idempotencyKey": w.key(), "campaignId": campaign, "batchId": fmt.Sprint("batch-", minute.Unix()), "minuteAt": minute.Format(time.RFC3339),
		"impressions": c.impressions, "clicks": c.clicks, "chargeMinor": fmt.Sprint(c.charge),
	})
}

// until moves the clock to an instant, unless it is later already.
func (w adWorld) until(at time.Time) {
	if now := w.clock(); now.Before(at) {
		w.wait(at.Sub(now))
	}
}

func (w adWorld) works(who, organisation ledger.ID, role string) {
	w.t.Helper()
	w.mutate(adsToken, membershipMutation, map[string]any{
		"idempotencyKey": w.key(), "organisationId": organisation.String(), "partyId": who.String(), "role": role, "active": true,
	})
}

// newAdMarket is the example that golden answers on ads are of: a client in New
// York with five campaigns paid in dollars, over the night in which clocks go
// forward, and a freelancer in Kathmandu and one in Berlin with one each, paid in
// Connects. It ends on Wednesday 11 March 2026, noon in New York.
func newAdMarket(t testing.TB) adWorld {
	t.Helper()
	w := adWorld{newWorld(t)}
	w.names["priyaAds"] = w.freelancer(priya, "NP", "Asia/Kathmandu", "Priya", 200)
	w.names["foreignAds"] = w.freelancer(jonas, "DE", "Europe/Berlin", "Jonas", 60)
	w.names["acme"] = w.openAds(map[string]any{"organisationId": acme.String()}, "US", "America/New_York", "Acme hiring", "")
	w.works(ana, acme, "ADVERTISER_ADMIN")
	w.works(ben, acme, "ADVERTISER_ANALYST")
	w.deposit(w.names["acme"], 80000)
	w.wait(time.Minute)

	w.names["profile"] = w.create(priyaSays, w.names["priyaAds"], plan{"Profile", "BOOSTED_PROFILE", "DAILY", "", 5, 40, 100})
	w.names["foreign"] = w.create(jonasSays, w.names["foreignAds"], plan{"Profil", "BOOSTED_PROFILE", "LIFETIME", "", 4, 50, 20})
	w.wait(time.Minute)
	for _, p := range []struct {
		as string
		plan
	}{
		{"alpha", plan{"Alpha designers", "PROMOTED_JOB", "DAILY", "", 250, 5000, 30000}},
		{"bravo", plan{"Bravo writers", "PROMOTED_JOB", "LIFETIME", "", 90, 10000, 2000}},
		{"charlie", plan{"Charlie editors", "PROMOTED_PROJECT", "DAILY", "", 120, 3000, 1000}},
		{"delta", plan{"Delta coders", "PROMOTED_JOB", "DAILY", "2026-04-01T00:00:00Z", 300, 4000, 700}},
		{"echo", plan{"Echo testers", "PROMOTED_JOB", "DAILY", "", 200, 2500, 500}},
	} {
		w.names[p.as] = w.create(anaSays, w.names["acme"], p.plan)
		w.wait(time.Minute)
	}
	for _, running := range []string{"alpha", "bravo", "charlie", "delta", "echo"} {
		w.move(anaSays, w.names[running], "ENABLED")
	}
	w.move(priyaSays, w.names["profile"], "ENABLED")
	w.move(jonasSays, w.names["foreign"], "ENABLED")
	w.history()
	return w
}

// history is what happens to the campaigns of newAdMarket.
func (w adWorld) history() {
	w.t.Helper()
	alpha, bravo, profile := w.names["alpha"], w.names["bravo"], w.names["profile"]
	w.charge(w.names["foreign"], "2026-03-02T09:00:00Z", clicks{40, 2, 8})
	w.charge(alpha, "2026-03-02T15:04:00Z", clicks{400, 8, 1000})
	w.charge(w.names["charlie"], "2026-03-02T16:00:00Z", clicks{90, 0, 0})
	w.charge(alpha, "2026-03-04T02:30:00Z", clicks{100, 1, 250}) // 21:30 on the 3rd in New York
	w.charge(bravo, "2026-03-04T15:00:00Z", clicks{600, 10, 900})
	w.charge(profile, "2026-03-05T18:10:00Z", clicks{70, 3, 15}) // 23:55 in Kathmandu
	w.charge(profile, "2026-03-05T18:20:00Z", clicks{30, 1, 5})  // 00:05 on the 6th
	w.charge(w.names["echo"], "2026-03-06T12:00:00Z", clicks{50, 1, 200})
	w.move(anaSays, w.names["charlie"], "PAUSED")
	w.move(anaSays, w.names["echo"], "ENDED", "ARCHIVED")
	w.charge(alpha, "2026-03-07T20:00:00Z", clicks{300, 6, 1500})
	w.charge(alpha, "2026-03-08T06:30:00Z", clicks{20, 1, 240}) // 01:30, before clocks go forward
	w.charge(alpha, "2026-03-08T07:15:00Z", clicks{30, 2, 480}) // 03:15, after it
	w.charge(bravo, "2026-03-08T16:00:00Z", clicks{500, 20, 1800})
	w.charge(alpha, "2026-03-09T03:59:00Z", clicks{10, 0, 0})   // the last minute of the 8th
	w.charge(alpha, "2026-03-09T04:00:00Z", clicks{11, 1, 250}) // the first of the 9th
	w.mutate(anaSays, updateMutation, map[string]any{
		"idempotencyKey": w.key(), "campaignId": alpha, "version": 2, "name": "Alpha designers, senior", "bidMinor": 260,
	})
	w.charge(alpha, "2026-03-11T14:00:00Z", clicks{200, 3, 750})
	w.charge(profile, "2026-03-11T15:00:00Z", clicks{20, 1, 5})
	w.until(time.Date(2026, 3, 11, 16, 0, 0, 0, time.UTC))
}
