package resolvers

import (
	"context"
	"fmt"
	"time"

	"purser/graph/model"
	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/policy"
	"purser/internal/scalar"
	"purser/ledger"
)

// performanceOf says whose figures a Performance is, so that its series can be found.
type performanceOf struct {
	campaign  campaign.Ref
	asked     domain.Range
	timeZone  string // the ad account's
	commodity ledger.Commodity
}

// Performance implements graph.CampaignResolver.
func (c campaignResolver) Performance(ctx context.Context, obj *model.Campaign, rangeArg model.DateRangeInput, compare *model.Comparison) (*model.Performance, error) {
	query, err := performanceQuery(rangeArg, compare)
	if err != nil {
		return nil, err
	}
	of := performanceOf{campaign: refOfCampaign(obj), asked: query.Range, timeZone: obj.TimeZone, commodity: ledger.Commodity(obj.Commodity)}
	found, now, err := campaignSection[campaign.Performance](ctx, of.campaign, query)
	if err != nil {
		return nil, err
	}
	return of.model(found, now)
}

func performanceQuery(dates model.DateRangeInput, compare *model.Comparison) (query campaign.PerformanceQuery, err error) {
	if compare != nil {
		query.Compare = string(*compare)
	}
	query.Range, err = rangeOf("range", dates)
	return query, err
}

// model shows figures as of now. Whatever is reported is counted in the commit that
// records it: the watermark is the instant of the snapshot itself.
func (of performanceOf) model(p campaign.Performance, now time.Time) (*model.Performance, error) {
	zone, err := domain.LoadZone(p.Zone)
	if err != nil {
		return nil, fmt.Errorf("performance of campaign %s: %w", of.campaign.ID, err)
	}
	shown := &model.Performance{
		Range:     &model.ResolvedRange{From: scalar.Date(p.From), To: scalar.Date(p.To), TimeZone: p.Zone},
		Commodity: model.Commodity(of.commodity), AsOf: now, Watermark: now, Finality: finalityOf(p.To, zone, now),
		Totals: figuresModel(of.commodity, p.Totals), Of: of,
	}
	if p.Compared != nil {
		shown.ComparedRange = &model.ResolvedRange{From: scalar.Date(p.ComparedFrom), To: scalar.Date(p.ComparedTo), TimeZone: p.Zone}
		shown.Compared = figuresModel(of.commodity, *p.Compared)
		shown.Deltas = deltasModel(of.commodity, p.Totals, *p.Compared)
	}
	return shown, nil
}

// finalityOf says whether figures of dates before to may still change: clicks that
// are reported late are charged for as long as the policy says.
func finalityOf(to ledger.Date, zone *time.Location, now time.Time) model.Finality {
	if now.Before(analytics.StartOfDay(to, zone).Add(policy.CampaignsAt(now).ChargedWithin)) {
		return model.FinalityProvisional
	}
	return model.FinalityFinal
}

func figuresModel(commodity ledger.Commodity, m campaign.Metrics) *model.PerformanceTotals {
	return &model.PerformanceTotals{
		Impressions: m.Impressions, Clicks: m.Clicks, BillableClicks: m.BillableClicks, Ctr: ctrOf(m), AvgCpc: avgCPCOf(commodity, m),
		SpendGross: amountModel(commodity, m.SpendGross), Credits: amountModel(commodity, m.Credits),
		SpendNet: amountModel(commodity, m.SpendNet()), ServedUnbilled: amountModel(commodity, m.Unbilled),
	}
}

func ctrOf(m campaign.Metrics) *scalar.Decimal {
	return decimalModel(analytics.CTR(m.Clicks, m.Impressions).Round(analytics.CTRScale))
}

func avgCPCOf(commodity ledger.Commodity, m campaign.Metrics) *scalar.Decimal {
	return decimalModel(analytics.AvgCPC(m.SpendGross, m.BillableClicks).RoundMajor(commodity, analytics.AvgCPCScale))
}

// decimalModel shows a number that was computed; nil for one that there is not.
func decimalModel(d analytics.Decimal, ok bool) *scalar.Decimal {
	if !ok {
		return nil
	}
	shown := scalar.NewDecimal(d.Coefficient, d.Scale)
	return &shown
}

// deltasModel compares the figures of two spans, each ratio from the spans' sums.
func deltasModel(commodity ledger.Commodity, now, then campaign.Metrics) *model.PerformanceDeltas {
	return &model.PerformanceDeltas{
		Impressions:    countDelta(now.Impressions, then.Impressions),
		Clicks:         countDelta(now.Clicks, then.Clicks),
		BillableClicks: countDelta(now.BillableClicks, then.BillableClicks),
		Ctr: ratioDelta(
			ctrOf(now), ctrOf(then), analytics.CTR(now.Clicks, now.Impressions), analytics.CTR(then.Clicks, then.Impressions),
		),
		AvgCpc: ratioDelta(
			avgCPCOf(commodity, now), avgCPCOf(commodity, then),
			analytics.AvgCPC(now.SpendGross, now.BillableClicks), analytics.AvgCPC(then.SpendGross, then.BillableClicks),
		),
		SpendGross: amountDelta(commodity, now.SpendGross, then.SpendGross),
		Credits:    amountDelta(commodity, now.Credits, then.Credits),
		SpendNet:   amountDelta(commodity, now.SpendNet(), then.SpendNet()),
	}
}

func countDelta(now, then int64) *model.CountDelta {
	return &model.CountDelta{Change: now - then, Ratio: decimalModel(analytics.Change(analytics.Whole(now), analytics.Whole(then)))}
}

func amountDelta(commodity ledger.Commodity, now, then int64) *model.AmountDelta {
	return &model.AmountDelta{
		Change: amountModel(commodity, now-then), Ratio: decimalModel(analytics.Change(analytics.Whole(now), analytics.Whole(then))),
	}
}

// ratioDelta is the difference of two ratios as they are shown, so that the answer
// adds up, and their relative change before rounding.
func ratioDelta(shownNow, shownThen *scalar.Decimal, now, then analytics.Fraction) *model.RatioDelta {
	delta := &model.RatioDelta{Ratio: decimalModel(analytics.Change(now, then))}
	if shownNow != nil && shownThen != nil {
		change := scalar.NewDecimal(shownNow.Coefficient()-shownThen.Coefficient(), shownNow.Scale())
		delta.Change = &change
	}
	return delta
}
