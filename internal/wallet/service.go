package wallet

import (
	"context"
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Directory is what commands need to know before they are posted: facts that
// never change once true. Every other check of stored state is the ledger's.
type Directory interface {
	// Page tells whether the caller reaches a wallet.
	Page(ctx context.Context, caller domain.Caller, request PageRequest) (*Page, error)
	// Owner returns an owner's row; domain.ErrNotFound when there is none.
	Owner(ctx context.Context, id ledger.ID) (domain.OwnerRow, error)
}

// Service turns requests into ledger commands. Its methods return domain.ErrNotFound
// for a wallet that is not the caller's, a *ValidationError for a request that
// could never be accepted, the ledger's faults, and otherwise an outcome that
// may hold a refusal.
type Service struct {
	ledger    domain.Poster
	directory Directory
	clock     func() time.Time
	newID     func() ledger.ID
}

// NewService returns a Service. newID makes UUIDv7s.
func NewService(poster domain.Poster, directory Directory, clock func() time.Time, newID func() ledger.ID) *Service {
	return &Service{ledger: poster, directory: directory, clock: clock, newID: newID}
}

// Result is an outcome with the wallet it concerns.
type Result struct {
	Outcome ledger.Outcome
	Wallet  Ref
	Access  Access
}

// post finds the wallet as the caller reaches it and posts one command on it.
func (s *Service) post(ctx context.Context, caller domain.Caller, ref Ref, mutation, key string, input ledger.Arguments, fill func(*ledger.Command, Wallet)) (Result, error) {
	page, err := s.directory.Page(ctx, caller, PageRequest{Refs: []Ref{ref}})
	if err != nil {
		return Result{}, fmt.Errorf("%s on wallet %s: %w", mutation, ref.ID, err)
	}
	if len(page.Wallets) == 0 {
		return Result{}, fmt.Errorf("%s on wallet %s: %w", mutation, ref.ID, domain.ErrNotFound)
	}
	return s.postOn(ctx, caller, page.Wallets[0], mutation, key, input, fill)
}

// postOn posts one command on a wallet that the caller reaches.
func (s *Service) postOn(ctx context.Context, caller domain.Caller, w Wallet, mutation, key string, input ledger.Arguments, fill func(*ledger.Command, Wallet)) (Result, error) {
	command := caller.Command(w.Book, s.newID(), domain.Request{Mutation: mutation, Key: key, Owner: w.Owner, Input: input})
	fill(&command, w)
	outcome, err := s.ledger.Post(ctx, command)
	if err != nil {
		return Result{}, fmt.Errorf("%s on wallet %s: %w", mutation, w.ID, err)
	}
	return Result{Outcome: outcome, Wallet: w.Ref, Access: w.Access}, nil
}
