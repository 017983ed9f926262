package resolvers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// written is what a success of any mutation says. The generated members have
// exactly these fields, so that a conversion makes each of them.
type written struct {
	Replayed    bool
	Consistency string
	JournalID   string
	Book        int32
	JournalUUID scalar.UUID
	WalletUUID  scalar.UUID
}

// decide turns what a service returned into a member of the payload Payload.
// target is the input's field that names the object. An error is a fault, or a
// decision that this payload has no member for.
func decide[Payload any](
	ctx context.Context, r *Resolver, target string, result wallet.Result, err error, success func(written) any,
) (payload Payload, fault error) {
	member, err := r.failure(ctx, target, result, err)
	if err != nil {
		return payload, err
	}
	if member == nil {
		member = success(r.writtenOf(ctx, result))
	}
	return memberOf[Payload](member)
}

// memberOf returns a member as its payload's type; an error for what is none of its
// members, which the schema says no decision can be.
func memberOf[Payload any](member any) (Payload, error) {
	payload, ok := member.(Payload)
	if !ok {
		return payload, fmt.Errorf("outcome %T is no member of %T", member, &payload)
	}
	return payload, nil
}

func (r *Resolver) writtenOf(ctx context.Context, result wallet.Result) written {
	shared := scopeOf(ctx).response
	return written{
		Replayed: result.Outcome.Replayed, Consistency: shared.token(), JournalID: journalID(result.Wallet.Book, result.Outcome.Journal),
		Book: int32(result.Wallet.Book), JournalUUID: scalar.UUID(result.Outcome.Journal),
		WalletUUID: scalar.UUID(result.Wallet.ID),
	}
}

// failure returns the member for what was refused, nil for what was accepted, and
// an error for a fault.
func (r *Resolver) failure(ctx context.Context, target string, result wallet.Result, err error) (any, error) {
	var invalid *domain.ValidationError
	switch {
	case errors.As(err, &invalid):
		return validationFailed(invalid), nil
	case errors.Is(err, domain.ErrNotFound):
		return notFound(target, false), nil
	case err != nil:
		return nil, err
	}
	scopeOf(ctx).response.note(result.Wallet.Book, result.Outcome.BookSeq)
	if result.Outcome.Refusal == nil {
		return nil, nil //nolint:nilnil // accepted: there is no failure
	}
	return r.refusalMember(ctx, target, result)
}

func inputPath(field string) []string { return append([]string{"input"}, strings.Split(field, ".")...) }

func validationFailed(invalid *domain.ValidationError) model.ValidationFailed {
	path := inputPath(invalid.Field)
	return model.ValidationFailed{
		Code: model.ErrorCodeValidationFailed, Message: invalid.Error(), Path: path, Retry: model.RetryNever,
		Violations: []*model.Violation{{Path: path, Message: invalid.Message}},
	}
}

func notFound(target string, replayed bool) model.NotFound {
	return model.NotFound{
		Code: model.ErrorCodeNotFound, Message: "there is nothing by this id that the caller may use",
		Path: inputPath(target), Retry: model.RetryNever, Replayed: replayed,
	}
}

// refusalMember turns a decision of the ledger into the member that stands for it.
func (r *Resolver) refusalMember(ctx context.Context, target string, result wallet.Result) (any, error) {
	replayed := result.Outcome.Replayed
	switch refusal := result.Outcome.Refusal.(type) {
	case *ledger.InsufficientFundsError:
		return insufficientFunds("quantity", ledger.CNX, refusal, replayed), nil
	case *ledger.OriginError:
		return originNotTransferable(refusal, replayed), nil
	case *ledger.NotEmptyError:
		return walletNotEmpty(target, refusal, replayed), nil
	case *ledger.HoldError:
		return holdRefusal(target, result, refusal)
	case *ledger.LimitError:
		return limitExceeded("quantity", refusal, replayed), nil
	case *ledger.AlreadyDoneError:
		return alreadyDone(ctx, result, refusal)
	case *ledger.AccountError:
		return r.accountRefusal(ctx, target, result, refusal)
	case *ledger.StatusConflictError:
		return r.statusConflict(ctx, target, result, refusal)
	case *ledger.ReversalError:
		return r.reversalRefusal(ctx, target, result, refusal)
	case *ledger.AmountError:
		return amountRefusal("quantity", refusal, replayed), nil
	case *ledger.GuardFailedError:
		return guardFailed(target, refusal, replayed)
	case *ledger.ConflictError:
		return idempotencyConflict(), nil
	default:
		return nil, unexpected(result)
	}
}

