package resolvers_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/internal/auth"
	"purser/internal/obs"
	"purser/resolvers"
)

// matrixCaller is one column of the matrix.
type matrixCaller struct {
	column  string // a few letters
	token   string
	meaning string
	own     string // whose objects are asked for as the caller's own
	// opensAll is the kind of operation by which the caller reaches every object,
	// so that none is foreign to it; "" for callers that others' objects are closed to.
	opensAll ast.Operation
}

var (
	matrixAnalyst = party(7)
	matrixManager = party(8)
)

// matrixCallers are all roles, each as the database confirms it, and what is less
// than a role: no token, a service out of its scope, claims without a membership.
var matrixCallers = []matrixCaller{
	{"none", "", "no token", "priya", ""},
	{"FREE", priyaSays, "FREELANCER", "priya", ""},
	{"MEMB", omarSays, "AGENCY_MEMBER with a membership", "studio", ""},
	{"AADM", lenaSays, "AGENCY_ADMIN with a membership", "studio", ""},
	{"memb", outsider.String() + " AGENCY_MEMBER", "AGENCY_MEMBER without a membership", "studio", ""},
	{"aadm", outsider.String() + " AGENCY_ADMIN", "AGENCY_ADMIN without a membership", "studio", ""},
	{"ANAL", matrixAnalyst.String() + " ADVERTISER_ANALYST", "ADVERTISER_ANALYST with a membership", "studio", ""},
	{"DADM", matrixManager.String() + " ADVERTISER_ADMIN", "ADVERTISER_ADMIN with a membership", "studio", ""},
	{"PROD", "pia PRODUCT_MANAGER", "PRODUCT_MANAGER", "priya", ""},
	{"SUPP", "sam SUPPORT", "SUPPORT without an open case", "priya", ""},
	{"FINA", financeToken, "FINANCE", "priya", ast.Query},
	{"AUDI", "amy AUDITOR", "AUDITOR", "priya", ast.Query},
	{"SERV", serviceToken, "SERVICE whose scope names every mutation", "priya", ast.Mutation},
	{"serv", "billing SERVICE / " + otherMutations, "SERVICE whose scope names every mutation but this one", "priya", ""},
}

// otherMutations stands in a scope for all mutations but the one that is asked for.
const otherMutations = "OTHERS"

func (c matrixCaller) tokenFor(p probe) string {
	claims, found := strings.CutSuffix(c.token, otherMutations)
	if !found {
		return c.token
	}
	_, scope, _ := strings.Cut(serviceToken, "/")
	others := slices.DeleteFunc(strings.Fields(scope), func(name string) bool { return name == p.root.Name })
	return claims + strings.Join(others, " ")
}

// TestAuthorisationMatrix takes every field of every type by its shortest path
// from every root field, as every caller, for objects that are theirs, somebody
// else's and nobody's, through the real handler to a real database. What comes
// back is compared with testdata/matrix.golden, which -update rewrites: a field
// that is new or answers otherwise fails until somebody has looked at its row.
//
// Without the file it asserts that what is somebody else's answers byte for byte
// like what does not exist, for every caller to whom anything is closed.
func TestAuthorisationMatrix(t *testing.T) {
	t.Parallel()
	schema := resolvers.New(resolvers.Config{}).Schema().Schema()
	m := &matrix{schema: schema, worlds: newMatrixWorlds(t), cells: map[cellKey]string{}}
	probes := probesOf(schema)
	t.Run("from", func(t *testing.T) {
		for _, p := range probes {
			if p.operation != ast.Query {
				continue
			}
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				m.run(t, p)
			})
		}
		// What changes a world does so in one order, so that each answer has one state before it.
		for name := range m.worlds {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, p := range probes {
					if p.operation == ast.Mutation && memberOf(p).world == name {
						t.Run(p.name, func(t *testing.T) { m.run(t, p) })
					}
				}
			})
		}
	})
	if m.ran != len(probes) {
		t.Logf("%d of %d paths were taken: the file is not compared", m.ran, len(probes))
		return
	}
	compareWith(t, "testdata/matrix.golden", m.print(probes))
}

