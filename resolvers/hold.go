package resolvers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// holdsPlan is what the arguments of a connection of holds mean.
type holdsPlan struct {
	query wallet.HoldsQuery
	place pagePlace
	list  [cursorHashBytes]byte
}

// holdKeyBytes is the length of a hold's key in a cursor: its id, which orders by age.
const holdKeyBytes = len(ledger.ID{})

func planHolds(arguments pageArguments, status *model.HoldStatus) (plan holdsPlan, err error) {
	if status != nil {
		plan.query.Status = ledger.HoldStatus(*status)
	}
	plan.list = listHash("holds", ledger.Arguments(nil).Text("status", string(plan.query.Status)))
	if plan.place, err = arguments.place(plan.list, holdKeyBytes); err != nil {
		return plan, err
	}
	plan.query.Direction, plan.query.Limit = plan.place.direction, plan.place.limit
	if plan.place.key != nil {
		plan.query.HasKey, plan.query.Key = true, ledger.ID(plan.place.key)
	}
	return plan, nil
}

func (p holdsPlan) connection(page wallet.HoldPage) (*model.HoldConnection, error) {
	connection := &model.HoldConnection{Edges: []*model.HoldEdge{}, Nodes: []*model.Hold{}}
	var cursors []string
	for _, hold := range page.Holds {
		node, err := holdModel(hold)
		if err != nil {
			return nil, err
		}
		cursors = append(cursors, cursor(p.list, hold.ID[:]))
		connection.Nodes = append(connection.Nodes, node)
		connection.Edges = append(connection.Edges, &model.HoldEdge{Cursor: cursors[len(cursors)-1], Node: node})
	}
	connection.PageInfo = p.place.info(page.More, cursors)
	return connection, nil
}

// Holds implements graph.WalletResolver.
func (w walletResolver) Holds(
	ctx context.Context, obj *model.Wallet, first *int32, after *string, last *int32, before *string, status *model.HoldStatus,
) (*model.HoldConnection, error) {
	plan, err := planHolds(pageArguments{first: first, after: after, last: last, before: before}, status)
	if err != nil {
		return nil, err
	}
	page, _, err := sectionOf[wallet.HoldPage](ctx, obj, plan.query)
	if err != nil {
		return nil, err
	}
	return plan.connection(page)
}

func (q queryResolver) holdNodes(ctx context.Context, wanted *nodeRefs, found map[nodeID]model.Node) error {
	if len(wanted.holds) == 0 {
		return nil
	}
	holds, err := q.readHolds(ctx, wanted.holds)
	if err != nil {
		return err
	}
	for _, hold := range holds {
		shown, err := holdModel(hold.Hold)
		if err != nil {
			return err
		}
		found[nodeID{kind: nodeHold, book: hold.Hold.Book, id: hold.Hold.ID}] = shown
	}
	return nil
}

// readHolds reads the holds that the caller may see.
func (r *Resolver) readHolds(ctx context.Context, names []wallet.HoldName) ([]wallet.HoldOfWallet, error) {
	s := scopeOf(ctx)
	holds, err := r.reader.Holds(ctx, s.caller, names)
	for _, hold := range holds {
		s.response.note(hold.Hold.Book, hold.Wallet.BookSeq)
	}
	return holds, err
}

// holdRef finds the hold that an input names, with what commands on it must know.
func (r *Resolver) holdRef(ctx context.Context, id string) (wallet.HoldRef, error) {
	name := holdName(id)
	holds, err := r.readHolds(ctx, []wallet.HoldName{name})
	if err == nil && len(holds) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return wallet.HoldRef{}, fmt.Errorf("find hold %s: %w", name.ID, err)
	}
	return holds[0].Hold.Ref(), nil
}

// writtenHold reads the hold of a success.
func (r *Resolver) writtenHold(ctx context.Context, name wallet.HoldName) (*model.Hold, error) {
	holds, err := r.readHolds(ctx, []wallet.HoldName{name})
	if err == nil && len(holds) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read hold %s after writing to it: %w", name.ID, err)
	}
	return holdModel(holds[0].Hold)
}

func holdModel(hold wallet.Hold) (*model.Hold, error) {
	subject, err := subjectModel(hold.Subject)
	if err != nil {
		return nil, fmt.Errorf("show hold %s: %w", hold.ID, err)
	}
	return &model.Hold{
		ID: holdID(hold.Book, hold.ID), WalletID: walletID(hold.Ref().Wallet), Purpose: model.HoldPurpose(hold.Purpose), Subject: subject,
		Status: model.HoldStatus(hold.Status), Reserved: hold.Reserved, Captured: hold.Captured, Released: hold.Released, Left: hold.Left(),
		OpenedAt: hold.OpenedAt, ExpiresAt: expiryModel(hold.ExpiresAt), ClosedAt: expiryModel(hold.ClosedAt), JournalID: journalID(hold.Book, hold.ID),
	}, nil
}

// holdRefusal turns a refusal about a hold into its member.
func holdRefusal(target string, result wallet.Result, refusal *ledger.HoldError) (any, error) {
	replayed, path := result.Outcome.Replayed, inputPath(target)
	switch {
	case errors.Is(refusal, ledger.ErrHoldUnknown):
		return notFound(target, replayed), nil
	case errors.Is(refusal, ledger.ErrHoldClosed):
		return model.HoldClosed{
			Code: model.ErrorCodeHoldClosed, Message: "the hold was captured or released", Path: path, Retry: model.RetryNever, Replayed: replayed,
		}, nil
	case errors.Is(refusal, ledger.ErrHoldExpired):
		return model.HoldExpired{
			Code: model.ErrorCodeHoldExpired, Message: "the hold has expired", Path: path, Retry: model.RetryNever, Replayed: replayed,
		}, nil
	case errors.Is(refusal, ledger.ErrHoldExceeded):
		return model.HoldExceeded{
			Code: model.ErrorCodeHoldExceeded, Message: fmt.Sprintf("the hold has %d Connects left", refusal.Left), Path: inputPath("quantity"),
			Retry: model.RetryNewKey, Replayed: replayed, Left: refusal.Left,
		}, nil
	default:
		return nil, unexpected(result)
	}
}

// limitExceeded is the refusal of a wallet's spending limit; field is the input's that
// asks for too much.
func limitExceeded(field string, refusal *ledger.LimitError, replayed bool) model.SpendingLimitExceeded {
	window := model.SpendingWindowDay
	if refusal.Window > 24*time.Hour {
		window = model.SpendingWindowWeek
	}
	return model.SpendingLimitExceeded{
		Code: model.ErrorCodeSpendingLimitExceeded, Path: inputPath(field), Retry: model.RetryNewKey, Replayed: replayed,
		Message: fmt.Sprintf("the limit is %d Connects, and %d were used", refusal.Maximum, refusal.Used),
		Window:  window, Maximum: refusal.Maximum, Used: refusal.Used, Requested: refusal.Requested, ResetsAt: refusal.ResetsAt,
	}
}
