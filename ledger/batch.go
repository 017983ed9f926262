package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// batch gathers the writes of commands folded one after another on one state.
type batch struct {
	rules  *Rules
	state  *State
	writes *Writes

	versions  map[ID]int64 // of touched accounts before the batch
	touched   []ID
	newLots   map[ID]bool
	lots      map[ID]bool
	places    map[placeKey]bool
	newHolds  map[ID]bool
	holds     []ID // touched, in order
	limits    []ID // accounts whose limits were touched
	leaves    []Hash
	hasher    Hasher
	backDated map[dayKey]int
	trial     map[trialKey]int
	effects   map[string]int
	postedOn  Date
}

type placeKey struct{ lot, account, hold ID }

type dayKey struct {
	account  ID
	bookedOn Date
}

type trialKey struct {
	class     string
	commodity Commodity
	day       Date
}

func newBatch(rules *Rules, state *State) *batch {
	return &batch{
		rules: rules, state: state,
		postedOn: DateOf(state.Now),
		writes:   &Writes{Book: state.Book, FirstSeq: state.Seq + 1, PostedAt: state.Now},
		versions: map[ID]int64{}, newLots: map[ID]bool{}, lots: map[ID]bool{}, places: map[placeKey]bool{}, newHolds: map[ID]bool{},
		backDated: map[dayKey]int{}, trial: map[trialKey]int{}, effects: map[string]int{},
	}
}

// fold decides one command and adds what it wrote. The error concerns this
// command alone; its neighbours are unaffected.
func (b *batch) fold(c *Command) (outcome Outcome, err error) {
	deltas, outcome, err := b.rules.decide(b.state, c)
	if err != nil {
		return Outcome{}, err
	}
	if _, seen := b.state.Keys[c.Key]; seen {
		return outcome, nil
	}
	if err := b.checkAll(deltas); err != nil {
		return Outcome{}, err
	}
	b.addAll(c, deltas)
	b.store(c, outcome)
	return outcome, nil
}

// decide decides a command on its own, or linked ones.
func (b *batch) decide(commands []*Command) ([]Outcome, error) {
	if len(commands) > 1 {
		return b.foldLinked(commands)
	}
	outcome, err := b.fold(commands[0])
	return []Outcome{outcome}, err
}

// addAll adds a command's deltas; its effects are of the last, its own.
func (b *batch) addAll(c *Command, deltas []*Delta) {
	for i, delta := range deltas {
		var effects []Effect
		if i == len(deltas)-1 {
			effects = c.Effects
		}
		b.add(delta, effects)
	}
}

// decide folds a command behind those that must come before it, which stand only if
// the command is accepted: then the deltas are theirs and, last, its own.
func (r *Rules) decide(s *State, c *Command) ([]*Delta, Outcome, error) {
	before, err := r.due(s, c)
	if err != nil {
		return nil, Outcome{}, fmt.Errorf("%w: %w", ErrInvalidCommand, err)
	}
	var deltas []*Delta
	if len(before) > 0 {
		s = s.copy()
	}
	for _, first := range before {
		delta, outcome, err := r.Apply(s, first)
		if err != nil || delta == nil {
			return nil, Outcome{}, fmt.Errorf("%w: release hold %s for %s: %w", ErrInvalidCommand, first.Arguments.IDOf("hold"), c.ID, cmp.Or(err, error(outcome.Refusal)))
		}
		s.Advance(delta)
		deltas = append(deltas, delta)
	}
	delta, outcome, err := r.Apply(s, c)
	if delta == nil {
		return nil, outcome, err
	}
	return append(deltas, delta), outcome, nil
}

// store keeps a decided command's outcome beside its key.
func (b *batch) store(c *Command, outcome Outcome) {
	stored := StoredOutcome{Fingerprint: c.Fingerprint, Command: c.ID, Seq: outcome.Seq, Refusal: outcome.Refusal}
	b.state.Keys[c.Key] = stored
	b.writes.Keys = append(b.writes.Keys, KeyRow{Key: c.Key, Stored: stored})
}

// checkAll checks deltas that follow each other before the first is added.
func (b *batch) checkAll(deltas []*Delta) error {
	before := b.state
	for i, delta := range deltas {
		if i == 1 {
			before = before.copy()
		}
		if i > 0 {
			before.Advance(deltas[i-1])
		}
		if err := b.check(before, delta); err != nil {
			return err
		}
	}
	return nil
}

