package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"purser/graph/model"
	"purser/internal/campaign"
	"purser/internal/scalar"
	"purser/ledger"
)

// Campaign implements graph.QueryResolver.
func (q queryResolver) Campaign(ctx context.Context, id string) (*model.Campaign, error) {
	a := newAdsAhead()
	q.campaignsAhead(ctx, a, graphql.GetFieldContext(ctx).Field.Selections)
	a.request.Campaigns = []campaign.Ref{campaignRef(id)}
	page, err := q.readAds(ctx, a)
	if err != nil || len(page.Campaigns) == 0 {
		return nil, err
	}
	return campaignModel(ctx, &page.Campaigns[0]), nil
}

func refOfCampaign(c *model.Campaign) campaign.Ref {
	return campaign.Ref{Book: ledger.BookID(c.Book), ID: ledger.ID(c.UUID)}
}

// Reconciliation implements graph.CampaignResolver. An analyst sees what campaigns
// do, not what the ledger says of them.
func (c campaignResolver) Reconciliation(ctx context.Context, obj *model.Campaign, rangeArg model.DateRangeInput) (*model.CampaignReconciliation, error) {
	query, err := reconciliationQuery(rangeArg)
	if err != nil || !seesFunds(campaign.Access(obj.Access)) {
		return nil, err
	}
	found, _, err := campaignSection[campaign.Reconciliation](ctx, refOfCampaign(obj), query)
	if err != nil {
		return nil, err
	}
	commodity := ledger.Commodity(obj.Commodity)
	return &model.CampaignReconciliation{
		Range: &model.ResolvedRange{From: scalar.Date(found.From), To: scalar.Date(found.To), TimeZone: obj.TimeZone},
		Spend: amountModel(commodity, found.Spend), Ledger: amountModel(commodity, found.Ledger),
		Difference: amountModel(commodity, found.Spend-found.Ledger),
	}, nil
}

func reconciliationQuery(dates model.DateRangeInput) (campaign.ReconciliationQuery, error) {
	asked, err := rangeOf("range", dates)
	return campaign.ReconciliationQuery{Range: asked}, err
}

// campaignModel shows a campaign. For an analyst it has no ledger: what a campaign
// is funded with is not theirs to see.
func campaignModel(ctx context.Context, c *campaign.Campaign) *model.Campaign {
	shown := &model.Campaign{
		ID: campaignID(c.Ref()), AdAccountID: adAccountID(campaign.Ref{Book: c.Book, ID: c.AdAccount}), Name: c.Name,
		Product: model.CampaignProduct(c.Product), Ad: &model.Ad{Type: model.AdEntityType(c.AdType), EntityID: scalar.UUID(c.AdID)},
		Schedule: &model.CampaignSchedule{StartsAt: c.StartsAt, EndsAt: expiryModel(c.EndsAt)},
		Bid:      amountModel(c.Commodity, c.BidMinor), Budget: budgetModel(c), Status: model.CampaignStatus(c.Status),
		Delivery: deliveryModel(c.Delivery), Version: int32(c.Version), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		CanManage: mayManage(ctx, c.Access), Access: string(c.Access), AdAccountUUID: scalar.UUID(c.AdAccount), Book: int32(c.Book),
		Commodity: model.Commodity(c.Commodity), TimeZone: c.TimeZone, UUID: scalar.UUID(c.ID),
	}
	if seesFunds(c.Access) {
		shown.Ledger = campaignLedgerModel(c)
	}
	return shown
}

func budgetModel(c *campaign.Campaign) *model.Budget {
	spent := c.SpentToday
	if c.Budget.Type == campaign.BudgetLifetime {
		spent = c.Totals.Consumed - c.Totals.Credited
	}
	return &model.Budget{
		Type: model.BudgetType(c.Budget.Type), Amount: amountModel(c.Commodity, c.Budget.AmountMinor),
		SpentToday: amountModel(c.Commodity, c.SpentToday), Remaining: amountModel(c.Commodity, max(0, c.Budget.AmountMinor-spent)),
	}
}

func deliveryModel(d campaign.Delivery) *model.Delivery {
	shown := &model.Delivery{State: model.DeliveryState(d.State), Reasons: make([]model.DeliveryReason, len(d.Reasons))}
	for i, reason := range d.Reasons {
		shown.Reasons[i] = model.DeliveryReason(reason)
	}
	return shown
}

func campaignLedgerModel(c *campaign.Campaign) *model.CampaignLedger {
	return &model.CampaignLedger{
		Funded: amountModel(c.Commodity, c.Totals.Funded), Consumed: amountModel(c.Commodity, c.Totals.Consumed),
		Credited: amountModel(c.Commodity, c.Totals.Credited), Released: amountModel(c.Commodity, c.Totals.Released),
		Remaining: amountModel(c.Commodity, c.Totals.Remaining()), EscrowAccount: campaign.EscrowCode(c.ID, c.Commodity),
	}
}

// ChangeLog implements graph.CampaignResolver.
func (c campaignResolver) ChangeLog(
	ctx context.Context, obj *model.Campaign, first *int32, after *string, last *int32, before *string,
) (*model.CampaignChangeConnection, error) {
	plan, err := planChanges(pageArguments{first: first, after: after, last: last, before: before})
	if err != nil {
		return nil, err
	}
	page, _, err := campaignSection[campaign.ChangePage](ctx, refOfCampaign(obj), plan.query)
	if err != nil {
		return nil, err
	}
	connection := &model.CampaignChangeConnection{Edges: []*model.CampaignChangeEdge{}, Nodes: []*model.CampaignChange{}}
	var cursors []string
	for i := range page.Changes {
		change := &page.Changes[i]
		node := changeModel(ledger.BookID(obj.Book), change)
		cursors = append(cursors, cursor(plan.list, encodeChangeKey(campaign.ChangeKey{At: change.At, Journal: change.Journal, Line: change.Line})))
		connection.Nodes = append(connection.Nodes, node)
		connection.Edges = append(connection.Edges, &model.CampaignChangeEdge{Cursor: cursors[i], Node: node})
	}
	connection.PageInfo = plan.place.info(page.More, cursors)
	return connection, nil
}

func changeModel(book ledger.BookID, change *campaign.ChangeRow) *model.CampaignChange {
	shown := &model.CampaignChange{At: change.At, Actor: change.Actor, Field: change.Field, JournalID: journalID(book, change.Journal)}
	if change.Old != "" {
		shown.Old = &change.Old
	}
	if change.New != "" {
		shown.New = &change.New
	}
	return shown
}

// changesPlan is what the arguments of a change log mean.
type changesPlan struct {
	query campaign.ChangesQuery
	place pagePlace
	list  [cursorHashBytes]byte
}

func planChanges(arguments pageArguments) (plan changesPlan, err error) {
	plan.list = listHash("changes", nil)
	plan.place, plan.query.Key, plan.query.HasKey, err = placeWithKey(arguments, plan.list, changeKeyBytes, decodeChangeKey)
	plan.query.Direction, plan.query.Limit = campaign.Direction(plan.place.direction), plan.place.limit
	return plan, err
}
