package campaign

import (
	"context"
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Update changes what is given of a campaign and leaves the rest.
type Update struct {
	Key      string
	Campaign Ref
	// Version is the one that the caller saw.
	Version  int64
	Name     *string
	Ad       *Ad
	Schedule *Schedule
	BidMinor *int64
	Budget   *Budget
	// ConfirmLargeChange says that a large change of the budget is meant.
	ConfirmLargeChange bool
}

// Update posts a fact without value and changes the campaign. A budget must cover
// what it counts as spent already, may change so many times a day, and only by so
// much unless that is confirmed.
func (s *Service) Update(ctx context.Context, caller domain.Caller, in Update) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	seen, err := s.find(ctx, caller, in.Campaign)
	if err != nil {
		return Result{}, fmt.Errorf("updateCampaign on campaign %s: %w", in.Campaign.ID, err)
	}
	result, err := s.post(ctx, caller, targetOf(seen), request{"updateCampaign", in.Key, in.input()}, func(command *ledger.Command, to target) error {
		return s.update(command, to, in, seen.Row)
	})
	if err != nil {
		return Result{}, fmt.Errorf("updateCampaign on campaign %s: %w", in.Campaign.ID, err)
	}
	return result, nil
}

// update completes the command. Of the row that was seen it uses only the name that
// the campaign has at the version of the request.
func (s *Service) update(command *ledger.Command, to target, in Update, seen Row) error {
	if in.Ad != nil {
		if err := in.Ad.promotedBy(to.product); err != nil {
			return err
		}
	}
	zone, err := to.location()
	if err != nil {
		return err
	}
	now := s.config.Clock()
	rules, today := policy.CampaignsAt(now), domain.DateIn(zone, now)
	change := &change{campaign: to.campaign, rules: in.rules(now, today, to, rules), edit: func(row *Row) { in.apply(row, today) }}
	command.Template, command.Arguments = TemplateUpdate, in.given().ID(ArgAdAccount, to.adAccount)
	command.Guards = []ledger.Guard{change}
	if in.Name != nil {
		command.Guards = append(command.Guards, renaming(to, cleanName(*in.Name), seen, in.Version)...)
	}
	if in.Budget != nil {
		if in.Budget.Type == BudgetDaily {
			command.Guards = append(command.Guards, dayGuard{to.campaign, today, to.zone, in.Budget.AmountMinor})
		}
		if !in.ConfirmLargeChange {
			command.Guards = append(command.Guards, confirmed{change, *in.Budget, rules.LargeChangePercent})
		}
	}
	command.Effects = []ledger.Effect{updateEffect{change}, changesEffect{change, to.commodity}}
	command.Explanation = in.explanation(to, rules).Encode()
	return nil
}

// rules are the conditions on the campaign's row, in the order in which a caller
// can mend them.
func (in Update) rules(now time.Time, today ledger.Date, to target, rules policy.Campaigns) []rule {
	list := []rule{atVersion(in.Version), notEnded}
	if in.Schedule != nil {
		list = append(list, withinWindow(in.Schedule.stored(), now, rules))
	}
	if in.BidMinor != nil {
		list = append(list, withinBids(*in.BidMinor, to, rules))
	}
	if in.Budget != nil {
		list = append(list, enoughBudget(*in.Budget, to, rules), editsLeft(*in.Budget, today, to, rules), coversLifetime(*in.Budget))
	}
	return list
}

// apply makes the changes on a row.
func (in Update) apply(row *Row, today ledger.Date) {
	if in.Name != nil {
		row.Name = cleanName(*in.Name)
	}
	if in.Ad != nil {
		row.AdType, row.AdID = in.Ad.Type, in.Ad.ID
	}
	if in.Schedule != nil {
		window := in.Schedule.stored()
		row.StartsAt, row.EndsAt = window.StartsAt, window.EndsAt
	}
	if in.BidMinor != nil {
		row.BidMinor = *in.BidMinor
	}
	if in.Budget == nil || *in.Budget == row.Budget {
		return
	}
	if row.BudgetEditsOn != today {
		row.BudgetEditsOn, row.BudgetEdits = today, 0
	}
	row.Budget = *in.Budget
	row.BudgetEdits++
}

// renaming takes a name and gives up the one before. At the version of the request
// that is the name that was seen: names change with the version only.
func renaming(to target, name string, seen Row, version int64) []ledger.Guard {
	taken, given := NameKey(to.adAccount, name), NameKey(to.adAccount, seen.Name)
	if seen.Version != version || taken == given {
		return []ledger.Guard{nameGuard{taken, to.campaign}}
	}
	return []ledger.Guard{nameGuard{taken, to.campaign}, freedName{given}}
}

