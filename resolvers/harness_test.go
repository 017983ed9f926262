package resolvers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/validator/core"

	"purser/internal/auth"
	"purser/internal/campaign"
	"purser/internal/finance"
	"purser/internal/httpapi"
	"purser/internal/market"
	"purser/internal/obs"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/resolvers"
)

// began is when every world's clock starts: a Sunday.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// requestID is sent with every request, so that answers can be compared.
const requestID = "0195a0c0-0000-7000-8000-00000000abcd"

// world is a database of its own under the whole product, from HTTP down, on a
// clock and ids that the test decides.
type world struct {
	t         testing.TB
	pg        *pgtest.DB
	db        *postgres.DB
	ledger    *ledger.Ledger
	service   *wallet.Service
	campaigns *campaign.Service
	finance   *finance.Service
	handler   http.Handler
	log       *logBuffer
	batches   atomic.Int64

	mu    sync.Mutex
	now   time.Time
	ids   uint64
	names map[string]string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, pg: pgtest.New(t), now: began, log: &logBuffer{}, names: map[string]string{}}
	tracer := obs.NewStatementTracer(prometheus.NewRegistry(), slog.New(slog.DiscardHandler), time.Now)
	var err error
	if w.db, err = postgres.Open(t.Context(), w.pg.AppURL, tracer); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.db.Close)
	rules := market.Rules()
	w.ledger = ledger.New(ledger.Config{Rules: rules, Store: w.db.NewStore(rules), Clock: w.clock, InjectedClock: true})
	t.Cleanup(func() {
		if err := w.ledger.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the ledger: %v", err)
		}
	})
	reader := w.db.NewReader(w.clock)
	w.service = wallet.NewService(w.ledger, reader, w.clock, w.newID)
	w.campaigns = campaign.NewService(campaign.Config{
		Ledger: w.ledger, Directory: reader, Clock: w.clock, NewID: w.newID, Projections: market.Projections(),
	})
	w.finance = finance.NewService(w.ledger, reader, w.clock, w.newID)
	w.handler = newHandler(t, resolvers.Config{
		Service: w.service, Campaigns: w.campaigns, Finance: w.finance, Reader: reader, Clock: w.clock, Log: obs.NewLogger(w.log, obs.Production), RequestID: obs.RequestID,
		LoaderBatches: func(n int64) { w.batches.Add(n) },
	})
	return w
}

// newHandler puts the edge before resolvers, as the server does.
func newHandler(t testing.TB, config resolvers.Config) http.Handler {
	t.Helper()
	resolver := resolvers.New(config)
	handler, err := httpapi.NewHandler(resolver.Schema(), httpapi.Options{
		// The text of the schema is put together, and tested, beside the server.
		Verifier: personas{}, SDL: "type Query", Ready: func(context.Context) error { return nil },
		ErrorPresenter: resolver.PresentError, Recover: resolver.Recover,
		Extensions: []graphql.HandlerExtension{resolver.Extension()}, Rules: []core.Rule{scalar.NumberLiterals},
		Log: config.Log, Metrics: obs.NewHTTPMetrics(prometheus.NewRegistry()), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// personas verifies tokens "subject ROLE ROLE… [/ mutation mutation…]", which need
// no signature: the signature is the business of package auth.
type personas struct{}

func (personas) Verify(_ context.Context, token string) (*auth.Principal, error) {
	claims, scope, _ := strings.Cut(token, "/")
	words := strings.Fields(claims)
	p := &auth.Principal{Subject: words[0]}
	for _, word := range words[1:] {
		role, known := auth.ParseRole(word)
		if !known {
			return nil, auth.ErrTokenRole
		}
		p.Roles = append(p.Roles, role)
		if role.IsParty() {
			id, err := ledger.ParseID(words[0])
			if err != nil {
				return nil, auth.ErrTokenSubject
			}
			p.HasParty, p.PartyID = true, id
		}
	}
	if p.Has(auth.RoleService) {
		p.Scope = strings.Fields(scope)
	}
	return p, nil
}

// serviceToken may call every mutation that is for services.
const serviceToken = "billing SERVICE / openWallet grantConnects purchaseConnects reverseTransaction freezeWallet unfreezeWallet setMembership" +
	" placeHold increaseHold captureHold releaseHold transferConnects setSpendingLimit closeWallet" +
	" openAdAccount depositAdFunds recordClickCharges"

const financeToken = "ines FINANCE"

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// wait moves the clock.
func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// newID makes UUIDv7s from the world's clock and a counter: the same in each run.
func (w *world) newID() ledger.ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return testID(w.now, w.ids)
}

func testID(at time.Time, n uint64) ledger.ID {
	id, err := ledger.ParseID(fmt.Sprintf("%08x-%04x-7000-8000-%012x", at.UnixMilli()>>16, at.UnixMilli()&0xffff, n))
	if err != nil {
		panic(err)
	}
	return id
}

// party is the n-th party or organisation of a test.
func party(n uint64) ledger.ID { return testID(began, 0xa00000000000+n) }

// answer is a response.
type answer struct {
	status     int
	raw        string
	Data       json.RawMessage `json:"data"`
	Errors     []answerError   `json:"errors"`
	Extensions map[string]any  `json:"extensions"`
}

type answerError struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions"`
}

// request is what do sends.
type request struct {
	token      string // "" for an anonymous caller
	query      string
	variables  map[string]any
	extensions map[string]any
}

func do(t testing.TB, ctx context.Context, handler http.Handler, r request) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": r.query, "variables": r.variables, "extensions": r.extensions})
	if err != nil {
		t.Fatal(err)
	}
	return doRaw(t, ctx, handler, r.token, body)
}

