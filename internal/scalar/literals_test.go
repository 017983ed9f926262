package scalar_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"purser/internal/scalar"
)

func TestNumberLiterals(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		scalar Connects
		input In { quantity: Connects, list: [Connects] }
		type Query { spend(quantity: Connects, in: In): Int }`})
	withRule := rules.NewDefaultRules()
	withRule.AddRule(scalar.NumberLiterals.Name, scalar.NumberLiterals.RuleFunc)
	const tooBig = "9223372036854775808"
	for label, tc := range map[string]struct {
		query   string
		refused bool
	}{
		"largest":                    {"{ spend(quantity: 9223372036854775807) }", false},
		"variable":                   {"query($q: Connects) { spend(quantity: $q) }", false},
		"string_of_digits":           {`{ spend(quantity: "` + tooBig + `") }`, false},
		"integer_beyond_64_bits":     {"{ spend(quantity: " + tooBig + ") }", true},
		"negative_beyond_64_bits":    {"{ spend(quantity: -" + tooBig + "0) }", true},
		"fraction_beyond_a_double":   {"{ spend(quantity: 1e400) }", true},
		"inside_an_input":            {"{ spend(in: {quantity: " + tooBig + "}) }", true},
		"inside_a_list":              {"{ spend(in: {list: [1, " + tooBig + "]}) }", true},
		"default_of_a_variable":      {"query($q: Connects = " + tooBig + ") { spend(quantity: $q) }", true},
		"digits_by_the_ten_thousand": {"{ spend(quantity: " + strings.Repeat("9", 10_000) + ") }", true},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			_, errs := gqlparser.LoadQueryWithRules(schema, tc.query, withRule)
			if got := len(errs) > 0; got != tc.refused {
				t.Fatalf("refused = %v (%v), want %v", got, errs, tc.refused)
			}
			if !tc.refused {
				return
			}
			// Another rule may complain of the same literal; ours must, and briefly.
			ours := slices.IndexFunc(errs, func(err *gqlerror.Error) bool { return err.Rule == scalar.NumberLiterals.Name })
			if ours < 0 || len(errs[ours].Message) > 200 {
				t.Errorf("errors = %v, want a short one by %s", errs, scalar.NumberLiterals.Name)
			}
		})
	}
}
