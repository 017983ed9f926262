package campaign

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// SetStatus moves a campaign to a status.
type SetStatus struct {
	Key      string
	Campaign Ref
	Version  int64 // the one that the caller saw; 0 for any
	Status   Status
}

// SetStatus posts a change of status. Ending a campaign gives what it has left back
// in the same journal (row 8 of the chart of entries), also while the wallet that
// funds it is frozen.
func (s *Service) SetStatus(ctx context.Context, caller domain.Caller, in SetStatus) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	r := request{"setCampaignStatus", in.Key, statusInput(in.Campaign, in.Version, in.Status)}
	return s.onCampaign(ctx, caller, in.Campaign, r, func(command *ledger.Command, to target) error {
		s.setStatus(command, to, in.Version, in.Status)
		return nil
	})
}

func statusInput(campaign Ref, version int64, status Status) ledger.Arguments {
	input := ledger.Arguments(nil).ID("campaign", campaign.ID).Text("status", string(status))
	if version > 0 {
		input = input.Amount("version", version)
	}
	return input
}

func (s *Service) setStatus(command *ledger.Command, to target, version int64, status Status) {
	change := &change{
		campaign: to.campaign, rules: []rule{atVersion(version), mayBecome(status), fundedFor(status)},
		edit: func(row *Row) { row.Status = status },
	}
	command.Guards, command.Effects = []ledger.Guard{change}, []ledger.Effect{updateEffect{change}, changesEffect{change, to.commodity}}
	command.Template = TemplateUpdate
	command.Arguments = ledger.Arguments(nil).ID(ArgAdAccount, to.adAccount).ID(ArgCampaign, to.campaign)
	if status == StatusEnded {
		command.Template = to.template(TemplateEnd, TemplateEndMoney)
		command.Arguments = s.withGrace(to.arguments(to.campaign), to)
		command.Effects = append(append(command.Effects, totalsEffect{}), s.config.Projections...)
		if !to.wallet.IsZero() {
			command.Guards = append(command.Guards, domain.Settled{Wallet: to.wallet})
		}
	}
	command.Arguments = command.Arguments.Text("status", string(status))
	command.Explanation = domain.Explanation{
		Rule: "SET_CAMPAIGN_STATUS", PolicyVersion: policy.CampaignsAt(s.config.Clock()).Version,
		Inputs: []domain.Input{{Name: "status", Value: string(status)}},
	}.Encode()
}

// mayBecome is the rule of the state machine.
func mayBecome(status Status) rule {
	return func(row Row) (string, ledger.Arguments) {
		if slices.Contains(next[row.Status], status) {
			return "", nil
		}
		return ReasonIllegalMove, ledger.Arguments(nil).Text(FactFrom, string(row.Status)).Text(FactTo, string(status))
	}
}

// fundedFor is the rule that a campaign is not enabled without funds.
func fundedFor(status Status) rule {
	return func(row Row) (string, ledger.Arguments) {
		if status == StatusEnabled && row.Totals.Remaining() <= 0 {
			return ReasonNoFunds, nil
		}
		return "", nil
	}
}

// SetStatuses moves campaigns to a status, each by a command of its own.
type SetStatuses struct {
	// Key with a campaign's id is that campaign's key.
	Key       string
	Campaigns []Ref
	Status    Status
}

// StatusResult is what became of one campaign of several: Err is what SetStatus
// would have returned.
type StatusResult struct {
	Result
	Err error
}

// SetStatuses posts one command a campaign, all at once, so that they share batches.
// The results are in the order of the request; one that fails leaves the others as
// they are. The error is a request that could never be accepted, or a read that
// failed before anything was posted.
func (s *Service) SetStatuses(ctx context.Context, caller domain.Caller, in SetStatuses) ([]StatusResult, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	page, err := s.config.Directory.CampaignPage(ctx, caller, PageRequest{Campaigns: in.Campaigns})
	if err != nil {
		return nil, fmt.Errorf("setCampaignStatuses: %w", err)
	}
	reached := make(map[Ref]target, len(page.Campaigns))
	for _, c := range page.Campaigns {
		if c.Access.Manages() {
			reached[c.Ref()] = targetOf(c)
		}
	}
	results := make([]StatusResult, len(in.Campaigns))
	var posting sync.WaitGroup
	for i, ref := range in.Campaigns {
		to, found := reached[ref]
		if !found {
			results[i].Err = fmt.Errorf("setCampaignStatuses on campaign %s: %w", ref.ID, domain.ErrNotFound)
			continue
		}
		posting.Go(func() { results[i] = s.setOne(ctx, caller, to, in) })
	}
	posting.Wait()
	return results, nil
}

// setOne posts the command of one campaign of several.
func (s *Service) setOne(ctx context.Context, caller domain.Caller, to target, in SetStatuses) StatusResult {
	ref := Ref{Book: to.book, ID: to.campaign}
	r := request{"setCampaignStatuses", in.Key + ":" + ref.ID.String(), statusInput(ref, 0, in.Status)}
	result, err := s.post(ctx, caller, to, r, func(command *ledger.Command, to target) error {
		s.setStatus(command, to, 0, in.Status)
		return nil
	})
	if err != nil {
		err = fmt.Errorf("setCampaignStatuses on campaign %s: %w", ref.ID, err)
	}
	return StatusResult{Result: result, Err: err}
}
