package finance

import "purser/ledger"

// Template names, as stored with each journal.
const (
	// TemplateRequest is one person's signature: the first asks, the second agrees.
	// It is a fact in the platform's book; the books follow in journals of their own.
	TemplateRequest = "REQUEST_PERIOD"
	TemplateClose   = "CLOSE_PERIOD"
	TemplateReopen  = "REOPEN_PERIOD"
	// TemplateWithdraw is the end of a request that nobody agreed to, by whoever asked:
	// a fact in the platform's book, which no other book follows.
	TemplateWithdraw = "WITHDRAW_PERIOD_REQUEST"
)

// Argument names, as stored with each journal. ArgPeriod is the ledger's.
const (
	ArgPeriod      = "period"
	ArgAction      = "action"
	ArgType        = "type"
	ArgRequest     = "request"
	ArgRequestedBy = "requestedBy"
	ArgApprovedBy  = "approvedBy"
)

// Types of the journals, none of which moves value.
const (
	TypeCloseSigned    = "PERIOD_CLOSE_SIGNED"
	TypeReopenSigned   = "PERIOD_REOPEN_SIGNED"
	TypePeriodClosed   = "PERIOD_CLOSED"
	TypePeriodReopened = "PERIOD_REOPENED"
	TypeWithdrawn      = "PERIOD_REQUEST_WITHDRAWN"
)

// Templates returns the journals of accounting periods. None moves value, and none
// can be reversed: what a closing did is undone by reopening.
func Templates() []ledger.Template {
	return []ledger.Template{
		{Name: TemplateRequest, Version: 1, Type: "{" + ArgType + "}"},
		{Name: TemplateWithdraw, Version: 1, Type: TypeWithdrawn},
		{Name: TemplateClose, Version: 1, Type: TypePeriodClosed, Period: ledger.PeriodClosed},
		{Name: TemplateReopen, Version: 1, Type: TypePeriodReopened, Period: ledger.PeriodReopened},
	}
}

// Action is what is asked for a period.
type Action string

// The actions on a period.
const (
	ActionClose  Action = "CLOSE"
	ActionReopen Action = "REOPEN"
)

// mutation names the caller's mutation, which is part of the scope of their keys.
func (a Action) mutation() string {
	if a == ActionReopen {
		return "reopenPeriod"
	}
	return "closePeriod"
}

// rule names the action in the explanations of its journals.
func (a Action) rule() string { return "PERIOD_" + string(a) }

func (a Action) signedType() string {
	if a == ActionReopen {
		return TypeReopenSigned
	}
	return TypeCloseSigned
}

// template is what each book does once the action is agreed.
func (a Action) template() string {
	if a == ActionReopen {
		return TemplateReopen
	}
	return TemplateClose
}
