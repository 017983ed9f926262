package domain

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"time"

	"purser/ledger"
)

// GuardOwner reads an OwnerRow by its id, and EffectOwner inserts one unless the
// owner is known: their kinds, by which storage registers its reads and writes.
const (
	GuardOwner  = "owner"
	EffectOwner = "owner"
)

// Reasons with which the guards on owners refuse.
const (
	ReasonOwnerDiffers    = "OWNER_DIFFERS"
	ReasonNotOrganisation = "NOT_AN_ORGANISATION"
)

// ownerBooks is how many books take owners; they are numbered from 1, and the
// migration that creates book_heads has the same number.
const ownerBooks = 4

// OwnerKind says what an owner is.
type OwnerKind string

// The kinds of owners.
const (
	OwnerParty        OwnerKind = "PARTY"
	OwnerOrganisation OwnerKind = "ORGANISATION"
)

// OwnerRow is a party or an organisation as the ledger knows it: a pseudonym
// with the book it is assigned to for life.
type OwnerRow struct {
	ID           ledger.ID
	Book         ledger.BookID
	Kind         OwnerKind
	Jurisdiction string // ISO 3166-1 alpha-2
	TimeZone     string // IANA name
	CreatedAt    time.Time
}

// Owners finds the facts about owners, which never change once true.
type Owners interface {
	// Owner returns an owner's row; ErrNotFound when there is none.
	Owner(ctx context.Context, id ledger.ID) (OwnerRow, error)
}

// BookOf returns the book an owner is in, or would be assigned to by the first
// thing they own. Its errors are those of the read.
func BookOf(ctx context.Context, owners Owners, owner ledger.ID) (ledger.BookID, error) {
	row, err := owners.Owner(ctx, owner)
	switch {
	case err == nil:
		return row.Book, nil
	case errors.Is(err, ErrNotFound):
		return AssignBook(owner), nil
	default:
		return 0, err
	}
}

// AssignBook spreads new owners over the books. It only matters once an owner:
// the assignment is stored, and stays when the number of books changes.
func AssignBook(owner ledger.ID) ledger.BookID {
	hash := fnv.New64a()
	_, _ = hash.Write(owner[:]) // a hash never fails
	return ledger.BookID(1 + binary.BigEndian.Uint64(hash.Sum(nil))%ownerBooks)
}

// RecordOwner is the effect that makes an owner known. One who is known already
// stays as they are: the OwnerIs guard has compared them.
type RecordOwner struct{ Owner OwnerRow }

// Kind implements ledger.Effect.
func (RecordOwner) Kind() string { return EffectOwner }

// Row implements ledger.Effect: it is an OwnerRow.
func (e RecordOwner) Row(accepted *ledger.Delta) any {
	row := e.Owner
	row.CreatedAt = accepted.Journal.PostedAt
	return row
}

// OwnerIs is the guard that refuses, with ReasonOwnerDiffers and the facts on
// record, an owner who is known with other facts: they are assigned once, and a
// caller who thinks otherwise must be told.
type OwnerIs struct{ Owner OwnerRow }

// Kind implements ledger.Guard.
func (OwnerIs) Kind() string { return GuardOwner }

// ID implements ledger.Guard.
func (g OwnerIs) ID() string { return g.Owner.ID.String() }

// Check implements ledger.Guard.
func (g OwnerIs) Check(stored any) (string, ledger.Arguments) {
	owner, known := stored.(OwnerRow)
	if !known {
		return "", nil
	}
	owner.CreatedAt = g.Owner.CreatedAt // what storage added
	if owner == g.Owner {
		return "", nil
	}
	return ReasonOwnerDiffers, ledger.Arguments(nil).Text("kind", string(owner.Kind)).
		Text("jurisdiction", owner.Jurisdiction).Text("timeZone", owner.TimeZone)
}

// After implements ledger.Guard: the owner is known from now on.
func (g OwnerIs) After(stored any, _ *ledger.Delta) any {
	if stored != nil {
		return stored
	}
	return g.Owner
}

// IsOrganisation is the guard that requires an organisation that is known, and
// refuses with ReasonNotOrganisation.
type IsOrganisation struct{ Organisation ledger.ID }

// Kind implements ledger.Guard.
func (IsOrganisation) Kind() string { return GuardOwner }

// ID implements ledger.Guard.
func (g IsOrganisation) ID() string { return g.Organisation.String() }

// Check implements ledger.Guard.
func (IsOrganisation) Check(stored any) (string, ledger.Arguments) {
	if owner, known := stored.(OwnerRow); known && owner.Kind == OwnerOrganisation {
		return "", nil
	}
	return ReasonNotOrganisation, nil
}

// After implements ledger.Guard.
func (IsOrganisation) After(stored any, _ *ledger.Delta) any { return stored }
