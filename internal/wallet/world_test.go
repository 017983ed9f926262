package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// world is a marketplace in memory, on a clock that the test moves.
type world struct {
	*wallet.Service
	t      *testing.T
	rules  *ledger.Rules
	memory *ledgertest.Memory
	ledger *ledger.Ledger
	newID  func() ledger.ID

	mu    sync.Mutex
	now   time.Time
	known map[wallet.Ref]wallet.Wallet
	keys  int
}

// noon is when every story begins.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// agency is the organisation of every story, in whose book all of it happens.
var agency = ledger.ID{0: 9, 15: 1}

func newWorld(t *testing.T) *world {
	t.Helper()
	rules, err := ledger.NewRules(slices.Concat(wallet.Chart(), campaign.Chart()), slices.Concat(wallet.Templates(), campaign.Templates()))
	if err != nil {
		t.Fatal(err)
	}
	commands := &ledgertest.Commands{}
	w := &world{
		t: t, rules: rules, memory: &ledgertest.Memory{Narrow: true}, newID: commands.NewID, now: noon, known: map[wallet.Ref]wallet.Wallet{},
	}
	w.ledger = ledger.New(ledger.Config{Rules: rules, Store: w.memory, Clock: w.clock, InjectedClock: true})
	w.Service = wallet.NewService(w.ledger, w, w.clock, w.newID)
	t.Cleanup(w.close)
	return w
}

// close checks what every story must leave behind: the ledger's invariants.
func (w *world) close() {
	if err := w.ledger.Close(context.Background()); err != nil {
		w.t.Errorf("close the ledger: %v", err)
	}
	for _, err := range w.memory.Snapshot(w.book()).Check(w.rules) {
		w.t.Error(err)
	}
}

func (w *world) book() ledger.BookID { return domain.AssignBook(agency) }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) at(instant time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = instant
}

func (w *world) key() string {
	w.keys++
	return fmt.Sprintf("story-key-%04d", w.keys)
}

// Page implements wallet.Directory: a caller who is nobody in particular manages all.
func (w *world) Page(_ context.Context, caller domain.Caller, request wallet.PageRequest) (*wallet.Page, error) {
	page := &wallet.Page{}
	for _, ref := range request.Refs {
		if found, known := w.known[ref]; known {
			found.Access = wallet.AccessAll
			if !caller.All {
				found.Access = wallet.AccessMember
			}
			page.Wallets = append(page.Wallets, found)
		}
	}
	return page, nil
}

// Owner implements wallet.Directory: every owner is assigned a book as a new one is.
func (w *world) Owner(context.Context, ledger.ID) (domain.OwnerRow, error) {
	return domain.OwnerRow{}, domain.ErrNotFound
}

func (w *world) open(kind wallet.Kind, member ledger.ID) wallet.Ref {
	w.t.Helper()
	opened := w.accepted(w.Open(w.t.Context(), caller, wallet.Open{
		Key: w.key(), Owner: agency, OwnerKind: domain.OwnerOrganisation, Kind: kind, Member: member, Jurisdiction: "IN", TimeZone: "Asia/Kolkata",
	}))
	w.known[opened.Wallet] = wallet.Wallet{Ref: opened.Wallet, Owner: agency, Kind: kind, Member: member, Jurisdiction: "IN"}
	return opened.Wallet
}

// accepted fails the test unless the command was.
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

// refused fails the test unless the command was refused for a reason and left the
// book as it was.
func (w *world) refused(want error, post func() (wallet.Result, error)) {
	w.t.Helper()
	before := w.memory.Snapshot(w.book()).WithoutKeys()
	result, err := post()
	if err != nil {
		w.t.Fatal(err)
	}
	if !errors.Is(result.Outcome.Refusal, want) {
		w.t.Errorf("got %v, want %v", result.Outcome.Refusal, want)
	}
	if diff := ledgertest.Diff(before, w.memory.Snapshot(w.book()).WithoutKeys()); diff != "" {
		w.t.Errorf("a refusal changed the book (I13):\n%s", diff)
	}
}

func (w *world) buy(to wallet.Ref, quantity, price int64, change ...func(*wallet.Purchase)) wallet.Result {
	w.t.Helper()
	in := wallet.Purchase{Key: w.key(), Wallet: to, Quantity: quantity, Price: price, Currency: ledger.USD, Reference: w.key()}
	for _, edit := range change {
		edit(&in)
	}
	return w.accepted(w.Purchase(w.t.Context(), caller, in))
}

