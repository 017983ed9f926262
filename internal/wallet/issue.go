package wallet

import (
	"context"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Grant issues Connects without payment.
type Grant struct {
	Key         string
	Wallet      Ref
	Quantity    int64
	Origin      ledger.Origin
	ExpiresAt   time.Time // zero: ValidDays, or else the policy, decides
	ValidDays   int
	Explanation domain.Explanation
	EffectiveAt time.Time // zero: now
}

var grantTypes = map[ledger.Origin]string{
	ledger.OriginPlan: TypePlanGrant, ledger.OriginPromo: TypePromoGrant,
	ledger.OriginBonus: TypeBonusGrant, ledger.OriginCompensation: TypeCompensation,
}

// Grant posts row 2 of the chart of entries: a lot without cost basis.
func (s *Service) Grant(ctx context.Context, caller domain.Caller, in Grant) (Result, error) {
	now := s.clock()
	if err := in.validate(now); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Amount("quantity", in.Quantity).Text("origin", string(in.Origin)).Text("rule", in.Explanation.Rule)
	input = domain.WithTime(domain.WithTime(input, "expiresAt", in.ExpiresAt), "effectiveAt", in.EffectiveAt)
	if in.ValidDays > 0 {
		input = input.Amount("validDays", int64(in.ValidDays))
	}
	input = input.Text("explanation", string(in.Explanation.Encode()))
	return s.post(ctx, caller, in.Wallet, "grantConnects", in.Key, input, func(command *ledger.Command, w Wallet) {
		effective := domain.OrNow(in.EffectiveAt, now)
		rules := policy.ConnectsAt(effective)
		expires := in.ExpiresAt
		switch {
		case in.ValidDays > 0:
			expires = effective.UTC().AddDate(0, 0, in.ValidDays)
		case expires.IsZero():
			expires = rules.Expiry(string(in.Origin), effective)
		}
		explanation := in.Explanation
		if explanation.PolicyVersion == "" {
			explanation.PolicyVersion = rules.Version
		}
		command.Template = TemplateGrant
		command.Arguments = lotArguments(w, in.Origin, in.Quantity, expires, rules).Text(ArgType, grantTypes[in.Origin])
		command.EffectiveAt, command.Explanation = in.EffectiveAt, explanation.Encode()
	})
}

// Purchase records a payment that was captured, and issues what it bought.
type Purchase struct {
	Key      string
	Wallet   Ref
	Quantity int64
	Price    int64 // minor units of Currency
	Fee      int64 // of the payment provider, in minor units of Currency
	// Tax is the part of Price that is tax due when the Connects are used (a voucher
	// for several purposes). TaxAtSale is tax due at once and paid on top of Price (a
	// voucher for a single purpose). Which of the two it is, if any, is a matter of the
	// jurisdiction; both are in minor units of Currency.
	Tax         int64
	TaxAtSale   int64
	Currency    ledger.Commodity
	Reference   string // the provider's; recorded once per book
	EffectiveAt time.Time
}

// Purchase posts row 1 of the chart of entries. A payment reference that was
// recorded before is refused as already done.
func (s *Service) Purchase(ctx context.Context, caller domain.Caller, in Purchase) (Result, error) {
	now := s.clock()
	if err := in.validate(now); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Amount("quantity", in.Quantity).Amount("price", in.Price).Amount("fee", in.Fee).
		Text("currency", string(in.Currency)).Text("reference", in.Reference)
	input = withAmount(withAmount(input, "tax", in.Tax), "taxAtSale", in.TaxAtSale)
	input = domain.WithTime(input, "effectiveAt", in.EffectiveAt)
	return s.post(ctx, caller, in.Wallet, "purchaseConnects", in.Key, input, func(command *ledger.Command, w Wallet) {
		effective := domain.OrNow(in.EffectiveAt, now)
		rules := policy.ConnectsAt(effective)
		command.Template = TemplatePurchase
		command.Arguments = lotArguments(w, ledger.OriginPurchase, in.Quantity, rules.Expiry(string(ledger.OriginPurchase), effective), rules).
			Text(ArgMoney, string(in.Currency)).Amount(ArgPrice, in.Price).Amount(ArgFee, in.Fee)
		command.Arguments = withAmount(withAmount(command.Arguments, ArgTax, in.Tax), ArgTaxAtSale, in.TaxAtSale)
		command.Once, command.EffectiveAt = "payment:"+in.Reference, in.EffectiveAt
		command.Explanation = domain.Explanation{Rule: "PURCHASE", PolicyVersion: rules.Version, Inputs: []domain.Input{
			domain.Number("quantity", in.Quantity),
			domain.Number("priceMinor", in.Price),
			{Name: "currency", Value: string(in.Currency)},
			{Name: "paymentReference", Value: in.Reference},
		}}.Encode()
	})
}

// withAmount adds an amount, unless it is zero: arguments that were not given are not
// there, in fingerprints and in journals.
func withAmount(to ledger.Arguments, name string, amount int64) ledger.Arguments {
	if amount == 0 {
		return to
	}
	return to.Amount(name, amount)
}

func lotArguments(w Wallet, origin ledger.Origin, quantity int64, expires time.Time, rules policy.Connects) ledger.Arguments {
	return ledger.Arguments(nil).ID(ArgWallet, w.ID).Amount(ArgQuantity, quantity).Text(ArgOrigin, string(origin)).
		Time(ArgExpiresAt, expires).Amount(ArgPriority, int64(rules.Priority[string(origin)])).Text(ArgJurisdiction, w.Jurisdiction)
}
