package postgres

import (
	"sync"
	"time"

	"purser/ledger"
)

// Limits of what a Store remembers.
const (
	// cacheAccountsMax bounds the accounts remembered per book and generation, of
	// which there are two: with their lots some 100 MB a book at worst, where that
	// many are in use.
	cacheAccountsMax = 1 << 15
	// cacheLotsPerAccount is how many lots are remembered for each account: a wallet
	// whose lots are forgotten before it is would be read again each time.
	cacheLotsPerAccount = 4
	// cachePlacesMax is how many places of an account are read beyond what a batch
	// demands, and up to how many an account's places are remembered.
	cachePlacesMax = 32
)

// bookCache is what a Store knows of one book as it stands at the head's seq:
// every write of the book takes the head's lock and, unless it only refused
// commands, moves the seq, so that what was known at a seq is true while the
// head is still there. It is used by one batch at a time. The states that it
// hands out share values with it, which a fold replaces and never changes.
type bookCache struct {
	using sync.Mutex
	// warm says that something is known.
	warm bool
	// alone says that no other process moved the head when last looked: to try
	// and fail costs another round trip and a second fold.
	alone bool
	// unchained says that nothing is hashed: the state is handed over so.
	unchained    bool
	seq          int64
	lastPostedAt time.Time
	closed       ledger.Date
	hash         ledger.Hash
	accounts     generations[cachedAccount]
	lots         generations[*ledger.Lot]
}

// cachedAccount is an account as it stands; state is nil when the book has no
// such account.
type cachedAccount struct {
	state *ledger.AccountState
	// whole says that places are all the places that are not empty, expired ones
	// too, and that no open hold is on the account.
	whole  bool
	places []ledger.Place
}

// caches are those of all books.
type caches struct {
	mu        sync.Mutex
	max       int  // accounts per book and generation; 0 remembers nothing
	unchained bool // StoreOptions.ChainOff
	books     map[ledger.BookID]*bookCache
}

// take returns a book's cache for the time of one batch, and nil while another
// batch of this Store has it: two ledgers may share a Store.
func (c *caches) take(book ledger.BookID) *bookCache {
	if c.max == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.books[book]
	if known == nil {
		known = &bookCache{alone: true, unchained: c.unchained}
		known.accounts.max, known.lots.max = c.max, cacheLotsPerAccount*c.max
		c.books[book] = known
	}
	if !known.using.TryLock() {
		return nil
	}
	return known
}

func (c *bookCache) release() {
	if c != nil {
		c.using.Unlock()
	}
}

// forget leaves nothing known.
func (c *bookCache) forget() {
	if c == nil {
		return
	}
	c.warm = false
	c.accounts.clear()
	c.lots.clear()
}

// moved is forget after the head was found elsewhere.
func (c *bookCache) moved() {
	c.forget()
	c.alone = false
}

// meet compares what is known with a state just read under the lock, and reports
// whether it is still so.
func (c *bookCache) meet(state *ledger.State) bool {
	switch {
	case c == nil || !c.warm:
		return false
	case c.seq == state.Seq:
		c.alone = true
		return true
	default:
		c.moved()
		return false
	}
}

// recollection is what is known of a batch's accounts, taken at once: the cache may
// forget one thing when it is asked for another.
type recollection struct {
	accounts map[ledger.ID]cachedAccount
	lots     []*ledger.Lot
}

// recall returns what is known of the accounts that a batch needs, and nil when that
// is not to be used.
func (c *bookCache) recall(needs *ledger.Needs) *recollection {
	if c == nil || !c.warm || !c.alone || needsMore(needs) {
		return nil
	}
	r := &recollection{accounts: make(map[ledger.ID]cachedAccount, len(needs.Accounts))}
	for _, id := range needs.Accounts {
		account, found := c.accounts.get(id)
		if !found {
			continue
		}
		lots, known := c.lotsOf(account.places)
		if !known {
			account.whole, account.places = false, nil
		}
		r.accounts[id] = account
		r.lots = append(r.lots, lots...)
	}
	return r
}

// lotsOf returns the lots of places, and false when one of them was forgotten.
func (c *bookCache) lotsOf(places []ledger.Place) (lots []*ledger.Lot, known bool) {
	for _, place := range places {
		lot, found := c.lots.get(place.Lot)
		if !found {
			return nil, false
		}
		lots = append(lots, lot)
	}
	return lots, true
}

// needsMore reports whether a batch needs what is never remembered and may bring
// places of known accounts along.
func needsMore(needs *ledger.Needs) bool {
	return len(needs.Journals)+len(needs.Holds)+len(needs.HoldsOf)+len(needs.Transfers) > 0
}

// state returns what the batch needs when all of it is known, and else nil. Keys
// and once keys are left out: that they are new is for their constraints to say.
func (c *bookCache) state(needs *ledger.Needs, recalled *recollection) *ledger.State {
	if recalled == nil || len(needs.Rows) > 0 {
		return nil
	}
	if missing := recalled.missing(needs); len(missing.Accounts)+len(missing.Demand)+len(missing.Whole) > 0 {
		return nil
	}
	state := ledger.NewState(needs.Book)
	state.Seq, state.LastPostedAt, state.ClosedThrough, state.Hash = c.seq, c.lastPostedAt, c.closed, c.hash
	state.Now, state.Unchained = ledger.BatchTime(needs.Clock, c.lastPostedAt), c.unchained
	recalled.complete(state)
	return state
}

