package postgres

import (
	"maps"
	"slices"
	"time"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Who sees which ad account, as the beginning of every statement on ad accounts
// and campaigns that may name what is not the caller's. What it leaves out is
// never fetched, so that what is not the caller's, what does not exist and what is
// named with another book cost and answer the same.
//
// Its parameters are those of campaignQuestion: $1 every ad account is open, $2 the
// party, $3 the party's own ad accounts are open, $4 roles that count, $5 and $6
// books and ids of ad accounts, aligned, $7 and $8 of campaigns, $9 the caller's
// own list is asked for instead, $10 the process clock, $11 and $12 commodities and
// the lowest bid in each.
//
// The CTEs it defines are
//   - instant: the snapshot's now, as for wallets. It is over all that a question
//     is about, so that every statement of the question has the same;
//   - visible: the ad accounts that are named, listed, or have a named campaign,
//     with as what the caller reaches them, and the date where they are; asked
//     leaves out the last;
//   - floors: the policy's lowest bids, which delivery compares with.
const (
	visibleAdAccounts = `WITH reached (owner_id, rank) AS (
		SELECT owner_id, min(rank) FROM (
			SELECT $2::uuid AS owner_id, 1 AS rank WHERE $3::boolean
			UNION ALL
			SELECT organisation_id, CASE WHEN role = 'ADVERTISER_ADMIN' THEN 2 ELSE 3 END FROM memberships
			WHERE party_id = $2 AND role = ANY($4::text[]) AND role IN ('ADVERTISER_ADMIN', 'ADVERTISER_ANALYST') AND ended_at IS NULL
		) ways GROUP BY owner_id
	),
	wanted (book_id, ad_account_id, asked) AS (
		SELECT book_id, ad_account_id, bool_or(asked) FROM (
			SELECT n.book_id, n.ad_account_id, true AS asked FROM unnest($5::integer[], $6::uuid[]) AS n (book_id, ad_account_id)
			UNION ALL
			(SELECT a.book_id, a.ad_account_id, true
			FROM reached r JOIN owners o ON o.owner_id = r.owner_id JOIN ad_accounts a ON a.book_id = o.book_id AND a.owner_id = o.owner_id
			WHERE $9::boolean ORDER BY a.ad_account_id LIMIT 100)
			UNION ALL
			SELECT c.book_id, c.ad_account_id, false
			FROM unnest($7::integer[], $8::uuid[]) AS n (book_id, campaign_id)
			JOIN campaigns c ON c.book_id = n.book_id AND c.campaign_id = n.campaign_id
		) names GROUP BY book_id, ad_account_id
	),
	reachable AS (
		SELECT a.book_id, a.ad_account_id, a.owner_id, a.name, a.commodity, a.wallet_id, a.time_zone, a.opened_at, a.campaigns,
			n.asked, h.seq, h.last_posted_at, b.status AS wallet_status,
			CASE WHEN $1 THEN 'ALL' WHEN r.rank = 1 THEN 'OWNER' WHEN r.rank = 2 THEN 'ADMIN' ELSE 'ANALYST' END AS access
		FROM wanted n
		JOIN ad_accounts a ON a.book_id = n.book_id AND a.ad_account_id = n.ad_account_id
		JOIN book_heads h ON h.book_id = a.book_id
		LEFT JOIN accounts w ON w.book_id = a.book_id AND w.code = 'WALLET:' || a.wallet_id || ':AVAILABLE' AND w.commodity = 'CNX'
		LEFT JOIN account_balances b ON b.book_id = w.book_id AND b.account_id = w.account_id
		LEFT JOIN reached r ON r.owner_id = a.owner_id
		WHERE $1::boolean OR r.rank IS NOT NULL
	),
	instant (now) AS (SELECT greatest($10::timestamptz, max(v.last_posted_at)) FROM reachable v),
	visible AS MATERIALIZED (
		SELECT v.book_id, v.ad_account_id, v.owner_id, v.name, v.commodity, v.wallet_id, v.time_zone, v.opened_at, v.campaigns,
			v.asked, v.seq, v.wallet_status, v.access, i.now, (i.now AT TIME ZONE v.time_zone)::date AS today
		FROM reachable v CROSS JOIN instant i
	),
	floors (commodity, bid_minor) AS (SELECT n.commodity, n.bid_minor FROM unnest($11::text[], $12::bigint[]) AS n (commodity, bid_minor))`

	rowColumns = `c.book_id, c.campaign_id, c.ad_account_id, c.name, c.name_key, c.product, c.ad_type, c.ad_id, c.starts_at, c.ends_at,
			c.bid_minor, c.budget_type, c.budget_minor, c.status, c.version, c.created_at, c.updated_at, c.budget_edits_on, c.budget_edits,
			c.funded, c.released, c.consumed, c.credited, c.unbilled`
	atColumns = `c.owner_id, c.commodity, c.wallet_id, c.time_zone, c.access, c.seq, c.now, c.today, c.spent_today`

	// Delivery is computed here and nowhere else, on reading: for lists, for their
	// filters and for campaigns by name. Between its two halves is what campaigns
	// of which ad accounts it is for. Reasons come in the order of
	// campaign.Reasons; all that hold are listed, of a campaign that has ended too.
	// Each step is kept from being merged into the next, which would repeat it for
	// every use of what it computes.
	deliveredOf = `,
	delivered AS (
		SELECT ` + rowColumns + `, ` + atColumns + `, c.reasons,
			CASE WHEN c.status IN ('ENDED', 'ARCHIVED') OR c.ends_at <= c.now THEN 'ENDED'
				WHEN cardinality(c.reasons) = 0 THEN 'ELIGIBLE'
				WHEN c.reasons = '{OUT_OF_FLIGHT}' THEN 'SCHEDULED'
				ELSE 'NOT_ELIGIBLE' END AS state
		FROM (
			SELECT ` + rowColumns + `, ` + atColumns + `,
				array_remove(ARRAY[
					CASE WHEN c.status IN ('DRAFT', 'PAUSED') THEN 'NOT_ENABLED' END,
					CASE WHEN c.now < c.starts_at OR c.now >= c.ends_at THEN 'OUT_OF_FLIGHT' END,
					CASE WHEN c.status = 'ENABLED' AND c.funded + c.credited = c.released + c.consumed THEN 'NO_FUNDS' END,
					CASE WHEN c.wallet_status = 'FROZEN' THEN 'WALLET_FROZEN' END,
					CASE WHEN c.budget_type = 'DAILY' AND c.spent_today >= c.budget_minor THEN 'BUDGET_HIT_DAILY' END,
					CASE WHEN c.budget_type = 'LIFETIME' AND c.consumed - c.credited >= c.budget_minor THEN 'BUDGET_HIT_LIFETIME' END,
					CASE WHEN c.bid_minor < c.bid_floor THEN 'BID_BELOW_FLOOR' END
				], NULL) AS reasons
			FROM (
				SELECT ` + rowColumns + `,
					v.owner_id, v.commodity, v.wallet_id, v.time_zone, v.access, v.seq, v.now, v.today, v.wallet_status, f.bid_minor AS bid_floor,
					coalesce((SELECT d.spend_gross - d.credits FROM ad_rollups_daily d
						WHERE d.book_id = c.book_id AND d.campaign_id = c.campaign_id AND d.day = v.today), 0) AS spent_today`
	deliveredAt = `
				LEFT JOIN floors f ON f.commodity = v.commodity OFFSET 0
			) c OFFSET 0
		) c
	)`

	deliveredByName = visibleAdAccounts + deliveredOf + `
				FROM (SELECT DISTINCT t.book_id, t.campaign_id FROM unnest($7, $8) AS t (book_id, campaign_id)) n
				JOIN campaigns c ON c.book_id = n.book_id AND c.campaign_id = n.campaign_id
				JOIN visible v ON v.book_id = c.book_id AND v.ad_account_id = c.ad_account_id` + deliveredAt
	deliveredByAccount = visibleAdAccounts + deliveredOf + `
				FROM visible v JOIN campaigns c ON c.book_id = v.book_id AND c.ad_account_id = v.ad_account_id AND v.asked` + deliveredAt
)

// campaignQuestion is what the parameters of visibleAdAccounts say: who asks, for
// what, and when.
type campaignQuestion struct {
	caller     domain.Caller
	adAccounts []campaign.Ref
	campaigns  []campaign.Ref
	mine       bool
	clock      time.Time
}

// askCampaigns is the question that a request for a page begins with.
func (r *Reader) askCampaigns(caller domain.Caller, request campaign.PageRequest) *campaignQuestion {
	q := &campaignQuestion{caller: caller, mine: request.Mine, clock: r.clock().UTC().Truncate(time.Microsecond)}
	if !request.Mine {
		q.adAccounts, q.campaigns = distinct(request.AdAccounts), distinct(request.Campaigns)
	}
	return q
}

// with returns the parameters of a statement: those of the question, then its own.
func (q *campaignQuestion) with(own ...any) []any {
	accountBooks, accounts := columnsOf(q.adAccounts)
	campaignBooks, campaigns := columnsOf(q.campaigns)
	commodities, floors := bidFloors(q.clock)
	return append([]any{
		q.caller.All && !q.mine, q.caller.Party, q.caller.OwnAdAccounts && !q.caller.Party.IsZero(), q.caller.Memberships,
		accountBooks, accounts, campaignBooks, campaigns, q.mine, q.clock, commodities, floors,
	}, own...)
}

// bidFloors are the policy's lowest bids at an instant, in the order of the codes.
func bidFloors(at time.Time) (commodities []string, floors []int64) {
	terms := policy.CampaignsAt(at).Terms
	for _, commodity := range slices.Sorted(maps.Keys(terms)) {
		commodities, floors = append(commodities, commodity), append(floors, terms[commodity].BidFloor)
	}
	return commodities, floors
}

// columnsOf are refs as the columns that a statement takes them in.
func columnsOf(refs []campaign.Ref) (books []ledger.BookID, ids []ledger.ID) {
	books, ids = make([]ledger.BookID, len(refs)), make([]ledger.ID, len(refs))
	for i, ref := range refs {
		books[i], ids[i] = ref.Book, ref.ID
	}
	return books, ids
}
