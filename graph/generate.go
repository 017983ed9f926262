// Package graph is the executable form of schema.graphqls and schema/: every other file in it
// and in graph/model is written by gqlgen and never edited. The resolvers that it
// asks for, as [ResolverRoot], live in package resolvers, so that a field added to
// the schema without its resolver is a compile error there and not a panic here.
package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// Without --config gqlgen looks for gqlgen.yml in the parents and works from there;
// with it, the paths in the file would be taken from this directory.
//
//go:generate go tool gqlgen generate

// WalletArguments returns the arguments of a field selected on a Wallet, by name,
// exactly as the executor will pass them to the field's resolver. A resolver that
// returns wallets uses it to read ahead what the fields below it will ask for.
// The executor's own FieldContext.Child does the same, but not below an interface,
// and would report a refused argument a second time.
func WalletArguments(ctx context.Context, field graphql.CollectedField) (map[string]any, error) {
	return argumentsOf(ctx, field, (*executionContext).childFields_Wallet)
}

// AdAccountArguments is as WalletArguments, of a field selected on an AdAccount.
func AdAccountArguments(ctx context.Context, field graphql.CollectedField) (map[string]any, error) {
	return argumentsOf(ctx, field, (*executionContext).childFields_AdAccount)
}

// CampaignArguments is as WalletArguments, of a field selected on a Campaign.
func CampaignArguments(ctx context.Context, field graphql.CollectedField) (map[string]any, error) {
	return argumentsOf(ctx, field, (*executionContext).childFields_Campaign)
}

// PerformanceArguments is as WalletArguments, of a field selected on a Performance.
func PerformanceArguments(ctx context.Context, field graphql.CollectedField) (map[string]any, error) {
	return argumentsOf(ctx, field, (*executionContext).childFields_Performance)
}

func argumentsOf(
	ctx context.Context, field graphql.CollectedField,
	fieldOf func(*executionContext, context.Context, graphql.CollectedField) (*graphql.FieldContext, error),
) (map[string]any, error) {
	ec := newExecutionContext(graphql.GetOperationContext(ctx), nil, nil)
	child, err := fieldOf(ec, graphql.WithFreshResponseContext(ctx), field)
	if err != nil {
		return nil, err
	}
	return child.Args, nil
}
