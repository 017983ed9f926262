package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"purser/internal/analytics"
)

// Whose ad accounts a question is about: those of everyone, or those of the owners
// that the caller is or belongs to. Parameters of the latter: $1 the party, $2 the
// party's own ad accounts are open, $3 roles that count.
const (
	heldByAll = `held AS (
		SELECT a.book_id, a.ad_account_id, a.owner_id, a.name, a.commodity, a.time_zone FROM ad_accounts a
	)`
	heldByReached = `reached (owner_id) AS (
		SELECT $1::uuid WHERE $2::boolean
		UNION
		SELECT m.organisation_id FROM memberships m
		WHERE m.party_id = $1 AND m.role = ANY($3::text[]) AND m.role IN ('ADVERTISER_ADMIN', 'ADVERTISER_ANALYST') AND m.ended_at IS NULL
	),
	held AS (
		SELECT a.book_id, a.ad_account_id, a.owner_id, a.name, a.commodity, a.time_zone
		FROM reached r JOIN owners o ON o.owner_id = r.owner_id JOIN ad_accounts a ON a.book_id = o.book_id AND a.owner_id = o.owner_id
	)`

	// The instant is never before a journal that the snapshot holds, as for wallets.
	latestPosted = `(SELECT max(h.last_posted_at) FROM book_heads h)`
	zonesOfHeld  = `, coalesce((SELECT array_agg(DISTINCT a.time_zone) FROM held a), '{}')`

	analyticsInstantSQL  = "-- name: analytics_instant\nSELECT greatest($1::timestamptz, " + latestPosted + "), '{}'::text[]"
	analyticsZonesSQL    = "-- name: analytics_zones\nWITH " + heldByAll + " SELECT greatest($1::timestamptz, " + latestPosted + ")" + zonesOfHeld
	analyticsOwnZonesSQL = "-- name: analytics_own_zones\nWITH " + heldByReached + " SELECT greatest($4::timestamptz, " + latestPosted + ")" + zonesOfHeld
)

// reachedBy returns the parameters of heldByReached, none where the scope is
// everyone's.
func reachedBy(scope analytics.Scope) []any {
	caller := scope.Caller
	if scope.Aggregated || caller.All {
		return []any{}
	}
	return []any{caller.Party, caller.OwnAdAccounts && !caller.Party.IsZero(), caller.Memberships}
}

// analyticsKey is how a dimension is read: its columns in every step, what they are
// in the rows of the source, and where they are equal for a filter. All text of a
// statement is from here and from analyticsSources; what a caller says is bound.
type analyticsKey struct {
	columns []string
	values  []string // aligned; DATE depends on the source
	matches string   // %s, and %s again for ids, is the bound filter
}

const refsMatch = `(%s) IN (SELECT n.book_id, n.id FROM unnest(%%s::integer[], %%s::uuid[]) AS n (book_id, id))`

var analyticsKeys = map[analytics.Dimension]analyticsKey{
	analytics.DimensionDate:    {columns: []string{"day"}},
	analytics.DimensionProduct: {[]string{"product"}, []string{"c.product"}, "c.product = ANY(%s::text[])"},
	analytics.DimensionCampaign: {
		[]string{"campaign_name", "campaign_book", "campaign_id"},
		[]string{"c.name", "c.book_id", "c.campaign_id"},
		fmt.Sprintf(refsMatch, "c.book_id, c.campaign_id"),
	},
	analytics.DimensionAdAccount: {
		[]string{"account_name", "account_book", "account_id"},
		[]string{"a.name", "a.book_id", "a.ad_account_id"},
		fmt.Sprintf(refsMatch, "a.book_id, a.ad_account_id"),
	},
	analytics.DimensionCommodity: {[]string{"commodity"}, []string{"a.commodity"}, "a.commodity = ANY(%s::text[])"},
	analytics.DimensionType:      {[]string{"type"}, []string{"j.type"}, "j.type = ANY(%s::text[])"},
	analytics.DimensionOrigin:    {[]string{"origin"}, []string{"l.origin"}, "l.origin = ANY(%s::text[])"},
}

// analyticsSource is where the rows of a question come from.
type analyticsSource struct {
	name    string
	from    string
	where   string
	figures []string // columns, and what they are in the rows
	values  []string
	party   string
	at      string // when a row is of: an instant, or a date for SourceDaily
	day     string // the local date of a row
	// each are the columns by which rows are put together before they are grouped.
	each []string
}

const campaignsOfHeld = `held a JOIN campaigns c ON c.book_id = a.book_id AND c.ad_account_id = a.ad_account_id`

