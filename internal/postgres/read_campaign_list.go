package postgres

import (
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// Lists of campaigns, after the CTEs of visibleAdAccounts. $13 to $17 are the
// filter, $18 what is ordered by, $19 whether that is descending, $20 to $22 the
// key to go on from, $23 the number of rows, and $24 to $27 the dates of the range,
// per book and ad account.
//
// A list is ordered by (rank, name, campaign). The rank of a metric is exact: a
// ratio of two numbers below 2^63 is made an integer by a factor that keeps any two
// different ratios apart, and a ratio that is null gets an infinity that comes
// last. Every list counts its campaigns and has all of them ranked anyway, so
// one page of it is cut out by its places.
//
// The filter is one condition that the planner takes for a coin toss. It cannot
// know which parts are off, would count on next to nothing being left, and then
// go through everything once for each campaign that is.
const (
	campaignList = `,
	ranges (book_id, ad_account_id, from_day, to_day) AS (
		SELECT n.book_id, n.ad_account_id, n.from_day, n.to_day
		FROM unnest($24::integer[], $25::uuid[], $26::date[], $27::date[]) AS n (book_id, ad_account_id, from_day, to_day)
	),
	listed AS MATERIALIZED (
		SELECT d.book_id, d.ad_account_id, d.campaign_id, d.name_key, d.created_at, g.from_day, g.to_day
		FROM delivered d LEFT JOIN ranges g ON g.book_id = d.book_id AND g.ad_account_id = d.ad_account_id
		WHERE CASE WHEN (cardinality($13::text[]) = 0 OR d.status = ANY($13)) AND (cardinality($14::text[]) = 0 OR d.product = ANY($14))
			AND (cardinality($15::text[]) = 0 OR d.state = ANY($15)) AND (cardinality($16::text[]) = 0 OR d.reasons && $16)
			AND strpos(d.name_key, $17::text) > 0 THEN true ELSE false END
	),
	summed AS (
		SELECT l.book_id, l.ad_account_id, l.campaign_id, l.name_key, l.created_at, sum(m.impressions) AS impressions, sum(m.clicks) AS clicks,
			sum(m.billable_clicks) AS billable_clicks, sum(m.spend_gross) AS spend_gross, sum(m.credits) AS credits, sum(m.unbilled) AS unbilled
		FROM listed l LEFT JOIN ad_rollups_daily m
			ON m.book_id = l.book_id AND m.campaign_id = l.campaign_id AND m.day >= l.from_day AND m.day < l.to_day
		GROUP BY l.book_id, l.ad_account_id, l.campaign_id, l.name_key, l.created_at
	),
	ranked AS (
		SELECT s.book_id, s.ad_account_id, s.campaign_id, (CASE WHEN $18::text = 'NAME' THEN s.name_key ELSE '' END) COLLATE "C" AS name,
			coalesce(CASE WHEN $18 = 'NAME' THEN 0
				WHEN $18 = 'CREATED_AT' THEN trunc(extract(epoch FROM s.created_at) * 1000000)
				WHEN $18 = 'SPEND_NET' THEN coalesce(s.spend_gross - s.credits, 0)
				WHEN $18 = 'IMPRESSIONS' THEN coalesce(s.impressions, 0)
				WHEN $18 = 'CLICKS' THEN coalesce(s.clicks, 0)
				WHEN $18 = 'CTR' THEN div(s.clicks * 1e40, nullif(s.impressions, 0))
				WHEN $18 = 'AVG_CPC' THEN div(s.spend_gross * 1e40, nullif(s.billable_clicks, 0)) END,
				CASE WHEN $19::boolean THEN '-Infinity'::numeric ELSE 'Infinity' END) AS rank,
			s.impressions, s.clicks, s.billable_clicks, s.spend_gross, s.credits, s.unbilled
		FROM summed s
	),
	summary AS (
		SELECT book_id, ad_account_id, count(campaign_id) AS campaigns, sum(impressions) AS impressions, sum(clicks) AS clicks,
			sum(billable_clicks) AS billable_clicks, sum(spend_gross) AS spend_gross, sum(credits) AS credits, sum(unbilled) AS unbilled
		FROM ranked GROUP BY book_id, ad_account_id
	),
	page AS (
		SELECT p.book_id, p.ad_account_id, p.campaign_id, p.rank, p.name, p.place FROM (
			SELECT p.book_id, p.ad_account_id, p.campaign_id, p.rank, p.name, row_number() OVER (PARTITION BY p.book_id, p.ad_account_id`
	campaignListFrom = `) AS place
			FROM ranked p WHERE (p.rank, p.name, p.campaign_id)`
	campaignListPage = ` ($20::numeric, $21::text, $22::uuid)
		) p WHERE p.place <= $23::integer
	)
	SELECT v.book_id, v.ad_account_id, coalesce(s.campaigns, 0), coalesce(s.impressions, 0)::bigint, coalesce(s.clicks, 0)::bigint,
		coalesce(s.billable_clicks, 0)::bigint, coalesce(s.spend_gross, 0)::bigint, coalesce(s.credits, 0)::bigint, coalesce(s.unbilled, 0)::bigint,
		coalesce(p.rank::text, ''), coalesce(p.name, ''), ` + campaignColumns + `
	FROM visible v
	LEFT JOIN summary s ON s.book_id = v.book_id AND s.ad_account_id = v.ad_account_id
	LEFT JOIN page p ON p.book_id = v.book_id AND p.ad_account_id = v.ad_account_id
	LEFT JOIN delivered d ON d.book_id = p.book_id AND d.campaign_id = p.campaign_id
	WHERE v.asked
	ORDER BY v.book_id, v.ad_account_id, p.place`

	campaignsRisingSQL = "-- name: campaigns_rising\n" + deliveredByAccount + campaignList +
		` ORDER BY p.rank, p.name, p.campaign_id` + campaignListFrom + ` >` + campaignListPage
	campaignsFallingSQL = "-- name: campaigns_falling\n" + deliveredByAccount + campaignList +
		` ORDER BY p.rank DESC, p.name DESC, p.campaign_id DESC` + campaignListFrom + ` <` + campaignListPage
)

// Infinities as PostgreSQL writes them.
const (
	rankFirst = "-Infinity"
	rankLast  = "Infinity"
)

// campaignOrders are the orders that the statements rank by.
var campaignOrders = []campaign.OrderBy{
	campaign.OrderCreatedAt, campaign.OrderName, campaign.OrderSpendNet, campaign.OrderImpressions, campaign.OrderClicks,
	campaign.OrderCTR, campaign.OrderAvgCPC,
}

// ranged reports whether a list needs its range: others are read without it, in
// the first trip.
func ranged(query campaign.CampaignsQuery) bool { return query.OrderBy.IsMetric() || query.WithTotals }

// checkCampaignList refuses an order that is none and a key that no list gave: it
// comes back from the client, who may have changed it.
func checkCampaignList(query campaign.CampaignsQuery) error {
	if !slices.Contains(campaignOrders, query.OrderBy) {
		return domain.Invalid("orderBy", "must be a known order, got %q", string(query.OrderBy))
	}
	if !storable(query.Filter.Text) {
		return domain.Invalid("filter.text", "must be text without control characters")
	}
	value := query.Key.Value
	switch {
	case !query.HasKey:
		return nil
	case query.OrderBy == campaign.OrderName:
		if storable(value) {
			return nil
		}
	case value == rankFirst || value == rankLast:
		return nil
	case len(value) <= rankDigitsMax:
		if _, ok := new(big.Int).SetString(value, 10); ok {
			return nil
		}
	}
	if query.Direction == campaign.Backward {
		return domain.Invalid("before", "must be a cursor of this list")
	}
	return domain.Invalid("after", "must be a cursor of this list")
}

// storable reports whether PostgreSQL takes a text at all.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// rankDigitsMax bounds the text of a rank: 19 digits and 40 zeros, with a sign.
const rankDigitsMax = 64

// list queues one list of every ad account asked for. Dates are per ad account:
// today is another date in another zone.
func (p *campaignRead) list(batch *pgx.Batch, query campaign.CampaignsQuery) error {
	own := append(campaignFilter(query.Filter), string(query.OrderBy), query.Descending)
	sql, falling := campaignsRisingSQL, query.Descending != (query.Direction == campaign.Backward)
	if falling {
		sql = campaignsFallingSQL
	}
	own = append(own, campaignStart(query, falling)...)
	own = append(own, query.Limit+1)
	ranges, err := p.listRanges(query)
	if err != nil {
		return err
	}
	batch.Queue(sql, p.question.with(append(own, ranges...)...)...).Query(func(rows pgx.Rows) error { return p.scanList(rows, query) })
	return nil
}

func (p *campaignRead) listRanges(query campaign.CampaignsQuery) ([]any, error) {
	var refs []campaign.Ref
	var from, to []time.Time
	if ranged(query) {
		for _, account := range p.page.AdAccounts {
			dates, err := p.dates(query.Range, account.TimeZone)
			if err != nil {
				return nil, err
			}
			refs, from, to = append(refs, account.Ref), append(from, dates.From.Time()), append(to, dates.To.Time())
		}
	}
	books, ids := columnsOf(refs)
	return []any{books, ids, from, to}, nil
}

// campaignStart is the key to read on from, or the end of the list that reading
// begins at.
func campaignStart(query campaign.CampaignsQuery, falling bool) []any {
	switch {
	case query.HasKey && query.OrderBy == campaign.OrderName:
		return []any{"0", query.Key.Value, query.Key.ID}
	case query.HasKey:
		return []any{query.Key.Value, "", query.Key.ID}
	case falling:
		return []any{rankLast, "", lastID}
	default:
		return []any{rankFirst, "", ledger.NilID}
	}
}

func campaignFilter(filter campaign.Filter) []any {
	return []any{
		chosen(filter.Statuses, campaign.Statuses), chosen(filter.Products, campaign.Products), chosen(filter.States, campaign.DeliveryStates),
		chosen(filter.Reasons, campaign.Reasons), campaign.FoldName(filter.Text),
	}
}

// chosen are the values of a bit set, as text.
func chosen[T ~string](set uint16, values []T) []string {
	names := []string{}
	for i, value := range values {
		if set&(1<<i) != 0 {
			names = append(names, string(value))
		}
	}
	return names
}

// listRow is a row of a list's answer: what the list says as a whole and, unless
// the ad account has no campaign on this page, one of them.
type listRow struct {
	account    campaign.Ref
	count      int64
	totals     campaign.Metrics
	rank, name string
	campaign   campaign.Campaign
	empty      bool
}

func scanListRow(rows pgx.Rows) (listRow, error) {
	var row listRow
	first := []any{
		&row.account.Book, &row.account.ID, &row.count, &row.totals.Impressions, &row.totals.Clicks, &row.totals.BillableClicks,
		&row.totals.SpendGross, &row.totals.Credits, &row.totals.Unbilled, &row.rank, &row.name,
	}
	raw := rows.RawValues()
	if row.empty = raw[len(first)] == nil; row.empty {
		return row, rows.Scan(append(first, make([]any, len(raw)-len(first))...)...)
	}
	var err error
	row.campaign, err = scanCampaign(rows, first...)
	return row, err
}

// scanList reads lists, which come in the order of reading.
func (p *campaignRead) scanList(rows pgx.Rows, query campaign.CampaignsQuery) error {
	lists := map[campaign.Ref]*campaign.ListPage{}
	for rows.Next() {
		row, err := scanListRow(rows)
		if err != nil {
			return err
		}
		list, found := lists[row.account]
		if !found {
			list = &campaign.ListPage{Count: min(row.count, campaign.CountMax)}
			if query.WithTotals {
				list.Totals = &row.totals
			}
			lists[row.account] = list
		}
		if row.empty {
			continue
		}
		key := campaign.Key{Value: row.rank, ID: row.campaign.ID}
		if query.OrderBy == campaign.OrderName {
			key.Value = row.name
		}
		p.addToList(list, query, row.campaign, key)
	}
	for account, list := range lists {
		p.page.Sections[campaign.SectionKey{Of: account, Query: query}] = *list
	}
	return rows.Err()
}

func (p *campaignRead) addToList(list *campaign.ListPage, query campaign.CampaignsQuery, c campaign.Campaign, key campaign.Key) {
	switch {
	case len(list.Campaigns) == query.Limit:
		list.More = true
		return
	case query.Direction == campaign.Backward:
		list.Campaigns, list.Keys = slices.Insert(list.Campaigns, 0, c), slices.Insert(list.Keys, 0, key)
	default:
		list.Campaigns, list.Keys = append(list.Campaigns, c), append(list.Keys, key)
	}
	p.find(c)
}