// editsLeft is the rule on how often a budget may change on one date.
func editsLeft(budget Budget, today ledger.Date, to target, rules policy.Campaigns) rule {
	return func(row Row) (string, ledger.Arguments) {
		if budget == row.Budget || row.BudgetEditsOn != today || row.BudgetEdits < rules.BudgetEditsPerDay {
			return "", nil
		}
		return ReasonEditLimit, ledger.Arguments(nil).Amount(FactLimit, rules.BudgetEditsPerDay).
			Text(FactDay, today.String()).Text(FactTimeZone, to.zone)
	}
}

// coversLifetime is the rule that a lifetime budget is not below what was spent. What
// a daily one has to cover is another row's: see dayGuard.
func coversLifetime(budget Budget) rule {
	return func(row Row) (string, ledger.Arguments) {
		spent := row.Totals.Consumed - row.Totals.Credited
		if budget.Type != BudgetLifetime || spent <= budget.AmountMinor {
			return "", nil
		}
		return ReasonBelowSpent, ledger.Arguments(nil).Amount(FactSpent, spent)
	}
}

// confirmed is the guard on a budget change that its owner has not confirmed. It is
// checked last, so that nobody confirms what is then refused for another reason.
type confirmed struct {
	*change
	budget  Budget
	percent int64
}

// Check implements ledger.Guard. A change of type is always large: amounts for a day
// and for ever cannot be compared. Amounts have at most 53 bits, so that a hundred
// times their difference fits.
func (g confirmed) Check(stored any) (string, ledger.Arguments) {
	row, found := stored.(Row)
	if !found {
		return ReasonMissing, nil
	}
	before, after := row.Budget, g.budget
	difference := max(after.AmountMinor-before.AmountMinor, before.AmountMinor-after.AmountMinor)
	if before.Type == after.Type && 100*difference <= g.percent*before.AmountMinor {
		return "", nil
	}
	return ReasonLargeChange, ledger.Arguments(nil).Text(FactFromType, string(before.Type)).Amount(FactFrom, before.AmountMinor).
		Text(FactToType, string(after.Type)).Amount(FactTo, after.AmountMinor)
}

// After implements ledger.Guard: the change has left the row as it is.
func (confirmed) After(stored any, _ *ledger.Delta) any { return stored }

// stored is the schedule as storage keeps it.
func (s Schedule) stored() Schedule {
	return Schedule{StartsAt: atStorage(s.StartsAt), EndsAt: atStorage(s.EndsAt)}
}

// given lists what is to change, but for the name: it becomes part of the journal,
// which nobody can erase.
func (in Update) given() ledger.Arguments {
	given := ledger.Arguments(nil).ID(ArgCampaign, in.Campaign.ID).Amount("version", in.Version)
	if in.Ad != nil {
		given = given.Text("adType", string(in.Ad.Type)).ID("ad", in.Ad.ID)
	}
	if in.Schedule != nil {
		given = domain.WithTime(given.Time("startsAt", in.Schedule.StartsAt), "endsAt", in.Schedule.EndsAt)
	}
	if in.BidMinor != nil {
		given = given.Amount("bidMinor", *in.BidMinor)
	}
	if in.Budget != nil {
		given = given.Text("budgetType", string(in.Budget.Type)).Amount("budgetMinor", in.Budget.AmountMinor)
	}
	return given
}

func (in Update) input() ledger.Arguments {
	input := in.given()
	if in.Name != nil {
		input = input.Text("name", *in.Name)
	}
	if in.ConfirmLargeChange {
		input = input.Amount("confirmLargeChange", 1)
	}
	return input
}

func (in Update) explanation(to target, rules policy.Campaigns) domain.Explanation {
	terms := rules.Terms[string(to.commodity)]
	explanation := domain.Explanation{Rule: "UPDATE_CAMPAIGN", PolicyVersion: rules.Version}
	if in.BidMinor != nil {
		explanation.Inputs = append(explanation.Inputs, domain.Number("bidMinor", *in.BidMinor),
			domain.Number("bidFloor", terms.BidFloor), domain.Number("bidCeiling", terms.BidCeiling))
	}
	if in.Budget != nil {
		explanation.Inputs = append(explanation.Inputs, domain.Input{Name: "budget", Value: budgetText(*in.Budget, to.commodity)},
			domain.Number("budgetMin", terms.BudgetMin))
	}
	return explanation
}
