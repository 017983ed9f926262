package graph_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph"
	"purser/graph/model"
)

func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	names, err := filepath.Glob("../schema/*.graphqls")
	if err != nil || len(names) == 0 {
		t.Fatalf("found %d files in schema/: %v", len(names), err)
	}
	var sources []*ast.Source
	for _, name := range append([]string{"../schema.graphqls"}, names...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatalf("read schema: %v", err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatalf("parse schema: %v", err)
	}
	return schema
}

// ownTypes are the schema's types without those of the GraphQL language, by name.
func ownTypes(schema *ast.Schema) []*ast.Definition {
	var own []*ast.Definition
	for _, def := range schema.Types {
		if !def.BuiltIn && !strings.HasPrefix(def.Name, "__") {
			own = append(own, def)
		}
	}
	slices.SortFunc(own, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return own
}

// ownFields calls visit for each field of own types, input fields included.
func ownFields(schema *ast.Schema, visit func(def *ast.Definition, field *ast.FieldDefinition)) {
	for _, def := range ownTypes(schema) {
		for _, field := range def.Fields {
			if !strings.HasPrefix(field.Name, "__") {
				visit(def, field)
			}
		}
	}
}

func isRoot(def *ast.Definition) bool {
	return def.Name == "Query" || def.Name == "Mutation" || def.Name == "Subscription"
}

func TestSchemaIsDescribed(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	want := func(name, description string) {
		if strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", name)
		}
	}
	want("schema", schema.Description)
	for _, def := range ownTypes(schema) {
		want(def.Name, def.Description)
		for _, value := range def.EnumValues {
			want(def.Name+"."+value.Name, value.Description)
		}
		if def.Kind == ast.Scalar && def.Directives.ForName("specifiedBy") == nil {
			t.Errorf("scalar %s has no @specifiedBy", def.Name)
		}
	}
	ownFields(schema, func(def *ast.Definition, field *ast.FieldDefinition) {
		want(def.Name+"."+field.Name, field.Description)
		for _, argument := range field.Arguments {
			want(def.Name+"."+field.Name+"("+argument.Name+":)", argument.Description)
		}
	})
	auth := schema.Directives["auth"]
	want("@auth", auth.Description)
	want("@auth(roles:)", auth.Arguments.ForName("roles").Description)
}

// A non-null field with @auth would blank its parent for every caller it refuses, and
// a root field without it would be open to callers without a token.
func TestAuthCoversTheRoots(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	guarded := 0
	ownFields(schema, func(def *ast.Definition, field *ast.FieldDefinition) {
		name := def.Name + "." + field.Name
		auth := field.Directives.ForName("auth")
		switch {
		case auth == nil && isRoot(def):
			t.Errorf("%s is a root field without @auth", name)
		case auth == nil:
		case field.Type.NonNull:
			t.Errorf("%s has @auth and is non-null", name)
		case len(auth.Arguments.ForName("roles").Value.Children) == 0:
			t.Errorf("%s opens to no role", name)
		default:
			guarded++
		}
	})
	if want := len(schema.Query.Fields) - 2 + len(schema.Mutation.Fields); guarded < want {
		t.Errorf("guarded fields = %d, want at least the %d root fields", guarded, want)
	}
	if got, want := schema.Directives["auth"].Locations, []ast.DirectiveLocation{ast.LocationFieldDefinition}; !slices.Equal(got, want) {
		t.Errorf("@auth is allowed on %v, want %v: gqlgen drops it silently elsewhere", got, want)
	}
}

// gqlgen reads a field with arguments from the struct, ignoring the arguments, unless
// gqlgen.yml forces a resolver for it.
func TestFieldsWithArgumentsHaveResolvers(t *testing.T) {
	t.Parallel()
	checked := 0
	ownFields(loadSchema(t), func(def *ast.Definition, field *ast.FieldDefinition) {
		if def.Kind != ast.Object || len(field.Arguments) == 0 {
			return
		}
		checked++
		name := def.Name + "." + field.Name
		method, ok := resolverMethod(def.Name, field.Name)
		if !ok {
			t.Errorf("%s has arguments and no resolver: add resolver: true to gqlgen.yml", name)
			return
		}
		fixed := 2 // the context and the parent object
		if isRoot(def) {
			fixed = 1
		}
		if got := method.Type.NumIn() - fixed; got != len(field.Arguments) {
			t.Errorf("the resolver of %s takes %d arguments, want %d", name, got, len(field.Arguments))
		}
	})
	if checked == 0 {
		t.Error("no field with arguments was found")
	}
}

// resolverMethod finds the method for a field in the generated interfaces.
func resolverMethod(typeName, fieldName string) (reflect.Method, bool) {
	accessor, ok := reflect.TypeFor[graph.ResolverRoot]().MethodByName(typeName)
	if !ok {
		return reflect.Method{}, false
	}
	return accessor.Type.Out(0).MethodByName(strings.ToUpper(fieldName[:1]) + fieldName[1:])
}

