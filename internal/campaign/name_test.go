package campaign_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"purser/internal/campaign"
)

func TestFoldName(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a, b string
		same bool
	}{
		"case":                          {"Autumn sale", "AUTUMN SALE", true},
		"spaces_around":                 {"  Autumn sale ", "Autumn sale", true},
		"double_spaces":                 {"Autumn  sale", "Autumn sale", true},
		"a_no_break_space":              {"Autumn\u00a0sale", "Autumn sale", true},
		"an_ideographic_space":          {"秋の\u3000セール", "秋の セール", true},
		"a_space_or_none":               {"Autumn sale", "Autumnsale", false},
		"sharp_s_in_both_cases":         {"Straße", "STRAẞE", true},
		"sharp_s_is_not_ss":             {"Straße", "STRASSE", false},
		"greek_final_sigma":             {"ΟΔΟΣ", "οδος", true},
		"kelvin_is_k":                   {"\u212aathmandu", "kathmandu", true},
		"dotted_capital_i_is_not_i":     {"İstanbul", "istanbul", false},
		"dotless_i_is_not_i":            {"ısparta", "isparta", false},
		"joiners_cannot_be_seen":        {"क्\u200dष", "क्ष", true},
		"joiners_between_spaces":        {"a \u200c \u200d b", "a b", true},
		"a_combining_mark_is_something": {"cafe\u0301", "cafe", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := campaign.FoldName(test.a), campaign.FoldName(test.b)
			if (a == b) != test.same {
				t.Errorf("%q folds to %q and %q to %q, want the same: %t", test.a, a, test.b, b, test.same)
			}
		})
	}
}

// plain is what is left of a name once spaces and joiners are taken as they count.
func plain(name string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("\u200c", "", "\u200d", "").Replace(name)), " ")
}

func FuzzFoldName(f *testing.F) {
	for _, name := range []string{"", " ", "Straße", "STRAẞE", "İ", "ı", "a  b", "\u200c \u200d", "ǅ", "ς", "Ა", "\u212a"} {
		f.Add(name, strings.ToUpper(name))
		f.Add(name, strings.ToLower(name))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip("requests have valid text only")
		}
		folded := campaign.FoldName(a)
		if again := campaign.FoldName(folded); again != folded {
			t.Errorf("FoldName(%q) = %q, and folded again %q", a, folded, again)
		}
		if got, want := folded == campaign.FoldName(b), strings.EqualFold(plain(a), plain(b)); got != want {
			t.Errorf("%q and %q collide: %t, want %t", a, b, got, want)
		}
	})
}
