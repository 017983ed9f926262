package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// Charges and change logs, newest first, after the CTEs of visibleAdAccounts. What
// a campaign is charged is not fetched for an analyst. $13 and $14 are the key to go
// on from, of a change log with the line in $15; the number of rows is the last.
//
// Of each campaign, the keys of a page are walked along the primary key from there
// on, no further than the page, however long the log is. They come as arrays, one a
// column of the key, and their rows are then looked up by them.
const (
	namedCampaigns = `,
	named (book_id, campaign_id) AS (
		SELECT c.book_id, c.campaign_id
		FROM (SELECT DISTINCT t.book_id, t.campaign_id FROM unnest($7, $8) AS t (book_id, campaign_id)) n
		JOIN campaigns c ON c.book_id = n.book_id AND c.campaign_id = n.campaign_id
		JOIN visible v ON v.book_id = c.book_id AND v.ad_account_id = c.ad_account_id`
	chargedCampaigns = visibleAdAccounts + namedCampaigns + ` AND v.access <> 'ANALYST')`
	changedCampaigns = visibleAdAccounts + namedCampaigns + `)`

	chargeColumns = `k.book_id, k.campaign_id, k.posted_at, k.journal_id, k.batch, k.minute_at, k.impressions, k.clicks,
			k.billable_clicks, k.billed, k.unbilled`
	chargeFrom   = ` FROM click_charges k WHERE k.book_id = n.book_id AND k.campaign_id = n.campaign_id AND (k.posted_at, k.journal_id)`
	chargeNewer  = chargeFrom + ` < ($13::timestamptz, $14::uuid) ORDER BY k.posted_at DESC, k.journal_id DESC LIMIT $15::integer)`
	chargeOlder  = chargeFrom + ` > ($13::timestamptz, $14::uuid) ORDER BY k.posted_at, k.journal_id LIMIT $15::integer)`
	chargeKeys   = chargedCampaigns + `, keys AS (SELECT n.book_id, n.campaign_id, ARRAY(SELECT k.posted_at`
	chargeAnswer = ` AS journals FROM named n)
	SELECT ` + chargeColumns + `
	FROM (SELECT book_id, campaign_id, unnest(instants) AS posted_at, unnest(journals) AS journal_id FROM keys) n
	JOIN click_charges k ON k.book_id = n.book_id AND k.campaign_id = n.campaign_id AND k.posted_at = n.posted_at AND k.journal_id = n.journal_id
	ORDER BY k.book_id, k.campaign_id, k.posted_at DESC, k.journal_id DESC`

	chargesSQL         = "-- name: charges\n" + chargeKeys + chargeNewer + ` AS instants, ARRAY(SELECT k.journal_id` + chargeNewer + chargeAnswer
	chargesBackwardSQL = "-- name: charges_backward\n" + chargeKeys + chargeOlder + ` AS instants, ARRAY(SELECT k.journal_id` + chargeOlder + chargeAnswer

	changeColumns = `k.book_id, k.campaign_id, k.changed_at, k.journal_id, k.line, k.actor, k.field, k.old_value, k.new_value`
	changeFrom    = ` FROM campaign_changes k WHERE k.book_id = n.book_id AND k.campaign_id = n.campaign_id AND (k.changed_at, k.journal_id, k.line)`
	changeNewer   = changeFrom + ` < ($13::timestamptz, $14::uuid, $15::smallint)
			ORDER BY k.changed_at DESC, k.journal_id DESC, k.line DESC LIMIT $16::integer)`
	changeOlder = changeFrom + ` > ($13::timestamptz, $14::uuid, $15::smallint)
			ORDER BY k.changed_at, k.journal_id, k.line LIMIT $16::integer)`
	changeKeys   = changedCampaigns + `, keys AS (SELECT n.book_id, n.campaign_id, ARRAY(SELECT k.changed_at`
	changeAnswer = ` AS lines FROM named n)
	SELECT ` + changeColumns + `
	FROM (SELECT book_id, campaign_id, unnest(instants) AS changed_at, unnest(journals) AS journal_id, unnest(lines) AS line FROM keys) n
	JOIN campaign_changes k
		ON k.book_id = n.book_id AND k.campaign_id = n.campaign_id AND k.changed_at = n.changed_at AND k.journal_id = n.journal_id AND k.line = n.line
	ORDER BY k.book_id, k.campaign_id, k.changed_at DESC, k.journal_id DESC, k.line DESC`

	changesSQL = "-- name: campaign_changes\n" + changeKeys + changeNewer + ` AS instants, ARRAY(SELECT k.journal_id` + changeNewer +
		` AS journals, ARRAY(SELECT k.line` + changeNewer + changeAnswer
	changesBackwardSQL = "-- name: campaign_changes_backward\n" + changeKeys + changeOlder + ` AS instants, ARRAY(SELECT k.journal_id` + changeOlder +
		` AS journals, ARRAY(SELECT k.line` + changeOlder + changeAnswer

	// The key of a charge begins with when it was posted, which its journal knows.
	clickChargeSQL = `-- name: click_charge
		SELECT ` + chargeColumns + ` FROM journals j
		JOIN click_charges k ON k.book_id = j.book_id AND k.campaign_id = $2 AND k.posted_at = j.posted_at AND k.journal_id = j.journal_id
		WHERE j.book_id = $1 AND j.journal_id = $3`
)