// unexpected is a refusal that no rule of the mutation can lead to.
func unexpected(result wallet.Result) error {
	return fmt.Errorf("unexpected refusal of wallet %s: %w", result.Wallet.ID, result.Outcome.Refusal)
}

// alreadyDone is one refusal for the ledger and has a member for each mutation.
func alreadyDone(ctx context.Context, result wallet.Result, refusal *ledger.AlreadyDoneError) (any, error) {
	replayed, by := result.Outcome.Replayed, journalID(result.Wallet.Book, refusal.Journal)
	switch graphql.GetFieldContext(ctx).Field.Name {
	case "openWallet":
		return model.WalletExists{
			Code: model.ErrorCodeWalletExists, Message: "the owner has a wallet of this kind", Path: inputPath("owner"),
			Retry: model.RetryNever, Replayed: replayed, WalletID: walletID(wallet.Ref{Book: result.Wallet.Book, ID: refusal.Journal}),
		}, nil
	case "spendConnects":
		return model.AlreadySpent{
			Code: model.ErrorCodeAlreadySpent, Message: "the subject was paid before", Path: inputPath("subject"),
			Retry: model.RetryNever, Replayed: replayed, JournalID: by,
		}, nil
	case "purchaseConnects":
		return model.AlreadyRecorded{
			Code: model.ErrorCodeAlreadyRecorded, Message: "the payment was recorded before", Path: inputPath("paymentReference"),
			Retry: model.RetryNever, Replayed: replayed, JournalID: by,
		}, nil
	default:
		return nil, unexpected(result)
	}
}

func (r *Resolver) accountRefusal(ctx context.Context, target string, result wallet.Result, refusal *ledger.AccountError) (any, error) {
	switch {
	case errors.Is(refusal, ledger.ErrAccountFrozen):
		return r.walletFrozen(ctx, target, result.Wallet, result.Outcome.Replayed)
	case errors.Is(refusal, ledger.ErrAccountClosed):
		return walletClosed(target, result.Outcome.Replayed), nil
	default:
		return nil, unexpected(result)
	}
}

func (r *Resolver) walletFrozen(ctx context.Context, target string, ref wallet.Ref, replayed bool) (any, error) {
	reason, since, err := r.freezeNow(ctx, ref)
	return model.WalletFrozen{
		Code: model.ErrorCodeWalletFrozen, Message: "the wallet is frozen", Path: inputPath(target), Retry: model.RetryNewKey,
		Replayed: replayed, Reason: reason, Since: since,
	}, err
}

func (r *Resolver) statusConflict(ctx context.Context, target string, result wallet.Result, refusal *ledger.StatusConflictError) (any, error) {
	replayed, path := result.Outcome.Replayed, inputPath(target)
	if refusal.Status == ledger.StatusClosed && graphql.GetFieldContext(ctx).Field.Name != "unfreezeWallet" {
		return walletClosed(target, replayed), nil
	}
	switch refusal.Status {
	case ledger.StatusFrozen:
		reason, since, err := r.freezeNow(ctx, result.Wallet)
		return model.WalletAlreadyFrozen{
			Code: model.ErrorCodeWalletAlreadyFrozen, Message: "the wallet is frozen already", Path: path, Retry: model.RetryNever,
			Replayed: replayed, Reason: reason, Since: since,
		}, err
	case ledger.StatusActive, ledger.StatusClosed:
		return model.WalletNotFrozen{
			Code: model.ErrorCodeWalletNotFrozen, Message: "the wallet is not frozen", Path: path, Retry: model.RetryNever,
			Replayed: replayed, Status: model.WalletStatus(refusal.Status),
		}, nil
	default:
		return nil, unexpected(result)
	}
}

// freezeNow reads why a wallet is frozen; nil when it is no longer.
func (r *Resolver) freezeNow(ctx context.Context, ref wallet.Ref) (*model.FreezeReason, *time.Time, error) {
	page, err := r.readPage(ctx, &ahead{request: wallet.PageRequest{Refs: []wallet.Ref{ref}}})
	if err != nil || len(page.Wallets) == 0 {
		return nil, nil, err
	}
	freeze := freezeModel(page.Wallets[0])
	if freeze == nil {
		return nil, nil, nil
	}
	return &freeze.Reason, &freeze.Since, nil
}

