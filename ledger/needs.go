package ledger

import (
	"fmt"
	"maps"
	"math"
	"slices"
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
}

func (g *gatherer) use(pattern string, commodity Commodity, args Arguments) (Account, error) {
	account, err := g.rules.resolve(g.needs.Book, pattern, commodity.of(args), args)
	g.accounts[account.ID] = true
	return account, err
}

func (g *gatherer) add(c *Command) error {
	template := g.rules.templates[c.Template]
	if template.Reversal {
		g.needs.Journals = append(g.needs.Journals, c.Arguments.IDOf("journal"))
		return nil
	}
	for _, open := range template.Opens {
		if _, err := g.use(open.Account, open.Commodity, c.Arguments); err != nil {
			return err
		}
	}
	if change := template.Status; change != nil {
		if _, err := g.use(change.Account, change.Commodity, c.Arguments); err != nil {
			return err
		}
	}
	for _, line := range template.Lines {
		commodities := Moneys
		if line.Measure.kind != measureBasis {
			commodities = []Commodity{line.Commodity}
		}
		for _, commodity := range commodities {
			if err := g.addLine(line, commodity, c.Arguments); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *gatherer) addLine(line Line, commodity Commodity, args Arguments) error {
	debit, err := g.use(line.Debit, commodity, args)
	if err != nil {
		return err
	}
	credit, err := g.use(line.Credit, commodity, args)
	if err != nil {
		return err
	}
	from := g.rules.classes[debit.Class]
	demand := line.Measure.demand(args)
	if !from.TracksLots || demand == 0 {
		return nil
	}
	if g.rules.classes[credit.Class].TracksLots {
		g.whole[credit.ID] = true
	}
	if from.UsableAfterExpiry {
		g.whole[debit.ID] = true
		return nil
	}
	sum, fits := add(g.needs.Demand[debit.ID], demand)
	if !fits {
		sum = math.MaxInt64
	}
	g.needs.Demand[debit.ID] = sum
	return nil
}

// finish leaves an account that is needed whole out of the demand: to read it in
// two ways could count its expired units twice.
func (g *gatherer) finish() *Needs {
	g.needs.Accounts = slices.Collect(maps.Keys(g.accounts))
	g.needs.Whole = slices.Collect(maps.Keys(g.whole))
	maps.DeleteFunc(g.needs.Demand, func(account ID, _ int64) bool { return g.whole[account] })
	return g.needs
}
