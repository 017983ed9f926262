package scalar

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// NumberLiterals is a validation rule for the executor: it refuses a document with
// an integer literal beyond 64 bits or a fraction beyond a double. The specification
// leaves such literals to the scalars, but the executor converts every literal before
// a scalar sees it, and panics on one that does not fit: without this rule a client's
// typo would be answered as our fault. Install it beside the standard rules:
//
//	rules.AddRule(scalar.NumberLiterals.Name, scalar.NumberLiterals.RuleFunc)
var NumberLiterals = core.Rule{
	Name: "NumberLiterals",
	RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnValue(func(_ *core.Walker, value *ast.Value) {
			if literalFits(value) {
				return
			}
			addError(
				core.Message("Number literal %s is out of range: expected at most 64 bits.", cut(value.Raw)),
				core.At(value.Position),
			)
		})
	},
}

// literalFits reports whether the executor can convert the literal.
func literalFits(value *ast.Value) bool {
	var err error
	switch value.Kind {
	case ast.IntValue:
		_, err = strconv.ParseInt(value.Raw, 10, 64)
	case ast.FloatValue:
		_, err = strconv.ParseFloat(value.Raw, 64)
	default:
		return true
	}
	return err == nil
}
