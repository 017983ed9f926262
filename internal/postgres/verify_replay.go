package postgres

import (
	"context"
	"fmt"
	"time"

	"purser/internal/finance"
	"purser/internal/wallet"
	"purser/ledger"
)

// verifier replays one book and compares its rows. Beside the fold's own state it
// keeps sums of the stored postings and movements, so that a stored row is compared
// with stored rows where the invariant says so, and with the fold where it says so.
//
// It keeps what is live: accounts, lots with units, open holds. Lots that are used
// up and journals that are reversed are read again when a later journal needs them,
// and rows of projections are compared by sketches.
type verifier struct {
	db    *DB
	rules *ledger.Rules
	book  ledger.BookID
	// past is what the journals themselves contradict: they are read once. found is
	// what a walk over rows contradicts, in its present round.
	past, found *findings
	// between is called between two reads. Its error, which advance returns, pauses
	// the verification: it goes on where it was.
	between func(VerifyProgress) error
	head    int64 // of the last look, for progress
	// explains says that rows which differ from a sketch are looked for.
	explains bool
	slice    int64 // how many journals are read at a time

	state  *ledger.State
	broken bool // the fold could not follow; row sums still can
	chain  *chainVerifier
	// chainConfirmed says that a broken chain was computed twice.
	chainConfirmed bool
	batch          storedLink // the last one
	accounts       map[ledger.ID]*accountSum
	lots           map[ledger.ID]*lotSum      // that have units or basis
	places         map[ledger.Place]int64     // that have units; the key's quantity is zero
	emptied        map[ledger.ID]bool         // lots that a journal of the slice used up
	basis          map[ledger.Commodity]int64 // left on all lots
	trial          map[trialOf]counters
	left           map[ledger.ID]int64    // of journals of the slice and their originals: what may still be reversed
	holds          map[ledger.ID]*holdSum // that are open
	held           map[ledger.ID]int64    // what they have left, per HELD account
	closed         ledger.Date            // the last closed day, by the rows of book_periods
	trail          *finance.Trail         // of the platform's book
	follower       finance.Follower
	ads            *adSums
	sketches       verifySketches
	walks          []*rowWalk
	deviation      deviations
	// standing is what the head and all walks together contradict, as of the last look.
	standing *findings
}

type counters struct{ plus, minus int64 }

type accountSum struct {
	class, code     string
	debits, credits int64
	version         int64
}

type lotSum struct{ remaining, basis, tax int64 }

type dayOf struct {
	account            ledger.ID
	postedOn, bookedOn ledger.Date
}

type trialOf struct {
	class, commodity string
	day              ledger.Date
}

type spendOf struct {
	wallet               ledger.ID
	bucket               int64
	product, initiatedBy string
}

// verifySketches stand for the projections that grow with the journals.
type verifySketches struct{ backDated, spend, charges, quarters, adDays, holds, lots *sketch }

func newVerifier(db *DB, rules *ledger.Rules, book ledger.BookID) *verifier {
	v := &verifier{
		db: db, rules: rules, book: book, slice: chainJournals, past: newFindings(), found: newFindings(), between: func(VerifyProgress) error { return nil },
		state: ledger.NewState(book), chain: &chainVerifier{ChainCheck: ChainCheck{Book: book}},
		accounts: map[ledger.ID]*accountSum{}, lots: map[ledger.ID]*lotSum{}, places: map[ledger.Place]int64{}, emptied: map[ledger.ID]bool{},
		basis: map[ledger.Commodity]int64{}, trial: map[trialOf]counters{}, left: map[ledger.ID]int64{}, holds: map[ledger.ID]*holdSum{},
		held: map[ledger.ID]int64{}, ads: newAdSums(), deviation: newDeviations(), standing: newFindings(), trail: finance.NewTrail(),
		sketches: verifySketches{newSketch(), newSketch(), newSketch(), newSketch(), newSketch(), newSketch(), newSketch()},
	}
	v.walks = v.newWalks()
	return v
}

// advance replays the book to its head, then goes round the rows that move: all of
// them, or that many ranges of each if ranges is not zero. It reports whether every
// row was compared at least once since the verifier was made.
func (v *verifier) advance(ctx context.Context, ranges int) (whole bool, err error) {
	v.standing = newFindings()
	if err := v.checkHead(ctx); err != nil {
		return false, err
	}
	whole = true
	for _, w := range v.walks {
		for done := 0; w.rounds == 0 || ranges == 0 || done < ranges; done++ {
			if err := v.between(VerifyProgress{Book: v.book, Seq: v.state.Seq, Head: v.head, Rows: w.what}); err != nil {
				return false, err
			}
			ended, err := w.step(ctx, v)
			if err != nil {
				return false, fmt.Errorf("compare %s: %w", w.what, err)
			}
			if ended {
				break
			}
		}
		whole = whole && w.rounds > 0
	}
	v.checkDeferred()
	return whole, nil
}

