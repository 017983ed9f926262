package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/campaign"
	"purser/ledger"
)

const (
	// What an ad account's campaigns may spend today is the daily budgets of those
	// that are enabled with today in their flight, and what was left of the
	// lifetime budgets when the day began.
	adAccountsSQL = "-- name: ad_accounts\n" + deliveredByAccount + `,
	today AS (
		SELECT d.book_id, d.ad_account_id, sum(d.spent_today)::bigint AS spent,
			sum(CASE WHEN d.budget_type = 'DAILY' THEN d.budget_minor ELSE greatest(d.budget_minor - (d.consumed - d.credited - d.spent_today), 0) END)
				FILTER (WHERE d.status = 'ENABLED'
					AND (d.starts_at AT TIME ZONE d.time_zone)::date <= d.today
					AND (d.ends_at IS NULL OR d.ends_at AT TIME ZONE d.time_zone > d.today))::bigint AS budget
		FROM delivered d GROUP BY d.book_id, d.ad_account_id
	)
	SELECT v.book_id, v.ad_account_id, v.owner_id, v.name, v.commodity, v.wallet_id, v.time_zone, v.opened_at, v.campaigns, v.access,
		coalesce(b.credits - b.debits, 0), coalesce(t.spent, 0), coalesce(t.budget, 0), v.seq, v.now
	FROM visible v
	LEFT JOIN today t ON t.book_id = v.book_id AND t.ad_account_id = v.ad_account_id
	LEFT JOIN accounts a ON a.book_id = v.book_id AND a.code = '2010:' || v.ad_account_id AND a.commodity = v.commodity AND v.access <> 'ANALYST'
	LEFT JOIN account_balances b ON b.book_id = a.book_id AND b.account_id = a.account_id
	WHERE v.asked
	ORDER BY v.ad_account_id`

	// What a campaign was funded with is not fetched for an analyst.
	campaignColumns = `d.book_id, d.campaign_id, d.ad_account_id, d.name, d.product, d.ad_type, d.ad_id, d.starts_at, d.ends_at,
		d.bid_minor, d.budget_type, d.budget_minor, d.status, d.version, d.created_at, d.updated_at, d.budget_edits_on, d.budget_edits,
		CASE WHEN d.access <> 'ANALYST' THEN d.funded ELSE 0 END, CASE WHEN d.access <> 'ANALYST' THEN d.released ELSE 0 END,
		d.consumed, d.credited, d.unbilled, d.spent_today, d.owner_id, d.commodity, d.wallet_id, d.time_zone, d.access, d.seq,
		d.reasons, d.state`
	campaignsSQL = "-- name: campaigns_by_name\n" + deliveredByName + `
	SELECT d.now, ` + campaignColumns + ` FROM delivered d`
)

func (p *campaignRead) adAccounts(batch *pgx.Batch) {
	batch.Queue(adAccountsSQL, p.question.with()...).Query(each(func(rows pgx.Rows) error {
		var a campaign.AdAccount
		var funder *ledger.ID
		err := rows.Scan(&a.Book, &a.ID, &a.Owner, &a.Name, &a.Commodity, &funder, &a.TimeZone, &a.OpenedAt, &a.Campaigns, &a.Access,
			&a.Prepaid, &a.SpentToday, &a.BudgetToday, &a.BookSeq, &p.page.Now)
		a.Wallet = orZero(funder)
		p.page.AdAccounts = append(p.page.AdAccounts, a)
		return err
	}))
}

func (p *campaignRead) campaigns(batch *pgx.Batch) {
	batch.Queue(campaignsSQL, p.question.with()...).Query(each(func(rows pgx.Rows) error {
		c, err := scanCampaign(rows, &p.page.Now)
		p.page.Campaigns = append(p.page.Campaigns, c)
		p.find(c)
		return err
	}))
}

// scanCampaign reads a row that ends with campaignColumns, and what comes before
// them into first.
func scanCampaign(rows pgx.Rows, first ...any) (campaign.Campaign, error) {
	var c campaign.Campaign
	var ends *time.Time
	var edited time.Time
	var funder *ledger.ID
	err := rows.Scan(append(first, &c.Book, &c.ID, &c.AdAccount, &c.Name, &c.Product, &c.AdType, &c.AdID, &c.StartsAt, &ends,
		&c.BidMinor, &c.Budget.Type, &c.Budget.AmountMinor, &c.Status, &c.Version, &c.CreatedAt, &c.UpdatedAt, &edited, &c.BudgetEdits,
		&c.Totals.Funded, &c.Totals.Released, &c.Totals.Consumed, &c.Totals.Credited, &c.Totals.Unbilled,
		&c.SpentToday, &c.Owner, &c.Commodity, &funder, &c.TimeZone, &c.Access, &c.BookSeq, &c.Delivery.Reasons, &c.Delivery.State)...)
	c.EndsAt, c.BudgetEditsOn, c.Wallet = orZero(ends), ledger.DateOf(edited), orZero(funder)
	return c, err
}
