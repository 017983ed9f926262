package campaign

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"purser/internal/domain"
	"purser/ledger"
)

// Limits of requests.
const (
	// NameRunesMax bounds names of ad accounts and campaigns.
	NameRunesMax = 80
	// StatusesMax bounds how many campaigns one request moves.
	StatusesMax = 100
	// StatusesKeyBytesMax leaves room for a campaign's id in each campaign's key.
	StatusesKeyBytesMax = domain.KeyBytesMax - 37
	// activityMax bounds what one batch of clicks may report of each thing, so
	// that no sum of a campaign's life gets near 64 bits by mistake.
	activityMax = 1_000_000_000_000
)

// checkName checks a name, which must have something to see in it.
func checkName(field, name string) error {
	if runes := utf8.RuneCountInString(strings.TrimSpace(name)); runes < 1 || runes > NameRunesMax || FoldName(name) == "" {
		return domain.Invalid(field, "must have 1 to %d characters, got %d", NameRunesMax, runes)
	}
	for at, r := range name {
		_, width := utf8.DecodeRuneInString(name[at:])
		invalid := r == utf8.RuneError && width == 1
		if invalid || !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) && r != zeroWidthJoiner && r != zeroWidthNonJoiner {
			return domain.Invalid(field, "must be printable text; byte %d is not", at+1)
		}
	}
	return nil
}

func (in OpenAdAccount) validate() error {
	switch {
	case in.OwnerKind != domain.OwnerParty && in.OwnerKind != domain.OwnerOrganisation:
		return domain.Invalid("owner", "must be a party or an organisation")
	case in.Owner.IsZero():
		return domain.Invalid("owner", "must not be the nil UUID")
	case in.Commodity != ledger.CNX && in.Commodity != ledger.USD:
		return domain.Invalid("commodity", "must be CNX or USD")
	case in.Commodity == ledger.CNX && in.Wallet.ID.IsZero():
		return domain.Invalid("walletId", "is needed for CNX: the wallet that funds the campaigns")
	case in.Commodity != ledger.CNX && !in.Wallet.ID.IsZero():
		return domain.Invalid("walletId", "must be left out: %s is paid from deposits", in.Commodity)
	}
	checks := []error{
		domain.CheckKey(in.Key), domain.CheckJurisdiction(in.Jurisdiction), checkName("name", in.Name), domain.CheckZone("timeZone", in.TimeZone),
	}
	if in.OwnerTimeZone != "" {
		checks = append(checks, domain.CheckZone("ownerTimeZone", in.OwnerTimeZone))
	}
	return domain.First(checks...)
}

func (in Deposit) validate(now time.Time) error {
	if err := domain.CheckQuantity("amount.amountMinor", in.Amount); err != nil {
		return err
	}
	switch {
	case !in.Currency.IsMoney():
		return domain.Invalid("amount.currency", "must be USD or EUR")
	case in.Fee < 0 || in.Fee > in.Amount:
		return domain.Invalid("feeMinor", "must be 0 to the amount, got %d", in.Fee)
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckReference("paymentReference", in.Reference), domain.CheckEffective(in.EffectiveAt, now))
}

func (in Create) validate() error {
	if !slices.Contains(Products, in.Product) {
		return domain.Invalid("product", "must be BOOSTED_PROFILE, PROMOTED_PROJECT or PROMOTED_JOB")
	}
	if in.FundMinor != 0 {
		if err := domain.CheckQuantity("fundMinor", in.FundMinor); err != nil {
			return err
		}
	}
	return domain.First(domain.CheckKey(in.Key), checkName("name", in.Name), in.Ad.validate(), in.Schedule.validate(),
		domain.CheckQuantity("bidMinor", in.BidMinor), in.Budget.validate())
}

