package resolvers

import (
	"context"
	"time"

	"purser/graph/model"
	"purser/internal/wallet"
	"purser/ledger"
)

// lotsPlan is what the arguments of a connection of lots mean.
type lotsPlan struct {
	query wallet.LotsQuery
	place pagePlace
	list  [cursorHashBytes]byte
}

func planLots(arguments pageArguments, state *model.LotState) (plan lotsPlan, err error) {
	if state != nil {
		plan.query.State = wallet.LotState(*state)
	}
	plan.list = listHash("lots", ledger.Arguments(nil).Text("state", string(plan.query.State)))
	plan.place, err = arguments.place(plan.list, lotKeyBytes)
	if err != nil {
		return plan, err
	}
	plan.query.Direction, plan.query.Limit = plan.place.direction, plan.place.limit
	if plan.place.key == nil {
		return plan, nil
	}
	key, ok := decodeLotKey(plan.place.key)
	if !ok {
		return plan, invalidCursor(plan.place.cursorArgument())
	}
	plan.query.HasKey, plan.query.Key = true, key
	return plan, nil
}

func (p lotsPlan) connection(page wallet.LotPage, access wallet.Access) *model.LotConnection {
	connection := &model.LotConnection{Edges: []*model.LotEdge{}, Nodes: []*model.Lot{}}
	var cursors []string
	for _, lot := range page.Lots {
		node := lotModel(lot, access)
		key := wallet.LotKey{Priority: lot.Priority, ExpiresAt: lot.ExpiresAt, Lot: lot.ID}
		cursors = append(cursors, cursor(p.list, encodeLotKey(key)))
		connection.Nodes = append(connection.Nodes, node)
		connection.Edges = append(connection.Edges, &model.LotEdge{Cursor: cursors[len(cursors)-1], Node: node})
	}
	connection.PageInfo = p.place.info(page.More, cursors)
	return connection
}

func (q queryResolver) lotNodes(ctx context.Context, wanted *nodeRefs, found map[nodeID]model.Node) error {
	if len(wanted.lots) == 0 {
		return nil
	}
	s := scopeOf(ctx)
	read, err := q.reader.Lots(ctx, s.caller, wanted.lots)
	if err != nil {
		return err
	}
	s.loaders.PrimeLots(ctx, wanted.lots, read)
	lots, err := s.loaders.Lots(ctx, wanted.lots)
	if err != nil {
		return err
	}
	for _, lot := range lots {
		if lot != nil {
			s.response.note(lot.Lot.Book, lot.Wallet.BookSeq)
			found[nodeID{kind: nodeLot, book: lot.Lot.Book, id: lot.Lot.ID}] = lotModel(lot.Lot, lot.Wallet.Access)
		}
	}
	return nil
}

// lotModel shows a lot. A lot without a money was a gift: it cost 0 USD.
func lotModel(lot wallet.Lot, access wallet.Access) *model.Lot {
	shown := &model.Lot{
		ID: lotID(lot.Book, lot.ID), Origin: model.LotOrigin(lot.Origin), Granted: lot.Granted, Remaining: lot.Remaining,
		ExpiresAt: expiryModel(lot.ExpiresAt), GraceUntil: expiryModel(lot.GraceUntil), Priority: lot.Priority, State: model.LotState(lot.State),
		Jurisdiction: lot.Jurisdiction, JournalID: journalID(lot.Book, lot.ID),
	}
	if !lot.Root.IsZero() {
		root := lotID(lot.Book, lot.Root)
		shown.RootID = &root
	}
	if access.SeesBasis() {
		shown.Basis, shown.BasisRemaining = moneyModel(lot.Money, lot.Basis), moneyModel(lot.Money, lot.BasisRemaining)
	}
	return shown
}

func expiryModel(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
