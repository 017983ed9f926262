package resolvers_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAdsGolden is TestGolden for testdata/ads, which is about newAdMarket.
func TestAdsGolden(t *testing.T) {
	t.Parallel()
	queries, err := filepath.Glob("testdata/ads/*/query.graphql")
	if err != nil || len(queries) == 0 {
		t.Fatalf("found %d cases: %v", len(queries), err)
	}
	w := newAdMarket(t)
	for _, path := range queries {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			query := readText(t, path)
			caller, _, _ := strings.Cut(strings.TrimPrefix(query, "# caller: "), "\n")
			token, known := adCallers[caller]
			if !known {
				t.Fatalf("the caller %q is nobody", caller)
			}
			variables := map[string]any{}
			if text, err := os.ReadFile(filepath.Join(dir, "vars.json")); err == nil {
				if err := json.Unmarshal([]byte(w.named(string(text))), &variables); err != nil {
					t.Fatalf("vars.json: %v", err)
				}
			}
			a := do(t, t.Context(), w.handler, request{token: token, query: w.named(query), variables: variables})
			compareWith(t, filepath.Join(dir, "want.json"), canonical(t, a))
		})
	}
}

// adCallers are the tokens of golden cases on ads, by name.
var adCallers = map[string]string{
	"ana": anaSays, "ben": benSays, "ben_freelances": benFreelances, "pretender": pretenderSays, "priya": priyaSays,
	"finance": financeToken, "support": "sam SUPPORT", "manager": "pia PRODUCT_MANAGER",
}
