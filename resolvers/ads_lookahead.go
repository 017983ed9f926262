package resolvers

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph"
	"purser/graph/model"
	"purser/internal/auth"
	"purser/internal/campaign"
	"purser/internal/loader"
	"purser/internal/wallet"
)

// adsAhead is what a selection on ad accounts or campaigns will ask for: one page,
// and the journals of the charges on it.
type adsAhead struct {
	request  campaign.PageRequest
	journals map[campaign.ChargesQuery]chargeNeeds
}

// chargeNeeds says whether the journals of a page of charges are selected, and
// whether what those are linked to is as well.
type chargeNeeds struct{ journal, links bool }

func newAdsAhead() *adsAhead { return &adsAhead{journals: map[campaign.ChargesQuery]chargeNeeds{}} }

// adAccounts adds what selections on ad accounts ask for, as lookAhead does for
// wallets: through fragments, aliases, variables, @skip and @include, and without
// the fields whose arguments are refused, or that are not for the caller's roles.
// Below a list it goes on with the campaigns: the page has the sections of each
// campaign that any of its lists finds.
func (r *Resolver) adAccountsAhead(ctx context.Context, a *adsAhead, selections ...ast.SelectionSet) {
	operation := graphql.GetOperationContext(ctx)
	for _, selection := range selections {
		for _, field := range graphql.CollectFields(operation, selection, []string{"AdAccount", "Node"}) {
			if field.Name != "campaigns" {
				continue
			}
			arguments, err := graph.AdAccountArguments(ctx, field)
			if err != nil {
				continue
			}
			plan, err := planCampaignsOf(arguments, selectsTotals(operation, field))
			if err != nil {
				continue
			}
			loader.AddCampaignSection(&a.request, plan.query)
			r.campaignsAhead(ctx, a, nodesBelow(operation, field, "CampaignConnection", "CampaignEdge")...)
		}
	}
}

// campaignsAhead adds what selections on campaigns ask for.
func (r *Resolver) campaignsAhead(ctx context.Context, a *adsAhead, selections ...ast.SelectionSet) {
	operation := graphql.GetOperationContext(ctx)
	for _, selection := range selections {
		for _, field := range graphql.CollectFields(operation, selection, []string{"Campaign", "Node"}) {
			if !isCampaignSection(field.Name) || !opensTo(ctx, field) {
				continue
			}
			if arguments, err := graph.CampaignArguments(ctx, field); err == nil {
				r.campaignAhead(ctx, a, field, arguments)
			}
		}
	}
}

func isCampaignSection(field string) bool {
	switch field {
	case "performance", "charges", "reconciliation", "changeLog":
		return true
	default:
		return false
	}
}

// campaignAhead adds what one field of a campaign asks for.
func (r *Resolver) campaignAhead(ctx context.Context, a *adsAhead, field graphql.CollectedField, arguments map[string]any) {
	operation := graphql.GetOperationContext(ctx)
	switch field.Name {
	case "performance":
		query, err := performanceQuery(arguments["range"].(model.DateRangeInput), arguments["compare"].(*model.Comparison))
		if err != nil {
			return
		}
		loader.AddCampaignSection(&a.request, query)
		r.seriesAhead(ctx, a, query, field)
	case "charges":
		plan, err := planCharges(pageArgumentsOf(arguments))
		if err != nil {
			return
		}
		loader.AddCampaignSection(&a.request, plan.query)
		needs, known := needsOfCharges(ctx, operation, field), a.journals[plan.query]
		a.journals[plan.query] = chargeNeeds{journal: known.journal || needs.journal, links: known.links || needs.links}
	case "reconciliation":
		if query, err := reconciliationQuery(arguments["range"].(model.DateRangeInput)); err == nil {
			loader.AddCampaignSection(&a.request, query)
		}
	case "changeLog":
		if plan, err := planChanges(pageArgumentsOf(arguments)); err == nil {
			loader.AddCampaignSection(&a.request, plan.query)
		}
	}
}

