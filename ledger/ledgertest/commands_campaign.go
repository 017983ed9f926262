package ledgertest

import "purser/ledger"

// The names of the campaigns' rules that this package needs, pinned to package
// campaign's by the tests of package ledger. A campaign is paid either in
// Connects, which move between a wallet and its escrow, or in the money of a
// prepaid ad account.
const (
	TemplateOpenCampaign        = "OPEN_CAMPAIGN"
	TemplateFund                = "FUND_CAMPAIGN"
	TemplateRelease             = "RELEASE_CAMPAIGN"
	TemplateCharge              = "CHARGE_CLICKS"
	TemplateOpenPrepaid         = "OPEN_PREPAID_AD_ACCOUNT"
	TemplateDeposit             = "DEPOSIT_AD_FUNDS"
	TemplateOpenPrepaidCampaign = "OPEN_PREPAID_CAMPAIGN"
	TemplateFundMoney           = "FUND_CAMPAIGN_MONEY"
	TemplateReleaseMoney        = "RELEASE_CAMPAIGN_MONEY"
	TemplateChargeMoney         = "CHARGE_CLICKS_MONEY"

	ArgCampaign  = "campaign"
	ArgAdAccount = "adAccount"
	ArgAmount    = "amount"
	ArgCharge    = "charge"

	ClassEscrow        = "CAMPAIGN:*:ESCROW"
	ClassConsumedAds   = "CONSUMED:PROFILE_ADS"
	ClassPrepaid       = "2010:*"
	ClassPrepaidEscrow = "2010:*:ESCROW"
	ClassAdRevenue     = "4020"
)

func campaignArguments(wallet, campaign ledger.ID) ledger.Arguments {
	return ledger.Arguments(nil).ID(ArgWallet, wallet).ID(ArgCampaign, campaign)
}

// OpenCampaign opens the escrow of a campaign paid in Connects.
func (c *Commands) OpenCampaign(wallet, campaign ledger.ID) ledger.Command {
	return c.Command(TemplateOpenCampaign, campaignArguments(wallet, campaign))
}

// Fund moves units out of a wallet into a campaign's escrow.
func (c *Commands) Fund(wallet, campaign ledger.ID, quantity int64) ledger.Command {
	return c.Command(TemplateFund, campaignArguments(wallet, campaign).Amount(ArgQuantity, quantity))
}

// Release moves units of an escrow back into the wallet they came from.
func (c *Commands) Release(wallet, campaign ledger.ID, quantity int64) ledger.Command {
	return c.Command(TemplateRelease, campaignArguments(wallet, campaign).Amount(ArgQuantity, quantity))
}

// ReleaseRest moves all that an escrow has left back.
func (c *Commands) ReleaseRest(wallet, campaign ledger.ID) ledger.Command {
	return c.Command(TemplateRelease, campaignArguments(wallet, campaign))
}

// Charge consumes units of an escrow for clicks, as many as are there.
func (c *Commands) Charge(wallet, campaign ledger.ID, charge int64) ledger.Command {
	return c.Command(TemplateCharge, campaignArguments(wallet, campaign).Amount(ArgCharge, charge))
}

// OpenPrepaid opens an ad account that pays in money.
func (c *Commands) OpenPrepaid(adAccount ledger.ID, money ledger.Commodity) ledger.Command {
	return c.Command(TemplateOpenPrepaid, ledger.Arguments(nil).ID(ArgAdAccount, adAccount).Text(ArgMoney, string(money)))
}

// Deposit adds money to an ad account.
func (c *Commands) Deposit(adAccount ledger.ID, price Price) ledger.Command {
	return c.Command(TemplateDeposit, ledger.Arguments(nil).ID(ArgAdAccount, adAccount).
		Text(ArgMoney, string(price.Money)).Amount(ArgAmount, price.Minor).Amount(ArgFee, price.Fee))
}

func prepaidArguments(adAccount, campaign ledger.ID, money ledger.Commodity) ledger.Arguments {
	return ledger.Arguments(nil).ID(ArgAdAccount, adAccount).ID(ArgCampaign, campaign).Text(ArgMoney, string(money))
}

// OpenPrepaidCampaign opens the escrow of a campaign paid in money.
func (c *Commands) OpenPrepaidCampaign(adAccount, campaign ledger.ID, money ledger.Commodity) ledger.Command {
	return c.Command(TemplateOpenPrepaidCampaign, prepaidArguments(adAccount, campaign, money))
}

// FundMoney sets money of an ad account aside for a campaign.
func (c *Commands) FundMoney(adAccount, campaign ledger.ID, money ledger.Commodity, amount int64) ledger.Command {
	return c.Command(TemplateFundMoney, prepaidArguments(adAccount, campaign, money).Amount(ArgAmount, amount))
}

// ReleaseMoney gives money that was set aside back to the ad account.
func (c *Commands) ReleaseMoney(adAccount, campaign ledger.ID, money ledger.Commodity, amount int64) ledger.Command {
	return c.Command(TemplateReleaseMoney, prepaidArguments(adAccount, campaign, money).Amount(ArgAmount, amount))
}

// ReleaseMoneyRest gives all of it back.
func (c *Commands) ReleaseMoneyRest(adAccount, campaign ledger.ID, money ledger.Commodity) ledger.Command {
	return c.Command(TemplateReleaseMoney, prepaidArguments(adAccount, campaign, money))
}

// ChargeMoney earns money of a campaign for clicks, as much as is there.
func (c *Commands) ChargeMoney(adAccount, campaign ledger.ID, money ledger.Commodity, charge int64) ledger.Command {
	return c.Command(TemplateChargeMoney, prepaidArguments(adAccount, campaign, money).Amount(ArgCharge, charge))
}
