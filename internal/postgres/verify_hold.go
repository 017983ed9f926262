package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/ledger"
)

// holdSum is what the postings of an open hold's journals make of it.
type holdSum struct {
	hold                         storedHold
	reserved, captured, released int64
}

// holdTerms are the columns of a hold that never change.
type holdTerms struct {
	hold, wallet, account, held ledger.ID
	purpose                     string
	subject                     ledger.Subject
	opened, expires             int64
}

// statusCodes are what a hold's status counts in its sketch.
var statusCodes = map[ledger.HoldStatus]int64{ledger.HoldOpen: 0, ledger.HoldCaptured: 1, ledger.HoldReleased: 2, ledger.HoldExpired: 3}

// sumHold adds up what the journal did to its hold (I6 to I8), from its postings
// alone; the sketch of the hold rows is of the fold's.
func (v *verifier) sumHold(stored *chainJournal, slice *verifySlice, delta *ledger.Delta) {
	if stored.Hold.IsZero() {
		v.checkUnheld(stored)
		return
	}
	sum := v.openHold(stored, slice, delta)
	if sum == nil {
		return
	}
	before := *sum
	for i := range stored.postings {
		switch p := &stored.postings[i]; {
		case p.Credit == sum.hold.held:
			sum.reserved += p.Amount
		case p.Debit == sum.hold.held && v.tracksLots(p.Credit):
			sum.released += p.Amount
		case p.Debit == sum.hold.held:
			sum.captured += p.Amount
		}
	}
	left := sum.reserved - sum.captured - sum.released
	if v.held[sum.hold.held] += left - (before.reserved - before.captured - before.released); v.held[sum.hold.held] == 0 {
		delete(v.held, sum.hold.held)
	}
	v.past.expect(left >= 0, "I7", "book %d: hold %s has given out %d more than it reserved, with journal %s", v.book, stored.Hold, -left, stored.ID)
	v.past.expect(stored.HoldEvent != ledger.EventCaptured || sum.hold.expires.IsZero() || stored.PostedAt.Before(sum.hold.expires), "I8",
		"book %d: journal %s captured hold %s, which had expired", v.book, stored.ID, stored.Hold)
	v.past.expect(sum.captured == before.captured || stored.HoldEvent == ledger.EventCaptured, "I8",
		"book %d: journal %s (%s) took units of hold %s for good", v.book, stored.ID, stored.HoldEvent, stored.Hold)
	if left <= 0 {
		delete(v.holds, stored.Hold)
	}
	if delta != nil && delta.Hold != nil {
		v.sketchHold(stored, delta.Hold, sum, &before)
	}
}

// openHold returns the sum of the hold that the journal moves, a new one where the
// journal places it; nil where it has none.
func (v *verifier) openHold(stored *chainJournal, slice *verifySlice, delta *ledger.Delta) *holdSum {
	sum, open := v.holds[stored.Hold]
	if placed := stored.HoldEvent == ledger.EventPlaced; placed == open {
		v.past.expect(!placed, "I7", "book %d: journal %s places hold %s again", v.book, stored.ID, stored.Hold)
		v.past.expect(placed, "I7", "book %d: journal %s (%s) moves hold %s, which is closed or was never placed", v.book, stored.ID, stored.HoldEvent, stored.Hold)
		return nil
	}
	if open {
		return sum
	}
	row, known := slice.holds[stored.Hold]
	v.past.expect(known, "I7", "book %d: journal %s places hold %s, which is not stored", v.book, stored.ID, stored.Hold)
	if delta != nil && delta.Hold != nil {
		row = storedHold{delta.Hold.Account, delta.Hold.Held, delta.Hold.ExpiresAt}
	}
	sum = &holdSum{hold: row}
	v.holds[stored.Hold] = sum
	return sum
}

// checkUnheld expects that nothing moves in HELD accounts but holds.
func (v *verifier) checkUnheld(stored *chainJournal) {
	for i := range stored.postings {
		p := &stored.postings[i]
		if v.isHeld(p.Debit) || v.isHeld(p.Credit) {
			v.past.expect(false, "I6", "book %d: journal %s line %d moves units of a HELD account, and no hold", v.book, stored.ID, p.Line)
		}
	}
}

func (v *verifier) isHeld(account ledger.ID) bool {
	class, _ := v.rules.Class(v.account(account).class)
	return class.Holds
}

