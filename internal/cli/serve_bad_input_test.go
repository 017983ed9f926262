package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"purser/internal/pgtest"
)

// client calls the server of one test; its token may send every mutation of services.
type client struct {
	t       *testing.T
	env     []string
	url     string
	service string
}

// reply is what a caller gets: the status of HTTP, the type of the payload or else the
// code of the first error, and of an accepted mutation its parts.
type reply struct {
	status int
	kind   string
	data   map[string]any
}

// mutate sends a mutation with a key of its own, unless the input brings one.
func (c *client) mutate(token, mutation, selection string, in input) reply {
	c.t.Helper()
	withKey := input{"idempotencyKey": uuid.NewString()}
	maps.Copy(withKey, in)
	inputType := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input!"
	body, err := json.Marshal(map[string]any{
		"query":     "mutation ($input: " + inputType + ") { answer: " + mutation + "(input: $input) { __typename " + selection + " } }",
		"variables": map[string]any{"input": withKey},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return parseReply(c.t, response.StatusCode, text)
}

func parseReply(t *testing.T, status int, text []byte) reply {
	t.Helper()
	var answer struct {
		Data   struct{ Answer map[string]any }
		Errors []struct {
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("status %d: %s: %v", status, text, err)
	}
	got := reply{status: status, data: answer.Data.Answer}
	if len(answer.Errors) > 0 {
		got.kind = answer.Errors[0].Extensions.Code
	} else {
		got.kind, _ = got.data["__typename"].(string)
	}
	return got
}

// accept sends a mutation that must succeed and returns the id of an object that its
// payload has.
func (c *client) accept(token, mutation string, in input, object string) string {
	c.t.Helper()
	success := strings.ToUpper(mutation[:1]) + mutation[1:] + "Success"
	got := c.mutate(token, mutation, "... on "+success+" { "+object+" { id } }", in)
	made, _ := got.data[object].(map[string]any)
	id, _ := made["id"].(string)
	if got.kind != success || id == "" {
		c.t.Fatalf("%s = %+v, want a success", mutation, got)
	}
	return id
}

// digests are all rows of every table, but for those that are no part of the books:
// keys, which a refusal leaves, and the notes of scheduled work.
func digests(t *testing.T, db *pgtest.DB) map[string]string {
	t.Helper()
	conn := connect(t, db.SuperURL)
	rows, err := conn.Query(t.Context(), `
		SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
			AND relname NOT IN ('idempotency_keys', 'job_leases', 'job_progress', 'invariant_checks')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]string{}
	for _, table := range tables {
		var digest string
		sql := `SELECT count(*) || ' ' || coalesce(md5(string_agg(r::text, E'\n' ORDER BY r::text)), '') FROM ` + pgx.Identifier{table}.Sanitize() + ` r`
		if err := conn.QueryRow(t.Context(), sql).Scan(&digest); err != nil {
			t.Fatal(err)
		}
		digests[table] = digest
	}
	return digests
}

// badInput is a mutation that must be refused in one way, whoever sends it.
type badInput struct {
	mutation string
	input    input
	want     string // the payload's type, or the code of the error
	status   int    // 0 stands for 200
	token    string // "" stands for the service's
}

// TestBadInputChangesNothing sends a running server what it must refuse: each gets a
// typed answer, and every table of the books is as it was, byte for byte.
func TestBadInputChangesNothing(t *testing.T) {
	t.Parallel()
	db := demoDatabase(t)
	env := append(databases(db), append(anywhere, "PURSER_JOBS=off", "PURSER_DATA_DIR="+t.TempDir())...)
	p := program(env, "serve")
	p.NewHandler = graphQL
	s := serve(t, p)
	c := &client{t: t, env: env, url: s.urls["GraphQL"], service: tokenOf(t, env, "-role", "SERVICE", "-subject", "billing", "-scope", strings.Join([]string{
		"openWallet", "grantConnects", "purchaseConnects", "reverseTransaction", "freezeWallet", "placeHold", "captureHold", "releaseHold", "increaseHold",
		"transferConnects", "openAdAccount", "depositAdFunds",
	}, " "))}
	cases := c.prepare().badInputs()
	before := digests(t, db)
	for name, bad := range cases {
		token := bad.token
		if token == "" {
			token = c.service
		}
		got := c.mutate(token, bad.mutation, "", bad.input)
		if status := max(bad.status, http.StatusOK); got.kind != bad.want || got.status != status {
			t.Errorf("%s: got %s with status %d, want %s with %d", name, got.kind, got.status, bad.want, status)
		}
		if diff := cmp.Diff(before, digests(t, db)); diff != "" {
			t.Fatalf("%s changed (-before +after):\n%s", name, diff)
		}
	}
	s.stop()
	if code := s.wait(t); code != 0 {
		t.Errorf("code = %d, want 0:\n%s", code, s.errs)
	}
	if got := run(t, env, "verify"); got.code != 0 {
		t.Errorf("verify = %+v", got)
	}
}

// scene is what bad input is about.
type scene struct {
	wallet, owner         string // and its owner's token
	frozen, frozenOwner   string
	spent, undone         string // transactions of 5 units; the second is reversed
	hold, released        string // of 4 units each
	inDollars, inConnects string // ad accounts
}

func (c *client) prepare() *scene {
	c.t.Helper()
	party, other := uuid.NewString(), uuid.NewString()
	s := &scene{
		owner:       tokenOf(c.t, c.env, "-role", "FREELANCER", "-subject", party),
		frozenOwner: tokenOf(c.t, c.env, "-role", "FREELANCER", "-subject", other),
	}
	open := func(of string) string {
		wallet := c.accept(c.service, "openWallet", input{
			"owner": input{"partyId": of}, "kind": "FREELANCER", "jurisdiction": "IN", "timeZone": "UTC",
		}, "wallet")
		c.accept(c.service, "grantConnects", grantOf(wallet, 100), "wallet")
		return wallet
	}
	s.wallet, s.frozen = open(party), open(other)
	c.accept(c.service, "freezeWallet", input{"walletId": s.frozen, "reason": "DISPUTE"}, "wallet")
	s.spent = c.accept(s.owner, "spendConnects", spendOf(s.wallet, 5), "transaction")
	s.undone = c.accept(s.owner, "spendConnects", spendOf(s.wallet, 5), "transaction")
	c.accept(c.service, "reverseTransaction", reversalOf(s.undone, 5), "transaction")
	s.hold = c.accept(c.service, "placeHold", holdOf(s.wallet, 4), "hold")
	s.released = c.accept(c.service, "placeHold", holdOf(s.wallet, 4), "hold")
	c.accept(c.service, "releaseHold", input{"holdId": s.released}, "hold")
	account := input{"owner": input{"partyId": party}, "jurisdiction": "IN", "name": "dollars", "commodity": "USD", "timeZone": "UTC"}
	s.inDollars = c.accept(c.service, "openAdAccount", account, "adAccount")
	s.inConnects = c.accept(c.service, "openAdAccount", account.with("name", "connects").with("commodity", "CNX").with("walletId", s.wallet), "adAccount")
	return s
}

// input is the input of a mutation.
type input map[string]any

func (i input) with(name string, value any) input {
	changed := maps.Clone(i)
	changed[name] = value
	return changed
}

func grantOf(wallet string, quantity any) input {
	return input{"walletId": wallet, "quantity": quantity, "origin": "PROMO", "explanation": input{"rule": "r"}}
}

func spendOf(wallet string, quantity any) input {
	return input{"walletId": wallet, "quantity": quantity, "subject": input{"type": "PROPOSAL", "id": uuid.NewString()}}
}

func holdOf(wallet string, quantity any) input {
	return spendOf(wallet, quantity).with("purpose", "BID")
}

func reversalOf(transaction string, quantity any) input {
	return input{"transactionId": transaction, "quantity": quantity, "reason": "CORRECTION"}
}

func partOf(hold string, quantity any) input { return input{"holdId": hold, "quantity": quantity} }

func depositOf(account, amount, currency string) input {
	return input{"adAccountId": account, "amount": input{"amountMinor": amount, "currency": currency}, "paymentReference": uuid.NewString()}
}

func transferOf(from, to string) input {
	return input{"fromWalletId": from, "toWalletId": to, "quantity": 1}
}

// largest is the greatest amount that a column holds.
const largest = "9223372036854775807"

// badInputs is what must be refused, by name.
func (s *scene) badInputs() map[string]badInput {
	grant := grantOf(s.wallet, 1)
	return map[string]badInput{
		"grant of nothing":                 {mutation: "grantConnects", input: grantOf(s.wallet, 0), want: "ValidationFailed"},
		"grant of less than nothing":       {mutation: "grantConnects", input: grantOf(s.wallet, -1), want: "ValidationFailed"},
		"grant of the largest number":      {mutation: "grantConnects", input: grantOf(s.wallet, json.Number(largest)), want: "VALIDATION_FAILED"},
		"spend of nothing":                 {mutation: "spendConnects", input: spendOf(s.wallet, 0), want: "ValidationFailed", token: s.owner},
		"spend of less than nothing":       {mutation: "spendConnects", input: spendOf(s.wallet, -1), want: "ValidationFailed", token: s.owner},
		"spend beyond the balance":         {mutation: "spendConnects", input: spendOf(s.wallet, 1000), want: "InsufficientFunds", token: s.owner},
		"spend of somebody else's":         {mutation: "spendConnects", input: spendOf(s.frozen, 1), want: "NotFound", token: s.owner},
		"spend from an unknown wallet":     {mutation: "spendConnects", input: spendOf("AQ", 1), want: "NotFound", token: s.owner},
		"grant to an unknown wallet":       {mutation: "grantConnects", input: grantOf("AQ", 1), want: "NotFound"},
		"spend from a frozen wallet":       {mutation: "spendConnects", input: spendOf(s.frozen, 1), want: "WalletFrozen", token: s.frozenOwner},
		"hold on a frozen wallet":          {mutation: "placeHold", input: holdOf(s.frozen, 1), want: "WalletFrozen"},
		"hold of nothing":                  {mutation: "placeHold", input: holdOf(s.wallet, 0), want: "ValidationFailed"},
		"hold beyond the balance":          {mutation: "placeHold", input: holdOf(s.wallet, 1000), want: "InsufficientFunds"},
		"capture beyond the hold":          {mutation: "captureHold", input: partOf(s.hold, 5), want: "HoldExceeded"},
		"capture of nothing":               {mutation: "captureHold", input: partOf(s.hold, 0), want: "ValidationFailed"},
		"capture of less than nothing":     {mutation: "captureHold", input: partOf(s.hold, -1), want: "ValidationFailed"},
		"release beyond the hold":          {mutation: "releaseHold", input: partOf(s.hold, 5), want: "HoldExceeded"},
		"capture after release":            {mutation: "captureHold", input: partOf(s.released, 1), want: "HoldClosed"},
		"release after release":            {mutation: "releaseHold", input: partOf(s.released, nil), want: "HoldClosed"},
		"capture of an unknown hold":       {mutation: "captureHold", input: partOf("AQ", 1), want: "NotFound"},
		"transfer to the same wallet":      {mutation: "transferConnects", input: transferOf(s.wallet, s.wallet), want: "ValidationFailed"},
		"transfer to another owner":        {mutation: "transferConnects", input: transferOf(s.wallet, s.frozen), want: "NotSameOrganisation"},
		"reversal beyond the amount":       {mutation: "reverseTransaction", input: reversalOf(s.spent, 6), want: "ReversalExceeds"},
		"reversal of what was reversed":    {mutation: "reverseTransaction", input: reversalOf(s.undone, 1), want: "ReversalExceeds"},
		"reversal of nothing":              {mutation: "reverseTransaction", input: reversalOf(s.spent, 0), want: "ValidationFailed"},
		"reversal of an unknown one":       {mutation: "reverseTransaction", input: reversalOf("AQ", 1), want: "NotFound"},
		"euros into dollars":               {mutation: "depositAdFunds", input: depositOf(s.inDollars, "100", "EUR"), want: "WrongCommodity"},
		"dollars into Connects":            {mutation: "depositAdFunds", input: depositOf(s.inConnects, "100", "USD"), want: "WrongCommodity"},
		"deposit of nothing":               {mutation: "depositAdFunds", input: depositOf(s.inDollars, "0", "USD"), want: "ValidationFailed"},
		"deposit of less than nothing":     {mutation: "depositAdFunds", input: depositOf(s.inDollars, "-1", "USD"), want: "ValidationFailed"},
		"deposit of the largest number":    {mutation: "depositAdFunds", input: depositOf(s.inDollars, largest, "USD"), want: "ValidationFailed"},
		"101 campaigns at once":            {mutation: "setCampaignStatuses", input: input{"campaignIds": someIDs(101), "status": "PAUSED"}, want: "ValidationFailed", token: s.owner},
		"key of 10 KB":                     {mutation: "grantConnects", input: grant.with("idempotencyKey", strings.Repeat("k", 10<<10)), want: "ValidationFailed"},
		"explanation of 10 KB":             {mutation: "grantConnects", input: grant.with("explanation", fact(10<<10)), want: "ValidationFailed"},
		"explanation of 10 MB by anyone":   {mutation: "grantConnects", input: grant.with("explanation", fact(10<<20)), want: "BAD_REQUEST", status: http.StatusRequestEntityTooLarge, token: s.owner},
		"explanation of 10 MB by services": {mutation: "grantConnects", input: grant.with("explanation", fact(10<<20)), want: "BAD_REQUEST", status: http.StatusRequestEntityTooLarge},
	}
}

// fact is an explanation with one input of so many bytes.
func fact(size int) input {
	return input{"rule": "r", "inputs": []any{input{"name": "n", "value": strings.Repeat("v", size)}}}
}

func someIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = uuid.NewString()
	}
	return ids
}
