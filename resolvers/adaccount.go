package resolvers

import (
	"context"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph/model"
	"purser/internal/auth"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// AdAccount implements graph.QueryResolver.
func (q queryResolver) AdAccount(ctx context.Context, id string) (*model.AdAccount, error) {
	accounts, err := q.adAccounts(ctx, []campaign.Ref{adAccountRef(id)}, graphql.GetFieldContext(ctx).Field.Selections)
	if err != nil || len(accounts) == 0 {
		return nil, err
	}
	return accounts[0], nil
}

// adAccounts reads ad accounts with all that the selections below ask for.
func (r *Resolver) adAccounts(ctx context.Context, refs []campaign.Ref, selections ...ast.SelectionSet) ([]*model.AdAccount, error) {
	a := newAdsAhead()
	r.adAccountsAhead(ctx, a, selections...)
	a.request.AdAccounts = refs
	page, err := r.readAds(ctx, a)
	if err != nil {
		return nil, err
	}
	return adAccountModels(ctx, page), nil
}

// adNodes reads the ad accounts and the campaigns among the ids: one page of both.
func (q queryResolver) adNodes(ctx context.Context, wanted *nodeRefs, found map[nodeID]model.Node) error {
	if len(wanted.adAccounts)+len(wanted.campaigns) == 0 {
		return nil
	}
	a, selection := newAdsAhead(), graphql.GetFieldContext(ctx).Field.Selections
	a.request.AdAccounts, a.request.Campaigns = wanted.adAccounts, wanted.campaigns
	if len(wanted.adAccounts) > 0 {
		q.adAccountsAhead(ctx, a, selection)
	}
	if len(wanted.campaigns) > 0 {
		q.campaignsAhead(ctx, a, selection)
	}
	page, err := q.readAds(ctx, a)
	if err != nil {
		return err
	}
	for _, account := range adAccountModels(ctx, page) {
		found[nodeID{kind: nodeAdAccount, book: ledger.BookID(account.Book), id: ledger.ID(account.UUID)}] = account
	}
	for i := range page.Campaigns {
		found[nodeID{kind: nodeCampaign, book: page.Campaigns[i].Book, id: page.Campaigns[i].ID}] = campaignModel(ctx, &page.Campaigns[i])
	}
	return nil
}

// AdAccounts implements graph.ViewerResolver: the ad accounts that are the
// caller's, not all those that FINANCE and AUDITOR may open by id.
func (v viewerResolver) AdAccounts(ctx context.Context, _ *model.Viewer) ([]*model.AdAccount, error) {
	page, err := scopeOf(ctx).ads.read(func() (*campaign.Page, error) {
		a := newAdsAhead()
		v.adAccountsAhead(ctx, a, siblings(ctx, "Viewer")...)
		a.request.Mine = true
		return v.readAds(ctx, a)
	})
	if err != nil {
		return nil, err
	}
	return adAccountModels(ctx, page), nil
}

// Campaigns implements graph.AdAccountResolver.
func (a adAccountResolver) Campaigns(
	ctx context.Context, obj *model.AdAccount, first *int32, after *string, last *int32, before *string,
	filter *model.CampaignFilter, order *model.CampaignOrderInput, rangeArg model.DateRangeInput,
) (*model.CampaignConnection, error) {
	withTotals := selectsTotals(graphql.GetOperationContext(ctx), graphql.GetFieldContext(ctx).Field)
	plan, err := planCampaigns(pageArguments{first: first, after: after, last: last, before: before}, filter, order, rangeArg, withTotals)
	if err != nil {
		return nil, err
	}
	ref := campaign.Ref{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.UUID)}
	page, now, err := campaignSection[campaign.ListPage](ctx, ref, plan.query)
	if err != nil {
		return nil, err
	}
	return plan.connection(ctx, page, ledger.Commodity(obj.Commodity), now), nil
}

// campaignSection returns a section of an ad account or a campaign that was read,
// of the type its query has, as sectionOf does for wallets.
func campaignSection[Section any](ctx context.Context, of campaign.Ref, query any) (section Section, now time.Time, err error) {
	loaded, err := scopeOf(ctx).loaders.CampaignSection(ctx, campaign.SectionKey{Of: of, Query: query})
	if err != nil {
		return section, now, err
	}
	if loaded == nil {
		return section, now, fmt.Errorf("section %T of %s: %w", query, of.ID, domain.ErrNotFound)
	}
	section, ok := loaded.Value.(Section)
	if !ok {
		return section, now, fmt.Errorf("section %T of %s: is a %T", query, of.ID, loaded.Value)
	}
	return section, loaded.Now, nil
}

func adAccountModels(ctx context.Context, page *campaign.Page) []*model.AdAccount {
	shown := make([]*model.AdAccount, len(page.AdAccounts))
	for i, account := range page.AdAccounts {
		shown[i] = adAccountModel(ctx, account, page.Now)
	}
	return shown
}

func adAccountModel(ctx context.Context, a campaign.AdAccount, now time.Time) *model.AdAccount {
	shown := &model.AdAccount{
		ID: adAccountID(a.Ref), Name: a.Name, Commodity: model.Commodity(a.Commodity), TimeZone: a.TimeZone, OpenedAt: a.OpenedAt,
		SpendToday: amountModel(a.Commodity, a.SpentToday), BudgetToday: amountModel(a.Commodity, a.BudgetToday), AsOf: now,
		CanManage: mayManage(ctx, a.Access), Access: string(a.Access), Book: int32(a.Book), UUID: scalar.UUID(a.ID),
	}
	if !a.Wallet.IsZero() {
		id := walletID(wallet.Ref{Book: a.Book, ID: a.Wallet})
		shown.WalletID = &id
	}
	if a.Commodity.IsMoney() && seesFunds(a.Access) {
		shown.Prepaid = amountModel(a.Commodity, a.Prepaid)
	}
	return shown
}

// mayManage reports whether the mutations of campaigns are open to the caller for
// what they reach so: by the roles that open them, as the database has it. Those
// who may look at every account change none.
func mayManage(ctx context.Context, access campaign.Access) bool {
	p, _ := auth.FromContext(ctx)
	return access.Manages() && access != campaign.AccessAll && (p.Has(auth.RoleFreelancer) || p.Has(auth.RoleAdvertiserAdmin))
}

// seesFunds reports whether a caller who reaches an ad account so sees what pays
// for its campaigns. An analyst does not.
func seesFunds(access campaign.Access) bool { return access != campaign.AccessAnalyst }
