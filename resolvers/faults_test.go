package resolvers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/internal/domain"
	"purser/internal/obs"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/resolvers"
)

// broken is a reader and a service whose every call ends as fail says.
type broken struct {
	resolvers.Reader
	resolvers.Service
	fail func(context.Context) error
}

func (b broken) Page(ctx context.Context, _ domain.Caller, _ wallet.PageRequest) (*wallet.Page, error) {
	return nil, b.fail(ctx)
}

func (b broken) TrialBalance(ctx context.Context, _ ledger.Date) (*wallet.TrialBalance, error) {
	return nil, b.fail(ctx)
}

func (b broken) Heads(ctx context.Context) (map[ledger.BookID]int64, error) { return nil, b.fail(ctx) }

func (b broken) Spend(ctx context.Context, _ domain.Caller, _ wallet.Spend) (wallet.Result, error) {
	return wallet.Result{}, b.fail(ctx)
}

func newBroken(t *testing.T, fail func(context.Context) error) (http.Handler, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	parts := broken{fail: fail}
	return newHandler(t, resolvers.Config{
		Service: parts, Reader: parts, Clock: func() time.Time { return began }, Log: obs.NewLogger(log, obs.Production), RequestID: obs.RequestID,
	}), log
}

const spendAnything = `mutation { spendConnects(input: {idempotencyKey: "any-key-01", walletId: "AQ", quantity: 1, subject: {type: PROPOSAL, id: "00000000-0000-4000-8000-000000000001"}}) { __typename } }`

// Faults have a code that says whether to send again; what is not foreseen says
// nothing but where to look, and is logged once.
func TestFaults(t *testing.T) {
	t.Parallel()
	secret := errors.New("password of the database")
	for name, c := range map[string]struct {
		fail func(context.Context) error
		code string
	}{
		"storage_away": {func(context.Context) error { return fmt.Errorf("read page: %w: %w", domain.ErrUnavailable, secret) }, "UNAVAILABLE"},
		"storage_slow": {func(context.Context) error {
			return fmt.Errorf("%w: %w", domain.ErrUnavailable, context.DeadlineExceeded)
		}, "UNAVAILABLE"},
		"commit_in_doubt":     {func(context.Context) error { return fmt.Errorf("%w: %w", ledger.ErrRetry, secret) }, "UNAVAILABLE"},
		"ledger_closed":       {func(context.Context) error { return ledger.ErrClosed }, "UNAVAILABLE"},
		"clocks_differ":       {func(context.Context) error { return ledger.ErrClockSkew }, "UNAVAILABLE"},
		"queue_full":          {func(context.Context) error { return fmt.Errorf("spend: %w", ledger.ErrOverloaded) }, "OVERLOADED"},
		"deadline_of_its_own": {func(context.Context) error { return fmt.Errorf("wait: %w", context.DeadlineExceeded) }, "TIMEOUT"},
		"unforeseen":          {func(context.Context) error { return secret }, "INTERNAL"},
		"invalid_command":     {func(context.Context) error { return ledger.ErrInvalidCommand }, "INTERNAL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler, log := newBroken(t, c.fail)
			for _, query := range []string{`{ wallet(id: "AQ") { id } }`, `{ trialBalance { asOf } }`, `{ viewer { wallets { id } } }`, spendAnything} {
				a := do(t, t.Context(), handler, request{token: priya.String() + " FREELANCER FINANCE", query: query})
				if a.code() != c.code || len(a.Errors) != 1 || a.Errors[0].Extensions["requestId"] != requestID {
					t.Errorf("%s: %s, want %s with the request's id", query, a.raw, c.code)
				}
				if strings.Contains(a.raw, "password") {
					t.Errorf("%s: %s tells what went wrong inside", query, a.raw)
				}
			}
			if lines := log.lines("field failed"); len(lines) != 4 {
				t.Errorf("logged %d times, want once for each of 4 requests: %v", len(lines), lines)
			}
		})
	}
}

func TestPanicsAreLoggedOnce(t *testing.T) {
	t.Parallel()
	handler, log := newBroken(t, func(context.Context) error { panic("I4 is broken") })
	a := do(t, t.Context(), handler, request{token: priyaSays, query: `{ __typename viewer { subject wallets { id } } }`})
	if a.code() != "INTERNAL" || a.Errors[0].Message != "internal error; quote request id "+requestID || strings.Contains(a.raw, "I4") {
		t.Errorf("answer = %s", a.raw)
	}
	if !strings.Contains(string(a.Data), `"wallets":null`) || !strings.Contains(string(a.Data), priya.String()) {
		t.Errorf("data = %s, want the rest of the answer", a.Data)
	}
	panics := log.lines("panic")
	if len(panics) != 1 || !strings.Contains(panics[0], "I4 is broken") || !strings.Contains(panics[0], "goroutine") || len(log.lines("field failed")) != 0 {
		t.Errorf("log = %v, want the panic once with its stack", panics)
	}
}

// A request that runs out of time is told so, also while it waits for storage.
func TestTimeout(t *testing.T) {
	t.Parallel()
	handler, _ := newBroken(t, func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("%w: %w", domain.ErrUnavailable, ctx.Err())
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if a := do(t, ctx, handler, request{token: priyaSays, query: `{ viewer { wallets { id } } }`}); a.code() != "TIMEOUT" {
		t.Errorf("answer = %s, want TIMEOUT", a.raw)
	}
}

// A token that cannot be compared with the ledger is a fault, not a wrong token.
func TestTokenWithoutStorage(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	token := w.do(priyaSays, `{ viewer { wallets { id } } }`, nil).Extensions["consistency"]
	handler, _ := newBroken(t, func(context.Context) error { return domain.ErrUnavailable })
	a := do(t, t.Context(), handler, request{token: priyaSays, query: `{ viewer { subject } }`, extensions: map[string]any{"consistency": token}})
	if a.code() != "UNAVAILABLE" || a.status != http.StatusServiceUnavailable || a.Data != nil {
		t.Errorf("status %d, %s, want 503 UNAVAILABLE", a.status, a.raw)
	}
}

// Introspection is refused by role, in words of ours.
func TestIntrospectionIsByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // in production mode
	for token, want := range map[string]string{"": "UNAUTHENTICATED", priyaSays: "FORBIDDEN", "pia PRODUCT_MANAGER": ""} {
		for _, query := range []string{`{ __schema { queryType { name } } }`, `{ __type(name: "Wallet") { name } }`} {
			if a := w.do(token, query, nil); a.code() != want {
				t.Errorf("as %q: %s, want %q", token, a.raw, want)
			}
		}
	}
	if lines := w.log.lines("field failed"); len(lines) > 0 {
		t.Errorf("a refusal is in the log as a failure: %v", lines)
	}
}
