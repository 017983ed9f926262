package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/demo"
)

// TestBuiltFiles fails when a source of web/dist was changed after the last `make web`. The list of
// sources and the way they are hashed are those of web/sources.mjs.
func TestBuiltFiles(t *testing.T) {
	t.Parallel()
	paths := []string{".npmrc", "build.mjs", "package-lock.json", "package.json", "sources.mjs"}
	for _, folder := range []string{"pages", "src", "tabs"} {
		entries, err := os.ReadDir(filepath.Join("web", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			paths = append(paths, folder+"/"+entry.Name())
		}
	}
	slices.Sort(paths)
	hash := sha256.New()
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Join("web", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(hash, "%s\x00%d\x00", path, len(text))
		hash.Write(text)
	}
	built, err := os.ReadFile("web/dist/sources.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(string(built)), hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("web/dist was built from sources with hash %s, these have %s: run make web", got, want)
	}
}

// TestLockfileNamesNoHost keeps the addresses of whoever last ran npm out of the tree.
func TestLockfileNamesNoHost(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("web/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `"resolved"`) {
		t.Error("web/package-lock.json says where packages were fetched from: run npm install with web/.npmrc")
	}
}

// TestPlayground acts as the playground does: for each tab it gets a token of the tab's persona from the
// page's own route and sends it, which must return data at once. Two of them close the month that just
// ended, by two people.
func TestPlayground(t *testing.T) {
	p := newProduct(t, reachableDir(t))
	// Enough parties that a product manager is shown groups, in the month asked for and in the one before.
	p.command(t, "demo", "-wallets", "120", "-campaigns", "240", "-days", "62")
	stop := p.serve(t)
	defer func() {
		if code := stop(); code != 0 {
			t.Errorf("code = %d, want 0", code)
		}
	}()
	paths, err := filepath.Glob("web/tabs/*.graphql") // in this order finance-close comes before finance-second
	if err != nil {
		t.Fatal(err)
	}
	tabs := map[string]int{} // by persona
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			persona, tab, variables := readTab(t, path)
			tabs[persona]++
			data := ask[map[string]any](t, p, personaToken(t, p, persona), tab, variables)
			if hole := firstHole(data); hole != "" || len(data) == 0 {
				t.Errorf("%s is empty in %v", hole, data)
			}
		})
	}
	wantClosed(t, p)
	names := make([]string, 0, len(demo.Personas(1)))
	for _, persona := range demo.Personas(1) {
		names = append(names, persona.Name)
		if tabs[persona.Name] == 0 {
			t.Errorf("%s has no tab", persona.Name)
		}
		delete(tabs, persona.Name)
	}
	if len(tabs) > 0 {
		t.Errorf("tabs of nobody: %v", tabs)
	}
	_, page := p.send(t, http.MethodGet, p.urls["Play"], "", http.NoBody)
	personas, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page, fmt.Sprintf(`{"personas":%s}`, personas)) {
		t.Errorf("the page does not offer %s:\n%s", personas, page)
	}
}

// wantClosed fails unless the tabs have closed the month that just ended.
func wantClosed(t *testing.T, p *product) {
	t.Helper()
	type period struct{ Period, State string }
	data := ask[struct{ Periods struct{ Nodes []period } }](t, p, personaToken(t, p, demo.PersonaAuditor), `{ periods(first: 2) { nodes { period state } } }`, nil)
	if want := (period{lastMonth(), "CLOSED"}); !slices.Contains(data.Periods.Nodes, want) {
		t.Errorf("periods are %v, want %v among them", data.Periods.Nodes, want)
	}
}

// personaToken asks for a token as the page in a browser on this machine does.
func personaToken(t *testing.T, p *product, persona string) string {
	t.Helper()
	body := strings.NewReader(fmt.Sprintf(`{"persona":%q}`, persona))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.urls["Play"]+"/token", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Token     string
		ExpiresAt time.Time
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("token of %s: status %d, %+v (%v)", persona, res.StatusCode, answer, err)
	}
	if left := time.Until(answer.ExpiresAt); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("the token lives %s, want 15 minutes", left)
	}
	return answer.Token
}

// readTab returns a tab, whose it is, and the variables that the page fills in (web/src/tabs.js).
func readTab(t *testing.T, path string) (persona, document string, variables map[string]any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rest, found := strings.CutPrefix(string(text), "# caller: ")
	if !found {
		t.Fatalf("%s does not begin with its caller, by which the page knows whom to ask as", path)
	}
	persona, _, _ = strings.Cut(rest, "\n")
	switch period := lastMonth(); {
	case strings.Contains(rest, "$input: ClosePeriodInput!"):
		variables = map[string]any{"input": map[string]any{"idempotencyKey": "close-" + period, "period": period, "reason": "month end"}}
	case strings.Contains(rest, "$period: String!"):
		variables = map[string]any{"period": period}
	}
	return persona, string(text), variables
}

// lastMonth is the month that ended last, in UTC.
func lastMonth() string {
	today := time.Now().UTC()
	return time.Date(today.Year(), today.Month()-1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
}

// mayBeEmpty are the lists of a persona's tab that say something when they are empty.
var mayBeEmpty = []string{"reasons", "buckets", "spendingLimits"}

// firstHole returns the name of an object without anything in it that a tab is there to show, or "": a
// list counts as filled when one of its elements is.
func firstHole(object map[string]any) string {
	for name, member := range object {
		list, isList := member.([]any)
		if !isList {
			list = []any{member}
		} else if len(list) == 0 && !slices.Contains(mayBeEmpty, name) {
			return name
		}
		hole := ""
		for _, element := range list {
			inner, isObject := element.(map[string]any)
			if !isObject {
				hole = ""
				break
			}
			if hole = firstHole(inner); hole == "" {
				break
			}
		}
		if hole != "" {
			return name + "." + hole
		}
	}
	return ""
}
