package handwritten

import (
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"

	"purser/internal/campaign"
	"purser/internal/policy"
	"purser/ledger"
)

// campaignsMax is the page size of the document; one more is read to know whether there are more.
const campaignsMax = 50

//go:embed campaigns.graphql
var campaignsDocument string

// campaignsPage is what an advertiser opens: the campaigns that cost most, each with its figures, their
// change against as many days before, and a line by day, under the totals of all of them.
var campaignsPage = Page{
	Name: "campaigns", Document: campaignsDocument, Ranged: true, Root: "adAccount", Rows: campaignsMax,
	keys: adAccountKeys, kind: kindAdAccount, mayAsk: mayAskForAdAccounts,
	statements: map[string]string{"campaigns": campaignsSQL}, answer: answerCampaigns,
}

// campaignsSQL is the whole page: a row for each campaign, and on all of them what is said of the list as a
// whole, or one row without a campaign. Figures are those of the daily rollup, whose days are the ad
// account's own, so that one trip is enough: the range is given as dates. They are walked once for sums and
// series alike, although a list longer than the page then has series that nobody sees: of lists that are
// not, that takes a tenth off the statement.
//
// $1 to $6 are as for adRankOf, $7 the process clock, $8 and $9 the range, $10 the first date of the range
// before it, $11 how many rows are wanted.
const campaignsSQL = `
	WITH account AS MATERIALIZED (
		SELECT a.name, a.commodity, a.time_zone, i.now, (i.now AT TIME ZONE a.time_zone)::date AS today, b.status AS wallet_status
		FROM (SELECT a.*, ` + adRankOf + ` AS rank FROM ad_accounts a WHERE a.book_id = $1::integer AND a.ad_account_id = $2::uuid) a
		JOIN book_heads h ON h.book_id = $1
		CROSS JOIN LATERAL (SELECT greatest($7::timestamptz, h.last_posted_at) AS now) i
		LEFT JOIN accounts w ON w.book_id = $1 AND w.code = 'WALLET:' || a.wallet_id || ':AVAILABLE' AND w.commodity = 'CNX'
		LEFT JOIN account_balances b ON b.book_id = $1 AND b.account_id = w.account_id
		WHERE a.rank IS NOT NULL
	),
	owned AS MATERIALIZED (
		SELECT c.*, a.time_zone, a.today, coalesce((SELECT d.spend_gross - d.credits FROM ad_rollups_daily d
			WHERE d.book_id = $1 AND d.campaign_id = c.campaign_id AND d.day = a.today), 0) AS spent_today
		FROM account a JOIN campaigns c ON c.book_id = $1 AND c.ad_account_id = $2
	),
	today AS (
		SELECT coalesce(sum(c.spent_today), 0)::bigint AS spent,
			coalesce(sum(CASE WHEN c.budget_type = 'DAILY' THEN c.budget_minor ELSE greatest(c.budget_minor - (c.consumed - c.credited - c.spent_today), 0) END)
				FILTER (WHERE c.status = 'ENABLED' AND (c.starts_at AT TIME ZONE c.time_zone)::date <= c.today
					AND (c.ends_at IS NULL OR c.ends_at AT TIME ZONE c.time_zone > c.today)), 0)::bigint AS budget
		FROM owned c
	),
	listed AS MATERIALIZED (
		SELECT c.*, f.* FROM owned c CROSS JOIN LATERAL (
			SELECT coalesce(sum(d.impressions) FILTER (WHERE d.day >= $8::date), 0)::bigint AS impressions, coalesce(sum(d.clicks) FILTER (WHERE d.day >= $8), 0)::bigint AS clicks,
				coalesce(sum(d.billable_clicks) FILTER (WHERE d.day >= $8), 0)::bigint AS billable, coalesce(sum(d.spend_gross) FILTER (WHERE d.day >= $8), 0)::bigint AS gross,
				coalesce(sum(d.credits) FILTER (WHERE d.day >= $8), 0)::bigint AS credits, coalesce(sum(d.unbilled) FILTER (WHERE d.day >= $8), 0)::bigint AS served,
				coalesce(sum(d.impressions) FILTER (WHERE d.day < $8), 0)::bigint AS impressions_then, coalesce(sum(d.clicks) FILTER (WHERE d.day < $8), 0)::bigint AS clicks_then,
				coalesce(sum(d.billable_clicks) FILTER (WHERE d.day < $8), 0)::bigint AS billable_then, coalesce(sum(d.spend_gross) FILTER (WHERE d.day < $8), 0)::bigint AS gross_then,
				coalesce(sum(d.credits) FILTER (WHERE d.day < $8), 0)::bigint AS credits_then,
				array_agg(d.day - $8) FILTER (WHERE d.day >= $8) AS days, array_agg(d.spend_gross - d.credits) FILTER (WHERE d.day >= $8) AS spend_by_day,
				array_agg(d.clicks) FILTER (WHERE d.day >= $8) AS clicks_by_day
			FROM ad_rollups_daily d WHERE d.book_id = $1 AND d.campaign_id = c.campaign_id AND d.day >= $10::date AND d.day < $9::date
		) f
		WHERE c.status <> 'ARCHIVED'
	),
	total AS (
		SELECT count(*) AS campaigns, coalesce(sum(l.impressions), 0)::bigint AS impressions, coalesce(sum(l.clicks), 0)::bigint AS clicks,
			coalesce(sum(l.billable), 0)::bigint AS billable, coalesce(sum(l.gross), 0)::bigint AS gross, coalesce(sum(l.credits), 0)::bigint AS credits,
			coalesce(sum(l.served), 0)::bigint AS served
		FROM listed l
	),
	page AS (SELECT * FROM listed l ORDER BY l.gross - l.credits DESC, l.campaign_id DESC LIMIT $11::integer)
	SELECT a.name, a.commodity, a.time_zone, a.now, a.wallet_status, y.spent, y.budget,
		t.campaigns, t.impressions, t.clicks, t.billable, t.gross, t.credits, t.served,
		p.campaign_id, p.name, p.product, p.status, p.starts_at, p.ends_at, p.bid_minor, p.budget_type, p.budget_minor, p.spent_today,
		p.funded + p.credited - p.released - p.consumed, p.consumed - p.credited,
		p.impressions, p.clicks, p.billable, p.gross, p.credits, p.impressions_then, p.clicks_then, p.billable_then, p.gross_then, p.credits_then,
		p.days, p.spend_by_day, p.clicks_by_day
	FROM account a CROSS JOIN today y CROSS JOIN total t LEFT JOIN page p ON true
	ORDER BY p.gross - p.credits DESC, p.campaign_id DESC`

