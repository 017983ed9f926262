package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"purser/internal/campaign"
	"purser/internal/domain"
)

// TestCampaignRequestsRefused asks for what no ad account could answer: it is told
// before anything is read, whoever asks.
func TestCampaignRequestsRefused(t *testing.T) {
	t.Parallel()
	w := newAdWorld(t)
	account, owner := w.openAdvertiser("UTC")
	of := w.campaign(account, "One", nil)
	today := domain.Range{Preset: domain.PresetToday}
	list := func(query campaign.CampaignsQuery) campaign.PageRequest {
		query.Limit = 5
		return campaign.PageRequest{Lists: []campaign.CampaignsQuery{query}}
	}
	keyed := func(order campaign.OrderBy, direction campaign.Direction, value string) campaign.PageRequest {
		return list(campaign.CampaignsQuery{OrderBy: order, Range: today, Direction: direction, HasKey: true, Key: campaign.Key{Value: value}})
	}
	for name, test := range map[string]struct {
		request campaign.PageRequest
		field   string
	}{
		"order":              {list(campaign.CampaignsQuery{OrderBy: "CPA"}), "orderBy"},
		"no_order":           {list(campaign.CampaignsQuery{}), "orderBy"},
		"metric_sans_range":  {list(campaign.CampaignsQuery{OrderBy: campaign.OrderCTR}), "range"},
		"totals_sans_range":  {list(campaign.CampaignsQuery{OrderBy: campaign.OrderName, WithTotals: true}), "range"},
		"text":               {list(campaign.CampaignsQuery{OrderBy: campaign.OrderName, Filter: campaign.Filter{Text: "a\x00"}}), "filter.text"},
		"key_of_a_name":      {keyed(campaign.OrderName, campaign.Forward, "\xff"), "after"},
		"key_of_a_number":    {keyed(campaign.OrderClicks, campaign.Forward, "1; DROP"), "after"},
		"key_of_a_float":     {keyed(campaign.OrderClicks, campaign.Backward, "1.5"), "before"},
		"key_of_not_a_value": {keyed(campaign.OrderCTR, campaign.Forward, "NaN"), "after"},
		"key_too_long":       {keyed(campaign.OrderClicks, campaign.Forward, strings.Repeat("9", 100_000)), "after"},
		"empty_key":          {keyed(campaign.OrderClicks, campaign.Forward, ""), "after"},
		"zone":               {campaign.PageRequest{Performance: []campaign.PerformanceQuery{{Range: today, Zone: "Mars/Olympus"}}}, "timeZone"},
		"zone_of_series":     {campaign.PageRequest{Series: []campaign.SeriesQuery{{Range: today, Zone: "Local"}}}, "timeZone"},
		"comparison":         {campaign.PageRequest{Performance: []campaign.PerformanceQuery{{Range: today, Compare: "LAST_WEEK"}}}, "compare"},
		"empty_range":        {campaign.PageRequest{Series: []campaign.SeriesQuery{{Range: between(day(3, 5), day(3, 5))}}}, "range"},
		"unknown_preset":     {campaign.PageRequest{Reconciliations: []campaign.ReconciliationQuery{{Range: domain.Range{Preset: "EVER"}}}}, "range"},
	} {
		for _, caller := range []domain.Caller{owner, advertiser(newID())} {
			test.request.AdAccounts, test.request.Campaigns = []campaign.Ref{account}, []campaign.Ref{of}
			_, names, err := w.refusedPage(caller, test.request)
			var refused *domain.ValidationError
			if !errors.As(err, &refused) || refused.Field != test.field || len(names) > 0 {
				t.Errorf("%s: error %v after statements %v, want one of %s", name, err, names, test.field)
			}
		}
	}
	for _, limit := range []int{-1, 0, 101} {
		for _, request := range []campaign.PageRequest{
			{Lists: []campaign.CampaignsQuery{{OrderBy: campaign.OrderName, Limit: limit}}},
			{Charges: []campaign.ChargesQuery{{Limit: limit}}},
			{Changes: []campaign.ChangesQuery{{Limit: limit}}},
		} {
			if _, _, err := w.refusedPage(owner, request); err == nil {
				t.Errorf("a page of %d rows is read", limit)
			}
		}
	}
}
