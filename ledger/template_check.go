package ledger

import "fmt"

// addTemplate refuses a template that could not keep the invariants whatever
// its arguments are.
func (r *Rules) addTemplate(template Template) error {
	if _, found := r.templates[template.Name]; found || template.Name == "" || template.Version < 1 {
		return fmt.Errorf("the name is taken or the version is missing")
	}
	issues := false
	for i, line := range template.Lines {
		if err := r.checkLine(line, &template); err != nil {
			return fmt.Errorf("line %d: %w", i, err)
		}
		issues = issues || r.tracksLots(line.Credit) && !r.tracksLots(line.Debit)
	}
	if template.Lot != nil && !issues {
		return fmt.Errorf("has lot terms and issues no units")
	}
	for _, open := range template.Opens {
		if !r.matchesClass(open.Account) {
			return fmt.Errorf("opens %s, which no class of the chart matches", open.Account)
		}
	}
	if change := template.Status; change != nil && !r.matchesClass(change.Account) {
		return fmt.Errorf("changes the status of %s, which no class of the chart matches", change.Account)
	}
	r.templates[template.Name] = &template
	return nil
}

func (r *Rules) checkLine(line Line, template *Template) error {
	for _, pattern := range []string{line.Debit, line.Credit} {
		if !r.matchesClass(pattern) {
			return fmt.Errorf("no class of the chart matches %s", pattern)
		}
	}
	debitTracks, creditTracks := r.tracksLots(line.Debit), r.tracksLots(line.Credit)
	moves, reversible := debitTracks && creditTracks, len(template.ReversibleAs) > 0
	switch {
	case (line.Measure.kind == measureBasis) == (line.Commodity != ""):
		return fmt.Errorf("exactly the lines not measured by basis name a commodity")
	case creditTracks && !debitTracks && template.Lot == nil:
		return fmt.Errorf("issues units without lot terms")
	case line.Back && !moves:
		return fmt.Errorf("goes back between accounts that do not both track lots")
	case line.Back && !r.all(line.Debit, func(c Class) bool { return c.UsableAfterExpiry }):
		return fmt.Errorf("goes back from an account whose units expire in it")
	case line.Measure.bounded() && !r.all(line.Debit, func(c Class) bool { return c.Floored && c.Normal == Credit }):
		return fmt.Errorf("takes all of an account that has no floor under its debits")
	case reversible && (moves || line.Measure.bounded()):
		return fmt.Errorf("is reversible, and moves lots or has an amount that is not only named")
	}
	return nil
}

// all reports whether a rule holds for every class that the pattern may name.
func (r *Rules) all(pattern string, rule func(Class) bool) bool {
	for _, class := range r.classes {
		if class.matches(pattern) && !rule(class) {
			return false
		}
	}
	return true
}