// findings adds what was found so far: in the journals, and in the last round and
// the present one over the rows.
func (v *verifier) findings(all *findings) {
	v.past.addTo(all)
	if v.chain.Broken != "" {
		all.add("I21", v.chain.String(), 1)
	}
	for _, w := range v.walks {
		w.last.addTo(all)
		w.found.addTo(all)
	}
	v.standing.addTo(all)
}

// replayTo folds the journals up to and including seq. Journals never change,
// so slices read in different snapshots are as good as one.
func (v *verifier) replayTo(ctx context.Context, seq int64) error {
	for v.state.Seq < seq {
		v.head = max(v.head, seq)
		if err := v.between(VerifyProgress{Book: v.book, Seq: v.state.Seq, Head: v.head}); err != nil {
			return err
		}
		slice, err := v.readSlice(ctx, v.state.Seq, min(v.state.Seq+v.slice, seq))
		if err != nil {
			return err
		}
		if len(slice.journals) == 0 {
			v.past.expect(false, "I18", "book %d: seq %d is missing", v.book, v.state.Seq+1)
			v.state.Seq = seq
		}
		for i := range slice.journals {
			v.replay(&slice.journals[i], slice)
		}
		v.forgetSlice()
	}
	return nil
}

func (v *verifier) replay(stored *chainJournal, slice *verifySlice) {
	if stored.Seq != v.state.Seq+1 {
		v.past.expect(false, "I18", "book %d: seq %d follows seq %d", v.book, stored.Seq, v.state.Seq)
		v.state.Seq = stored.Seq - 1
	}
	if stored.PostedAt.Before(v.state.LastPostedAt) {
		v.past.expect(false, "I18", "book %d: journal %s (seq %d) was posted before its predecessor", v.book, stored.ID, stored.Seq)
	}
	v.checkLinks(stored, slice)
	v.sumReversals(stored, slice)
	v.checkPeriod(stored, slice)
	v.checkSigned(stored, slice)
	var delta *ledger.Delta
	if !v.broken {
		delta = v.fold(stored)
	}
	v.state.Seq, v.state.LastPostedAt = stored.Seq, stored.PostedAt
	v.sumPostings(stored)
	v.sumMovements(stored)
	v.sumHold(stored, slice, delta)
	if delta != nil {
		v.sumProjections(stored, delta)
		v.forget(delta)
	}
	v.checkTrial(stored, slice)
}

// sumProjections adds what the journal makes of rows that only its delta gives.
func (v *verifier) sumProjections(stored *chainJournal, delta *ledger.Delta) {
	if row, counts := wallet.SpendOf(delta); counts {
		key := spendOf{row.Wallet, row.BucketAt.UnixMicro(), row.Product, row.InitiatedBy}
		sketchAdd(v.sketches.spend, row.Wallet, key, row.Consumed, row.Returned)
	}
	if err := v.sumAds(delta); err != nil {
		v.past.expect(false, "I22", "book %d: the rollups of journal %s (seq %d) cannot be re-derived: %v", v.book, stored.ID, stored.Seq, err)
	}
}

// forget drops what the journal used up: places without units, and a hold that
// closed. Lots go at the end of the slice, as a later journal of it may return to
// them.
func (v *verifier) forget(delta *ledger.Delta) {
	for i := range delta.Movements {
		m := &delta.Movements[i]
		v.dropEmptyPlaces(m.Account)
		if lot := v.state.Lots[m.Lot]; lot != nil && forgettable(lot) {
			v.emptied[m.Lot] = true
		}
	}
	if delta.Hold != nil && delta.Hold.Status != ledger.HoldOpen {
		delete(v.state.Holds, delta.Hold.ID)
	}
}

// forgettable reports whether a lot can be read again as it is: its terms never
// change, and it has nothing else.
func forgettable(lot *ledger.Lot) bool {
	return lot.Remaining == 0 && lot.Root.IsZero() && lot.GraceUntil.IsZero()
}

func (v *verifier) dropEmptyPlaces(account ledger.ID) {
	places := v.state.Places[account]
	kept := places[:0]
	for _, place := range places {
		if place.Quantity != 0 {
			kept = append(kept, place)
		}
	}
	if len(kept) == 0 {
		delete(v.state.Places, account)
		return
	}
	v.state.Places[account] = kept
}

func (v *verifier) forgetSlice() {
	for id := range v.emptied {
		if lot := v.state.Lots[id]; lot != nil && forgettable(lot) {
			delete(v.state.Lots, id)
		}
	}
	clear(v.emptied)
	clear(v.state.Journals)
	clear(v.left)
}

// instant is a time as a key: microseconds, zero for none.
func instant(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}