func (r *Resolver) reversalRefusal(ctx context.Context, target string, result wallet.Result, refusal *ledger.ReversalError) (any, error) {
	replayed := result.Outcome.Replayed
	switch {
	case errors.Is(refusal, ledger.ErrUnknownJournal):
		return notFound(target, replayed), nil
	case errors.Is(refusal, ledger.ErrReversalExceeds):
		return model.ReversalExceeds{
			Code: model.ErrorCodeReversalExceeds, Message: fmt.Sprintf("%d units can still be undone", refusal.Left),
			Path: inputPath("quantity"), Retry: model.RetryNewKey, Replayed: replayed, Remaining: refusal.Left,
		}, nil
	}
	original, err := r.primeTransactions(ctx, []wallet.TransactionRef{{Wallet: result.Wallet, Journal: refusal.Journal}})
	if err != nil {
		return nil, err
	}
	if len(original) == 0 { // a journal without value: no transaction has this id
		return notFound(target, replayed), nil
	}
	return model.NotReversible{
		Code: model.ErrorCodeNotReversible, Message: "the transaction cannot be undone, or not for this reason", Path: inputPath(target),
		Retry: model.RetryNever, Replayed: replayed, Type: model.TransactionType(original[0].Transaction.Type),
	}, nil
}

// insufficientFunds is of what an account holds in a commodity; field is the input's
// that asks for more.
func insufficientFunds(field string, commodity ledger.Commodity, refusal *ledger.InsufficientFundsError, replayed bool) model.InsufficientFunds {
	required, available := amountModel(commodity, refusal.Required), amountModel(commodity, refusal.Available)
	unit := string(commodity)
	if commodity == ledger.CNX {
		unit = "Connects"
	}
	return model.InsufficientFunds{
		Code: model.ErrorCodeInsufficientFunds, Retry: model.RetryNewKey, Replayed: replayed, Path: inputPath(field),
		Message:  fmt.Sprintf("%s %s are needed, %s can be used", required.Decimal, unit, available.Decimal),
		Required: required, Available: available, Held: amountModel(commodity, refusal.Held),
	}
}

func idempotencyConflict() model.IdempotencyConflict {
	return model.IdempotencyConflict{
		Code: model.ErrorCodeIdempotencyConflict, Retry: model.RetryNewKey, Path: inputPath("idempotencyKey"),
		Message: "the key was used before with another body",
	}
}

func amountRefusal(field string, refusal *ledger.AmountError, replayed bool) any {
	if errors.Is(refusal, ledger.ErrInvalidAmount) {
		failed := validationFailed(&domain.ValidationError{Field: field, Message: "must be 1 or more"})
		failed.Replayed = replayed
		return failed
	}
	return model.AmountOverflow{
		Code: model.ErrorCodeAmountOverflow, Message: "the total would exceed what the ledger counts", Path: inputPath(field),
		Retry: model.RetryNever, Replayed: replayed,
	}
}

func guardFailed(target string, refusal *ledger.GuardFailedError, replayed bool) (any, error) {
	switch refusal.Reason {
	case domain.ReasonNotOrganisation:
		return notFound(target, replayed), nil
	case domain.ReasonCommitted:
		return campaignsNotEnded(target, refusal.Detail, replayed), nil
	case domain.ReasonOwnerDiffers:
		return ownerMismatch(target, refusal.Detail, replayed), nil
	default:
		return nil, fmt.Errorf("unexpected refusal by a guard: %w", refusal)
	}
}

func ownerMismatch(target string, recorded ledger.Arguments, replayed bool) model.OwnerMismatch {
	return model.OwnerMismatch{
		Code: model.ErrorCodeOwnerMismatch, Message: "the owner is on record with other facts", Path: inputPath(target),
		Retry: model.RetryNever, Replayed: replayed, RecordedAs: model.OwnerKind(recorded.TextOf("kind")),
		Jurisdiction: recorded.TextOf("jurisdiction"), TimeZone: recorded.TextOf("timeZone"),
	}
}
