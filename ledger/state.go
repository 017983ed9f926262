package ledger

import (
	"slices"
	"time"
)

// AccountState is an account with its balance.
type AccountState struct {
	Account Account
	Balance Balance
}

// RowID identifies a domain row that a guard checks.
type RowID struct {
	Kind string
	ID   string
}

// State is what the fold may see of one book: the parts that a batch's commands
// need, as they stand at the book's head. The in-memory model holds a whole
// book in one.
type State struct {
	Book         BookID
	Seq          int64
	LastPostedAt time.Time
	// DatabaseTime is the storage's own clock, read between the batch being
	// sent and the state arriving; zero where storage has none.
	DatabaseTime time.Time
	// Now stamps every journal of the batch. See BatchTime.
	Now      time.Time
	Accounts map[ID]*AccountState
	Lots     map[ID]*Lot
	// Places lists, per account, where lot units are, in spend order. Except for
	// accounts that Needs wants whole it may leave out places beyond what the
	// batch can take, and expired ones, which are counted in ExpiredElsewhere.
	Places           map[ID][]Place
	ExpiredElsewhere map[ID]int64
	Journals         map[ID]*Record
	Keys             map[IdempotencyKey]StoredOutcome
	Once             map[string]ID
	Rows             map[RowID]any
}

// NewState returns an empty book.
func NewState(book BookID) *State {
	return &State{
		Book: book, Accounts: map[ID]*AccountState{}, Lots: map[ID]*Lot{}, Places: map[ID][]Place{},
		ExpiredElsewhere: map[ID]int64{}, Journals: map[ID]*Record{}, Keys: map[IdempotencyKey]StoredOutcome{},
		Once: map[string]ID{}, Rows: map[RowID]any{},
	}
}

// BatchTime returns the one instant of a batch: the process clock, but always
// after the book's previous batch, so that seq, posted_at and account versions
// agree in order (I18). Microseconds are what storage keeps.
func BatchTime(clock, lastPostedAt time.Time) time.Time {
	clock = clock.UTC().Truncate(time.Microsecond)
	if next := lastPostedAt.Add(time.Microsecond); next.After(clock) {
		return next.UTC()
	}
	return clock
}

// AddPlace records that quantity more units of lot are in account, keeping the
// spend order. Storage uses it to fill a state; lots must be added before their
// places.
func (s *State) AddPlace(account, lot ID, quantity int64) {
	s.Places[account] = addPlace(s.Places[account], account, lot, quantity, func(id ID) *Lot { return s.Lots[id] })
}

// addPlace returns places with quantity added to the lot's place. The slice may
// be changed in place.
func addPlace(places []Place, account, lot ID, quantity int64, lotOf func(ID) *Lot) []Place {
	this := lotOf(lot)
	at, found := slices.BinarySearchFunc(places, this, func(p Place, target *Lot) int {
		switch other := lotOf(p.Lot); {
		case p.Lot == target.ID:
			return 0
		case other.spentBefore(target):
			return -1
		default:
			return 1
		}
	})
	if found {
		places[at].Quantity += quantity
		return places
	}
	return slices.Insert(places, at, Place{Lot: lot, Account: account, Quantity: quantity})
}

// Advance makes the state what it is after delta: the next command of the batch
// is folded on it.
func (s *State) Advance(delta *Delta) {
	s.Seq = delta.Journal.Seq
	for id, account := range delta.accounts {
		s.Accounts[id] = account
	}
	for id, lot := range delta.lots {
		s.Lots[id] = lot
	}
	for id, places := range delta.places {
		s.Places[id] = places
	}
	if delta.Once != "" {
		s.Once[delta.Once] = delta.Journal.ID
	}
	for _, guard := range delta.guards {
		row := RowID{Kind: guard.Kind(), ID: guard.ID()}
		s.Rows[row] = guard.After(s.Rows[row], delta)
	}
	s.Journals[delta.Journal.ID] = &Record{Journal: delta.Journal, Movements: delta.Movements}
	if delta.Original != nil {
		s.recordReversal(delta)
	}
}

func (s *State) recordReversal(delta *Delta) {
	original := *delta.Original
	undone := make(map[ID]Undone, len(original.Undone)+len(delta.Movements))
	for lot, before := range original.Undone {
		undone[lot] = before
	}
	for _, movement := range delta.Movements {
		sum := undone[movement.Lot]
		undone[movement.Lot] = Undone{
			Quantity: sum.Quantity + max(movement.Quantity, -movement.Quantity),
			Basis:    sum.Basis + max(movement.Basis, -movement.Basis),
		}
	}
	original.Reversed += delta.Journal.Quantity
	original.Undone = undone
	s.Journals[original.Journal.ID] = &original
}
