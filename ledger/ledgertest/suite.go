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
	// Commands uses.
	Rules *ledger.Rules
	// Open returns a store with an empty book of its own in it, and a function
	// that dumps the book. Stores of several calls may share a database; cleaning
	// up is for t.
	Open func(t testing.TB) (store ledger.Store, book ledger.BookID, snapshot func() Snapshot)
	// NoGates says that the store has not registered GateKind; the cases with
	// guards and effects are then left out.
	NoGates bool
}

// Suite runs every case of the conformance suite against the harness's store.
func Suite(t *testing.T, h Harness) {
	t.Helper()
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
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
	} {
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
	b := &bench{Commands: &Commands{Book: book}, t: t, rules: h.Rules, store: store, clock: &Clock{now: epoch}, snapshot: snapshot}
	b.ledger = b.open(store)
	t.Cleanup(func() {
		for _, err := range snapshot().Check(h.Rules) {
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

// leg is a posting as people write it.
type leg struct {
	debit, credit string
	amount        int64
	commodity     ledger.Commodity
}

// wantPostings checks a journal's postings, in order.
func (b *bench) wantPostings(journal ledger.ID, want ...leg) {
	b.t.Helper()
	s := b.snapshot()
	codes := map[ledger.ID]string{}
	for _, row := range s.Accounts {
		codes[row.Account.ID] = row.Account.Code
	}
	got := make([]leg, len(want))
	count := 0
	for _, p := range s.Postings {
		if p.Journal != journal {
			continue
		}
		if count++; int(p.Line) < len(got) {
			got[p.Line] = leg{codes[p.Debit], codes[p.Credit], p.Amount, p.Commodity}
		}
	}
	if count != len(want) || !slices.Equal(got, want) {
		b.t.Errorf("journal %s has %d postings\n got %v\nwant %v", journal, count, got, want)
	}
}

// moved is a lot movement as people write it.
type moved struct {
	lot             ledger.ID
	quantity, basis int64
}

// wantMovements checks a journal's lot movements, in order.
func (b *bench) wantMovements(journal ledger.ID, want ...moved) {
	b.t.Helper()
	got := make([]moved, len(want))
	count := 0
	for _, m := range b.snapshot().Movements {
		if m.Journal != journal {
			continue
		}
		if count++; int(m.Line) < len(got) {
			got[m.Line] = moved{m.Lot, m.Quantity, m.Basis}
		}
	}
	if count != len(want) || !slices.Equal(got, want) {
		b.t.Errorf("journal %s has %d lot movements\n got %v\nwant %v", journal, count, got, want)
	}
}

// journal returns a stored journal.
func (b *bench) journal(id ledger.ID) ledger.Journal {
	b.t.Helper()
	journals := b.snapshot().Journals
	at := slices.IndexFunc(journals, func(j ledger.Journal) bool { return j.ID == id })
	if at < 0 {
		b.t.Fatalf("journal %s is not there", id)
	}
	return journals[at]
}
