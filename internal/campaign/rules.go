package campaign

import "purser/ledger"

// Template names, as stored with each journal. A campaign paid in Connects and
// one paid in money differ in their accounts, so most facts have two templates.
const (
	TemplateOpenAdAccount  = "OPEN_AD_ACCOUNT"
	TemplateOpenPrepaid    = "OPEN_PREPAID_AD_ACCOUNT"
	TemplateDeposit        = "DEPOSIT_AD_FUNDS"
	TemplateOpenCampaign   = "OPEN_CAMPAIGN"
	TemplateOpenPrepaidOne = "OPEN_PREPAID_CAMPAIGN"
	TemplateOpenFunded     = "OPEN_FUNDED_CAMPAIGN"
	TemplateOpenFundedOne  = "OPEN_FUNDED_PREPAID_CAMPAIGN"
	TemplateUpdate         = "UPDATE_CAMPAIGN"
	TemplateFund           = "FUND_CAMPAIGN"
	TemplateFundMoney      = "FUND_CAMPAIGN_MONEY"
	TemplateRelease        = "RELEASE_CAMPAIGN"
	TemplateReleaseMoney   = "RELEASE_CAMPAIGN_MONEY"
	TemplateEnd            = "END_CAMPAIGN"
	TemplateEndMoney       = "END_CAMPAIGN_MONEY"
	TemplateCharge         = "CHARGE_CLICKS"
	TemplateChargeMoney    = "CHARGE_CLICKS_MONEY"
)

// Argument names, as stored with each journal. No line of a template names the
// last group: they say what was charged for, so that every figure about it can be
// computed again from the journal alone.
const (
	ArgWallet    = "wallet"
	ArgAdAccount = "adAccount"
	ArgCampaign  = "campaign"
	ArgQuantity  = "quantity"
	ArgAmount    = "amount"
	ArgMoney     = "money"
	ArgFee       = "fee"
	ArgCharge    = "charge"

	// ArgGraceUntil is until when units may be used that come back to a lot which has
	// expired.
	ArgGraceUntil = "graceUntil"

	ArgBatch       = "batch"
	ArgImpressions = "impressions"
	ArgClicks      = "clicks"
	ArgTimeZone    = "timeZone" // of the ad account
)

// Transaction types that journals carry, shown to users under the same names. A
// journal that moves a wallet's units is named for that, whatever else it does: a
// campaign created with funds is CAMPAIGN_FUNDED, one that ends CAMPAIGN_RELEASED.
const (
	TypeAdAccountOpened  = "AD_ACCOUNT_OPENED"
	TypeDeposit          = "AD_FUNDS_DEPOSITED"
	TypeCampaignCreated  = "CAMPAIGN_CREATED"
	TypeCampaignUpdated  = "CAMPAIGN_UPDATED"
	TypeCampaignFunded   = "CAMPAIGN_FUNDED"
	TypeCampaignReleased = "CAMPAIGN_RELEASED"
	TypeClickCharge      = "CLICK_CHARGE"
)

// Account patterns.
const (
	walletAvailable = "WALLET:{wallet}:AVAILABLE"
	escrow          = "CAMPAIGN:{campaign}:ESCROW"
	prepaid         = "2010:{adAccount}"
	prepaidEscrow   = "2010:{campaign}:ESCROW"
	consumed        = "CONSUMED:" + ProductProfileAds
)

// Classes of accounts that other domains share with campaigns: the wallets', which
// fund them, revenue from click ads, and where units go that come back too late to be
// used, with what they had cost.
const (
	classWalletAvailable = "WALLET:*:AVAILABLE"
	classRevenue         = "4020"
	classExpired         = "EXPIRED"
	classTax             = "2050"
	classBreakage        = "4090"
)

// ProductProfileAds is the product that Connects in escrow are consumed for.
const ProductProfileAds = "PROFILE_ADS"

// Classes of the accounts behind campaigns and ad accounts.
const (
	ClassEscrow        = "CAMPAIGN:*:ESCROW"
	ClassPrepaid       = "2010:*"
	ClassPrepaidEscrow = "2010:*:ESCROW"
)

// EscrowCode returns the code of the account that holds what a campaign has left.
func EscrowCode(campaign ledger.ID, commodity ledger.Commodity) string {
	if commodity == ledger.CNX {
		return "CAMPAIGN:" + campaign.String() + ":ESCROW"
	}
	return "2010:" + campaign.String() + ":ESCROW"
}

// PrepaidCode returns the code of a money ad account's unassigned funds.
func PrepaidCode(adAccount ledger.ID) string { return "2010:" + adAccount.String() }

// Chart is the part of the chart of accounts that campaigns add to the wallets':
// 2010 is prepaid advertising, 4020 revenue from click ads.
func Chart() []ledger.Class {
	return []ledger.Class{
		{Name: ClassEscrow, Normal: ledger.Credit, Floored: true, TracksLots: true, UsableAfterExpiry: true},
		{Name: consumed, Normal: ledger.Credit},
		{Name: ClassPrepaid, Normal: ledger.Credit, Floored: true},
		{Name: ClassPrepaidEscrow, Normal: ledger.Credit, Floored: true},
		{Name: classRevenue, Normal: ledger.Credit},
	}
}

