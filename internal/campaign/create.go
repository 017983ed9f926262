package campaign

import (
	"context"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Ad is what a campaign promotes: an entity of the marketplace.
type Ad struct {
	Type EntityType
	ID   ledger.ID
}

// Schedule is when an ad may be shown: from StartsAt up to, not including, EndsAt.
type Schedule struct {
	StartsAt time.Time
	EndsAt   time.Time // zero: open-ended
}

// Create makes a campaign, as a draft.
type Create struct {
	Key       string
	AdAccount Ref
	Name      string
	Product   Product
	Ad        Ad
	Schedule  Schedule
	BidMinor  int64
	Budget    Budget
	// FundMinor is set aside for it in the same journal; 0 for nothing yet.
	FundMinor int64
}

// Create posts a campaign's creation, with its funding (row 5 or 16b of the chart
// of entries) if asked for. Its id is the journal's. A product that does not
// promote such an entity is a *RefusedError. Once the wallet that would pay is closed
// it is refused with domain.ReasonWalletClosed, funds or none.
func (s *Service) Create(ctx context.Context, caller domain.Caller, in Create) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	if err := in.Ad.promotedBy(in.Product); err != nil {
		return Result{}, err
	}
	result, err := s.onAdAccount(ctx, caller, in.AdAccount, request{"createCampaign", in.Key, in.input()}, func(command *ledger.Command, to target) error {
		return s.create(command, to, in)
	})
	if err == nil && result.Outcome.Refusal == nil {
		result.Campaign = Ref{Book: in.AdAccount.Book, ID: result.Outcome.Journal}
	}
	return result, err
}

func (s *Service) create(command *ledger.Command, to target, in Create) error {
	zone, err := to.location()
	if err != nil {
		return err
	}
	now := s.config.Clock()
	rules := policy.CampaignsAt(now)
	row := in.row(command.ID, to.adAccount)
	row.BudgetEditsOn = domain.DateIn(zone, now)
	command.Template = to.template(TemplateOpenCampaign, TemplateOpenPrepaidOne)
	command.Arguments = to.arguments(row.ID)
	command.Guards = []ledger.Guard{
		oneMore{to.adAccount, rules.CampaignsMax, []rule{
			withinWindow(in.Schedule.stored(), now, rules), withinBids(row.BidMinor, to, rules), enoughBudget(row.Budget, to, rules),
		}},
		nameGuard{NameKey(to.adAccount, row.Name), row.ID},
	}
	if !to.wallet.IsZero() {
		command.Guards = append(command.Guards, domain.Committed{Wallet: to.wallet})
	}
	command.Effects = []ledger.Effect{createEffect{row}, createdEffect{row}}
	if in.FundMinor > 0 {
		command.Template = to.template(TemplateOpenFunded, TemplateOpenFundedOne)
		command.Arguments = command.Arguments.Amount(to.amountArgument(), in.FundMinor)
		command.Effects = append(append(command.Effects, totalsEffect{}), s.config.Projections...)
	}
	terms := rules.Terms[string(to.commodity)]
	command.Explanation = domain.Explanation{Rule: "CREATE_CAMPAIGN", PolicyVersion: rules.Version, Inputs: []domain.Input{
		domain.Number("bidMinor", in.BidMinor),
		domain.Number("bidFloor", terms.BidFloor),
		domain.Number("bidCeiling", terms.BidCeiling),
		{Name: "budget", Value: budgetText(in.Budget, to.commodity)},
		domain.Number("budgetMin", terms.BudgetMin),
		domain.Number("fundMinor", in.FundMinor),
	}}.Encode()
	return nil
}

func (in Create) row(id, adAccount ledger.ID) Row {
	return Row{
		ID: id, AdAccount: adAccount, Name: cleanName(in.Name), Product: in.Product, AdType: in.Ad.Type, AdID: in.Ad.ID,
		StartsAt: atStorage(in.Schedule.StartsAt), EndsAt: atStorage(in.Schedule.EndsAt), BidMinor: in.BidMinor, Budget: in.Budget,
		Status: StatusDraft, Version: 1,
	}
}

func (in Create) input() ledger.Arguments {
	input := ledger.Arguments(nil).ID("adAccount", in.AdAccount.ID).Text("name", in.Name).Text("product", string(in.Product)).
		Text("adType", string(in.Ad.Type)).ID("ad", in.Ad.ID).Amount("bidMinor", in.BidMinor).
		Text("budgetType", string(in.Budget.Type)).Amount("budgetMinor", in.Budget.AmountMinor)
	input = domain.WithTime(domain.WithTime(input, "startsAt", in.Schedule.StartsAt), "endsAt", in.Schedule.EndsAt)
	if in.FundMinor > 0 {
		input = input.Amount("fundMinor", in.FundMinor)
	}
	return input
}

// promotedBy returns a *RefusedError unless the product promotes such entities.
func (a Ad) promotedBy(product Product) error {
	if expected := product.Promotes(); a.Type != expected {
		return &RefusedError{Reason: ReasonNotPromotable, Facts: ledger.Arguments(nil).Text(FactExpected, string(expected))}
	}
	return nil
}

// withinWindow is the rule on a schedule: it may not begin long ago unless the
// campaign's does already, nor end before it begins or before now.
func withinWindow(s Schedule, now time.Time, rules policy.Campaigns) rule {
	earliest, latest := now.Add(-rules.StartsBefore), now.Add(rules.PlannedAhead)
	return func(row Row) (string, ledger.Arguments) {
		facts := domain.WithTime(ledger.Arguments(nil).Time(FactStartsAt, s.StartsAt), FactEndsAt, s.EndsAt)
		ends := !s.EndsAt.IsZero()
		switch {
		case s.StartsAt.Before(earliest) && !s.StartsAt.Equal(row.StartsAt):
			facts = facts.Text(FactField, FactStartsAt).Time(FactNotBefore, earliest)
		case s.StartsAt.After(latest):
			facts = facts.Text(FactField, FactStartsAt).Time(FactNotAfter, latest)
		case ends && !s.EndsAt.After(s.StartsAt):
			facts = facts.Text(FactField, FactEndsAt).Time(FactNotBefore, s.StartsAt)
		case ends && !s.EndsAt.After(now):
			facts = facts.Text(FactField, FactEndsAt).Time(FactNotBefore, now)
		case ends && s.EndsAt.After(latest):
			facts = facts.Text(FactField, FactEndsAt).Time(FactNotAfter, latest)
		default:
			return "", nil
		}
		return ReasonInvalidSchedule, facts
	}
}

// withinBids is the rule on what one click may cost.
func withinBids(bid int64, to target, rules policy.Campaigns) rule {
	terms := rules.Terms[string(to.commodity)]
	return func(Row) (string, ledger.Arguments) {
		if bid >= terms.BidFloor && bid <= terms.BidCeiling {
			return "", nil
		}
		return ReasonBidOutOfRange, ledger.Arguments(nil).Amount(FactFloor, terms.BidFloor).Amount(FactCeiling, terms.BidCeiling).
			Text(FactPolicy, rules.Version)
	}
}

// enoughBudget is the rule on the least budget.
func enoughBudget(budget Budget, to target, rules policy.Campaigns) rule {
	terms := rules.Terms[string(to.commodity)]
	return func(Row) (string, ledger.Arguments) {
		if budget.AmountMinor >= terms.BudgetMin {
			return "", nil
		}
		return ReasonBudgetBelowMin, ledger.Arguments(nil).Amount(FactMinimum, terms.BudgetMin).Text(FactPolicy, rules.Version)
	}
}
