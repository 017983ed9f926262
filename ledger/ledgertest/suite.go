package ledgertest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/ledger"
)

// Harness is a kind of store under test.
type Harness struct {
	// Rules are the marketplace's: their templates and classes have the names that
	// Commands uses. Nil stands for Rules(), which the store must then follow: the
	// cases of holds, expiry, transfers, tax, limits and periods run on those alone,
	// and all others on a marketplace's.
	Rules *ledger.Rules
	// Open returns a store with an empty book of its own in it, and a function
	// that dumps the book. Stores of several calls may share a database; cleaning
	// up is for t.
	Open func(t testing.TB) (store ledger.Store, book ledger.BookID, snapshot func() Snapshot)
	// NoGates says that the store has not registered GateKind; the cases with
	// guards and effects are then left out.
	NoGates bool
}

// own reports whether the harness leaves the rules to this package.
func (h Harness) own() bool { return h.Rules == nil }

func (h Harness) rules() *ledger.Rules {
	if h.own() {
		return Rules()
	}
	return h.Rules
}

type caseGroup struct {
	name  string
	cases []testCase
}

var marketGroups = []caseGroup{
	{"templates", templateCases},
	{"refusals", refusalCases},
	{"keys", keyCases},
	{"guards", guardCases},
	{"lots", lotCases},
	{"reversals", reversalCases},
	{"escrow", escrowCases},
	{"escrow_batches", escrowBatchCases},
	{"widths", widthCases},
	{"writers", writerCases},
	{"faults", faultCases},
}

var ownGroups = []caseGroup{
	{"holds", holdCases},
	{"hold_expiry", holdExpiryCases},
	{"transfers", transferCases},
	{"origins", originCases},
	{"expiry", expiryCases},
	{"groups", groupCases},
	{"conditions", conditionCases},
	{"limits", limitCases},
	{"status", statusCases},
	{"periods", periodCases},
	{"dry_run", dryRunCases},
	{"chain", chainCases},
}

// Suite runs the cases of the conformance suite that are about the harness's rules
// against its store.
func Suite(t *testing.T, h Harness) {
	t.Helper()
	groups := marketGroups
	if h.own() {
		groups = ownGroups
	}
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range group.cases {
				if c.gates && h.NoGates {
					continue
				}
				t.Run(c.name, func(t *testing.T) { t.Parallel(); c.run(newBench(t, h)) })
			}
		})
	}
}

type testCase struct {
	name  string
	run   func(*bench)
	gates bool // needs GateKind
}

// epoch is when every case begins: far enough from now that a store which reads
// its own clock is found out.
var epoch = time.Date(2031, time.March, 5, 22, 0, 0, 0, time.UTC)

// Clock is a clock that tests move.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, backwards if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is one ledger on a fresh book, with what a case needs to work on it.
type bench struct {
	*Commands
	t        testing.TB
	rules    *ledger.Rules
	store    ledger.Store
	ledger   *ledger.Ledger
	clock    *Clock
	snapshot func() Snapshot
}

func newBench(t testing.TB, h Harness) *bench {
	t.Helper()
	store, book, snapshot := h.Open(t)
	b := &bench{Commands: &Commands{Book: book}, t: t, rules: h.rules(), store: store, clock: &Clock{now: epoch}, snapshot: snapshot}
	b.ledger = b.open(store)
	t.Cleanup(func() {
		for _, err := range snapshot().Check(b.rules) {
			t.Error(err)
		}
	})
	return b
}

// open returns another ledger on the bench's clock, closed with the test.
func (b *bench) open(store ledger.Store) *ledger.Ledger {
	l := ledger.New(ledger.Config{Rules: b.rules, Store: store, Clock: b.clock.Now, InjectedClock: true})
	b.t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			b.t.Errorf("Close() = %v, want nil", err)
		}
	})
	return l
}

// context bounds how long a case may wait for one outcome.
func (b *bench) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	b.t.Cleanup(cancel)
	return ctx
}

