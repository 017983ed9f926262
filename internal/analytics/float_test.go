package analytics_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"
)

// Figures are counted and divided as whole numbers: no source of the package names
// a binary fraction, writes one, or turns a fraction into one.
func TestNothingIsAFloat(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 10 {
		t.Fatalf("found %d sources, %v", len(names), err)
	}
	set := token.NewFileSet()
	for _, name := range names {
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.Ident:
				if slices.Contains([]string{"float32", "float64", "complex64", "complex128", "Float32", "Float64", "ParseFloat", "FormatFloat"}, node.Name) {
					t.Errorf("%s: %s", set.Position(node.Pos()), node.Name)
				}
			case *ast.BasicLit:
				if node.Kind == token.FLOAT {
					t.Errorf("%s: %s", set.Position(node.Pos()), node.Value)
				}
			}
			return true
		})
	}
}