func (w *world) promote(to wallet.Ref, quantity int64, days int) {
	w.t.Helper()
	w.accepted(w.Grant(w.t.Context(), caller, wallet.Grant{
		Key: w.key(), Wallet: to, Quantity: quantity, Origin: ledger.OriginPromo, ValidDays: days, Explanation: domain.Explanation{Rule: "SIGN_UP"},
	}))
}

func (w *world) spend(from wallet.Ref, quantity int64) (wallet.Result, error) {
	return w.Spend(w.t.Context(), caller, wallet.Spend{Key: w.key(), Wallet: from, Quantity: quantity, Subject: w.proposal()})
}

func (w *world) proposal() ledger.Subject {
	return ledger.Subject{Type: wallet.SubjectProposal, ID: w.newID().String()}
}

func (w *world) bid(from wallet.Ref, quantity int64, until time.Time) wallet.HoldRef {
	w.t.Helper()
	placed := w.accepted(w.PlaceHold(w.t.Context(), caller, wallet.PlaceHold{
		Key: w.key(), Wallet: from, Purpose: wallet.PurposeBid, Quantity: quantity, ExpiresAt: until, Subject: w.proposal(),
	}))
	return wallet.HoldRef{ID: placed.Outcome.Journal, Wallet: from, Purpose: wallet.PurposeBid}
}

func (w *world) capture(hold wallet.HoldRef, quantity int64, releaseRest bool) (wallet.Result, error) {
	return w.CaptureHold(w.t.Context(), caller, wallet.CaptureHold{Key: w.key(), Hold: hold, Quantity: quantity, ReleaseRest: releaseRest})
}

func (w *world) release(hold wallet.HoldRef, quantity int64) (wallet.Result, error) {
	return w.ReleaseHold(w.t.Context(), caller, wallet.ReleaseHold{Key: w.key(), Hold: hold, Quantity: quantity})
}

func (w *world) increase(hold wallet.HoldRef, quantity int64) (wallet.Result, error) {
	return w.IncreaseHold(w.t.Context(), caller, wallet.IncreaseHold{Key: w.key(), Hold: hold, Quantity: quantity})
}

func (w *world) transfer(from, to wallet.Ref, quantity int64) (wallet.Result, error) {
	return w.Transfer(w.t.Context(), caller, wallet.Transfer{Key: w.key(), From: from, To: to, Quantity: quantity})
}

func (w *world) expire(ref wallet.Ref) (wallet.Result, error) {
	return w.ExpireUnits(w.t.Context(), wallet.ExpiringWallet{Ref: ref, EndedAt: w.clock()})
}

// hold returns a hold as it is stored.
func (w *world) hold(ref wallet.HoldRef) ledger.Hold {
	w.t.Helper()
	for _, stored := range w.memory.Snapshot(w.book()).Holds {
		if stored.ID == ref.ID {
			return stored
		}
	}
	w.t.Fatalf("hold %s is not there", ref.ID)
	return ledger.Hold{}
}

// lots are the wallet's lots without their ids, in spend order of their making.
func (w *world) lots(ref wallet.Ref) []ledger.Lot {
	var lots []ledger.Lot
	for _, lot := range w.memory.Snapshot(w.book()).Lots {
		if lot.Wallet == ref.ID {
			lots = append(lots, lot)
		}
	}
	slices.SortFunc(lots, func(x, y ledger.Lot) int { return slices.Compare(x.ID[:], y.ID[:]) })
	return lots
}

// trial is the book's trial balance, credits positive, without classes that hold
// nothing.
func (w *world) trial() map[string]int64 {
	balances := map[string]int64{}
	for _, line := range w.memory.Snapshot(w.book()).Trial {
		balances[line.Class+" "+string(line.Commodity)] += line.Credits - line.Debits
	}
	for line, balance := range balances {
		if balance == 0 {
			delete(balances, line)
		}
	}
	return balances
}

func (w *world) wantTrial(after string, want map[string]int64) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.trial()); diff != "" {
		w.t.Errorf("trial balance after %s, credits positive (-want +got):\n%s", after, diff)
	}
}
