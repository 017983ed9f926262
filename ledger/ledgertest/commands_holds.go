package ledgertest

import (
	"time"

	"purser/ledger"
)

func holdArguments(wallet ledger.ID, purpose string) ledger.Arguments {
	return ledger.Arguments(nil).ID(ArgWallet, wallet).Text(ArgPurpose, purpose)
}

// PlaceHold reserves units of a wallet for a purpose; a zero expiry is none.
func (c *Commands) PlaceHold(wallet ledger.ID, purpose string, quantity int64, expiresAt time.Time) ledger.Command {
	args := holdArguments(wallet, purpose).Amount(ArgQuantity, quantity)
	if !expiresAt.IsZero() {
		args = args.Time(ArgExpiresAt, expiresAt)
	}
	return c.Command(TemplatePlaceHold, args)
}

// HoldRef names a hold with what its commands must say of it.
type HoldRef struct {
	ID, Wallet ledger.ID
	Purpose    string
}

// HoldOf names the hold that a PlaceHold command makes.
func HoldOf(place ledger.Command) HoldRef {
	return HoldRef{ID: place.ID, Wallet: place.Arguments.IDOf(ArgWallet), Purpose: place.Arguments.TextOf(ArgPurpose)}
}

func (h HoldRef) arguments() ledger.Arguments {
	return holdArguments(h.Wallet, h.Purpose).ID(ArgHold, h.ID)
}

// IncreaseHold adds units to a hold.
func (c *Commands) IncreaseHold(hold HoldRef, quantity int64) ledger.Command {
	return c.Command(TemplateIncreaseHold, hold.arguments().Amount(ArgQuantity, quantity))
}

// Capture uses units of a hold.
func (c *Commands) Capture(hold HoldRef, quantity int64) ledger.Command {
	return c.CaptureAndRelease(hold, quantity, 0)
}

// CaptureAndRelease uses units of a hold and gives up to release of the rest back.
func (c *Commands) CaptureAndRelease(hold HoldRef, quantity, release int64) ledger.Command {
	template := TemplateCaptureBid
	if hold.Purpose == PurposeLease {
		template = TemplateCaptureLease
	}
	args := hold.arguments().Amount(ArgQuantity, quantity)
	if release != 0 {
		args = args.Amount(ArgRelease, release)
	}
	return c.Command(template, args)
}

// ReleaseHold gives units of a hold back.
func (c *Commands) ReleaseHold(hold HoldRef, quantity int64) ledger.Command {
	return c.Command(TemplateReleaseHold, hold.arguments().Amount(ArgQuantity, quantity))
}

// ReleaseHoldRest gives all that a hold has left back.
func (c *Commands) ReleaseHoldRest(hold HoldRef) ledger.Command {
	return c.Command(TemplateReleaseHold, hold.arguments())
}

// ExpireHold is what the sweeper does to an expired hold.
func (c *Commands) ExpireHold(hold HoldRef) ledger.Command {
	return c.Command(TemplateExpireHold, hold.arguments())
}

// WithGrace lets units that come back to an expired lot be used until an instant.
func WithGrace(c ledger.Command, until time.Time) ledger.Command {
	c.Arguments = c.Arguments.Time(ArgGraceUntil, until)
	c.Fingerprint = ledger.FingerprintOf(c.Arguments)
	return c
}

// PurchaseWithTax is Purchase with the part of the price that is tax.
func (c *Commands) PurchaseWithTax(wallet ledger.ID, quantity int64, price Price, tax int64, terms Terms) ledger.Command {
	command := c.Purchase(wallet, quantity, price, terms)
	command.Arguments = command.Arguments.Amount(ArgTax, tax)
	command.Fingerprint = ledger.FingerprintOf(command.Arguments)
	return command
}

// ExpireUnits takes out of a wallet what has expired in it.
func (c *Commands) ExpireUnits(wallet ledger.ID) ledger.Command {
	return c.Command(TemplateExpireUnits, ledger.Arguments(nil).ID(ArgWallet, wallet))
}

// Transfer moves units to another wallet.
func (c *Commands) Transfer(wallet, to ledger.ID, quantity int64) ledger.Command {
	return c.Command(TemplateTransfer, ledger.Arguments(nil).ID(ArgWallet, wallet).ID(ArgTo, to).Amount(ArgQuantity, quantity))
}

// TransferOf moves units of some origins to another wallet.
func (c *Commands) TransferOf(wallet, to ledger.ID, quantity int64, origins ...ledger.Origin) ledger.Command {
	args := ledger.Arguments(nil).ID(ArgWallet, wallet).ID(ArgTo, to).Amount(ArgQuantity, quantity)
	return c.Command(TemplateTransferOf, args.Text(ArgOrigins, ledger.ListOrigins(origins...)))
}

// SetLimit bounds what the wallet's owner may take out of it per window.
func (c *Commands) SetLimit(wallet ledger.ID, window time.Duration, maximum int64) ledger.Command {
	return c.Command(TemplateSetLimit, limitArguments(wallet, window).Amount(ArgMaximum, maximum))
}

// LiftLimit removes the limit of a window.
func (c *Commands) LiftLimit(wallet ledger.ID, window time.Duration) ledger.Command {
	return c.Command(TemplateSetLimit, limitArguments(wallet, window))
}

func limitArguments(wallet ledger.ID, window time.Duration) ledger.Arguments {
	return ledger.Arguments(nil).ID(ArgWallet, wallet).Amount(ArgWindow, int64(window/time.Second))
}

// CloseWallet closes an empty wallet for good.
func (c *Commands) CloseWallet(wallet ledger.ID) ledger.Command {
	return c.Command(TemplateCloseWallet, ledger.Arguments(nil).ID(ArgWallet, wallet))
}

// ClosePeriod closes an accounting period, named as YYYY-MM.
func (c *Commands) ClosePeriod(period string) ledger.Command {
	return c.Command(TemplateClosePeriod, ledger.Arguments(nil).Text(ArgPeriod, period))
}

// ReopenPeriod opens the last closed period again.
func (c *Commands) ReopenPeriod(period string) ledger.Command {
	return c.Command(TemplateReopenPeriod, ledger.Arguments(nil).Text(ArgPeriod, period))
}
