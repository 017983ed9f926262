package resolvers_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const matrixLegend = `Who is shown what: every field of every type, by its shortest path from every root field.
Made by TestAuthorisationMatrix; "go test ./resolvers -run TestAuthorisationMatrix -update" writes it anew.

A cell has three letters: for an object that is the caller's own, for somebody else's and for one that does not exist; or one
letter, where the three are alike or nothing is asked for by id. Staff, services and callers without token own nothing: their
first letter is for a freelancer's objects. Behind "from" are the root fields, with the type where they return one of several; a
mutation alone stands for its success. Fields that answer alike share their rows.

  D  data               0  null, without an error    E  an empty list        .  not there: what it would hang on is null or empty
  F  FORBIDDEN by role  S  FORBIDDEN by scope        U  UNAUTHENTICATED      N  the member NotFound    -  another member
  f, s, u, n            the same, already said of a field above

`

// print writes a table for each type, the roots first, then by name. Fields that
// answer alike from everywhere share their rows.
func (m *matrix) print(probes []probe) string {
	var out, never strings.Builder
	out.WriteString(matrixLegend)
	for _, caller := range matrixCallers {
		fmt.Fprintf(&out, "  %-4s  %s\n", caller.column, caller.meaning)
	}
	for _, typeName := range m.typeNames() {
		var rows, missed grouped
		for _, field := range m.schema.Types[typeName].Fields {
			found, ways := m.rows(typeName, field.Name, probes)
			rows.add(found, field.Name)
			missed.add(ways, field.Name)
		}
		if len(rows.order) > 0 {
			out.WriteString("\n" + labelled([]string{typeName}, cellsLine("", columns(), "from"), ""))
		}
		for _, alike := range rows.order {
			out.WriteString(labelled(rows.fields[alike], alike, "  "))
		}
		for _, ways := range missed.order {
			never.WriteString(wrapped("  ", append([]string{typeName + ":"}, missed.fields[ways]...)) + wrapped("    from ", strings.Fields(ways)))
		}
	}
	out.WriteString("\nFields that nobody came to, whatever they were sent\n" + never.String())
	return out.String()
}

// grouped are fields by what they have in common, in order of the first.
type grouped struct {
	order  []string
	fields map[string][]string
}

func (g *grouped) add(common, field string) {
	if common == "" {
		return
	}
	if g.fields == nil {
		g.fields = map[string][]string{}
	}
	if g.fields[common] == nil {
		g.order = append(g.order, common)
	}
	g.fields[common] = append(g.fields[common], field)
}

// labelled puts names before rows: into the first one, if they fit.
func labelled(names []string, rows, indent string) string {
	label := indent + strings.Join(names, " ")
	if len(label) > nameWidth {
		return wrapped(indent, names) + rows
	}
	return label + rows[len(label):]
}

// wrapped writes words in lines of at most 130 characters.
func wrapped(indent string, words []string) string {
	var out strings.Builder
	line := indent
	for i, word := range words {
		if i > 0 && len(line)+1+len(word) > 130 {
			out.WriteString(line + "\n")
			line = strings.Repeat(" ", len(indent))
		} else if i > 0 {
			line += " "
		}
		line += word
	}
	return out.String() + line + "\n"
}

func columns() []string {
	var names []string
	for _, caller := range matrixCallers {
		names = append(names, caller.column)
	}
	return names
}

func (m *matrix) typeNames() []string {
	var names []string
	for name, def := range m.schema.Types {
		if def.Kind == ast.Object && !def.BuiltIn && def != m.schema.Query && def != m.schema.Mutation {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return append([]string{m.schema.Query.Name, m.schema.Mutation.Name}, names...)
}

// rows are the rows of a field: one for all the ways that answer alike. The ways
// by which nobody got as far as the field are returned apart.
func (m *matrix) rows(typeName, field string, probes []probe) (rows, missed string) {
	var ways, none grouped
	for _, p := range probes {
		var cells []string
		for _, caller := range matrixCallers {
			if cell, known := m.cells[cellKey{typeName, field, p.name, caller.column}]; known {
				cells = append(cells, cell)
			}
		}
		switch row := strings.Join(cells, " "); {
		case cells == nil:
		case strings.ContainsAny(row, came):
			ways.add(row, p.name)
		default:
			none.add("none", p.name)
		}
	}
	for _, row := range ways.order {
		rows += cellsLine("", strings.Split(row, " "), strings.Join(ways.fields[row], " "))
	}
	return rows, strings.Join(none.fields["none"], " ")
}

// nameWidth is the width of the first column, lineWidth that of a line.
const (
	nameWidth = 26
	lineWidth = 180
)

// cellsLine writes a row; the ways that do not fit go on below each other.
func cellsLine(name string, cells []string, ways string) string {
	var out strings.Builder
	line := fmt.Sprintf("%-*s", nameWidth, name)
	for _, cell := range cells {
		line += fmt.Sprintf(" %-4s", cell)
	}
	indent := strings.Repeat(" ", len(line))
	line += " "
	for _, way := range strings.Fields(ways) {
		if len(line)+1+len(way) > lineWidth {
			out.WriteString(line + "\n")
			line = indent + " "
		}
		line += " " + way
	}
	return out.String() + line + "\n"
}
