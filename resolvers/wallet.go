package resolvers

import (
	"context"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

const (
	// expiringDaysMax bounds how far ahead expiry is forecast.
	expiringDaysMax = 366
	// futureSkewMax is by how much "now" may be ahead of this process's clock: a
	// response's own asOf, sent back, must not be in the future.
	futureSkewMax = time.Second
)

// Wallet implements graph.QueryResolver.
func (q queryResolver) Wallet(ctx context.Context, id string) (*model.Wallet, error) {
	wallets, err := q.wallets(ctx, []wallet.Ref{walletRef(id)}, graphql.GetFieldContext(ctx).Field.Selections)
	if err != nil || len(wallets) == 0 {
		return nil, err
	}
	return wallets[0], nil
}

// wallets reads wallets with all that the selections below ask for.
func (r *Resolver) wallets(ctx context.Context, refs []wallet.Ref, selections ...ast.SelectionSet) ([]*model.Wallet, error) {
	a := r.lookAhead(ctx, selections...)
	a.request.Refs = refs
	page, err := r.readPage(ctx, a)
	if err != nil {
		return nil, err
	}
	return walletModels(page.Wallets), nil
}

func (q queryResolver) walletNodes(ctx context.Context, wanted *nodeRefs, found map[nodeID]model.Node) error {
	if len(wanted.wallets) == 0 {
		return nil
	}
	wallets, err := q.wallets(ctx, wanted.wallets, graphql.GetFieldContext(ctx).Field.Selections)
	for _, w := range wallets {
		found[nodeID{kind: nodeWallet, book: ledger.BookID(w.Book), id: ledger.ID(w.UUID)}] = w
	}
	return err
}

// sectionOf returns a section of a wallet that was read, of the type its query
// has. A wallet that meanwhile is the caller's no longer is an error: its fields
// cannot be shown, and must not be shown as zero.
func sectionOf[Section any](ctx context.Context, w *model.Wallet, query any) (section Section, now time.Time, err error) {
	ref := refOf(w)
	loaded, err := scopeOf(ctx).loaders.Section(ctx, wallet.SectionKey{Wallet: ref, Query: query})
	if err != nil {
		return section, now, err
	}
	if loaded == nil {
		return section, now, fmt.Errorf("section %T of wallet %s: %w", query, ref.ID, domain.ErrNotFound)
	}
	section, ok := loaded.Value.(Section)
	if !ok {
		return section, now, fmt.Errorf("section %T of wallet %s: is a %T", query, ref.ID, loaded.Value)
	}
	return section, loaded.Now, nil
}

func refOf(w *model.Wallet) wallet.Ref {
	return wallet.Ref{Book: ledger.BookID(w.Book), ID: ledger.ID(w.UUID)}
}

// Balance implements graph.WalletResolver.
func (w walletResolver) Balance(ctx context.Context, obj *model.Wallet, asOf *time.Time, axis model.BalanceAxis) (*model.Balance, error) {
	query, err := w.balanceQuery(asOf, axis)
	if err != nil {
		return nil, err
	}
	balance, _, err := sectionOf[wallet.Balance](ctx, obj, query)
	if err != nil {
		return nil, err
	}
	return balanceModel(balance, axis, wallet.Access(obj.Access)), nil
}

func (r *Resolver) balanceQuery(asOf *time.Time, axis model.BalanceAxis) (wallet.BalanceQuery, error) {
	query := wallet.BalanceQuery{Axis: wallet.Axis(axis)}
	if asOf == nil {
		return query, nil
	}
	if asOf.After(r.clock().Add(futureSkewMax)) {
		return query, invalidArgument("asOf", "asOf must not be in the future")
	}
	query.AsOf = *asOf
	if query.AsOf.IsZero() {
		// The first instant of year 1, long before every wallet, is not "now".
		query.AsOf = query.AsOf.Add(time.Microsecond)
	}
	return query, nil
}

// Expiring implements graph.WalletResolver.
func (w walletResolver) Expiring(ctx context.Context, obj *model.Wallet, withinDays int32) (*model.ExpiryForecast, error) {
	query, err := expiringQuery(withinDays)
	if err != nil {
		return nil, err
	}
	expiring, now, err := sectionOf[wallet.Expiring](ctx, obj, query)
	if err != nil {
		return nil, err
	}
	forecast := &model.ExpiryForecast{AsOf: now, WithinDays: withinDays, Total: expiring.Total, Buckets: []*model.ExpiryBucket{}}
	for _, bucket := range expiring.Buckets {
		forecast.Buckets = append(forecast.Buckets, &model.ExpiryBucket{
			Date: scalar.Date(bucket.Date), Amount: bucket.Amount, Origin: model.LotOrigin(bucket.Origin),
		})
	}
	return forecast, nil
}

func expiringQuery(withinDays int32) (wallet.ExpiringQuery, error) {
	if withinDays < 1 || withinDays > expiringDaysMax {
		return wallet.ExpiringQuery{}, invalidArgument("withinDays", "withinDays must be 1 to %d, got %d", expiringDaysMax, withinDays)
	}
	return wallet.ExpiringQuery{WithinDays: int(withinDays)}, nil
}

// Lots implements graph.WalletResolver.
func (w walletResolver) Lots(
	ctx context.Context, obj *model.Wallet, first *int32, after *string, last *int32, before *string, state *model.LotState,
) (*model.LotConnection, error) {
	plan, err := planLots(pageArguments{first: first, after: after, last: last, before: before}, state)
	if err != nil {
		return nil, err
	}
	page, _, err := sectionOf[wallet.LotPage](ctx, obj, plan.query)
	if err != nil {
		return nil, err
	}
	return plan.connection(page, wallet.Access(obj.Access)), nil
}

// Transactions implements graph.WalletResolver.
func (w walletResolver) Transactions(
	ctx context.Context, obj *model.Wallet, first *int32, after *string, last *int32, before *string, filter *model.TransactionFilter,
) (*model.TransactionConnection, error) {
	needs := needsOfConnection(graphql.GetOperationContext(ctx), graphql.GetFieldContext(ctx).Field)
	plan, err := planTransactions(pageArguments{first: first, after: after, last: last, before: before}, filter, needs)
	if err != nil {
		return nil, err
	}
	page, _, err := sectionOf[wallet.TransactionPage](ctx, obj, plan.query)
	if err != nil {
		return nil, err
	}
	connection, err := plan.connection(page, wallet.Access(obj.Access))
	if err != nil || plan.query.Filter != (wallet.TransactionFilter{}) || wallet.Access(obj.Access) == wallet.AccessMember {
		return connection, err
	}
	connection.TotalCount, err = w.totalCount(ctx, obj)
	return connection, err
}

// totalCount is the length of a wallet's whole history, which the account counts
// itself: null where that number would be of something else.
func (w walletResolver) totalCount(ctx context.Context, obj *model.Wallet) (*int32, error) {
	found, err := scopeOf(ctx).loaders.Wallet(ctx, refOf(obj))
	if err != nil || found == nil || int64(int32(found.Entries)) != found.Entries {
		return nil, err
	}
	count := int32(found.Entries)
	return &count, nil
}

// Spend implements graph.WalletResolver.
func (w walletResolver) Spend(ctx context.Context, obj *model.Wallet, rangeArg model.DateRangeInput, grain model.Grain, timeZone *string) (*model.SpendSeries, error) {
	plan, err := planSpend(rangeArg, grain, timeZone, w.clock())
	if err != nil {
		return nil, err
	}
	if err := plan.locate(obj.TimeZone); err != nil {
		return nil, err
	}
	points, now, err := sectionOf[[]wallet.SpendPoint](ctx, obj, plan.query)
	if err != nil {
		return nil, err
	}
	return plan.series(points, now)
}
