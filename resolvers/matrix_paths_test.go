package resolvers_test

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// probe is one way into the schema: a root field and, where that returns an
// interface or a union, one of its types.
type probe struct {
	name      string // the root field; behind a colon the type, unless it is a mutation's success
	operation ast.Operation
	root      *ast.FieldDefinition
	member    string // "" when the root field returns one type only
	paths     []fieldPath
}

// fieldPath is the shortest path of a probe to a field of a type.
type fieldPath struct {
	typeName, field string
	steps           []step // the root field is the first
}

// step is one field on a path.
type step struct {
	on    string // the type to narrow to, "" where there is only one
	field *ast.FieldDefinition
}

// key is the name in the response. Fields of several types in one place are told
// apart, because they may be of different types themselves.
func (s step) key() string {
	if s.on == "" {
		return s.field.Name
	}
	return s.on + "_" + s.field.Name
}

// probesOf lists the ways into a schema, in its order.
func probesOf(schema *ast.Schema) []probe {
	var probes []probe
	for _, root := range []struct {
		operation ast.Operation
		def       *ast.Definition
	}{{ast.Query, schema.Query}, {ast.Mutation, schema.Mutation}} {
		for _, field := range root.def.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			p := probe{name: field.Name, operation: root.operation, root: field}
			returned := schema.Types[field.Type.Name()]
			if !returned.IsAbstractType() {
				probes = append(probes, p.reach(schema, root.def.Name, returned.Name))
				continue
			}
			for i, member := range concrete(schema, returned) {
				p.member, p.name = member, field.Name+":"+member
				// A mutation itself has one row: that of its success, its first type.
				above := root.def.Name
				if root.operation == ast.Mutation && i == 0 {
					p.name = field.Name
				} else if root.operation == ast.Mutation {
					above = ""
				}
				probes = append(probes, p.reach(schema, above, member))
			}
		}
	}
	return probes
}

// concrete returns the object types that a type can be, in the order of a union's
// definition.
func concrete(schema *ast.Schema, def *ast.Definition) []string {
	switch def.Kind {
	case ast.Union:
		return def.Types
	case ast.Interface:
		var names []string
		for _, possible := range schema.GetPossibleTypes(def) {
			names = append(names, possible.Name)
		}
		return names
	case ast.Object:
		return []string{def.Name}
	default:
		return nil
	}
}

// reach finds the shortest path to each field of each type behind the root field,
// breadth first.
func (p probe) reach(schema *ast.Schema, above, returned string) probe {
	type place struct {
		typeName string
		on       string
		steps    []step
	}
	root := []step{{field: p.root}}
	if above != "" {
		p.paths = append(p.paths, fieldPath{above, p.root.Name, root})
	}
	queue, seen := []place{{returned, p.member, root}}, map[string]bool{returned: true}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, field := range schema.Types[at.typeName].Fields {
			steps := append(at.steps[:len(at.steps):len(at.steps)], step{at.on, field})
			p.paths = append(p.paths, fieldPath{at.typeName, field.Name, steps})
			below := schema.Types[field.Type.Name()]
			for _, name := range concrete(schema, below) {
				if seen[name] {
					continue
				}
				seen[name] = true
				next := place{typeName: name, steps: steps}
				if below.IsAbstractType() {
					next.on = name
				}
				queue = append(queue, next)
			}
		}
	}
	return p
}

// document is an operation that selects some paths of a probe.
type document struct {
	text      string
	variables map[string]any

	sampler  *sampler
	declared []string
}

func newDocument(s *sampler, p probe, paths []fieldPath) *document {
	d := &document{variables: map[string]any{}, sampler: s}
	selection := d.selection(paths, 0)
	declared := ""
	if len(d.declared) > 0 {
		declared = "(" + strings.Join(d.declared, ", ") + ")"
	}
	d.text = string(p.operation) + declared + selection
	return d
}

// selection selects what paths have at a depth, each field once.
func (d *document) selection(paths []fieldPath, depth int) string {
	below := map[string][]fieldPath{}
	var order []step
	for _, path := range paths {
		if len(path.steps) <= depth {
			continue
		}
		next := path.steps[depth]
		if below[next.key()] == nil {
			order = append(order, next)
		}
		below[next.key()] = append(below[next.key()], path)
	}
	var out strings.Builder
	out.WriteString(" {")
	if depth > 0 {
		out.WriteString(" __typename")
	}
	for _, next := range order {
		text := next.field.Name + d.arguments(next.field, depth == 0)
		if concrete(d.sampler.schema, d.sampler.schema.Types[next.field.Type.Name()]) != nil {
			text += d.selection(below[next.key()], depth+1)
		}
		if next.on != "" {
			text = "... on " + next.on + " { " + next.key() + ": " + text + " }"
		}
		out.WriteString(" " + text)
	}
	out.WriteString(" }")
	return out.String()
}

// arguments passes sample values as variables: those of the root field by their
// own names, for a test to change.
func (d *document) arguments(field *ast.FieldDefinition, root bool) string {
	var passed []string
	for _, argument := range field.Arguments {
		if !d.sampler.wants(field.Name, argument.Name, argument.Type, argument.DefaultValue) {
			continue
		}
		name := argument.Name
		if !root {
			name = fmt.Sprintf("v%d", len(d.declared))
		}
		d.declared = append(d.declared, fmt.Sprintf("$%s: %s", name, argument.Type))
		d.variables[name] = d.sampler.value(field, field.Name, argument.Name, argument.Type)
		passed = append(passed, argument.Name+": $"+name)
	}
	if passed == nil {
		return ""
	}
	return "(" + strings.Join(passed, ", ") + ")"
}
