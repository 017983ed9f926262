package resolvers

import (
	"context"
	"fmt"

	"purser/graph"
	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// CloseWallet implements graph.MutationResolver.
func (m mutationResolver) CloseWallet(ctx context.Context, input model.CloseWalletInput) (model.CloseWalletPayload, error) {
	result, err := m.service.Close(ctx, scopeOf(ctx).caller, wallet.Close{
		Key: input.IdempotencyKey, Wallet: walletRef(input.WalletID), Reason: input.Reason,
	})
	return decide[model.CloseWalletPayload](ctx, m.Resolver, "walletId", result, err, func(w written) any {
		return model.CloseWalletSuccess(w)
	})
}

type closeWalletSuccessResolver struct{ *Resolver }

// CloseWalletSuccess implements graph.ResolverRoot.
func (r *Resolver) CloseWalletSuccess() graph.CloseWalletSuccessResolver {
	return closeWalletSuccessResolver{r}
}

// Wallet implements graph.CloseWalletSuccessResolver.
func (s closeWalletSuccessResolver) Wallet(ctx context.Context, obj *model.CloseWalletSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

func walletClosed(target string, replayed bool) model.WalletClosed {
	return model.WalletClosed{
		Code: model.ErrorCodeWalletClosed, Message: "the wallet was closed for good", Path: inputPath(target), Retry: model.RetryNever, Replayed: replayed,
	}
}

func walletNotEmpty(target string, refusal *ledger.NotEmptyError, replayed bool) model.WalletNotEmpty {
	return model.WalletNotEmpty{
		Code: model.ErrorCodeWalletNotEmpty, Path: inputPath(target), Retry: model.RetryNewKey, Replayed: replayed,
		Message: fmt.Sprintf("the wallet has %d Connects, and %d are held", refusal.Balance, refusal.Held),
		Balance: refusal.Balance, Held: refusal.Held,
	}
}

func campaignsNotEnded(target string, facts ledger.Arguments, replayed bool) model.CampaignsNotEnded {
	open, _ := facts.AmountOf(domain.FactOpen)
	return model.CampaignsNotEnded{
		Code: model.ErrorCodeCampaignsNotEnded, Path: inputPath(target), Retry: model.RetryNewKey, Replayed: replayed,
		Message: fmt.Sprintf("campaigns that the wallet pays for have not ended: %d", open), Campaigns: open,
	}
}
