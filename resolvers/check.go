package resolvers

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph"
)

// CheckSchema is run when the server starts. It returns an error that names each
// root field without @auth, which would be open to everyone; each field with @auth
// that is non-null, which would blank its parent for those it refuses; and each
// field with arguments that no resolver answers, whose arguments the executor
// would ignore.
func CheckSchema(schema *ast.Schema) error {
	var found []error
	roots := map[*ast.Definition]bool{schema.Query: true, schema.Mutation: true, schema.Subscription: true}
	for _, definition := range schema.Types {
		if definition.BuiltIn || definition.Kind != ast.Object || strings.HasPrefix(definition.Name, "__") {
			continue
		}
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			if err := checkField(definition, field, roots[definition]); err != nil {
				found = append(found, err)
			}
		}
	}
	return errors.Join(found...)
}

func checkField(definition *ast.Definition, field *ast.FieldDefinition, isRoot bool) error {
	name := definition.Name + "." + field.Name
	guarded := len(authRoles(field)) > 0
	switch {
	case isRoot && !guarded:
		return fmt.Errorf("schema: %s is a root field and no @auth opens it to a role", name)
	case guarded && field.Type.NonNull:
		return fmt.Errorf("schema: %s has @auth and is non-null", name)
	case len(field.Arguments) > 0 && !hasResolver(definition.Name, field.Name):
		return fmt.Errorf("schema: %s has arguments and no resolver", name)
	}
	return nil
}

// hasResolver looks for the field's method in the generated interfaces.
func hasResolver(typeName, fieldName string) bool {
	accessor, found := reflect.TypeFor[graph.ResolverRoot]().MethodByName(typeName)
	if !found {
		return false
	}
	_, found = accessor.Type.Out(0).MethodByName(strings.ToUpper(fieldName[:1]) + fieldName[1:])
	return found
}
