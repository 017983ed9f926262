package postgres_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/obs"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

// world is a database of its own with a ledger, the wallet service and a reader
// over it, all on one clock that the test moves.
type world struct {
	t       testing.TB
	pg      *pgtest.DB
	db      *postgres.DB
	ledger  *ledger.Ledger
	reader  *postgres.Reader
	service *wallet.Service

	mu  sync.Mutex
	now time.Time
	key int
}

// began is when every world's clock starts.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, pg: pgtest.New(t), now: began}
	w.db = openDB(t, w.pg.AppURL)
	rules := market.Rules()
	w.ledger = ledger.New(ledger.Config{Rules: rules, Store: w.db.NewStore(rules), Clock: w.clock, InjectedClock: true})
	t.Cleanup(func() {
		if err := w.ledger.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the ledger: %v", err)
		}
	})
	w.reader = w.db.NewReader(w.clock)
	w.service = wallet.NewService(w.ledger, w.reader, w.clock, newID)
	return w
}

func openDB(t testing.TB, url string) *postgres.DB {
	t.Helper()
	tracer := obs.NewStatementTracer(prometheus.NewRegistry(), slog.New(slog.DiscardHandler), time.Now)
	db, err := postgres.Open(t.Context(), url, tracer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func newID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7())) }

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

func (w *world) newKey() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.key++
	return "test-key-" + uuid.NewString()
}

var service = domain.Caller{Principal: "service:tests", All: true}

// freelancer is a party with wallets of their own.
func freelancer(party ledger.ID) domain.Caller {
	return domain.Caller{Principal: "party:" + party.String(), Party: party, OwnWallets: true}
}

// member is a party that belongs to organisations only.
func member(party ledger.ID, roles ...string) domain.Caller {
	return domain.Caller{Principal: "party:" + party.String(), Party: party, Memberships: roles}
}

// accepted fails the test unless the service's command was accepted.
func (w *world) accepted(result wallet.Result, err error) wallet.Result {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	if result.Outcome.Refusal != nil {
		w.t.Fatal(result.Outcome.Refusal)
	}
	return result
}

func (w *world) open(owner ledger.ID, kind wallet.Kind, zone string) wallet.Ref {
	w.t.Helper()
	ownerKind := domain.OwnerParty
	if kind == wallet.KindAgency {
		ownerKind = domain.OwnerOrganisation
	}
	return w.accepted(w.service.Open(w.t.Context(), service, wallet.Open{
		Key: w.newKey(), Owner: owner, OwnerKind: ownerKind, Kind: kind, Jurisdiction: "IN", TimeZone: zone,
	})).Wallet
}

// openOwn opens a freelancer's wallet and returns its owner as a caller.
func (w *world) openOwn() (wallet.Ref, domain.Caller) {
	w.t.Helper()
	party := newID()
	return w.open(party, wallet.KindFreelancer, "UTC"), freelancer(party)
}

func (w *world) grant(ref wallet.Ref, quantity int64, origin ledger.Origin, expires time.Time) ledger.ID {
	w.t.Helper()
	return w.accepted(w.service.Grant(w.t.Context(), service, wallet.Grant{
		Key: w.newKey(), Wallet: ref, Quantity: quantity, Origin: origin, ExpiresAt: expires, Explanation: domain.Explanation{Rule: "test"},
	})).Outcome.Journal
}

func (w *world) purchase(ref wallet.Ref, quantity, price int64, currency ledger.Commodity) ledger.ID {
	w.t.Helper()
	return w.accepted(w.service.Purchase(w.t.Context(), service, wallet.Purchase{
		Key: w.newKey(), Wallet: ref, Quantity: quantity, Price: price, Fee: 1, Currency: currency, Reference: uuid.NewString(),
	})).Outcome.Journal
}

func (w *world) spend(caller domain.Caller, ref wallet.Ref, quantity int64) ledger.ID {
	w.t.Helper()
	return w.spendOn(caller, ref, quantity, uuid.NewString())
}

func (w *world) spendOn(caller domain.Caller, ref wallet.Ref, quantity int64, proposal string) ledger.ID {
	w.t.Helper()
	return w.accepted(w.service.Spend(w.t.Context(), caller, wallet.Spend{
		Key: w.newKey(), Wallet: ref, Quantity: quantity, Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: proposal},
	})).Outcome.Journal
}

func (w *world) reverse(ref wallet.Ref, journal ledger.ID, quantity int64, reason string) ledger.ID {
	w.t.Helper()
	return w.accepted(w.service.Reverse(w.t.Context(), service, wallet.Reverse{
		Key: w.newKey(), Transaction: wallet.TransactionRef{Wallet: ref, Journal: journal}, Quantity: quantity, Reason: reason,
	})).Outcome.Journal
}

func (w *world) join(organisation, party ledger.ID, role string, active bool) {
	w.t.Helper()
	w.accepted(w.service.SetMembership(w.t.Context(), service, wallet.Membership{
		Key: w.newKey(), Organisation: organisation, Party: party, Role: role, Active: active,
	}))
}

// page reads a page, which must not fail.
func (w *world) page(caller domain.Caller, request wallet.PageRequest) *wallet.Page {
	w.t.Helper()
	page, err := w.reader.Page(w.t.Context(), caller, request)
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

// sectionOf returns one section of a page, which must be there.
func sectionOf[Section any](t testing.TB, page *wallet.Page, ref wallet.Ref, query any) Section {
	t.Helper()
	section, found := page.Sections[wallet.SectionKey{Wallet: ref, Query: query}].(Section)
	if !found {
		t.Fatalf("page has no section %T of wallet %s", query, ref.ID)
	}
	return section
}

// section reads one section of one wallet.
func section[Section any](w *world, caller domain.Caller, ref wallet.Ref, query any) Section {
	w.t.Helper()
	request := wallet.PageRequest{Refs: []wallet.Ref{ref}}
	switch query := query.(type) {
	case wallet.BalanceQuery:
		request.Balances = []wallet.BalanceQuery{query}
	case wallet.LotsQuery:
		request.Lots = []wallet.LotsQuery{query}
	case wallet.HoldsQuery:
		request.Holds = []wallet.HoldsQuery{query}
	case wallet.LimitsQuery:
		request.Limits = []wallet.LimitsQuery{query}
	case wallet.ExpiringQuery:
		request.Expiring = []wallet.ExpiringQuery{query}
	case wallet.TransactionsQuery:
		request.Transactions = []wallet.TransactionsQuery{query}
	case wallet.SpendQuery:
		request.Spend = []wallet.SpendQuery{query}
	default:
		w.t.Fatalf("%T is no query", query)
	}
	return sectionOf[Section](w.t, w.page(caller, request), ref, query)
}

// superuser runs statements that no role of the product may.
func (w *world) superuser(sql string) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.pg.SuperURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(w.t.Context()) // the statements are done
	if _, err := conn.PgConn().Exec(w.t.Context(), sql).ReadAll(); err != nil {
		w.t.Fatal(err)
	}
}
