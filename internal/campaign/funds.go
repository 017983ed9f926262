package campaign

import (
	"context"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Fund sets funds of the ad account aside for a campaign.
type Fund struct {
	Key      string
	Campaign Ref
	Amount   int64
}

// Fund posts row 5 or 16b of the chart of entries, unless the campaign has ended.
func (s *Service) Fund(ctx context.Context, caller domain.Caller, in Fund) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	r := request{"fundCampaign", in.Key, ledger.Arguments(nil).ID("campaign", in.Campaign.ID).Amount("amount", in.Amount)}
	return s.onCampaign(ctx, caller, in.Campaign, r, func(command *ledger.Command, to target) error {
		command.Template = to.template(TemplateFund, TemplateFundMoney)
		command.Guards = []ledger.Guard{&change{campaign: to.campaign, rules: []rule{notEnded}}}
		s.move(command, to, "FUND_CAMPAIGN", in.Amount)
		return nil
	})
}

// Release gives funds of a campaign back to where they came from.
type Release struct {
	Key      string
	Campaign Ref
	Amount   int64 // 0: all that is left, which may be nothing
}

// Release posts the way back of row 5 or 16b of the chart of entries, whatever the
// campaign's status, and also while the wallet that funds it is frozen.
func (s *Service) Release(ctx context.Context, caller domain.Caller, in Release) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	input := ledger.Arguments(nil).ID("campaign", in.Campaign.ID)
	if in.Amount > 0 {
		input = input.Amount("amount", in.Amount)
	}
	return s.onCampaign(ctx, caller, in.Campaign, request{"releaseCampaignFunds", in.Key, input}, func(command *ledger.Command, to target) error {
		command.Template = to.template(TemplateRelease, TemplateReleaseMoney)
		command.Guards = []ledger.Guard{&change{campaign: to.campaign}}
		s.move(command, to, "RELEASE_CAMPAIGN", in.Amount)
		command.Arguments = s.withGrace(command.Arguments, to)
		return nil
	})
}

// move completes a command that moves funds of a campaign; amount 0 is all.
func (s *Service) move(command *ledger.Command, to target, rule string, amount int64) {
	explanation := domain.Explanation{Rule: rule, PolicyVersion: policy.CampaignsAt(s.config.Clock()).Version}
	command.Arguments = to.arguments(to.campaign)
	if amount > 0 {
		command.Arguments = command.Arguments.Amount(to.amountArgument(), amount)
		explanation.Inputs = []domain.Input{domain.Number("amountMinor", amount)}
	}
	command.Effects = append([]ledger.Effect{totalsEffect{}}, s.config.Projections...)
	command.Explanation = explanation.Encode()
}

// withGrace adds until when units may be used that come back to a lot which has
// expired; money has no lots.
func (s *Service) withGrace(arguments ledger.Arguments, to target) ledger.Arguments {
	if to.commodity != ledger.CNX {
		return arguments
	}
	now := s.config.Clock()
	return arguments.Time(ArgGraceUntil, policy.ConnectsAt(now).GraceUntil(now))
}
