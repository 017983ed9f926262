package demo

import (
	"context"
	"strconv"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// priceUnitMinor is the price of one Connect, in cents of either currency.
const priceUnitMinor = 15

// feeOf is what the payment provider keeps of a price in cents: 2.9%, rounded
// half up, and 30 cents, but never more than the price.
func feeOf(priceMinor int64) int64 { return min((priceMinor*29+500)/1000+30, priceMinor) }

func (g *generator) open(h *holder) error {
	owner := domain.OwnerParty
	if h.isAgency() {
		owner = domain.OwnerOrganisation
	}
	result, err := g.service.Open(context.Background(), g.caller, wallet.Open{
		Key: g.key(), Owner: h.owner, OwnerKind: owner, Kind: h.kind, Jurisdiction: h.place.jurisdiction, TimeZone: h.place.zone,
	})
	if _, err := g.intended(result, err, nil); err != nil {
		return err
	}
	h.ref = result.Wallet
	g.books.byWallet[h.ref.ID] = h
	return nil
}

func (g *generator) join(h *holder, who staffer) error {
	result, err := g.service.SetMembership(context.Background(), g.caller, wallet.Membership{
		Key: g.key(), Organisation: h.owner, Party: who.party, Role: who.role, Active: true,
	})
	if _, err := g.intended(result, err, nil); err != nil {
		return err
	}
	h.members[who] = true
	return nil
}

// gift is a grant: what for, and for how long when not as the policy says.
type gift struct {
	origin    ledger.Origin
	quantity  int64
	validDays int
	rule      string
	inputs    []domain.Input
}

func (g *generator) grant(h *holder, what gift) (ledger.ID, error) {
	result, err := g.service.Grant(context.Background(), g.caller, wallet.Grant{
		Key: g.key(), Wallet: h.ref, Quantity: what.quantity, Origin: what.origin, ValidDays: what.validDays,
		Explanation: domain.Explanation{Rule: what.rule, Inputs: what.inputs},
	})
	return g.intended(result, err, nil)
}

func (g *generator) purchase(h *holder, quantity int64) error {
	price := quantity * priceUnitMinor
	result, err := g.service.Purchase(context.Background(), g.caller, wallet.Purchase{
		Key: g.key(), Wallet: h.ref, Quantity: quantity, Price: price, Fee: feeOf(price), Currency: h.money,
		Reference: "pay_" + randomID(h.rng).String(),
	})
	_, err = g.intended(result, err, nil)
	return err
}

// proposal is one spend: by whom, on what, and for how much.
type proposal struct {
	caller   domain.Caller
	subject  ledger.Subject
	quantity int64
}

func (h *holder) newProposal() proposal {
	return proposal{
		caller: h.spender(), quantity: 2 * (1 + h.rng.Int64N(8)),
		subject: ledger.Subject{Type: wallet.SubjectProposal, ID: randomID(h.rng).String()},
	}
}

func (g *generator) spend(h *holder, p proposal, refusal error) (ledger.ID, error) {
	result, err := g.service.Spend(context.Background(), p.caller, wallet.Spend{
		Key: g.key(), Wallet: h.ref, Quantity: p.quantity, Subject: p.subject,
	})
	return g.intended(result, err, refusal)
}

// reverse undoes a journal; quantity 0 means all of it.
func (g *generator) reverse(h *holder, journal ledger.ID, quantity int64, reason string) error {
	result, err := g.service.Reverse(context.Background(), g.caller, wallet.Reverse{
		Key: g.key(), Transaction: wallet.TransactionRef{Wallet: h.ref, Journal: journal}, Quantity: quantity, Reason: reason,
	})
	_, err = g.intended(result, err, nil)
	return err
}

func (g *generator) freeze(h *holder, lift bool) error {
	what := wallet.Freeze{Key: g.key(), Wallet: h.ref, Lift: lift}
	if !lift {
		reasons := []string{"DISPUTE", "COMPLIANCE", "PLAN_LAPSED"}
		what.Reason = reasons[h.rng.IntN(len(reasons))]
		what.Note = "case " + strconv.Itoa(1000+h.rng.IntN(9000))
	}
	result, err := g.service.Freeze(context.Background(), g.caller, what)
	if _, err := g.intended(result, err, nil); err != nil {
		return err
	}
	h.frozen, h.attempts = !lift, 0
	return nil
}
