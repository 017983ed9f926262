package resolvers_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples sends each docs/examples/*.graphql, with its .vars.json if there is
// one, as the caller it names, and compares the answer with its .out. So what the
// documentation shows is what the product answers. Each runs on a market of its
// own, since examples also write.
func TestExamples(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../docs/examples/*.graphql")
	if err != nil || len(paths) < 8 {
		t.Fatalf("found %d examples: %v", len(paths), err)
	}
	for _, path := range paths {
		base := strings.TrimSuffix(path, ".graphql")
		t.Run(filepath.Base(base), func(t *testing.T) {
			t.Parallel()
			w := newMarket(t)
			query := readText(t, path)
			if !strings.HasPrefix(query, "# For ") {
				t.Errorf("%s does not begin by saying for whom it is", path)
			}
			_, rest, found := strings.Cut(query, "# caller: ")
			caller, _, _ := strings.Cut(rest, "\n")
			token := callers[caller]
			if !found || token == "" {
				t.Fatalf("%s names no caller", path)
			}
			variables := map[string]any{}
			if text, err := os.ReadFile(base + ".vars.json"); err == nil {
				if err := json.Unmarshal([]byte(w.named(string(text))), &variables); err != nil {
					t.Fatalf("variables: %v", err)
				}
			}
			a := w.do(token, query, variables)
			if len(a.Errors) > 0 {
				t.Errorf("an example that fails: %s", a.raw)
			}
			compareWith(t, base+".out", canonical(t, a))
			if n := w.batches.Load(); n != 0 {
				t.Errorf("%d loader batches ran, want every load a primed hit", n)
			}
		})
	}
}
