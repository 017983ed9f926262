package resolvers

import (
	"context"
	"time"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// SpendConnects implements graph.MutationResolver.
func (m mutationResolver) SpendConnects(ctx context.Context, input model.SpendConnectsInput) (model.SpendConnectsPayload, error) {
	result, err := m.service.Spend(ctx, scopeOf(ctx).caller, wallet.Spend{
		Key: input.IdempotencyKey, Wallet: walletRef(input.WalletID), Quantity: input.Quantity, Subject: subjectOf(input.Subject),
	})
	return decide[model.SpendConnectsPayload](ctx, m.Resolver, "walletId", result, err, func(w written) any {
		return model.SpendConnectsSuccess(w)
	})
}

// OpenWallet implements graph.MutationResolver.
func (m mutationResolver) OpenWallet(ctx context.Context, input model.OpenWalletInput) (model.OpenWalletPayload, error) {
	in := wallet.Open{
		Key: input.IdempotencyKey, Kind: wallet.Kind(input.Kind), Jurisdiction: input.Jurisdiction, TimeZone: input.TimeZone,
	}
	var result wallet.Result
	var err error
	in.Owner, in.OwnerKind, err = ownerOf(input.Owner.PartyID, input.Owner.OrganisationID)
	if err == nil && input.MemberID != nil {
		in.Member, _, err = notNil(*input.MemberID, "memberId", domain.OwnerParty)
	}
	if err == nil {
		result, err = m.service.Open(ctx, scopeOf(ctx).caller, in)
	}
	return decide[model.OpenWalletPayload](ctx, m.Resolver, "owner", result, err, func(w written) any {
		return model.OpenWalletSuccess(w)
	})
}

// GrantConnects implements graph.MutationResolver.
func (m mutationResolver) GrantConnects(ctx context.Context, input model.GrantConnectsInput) (model.GrantConnectsPayload, error) {
	in := wallet.Grant{
		Key: input.IdempotencyKey, Wallet: walletRef(input.WalletID), Quantity: input.Quantity, Origin: ledger.Origin(input.Origin),
		Explanation: explanationOf(input.Explanation),
	}
	err := effectiveOf(input.EffectiveAt, &in.EffectiveAt)
	if err == nil {
		err = expiryOf(input.Expiry, &in)
	}
	var result wallet.Result
	if err == nil {
		result, err = m.service.Grant(ctx, scopeOf(ctx).caller, in)
	}
	return decide[model.GrantConnectsPayload](ctx, m.Resolver, "walletId", result, err, func(w written) any {
		return model.GrantConnectsSuccess(w)
	})
}

// PurchaseConnects implements graph.MutationResolver.
func (m mutationResolver) PurchaseConnects(ctx context.Context, input model.PurchaseConnectsInput) (model.PurchaseConnectsPayload, error) {
	in := wallet.Purchase{
		Key: input.IdempotencyKey, Wallet: walletRef(input.WalletID), Quantity: input.Quantity, Price: input.Price.AmountMinor,
		Fee: input.FeeMinor, Tax: input.TaxMinor, TaxAtSale: input.TaxAtSaleMinor, Currency: ledger.Commodity(input.Price.Currency), Reference: input.PaymentReference,
	}
	err := effectiveOf(input.EffectiveAt, &in.EffectiveAt)
	var result wallet.Result
	if err == nil {
		result, err = m.service.Purchase(ctx, scopeOf(ctx).caller, in)
	}
	return decide[model.PurchaseConnectsPayload](ctx, m.Resolver, "walletId", result, err, func(w written) any {
		return model.PurchaseConnectsSuccess(w)
	})
}

// ReverseTransaction implements graph.MutationResolver.
func (m mutationResolver) ReverseTransaction(ctx context.Context, input model.ReverseTransactionInput) (model.ReverseTransactionPayload, error) {
	in := wallet.Reverse{Key: input.IdempotencyKey, Transaction: transactionRef(input.TransactionID), Reason: string(input.Reason)}
	err := effectiveOf(input.EffectiveAt, &in.EffectiveAt)
	if input.Quantity != nil {
		in.Quantity = *input.Quantity
		if in.Quantity < 1 && err == nil { // for the service, 0 is all that is left
			err = &domain.ValidationError{Field: "quantity", Message: "must be 1 or more"}
		}
	}
	var result wallet.Result
	if err == nil {
		result, err = m.service.Reverse(ctx, scopeOf(ctx).caller, in)
	}
	return decide[model.ReverseTransactionPayload](ctx, m.Resolver, "transactionId", result, err, func(w written) any {
		return model.ReverseTransactionSuccess(w)
	})
}

// FreezeWallet implements graph.MutationResolver.
func (m mutationResolver) FreezeWallet(ctx context.Context, input model.FreezeWalletInput) (model.FreezeWalletPayload, error) {
	in := wallet.Freeze{Key: input.IdempotencyKey, Wallet: walletRef(input.WalletID), Reason: string(input.Reason)}
	result, err := m.freeze(ctx, in, input.Note)
	return decide[model.FreezeWalletPayload](ctx, m.Resolver, "walletId", result, err, func(w written) any {
		return model.FreezeWalletSuccess(w)
	})
}

// UnfreezeWallet implements graph.MutationResolver.
func (m mutationResolver) UnfreezeWallet(ctx context.Context, input model.UnfreezeWalletInput) (model.UnfreezeWalletPayload, error) {
	in := wallet.Freeze{Key: input.IdempotencyKey, Wallet: walletRef(input.WalletID), Lift: true}
	result, err := m.freeze(ctx, in, input.Note)
	return decide[model.UnfreezeWalletPayload](ctx, m.Resolver, "walletId", result, err, func(w written) any {
		return model.UnfreezeWalletSuccess(w)
	})
}

func (m mutationResolver) freeze(ctx context.Context, in wallet.Freeze, note *string) (wallet.Result, error) {
	if note != nil {
		if *note == "" {
			return wallet.Result{}, &domain.ValidationError{Field: "note", Message: "must not be empty; leave it out instead"}
		}
		in.Note = *note
	}
	return m.service.Freeze(ctx, scopeOf(ctx).caller, in)
}

// SetMembership implements graph.MutationResolver.
func (m mutationResolver) SetMembership(ctx context.Context, input model.SetMembershipInput) (model.SetMembershipPayload, error) {
	result, err := m.service.SetMembership(ctx, scopeOf(ctx).caller, wallet.Membership{
		Key: input.IdempotencyKey, Organisation: ledger.ID(input.OrganisationID), Party: ledger.ID(input.PartyID),
		Role: string(input.Role), Active: input.Active,
	})
	return decide[model.SetMembershipPayload](ctx, m.Resolver, "organisationId", result, err, func(w written) any {
		return model.SetMembershipSuccess{
			Replayed: w.Replayed, Consistency: w.Consistency, JournalID: w.JournalID,
			Membership: &model.Membership{
				OrganisationID: input.OrganisationID, PartyID: input.PartyID, Role: input.Role, Active: input.Active,
			},
		}
	})
}

// ownerOf reads an owner. The executor checks that exactly one is given only where
// they are literals, so it is checked here for variables.
func ownerOf(party, organisation *scalar.UUID) (ledger.ID, domain.OwnerKind, error) {
	switch {
	case (party == nil) == (organisation == nil):
		return ledger.NilID, "", &domain.ValidationError{Field: "owner", Message: "exactly one of partyId and organisationId is required"}
	case party != nil:
		return notNil(*party, "owner.partyId", domain.OwnerParty)
	default:
		return notNil(*organisation, "owner.organisationId", domain.OwnerOrganisation)
	}
}

// notNil refuses the nil uuid, which stands for no owner.
func notNil(id scalar.UUID, field string, kind domain.OwnerKind) (ledger.ID, domain.OwnerKind, error) {
	if ledger.ID(id).IsZero() {
		return ledger.NilID, "", &domain.ValidationError{Field: field, Message: "must not be the nil UUID"}
	}
	return ledger.ID(id), kind, nil
}

// effectiveOf reads an instant whose zero value stands for now in the service, so
// that the first instant of year 1 has to be refused here.
func effectiveOf(given *time.Time, into *time.Time) error {
	if given == nil {
		return nil
	}
	if given.IsZero() {
		return &domain.ValidationError{Field: "effectiveAt", Message: "must not be over ten years ago"}
	}
	*into = *given
	return nil
}

func expiryOf(input *model.LotExpiryInput, into *wallet.Grant) error {
	switch {
	case input == nil:
		return nil
	case (input.ExpiresAt == nil) == (input.ValidDays == nil):
		return &domain.ValidationError{Field: "expiry", Message: "exactly one of expiresAt and validDays is required"}
	case input.ExpiresAt != nil && input.ExpiresAt.IsZero():
		return &domain.ValidationError{Field: "expiry.expiresAt", Message: "must be after the grant takes effect"}
	case input.ExpiresAt != nil:
		into.ExpiresAt = *input.ExpiresAt
	case *input.ValidDays < 1:
		return &domain.ValidationError{Field: "expiry.validDays", Message: "must be 1 or more"}
	default:
		into.ValidDays = int(*input.ValidDays)
	}
	return nil
}

func explanationOf(input *model.ExplanationInput) domain.Explanation {
	explanation := domain.Explanation{Rule: input.Rule}
	if input.PolicyVersion != nil {
		explanation.PolicyVersion = *input.PolicyVersion
	}
	for _, fact := range input.Inputs {
		explanation.Inputs = append(explanation.Inputs, domain.Input{Name: fact.Name, Value: fact.Value})
	}
	return explanation
}
