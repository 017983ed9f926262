package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/ledger"
)

// registerCampaign tells the store how to read the campaign package's guards and
// write its effects. A campaign may be created, changed and funded in one batch:
// its row comes first, then what its owner changed, then what adds to it.
func (s *Store) registerCampaign() {
	s.guards[campaign.GuardAdAccount] = readAdAccounts
	s.guards[campaign.GuardCampaign] = readCampaigns
	s.guards[campaign.GuardName] = readCampaignNames
	s.guards[campaign.GuardDay] = readCampaignDays
	s.effects = append(s.effects,
		registeredEffect{campaign.EffectAdAccount, writeAdAccounts},
		registeredEffect{campaign.EffectCampaign, writeCampaigns},
		registeredEffect{campaign.EffectUpdate, writeCampaignUpdates},
		registeredEffect{campaign.EffectTotals, writeCampaignTotals},
		registeredEffect{campaign.EffectChanges, writeCampaignChanges},
		registeredEffect{campaign.EffectCharge, writeClickCharges},
		registeredEffect{analytics.EffectRollup, writeRollups},
	)
}

func readAdAccounts(batch *pgx.Batch, book ledger.BookID, ids []string, found func(id string, row any)) {
	batch.Queue(`-- name: guard_ad_accounts_read
		SELECT a.ad_account_id, a.owner_id, a.name, a.commodity, a.wallet_id, a.time_zone, a.opened_at, a.campaigns
		FROM unnest($2::text[]::uuid[]) AS n (id)
		CROSS JOIN LATERAL (
			SELECT t.ad_account_id, t.owner_id, t.name, t.commodity, t.wallet_id, t.time_zone, t.opened_at, t.campaigns
			FROM ad_accounts t WHERE t.book_id = $1 AND t.ad_account_id = n.id OFFSET 0) a`, book, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var row campaign.AdAccountRow
			var wallet *ledger.ID
			if err := rows.Scan(&row.ID, &row.Owner, &row.Name, &row.Commodity, &wallet, &row.TimeZone, &row.OpenedAt, &row.Campaigns); err != nil {
				return err
			}
			if wallet != nil {
				row.Wallet = *wallet
			}
			found(row.ID.String(), row)
		}
		return rows.Err()
	})
}

func readCampaigns(batch *pgx.Batch, book ledger.BookID, ids []string, found func(id string, row any)) {
	batch.Queue(`-- name: guard_campaigns_read
		SELECT c.campaign_id, c.ad_account_id, c.name, c.product, c.ad_type, c.ad_id, c.starts_at, c.ends_at, c.bid_minor, c.budget_type,
			c.budget_minor, c.status, c.version, c.created_at, c.updated_at, c.budget_edits_on, c.budget_edits,
			c.funded, c.released, c.consumed, c.credited, c.unbilled
		FROM unnest($2::text[]::uuid[]) AS n (id)
		CROSS JOIN LATERAL (
			SELECT t.campaign_id, t.ad_account_id, t.name, t.product, t.ad_type, t.ad_id, t.starts_at, t.ends_at, t.bid_minor, t.budget_type,
				t.budget_minor, t.status, t.version, t.created_at, t.updated_at, t.budget_edits_on, t.budget_edits,
				t.funded, t.released, t.consumed, t.credited, t.unbilled
			FROM campaigns t WHERE t.book_id = $1 AND t.campaign_id = n.id OFFSET 0) c`, book, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			row, err := scanCampaignRow(rows)
			if err != nil {
				return err
			}
			found(row.ID.String(), row)
		}
		return rows.Err()
	})
}

func scanCampaignRow(rows pgx.Rows) (row campaign.Row, err error) {
	var ends *time.Time
	var edited time.Time
	err = rows.Scan(&row.ID, &row.AdAccount, &row.Name, &row.Product, &row.AdType, &row.AdID, &row.StartsAt, &ends, &row.BidMinor, &row.Budget.Type,
		&row.Budget.AmountMinor, &row.Status, &row.Version, &row.CreatedAt, &row.UpdatedAt, &edited, &row.BudgetEdits,
		&row.Totals.Funded, &row.Totals.Released, &row.Totals.Consumed, &row.Totals.Credited, &row.Totals.Unbilled)
	if ends != nil {
		row.EndsAt = *ends
	}
	row.BudgetEditsOn = ledger.DateOf(edited)
	return row, err
}

// readCampaignNames takes campaign.NameKey apart: the ad account's id, 36
// characters long, a separator and the name.
func readCampaignNames(batch *pgx.Batch, book ledger.BookID, ids []string, found func(id string, row any)) {
	batch.Queue(`-- name: guard_campaign_names_read
		SELECT n.id, c.campaign_id FROM unnest($2::text[]) AS n (id)
		CROSS JOIN LATERAL (
			SELECT t.campaign_id FROM campaigns t
			WHERE t.book_id = $1 AND t.ad_account_id = left(n.id, 36)::uuid AND t.name_key = substr(n.id, 38) OFFSET 0) c`, book, ids).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var id string
				var named ledger.ID
				if err := rows.Scan(&id, &named); err != nil {
					return err
				}
				found(id, named)
			}
			return rows.Err()
		})
}

// readCampaignDays takes campaign.DayKey apart: the campaign's id, 36 characters
// long, a separator and the date.
func readCampaignDays(batch *pgx.Batch, book ledger.BookID, ids []string, found func(id string, row any)) {
	batch.Queue(`-- name: guard_campaign_days_read
		SELECT n.id, d.spend FROM unnest($2::text[]) AS n (id)
		CROSS JOIN LATERAL (
			SELECT t.spend_gross - t.credits AS spend FROM ad_rollups_daily t
			WHERE t.book_id = $1 AND t.campaign_id = left(n.id, 36)::uuid AND t.day = substr(n.id, 38)::date OFFSET 0) d`, book, ids).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var id string
				var spend int64
				if err := rows.Scan(&id, &spend); err != nil {
					return err
				}
				found(id, spend)
			}
			return rows.Err()
		})
}

// rowsOf gives an effect's rows their type.
func rowsOf[R any](rows []any) []R {
	typed := make([]R, len(rows))
	for i := range rows {
		typed[i] = rows[i].(R)
	}
	return typed
}

// column is one column of rows, as a statement takes it.
func column[R, T any](rows []R, value func(*R) T) []T {
	values := make([]T, len(rows))
	for i := range rows {
		values[i] = value(&rows[i])
	}
	return values
}
