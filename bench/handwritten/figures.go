package handwritten

import (
	"purser/internal/analytics"
	"purser/ledger"
)

// figures are sums over a span of days, in the order of the columns.
type figures struct{ impressions, clicks, billable, gross, credits int64 }

func (f *figures) net() int64 { return f.gross - f.credits }

func (f *figures) ctr() analytics.Fraction { return analytics.CTR(f.clicks, f.impressions) }

func (f *figures) avgCPC() analytics.Fraction { return analytics.AvgCPC(f.gross, f.billable) }

// appendFigures appends all that the schema's PerformanceTotals has on the page, without closing it.
func (l *campaignList) appendFigures(out []byte, f figures) []byte {
	out = appendInt(append(out, `{"impressions":`...), f.impressions)
	out = appendInt(append(out, `,"clicks":`...), f.clicks)
	out = appendNumber(append(out, `,"ctr":`...), shownCTR(f.ctr()))
	out = appendNumber(append(out, `,"avgCpc":`...), shownCPC(f.avgCPC(), l.commodity))
	return l.appendAmount(append(out, `,"spendNet":`...), f.net())
}

func (l *campaignList) appendDeltas(out []byte, now, then figures) []byte {
	out = appendInt(append(out, `{"clicks":{"change":`...), now.clicks-then.clicks)
	out = appendChange(out, analytics.Whole(now.clicks), analytics.Whole(then.clicks))
	out = appendDifference(append(out, `,"ctr":{"change":`...), shownCTR(now.ctr()), shownCTR(then.ctr()))
	out = appendChange(out, now.ctr(), then.ctr())
	out = appendDifference(append(out, `,"avgCpc":{"change":`...), shownCPC(now.avgCPC(), l.commodity), shownCPC(then.avgCPC(), l.commodity))
	out = appendChange(out, now.avgCPC(), then.avgCPC())
	out = l.appendAmount(append(out, `,"spendNet":{"change":`...), now.net()-then.net())
	return appendChange(out, analytics.Whole(now.net()), analytics.Whole(then.net()))
}

// number is a decimal that may be null.
type number struct {
	analytics.Decimal
	known bool
}

func appendNumber(out []byte, n number) []byte {
	if !n.known {
		return append(out, "null"...)
	}
	return appendDecimal(out, n.Coefficient, n.Scale)
}

func appendDifference(out []byte, now, then number) []byte {
	return appendNumber(out, number{analytics.Decimal{Coefficient: now.Coefficient - then.Coefficient, Scale: now.Scale}, now.known && then.known})
}

// appendChange appends the relative change and closes what it is of.
func appendChange(out []byte, now, then analytics.Fraction) []byte {
	return append(appendNumber(append(out, `,"ratio":`...), change(now, then)), '}')
}

// Powers of ten by which numbers of such digits are multiplied.
const (
	powerCTR    = 1_000_000 // analytics.CTRScale digits
	powerCPC    = 10_000    // analytics.AvgCPCScale digits
	powerChange = 10_000    // analytics.ChangeScale digits

	// smallMax bounds numbers whose products, times a power, are far from what 64 bits hold. Those of a
	// campaign are below it, and what is beyond is left to the domain, which computes with any.
	smallMax = 1 << 24
)

func isSmall(f analytics.Fraction) bool {
	return f.Num < smallMax && f.Num > -smallMax && f.Den < smallMax
}

func shownCTR(f analytics.Fraction) number {
	if f.Den > 0 && isSmall(f) {
		return number{analytics.Decimal{Coefficient: divide(f.Num*powerCTR, f.Den), Scale: analytics.CTRScale}, true}
	}
	d, known := f.Round(analytics.CTRScale)
	return number{d, known}
}

func shownCPC(f analytics.Fraction, commodity ledger.Commodity) number {
	if f.Den > 0 && isSmall(f) {
		per := f.Den
		if commodity.IsMoney() {
			per *= 100
		}
		return number{analytics.Decimal{Coefficient: divide(f.Num*powerCPC, per), Scale: analytics.AvgCPCScale}, true}
	}
	d, known := f.RoundMajor(commodity, analytics.AvgCPCScale)
	return number{d, known}
}

func change(now, then analytics.Fraction) number {
	if now.Den > 0 && then.Den > 0 && then.Num != 0 && isSmall(now) && isSmall(then) {
		difference, per := now.Num*then.Den-then.Num*now.Den, now.Den*max(then.Num, -then.Num)
		return number{analytics.Decimal{Coefficient: divide(difference*powerChange, per), Scale: analytics.ChangeScale}, true}
	}
	d, known := analytics.Change(now, then)
	return number{d, known}
}

// divide rounds halves away from zero; den is positive.
func divide(num, den int64) int64 {
	quotient, remainder := num/den, num%den
	if max(remainder, -remainder)*2 >= den {
		if num < 0 {
			return quotient - 1
		}
		return quotient + 1
	}
	return quotient
}
