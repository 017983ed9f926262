package resolvers_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected answers of golden tests and examples")

// TestGolden sends each testdata/<case>/query.graphql, with its vars.json if there
// is one, through the real handler to a real database, and compares the answer
// with want.json. The query's first line names the caller: "# caller: priya".
// Names in double braces stand for what newMarket made.
func TestGolden(t *testing.T) {
	t.Parallel()
	queries, err := filepath.Glob("testdata/*/query.graphql")
	if err != nil || len(queries) == 0 {
		t.Fatalf("found %d cases: %v", len(queries), err)
	}
	shared := newMarket(t)
	for _, path := range queries {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			query := readText(t, path)
			w := shared
			if strings.Contains(query, "mutation") {
				w = newMarket(t)
			}
			caller, _, _ := strings.Cut(strings.TrimPrefix(query, "# caller: "), "\n")
			variables := map[string]any{}
			if text, err := os.ReadFile(filepath.Join(dir, "vars.json")); err == nil {
				if err := json.Unmarshal([]byte(w.named(string(text))), &variables); err != nil {
					t.Fatalf("vars.json: %v", err)
				}
			}
			a := do(t, t.Context(), w.handler, request{token: callers[caller], query: w.named(query), variables: variables})
			compareWith(t, filepath.Join(dir, "want.json"), canonical(t, a))
		})
	}
}

// callers are the tokens of golden cases and examples, by name.
var callers = map[string]string{
	"priya": priyaSays, "jonas": jonasSays, "lena": lenaSays, "omar": omarSays,
	"outsider": outsider.String() + " AGENCY_ADMIN AGENCY_MEMBER", "finance": financeToken, "auditor": "amy AUDITOR",
	"support": "sam SUPPORT", "manager": "pia PRODUCT_MANAGER", "service": serviceToken, "nobody": "",
}

// named replaces the names in double braces.
func (w *world) named(text string) string {
	for name, id := range w.names {
		text = strings.ReplaceAll(text, "{{"+name+"}}", id)
	}
	return text
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// canonical prints an answer: fields in the order of the response, errors in the
// order of their paths, since fields fail in any order.
func canonical(t *testing.T, a answer) string {
	t.Helper()
	var members []string
	if len(a.Errors) > 0 {
		slices.SortFunc(a.Errors, func(x, y answerError) int {
			return cmp.Compare(fmt.Sprint(x.Path), fmt.Sprint(y.Path))
		})
		members = append(members, `"errors":`+marshal(t, a.Errors))
	}
	if a.Data != nil {
		members = append(members, `"data":`+string(a.Data))
	}
	if a.Extensions != nil {
		members = append(members, `"extensions":`+marshal(t, a.Extensions))
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte("{"+strings.Join(members, ",")+"}"), "", "  "); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compareWith compares with a file, or writes it with -update.
func compareWith(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(readText(t, path), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
