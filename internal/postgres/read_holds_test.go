package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

func (w *world) bid(caller domain.Caller, ref wallet.Ref, quantity int64, until time.Time) wallet.HoldRef {
	w.t.Helper()
	placed := w.accepted(w.service.PlaceHold(w.t.Context(), caller, wallet.PlaceHold{
		Key: w.newKey(), Wallet: ref, Purpose: wallet.PurposeBid, Quantity: quantity, ExpiresAt: until,
		Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: uuid.NewString()},
	}))
	return wallet.HoldRef{ID: placed.Outcome.Journal, Wallet: ref, Purpose: wallet.PurposeBid}
}

func (w *world) release(hold wallet.HoldRef) {
	w.t.Helper()
	w.accepted(w.service.ReleaseHold(w.t.Context(), service, wallet.ReleaseHold{Key: w.newKey(), Hold: hold}))
}

// holdsOf reads all holds of a wallet page by page, and returns their ids.
func (w *world) holdsOf(caller domain.Caller, ref wallet.Ref, query wallet.HoldsQuery) []ledger.ID {
	w.t.Helper()
	var ids []ledger.ID
	for {
		page := section[wallet.HoldPage](w, caller, ref, query)
		if len(page.Holds) > query.Limit || (page.More && len(page.Holds) < query.Limit) {
			w.t.Fatalf("a page of %d has %d holds", query.Limit, len(page.Holds))
		}
		var read []ledger.ID
		for _, hold := range page.Holds {
			read = append(read, hold.ID)
		}
		last := len(read) - 1
		if query.Direction == wallet.Backward {
			ids, last = append(read, ids...), 0
		} else {
			ids = append(ids, read...)
		}
		if !page.More {
			return ids
		}
		query.HasKey, query.Key = true, read[last]
	}
}

func TestHoldsNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.purchase(ref, 100, 1500, ledger.USD)
	var all []ledger.ID
	for i := range 5 {
		hold := w.bid(service, ref, 10, began.Add(time.Duration(i+1)*time.Hour))
		all = append([]ledger.ID{hold.ID}, all...)
		if i == 1 {
			w.release(hold)
		}
	}
	w.wait(time.Hour) // the first has expired, and nobody has released it
	for name, test := range map[string]struct {
		status ledger.HoldStatus
		want   []ledger.ID
	}{
		"all":      {"", all},
		"open":     {ledger.HoldOpen, all[:3]},
		"released": {ledger.HoldReleased, all[3:4]},
		"expired":  {ledger.HoldExpired, all[4:]},
		"captured": {ledger.HoldCaptured, nil},
	} {
		for _, direction := range []wallet.Direction{wallet.Forward, wallet.Backward} {
			for _, limit := range []int{1, 2, 100} {
				got := w.holdsOf(owner, ref, wallet.HoldsQuery{Status: test.status, Direction: direction, Limit: limit})
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s, direction %d, pages of %d (-want +got):\n%s", name, direction, limit, diff)
				}
			}
		}
	}
}

func TestHoldsAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	_, stranger := w.openOwn()
	organisation, party := newID(), newID()
	pool := w.open(organisation, wallet.KindAgency, "UTC")
	w.join(organisation, party, "AGENCY_MEMBER", true)
	agent := member(party, "AGENCY_MEMBER")
	w.purchase(ref, 100, 1500, ledger.USD)
	w.purchase(pool, 100, 1500, ledger.USD)
	hold := w.bid(service, ref, 10, began.Add(time.Hour))
	theirs, others := w.bid(agent, pool, 10, began.Add(time.Hour)), w.bid(service, pool, 10, began.Add(time.Hour))
	names := []wallet.HoldName{{Book: ref.Book, ID: hold.ID}, {Book: pool.Book, ID: theirs.ID}, {Book: pool.Book, ID: others.ID}, {Book: ref.Book, ID: newID()}}
	for name, test := range map[string]struct {
		caller domain.Caller
		want   []ledger.ID
	}{
		"the_owner": {owner, []ledger.ID{hold.ID}}, "a_stranger": {stranger, nil}, "a_member_their_own": {agent, []ledger.ID{theirs.ID}},
		"a_service": {service, []ledger.ID{hold.ID, theirs.ID, others.ID}},
	} {
		found, err := w.reader.Holds(t.Context(), test.caller, names)
		if err != nil {
			t.Fatal(err)
		}
		var got []ledger.ID
		for _, hold := range found {
			got = append(got, hold.Hold.ID)
			if hold.Wallet.Ref != hold.Hold.Ref().Wallet {
				t.Errorf("%s: hold of wallet %v came with wallet %v", name, hold.Hold.Ref().Wallet, hold.Wallet.Ref)
			}
		}
		order := func(ids []ledger.ID) []ledger.ID {
			return slices.SortedFunc(slices.Values(ids), func(x, y ledger.ID) int { return slices.Compare(x[:], y[:]) })
		}
		if diff := cmp.Diff(order(test.want), order(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := w.holdsOf(agent, pool, wallet.HoldsQuery{Limit: 10}); !slices.Equal(got, []ledger.ID{theirs.ID}) {
		t.Errorf("a member lists %v, want their own hold", got)
	}
}

// A balance of now leaves out what has expired, in expired holds too, before anybody
// books it; one of the past says what the journal said.
func TestBalanceWithExpiredHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.purchase(ref, 80, 1200, ledger.USD)
	w.grant(ref, 10, ledger.OriginPromo, began.Add(2*time.Hour))
	w.bid(service, ref, 30, began.Add(time.Hour)) // all of the promotion, and 20 that were bought
	balance := func(query wallet.BalanceQuery) [4]int64 {
		b := section[wallet.Balance](w, owner, ref, query)
		return [4]int64{b.Posted, b.Held, b.Available, b.Basis[ledger.USD]}
	}
	want := func(step string, got, want [4]int64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: posted, held, available, basis = %v, want %v", step, got, want)
		}
	}
	want("placed", balance(wallet.BalanceQuery{}), [4]int64{90, 30, 60, 900})
	w.wait(time.Hour)
	want("the hold has expired", balance(wallet.BalanceQuery{}), [4]int64{90, 0, 90, 1200})
	w.wait(time.Hour)
	want("a lot has expired in it", balance(wallet.BalanceQuery{}), [4]int64{80, 0, 80, 1200})
	want("in the past", balance(wallet.BalanceQuery{AsOf: began.Add(90 * time.Minute), Axis: wallet.AxisPosted}), [4]int64{90, 30, 60, 0})
	w.spend(owner, ref, 70)
	want("spent", balance(wallet.BalanceQuery{}), [4]int64{10, 0, 10, 150})
}

func TestExpiriesFindWhatThereIsToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, _ := w.openOwn()
	w.purchase(ref, 100, 1500, ledger.USD)
	late, soon := w.bid(service, ref, 10, began.Add(2*time.Hour)), w.bid(service, ref, 10, began.Add(time.Hour))
	w.release(w.bid(service, ref, 10, began.Add(time.Hour)))
	held := func(now time.Time, limit int) []ledger.ID {
		t.Helper()
		found, err := w.reader.ExpiredHolds(t.Context(), ref.Book, now, limit)
		if err != nil {
			t.Fatal(err)
		}
		var ids []ledger.ID
		for _, hold := range found {
			if hold.Wallet != ref || hold.Purpose != wallet.PurposeBid {
				t.Errorf("hold %+v, want a bid of the wallet", hold)
			}
			ids = append(ids, hold.ID)
		}
		return ids
	}
	if got := held(began.Add(time.Hour-time.Microsecond), 10); got != nil {
		t.Errorf("before any expiry: %v", got)
	}
	if got := held(began.Add(2*time.Hour), 10); !slices.Equal(got, []ledger.ID{soon.ID, late.ID}) {
		t.Errorf("after both: %v, want the one that expired first in front", got)
	}
	if got := held(began.Add(2*time.Hour), 1); !slices.Equal(got, []ledger.ID{soon.ID}) {
		t.Errorf("at most one: %v", got)
	}

	w.grant(ref, 5, ledger.OriginPromo, began.Add(3*time.Hour))
	spent := w.grant(ref, 5, ledger.OriginPromo, began.Add(4*time.Hour))
	w.spend(service, ref, 10)
	w.grant(ref, 7, ledger.OriginPromo, began.Add(5*time.Hour))
	ended := func(after, through time.Time) []time.Time {
		t.Helper()
		found, err := w.reader.ExpiringWallets(t.Context(), ref.Book, after, through, 1)
		if err != nil {
			t.Fatal(err)
		}
		var at []time.Time
		for _, wallet := range found {
			if wallet.Ref != ref {
				t.Errorf("found %v, want the wallet %v", wallet.Ref, ref)
			}
			at = append(at, wallet.EndedAt)
		}
		return at
	}
	if got := ended(began, began.Add(5*time.Hour-time.Microsecond)); got != nil {
		t.Errorf("lots that are used up were found: %v (one is %s)", got, spent)
	}
	if got := ended(began, began.Add(5*time.Hour)); len(got) != 1 || !got[0].Equal(began.Add(5*time.Hour)) {
		t.Errorf("the lot that ended: %v", got)
	}
	if got := ended(began.Add(5*time.Hour), began.AddDate(0, 1, 0)); got != nil {
		t.Errorf("behind the last one: %v", got)
	}
	w.wait(6 * time.Hour)
	w.accepted(w.service.ExpireUnits(t.Context(), wallet.ExpiringWallet{Ref: ref, EndedAt: began.Add(5 * time.Hour)}))
	if got := ended(began, began.Add(5*time.Hour)); got != nil {
		t.Errorf("after the run: %v", got)
	}
}

// Units that come back late keep a lot usable until the end of their grace, which is
// then when it ends.
func TestGraceProlongsALot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 10, ledger.OriginPromo, began.Add(time.Hour))
	hold := w.bid(service, ref, 10, began.Add(24*time.Hour))
	w.wait(2 * time.Hour)
	w.release(hold)
	until := began.Add(2*time.Hour).AddDate(0, 0, 7)
	lots := section[wallet.LotPage](w, owner, ref, wallet.LotsQuery{State: wallet.LotActive, Limit: 5}).Lots
	if len(lots) != 1 || !lots[0].GraceUntil.Equal(until) {
		t.Fatalf("active lots %+v, want one with grace until %s", lots, until)
	}
	if got := section[wallet.Balance](w, owner, ref, wallet.BalanceQuery{}).Available; got != 10 {
		t.Errorf("available %d in grace, want 10", got)
	}
	if got := section[wallet.Expiring](w, owner, ref, wallet.ExpiringQuery{WithinDays: 10}); got.Total != 10 || got.Buckets[0].Date != ledger.DateOf(until) {
		t.Errorf("expiring %+v, want 10 on the day grace ends", got)
	}
	found, err := w.reader.ExpiringWallets(t.Context(), ref.Book, began, until, 10)
	if err != nil || len(found) != 1 || !found[0].EndedAt.Equal(until) {
		t.Errorf("expiring wallets %+v, %v, want the end of grace alone", found, err)
	}
	w.wait(7 * 24 * time.Hour)
	if got := section[wallet.Balance](w, owner, ref, wallet.BalanceQuery{}).Available; got != 0 {
		t.Errorf("available %d after grace, want 0", got)
	}
}
