package ledger

import (
	"math"
	"math/bits"
)

// Commodity is what an account counts: Connects or a currency's minor unit.
// An account has one commodity for life and nothing is ever translated.
type Commodity string

// The commodities of the marketplace.
const (
	CNX Commodity = "CNX" // Connects, whole units
	USD Commodity = "USD" // cents
	EUR Commodity = "EUR" // cents
)

// Moneys lists the commodities a lot's cost basis may be in. The order is the
// order in which a journal posts them.
var Moneys = []Commodity{EUR, USD}

// IsMoney reports whether c is a currency rather than Connects.
func (c Commodity) IsMoney() bool { return c == EUR || c == USD }

// add returns a+b, or ok=false where the sum leaves int64 (I24).
func add(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}

// share returns floor(total·part/whole) with a 128-bit intermediate, the rule
// by which basis follows units: part == whole returns total, so the last unit
// takes the remainder. It requires 0 <= part <= whole, whole > 0, total >= 0;
// anything else is a broken invariant of the caller (I9).
func share(total, part, whole int64) int64 {
	if total < 0 || part < 0 || whole <= 0 || part > whole {
		panic("ledger: share outside 0 <= part <= whole, total >= 0 (I9)")
	}
	high, low := bits.Mul64(uint64(total), uint64(part))
	quotient, _ := bits.Div64(high, low, uint64(whole))
	if quotient > math.MaxInt64 {
		panic("ledger: share exceeds int64 (I24)")
	}
	return int64(quotient)
}
