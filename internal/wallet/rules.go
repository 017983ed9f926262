package wallet

import "purser/ledger"

// Template names, as stored with each journal.
const (
	TemplateOpenWallet    = "OPEN_WALLET"
	TemplateGrant         = "GRANT"
	TemplatePurchase      = "PURCHASE"
	TemplateSpend         = "SPEND"
	TemplateReverse       = "REVERSE"
	TemplateFreeze        = "FREEZE"
	TemplateUnfreeze      = "UNFREEZE"
	TemplateSetMembership = "SET_MEMBERSHIP"
)

// Argument names, as stored with each journal.
const (
	ArgWallet       = "wallet"
	ArgQuantity     = "quantity"
	ArgOrigin       = "origin"
	ArgType         = "type"
	ArgExpiresAt    = "expiresAt"
	ArgPriority     = "priority"
	ArgMoney        = "money"
	ArgPrice        = "price"
	ArgFee          = "fee"
	ArgTax          = "tax"
	ArgTaxAtSale    = "taxAtSale"
	ArgJurisdiction = "jurisdiction"
	ArgProduct      = "product"
	ArgJournal      = "journal"
)

// Transaction types that journals carry, shown to users under the same names.
const (
	TypePurchase        = "PURCHASE"
	TypePlanGrant       = "PLAN_GRANT"
	TypePromoGrant      = "PROMO_GRANT"
	TypeBonusGrant      = "BONUS_GRANT"
	TypeCompensation    = "COMPENSATION"
	TypeProposal        = "PROPOSAL"
	TypeReturnJobClosed = "RETURN_JOB_CLOSED"
	TypeReturnTOS       = "RETURN_TOS"
	TypeReversal        = "REVERSAL"

	// Journals of campaigns that take units from a wallet and bring them back: the
	// templates are package campaign's, the rows of history are the wallet's.
	TypeCampaignFunded   = "CAMPAIGN_FUNDED"
	TypeCampaignReleased = "CAMPAIGN_RELEASED"
	TypeWalletOpened     = "WALLET_OPENED"
	TypeWalletFrozen     = "WALLET_FROZEN"
	TypeWalletUnfrozen   = "WALLET_UNFROZEN"
	TypeMembershipSet    = "MEMBERSHIP_SET"
)

const available = "WALLET:{wallet}:AVAILABLE"

// ClassAvailable is the class of the account behind a wallet's posted balance.
const ClassAvailable = "WALLET:*:AVAILABLE"

// AvailableCode returns the account code of a wallet's available Connects.
func AvailableCode(wallet ledger.ID) string { return "WALLET:" + wallet.String() + ":AVAILABLE" }

// Chart returns the wallets' part of the chart of accounts, one entry a class. Money
// accounts exist per currency; 1010, 5000 and so on are finance's account numbers.
func Chart() []ledger.Class {
	return append([]ledger.Class{
		{Name: "ISSUED:PURCHASE", Normal: ledger.Debit},
		{Name: "ISSUED:PLAN", Normal: ledger.Debit},
		{Name: "ISSUED:PROMO", Normal: ledger.Debit},
		{Name: "ISSUED:BONUS", Normal: ledger.Debit},
		{Name: "ISSUED:COMPENSATION", Normal: ledger.Debit},
		{Name: ClassAvailable, Normal: ledger.Credit, Floored: true, TracksLots: true},
		{Name: "CONSUMED:PROPOSAL", Normal: ledger.Credit},
		{Name: "1010", Normal: ledger.Debit},  // payment provider clearing
		{Name: "2000", Normal: ledger.Credit}, // deferred revenue, Connects
		{Name: "4000", Normal: ledger.Credit}, // revenue, proposals
		{Name: "5000", Normal: ledger.Debit},  // payment provider fees
	}, heldChart()...)
}

// Templates returns the journal entries of wallets: rows 1 to 3b of the chart of
// entries in docs/ledger.md, both sides, those on holds, expiry and transfers, and the
// facts without value. A template may be there in several versions: commands use the
// newest, and the others read what was posted by them.
func Templates() []ledger.Template {
	return append([]ledger.Template{
		{
			Name: TemplateOpenWallet, Version: 1, Type: TypeWalletOpened,
			Opens: []ledger.Open{{Account: available, Commodity: ledger.CNX}},
		},
		{
			Name: TemplateGrant, Version: 1, Type: "{" + ArgType + "}", Lot: freeLot,
			ReversibleAs: []string{TypeReversal},
			Lines:        []ledger.Line{{Debit: "ISSUED:{origin}", Credit: available, Commodity: ledger.CNX, Measure: ledger.Named(ArgQuantity)}},
		},
		{
			Name: TemplatePurchase, Version: 1, Type: TypePurchase, Lot: paidLot,
			ReversibleAs: []string{TypeReversal},
			Lines: []ledger.Line{
				{Debit: "ISSUED:PURCHASE", Credit: available, Commodity: ledger.CNX, Measure: ledger.Named(ArgQuantity)},
				{Debit: "1010", Credit: "2000", Measure: ledger.Basis()},
				{Debit: "5000", Credit: "1010", Commodity: "{" + ArgMoney + "}", Measure: ledger.Named(ArgFee)},
				{Debit: "1010", Credit: "2050", Commodity: "{" + ArgMoney + "}", Measure: ledger.Named(ArgTaxAtSale)},
			},
		},
		{
			Name: TemplateSpend, Version: 1, Type: "{" + ArgProduct + "}", OwnerInitiated: true,
			ReversibleAs: []string{TypeReturnJobClosed, TypeReturnTOS, TypeReversal},
			Lines: append([]ledger.Line{
				{Debit: available, Credit: "CONSUMED:{product}", Commodity: ledger.CNX, Measure: ledger.Named(ArgQuantity)},
			}, earn("4000")...),
		},
		{Name: TemplateReverse, Version: 1, Type: "{" + ArgType + "}", Reversal: true},
		{Name: TemplateReverse, Version: 2, Type: "{" + ArgType + "}", Reversal: true, Grace: ArgGraceUntil, Lines: Lapse()},
		{
			Name: TemplateFreeze, Version: 1, Type: TypeWalletFrozen,
			Status: &ledger.StatusChange{Account: available, Commodity: ledger.CNX, From: ledger.StatusActive, To: ledger.StatusFrozen},
		},
		{
			Name: TemplateUnfreeze, Version: 1, Type: TypeWalletUnfrozen,
			Status: &ledger.StatusChange{Account: available, Commodity: ledger.CNX, From: ledger.StatusFrozen, To: ledger.StatusActive},
		},
		{Name: TemplateSetMembership, Version: 1, Type: TypeMembershipSet},
	}, heldTemplates()...)
}

// freeLot has no cost basis: units that nobody paid for defer no revenue.
var freeLot = &ledger.NewLot{
	Origin: ArgOrigin, ExpiresAt: ArgExpiresAt, Priority: ArgPriority, Jurisdiction: ArgJurisdiction,
}

var paidLot = &ledger.NewLot{
	Origin: ArgOrigin, ExpiresAt: ArgExpiresAt, Priority: ArgPriority, Money: ArgMoney, Basis: ArgPrice, Tax: ArgTax,
	Jurisdiction: ArgJurisdiction,
}
