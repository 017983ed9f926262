package wallet

import (
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Limits of requests.
const (
	// noteBytesMax bounds the note of a freeze.
	noteBytesMax = 500
	// validDaysMax bounds the life a grant may be given.
	validDaysMax = 3660
	// holdDaysMax bounds how long units may be held: a hold nobody settles must not
	// keep them for good.
	holdDaysMax = 366
	// reasonBytesMax bounds the reason of a closing.
	reasonBytesMax = 64
)

func (in Open) validate() error {
	switch {
	case in.OwnerKind == domain.OwnerParty && in.Kind != KindFreelancer,
		in.OwnerKind == domain.OwnerOrganisation && in.Kind != KindAgency && in.Kind != KindMember:
		return domain.First(domain.CheckKey(in.Key), domain.Invalid("kind", "a party has FREELANCER wallets, an organisation AGENCY and MEMBER wallets"))
	case (in.Kind == KindMember) == in.Member.IsZero():
		return domain.First(domain.CheckKey(in.Key), domain.Invalid("memberId", "is for MEMBER wallets, and required for them"))
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckJurisdiction(in.Jurisdiction), domain.CheckZone("timeZone", in.TimeZone))
}

func (in Grant) validate(now time.Time) error {
	if _, ok := grantTypes[in.Origin]; !ok {
		return domain.Invalid("origin", "must be PLAN, PROMO, BONUS or COMPENSATION")
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckQuantity("quantity", in.Quantity), domain.CheckEffective(in.EffectiveAt, now), in.validateExpiry(now), in.Explanation.Validate())
}

func (in Grant) validateExpiry(now time.Time) error {
	switch {
	case in.ValidDays < 0 || in.ValidDays > validDaysMax:
		return domain.Invalid("expiry.validDays", "must be 1 to %d, got %d", validDaysMax, in.ValidDays)
	case in.ExpiresAt.IsZero():
		return nil
	case !in.ExpiresAt.After(domain.OrNow(in.EffectiveAt, now)):
		return domain.Invalid("expiry.expiresAt", "must be after the grant takes effect")
	case in.ExpiresAt.After(now.AddDate(0, 0, validDaysMax)):
		return domain.Invalid("expiry.expiresAt", "must be at most %d days ahead", validDaysMax)
	}
	return nil
}

func (in Purchase) validate(now time.Time) error {
	switch {
	case !in.Currency.IsMoney():
		return domain.Invalid("price.currency", "must be USD or EUR")
	case in.Price < 1 || in.Price > domain.QuantityMax:
		return domain.Invalid("price.amountMinor", "must be 1 to %d, got %d", int64(domain.QuantityMax), in.Price)
	case in.Fee < 0 || in.Fee > in.Price:
		return domain.Invalid("feeMinor", "must be 0 to the price, got %d", in.Fee)
	case in.Tax < 0 || in.Tax > in.Price:
		return domain.Invalid("taxMinor", "must be 0 to the price, got %d", in.Tax)
	case in.TaxAtSale < 0 || in.TaxAtSale > domain.QuantityMax:
		return domain.Invalid("taxAtSaleMinor", "must be 0 to %d, got %d", int64(domain.QuantityMax), in.TaxAtSale)
	case in.Tax > 0 && in.TaxAtSale > 0:
		return domain.Invalid("taxAtSaleMinor", "cannot go with taxMinor: tax is due once")
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckQuantity("quantity", in.Quantity), domain.CheckReference("paymentReference", in.Reference), domain.CheckEffective(in.EffectiveAt, now))
}

func (in Spend) validate() error {
	if in.Subject.Type != SubjectProposal {
		return domain.Invalid("subject.type", "must be PROPOSAL")
	}
	if _, err := ledger.ParseID(in.Subject.ID); err != nil {
		return domain.Invalid("subject.id", "must be a UUID")
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckQuantity("quantity", in.Quantity))
}

func (in Reverse) validate(now time.Time) error {
	if _, ok := reversalTypes[in.Reason]; !ok {
		return domain.Invalid("reason", "must be RETURN_JOB_CLOSED, RETURN_TOS or CORRECTION")
	}
	if in.Quantity != 0 {
		if err := domain.CheckQuantity("quantity", in.Quantity); err != nil {
			return err
		}
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckEffective(in.EffectiveAt, now))
}

var freezeReasons = map[string]bool{"PLAN_LAPSED": true, "DISPUTE": true, "COMPLIANCE": true, "DEBT": true}

func (in Freeze) validate() error {
	if !in.Lift && !freezeReasons[in.Reason] {
		return domain.Invalid("reason", "must be PLAN_LAPSED, DISPUTE, COMPLIANCE or DEBT")
	}
	if len(in.Note) > noteBytesMax {
		return domain.Invalid("note", "must have at most %d bytes, got %d", noteBytesMax, len(in.Note))
	}
	return domain.CheckKey(in.Key)
}

var membershipRoles = map[string]bool{"AGENCY_MEMBER": true, "AGENCY_ADMIN": true, "ADVERTISER_ANALYST": true, "ADVERTISER_ADMIN": true}

func (in Membership) validate() error {
	if !membershipRoles[in.Role] {
		return domain.Invalid("role", "must be AGENCY_MEMBER, AGENCY_ADMIN, ADVERTISER_ANALYST or ADVERTISER_ADMIN")
	}
	return domain.CheckKey(in.Key)
}

func walletInput(ref Ref) ledger.Arguments { return ledger.Arguments(nil).ID("wallet", ref.ID) }

func (p Purpose) check() error {
	if _, known := purposes[p]; !known {
		return domain.Invalid("purpose", "must be BID or LEASE")
	}
	return nil
}

func (in PlaceHold) validate(now time.Time) error {
	if err := domain.First(domain.CheckKey(in.Key), in.Purpose.check(), domain.CheckQuantity("quantity", in.Quantity)); err != nil {
		return err
	}
	if want := purposes[in.Purpose].subject; in.Subject.Type != want {
		return domain.Invalid("subject.type", "must be %s for a %s", want, in.Purpose)
	}
	if _, err := ledger.ParseID(in.Subject.ID); err != nil {
		return domain.Invalid("subject.id", "must be a UUID")
	}
	switch {
	case in.ExpiresAt.IsZero():
		return nil
	case !in.ExpiresAt.After(now):
		return domain.Invalid("expiresAt", "must be in the future")
	case in.ExpiresAt.After(now.AddDate(0, 0, holdDaysMax)):
		return domain.Invalid("expiresAt", "must be at most %d days ahead", holdDaysMax)
	}
	return nil
}

func (in ReleaseHold) validate() error {
	if in.Quantity != 0 {
		if err := domain.CheckQuantity("quantity", in.Quantity); err != nil {
			return err
		}
	}
	return domain.CheckKey(in.Key)
}

func (in Transfer) validate() error {
	if in.From == in.To {
		return domain.First(domain.CheckKey(in.Key), domain.Invalid("toWalletId", "must be another wallet than the one that gives"))
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckQuantity("quantity", in.Quantity))
}

func (in SetLimit) validate() error {
	if _, known := windows[in.Window]; !known {
		return domain.Invalid("window", "must be DAY or WEEK")
	}
	if in.Maximum > domain.QuantityMax {
		return domain.Invalid("maximum", "must be 0 to %d, got %d", int64(domain.QuantityMax), in.Maximum)
	}
	return domain.CheckKey(in.Key)
}

func (in Close) validate() error {
	if in.Reason == "" || len(in.Reason) > reasonBytesMax {
		return domain.Invalid("reason", "must have 1 to %d bytes, got %d", reasonBytesMax, len(in.Reason))
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckPrintable("reason", in.Reason))
}