var (
	adFigures = []string{"impressions", "clicks", "billable_clicks", "spend_gross", "credits"}
	adValues  = []string{"r.impressions", "r.clicks", "r.billable_clicks", "r.spend_gross", "r.credits"}
	// adActive leaves out what nothing happened in: whoever it is of is no party.
	adActive = " AND (r.impressions > 0 OR r.clicks > 0 OR r.spend_gross > 0 OR r.credits > 0)"

	analyticsSources = map[analytics.Source]analyticsSource{
		analytics.SourceDaily: {
			name: "analytics_ad_spend_daily", figures: adFigures, values: adValues, where: adActive, party: "a.owner_id", at: "r.day", day: "r.day",
			from: campaignsOfHeld + ` JOIN spans s ON s.time_zone = a.time_zone
			JOIN ad_rollups_daily r ON r.book_id = c.book_id AND r.campaign_id = c.campaign_id AND r.day >= s.from_day AND r.day < s.to_day`,
		},
		analytics.SourceQuarterHour: {
			name: "analytics_ad_spend_15m", figures: adFigures, values: adValues, where: adActive, party: "a.owner_id",
			at: "r.bucket_at", day: "((r.bucket_at AT TIME ZONE 'UTC') + make_interval(secs => s.utc_offset))::date",
			from: campaignsOfHeld + ` CROSS JOIN spans s
			JOIN ad_rollups_15m r ON r.book_id = c.book_id AND r.campaign_id = c.campaign_id AND r.bucket_at >= s.from_at AND r.bucket_at < s.to_at`,
		},
		analytics.SourceJournal: {
			name: "analytics_wallet_flows", figures: []string{"units_in", "units_out", "transactions"},
			values: []string{"sum(greatest(m.quantity, 0))", "sum(greatest(-m.quantity, 0))", "1"}, party: "w.owner_id",
			at: "j.effective_at", day: "((j.effective_at AT TIME ZONE 'UTC') + make_interval(secs => s.utc_offset))::date",
			from: `spans s JOIN journals j ON j.effective_at >= s.from_at AND j.effective_at < s.to_at
			JOIN lot_movements m ON m.book_id = j.book_id AND m.journal_id = j.journal_id
			JOIN accounts a ON a.book_id = m.book_id AND a.account_id = m.account_id AND a.class = 'WALLET:*:AVAILABLE'
			JOIN lots l ON l.book_id = m.book_id AND l.lot_id = m.lot_id
			JOIN wallets w ON w.book_id = l.book_id AND w.wallet_id = l.wallet_id`,
			each: []string{"s.compared", "w.owner_id", "j.book_id", "j.journal_id", "m.account_id"},
		},
	}

	// analyticsOrders are metrics over the columns of a group. A quotient has more
	// or fewer digits by what is divided: rounding makes equal ratios equal.
	analyticsOrders = map[analytics.Metric]string{
		analytics.SpendNet:     "spend_gross - credits",
		analytics.SpendGross:   "spend_gross",
		analytics.Credits:      "credits",
		analytics.Impressions:  "impressions",
		analytics.Clicks:       "clicks",
		analytics.MetricCTR:    "round(clicks::numeric / nullif(impressions, 0), 12)",
		analytics.MetricCPC:    "round(spend_gross::numeric / nullif(billable_clicks, 0), 12)",
		analytics.UnitsIn:      "units_in",
		analytics.UnitsOut:     "units_out",
		analytics.UnitsNet:     "units_in - units_out",
		analytics.Transactions: "transactions",
	}
)

// analyticsStatement puts the statement of a question together, with its
// parameters. Its steps are
//   - held: the ad accounts, spans: the dates;
//   - facts: the rows of the source, with the values of the dimensions;
//   - groups, at most one more than may be found;
//   - few: for aggregates, what those of too few parties come to;
//   - ranked: the others in the order asked for, and kept: which of them are shown.
//
// Its rows are those that are shown, and all others in one, per commodity where
// that is a dimension: whoever reads them has the totals without another statement,
// and never more rows than were asked for.
func analyticsStatement(scope analytics.Scope, query analytics.Query, plan analytics.Plan) (sql string, arguments []any) {
	b := &analyticsBuilder{query: query, source: analyticsSources[plan.Source], aggregated: scope.Aggregated}
	var steps []string
	if query.Dataset == analytics.AdSpend {
		b.arguments = reachedBy(scope)
		steps = []string{heldByAll}
		if len(b.arguments) > 0 {
			steps = []string{heldByReached}
		}
	}
	steps = append(steps, b.spans(plan), b.facts(plan), b.groups())
	if b.aggregated {
		steps = append(steps, b.few())
	}
	steps = append(steps, b.ranked(), b.kept())
	// The name begins on a line of its own: with it first, a part of a statement
	// would pass for a whole one.
	return "\n-- name: " + b.source.name + "\nWITH " + strings.Join(steps, ",\n\t") + b.rows(), b.arguments
}

// analyticsBuilder writes the steps of one statement.
type analyticsBuilder struct {
	query      analytics.Query
	source     analyticsSource
	aggregated bool
	arguments  []any
}

// bind adds a parameter and returns how the statement names it.
func (b *analyticsBuilder) bind(value any) string {
	b.arguments = append(b.arguments, value)
	return "$" + strconv.Itoa(len(b.arguments))
}

// keys are the columns of all dimensions.
func (b *analyticsBuilder) keys() []string {
	var columns []string
	for _, dimension := range b.query.Dimensions {
		columns = append(columns, analyticsKeys[dimension].columns...)
	}
	return columns
}

// figures are the columns of both spans.
func (b *analyticsBuilder) figures() []string {
	columns := slices.Clone(b.source.figures)
	for _, figure := range b.source.figures {
		columns = append(columns, "compared_"+figure)
	}
	return columns
}
