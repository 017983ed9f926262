package resolvers

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"purser/graph/model"
	"purser/internal/campaign"
	"purser/ledger"
)

const (
	// campaignTextRunesMax bounds the text looked for in names, as names are.
	campaignTextRunesMax = 80
	// Bounds of what a cursor carries of a row besides its id: a folded name, or
	// the digits of a rank.
	campaignNameBytesMax = 1024
	campaignRankBytesMax = 64
)

// campaignsPlan is what the arguments of a connection of campaigns mean.
type campaignsPlan struct {
	query campaign.CampaignsQuery
	place pagePlace
	list  [cursorHashBytes]byte
}

// planCampaignsOf is planCampaigns with the arguments as the executor passes them.
func planCampaignsOf(arguments map[string]any, withTotals bool) (campaignsPlan, error) {
	return planCampaigns(
		pageArgumentsOf(arguments), arguments["filter"].(*model.CampaignFilter), arguments["order"].(*model.CampaignOrderInput),
		arguments["range"].(model.DateRangeInput), withTotals,
	)
}

func planCampaigns(
	arguments pageArguments, filter *model.CampaignFilter, order *model.CampaignOrderInput, dates model.DateRangeInput, withTotals bool,
) (plan campaignsPlan, err error) {
	plan.query.WithTotals = withTotals
	plan.query.OrderBy, plan.query.Descending = campaign.OrderCreatedAt, true
	if order != nil {
		plan.query.OrderBy, plan.query.Descending = campaign.OrderBy(order.By), order.Direction == model.SortDirectionDesc
	}
	if plan.query.Filter, err = campaignFilterOf(filter); err != nil {
		return plan, err
	}
	if plan.query.Range, err = rangeOf("range", dates); err != nil {
		return plan, err
	}
	plan.list = plan.hash()
	decode := func(b []byte) (campaign.Key, bool) { return decodeCampaignKey(plan.query.OrderBy, b) }
	plan.place, plan.query.Key, plan.query.HasKey, err = placeWithKey(arguments, plan.list, anyKeyBytes, decode)
	plan.query.Direction, plan.query.Limit = campaign.Direction(plan.place.direction), plan.place.limit
	return plan, err
}

// hash identifies the list that a cursor belongs to: filter, order and range.
func (p campaignsPlan) hash() [cursorHashBytes]byte {
	filter, descending := p.query.Filter, int64(0)
	if p.query.Descending {
		descending = 1
	}
	canonical := ledger.Arguments(nil).Amount("statuses", int64(filter.Statuses)).Amount("products", int64(filter.Products)).
		Amount("states", int64(filter.States)).Amount("reasons", int64(filter.Reasons)).Text("text", filter.Text).
		Text("by", string(p.query.OrderBy)).Amount("descending", descending)
	return listHash("campaigns", canonicalRange(canonical, p.query.Range))
}

// campaignFilterOf checks a filter. Errors name the argument down to the part at
// fault.
func campaignFilterOf(filter *model.CampaignFilter) (wanted campaign.Filter, err error) {
	if filter == nil {
		filter = &model.CampaignFilter{}
	}
	if wanted.Statuses, err = bitsOf("filter.statuses", filter.Statuses, campaign.Statuses); err != nil {
		return wanted, err
	}
	if filter.Statuses == nil {
		archived := slices.Index(campaign.Statuses, campaign.StatusArchived)
		wanted.Statuses = (1<<len(campaign.Statuses) - 1) &^ (1 << archived)
	}
	if wanted.Products, err = bitsOf("filter.products", filter.Products, campaign.Products); err != nil {
		return wanted, err
	}
	if wanted.States, err = bitsOf("filter.delivery", filter.Delivery, campaign.DeliveryStates); err != nil {
		return wanted, err
	}
	if wanted.Reasons, err = bitsOf("filter.reasons", filter.Reasons, campaign.Reasons); err != nil {
		return wanted, err
	}
	if filter.Text == nil {
		return wanted, nil
	}
	if runes := utf8.RuneCountInString(*filter.Text); runes > campaignTextRunesMax || campaign.FoldName(*filter.Text) == "" {
		return wanted, invalidArgument("filter.text", "expected 1 to %d characters, some of them visible, got %d", campaignTextRunesMax, runes)
	}
	if strings.ContainsFunc(*filter.Text, unicode.IsControl) {
		return wanted, invalidArgument("filter.text", "expected no control characters")
	}
	wanted.Text = *filter.Text
	return wanted, nil
}

// bitsOf returns a list of values as a set over all there are; nil is the empty set,
// which asks for no value in particular.
func bitsOf[V, K ~string](argument string, values []V, known []K) (set uint16, err error) {
	if values != nil && (len(values) == 0 || len(values) > len(known)) {
		return 0, invalidArgument(argument, "expected 1 to %d values, got %d", len(known), len(values))
	}
	for _, value := range values {
		bit := slices.Index(known, K(value))
		if bit < 0 {
			return 0, invalidArgument(argument, "%s is no value to filter by", value)
		}
		set |= 1 << bit
	}
	return set, nil
}

// connection shows a page of campaigns, as of the instant it was read.
func (p campaignsPlan) connection(ctx context.Context, page campaign.ListPage, commodity ledger.Commodity, now time.Time) *model.CampaignConnection {
	connection := &model.CampaignConnection{
		Edges: make([]*model.CampaignEdge, len(page.Campaigns)), Nodes: make([]*model.Campaign, len(page.Campaigns)),
	}
	cursors := make([]string, len(page.Campaigns))
	for i := range page.Campaigns {
		cursors[i] = cursor(p.list, encodeCampaignKey(page.Keys[i]))
		connection.Nodes[i] = campaignModel(ctx, &page.Campaigns[i])
		connection.Edges[i] = &model.CampaignEdge{Cursor: cursors[i], Node: connection.Nodes[i]}
	}
	connection.PageInfo = p.place.info(page.More, cursors)
	count := int32(page.Count) // at most campaign.CountMax
	connection.TotalCount = &count
	if p.query.OrderBy.IsMetric() {
		connection.OrderedAsOf = &now
	}
	if page.Totals != nil {
		connection.Totals = figuresModel(commodity, *page.Totals)
	}
	return connection
}

// encodeCampaignKey is the campaign's id and then what it is ordered by, which is of
// any length.
func encodeCampaignKey(key campaign.Key) []byte { return append(key.ID[:], key.Value...) }

// decodeCampaignKey reads a key of a list in an order. A key may be made up: it is
// refused unless a list in this order could have it.
func decodeCampaignKey(by campaign.OrderBy, b []byte) (campaign.Key, bool) {
	if len(b) < len(ledger.ID{}) {
		return campaign.Key{}, false
	}
	key := campaign.Key{ID: ledger.ID(b[:16]), Value: string(b[16:])}
	if by == campaign.OrderName {
		return key, len(key.Value) <= campaignNameBytesMax && utf8.ValidString(key.Value) && !strings.ContainsRune(key.Value, 0)
	}
	return key, isRank(key.Value)
}

// isRank reports whether a text is a whole number, or one of the infinities that
// stand for a metric that is null.
func isRank(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if digits == "Infinity" {
		return true
	}
	onlyDigits := !strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	return onlyDigits && digits != "" && len(digits) <= campaignRankBytesMax
}
