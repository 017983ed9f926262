package resolvers

import (
	"fmt"
	"time"

	"purser/graph/model"
	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/ledger"
)

// adRefusal is a refusal by a rule of campaigns: its reason and facts are the same
// when it is replayed.
type adRefusal struct {
	reason   string
	facts    ledger.Arguments
	at       adPlaces
	result   campaign.Result // zero for what was refused before the ledger
	retry    model.Retry     // of what can be mended
	replayed bool
}

// adMembers make the member for each reason.
var adMembers = map[string]func(adRefusal) (any, error){
	campaign.ReasonNameTaken:       adRefusal.nameTaken,
	campaign.ReasonInvalidSchedule: adRefusal.invalidSchedule,
	campaign.ReasonBidOutOfRange:   adRefusal.bidOutOfRange,
	campaign.ReasonBudgetBelowMin:  adRefusal.budgetBelowMin,
	campaign.ReasonNotPromotable:   adRefusal.notPromotable,
	campaign.ReasonWrongCommodity:  adRefusal.wrongCommodity,
	campaign.ReasonCampaignLimit:   adRefusal.campaignLimit,
	campaign.ReasonVersionConflict: adRefusal.versionConflict,
	campaign.ReasonBelowSpentToday: adRefusal.belowSpentToday,
	campaign.ReasonBelowSpent:      adRefusal.belowSpent,
	campaign.ReasonEditLimit:       adRefusal.editLimit,
	campaign.ReasonLargeChange:     adRefusal.largeChange,
	campaign.ReasonIllegalMove:     adRefusal.illegalTransition,
	campaign.ReasonNoFunds:         adRefusal.noFunds,
	campaign.ReasonCampaignEnded:   adRefusal.campaignEnded,
	campaign.ReasonChargeTooLate:   adRefusal.chargeTooLate,
	campaign.ReasonOverflow:        adRefusal.overflow,
	domain.ReasonOwnerDiffers:      adRefusal.ownerDiffers,
	domain.ReasonWalletClosed:      adRefusal.walletClosed,
}

// member returns the member that stands for the refusal; an error for a reason that
// no data of a caller can lead to.
func (a adRefusal) member() (any, error) {
	member, known := adMembers[a.reason]
	if !known {
		return nil, fmt.Errorf("unexpected refusal by a rule of campaigns, %s of ad account %s", a.reason, a.result.AdAccount.ID)
	}
	return member(a)
}

func (a adRefusal) number(fact string) int64 {
	value, _ := a.facts.AmountOf(fact)
	return value
}

func (a adRefusal) amount(fact string) *model.Amount {
	return amountModel(a.result.Commodity, a.number(fact))
}

func (a adRefusal) nameTaken() (any, error) {
	holder := campaign.Ref{Book: a.result.AdAccount.Book, ID: a.facts.IDOf(campaign.FactCampaign)}
	return model.NameTaken{
		Code: model.ErrorCodeNameTaken, Message: "another campaign of the ad account has the name", Path: inputPath("name"),
		Retry: a.retry, Replayed: a.replayed, CampaignID: campaignID(holder),
	}, nil
}

func (a adRefusal) invalidSchedule() (any, error) {
	field, earliest, latest := a.facts.TextOf(campaign.FactField), a.facts.TimeOf(campaign.FactNotBefore), a.facts.TimeOf(campaign.FactNotAfter)
	message := field + " must not be after " + instantText(latest)
	switch {
	case !latest.IsZero():
	case field == campaign.FactEndsAt: // the first moment out of the schedule
		message = field + " must be after " + instantText(earliest)
	default:
		message = field + " must not be before " + instantText(earliest)
	}
	return model.InvalidSchedule{
		Code: model.ErrorCodeInvalidSchedule, Message: message, Path: inputPath("schedule." + field),
		Retry: a.retry, Replayed: a.replayed,
		StartsAt: a.facts.TimeOf(campaign.FactStartsAt), EndsAt: expiryModel(a.facts.TimeOf(campaign.FactEndsAt)),
	}, nil
}