func (in Update) validate() error {
	if in.Version < 1 {
		return domain.Invalid("version", "must be 1 or more, got %d", in.Version)
	}
	checks, given := []error{domain.CheckKey(in.Key)}, 0
	check := func(err error) { checks, given = append(checks, err), given+1 }
	if in.Name != nil {
		check(checkName("name", *in.Name))
	}
	if in.Ad != nil {
		check(in.Ad.validate())
	}
	if in.Schedule != nil {
		check(in.Schedule.validate())
	}
	if in.BidMinor != nil {
		check(domain.CheckQuantity("bidMinor", *in.BidMinor))
	}
	if in.Budget != nil {
		check(in.Budget.validate())
	}
	if given == 0 {
		return domain.First(checks[0], domain.Invalid("campaignId", "is given without anything to change"))
	}
	return domain.First(checks...)
}

func (a Ad) validate() error {
	switch {
	case a.Type != EntityProfile && a.Type != EntityProject && a.Type != EntityJob:
		return domain.Invalid("ad.type", "must be PROFILE, PROJECT or JOB")
	case a.ID.IsZero():
		return domain.Invalid("ad.entityId", "must not be the nil UUID")
	}
	return nil
}

func (s Schedule) validate() error {
	if s.StartsAt.IsZero() {
		return domain.Invalid("schedule.startsAt", "must be a moment of this age")
	}
	return nil
}

func (b Budget) validate() error {
	if b.Type != BudgetDaily && b.Type != BudgetLifetime {
		return domain.Invalid("budget.type", "must be DAILY or LIFETIME")
	}
	return domain.CheckQuantity("budget.amountMinor", b.AmountMinor)
}

func checkStatus(status Status) error {
	if !slices.Contains(Statuses, status) {
		return domain.Invalid("status", "must be DRAFT, ENABLED, PAUSED, ENDED or ARCHIVED")
	}
	return nil
}

func (in SetStatus) validate() error {
	if in.Version < 0 {
		return domain.Invalid("version", "must be 1 or more, got %d", in.Version)
	}
	return domain.First(domain.CheckKey(in.Key), checkStatus(in.Status))
}

func (in SetStatuses) validate() error {
	if count := len(in.Campaigns); count < 1 || count > StatusesMax {
		return domain.Invalid("campaignIds", "must be 1 to %d, got %d", StatusesMax, count)
	}
	if len(in.Key) > StatusesKeyBytesMax {
		return domain.Invalid("idempotencyKey", "must have %d to %d characters, got %d", domain.KeyBytesMin, StatusesKeyBytesMax, len(in.Key))
	}
	seen := make(map[Ref]bool, len(in.Campaigns))
	for _, ref := range in.Campaigns {
		if seen[ref] {
			return domain.Invalid("campaignIds", "must name each campaign once")
		}
		seen[ref] = true
	}
	return domain.First(domain.CheckKey(in.Key), checkStatus(in.Status))
}

func (in Fund) validate() error {
	return domain.First(domain.CheckKey(in.Key), domain.CheckQuantity("amountMinor", in.Amount))
}

func (in Release) validate() error {
	if in.Amount == 0 {
		return domain.CheckKey(in.Key)
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckQuantity("amountMinor", in.Amount))
}

func (in Charge) validate(now time.Time) error {
	switch {
	case in.MinuteAt.IsZero() || in.MinuteAt.After(now):
		return domain.Invalid("minuteAt", "must not be in the future")
	case in.Charge > 0 && in.Clicks == 0:
		return domain.Invalid("chargeMinor", "must be 0 without clicks, got %d", in.Charge)
	case in.Impressions == 0 && in.Clicks == 0:
		return domain.Invalid("impressions", "must be 1 or more where there are no clicks")
	}
	return domain.First(domain.CheckKey(in.Key), domain.CheckReference("batchId", in.Batch), checkActivity("impressions", in.Impressions),
		checkActivity("clicks", in.Clicks), checkActivity("chargeMinor", in.Charge))
}

func checkActivity(field string, count int64) error {
	if count < 0 || count > activityMax {
		return domain.Invalid(field, "must be 0 to %d, got %d", int64(activityMax), count)
	}
	return nil
}
