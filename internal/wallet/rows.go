package wallet

import (
	"strings"
	"time"

	"purser/ledger"
)

// Kinds of effects, by which storage registers its writes.
const (
	EffectWallet     = "wallet"
	EffectFreeze     = "wallet_freeze"
	EffectMembership = "membership"
	EffectSpend      = "wallet_spend"
)

// Kind says whose use a wallet serves.
type Kind string

// The kinds of wallets: a person's own, an organisation's pool, and a part of an
// organisation's units that is set aside for the use of one of its members.
const (
	KindFreelancer Kind = "FREELANCER"
	KindAgency     Kind = "AGENCY"
	KindMember     Kind = "MEMBER"
)

// Row is a wallet as stored. Its status is its account's.
type Row struct {
	ID       ledger.ID
	Owner    ledger.ID
	Kind     Kind
	Member   ledger.ID // NilID unless of KindMember
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

// SpendProjection returns the effect that counts a journal's spend. Every command
// that consumes units of a wallet's lots, or gives them back, carries it, also
// those of other domains.
func SpendProjection() ledger.Effect { return spendEffect{} }

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
