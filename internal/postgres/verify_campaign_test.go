package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"purser/internal/pgtest"
)

func TestVerifyCampaigns(t *testing.T) {
	t.Parallel()
	t.Run("a_true_history_is_clean", func(t *testing.T) {
		t.Parallel()
		a, db := openProcess(t, pgtest.New(t))
		a.advertise()
		verified(t, db)
	})
	const dry = `(SELECT campaign_id FROM campaigns WHERE name = 'Spring')`
	for _, tampering := range []struct{ name, statement, invariant string }{
		{"funded", `UPDATE campaigns SET funded = funded + 1`, "I22"},
		{"released", `UPDATE campaigns SET released = released - 1 WHERE released > 0`, "I22"},
		{"consumed", `UPDATE campaigns SET consumed = consumed - 1 WHERE consumed > 0`, "I22"},
		{"credited", `UPDATE campaigns SET credited = 1`, "I22"},
		{"unbilled", `UPDATE campaigns SET unbilled = unbilled + 1`, "I22"},
		{"escrow_of_another_balance", `UPDATE account_balances SET credits = credits + 1 WHERE account_id IN (SELECT account_id FROM accounts WHERE class = 'CAMPAIGN:*:ESCROW')`, "I1 I2 I9 I30"},
		{"place_in_escrow", `UPDATE lot_places SET quantity = quantity + 1 WHERE account_id IN (SELECT account_id FROM accounts WHERE class = 'CAMPAIGN:*:ESCROW')`, "I9"},
		{"campaign_removed", `DELETE FROM campaigns WHERE name = 'Spring'`, "I22 I31"},
		{"last_campaign_removed", `DELETE FROM campaigns WHERE name = 'Autumn'`, "I22 I31"},
		{"campaign_out_of_nothing", `INSERT INTO campaigns SELECT book_id, gen_random_uuid(), ad_account_id, 'x', 'x', product, ad_type, ad_id, starts_at, ends_at, bid_minor,
			budget_type, budget_minor, status, version, created_at, updated_at, budget_edits_on, budget_edits FROM campaigns LIMIT 1`, "I22"},
		{"ad_account_removed", `ALTER TABLE campaigns DROP CONSTRAINT campaigns_ad_account_fkey; DELETE FROM ad_accounts WHERE commodity = 'USD'`, "I22"},
		{"ad_account_counts", `UPDATE ad_accounts SET campaigns = campaigns + 1`, "I22"},
		{"charge_billed", `UPDATE click_charges SET billed = billed + 1`, "I22"},
		{"charge_unbilled", `UPDATE click_charges SET unbilled = unbilled + 1`, "I22"},
		{"charge_clicks", `UPDATE click_charges SET clicks = clicks + 1`, "I22"},
		{"charge_billable", `UPDATE click_charges SET billable_clicks = billable_clicks - 1 WHERE billable_clicks > 0`, "I22"},
		{"charge_impressions", `UPDATE click_charges SET impressions = 0`, "I22"},
		{"charge_batch", `UPDATE click_charges SET batch = 'x'`, "I22"},
		{"charge_minute", `UPDATE click_charges SET minute_at = minute_at - interval '1 minute'`, "I22"},
		{"charge_posted", `UPDATE click_charges SET posted_at = posted_at - interval '1 second'`, "I22"},
		{"charge_of_another", `UPDATE click_charges SET campaign_id = gen_random_uuid() WHERE campaign_id IN ` + dry, "I22"},
		{"charge_removed", `DELETE FROM click_charges WHERE campaign_id IN ` + dry, "I22"},
		{"charge_out_of_nothing", `INSERT INTO click_charges SELECT book_id, campaign_id, posted_at, gen_random_uuid(), batch, minute_at, 0, 0, 0, 0, 0 FROM click_charges LIMIT 1`, "I22"},
		{"quarter_spend", `UPDATE ad_rollups_15m SET spend_gross = spend_gross + 1`, "I22"},
		{"quarter_clicks", `UPDATE ad_rollups_15m SET clicks = clicks + 1`, "I22"},
		{"quarter_moved", `UPDATE ad_rollups_15m SET bucket_at = bucket_at - interval '1 year'`, "I22"},
		{"quarter_removed", `DELETE FROM ad_rollups_15m WHERE campaign_id IN ` + dry, "I22"},
		{"day_spend", `UPDATE ad_rollups_daily SET spend_gross = spend_gross + 1`, "I22 I31"},
		{"day_credits", `UPDATE ad_rollups_daily SET credits = credits + 1`, "I22 I31"},
		{"day_impressions", `UPDATE ad_rollups_daily SET impressions = impressions + 1`, "I22"},
		{"day_unbilled", `UPDATE ad_rollups_daily SET unbilled = unbilled + 1`, "I22"},
		{"day_moved", `UPDATE ad_rollups_daily SET day = day - 1000`, "I22 I31"},
		{"day_removed", `DELETE FROM ad_rollups_daily WHERE campaign_id IN ` + dry, "I22 I31"},
		{"day_out_of_nothing", `INSERT INTO ad_rollups_daily SELECT book_id, campaign_id, '2020-01-01', 0, 0, 0, 3, 0, 0 FROM campaigns LIMIT 1`, "I22 I31"},
		{"time_zone", `UPDATE ad_accounts SET time_zone = 'Pacific/Kiritimati' WHERE time_zone = 'America/New_York'`, "I31"},
		{"charged_at_another_time", `UPDATE journals SET effective_at = effective_at - interval '3 days' WHERE type = 'CLICK_CHARGE'`, "I22 I31"},
		{"charged_in_no_time_zone", `UPDATE journals SET arguments = decode(replace(encode(arguments, 'hex'), encode('Asia/Kathmandu', 'hex'), encode('Asia/Kathmandx', 'hex')), 'hex')
			WHERE type = 'CLICK_CHARGE'`, "I22"},
		{"charged_another_amount", `UPDATE postings SET amount = amount + 1 WHERE credit_account IN (SELECT account_id FROM accounts WHERE code = 'CONSUMED:PROFILE_ADS')`, "I2 I4 I22 I31"},
		{"credited_past_the_ledger", `UPDATE postings SET debit_account = credit_account, credit_account = debit_account
			WHERE credit_account IN (SELECT account_id FROM accounts WHERE code = 'CONSUMED:PROFILE_ADS')`, "I2 I22 I31"},
	} {
		t.Run(tampering.name+"_is_found", func(t *testing.T) {
			t.Parallel()
			pg := pgtest.New(t)
			a, db := openProcess(t, pg)
			a.advertise()
			tamper(t, pg.OwnerURL, tampering.statement)
			failed := (&history{t: t, db: db}).failures()
			for invariant := range strings.FieldsSeq(tampering.invariant) {
				if !slices.Contains(failed, invariant) {
					t.Errorf("got %v, want %s among them", failed, invariant)
				}
			}
		})
	}
}
