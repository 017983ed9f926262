package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/campaign"
	"purser/ledger"
)

func writeAdAccounts(batch *pgx.Batch, book ledger.BookID, effects []any) {
	rows := rowsOf[campaign.AdAccountRow](effects)
	batch.Queue(`-- name: ad_accounts_write
		INSERT INTO ad_accounts (book_id, ad_account_id, owner_id, name, commodity, wallet_id, time_zone, opened_at, campaigns)
		SELECT $1::integer, n.*
		FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::timestamptz[], $9::bigint[]) AS n`, book,
		column(rows, func(r *campaign.AdAccountRow) ledger.ID { return r.ID }),
		column(rows, func(r *campaign.AdAccountRow) ledger.ID { return r.Owner }),
		column(rows, func(r *campaign.AdAccountRow) string { return r.Name }),
		column(rows, func(r *campaign.AdAccountRow) string { return string(r.Commodity) }),
		column(rows, func(r *campaign.AdAccountRow) *ledger.ID { return optionalID(r.Wallet) }),
		column(rows, func(r *campaign.AdAccountRow) string { return r.TimeZone }),
		column(rows, func(r *campaign.AdAccountRow) time.Time { return r.OpenedAt }),
		column(rows, func(r *campaign.AdAccountRow) int64 { return r.Campaigns }))
}

// writeCampaigns also counts the campaigns on their ad accounts.
func writeCampaigns(batch *pgx.Batch, book ledger.BookID, effects []any) {
	rows := rowsOf[campaign.Row](effects)
	arguments := append(append([]any{book}, decidedColumns(rows)...),
		column(rows, func(r *campaign.Row) ledger.ID { return r.AdAccount }),
		column(rows, func(r *campaign.Row) string { return string(r.Product) }),
		column(rows, func(r *campaign.Row) time.Time { return r.CreatedAt }),
		column(rows, func(r *campaign.Row) int64 { return r.Totals.Funded }),
		column(rows, func(r *campaign.Row) int64 { return r.Totals.Released }),
		column(rows, func(r *campaign.Row) int64 { return r.Totals.Consumed }),
		column(rows, func(r *campaign.Row) int64 { return r.Totals.Credited }),
		column(rows, func(r *campaign.Row) int64 { return r.Totals.Unbilled }))
	batch.Queue(`-- name: campaigns_write
		INSERT INTO campaigns (book_id, campaign_id, name, name_key, ad_type, ad_id, starts_at, ends_at, bid_minor, budget_type, budget_minor,
			status, version, updated_at, budget_edits_on, budget_edits, ad_account_id, product, created_at,
			funded, released, consumed, credited, unbilled)
		SELECT $1::integer, n.*
		FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::timestamptz[], $9::bigint[], $10::text[],
			$11::bigint[], $12::text[], $13::bigint[], $14::timestamptz[], $15::date[], $16::bigint[], $17::uuid[], $18::text[],
			$19::timestamptz[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[]) AS n`, arguments...)
	created := map[ledger.ID]int64{}
	for i := range rows {
		created[rows[i].AdAccount]++
	}
	accounts, counts := make([]ledger.ID, 0, len(created)), make([]int64, 0, len(created))
	for account, count := range created {
		accounts, counts = append(accounts, account), append(counts, count)
	}
	batch.Queue(`-- name: ad_accounts_campaigns_update
		UPDATE ad_accounts a SET campaigns = a.campaigns + n.campaigns
		FROM unnest($2::uuid[], $3::bigint[]) AS n (ad_account_id, campaigns)
		CROSS JOIN LATERAL (SELECT t.ctid AS at FROM ad_accounts t WHERE t.book_id = $1 AND t.ad_account_id = n.ad_account_id OFFSET 0) o
		WHERE a.ctid = o.at`, book, accounts, counts)
}

