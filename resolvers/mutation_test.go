package resolvers_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// heads is how far every book was written.
func (w *world) heads(t *testing.T) map[string]string {
	t.Helper()
	books := w.data(financeToken, `{ trialBalance { books { book seq } } }`, nil)
	heads := map[string]string{}
	for i := range books.at("trialBalance", "books").([]any) {
		heads[books.text("trialBalance", "books", i, "book")] = books.text("trialBalance", "books", i, "seq")
	}
	return heads
}

// Input that could never be accepted is a specific failure, writes nothing, and
// leaves the key free for the corrected request.
func TestBadInputOfMutations(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	before := w.heads(t)
	spend := map[string]any{
		"idempotencyKey": "bad-input-key", "walletId": w.names["wallet"], "quantity": 1,
		"subject": map[string]any{"type": "PROPOSAL", "id": "00000000-0000-4000-8000-000000000001"},
	}
	purchase := map[string]any{
		"idempotencyKey": "bad-input-key", "walletId": w.names["wallet"], "quantity": 1,
		"price": map[string]any{"amountMinor": 100, "currency": "USD"}, "paymentReference": "pay-bad",
	}
	grant := map[string]any{
		"idempotencyKey": "bad-input-key", "walletId": w.names["wallet"], "quantity": 1, "origin": "PROMO", "explanation": map[string]any{"rule": "r"},
	}
	open := map[string]any{
		"idempotencyKey": "bad-input-key", "owner": map[string]any{"partyId": party(70).String()}, "kind": "FREELANCER", "jurisdiction": "IN", "timeZone": "UTC",
	}
	reverse := map[string]any{"idempotencyKey": "bad-input-key", "transactionId": w.names["spend"], "reason": "RETURN_TOS"}
	freeze := map[string]any{"idempotencyKey": "bad-input-key", "walletId": w.names["wallet"], "reason": "DEBT"}
	nilID := "00000000-0000-0000-0000-000000000000"
	for name, c := range map[string]struct {
		token, mutation string
		input, change   map[string]any
		path            string
	}{
		"key_of_1_byte":        {priyaSays, spendMutation, spend, map[string]any{"idempotencyKey": "k"}, "input.idempotencyKey"},
		"key_of_10_KB":         {priyaSays, spendMutation, spend, map[string]any{"idempotencyKey": strings.Repeat("k", 10<<10)}, "input.idempotencyKey"},
		"key_not_ascii":        {priyaSays, spendMutation, spend, map[string]any{"idempotencyKey": "schlüssel-1"}, "input.idempotencyKey"},
		"key_with_control":     {priyaSays, spendMutation, spend, map[string]any{"idempotencyKey": "key\x00key\x00key"}, "input.idempotencyKey"},
		"quantity_zero":        {priyaSays, spendMutation, spend, map[string]any{"quantity": 0}, "input.quantity"},
		"quantity_negative":    {priyaSays, spendMutation, spend, map[string]any{"quantity": -1}, "input.quantity"},
		"price_zero":           {serviceToken, purchaseMutation, purchase, map[string]any{"price": map[string]any{"amountMinor": 0, "currency": "USD"}}, "input.price.amountMinor"},
		"price_overflowing":    {serviceToken, purchaseMutation, purchase, map[string]any{"price": map[string]any{"amountMinor": "9223372036854775807", "currency": "USD"}}, "input.price.amountMinor"},
		"price_in_yen":         {serviceToken, purchaseMutation, purchase, map[string]any{"price": map[string]any{"amountMinor": 1, "currency": "JPY"}}, "input.price.currency"},
		"fee_negative":         {serviceToken, purchaseMutation, purchase, map[string]any{"feeMinor": -1}, "input.feeMinor"},
		"fee_above_price":      {serviceToken, purchaseMutation, purchase, map[string]any{"feeMinor": 101}, "input.feeMinor"},
		"reference_empty":      {serviceToken, purchaseMutation, purchase, map[string]any{"paymentReference": ""}, "input.paymentReference"},
		"effective_in_future":  {serviceToken, purchaseMutation, purchase, map[string]any{"effectiveAt": "2026-04-01T00:00:00Z"}, "input.effectiveAt"},
		"effective_long_ago":   {serviceToken, purchaseMutation, purchase, map[string]any{"effectiveAt": "2006-01-01T00:00:00Z"}, "input.effectiveAt"},
		"effective_in_year_1":  {serviceToken, purchaseMutation, purchase, map[string]any{"effectiveAt": "0001-01-01T00:00:00Z"}, "input.effectiveAt"},
		"expires_in_past":      {serviceToken, grantMutation, grant, map[string]any{"expiry": map[string]any{"expiresAt": "2026-03-01T00:00:00Z"}}, "input.expiry.expiresAt"},
		"expires_in_year_1":    {serviceToken, grantMutation, grant, map[string]any{"expiry": map[string]any{"expiresAt": "0001-01-01T00:00:00Z"}}, "input.expiry.expiresAt"},
		"valid_for_no_day":     {serviceToken, grantMutation, grant, map[string]any{"expiry": map[string]any{"validDays": 0}}, "input.expiry.validDays"},
		"valid_for_20_years":   {serviceToken, grantMutation, grant, map[string]any{"expiry": map[string]any{"validDays": 7300}}, "input.expiry.validDays"},
		"rule_empty":           {serviceToken, grantMutation, grant, map[string]any{"explanation": map[string]any{"rule": ""}}, "input.explanation.rule"},
		"owner_nil":            {serviceToken, openMutation, open, map[string]any{"owner": map[string]any{"partyId": nilID}}, "input.owner.partyId"},
		"jurisdiction_unknown": {serviceToken, openMutation, open, map[string]any{"jurisdiction": "India"}, "input.jurisdiction"},
		"zone_unknown":         {serviceToken, openMutation, open, map[string]any{"timeZone": "Mars/Olympus"}, "input.timeZone"},
		"agency_of_a_party":    {serviceToken, openMutation, open, map[string]any{"kind": "AGENCY"}, "input.kind"},
		"reverse_zero":         {serviceToken, reverseMutation, reverse, map[string]any{"quantity": 0}, "input.quantity"},
		"reverse_negative":     {serviceToken, reverseMutation, reverse, map[string]any{"quantity": -2}, "input.quantity"},
		"note_too_long":        {serviceToken, freezeMutation, freeze, map[string]any{"note": strings.Repeat("n", 501)}, "input.note"},
	} {
		t.Run(name, func(t *testing.T) {
			input := maps.Clone(c.input)
			maps.Copy(input, c.change)
			a := w.do(c.token, strings.Replace(c.mutation, "code message", "code path retry", 1), map[string]any{"input": input})
			if len(a.Errors) > 0 {
				t.Fatal(a.raw)
			}
			for _, payload := range objectOf(t, a.Data) {
				failed := object(payload.(map[string]any))
				path, _ := failed.at("path").([]any)
				if got := strings.Trim(strings.ReplaceAll(fmt.Sprint(path), " ", "."), "[]"); failed.at("__typename") != "ValidationFailed" || got != c.path {
					t.Errorf("payload = %v, want ValidationFailed of %s", failed, c.path)
				}
			}
		})
	}
	if diff := cmp.Diff(before, w.heads(t)); diff != "" {
		t.Errorf("bad input wrote something:\n%s", diff)
	}
	w.mutate(priyaSays, spendMutation, spend) // the key that all of them sent is still free
}

