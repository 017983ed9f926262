package resolvers_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
)

// aimedAt is the input of a mutation on another object.
func aimedAt(mutation string, input map[string]any, id string) map[string]any {
	input = maps.Clone(input)
	for _, name := range []string{"adAccountId", "campaignId"} {
		if input[name] != nil {
			input[name] = id
		}
	}
	if mutation == "setCampaignStatuses" {
		input["campaignIds"] = []string{id}
	}
	return input
}

// A mutation answers for what is somebody else's byte for byte as for what does not
// exist, by the same statements, and for what the caller may look at but not change:
// as an analyst, or because they see every account.
func TestForeignAdsAreUnknownToMutations(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	before := w.heads(t)
	inputs := adInputs(w)
	delete(inputs, "openAdAccount")
	t.Run("by", func(t *testing.T) { w.askForForeign(t, inputs) })
	if diff := cmp.Diff(before, w.heads(t)); diff != "" {
		t.Errorf("a mutation on somebody else's wrote something:\n%s", diff)
	}
}

// askForForeign sends each mutation for what nobody has, and for all that must be
// answered like it.
func (w adWorld) askForForeign(t *testing.T, inputs map[string]map[string]any) {
	t.Helper()
	financeAdvertises := party(90).String() + " ADVERTISER_ADMIN FINANCE AUDITOR"
	for mutation, input := range inputs {
		foreign, own, other := w.names["foreign"], w.names["alpha"], w.names["acme"]
		if input["adAccountId"] != nil {
			foreign, own, other = w.names["foreignAds"], w.names["acme"], w.names["alpha"]
		}
		unknown := rewrite(t, foreign, func(b []byte) { b[len(b)-16] ^= 0xff })
		cases := map[string]struct{ token, id string }{
			"foreign": {anaSays, foreign}, "empty": {anaSays, ""}, "malformed": {anaSays, "not an id!"}, "padded": {anaSays, own + "=="},
			"wrong_type": {anaSays, other}, "newline": {anaSays, own + "\n"}, "long": {anaSays, own + own},
			"wrong_book":    {anaSays, rewrite(t, own, func(b []byte) { b[5] ^= 7 })},
			"wrong_version": {anaSays, rewrite(t, own, func(b []byte) { b[0] = 2 })}, "negative_book": {anaSays, rewrite(t, own, func(b []byte) { b[2] = 0xff })},
			"as_an_analyst": {benFreelances, own}, "as_finance": {financeAdvertises, own}, "as_a_pretender": {pretenderSays, own},
		}
		service := adToken(mutation) == adsToken
		t.Run(mutation, func(t *testing.T) {
			t.Parallel()
			ask := func(token, id string) (string, []string) {
				ctx, counter := obs.WithCounter(t.Context())
				a := do(t, ctx, w.handler, request{token: token, query: adMutation(mutation), variables: map[string]any{"input": aimedAt(mutation, input, id)}})
				return a.raw, counter.Names()
			}
			want, statements := ask(adToken(mutation), unknown)
			if len(statements) == 0 || mutation != "setCampaignStatuses" && !strings.Contains(want, `"NotFound"`) {
				t.Fatalf("what nobody has: %s by %v, want NotFound", want, statements)
			}
			for name, c := range cases {
				if service && (c.id == foreign || c.token != anaSays) {
					continue // to a service, nobody's objects are foreign
				}
				if service {
					c.token = adsToken
				}
				got, names := ask(c.token, c.id)
				if diff := cmp.Diff(statements, names); got != want || diff != "" {
					t.Errorf("%s: %s, want %s; statements (-unknown +got):\n%s", name, got, want, diff)
				}
			}
		})
	}
}

// The owner of an organisation's account is not whoever works there: a freelancer's
// own account is theirs whatever else they may do, and no other.
func TestOwnAndManagedAds(t *testing.T) {
	t.Parallel()
	w := newAdMarket(t)
	const mutation = `mutation($input: FundCampaignInput!) { fundCampaign(input: $input) { __typename } }`
	for name, c := range map[string]struct{ token, campaign, want string }{
		"own":                       {priyaSays, "profile", "FundCampaignSuccess"},
		"own_by_another_role":       {priya.String() + " ADVERTISER_ADMIN", "profile", "FundCampaignSuccess"},
		"managed":                   {anaSays, "alpha", "FundCampaignSuccess"},
		"managed_without_the_claim": {ana.String() + " FREELANCER", "alpha", "NotFound"},
		"managed_elsewhere":         {anaSays, "profile", "NotFound"},
		"analysed":                  {benFreelances, "alpha", "NotFound"},
		"claimed_without_the_row":   {pretenderSays, "alpha", "NotFound"},
		"named_like_the_owner":      {acme.String() + " FREELANCER", "alpha", "FundCampaignSuccess"}, // a token of the organisation itself
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := w.data(c.token, mutation, map[string]any{"input": map[string]any{
				"idempotencyKey": w.key(), "campaignId": w.names[c.campaign], "amountMinor": 1,
			}})
			if got := data.text("fundCampaign", "__typename"); got != c.want {
				t.Errorf("outcome = %s, want %s", got, c.want)
			}
		})
	}
}
