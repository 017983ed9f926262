package ledger

import (
	"fmt"
	"slices"
	"strings"
)

// NewLot names the arguments that give the terms of the lot a template issues.
// The lot's id is the journal's, its quantity the line's amount; expiry, basis and
// the tax in it may be absent.
type NewLot struct {
	Origin, ExpiresAt, Priority, Money, Basis, Tax, Jurisdiction string
}

// StatusChange moves an account (pattern, commodity) from one status, or where From
// is empty from any other, to another; a command that finds it elsewhere is refused
// with StatusConflictError. Closing needs an account without balance and without open
// holds.
type StatusChange struct {
	Account   string
	Commodity Commodity
	From, To  AccountStatus
}

func (c StatusChange) leaves(status AccountStatus) bool {
	return status == c.From || c.From == "" && status != c.To
}

// Template is what a command may do: the accounts and directions it may use,
// and under which name it may be reversed. A command names a template and its
// arguments, never postings.
type Template struct {
	Name    string
	Version int32
	// Type is the transaction type of the journal, or "{name}" for an argument.
	Type string
	// OwnerInitiated templates are refused while the wallet is frozen.
	OwnerInitiated bool
	// Opens lists the per-owner accounts (pattern, commodity) it opens.
	Opens []Open
	Lines []Line
	Lot   *NewLot
	// Hold is what it does to a hold, if anything.
	Hold *HoldUse
	// Limit makes it set a limit of an account.
	Limit *LimitUse
	// Period makes it close, or reopen, the accounting period that the text argument
	// "period" names as YYYY-MM.
	Period PeriodEvent
	// Grace names the time argument until which units may be used that come back to
	// a lot that has expired. Without it, or once that time is past, they stay
	// expired, and a line measured by Lapsed takes them out.
	Grace string
	// Status is the account status it changes, if any.
	Status *StatusChange
	// ReversibleAs lists the reversal types it accepts; none means never. Only
	// lines of named amounts that consume or issue can be reversed: what a line
	// moved from place to place is moved back by a template of its own.
	ReversibleAs []string
	// Reversal marks the one template that reverses others: its arguments are
	// "journal", "type", optionally "quantity" (absent: all that is left) and
	// "wallet" (whose journal it must be); its lines come from the original's
	// template, and its own follow.
	Reversal bool
}

// Open is an account a template brings into being.
type Open struct {
	Account   string
	Commodity Commodity
}

// Rules is the chart of accounts and the templates that may move value between
// them: all the fold knows of the business. It is immutable once built.
type Rules struct {
	classes   map[string]Class
	templates map[string]*Template // the newest version of each
	versions  map[templateVersion]*Template
	// expiry is the template that releases an expired hold.
	expiry *Template
}

type templateVersion struct {
	name    string
	version int32
}

// NewRules checks that every template names classes of the chart and that its
// debits and credits could balance. A template may be given in several versions:
// commands use the newest, journals are replayed and reversed by their own. Its
// errors are programming errors: they name the template and the line.
func NewRules(chart []Class, templates []Template) (*Rules, error) {
	rules := &Rules{
		classes: make(map[string]Class, len(chart)), templates: make(map[string]*Template, len(templates)),
		versions: make(map[templateVersion]*Template, len(templates)),
	}
	for _, class := range chart {
		if _, found := rules.classes[class.Name]; found || class.Normal == 0 {
			return nil, fmt.Errorf("ledger: class %s is listed twice or has no normal side", class.Name)
		}
		if class.UsableAfterExpiry && !class.TracksLots {
			return nil, fmt.Errorf("ledger: class %s keeps units after expiry, but tracks no lots", class.Name)
		}
		if class.Holds && (!class.UsableAfterExpiry || !class.Floored) {
			return nil, fmt.Errorf("ledger: class %s holds, but its units expire in it or it has no floor", class.Name)
		}
		rules.classes[class.Name] = class
	}
	for _, template := range templates {
		if err := rules.addTemplate(template); err != nil {
			return nil, fmt.Errorf("ledger: template %s: %w", template.Name, err)
		}
	}
	return rules, nil
}

// matches reports whether the class fits the pattern, taking each "{name}" for
// "*" or for any single text.
func (c Class) matches(pattern string) bool {
	return slices.EqualFunc(strings.Split(c.Name, ":"), strings.Split(pattern, ":"), func(class, part string) bool {
		return class == part || strings.HasPrefix(part, "{")
	})
}

