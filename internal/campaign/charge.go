package campaign

import (
	"context"
	"math"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Charge reports what happened to a campaign in one minute, and what its clicks
// cost.
type Charge struct {
	Key      string
	Campaign Ref
	// Batch is the ad server's name of the batch. It is charged once per campaign,
	// whatever the key: the same name for another campaign is another batch.
	Batch       string
	MinuteAt    time.Time // any instant in the minute
	Impressions int64
	Clicks      int64
	Charge      int64
}

// Charge posts row 6 or 16c of the chart of entries: it bills what the campaign has
// left, up to the charge, and records the rest as served and never billed. It is
// never refused for want of funds, nor for the campaign's status or a frozen
// wallet: the clicks have happened. A batch that was charged before is refused as
// already done, one that is too old with ReasonChargeTooLate.
//
// What was billed is in the campaign's ChargeRow of the outcome's journal, also
// after a replay.
func (s *Service) Charge(ctx context.Context, caller domain.Caller, in Charge) (Result, error) {
	now := s.config.Clock()
	if err := in.validate(now); err != nil {
		return Result{}, err
	}
	return s.onCampaign(ctx, caller, in.Campaign, request{"recordClickCharges", in.Key, in.input()}, func(command *ledger.Command, to target) error {
		return s.charge(command, to, in, now)
	})
}

func (s *Service) charge(command *ledger.Command, to target, in Charge, now time.Time) error {
	zone, err := to.location()
	if err != nil {
		return err
	}
	minute, rules := in.minute(), policy.CampaignsAt(now)
	command.Template = to.template(TemplateCharge, TemplateChargeMoney)
	command.Arguments = to.arguments(to.campaign).Amount(ArgCharge, in.Charge).Amount(ArgImpressions, in.Impressions).
		Amount(ArgClicks, in.Clicks).Text(ArgBatch, in.Batch).Text(ArgTimeZone, to.zone)
	command.EffectiveAt, command.Once = minute, "clicks:"+to.campaign.String()+":"+in.Batch
	command.Guards = []ledger.Guard{
		&change{campaign: to.campaign, rules: []rule{inTime(minute, now.Add(-rules.ChargedWithin)), counts(in.Charge)}},
		dayGuard{campaign: to.campaign, day: domain.DateIn(zone, minute), zone: to.zone},
	}
	command.Effects = append([]ledger.Effect{totalsEffect{}, chargeEffect{}}, s.config.Projections...)
	command.Explanation = domain.Explanation{Rule: "CLICK_CHARGE", PolicyVersion: rules.Version, Inputs: []domain.Input{
		{Name: "batchId", Value: in.Batch},
		{Name: "minuteAt", Value: timeText(minute)},
		domain.Number("impressions", in.Impressions),
		domain.Number("clicks", in.Clicks),
		domain.Number("chargeMinor", in.Charge),
	}}.Encode()
	return nil
}

func (in Charge) minute() time.Time { return in.MinuteAt.UTC().Truncate(time.Minute) }

func (in Charge) input() ledger.Arguments {
	return ledger.Arguments(nil).ID("campaign", in.Campaign.ID).Text("batch", in.Batch).Time("minuteAt", in.MinuteAt).
		Amount("impressions", in.Impressions).Amount("clicks", in.Clicks).Amount("charge", in.Charge)
}

// inTime is the rule that figures which are final do not change.
func inTime(minute, earliest time.Time) rule {
	return func(Row) (string, ledger.Arguments) {
		if !minute.Before(earliest.Truncate(time.Minute)) {
			return "", nil
		}
		return ReasonChargeTooLate, ledger.Arguments(nil).Time(FactNotBefore, earliest.Truncate(time.Minute))
	}
}

// counts is the rule that a campaign's counters stay within 64 bits (I24). What it
// consumes is bounded by the ledger; what it could not pay for is bounded here.
func counts(charge int64) rule {
	return func(row Row) (string, ledger.Arguments) {
		if row.Totals.Unbilled > math.MaxInt64-charge {
			return ReasonOverflow, nil
		}
		return "", nil
	}
}