// listColumns is how many columns say what all rows say.
const listColumns = 14

func answerCampaigns(ctx context.Context, s *server, a *ask, out []byte) ([]byte, error) {
	before := a.from.AddDate(0, 0, -a.days())
	arguments := with(a.adReach(), a.now, a.from, a.to, before, int32(campaignsMax+1))
	l := &campaignList{ask: a, out: out}
	err := s.snapshot(ctx, []statement{{"campaigns", arguments}}, func(r *results) error {
		var failed error
		err := r.each(func(row *row) {
			if l.zone == nil && failed == nil {
				failed = l.begin(s, row)
			}
			if failed == nil {
				row.at = listColumns
				l.campaign(row)
			}
		})
		if failed != nil {
			err = failed
		}
		if err != nil {
			return fmt.Errorf("read campaigns: %w", err)
		}
		l.end()
		return nil
	})
	return l.out, err
}

// campaignList appends the page as its rows arrive.
type campaignList struct {
	*ask
	out []byte

	zone         *time.Location // nil until the first row
	commodity    ledger.Commodity
	scale        int   // digits behind the point of its amounts
	now          int64 // the snapshot's instant, Unix microseconds
	walletFrozen bool
	bidFloor     int64
	// performance is what each campaign's begins with, series what its series begins with: the same for all.
	performance, series []byte
	begun               int // days that have
	offsets             []int
	spend, clicks       []int64

	rows    int
	more    bool
	endID   ledger.ID
	endRank int64
}

