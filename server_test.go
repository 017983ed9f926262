package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"go.uber.org/goleak"

	"purser/internal/cli"
)

// product is the whole product on a data directory of its own, as a user has it: commands on the
// command line, answers over HTTP.
type product struct {
	environ []string
	urls    map[string]string
	client  *http.Client
}

func newProduct(t *testing.T, dir string) *product {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &product{
		environ: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "PURSER_DATA_DIR=" + dir,
			"PURSER_ADDR=127.0.0.1:0", "PURSER_ADMIN_ADDR=127.0.0.1:0",
		},
		urls:   map[string]string{},
		client: &http.Client{Transport: transport, Timeout: time.Minute},
	}
}

func (p *product) program(stdout, stderr io.Writer, args ...string) *cli.Program {
	return &cli.Program{
		Name: "purser", Args: args, Environ: p.environ, Stdout: stdout, Stderr: stderr, Clock: time.Now, NewHandler: newHandler,
	}
}

// command runs a sub-command that must succeed and returns what it printed.
func (p *product) command(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := p.program(&stdout, &stderr, args...).Run(t.Context()); code != 0 {
		t.Fatalf("%v ended with code %d:\n%s%s", args, code, &stdout, &stderr)
	}
	return stdout.String()
}

// serve starts the server, reads the addresses that it prints, and returns a function that stops it
// and returns its exit code.
func (p *product) serve(t *testing.T) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- p.program(write, &stderr).Run(ctx)
		_ = write.Close()
	}()
	lines := bufio.NewScanner(read)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Ctrl-C") {
		if fields := strings.Fields(lines.Text()); len(fields) == 2 && strings.HasPrefix(fields[1], "http://") {
			p.urls[fields[0]] = fields[1]
		}
	}
	if p.urls["GraphQL"] == "" {
		cancel()
		t.Fatalf("the server ended with code %d:\n%s", <-code, &stderr)
	}
	return func() int {
		cancel()
		_, _ = io.Copy(io.Discard, read)
		got := <-code
		if got != 0 {
			t.Logf("stderr:\n%s", &stderr)
		}
		return got
	}
}

// send sends a request and returns the status and the body.
func (p *product) send(t *testing.T, method, url, token string, body io.Reader) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// ask runs a GraphQL operation without errors and returns its data.
func ask[Data any](t *testing.T, p *product, token, document string, variables map[string]any) Data {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	_, text := p.send(t, http.MethodPost, p.urls["GraphQL"], token, bytes.NewReader(body))
	var answer struct {
		Data   Data              `json:"data"`
		Errors []json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Errors) > 0 {
		t.Fatalf("%s\nanswered %s (%v)", document, text, err)
	}
	return answer.Data
}

// walletPage is what the test reads of a wallet.
type walletPage struct {
	ID           string `json:"id"`
	Balance      struct{ Available int64 }
	Transactions struct {
		Nodes []struct {
			Type                   string
			Amount, RunningBalance int64
		}
	}
}

const (
	viewerWallets = `{ viewer { wallets { id balance { available } transactions(first: 5) { nodes { type amount runningBalance } } } } }`
	oneWallet     = `query ($id: ID!) { wallet(id: $id) { id balance { available } transactions(first: 5) { nodes { type amount runningBalance } } } }`
	spendOne      = `mutation ($id: ID!, $key: String!) { spendConnects(input: {idempotencyKey: $key, walletId: $id, quantity: 1,
		subject: {type: PROPOSAL, id: "0192f0c8-0d9c-7cc0-8e6f-4b6d1a6c9a01"}}) { __typename ... on SpendConnectsSuccess { replayed } } }`
	totals = `{ trialBalance { totals { commodity debits credits } } }`
)

// reachableDir is one that the account PostgreSQL runs as under root can enter, unlike t.TempDir.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "purser-server-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

