// Package domain is what the domain packages have in common: who asks, why a
// request is refused before it reaches the ledger, and how a journal explains
// itself. It has no rule of a wallet or of a campaign, only what the two must know of
// each other (Commitments).
package domain

import (
	"context"
	"errors"

	"purser/ledger"
)

// ErrNotFound is returned for an object that does not exist or that the caller
// may not see: the two are never told apart.
var ErrNotFound = errors.New("domain: not found")

// ErrUnavailable is wrapped by readers around every failed read that says nothing
// about the data: the storage is away, overloaded or too slow. The read may be
// repeated.
var ErrUnavailable = errors.New("domain: storage did not answer")

// Poster is the ledger: the only writer of value.
type Poster interface {
	// Post returns a decision, or a fault as ledger.Ledger.Post documents.
	Post(ctx context.Context, c ledger.Command) (ledger.Outcome, error)
}

// Caller is who asks. Roles only open doors; which objects are behind them is in
// the database.
type Caller struct {
	// Principal identifies the caller in journals and idempotency keys:
	// "party:<uuid>", "service:<name>" or "staff:<name>".
	Principal string
	// Party is the caller's own pseudonym, NilID for services and staff.
	Party ledger.ID
	// OwnWallets and OwnAdAccounts let the caller act for what Party owns.
	OwnWallets    bool
	OwnAdAccounts bool
	// Memberships are the roles whose rows count for this caller: a claim
	// without its row, or a row without its claim, opens nothing.
	Memberships []string
	// All opens every object: finance and auditors to read, services to write.
	All bool
}

// Request is what identifies a mutation for its caller's retries: Owner is that of
// the command's target, Input the caller's own words without defaults.
type Request struct {
	Mutation string
	Key      string
	Owner    ledger.ID
	Input    ledger.Arguments
}

// Command begins the command of a request: its key, its fingerprint and who sent
// it. The caller adds what it does.
func (c Caller) Command(book ledger.BookID, id ledger.ID, r Request) ledger.Command {
	return ledger.Command{
		ID: id, Book: book, InitiatedBy: c.Principal, Fingerprint: ledger.FingerprintOf(r.Input),
		Key: ledger.IdempotencyKey{Key: r.Key, Scope: ledger.KeyScope{Principal: c.Principal, Mutation: r.Mutation, Owner: r.Owner}},
	}
}
