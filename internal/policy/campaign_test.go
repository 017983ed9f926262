package policy_test

import (
	"testing"
	"time"

	"purser/internal/policy"
)

func TestCampaignsAt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at      time.Time
		want    string
		ceiling int64
	}{
		"before_the_first_version_the_first_holds": {time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC), "campaigns/2022-01-01", 50},
		"the_instant_before_a_change":              {time.Date(2025, 2, 28, 23, 59, 59, 999_999_999, time.UTC), "campaigns/2022-01-01", 50},
		"the_instant_of_a_change":                  {time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), "campaigns/2025-03-01", 100},
		"long_after":                               {time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC), "campaigns/2025-03-01", 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := policy.CampaignsAt(test.at)
			if got := rules.Version; got != test.want {
				t.Errorf("CampaignsAt(%s) = %s, want %s", test.at, got, test.want)
			}
			if got := rules.Terms["CNX"].BidCeiling; got != test.ceiling {
				t.Errorf("bid ceiling %d CNX, want %d", got, test.ceiling)
			}
		})
	}
}

func TestCampaignsTermsCanBeMet(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} {
		rules := policy.CampaignsAt(at)
		for _, commodity := range []string{"CNX", "USD"} {
			terms, offered := rules.Terms[commodity]
			if !offered || terms.BidFloor < 1 || terms.BidCeiling < terms.BidFloor || terms.BudgetMin < terms.BidFloor {
				t.Errorf("%s: terms of %s are %+v, want 1 <= floor <= ceiling and a budget of one bid or more", rules.Version, commodity, terms)
			}
		}
		if _, offered := rules.Terms["EUR"]; offered {
			t.Errorf("%s offers campaigns in EUR", rules.Version)
		}
	}
}
