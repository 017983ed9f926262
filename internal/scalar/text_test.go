package scalar_test

import (
	"strings"
	"testing"

	"purser/internal/scalar"
)

const sampleUUID = "0190b6a4-7f3e-7cc1-9d52-3f1a2b4c5d6e"

func TestUUIDAccepts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{sampleUUID, strings.ToUpper(sampleUUID), "00000000-0000-0000-0000-000000000000"} {
		var u scalar.UUID
		if err := u.UnmarshalGQL(text); err != nil {
			t.Fatalf("parse: %v", err)
		}
		if got, want := render(u), `"`+strings.ToLower(text)+`"`; got != want {
			t.Errorf("print = %s, want %s", got, want)
		}
	}
	u, err := scalar.ParseUUID(sampleUUID)
	if err != nil || u[0] != 0x01 || u[15] != 0x6e {
		t.Errorf("parse = %x, %v, want its bytes in order", u, err)
	}
}

func TestUUIDRefuses(t *testing.T) {
	t.Parallel()
	for label, input := range map[string]any{
		"without_hyphens":  strings.ReplaceAll(sampleUUID, "-", ""),
		"braces":           "{" + sampleUUID + "}",
		"urn":              "urn:uuid:" + sampleUUID,
		"hyphens_moved":    "0190b6a47-f3e-7cc1-9d52-3f1a2b4c5d6e",
		"all_hyphens":      strings.Repeat("-", 36),
		"not_hexadecimal":  "0190b6a4-7f3e-7cc1-9d52-3f1a2b4c5d6g",
		"too_short":        sampleUUID[:35],
		"trailing_newline": sampleUUID[:35] + "\n",
		"multi_byte":       "0190b6a4-7f3e-7cc1-9d52-3f1a2b4c5dé",
		"empty":            "",
		"number":           int64(1),
		"null":             nil,
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			var u scalar.UUID
			wantRefusal(t, u.UnmarshalGQL(input), "UUID")
			if u != (scalar.UUID{}) {
				t.Errorf("a refused input changed the value to %s", u)
			}
		})
	}
}

func TestCurrencyCode(t *testing.T) {
	t.Parallel()
	code, err := scalar.UnmarshalCurrencyCode("USD")
	if err != nil || render(scalar.MarshalCurrencyCode(code)) != `"USD"` {
		t.Errorf("USD = %q, %v, want it back", code, err)
	}
	for label, input := range map[string]any{
		"lower_case": "usd", "two_letters": "US", "four_letters": "USDT", "digits": "840", "padded": "US ",
		"empty": "", "quote": `U"D`, "cyrillic": "УСД", "number": int64(840), "null": nil,
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			_, err := scalar.UnmarshalCurrencyCode(input)
			wantRefusal(t, err, "CurrencyCode")
		})
	}
	if got := render(scalar.MarshalCurrencyCode(`U"D`)); got != "null" {
		t.Errorf("print of a malformed code = %s, want null", got)
	}
}

func TestConsistencyToken(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("A-z_9", 409) + "xyz"
	for _, token := range []string{"A", longest} {
		got, err := scalar.UnmarshalConsistencyToken(token)
		if err != nil || render(scalar.MarshalConsistencyToken(got)) != `"`+token+`"` {
			t.Errorf("token of %d bytes: %v, want it back", len(token), err)
		}
	}
	for label, input := range map[string]any{
		"empty": "", "too_long": longest + "A", "padding": "AA==", "plain_base64": "a+b/", "space": "a b",
		"quote": `a"b`, "invalid_utf8": "a\xffb", "number": int64(1), "null": nil, "list": []any{"A"},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			_, err := scalar.UnmarshalConsistencyToken(input)
			wantRefusal(t, err, "ConsistencyToken")
		})
	}
	if got := render(scalar.MarshalConsistencyToken(`a"b`)); got != "null" {
		t.Errorf("print of a malformed token = %s, want null", got)
	}
}

func FuzzUUID(f *testing.F) {
	for _, seed := range []string{sampleUUID, strings.ToUpper(sampleUUID), "{" + sampleUUID + "}", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := scalar.ParseUUID(text)
		if err != nil {
			wantRefusal(t, err, "UUID")
			return
		}
		if u.String() != strings.ToLower(text) {
			t.Errorf("print(parse(%q)) = %q", text, u)
		}
		if again, err := scalar.ParseUUID(u.String()); err != nil || again != u {
			t.Errorf("parse(%q) = %s, %v", u, again, err)
		}
	})
}

func FuzzCurrencyCode(f *testing.F) {
	for _, seed := range []string{"USD", "usd", `U"D`, ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := scalar.UnmarshalCurrencyCode(text)
		if err != nil {
			wantRefusal(t, err, "CurrencyCode")
			return
		}
		if got := render(scalar.MarshalCurrencyCode(code)); got != `"`+text+`"` {
			t.Errorf("print(parse(%q)) = %s", text, got)
		}
	})
}

func FuzzConsistencyToken(f *testing.F) {
	for _, seed := range []string{"AQAB", "AA==", `a"b`, ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := scalar.UnmarshalConsistencyToken(text)
		if err != nil {
			wantRefusal(t, err, "ConsistencyToken")
			return
		}
		if got := render(scalar.MarshalConsistencyToken(token)); got != `"`+text+`"` {
			t.Errorf("print(parse(%q)) = %s", text, got)
		}
	})
}
