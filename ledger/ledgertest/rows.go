package ledgertest

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"purser/ledger"
)

// errConstraint is what Memory wraps where a database would report a violated
// constraint: the ledger wrote what its rules forbid.
var errConstraint = errors.New("constraint")

type placeKey struct{ lot, account, hold ledger.ID }

type dayKey struct {
	account            ledger.ID
	postedOn, bookedOn ledger.Date
}

type trialKey struct {
	class     string
	commodity ledger.Commodity
	day       ledger.Date
}

// rows are one book's tables.
type rows struct {
	book         ledger.BookID
	seq          int64
	lastPostedAt time.Time
	accounts     map[ledger.ID]ledger.AccountState
	journals     []ledger.Journal // by seq
	postings     []ledger.JournalPosting
	movements    []ledger.JournalMovement
	lots         map[ledger.ID]ledger.Lot
	places       map[placeKey]int64
	backDated    map[dayKey]ledger.BackDated
	trial        map[trialKey]ledger.TrialDelta
	keys         map[ledger.IdempotencyKey]ledger.StoredOutcome
	once         map[string]ledger.ID
	domain       map[ledger.RowID]any
	effects      map[string][]any
	holds        map[ledger.ID]ledger.Hold
	limits       map[limitKey]ledger.Limit
	periods      []ledger.PeriodChange // by seq
	closed       ledger.Date
	links        []Link // by seq
}

func newRows(book ledger.BookID) *rows {
	return &rows{
		book: book, accounts: map[ledger.ID]ledger.AccountState{}, lots: map[ledger.ID]ledger.Lot{}, places: map[placeKey]int64{},
		backDated: map[dayKey]ledger.BackDated{}, trial: map[trialKey]ledger.TrialDelta{}, keys: map[ledger.IdempotencyKey]ledger.StoredOutcome{},
		once: map[string]ledger.ID{}, domain: map[ledger.RowID]any{}, effects: map[string][]any{},
		holds: map[ledger.ID]ledger.Hold{}, limits: map[limitKey]ledger.Limit{},
	}
}

// clone returns a copy that can be changed or dropped as a transaction is.
func (r *rows) clone() *rows {
	c := *r
	c.accounts, c.lots, c.places = maps.Clone(r.accounts), maps.Clone(r.lots), maps.Clone(r.places)
	c.backDated, c.trial, c.keys = maps.Clone(r.backDated), maps.Clone(r.trial), maps.Clone(r.keys)
	c.once, c.domain, c.effects = maps.Clone(r.once), maps.Clone(r.domain), maps.Clone(r.effects)
	c.holds, c.limits = maps.Clone(r.holds), maps.Clone(r.limits)
	c.periods, c.links = slices.Clip(r.periods), slices.Clip(r.links)
	c.journals, c.postings, c.movements = slices.Clip(r.journals), slices.Clip(r.postings), slices.Clip(r.movements)
	return &c
}

// apply writes a batch. An error leaves r useless.
func (r *rows) apply(w *ledger.Writes) error {
	return errors.Join(r.applyJournals(w), r.applyBalances(w), r.applyLots(w), r.applyPlaces(w), r.applyDays(w), r.applyKeys(w), r.applyEffects(w),
		r.applyHolds(w), r.applyLimits(w), r.applyPeriods(w), r.applyLink(w))
}

func (r *rows) applyJournals(w *ledger.Writes) error {
	if w.FirstSeq != r.seq+1 || w.LastSeq != r.seq+int64(len(w.Journals)) {
		return fmt.Errorf("%w: seqs %d..%d for %d journals after %d (I18)", errConstraint, w.FirstSeq, w.LastSeq, len(w.Journals), r.seq)
	}
	for _, journal := range w.Journals {
		if slices.ContainsFunc(r.journals, func(other ledger.Journal) bool { return other.ID == journal.ID }) {
			return fmt.Errorf("%w: journal %s exists", errConstraint, journal.ID)
		}
		if r.seq++; journal.Seq != r.seq || !journal.PostedAt.Equal(w.PostedAt) || !journal.PostedAt.After(r.lastPostedAt) {
			return fmt.Errorf("%w: journal %s has seq %d at %s (I18)", errConstraint, journal.ID, journal.Seq, journal.PostedAt)
		}
		r.journals = append(r.journals, journal)
	}
	if len(w.Journals) > 0 {
		r.lastPostedAt = w.PostedAt
	}
	r.postings = append(r.postings, w.Postings...)
	r.movements = append(r.movements, w.Movements...)
	return nil
}

