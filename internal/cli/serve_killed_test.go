package cli_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"purser/internal/pgtest"
)

const (
	// loadClients is how many callers each send the next request when the one before it
	// is answered.
	loadClients = 8
	// loadBetweenKills is how many requests are answered before the next kill.
	loadBetweenKills = 60
	// serveKills is how often the one server is killed, each time under load.
	serveKills = 3
	// loadTimeout bounds the whole load, however slow the machine is.
	loadTimeout = 2 * time.Minute
	// loadUnits is what a wallet has before the load: more than can be spent.
	loadUnits = 1_000_000
)

// fleet is two servers on one database, their callers, and what these were told.
type fleet struct {
	client  *http.Client
	service string // token

	mu      sync.Mutex
	servers [2]*serveProcess

	// accepted has the journal that each idempotency key's caller was told of.
	accepted map[string]string
	granted  int64 // units, by accepted requests
	spent    int64

	turn     atomic.Uint32
	answered atomic.Int64
	progress chan struct{} // has an element when answered has grown
	lost     atomic.Int32  // requests whose server did not answer
}

// loaded is a wallet that callers use, and its owner's token.
type loaded struct{ id, owner string }

// TestServersKilledUnderLoad runs two servers on one database, whose callers send every
// mutation with its key until a server answers it, and kills one of them several times.
// Each accepted mutation is one journal, the one its caller was told of, and the
// books verify.
func TestServersKilledUnderLoad(t *testing.T) {
	t.Parallel()
	db := demoDatabase(t)
	env := append(databases(db), append(anywhere, "PURSER_DATA_DIR="+t.TempDir())...)
	f := &fleet{
		client:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loadClients}, Timeout: 30 * time.Second},
		accepted: map[string]string{}, progress: make(chan struct{}, 1),
	}
	t.Cleanup(f.client.CloseIdleConnections)
	f.service = tokenOf(t, env, "-role", "SERVICE", "-subject", "billing", "-scope", "openWallet grantConnects")
	f.servers = [2]*serveProcess{startServe(t, env), startServe(t, env)}
	ctx, cancel := context.WithTimeout(t.Context(), loadTimeout)
	var callers sync.WaitGroup
	defer func() { cancel(); callers.Wait() }()
	wallets := []loaded{f.open(ctx, t, env, 1), f.open(ctx, t, env, 2)}

	enough := make(chan struct{})
	for caller := range loadClients {
		callers.Go(func() { f.call(ctx, t, caller, wallets[caller%len(wallets)], enough) })
	}
	for range serveKills {
		f.await(ctx, t, loadBetweenKills)
		f.servers[1].kill(t)
		again := startServe(t, env)
		f.mu.Lock()
		f.servers[1] = again
		f.mu.Unlock()
	}
	f.await(ctx, t, loadBetweenKills)
	close(enough)
	callers.Wait()
	for _, server := range f.servers {
		server.drain(t)
	}
	t.Logf("%d requests were accepted, %d were lost with their server", len(f.accepted), f.lost.Load())
	if f.lost.Load() == 0 {
		t.Error("no caller noticed that a server was gone: there was no load")
	}
	f.wantJournals(t, db)
	if got := run(t, env, "verify"); got.code != 0 {
		t.Errorf("verify = %+v", got)
	}
}

func tokenOf(t *testing.T, env []string, flags ...string) string {
	t.Helper()
	got := run(t, env, append([]string{"token"}, flags...)...)
	if got.code != 0 {
		t.Fatalf("token = %+v", got)
	}
	return strings.TrimSpace(got.stdout)
}

// open opens a wallet with units in it.
func (f *fleet) open(ctx context.Context, t *testing.T, env []string, n int) loaded {
	t.Helper()
	party := uuid.Must(uuid.NewV7()).String()
	const document = `mutation ($key: String!, $party: UUID!) { answer: openWallet(input: {idempotencyKey: $key, owner: {partyId: $party},
		kind: FREELANCER, jurisdiction: "IN", timeZone: "Asia/Kolkata"}) { __typename ... on OpenWalletSuccess { journalId wallet { id } } } }`
	opened, err := f.until(ctx, f.service, document, map[string]any{"key": fmt.Sprintf("load-open-%d", n), "party": party})
	if err != nil {
		t.Fatal(err)
	}
	w := loaded{id: opened.Wallet.ID, owner: tokenOf(t, env, "-role", "FREELANCER", "-subject", party)}
	f.grant(ctx, t, w, fmt.Sprintf("load-fill-%d", n), loadUnits)
	return w
}

func (f *fleet) grant(ctx context.Context, t *testing.T, to loaded, key string, units int64) {
	t.Helper()
	const document = `mutation ($key: String!, $wallet: ID!, $units: Connects!) { answer: grantConnects(input: {idempotencyKey: $key, walletId: $wallet,
		quantity: $units, origin: PROMO, expiry: {validDays: 90}, explanation: {rule: "load"}}) { __typename ... on GrantConnectsSuccess { journalId } } }`
	answer, err := f.until(ctx, f.service, document, map[string]any{"key": key, "wallet": to.id, "units": units})
	f.note(t, key, answer, err, units, 0)
}