// missing returns what of needs is not known.
func (r *recollection) missing(needs *ledger.Needs) *ledger.Needs {
	missing := *needs
	missing.Accounts, missing.Whole, missing.Demand = nil, nil, map[ledger.ID]int64{}
	for _, id := range needs.Accounts {
		if _, known := r.accounts[id]; !known {
			missing.Accounts = append(missing.Accounts, id)
		}
	}
	for _, id := range needs.Whole {
		if !r.hasWhole(id) {
			missing.Whole = append(missing.Whole, id)
		}
	}
	for id, units := range needs.Demand {
		if !r.hasWhole(id) {
			missing.Demand[id] = units
		}
	}
	return &missing
}

func (r *recollection) hasWhole(id ledger.ID) bool {
	account, known := r.accounts[id]
	return known && (account.whole || account.state == nil)
}

// complete adds what is known to a state, in which the rest is.
func (r *recollection) complete(state *ledger.State) {
	for _, lot := range r.lots {
		state.Lots[lot.ID] = lot
	}
	for id, account := range r.accounts {
		if account.state != nil {
			state.Accounts[id] = account.state
		}
		if len(account.places) > 0 {
			state.Places[id] = account.places
		}
	}
}

// absorb remembers a batch that is durable: the state that its fold left behind,
// and what it wrote (nil for nothing).
func (c *bookCache) absorb(rules *ledger.Rules, needs *ledger.Needs, state *ledger.State, writes *ledger.Writes) {
	if c == nil {
		return
	}
	journals := writes != nil && writes.LastSeq >= writes.FirstSeq
	unlinked := len(state.Unsealed) > 0 && !journals || journals && writes.Hash == (ledger.Hash{}) // the next batch must hash them
	if unlinked && !c.unchained || journals && len(writes.Periods) > 0 {
		c.forget()
		return
	}
	c.warm, c.seq, c.lastPostedAt, c.closed, c.hash = true, state.Seq, state.LastPostedAt, state.ClosedThrough, state.Hash
	if journals {
		c.lastPostedAt, c.hash = writes.PostedAt, writes.Hash
	}
	for _, lot := range state.Lots {
		c.lots.put(lot.ID, lot)
	}
	read, held := readWhole(needs, writes), heldAccounts(state)
	asked := make(map[ledger.ID]bool, len(needs.Accounts))
	for _, id := range needs.Accounts {
		asked[id] = true
		before, _ := c.accounts.get(id)
		c.accounts.put(id, remember(rules, state, id, (before.whole || read[id]) && !held[id]))
	}
	// An account that came along with something else may have been read in part.
	for id := range state.Accounts {
		if !asked[id] {
			c.accounts.remove(id)
		}
	}
}

// readWhole lists the accounts whose holds were looked for: those that were read
// with their places, and those that did not exist.
func readWhole(needs *ledger.Needs, writes *ledger.Writes) map[ledger.ID]bool {
	read := make(map[ledger.ID]bool, len(needs.Demand)+len(needs.Whole))
	for id := range needs.Demand {
		read[id] = true
	}
	for _, id := range needs.Whole {
		read[id] = true
	}
	if writes != nil {
		for i := range writes.Opened {
			read[writes.Opened[i].ID] = true
		}
	}
	return read
}

// heldAccounts lists the accounts that a hold of the state has to do with.
func heldAccounts(state *ledger.State) map[ledger.ID]bool {
	held := make(map[ledger.ID]bool, 2*len(state.Holds))
	for _, hold := range state.Holds {
		held[hold.Account], held[hold.Held] = true, true
	}
	return held
}

// remember is an account of the state. Its places are all there are when they sum
// to its balance: every unit has a place (I9).
func remember(rules *ledger.Rules, state *ledger.State, id ledger.ID, noHold bool) cachedAccount {
	account := cachedAccount{state: state.Accounts[id]}
	if account.state == nil || !noHold || state.ExpiredElsewhere[id] != 0 || state.HeldElsewhere[id] != 0 {
		return account
	}
	class, _ := rules.Class(account.state.Account.Class)
	if !class.TracksLots {
		return account
	}
	var placed int64
	places := make([]ledger.Place, 0, len(state.Places[id]))
	for _, place := range state.Places[id] {
		if placed += place.Quantity; place.Quantity > 0 {
			places = append(places, place)
		}
	}
	if placed == account.state.Balance.On(class.Normal) && len(places) <= cachePlacesMax {
		account.whole, account.places = true, places
	}
	return account
}

// generations is a bounded map that forgets what was not used for long: when the
// young generation is full, it becomes the old one, and the old one goes.
type generations[V any] struct {
	max        int
	young, old map[ledger.ID]V
}

func (g *generations[V]) get(id ledger.ID) (value V, found bool) {
	if value, found = g.young[id]; found {
		return value, true
	}
	if value, found = g.old[id]; found {
		g.put(id, value)
	}
	return value, found
}

func (g *generations[V]) put(id ledger.ID, value V) {
	if g.young == nil || len(g.young) >= g.max {
		g.young, g.old = map[ledger.ID]V{}, g.young
	}
	g.young[id] = value
}

func (g *generations[V]) remove(id ledger.ID) {
	delete(g.young, id)
	delete(g.old, id)
}

func (g *generations[V]) clear() { g.young, g.old = nil, nil }