// What a scalar or the schema refuses never reaches a resolver.
func TestBadVariables(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	before := w.heads(t)
	const spend = `mutation { spendConnects(input: {idempotencyKey: "bad-input-key", walletId: "AQ", quantity: %s, subject: {type: PROPOSAL, id: %q}}) { __typename } }`
	const subject = "00000000-0000-4000-8000-000000000001"
	for name, c := range map[string]struct {
		query     string
		variables map[string]any
		code      string
	}{
		"quantity_a_string":         {fmt.Sprintf(spend, `"5"`, subject), nil, "VALIDATION_FAILED"},
		"quantity_a_fraction":       {fmt.Sprintf(spend, `1.5`, subject), nil, "VALIDATION_FAILED"},
		"quantity_beyond_2_53":      {fmt.Sprintf(spend, `9007199254740992`, subject), nil, "VALIDATION_FAILED"},
		"quantity_beyond_64_bits":   {fmt.Sprintf(spend, `99999999999999999999`, subject), nil, "BAD_REQUEST"},
		"subject_no_uuid":           {fmt.Sprintf(spend, `1`, "proposal-7"), nil, "VALIDATION_FAILED"},
		"first_beyond_32_bits":      {`query($n: Int) { wallet(id: "AQ") { id } viewer { wallets { transactions(first: $n) { totalCount } } } }`, map[string]any{"n": 1 << 40}, "VALIDATION_FAILED"},
		"date_not_in_calendar":      {`{ trialBalance(asOf: "2026-02-29") { asOf } viewer { wallets { spend(range: {from: "2026-02-29", to: "2026-03-01"}) { total } } } }`, nil, "VALIDATION_FAILED"},
		"instant_without_zone":      {`{ viewer { wallets { balance(asOf: "2026-02-01T00:00:00") { posted } } } }`, nil, "VALIDATION_FAILED"},
		"enum_unknown":              {`{ viewer { wallets { lots(first: 1, state: LOST) { totalCount } } } }`, nil, "BAD_REQUEST"},
		"enum_unknown_in_variable":  {`query($s: LotState) { viewer { wallets { lots(first: 1, state: $s) { totalCount } } } }`, map[string]any{"s": "LOST"}, "BAD_REQUEST"},
		"required_missing":          {`mutation { spendConnects(input: {idempotencyKey: "bad-input-key"}) { __typename } }`, nil, "BAD_REQUEST"},
		"field_unknown":             {`{ viewer { secret } }`, nil, "BAD_REQUEST"},
		"syntax":                    {`{ viewer {`, nil, "BAD_REQUEST"},
		"owner_both_in_a_literal":   {`mutation { openWallet(input: {idempotencyKey: "bad-input-key", owner: {partyId: "` + subject + `", organisationId: "` + subject + `"}, kind: AGENCY, jurisdiction: "IN", timeZone: "UTC"}) { __typename } }`, nil, "BAD_REQUEST"},
		"ids_none":                  {`{ nodes(ids: []) { id } }`, nil, "VALIDATION_FAILED"},
		"ids_101":                   {`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, map[string]any{"ids": strings.Split(strings.Repeat("AQ ", 100)+"AQ", " ")}, "VALIDATION_FAILED"},
		"trial_balance_of_tomorrow": {`{ trialBalance(asOf: "2026-03-06") { asOf } }`, nil, "VALIDATION_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := w.do(priya.String()+" FREELANCER SERVICE FINANCE / openWallet", c.query, c.variables)
			if a.code() != c.code {
				t.Errorf("answer = %s, want %s", a.raw, c.code)
			}
			if strings.Contains(a.raw, "INTERNAL") {
				t.Errorf("answer = %s: a client's mistake is shown as ours", a.raw)
			}
		})
	}
	t.Cleanup(func() {
		if len(w.log.lines("field failed")) > 0 {
			t.Errorf("a client's mistake is in the log as ours: %s", w.log.lines("field failed"))
		}
	})
	if diff := cmp.Diff(before, w.heads(t)); diff != "" {
		t.Errorf("bad input wrote something:\n%s", diff)
	}
}

// Exactly one of two: the executor checks literals only, so variables reach us.
func TestOneOfInVariables(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	both := map[string]any{"partyId": party(70).String(), "organisationId": party(70).String()}
	for name, owner := range map[string]map[string]any{"both": both, "none": {}, "one_null": {"partyId": nil}} {
		t.Run("owner_"+name, func(t *testing.T) {
			t.Parallel()
			a := w.do(serviceToken, openMutation, map[string]any{"input": map[string]any{
				"idempotencyKey": "one-of-input", "owner": owner, "kind": "FREELANCER", "jurisdiction": "IN", "timeZone": "UTC",
			}})
			if !strings.Contains(a.raw, "VALIDATION_FAILED") && a.code() != "BAD_REQUEST" {
				t.Errorf("answer = %s, want the input refused", a.raw)
			}
		})
	}
	t.Run("expiry_both", func(t *testing.T) {
		t.Parallel()
		a := w.do(serviceToken, grantMutation, map[string]any{"input": map[string]any{
			"idempotencyKey": "one-of-input", "walletId": w.names["wallet"], "quantity": 1, "origin": "PROMO", "explanation": map[string]any{"rule": "r"},
			"expiry": map[string]any{"expiresAt": "2026-12-01T00:00:00Z", "validDays": 5},
		}})
		if !strings.Contains(a.raw, "VALIDATION_FAILED") && a.code() != "BAD_REQUEST" {
			t.Errorf("answer = %s, want the input refused", a.raw)
		}
	})
}

// Scenario 5: one key a hundred times at once is one transaction; with another
// body it is a conflict.
func TestSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	input := map[string]any{
		"idempotencyKey": "one-hundred-times", "walletId": w.names["wallet"], "quantity": 2,
		"subject": map[string]any{"type": "PROPOSAL", "id": "00000000-0000-4000-8000-000000000001"},
	}
	answers := make([]object, 100)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			a := w.do(priyaSays, `mutation($input: SpendConnectsInput!) { spendConnects(input: $input) {
				__typename ... on SpendConnectsSuccess { replayed journalId wallet { balance { available } } transaction { id } } } }`, map[string]any{"input": input})
			if len(a.Errors) > 0 {
				t.Error(a.raw)
				return
			}
			answers[i] = objectOf(t, a.Data)
		})
	}
	all.Wait()
	first := 0
	for _, a := range answers {
		if a.at("spendConnects", "replayed") == false {
			first++
		}
		for _, path := range [][]any{{"spendConnects", "journalId"}, {"spendConnects", "transaction", "id"}} {
			if got, want := a.text(path...), answers[0].text(path...); got != want {
				t.Errorf("%v = %s, another answer has %s", path, got, want)
			}
		}
		if got := a.text("spendConnects", "wallet", "balance", "available"); got != "61" {
			t.Errorf("available = %s, want 61", got)
		}
	}
	if first != 1 {
		t.Errorf("%d answers say that they were not a replay, want 1", first)
	}
	for name, change := range map[string]map[string]any{
		"quantity": {"quantity": 3}, "subject": {"subject": map[string]any{"type": "PROPOSAL", "id": "00000000-0000-4000-8000-000000000002"}},
	} {
		other := maps.Clone(input)
		maps.Copy(other, change)
		if got := w.data(priyaSays, spendMutation, map[string]any{"input": other}).text("spendConnects", "code"); got != "IDEMPOTENCY_CONFLICT" {
			t.Errorf("the key with another %s: %s, want IDEMPOTENCY_CONFLICT", name, got)
		}
	}
}

// Scenario 4: of a hundred spends of 10 at once from 500, exactly fifty succeed.
func TestSpendsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.openParty(priya, "IN", "Asia/Kolkata")
	w.purchase(id, 500, 7500)
	outcomes := make(chan string, 100)
	var all sync.WaitGroup
	for range 100 {
		input := map[string]any{
			"idempotencyKey": w.key(), "walletId": id, "quantity": 10, "subject": map[string]any{"type": "PROPOSAL", "id": w.newID().String()},
		}
		all.Go(func() {
			a := w.do(priyaSays, spendMutation, map[string]any{"input": input})
			if len(a.Errors) > 0 {
				t.Error(a.raw)
				return
			}
			outcomes <- objectOf(t, a.Data).text("spendConnects", "__typename")
		})
	}
	all.Wait()
	close(outcomes)
	count := map[string]int{}
	for outcome := range outcomes {
		count[outcome]++
	}
	if diff := cmp.Diff(map[string]int{"SpendConnectsSuccess": 50, "InsufficientFunds": 50}, count); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if got := w.data(priyaSays, `{ viewer { wallets { balance { available } } } }`, nil).text("viewer", "wallets", 0, "balance", "available"); got != "0" {
		t.Errorf("available = %s, want 0", got)
	}
}

// ledgerState is what scenario 1 compares: the lots, and every account's balance.
func (w *world) ledgerState(t *testing.T, id string) string {
	t.Helper()
	lots := w.data(financeToken, `query($id: ID!) { wallet(id: $id) { lots(first: 10) { nodes { id remaining state expiresAt basisRemaining { amountMinor } } } } }`, map[string]any{"id": id})
	trial := w.data(financeToken, `{ trialBalance { lines { code commodity balance } } }`, nil)
	state := fmt.Sprint(lots.at("wallet", "lots", "nodes"))
	for i := range trial.at("trialBalance", "lines").([]any) {
		if balance := trial.text("trialBalance", "lines", i, "balance"); balance != "0" {
			state += " " + trial.text("trialBalance", "lines", i, "code") + "=" + balance
		}
	}
	return state
}

// Scenario 1: after purchase, promotion, proposal and return, the lots and the
// deferred revenue are as if nothing had been spent.
func TestReturnRestoresAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.openParty(priya, "IN", "Asia/Kolkata")
	w.purchase(id, 80, 1200)
	w.grant(id, "PROMO", 10)
	before := w.ledgerState(t, id)
	spent := w.spend(priyaSays, id, 12)
	if during := w.ledgerState(t, id); during == before {
		t.Fatal("the spend changed nothing")
	}
	w.reverse(spent, "RETURN_JOB_CLOSED", 0)
	if diff := cmp.Diff(before, w.ledgerState(t, id)); diff != "" {
		t.Errorf("after the return (-before +after):\n%s", diff)
	}
}

// Scenario 17: 7 units for 1.00 dollar, used one by one, cost exactly 1.00.
func TestOddBasis(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.openParty(priya, "IN", "Asia/Kolkata")
	w.purchase(id, 7, 100)
	total := 0
	for range 7 {
		spent := w.spend(priyaSays, id, 1)
		data := w.data(priyaSays, `query($id: ID!) { node(id: $id) { ... on Transaction { lots { basis { amountMinor } } } } }`, map[string]any{"id": spent})
		var cents int
		if _, err := fmt.Sscan(data.text("node", "lots", 0, "basis", "amountMinor"), &cents); err != nil {
			t.Fatal(err)
		}
		total += cents
	}
	if total != -100 {
		t.Errorf("the units cost %d cents, want -100", total)
	}
}
