package scalar_test

import (
	"encoding/json"
	"math"
	"testing"

	"purser/internal/scalar"
)

func TestDecimalAccepts(t *testing.T) {
	t.Parallel()
	for label, tc := range map[string]struct {
		input any
		want  string
	}{
		"string":                   {"12.50", "12.50"},
		"trailing_zeros_stay":      {"12.00", "12.00"},
		"negative":                 {"-0.05", "-0.05"},
		"whole":                    {"12", "12"},
		"zero_with_scale":          {"0.00", "0.00"},
		"smallest_step":            {"0.000000000000000001", "0.000000000000000001"},
		"largest":                  {"9223372036854775807", "9223372036854775807"},
		"most_negative_full_scale": {"-9.223372036854775808", "-9.223372036854775808"},
		"json_number":              {json.Number("0.10"), "0.10"},
		"int_literal":              {int64(-3), "-3"},
		"float_literal":            {12.5, "12.5"},
		"float_of_15_digits":       {0.123456789012345, "0.123456789012345"},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			var d scalar.Decimal
			if err := d.UnmarshalGQL(tc.input); err != nil {
				t.Fatalf("parse: %v", err)
			}
			if got := render(d); got != `"`+tc.want+`"` {
				t.Errorf("print = %s, want %q", got, tc.want)
			}
		})
	}
}

func TestDecimalRefuses(t *testing.T) {
	t.Parallel()
	for label, input := range map[string]any{
		"leading_zero":        "012.5",
		"plus_sign":           "+1.5",
		"negative_zero":       "-0",
		"negative_zero_cents": "-0.00",
		"bare_point":          ".5",
		"negative_bare_point": "-.5",
		"trailing_point":      "5.",
		"two_points":          "1.2.3",
		"sign_in_fraction":    "1.-5",
		"exponent":            "1e3",
		"json_exponent":       json.Number("1e3"),
		"grouping":            "1,000.00",
		"currency":            "$1.00",
		"19_fraction_digits":  "0.0000000000000000001",
		"beyond_64_bits":      "92233720368547758.08",
		"float_of_17_digits":  0.12345678901234567,
		"not_a_number":        math.NaN(),
		"infinity":            math.Inf(-1),
		"empty":               "",
		"sign_only":           "-",
		"spaces":              " 1.5 ",
		"null":                nil,
		"list":                []any{},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			d := scalar.NewDecimal(7, 0)
			err := d.UnmarshalGQL(input)
			wantRefusal(t, err, "Decimal")
			if d != scalar.NewDecimal(7, 0) {
				t.Errorf("a refused input changed the value to %s", d)
			}
		})
	}
}

func TestNewDecimal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		coefficient int64
		scale       int
		want        string
	}{
		{1200, 2, "12.00"},
		{5, 2, "0.05"},
		{-5, 2, "-0.05"},
		{0, 2, "0.00"},
		{12, 0, "12"},
		{math.MinInt64, 18, "-9.223372036854775808"},
	} {
		d := scalar.NewDecimal(tc.coefficient, tc.scale)
		if got := d.String(); got != tc.want {
			t.Errorf("NewDecimal(%d, %d) = %s, want %s", tc.coefficient, tc.scale, got, tc.want)
		}
		if d.Coefficient() != tc.coefficient || d.Scale() != tc.scale {
			t.Errorf("parts of %s = %d, %d, want %d, %d", d, d.Coefficient(), d.Scale(), tc.coefficient, tc.scale)
		}
	}
	for _, scale := range []int{-1, 19} {
		if !panics(func() { scalar.NewDecimal(1, scale) }) {
			t.Errorf("NewDecimal with scale %d returned, want a panic", scale)
		}
	}
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}

func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"0", "12.50", "-0.05", "-0", "01", ".5", "9223372036854775807", "0.000000000000000001"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := scalar.ParseDecimal(text)
		if err != nil {
			wantRefusal(t, err, "Decimal")
			return
		}
		if d.String() != text {
			t.Errorf("print(parse(%q)) = %q", text, d)
		}
		if again := scalar.NewDecimal(d.Coefficient(), d.Scale()); again != d {
			t.Errorf("%q rebuilt from its parts is %s", text, again)
		}
	})
}
