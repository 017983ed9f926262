package ledgertest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"purser/ledger"
)

// cloneState copies what a fold may change of a state. It never changes what
// the maps point to.
func cloneState(s *ledger.State) *ledger.State {
	c := *s
	c.Accounts, c.Lots, c.Places, c.ExpiredElsewhere = maps.Clone(s.Accounts), maps.Clone(s.Lots), maps.Clone(s.Places), maps.Clone(s.ExpiredElsewhere)
	c.Journals, c.Keys, c.Once, c.Rows = maps.Clone(s.Journals), maps.Clone(s.Keys), maps.Clone(s.Once), maps.Clone(s.Rows)
	c.Holds, c.HeldElsewhere, c.Unsealed = maps.Clone(s.Holds), maps.Clone(s.HeldElsewhere), slices.Clone(s.Unsealed)
	return &c
}

// reader fills the least state that Needs allows.
type reader struct {
	*rows
	needs *ledger.Needs
	state *ledger.State
	now   time.Time
	// apart are the places that are in the state for another reason than being first
	// in spend order: they count neither towards a demand nor as left out.
	apart map[placeKey]bool
}

// read returns the least state that Needs allows.
func (r *rows) read(needs *ledger.Needs) *ledger.State {
	state := ledger.NewState(r.book)
	state.Seq, state.LastPostedAt, state.ClosedThrough, state.Hash = r.seq, r.lastPostedAt, r.closed, r.head().Hash
	state.Unsealed = r.unsealed()
	read := &reader{rows: r, needs: needs, state: state, now: ledger.BatchTime(needs.Clock, r.lastPostedAt), apart: map[placeKey]bool{}}
	for _, id := range needs.Accounts {
		read.account(id)
	}
	for _, id := range needs.Journals {
		read.journal(id)
	}
	read.reversedPlaces()
	read.holds()
	read.transfers()
	for _, account := range needs.Whole {
		read.whole(account)
	}
	for account, demand := range needs.Demand {
		read.demand(account, demand)
	}
	for _, key := range needs.Keys {
		if stored, found := r.keys[key]; found {
			state.Keys[key] = stored
		}
	}
	for _, once := range needs.Once {
		if journal, found := r.once[once]; found {
			state.Once[once] = journal
		}
	}
	r.readDomain(needs, state)
	return state
}

func (r *rows) readDomain(needs *ledger.Needs, state *ledger.State) {
	for _, id := range needs.Rows {
		if row, found := r.domain[id]; found {
			state.Rows[id] = row
		}
	}
}

func (r *reader) account(id ledger.ID) {
	row, found := r.accounts[id]
	if !found {
		return
	}
	for key, limit := range r.limits {
		if key.account == id {
			row.Limits = append(row.Limits, limit)
		}
	}
	r.state.Accounts[id] = &row
}

// journal reads a journal that may be reversed: its record, and every account it
// posted to.
func (r *reader) journal(id ledger.ID) {
	at := slices.IndexFunc(r.journals, func(j ledger.Journal) bool { return j.ID == id })
	if at < 0 {
		return
	}
	record := &ledger.Record{Journal: r.journals[at], Movements: r.movementsOf(id)}
	r.state.Journals[id] = record
	for _, journal := range r.journals {
		if journal.Reverses == id {
			addReversal(record, journal.Quantity, r.movementsOf(journal.ID))
		}
	}
	for _, posting := range r.postings {
		if posting.Journal == id {
			r.account(posting.Debit)
			r.account(posting.Credit)
		}
	}
}

func (r *rows) movementsOf(journal ledger.ID) []ledger.Movement {
	var movements []ledger.Movement
	for _, row := range r.movements {
		if row.Journal == journal {
			movements = append(movements, row.Movement)
		}
	}
	return movements
}

// addReversal adds what a reversal gave back or took back. What a reversal takes
// away again, of a lot that had expired, undoes nothing.
func addReversal(record *ledger.Record, quantity int64, movements []ledger.Movement) {
	record.Reversed += quantity
	if record.Undone == nil {
		record.Undone = map[ledger.ID]ledger.Undone{}
	}
	for _, m := range undoing(record.Movements, movements) {
		sum := record.Undone[m.Lot]
		record.Undone[m.Lot] = ledger.Undone{Quantity: sum.Quantity + magnitude(m.Quantity), Basis: sum.Basis + magnitude(m.Basis), Tax: sum.Tax + magnitude(m.Tax)}
	}
}

// undoing returns the movements of a reversal that go against those of its original:
// what a consumption took comes in, what an issue brought goes out.
func undoing(original, reversal []ledger.Movement) []ledger.Movement {
	signs := make(map[ledger.ID]bool, len(original))
	for _, m := range original {
		signs[m.Lot] = m.Quantity > 0
	}
	var undone []ledger.Movement
	for _, m := range reversal {
		if issued, known := signs[m.Lot]; !known || issued == (m.Quantity < 0) {
			undone = append(undone, m)
		}
	}
	return undone
}

func magnitude(v int64) int64 { return max(v, -v) }

// reversedPlaces reads the places that the state's journals moved units of, with
// their lots.
func (r *reader) reversedPlaces() {
	for _, record := range r.state.Journals {
		for _, m := range record.Movements {
			r.placeApart(placeKey{m.Lot, m.Account, m.Hold})
		}
	}
}

// placeApart reads a place, empty or not, once.
func (r *reader) placeApart(key placeKey) {
	if !r.apart[key] {
		r.apart[key] = true
		r.place(key, r.places[key])
	}
}

func (r *reader) place(key placeKey, quantity int64) {
	lot := r.lots[key.lot]
	r.state.Lots[key.lot] = &lot
	r.state.AddPlace(ledger.Place{Lot: key.lot, Account: key.account, Hold: key.hold, Quantity: quantity})
}

// demand reads, in spend order, the unexpired places of an account until they cover
// what is demanded.
func (r *reader) demand(account ledger.ID, demand int64) {
	var order []ledger.Lot
	for key := range r.places {
		if key.account == account && !r.apart[key] {
			order = append(order, r.lots[key.lot])
		}
	}
	slices.SortFunc(order, spendOrder)
	for _, lot := range order {
		key := placeKey{lot: lot.ID, account: account}
		switch quantity := r.places[key]; {
		case expired(lot, r.now):
			r.state.ExpiredElsewhere[account] += quantity
		case demand > 0:
			r.place(key, quantity)
			demand -= quantity
		}
	}
}

// whole reads all places of an account that hold something. Those that were read
// for another reason are in the state already.
func (r *reader) whole(account ledger.ID) {
	for key, quantity := range r.places {
		if key.account == account && quantity > 0 && !r.apart[key] {
			r.place(key, quantity)
		}
	}
}

// spendOrder states the order of spending (I10) a second time, independently of
// the fold: a lot that never expires counts as expiring after all others.
func spendOrder(a, b ledger.Lot) int {
	expiry := func(l ledger.Lot) int64 {
		if l.ExpiresAt.IsZero() {
			return 1<<63 - 1
		}
		return l.ExpiresAt.UnixMicro()
	}
	return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(expiry(a), expiry(b)), compareIDs(a.ID, b.ID))
}

// expired says a second time when a lot's units may no longer leave an account in
// which they expire: from its expiry on, or where it has grace from the later end.
func expired(lot ledger.Lot, now time.Time) bool {
	if lot.ExpiresAt.IsZero() || now.Before(lot.ExpiresAt) {
		return false
	}
	return lot.GraceUntil.IsZero() || !now.Before(lot.GraceUntil)
}