// TestProduct boots the real program on a private PostgreSQL, uses it as a freelancer and as finance
// do, and takes it down: what was written is still there for the next run, no goroutine and no process
// is left. It is not parallel, because it counts goroutines.
func TestProduct(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := reachableDir(t)
	p := newProduct(t, dir)
	p.command(t, "demo", "-wallets", "12", "-days", "20")

	stop := p.serve(t)
	postgres := postmaster(t, dir)
	t.Run("health", func(t *testing.T) { checkHealth(t, p) })
	freelancer := strings.TrimSpace(p.command(t, "token", "-persona", "freelancer"))
	wallets := ask[struct {
		Viewer struct{ Wallets []walletPage }
	}](t, p, freelancer, viewerWallets, nil).Viewer.Wallets
	if len(wallets) != 1 || len(wallets[0].Transactions.Nodes) == 0 || wallets[0].Balance.Available < 1 {
		t.Fatalf("the freelancer's wallets = %+v, want one with a history and a balance", wallets)
	}
	id, available := wallets[0].ID, wallets[0].Balance.Available
	t.Run("spend", func(t *testing.T) { checkSpend(t, p, freelancer, id, available) })
	t.Run("trial_balance", func(t *testing.T) { checkTrialBalance(t, p) })
	t.Run("callers_without_a_token_get_nothing", func(t *testing.T) {
		_, text := p.send(t, http.MethodPost, p.urls["GraphQL"], "", strings.NewReader(`{"query":"{ viewer { subject } }"}`))
		if !strings.Contains(text, `"UNAUTHENTICATED"`) || !strings.Contains(text, `"viewer":null`) {
			t.Errorf("answer = %s, want UNAUTHENTICATED", text)
		}
	})
	t.Run("a_number_beyond_64_bits_is_the_callers_mistake", func(t *testing.T) {
		query := strings.NewReader(`{"query":"{ wallet(id: 99999999999999999999) { id } }"}`)
		if _, text := p.send(t, http.MethodPost, p.urls["GraphQL"], freelancer, query); !strings.Contains(text, `"BAD_REQUEST"`) {
			t.Errorf("answer = %s, want BAD_REQUEST", text)
		}
	})
	t.Run("verify_beside_the_server", func(t *testing.T) { p.command(t, "verify") })
	if code := stop(); code != 0 {
		t.Errorf("code = %d, want 0", code)
	}
	if err := syscall.Kill(postgres, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("PostgreSQL process %d: %v, want it gone", postgres, err)
	}

	stop = p.serve(t)
	page := ask[struct{ Wallet walletPage }](t, p, freelancer, oneWallet, map[string]any{"id": id}).Wallet
	if page.Balance.Available != available-1 || page.Transactions.Nodes[0].RunningBalance != available-1 {
		t.Errorf("after a restart the wallet is %+v, want %d Connects", page, available-1)
	}
	if code := stop(); code != 0 {
		t.Errorf("code of the second run = %d, want 0", code)
	}
	p.client.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

// TestSchemaText reads what /schema.graphqls serves as one document, as a client's tools do.
func TestSchemaText(t *testing.T) {
	t.Parallel()
	text, err := schemaText()
	if err != nil {
		t.Fatal(err)
	}
	main, err := os.ReadFile("schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, string(main)+"\n") {
		t.Errorf("the text begins with %.80q, want the main file", text)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: text})
	if err != nil {
		t.Fatalf("the text is not one schema: %v", err)
	}
	files, err := filepath.Glob("schema/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files in schema/: %v", len(files), err)
	}
	last := 0
	for _, name := range files {
		part, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		at := strings.Index(text, string(part))
		if at <= last {
			t.Errorf("%s is at %d, want it whole behind %d", name, at, last)
		}
		last = at
	}
	for _, field := range []string{"wallet", "campaign", "analytics"} {
		if schema.Query.Fields.ForName(field) == nil {
			t.Errorf("Query.%s is not in the text", field)
		}
	}
}

func checkHealth(t *testing.T, p *product) {
	t.Helper()
	for name, want := range map[string]string{
		"Live": `"live"`, "Ready": `"ready"`, "Schema": "type Query", "Metrics": "purser_db_statement_duration_seconds",
	} {
		if status, text := p.send(t, http.MethodGet, p.urls[name], "", http.NoBody); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s = %d %.200s, want 200 with %s", name, status, text, want)
		}
	}
}

// checkSpend spends once, twice with the same key.
func checkSpend(t *testing.T, p *product, token, id string, available int64) {
	t.Helper()
	for _, replayed := range []bool{false, true} {
		got := ask[struct {
			SpendConnects struct {
				Typename string `json:"__typename"`
				Replayed bool
			}
		}](t, p, token, spendOne, map[string]any{"id": id, "key": "server-test-1"}).SpendConnects
		if got.Typename != "SpendConnectsSuccess" || got.Replayed != replayed {
			t.Errorf("spendConnects = %+v, want a success with replayed: %v", got, replayed)
		}
	}
	page := ask[struct{ Wallet walletPage }](t, p, token, oneWallet, map[string]any{"id": id}).Wallet
	newest := page.Transactions.Nodes[0]
	if page.Balance.Available != available-1 || newest.Type != "PROPOSAL" || newest.Amount != -1 || newest.RunningBalance != available-1 {
		t.Errorf("after spending 1 of %d the wallet is %+v", available, page)
	}
}

func checkTrialBalance(t *testing.T, p *product) {
	t.Helper()
	type total struct{ Commodity, Debits, Credits string }
	token := strings.TrimSpace(p.command(t, "token", "-persona", "finance"))
	got := ask[struct{ TrialBalance struct{ Totals []total } }](t, p, token, totals, nil).TrialBalance.Totals
	if !slices.ContainsFunc(got, func(c total) bool { return c.Commodity == "CNX" && c.Debits != "0" }) {
		t.Errorf("totals = %+v, want some of CNX", got)
	}
	for _, c := range got {
		if c.Debits != c.Credits {
			t.Errorf("debits and credits of %s = %s, %s, want them equal", c.Commodity, c.Debits, c.Credits)
		}
	}
}

// postmaster reads the process id of the private PostgreSQL.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "pgdata", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
