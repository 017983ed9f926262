package postgres

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"purser/ledger"
)

// A sketch stands for the rows of one projection without keeping them: per range of
// ids, the sum over all rows of their values, each multiplied by a secret hash of
// the row's key and the column. Such sums are added to journal by journal, in
// whatever order, and a range of stored rows has the same sum when it has the same
// values. Two ranges that differ have equal sums with a chance of less than 2^-60,
// and never when they differ in one value alone, since the factors are odd.
//
// So a projection of any size is compared in memory that does not grow with its
// rows: a part is 56 bytes and stands for thousands of rows.
type sketch struct {
	seeds [2]maphash.Seed
	parts []sketchPart
	// watched, if it is not nil, keeps the rows of a range as well, by key: this is
	// how a difference is explained.
	watched     map[any][]int64
	watchFrom   ledger.ID
	watchBefore *ledger.ID
}

// sketchPart is a range of ids, from one on and up to the next part's.
type sketchPart struct {
	from, last ledger.ID // last is the greatest id that was added
	adds       int       // rows that were added to, or sketchOwnerAdds for an owner of rows
	sum        fingerprint
}

// fingerprint is a sum of two independent lanes.
type fingerprint [2]uint64

const (
	sketchParts = 256
	// sketchPartAdds is after how many additions a part ends at its greatest id, so
	// that ids which grow with time, like most, make new parts.
	sketchPartAdds = 4096
	// sketchOwnerAdds is what an owner of rows counts for, however many there will be.
	sketchOwnerAdds = 64
)

func newSketch() *sketch {
	s := &sketch{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, parts: make([]sketchPart, sketchParts)}
	for i := range s.parts {
		s.parts[i].from[0] = byte(i)
	}
	return s
}

// sketchAdd adds to the row of this key, in the part of its id.
func sketchAdd[K comparable](s *sketch, id ledger.ID, key K, values ...int64) {
	sketchSum(&s.part(id, 1).sum, s, key, values...)
	if s.watched == nil || bytes.Compare(id[:], s.watchFrom[:]) < 0 || s.watchBefore != nil && bytes.Compare(id[:], s.watchBefore[:]) >= 0 {
		return
	}
	sums := s.watched[key]
	if sums == nil {
		sums = make([]int64, len(values))
		s.watched[key] = sums
	}
	for i, value := range values {
		sums[i] += value
	}
}

// owner makes room for the rows of an id that will have many, so that parts stay
// small although ids come before their rows.
func (s *sketch) owner(id ledger.ID) { s.part(id, sketchOwnerAdds) }

// part returns the part of an id, which has that many more additions.
func (s *sketch) part(id ledger.ID, adds int) *sketchPart {
	i := s.find(id)
	part := &s.parts[i]
	if newest := bytes.Compare(id[:], part.last[:]) > 0; newest {
		if part.adds >= sketchPartAdds {
			// Nothing of this id or beyond is in the part, so nothing moves.
			s.parts = slices.Insert(s.parts, i+1, sketchPart{from: id})
			part = &s.parts[i+1]
		}
		part.last = id
	}
	part.adds += adds
	return part
}

// sketchSum adds the values of one row to a sum.
func sketchSum[K comparable](sum *fingerprint, s *sketch, key K, values ...int64) {
	for lane := range sum {
		weight := maphash.Comparable(s.seeds[lane], key)
		for i, value := range values {
			sum[lane] += (mixed(weight+uint64(i)) | 1) * uint64(value)
		}
	}
}

// mixed is the finalizer of SplitMix64: neighbouring columns get unrelated factors.
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// find returns the part of an id.
func (s *sketch) find(id ledger.ID) int {
	i, found := slices.BinarySearchFunc(s.parts, id, func(p sketchPart, id ledger.ID) int { return bytes.Compare(p.from[:], id[:]) })
	if !found {
		i--
	}
	return i
}

// between adds up the parts from one boundary on and before another, or to the end.
func (s *sketch) between(from ledger.ID, before *ledger.ID) (sum fingerprint) {
	for i := s.find(from); i < len(s.parts) && (before == nil || bytes.Compare(s.parts[i].from[:], before[:]) < 0); i++ {
		for lane := range sum {
			sum[lane] += s.parts[i].sum[lane]
		}
	}
	return sum
}

// sketchRows reads rows from an id on, in the order of their ids, with the head seq
// of their snapshot.
type sketchRows[K comparable] func(ctx context.Context, from ledger.ID, limit int, yield func(seq int64, id ledger.ID, key K, values ...int64)) error

// sketchPage is a range of stored rows that covers whole parts.
type sketchPage struct {
	from   ledger.ID
	before *ledger.ID // nil for the end
	seq    int64
	rows   int
	sum    fingerprint
}

