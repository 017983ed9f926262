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
	// granted; calls fold exactly once with that state; and writes what fold
	// returns in the same database transaction. Nil writes mean that there is
	// nothing to commit.
	//
	// It returns nil only when the writes are durable. It wraps ErrRetry around
	// every fault after which the same batch may be submitted again, also when
	// it cannot know whether the commit happened: the keys, read again under the
	// lock, will tell. An error of fold comes back unchanged, with nothing
	// written. Any other error means that a command of the batch is at fault.
	Batch(ctx context.Context, needs *Needs, fold func(*State) (*Writes, error)) error
}

// Needs names the rows that a batch's commands may touch. Storage may return
// more, never less; what does not exist is left out of the state.
type Needs struct {
	Book BookID
	// Clock is the process clock when the batch was made. State.Now must be
	// BatchTime(Clock, State.LastPostedAt).
	Clock    time.Time
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
	Lots      []Lot   // that existed, with their new Remaining and BasisRemaining
	Places    []Place // with their new quantity
	Balances  []BalanceChange
	Days      []DayDelta
	Trial     []TrialDelta
	Keys      []KeyRow
	Once      []OnceRow
	Effects   []EffectRows
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

// DayDelta adds to an account's counters of one booking day.
type DayDelta struct {
	Account ID
	Day     Date
	Debits  int64
	Credits int64
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