func instantText(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func (a adRefusal) bidOutOfRange() (any, error) {
	floor, ceiling := a.amount(campaign.FactFloor), a.amount(campaign.FactCeiling)
	return model.BidOutOfRange{
		Code: model.ErrorCodeBidOutOfRange, Message: fmt.Sprintf("a bid must be %s to %s %s", floor.Decimal, ceiling.Decimal, floor.Commodity),
		Path: inputPath("bidMinor"), Retry: a.retry, Replayed: a.replayed, Floor: floor, Ceiling: ceiling,
	}, nil
}

func (a adRefusal) budgetBelowMin() (any, error) {
	minimum := a.amount(campaign.FactMinimum)
	return model.BudgetBelowMin{
		Code: model.ErrorCodeBudgetBelowMin, Message: fmt.Sprintf("a budget must be %s %s or more", minimum.Decimal, minimum.Commodity),
		Path: inputPath("budget.amountMinor"), Retry: a.retry, Replayed: a.replayed, Minimum: minimum,
	}, nil
}

func (a adRefusal) notPromotable() (any, error) {
	promotable := model.AdEntityType(a.facts.TextOf(campaign.FactExpected))
	return model.EntityNotPromotable{
		Code: model.ErrorCodeEntityNotPromotable, Message: fmt.Sprintf("the product promotes a %s", promotable), Path: inputPath("ad.type"),
		Retry: a.retry, Replayed: a.replayed, Promotable: promotable,
	}, nil
}

func (a adRefusal) wrongCommodity() (any, error) {
	commodity := model.Commodity(a.facts.TextOf(campaign.FactCommodity))
	return model.WrongCommodity{
		Code: model.ErrorCodeWrongCommodity, Message: fmt.Sprintf("the ad account pays in %s", commodity), Path: inputPath("amount.currency"),
		Retry: a.retry, Replayed: a.replayed, Commodity: commodity,
	}, nil
}

func (a adRefusal) campaignLimit() (any, error) {
	limit := a.number(campaign.FactLimit)
	return model.CampaignLimit{
		Code: model.ErrorCodeCampaignLimit, Message: fmt.Sprintf("an ad account has at most %d campaigns, archived ones counted", limit),
		Path: inputPath(a.at.object), Retry: model.RetryNever, Replayed: a.replayed, Limit: int32(limit),
	}, nil
}

func (a adRefusal) versionConflict() (any, error) {
	return model.VersionConflict{
		Code: model.ErrorCodeVersionConflict, Message: "the campaign was changed meanwhile", Path: inputPath("version"),
		Retry: a.retry, Replayed: a.replayed, Expected: int32(a.number(campaign.FactExpected)), Actual: int32(a.number(campaign.FactActual)),
	}, nil
}

func (a adRefusal) belowSpentToday() (any, error) {
	spent := a.amount(campaign.FactSpent)
	return model.BelowSpentToday{
		Code: model.ErrorCodeBelowSpentToday, Message: fmt.Sprintf("%s %s were spent today", spent.Decimal, spent.Commodity),
		Path: inputPath("budget.amountMinor"), Retry: a.retry, Replayed: a.replayed, Spent: spent,
	}, nil
}

func (a adRefusal) belowSpent() (any, error) {
	spent := a.amount(campaign.FactSpent)
	return model.BelowSpent{
		Code: model.ErrorCodeBelowSpent, Message: fmt.Sprintf("%s %s were spent", spent.Decimal, spent.Commodity),
		Path: inputPath("budget.amountMinor"), Retry: a.retry, Replayed: a.replayed, Spent: spent,
	}, nil
}

func (a adRefusal) editLimit() (any, error) {
	zone, err := domain.LoadZone(a.facts.TextOf(campaign.FactTimeZone))
	if err != nil {
		return nil, fmt.Errorf("tell when the edits of a budget begin anew: %w", err)
	}
	day, err := time.Parse(time.DateOnly, a.facts.TextOf(campaign.FactDay))
	if err != nil {
		return nil, fmt.Errorf("tell when the edits of a budget begin anew: %w", err)
	}
	limit := a.number(campaign.FactLimit)
	return model.EditLimitReached{
		Code: model.ErrorCodeEditLimitReached, Message: fmt.Sprintf("a budget can be changed %d times a day", limit), Path: inputPath("budget"),
		Retry: a.retry, Replayed: a.replayed, Limit: int32(limit),
		ResetsAt: analytics.StartOfDay(domain.AddDays(ledger.DateOf(day), 1), zone).UTC(),
	}, nil
}

func (a adRefusal) largeChange() (any, error) {
	return model.LargeChangeNeedsConfirm{
		Code: model.ErrorCodeLargeChangeNeedsConfirm, Message: "the budget changes by more than half, or counts another time", Path: inputPath("budget"),
		Retry: a.retry, Replayed: a.replayed, From: a.amount(campaign.FactFrom), To: a.amount(campaign.FactTo),
		FromType: model.BudgetType(a.facts.TextOf(campaign.FactFromType)), ToType: model.BudgetType(a.facts.TextOf(campaign.FactToType)),
	}, nil
}

func (a adRefusal) illegalTransition() (any, error) {
	from, to := a.facts.TextOf(campaign.FactFrom), a.facts.TextOf(campaign.FactTo)
	return model.IllegalTransition{
		Code: model.ErrorCodeIllegalTransition, Message: fmt.Sprintf("a campaign that is %s cannot become %s", from, to), Path: inputPath("status"),
		Retry: model.RetryNever, Replayed: a.replayed, From: model.CampaignStatus(from), To: model.CampaignStatus(to),
	}, nil
}

func (a adRefusal) noFunds() (any, error) {
	return model.NoFunds{
		Code: model.ErrorCodeNoFunds, Message: "the campaign has no funds", Path: inputPath(a.at.object), Retry: a.retry, Replayed: a.replayed,
	}, nil
}

func (a adRefusal) campaignEnded() (any, error) {
	status := model.CampaignStatus(a.facts.TextOf(campaign.FactStatus))
	return model.CampaignEnded{
		Code: model.ErrorCodeCampaignEnded, Message: fmt.Sprintf("the campaign is %s", status), Path: inputPath(a.at.object),
		Retry: model.RetryNever, Replayed: a.replayed, Status: status,
	}, nil
}

// chargeTooLate is told as input that is not valid, since nothing but the minute
// makes it so; but it is stored, for the clock goes on.
func (a adRefusal) chargeTooLate() (any, error) {
	failed := validationFailed(&domain.ValidationError{
		Field: "minuteAt", Message: "must not be before " + instantText(a.facts.TimeOf(campaign.FactNotBefore)) + ": figures of that time are final",
	})
	failed.Replayed = a.replayed
	return failed, nil
}

func (a adRefusal) overflow() (any, error) {
	return model.AmountOverflow{
		Code: model.ErrorCodeAmountOverflow, Message: "the total would exceed what the ledger counts", Path: inputPath(a.at.amount),
		Retry: model.RetryNever, Replayed: a.replayed,
	}, nil
}

func (a adRefusal) walletClosed() (any, error) { return walletClosed(a.at.object, a.replayed), nil }

func (a adRefusal) ownerDiffers() (any, error) {
	return ownerMismatch(a.at.owner, a.facts, a.replayed), nil
}
