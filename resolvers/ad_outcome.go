package resolvers

import (
	"context"
	"errors"
	"fmt"

	"purser/graph/model"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// adPlaces are the fields of a mutation's input that a failure can be at.
type adPlaces struct {
	object string // names the object
	amount string // says how much
	once   string // names what is recorded once only
	owner  string // says who owns what is opened
}

// writtenAd is what a success of any mutation of advertising says.
type writtenAd struct {
	replayed               bool
	consistency, journalID string
	book                   int32
	adAccountUUID          scalar.UUID
	campaignUUID           scalar.UUID
}

// writtenAdAccount and writtenCampaign have exactly the fields of the generated
// members, so that a conversion makes each of them.
type (
	writtenAdAccount struct {
		Replayed      bool
		Consistency   string
		JournalID     string
		AdAccountUUID scalar.UUID
		Book          int32
	}
	writtenCampaign struct {
		Replayed     bool
		Consistency  string
		JournalID    string
		Book         int32
		CampaignUUID scalar.UUID
	}
)

func (w writtenAd) adAccount() writtenAdAccount {
	return writtenAdAccount{Replayed: w.replayed, Consistency: w.consistency, JournalID: w.journalID, Book: w.book, AdAccountUUID: w.adAccountUUID}
}

func (w writtenAd) campaign() writtenCampaign {
	return writtenCampaign{Replayed: w.replayed, Consistency: w.consistency, JournalID: w.journalID, Book: w.book, CampaignUUID: w.campaignUUID}
}

// decideAd is decide for mutations of advertising.
func decideAd[Payload any](
	ctx context.Context, r *Resolver, at adPlaces, result campaign.Result, err error, success func(writtenAd) any,
) (payload Payload, fault error) {
	member, err := r.adFailure(ctx, at, result, err)
	if err != nil {
		return payload, err
	}
	if member == nil {
		member = success(writtenAdOf(ctx, result))
	}
	return memberOf[Payload](member)
}

func writtenAdOf(ctx context.Context, result campaign.Result) writtenAd {
	return writtenAd{
		replayed: result.Outcome.Replayed, consistency: scopeOf(ctx).response.token(),
		journalID: journalID(result.AdAccount.Book, result.Outcome.Journal), book: int32(result.AdAccount.Book),
		adAccountUUID: scalar.UUID(result.AdAccount.ID), campaignUUID: scalar.UUID(result.Campaign.ID),
	}
}

// adFailure returns the member for what was refused, nil for what was accepted, and
// an error for a fault.
func (r *Resolver) adFailure(ctx context.Context, at adPlaces, result campaign.Result, err error) (any, error) {
	var invalid *domain.ValidationError
	var refused *campaign.RefusedError
	switch {
	case errors.As(err, &invalid):
		return validationFailed(invalid), nil
	case errors.As(err, &refused):
		// Decided before the ledger, so not stored: the key is still free.
		return adRefusal{reason: refused.Reason, facts: refused.Facts, at: at, retry: model.RetryNever}.member()
	case errors.Is(err, domain.ErrNotFound):
		return notFound(at.object, false), nil
	case err != nil:
		return nil, err
	}
	scopeOf(ctx).response.note(result.AdAccount.Book, result.Outcome.BookSeq)
	if result.Outcome.Refusal == nil {
		return nil, nil //nolint:nilnil // accepted: there is no failure
	}
	return r.adRefusalMember(ctx, at, result)
}

// adRefusalMember turns a decision of the ledger into the member that stands for it.
func (r *Resolver) adRefusalMember(ctx context.Context, at adPlaces, result campaign.Result) (any, error) {
	replayed := result.Outcome.Replayed
	switch refusal := result.Outcome.Refusal.(type) {
	case *ledger.InsufficientFundsError:
		return insufficientFunds(at.amount, result.Commodity, refusal, replayed), nil
	case *ledger.LimitError:
		return limitExceeded(at.amount, refusal, replayed), nil
	case *ledger.AlreadyDoneError:
		return model.AlreadyRecorded{
			Code: model.ErrorCodeAlreadyRecorded, Message: "it was recorded before", Path: inputPath(at.once),
			Retry: model.RetryNever, Replayed: replayed, JournalID: journalID(result.AdAccount.Book, refusal.Journal),
		}, nil
	case *ledger.AccountError:
		switch {
		case errors.Is(refusal, ledger.ErrAccountFrozen):
			return r.walletFrozen(ctx, at.object, wallet.Ref{Book: result.AdAccount.Book, ID: result.Wallet}, replayed)
		case errors.Is(refusal, ledger.ErrAccountClosed):
			return walletClosed(at.object, replayed), nil
		default:
			return nil, unexpectedAd(result)
		}
	case *ledger.AmountError:
		return amountRefusal(at.amount, refusal, replayed), nil
	case *ledger.GuardFailedError:
		return adRefusal{
			reason: refusal.Reason, facts: refusal.Detail, at: at, result: result, retry: model.RetryNewKey, replayed: replayed,
		}.member()
	case *ledger.ConflictError:
		return idempotencyConflict(), nil
	default:
		return nil, unexpectedAd(result)
	}
}

// unexpectedAd is a refusal that no rule of the mutation can lead to.
func unexpectedAd(result campaign.Result) error {
	return fmt.Errorf("unexpected refusal of ad account %s: %w", result.AdAccount.ID, result.Outcome.Refusal)
}
