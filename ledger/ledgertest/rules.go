package ledgertest

import (
	"sync"

	"purser/ledger"
)

// The names of this package's own rules, beyond those it shares with the
// marketplace's.
const (
	TemplatePlaceHold    = "PLACE_HOLD"
	TemplateIncreaseHold = "INCREASE_HOLD"
	TemplateCaptureBid   = "CAPTURE_BID"
	TemplateCaptureLease = "CAPTURE_LEASE"
	TemplateReleaseHold  = "RELEASE_HOLD"
	TemplateExpireHold   = "EXPIRE_HOLD"
	TemplateExpireUnits  = "EXPIRE_UNITS"
	TemplateTransfer     = "TRANSFER"
	TemplateTransferOf   = "TRANSFER_OF" // units of some origins
	TemplateSetLimit     = "SET_LIMIT"
	TemplateCloseWallet  = "CLOSE_WALLET"
	TemplateClosePeriod  = "CLOSE_PERIOD"
	TemplateReopenPeriod = "REOPEN_PERIOD"

	ArgHold       = "hold"
	ArgPurpose    = "purpose"
	ArgRelease    = "release"
	ArgTax        = "tax"
	ArgTo         = "to"
	ArgOrigins    = "origins"
	ArgWindow     = "window"
	ArgMaximum    = "maximum"
	ArgPeriod     = "period"
	ArgGraceUntil = "graceUntil"

	PurposeBid   = "BID"
	PurposeLease = "LEASE"

	ClassHeldBid       = "WALLET:*:HELD:BID"
	ClassHeldLease     = "WALLET:*:HELD:LEASE"
	ClassConsumedBoost = "CONSUMED:BOOST"
	ClassExpired       = "EXPIRED"
	ClassTax           = "2050"
	ClassBoostRevenue  = "4010"
	ClassBreakage      = "4090"

	prefixWallet = "WALLET:"
)

const (
	patternAvailable = "WALLET:{wallet}:AVAILABLE"
	patternHeld      = "WALLET:{wallet}:HELD:{purpose}"
	patternEscrow    = "CAMPAIGN:{campaign}:ESCROW"
	patternPrepaid   = "2010:{adAccount}"
	patternSetAside  = "2010:{campaign}:ESCROW"

	givenMoney ledger.Commodity = "{" + ArgMoney + "}"
)

// Rules returns the rules of the cases about holds, expiry, transfers, tax, limits
// and periods: a small marketplace which uses all that the ledger can do, whatever
// products the real one has.
var Rules = sync.OnceValue(func() *ledger.Rules { return mustRules(templates()) })

func mustRules(templates []ledger.Template) *ledger.Rules {
	rules, err := ledger.NewRules(chart(), templates)
	if err != nil {
		panic(err)
	}
	return rules
}

func chart() []ledger.Class {
	held := func(name string) ledger.Class {
		return ledger.Class{Name: name, Normal: ledger.Credit, Floored: true, TracksLots: true, UsableAfterExpiry: true, Holds: true}
	}
	return []ledger.Class{
		{Name: ClassIssued, Normal: ledger.Debit},
		{Name: ClassPurchased, Normal: ledger.Debit},
		{Name: ClassAvailable, Normal: ledger.Credit, Floored: true, TracksLots: true},
		held(ClassHeldBid),
		held(ClassHeldLease),
		{Name: ClassEscrow, Normal: ledger.Credit, Floored: true, TracksLots: true, UsableAfterExpiry: true},
		{Name: ClassConsumed, Normal: ledger.Credit},
		{Name: ClassConsumedAds, Normal: ledger.Credit},
		{Name: ClassConsumedBoost, Normal: ledger.Credit},
		{Name: ClassExpired, Normal: ledger.Credit},
		{Name: ClassClearing, Normal: ledger.Debit},
		{Name: ClassDeferred, Normal: ledger.Credit},
		{Name: ClassPrepaid, Normal: ledger.Credit, Floored: true},
		{Name: ClassPrepaidEscrow, Normal: ledger.Credit, Floored: true},
		{Name: ClassTax, Normal: ledger.Credit},
		{Name: ClassRevenue, Normal: ledger.Credit},
		{Name: ClassBoostRevenue, Normal: ledger.Credit},
		{Name: ClassAdRevenue, Normal: ledger.Credit},
		{Name: ClassBreakage, Normal: ledger.Credit},
		{Name: ClassFees, Normal: ledger.Debit},
	}
}

func units(debit, credit string, measure ledger.Measure) ledger.Line {
	return ledger.Line{Debit: debit, Credit: credit, Commodity: ledger.CNX, Measure: measure}
}

func back(debit, credit string, measure ledger.Measure) ledger.Line {
	line := units(debit, credit, measure)
	line.Back = true
	return line
}

