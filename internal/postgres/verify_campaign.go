package postgres

import (
	"context"
	"fmt"
	"time"

	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/ledger"
)

// adSums are what the journals of a book make of its ad accounts, campaigns and
// their rollups: the projections that compareAds looks at (I22).
type adSums struct {
	accounts  map[ledger.ID]int64 // that were opened, with how many campaigns were created in each
	created   int                 // campaigns
	campaigns map[ledger.ID]campaign.Totals
	charges   map[ledger.ID]campaign.ChargeRow
	quarters  rollupSums
	days      rollupSums
}

// rollupSums holds the counters of rollup rows; the other fields are zero.
type rollupSums map[rollupKey]analytics.Rollup

func (s rollupSums) add(bucket time.Time, row *analytics.Rollup) {
	key := rollupKey{row.Campaign, bucket.UnixMicro()}
	sum := s[key]
	addRollup(&sum, row)
	s[key] = sum
}

func newAdSums() *adSums {
	return &adSums{
		accounts: map[ledger.ID]int64{}, campaigns: map[ledger.ID]campaign.Totals{}, charges: map[ledger.ID]campaign.ChargeRow{},
		quarters: rollupSums{}, days: rollupSums{},
	}
}

// add derives the rows of one journal again, with the functions that the effects
// of its command used. It fails where a journal names no time zone that exists:
// its command could not have been accepted.
func (s *adSums) add(delta *ledger.Delta) error {
	account := delta.Journal.Arguments.IDOf(campaign.ArgAdAccount)
	if delta.Journal.Type == campaign.TypeAdAccountOpened {
		s.accounts[account] += 0
	}
	for i := range delta.Opened {
		if class := delta.Opened[i].Class; class == campaign.ClassEscrow || class == campaign.ClassPrepaidEscrow {
			s.accounts[account]++
			s.created++
		}
	}
	if row, counts := campaign.TotalsOf(delta); counts {
		s.campaigns[row.Campaign] = addTotals(s.campaigns[row.Campaign], row.Totals)
	}
	charge, charged := campaign.ChargeRowOf(delta)
	if !charged {
		return nil
	}
	s.charges[delta.Journal.ID] = charge
	if _, err := domain.LoadZone(delta.Journal.Arguments.TextOf(campaign.ArgTimeZone)); err != nil {
		return err
	}
	if row, counts := market.RollupOf(delta); counts {
		s.quarters.add(row.BucketAt, &row)
		s.days.add(row.Day.Time(), &row)
	}
	return nil
}

