package archtest_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// module is the import path of this module; everything below it is ours.
const module = "purser"

// anything is an entry of row.others or row.ours that allows every import of that kind.
const anything = "*"

// row says what one package may import. Test files are exempt: a test may need the whole product.
type row struct {
	// pkg is a directory of this module, "." for its root.
	pkg string
	// ours are directories of this module.
	ours []string
	// others are import paths of other modules; a path allows the packages below it.
	others []string
	// never are import paths that stay forbidden whatever others says, the standard library included.
	never []string
}

var (
	onlyStandard = []string(nil)
	domain       = []string{"ledger", "internal/policy", "internal/domain"}
	services     = []string{"internal/wallet", "internal/campaign", "internal/analytics", "internal/finance", "internal/payment"}
	leaf         = []string(nil)
	drivers      = []string{
		"ledger", "internal/policy", "internal/domain", "internal/market", "internal/wallet", "internal/campaign", "internal/analytics", "internal/finance", "internal/payment",
		"internal/postgres", "internal/embedpg", "internal/obs",
	}
)

// The ledger decides, PostgreSQL records, GraphQL presents: what is above may import what is below it
// through this table, and nothing else.
var table = []row{
	{pkg: "ledger", ours: nil, others: onlyStandard, never: []string{"database/sql", "net"}},
	{pkg: "ledger/ledgertest", ours: []string{"ledger"}, others: []string{"pgregory.net/rapid"}},
	{pkg: "internal/policy", ours: nil, others: onlyStandard},

	{pkg: "internal/domain", ours: []string{"ledger"}, others: onlyStandard, never: []string{"database/sql", "net"}},
	{pkg: "internal/wallet", ours: domain, others: onlyStandard, never: []string{"database/sql", "net"}},
	{pkg: "internal/campaign", ours: domain, others: onlyStandard, never: []string{"database/sql", "net"}},
	{pkg: "internal/analytics", ours: domain, others: onlyStandard, never: []string{"database/sql", "net"}},
	{pkg: "internal/finance", ours: domain, others: onlyStandard, never: []string{"database/sql", "net"}},
	{pkg: "internal/payment", ours: domain, others: onlyStandard, never: []string{"database/sql"}},

	// What concerns two domain packages: one chart, one set of templates, the effects of one on the other.
	{pkg: "internal/market", ours: slices.Concat(domain, services), others: onlyStandard, never: []string{"database/sql", "net"}},

	{pkg: "internal/postgres", ours: slices.Concat(domain, services, []string{"internal/market", "internal/jobs", "internal/outbox"}), others: []string{anything}},
	{pkg: "internal/outbox", ours: []string{"ledger"}, others: []string{"github.com/prometheus/client_golang"}, never: []string{"database/sql", "net"}},
	{pkg: "internal/jobs", ours: slices.Concat(domain, services), others: []string{anything}},

	{pkg: "internal/scalar", ours: leaf, others: []string{"github.com/99designs/gqlgen", "github.com/vektah/gqlparser/v2"}},
	{pkg: "graph", ours: []string{"graph/model", "internal/scalar"}, others: []string{anything}},
	{pkg: "graph/model", ours: []string{"internal/scalar"}, others: []string{anything}},
	{pkg: "internal/loader", ours: slices.Concat(domain, services), others: []string{anything}, never: []string{"github.com/jackc/pgx/v5"}},
	{
		pkg: "resolvers",
		ours: slices.Concat(domain, services,
			[]string{"graph", "graph/model", "internal/scalar", "internal/loader", "internal/auth"}),
		others: []string{anything}, never: []string{"github.com/jackc/pgx/v5", "database/sql", "net/http"},
	},

	{pkg: "internal/auth", ours: leaf, others: []string{anything}},
	{pkg: "internal/config", ours: leaf, others: []string{anything}},
	{pkg: "internal/obs", ours: leaf, others: []string{anything}},
	{pkg: "internal/embedpg", ours: leaf, others: []string{anything}},
	{pkg: "internal/httpapi", ours: []string{"internal/auth", "internal/obs"}, others: []string{anything}},

	{pkg: "internal/demo", ours: drivers, others: []string{anything}, never: []string{"github.com/99designs/gqlgen"}},
	{
		pkg:    "internal/cli",
		ours:   slices.Concat(drivers, []string{"internal/auth", "internal/config", "internal/demo", "internal/httpapi", "internal/jobs", "internal/outbox"}),
		others: []string{anything}, never: []string{"github.com/99designs/gqlgen"},
	},
	{pkg: "internal/pgtest", ours: []string{"internal/embedpg", "internal/postgres"}, others: []string{anything}},
	{pkg: "internal/archtest", ours: nil, others: onlyStandard},

	// The peer of the page benchmarks knows the product's rules, but none of what answers its pages.
	{
		pkg:    "bench/handwritten",
		ours:   []string{"ledger", "internal/policy", "internal/domain", "internal/wallet", "internal/campaign", "internal/analytics", "internal/auth"},
		others: []string{anything}, never: []string{"github.com/99designs/gqlgen"},
	},
	{
		pkg:    "bench/pages",
		ours:   []string{"bench/handwritten", "internal/auth", "internal/embedpg", "internal/httpapi", "internal/obs"},
		others: []string{anything}, never: []string{"github.com/99designs/gqlgen"},
	},
	{
		pkg:    "bench/posting",
		ours:   []string{"ledger", "internal/domain", "internal/wallet", "internal/market", "internal/postgres", "internal/embedpg", "internal/obs"},
		others: []string{anything}, never: []string{"github.com/99designs/gqlgen"},
	},
	{pkg: ".", ours: []string{anything}, others: []string{anything}},
}

// violations says what a package imports against the table, one sentence each.
func violations(pkg string, imports []string) []string {
	i := slices.IndexFunc(table, func(r row) bool { return r.pkg == pkg })
	if i < 0 {
		return []string{fmt.Sprintf("package %s is not in the import table: decide what it may import and add a row", pkg)}
	}
	var found []string
	for _, imported := range imports {
		if why := table[i].refusal(imported); why != "" {
			found = append(found, fmt.Sprintf("%s imports %s: %s", pkg, imported, why))
		}
	}
	return found
}

// refusal says why a row forbids an import, or "".
func (r row) refusal(imported string) string {
	if covers(r.never, imported) {
		return "the import table forbids it by name"
	}
	if imported == module {
		return "nobody imports the main package"
	}
	if dir, ours := strings.CutPrefix(imported, module+"/"); ours {
		if slices.Contains(r.ours, anything) || slices.Contains(r.ours, dir) {
			return ""
		}
		return fmt.Sprintf("of our packages it may import only %v", r.ours)
	}
	first, _, _ := strings.Cut(imported, "/")
	if standard := !strings.Contains(first, "."); standard || covers(r.others, imported) {
		return ""
	}
	return fmt.Sprintf("besides the standard library it may import only %v", r.others)
}

// covers reports whether an import path is one of paths or below one.
func covers(paths []string, imported string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return p == anything || imported == p || strings.HasPrefix(imported, p+"/")
	})
}

// packageDir is the directory of a file as the table writes it.
func packageDir(file string) string { return path.Dir(file) }
