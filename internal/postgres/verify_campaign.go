package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/ledger"
)

// adSums are what the journals of a book make of its ad accounts and campaigns.
// Charges and rollups are sketched.
type adSums struct {
	accounts  map[ledger.ID]int64 // that were opened, with how many campaigns were created in each
	created   int                 // campaigns
	campaigns map[ledger.ID]campaign.Totals
}

// chargeOf is a click charge but for its counters.
type chargeOf struct {
	campaign, journal ledger.ID
	posted, minute    int64
	batch             string
}

func newAdSums() *adSums {
	return &adSums{accounts: map[ledger.ID]int64{}, campaigns: map[ledger.ID]campaign.Totals{}}
}

// sumAds derives the rows of one journal again, with the functions that the effects
// of its command used. It fails where a journal names no time zone that exists:
// its command could not have been accepted.
func (v *verifier) sumAds(delta *ledger.Delta) error {
	s := v.ads
	account := delta.Journal.Arguments.IDOf(campaign.ArgAdAccount)
	if delta.Journal.Type == campaign.TypeAdAccountOpened {
		s.accounts[account] += 0
	}
	for i := range delta.Opened {
		if class := delta.Opened[i].Class; class == campaign.ClassEscrow || class == campaign.ClassPrepaidEscrow {
			s.accounts[account]++
			s.created++
			for _, rows := range []*sketch{v.sketches.charges, v.sketches.quarters, v.sketches.adDays} {
				rows.owner(delta.Opened[i].Owner)
			}
		}
	}
	if row, counts := campaign.TotalsOf(delta); counts {
		s.campaigns[row.Campaign] = addTotals(s.campaigns[row.Campaign], row.Totals)
	}
	charge, charged := campaign.ChargeRowOf(delta)
	if !charged {
		return nil
	}
	v.sketchCharge(v.sketches.charges, &charge)
	if _, err := domain.LoadZone(delta.Journal.Arguments.TextOf(campaign.ArgTimeZone)); err != nil {
		return err
	}
	if row, counts := market.RollupOf(delta); counts {
		for s, bucket := range map[*sketch]time.Time{v.sketches.quarters: row.BucketAt, v.sketches.adDays: row.Day.Time()} {
			sketchAdd(s, row.Campaign, rollupKey{row.Campaign, bucket.UnixMicro()},
				row.Impressions, row.Clicks, row.BillableClicks, row.SpendGross, row.Credits, row.Unbilled)
		}
	}
	return nil
}

func (v *verifier) sketchCharge(s *sketch, c *campaign.ChargeRow) {
	key, values := termsOfCharge(c)
	sketchAdd(s, c.Campaign, key, values[:]...)
}

func termsOfCharge(c *campaign.ChargeRow) (chargeOf, [6]int64) {
	return chargeOf{c.Campaign, c.Journal, c.PostedAt.UnixMicro(), c.MinuteAt.UnixMicro(), c.Batch},
		[6]int64{1, c.Impressions, c.Clicks, c.BillableClicks, c.Billed, c.Unbilled}
}

// walkAds compares every projection of campaigns with what the journals make (I22).
func (v *verifier) walkAds() []*rowWalk {
	return []*rowWalk{
		v.walkAdAccounts(), v.walkCampaigns(), walkSketch(v, "click charges", func(s *verifySketches) *sketch { return s.charges }, v.readCharges),
		v.walkRollups("quarters of an hour of campaigns", func(s *verifySketches) *sketch { return s.quarters }, `-- name: verify_ad_rollups_15m
			SELECT h.seq, r.campaign_id, r.bucket_at, r.impressions, r.clicks, r.billable_clicks, r.spend_gross, r.credits, r.unbilled
			FROM book_heads h JOIN ad_rollups_15m r ON r.book_id = h.book_id
			WHERE h.book_id = $1 AND r.campaign_id >= $2 ORDER BY r.campaign_id, r.bucket_at LIMIT $3`),
		v.walkRollups("days of campaigns", func(s *verifySketches) *sketch { return s.adDays }, `-- name: verify_ad_rollups_daily
			SELECT h.seq, r.campaign_id, r.day, r.impressions, r.clicks, r.billable_clicks, r.spend_gross, r.credits, r.unbilled
			FROM book_heads h JOIN ad_rollups_daily r ON r.book_id = h.book_id
			WHERE h.book_id = $1 AND r.campaign_id >= $2 ORDER BY r.campaign_id, r.day LIMIT $3`),
	}
}