// Every role is a column: a new one fails here until it is asked.
func TestMatrixHasEveryRole(t *testing.T) {
	t.Parallel()
	var asked []auth.Role
	for _, caller := range matrixCallers {
		if caller.token == "" {
			continue
		}
		p, err := personas{}.Verify(t.Context(), caller.token)
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, p.Roles...)
	}
	for _, role := range auth.Roles() {
		if !slices.Contains(asked, role) {
			t.Errorf("no column of the matrix is for %s", role)
		}
	}
}

// matrix is what was found so far.
type matrix struct {
	schema *ast.Schema
	worlds map[string]*matrixWorld

	mu    sync.Mutex
	ran   int // probes that were taken to their end
	cells map[cellKey]string
}

// cellKey names a cell: a field, how it was reached and by whom.
type cellKey struct{ typeName, field, probe, column string }

// run asks for all that a probe reaches, as every caller.
func (m *matrix) run(t *testing.T, p probe) {
	t.Helper()
	w := m.worlds[memberOf(p).world]
	for _, caller := range matrixCallers {
		own, foreign, unknown := w.aims(t, caller)
		first := m.ask(t, p, caller, own)
		if !first.aimed {
			m.note(p, caller, first)
			continue
		}
		second, third := m.ask(t, p, caller, foreign), m.ask(t, p, caller, unknown)
		m.note(p, caller, first, second, third)
		if caller.opensAll != p.operation {
			sameAnswer(t, p, caller, second, third)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ran++
}

// sameAnswer compares what is foreign with what is unknown: bytes, outcomes and,
// where commands of other callers cannot share a batch, the statements as well.
func sameAnswer(t *testing.T, p probe, caller matrixCaller, foreign, unknown matrixAnswer) {
	t.Helper()
	if diff := cmp.Diff(unknown.raw, foreign.raw); diff != "" {
		t.Errorf("as %s: what is foreign does not answer like what is unknown (-unknown +foreign):\n%s", caller.meaning, diff)
	}
	if diff := cmp.Diff(unknown.outcomes, foreign.outcomes); diff != "" {
		t.Errorf("as %s: fields of what is foreign (-unknown +foreign):\n%s", caller.meaning, diff)
	}
	if p.operation != ast.Query {
		return
	}
	if diff := cmp.Diff(unknown.statements, foreign.statements); diff != "" {
		t.Errorf("as %s: statements (-unknown +foreign):\n%s", caller.meaning, diff)
	}
}

// note writes a cell for each field: one letter for own, foreign and unknown, or a
// single one where all are alike.
func (m *matrix) note(p probe, caller matrixCaller, answers ...matrixAnswer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, path := range p.paths {
		var letters []byte
		for _, answer := range answers {
			letters = append(letters, byte(answer.outcomes[i]))
		}
		if len(slices.Compact(slices.Clone(letters))) == 1 {
			letters = letters[:1]
		}
		m.cells[cellKey{path.typeName, path.field, p.name, caller.column}] = string(letters)
	}
}

// matrixAnswer is what one caller was answered.
type matrixAnswer struct {
	aimed      bool // the request names an object
	outcomes   []outcome
	raw        []string
	statements []string
}

// pathsMax bounds the fields of one document of a query: the edge refuses over
// 1,000 tokens.
const pathsMax = 150

// ask sends what a probe selects. A mutation is one document, since it runs once;
// a query may be several.
func (m *matrix) ask(t *testing.T, p probe, caller matrixCaller, aim target) matrixAnswer {
	t.Helper()
	member := memberOf(p)
	w := m.worlds[member.world]
	size := pathsMax
	if p.operation == ast.Mutation {
		size = len(p.paths)
	}
	var all matrixAnswer
	for paths := range slices.Chunk(p.paths, size) {
		s := &sampler{t: t, schema: m.schema, world: w.world, aim: aim, member: p.member, caller: caller}
		doc := newDocument(s, p, paths)
		ctx, counter := obs.WithCounter(t.Context())
		ask := request{token: caller.tokenFor(p), query: doc.text, variables: doc.variables}
		if member.repeat {
			do(t, ctx, w.handler, ask)
		}
		if input, takesInput := doc.variables["input"].(map[string]any); takesInput && member.change != nil {
			member.change(s, input)
		}
		a := do(t, ctx, w.handler, ask)
		all.aimed = all.aimed || s.aimed
		all.raw, all.statements = append(all.raw, s.masked(a.raw)), append(all.statements, counter.Names()...)
		all.outcomes = append(all.outcomes, outcomesOf(t, p, paths, a)...)
	}
	return all
}