// Templates are the journal entries of campaigns: rows 5, 6, 8, 16, 16b and 16c of
// the chart of entries in docs/ledger.md, and the facts without value. What a
// campaign has left goes back to where it came from when the campaign ends.
//
// The first version of a release gave units back to lots that had expired meanwhile,
// where nobody could use them; journals of that time are read by it.
func Templates() []ledger.Template {
	money := ledger.Commodity("{" + ArgMoney + "}")
	fundLots := ledger.Line{Debit: walletAvailable, Credit: escrow, Commodity: ledger.CNX, Measure: ledger.Named(ArgQuantity)}
	fundMoney := ledger.Line{Debit: prepaid, Credit: prepaidEscrow, Commodity: money, Measure: ledger.Named(ArgAmount)}
	releaseLots := ledger.Line{Debit: escrow, Credit: walletAvailable, Commodity: ledger.CNX, Measure: ledger.NamedOrAll(ArgQuantity), Back: true}
	releaseMoney := ledger.Line{Debit: prepaidEscrow, Credit: prepaid, Commodity: money, Measure: ledger.NamedOrAll(ArgAmount)}
	releaseOrLapse := append([]ledger.Line{
		releaseLots, {Debit: walletAvailable, Credit: classExpired, Commodity: ledger.CNX, Measure: ledger.Lapsed()},
	}, earn(classBreakage)...)
	openLots := []ledger.Open{{Account: escrow, Commodity: ledger.CNX}}
	openMoney := []ledger.Open{{Account: prepaidEscrow, Commodity: money}}
	return []ledger.Template{
		{Name: TemplateOpenAdAccount, Version: 1, Type: TypeAdAccountOpened},
		{
			Name: TemplateOpenPrepaid, Version: 1, Type: TypeAdAccountOpened,
			Opens: []ledger.Open{{Account: prepaid, Commodity: money}},
		},
		{
			Name: TemplateDeposit, Version: 1, Type: TypeDeposit,
			Lines: []ledger.Line{
				{Debit: "1010", Credit: prepaid, Commodity: money, Measure: ledger.Named(ArgAmount)},
				{Debit: "5000", Credit: "1010", Commodity: money, Measure: ledger.Named(ArgFee)},
			},
		},
		{Name: TemplateOpenCampaign, Version: 1, Type: TypeCampaignCreated, OwnerInitiated: true, Opens: openLots},
		{Name: TemplateOpenPrepaidOne, Version: 1, Type: TypeCampaignCreated, OwnerInitiated: true, Opens: openMoney},
		{Name: TemplateOpenFunded, Version: 1, Type: TypeCampaignFunded, OwnerInitiated: true, Opens: openLots, Lines: []ledger.Line{fundLots}},
		{Name: TemplateOpenFundedOne, Version: 1, Type: TypeCampaignFunded, OwnerInitiated: true, Opens: openMoney, Lines: []ledger.Line{fundMoney}},
		{Name: TemplateUpdate, Version: 1, Type: TypeCampaignUpdated, OwnerInitiated: true},
		{Name: TemplateFund, Version: 1, Type: TypeCampaignFunded, OwnerInitiated: true, Lines: []ledger.Line{fundLots}},
		{Name: TemplateFundMoney, Version: 1, Type: TypeCampaignFunded, OwnerInitiated: true, Lines: []ledger.Line{fundMoney}},
		{Name: TemplateRelease, Version: 1, Type: TypeCampaignReleased, Lines: []ledger.Line{releaseLots}},
		{Name: TemplateRelease, Version: 2, Type: TypeCampaignReleased, Lines: releaseOrLapse, Grace: ArgGraceUntil},
		{Name: TemplateReleaseMoney, Version: 1, Type: TypeCampaignReleased, Lines: []ledger.Line{releaseMoney}},
		{Name: TemplateEnd, Version: 1, Type: TypeCampaignReleased, Lines: []ledger.Line{releaseLots}},
		{Name: TemplateEnd, Version: 2, Type: TypeCampaignReleased, Lines: releaseOrLapse, Grace: ArgGraceUntil},
		{Name: TemplateEndMoney, Version: 1, Type: TypeCampaignReleased, Lines: []ledger.Line{releaseMoney}},
		{
			Name: TemplateCharge, Version: 1, Type: TypeClickCharge,
			Lines: append([]ledger.Line{
				{Debit: escrow, Credit: consumed, Commodity: ledger.CNX, Measure: ledger.AtMost(ArgCharge)},
			}, earn(classRevenue)...),
		},
		{
			Name: TemplateChargeMoney, Version: 1, Type: TypeClickCharge,
			Lines: []ledger.Line{{Debit: prepaidEscrow, Credit: classRevenue, Commodity: money, Measure: ledger.AtMost(ArgCharge)}},
		},
	}
}

// earn are the lines that earn what units had cost, net of the tax that is due once
// they are used.
func earn(revenue string) []ledger.Line {
	return []ledger.Line{
		{Debit: "2000", Credit: revenue, Measure: ledger.Net()},
		{Debit: "2000", Credit: classTax, Measure: ledger.Tax()},
	}
}