func (v *verifier) tracksLots(account ledger.ID) bool {
	class, _ := v.rules.Class(v.account(account).class)
	return class.TracksLots
}

func (v *verifier) sketchHold(stored *chainJournal, hold *ledger.Hold, sum, before *holdSum) {
	var placed int64
	if stored.HoldEvent == ledger.EventPlaced {
		placed = 1
	}
	sketchAdd(v.sketches.holds, hold.ID, termsOfHold(hold), placed, sum.reserved-before.reserved, sum.captured-before.captured, sum.released-before.released,
		statusCodes[hold.Status])
}

func termsOfHold(hold *ledger.Hold) holdTerms {
	return holdTerms{hold.ID, hold.Wallet, hold.Account, hold.Held, hold.Purpose, hold.Subject, instant(hold.OpenedAt), instant(hold.ExpiresAt)}
}

// walkHolds compares the rows of holds with what their journals make (I22), with each
// other, and with the places of their units (I6, I7).
func (v *verifier) walkHolds() []*rowWalk {
	return []*rowWalk{walkSketch(v, "holds", func(s *verifySketches) *sketch { return s.holds }, v.readHolds), v.walkHoldPlaces()}
}

func (v *verifier) readHolds(ctx context.Context, from ledger.ID, limit int, yield func(int64, ledger.ID, holdTerms, ...int64)) error {
	return v.eachRow(ctx, func(rows pgx.Rows) error {
		var seq int64
		hold := &ledger.Hold{}
		var subjectType, subjectID *string
		var expires pgtype.Timestamptz
		if err := rows.Scan(&seq, &hold.ID, &hold.Wallet, &hold.Account, &hold.Held, &hold.Purpose, &subjectType, &subjectID,
			&hold.Reserved, &hold.Captured, &hold.Released, &hold.Status, &hold.OpenedAt, &expires); err != nil {
			return err
		}
		hold.Subject = ledger.Subject{Type: orZero(subjectType), ID: orZero(subjectID)}
		hold.ExpiresAt = instantOf(expires)
		v.found.expect(hold.Captured >= 0 && hold.Released >= 0 && hold.Left() >= 0 && (hold.Status == ledger.HoldOpen) == (hold.Left() > 0), "I7",
			"book %d: hold %s is %s, with %d reserved, %d captured and %d released", v.book, hold.ID, hold.Status, hold.Reserved, hold.Captured, hold.Released)
		yield(seq, hold.ID, termsOfHold(hold), 1, hold.Reserved, hold.Captured, hold.Released, statusCodes[hold.Status])
		return nil
	}, `-- name: verify_holds
		SELECT h.seq, t.hold_id, t.wallet_id, t.account_id, t.held_account_id, t.purpose, t.subject_type, t.subject_id,
			t.reserved, t.captured, t.released, t.status, t.opened_at, t.expires_at
		FROM book_heads h JOIN holds t ON t.book_id = h.book_id
		WHERE h.book_id = $1 AND t.hold_id >= $2 ORDER BY t.hold_id LIMIT $3`, v.book, from, limit)
}

// walkHoldPlaces compares what each hold has left with the places of its units: both
// are rows of one snapshot.
func (v *verifier) walkHoldPlaces() *rowWalk {
	return walkRanges(v, "places of holds", ledger.NilID, func(ctx context.Context, after ledger.ID) (seq int64, last ledger.ID, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var left, placed int64
			if err := rows.Scan(&last, &left, &placed); err != nil {
				return err
			}
			hold := last
			compare = append(compare, func() {
				v.found.expect(left == placed, "I6", "book %d: hold %s has %d left, and %d units in its places", v.book, hold, left, placed)
			})
			return nil
		}, `-- name: verify_hold_places
			SELECT t.hold_id, t.reserved - t.captured - t.released, coalesce(sum(p.quantity), 0)::bigint
			FROM (
				SELECT hold_id, held_account_id, reserved, captured, released FROM holds
				WHERE book_id = $1 AND hold_id > $2 ORDER BY hold_id LIMIT $3) t
			LEFT JOIN lot_places p ON p.book_id = $1 AND p.account_id = t.held_account_id AND p.hold_id = t.hold_id
			GROUP BY t.hold_id, t.reserved, t.captured, t.released ORDER BY t.hold_id`, v.book, after, verifyRows)
		return 0, last, compare, err
	})
}