// earned posts the basis of used units as revenue, without the tax in it.
func earned(revenue string) []ledger.Line {
	return []ledger.Line{
		{Debit: ClassDeferred, Credit: revenue, Measure: ledger.Net()},
		{Debit: ClassDeferred, Credit: ClassTax, Measure: ledger.Tax()},
	}
}

// lapse takes out what came back to lots that have expired.
func lapse() []ledger.Line {
	return append([]ledger.Line{units(patternAvailable, ClassExpired, ledger.Lapsed())}, earned(ClassBreakage)...)
}

func templates() []ledger.Template {
	var all []ledger.Template
	for _, some := range [][]ledger.Template{walletTemplates(), spendTemplates(2), holdTemplates(), campaignTemplates(), otherTemplates()} {
		all = append(all, some...)
	}
	return all
}

func walletTemplates() []ledger.Template {
	lot := ledger.NewLot{Origin: ArgOrigin, ExpiresAt: ArgExpiresAt, Priority: ArgPriority, Jurisdiction: ArgJurisdiction}
	paid := lot
	paid.Money, paid.Basis, paid.Tax = ArgMoney, ArgPrice, ArgTax
	status := func(name string, from, to ledger.AccountStatus) ledger.Template {
		return ledger.Template{Name: name, Version: 1, Type: name, Status: &ledger.StatusChange{Account: patternAvailable, Commodity: ledger.CNX, From: from, To: to}}
	}
	return []ledger.Template{
		{Name: TemplateOpenWallet, Version: 1, Type: TemplateOpenWallet, Opens: []ledger.Open{{Account: patternAvailable, Commodity: ledger.CNX}}},
		{
			Name: TemplateGrant, Version: 1, Type: "{" + ArgType + "}", Lot: &lot, ReversibleAs: []string{TypeReversal},
			Lines: []ledger.Line{units("ISSUED:{origin}", patternAvailable, ledger.Named(ArgQuantity))},
		},
		{
			Name: TemplatePurchase, Version: 1, Type: TemplatePurchase, Lot: &paid, ReversibleAs: []string{TypeReversal},
			Lines: []ledger.Line{
				units(ClassPurchased, patternAvailable, ledger.Named(ArgQuantity)),
				{Debit: ClassClearing, Credit: ClassDeferred, Measure: ledger.Basis()},
				{Debit: ClassFees, Credit: ClassClearing, Commodity: givenMoney, Measure: ledger.Named(ArgFee)},
			},
		},
		{Name: TemplateReverse, Version: 1, Type: "{" + ArgType + "}", Reversal: true, Lines: lapse(), Grace: ArgGraceUntil},
		{
			Name: TemplateExpireUnits, Version: 1, Type: TemplateExpireUnits,
			Lines: append([]ledger.Line{units(patternAvailable, ClassExpired, ledger.Expired())}, earned(ClassBreakage)...),
		},
		{
			Name: TemplateTransfer, Version: 1, Type: TemplateTransfer, OwnerInitiated: true,
			Lines: []ledger.Line{units(patternAvailable, "WALLET:{"+ArgTo+"}:AVAILABLE", ledger.Named(ArgQuantity))},
		},
		{
			Name: TemplateTransferOf, Version: 1, Type: TemplateTransferOf, OwnerInitiated: true,
			Lines: []ledger.Line{units(patternAvailable, "WALLET:{"+ArgTo+"}:AVAILABLE", ledger.NamedOf(ArgQuantity, ArgOrigins))},
		},
		status(TemplateFreeze, ledger.StatusActive, ledger.StatusFrozen),
		status(TemplateUnfreeze, ledger.StatusFrozen, ledger.StatusActive),
		status(TemplateCloseWallet, "", ledger.StatusClosed),
	}
}

// spendTemplates are the versions of the spend up to one: the first knew no tax.
func spendTemplates(newest int32) []ledger.Template {
	spent := units(patternAvailable, "CONSUMED:{product}", ledger.Named(ArgQuantity))
	versions := [][]ledger.Line{
		{spent, {Debit: ClassDeferred, Credit: ClassRevenue, Measure: ledger.Basis()}},
		append([]ledger.Line{spent}, earned(ClassRevenue)...),
	}
	var all []ledger.Template
	for i, lines := range versions[:newest] {
		all = append(all, ledger.Template{
			Name: TemplateSpend, Version: int32(i + 1), Type: "{" + ArgProduct + "}", OwnerInitiated: true,
			ReversibleAs: []string{TypeReturn, TypeReversal}, Lines: lines,
		})
	}
	return all
}

