package wallet

import "purser/ledger"

// Names of the templates on holds, on what expires, on transfers, limits and closing.
const (
	TemplatePlaceHold    = "PLACE_HOLD"
	TemplateIncreaseHold = "INCREASE_HOLD"
	TemplateCaptureBid   = "CAPTURE_BID"
	TemplateCaptureLease = "CAPTURE_LEASE"
	TemplateReleaseHold  = "RELEASE_HOLD"
	TemplateExpireHold   = "EXPIRE_HOLD"
	TemplateExpireUnits  = "EXPIRE_UNITS"
	TemplateTransfer     = "TRANSFER"
	TemplateSetLimit     = "SET_LIMIT"
	TemplateCloseWallet  = "CLOSE_WALLET"
)

// Names of their arguments.
const (
	ArgHold       = "hold"
	ArgPurpose    = "purpose"
	ArgRelease    = "release"
	ArgGraceUntil = "graceUntil"
	ArgTo         = "to"
	ArgOrigins    = "origins"
	ArgWindow     = "window"
	ArgMaximum    = "maximum"
)

// Transaction types of their journals. A transfer is one journal of the type that
// the sender sees; its recipient's history shows it as TypeTransferIn.
const (
	TypeHoldPlaced    = "HOLD_PLACED"
	TypeHoldReleased  = "HOLD_RELEASED"
	TypeBoostCaptured = "BOOST_CAPTURED"
	TypeLeaseCaptured = "LEASE_CAPTURED"
	TypeExpiry        = "EXPIRY"
	TypeTransferIn    = "TRANSFER_IN"
	TypeTransferOut   = "TRANSFER_OUT"
	TypeLimitSet      = "LIMIT_SET"
	TypeWalletClosed  = "WALLET_CLOSED"
)

// Account patterns. The products that holds are captured for, and the revenue they
// earn, are 4010 for boosts and, shared with campaigns, 4020 for profile ads.
const (
	heldFor = "WALLET:{wallet}:HELD:{purpose}"
	expired = "EXPIRED"
)

// classHeld is the class of the account behind the holds of a purpose.
func classHeld(purpose Purpose) string { return "WALLET:*:HELD:" + string(purpose) }

// HeldCode returns the code of the account that holds a wallet's units for a purpose.
func HeldCode(wallet ledger.ID, purpose Purpose) string {
	return "WALLET:" + wallet.String() + ":HELD:" + string(purpose)
}

func heldChart() []ledger.Class {
	return []ledger.Class{
		{Name: classHeld(PurposeBid), Normal: ledger.Credit, Floored: true, TracksLots: true, UsableAfterExpiry: true, Holds: true},
		{Name: classHeld(PurposeLease), Normal: ledger.Credit, Floored: true, TracksLots: true, UsableAfterExpiry: true, Holds: true},
		{Name: "CONSUMED:BOOST", Normal: ledger.Credit},
		{Name: expired, Normal: ledger.Credit},
		{Name: "2050", Normal: ledger.Credit}, // tax payable
		{Name: "4010", Normal: ledger.Credit}, // revenue, boosts
		{Name: "4090", Normal: ledger.Credit}, // revenue, breakage: units nobody used
	}
}

// earn are the lines that earn what consumed units had cost, net of the tax that is
// due once they are used.
func earn(revenue string) []ledger.Line {
	return []ledger.Line{
		{Debit: "2000", Credit: revenue, Measure: ledger.Net()},
		{Debit: "2000", Credit: "2050", Measure: ledger.Tax()},
	}
}

// Lapse are the lines that take out of a wallet, in the journal that brings them
// back, units of lots that have expired and get no grace: they would be there for
// nobody to use. Every template that brings units back ends with them.
func Lapse() []ledger.Line {
	return append([]ledger.Line{{Debit: available, Credit: expired, Commodity: ledger.CNX, Measure: ledger.Lapsed()}}, earn("4090")...)
}