// Ends of time and of ids, before and behind every row.
var (
	neverYet  = pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}
	neverMore = pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	lastID    = ledger.ID{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	}
)

func (p *campaignRead) charges(batch *pgx.Batch, query campaign.ChargesQuery) {
	sql, start := chargesSQL, []any{neverMore, lastID}
	if query.Direction == campaign.Backward {
		sql, start = chargesBackwardSQL, []any{neverYet, ledger.NilID}
	}
	if query.HasKey {
		start = []any{query.Key.PostedAt, query.Key.Journal}
	}
	batch.Queue(sql, p.question.with(append(start, query.Limit+1)...)...).
		Query(sectionsOf(p, query, func(rows pgx.Rows, section func(campaign.Ref) *campaign.ChargePage) error {
			book, charge, err := scanCharge(rows)
			if err != nil {
				return err
			}
			page := section(campaign.Ref{Book: book, ID: charge.Campaign})
			page.Charges, page.More = upTo(query.Limit, query.Direction, append(page.Charges, charge))
			return nil
		}))
}

// upTo drops, of one row too many, the one furthest in the direction of reading:
// it only says that there is more. Rows come newest first whatever the direction.
func upTo[T any](limit int, direction campaign.Direction, rows []T) (kept []T, more bool) {
	switch {
	case len(rows) <= limit:
		return rows, false
	case direction == campaign.Backward:
		return slices.Delete(rows, 0, 1), true
	default:
		return rows[:limit], true
	}
}

func scanCharge(row pgx.Row) (book ledger.BookID, charge campaign.ChargeRow, err error) {
	err = row.Scan(&book, &charge.Campaign, &charge.PostedAt, &charge.Journal, &charge.Batch, &charge.MinuteAt, &charge.Impressions, &charge.Clicks,
		&charge.BillableClicks, &charge.Billed, &charge.Unbilled)
	return book, charge, err
}

func (p *campaignRead) changes(batch *pgx.Batch, query campaign.ChangesQuery) {
	sql, start := changesSQL, []any{neverMore, lastID, int16(math.MaxInt16)}
	if query.Direction == campaign.Backward {
		sql, start = changesBackwardSQL, []any{neverYet, ledger.NilID, int16(math.MinInt16)}
	}
	if query.HasKey {
		start = []any{query.Key.At, query.Key.Journal, query.Key.Line}
	}
	batch.Queue(sql, p.question.with(append(start, query.Limit+1)...)...).
		Query(sectionsOf(p, query, func(rows pgx.Rows, section func(campaign.Ref) *campaign.ChangePage) error {
			var ref campaign.Ref
			var change campaign.ChangeRow
			if err := rows.Scan(&ref.Book, &ref.ID, &change.At, &change.Journal, &change.Line, &change.Actor,
				&change.Field, &change.Old, &change.New); err != nil {
				return err
			}
			change.Campaign = ref.ID
			page := section(ref)
			page.Changes, page.More = upTo(query.Limit, query.Direction, append(page.Changes, change))
			return nil
		}))
}

// ClickCharge returns the charge that a journal recorded for a campaign. It
// returns domain.ErrNotFound where that campaign has no charge of the journal.
func (r *Reader) ClickCharge(ctx context.Context, book ledger.BookID, of, journal ledger.ID) (campaign.ChargeRow, error) {
	_, charge, err := scanCharge(r.pool.QueryRow(ctx, clickChargeSQL, book, of, journal))
	if errors.Is(err, pgx.ErrNoRows) {
		err = domain.ErrNotFound
	}
	if err != nil {
		return campaign.ChargeRow{}, fmt.Errorf("read charge %s of campaign %s: %w", journal, of, unavailable(err))
	}
	return charge, nil
}
