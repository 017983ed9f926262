package resolvers

import (
	"context"
	"errors"
	"time"

	"purser/graph"
	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// holdWritten is what a success about a hold says. The generated members have exactly
// these fields, so that a conversion makes each of them.
type holdWritten struct {
	Replayed    bool
	Consistency string
	JournalID   string
	Book        int32
	HoldUUID    scalar.UUID
	WalletUUID  scalar.UUID
}

func holdWrittenOf(w written, hold ledger.ID) holdWritten {
	return holdWritten{
		Replayed: w.Replayed, Consistency: w.Consistency, JournalID: w.JournalID, Book: w.Book, HoldUUID: scalar.UUID(hold), WalletUUID: w.WalletUUID,
	}
}

// PlaceHold implements graph.MutationResolver.
func (m mutationResolver) PlaceHold(ctx context.Context, input model.PlaceHoldInput) (model.PlaceHoldPayload, error) {
	in := wallet.PlaceHold{
		Key: input.IdempotencyKey, Wallet: walletRef(input.WalletID), Purpose: wallet.Purpose(input.Purpose), Quantity: input.Quantity,
		Subject: subjectOf(input.Subject),
	}
	var result wallet.Result
	err := untilOf(input.ExpiresAt, &in.ExpiresAt)
	if err == nil {
		result, err = m.service.PlaceHold(ctx, scopeOf(ctx).caller, in)
	}
	return decide[model.PlaceHoldPayload](ctx, m.Resolver, "walletId", result, err, func(w written) any {
		return model.PlaceHoldSuccess(holdWrittenOf(w, result.Outcome.Journal))
	})
}

// untilOf reads an instant whose zero value stands, in the service, for what the
// policy says, so that the first instant of year 1 has to be refused here.
func untilOf(given *time.Time, into *time.Time) error {
	switch {
	case given == nil:
		return nil
	case given.IsZero():
		return &domain.ValidationError{Field: "expiresAt", Message: "must be in the future"}
	default:
		*into = *given
		return nil
	}
}

// IncreaseHold implements graph.MutationResolver.
func (m mutationResolver) IncreaseHold(ctx context.Context, input model.IncreaseHoldInput) (model.IncreaseHoldPayload, error) {
	hold, err := m.holdRef(ctx, input.HoldID)
	var result wallet.Result
	if err == nil {
		result, err = m.service.IncreaseHold(ctx, scopeOf(ctx).caller, wallet.IncreaseHold{Key: input.IdempotencyKey, Hold: hold, Quantity: input.Quantity})
	}
	return decide[model.IncreaseHoldPayload](ctx, m.Resolver, "holdId", result, err, func(w written) any {
		return model.IncreaseHoldSuccess(holdWrittenOf(w, hold.ID))
	})
}

// CaptureHold implements graph.MutationResolver.
func (m mutationResolver) CaptureHold(ctx context.Context, input model.CaptureHoldInput) (model.CaptureHoldPayload, error) {
	hold, err := m.holdRef(ctx, input.HoldID)
	var result wallet.Result
	if err == nil {
		result, err = m.service.CaptureHold(ctx, scopeOf(ctx).caller, wallet.CaptureHold{
			Key: input.IdempotencyKey, Hold: hold, Quantity: input.Quantity, ReleaseRest: input.ReleaseRest,
		})
	}
	return decide[model.CaptureHoldPayload](ctx, m.Resolver, "holdId", result, err, func(w written) any {
		return model.CaptureHoldSuccess(holdWrittenOf(w, hold.ID))
	})
}

// ReleaseHold implements graph.MutationResolver.
func (m mutationResolver) ReleaseHold(ctx context.Context, input model.ReleaseHoldInput) (model.ReleaseHoldPayload, error) {
	hold, err := m.holdRef(ctx, input.HoldID)
	in := wallet.ReleaseHold{Key: input.IdempotencyKey, Hold: hold}
	if input.Quantity != nil {
		in.Quantity = *input.Quantity
		if in.Quantity < 1 && err == nil { // for the service, 0 is all that is left
			err = &domain.ValidationError{Field: "quantity", Message: "must be 1 or more"}
		}
	}
	var result wallet.Result
	if err == nil {
		result, err = m.service.ReleaseHold(ctx, scopeOf(ctx).caller, in)
	}
	return decide[model.ReleaseHoldPayload](ctx, m.Resolver, "holdId", result, err, func(w written) any {
		return model.ReleaseHoldSuccess(holdWrittenOf(w, hold.ID))
	})
}

// TransferConnects implements graph.MutationResolver.
func (m mutationResolver) TransferConnects(ctx context.Context, input model.TransferConnectsInput) (model.TransferConnectsPayload, error) {
	result, err := m.service.Transfer(ctx, scopeOf(ctx).caller, wallet.Transfer{
		Key: input.IdempotencyKey, From: walletRef(input.FromWalletID), To: walletRef(input.ToWalletID), Quantity: input.Quantity,
	})
	if errors.Is(err, wallet.ErrNotSameOrganisation) {
		return model.NotSameOrganisation{
			Code: model.ErrorCodeNotSameOrganisation, Message: "the wallets are not both of one organisation", Path: inputPath("toWalletId"),
			Retry: model.RetryNever,
		}, nil
	}
	target := "fromWalletId"
	if errors.Is(err, wallet.ErrRecipientNotFound) || ofRecipient(result) {
		target = "toWalletId"
	}
	return decide[model.TransferConnectsPayload](ctx, m.Resolver, target, result, err, func(w written) any {
		return model.TransferConnectsSuccess(w)
	})
}

// ofRecipient reports whether a transfer was refused because the wallet that was to
// receive is closed.
func ofRecipient(result wallet.Result) bool {
	var refusal *ledger.AccountError
	return errors.As(result.Outcome.Refusal, &refusal) && errors.Is(refusal, ledger.ErrAccountClosed) &&
		refusal.Account != ledger.AccountID(result.Wallet.Book, wallet.AvailableCode(result.Wallet.ID), ledger.CNX)
}

// SetSpendingLimit implements graph.MutationResolver.
func (m mutationResolver) SetSpendingLimit(ctx context.Context, input model.SetSpendingLimitInput) (model.SetSpendingLimitPayload, error) {
	in := wallet.SetLimit{Key: input.IdempotencyKey, Wallet: walletRef(input.WalletID), Window: wallet.Window(input.Window), Maximum: -1}
	var result wallet.Result
	var err error
	if input.Maximum != nil {
		in.Maximum = *input.Maximum
		if in.Maximum < 0 { // for the service, below 0 is no limit
			err = &domain.ValidationError{Field: "maximum", Message: "must be 0 or more; leave it out to lift the limit"}
		}
	}
	if err == nil {
		result, err = m.service.SetLimit(ctx, scopeOf(ctx).caller, in)
	}
	return decide[model.SetSpendingLimitPayload](ctx, m.Resolver, "walletId", result, err, func(w written) any {
		return model.SetSpendingLimitSuccess(w)
	})
}

type (
	placeHoldSuccessResolver        struct{ *Resolver }
	increaseHoldSuccessResolver     struct{ *Resolver }
	captureHoldSuccessResolver      struct{ *Resolver }
	releaseHoldSuccessResolver      struct{ *Resolver }
	transferConnectsSuccessResolver struct{ *Resolver }
	setSpendingLimitSuccessResolver struct{ *Resolver }
)

// PlaceHoldSuccess implements graph.ResolverRoot.
func (r *Resolver) PlaceHoldSuccess() graph.PlaceHoldSuccessResolver {
	return placeHoldSuccessResolver{r}
}

// Hold implements graph.PlaceHoldSuccessResolver.
func (s placeHoldSuccessResolver) Hold(ctx context.Context, obj *model.PlaceHoldSuccess) (*model.Hold, error) {
	return s.writtenHold(ctx, wallet.HoldName{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.HoldUUID)})
}

