package postgres

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// Limits of one statement that compares advertising spend: the campaigns, and
// beyond the first of them the postings of their escrow accounts. Both together
// keep it well under the connection's statement timeout.
const (
	verifyCampaigns        = 200
	verifyCampaignPostings = 20_000
)

// escrowsOf gives the campaigns after $2 of book $1 the account of their escrow.
// A campaign without one stays, since its rollups must then be empty.
const escrowsOf = `
		FROM campaigns c
		JOIN ad_accounts o ON o.book_id = c.book_id AND o.ad_account_id = c.ad_account_id
		LEFT JOIN accounts e ON e.book_id = c.book_id AND e.commodity = o.commodity
			AND e.code = CASE WHEN o.commodity = 'CNX' THEN 'CAMPAIGN:' ELSE '2010:' END || c.campaign_id || ':ESCROW'`

// spendAccounts are where charges of campaigns go, and credits come from.
const spendAccounts = `('CONSUMED:PROFILE_ADS', '4020')`

// walkAdSpend checks that, per campaign and local date of its ad account, the
// spend less the credits of the daily rollup is what the postings moved out of
// the campaign's escrow into consumption or revenue, less what came back (I31).
// It reads rows alone: neither the replay nor the functions that make rollups.
func (v *verifier) walkAdSpend() *rowWalk {
	var after ledger.ID
	return &rowWalk{what: "advertising spend", page: func(ctx context.Context) (bool, error) {
		last, err := v.adSpendRange(ctx, after)
		if errors.Is(err, pgx.ErrNoRows) {
			if err := v.compareAdSpendRange(ctx, after, beyondIDs); err != nil { // rollups of campaigns that are not there
				return false, err
			}
			after = ledger.ID{}
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if err := v.compareAdSpendRange(ctx, after, last); err != nil {
			return false, err
		}
		after = last
		return true, nil
	}}
}

// beyondIDs follows every id.
var beyondIDs = ledger.ID(bytes.Repeat([]byte{0xff}, len(ledger.ID{})))

// adSpendRange returns the last campaign of the range that follows a campaign.
// Charges that are posted before the range is compared make it a little longer.
func (v *verifier) adSpendRange(ctx context.Context, after ledger.ID) (last ledger.ID, err error) {
	err = v.db.read.QueryRow(ctx, `-- name: verify_ad_spend_range
		SELECT campaign_id FROM (
			SELECT r.campaign_id, sum(r.postings) OVER (ORDER BY r.campaign_id) - r.postings AS before
			FROM (
				SELECT c.campaign_id, coalesce(b.version, 0) AS postings`+escrowsOf+`
				LEFT JOIN account_balances b ON b.book_id = e.book_id AND b.account_id = e.account_id
				WHERE c.book_id = $1 AND c.campaign_id > $2 ORDER BY c.campaign_id LIMIT $3) r) s
		WHERE before < $4 ORDER BY campaign_id DESC LIMIT 1`, v.book, after, verifyCampaigns, verifyCampaignPostings).Scan(&last)
	return last, err
}

func (v *verifier) compareAdSpendRange(ctx context.Context, after, last ledger.ID) error {
	var campaign ledger.ID
	var day time.Time
	var analytics, posted int64
	err := v.db.read.QueryRow(ctx, `-- name: verify_ad_spend
		WITH escrows AS (
			SELECT c.campaign_id, e.account_id, o.time_zone`+escrowsOf+`
			WHERE c.book_id = $1 AND c.campaign_id > $2 AND c.campaign_id <= $3),
		moved AS (
			SELECT e.campaign_id, e.time_zone, p.journal_id, p.amount
			FROM escrows e JOIN postings p ON p.book_id = $1 AND p.debit_account = e.account_id
			JOIN accounts t ON t.book_id = $1 AND t.account_id = p.credit_account AND t.code IN `+spendAccounts+`
			UNION ALL
			SELECT e.campaign_id, e.time_zone, p.journal_id, -p.amount
			FROM escrows e JOIN postings p ON p.book_id = $1 AND p.credit_account = e.account_id
			JOIN accounts t ON t.book_id = $1 AND t.account_id = p.debit_account AND t.code IN `+spendAccounts+`),
		posted AS (
			SELECT m.campaign_id, (j.effective_at AT TIME ZONE m.time_zone)::date AS day, sum(m.amount)::bigint AS amount
			FROM moved m JOIN journals j ON j.book_id = $1 AND j.journal_id = m.journal_id
			GROUP BY m.campaign_id, (j.effective_at AT TIME ZONE m.time_zone)::date),
		rolled AS (
			SELECT campaign_id, day, spend_gross - credits AS amount FROM ad_rollups_daily
			WHERE book_id = $1 AND campaign_id > $2 AND campaign_id <= $3)
		SELECT coalesce(r.campaign_id, p.campaign_id), coalesce(r.day, p.day), coalesce(r.amount, 0), coalesce(p.amount, 0)
		FROM rolled r FULL JOIN posted p ON p.campaign_id = r.campaign_id AND p.day = r.day
		WHERE coalesce(r.amount, 0) <> coalesce(p.amount, 0)
		ORDER BY 1, 2 LIMIT 1`, v.book, after, last).Scan(&campaign, &day, &analytics, &posted)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	v.found.expect(false, "I31", "book %d: campaign %s has spent %d on %s by the daily rollup, its postings make %d",
		v.book, campaign, analytics, day.Format(time.DateOnly), posted)
	return nil
}
