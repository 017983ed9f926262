package ledger

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Explanation says why an account can give what it can give, at one instant of its
// book:
//
//	Posted    = what the postings say, and what its open holds have, without Expired
//	Held      = what its holds have left that have not expired
//	Available = Posted − Held
type Explanation struct {
	Account   Account
	Status    AccountStatus
	At        time.Time
	BookSeq   int64
	Debits    int64
	Credits   int64
	Version   int64
	Posted    int64
	Held      int64
	Available int64
	// Expired is what lots past their expiry, grace included, still have in the
	// account or in a hold that has expired: there, and of no use.
	Expired int64
	Holds   []Hold // open ones, soonest expiry first, those that have expired included
	Lots    []PlacedLot
	Limits  []Limit // as they stand at At; lifted ones left out
}

// PlacedLot is what an account has of a lot, itself or in a hold.
type PlacedLot struct {
	Lot      Lot
	Hold     ID // NilID for the account's own
	Quantity int64
	Expired  bool
}

// Explain returns what stands behind an account's balance. It returns an
// *AccountError that is ErrAccountMissing for an account the book does not have.
func (l *Ledger) Explain(ctx context.Context, book BookID, account ID) (*Explanation, error) {
	needs := &Needs{
		Book: book, Clock: l.config.Clock(), Accounts: []ID{account}, Whole: []ID{account}, HoldsOf: []ID{account}, Demand: map[ID]int64{},
	}
	for range explainReadsMax {
		state, err := l.config.Store.Read(ctx, needs)
		if err != nil {
			return nil, fmt.Errorf("explain account %s: %w", account, err)
		}
		current, found := state.Accounts[account]
		if !found {
			return nil, &AccountError{Account: account, code: codeAccountMissing}
		}
		named := len(needs.Holds)
		for _, hold := range state.openHolds(account) {
			if !slices.Contains(needs.Holds, hold.ID) {
				needs.Holds = append(needs.Holds, hold.ID)
			}
		}
		if len(needs.Holds) == named {
			return l.config.Rules.explain(state, current), nil
		}
	}
	return nil, fmt.Errorf("explain account %s: %w: holds are placed on it faster than they can be read", account, ErrRetry)
}

// explainReadsMax bounds how often an account is read: once for which holds there
// are, and once with their units, unless more were placed meanwhile.
const explainReadsMax = 5

func (s *State) openHolds(account ID) []*Hold {
	var open []*Hold
	for _, hold := range s.Holds {
		if hold.Account == account && hold.Status == HoldOpen {
			open = append(open, hold)
		}
	}
	return open
}

func (r *Rules) explain(s *State, account *AccountState) *Explanation {
	class := r.classes[account.Account.Class]
	e := &Explanation{
		Account: account.Account, Status: account.Balance.Status, At: s.Now, BookSeq: s.Seq,
		Debits: account.Balance.Debits, Credits: account.Balance.Credits, Version: account.Balance.Version,
		Posted: account.Balance.On(class.Normal),
	}
	free := map[ID]bool{NilID: true} // whose units are the account's to give
	for _, hold := range s.openHolds(account.Account.ID) {
		e.Holds, e.Posted = append(e.Holds, *hold), e.Posted+hold.Left()
		if free[hold.ID] = hold.ExpiredBy(s.Now); !free[hold.ID] {
			e.Held += hold.Left()
		}
	}
	slices.SortFunc(e.Holds, func(x, y Hold) int {
		return cmp.Or(compareExpiry(x.ExpiresAt, y.ExpiresAt), bytes.Compare(x.ID[:], y.ID[:]))
	})
	for _, places := range s.Places {
		e.addLots(s, class, places, free)
	}
	slices.SortFunc(e.Lots, func(x, y PlacedLot) int {
		switch {
		case x.Lot.ID == y.Lot.ID:
			return bytes.Compare(x.Hold[:], y.Hold[:])
		case x.Lot.spentBefore(&y.Lot):
			return -1
		default:
			return 1
		}
	})
	e.Posted -= e.Expired
	e.Available = e.Posted - e.Held
	for _, limit := range account.Limits {
		if limit.Maximum >= 0 {
			e.Limits = append(e.Limits, limit.At(s.Now))
		}
	}
	return e
}

func (e *Explanation) addLots(s *State, class Class, places []Place, free map[ID]bool) {
	for _, place := range places {
		_, ours := free[place.Hold]
		if place.Quantity == 0 || !ours || place.Hold.IsZero() && place.Account != e.Account.ID {
			continue
		}
		lot := PlacedLot{Lot: *s.Lots[place.Lot], Hold: place.Hold, Quantity: place.Quantity}
		if lot.Expired = free[place.Hold] && !class.UsableAfterExpiry && lot.Lot.ExpiredBy(s.Now); lot.Expired {
			e.Expired += place.Quantity
		}
		e.Lots = append(e.Lots, lot)
	}
}

// compareExpiry orders instants, never last.
func compareExpiry(x, y time.Time) int {
	if x.IsZero() != y.IsZero() {
		if x.IsZero() {
			return 1
		}
		return -1
	}
	return x.Compare(y)
}