// check is the pair assertion before the write: the lot movements of a journal
// sum to its units, and nothing leaves the width of its column.
func (b *batch) check(state *State, delta *Delta) error {
	if len(delta.Movements) > math.MaxInt16 {
		return fmt.Errorf("%w: journal %s moves more than %d lots", ErrInvalidCommand, delta.Journal.ID, math.MaxInt16)
	}
	if err := b.checkTrial(delta); err != nil {
		return err
	}
	for id, after := range delta.accounts {
		class := b.rules.classes[after.Account.Class]
		if !class.TracksLots {
			continue
		}
		var placed int64
		for _, movement := range delta.Movements {
			if movement.Account == id {
				placed += movement.Quantity
			}
		}
		var before int64
		if account, ok := state.Accounts[id]; ok {
			before = account.Balance.On(class.Normal)
		}
		if after.Balance.On(class.Normal)-before != placed {
			return fmt.Errorf("%w: journal %s moves %d units of lots where the balance of %s moves otherwise (I9)",
				ErrInvalidCommand, delta.Journal.ID, placed, id)
		}
	}
	return nil
}

// checkTrial fails where a trial balance line of the batch would leave int64: a
// class sums many accounts, each of which may be near the limit (I24).
func (b *batch) checkTrial(delta *Delta) error {
	sums := make(map[trialKey]*TrialDelta, 2*len(delta.Postings))
	sum := func(account ID) *TrialDelta {
		line := b.trialLine(delta, account)
		if sums[line] == nil {
			sums[line] = &TrialDelta{Class: line.class}
			if at, found := b.trial[line]; found {
				*sums[line] = b.writes.Trial[at]
			}
		}
		return sums[line]
	}
	for _, posting := range delta.Postings {
		from, to := sum(posting.Debit), sum(posting.Credit)
		var fits, alsoFits bool
		from.Debits, fits = add(from.Debits, posting.Amount)
		to.Credits, alsoFits = add(to.Credits, posting.Amount)
		if !fits || !alsoFits {
			return fmt.Errorf("%w: trial balance of %s or %s: %w", ErrInvalidCommand, from.Class, to.Class, ErrAmountOverflow)
		}
	}
	return nil
}

func (b *batch) trialLine(delta *Delta, account ID) trialKey {
	facts := delta.accounts[account].Account
	return trialKey{facts.Class, facts.Commodity, delta.Journal.BookedOn}
}

func (b *batch) add(delta *Delta, effects []Effect) {
	b.writes.Journals = append(b.writes.Journals, delta.Journal)
	b.writes.Opened = append(b.writes.Opened, delta.Opened...)
	for _, id := range delta.Status {
		b.touch(id)
	}
	for _, posting := range delta.Postings {
		b.writes.Postings = append(b.writes.Postings, JournalPosting{Journal: delta.Journal.ID, Posting: posting})
		b.touch(posting.Debit)
		b.touch(posting.Credit)
		b.addDay(delta, posting.Debit, posting.Amount, 0)
		b.addDay(delta, posting.Credit, 0, posting.Amount)
	}
	for _, id := range delta.NewLots {
		b.newLots[id] = true
	}
	for _, movement := range delta.Movements {
		b.writes.Movements = append(b.writes.Movements, JournalMovement{Journal: delta.Journal.ID, Movement: movement})
		b.places[placeKey{movement.Lot, movement.Account, movement.Hold}] = true
		if _, changed := delta.lots[movement.Lot]; changed && !b.newLots[movement.Lot] {
			b.lots[movement.Lot] = true
		}
	}
	b.addHold(delta)
	b.limits = append(b.limits, delta.Limits...)
	if delta.Period != nil {
		b.writes.Periods = append(b.writes.Periods, *delta.Period)
	}
	if !b.state.Unchained {
		b.leaves = append(b.leaves, b.hasher.Leaf(&delta.Journal, delta.Postings, delta.Movements))
	}
	if delta.Once != "" {
		b.writes.Once = append(b.writes.Once, OnceRow{Once: delta.Once, Journal: delta.Journal.ID})
	}
	for _, effect := range effects {
		b.addEffect(effect, delta)
	}
	b.state.Advance(delta)
}

func (b *batch) addHold(delta *Delta) {
	if delta.Hold == nil {
		return
	}
	id := delta.Hold.ID
	if delta.Journal.HoldEvent == EventPlaced {
		b.newHolds[id] = true
	}
	if !slices.Contains(b.holds, id) {
		b.holds = append(b.holds, id)
	}
}

