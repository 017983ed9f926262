package wallet_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/wallet"
	"purser/ledger"
)

// bought80 is the trial balance after 80 Connects were bought for 12 dollars.
func bought80(changes map[string]int64) map[string]int64 {
	trial := map[string]int64{"ISSUED:PURCHASE CNX": -80, "WALLET:*:AVAILABLE CNX": 80, "1010 USD": -1200, "2000 USD": 1200}
	for line, change := range changes {
		if trial[line] += change; trial[line] == 0 {
			delete(trial, line)
		}
	}
	return trial
}

// Rows 3 and 3b of the chart of entries: what is spent earns its cost, and a return
// leaves every lot and deferred revenue as they were.
func TestProposalAndReturn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.buy(ref, 80, 1200)
	w.promote(ref, 10, 30)
	before, lots := w.trial(), w.lots(ref)
	spent := w.accepted(w.spend(ref, 12))
	w.wantTrial("row 3", bought80(map[string]int64{
		"ISSUED:PROMO CNX": -10, "WALLET:*:AVAILABLE CNX": -2, "CONSUMED:PROPOSAL CNX": 12, "2000 USD": -30, "4000 USD": 30,
	}))
	w.accepted(w.Reverse(t.Context(), caller, wallet.Reverse{
		Key: w.key(), Transaction: wallet.TransactionRef{Wallet: ref, Journal: spent.Outcome.Journal}, Reason: "RETURN_JOB_CLOSED",
	}))
	w.wantTrial("row 3b", before)
	if diff := cmp.Diff(lots, w.lots(ref)); diff != "" {
		t.Errorf("lots after the return (-before +after):\n%s", diff)
	}
}

// Rows 4 to 4e of the chart of entries: a bid is deferred until it wins.
func TestBid(t *testing.T) {
	t.Parallel()
	const held, available = "WALLET:*:HELD:BID CNX", "WALLET:*:AVAILABLE CNX"
	begin := func(t *testing.T) (*world, wallet.HoldRef) {
		t.Helper()
		w := newWorld(t)
		ref := w.open(wallet.KindAgency, ledger.NilID)
		w.buy(ref, 80, 1200)
		hold := w.bid(ref, 30, time.Time{})
		w.wantTrial("row 4", bought80(map[string]int64{available: -30, held: 30}))
		w.accepted(w.increase(hold, 10))
		w.wantTrial("row 4b", bought80(map[string]int64{available: -40, held: 40}))
		return w, hold
	}
	t.Run("outbid_gives_all_back", func(t *testing.T) {
		t.Parallel()
		w, hold := begin(t)
		w.accepted(w.release(hold, 0))
		w.wantTrial("row 4c", bought80(nil))
		if got := w.hold(hold); got.Status != ledger.HoldReleased || got.Released != 40 || got.ClosedAt.IsZero() {
			t.Errorf("hold %+v, want it released", got)
		}
	})
	t.Run("first_price_takes_all", func(t *testing.T) {
		t.Parallel()
		w, hold := begin(t)
		w.accepted(w.capture(hold, 40, false))
		w.wantTrial("row 4d", bought80(map[string]int64{available: -40, "CONSUMED:BOOST CNX": 40, "2000 USD": -600, "4010 USD": 600}))
		if got := w.hold(hold); got.Status != ledger.HoldCaptured || got.Captured != 40 {
			t.Errorf("hold %+v, want it captured", got)
		}
	})
	t.Run("second_price_gives_the_rest_back", func(t *testing.T) {
		t.Parallel()
		w, hold := begin(t)
		w.accepted(w.capture(hold, 33, true))
		w.wantTrial("row 4e", bought80(map[string]int64{available: -33, "CONSUMED:BOOST CNX": 33, "2000 USD": -495, "4010 USD": 495}))
		if got := w.hold(hold); got.Status != ledger.HoldCaptured || got.Captured != 33 || got.Released != 7 {
			t.Errorf("hold %+v, want 33 captured and 7 released", got)
		}
	})
	t.Run("captured_in_parts", func(t *testing.T) {
		t.Parallel()
		w, hold := begin(t)
		w.accepted(w.capture(hold, 15, false))
		w.accepted(w.release(hold, 5))
		w.accepted(w.capture(hold, 20, false))
		w.wantTrial("two captures and a release", bought80(map[string]int64{
			available: -35, "CONSUMED:BOOST CNX": 35, "2000 USD": -525, "4010 USD": 525,
		}))
	})
}