func holdTemplates() []ledger.Template {
	use := func(event ledger.HoldEvent) *ledger.HoldUse {
		return &ledger.HoldUse{Event: event, Purpose: ArgPurpose, ExpiresAt: ArgExpiresAt}
	}
	into := []ledger.Line{units(patternAvailable, patternHeld, ledger.Named(ArgQuantity))}
	capture := func(name, purpose, consumed, revenue string) ledger.Template {
		from := "WALLET:{wallet}:HELD:" + purpose
		lines := append([]ledger.Line{units(from, consumed, ledger.Named(ArgQuantity))}, earned(revenue)...)
		lines = append(lines, back(from, patternAvailable, ledger.AtMost(ArgRelease)))
		return ledger.Template{Name: name, Version: 1, Type: name, Hold: use(ledger.EventCaptured), Grace: ArgGraceUntil, Lines: append(lines, lapse()...)}
	}
	release := func(name string, event ledger.HoldEvent) ledger.Template {
		lines := []ledger.Line{back(patternHeld, patternAvailable, ledger.NamedOrAll(ArgQuantity))}
		return ledger.Template{Name: name, Version: 1, Type: name, Hold: use(event), Grace: ArgGraceUntil, Lines: append(lines, lapse()...)}
	}
	return []ledger.Template{
		{
			Name: TemplatePlaceHold, Version: 1, Type: TemplatePlaceHold, OwnerInitiated: true, Hold: use(ledger.EventPlaced),
			Opens: []ledger.Open{{Account: patternHeld, Commodity: ledger.CNX}}, Lines: into,
		},
		{Name: TemplateIncreaseHold, Version: 1, Type: TemplateIncreaseHold, OwnerInitiated: true, Hold: use(ledger.EventIncreased), Lines: into},
		capture(TemplateCaptureBid, PurposeBid, ClassConsumedBoost, ClassBoostRevenue),
		capture(TemplateCaptureLease, PurposeLease, ClassConsumedAds, ClassAdRevenue),
		release(TemplateReleaseHold, ledger.EventReleased),
		release(TemplateExpireHold, ledger.EventExpired),
	}
}

func campaignTemplates() []ledger.Template {
	money := func(debit, credit string, measure ledger.Measure) ledger.Line {
		return ledger.Line{Debit: debit, Credit: credit, Commodity: givenMoney, Measure: measure}
	}
	template := func(name string, owner bool, open *ledger.Open, lines ...ledger.Line) ledger.Template {
		t := ledger.Template{Name: name, Version: 1, Type: name, OwnerInitiated: owner, Lines: lines}
		if open != nil {
			t.Opens = []ledger.Open{*open}
		}
		return t
	}
	return []ledger.Template{
		template(TemplateOpenCampaign, true, &ledger.Open{Account: patternEscrow, Commodity: ledger.CNX}),
		template(TemplateFund, true, nil, units(patternAvailable, patternEscrow, ledger.Named(ArgQuantity))),
		template(TemplateRelease, false, nil, back(patternEscrow, patternAvailable, ledger.NamedOrAll(ArgQuantity))),
		template(TemplateCharge, false, nil, append([]ledger.Line{units(patternEscrow, ClassConsumedAds, ledger.AtMost(ArgCharge))}, earned(ClassAdRevenue)...)...),
		template(TemplateOpenPrepaid, true, &ledger.Open{Account: patternPrepaid, Commodity: givenMoney}),
		template(TemplateDeposit, false, nil, money(ClassClearing, patternPrepaid, ledger.Named(ArgAmount)), money(ClassFees, ClassClearing, ledger.Named(ArgFee))),
		template(TemplateOpenPrepaidCampaign, true, &ledger.Open{Account: patternSetAside, Commodity: givenMoney}),
		template(TemplateFundMoney, true, nil, money(patternPrepaid, patternSetAside, ledger.Named(ArgAmount))),
		template(TemplateReleaseMoney, false, nil, money(patternSetAside, patternPrepaid, ledger.NamedOrAll(ArgAmount))),
		template(TemplateChargeMoney, false, nil, money(patternSetAside, ClassAdRevenue, ledger.AtMost(ArgCharge))),
	}
}

func otherTemplates() []ledger.Template {
	return []ledger.Template{
		{Name: TemplateFact, Version: 1, Type: TemplateFact},
		{Name: TemplateSetLimit, Version: 1, Type: TemplateSetLimit, Limit: &ledger.LimitUse{Account: patternAvailable, Commodity: ledger.CNX}},
		{Name: TemplateClosePeriod, Version: 1, Type: TemplateClosePeriod, Period: ledger.PeriodClosed},
		{Name: TemplateReopenPeriod, Version: 1, Type: TemplateReopenPeriod, Period: ledger.PeriodReopened},
	}
}
