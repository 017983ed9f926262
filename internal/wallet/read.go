package wallet

import (
	"context"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Ref names a wallet: its book is where to look, never a right to see it.
type Ref struct {
	Book ledger.BookID
	ID   ledger.ID
}

// Wallet is a wallet with its owner's facts, as one caller reaches it.
type Wallet struct {
	Ref
	Owner        ledger.ID
	Kind         Kind
	Member       ledger.ID // whose use a MEMBER wallet is for; NilID for other kinds
	Status       ledger.AccountStatus
	FreezeReason string
	FrozenAt     time.Time
	Jurisdiction string
	TimeZone     string
	OpenedAt     time.Time
	Access       Access
	// Entries counts the postings on the available account: the length of the
	// wallet's history, kept by the account's version at no cost.
	Entries int64
	// BookSeq is the book's head in the snapshot the wallet was read from.
	BookSeq int64
}

// Axis says which time a past balance is asked by.
type Axis string

// The axes: by the instant of posting, or by the end of the UTC day booked on.
const (
	AxisPosted Axis = "POSTED"
	AxisBooked Axis = "BOOKED"
)

// BalanceQuery asks for a balance; a zero AsOf means now.
type BalanceQuery struct {
	AsOf time.Time
	Axis Axis
}

// Balance is a wallet's balance in Connects. Posted = Available + Held. Units
// past their expiry count in none of them now, and what an expired hold has left
// counts as available, although both are booked only when somebody needs them. A past
// balance says what the journal said.
type Balance struct {
	Posted    int64
	Held      int64
	Available int64
	Escrow    int64
	Debt      int64
	AsOf      time.Time
	// Basis is the value of the available units at cost basis, per money. It is
	// empty in a past balance, and for a member, who is not shown it.
	Basis map[ledger.Commodity]int64
}

// Direction of a page through a list.
type Direction uint8

// The directions: first/after and last/before.
const (
	Forward Direction = iota
	Backward
)

// LotState says whether a lot can still be spent from.
type LotState string

// The states of a lot.
const (
	LotActive    LotState = "ACTIVE"
	LotExhausted LotState = "EXHAUSTED"
	LotExpired   LotState = "EXPIRED"
)

// LotKey is a position in the spend order.
type LotKey struct {
	Priority  int32
	ExpiresAt time.Time // zero: never
	Lot       ledger.ID
}

// LotsQuery asks for a page of a wallet's lots in spend order. Limit counts the
// rows wanted; readers fetch one more to know whether there is another page.
type LotsQuery struct {
	State     LotState // "" for all
	Direction Direction
	Limit     int
	HasKey    bool
	Key       LotKey
}

// Lot is a lot as the wallet page shows it.
type Lot struct {
	ledger.Lot
	Book  ledger.BookID
	State LotState
}

// LotPage is a page of lots in spend order, also when read backward.
type LotPage struct {
	Lots []Lot
	More bool // in the direction of reading
}

// ExpiringQuery asks what expires in the coming days.
type ExpiringQuery struct{ WithinDays int }

// Expiring is the forecast: per local day of the owner's zone and origin.
type Expiring struct {
	Total   int64
	Buckets []ExpiringBucket
}

// ExpiringBucket is the units of one origin that expire on one local day.
type ExpiringBucket struct {
	Date   ledger.Date
	Origin ledger.Origin
	Amount int64
}

// HoldsQuery asks for a page of a wallet's holds, newest first.
type HoldsQuery struct {
	Status    ledger.HoldStatus // "" for all
	Direction Direction
	Limit     int
	HasKey    bool
	Key       ledger.ID // of a hold
}

// Hold is a hold as its wallet shows it: one that has expired is shown as closed from
// that instant on, and what it had left as released, also before anybody booked it.
type Hold struct {
	ledger.Hold
	Book ledger.BookID
}

// Ref names the hold as commands on it do.
func (h Hold) Ref() HoldRef {
	return HoldRef{ID: h.ID, Wallet: Ref{Book: h.Book, ID: h.Wallet}, Purpose: Purpose(h.Purpose)}
}

// HoldPage is a page of holds, newest first, also when read backward.
type HoldPage struct {
	Holds []Hold
	More  bool // in the direction of reading
}

// HoldName names a hold to read.
type HoldName struct {
	Book ledger.BookID
	ID   ledger.ID
}

// HoldOfWallet is a hold with its wallet.
type HoldOfWallet struct {
	Hold   Hold
	Wallet Wallet
}

// TransactionKey is a position in the history of a wallet: version order.
type TransactionKey struct {
	PostedAt time.Time
	Version  int64
}

// TransactionFilter narrows a history. It is comparable, so that a query can be
// a key: Types is a bit set over TransactionTypes.
type TransactionFilter struct {
	Types  uint64
	Sign   int8 // +1 credits, -1 debits, 0 both
	HasMin bool
	Min    int64 // of the absolute amount
	HasMax bool
	Max    int64
	// Dates bounds the local day, in the owner's time zone, of the business event;
	// zero: unbounded. A preset means the dates that it names in that zone when the
	// page is read, by the process clock.
	Dates   domain.Range
	Subject ledger.Subject
}

// TransactionsQuery asks for a page of history, newest first.
type TransactionsQuery struct {
	Filter    TransactionFilter
	Direction Direction
	Limit     int
	HasKey    bool
	Key       TransactionKey
	// WithLots and WithLinks ask for what the page's rows refer to, read in the
	// same snapshot.
	WithLots  bool
	WithLinks bool
}

// TransactionRef names a journal as one wallet sees it.
type TransactionRef struct {
	Wallet  Ref
	Journal ledger.ID
}

// Transaction is a journal as one wallet sees it.
type Transaction struct {
	TransactionRef
	Key            TransactionKey
	Type           string
	Amount         int64 // signed: what the journal did to the available account
	RunningBalance int64
	EffectiveAt    time.Time
	Explanation    []byte
	Subject        ledger.Subject
	InitiatedBy    string
	Hold           ledger.ID   // that the journal moved; NilID for none
	Pending        bool        // it reserved units of a hold that is still open
	Reverses       ledger.ID   // NilID for none
	ReversedBy     []ledger.ID // oldest first, the latest 100 that the caller may see
	Reversed       int64       // units undone so far
	Lots           []LotMovement
}

// LotMovement is what a transaction did to one lot.
type LotMovement struct {
	Lot       ledger.ID
	Quantity  int64
	Origin    ledger.Origin
	ExpiresAt time.Time
	Basis     int64
	Money     ledger.Commodity
}

// TransactionPage is a page of history, newest first, also when read backward.
type TransactionPage struct {
	Transactions []Transaction
	// Linked holds the transactions of the same wallet that the page's rows
	// reverse or are reversed by; with WithLinks only.
	Linked []Transaction
	More   bool
}

// SpendQuery asks for consumption between two instants, per bucket of 15
// minutes of the business event.
type SpendQuery struct{ From, To time.Time }

// SpendPoint is what one bucket consumed, less what came back in it.
type SpendPoint struct {
	BucketAt time.Time
	Product  string
	Net      int64
}

// PageRequest asks for wallets and for sections of each, all from one snapshot.
type PageRequest struct {
	// Mine asks for every wallet the caller reaches as owner, admin or member,
	// at most WalletsMax; otherwise Refs are read.
	Mine         bool
	Refs         []Ref
	Balances     []BalanceQuery
	Lots         []LotsQuery
	Holds        []HoldsQuery
	Limits       []LimitsQuery
	Expiring     []ExpiringQuery
	Transactions []TransactionsQuery
	Spend        []SpendQuery
}

// WalletsMax bounds the wallets of one caller that a page lists.
const WalletsMax = 100

// Page is what a PageRequest found. Wallets the caller may not see are absent,
// exactly like those that do not exist; so are their sections.
type Page struct {
	Wallets []Wallet // in the order of Refs; for Mine own first, then by id
	// Sections holds, per wallet and query, a Balance, LotPage, HoldPage, []Limit (the
	// shortest window first), Expiring, TransactionPage or []SpendPoint.
	Sections map[SectionKey]any
	// Now is the instant of the snapshot, by the database's clock or later than
	// every journal in it.
	Now time.Time
}

// SectionKey names one section of one wallet's page; Query is one of the query
// types above, all comparable.
type SectionKey struct {
	Wallet Ref
	Query  any
}

// Reader is what dashboards read. Every method reads one snapshot in one round
// trip and shows only what the caller may see. Its errors mean that the answer
// is unknown; nothing is ever reported as zero because it failed.
type Reader interface {
	// Page reads wallets with sections; the number of statements depends on the
	// kinds and arguments of the sections, never on how many wallets or rows.
	Page(ctx context.Context, caller domain.Caller, request PageRequest) (*Page, error)
	// Lots returns the lots the caller may see, in no particular order.
	Lots(ctx context.Context, caller domain.Caller, refs []LotRef) ([]LotOfWallet, error)
	// Holds returns the holds the caller may see, in no particular order.
	Holds(ctx context.Context, caller domain.Caller, names []HoldName) ([]HoldOfWallet, error)
	// Transactions returns those the caller may see, with lots and links.
	Transactions(ctx context.Context, caller domain.Caller, refs []TransactionRef) ([]TransactionOfWallet, error)
	// Journals returns whole journals, for callers whose role may see any.
	Journals(ctx context.Context, refs []JournalRef) ([]JournalDetail, error)
	// TrialBalance sums every book's bookings up to and including a UTC day.
	TrialBalance(ctx context.Context, asOf ledger.Date) (*TrialBalance, error)
	// Owner returns an owner's row; domain.ErrNotFound when there is none.
	Owner(ctx context.Context, id ledger.ID) (domain.OwnerRow, error)
	// Heads returns the seq of every book.
	Heads(ctx context.Context) (map[ledger.BookID]int64, error)
}

// LotRef names a lot.
type LotRef struct {
	Book ledger.BookID
	ID   ledger.ID
}

// LotOfWallet is a lot with the wallet it belongs to.
type LotOfWallet struct {
	Lot    Lot
	Wallet Wallet
}

// TransactionOfWallet is a transaction with its wallet.
type TransactionOfWallet struct {
	Transaction Transaction
	Wallet      Wallet
}

// JournalRef names a journal.
type JournalRef struct {
	Book ledger.BookID
	ID   ledger.ID
}

// JournalDetail is a journal with all that it wrote.
type JournalDetail struct {
	ledger.Journal
	Postings   []PostingDetail
	Movements  []LotMovement
	ReversedBy []ledger.ID
	BookSeq    int64
}

// PostingDetail is a posting with its accounts' codes.
type PostingDetail struct {
	ledger.Posting
	DebitCode  string
	CreditCode string
}

// TrialBalance is what every book held at the end of a day, per class of
// account and commodity.
type TrialBalance struct {
	AsOf  ledger.Date
	Books []TrialBook
}

// TrialBook is one book's section.
type TrialBook struct {
	Book  ledger.BookID
	Seq   int64
	Lines []TrialLine
}

// TrialLine is one class of account. Balance is Debits − Credits.
type TrialLine struct {
	Class     string
	Commodity ledger.Commodity
	Debits    int64
	Credits   int64
}

// TransactionTypes are the types a history shows; TransactionFilter.Types is a
// bit set over their positions, which are stable.
var TransactionTypes = []string{
	TypePurchase, TypePlanGrant, TypePromoGrant, TypeBonusGrant, TypeCompensation,
	TypeProposal, TypeReturnJobClosed, TypeReturnTOS, TypeReversal,
	TypeCampaignFunded, TypeCampaignReleased,
	TypeHoldPlaced, TypeHoldReleased, TypeBoostCaptured, TypeLeaseCaptured, TypeExpiry, TypeTransferIn, TypeTransferOut,
}