// seriesAhead adds the series selected below a field of performance. One that some
// zone would have too many days for is left to its resolver, which knows the zone.
func (r *Resolver) seriesAhead(ctx context.Context, a *adsAhead, of campaign.PerformanceQuery, performance graphql.CollectedField) {
	operation := graphql.GetOperationContext(ctx)
	for _, field := range graphql.CollectFields(operation, performance.Selections, []string{"Performance"}) {
		if field.Name != "series" {
			continue
		}
		arguments, err := graph.PerformanceArguments(ctx, field)
		if err != nil {
			continue
		}
		plan, err := planSeries(of.Range, arguments["grain"].(model.SeriesGrain), arguments["timeZone"].(*string))
		if err == nil && plan.fitsEveryZone(r.clock()) {
			loader.AddCampaignSection(&a.request, plan.query)
		}
	}
}

// nodesBelow returns what is selected on the nodes of a connection, under nodes
// and under edges.
func nodesBelow(operation *graphql.OperationContext, connection graphql.CollectedField, connectionType, edgeType string) []ast.SelectionSet {
	var selections []ast.SelectionSet
	for _, field := range graphql.CollectFields(operation, connection.Selections, []string{connectionType}) {
		switch field.Name {
		case "nodes":
			selections = append(selections, field.Selections)
		case "edges":
			for _, edge := range graphql.CollectFields(operation, field.Selections, []string{edgeType}) {
				if edge.Name == "node" {
					selections = append(selections, edge.Selections)
				}
			}
		}
	}
	return selections
}

func selectsTotals(operation *graphql.OperationContext, connection graphql.CollectedField) bool {
	return slices.ContainsFunc(
		graphql.CollectFields(operation, connection.Selections, []string{"CampaignConnection"}),
		func(field graphql.CollectedField) bool { return field.Name == "totals" },
	)
}

func needsOfCharges(ctx context.Context, operation *graphql.OperationContext, connection graphql.CollectedField) chargeNeeds {
	var needs chargeNeeds
	for _, selection := range nodesBelow(operation, connection, "ClickChargeConnection", "ClickChargeEdge") {
		for _, field := range graphql.CollectFields(operation, selection, []string{"ClickCharge"}) {
			if field.Name == "journal" && opensTo(ctx, field) {
				needs.journal = true
				needs.links = needs.links || selectsLinks(operation, field.Selections)
			}
		}
	}
	return needs
}

// opensTo reports whether @auth opens a field to the caller: what it will refuse is
// not read.
func opensTo(ctx context.Context, field graphql.CollectedField) bool {
	roles := authRoles(field.Definition)
	p, _ := auth.FromContext(ctx)
	return len(roles) == 0 || slices.ContainsFunc(roles, func(role string) bool { return p.Has(auth.Role(role)) })
}

// readAds reads a page with what was found ahead, primes the loaders with it and
// notes which state of the books it shows.
func (r *Resolver) readAds(ctx context.Context, a *adsAhead) (*campaign.Page, error) {
	s := scopeOf(ctx)
	page, err := r.reader.CampaignPage(ctx, s.caller, a.request)
	if err != nil {
		return nil, err
	}
	for _, account := range page.AdAccounts {
		s.response.note(account.Book, account.BookSeq)
	}
	for i := range page.Campaigns {
		s.response.note(page.Campaigns[i].Book, page.Campaigns[i].BookSeq)
	}
	s.loaders.PrimeCampaignPage(ctx, a.request, page)
	// A failure here is left to the journal fields: each loads its own again and
	// fails by itself, while the page stands.
	_ = r.readChargeJournalsAhead(ctx, a, page)
	return page, nil
}

// readChargeJournalsAhead reads the journals selected on any page of charges at
// once.
func (r *Resolver) readChargeJournalsAhead(ctx context.Context, a *adsAhead, page *campaign.Page) error {
	if !mayReadJournals(ctx) {
		return nil
	}
	var refs []wallet.JournalRef
	links := false
	for key, section := range page.Sections {
		query, isCharges := key.Query.(campaign.ChargesQuery)
		charges, isPage := section.(campaign.ChargePage)
		if !isCharges || !isPage || !a.journals[query].journal {
			continue
		}
		links = links || a.journals[query].links
		for i := range charges.Charges {
			refs = append(refs, wallet.JournalRef{Book: key.Of.Book, ID: charges.Charges[i].Journal})
		}
	}
	if len(refs) == 0 {
		return nil
	}
	return r.primeJournals(ctx, refs, links)
}
