package resolvers

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"purser/graph"
	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// What a success shows of the wallet and the transaction is read after the write
// was durable, never taken from it: a replay shows them as they are now.

// writtenWallet reads the wallet of a success with all that its selection, under
// any alias, asks for.
func (r *Resolver) writtenWallet(ctx context.Context, book int32, id scalar.UUID) (*model.Wallet, error) {
	ref := wallet.Ref{Book: ledger.BookID(book), ID: ledger.ID(id)}
	page, err := scopeOf(ctx).wallets.read(func() (*wallet.Page, error) {
		success := graphql.GetFieldContext(ctx).Object
		a := r.lookAhead(ctx, siblings(ctx, success, strings.TrimSuffix(success, "Success")+"Payload")...)
		a.request.Refs = []wallet.Ref{ref}
		return r.readPage(ctx, a)
	})
	if err != nil {
		return nil, err
	}
	if len(page.Wallets) == 0 {
		return nil, fmt.Errorf("read wallet %s after writing to it: %w", ref.ID, domain.ErrNotFound)
	}
	return walletModel(page.Wallets[0]), nil
}

// writtenTransaction reads the transaction of a success.
func (r *Resolver) writtenTransaction(ctx context.Context, book int32, id, journal scalar.UUID) (*model.Transaction, error) {
	ref := wallet.TransactionRef{Wallet: wallet.Ref{Book: ledger.BookID(book), ID: ledger.ID(id)}, Journal: ledger.ID(journal)}
	found, err := r.transactions(ctx, []wallet.TransactionRef{ref}, graphql.GetFieldContext(ctx).Field.Selections)
	if err != nil {
		return nil, err
	}
	if found[0] == nil {
		return nil, fmt.Errorf("read transaction %s after writing it: %w", ref.Journal, domain.ErrNotFound)
	}
	return found[0], nil
}

type (
	spendConnectsSuccessResolver      struct{ *Resolver }
	grantConnectsSuccessResolver      struct{ *Resolver }
	purchaseConnectsSuccessResolver   struct{ *Resolver }
	reverseTransactionSuccessResolver struct{ *Resolver }
	openWalletSuccessResolver         struct{ *Resolver }
	freezeWalletSuccessResolver       struct{ *Resolver }
	unfreezeWalletSuccessResolver     struct{ *Resolver }
)

// SpendConnectsSuccess implements graph.ResolverRoot.
func (r *Resolver) SpendConnectsSuccess() graph.SpendConnectsSuccessResolver {
	return spendConnectsSuccessResolver{r}
}

// Wallet implements graph.SpendConnectsSuccessResolver.
func (s spendConnectsSuccessResolver) Wallet(ctx context.Context, obj *model.SpendConnectsSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// Transaction implements graph.SpendConnectsSuccessResolver.
func (s spendConnectsSuccessResolver) Transaction(ctx context.Context, obj *model.SpendConnectsSuccess) (*model.Transaction, error) {
	return s.writtenTransaction(ctx, obj.Book, obj.WalletUUID, obj.JournalUUID)
}

// GrantConnectsSuccess implements graph.ResolverRoot.
func (r *Resolver) GrantConnectsSuccess() graph.GrantConnectsSuccessResolver {
	return grantConnectsSuccessResolver{r}
}

// Wallet implements graph.GrantConnectsSuccessResolver.
func (s grantConnectsSuccessResolver) Wallet(ctx context.Context, obj *model.GrantConnectsSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// Transaction implements graph.GrantConnectsSuccessResolver.
func (s grantConnectsSuccessResolver) Transaction(ctx context.Context, obj *model.GrantConnectsSuccess) (*model.Transaction, error) {
	return s.writtenTransaction(ctx, obj.Book, obj.WalletUUID, obj.JournalUUID)
}

// PurchaseConnectsSuccess implements graph.ResolverRoot.
func (r *Resolver) PurchaseConnectsSuccess() graph.PurchaseConnectsSuccessResolver {
	return purchaseConnectsSuccessResolver{r}
}

// Wallet implements graph.PurchaseConnectsSuccessResolver.
func (s purchaseConnectsSuccessResolver) Wallet(ctx context.Context, obj *model.PurchaseConnectsSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// Transaction implements graph.PurchaseConnectsSuccessResolver.
func (s purchaseConnectsSuccessResolver) Transaction(ctx context.Context, obj *model.PurchaseConnectsSuccess) (*model.Transaction, error) {
	return s.writtenTransaction(ctx, obj.Book, obj.WalletUUID, obj.JournalUUID)
}

// ReverseTransactionSuccess implements graph.ResolverRoot.
func (r *Resolver) ReverseTransactionSuccess() graph.ReverseTransactionSuccessResolver {
	return reverseTransactionSuccessResolver{r}
}

// Wallet implements graph.ReverseTransactionSuccessResolver.
func (s reverseTransactionSuccessResolver) Wallet(ctx context.Context, obj *model.ReverseTransactionSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// Transaction implements graph.ReverseTransactionSuccessResolver.
func (s reverseTransactionSuccessResolver) Transaction(ctx context.Context, obj *model.ReverseTransactionSuccess) (*model.Transaction, error) {
	return s.writtenTransaction(ctx, obj.Book, obj.WalletUUID, obj.JournalUUID)
}

// OpenWalletSuccess implements graph.ResolverRoot.
func (r *Resolver) OpenWalletSuccess() graph.OpenWalletSuccessResolver {
	return openWalletSuccessResolver{r}
}

// Wallet implements graph.OpenWalletSuccessResolver.
func (s openWalletSuccessResolver) Wallet(ctx context.Context, obj *model.OpenWalletSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// FreezeWalletSuccess implements graph.ResolverRoot.
func (r *Resolver) FreezeWalletSuccess() graph.FreezeWalletSuccessResolver {
	return freezeWalletSuccessResolver{r}
}

// Wallet implements graph.FreezeWalletSuccessResolver.
func (s freezeWalletSuccessResolver) Wallet(ctx context.Context, obj *model.FreezeWalletSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// UnfreezeWalletSuccess implements graph.ResolverRoot.
func (r *Resolver) UnfreezeWalletSuccess() graph.UnfreezeWalletSuccessResolver {
	return unfreezeWalletSuccessResolver{r}
}

// Wallet implements graph.UnfreezeWalletSuccessResolver.
func (s unfreezeWalletSuccessResolver) Wallet(ctx context.Context, obj *model.UnfreezeWalletSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}
