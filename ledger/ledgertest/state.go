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
	return &c
}

// read returns the least state that Needs allows.
func (r *rows) read(needs *ledger.Needs) *ledger.State {
	state := ledger.NewState(r.book)
	state.Seq, state.LastPostedAt = r.seq, r.lastPostedAt
	now := ledger.BatchTime(needs.Clock, r.lastPostedAt)
	for _, id := range needs.Accounts {
		r.readAccount(state, id)
	}
	for _, id := range needs.Journals {
		r.readJournal(state, id)
	}
	reversed := r.readReversedPlaces(state)
	for _, account := range needs.Whole {
		r.readWhole(state, account, reversed)
	}
	for account, demand := range needs.Demand {
		r.readDemand(state, account, demand, now, reversed)
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

func (r *rows) readAccount(state *ledger.State, id ledger.ID) {
	if row, found := r.accounts[id]; found {
		state.Accounts[id] = &row
	}
}

// readJournal reads a journal that may be reversed: its record, and every
// account it posted to.
func (r *rows) readJournal(state *ledger.State, id ledger.ID) {
	at := slices.IndexFunc(r.journals, func(j ledger.Journal) bool { return j.ID == id })
	if at < 0 {
		return
	}
	state.Journals[id] = &ledger.Record{Journal: r.journals[at], Movements: r.movementsOf(id)}
	for _, journal := range r.journals {
		if journal.Reverses == id {
			addReversal(state.Journals[id], journal.Quantity, r.movementsOf(journal.ID))
		}
	}
	for _, posting := range r.postings {
		if posting.Journal == id {
			r.readAccount(state, posting.Debit)
			r.readAccount(state, posting.Credit)
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

func addReversal(record *ledger.Record, quantity int64, movements []ledger.Movement) {
	record.Reversed += quantity
	if record.Undone == nil {
		record.Undone = map[ledger.ID]ledger.Undone{}
	}
	for _, m := range movements {
		sum := record.Undone[m.Lot]
		record.Undone[m.Lot] = ledger.Undone{Quantity: sum.Quantity + magnitude(m.Quantity), Basis: sum.Basis + magnitude(m.Basis)}
	}
}

func magnitude(v int64) int64 { return max(v, -v) }

// readReversedPlaces reads the places that the state's journals moved units of,
// with their lots, and returns which they are.
func (r *rows) readReversedPlaces(state *ledger.State) map[placeKey]bool {
	reversed := map[placeKey]bool{}
	for _, record := range state.Journals {
		for _, m := range record.Movements {
			if key := (placeKey{m.Lot, m.Account}); !reversed[key] {
				reversed[key] = true
				r.readPlace(state, key, r.places[key])
			}
		}
	}
	return reversed
}

func (r *rows) readPlace(state *ledger.State, key placeKey, quantity int64) {
	lot := r.lots[key.lot]
	state.Lots[key.lot] = &lot
	state.AddPlace(key.account, key.lot, quantity)
}

// readDemand reads, in spend order, the unexpired places of an account until
// they cover demand.
func (r *rows) readDemand(state *ledger.State, account ledger.ID, demand int64, now time.Time, reversed map[placeKey]bool) {
	var order []ledger.Lot
	for key := range r.places {
		if key.account == account && !reversed[key] {
			order = append(order, r.lots[key.lot])
		}
	}
	slices.SortFunc(order, spendOrder)
	for _, lot := range order {
		key := placeKey{lot.ID, account}
		switch quantity := r.places[key]; {
		case expired(lot, now):
			state.ExpiredElsewhere[account] += quantity
		case demand > 0:
			r.readPlace(state, key, quantity)
			demand -= quantity
		}
	}
}

// readWhole reads all places of an account that hold something. Those that
// reversals brought along are in the state already.
func (r *rows) readWhole(state *ledger.State, account ledger.ID, reversed map[placeKey]bool) {
	for key, quantity := range r.places {
		if key.account == account && quantity > 0 && !reversed[key] {
			r.readPlace(state, key, quantity)
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

func expired(lot ledger.Lot, now time.Time) bool {
	return !lot.ExpiresAt.IsZero() && !now.Before(lot.ExpiresAt)
}

func (r *rows) snapshot() Snapshot {
	s := Snapshot{
		Book: r.book, Seq: r.seq, LastPostedAt: r.lastPostedAt, Accounts: slices.Collect(maps.Values(r.accounts)), Journals: slices.Clone(r.journals),
		Postings: slices.Clone(r.postings), Movements: slices.Clone(r.movements), Lots: slices.Collect(maps.Values(r.lots)),
		Days: slices.Collect(maps.Values(r.days)), Trial: slices.Collect(maps.Values(r.trial)),
	}
	for key, quantity := range r.places {
		s.Places = append(s.Places, ledger.Place{Lot: key.lot, Account: key.account, Quantity: quantity})
	}
	for key, stored := range r.keys {
		s.Keys = append(s.Keys, ledger.KeyRow{Key: key, Stored: stored})
	}
	for once, journal := range r.once {
		s.Once = append(s.Once, ledger.OnceRow{Once: once, Journal: journal})
	}
	for _, row := range r.domain {
		if gate, ok := row.(Gate); ok {
			s.Gates = append(s.Gates, gate)
		}
	}
	return s
}
