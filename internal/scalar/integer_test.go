package scalar_test

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"purser/internal/scalar"
)

// safeScalars are the two scalars with one rule.
var safeScalars = map[string]struct {
	parse func(any) (int64, error)
	print func(int64) string
}{
	"Connects": {scalar.UnmarshalConnects, func(v int64) string { return render(scalar.MarshalConnects(v)) }},
	"SafeInt":  {scalar.UnmarshalSafeInt, func(v int64) string { return render(scalar.MarshalSafeInt(v)) }},
}

func TestSafeIntegersAccept(t *testing.T) {
	t.Parallel()
	for name, s := range safeScalars {
		for label, tc := range map[string]struct {
			input any
			want  int64
		}{
			"int_literal":          {int64(12), 12},
			"schema_default_int":   {7, 7},
			"int32":                {int32(-7), -7},
			"json_number":          {json.Number("12"), 12},
			"zero":                 {json.Number("0"), 0},
			"largest":              {json.Number("9007199254740991"), scalar.SafeMax},
			"smallest":             {int64(-scalar.SafeMax), -scalar.SafeMax},
			"whole_double_of_test": {float64(5), 5},
		} {
			t.Run(name+"/"+label, func(t *testing.T) {
				t.Parallel()
				got, err := s.parse(tc.input)
				if err != nil || got != tc.want {
					t.Fatalf("parse = %d, %v, want %d", got, err, tc.want)
				}
				if text := s.print(got); text != strconv.FormatInt(tc.want, 10) {
					t.Errorf("print = %s, want %d", text, tc.want)
				}
			})
		}
	}
}

func TestSafeIntegersRefuse(t *testing.T) {
	t.Parallel()
	for name, s := range safeScalars {
		for label, input := range map[string]any{
			"beyond_2_53":          json.Number("9007199254740992"),
			"below_minus_2_53":     int64(-scalar.SafeMax - 1),
			"beyond_64_bits":       json.Number("9223372036854775808"),
			"fraction":             json.Number("1.5"),
			"whole_with_point":     json.Number("1.0"),
			"exponent":             json.Number("1e3"),
			"negative_zero":        json.Number("-0"),
			"float_literal":        1.5,
			"double_beyond_2_53":   math.Pow(2, 53),
			"not_a_number":         math.NaN(),
			"infinity":             math.Inf(1),
			"numeric_string":       "12",
			"empty_string":         "",
			"boolean":              true,
			"null":                 nil,
			"list":                 []any{json.Number("1")},
			"object":               map[string]any{},
			"arabic_indic_numeral": json.Number("١٢"),
		} {
			t.Run(name+"/"+label, func(t *testing.T) {
				t.Parallel()
				got, err := s.parse(input)
				if got != 0 {
					t.Errorf("value beside the error = %d, want 0", got)
				}
				wantRefusal(t, err, name)
			})
		}
	}
}

func TestSafeIntegersBeyondRangePrintNull(t *testing.T) {
	t.Parallel()
	for name, s := range safeScalars {
		for _, v := range []int64{scalar.SafeMax + 1, -scalar.SafeMax - 1, math.MaxInt64, math.MinInt64} {
			if got := s.print(v); got != "null" {
				t.Errorf("%s %d prints %s, want null", name, v, got)
			}
		}
	}
}

func TestBigIntAccepts(t *testing.T) {
	t.Parallel()
	for label, tc := range map[string]struct {
		input any
		want  int64
	}{
		"string":         {"1200", 1200},
		"negative":       {"-1", -1},
		"largest":        {"9223372036854775807", math.MaxInt64},
		"smallest":       {"-9223372036854775808", math.MinInt64},
		"int_literal":    {int64(0), 0},
		"json_number":    {json.Number("9223372036854775807"), math.MaxInt64},
		"schema_default": {0, 0},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			got, err := scalar.UnmarshalBigInt(tc.input)
			if err != nil || got != tc.want {
				t.Fatalf("parse = %d, %v, want %d", got, err, tc.want)
			}
			if text, want := render(scalar.MarshalBigInt(got)), strconv.Quote(strconv.FormatInt(tc.want, 10)); text != want {
				t.Errorf("print = %s, want %s", text, want)
			}
		})
	}
}

func TestBigIntRefuses(t *testing.T) {
	t.Parallel()
	for label, input := range map[string]any{
		"beyond_64_bits": "9223372036854775808",
		"plus_sign":      "+1",
		"leading_zero":   "01",
		"negative_zero":  "-0",
		"space":          " 1",
		"newline":        "1\n",
		"underscore":     "1_000",
		"hexadecimal":    "0x10",
		"fraction":       "1.0",
		"exponent":       "1e2",
		"json_exponent":  json.Number("1e2"),
		"float_literal":  0.5,
		"empty":          "",
		"sign_only":      "-",
		"boolean":        false,
		"null":           nil,
		"invalid_utf8":   "\xff\xfe",
		"ten_kilobytes":  string(make([]byte, 10<<10)),
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			_, err := scalar.UnmarshalBigInt(input)
			wantRefusal(t, err, "BigInt")
		})
	}
}

func FuzzBigInt(f *testing.F) {
	for _, seed := range []string{"0", "-1", "9223372036854775807", "01", "+5", "1e3", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := scalar.UnmarshalBigInt(text)
		if err != nil {
			wantRefusal(t, err, "BigInt")
			return
		}
		// Only one text parses to a value, so printing gives back the input.
		if got := render(scalar.MarshalBigInt(v)); got != `"`+text+`"` {
			t.Errorf("print(parse(%q)) = %s", text, got)
		}
	})
}

func FuzzConnects(f *testing.F) {
	for _, seed := range []string{"0", "-1", "9007199254740991", "9007199254740992", "1.0", "1e3", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := scalar.UnmarshalConnects(json.Number(text))
		if err != nil {
			wantRefusal(t, err, "Connects")
			return
		}
		if got := render(scalar.MarshalConnects(v)); got != text {
			t.Errorf("print(parse(%q)) = %s", text, got)
		}
	})
}