// Row 5b of the chart of entries: what a campaign may use in a day is leased from the
// wallet, and the remainder comes back.
func TestLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.buy(ref, 80, 1200)
	placed := w.accepted(w.PlaceHold(t.Context(), caller, wallet.PlaceHold{
		Key: w.key(), Wallet: ref, Purpose: wallet.PurposeLease, Quantity: 50,
		Subject: ledger.Subject{Type: wallet.SubjectCampaign, ID: w.newID().String()},
	}))
	lease := wallet.HoldRef{ID: placed.Outcome.Journal, Wallet: ref, Purpose: wallet.PurposeLease}
	w.wantTrial("row 5b", bought80(map[string]int64{"WALLET:*:AVAILABLE CNX": -50, "WALLET:*:HELD:LEASE CNX": 50}))
	if got, want := w.hold(lease).ExpiresAt, noon.Add(48*time.Hour); !got.Equal(want) {
		t.Errorf("the lease ends at %s, want %s as the policy says", got, want)
	}
	w.accepted(w.capture(lease, 42, false))
	w.accepted(w.release(lease, 0))
	w.wantTrial("the end of the day", bought80(map[string]int64{
		"WALLET:*:AVAILABLE CNX": -42, "CONSUMED:PROFILE_ADS CNX": 42, "2000 USD": -630, "4020 USD": 630,
	}))
}

// Scenario 2: a bid is raised and outbid, and one of its lots has expired meanwhile.
func TestLotExpiresWhileHeld(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (*world, wallet.Ref, wallet.HoldRef) {
		t.Helper()
		w := newWorld(t)
		ref := w.open(wallet.KindAgency, ledger.NilID)
		w.buy(ref, 80, 1200)
		w.promote(ref, 10, 2)
		hold := w.bid(ref, 30, noon.AddDate(0, 0, 7))
		w.accepted(w.increase(hold, 10))
		w.at(noon.AddDate(0, 0, 3)) // the promotion is over
		return w, ref, hold
	}
	promoted := map[string]int64{"ISSUED:PROMO CNX": -10, "WALLET:*:AVAILABLE CNX": 10}
	t.Run("released_units_get_grace", func(t *testing.T) {
		t.Parallel()
		w, ref, hold := begin(t)
		w.accepted(w.release(hold, 0))
		w.wantTrial("the release", bought80(promoted))
		if got, want := w.lots(ref)[1].GraceUntil, noon.AddDate(0, 0, 10); !got.Equal(want) {
			t.Errorf("grace until %s, want %s: seven days from the release", got, want)
		}
		w.refused(ledger.ErrNothingExpired, func() (wallet.Result, error) { return w.expire(ref) })
		w.at(noon.AddDate(0, 0, 10))
		w.accepted(w.expire(ref))
		w.wantTrial("the end of grace", bought80(map[string]int64{"ISSUED:PROMO CNX": -10, "EXPIRED CNX": 10}))
	})
	t.Run("a_capture_may_still_use_them", func(t *testing.T) {
		t.Parallel()
		w, _, hold := begin(t)
		w.accepted(w.capture(hold, 40, false))
		w.wantTrial("the capture", bought80(map[string]int64{
			"ISSUED:PROMO CNX": -10, "WALLET:*:AVAILABLE CNX": -30, "CONSUMED:BOOST CNX": 40, "2000 USD": -450, "4010 USD": 450,
		}))
	})
	t.Run("a_hold_that_expires_lets_them_lapse", func(t *testing.T) {
		t.Parallel()
		w, _, hold := begin(t)
		w.refused(ledger.ErrHoldNotExpired, func() (wallet.Result, error) { return w.ExpireHold(t.Context(), hold) })
		w.at(noon.AddDate(0, 0, 7))
		w.refused(ledger.ErrHoldExpired, func() (wallet.Result, error) { return w.capture(hold, 1, false) })
		w.refused(ledger.ErrHoldExpired, func() (wallet.Result, error) { return w.increase(hold, 1) })
		w.accepted(w.ExpireHold(t.Context(), hold))
		w.wantTrial("the sweeper", bought80(map[string]int64{"ISSUED:PROMO CNX": -10, "EXPIRED CNX": 10}))
		if got := w.hold(hold); got.Status != ledger.HoldExpired {
			t.Errorf("hold %+v, want it expired", got)
		}
	})
}