func TestMutationsTakeOneInputWithKey(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	for _, field := range schema.Mutation.Fields {
		t.Run(field.Name, func(t *testing.T) {
			t.Parallel()
			pascal := strings.ToUpper(field.Name[:1]) + field.Name[1:]
			if got, want := field.Type.String(), pascal+"Payload"; got != want {
				t.Errorf("type = %s, want %s", got, want)
			}
			if len(field.Arguments) != 1 || field.Arguments[0].Name != "input" {
				t.Fatalf("arguments = %d, want the one named input", len(field.Arguments))
			}
			input := field.Arguments[0].Type
			if got, want := input.String(), pascal+"Input!"; got != want {
				t.Errorf("input type = %s, want %s", got, want)
			}
			key := schema.Types[input.Name()].Fields.ForName("idempotencyKey")
			if key == nil || key.Type.String() != "String!" {
				t.Errorf("%s has no idempotencyKey: String!", input.Name())
			}
		})
	}
}

// batches are the mutations that decide on several objects, each with a key and a
// journal of its own, and the mutation whose payload says what became of one. They
// have no journal themselves, and no key that could conflict.
var batches = map[string]string{"setCampaignStatuses": "SetCampaignStatusPayload"}

func TestPayloadsAreOneSuccessAndUserErrors(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	for _, field := range schema.Mutation.Fields {
		t.Run(field.Name, func(t *testing.T) {
			t.Parallel()
			payload := schema.Types[field.Type.Name()]
			if payload.Kind != ast.Union {
				t.Fatalf("%s is a %s, want a union", payload.Name, payload.Kind)
			}
			success := strings.TrimSuffix(payload.Name, "Payload") + "Success"
			needed, facts := []string{success, "ValidationFailed", "IdempotencyConflict"}, map[string]string{
				"replayed": "Boolean!", "consistency": "ConsistencyToken!", "journalId": "ID!",
			}
			if one := batches[field.Name]; one != "" {
				needed = needed[:2]
				facts["consistency"] = "ConsistencyToken" // there is none when no object was decided on
				delete(facts, "journalId")
				checkBatch(t, schema, schema.Types[success], one)
			}
			for _, name := range needed {
				if !slices.Contains(payload.Types, name) {
					t.Errorf("%s lacks %s", payload.Name, name)
				}
			}
			for _, name := range payload.Types {
				if got, want := slices.Contains(schema.Types[name].Interfaces, "UserError"), name != success; got != want {
					t.Errorf("%s implements UserError = %v, want %v", name, got, want)
				}
			}
			checkFields(t, schema.Types[success], facts)
		})
	}
}

func checkFields(t *testing.T, def *ast.Definition, want map[string]string) {
	t.Helper()
	for name, typ := range want {
		if field := def.Fields.ForName(name); field == nil || field.Type.String() != typ {
			t.Errorf("%s lacks %s: %s", def.Name, name, typ)
		}
	}
}

// checkBatch checks that a batch's success has an outcome for each object, null where
// it is unknown: a fault on one must not blank what became of the others.
func checkBatch(t *testing.T, schema *ast.Schema, success *ast.Definition, payload string) {
	t.Helper()
	outcomes := success.Fields.ForName("outcomes")
	if outcomes == nil {
		t.Fatalf("%s has no outcomes", success.Name)
	}
	outcome := schema.Types[outcomes.Type.Name()]
	checkFields(t, success, map[string]string{"outcomes": "[" + outcome.Name + "!]!"})
	checkFields(t, outcome, map[string]string{"payload": payload})
}

// A client selects fields of several members of a union under their own names: two
// that have a name in common must have its type in common too, or the query is
// refused for a conflict.
func TestMembersCanBeSelectedTogether(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	for _, def := range ownTypes(schema) {
		if def.Kind != ast.Union {
			continue
		}
		types, of := map[string]string{}, map[string]string{}
		for _, name := range def.Types {
			for field, typ := range fieldTypes(schema.Types[name]) {
				if known := types[field]; known != "" && known != typ {
					t.Errorf("%s: %s of %s is a %s, that of %s a %s", def.Name, field, name, typ, of[field], known)
				}
				types[field], of[field] = typ, name
			}
		}
	}
}

// Each failure has one code, its name in upper case, so that a client that reads only
// `code` and one that reads only `__typename` see the same set.
func TestEachUserErrorHasItsCode(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	for _, failure := range schema.PossibleTypes["UserError"] {
		if code := upperSnake(failure.Name); schema.Types["ErrorCode"].EnumValues.ForName(code) == nil {
			t.Errorf("%s has no code %s in ErrorCode", failure.Name, code)
		}
	}
}

func upperSnake(pascal string) string {
	var b strings.Builder
	for i, r := range pascal {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

func fieldTypes(def *ast.Definition) map[string]string {
	types := map[string]string{}
	for _, field := range def.Fields {
		types[field.Name] = field.Type.String()
	}
	return types
}

// The embedded copy of the schema is what clients are served: stale generated code
// would answer by another contract than the one in review.
func TestGeneratedCodeIsOfThisSchema(t *testing.T) {
	t.Parallel()
	want := loadSchema(t)
	got := graph.NewExecutableSchema(graph.Config{}).Schema()
	for _, def := range ownTypes(want) {
		generated := got.Types[def.Name]
		if generated == nil {
			t.Errorf("%s is not in the generated code: run go generate ./graph", def.Name)
			continue
		}
		if diff := cmp.Diff(fieldTypes(def), fieldTypes(generated)); diff != "" {
			t.Errorf("%s in the generated code (-schema +generated):\n%s", def.Name, diff)
		}
	}
	if len(model.AllRole) != len(want.Types["Role"].EnumValues) {
		t.Errorf("generated roles = %d, want %d", len(model.AllRole), len(want.Types["Role"].EnumValues))
	}
}
