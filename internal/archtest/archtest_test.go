package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's root, seen from the directory that tests run in.
const root = "../.."

// source is one Go file of the module.
type source struct {
	path      string // from the root, with slashes
	imports   []string
	generated bool
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// sources parses every Go file of the module: not those of modules below it, nor of directories that
// the go command ignores.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && skipped(name):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		s, err := read(name)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatalf("read the module's source: %v", err)
	}
	if len(all) == 0 {
		t.Fatal("the module has no source: the walk is wrong")
	}
	return all
}

func skipped(dir string) bool {
	base := filepath.Base(dir)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func read(name string) (source, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return source{}, err
	}
	s := source{path: filepath.ToSlash(rel), generated: ast.IsGenerated(file)}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, imported)
	}
	return s, nil
}

func TestImportTable(t *testing.T) {
	t.Parallel()
	imports := map[string][]string{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		pkg := packageDir(s.path)
		imports[pkg] = append(imports[pkg], s.imports...)
	}
	for pkg, imported := range imports {
		slices.Sort(imported)
		for _, violation := range violations(pkg, slices.Compact(imported)) {
			t.Error(violation)
		}
	}
}

// TestNobodyImportsMain is the one rule that binds test files too.
func TestNobodyImportsMain(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if slices.Contains(s.imports, module) {
			t.Errorf("%s imports the main package", s.path)
		}
	}
}

// TestViolations keeps the table's reader honest: a rule that lets everything through looks the same
// as a clean code base.
func TestViolations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, pkg, imported string
		refused             bool
	}{
		{"ledger_may_use_the_standard_library", "ledger", "time", false},
		{"ledger_knows_no_database", "ledger", "github.com/jackc/pgx/v5", true},
		{"ledger_knows_no_sql", "ledger", "database/sql", true},
		{"ledger_knows_no_network_below_net", "ledger", "net/http", true},
		{"ledger_knows_nothing_of_ours", "ledger", "purser/internal/policy", true},
		{"services_know_the_ledger", "internal/wallet", "purser/ledger", false},
		{"services_do_not_know_each_other", "internal/wallet", "purser/internal/campaign", true},
		{"services_do_not_know_storage", "internal/wallet", "purser/internal/postgres", true},
		{"storage_knows_services", "internal/postgres", "purser/internal/wallet", false},
		{"storage_does_not_know_callers", "internal/postgres", "purser/internal/auth", true},
		{"resolvers_know_the_generated_executor", "resolvers", "purser/graph", false},
		{"resolvers_do_not_know_storage", "resolvers", "purser/internal/postgres", true},
		{"resolvers_do_not_know_pgx", "resolvers", "github.com/jackc/pgx/v5/pgxpool", true},
		{"resolvers_do_not_know_http", "resolvers", "net/http", true},
		{"generated_code_knows_scalars", "graph", "purser/internal/scalar", false},
		{"generated_code_does_not_know_resolvers", "graph", "purser/resolvers", true},
		{"a_prefix_is_not_a_parent", "ledger/ledgertest", "pgregory.net/rapidly", true},
		{"sub_commands_do_not_know_the_executor", "internal/cli", "purser/graph", true},
		{"nobody_imports_main", "internal/cli", "purser", true},
		{"main_imports_everything", ".", "purser/resolvers", false},
		{"a_package_without_a_row_is_refused", "internal/util", "time", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := violations(c.pkg, []string{c.imported}); (len(got) > 0) != c.refused {
				t.Errorf("violations(%s, %s) = %q, want refused: %v", c.pkg, c.imported, got, c.refused)
			}
		})
	}
}

// TestGeneratedCode checks the marks by which people and tools tell written code from generated code.
// That generated code is also unedited is what `make generate-check` shows, by generating it again.
func TestGeneratedCode(t *testing.T) {
	t.Parallel()
	const handWritten = "graph/generate.go"
	for _, s := range sources(t) {
		inGraph := strings.HasPrefix(s.path, "graph/")
		want := inGraph && s.path != handWritten && !s.test()
		if s.generated != want {
			t.Errorf("%s: has the header of generated code: %v, want %v", s.path, s.generated, want)
		}
	}
	for file, wants := range map[string][]string{
		".gitattributes": {"graph/*.generated.go linguist-generated", "graph/model/models_gen.go linguist-generated"},
		"Makefile":       {"ci: generate-check"},
		handWritten:      {"//go:generate go tool gqlgen generate"},
	} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Errorf("read %s: %v", file, err)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not say %q", file, want)
			}
		}
	}
}