func (r *Rules) matchesClass(pattern string) bool {
	for _, class := range r.classes {
		if class.matches(pattern) {
			return true
		}
	}
	return false
}

// tracksLots reports whether the pattern may name an account of lots.
func (r *Rules) tracksLots(pattern string) bool {
	for _, class := range r.classes {
		if class.TracksLots && class.matches(pattern) {
			return true
		}
	}
	return false
}

// holds reports whether the pattern may name an account of held units.
func (r *Rules) holds(pattern string) bool {
	for _, class := range r.classes {
		if class.Holds && class.matches(pattern) {
			return true
		}
	}
	return false
}

// Template returns the newest version of the template of that name.
func (r *Rules) Template(name string) (*Template, bool) {
	template, ok := r.templates[name]
	return template, ok
}

// TemplateVersion returns the template of that name as it was in that version.
func (r *Rules) TemplateVersion(name string, version int32) (*Template, bool) {
	template, ok := r.versions[templateVersion{name, version}]
	return template, ok
}

// Class returns the class of that name.
func (r *Rules) Class(name string) (Class, bool) {
	class, ok := r.classes[name]
	return class, ok
}

// Classes returns the chart, in no particular order.
func (r *Rules) Classes() []Class {
	chart := make([]Class, 0, len(r.classes))
	for _, class := range r.classes {
		chart = append(chart, class)
	}
	return chart
}

// resolve turns a pattern into the account that args select. It fails where an
// argument is missing or not a single word, or where the resulting class is not
// in the chart.
func (r *Rules) resolve(book BookID, pattern string, commodity Commodity, args Arguments) (Account, error) {
	if !strings.Contains(pattern, "{") {
		return r.account(book, pattern, pattern, commodity, NilID)
	}
	code := strings.Split(pattern, ":")
	class := slices.Clone(code)
	var owner ID
	for i, part := range code {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		name := strings.Trim(part, "{}")
		if id := args.IDOf(name); !id.IsZero() {
			owner, code[i], class[i] = id, id.String(), "*"
			continue
		}
		text := args.TextOf(name)
		if text == "" || strings.ContainsAny(text, "*:") {
			return Account{}, fmt.Errorf("argument %s is missing or no part of an account code", name)
		}
		code[i], class[i] = text, text
	}
	return r.account(book, strings.Join(code, ":"), strings.Join(class, ":"), commodity, owner)
}

// accountOf is resolve for a pattern of the command's own template, which it
// remembers: to derive an account's id is the dearest part of folding.
func (r *Rules) accountOf(c *Command, book BookID, pattern string, commodity Commodity) (Account, error) {
	commodity = commodity.of(c.Arguments)
	for i := range c.resolved {
		if known := &c.resolved[i]; known.pattern == pattern && known.account.Commodity == commodity {
			return known.account, nil
		}
	}
	account, err := r.resolve(book, pattern, commodity, c.Arguments)
	if err == nil {
		c.resolved = append(c.resolved, resolvedAccount{pattern, account})
	}
	return account, err
}

func (r *Rules) account(book BookID, code, class string, commodity Commodity, owner ID) (Account, error) {
	if _, ok := r.classes[class]; !ok {
		return Account{}, fmt.Errorf("account %s is of no class in the chart", code)
	}
	if commodity != CNX && !commodity.IsMoney() {
		return Account{}, fmt.Errorf("account %s in unknown commodity %q", code, commodity)
	}
	return Account{ID: AccountID(book, code, commodity), Code: code, Class: class, Commodity: commodity, Owner: owner}, nil
}

// of reads the commodity of a line or an account, which may be an argument.
func (c Commodity) of(args Arguments) Commodity {
	if name, isArgument := strings.CutPrefix(string(c), "{"); isArgument {
		return Commodity(args.TextOf(strings.TrimSuffix(name, "}")))
	}
	return c
}

// typeOf reads a template's transaction type, which may be an argument.
func (t *Template) typeOf(args Arguments) string {
	if name, isArgument := strings.CutPrefix(t.Type, "{"); isArgument {
		return args.TextOf(strings.TrimSuffix(name, "}"))
	}
	return t.Type
}
