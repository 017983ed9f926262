package resolvers_test

const fundMutation = `mutation($input: FundCampaignInput!) { fundCampaign(input: $input) { __typename ... on UserError { code message } } }`

func budget(kind string, amount int) func(*sampler, map[string]any) {
	return set("budget", map[string]any{"type": kind, "amountMinor": amount})
}

func overBeforeItBegins(_ *sampler, input map[string]any) {
	input["schedule"] = map[string]any{"startsAt": "2026-03-06T00:00:00Z", "endsAt": "2026-03-05T20:00:00Z"}
}

// ofJob advertises what no profile campaign does.
func ofJob(s *sampler, input map[string]any) {
	input["ad"] = map[string]any{"type": "JOB", "entityId": s.world.newID().String()}
}

// ofConnects aims at an ad account that takes no money, unless it is an agency's.
func ofConnects(s *sampler, input map[string]any) { input["adAccountId"] = s.id("AdAccount") }

// fundedByWallet opens an ad account that somebody's wallet is to pay for.
func fundedByWallet(s *sampler, input map[string]any) {
	input["commodity"], input["walletId"] = "CNX", s.id("Wallet")
}

// fresh aims at a campaign made for the request, in the caller's own ad account, so
// that no answer depends on the order of requests. Whoever may change none, and
// whoever aims at what is not theirs, aims at the one that is there.
func fresh(then ...func(w adWorld, token, campaign string)) func(*sampler, map[string]any) {
	return func(s *sampler, input map[string]any) {
		owner := s.aim[managerToken]
		if owner == "" || owner != s.caller.token {
			return
		}
		w := adWorld{s.world}
		id := w.create(owner, s.aim["AdAccount"], plan{w.key(), "BOOSTED_PROFILE", "DAILY", "", 5, 1000, 0})
		for _, next := range then {
			next(w, owner, id)
		}
		if _, several := input["campaignIds"]; several {
			input["campaignIds"] = []string{id}
			return
		}
		input["campaignId"] = id
	}
}

func funded(w adWorld, token, campaign string) { w.fund(token, campaign, 200) }

// charged is a campaign that 120 were spent on today.
func charged(w adWorld, token, campaign string) {
	w.fund(token, campaign, 200)
	w.record(campaign, w.clock(), clicks{impressions: 1, clicks: 1, charge: 120})
}

// edited is a campaign whose budget was changed as often as it may be in a day.
func edited(w adWorld, token, campaign string) {
	for version := range 15 {
		w.mutate(token, updateMutation, map[string]any{
			"idempotencyKey": w.key(), "campaignId": campaign, "version": 1 + version, "budget": map[string]any{"type": "DAILY", "amountMinor": 1001 + version},
		})
	}
}

func ended(w adWorld, token, campaign string) { w.move(token, campaign, "ENDED") }

// fund sets funds aside for a campaign.
func (w adWorld) fund(token, campaign string, amount int) {
	w.t.Helper()
	w.mutate(token, fundMutation, map[string]any{"idempotencyKey": w.key(), "campaignId": campaign, "amountMinor": amount})
}