// heldTemplates are rows 4 to 4e, 5b, 11 and 13 of the chart of entries in
// docs/ledger.md, and the facts without value. The first transfer took units of any
// origin, and the first closing left frozen wallets alone; journals of that time are
// read by those versions.
func heldTemplates() []ledger.Template {
	hold := ledger.Line{Debit: available, Credit: heldFor, Commodity: ledger.CNX, Measure: ledger.Named(ArgQuantity)}
	release := ledger.Line{Debit: heldFor, Credit: available, Commodity: ledger.CNX, Measure: ledger.NamedOrAll(ArgQuantity), Back: true}
	return []ledger.Template{
		{
			Name: TemplatePlaceHold, Version: 1, Type: TypeHoldPlaced, OwnerInitiated: true,
			Opens: []ledger.Open{{Account: heldFor, Commodity: ledger.CNX}},
			Hold:  &ledger.HoldUse{Event: ledger.EventPlaced, Purpose: ArgPurpose, ExpiresAt: ArgExpiresAt},
			Lines: []ledger.Line{hold},
		},
		{
			Name: TemplateIncreaseHold, Version: 1, Type: TypeHoldPlaced, OwnerInitiated: true,
			Hold:  &ledger.HoldUse{Event: ledger.EventIncreased},
			Lines: []ledger.Line{hold},
		},
		capture(TemplateCaptureBid, TypeBoostCaptured, PurposeBid, "CONSUMED:BOOST", "4010"),
		capture(TemplateCaptureLease, TypeLeaseCaptured, PurposeLease, "CONSUMED:PROFILE_ADS", "4020"),
		{
			Name: TemplateReleaseHold, Version: 1, Type: TypeHoldReleased, Grace: ArgGraceUntil,
			Hold:  &ledger.HoldUse{Event: ledger.EventReleased},
			Lines: append([]ledger.Line{release}, Lapse()...),
		},
		{
			Name: TemplateExpireHold, Version: 1, Type: TypeHoldReleased,
			Hold:  &ledger.HoldUse{Event: ledger.EventExpired},
			Lines: append([]ledger.Line{release}, Lapse()...),
		},
		{
			Name: TemplateExpireUnits, Version: 1, Type: TypeExpiry,
			Lines: append([]ledger.Line{{Debit: available, Credit: expired, Commodity: ledger.CNX, Measure: ledger.Expired()}}, earn("4090")...),
		},
		{
			Name: TemplateTransfer, Version: 1, Type: TypeTransferOut, OwnerInitiated: true,
			Lines: []ledger.Line{{Debit: available, Credit: "WALLET:{to}:AVAILABLE", Commodity: ledger.CNX, Measure: ledger.Named(ArgQuantity)}},
		},
		{
			Name: TemplateTransfer, Version: 2, Type: TypeTransferOut, OwnerInitiated: true,
			Lines: []ledger.Line{{
				Debit: available, Credit: "WALLET:{to}:AVAILABLE", Commodity: ledger.CNX, Measure: ledger.NamedOf(ArgQuantity, ArgOrigins),
			}},
		},
		{
			Name: TemplateSetLimit, Version: 1, Type: TypeLimitSet,
			Limit: &ledger.LimitUse{Account: available, Commodity: ledger.CNX},
		},
		{
			Name: TemplateCloseWallet, Version: 1, Type: TypeWalletClosed,
			Status: &ledger.StatusChange{Account: available, Commodity: ledger.CNX, From: ledger.StatusActive, To: ledger.StatusClosed},
		},
		{
			Name: TemplateCloseWallet, Version: 2, Type: TypeWalletClosed,
			Status: &ledger.StatusChange{Account: available, Commodity: ledger.CNX, To: ledger.StatusClosed},
		},
	}
}

// capture is the template that consumes units of a hold for what it is for, and on
// request gives the rest back.
func capture(name, journalType string, purpose Purpose, consumed, revenue string) ledger.Template {
	held := "WALLET:{wallet}:HELD:" + string(purpose)
	lines := append([]ledger.Line{{Debit: held, Credit: consumed, Commodity: ledger.CNX, Measure: ledger.Named(ArgQuantity)}}, earn(revenue)...)
	lines = append(lines, ledger.Line{Debit: held, Credit: available, Commodity: ledger.CNX, Measure: ledger.AtMost(ArgRelease), Back: true})
	return ledger.Template{
		Name: name, Version: 1, Type: journalType, Grace: ArgGraceUntil,
		Hold: &ledger.HoldUse{Event: ledger.EventCaptured}, Lines: append(lines, Lapse()...),
	}
}
