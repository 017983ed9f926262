package resolvers

import (
	"context"
	"errors"
	"fmt"

	"purser/graph"
	"purser/graph/model"
	"purser/internal/campaign"
	"purser/internal/domain"
)

// SetCampaignStatuses implements graph.MutationResolver: one outcome for each id, in
// their order, whatever became of the others.
func (m mutationResolver) SetCampaignStatuses(ctx context.Context, input model.SetCampaignStatusesInput) (model.SetCampaignStatusesPayload, error) {
	refs, err := batchRefs(input.CampaignIds)
	var results []campaign.StatusResult
	if err == nil {
		results, err = m.campaigns.SetStatuses(ctx, scopeOf(ctx).caller, campaign.SetStatuses{
			Key: input.IdempotencyKey, Campaigns: refs, Status: campaign.Status(input.Status),
		})
	}
	var invalid *domain.ValidationError
	if errors.As(err, &invalid) {
		return validationFailed(invalid), nil
	}
	if err != nil {
		return nil, err
	}
	found := make(map[campaign.Ref]campaign.StatusResult, len(refs))
	s := scopeOf(ctx)
	for i, ref := range refs {
		found[ref] = results[i]
		if results[i].Err != nil {
			continue
		}
		// Before the first member is made, so that the token of each covers all.
		s.response.note(ref.Book, results[i].Outcome.BookSeq)
		if results[i].Outcome.Refusal == nil {
			s.written = append(s.written, ref)
		}
	}
	success := model.SetCampaignStatusesSuccess{
		Replayed: allReplayed(results), Outcomes: make([]*model.CampaignStatusOutcome, len(input.CampaignIds)),
	}
	if token := s.response.token(); token != "" {
		success.Consistency = &token
	}
	for i, id := range input.CampaignIds {
		result := found[campaignRef(id)]
		at := adPlaces{object: fmt.Sprintf("campaignIds.%d", i)}
		payload, fault := decideAd[model.SetCampaignStatusPayload](ctx, m.Resolver, at, result.Result, result.Err, func(w writtenAd) any {
			return model.SetCampaignStatusSuccess(w.campaign())
		})
		success.Outcomes[i] = &model.CampaignStatusOutcome{CampaignID: id, Decided: statusDecision{payload, fault}}
	}
	return success, nil
}

// batchRefs returns the campaigns that ids name, each once. An id that is sent twice
// is refused. Ids that name no campaign share the one ref that nobody has: they are
// told alike, as ids of somebody else's campaigns are.
func batchRefs(ids []string) ([]campaign.Ref, error) {
	if len(ids) < 1 || len(ids) > campaign.StatusesMax {
		return nil, domain.Invalid("campaignIds", "must be 1 to %d, got %d", campaign.StatusesMax, len(ids))
	}
	sent, named := make(map[string]bool, len(ids)), make(map[campaign.Ref]bool, len(ids))
	var refs []campaign.Ref
	for _, id := range ids {
		ref := campaignRef(id)
		if sent[id] {
			return nil, domain.Invalid("campaignIds", "must name each campaign once")
		}
		if !named[ref] {
			refs = append(refs, ref)
		}
		sent[id], named[ref] = true, true
	}
	return refs, nil
}

// allReplayed reports whether the ledger decided all of it before. What it was not
// asked, because there is no such campaign, does not count.
func allReplayed(results []campaign.StatusResult) bool {
	replayed := false
	for i := range results {
		switch {
		case errors.Is(results[i].Err, domain.ErrNotFound):
		case results[i].Err != nil || !results[i].Outcome.Replayed:
			return false
		default:
			replayed = true
		}
	}
	return replayed
}

// statusDecision is what became of one campaign of several: a payload, or the fault
// that left it unknown.
type statusDecision struct {
	payload model.SetCampaignStatusPayload
	fault   error
}

type campaignStatusOutcomeResolver struct{ *Resolver }

// CampaignStatusOutcome implements graph.ResolverRoot.
func (r *Resolver) CampaignStatusOutcome() graph.CampaignStatusOutcomeResolver {
	return campaignStatusOutcomeResolver{r}
}

// Payload implements graph.CampaignStatusOutcomeResolver. It is a resolver so that a
// fault has the path of its campaign and leaves the others.
func (campaignStatusOutcomeResolver) Payload(_ context.Context, obj *model.CampaignStatusOutcome) (model.SetCampaignStatusPayload, error) {
	decision, ok := obj.Decided.(statusDecision)
	if !ok {
		return nil, fmt.Errorf("the outcome of %s holds a %T", obj.CampaignID, obj.Decided)
	}
	return decision.payload, decision.fault
}