// compareAds compares every projection of campaigns with what the journals make.
func (v *verifier) compareAds(ctx context.Context) error {
	for _, compare := range []func(context.Context) error{
		v.compareAdAccounts, v.compareCampaigns, v.compareCharges, v.compareQuarters, v.compareAdDays,
	} {
		if err := compare(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) compareAdAccounts(ctx context.Context) error {
	var after ledger.ID
	return v.compareRanges(ctx, "ad accounts", len(v.ads.accounts), func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_ad_accounts
			SELECT h.seq, o.ad_account_id, o.campaigns FROM book_heads h JOIN ad_accounts o ON o.book_id = h.book_id
			WHERE h.book_id = $1 AND o.ad_account_id > $2 ORDER BY o.ad_account_id LIMIT $3`, v.book, after, verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var got int64
			if err := rows.Scan(&seq, &after, &got); err != nil {
				return 0, nil, err
			}
			account := after
			compare = append(compare, func() {
				want, opened := v.ads.accounts[account]
				v.found.expect(opened && got == want || v.broken, "I22", "book %d: ad account %s counts %d campaigns, its journals created %d", v.book, account, got, want)
			})
		}
		return seq, compare, rows.Err()
	})
}

// compareCampaigns compares the counters of campaigns with what their journals
// make, and what these leave with the balance of the escrow account.
func (v *verifier) compareCampaigns(ctx context.Context) error {
	var after ledger.ID
	return v.compareRanges(ctx, "campaigns", v.ads.created, func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_campaigns
			SELECT h.seq, c.campaign_id, o.commodity, c.funded, c.released, c.consumed, c.credited, c.unbilled
			FROM book_heads h
			JOIN campaigns c ON c.book_id = h.book_id
			JOIN ad_accounts o ON o.book_id = c.book_id AND o.ad_account_id = c.ad_account_id
			WHERE h.book_id = $1 AND c.campaign_id > $2 ORDER BY c.campaign_id LIMIT $3`, v.book, after, verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var commodity ledger.Commodity
			var got campaign.Totals
			if err := rows.Scan(&seq, &after, &commodity, &got.Funded, &got.Released, &got.Consumed, &got.Credited, &got.Unbilled); err != nil {
				return 0, nil, err
			}
			of := after
			compare = append(compare, func() { v.compareCampaign(of, commodity, got) })
		}
		return seq, compare, rows.Err()
	})
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

func (v *verifier) compareCharges(ctx context.Context) error {
	last := campaign.ChargeRow{PostedAt: time.Unix(0, 0)}
	return v.compareRanges(ctx, "click charges", len(v.ads.charges), func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_click_charges
			SELECT h.seq, c.campaign_id, c.posted_at, c.journal_id, c.batch, c.minute_at, c.impressions, c.clicks, c.billable_clicks, c.billed, c.unbilled
			FROM book_heads h JOIN click_charges c ON c.book_id = h.book_id
			WHERE h.book_id = $1 AND (c.campaign_id, c.posted_at, c.journal_id) > ($2, $3, $4)
			ORDER BY c.campaign_id, c.posted_at, c.journal_id LIMIT $5`, v.book, last.Campaign, last.PostedAt, last.Journal, verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&seq, &last.Campaign, &last.PostedAt, &last.Journal, &last.Batch, &last.MinuteAt, &last.Impressions, &last.Clicks,
				&last.BillableClicks, &last.Billed, &last.Unbilled); err != nil {
				return 0, nil, err
			}
			got := last
			compare = append(compare, func() {
				want := v.ads.charges[got.Journal]
				same := got.PostedAt.Equal(want.PostedAt) && got.MinuteAt.Equal(want.MinuteAt)
				want.PostedAt, want.MinuteAt = got.PostedAt, got.MinuteAt
				v.found.expect(same && got == want || v.broken, "I22", "book %d: the click charge of journal %s on campaign %s is not what the journal makes of it",
					v.book, got.Journal, got.Campaign)
			})
		}
		return seq, compare, rows.Err()
	})
}

func (v *verifier) compareQuarters(ctx context.Context) error {
	return v.compareRollups(ctx, "quarters of an hour of campaigns", v.ads.quarters, `-- name: verify_ad_rollups_15m
		SELECT h.seq, r.campaign_id, r.bucket_at, r.impressions, r.clicks, r.billable_clicks, r.spend_gross, r.credits, r.unbilled
		FROM book_heads h JOIN ad_rollups_15m r ON r.book_id = h.book_id
		WHERE h.book_id = $1 AND (r.campaign_id, r.bucket_at) > ($2, $3) ORDER BY r.campaign_id, r.bucket_at LIMIT $4`)
}

func (v *verifier) compareAdDays(ctx context.Context) error {
	return v.compareRollups(ctx, "days of campaigns", v.ads.days, `-- name: verify_ad_rollups_daily
		SELECT h.seq, r.campaign_id, r.day, r.impressions, r.clicks, r.billable_clicks, r.spend_gross, r.credits, r.unbilled
		FROM book_heads h JOIN ad_rollups_daily r ON r.book_id = h.book_id
		WHERE h.book_id = $1 AND (r.campaign_id, r.day) > ($2, $3) ORDER BY r.campaign_id, r.day LIMIT $4`)
}

func (v *verifier) compareRollups(ctx context.Context, what string, sums rollupSums, statement string) error {
	var after ledger.ID
	bucket := time.Unix(0, 0)
	return v.compareRanges(ctx, what, len(sums), func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, statement, v.book, after, bucket, verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var got analytics.Rollup
			if err := rows.Scan(&seq, &after, &bucket, &got.Impressions, &got.Clicks, &got.BillableClicks, &got.SpendGross, &got.Credits, &got.Unbilled); err != nil {
				return 0, nil, err
			}
			of, at := after, bucket
			compare = append(compare, func() {
				want := sums[rollupKey{of, at.UnixMicro()}]
				v.found.expect(got == want || v.broken, "I22", "book %d: campaign %s at %s has %s, its journals make %s",
					v.book, of, at.UTC().Format(time.RFC3339), rollupText(&got), rollupText(&want))
			})
		}
		return seq, compare, rows.Err()
	})
}

func rollupText(r *analytics.Rollup) string {
	return fmt.Sprintf("%d impressions, %d clicks (%d billable), spend %d, credits %d, unbilled %d",
		r.Impressions, r.Clicks, r.BillableClicks, r.SpendGross, r.Credits, r.Unbilled)
}
