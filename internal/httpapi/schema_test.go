package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const sdl = `type Query {
  hello(name: String): String
  failing: String
  panicking: String
  waiting: String
  long: String
  many(n: Int!): String
}
type Mutation { touch: Boolean }
type Subscription { ticks: Int }
`

var parsedSchema = gqlparser.MustLoadSchema(&ast.Source{Name: "test.graphqls", Input: sdl})

// handMade is an executable schema written by hand: the transport is tested without generated code.
type handMade struct{}

func (handMade) Schema() *ast.Schema { return parsedSchema }

func (handMade) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec answers the root fields of one operation, in the order they were selected.
func (handMade) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	return func(ctx context.Context) *graphql.Response {
		root := "Query"
		if op.Operation.Operation == ast.Mutation {
			root = "Mutation"
		}
		data := bytes.NewBufferString("{")
		for i, field := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{root}) {
			if i > 0 {
				data.WriteByte(',')
			}
			value, err := resolve(ctx, op, root, field)
			if err != nil {
				graphql.AddError(ctx, err)
				value = nil
			}
			encoded, _ := json.Marshal(value)
			fmt.Fprintf(data, "%q:%s", field.Alias, encoded)
		}
		data.WriteByte('}')
		return &graphql.Response{Data: data.Bytes()}
	}
}

func resolve(ctx context.Context, op *graphql.OperationContext, root string, field graphql.CollectedField) (value any, err error) {
	defer func() {
		if v := recover(); v != nil {
			value, err = nil, op.Recover(ctx, v)
		}
	}()
	switch field.Name {
	case "__typename":
		return root, nil
	case "__schema", "__type":
		if op.DisableIntrospection {
			return nil, errors.New("introspection disabled")
		}
		if field.Name == "__type" {
			return nil, nil
		}
		return map[string]string{"__typename": "__Schema"}, nil
	case "hello":
		name, _ := field.ArgumentMap(op.Variables)["name"].(string)
		return "hello " + name, nil
	case "touch":
		return true, nil
	case "failing":
		return nil, errors.New("password of the database")
	case "panicking":
		panic("invariant I4 is broken")
	case "waiting":
		<-ctx.Done()
		return nil, ctx.Err()
	case "long":
		return strings.Repeat("long ", 1000), nil
	case "many":
		n, _ := field.ArgumentMap(op.Variables)["n"].(int64)
		for i := range n {
			graphql.AddError(ctx, fmt.Errorf("error %d", i))
		}
		return nil, nil
	}
	return nil, errors.New("no such field")
}
