package analytics_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"purser/internal/analytics"
	"purser/ledger"
)

func TestRounding(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fraction analytics.Fraction
		scale    int
		want     string
	}{
		"third":                {analytics.CTR(1, 3), 6, "0.333333"},
		"half_goes_up":         {analytics.Fraction{Num: 1, Den: 8}, 2, "0.13"},
		"minus_half_goes_down": {analytics.Fraction{Num: -1, Den: 8}, 2, "-0.13"},
		"below_half_stays":     {analytics.Fraction{Num: 124999, Den: 1_000_000}, 2, "0.12"},
		"zero":                 {analytics.CTR(0, 9), 6, "0.000000"},
		"whole":                {analytics.Whole(-5), 0, "-5"},
		"more_than_one":        {analytics.CTR(3, 2), 6, "1.500000"},
		"minus_small":          {analytics.Fraction{Num: -1, Den: 1000}, 3, "-0.001"},
		"minus_under_a_digit":  {analytics.Fraction{Num: -1, Den: 1000}, 2, "0.00"},
		"largest":              {analytics.Whole(math.MaxInt64), 0, "9223372036854775807"},
		"smallest":             {analytics.Whole(math.MinInt64), 0, "-9223372036854775808"},
		"zero_denominator":     {analytics.CTR(5, 0), 6, "null"},
		"beyond_64_bits":       {analytics.Whole(math.MaxInt64), 1, "null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := textOf(c.fraction.Round(c.scale)); got != c.want {
				t.Errorf("%v with %d digits = %s, want %s", c.fraction, c.scale, got, c.want)
			}
		})
	}
}

// What a click costs is told in dollars, and in Connects.
func TestRoundMajor(t *testing.T) {
	t.Parallel()
	for commodity, want := range map[ledger.Commodity]string{ledger.USD: "0.3333", ledger.EUR: "0.3333", ledger.CNX: "33.3333"} {
		if got := textOf(analytics.AvgCPC(100, 3).RoundMajor(commodity, analytics.AvgCPCScale)); got != want {
			t.Errorf("100 for 3 clicks in %s = %s, want %s", commodity, got, want)
		}
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	whole := analytics.Whole
	for name, c := range map[string]struct {
		now, then analytics.Fraction
		want      string
	}{
		"half_more":            {whole(150), whole(100), "0.5000"},
		"half_less":            {whole(50), whole(100), "-0.5000"},
		"all_gone":             {whole(0), whole(100), "-1.0000"},
		"the_same":             {whole(7), whole(7), "0.0000"},
		"from_nothing":         {whole(7), whole(0), "null"},
		"nothing_at_all":       {whole(0), whole(0), "null"},
		"up_from_below_zero":   {whole(50), whole(-100), "1.5000"},
		"down_from_below_zero": {whole(-150), whole(-100), "-0.5000"},
		"of_ratios":            {analytics.CTR(1, 10), analytics.CTR(1, 30), "2.0000"},
		"now_is_null":          {analytics.CTR(1, 0), analytics.CTR(1, 30), "null"},
		"then_is_null":         {analytics.CTR(1, 10), analytics.CTR(1, 0), "null"},
		"then_is_zero":         {analytics.CTR(1, 10), analytics.CTR(0, 10), "null"},
		"beyond_64_bits":       {whole(math.MaxInt64), whole(1), "null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := textOf(analytics.Change(c.now, c.then)); got != c.want {
				t.Errorf("change to %v from %v = %s, want %s", c.now, c.then, got, c.want)
			}
		})
	}
}

// Every quotient is what exact arithmetic says.
func TestFractionsAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		num, den := rapid.Int64().Draw(t, "num"), rapid.Int64Range(1, math.MaxInt64).Draw(t, "den")
		before, beforeDen := rapid.Int64().Draw(t, "before"), rapid.Int64Range(1, math.MaxInt64).Draw(t, "beforeDen")
		scale := rapid.IntRange(0, 8).Draw(t, "scale")
		now, then := big.NewRat(num, den), big.NewRat(before, beforeDen)
		check := func(what string, exact *big.Rat, scale int, got string) {
			want := exact.FloatString(scale)
			if exact.Sign() < 0 && new(big.Rat).SetFrac64(0, 1).Cmp(mustRat(t, want)) == 0 {
				want = want[1:] // zero has no sign
			}
			if coefficient := new(big.Rat).Mul(mustRat(t, want), new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))); !coefficient.Num().IsInt64() {
				want = "null"
			}
			if got != want {
				t.Fatalf("%s = %s, want %s", what, got, want)
			}
		}
		check("quotient", now, scale, textOf(analytics.Fraction{Num: num, Den: den}.Round(scale)))
		check("cents", new(big.Rat).Quo(now, big.NewRat(100, 1)), scale, textOf(analytics.Fraction{Num: num, Den: den}.RoundMajor(ledger.USD, scale)))
		if before != 0 {
			change := new(big.Rat).Sub(now, then)
			change.Quo(change, new(big.Rat).Abs(then))
			check("change", change, analytics.ChangeScale, textOf(analytics.Change(analytics.Fraction{Num: num, Den: den}, analytics.Fraction{Num: before, Den: beforeDen})))
		}
	})
}

func mustRat(t *rapid.T, text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return r
}

// textOf prints a decimal, null where there is none.
func textOf(d analytics.Decimal, ok bool) string {
	if !ok {
		return "null"
	}
	return d.String()
}
