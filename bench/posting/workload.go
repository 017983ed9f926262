package main

import (
	"math/rand/v2"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// What the commands on wallets move. Of five commands four spend and one grants as much, so that a wallet
// keeps about the five lots that it begins with, of which a spend takes the first.
const (
	lotsPerPurse  = 5
	spendUnits    = 6
	commandsCycle = 5
	grantUnits    = spendUnits * (commandsCycle - 1)
	// The busy wallet has the same five lots, only larger: its grants go to other wallets, but for one in
	// busyCycles that makes up for all the spends since.
	busyCycles     = 200
	grantUnitsBusy = grantUnits * busyCycles
)

// principal is who sends the commands.
const principal = "service:bench"

// command is one with its own id, key and fingerprint. The key is the id's text, as long as clients' keys are.
func command(book ledger.BookID, owner ledger.ID, template string, arguments ledger.Arguments) ledger.Command {
	id := newID()
	c := domain.Caller{Principal: principal}.Command(book, id, domain.Request{Mutation: template, Key: id.String(), Owner: owner, Input: arguments})
	c.Template, c.Arguments = template, arguments
	return c
}

// transfer is a command with the accounts that it moves an amount between.
type transfer struct {
	ledger.Command
	debit, credit ledger.ID
	amount        int64
}

const amountMax = 100

// transfer chooses two accounts of one book: with accounts=hot one of them is the book's busy one, on either
// side. With several books each has its share of the accounts, and a busy one of its own.
func (w *world) transfer(v variant, rng *rand.Rand) transfer {
	book := v.book(rng)
	places, n := w.places[book], w.accounts/v.books
	i := 1 + rng.IntN(n)
	j := 0
	if !v.hot {
		// Skipping i keeps the two apart and all others equally likely.
		if j = 1 + rng.IntN(n-1); j >= i {
			j++
		}
	}
	if rng.IntN(2) == 0 {
		i, j = j, i
	}
	from, to, amount := places[i], places[j], 1+rng.Int64N(amountMax)
	c := command(book, from.owner, templateTransfer, ledger.Arguments(nil).ID(argFrom, from.owner).ID(argTo, to.owner).Amount(argAmount, amount))
	return transfer{Command: c, debit: from.account, credit: to.account, amount: amount}
}

// spendOrGrant chooses a wallet and what its turn is.
func (w *world) spendOrGrant(v variant, rng *rand.Rand) ledger.Command {
	book := v.book(rng)
	purses := w.purses[book]
	other := purses[1+rng.IntN(w.accounts/v.books)]
	if !v.hot {
		if other.turns.Add(1)%commandsCycle == 0 {
			return grant(book, other.id, grantUnits)
		}
		return spend(book, other.id)
	}
	busy := purses[0]
	switch turn := busy.turns.Add(1); {
	case turn%(commandsCycle*busyCycles) == 0:
		return grant(book, busy.id, grantUnitsBusy)
	case turn%commandsCycle == 0:
		return grant(book, other.id, grantUnits)
	default:
		return spend(book, busy.id)
	}
}

// openWallet opens a wallet's account, without the row by which the product's pages find it.
func openWallet(book ledger.BookID, id ledger.ID) ledger.Command {
	return command(book, id, wallet.TemplateOpenWallet, ledger.Arguments(nil).ID(wallet.ArgWallet, id))
}

// grant issues a lot that does not expire, by the product's rules.
func grant(book ledger.BookID, to ledger.ID, units int64) ledger.Command {
	return command(book, to, wallet.TemplateGrant, ledger.Arguments(nil).ID(wallet.ArgWallet, to).Amount(wallet.ArgQuantity, units).
		Text(wallet.ArgOrigin, string(ledger.OriginBonus)).Amount(wallet.ArgPriority, 1).Text(wallet.ArgJurisdiction, "NP").
		Text(wallet.ArgType, wallet.TypeBonusGrant))
}

// spend uses units up, by the product's rules. It carries what a transfer does, so that the two differ by
// the lots: a subject, a once key, an explanation and an effect would cost as much without them.
func spend(book ledger.BookID, from ledger.ID) ledger.Command {
	return command(book, from, wallet.TemplateSpend, ledger.Arguments(nil).ID(wallet.ArgWallet, from).Amount(wallet.ArgQuantity, spendUnits).
		Text(wallet.ArgProduct, wallet.TypeProposal))
}
