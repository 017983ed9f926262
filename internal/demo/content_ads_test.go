package demo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/demo"
	"purser/internal/domain"
)

// TestLoadOfCampaigns looks at what a small load tells about advertising.
func TestLoadOfCampaigns(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.load(t)

	t.Run("ad_accounts_are_of_five_countries_by_their_clocks", func(t *testing.T) {
		got := d.strings(t, `SELECT DISTINCT o.jurisdiction || ' ' || a.time_zone FROM ad_accounts a JOIN owners o USING (owner_id) ORDER BY 1`)
		want := []string{"DE Europe/Berlin", "IN Asia/Kolkata", "JP Asia/Tokyo", "NP Asia/Kathmandu", "US America/New_York"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("countries and zones (-want +got):\n%s", diff)
		}
	})
	t.Run("products_are_several_in_each_commodity", func(t *testing.T) {
		got := d.strings(t, `SELECT DISTINCT commodity || ' ' || product FROM campaigns JOIN ad_accounts USING (book_id, ad_account_id) ORDER BY 1`)
		want := []string{"CNX BOOSTED_PROFILE", "CNX PROMOTED_PROJECT", "USD PROMOTED_JOB", "USD PROMOTED_PROJECT"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("products (-want +got):\n%s", diff)
		}
	})
	t.Run("one_advertiser_pays_in_money_that_was_deposited", func(t *testing.T) {
		got := d.strings(t, `SELECT a.campaigns || ' of ' || (SELECT count(*) FROM journals WHERE type = 'AD_FUNDS_DEPOSITED') || ' deposits'
			FROM ad_accounts a WHERE a.commodity = 'USD'`)
		if len(got) != 1 || !strings.HasPrefix(got[0], "6 of ") || got[0] == "6 of 0 deposits" {
			t.Errorf("accounts in money: %q, want one of 6 campaigns and some deposits", got)
		}
	})
	for name, sql := range map[string]string{
		"some_campaign_is_a_draft_without_funds":    `SELECT count(*) FROM campaigns WHERE status = 'DRAFT' AND funded = 0`,
		"some_campaign_is_left_paused":              `SELECT count(*) FROM campaigns WHERE status = 'PAUSED' AND consumed > 0`,
		"some_campaign_ended_and_gave_back_a_rest":  `SELECT count(*) FROM campaigns WHERE status = 'ENDED' AND released > 0 AND funded + credited = released + consumed`,
		"some_campaign_is_archived":                 `SELECT count(*) FROM campaigns WHERE status = 'ARCHIVED' AND consumed > 0`,
		"some_running_campaign_released_a_part":     `SELECT count(*) FROM campaigns WHERE status = 'ENABLED' AND released > 0`,
		"some_campaign_served_more_than_it_had":     `SELECT count(*) FROM campaigns WHERE status = 'ENABLED' AND unbilled > 0 AND funded + credited = released + consumed`,
		"some_campaign_was_funded_again_and_again":  `SELECT count(*) FROM (SELECT arguments FROM journals WHERE template LIKE 'FUND_CAMPAIGN%' LIMIT 3) f HAVING count(*) = 3`,
		"some_daily_budget_is_spent_nearly_or_all":  `SELECT count(*) FROM campaigns c JOIN ad_rollups_daily r USING (book_id, campaign_id) WHERE c.budget_type = 'DAILY' AND r.spend_gross > c.budget_minor - c.bid_minor`,
		"some_budget_changed_twice":                 `SELECT count(*) FROM (SELECT campaign_id FROM campaign_changes WHERE field = 'budget' GROUP BY campaign_id HAVING count(*) >= 2) b`,
		"some_owner_switched_three_off_in_one_go":   `SELECT count(*) FROM (SELECT left(key, 13) FROM idempotency_keys WHERE mutation = 'setCampaignStatuses' AND refusal IS NULL GROUP BY 1 HAVING count(*) = 3) b HAVING count(*) = 2`,
		"some_campaign_was_switched_on_again":       `SELECT count(*) FROM campaign_changes WHERE field = 'status' AND old_value = 'PAUSED' AND new_value = 'ENABLED'`,
		"some_charge_is_of_the_last_hours":          `SELECT count(*) FROM click_charges WHERE minute_at > $1::timestamptz - interval '6 hours'`,
		"some_change_was_made_by_an_agencys_admin":  `SELECT count(*) FROM campaign_changes c JOIN memberships m ON c.actor = 'party:' || m.party_id WHERE m.role = 'ADVERTISER_ADMIN'`,
		"some_campaign_is_open_ended_and_some_ends": `SELECT count(*) FROM (SELECT DISTINCT ends_at IS NULL FROM campaigns) x HAVING count(*) = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			args := []any{endsAt}[:strings.Count(sql, "$1")]
			if d.strings(t, "SELECT coalesce(sum(n), 0)::text FROM ("+sql+") AS found (n)", args...)[0] == "0" {
				t.Errorf("nothing is found by %s", sql)
			}
		})
	}
	t.Run("pages_tell_why_ads_are_not_shown", func(t *testing.T) { checkDelivery(t, d) })
	t.Run("clicks_look_invalid_in_two_incidents", func(t *testing.T) { checkSurges(t, d) })
}

// checkDelivery looks for the states of delivery among all campaigns.
func checkDelivery(t *testing.T, d *database) {
	t.Helper()
	var found []string
	for _, c := range d.campaigns(t) {
		for _, reason := range append([]string{""}, c.Delivery.Reasons...) {
			found = append(found, strings.TrimSpace(string(c.Delivery.State)+" "+reason))
		}
	}
	for _, want := range []string{
		"ELIGIBLE", "ENDED OUT_OF_FLIGHT", "NOT_ELIGIBLE NO_FUNDS", "NOT_ELIGIBLE NOT_ENABLED", "SCHEDULED OUT_OF_FLIGHT",
	} {
		if !slices.Contains(found, want) {
			t.Errorf("no campaign is %s; found %q", want, found)
		}
	}
}

// checkSurges looks for the campaigns with hours in which most impressions were
// clicked.
func checkSurges(t *testing.T, d *database) {
	t.Helper()
	got := d.strings(t, `SELECT commodity || ' ' || count(*) FROM click_charges JOIN campaigns USING (book_id, campaign_id) JOIN ad_accounts USING (book_id, ad_account_id)
		WHERE clicks >= 10 AND 2 * clicks > impressions
		GROUP BY commodity, campaign_id HAVING max(minute_at) - min(minute_at) < interval '2 hours' ORDER BY 1`)
	if diff := cmp.Diff([]string{"CNX 2", "USD 2"}, got); diff != "" {
		t.Errorf("incidents (-want +got):\n%s", diff)
	}
	if others := d.count(t, `SELECT count(*) FROM click_charges WHERE clicks < 10 AND 5 * clicks > impressions`); others != 0 {
		t.Errorf("%d other charges have a CTR above a fifth", others)
	}
}

// TestLoadOfCharges checks what must hold of every charge that is generated.
func TestLoadOfCharges(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.load(t)
	if n := d.count(t, `SELECT count(*) FROM click_charges`); n < 1000 {
		t.Fatalf("%d charges, want thousands", n)
	}
	const charged = `SELECT count(*) FROM click_charges x JOIN campaigns c USING (book_id, campaign_id) JOIN ad_accounts a USING (book_id, ad_account_id) `
	for name, sql := range map[string]string{
		"an_hour_of_a_campaign_is_charged_twice": `SELECT count(*) FROM (SELECT 1 FROM click_charges JOIN campaigns USING (book_id, campaign_id) JOIN ad_accounts USING (book_id, ad_account_id)
			GROUP BY campaign_id, date_trunc('hour', minute_at AT TIME ZONE time_zone) HAVING count(*) > 1) x`,
		"a_click_costs_more_than_the_bid":       charged + `WHERE x.billed + x.unbilled > clicks * bid_minor OR clicks < 1 OR impressions < clicks`,
		"a_campaign_is_charged_out_of_flight":   charged + `WHERE minute_at < starts_at OR minute_at >= ends_at`,
		"a_day_costs_more_than_its_budget":      `SELECT count(*) FROM ad_rollups_daily r JOIN campaigns c USING (book_id, campaign_id) WHERE budget_type = 'DAILY' AND spend_gross > budget_minor`,
		"a_campaign_costs_more_than_its_budget": `SELECT count(*) FROM campaigns WHERE budget_type = 'LIFETIME' AND consumed > budget_minor`,
	} {
		t.Run("never_"+name, func(t *testing.T) {
			if n := d.count(t, sql); n != 0 {
				t.Errorf("%d rows contradict it", n)
			}
		})
	}
	clicks := func(where string) int64 {
		return d.count(t, `SELECT coalesce(sum(clicks), 0)::bigint FROM (SELECT clicks, minute_at AT TIME ZONE time_zone AS local
			FROM click_charges JOIN campaigns USING (book_id, campaign_id) JOIN ad_accounts USING (book_id, ad_account_id) WHERE 2 * clicks < impressions) x WHERE `+where)
	}
	t.Run("people_sleep_where_they_live", func(t *testing.T) {
		night, day := clicks("extract(hour FROM local) < 6"), clicks("extract(hour FROM local) BETWEEN 8 AND 13")
		if night == 0 || day < 4*night {
			t.Errorf("%d clicks by night and %d by day, want some and many more", night, day)
		}
	})
	t.Run("people_rest_on_sundays", func(t *testing.T) {
		sunday, tuesday := clicks("extract(dow FROM local) = 0"), clicks("extract(dow FROM local) = 2")
		if sunday == 0 || 10*tuesday < 15*sunday {
			t.Errorf("%d clicks on Sundays and %d on Tuesdays, want some and half as many again", sunday, tuesday)
		}
	})
}

// TestLoadShowsProductManagersSomething asks as a product manager does, to whom
// fewer than 20 parties are shown together with others or not at all.
func TestLoadShowsProductManagersSomething(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	options := d.options()
	options.Wallets, options.Campaigns, options.Days = 200, 180, 12
	if _, err := demo.Load(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	result, err := d.NewReader(func() time.Time { return endsAt }).Analyse(t.Context(), analytics.Scope{Aggregated: true}, analytics.Query{
		Dataset: analytics.AdSpend, Metrics: []analytics.Metric{analytics.SpendNet},
		Dimensions: []analytics.Dimension{analytics.DimensionCommodity, analytics.DimensionProduct},
		Range:      domain.Range{Preset: domain.PresetLast7Days}, Grain: analytics.GrainDay, Limit: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, row := range result.Rows {
		text := func(cell analytics.Cell) string { s, _ := cell.(analytics.StringCell); return s.Text }
		rows = append(rows, text(row.Cells[0])+" "+text(row.Cells[1]))
	}
	slices.Sort(rows)
	if diff := cmp.Diff([]string{"CNX BOOSTED_PROFILE", "CNX PROMOTED_PROJECT"}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	parties := d.strings(t, `SELECT commodity || ' ' || product FROM click_charges JOIN campaigns USING (book_id, campaign_id) JOIN ad_accounts USING (book_id, ad_account_id)
		GROUP BY commodity, product HAVING count(DISTINCT owner_id) < 20 ORDER BY 1`)
	if diff := cmp.Diff([]string{"USD PROMOTED_JOB", "USD PROMOTED_PROJECT"}, parties); diff != "" {
		t.Errorf("groups that are too small to be shown (-want +got):\n%s", diff)
	}
}

// TestLoadWithoutCampaigns is the marketplace of a load that began before there were
// campaigns.
func TestLoadWithoutCampaigns(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	options := d.options()
	options.Campaigns = 0
	summary, err := demo.Load(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Journals < 1000 || summary.Load.Campaigns != 0 {
		t.Errorf("summary: %+v, want a thousand journals without campaigns", summary)
	}
	rows := d.dump(t)
	for _, table := range []string{"ad_accounts", "campaigns", "click_charges", "ad_rollups_daily", "ad_rollups_15m", "campaign_changes"} {
		if written, exists := rows[table]; !exists || len(written) != 0 {
			t.Errorf("%s has %d rows (there: %t), want none", table, len(written), exists)
		}
	}
}

// adAccounts returns what a caller's own page lists.
func (d *database) adAccounts(t *testing.T, caller domain.Caller) []campaign.AdAccount {
	t.Helper()
	page, err := d.NewReader(func() time.Time { return endsAt }).CampaignPage(t.Context(), caller, campaign.PageRequest{Mine: true})
	if err != nil {
		t.Fatal(err)
	}
	return page.AdAccounts
}

// campaigns returns every campaign as an auditor sees it when history ends.
func (d *database) campaigns(t *testing.T) []campaign.Campaign {
	t.Helper()
	rows, err := d.conn.Query(t.Context(), `SELECT book_id, campaign_id FROM campaigns`)
	if err != nil {
		t.Fatal(err)
	}
	var request campaign.PageRequest
	for rows.Next() {
		var ref campaign.Ref
		if err := rows.Scan(&ref.Book, (*[16]byte)(&ref.ID)); err != nil {
			t.Fatal(err)
		}
		request.Campaigns = append(request.Campaigns, ref)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	page, err := d.NewReader(func() time.Time { return endsAt }).CampaignPage(t.Context(), domain.Caller{All: true}, request)
	if err != nil {
		t.Fatal(err)
	}
	return page.Campaigns
}
