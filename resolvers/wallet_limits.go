package resolvers

import (
	"context"
	"fmt"

	"purser/graph/model"
	"purser/internal/wallet"
	"purser/ledger"
)

// SpendingLimits implements graph.WalletResolver.
func (w walletResolver) SpendingLimits(ctx context.Context, obj *model.Wallet) ([]*model.SpendingLimit, error) {
	limits, _, err := sectionOf[[]wallet.Limit](ctx, obj, wallet.LimitsQuery{})
	if err != nil {
		return nil, err
	}
	shown := make([]*model.SpendingLimit, len(limits))
	for i, limit := range limits {
		shown[i] = &model.SpendingLimit{
			Window: model.SpendingWindow(limit.Window), Maximum: limit.Maximum, Used: limit.Used, Left: limit.Left(), ResetsAt: limit.ResetsAt,
		}
	}
	return shown, nil
}

// originNotTransferable is the refusal of a transfer that would have needed units which
// have to stay.
func originNotTransferable(refusal *ledger.OriginError, replayed bool) model.OriginNotTransferable {
	origins := make([]model.LotOrigin, len(refusal.Origins))
	for i, origin := range refusal.Origins {
		origins[i] = model.LotOrigin(origin)
	}
	return model.OriginNotTransferable{
		Code: model.ErrorCodeOriginNotTransferable, Path: inputPath("quantity"), Retry: model.RetryNewKey, Replayed: replayed,
		Message:      fmt.Sprintf("%d Connects are asked for, and %d of the wallet's can be transferred", refusal.Required, refusal.Allowed),
		Transferable: refusal.Allowed, NotTransferable: refusal.PassedOver, Origins: origins,
	}
}