func (v *verifier) walkAdAccounts() *rowWalk {
	met := 0
	return counted(v, walkRanges(v, "ad accounts", ledger.NilID, func(ctx context.Context, after ledger.ID) (seq int64, last ledger.ID, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var got int64
			if err := rows.Scan(&seq, &last, &got); err != nil {
				return err
			}
			account := last
			compare = append(compare, func() {
				met++
				want, opened := v.ads.accounts[account]
				v.found.expect(opened && got == want || v.broken, "I22", "book %d: ad account %s counts %d campaigns, its journals created %d", v.book, account, got, want)
			})
			return nil
		}, `-- name: verify_ad_accounts
			SELECT h.seq, o.ad_account_id, o.campaigns FROM book_heads h JOIN ad_accounts o ON o.book_id = h.book_id
			WHERE h.book_id = $1 AND o.ad_account_id > $2 ORDER BY o.ad_account_id LIMIT $3`, v.book, after, verifyRows)
		return seq, last, compare, err
	}), &met, func() int { return len(v.ads.accounts) })
}

// walkCampaigns compares the counters of campaigns with what their journals
// make, and what these leave with the balance of the escrow account.
func (v *verifier) walkCampaigns() *rowWalk {
	met := 0
	return counted(v, walkRanges(v, "campaigns", ledger.NilID, func(ctx context.Context, after ledger.ID) (seq int64, last ledger.ID, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var commodity ledger.Commodity
			var got campaign.Totals
			if err := rows.Scan(&seq, &last, &commodity, &got.Funded, &got.Released, &got.Consumed, &got.Credited, &got.Unbilled); err != nil {
				return err
			}
			of := last
			compare = append(compare, func() { met++; v.compareCampaign(of, commodity, got) })
			return nil
		}, `-- name: verify_campaigns
			SELECT h.seq, c.campaign_id, o.commodity, c.funded, c.released, c.consumed, c.credited, c.unbilled
			FROM book_heads h
			JOIN campaigns c ON c.book_id = h.book_id
			JOIN ad_accounts o ON o.book_id = c.book_id AND o.ad_account_id = c.ad_account_id
			WHERE h.book_id = $1 AND c.campaign_id > $2 ORDER BY c.campaign_id LIMIT $3`, v.book, after, verifyRows)
		return seq, last, compare, err
	}), &met, func() int { return v.ads.created })
}

func (v *verifier) compareCampaign(of ledger.ID, commodity ledger.Commodity, got campaign.Totals) {
	want := v.ads.campaigns[of]
	v.found.expect(got == want || v.broken, "I22", "book %d: campaign %s counts %+v, its journals make %+v", v.book, of, got, want)
	escrow, opened := v.accounts[ledger.AccountID(v.book, campaign.EscrowCode(of, commodity), commodity)]
	v.found.expect(opened || v.broken, "I22", "book %d: no journal created campaign %s", v.book, of)
	if opened {
		balance := ledger.Balance{Debits: escrow.debits, Credits: escrow.credits}.On(ledger.Credit)
		v.found.expect(got.Remaining() == balance, "I22", "book %d: campaign %s counts %d left, its escrow stands at %d", v.book, of, got.Remaining(), balance)
	}
}

func (v *verifier) readCharges(ctx context.Context, from ledger.ID, limit int, yield func(int64, ledger.ID, chargeOf, ...int64)) error {
	return v.eachRow(ctx, func(rows pgx.Rows) error {
		var seq int64
		var c campaign.ChargeRow
		if err := rows.Scan(&seq, &c.Campaign, &c.PostedAt, &c.Journal, &c.Batch, &c.MinuteAt, &c.Impressions, &c.Clicks,
			&c.BillableClicks, &c.Billed, &c.Unbilled); err != nil {
			return err
		}
		key, values := termsOfCharge(&c)
		yield(seq, c.Campaign, key, values[:]...)
		return nil
	}, `-- name: verify_click_charges
		SELECT h.seq, c.campaign_id, c.posted_at, c.journal_id, c.batch, c.minute_at, c.impressions, c.clicks, c.billable_clicks, c.billed, c.unbilled
		FROM book_heads h JOIN click_charges c ON c.book_id = h.book_id
		WHERE h.book_id = $1 AND c.campaign_id >= $2
		ORDER BY c.campaign_id, c.posted_at, c.journal_id LIMIT $3`, v.book, from, limit)
}

func (v *verifier) walkRollups(what string, of func(*verifySketches) *sketch, statement string) *rowWalk {
	return walkSketch(v, what, of, func(ctx context.Context, from ledger.ID, limit int, yield func(int64, ledger.ID, rollupKey, ...int64)) error {
		return v.eachRow(ctx, func(rows pgx.Rows) error {
			var seq int64
			var of ledger.ID
			var bucket time.Time
			var r analytics.Rollup
			if err := rows.Scan(&seq, &of, &bucket, &r.Impressions, &r.Clicks, &r.BillableClicks, &r.SpendGross, &r.Credits, &r.Unbilled); err != nil {
				return err
			}
			yield(seq, of, rollupKey{of, bucket.UnixMicro()}, r.Impressions, r.Clicks, r.BillableClicks, r.SpendGross, r.Credits, r.Unbilled)
			return nil
		}, statement, v.book, from, limit)
	})
}
