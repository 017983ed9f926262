package ledger

import (
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

	versions map[ID]int64 // of touched accounts before the batch
	touched  []ID
	newLots  map[ID]bool
	lots     map[ID]bool
	places   map[placeKey]bool
	days     map[dayKey]int
	trial    map[trialKey]int
	effects  map[string]int
}

type placeKey struct{ lot, account ID }

type dayKey struct {
	account ID
	day     Date
}

type trialKey struct {
	class     string
	commodity Commodity
	day       Date
}

func newBatch(rules *Rules, state *State) *batch {
	return &batch{
		rules: rules, state: state,
		writes:   &Writes{Book: state.Book, FirstSeq: state.Seq + 1, PostedAt: state.Now},
		versions: map[ID]int64{}, newLots: map[ID]bool{}, lots: map[ID]bool{}, places: map[placeKey]bool{},
		days: map[dayKey]int{}, trial: map[trialKey]int{}, effects: map[string]int{},
	}
}

// fold decides one command and adds what it wrote. The error concerns this
// command alone; its neighbours are unaffected.
func (b *batch) fold(c *Command) (outcome Outcome, err error) {
	delta, outcome, err := b.rules.Apply(b.state, c)
	if err != nil {
		return Outcome{}, err
	}
	if _, seen := b.state.Keys[c.Key]; seen {
		return outcome, nil
	}
	if delta != nil {
		if err := b.check(delta); err != nil {
			return Outcome{}, err
		}
		b.add(delta, c.Effects)
	}
	stored := StoredOutcome{Fingerprint: c.Fingerprint, Command: c.ID, Seq: outcome.Seq, Refusal: outcome.Refusal}
	b.state.Keys[c.Key] = stored
	b.writes.Keys = append(b.writes.Keys, KeyRow{Key: c.Key, Stored: stored})
	return outcome, nil
}

// check is the pair assertion before the write: the lot movements of a journal
// sum to its units, and nothing leaves the width of its column.
func (b *batch) check(delta *Delta) error {
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
		if account, ok := b.state.Accounts[id]; ok {
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
		b.places[placeKey{movement.Lot, movement.Account}] = true
		if _, changed := delta.lots[movement.Lot]; changed && !b.newLots[movement.Lot] {
			b.lots[movement.Lot] = true
		}
	}
	if delta.Once != "" {
		b.writes.Once = append(b.writes.Once, OnceRow{Once: delta.Once, Journal: delta.Journal.ID})
	}
	for _, effect := range effects {
		b.addEffect(effect, delta)
	}
	b.state.Advance(delta)
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
	day := dayKey{account, delta.Journal.BookedOn}
	at, found := b.days[day]
	if !found {
		at = len(b.writes.Days)
		b.days[day] = at
		b.writes.Days = append(b.writes.Days, DayDelta{Account: account, Day: day.day})
	}
	b.writes.Days[at].Debits += debits
	b.writes.Days[at].Credits += credits

	line := b.trialLine(delta, account)
	at, found = b.trial[line]
	if !found {
		at = len(b.writes.Trial)
		b.trial[line] = at
		b.writes.Trial = append(b.writes.Trial, TrialDelta{Class: line.class, Commodity: line.commodity, Day: line.day})
	}
	b.writes.Trial[at].Debits += debits
	b.writes.Trial[at].Credits += credits
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
			if b.places[placeKey{place.Lot, account}] {
				b.writes.Places = append(b.writes.Places, place)
			}
		}
	}
	return b.writes
}

func (b *batch) placeAccounts() map[ID]bool {
	accounts := map[ID]bool{}
	for key := range maps.Keys(b.places) {
		accounts[key.account] = true
	}
	return accounts
}