// Wallet implements graph.PlaceHoldSuccessResolver.
func (s placeHoldSuccessResolver) Wallet(ctx context.Context, obj *model.PlaceHoldSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// IncreaseHoldSuccess implements graph.ResolverRoot.
func (r *Resolver) IncreaseHoldSuccess() graph.IncreaseHoldSuccessResolver {
	return increaseHoldSuccessResolver{r}
}

// Hold implements graph.IncreaseHoldSuccessResolver.
func (s increaseHoldSuccessResolver) Hold(ctx context.Context, obj *model.IncreaseHoldSuccess) (*model.Hold, error) {
	return s.writtenHold(ctx, wallet.HoldName{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.HoldUUID)})
}

// Wallet implements graph.IncreaseHoldSuccessResolver.
func (s increaseHoldSuccessResolver) Wallet(ctx context.Context, obj *model.IncreaseHoldSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// CaptureHoldSuccess implements graph.ResolverRoot.
func (r *Resolver) CaptureHoldSuccess() graph.CaptureHoldSuccessResolver {
	return captureHoldSuccessResolver{r}
}

// Hold implements graph.CaptureHoldSuccessResolver.
func (s captureHoldSuccessResolver) Hold(ctx context.Context, obj *model.CaptureHoldSuccess) (*model.Hold, error) {
	return s.writtenHold(ctx, wallet.HoldName{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.HoldUUID)})
}

// Wallet implements graph.CaptureHoldSuccessResolver.
func (s captureHoldSuccessResolver) Wallet(ctx context.Context, obj *model.CaptureHoldSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// ReleaseHoldSuccess implements graph.ResolverRoot.
func (r *Resolver) ReleaseHoldSuccess() graph.ReleaseHoldSuccessResolver {
	return releaseHoldSuccessResolver{r}
}

// Hold implements graph.ReleaseHoldSuccessResolver.
func (s releaseHoldSuccessResolver) Hold(ctx context.Context, obj *model.ReleaseHoldSuccess) (*model.Hold, error) {
	return s.writtenHold(ctx, wallet.HoldName{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.HoldUUID)})
}

// Wallet implements graph.ReleaseHoldSuccessResolver.
func (s releaseHoldSuccessResolver) Wallet(ctx context.Context, obj *model.ReleaseHoldSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// TransferConnectsSuccess implements graph.ResolverRoot.
func (r *Resolver) TransferConnectsSuccess() graph.TransferConnectsSuccessResolver {
	return transferConnectsSuccessResolver{r}
}

// Wallet implements graph.TransferConnectsSuccessResolver.
func (s transferConnectsSuccessResolver) Wallet(ctx context.Context, obj *model.TransferConnectsSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}

// Transaction implements graph.TransferConnectsSuccessResolver.
func (s transferConnectsSuccessResolver) Transaction(ctx context.Context, obj *model.TransferConnectsSuccess) (*model.Transaction, error) {
	return s.writtenTransaction(ctx, obj.Book, obj.WalletUUID, obj.JournalUUID)
}

// SetSpendingLimitSuccess implements graph.ResolverRoot.
func (r *Resolver) SetSpendingLimitSuccess() graph.SetSpendingLimitSuccessResolver {
	return setSpendingLimitSuccessResolver{r}
}

// Wallet implements graph.SetSpendingLimitSuccessResolver.
func (s setSpendingLimitSuccessResolver) Wallet(ctx context.Context, obj *model.SetSpendingLimitSuccess) (*model.Wallet, error) {
	return s.writtenWallet(ctx, obj.Book, obj.WalletUUID)
}
