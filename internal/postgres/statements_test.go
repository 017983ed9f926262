package postgres_test

import (
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"purser/internal/obs"
	"purser/internal/pgtest"
)

// statement is one SQL text of the package's source.
type statement struct {
	sql      string
	position token.Position
}

// statements returns every constant of the package's source that is SQL with a
// name, however it is put together. It type-checks the package without its
// imports: the values of constants do not need them.
func statements(t *testing.T) []statement {
	t.Helper()
	set, files := source(t)
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: noImports{}, Error: func(error) {}}
	_, _ = config.Check("postgres", set, files, info)
	var found []statement
	for expression, value := range info.Types {
		if value.Value == nil || value.Value.Kind() != constant.String {
			continue
		}
		if _, isName := expression.(*ast.Ident); isName {
			continue // a use of a constant that is found where it is written
		}
		if sql := constant.StringVal(value.Value); strings.HasPrefix(sql, "-- name:") {
			found = append(found, statement{sql, set.Position(expression.Pos())})
		}
	}
	return outermost(found)
}

// source parses the package without its tests.
func source(t *testing.T) (*token.FileSet, []*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return set, files
}

// noImports finds no package: the type checker goes on without.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

// outermost keeps, of the texts that begin at one place, the longest: the others
// are the parts that it is put together from.
func outermost(found []statement) []statement {
	longest := map[token.Position]string{}
	for _, s := range found {
		if len(s.sql) > len(longest[s.position]) {
			longest[s.position] = s.sql
		}
	}
	var kept []statement
	for position, sql := range longest {
		kept = append(kept, statement{sql, position})
	}
	slices.SortFunc(kept, func(a, b statement) int { return strings.Compare(a.sql, b.sql) })
	return kept
}

// rules that the text of a statement must keep. n is always a list of
// parameters, whose columns the statement itself has named.
var rules = map[string]*regexp.Regexp{
	"columns are listed":   regexp.MustCompile(`(?i)\bSELECT\s+(DISTINCT\s+)?\*|\b([a-mo-z]|\w{2,})\.\*`),
	"rows are not counted": regexp.MustCompile(`(?i)\bcount\(\s*\*\s*\)`),
	// OFFSET 0 skips nothing: it keeps the planner from merging a subquery.
	"pages go on from a key":            regexp.MustCompile(`(?i)\bOFFSET\s+([^0]|0\d)`),
	"floats are not for counting":       regexp.MustCompile(`(?i)\b(float[48]?|double precision|real)\b`),
	"CASE x WHEN fails with parameters": regexp.MustCompile(`(?i)\bCASE\s+(\$|\w+\.)`),
}

func TestStatements(t *testing.T) {
	t.Parallel()
	found := statements(t)
	if len(found) < 40 {
		t.Fatalf("the source has %d statements with names: the search is broken", len(found))
	}
	names := map[string]token.Position{}
	app := connect(t, pgtest.New(t).AppURL)
	for _, s := range found {
		name := obs.StatementName(s.sql)
		if name == obs.UnnamedStatement {
			t.Errorf("%s: the name is none: %.60s", s.position, s.sql)
		}
		if first, taken := names[name]; taken {
			t.Errorf("%s: %s is the name of the statement at %s", s.position, name, first)
		}
		names[name] = s.position
		for rule, broken := range rules {
			if match := broken.FindString(s.sql); match != "" {
				t.Errorf("%s: %s: %q: %s", s.position, name, match, rule)
			}
		}
		if strings.Count(s.sql, "LATERAL") > strings.Count(s.sql, ".book_id = $1 ") {
			t.Errorf("%s: %s: LATERAL fails where rows of several books live on several nodes: bind it to one", s.position, name)
		}
		var refused *pgconn.PgError
		if _, err := app.Prepare(t.Context(), name, s.sql); errors.As(err, &refused) {
			t.Errorf("%s: prepare %s: %s at character %d", s.position, name, refused.Message, refused.Position)
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestStatementsHaveNames finds SQL that would run without a name.
func TestStatementsHaveNames(t *testing.T) {
	t.Parallel()
	set, files := source(t)
	sends := map[string]int{"Queue": 0, "Exec": 1, "Query": 1, "QueryRow": 1}
	calls := 0
	inspect := func(node ast.Node) bool {
		call, isCall := node.(*ast.CallExpr)
		if !isCall {
			return true
		}
		method, isMethod := call.Fun.(*ast.SelectorExpr)
		if !isMethod {
			return true
		}
		at, sends := sends[method.Sel.Name]
		if !sends || len(call.Args) <= at {
			return true
		}
		if text, isLiteral := call.Args[at].(*ast.BasicLit); isLiteral && text.Kind == token.STRING {
			calls++
			if !strings.HasPrefix(strings.Trim(text.Value, "`\""), "-- name: ") {
				t.Errorf("%s: a statement without a name", set.Position(text.Pos()))
			}
		}
		return true
	}
	for _, file := range files {
		ast.Inspect(file, inspect)
	}
	if calls < 20 {
		t.Errorf("found %d statements: the search is broken", calls)
	}
}
