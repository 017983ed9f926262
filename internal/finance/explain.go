package finance

import (
	"context"
	"errors"
	"fmt"

	"purser/internal/domain"
	"purser/ledger"
)

// Ledger is what the service needs of the ledger; *ledger.Ledger is one.
type Ledger interface {
	domain.Poster
	// Explain returns ledger.ErrAccountMissing, or what storage returns for a read
	// that failed.
	Explain(ctx context.Context, book ledger.BookID, account ledger.ID) (*ledger.Explanation, error)
}

// AccountName is how people name an account of a book.
type AccountName struct {
	Book      ledger.BookID
	Code      string
	Commodity ledger.Commodity
}

// ID returns the account's id, whether there is such an account or not.
func (n AccountName) ID() ledger.ID { return ledger.AccountID(n.Book, n.Code, n.Commodity) }

// Account is what never changes of an account.
type Account struct {
	Class        string
	CreditNormal bool
}

// Explanation says why an account can give what it can give. Its amounts are on the
// account's normal side.
type Explanation struct {
	Normal Account
	ledger.Explanation
}

// Explain returns what stands behind an account's balance. It wraps
// domain.ErrNotFound for an account that does not exist.
func (s *Service) Explain(ctx context.Context, name AccountName) (*Explanation, error) {
	account, err := s.directory.Account(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", name.Code, err)
	}
	explained, err := s.ledger.Explain(ctx, name.Book, name.ID())
	if errors.Is(err, ledger.ErrAccountMissing) {
		err = fmt.Errorf("%w: %w", domain.ErrNotFound, err)
	}
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", name.Code, err)
	}
	return &Explanation{Normal: account, Explanation: *explained}, nil
}
