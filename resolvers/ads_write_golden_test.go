package resolvers_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestAdsWriteGolden is TestGolden for testdata/ads_write: mutations of advertising,
// each case on a market of its own.
func TestAdsWriteGolden(t *testing.T) {
	t.Parallel()
	queries, err := filepath.Glob("testdata/ads_write/*/query.graphql")
	if err != nil || len(queries) == 0 {
		t.Fatalf("found %d cases: %v", len(queries), err)
	}
	for _, path := range queries {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			w := newAdMarket(t)
			w.names["priya"], w.names["acmeOwner"] = priya.String(), acme.String()
			w.names["priyaWallet"] = w.data(priyaSays, `{ viewer { wallets { id } } }`, nil).text("viewer", "wallets", 0, "id")
			query := readText(t, path)
			caller, _, _ := strings.Cut(strings.TrimPrefix(query, "# caller: "), "\n")
			token := adCallers[caller]
			if caller == "service" {
				token = serviceToken
			}
			if token == "" {
				t.Fatalf("the caller %q is nobody", caller)
			}
			variables := map[string]any{}
			if err := json.Unmarshal([]byte(w.named(readText(t, filepath.Join(dir, "vars.json")))), &variables); err != nil {
				t.Fatalf("vars.json: %v", err)
			}
			a := w.do(token, query, variables)
			compareWith(t, filepath.Join(dir, "want.json"), canonical(t, a))
			if n := w.batches.Load(); n != 0 {
				t.Errorf("%d loader batches ran, want every load a primed hit", n)
			}
		})
	}
}
