package analytics

import (
	"math/big"
	"strconv"
	"strings"

	"purser/ledger"
)

// Digits after the point of what is computed by a division.
const (
	CTRScale    = 6
	AvgCPCScale = 4
	ChangeScale = 4
)

// Fraction is a figure that is not rounded yet. It is null when Den is zero, and a
// whole number when Den is one.
type Fraction struct{ Num, Den int64 }

// Whole is a whole number.
func Whole(n int64) Fraction { return Fraction{n, 1} }

// CTR is clicks per impression, null without an impression.
func CTR(clicks, impressions int64) Fraction { return Fraction{clicks, impressions} }

// AvgCPC is what a billable click cost in minor units, null without one. Credits do
// not lower it: it answers what a click costs, not what was paid in the end.
func AvgCPC(spendGross, billableClicks int64) Fraction { return Fraction{spendGross, billableClicks} }

// Decimal is an exact decimal number, Coefficient × 10^−Scale.
type Decimal struct {
	Coefficient int64
	Scale       int
}

// String prints the number with exactly Scale digits after the point.
func (d Decimal) String() string {
	digits := strconv.FormatInt(d.Coefficient, 10)
	if d.Scale == 0 {
		return digits
	}
	sign := ""
	if d.Coefficient < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := d.Scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - d.Scale
	return sign + digits[:point] + "." + digits[point:]
}

// Round returns the fraction with scale digits after the point, halves away from
// zero. ok is false for null, and for what a Decimal cannot hold.
func (f Fraction) Round(scale int) (d Decimal, ok bool) {
	return round(big.NewInt(f.Num), big.NewInt(f.Den), scale)
}

// RoundMajor is Round for a fraction in minor units of a commodity: the result is in
// Connects, or in dollars or euros.
func (f Fraction) RoundMajor(commodity ledger.Commodity, scale int) (d Decimal, ok bool) {
	return round(big.NewInt(f.Num), new(big.Int).Mul(big.NewInt(f.Den), minorPerMajor(commodity)), scale)
}

// Change returns the change from then to now as a part of then, with ChangeScale
// digits: 0.5000 is half as much again. The part is of then's size, so that a rise
// is positive also from a negative figure. ok is false when either is null, when
// then is zero, and for what a Decimal cannot hold.
func Change(now, then Fraction) (d Decimal, ok bool) {
	if now.Den == 0 || then.Den == 0 {
		return Decimal{}, false
	}
	nowNum, nowDen := big.NewInt(now.Num), big.NewInt(now.Den)
	thenNum, thenDen := big.NewInt(then.Num), big.NewInt(then.Den)
	difference := new(big.Int).Mul(nowNum, thenDen)
	difference.Sub(difference, new(big.Int).Mul(thenNum, nowDen))
	// (now − then) / |then|, where |then| = |thenNum| / thenDen.
	return round(difference, nowDen.Mul(nowDen, thenNum.Abs(thenNum)), ChangeScale)
}

// round returns num/den with scale digits after the point.
func round(num, den *big.Int, scale int) (Decimal, bool) {
	if den.Sign() == 0 {
		return Decimal{}, false
	}
	scaled := new(big.Int).Mul(num, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	quotient, remainder := scaled.QuoRem(scaled, den, new(big.Int))
	if remainder.Abs(remainder).Lsh(remainder, 1).CmpAbs(den) >= 0 {
		quotient.Add(quotient, big.NewInt(int64(num.Sign()*den.Sign())))
	}
	if !quotient.IsInt64() {
		return Decimal{}, false
	}
	return Decimal{Coefficient: quotient.Int64(), Scale: scale}, true
}

// minorPerMajor is how many minor units one major unit of a commodity has.
func minorPerMajor(c ledger.Commodity) *big.Int {
	if c.IsMoney() {
		return big.NewInt(100)
	}
	return big.NewInt(1)
}