// An expired hold is released by the first command that needs its units, and by no
// command that is refused.
func TestExpiredHoldIsReleasedByWhoNeedsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.buy(ref, 80, 1200)
	hold := w.bid(ref, 60, noon.Add(time.Hour))
	w.refused(ledger.ErrInsufficientFunds, func() (wallet.Result, error) { return w.spend(ref, 21) })
	w.at(noon.Add(time.Hour))
	w.refused(ledger.ErrInsufficientFunds, func() (wallet.Result, error) { return w.spend(ref, 81) })
	w.accepted(w.spend(ref, 80))
	if got := w.hold(hold); got.Status != ledger.HoldExpired || got.Released != 60 {
		t.Errorf("hold %+v, want it expired and released", got)
	}
	// The sweeper that comes too late finds it closed.
	w.refused(ledger.ErrHoldClosed, func() (wallet.Result, error) { return w.ExpireHold(t.Context(), hold) })
	w.wantTrial("the spend", bought80(map[string]int64{
		"WALLET:*:AVAILABLE CNX": -80, "CONSUMED:PROPOSAL CNX": 80, "2000 USD": -1200, "4000 USD": 1200,
	}))
}

// Row 11 and scenario 11: the expiry run, twice, over a change of clocks, where local
// days begin half or three quarters of an hour apart.
func TestExpiryRun(t *testing.T) {
	t.Parallel()
	for name, zone := range map[string]string{
		"clocks_go_forward":         "America/New_York", // on 8 March 2026
		"half_an_hour_off":          "Asia/Kolkata",
		"three_quarters_of_an_hour": "Asia/Kathmandu",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			// Bought at the last minute of a local day, a year before the clocks change.
			bought := time.Date(2025, 3, 8, 23, 59, 30, 0, location)
			w := newWorld(t)
			w.at(bought)
			ref := w.open(wallet.KindAgency, ledger.NilID)
			w.buy(ref, 80, 1200)
			w.accepted(w.spend(ref, 60))
			ends := bought.UTC().AddDate(0, 0, 365)
			w.at(ends.Add(-5 * 24 * time.Hour))
			w.promote(ref, 5, 5)
			w.at(ends.Add(-time.Microsecond))
			w.refused(ledger.ErrNothingExpired, func() (wallet.Result, error) { return w.expire(ref) })
			w.at(ends)
			w.accepted(w.expire(ref))
			want := map[string]int64{
				"ISSUED:PURCHASE CNX": -80, "ISSUED:PROMO CNX": -5, "CONSUMED:PROPOSAL CNX": 60, "EXPIRED CNX": 25,
				"1010 USD": -1200, "4000 USD": 900, "4090 USD": 300,
			}
			w.wantTrial("row 11", want)
			again := w.accepted(w.expire(ref))
			if !again.Outcome.Replayed {
				t.Error("the same run again is not a replay")
			}
			w.at(ends.Add(time.Hour))
			w.refused(ledger.ErrNothingExpired, func() (wallet.Result, error) { return w.expire(ref) })
			w.wantTrial("the second run", want)
		})
	}
}

// Two runs at once post one journal.
func TestExpiryRunsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.promote(ref, 5, 1)
	w.at(noon.AddDate(0, 0, 1))
	results := make(chan error, 8)
	for range cap(results) {
		go func() {
			_, err := w.expire(ref)
			results <- err
		}()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	w.wantTrial("eight runs", map[string]int64{"ISSUED:PROMO CNX": -5, "EXPIRED CNX": 5})
}

// Scenario 17: an odd cost sums to itself, however it is used up.
func TestOddBasis(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(*world, wallet.Ref){
		"one_by_one": func(w *world, ref wallet.Ref) {
			for range 7 {
				w.accepted(w.spend(ref, 1))
			}
		},
		"by_captures_of_one_hold": func(w *world, ref wallet.Ref) {
			hold := w.bid(ref, 7, time.Time{})
			for range 7 {
				w.accepted(w.capture(hold, 1, false))
			}
		},
		"partly_by_a_member": func(w *world, ref wallet.Ref) {
			member := w.open(wallet.KindMember, ledger.ID{5})
			for _, units := range []int64{1, 2} {
				w.accepted(w.transfer(ref, member, units))
			}
			for range 3 {
				w.accepted(w.spend(member, 1))
			}
			for range 4 {
				w.accepted(w.spend(ref, 1))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ref := w.open(wallet.KindAgency, ledger.NilID)
			w.buy(ref, 7, 100)
			use(w, ref)
			trial := w.trial()
			if got := trial["4000 USD"] + trial["4010 USD"]; got != 100 || trial["2000 USD"] != 0 {
				t.Errorf("earned %d of 100 cents, %d still deferred", got, trial["2000 USD"])
			}
		})
	}
}

