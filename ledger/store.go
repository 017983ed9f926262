package ledger

import (
	"context"
	"time"
)

// Store is what the ledger needs from storage. An implementation holds no rule:
// it locks, reads, writes and re-checks.
type Store interface {
	// Batch runs one batch of needs.Book: it locks the book's head, the only
	// lock among the book's writers, across processes; reads what needs names in
	// later statements, so that it sees everything committed before the lock was
	// granted; calls fold with that state; and writes what fold returns in the same
	// database transaction. Nil writes mean that there is nothing to commit.
	//
	// It may call fold before, on a state that it remembers, when it proves under
	// the lock that the head is still where that state was and that the clocks
	// agree (SkewMax), and that no key of needs was used before. When any of it is
	// not so, nothing is written and fold is called again: its last call counts.
	//
	// It returns nil only when the writes are durable. It wraps ErrRetry around
	// every fault after which the same batch may be submitted again, also when
	// it cannot know whether the commit happened: the keys, read again under the
	// lock, will tell. An error of fold comes back unchanged, with nothing
	// written. Any other error means that a command of the batch is at fault.
	Batch(ctx context.Context, needs *Needs, fold func(*State) (*Writes, error)) error

	// Read returns what needs names as it stands, all of it at one head of the book,
	// without a lock and without writing: State.Now is what a batch of this moment
	// would have.
	Read(ctx context.Context, needs *Needs) (*State, error)
}

// Needs names the rows that a batch's commands may touch. Storage may return
// more, never less; what does not exist is left out of the state.
type Needs struct {
	Book BookID
	// Clock is the process clock when the batch was made. State.Now must be
	// BatchTime(Clock, State.LastPostedAt).
	Clock time.Time
	// SkewMax is how far the database's clock may be off Clock when the fold does
	// not get to see DatabaseTime; 0 for any, with an injected clock.
	SkewMax  time.Duration
	Accounts []ID
	// Demand says, per lot-tracking account, how many units the batch could
	// take: unexpired places must be in the state, in spend order, until they
	// cover it. Places that Journals moved units of do not count towards the
	// cover, since a reversal earlier in the batch may empty them. Expired units
	// left out go into State.ExpiredElsewhere.
	Demand map[ID]int64
	// Whole lists lot-tracking accounts, none of them in Demand, all of whose
	// places that are not empty must be in the state with their lots, expired
	// ones included; nothing of such an account is in State.ExpiredElsewhere.
	// Units that move into an account need this as much as units that leave in
	// reverse order: Writes.Places holds final quantities, so that what a lot has
	// there already must be known.
	Whole []ID
	// Journals may be reversed: their Record, every account they posted to, and
	// every lot they moved with its place in the account they moved it in, empty
	// or not, must be in the state. Such a place may be one of Whole's too.
	Journals []ID
	Keys     []IdempotencyKey
	Once     []string
	Rows     []RowID
	// Holds must be in the state where they exist, each with its accounts and with
	// every place of its units and their lots; and so must be those lots' places,
	// empty or not, in the hold's own Account, as with Journals. The same is needed,
	// unnamed, of the open holds on an account of Demand or Whole that have expired
	// by the batch's time: a command may release them first. What the other open
	// holds on such an account have left goes into State.HeldElsewhere.
	Holds []ID
	// HoldsOf lists accounts all of whose open holds must be in the state, as rows
	// alone; nothing of such an account is in State.HeldElsewhere.
	HoldsOf []ID
	// Transfers move units from an account to another wallet: the lots of that
	// wallet that stem from a root of the units, or may, must be in the state with
	// their places in its accounts named here.
	Transfers []Transfer
}

// Transfer names an account that units leave and the wallet that receives them, in
// the account To.
type Transfer struct {
	From   ID
	To     ID
	Wallet ID
}

// Writes is everything a batch adds, as final values: the columns of the
// statements to run.
type Writes struct {
	Book      BookID
	FirstSeq  int64 // of the journals; LastSeq < FirstSeq when there are none
	LastSeq   int64
	PostedAt  time.Time
	Opened    []Account
	Journals  []Journal
	Postings  []JournalPosting
	Movements []JournalMovement
	NewLots   []Lot
	Lots      []Lot   // that existed: Remaining, BasisRemaining and TaxRemaining are new, of a child also Granted, Basis and Tax, and GraceUntil
	Places    []Place // with their new quantity
	Balances  []BalanceChange
	BackDated []BackDated
	Trial     []TrialDelta
	Keys      []KeyRow
	Once      []OnceRow
	Effects   []EffectRows
	NewHolds  []Hold
	Holds     []Hold // that existed, with their new Reserved, Captured, Released, Status and ClosedAt
	Limits    []LimitChange
	Periods   []PeriodChange
	// Root is over the leaves of the batch's journals, those of State.Unsealed
	// before them, and Hash the new head of the chain. Both are zero when the batch
	// has no journal.
	Root Hash
	Hash Hash
}

// JournalPosting is a posting with the journal it belongs to.
type JournalPosting struct {
	Journal ID
	Posting
}

// JournalMovement is a lot movement with the journal it belongs to.
type JournalMovement struct {
	Journal ID
	Movement
}

// BalanceChange is an account's balance after the batch. The stored version
// must be VersionBefore: a mismatch means that someone wrote past the head lock
// and must fail the database transaction.
type BalanceChange struct {
	Account       ID
	VersionBefore int64
	Balance       Balance
}

// BackDated adds to what an account's postings of one day booked on another one,
// which is earlier as a rule: as it stood at the end of a booking day, an account has
// the balance that it had by then, with what was booked on that day or before since.
type BackDated struct {
	Account  ID
	PostedOn Date // Writes.PostedAt's
	BookedOn Date
	Debits   int64
	Credits  int64
}

// TrialDelta adds to one line of the book's trial balance of one booking day.
type TrialDelta struct {
	Class     string
	Commodity Commodity
	Day       Date
	Debits    int64
	Credits   int64
}

// KeyRow stores a command's outcome beside its key.
type KeyRow struct {
	Key    IdempotencyKey
	Stored StoredOutcome
}

// OnceRow stores that a once key was used by a journal.
type OnceRow struct {
	Once    string
	Journal ID
}

// EffectRows are the rows of one effect kind, in the order of their commands.
type EffectRows struct {
	Kind string
	Rows []any
}