// decidedColumns are the campaigns' ids and the columns that their owner decides.
func decidedColumns(rows []campaign.Row) []any {
	return []any{
		column(rows, func(r *campaign.Row) ledger.ID { return r.ID }),
		column(rows, func(r *campaign.Row) string { return r.Name }),
		column(rows, func(r *campaign.Row) string { return campaign.FoldName(r.Name) }),
		column(rows, func(r *campaign.Row) string { return string(r.AdType) }),
		column(rows, func(r *campaign.Row) ledger.ID { return r.AdID }),
		column(rows, func(r *campaign.Row) time.Time { return r.StartsAt }),
		column(rows, func(r *campaign.Row) *time.Time { return optionalTime(r.EndsAt) }),
		column(rows, func(r *campaign.Row) int64 { return r.BidMinor }),
		column(rows, func(r *campaign.Row) string { return string(r.Budget.Type) }),
		column(rows, func(r *campaign.Row) int64 { return r.Budget.AmountMinor }),
		column(rows, func(r *campaign.Row) string { return string(r.Status) }),
		column(rows, func(r *campaign.Row) int64 { return r.Version }),
		column(rows, func(r *campaign.Row) time.Time { return r.UpdatedAt }),
		column(rows, func(r *campaign.Row) time.Time { return r.BudgetEditsOn.Time() }),
		column(rows, func(r *campaign.Row) int64 { return r.BudgetEdits }),
	}
}

// writeCampaignUpdates fails the batch when a campaign is not at the version the
// fold saw. Of several updates of one campaign the last says it all; the first
// says which version they began from.
func writeCampaignUpdates(batch *pgx.Batch, book ledger.BookID, effects []any) {
	at := make(map[ledger.ID]int, len(effects))
	var rows []campaign.Row
	var before []int64
	for _, row := range rowsOf[campaign.Row](effects) {
		n, found := at[row.ID]
		if !found {
			at[row.ID] = len(rows)
			rows, before = append(rows, row), append(before, row.Version-1)
			continue
		}
		rows[n] = row
	}
	batch.Queue(`-- name: campaigns_update
		WITH changed AS (
			UPDATE campaigns c SET name = n.name, name_key = n.name_key, ad_type = n.ad_type, ad_id = n.ad_id, starts_at = n.starts_at,
				ends_at = n.ends_at, bid_minor = n.bid_minor, budget_type = n.budget_type, budget_minor = n.budget_minor, status = n.status,
				version = n.version, updated_at = n.updated_at, budget_edits_on = n.budget_edits_on, budget_edits = n.budget_edits
			FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::timestamptz[], $9::bigint[],
				$10::text[], $11::bigint[], $12::text[], $13::bigint[], $14::timestamptz[], $15::date[], $16::bigint[], $17::bigint[])
				AS n (campaign_id, name, name_key, ad_type, ad_id, starts_at, ends_at, bid_minor, budget_type, budget_minor, status, version,
					updated_at, budget_edits_on, budget_edits, version_before)
			CROSS JOIN LATERAL (SELECT t.ctid AS at FROM campaigns t
				WHERE t.book_id = $1 AND t.campaign_id = n.campaign_id AND t.version = n.version_before OFFSET 0) o
			WHERE c.ctid = o.at
			RETURNING c.campaign_id)
		SELECT ledger_require(count(campaign_id) = cardinality($2::uuid[]), 'campaigns_version') FROM changed`,
		append(append([]any{book}, decidedColumns(rows)...), before)...)
}