// Row 13 of the chart of entries: lots are split, and keep origin, expiry and cost.
func TestTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool := w.open(wallet.KindAgency, ledger.NilID)
	member, other := w.open(wallet.KindMember, ledger.ID{5}), w.open(wallet.KindMember, ledger.ID{6})
	w.buy(pool, 80, 1200)
	before := w.trial()
	w.accepted(w.transfer(pool, member, 30))
	w.accepted(w.transfer(pool, member, 10))
	w.wantTrial("row 13", before)
	w.accepted(w.transfer(member, other, 15))

	root, got := w.lots(pool)[0], w.lots(member)
	if len(got) != 1 {
		t.Fatalf("the member has %d lots, want one for all that stems from one root", len(got))
	}
	want := root
	want.ID, want.Wallet, want.Root = ledger.ChildLotID(root.ID, member.ID), member.ID, root.ID
	want.Granted, want.Basis, want.Remaining, want.BasisRemaining = 40, 600, 25, 375
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("the member's lot (-want +got):\n%s", diff)
	}
	if further := w.lots(other)[0]; further.Root != root.ID || further.Remaining != 15 || further.BasisRemaining != 225 {
		t.Errorf("passed on %+v, want 15 units of the same root with 2.25", further)
	}
	w.accepted(w.spend(member, 25))
	w.wantTrial("a member's proposal", bought80(map[string]int64{
		"WALLET:*:AVAILABLE CNX": -25, "CONSUMED:PROPOSAL CNX": 25, "2000 USD": -375, "4000 USD": 375,
	}))
	w.refused(ledger.ErrInsufficientFunds, func() (wallet.Result, error) { return w.transfer(member, other, 1) })
}

// Row 1c of the chart of entries: tax at the sale of a voucher for one purpose, and
// at the use of one for several.
func TestTax(t *testing.T) {
	t.Parallel()
	t.Run("at_sale", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ref := w.open(wallet.KindAgency, ledger.NilID)
		w.buy(ref, 80, 1200, func(p *wallet.Purchase) { p.TaxAtSale = 228 })
		w.wantTrial("the sale", bought80(map[string]int64{"1010 USD": -228, "2050 USD": 228}))
		w.accepted(w.spend(ref, 80))
		w.wantTrial("the use", map[string]int64{
			"ISSUED:PURCHASE CNX": -80, "CONSUMED:PROPOSAL CNX": 80, "1010 USD": -1428, "2050 USD": 228, "4000 USD": 1200,
		})
	})
	t.Run("at_use", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ref := w.open(wallet.KindAgency, ledger.NilID)
		w.buy(ref, 80, 1200, func(p *wallet.Purchase) { p.Tax = 192 })
		w.wantTrial("the sale", bought80(nil))
		spent := w.accepted(w.spend(ref, 10))
		w.wantTrial("the use", bought80(map[string]int64{
			"WALLET:*:AVAILABLE CNX": -10, "CONSUMED:PROPOSAL CNX": 10, "2000 USD": -150, "2050 USD": 24, "4000 USD": 126,
		}))
		w.accepted(w.Reverse(t.Context(), caller, wallet.Reverse{
			Key: w.key(), Transaction: wallet.TransactionRef{Wallet: ref, Journal: spent.Outcome.Journal}, Reason: "RETURN_TOS",
		}))
		w.wantTrial("its return", bought80(nil))
		hold := w.bid(ref, 20, time.Time{})
		w.accepted(w.capture(hold, 20, false))
		w.at(noon.AddDate(0, 0, 365))
		w.accepted(w.expire(ref))
		w.wantTrial("a boost and expiry", map[string]int64{
			"ISSUED:PURCHASE CNX": -80, "CONSUMED:BOOST CNX": 20, "EXPIRED CNX": 60,
			"1010 USD": -1200, "2050 USD": 192, "4010 USD": 252, "4090 USD": 756,
		})
	})
}

// Units that come back to a lot after its expiry may be used for a while: a return
// that comes late is not the owner's fault.
func TestReturnAfterExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.promote(ref, 10, 2)
	spent := w.accepted(w.spend(ref, 10))
	w.at(noon.AddDate(0, 0, 3))
	w.accepted(w.Reverse(t.Context(), caller, wallet.Reverse{
		Key: w.key(), Transaction: wallet.TransactionRef{Wallet: ref, Journal: spent.Outcome.Journal}, Quantity: 4, Reason: "RETURN_JOB_CLOSED",
	}))
	w.wantTrial("the return", map[string]int64{"ISSUED:PROMO CNX": -10, "WALLET:*:AVAILABLE CNX": 4, "CONSUMED:PROPOSAL CNX": 6})
	w.accepted(w.spend(ref, 1))
	w.at(noon.AddDate(0, 0, 10))
	w.refused(ledger.ErrInsufficientFunds, func() (wallet.Result, error) { return w.spend(ref, 1) })
	w.accepted(w.expire(ref))
	w.wantTrial("the end of grace", map[string]int64{"ISSUED:PROMO CNX": -10, "CONSUMED:PROPOSAL CNX": 7, "EXPIRED CNX": 3})
}