func (b *batch) touch(account ID) {
	if _, seen := b.versions[account]; seen {
		return
	}
	var before int64
	if existing, ok := b.state.Accounts[account]; ok {
		before = existing.Balance.Version
	}
	b.versions[account] = before
	b.touched = append(b.touched, account)
}

func (b *batch) addDay(delta *Delta, account ID, debits, credits int64) {
	if delta.Journal.BookedOn != b.postedOn {
		b.addBackDated(account, delta.Journal.BookedOn, debits, credits)
	}
	line := b.trialLine(delta, account)
	at, found := b.trial[line]
	if !found {
		at = len(b.writes.Trial)
		b.trial[line] = at
		b.writes.Trial = append(b.writes.Trial, TrialDelta{Class: line.class, Commodity: line.commodity, Day: line.day})
	}
	b.writes.Trial[at].Debits += debits
	b.writes.Trial[at].Credits += credits
}

func (b *batch) addBackDated(account ID, bookedOn Date, debits, credits int64) {
	day := dayKey{account, bookedOn}
	at, found := b.backDated[day]
	if !found {
		at = len(b.writes.BackDated)
		b.backDated[day] = at
		b.writes.BackDated = append(b.writes.BackDated, BackDated{Account: account, PostedOn: b.postedOn, BookedOn: bookedOn})
	}
	b.writes.BackDated[at].Debits += debits
	b.writes.BackDated[at].Credits += credits
}

func (b *batch) addEffect(effect Effect, delta *Delta) {
	row := effect.Row(delta)
	if row == nil {
		return
	}
	at, found := b.effects[effect.Kind()]
	if !found {
		at = len(b.writes.Effects)
		b.effects[effect.Kind()] = at
		b.writes.Effects = append(b.writes.Effects, EffectRows{Kind: effect.Kind()})
	}
	b.writes.Effects[at].Rows = append(b.writes.Effects[at].Rows, row)
}

// finish reads the final values of what was touched. It returns nil when no
// command was decided anew.
func (b *batch) finish() *Writes {
	if len(b.writes.Keys) == 0 {
		return nil
	}
	b.writes.LastSeq = b.state.Seq
	for _, id := range b.touched {
		b.writes.Balances = append(b.writes.Balances, BalanceChange{Account: id, VersionBefore: b.versions[id], Balance: b.state.Accounts[id].Balance})
	}
	for id := range b.newLots {
		b.writes.NewLots = append(b.writes.NewLots, *b.state.Lots[id])
	}
	for id := range b.lots {
		b.writes.Lots = append(b.writes.Lots, *b.state.Lots[id])
	}
	slices.SortFunc(b.writes.NewLots, func(x, y Lot) int { return slices.Compare(x.ID[:], y.ID[:]) })
	for account := range b.placeAccounts() {
		for _, place := range b.state.Places[account] {
			if b.places[placeKey{place.Lot, account, place.Hold}] {
				b.writes.Places = append(b.writes.Places, place)
			}
		}
	}
	b.finishHolds()
	b.finishLimits()
	if len(b.leaves) > 0 {
		b.writes.Root = MerkleRoot(slices.Concat(b.state.Unsealed, b.leaves))
		b.writes.Hash = Link(b.state.Book, b.writes.LastSeq, b.state.Hash, b.writes.Root)
		b.state.Hash, b.state.Unsealed = b.writes.Hash, nil
	}
	return b.writes
}

func (b *batch) finishHolds() {
	for _, id := range b.holds {
		if hold := *b.state.Holds[id]; b.newHolds[id] {
			b.writes.NewHolds = append(b.writes.NewHolds, hold)
		} else {
			b.writes.Holds = append(b.writes.Holds, hold)
		}
	}
}

func (b *batch) finishLimits() {
	slices.SortFunc(b.limits, func(x, y ID) int { return slices.Compare(x[:], y[:]) })
	for _, id := range slices.Compact(b.limits) {
		for _, limit := range b.state.Accounts[id].Limits {
			b.writes.Limits = append(b.writes.Limits, LimitChange{Account: id, Limit: limit})
		}
	}
}

func (b *batch) placeAccounts() map[ID]bool {
	accounts := map[ID]bool{}
	for key := range maps.Keys(b.places) {
		accounts[key.account] = true
	}
	return accounts
}