func (f *fleet) spend(ctx context.Context, t *testing.T, from loaded, key string) {
	t.Helper()
	const document = `mutation ($key: String!, $wallet: ID!, $subject: UUID!) { answer: spendConnects(input: {idempotencyKey: $key, walletId: $wallet,
		quantity: 1, subject: {type: PROPOSAL, id: $subject}}) { __typename ... on SpendConnectsSuccess { journalId } } }`
	answer, err := f.until(ctx, from.owner, document, map[string]any{"key": key, "wallet": from.id, "subject": uuid.NewString()})
	f.note(t, key, answer, err, 0, 1)
}

// call sends requests of one caller, one after the other.
func (f *fleet) call(ctx context.Context, t *testing.T, caller int, w loaded, enough <-chan struct{}) {
	t.Helper()
	for n := 0; ; n++ {
		select {
		case <-enough:
			return
		case <-ctx.Done():
			return
		default:
		}
		if key := fmt.Sprintf("load-%d-%d", caller, n); n%2 == 0 {
			f.spend(ctx, t, w, key)
		} else {
			f.grant(ctx, t, w, key, 1)
		}
		f.answered.Add(1)
		select {
		case f.progress <- struct{}{}:
		default:
		}
	}
}

// await returns once so many more requests were answered.
func (f *fleet) await(ctx context.Context, t *testing.T, requests int) {
	t.Helper()
	for until := f.answered.Load() + int64(requests); f.answered.Load() < until; {
		select {
		case <-f.progress:
		case <-ctx.Done():
			t.Fatalf("the load is not done in %s", loadTimeout)
		}
	}
}

// note remembers what the caller of a key was told.
func (f *fleet) note(t *testing.T, key string, answer told, err error, granted, spent int64) {
	t.Helper()
	if err != nil || !strings.HasSuffix(answer.Typename, "Success") {
		t.Errorf("%s got %+v, %v; want a success", key, answer, err)
		return
	}
	id, err := base64.RawURLEncoding.DecodeString(answer.JournalID)
	if err != nil || len(id) != 22 {
		t.Errorf("%s got the journal id %q", key, answer.JournalID)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accepted[key] = uuid.UUID(id[6:]).String() // behind the version, the type and the book
	f.granted, f.spent = f.granted+granted, f.spent+spent
}

// told is the answer to a mutation.
type told struct {
	Typename  string `json:"__typename"`
	JournalID string
	Wallet    struct{ ID string }
}

// errNoAnswer says that the same request should be sent again, with its key.
var errNoAnswer = errors.New("no answer")

// until sends a request to one server after the other until it is answered: what a
// careful caller does with an idempotency key.
func (f *fleet) until(ctx context.Context, token, document string, variables map[string]any) (told, error) {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return told{}, err
	}
	for {
		f.mu.Lock()
		url := f.servers[f.turn.Add(1)%2].url
		f.mu.Unlock()
		answer, err := f.send(ctx, url, token, body)
		if !errors.Is(err, errNoAnswer) || ctx.Err() != nil {
			return answer, err
		}
		f.lost.Add(1)
	}
}

func (f *fleet) send(ctx context.Context, url, token string, body []byte) (told, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return told{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := f.client.Do(request)
	if err != nil {
		return told{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer response.Body.Close()
	var answer struct {
		Data   struct{ Answer told }
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return told{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	if len(answer.Errors) == 0 {
		return answer.Data.Answer, nil
	}
	switch failed := answer.Errors[0]; failed.Extensions.Code {
	case "OVERLOADED", "UNAVAILABLE", "TIMEOUT":
		return told{}, fmt.Errorf("%w: %s", errNoAnswer, failed.Message)
	default:
		return told{}, fmt.Errorf("%s: %s", failed.Extensions.Code, failed.Message)
	}
}

// wantJournals compares what callers were told with the rows: every key that was used is
// one journal, the wallets have no other, and the units add up.
func (f *fleet) wantJournals(t *testing.T, db *pgtest.DB) {
	t.Helper()
	conn := connect(t, db.SuperURL)
	rows, err := conn.Query(t.Context(), `
		SELECT k.key, j.journal_id::text FROM idempotency_keys k JOIN journals j ON j.book_id = k.book_id AND j.journal_id = k.command_id AND j.seq = k.seq
		WHERE k.key LIKE 'load-%' AND k.key NOT LIKE 'load-open-%'`)
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]string{}
	var key, journal string
	if _, err := pgx.ForEachRow(rows, []any{&key, &journal}, func() error {
		if first, twice := stored[key]; twice {
			t.Errorf("%s is two journals, %s and %s", key, first, journal)
		}
		stored[key] = journal
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(f.accepted, stored) {
		t.Errorf("journals by key (-callers were told +stored):\n%s", cmp.Diff(f.accepted, stored))
	}
	const ours = `(SELECT j.wallet_id FROM journals j JOIN idempotency_keys k ON k.command_id = j.journal_id WHERE k.key LIKE 'load-open-%')`
	if got, want := value[int](t, db.SuperURL, `SELECT count(*) FROM journals WHERE wallet_id IN `+ours), len(f.accepted)+2; got != want {
		t.Errorf("the wallets have %d journals, want %d", got, want)
	}
	left := value[int64](t, db.SuperURL, `
		SELECT sum(credits - debits)::bigint FROM account_balances JOIN accounts USING (book_id, account_id)
		WHERE class = 'WALLET:*:AVAILABLE' AND code IN (SELECT 'WALLET:' || wallet_id || ':AVAILABLE' FROM `+ours+` AS w (wallet_id))`)
	if want := f.granted - f.spent; left != want {
		t.Errorf("the wallets have %d units, want %d", left, want)
	}
}
