package ledgertest

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"purser/ledger"
)

// The names of the wallet's rules that this package needs, pinned to package
// wallet's by the tests of package ledger.
const (
	TemplateOpenWallet = "OPEN_WALLET"
	TemplateGrant      = "GRANT"
	TemplatePurchase   = "PURCHASE"
	TemplateSpend      = "SPEND"
	TemplateReverse    = "REVERSE"
	TemplateFreeze     = "FREEZE"
	TemplateUnfreeze   = "UNFREEZE"
	TemplateFact       = "SET_MEMBERSHIP" // any template without postings

	ArgWallet       = "wallet"
	ArgQuantity     = "quantity"
	ArgOrigin       = "origin"
	ArgType         = "type"
	ArgExpiresAt    = "expiresAt"
	ArgPriority     = "priority"
	ArgMoney        = "money"
	ArgPrice        = "price"
	ArgFee          = "fee"
	ArgJurisdiction = "jurisdiction"
	ArgProduct      = "product"
	ArgJournal      = "journal"

	TypeGrant    = "PROMO_GRANT"
	TypeReturn   = "RETURN_JOB_CLOSED"
	TypeReversal = "REVERSAL"
	Product      = "PROPOSAL"

	ClassAvailable = "WALLET:*:AVAILABLE"
	ClassIssued    = "ISSUED:PROMO"
	ClassPurchased = "ISSUED:PURCHASE"
	ClassConsumed  = "CONSUMED:PROPOSAL"
	ClassClearing  = "1010"
	ClassDeferred  = "2000"
	ClassRevenue   = "4000"
	ClassFees      = "5000"

	prefixIssued   = "ISSUED:"
	prefixConsumed = "CONSUMED:"
)

// Commands makes commands for one book with ids that count up, so that two
// ledgers given the same calls get the same commands.
type Commands struct {
	Book  ledger.BookID
	count atomic.Uint64
	// wallets remembers whose journals the commands become: a reversal must say so
	// where its template may take units out of the wallet again.
	wallets sync.Map
}

// NewID returns the next id, of the form of a UUIDv7.
func (c *Commands) NewID() ledger.ID {
	id := ledger.ID{0: 1, 6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint32(id[12:], uint32(c.count.Add(1)))
	return id
}

// Command returns a command of a template with a fresh id and key. Its
// fingerprint covers the template and the arguments.
func (c *Commands) Command(template string, args ledger.Arguments) ledger.Command {
	id := c.NewID()
	if wallet := args.IDOf(ArgWallet); !wallet.IsZero() {
		c.wallets.Store(id, wallet)
	}
	return ledger.Command{
		ID: id, Book: c.Book, Template: template, Arguments: args,
		Key:         ledger.IdempotencyKey{Scope: ledger.KeyScope{Principal: "test", Mutation: template, Owner: args.IDOf(ArgWallet)}, Key: id.String()},
		Fingerprint: ledger.FingerprintOf(append(ledger.Arguments(nil), args...)),
		InitiatedBy: "test", Explanation: fmt.Appendf(nil, `{"test":%q}`, template), Subject: ledger.Subject{Type: "TEST", ID: template},
	}
}

// OpenWallet opens the wallet's account.
func (c *Commands) OpenWallet(wallet ledger.ID) ledger.Command {
	return c.Command(TemplateOpenWallet, ledger.Arguments(nil).ID(ArgWallet, wallet))
}

// Terms are the terms of the lot that a grant or a purchase issues.
type Terms struct {
	ExpiresAt time.Time // zero: never
	Priority  int64
}

func (t Terms) arguments(wallet ledger.ID, quantity int64, origin string) ledger.Arguments {
	args := ledger.Arguments(nil).ID(ArgWallet, wallet).Amount(ArgQuantity, quantity).Text(ArgOrigin, origin).
		Amount(ArgPriority, t.Priority).Text(ArgJurisdiction, "US")
	if !t.ExpiresAt.IsZero() {
		args = args.Time(ArgExpiresAt, t.ExpiresAt)
	}
	return args
}

// Grant issues units without basis.
func (c *Commands) Grant(wallet ledger.ID, quantity int64, terms Terms) ledger.Command {
	return c.Command(TemplateGrant, terms.arguments(wallet, quantity, "PROMO").Text(ArgType, TypeGrant))
}

// Price is what a purchase cost, in minor units of Money.
type Price struct {
	Money      ledger.Commodity
	Minor, Fee int64
}

// Purchase issues units with their price as basis.
func (c *Commands) Purchase(wallet ledger.ID, quantity int64, price Price, terms Terms) ledger.Command {
	return c.Command(TemplatePurchase, terms.arguments(wallet, quantity, "PURCHASE").
		Text(ArgMoney, string(price.Money)).Amount(ArgPrice, price.Minor).Amount(ArgFee, price.Fee))
}

// Spend consumes units.
func (c *Commands) Spend(wallet ledger.ID, quantity int64) ledger.Command {
	return c.Command(TemplateSpend, ledger.Arguments(nil).ID(ArgWallet, wallet).Amount(ArgQuantity, quantity).Text(ArgProduct, Product))
}

// Reverse reverses a journal by a quantity.
func (c *Commands) Reverse(journal ledger.ID, reason string, quantity int64) ledger.Command {
	return c.Command(TemplateReverse, c.reverseArguments(journal, reason).Amount(ArgQuantity, quantity))
}

// ReverseRest reverses what is left of a journal.
func (c *Commands) ReverseRest(journal ledger.ID, reason string) ledger.Command {
	return c.Command(TemplateReverse, c.reverseArguments(journal, reason))
}

func (c *Commands) reverseArguments(journal ledger.ID, reason string) ledger.Arguments {
	wallet, known := c.wallets.Load(journal)
	if !known {
		wallet = c.NewID()
	}
	return ledger.Arguments(nil).ID(ArgJournal, journal).Text(ArgType, reason).ID(ArgWallet, wallet.(ledger.ID))
}

// Freeze stops owner-initiated commands on the wallet, Unfreeze lets them pass.
func (c *Commands) Freeze(wallet ledger.ID) ledger.Command {
	return c.Command(TemplateFreeze, ledger.Arguments(nil).ID(ArgWallet, wallet))
}

// Unfreeze undoes Freeze.
func (c *Commands) Unfreeze(wallet ledger.ID) ledger.Command {
	return c.Command(TemplateUnfreeze, ledger.Arguments(nil).ID(ArgWallet, wallet))
}

// Fact records something without value.
func (c *Commands) Fact() ledger.Command { return c.Command(TemplateFact, nil) }