func (r *rows) applyBalances(w *ledger.Writes) error {
	for _, account := range w.Opened {
		if _, found := r.accounts[account.ID]; found {
			return fmt.Errorf("%w: account %s exists", errConstraint, account.Code)
		}
		r.accounts[account.ID] = ledger.AccountState{Account: account, Balance: ledger.Balance{Status: ledger.StatusActive}}
	}
	for _, change := range w.Balances {
		row, found := r.accounts[change.Account]
		if !found || row.Balance.Version != change.VersionBefore {
			return fmt.Errorf("%w: account %s is not at version %d", errConstraint, change.Account, change.VersionBefore)
		}
		row.Balance = change.Balance
		r.accounts[change.Account] = row
	}
	for _, posting := range w.Postings {
		if _, found := r.accounts[posting.Debit]; !found || posting.Amount <= 0 || posting.Debit == posting.Credit {
			return fmt.Errorf("%w: posting %d of %s", errConstraint, posting.Line, posting.Journal)
		}
		if _, found := r.accounts[posting.Credit]; !found {
			return fmt.Errorf("%w: posting %d of %s", errConstraint, posting.Line, posting.Journal)
		}
	}
	return nil
}

func (r *rows) applyDays(w *ledger.Writes) error {
	for _, delta := range w.BackDated {
		key := dayKey{delta.Account, delta.PostedOn, delta.BookedOn}
		row := r.backDated[key]
		if row.Debits > math.MaxInt64-delta.Debits || row.Credits > math.MaxInt64-delta.Credits {
			return fmt.Errorf("%w: day of account %s leaves int64 (I24)", errConstraint, delta.Account)
		}
		delta.Debits, delta.Credits = row.Debits+delta.Debits, row.Credits+delta.Credits
		r.backDated[key] = delta
	}
	for _, delta := range w.Trial {
		key := trialKey{delta.Class, delta.Commodity, delta.Day}
		row := r.trial[key]
		if row.Debits > math.MaxInt64-delta.Debits || row.Credits > math.MaxInt64-delta.Credits {
			return fmt.Errorf("%w: trial balance of %s (I24): %w", errConstraint, delta.Class, ledger.ErrAmountOverflow)
		}
		delta.Debits += row.Debits
		delta.Credits += row.Credits
		r.trial[key] = delta
	}
	return nil
}

func (r *rows) applyKeys(w *ledger.Writes) error {
	for _, row := range w.Keys {
		if _, found := r.keys[row.Key]; found {
			return fmt.Errorf("%w: key %q exists", errConstraint, row.Key.Key)
		}
		r.keys[row.Key] = row.Stored
	}
	for _, row := range w.Once {
		if _, found := r.once[row.Once]; found {
			return fmt.Errorf("%w: once key %q exists", errConstraint, row.Once)
		}
		r.once[row.Once] = row.Journal
	}
	return nil
}

func (r *rows) applyEffects(w *ledger.Writes) error {
	for _, effects := range w.Effects {
		r.effects[effects.Kind] = append(slices.Clip(r.effects[effects.Kind]), effects.Rows...)
		for _, row := range effects.Rows {
			if row, ok := row.(Row); ok {
				r.domain[row.RowID()] = row
			}
		}
	}
	return nil
}

func (r *rows) snapshot() Snapshot {
	s := Snapshot{
		Book: r.book, Seq: r.seq, LastPostedAt: r.lastPostedAt, Accounts: slices.Collect(maps.Values(r.accounts)), Journals: slices.Clone(r.journals),
		Postings: slices.Clone(r.postings), Movements: slices.Clone(r.movements), Lots: slices.Collect(maps.Values(r.lots)),
		Holds: slices.Collect(maps.Values(r.holds)), Periods: slices.Clone(r.periods), ClosedThrough: r.closed, Links: slices.Clone(r.links),
		Hash: r.head().Hash, BackDated: slices.Collect(maps.Values(r.backDated)), Trial: slices.Collect(maps.Values(r.trial)),
	}
	for key, quantity := range r.places {
		s.Places = append(s.Places, ledger.Place{Lot: key.lot, Account: key.account, Hold: key.hold, Quantity: quantity})
	}
	for key, limit := range r.limits {
		s.Limits = append(s.Limits, ledger.LimitChange{Account: key.account, Limit: limit})
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
