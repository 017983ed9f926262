package ledger

import "fmt"

// addTemplate refuses a template that could not keep the invariants whatever
// its arguments are.
func (r *Rules) addTemplate(template Template) error {
	version := templateVersion{template.Name, template.Version}
	if _, found := r.versions[version]; found || template.Name == "" || template.Version < 1 {
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
	if err := r.checkAccounts(&template); err != nil {
		return err
	}
	if err := r.checkHold(&template); err != nil {
		return err
	}
	r.versions[version] = &template
	if newest, found := r.templates[template.Name]; !found || newest.Version < template.Version {
		r.templates[template.Name] = &template
	}
	return nil
}

// checkAccounts checks what the template opens, freezes or limits.
func (r *Rules) checkAccounts(template *Template) error {
	patterns := map[string]string{}
	for _, open := range template.Opens {
		patterns[open.Account] = "opens"
	}
	if template.Status != nil {
		patterns[template.Status.Account] = "changes the status of"
	}
	if template.Limit != nil {
		patterns[template.Limit.Account] = "limits"
	}
	for pattern, does := range patterns {
		if !r.matchesClass(pattern) {
			return fmt.Errorf("%s %s, which no class of the chart matches", does, pattern)
		}
	}
	return nil
}

// checkHold checks that a template's lines do to a hold what its event says.
func (r *Rules) checkHold(template *Template) error {
	var in, out bool
	for _, line := range template.Lines {
		in, out = in || r.holds(line.Credit), out || r.holds(line.Debit)
	}
	if template.Hold == nil {
		if in || out {
			return fmt.Errorf("moves held units without a hold")
		}
		return nil
	}
	switch event := template.Hold.Event; event {
	case EventPlaced, EventIncreased:
		if !in || out {
			return fmt.Errorf("event %s needs lines into a class that holds, and none out of it", event)
		}
	case EventCaptured, EventReleased, EventExpired:
		if !out || in {
			return fmt.Errorf("event %s needs lines out of a class that holds, and none into it", event)
		}
	default:
		return fmt.Errorf("unknown hold event %q", event)
	}
	if template.Hold.Event != EventExpired {
		return nil
	}
	if r.expiry != nil && r.expiry.Name != template.Name {
		return fmt.Errorf("template %s already releases expired holds", r.expiry.Name)
	}
	if r.expiry == nil || r.expiry.Version < template.Version {
		r.expiry = template
	}
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
	case line.Measure.ofBasis() == (line.Commodity != ""):
		return fmt.Errorf("exactly the lines not measured by basis name a commodity")
	case creditTracks && !debitTracks && template.Lot == nil:
		return fmt.Errorf("issues units without lot terms")
	case line.Back && !moves:
		return fmt.Errorf("goes back between accounts that do not both track lots")
	case line.Back && !r.all(line.Debit, func(c Class) bool { return c.UsableAfterExpiry }):
		return fmt.Errorf("goes back from an account whose units expire in it")
	case line.Measure.bounded() && !r.all(line.Debit, func(c Class) bool { return c.Floored && c.Normal == Credit }):
		return fmt.Errorf("takes all of an account that has no floor under its debits")
	case line.Measure.expires() && (!debitTracks || creditTracks):
		return fmt.Errorf("takes expired units from an account without lots, or into one")
	case line.Measure.origins != "" && (line.Back || !r.all(line.Debit, func(c Class) bool { return c.TracksLots && !c.UsableAfterExpiry })):
		return fmt.Errorf("chooses origins, and takes units from an account without lots or where they were set aside")
	case reversible && (moves || !line.Measure.plain()):
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
