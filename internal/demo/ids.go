package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"purser/ledger"
)

// derivedID makes an id from the seed and a name alone, so that it is known
// without a database. The result is a UUIDv8.
func derivedID(seed int64, name string, index int) ledger.ID {
	sum := sha256.Sum256(fmt.Appendf(nil, "purser demo v1\x00%d\x00%s\x00%d", seed, name, index))
	return stampVersion(ledger.ID(sum[:16]), 8)
}

func stampVersion(id ledger.ID, version byte) ledger.ID {
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80
	return id
}

// randomID draws a UUIDv4.
func randomID(rng *rand.Rand) ledger.ID {
	var id ledger.ID
	binary.BigEndian.PutUint64(id[:8], rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], rng.Uint64())
	return stampVersion(id, 4)
}

// sequence makes UUIDv7s from a simulated clock. Each is greater than the last,
// because lots of equal terms are spent in the order of their ids (I10).
type sequence struct {
	rng   *rand.Rand
	milli int64
	count uint16 // of ids within the millisecond: the 12 bits after the version
}

func (s *sequence) next(at time.Time) ledger.ID {
	switch milli := at.UnixMilli(); {
	case milli > s.milli:
		s.milli, s.count = milli, 0
	case s.count < 1<<12-1:
		s.count++
	default:
		s.milli, s.count = s.milli+1, 0
	}
	var id ledger.ID
	binary.BigEndian.PutUint64(id[:8], uint64(s.milli)<<16|uint64(s.count))
	binary.BigEndian.PutUint64(id[8:], s.rng.Uint64())
	return stampVersion(id, 7)
}

// stream returns a source of random numbers of its own for each purpose, so that
// drawing more for one leaves the others as they were.
func stream(seed int64, purpose string, index int) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "purser demo stream v1\x00%d\x00%s\x00%d", seed, purpose, index))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16]))) //nolint:gosec // must repeat
}
