package loader

import (
	"context"

	"purser/internal/campaign"
)

// CampaignSection returns a section of an ad account or a campaign, nil when the
// caller may not see it. It returns the Reader's error.
func (l *Loaders) CampaignSection(ctx context.Context, key campaign.SectionKey) (*Section, error) {
	return l.campaignSections.Load(ctx, key)()
}

// Campaigns returns the campaigns of refs in their order, nil for each that the
// caller may not see. It returns the Reader's error.
func (l *Loaders) Campaigns(ctx context.Context, refs []campaign.Ref) ([]*campaign.Campaign, error) {
	return many(ctx, l.campaigns, refs)
}

// PrimeCampaignPage remembers a page that was read: its campaigns, those of lists
// included, the sections, and that the campaigns asked for and not found are not
// there. What was primed before stays.
func (l *Loaders) PrimeCampaignPage(ctx context.Context, request campaign.PageRequest, page *campaign.Page) {
	found := make(map[campaign.Ref]bool, len(page.Campaigns))
	prime := func(campaigns []campaign.Campaign) {
		for i := range campaigns {
			ref := campaigns[i].Ref()
			found[ref] = true
			l.campaigns.Prime(ctx, ref, &campaigns[i])
		}
	}
	prime(page.Campaigns)
	for key, value := range page.Sections {
		l.campaignSections.Prime(ctx, key, &Section{Value: value, Now: page.Now})
		if list, isList := value.(campaign.ListPage); isList {
			prime(list.Campaigns)
		}
	}
	for _, ref := range request.Campaigns {
		if !found[ref] {
			l.campaigns.Prime(ctx, ref, nil)
		}
	}
}

// AddCampaignSection asks for a section query in a request, unless it does already.
// It panics for a query that is none of campaign's, which only a programming error
// can pass.
func AddCampaignSection(request *campaign.PageRequest, query any) {
	switch q := query.(type) {
	case campaign.CampaignsQuery:
		request.Lists = distinct(append(request.Lists, q))
	case campaign.PerformanceQuery:
		request.Performance = distinct(append(request.Performance, q))
	case campaign.SeriesQuery:
		request.Series = distinct(append(request.Series, q))
	case campaign.ChargesQuery:
		request.Charges = distinct(append(request.Charges, q))
	case campaign.ChangesQuery:
		request.Changes = distinct(append(request.Changes, q))
	case campaign.ReconciliationQuery:
		request.Reconciliations = distinct(append(request.Reconciliations, q))
	default:
		panic("loader: not a section query of campaigns")
	}
}

// readCampaignSections reads what a look-ahead missed, in one page, as readSections
// does.
func (l *Loaders) readCampaignSections(ctx context.Context, keys []campaign.SectionKey) (map[campaign.SectionKey]*Section, error) {
	var request campaign.PageRequest
	for _, key := range keys {
		if _, ofAccount := key.Query.(campaign.CampaignsQuery); ofAccount {
			request.AdAccounts = append(request.AdAccounts, key.Of)
		} else {
			request.Campaigns = append(request.Campaigns, key.Of)
		}
		AddCampaignSection(&request, key.Query)
	}
	request.AdAccounts, request.Campaigns = distinct(request.AdAccounts), distinct(request.Campaigns)
	page, err := l.reader.CampaignPage(ctx, l.caller, request)
	if err != nil {
		return nil, err
	}
	found := make(map[campaign.SectionKey]*Section, len(keys))
	for _, key := range keys {
		if value, ok := page.Sections[key]; ok {
			found[key] = &Section{Value: value, Now: page.Now}
		}
	}
	return found, nil
}

func (l *Loaders) readCampaigns(ctx context.Context, refs []campaign.Ref) (map[campaign.Ref]*campaign.Campaign, error) {
	page, err := l.reader.CampaignPage(ctx, l.caller, campaign.PageRequest{Campaigns: refs})
	if err != nil {
		return nil, err
	}
	found := make(map[campaign.Ref]*campaign.Campaign, len(page.Campaigns))
	for i := range page.Campaigns {
		found[page.Campaigns[i].Ref()] = &page.Campaigns[i]
	}
	return found, nil
}