// writeCampaignTotals first adds up the rows of one campaign: one statement may
// not update a row twice. A campaign that is not there fails the batch, or its
// counters would be lost.
func writeCampaignTotals(batch *pgx.Batch, book ledger.BookID, effects []any) {
	at := make(map[ledger.ID]int, len(effects))
	var rows []campaign.TotalsRow
	for _, row := range rowsOf[campaign.TotalsRow](effects) {
		n, found := at[row.Campaign]
		if !found {
			at[row.Campaign] = len(rows)
			rows = append(rows, row)
			continue
		}
		rows[n].Totals = addTotals(rows[n].Totals, row.Totals)
	}
	batch.Queue(`-- name: campaigns_totals_update
		WITH changed AS (
			UPDATE campaigns c SET funded = c.funded + n.funded, released = c.released + n.released, consumed = c.consumed + n.consumed,
				credited = c.credited + n.credited, unbilled = c.unbilled + n.unbilled
			FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
				AS n (campaign_id, funded, released, consumed, credited, unbilled)
			CROSS JOIN LATERAL (SELECT t.ctid AS at FROM campaigns t WHERE t.book_id = $1 AND t.campaign_id = n.campaign_id OFFSET 0) o
			WHERE c.ctid = o.at
			RETURNING c.campaign_id)
		SELECT ledger_require(count(campaign_id) = cardinality($2::uuid[]), 'campaigns_known') FROM changed`, book,
		column(rows, func(r *campaign.TotalsRow) ledger.ID { return r.Campaign }),
		column(rows, func(r *campaign.TotalsRow) int64 { return r.Funded }),
		column(rows, func(r *campaign.TotalsRow) int64 { return r.Released }),
		column(rows, func(r *campaign.TotalsRow) int64 { return r.Consumed }),
		column(rows, func(r *campaign.TotalsRow) int64 { return r.Credited }),
		column(rows, func(r *campaign.TotalsRow) int64 { return r.Unbilled }))
}

func addTotals(a, b campaign.Totals) campaign.Totals {
	return campaign.Totals{
		Funded: a.Funded + b.Funded, Released: a.Released + b.Released, Consumed: a.Consumed + b.Consumed,
		Credited: a.Credited + b.Credited, Unbilled: a.Unbilled + b.Unbilled,
	}
}

func writeCampaignChanges(batch *pgx.Batch, book ledger.BookID, effects []any) {
	var rows []campaign.ChangeRow
	for _, journal := range rowsOf[[]campaign.ChangeRow](effects) {
		rows = append(rows, journal...)
	}
	batch.Queue(`-- name: campaign_changes_write
		INSERT INTO campaign_changes (book_id, campaign_id, changed_at, journal_id, line, actor, field, old_value, new_value)
		SELECT $1::integer, n.*
		FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::smallint[], $6::text[], $7::text[], $8::text[], $9::text[]) AS n`, book,
		column(rows, func(r *campaign.ChangeRow) ledger.ID { return r.Campaign }),
		column(rows, func(r *campaign.ChangeRow) time.Time { return r.At }),
		column(rows, func(r *campaign.ChangeRow) ledger.ID { return r.Journal }),
		column(rows, func(r *campaign.ChangeRow) int16 { return r.Line }),
		column(rows, func(r *campaign.ChangeRow) string { return r.Actor }),
		column(rows, func(r *campaign.ChangeRow) string { return r.Field }),
		column(rows, func(r *campaign.ChangeRow) string { return r.Old }),
		column(rows, func(r *campaign.ChangeRow) string { return r.New }))
}

func writeClickCharges(batch *pgx.Batch, book ledger.BookID, effects []any) {
	rows := rowsOf[campaign.ChargeRow](effects)
	batch.Queue(`-- name: click_charges_write
		INSERT INTO click_charges (book_id, campaign_id, posted_at, journal_id, batch, minute_at, impressions, clicks, billable_clicks, billed, unbilled)
		SELECT $1::integer, n.*
		FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::timestamptz[], $7::bigint[], $8::bigint[], $9::bigint[],
			$10::bigint[], $11::bigint[]) AS n`, book,
		column(rows, func(r *campaign.ChargeRow) ledger.ID { return r.Campaign }),
		column(rows, func(r *campaign.ChargeRow) time.Time { return r.PostedAt }),
		column(rows, func(r *campaign.ChargeRow) ledger.ID { return r.Journal }),
		column(rows, func(r *campaign.ChargeRow) string { return r.Batch }),
		column(rows, func(r *campaign.ChargeRow) time.Time { return r.MinuteAt }),
		column(rows, func(r *campaign.ChargeRow) int64 { return r.Impressions }),
		column(rows, func(r *campaign.ChargeRow) int64 { return r.Clicks }),
		column(rows, func(r *campaign.ChargeRow) int64 { return r.BillableClicks }),
		column(rows, func(r *campaign.ChargeRow) int64 { return r.Billed }),
		column(rows, func(r *campaign.ChargeRow) int64 { return r.Unbilled }))
}

// optionalTime stores the zero time as null.
func optionalTime(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
