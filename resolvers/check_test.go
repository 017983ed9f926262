package resolvers_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/resolvers"
)

func TestCheckSchema(t *testing.T) {
	t.Parallel()
	const directive = `directive @auth(roles: [String!]!) on FIELD_DEFINITION `
	for name, c := range map[string]struct{ schema, want string }{
		"open_root_field":               {`type Query { wallet(id: ID!): String }`, "Query.wallet is a root field"},
		"open_to_no_role":               {directive + `type Query { wallet(id: ID!): String @auth(roles: []) }`, "Query.wallet is a root field"},
		"open_mutation":                 {directive + `type Query { viewer: String @auth(roles: ["A"]) } type Mutation { spendConnects: String }`, "Mutation.spendConnects is a root field"},
		"non_null_with_auth":            {directive + `type Query { viewer: String! @auth(roles: ["A"]) }`, "Query.viewer has @auth and is non-null"},
		"arguments_without_resolver":    {directive + `type Query { viewer: Lot @auth(roles: ["A"]) } type Lot { history(first: Int): Int }`, "Lot.history has arguments and no resolver"},
		"unknown_field_of_a_known_type": {directive + `type Query { viewer: Wallet @auth(roles: ["A"]) } type Wallet { plans(first: Int): Int }`, "Wallet.plans has arguments and no resolver"},
		"fine":                          {directive + `type Query { viewer: Wallet @auth(roles: ["A"]) } type Wallet { lots(first: Int): Int id: ID! }`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema := gqlparser.MustLoadSchema(&ast.Source{Name: name, Input: c.schema})
			err := resolvers.CheckSchema(schema)
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("CheckSchema = %v, want %q", err, c.want)
			}
		})
	}
}

func TestCheckSchemaOfTheProduct(t *testing.T) {
	t.Parallel()
	schema := resolvers.New(resolvers.Config{}).Schema().Schema()
	if err := resolvers.CheckSchema(schema); err != nil {
		t.Error(err)
	}
}
