package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// decimalScaleMax is the most fractional digits a Decimal has: 18 digits are what
// a 64-bit coefficient holds whatever they are.
const decimalScaleMax = 18

// decimalDigitsMax is the number of digits of the largest 64-bit coefficient.
const decimalDigitsMax = 19

const expectedDecimal = "a decimal number such as \"12.50\", without exponent, of at most 18 fractional digits and a 64-bit coefficient"

// Decimal is an exact decimal number: a 64-bit coefficient and a count of
// fractional digits. Trailing zeros are kept, because they are information:
// $12.00 is "12.00". The zero value is 0.
type Decimal struct {
	coefficient int64
	scale       uint8
}

// NewDecimal returns coefficient × 10^−scale. It panics when scale is outside
// 0..18: the scale of a commodity or of a ratio is a constant of the program.
func NewDecimal(coefficient int64, scale int) Decimal {
	if scale < 0 || scale > decimalScaleMax {
		panic(fmt.Sprintf("scalar: scale %d of a Decimal is outside 0..%d", scale, decimalScaleMax))
	}
	return Decimal{coefficient: coefficient, scale: uint8(scale)}
}

// ParseDecimal reads digits with an optional sign − and an optional fraction.
// Leading zeros, a plus sign, negative zero, exponents, grouping and a bare point
// are refused with an [*Error], so that each text is one value's only one.
func ParseDecimal(s string) (Decimal, error) {
	whole, fraction, hasPoint := strings.Cut(s, ".")
	if hasPoint == (fraction == "") || len(fraction) > decimalScaleMax {
		return Decimal{}, refuse("Decimal", expectedDecimal, s)
	}
	digits := strings.TrimPrefix(whole, "-") + fraction
	if !only(digits, decimalDigitsMax, "0123456789") {
		return Decimal{}, refuse("Decimal", expectedDecimal, s)
	}
	sign := whole[:len(whole)-len(strings.TrimPrefix(whole, "-"))]
	coefficient, err := strconv.ParseInt(sign+digits, 10, 64)
	d := Decimal{coefficient: coefficient, scale: uint8(len(fraction))}
	if err != nil || d.String() != s {
		return Decimal{}, refuse("Decimal", expectedDecimal, s)
	}
	return d, nil
}

// Coefficient returns the value without its point: 1250 for 12.50.
func (d Decimal) Coefficient() int64 { return d.coefficient }

// Scale returns the number of fractional digits: 2 for 12.50.
func (d Decimal) Scale() int { return int(d.scale) }

// String returns the canonical text, with exactly Scale fractional digits.
func (d Decimal) String() string {
	s := strconv.FormatInt(d.coefficient, 10)
	if d.scale == 0 {
		return s
	}
	sign := ""
	if d.coefficient < 0 {
		sign, s = "-", s[1:]
	}
	if missing := int(d.scale) + 1 - len(s); missing > 0 {
		s = strings.Repeat("0", missing) + s
	}
	point := len(s) - int(d.scale)
	return sign + s[:point] + "." + s[point:]
}

// MarshalGQL prints d as a JSON string.
func (d Decimal) MarshalGQL(w io.Writer) { quoted(d.String()).MarshalGQL(w) }

// UnmarshalGQL reads a string, an integer or a number. A literal with a fraction
// reaches it as a float64, which is exact in decimal up to 15 significant digits;
// a longer one is refused rather than rounded, and belongs in a string.
func (d *Decimal) UnmarshalGQL(v any) error {
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = string(v)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
		if math.IsNaN(v) || math.IsInf(v, 0) || len(strings.Trim(text, "-0.")) > 16 {
			return refuse("Decimal", expectedDecimal, v)
		}
	default:
		n, ok := integerOf(v)
		if !ok {
			return refuse("Decimal", expectedDecimal, v)
		}
		text = strconv.FormatInt(n, 10)
	}
	parsed, err := ParseDecimal(text)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
