package ledger

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// needs names what a batch of commands may touch.
func (r *Rules) needs(book BookID, commands []*Command) (*Needs, error) {
	g := &gatherer{rules: r, needs: &Needs{Book: book, Demand: map[ID]int64{}}, accounts: map[ID]bool{}, whole: map[ID]bool{}}
	for _, c := range commands {
		g.needs.Keys = append(g.needs.Keys, c.Key)
		if c.Once != "" {
			g.needs.Once = append(g.needs.Once, c.Once)
		}
		for _, guard := range c.Guards {
			g.needs.Rows = append(g.needs.Rows, RowID{Kind: guard.Kind(), ID: guard.ID()})
		}
		if err := g.add(c); err != nil {
			return nil, fmt.Errorf("%w: template %s: %w", ErrInvalidCommand, c.Template, err)
		}
	}
	return g.finish(), nil
}

// gatherer collects what several commands need, each account once.
type gatherer struct {
	rules    *Rules
	needs    *Needs
	accounts map[ID]bool
	whole    map[ID]bool
	expires  bool // what an expired hold's release posts to is gathered
}

func (g *gatherer) use(c *Command, pattern string, commodity Commodity) (Account, error) {
	account, err := g.rules.accountOf(c, g.needs.Book, pattern, commodity)
	g.accounts[account.ID] = true
	return account, err
}

func (g *gatherer) add(c *Command) error {
	template := g.rules.templates[c.Template]
	if template.Reversal {
		g.needs.Journals = append(g.needs.Journals, c.Arguments.IDOf("journal"))
	}
	if use := template.Hold; use != nil && use.Event != EventPlaced {
		g.needs.Holds = append(g.needs.Holds, c.Arguments.IDOf("hold"))
	}
	if err := g.addAccounts(template, c); err != nil {
		return err
	}
	for _, condition := range c.Conditions {
		if err := g.addCondition(condition, c); err != nil {
			return err
		}
	}
	for _, line := range template.Lines {
		commodities := []Commodity{line.Commodity}
		if line.Measure.ofBasis() {
			commodities = Moneys
		}
		for _, commodity := range commodities {
			if err := g.addLine(line, commodity, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// addAccounts gathers the accounts that a template opens, or whose status or limits
// it changes.
func (g *gatherer) addAccounts(template *Template, c *Command) error {
	for _, open := range template.Opens {
		if _, err := g.use(c, open.Account, open.Commodity); err != nil {
			return err
		}
	}
	if limit := template.Limit; limit != nil {
		if _, err := g.use(c, limit.Account, limit.Commodity); err != nil {
			return err
		}
	}
	if change := template.Status; change != nil {
		account, err := g.use(c, change.Account, change.Commodity)
		if err != nil {
			return err
		}
		if change.To == StatusClosed {
			g.needs.HoldsOf = append(g.needs.HoldsOf, account.ID)
		}
	}
	return nil
}

func (g *gatherer) addCondition(condition Condition, c *Command) error {
	if !condition.NotReversed.IsZero() {
		g.needs.Journals = append(g.needs.Journals, condition.NotReversed)
	}
	if condition.Account == "" {
		return nil
	}
	account, err := g.use(c, condition.Account, condition.Commodity)
	class := g.rules.classes[account.Class]
	if err != nil || condition.AtLeast == 0 || !class.TracksLots || class.UsableAfterExpiry {
		return err
	}
	return g.demand(account, 0) // what has expired in it must be known
}

// demand gathers what it takes to take units from an account: its places, and the
// platform's accounts that the release of an expired hold may post to.
func (g *gatherer) demand(account Account, units int64) error {
	sum, fits := add(g.needs.Demand[account.ID], units)
	if !fits {
		sum = math.MaxInt64
	}
	g.needs.Demand[account.ID] = sum
	if g.expires || g.rules.expiry == nil {
		return nil
	}
	g.expires = true
	for _, line := range g.rules.expiry.Lines {
		commodities := []Commodity{line.Commodity}
		if line.Measure.ofBasis() {
			commodities = Moneys
		}
		for _, commodity := range commodities {
			if err := g.usePlatform(commodity, line.Debit, line.Credit); err != nil {
				return err
			}
		}
	}
	return nil
}

// usePlatform gathers those accounts that no argument is needed to name.
func (g *gatherer) usePlatform(commodity Commodity, patterns ...string) error {
	for _, pattern := range patterns {
		if strings.Contains(pattern, "{") {
			continue
		}
		account, err := g.rules.resolve(g.needs.Book, pattern, commodity, nil)
		if err != nil {
			return err
		}
		g.accounts[account.ID] = true
	}
	return nil
}

func (g *gatherer) addLine(line Line, commodity Commodity, c *Command) error {
	debit, err := g.use(c, line.Debit, commodity)
	if err != nil {
		return err
	}
	credit, err := g.use(c, line.Credit, commodity)
	if err != nil {
		return err
	}
	from, to := g.rules.classes[debit.Class], g.rules.classes[credit.Class]
	demand := line.Measure.demand(c.Arguments)
	switch {
	case !from.TracksLots:
		return nil
	case line.Measure.expires():
		g.whole[debit.ID] = true
		return nil
	case demand == 0:
		return nil
	}
	if to.TracksLots && !to.Holds { // what a hold has is read with it
		g.whole[credit.ID] = true
	}
	if to.TracksLots && !to.UsableAfterExpiry && !from.UsableAfterExpiry {
		g.needs.Transfers = append(g.needs.Transfers, Transfer{From: debit.ID, To: credit.ID, Wallet: credit.Owner})
	}
	if from.Holds {
		return nil
	}
	if from.UsableAfterExpiry {
		g.whole[debit.ID] = true
		return nil
	}
	return g.demand(debit, demand)
}

// finish leaves an account that is needed whole out of the demand: to read it in
// two ways could count its expired units twice.
func (g *gatherer) finish() *Needs {
	g.needs.Accounts = slices.Collect(maps.Keys(g.accounts))
	g.needs.Whole = slices.Collect(maps.Keys(g.whole))
	maps.DeleteFunc(g.needs.Demand, func(account ID, _ int64) bool { return g.whole[account] })
	return g.needs
}
