package resolvers

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"purser/graph/model"
	"purser/internal/auth"
)

// authorize implements @auth: it decides by the token alone, before any read, so
// that a refusal says nothing about objects.
func authorize(ctx context.Context, _ any, next graphql.Resolver, roles []model.Role) (any, error) {
	p, known := auth.FromContext(ctx)
	if !known {
		return nil, &fieldError{code: model.ErrorCodeUnauthenticated, message: "this field needs a bearer token"}
	}
	opened := slices.DeleteFunc(slices.Clone(roles), func(role model.Role) bool { return !p.Has(auth.Role(role)) })
	if len(opened) == 0 {
		return nil, &fieldError{code: model.ErrorCodeForbidden, message: "this field is not for the roles of the token"}
	}
	field := graphql.GetFieldContext(ctx)
	onlyAsService := len(opened) == 1 && opened[0] == model.RoleService
	if onlyAsService && field.Object == "Mutation" && !p.MayCall(field.Field.Name) {
		return nil, &fieldError{code: model.ErrorCodeForbidden, message: "the scope of the token does not name this mutation"}
	}
	return next(ctx)
}
