package handwritten

import (
	"purser/internal/analytics"
	"purser/ledger"
)

// DayStart is what makes the timestamps of a series.
var DayStart = dayStart

// ShownCTR, ShownCPC and Change are the computed figures; false is null.
func ShownCTR(f analytics.Fraction) (analytics.Decimal, bool) {
	n := shownCTR(f)
	return n.Decimal, n.known
}

func ShownCPC(f analytics.Fraction, c ledger.Commodity) (analytics.Decimal, bool) {
	n := shownCPC(f, c)
	return n.Decimal, n.known
}

func Change(now, then analytics.Fraction) (analytics.Decimal, bool) {
	n := change(now, then)
	return n.Decimal, n.known
}
