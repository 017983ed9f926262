package resolvers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph"
	"purser/graph/model"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/ledger"
)

// writtenAdAccount reads the ad account of a success with all that its selection,
// under any alias, asks for.
func (r *Resolver) writtenAdAccount(ctx context.Context, book int32, id scalar.UUID) (*model.AdAccount, error) {
	ref := campaign.Ref{Book: ledger.BookID(book), ID: ledger.ID(id)}
	page, err := scopeOf(ctx).ads.read(func() (*campaign.Page, error) {
		a := newAdsAhead()
		r.adAccountsAhead(ctx, a, siblings(ctx, successTypes(ctx)...)...)
		a.request.AdAccounts = []campaign.Ref{ref}
		return r.readAds(ctx, a)
	})
	if err != nil {
		return nil, err
	}
	if len(page.AdAccounts) == 0 {
		return nil, fmt.Errorf("read ad account %s after writing to it: %w", ref.ID, domain.ErrNotFound)
	}
	return adAccountModel(ctx, page.AdAccounts[0], page.Now), nil
}

// writtenCampaign reads the campaign of a success with all that its selection, under
// any alias, asks for; together with it those of the other successes of a batch.
func (r *Resolver) writtenCampaign(ctx context.Context, book int32, id scalar.UUID) (*model.Campaign, error) {
	ref, s := campaign.Ref{Book: ledger.BookID(book), ID: ledger.ID(id)}, scopeOf(ctx)
	page, err := s.ads.read(func() (*campaign.Page, error) {
		a := newAdsAhead()
		if s.written == nil {
			r.campaignsAhead(ctx, a, siblings(ctx, successTypes(ctx)...)...)
			a.request.Campaigns = []campaign.Ref{ref}
		} else {
			r.campaignsAhead(ctx, a, selectionsOfBatch(ctx)...)
			a.request.Campaigns = s.written
		}
		return r.readAds(ctx, a)
	})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(page.Campaigns, func(c campaign.Campaign) bool { return c.Ref() == ref })
	if at < 0 {
		return nil, fmt.Errorf("read campaign %s after writing to it: %w", ref.ID, domain.ErrNotFound)
	}
	return campaignModel(ctx, &page.Campaigns[at]), nil
}

// successTypes are the types under which the fields of a success are selected.
func successTypes(ctx context.Context) []string {
	success := graphql.GetFieldContext(ctx).Object
	return []string{success, strings.TrimSuffix(success, "Success") + "Payload"}
}

// selectionsOfBatch is what is selected on the campaigns of setCampaignStatuses,
// under every alias on the way.
func selectionsOfBatch(ctx context.Context) []ast.SelectionSet {
	selections := []ast.SelectionSet{graphql.GetRootFieldContext(ctx).Field.Selections}
	selections = selectedBelow(ctx, selections, "outcomes", "SetCampaignStatusesSuccess", "SetCampaignStatusesPayload")
	selections = selectedBelow(ctx, selections, "payload", "CampaignStatusOutcome")
	return selectedBelow(ctx, selections, "campaign", "SetCampaignStatusSuccess", "SetCampaignStatusPayload")
}

// selectedBelow returns what is selected on a field, under any alias, of objects of
// some types.
func selectedBelow(ctx context.Context, selections []ast.SelectionSet, name string, types ...string) []ast.SelectionSet {
	var below []ast.SelectionSet
	for _, selection := range selections {
		for _, field := range graphql.CollectFields(graphql.GetOperationContext(ctx), selection, types) {
			if field.Name == name {
				below = append(below, field.Selections)
			}
		}
	}
	return below
}

type (
	openAdAccountSuccessResolver        struct{ *Resolver }
	depositAdFundsSuccessResolver       struct{ *Resolver }
	createCampaignSuccessResolver       struct{ *Resolver }
	updateCampaignSuccessResolver       struct{ *Resolver }
	setCampaignStatusSuccessResolver    struct{ *Resolver }
	fundCampaignSuccessResolver         struct{ *Resolver }
	releaseCampaignFundsSuccessResolver struct{ *Resolver }
	recordClickChargesSuccessResolver   struct{ *Resolver }
)

// OpenAdAccountSuccess implements graph.ResolverRoot.
func (r *Resolver) OpenAdAccountSuccess() graph.OpenAdAccountSuccessResolver {
	return openAdAccountSuccessResolver{r}
}