func doRaw(t testing.TB, ctx context.Context, handler http.Handler, token string, body []byte) answer {
	t.Helper()
	post := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	post.Header.Set("Content-Type", "application/json")
	post.Header.Set("Accept", "application/graphql-response+json")
	post.Header.Set("X-Request-Id", requestID)
	if token != "" {
		post.Header.Set("Authorization", "Bearer "+token)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, post)
	a := answer{status: recorder.Code, raw: recorder.Body.String()}
	if err := json.Unmarshal(recorder.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %q: %v", a.raw, err)
	}
	return a
}

// do sends a request as the world's clients do.
func (w *world) do(token, query string, variables map[string]any) answer {
	w.t.Helper()
	return do(w.t, w.t.Context(), w.handler, request{token: token, query: query, variables: variables})
}

// data sends a request that must succeed, and returns its data decoded.
func (w *world) data(token, query string, variables map[string]any) object {
	w.t.Helper()
	a := w.do(token, query, variables)
	if len(a.Errors) > 0 || a.status != http.StatusOK {
		w.t.Fatalf("%s\nas %s: status %d, %s\n%v", query, token, a.status, a.raw, w.log.lines("field failed"))
	}
	return objectOf(w.t, a.Data)
}

// code is the first error's code, "" without an error.
func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

// argument is the argument that the first error names.
func (a answer) argument() string {
	if len(a.Errors) == 0 {
		return ""
	}
	argument, _ := a.Errors[0].Extensions["argument"].(string)
	return argument
}

// object is decoded JSON, with numbers as text.
type object map[string]any

func objectOf(t testing.TB, raw []byte) object {
	t.Helper()
	var o object
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&o); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return o
}

// at walks down by names and list indexes.
func (o object) at(path ...any) any {
	var value any = map[string]any(o)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			parent, ok := value.(map[string]any)
			if !ok {
				return nil
			}
			value = parent[step]
		case int:
			parent, ok := value.([]any)
			if !ok || step >= len(parent) {
				return nil
			}
			value = parent[step]
		}
	}
	return value
}

// text is at, printed.
func (o object) text(path ...any) string { return fmt.Sprint(o.at(path...)) }

// logBuffer is a log that a test reads while the server may still write.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// lines returns the records with this message.
func (b *logBuffer) lines(message string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []string
	for line := range strings.Lines(b.buf.String()) {
		if strings.Contains(line, fmt.Sprintf(`"msg":%q`, message)) {
			found = append(found, line)
		}
	}
	return found
}