func (b *bench) post(c ledger.Command) ledger.Outcome {
	b.t.Helper()
	outcome, err := b.ledger.Post(b.context(), c)
	if err != nil {
		b.t.Fatalf("Post(%s) = %v, want an outcome", c.Template, err)
	}
	return outcome
}

// accept posts a command that must be accepted, and returns its journal.
func (b *bench) accept(c ledger.Command) ledger.ID {
	b.t.Helper()
	outcome := b.post(c)
	if outcome.Refusal != nil {
		b.t.Fatalf("Post(%s) was refused: %v", c.Template, outcome.Refusal)
	}
	if outcome.Journal != c.ID || outcome.Replayed || outcome.BookSeq < outcome.Seq || outcome.Seq == 0 {
		b.t.Fatalf("Post(%s) = %+v, want journal %s, new", c.Template, outcome, c.ID)
	}
	return outcome.Journal
}

// refuse posts a command that must be refused in this way. It leaves the book
// as it was (I13), and its key answers the same from then on, also to a command
// with another id (I12).
func (b *bench) refuse(c ledger.Command, want error) ledger.Refusal {
	b.t.Helper()
	before := b.snapshot()
	outcome := b.post(c)
	if !errors.Is(outcome.Refusal, want) || outcome.Replayed || !outcome.Journal.IsZero() || outcome.Seq != 0 {
		b.t.Fatalf("Post(%s) = %+v, want refusal %v", c.Template, outcome, want)
	}
	after := b.snapshot()
	if diff := Diff(before.WithoutKeys(), after.WithoutKeys()); diff != "" {
		b.t.Errorf("a refusal changed the book (I13):\n%s", diff)
	}
	if got := len(after.Keys) - len(before.Keys); got != 1 {
		b.t.Errorf("a refusal stored %d keys, want 1", got)
	}
	retry := c
	retry.ID = b.NewID()
	if replay := b.post(retry); !replay.Replayed || refusal(replay.Refusal) != refusal(outcome.Refusal) {
		b.t.Errorf("a retry got %+v, want the stored refusal %v (I12)", replay, outcome.Refusal)
	}
	return outcome.Refusal
}

// wallet opens a wallet.
func (b *bench) wallet() ledger.ID {
	b.t.Helper()
	wallet := b.NewID()
	b.accept(b.OpenWallet(wallet))
	return wallet
}

// funded opens a wallet that holds units without basis.
func (b *bench) funded(units int64) ledger.ID {
	b.t.Helper()
	wallet := b.wallet()
	b.accept(b.Grant(wallet, units, Terms{}))
	return wallet
}

// account returns the id of an account of the bench's book.
func (b *bench) account(code string, commodity ledger.Commodity) ledger.ID {
	return ledger.AccountID(b.Book, code, commodity)
}

func available(wallet ledger.ID) string {
	return strings.Replace(ClassAvailable, "*", wallet.String(), 1)
}

// balance returns an account's balance on its normal side, zero for an account
// that is not there.
func (b *bench) balance(code string, commodity ledger.Commodity) int64 {
	b.t.Helper()
	id := b.account(code, commodity)
	for _, row := range b.snapshot().Accounts {
		if row.Account.ID == id {
			class, _ := b.rules.Class(row.Account.Class)
			return row.Balance.On(class.Normal)
		}
	}
	return 0
}

func (b *bench) wantBalance(code string, commodity ledger.Commodity, want int64) {
	b.t.Helper()
	if got := b.balance(code, commodity); got != want {
		b.t.Errorf("balance of %s %s = %d, want %d", code, commodity, got, want)
	}
}

// wantLot checks what is left of a lot, in units and in basis.
func (b *bench) wantLot(id ledger.ID, remaining, basis int64) {
	b.t.Helper()
	lots := b.snapshot().Lots
	at := slices.IndexFunc(lots, func(l ledger.Lot) bool { return l.ID == id })
	if at < 0 {
		b.t.Fatalf("lot %s is not there", id)
	}
	if lot := lots[at]; lot.Remaining != remaining || lot.BasisRemaining != basis {
		b.t.Errorf("lot %s has %d units and basis %d left, want %d and %d", id, lot.Remaining, lot.BasisRemaining, remaining, basis)
	}
}
