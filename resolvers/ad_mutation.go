package resolvers

import (
	"context"
	"fmt"

	"purser/graph/model"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// Campaigns is what mutations of advertising ask for; *campaign.Service is one. Its
// methods return domain.ErrNotFound, a *domain.ValidationError, a
// *campaign.RefusedError, the ledger's faults, or an outcome that may hold a
// refusal.
//
// What a caller reaches without managing it, as ADVERTISER_ANALYST or because they
// may look at every account, is domain.ErrNotFound as well: to their writes it is
// like somebody else's.
type Campaigns interface {
	OpenAdAccount(ctx context.Context, caller domain.Caller, in campaign.OpenAdAccount) (campaign.Result, error)
	Deposit(ctx context.Context, caller domain.Caller, in campaign.Deposit) (campaign.Result, error)
	Create(ctx context.Context, caller domain.Caller, in campaign.Create) (campaign.Result, error)
	Update(ctx context.Context, caller domain.Caller, in campaign.Update) (campaign.Result, error)
	SetStatus(ctx context.Context, caller domain.Caller, in campaign.SetStatus) (campaign.Result, error)
	SetStatuses(ctx context.Context, caller domain.Caller, in campaign.SetStatuses) ([]campaign.StatusResult, error)
	Fund(ctx context.Context, caller domain.Caller, in campaign.Fund) (campaign.Result, error)
	Release(ctx context.Context, caller domain.Caller, in campaign.Release) (campaign.Result, error)
	Charge(ctx context.Context, caller domain.Caller, in campaign.Charge) (campaign.Result, error)
}

// OpenAdAccount implements graph.MutationResolver.
func (m mutationResolver) OpenAdAccount(ctx context.Context, input model.OpenAdAccountInput) (model.OpenAdAccountPayload, error) {
	in := campaign.OpenAdAccount{
		Key: input.IdempotencyKey, Jurisdiction: input.Jurisdiction, Name: input.Name, Commodity: ledger.Commodity(input.Commodity),
		Wallet: fundingWallet(input.WalletID), TimeZone: input.TimeZone,
	}
	var err error
	in.Owner, in.OwnerKind, err = ownerOf(input.Owner.PartyID, input.Owner.OrganisationID)
	if err == nil {
		err = given("ownerTimeZone", input.OwnerTimeZone, &in.OwnerTimeZone)
	}
	var result campaign.Result
	if err == nil {
		result, err = m.campaigns.OpenAdAccount(ctx, scopeOf(ctx).caller, in)
	}
	at := adPlaces{object: "walletId", owner: "owner"}
	return decideAd[model.OpenAdAccountPayload](ctx, m.Resolver, at, result, err, func(w writtenAd) any {
		return model.OpenAdAccountSuccess(w.adAccount())
	})
}

// DepositAdFunds implements graph.MutationResolver.
func (m mutationResolver) DepositAdFunds(ctx context.Context, input model.DepositAdFundsInput) (model.DepositAdFundsPayload, error) {
	in := campaign.Deposit{
		Key: input.IdempotencyKey, AdAccount: adAccountRef(input.AdAccountID), Amount: input.Amount.AmountMinor, Fee: input.FeeMinor,
		Currency: ledger.Commodity(input.Amount.Currency), Reference: input.PaymentReference,
	}
	err := effectiveOf(input.EffectiveAt, &in.EffectiveAt)
	var result campaign.Result
	if err == nil {
		result, err = m.campaigns.Deposit(ctx, scopeOf(ctx).caller, in)
	}
	at := adPlaces{object: "adAccountId", amount: "amount.amountMinor", once: "paymentReference"}
	return decideAd[model.DepositAdFundsPayload](ctx, m.Resolver, at, result, err, func(w writtenAd) any {
		return model.DepositAdFundsSuccess(w.adAccount())
	})
}

// CreateCampaign implements graph.MutationResolver.
func (m mutationResolver) CreateCampaign(ctx context.Context, input model.CreateCampaignInput) (model.CreateCampaignPayload, error) {
	in := campaign.Create{
		Key: input.IdempotencyKey, AdAccount: adAccountRef(input.AdAccountID), Name: input.Name, Product: campaign.Product(input.Product),
		Ad: adOf(input.Ad), BidMinor: input.BidMinor, Budget: budgetOf(input.Budget),
	}
	err := scheduleOf(input.Schedule, &in.Schedule)
	if err == nil {
		err = positive("fundMinor", input.FundMinor, &in.FundMinor)
	}
	var result campaign.Result
	if err == nil {
		result, err = m.campaigns.Create(ctx, scopeOf(ctx).caller, in)
	}
	at := adPlaces{object: "adAccountId", amount: "fundMinor"}
	return decideAd[model.CreateCampaignPayload](ctx, m.Resolver, at, result, err, func(w writtenAd) any {
		return model.CreateCampaignSuccess(w.campaign())
	})
}

// UpdateCampaign implements graph.MutationResolver.
func (m mutationResolver) UpdateCampaign(ctx context.Context, input model.UpdateCampaignInput) (model.UpdateCampaignPayload, error) {
	in := campaign.Update{
		Key: input.IdempotencyKey, Campaign: campaignRef(input.CampaignID), Version: int64(input.Version), Name: input.Name,
		BidMinor: input.BidMinor, ConfirmLargeChange: input.ConfirmLargeChange,
	}
	if input.Ad != nil {
		ad := adOf(input.Ad)
		in.Ad = &ad
	}
	if input.Budget != nil {
		budget := budgetOf(input.Budget)
		in.Budget = &budget
	}
	var err error
	if input.Schedule != nil {
		in.Schedule = &campaign.Schedule{}
		err = scheduleOf(input.Schedule, in.Schedule)
	}
	var result campaign.Result
	if err == nil {
		result, err = m.campaigns.Update(ctx, scopeOf(ctx).caller, in)
	}
	return decideAd[model.UpdateCampaignPayload](ctx, m.Resolver, adPlaces{object: "campaignId"}, result, err, func(w writtenAd) any {
		return model.UpdateCampaignSuccess(w.campaign())
	})
}

// SetCampaignStatus implements graph.MutationResolver.
func (m mutationResolver) SetCampaignStatus(ctx context.Context, input model.SetCampaignStatusInput) (model.SetCampaignStatusPayload, error) {
	in := campaign.SetStatus{Key: input.IdempotencyKey, Campaign: campaignRef(input.CampaignID), Status: campaign.Status(input.Status)}
	var err error
	if input.Version != nil {
		if in.Version = int64(*input.Version); in.Version < 1 { // for the service, 0 is any
			err = &domain.ValidationError{Field: "version", Message: fmt.Sprintf("must be 1 or more, got %d", in.Version)}
		}
	}
	var result campaign.Result
	if err == nil {
		result, err = m.campaigns.SetStatus(ctx, scopeOf(ctx).caller, in)
	}
	return decideAd[model.SetCampaignStatusPayload](ctx, m.Resolver, adPlaces{object: "campaignId"}, result, err, func(w writtenAd) any {
		return model.SetCampaignStatusSuccess(w.campaign())
	})
}

// FundCampaign implements graph.MutationResolver.
func (m mutationResolver) FundCampaign(ctx context.Context, input model.FundCampaignInput) (model.FundCampaignPayload, error) {
	result, err := m.campaigns.Fund(ctx, scopeOf(ctx).caller, campaign.Fund{
		Key: input.IdempotencyKey, Campaign: campaignRef(input.CampaignID), Amount: input.AmountMinor,
	})
	at := adPlaces{object: "campaignId", amount: "amountMinor"}
	return decideAd[model.FundCampaignPayload](ctx, m.Resolver, at, result, err, func(w writtenAd) any {
		return model.FundCampaignSuccess(w.campaign())
	})
}

// ReleaseCampaignFunds implements graph.MutationResolver.
func (m mutationResolver) ReleaseCampaignFunds(ctx context.Context, input model.ReleaseCampaignFundsInput) (model.ReleaseCampaignFundsPayload, error) {
	in := campaign.Release{Key: input.IdempotencyKey, Campaign: campaignRef(input.CampaignID)}
	err := positive("amountMinor", input.AmountMinor, &in.Amount)
	var result campaign.Result
	if err == nil {
		result, err = m.campaigns.Release(ctx, scopeOf(ctx).caller, in)
	}
	at := adPlaces{object: "campaignId", amount: "amountMinor"}
	return decideAd[model.ReleaseCampaignFundsPayload](ctx, m.Resolver, at, result, err, func(w writtenAd) any {
		return model.ReleaseCampaignFundsSuccess(w.campaign())
	})
}

// RecordClickCharges implements graph.MutationResolver. What was billed is read from
// the charge's row: only the fold knew it, and a replay says the same.
func (m mutationResolver) RecordClickCharges(ctx context.Context, input model.RecordClickChargesInput) (model.RecordClickChargesPayload, error) {
	result, err := m.campaigns.Charge(ctx, scopeOf(ctx).caller, campaign.Charge{
		Key: input.IdempotencyKey, Campaign: campaignRef(input.CampaignID), Batch: input.BatchID, MinuteAt: input.MinuteAt,
		Impressions: input.Impressions, Clicks: input.Clicks, Charge: input.ChargeMinor,
	})
	var charge campaign.ChargeRow
	if err == nil && result.Outcome.Refusal == nil {
		var failed error
		if charge, failed = m.reader.ClickCharge(ctx, result.Campaign.Book, result.Campaign.ID, result.Outcome.Journal); failed != nil {
			return nil, fmt.Errorf("read what was charged: %w", failed)
		}
	}
	at := adPlaces{object: "campaignId", amount: "chargeMinor", once: "batchId"}
	return decideAd[model.RecordClickChargesPayload](ctx, m.Resolver, at, result, err, func(w writtenAd) any {
		return model.RecordClickChargesSuccess{
			Replayed: w.replayed, Consistency: w.consistency, JournalID: w.journalID, Book: w.book, CampaignUUID: w.campaignUUID,
			Billed: amountModel(result.Commodity, charge.Billed), ServedUnbilled: amountModel(result.Commodity, charge.Unbilled),
		}
	})
}

// fundingWallet returns the wallet that an id names, none for null. An id that names
// no wallet is taken for one that nobody has, since to the service none is none.
func fundingWallet(id *string) campaign.Ref {
	if id == nil {
		return campaign.Ref{}
	}
	ref := campaign.Ref(walletRef(*id))
	if ref.ID.IsZero() {
		ref.ID = ledger.ID{0xff}
	}
	return ref
}

func adOf(input *model.AdInput) campaign.Ad {
	return campaign.Ad{Type: campaign.EntityType(input.Type), ID: ledger.ID(input.EntityID)}
}

func budgetOf(input *model.BudgetInput) campaign.Budget {
	return campaign.Budget{Type: campaign.BudgetType(input.Type), AmountMinor: input.AmountMinor}
}

// scheduleOf reads a schedule, whose zero end means none to the service.
func scheduleOf(input *model.CampaignScheduleInput, into *campaign.Schedule) error {
	into.StartsAt = input.StartsAt
	if input.EndsAt == nil {
		return nil
	}
	if input.EndsAt.IsZero() {
		return &domain.ValidationError{Field: "schedule.endsAt", Message: "must be in the future; got the first instant of year 1"}
	}
	into.EndsAt = *input.EndsAt
	return nil
}

// positive reads an amount that may be left out, for which the service has 0.
func positive(field string, input *int64, into *int64) error {
	if input == nil {
		return nil
	}
	if *input < 1 {
		return &domain.ValidationError{Field: field, Message: fmt.Sprintf("must be 1 or more, got %d; leave it out instead", *input)}
	}
	*into = *input
	return nil
}

// given reads a text that may be left out, for which the service has "".
func given(field string, input *string, into *string) error {
	if input == nil {
		return nil
	}
	if *input == "" {
		return &domain.ValidationError{Field: field, Message: "must not be empty; leave it out instead"}
	}
	*into = *input
	return nil
}
