package wallet

import (
	"strings"
	"time"

	"purser/ledger"
)

// Kinds of guards and effects, by which storage registers its reads and writes.
const (
	GuardOwner       = "owner"
	EffectOwner      = "owner"
	EffectWallet     = "wallet"
	EffectFreeze     = "wallet_freeze"
	EffectMembership = "membership"
	EffectSpend      = "wallet_spend"
)

// OwnerKind says what an owner is.
type OwnerKind string

// The kinds of owners.
const (
	OwnerParty        OwnerKind = "PARTY"
	OwnerOrganisation OwnerKind = "ORGANISATION"
)

// Kind says whose use a wallet serves.
type Kind string

// The kinds of wallets: a person's own, and an organisation's pool.
const (
	KindFreelancer Kind = "FREELANCER"
	KindAgency     Kind = "AGENCY"
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

// Row is a wallet as stored. Its status is its account's.
type Row struct {
	ID       ledger.ID
	Owner    ledger.ID
	Kind     Kind
	OpenedAt time.Time
}

// FreezeRow sets or, with an empty reason, clears why a wallet is frozen.
type FreezeRow struct {
	Wallet ledger.ID
	Reason string
	At     time.Time
}

// MembershipRow starts or ends a party's role in an organisation.
type MembershipRow struct {
	Party        ledger.ID
	Organisation ledger.ID
	Role         string
	Active       bool
	At           time.Time
}

// SpendRow adds to the consumption of a wallet's lots in one quarter of an hour
// (UTC) of the business event.
type SpendRow struct {
	Wallet      ledger.ID
	BucketAt    time.Time
	Product     string
	InitiatedBy string
	Consumed    int64
	Returned    int64
}

// spendBucket is the grain at which spend is counted: every time zone's days
// are whole numbers of it.
const spendBucket = 15 * time.Minute

type ownerEffect struct{ row OwnerRow }

func (ownerEffect) Kind() string { return EffectOwner }

// Row leaves out an owner that is there already; the guard has compared them.
func (e ownerEffect) Row(accepted *ledger.Delta) any {
	row := e.row
	row.CreatedAt = accepted.Journal.PostedAt
	return row
}

type walletEffect struct{ row Row }

func (walletEffect) Kind() string { return EffectWallet }

func (e walletEffect) Row(accepted *ledger.Delta) any {
	row := e.row
	row.OpenedAt = accepted.Journal.PostedAt
	return row
}

type freezeEffect struct {
	wallet ledger.ID
	reason string
}

func (freezeEffect) Kind() string { return EffectFreeze }

func (e freezeEffect) Row(accepted *ledger.Delta) any {
	return FreezeRow{Wallet: e.wallet, Reason: e.reason, At: accepted.Journal.PostedAt}
}

type membershipEffect struct{ row MembershipRow }

func (membershipEffect) Kind() string { return EffectMembership }

func (e membershipEffect) Row(accepted *ledger.Delta) any {
	row := e.row
	row.At = accepted.Journal.PostedAt
	return row
}

// spendEffect adds what SpendOf counts.
type spendEffect struct{}

func (spendEffect) Kind() string { return EffectSpend }

func (spendEffect) Row(accepted *ledger.Delta) any {
	row, counts := SpendOf(accepted)
	if !counts {
		return nil
	}
	return row
}

// SpendOf counts the units that a journal consumed from a wallet's lots, or gave
// back to them; ok is false when it did neither. A return counts for whoever
// spent. It is the one definition of the spend projection, written as an effect
// and re-derived by verification (I22).
func SpendOf(accepted *ledger.Delta) (row SpendRow, ok bool) {
	row = SpendRow{
		Wallet: accepted.Journal.Wallet, BucketAt: accepted.Journal.EffectiveAt.Truncate(spendBucket),
		InitiatedBy: accepted.Journal.InitiatedBy,
	}
	if accepted.Original != nil {
		row.InitiatedBy = accepted.Original.Journal.InitiatedBy
	}
	for _, posting := range accepted.Postings {
		debit, _ := accepted.Account(posting.Debit)
		credit, _ := accepted.Account(posting.Credit)
		if product, consumes := strings.CutPrefix(credit.Account.Class, classConsumed); consumes {
			row.Product, row.Consumed = product, row.Consumed+posting.Amount
		}
		if product, returns := strings.CutPrefix(debit.Account.Class, classConsumed); returns {
			row.Product, row.Returned = product, row.Returned+posting.Amount
		}
	}
	return row, row.Product != ""
}

// classConsumed begins the classes of units used up, one a product.
const classConsumed = "CONSUMED:"

// ownerGuard refuses a wallet for an owner who is known with other facts: they
// are assigned once, and a caller who thinks otherwise must be told.
type ownerGuard struct{ row OwnerRow }

func (ownerGuard) Kind() string { return GuardOwner }

func (g ownerGuard) ID() string { return g.row.ID.String() }

func (g ownerGuard) Check(stored any) (string, ledger.Arguments) {
	owner, known := stored.(OwnerRow)
	if !known {
		return "", nil
	}
	if owner.Kind == g.row.Kind && owner.Jurisdiction == g.row.Jurisdiction && owner.TimeZone == g.row.TimeZone && owner.Book == g.row.Book {
		return "", nil
	}
	return ReasonOwnerDiffers, ledger.Arguments(nil).Text("kind", string(owner.Kind)).
		Text("jurisdiction", owner.Jurisdiction).Text("timeZone", owner.TimeZone)
}

func (g ownerGuard) After(stored any) any {
	if stored != nil {
		return stored
	}
	return g.row
}

// organisationGuard requires an organisation that is known.
type organisationGuard struct{ id ledger.ID }

func (organisationGuard) Kind() string { return GuardOwner }

func (g organisationGuard) ID() string { return g.id.String() }

func (g organisationGuard) Check(stored any) (string, ledger.Arguments) {
	if owner, known := stored.(OwnerRow); known && owner.Kind == OwnerOrganisation {
		return "", nil
	}
	return ReasonNotOrganisation, nil
}

func (organisationGuard) After(stored any) any { return stored }

// Reasons with which guards of this package refuse.
const (
	ReasonOwnerDiffers    = "OWNER_DIFFERS"
	ReasonNotOrganisation = "NOT_AN_ORGANISATION"
)
