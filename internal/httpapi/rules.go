package httpapi

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"purser/internal/auth"
)

// validationRules returns the standard rules with two changes. None suggests a name, because
// suggestions give the schema away to callers who may not introspect it. And @defer is refused: over
// one JSON answer the executor would drop the deferred part without a word. Options.Rules come on top.
// The set is made anew for each document, because the executor changes the one it is given.
func (s *server) validationRules() *rules.Rules {
	set := rules.NewDefaultRules()
	for rule, silent := range map[string]core.Rule{
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		set.ReplaceRule(rule, silent.RuleFunc)
	}
	set.AddRule("NoDeferredFragments", func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnDirective(func(_ *core.Walker, d *ast.Directive) {
			if d.Name == "defer" {
				addError(core.Message("@defer is not supported here."), core.At(d.Position))
			}
		})
	})
	for _, rule := range s.Rules {
		set.AddRule(rule.Name, rule.RuleFunc)
	}
	return set
}

// introspection opens __schema and __type to those who may see the schema.
type introspection struct{ development bool }

var _ graphql.OperationContextMutator = introspection{}

// ExtensionName implements graphql.HandlerExtension.
func (introspection) ExtensionName() string { return "Introspection" }

// Validate implements graphql.HandlerExtension.
func (introspection) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (i introspection) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	caller, _ := auth.FromContext(ctx)
	op.DisableIntrospection = !i.development && !caller.Has(auth.RoleProductManager)
	return nil
}

// documentCache keeps parsed documents up to cachedDocumentBytesMax each.
type documentCache struct {
	graphql.Cache[*ast.QueryDocument]
}

// Add implements graphql.Cache.
func (c documentCache) Add(ctx context.Context, text string, doc *ast.QueryDocument) {
	if len(text) <= cachedDocumentBytesMax {
		c.Cache.Add(ctx, text, doc)
	}
}