// readSketchPage reads about as many rows as limit. Rows of the last part, which may
// go on beyond them, are left for the next page.
func readSketchPage[K comparable](ctx context.Context, s *sketch, from ledger.ID, limit int, read sketchRows[K]) (page sketchPage, err error) {
	for ; ; limit *= 2 {
		page = sketchPage{from: from}
		whole, sum, rows, current := fingerprint{}, fingerprint{}, 0, -1
		err := read(ctx, from, limit, func(seq int64, id ledger.ID, key K, values ...int64) {
			if part := s.find(id); part != current {
				if current >= 0 {
					page.before, whole, page.rows = &s.parts[part].from, sum, rows
				}
				current = part
			}
			rows++
			page.seq = seq
			sketchSum(&sum, s, key, values...)
		})
		switch {
		case err != nil:
			return page, err
		case rows < limit:
			page.before, page.sum, page.rows = nil, sum, rows
			return page, nil
		case page.before != nil:
			before := *page.before // parts move when others are added
			page.before, page.sum = &before, whole
			return page, nil
		}
	}
}

// sketchRowsMax is how many rows of a projection one statement reads.
const sketchRowsMax = 20_000

// walkSketch compares a projection with its sketch.
func walkSketch[K comparable](v *verifier, what string, of func(*verifySketches) *sketch, read sketchRows[K]) *rowWalk {
	var from ledger.ID
	s := of(&v.sketches)
	return &rowWalk{what: what, page: func(ctx context.Context) (bool, error) {
		page, err := readSketchPage(ctx, s, from, sketchRowsMax, read)
		if err != nil {
			return false, err
		}
		// Without a row there is no seq either. What the journals before made would be
		// there, since such rows stay.
		if page.rows == 0 {
			page.seq = v.state.Seq
		}
		if err := v.replayTo(ctx, page.seq); err != nil {
			return false, err
		}
		if s.between(page.from, page.before) != page.sum && !v.broken {
			if err := explainSketch(ctx, v, what, of, read, page); err != nil {
				return false, err
			}
		}
		if page.before == nil {
			from = ledger.ID{}
			return false, nil
		}
		from = *page.before
		return true, nil
	}}
}

// explainSketch records that a range of rows differs from its sketch. Where that was
// asked for it finds the rows that do, by another replay that keeps those of the
// range.
func explainSketch[K comparable](ctx context.Context, v *verifier, what string, of func(*verifySketches) *sketch, read sketchRows[K], page sketchPage) error {
	unexplained := fmt.Sprintf("book %d: the %d stored %s of ids from %s on are not what the journals make of them; verify finds which",
		v.book, page.rows, what, page.from)
	if !v.explains {
		v.found.add("I22", unexplained, 1)
		return nil
	}
	known := v.found.count["I22"]
	again := newVerifier(v.db, v.rules, v.book)
	again.between = v.between
	s := of(&again.sketches)
	s.watched, s.watchFrom, s.watchBefore = map[any][]int64{}, page.from, page.before
	if err := again.replayTo(ctx, page.seq); err != nil {
		return err
	}
	stored := map[K][]int64{}
	if err := read(ctx, page.from, 2*page.rows+sketchRowsMax, func(seq int64, id ledger.ID, key K, values ...int64) {
		if page.seq = seq; page.before == nil || bytes.Compare(id[:], page.before[:]) < 0 {
			stored[key] = slices.Clone(values)
		}
	}); err != nil {
		return err
	}
	if err := again.replayTo(ctx, page.seq); err != nil {
		return err
	}
	for key, values := range stored {
		if made := s.watched[key]; !equalValues(made, values) {
			v.found.expect(false, "I22", "book %d: of %s, %v is stored as %v, the journals make %v", v.book, what, key, values, made)
		}
		delete(s.watched, key)
	}
	for key, made := range s.watched {
		v.found.expect(equalValues(made, nil), "I22", "book %d: of %s, %v is not stored, the journals make %v", v.book, what, key, made)
	}
	if v.found.count["I22"] == known { // the rows are others by now
		v.found.add("I22", unexplained, 1)
	}
	return nil
}

// equalValues compares values where none at all are zeros.
func equalValues(a, b []int64) bool {
	for i := range max(len(a), len(b)) {
		var x, y int64
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return false
		}
	}
	return true
}

// How rows are told apart in a report.

func (k dayOf) String() string {
	return fmt.Sprintf("account %s, posted on %s, booked on %s", k.account, k.postedOn, k.bookedOn)
}

func (k spendOf) String() string {
	return fmt.Sprintf("wallet %s, %s, by %s, bucket of %s", k.wallet, k.product, k.initiatedBy, reported(k.bucket))
}

func (k chargeOf) String() string {
	return fmt.Sprintf("campaign %s, journal %s, batch %s, minute of %s", k.campaign, k.journal, k.batch, reported(k.minute))
}

func (k rollupKey) String() string {
	return fmt.Sprintf("campaign %s, bucket of %s", k.campaign, reported(k.bucket))
}

func (k holdTerms) String() string {
	return fmt.Sprintf("hold %s of wallet %s for %s, expiring %s", k.hold, k.wallet, k.purpose, reported(k.expires))
}

func (k lotTerms) String() string {
	return fmt.Sprintf("lot %s of wallet %s from %s, expiring %s", k.lot, k.wallet, k.origin, reported(k.expires))
}

func reported(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339) }