// begin reads what all rows say, from the first, and appends it.
func (l *campaignList) begin(s *server, row *row) error {
	name, commodity := row.text(), ledger.Commodity(row.text())
	zone, err := s.zone(string(row.text()))
	if err != nil {
		return err
	}
	l.now, l.commodity = row.instant(), commodity
	if l.commodity.IsMoney() {
		l.scale = moneyScale
	}
	l.walletFrozen = ledger.AccountStatus(row.text()) == ledger.StatusFrozen
	l.bidFloor = policy.CampaignsAt(l.ask.now).Terms[string(commodity)].BidFloor
	out := appendText(append(l.out, `{"adAccount":{"name":`...), name)
	out = appendName(append(out, `,"commodity":`...), []byte(commodity))
	out = appendText(append(out, `,"timeZone":`...), zone.String())
	out = l.appendAmount(append(out, `,"spendToday":`...), row.bigint())
	out = l.appendAmount(append(out, `,"budgetToday":`...), row.bigint())
	out = appendInt(append(out, `,"campaigns":{"totalCount":`...), min(row.bigint(), campaign.CountMax))
	out = appendInstant(append(out, `,"orderedAsOf":`...), l.now)
	totals := figures{row.bigint(), row.bigint(), row.bigint(), row.bigint(), row.bigint()}
	out = append(l.appendFigures(append(out, `,"totals":`...), totals), `,"servedUnbilled":`...)
	out = append(l.appendAmount(out, row.bigint()), `},"nodes":[`...)
	l.out, l.zone = out, zone
	l.prepare()
	return nil
}

// prepare makes what is the same for every campaign.
func (l *campaignList) prepare() {
	starts := dayStarts(l.from, l.days(), l.zone)
	final := time.UnixMicro(starts[l.days()]).Add(policy.CampaignsAt(time.UnixMicro(l.now)).ChargedWithin)
	l.performance = append(l.performance, `},"performance":{"finality":"PROVISIONAL","totals":`...)
	if l.now >= final.UnixMicro() {
		l.performance = append(l.performance[:0], `},"performance":{"finality":"FINAL","totals":`...)
	}
	l.series = append(make([]byte, 0, 32*len(starts)), `},"series":{"timestamps":[`...)
	for day, start := range starts[:l.days()] {
		if day > 0 {
			l.series = append(l.series, ',')
		}
		l.series = appendInstant(l.series, start)
	}
	l.series = append(l.series, `],"spendNet":[`...)
	l.begun, _ = slices.BinarySearch(starts[:l.days()], l.now)
	l.offsets = make([]int, 0, l.days())
	l.spend, l.clicks = make([]int64, l.days()), make([]int64, l.days())
}

// end appends what follows the campaigns; without a row there is no ad account that the caller may see.
func (l *campaignList) end() {
	if l.zone == nil {
		l.out = append(l.out, `{"adAccount":null}`...)
		return
	}
	out := appendBool(append(l.out, `],"pageInfo":{"hasNextPage":`...), l.more)
	out = append(out, `,"endCursor":`...)
	if l.rows == 0 {
		l.out = append(out, `null}}}}`...)
		return
	}
	of := l.list()
	var raw [1 + 8 + 16 + 20]byte
	key := append(append(raw[:0], cursorVersion), of[:]...)
	key = strconv.AppendInt(append(key, l.endID[:]...), l.endRank, 10)
	out = base64.RawURLEncoding.AppendEncode(append(out, '"'), key)
	l.out = append(out, `"}}}}`...)
}

// list is the list's hash: what it leaves out, its order and its range.
func (l *campaignList) list() list {
	archived := slices.Index(campaign.Statuses, campaign.StatusArchived)
	statuses := int64(1<<len(campaign.Statuses)-1) &^ (1 << archived)
	return listOf("campaigns", ledger.Arguments(nil).Amount("statuses", statuses).Amount("products", 0).Amount("states", 0).Amount("reasons", 0).
		Text("text", "").Text("by", string(campaign.OrderSpendNet)).Amount("descending", 1).
		Text("from", l.from.Format(time.DateOnly)).Text("to", l.to.Format(time.DateOnly)))
}

func (l *campaignList) appendAmount(out []byte, minor int64) []byte {
	return append(appendDecimal(append(out, `{"decimal":`...), minor, l.scale), '}')
}
