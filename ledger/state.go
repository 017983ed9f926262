package ledger

import (
	"bytes"
	"maps"
	"slices"
	"time"
)

// AccountState is an account with its balance.
type AccountState struct {
	Account Account
	Balance Balance
	// Limits of the account, one per window.
	Limits []Limit
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
	Holds            map[ID]*Hold
	// HeldElsewhere is, per account, what the open holds on it that are left out of
	// Holds have left.
	HeldElsewhere map[ID]int64
	// ClosedThrough is the last closed day of the book; zero when no period is.
	ClosedThrough Date
	// Hash is the chain's head; zero before the first link. Unsealed are the leaves
	// of the journals after it, oldest first: empty but for a book that an older
	// version wrote to.
	Hash     Hash
	Unsealed []Hash
	// Unchained says that storage keeps no chain of the book: only a bench's does not,
	// to tell what the chain costs.
	Unchained bool
}

// NewState returns an empty book.
func NewState(book BookID) *State {
	return &State{
		Book: book, Accounts: map[ID]*AccountState{}, Lots: map[ID]*Lot{}, Places: map[ID][]Place{},
		ExpiredElsewhere: map[ID]int64{}, Journals: map[ID]*Record{}, Keys: map[IdempotencyKey]StoredOutcome{},
		Once: map[string]ID{}, Rows: map[RowID]any{}, Holds: map[ID]*Hold{}, HeldElsewhere: map[ID]int64{},
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

// AddPlace records more units of a lot in a place, keeping the spend order. Storage
// uses it to fill a state; lots must be added before their places.
func (s *State) AddPlace(place Place) {
	s.Places[place.Account] = addPlace(s.Places[place.Account], place, func(id ID) *Lot { return s.Lots[id] })
}

// addPlace returns places with the quantity added to the place of the same lot and
// hold. The slice may be changed in place.
func addPlace(places []Place, place Place, lotOf func(ID) *Lot) []Place {
	this := lotOf(place.Lot)
	at, found := slices.BinarySearchFunc(places, place, func(p, target Place) int {
		switch other := lotOf(p.Lot); {
		case p.Lot == target.Lot:
			return bytes.Compare(p.Hold[:], target.Hold[:])
		case other.spentBefore(this):
			return -1
		default:
			return 1
		}
	})
	if found {
		places[at].Quantity += place.Quantity
		return places
	}
	return slices.Insert(places, at, place)
}

// copy returns a state that can be advanced while this one stays.
func (s *State) copy() *State {
	c := *s
	c.Accounts, c.Lots, c.Places, c.ExpiredElsewhere = maps.Clone(s.Accounts), maps.Clone(s.Lots), maps.Clone(s.Places), maps.Clone(s.ExpiredElsewhere)
	c.Journals, c.Keys, c.Once, c.Rows = maps.Clone(s.Journals), maps.Clone(s.Keys), maps.Clone(s.Once), maps.Clone(s.Rows)
	c.Holds, c.HeldElsewhere = maps.Clone(s.Holds), maps.Clone(s.HeldElsewhere)
	return &c
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
	if delta.Hold != nil {
		s.Holds[delta.Hold.ID] = delta.Hold
	}
	if delta.Period != nil {
		s.ClosedThrough = delta.Period.ClosedThrough
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
		if sum := undone[movement.Lot]; original.undoneBy(movement) {
			undone[movement.Lot] = Undone{
				Quantity: sum.Quantity + max(movement.Quantity, -movement.Quantity),
				Basis:    sum.Basis + max(movement.Basis, -movement.Basis),
				Tax:      sum.Tax + max(movement.Tax, -movement.Tax),
			}
		}
	}
	original.Reversed += delta.Journal.Quantity
	original.Undone = undone
	s.Journals[original.Journal.ID] = &original
}

// undoneBy reports whether a reversal's movement is the opposite of what the record
// did to the lot. A reversal may also take out units that came back too late, which
// undoes nothing.
func (r *Record) undoneBy(reversal Movement) bool {
	for _, movement := range r.Movements {
		if movement.Lot == reversal.Lot && (movement.Quantity < 0) != (reversal.Quantity < 0) {
			return true
		}
	}
	return false
}
