package handwritten_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/validator/core"

	"purser/bench/handwritten"
	"purser/internal/auth"
	"purser/internal/campaign"
	"purser/internal/demo"
	"purser/internal/domain"
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

// loadedUntil is where the marketplace's history ends, and asked is when its pages are.
var (
	loadedUntil = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	asked       = loadedUntil.Add(3*time.Hour + 250*time.Millisecond)
)

// span is a range of dates, half-open.
type span struct{ from, to string }

var (
	// around is a range in which clocks change, and days that have not begun.
	around = span{"2026-02-10", "2026-03-12"}
	// before is a range whose figures are final.
	before = span{"2026-02-05", "2026-02-19"}
)

// world is a small marketplace under the product and under the peer.
type world struct {
	t             testing.TB
	product, peer http.Handler
	issuer        *auth.DevIssuer
	conn          *pgx.Conn
	service       *wallet.Service
	campaigns     *campaign.Service
	sent          atomic.Int64
	dates         span // of pages that show a range
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dates: around}
	pg := pgtest.New(t)
	db, err := postgres.Open(t.Context(), pg.AppURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if w.conn, err = pgx.Connect(t.Context(), pg.OwnerURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.conn.Close(context.WithoutCancel(t.Context())) })
	rules := market.Rules()
	_, err = demo.Load(t.Context(), demo.Options{Rules: rules, Store: db.NewStore(rules), Loads: db, Wallets: 60, Campaigns: 80, Days: 30, Seed: 42, Now: loadedUntil})
	if err != nil {
		t.Fatal(err)
	}
	if w.issuer, err = auth.DevKey(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(auth.VerifierOptions{
		Issuer: auth.DevelopmentIssuer, Audience: auth.DevelopmentAudience, Keys: w.issuer.Keys(), Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.product, w.peer = w.newProduct(db, rules, verifier), w.newPeer(pg.AppURL, verifier)
	return w
}

func clock() time.Time { return asked }

func newID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7())) }

func (w *world) newProduct(db *postgres.DB, rules *ledger.Rules, verifier auth.Verifier) http.Handler {
	w.t.Helper()
	book := ledger.New(ledger.Config{Rules: rules, Store: db.NewStore(rules), Clock: clock, InjectedClock: true})
	w.t.Cleanup(func() {
		if err := book.Close(context.WithoutCancel(w.t.Context())); err != nil {
			w.t.Errorf("close the ledger: %v", err)
		}
	})
	reader, log := db.NewReader(clock), slog.New(slog.DiscardHandler)
	w.service = wallet.NewService(book, reader, clock, newID)
	w.campaigns = campaign.NewService(campaign.Config{Ledger: book, Directory: reader, Clock: clock, NewID: newID, Projections: market.Projections()})
	resolver := resolvers.New(resolvers.Config{Service: w.service, Reader: reader, Clock: clock, Log: log, RequestID: obs.RequestID})
	handler, err := httpapi.NewHandler(resolver.Schema(), httpapi.Options{
		Verifier: verifier, SDL: "the schema", Ready: func(context.Context) error { return nil },
		ErrorPresenter: resolver.PresentError, Recover: resolver.Recover,
		Extensions: []graphql.HandlerExtension{resolver.Extension()}, Rules: []core.Rule{scalar.NumberLiterals},
		Log: log, Metrics: obs.NewHTTPMetrics(prometheus.NewRegistry()), Now: time.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return handler
}

func (w *world) newPeer(database string, verifier auth.Verifier) http.Handler {
	w.t.Helper()
	pool, err := handwritten.OpenPool(w.t.Context(), database)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(pool.Close)
	handler, err := handwritten.New(handwritten.Config{
		Pool: pool, Verifier: verifier, Clock: clock, Sent: func(statements int) { w.sent.Add(int64(statements)) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return handler
}

// token signs for a caller of these roles.
func (w *world) token(subject string, roles ...auth.Role) string {
	w.t.Helper()
	token, err := w.issuer.Token(asked, subject, roles, nil, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// productData asks the product for a page, which must succeed, and returns its data.
func (w *world) productData(page handwritten.Page, token, id string) string {
	w.t.Helper()
	variables := map[string]any{"id": id}
	if page.Ranged {
		variables["range"] = map[string]any{"from": w.dates.from, "to": w.dates.to}
	}
	body, err := json.Marshal(map[string]any{"query": page.Document, "variables": variables})
	if err != nil {
		w.t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	w.product.ServeHTTP(recorder, request)
	var answer struct{ Data, Errors json.RawMessage }
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil || answer.Errors != nil {
		w.t.Fatalf("the product answered %d %s (%v)", recorder.Code, recorder.Body, err)
	}
	return string(answer.Data)
}

// ask sends a request to the peer; an empty token makes an anonymous caller.
func (w *world) ask(path, token string) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, http.NoBody)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	recorder := httptest.NewRecorder()
	w.peer.ServeHTTP(recorder, request)
	return recorder
}

func (w *world) pathOf(page handwritten.Page, id string) string {
	query := url.Values{"id": {id}}
	if page.Ranged {
		query.Set("from", w.dates.from)
		query.Set("to", w.dates.to)
	}
	return "/" + page.Name + "?" + query.Encode()
}

// same asks both for a page and compares the bytes. It returns the answer.
func (w *world) same(t *testing.T, page handwritten.Page, token, id string) string {
	t.Helper()
	want := w.productData(page, token, id)
	got := w.ask(w.pathOf(page, id), token)
	if text := got.Body.String(); got.Code != http.StatusOK || text != want {
		at := 0
		for at < min(len(text), len(want)) && text[at] == want[at] {
			at++
		}
		t.Errorf("page %s of %s, from byte %d on:\n got %d %s\nwant %s", page.Name, id, at, got.Code, excerpt(text, at), excerpt(want, at))
	}
	return want
}

// excerpt is a text around a place in it.
func excerpt(text string, at int) string {
	const before, behind = 100, 500
	return text[max(0, at-before):min(len(text), at+behind)]
}

// strings returns the first column of a query.
func (w *world) strings(sql string, arguments ...any) []string {
	w.t.Helper()
	rows, err := w.conn.Query(w.t.Context(), sql, arguments...)
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(found) == 0 {
		w.t.Fatalf("%s found %d rows: %v", sql, len(found), err)
	}
	return found
}

func (w *world) keys(page handwritten.Page) []handwritten.Key {
	w.t.Helper()
	keys, err := page.Keys(w.t.Context(), w.conn)
	if err != nil {
		w.t.Fatal(err)
	}
	return keys
}

// grant gives a wallet a lot whose explanation JSON must escape.
func (w *world) grant(ref wallet.Ref) {
	w.t.Helper()
	result, err := w.service.Grant(w.t.Context(), domain.Caller{Principal: "service:test", All: true}, wallet.Grant{
		Key: "escaped-" + ref.ID.String(), Wallet: ref, Quantity: 7, Origin: ledger.OriginPromo,
		Explanation: domain.Explanation{Rule: "a\"b\\c", Inputs: []domain.Input{{Name: "<&>", Value: "tab\tbell\x07 é 🙂\n"}, {Name: "n", Value: ""}}},
	})
	if err != nil || result.Outcome.Refusal != nil {
		w.t.Fatal(err, result.Outcome.Refusal)
	}
}

func contains(t *testing.T, answer string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(answer, part) {
			t.Errorf("the answer does not have %s: the test compares less than it says\n%s", part, answer)
		}
	}
}