// AdAccount implements graph.OpenAdAccountSuccessResolver.
func (s openAdAccountSuccessResolver) AdAccount(ctx context.Context, obj *model.OpenAdAccountSuccess) (*model.AdAccount, error) {
	return s.writtenAdAccount(ctx, obj.Book, obj.AdAccountUUID)
}

// DepositAdFundsSuccess implements graph.ResolverRoot.
func (r *Resolver) DepositAdFundsSuccess() graph.DepositAdFundsSuccessResolver {
	return depositAdFundsSuccessResolver{r}
}

// AdAccount implements graph.DepositAdFundsSuccessResolver.
func (s depositAdFundsSuccessResolver) AdAccount(ctx context.Context, obj *model.DepositAdFundsSuccess) (*model.AdAccount, error) {
	return s.writtenAdAccount(ctx, obj.Book, obj.AdAccountUUID)
}

// CreateCampaignSuccess implements graph.ResolverRoot.
func (r *Resolver) CreateCampaignSuccess() graph.CreateCampaignSuccessResolver {
	return createCampaignSuccessResolver{r}
}

// Campaign implements graph.CreateCampaignSuccessResolver.
func (s createCampaignSuccessResolver) Campaign(ctx context.Context, obj *model.CreateCampaignSuccess) (*model.Campaign, error) {
	return s.writtenCampaign(ctx, obj.Book, obj.CampaignUUID)
}

// UpdateCampaignSuccess implements graph.ResolverRoot.
func (r *Resolver) UpdateCampaignSuccess() graph.UpdateCampaignSuccessResolver {
	return updateCampaignSuccessResolver{r}
}

// Campaign implements graph.UpdateCampaignSuccessResolver.
func (s updateCampaignSuccessResolver) Campaign(ctx context.Context, obj *model.UpdateCampaignSuccess) (*model.Campaign, error) {
	return s.writtenCampaign(ctx, obj.Book, obj.CampaignUUID)
}

// SetCampaignStatusSuccess implements graph.ResolverRoot.
func (r *Resolver) SetCampaignStatusSuccess() graph.SetCampaignStatusSuccessResolver {
	return setCampaignStatusSuccessResolver{r}
}

// Campaign implements graph.SetCampaignStatusSuccessResolver.
func (s setCampaignStatusSuccessResolver) Campaign(ctx context.Context, obj *model.SetCampaignStatusSuccess) (*model.Campaign, error) {
	return s.writtenCampaign(ctx, obj.Book, obj.CampaignUUID)
}

// FundCampaignSuccess implements graph.ResolverRoot.
func (r *Resolver) FundCampaignSuccess() graph.FundCampaignSuccessResolver {
	return fundCampaignSuccessResolver{r}
}

// Campaign implements graph.FundCampaignSuccessResolver.
func (s fundCampaignSuccessResolver) Campaign(ctx context.Context, obj *model.FundCampaignSuccess) (*model.Campaign, error) {
	return s.writtenCampaign(ctx, obj.Book, obj.CampaignUUID)
}

// ReleaseCampaignFundsSuccess implements graph.ResolverRoot.
func (r *Resolver) ReleaseCampaignFundsSuccess() graph.ReleaseCampaignFundsSuccessResolver {
	return releaseCampaignFundsSuccessResolver{r}
}

// Campaign implements graph.ReleaseCampaignFundsSuccessResolver.
func (s releaseCampaignFundsSuccessResolver) Campaign(ctx context.Context, obj *model.ReleaseCampaignFundsSuccess) (*model.Campaign, error) {
	return s.writtenCampaign(ctx, obj.Book, obj.CampaignUUID)
}

// RecordClickChargesSuccess implements graph.ResolverRoot.
func (r *Resolver) RecordClickChargesSuccess() graph.RecordClickChargesSuccessResolver {
	return recordClickChargesSuccessResolver{r}
}

// Campaign implements graph.RecordClickChargesSuccessResolver.
func (s recordClickChargesSuccessResolver) Campaign(ctx context.Context, obj *model.RecordClickChargesSuccess) (*model.Campaign, error) {
	return s.writtenCampaign(ctx, obj.Book, obj.CampaignUUID)
}
