package resolvers

import (
	"context"
	"encoding/binary"

	"purser/graph/model"
	"purser/internal/campaign"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// Charges implements graph.CampaignResolver. An analyst sees what campaigns do, not
// what they are charged.
func (c campaignResolver) Charges(
	ctx context.Context, obj *model.Campaign, first *int32, after *string, last *int32, before *string,
) (*model.ClickChargeConnection, error) {
	plan, err := planCharges(pageArguments{first: first, after: after, last: last, before: before})
	if err != nil || !seesFunds(campaign.Access(obj.Access)) {
		return nil, err
	}
	page, _, err := campaignSection[campaign.ChargePage](ctx, refOfCampaign(obj), plan.query)
	if err != nil {
		return nil, err
	}
	connection := &model.ClickChargeConnection{Edges: []*model.ClickChargeEdge{}, Nodes: []*model.ClickCharge{}}
	var cursors []string
	for i := range page.Charges {
		charge := &page.Charges[i]
		node := chargeModel(ledger.BookID(obj.Book), ledger.Commodity(obj.Commodity), charge)
		cursors = append(cursors, cursor(plan.list, encodeChargeKey(campaign.ChargeKey{PostedAt: charge.PostedAt, Journal: charge.Journal})))
		connection.Nodes = append(connection.Nodes, node)
		connection.Edges = append(connection.Edges, &model.ClickChargeEdge{Cursor: cursors[i], Node: node})
	}
	connection.PageInfo = plan.place.info(page.More, cursors)
	return connection, nil
}

func chargeModel(book ledger.BookID, commodity ledger.Commodity, c *campaign.ChargeRow) *model.ClickCharge {
	return &model.ClickCharge{
		BatchID: c.Batch, MinuteAt: c.MinuteAt, Impressions: c.Impressions, Clicks: c.Clicks, BillableClicks: c.BillableClicks,
		Billed: amountModel(commodity, c.Billed), ServedUnbilled: amountModel(commodity, c.Unbilled), PostedAt: c.PostedAt,
		JournalID: journalID(book, c.Journal), Book: int32(book), JournalUUID: scalar.UUID(c.Journal),
	}
}

// Journal implements graph.ClickChargeResolver, under the rule of
// Transaction.journal: where the role opens the field but no journal, every journal
// is like one that does not exist.
func (c clickChargeResolver) Journal(ctx context.Context, obj *model.ClickCharge) (*model.Journal, error) {
	if !mayReadJournals(ctx) {
		return nil, nil //nolint:nilnil // the schema's null: none that the caller may see
	}
	found, err := c.loadJournals(ctx, []wallet.JournalRef{{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.JournalUUID)}})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// chargesPlan is what the arguments of a connection of charges mean.
type chargesPlan struct {
	query campaign.ChargesQuery
	place pagePlace
	list  [cursorHashBytes]byte
}

func planCharges(arguments pageArguments) (plan chargesPlan, err error) {
	plan.list = listHash("charges", nil)
	plan.place, plan.query.Key, plan.query.HasKey, err = placeWithKey(arguments, plan.list, chargeKeyBytes, decodeChargeKey)
	plan.query.Direction, plan.query.Limit = campaign.Direction(plan.place.direction), plan.place.limit
	return plan, err
}

const (
	chargeKeyBytes = 8 + 16
	changeKeyBytes = chargeKeyBytes + 2
)

func encodeChargeKey(key campaign.ChargeKey) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(key.PostedAt.UnixMicro()))
	return append(b, key.Journal[:]...)
}

func decodeChargeKey(b []byte) (campaign.ChargeKey, bool) {
	at, ok := instantOfMicros(binary.BigEndian.Uint64(b))
	return campaign.ChargeKey{PostedAt: at, Journal: ledger.ID(b[8:chargeKeyBytes])}, ok
}

func encodeChangeKey(key campaign.ChangeKey) []byte {
	b := encodeChargeKey(campaign.ChargeKey{PostedAt: key.At, Journal: key.Journal})
	return binary.BigEndian.AppendUint16(b, uint16(key.Line))
}

func decodeChangeKey(b []byte) (campaign.ChangeKey, bool) {
	charge, ok := decodeChargeKey(b)
	return campaign.ChangeKey{At: charge.PostedAt, Journal: charge.Journal, Line: int16(binary.BigEndian.Uint16(b[chargeKeyBytes:]))}, ok
}
