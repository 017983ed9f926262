package resolvers_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"testing"

	"purser/internal/obs"
)

func TestConsistencyTokens(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	const page = `{ viewer { wallets { balance { available } } } }`
	tokenAfter := func(a answer) string { text, _ := a.Extensions["consistency"].(string); return text }
	send := func(token string, given any, query string) answer {
		t.Helper()
		return do(t, t.Context(), w.handler, request{token: token, query: query, extensions: map[string]any{"consistency": given}})
	}
	read := w.do(priyaSays, page, nil)
	own := tokenAfter(read)
	if own == "" {
		t.Fatalf("no token in %s", read.raw)
	}
	t.Run("own_token_is_accepted", func(t *testing.T) {
		ctx, counter := obs.WithCounter(t.Context())
		a := do(t, ctx, w.handler, request{token: priyaSays, query: page, extensions: map[string]any{"consistency": own}})
		if len(a.Errors) > 0 || string(a.Data) != string(read.Data) || tokenAfter(a) != own {
			t.Errorf("answer = %s", a.raw)
		}
		if names := counter.Names(); names[0] != "heads" || slices.Index(names[1:], "heads") >= 0 {
			t.Errorf("statements = %v, want heads once before the page", names)
		}
	})
	t.Run("a_write_is_in_the_token", func(t *testing.T) {
		input := map[string]any{
			"idempotencyKey": "consistency-001", "walletId": w.names["wallet"], "quantity": 1,
			"subject": map[string]any{"type": "PROPOSAL", "id": "00000000-0000-4000-8000-000000000001"},
		}
		a := w.do(priyaSays, `mutation($input: SpendConnectsInput!) { spendConnects(input: $input) { ... on SpendConnectsSuccess { consistency } } }`, map[string]any{"input": input})
		written := objectOf(t, a.Data).text("spendConnects", "consistency")
		if written == own || written != tokenAfter(a) {
			t.Errorf("member has %s, the response %s, before it was %s", written, tokenAfter(a), own)
		}
		if after := send(priyaSays, written, page); len(after.Errors) > 0 || tokenAfter(after) != written {
			t.Errorf("reading the write: %s", after.raw)
		}
	})
	t.Run("what_was_seen_stays_in_the_token", func(t *testing.T) {
		a := send(jonasSays, own, page)
		alone := tokenAfter(w.do(jonasSays, page, nil))
		if got := tokenAfter(a); len(got) <= len(alone) || got == own {
			t.Errorf("token = %s, want the books of %s and of %s", got, own, alone)
		}
		if nothing := send(outsider.String()+" FREELANCER", own, page); tokenAfter(nothing) != own {
			t.Errorf("a response that reads nothing has %s, want the one sent, %s", tokenAfter(nothing), own)
		}
	})
	ahead := rewrite(t, own, func(b []byte) { b[5] = 0x7f })
	negative := rewrite(t, own, func(b []byte) { b[5] = 0xff })
	unknownBook := rewrite(t, own, func(b []byte) { b[1] = 0x7f })
	doubled := base64.RawURLEncoding.EncodeToString(func() []byte {
		b, err := base64.RawURLEncoding.DecodeString(own)
		if err != nil {
			t.Fatal(err)
		}
		return append(b, b[1:]...)
	}())
	for name, c := range map[string]struct {
		given any
		code  string
	}{
		"ahead":           {ahead, "CONSISTENCY_AHEAD"},
		"of_unknown_book": {unknownBook, "CONSISTENCY_AHEAD"},
		"empty":           {"", "VALIDATION_FAILED"},
		"not_text":        {7, "VALIDATION_FAILED"},
		"not_base64":      {"***", "VALIDATION_FAILED"},
		"cut":             {own[:len(own)-3], "VALIDATION_FAILED"},
		"another_version": {rewrite(t, own, func(b []byte) { b[0] = 2 }), "VALIDATION_FAILED"},
		"negative":        {negative, "VALIDATION_FAILED"},
		"doubled":         {doubled, "VALIDATION_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			a := send(priyaSays, c.given, page)
			if a.code() != c.code || a.argument() != "consistency" || a.Data != nil || a.status != http.StatusBadRequest {
				t.Errorf("status %d, %s, want %s before anything runs", a.status, a.raw, c.code)
			}
		})
	}
	t.Run("anonymous_reads_nothing", func(t *testing.T) {
		ctx, counter := obs.WithCounter(t.Context())
		a := do(t, ctx, w.handler, request{query: page, extensions: map[string]any{"consistency": ahead}})
		if a.code() != "UNAUTHENTICATED" || counter.Statements() != 0 {
			t.Errorf("answer = %s by %v", a.raw, counter.Names())
		}
	})
}
