package wallet_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// What was given in a promotion stays with whom it was given to, although it is what
// they would spend first.
func TestTransferLeavesPromotionalUnits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool, member := w.open(wallet.KindAgency, ledger.NilID), w.open(wallet.KindMember, ledger.ID{5})
	w.promote(pool, 10, 30)
	w.buy(pool, 80, 1200)
	w.accepted(w.transfer(pool, member, 50))
	w.wantTrial("the transfer", bought80(map[string]int64{"ISSUED:PROMO CNX": -10, "WALLET:*:AVAILABLE CNX": 10}))
	got := w.lots(member)
	if len(got) != 1 || got[0].Origin != ledger.OriginPurchase || got[0].Remaining != 50 || got[0].BasisRemaining != 750 {
		t.Errorf("the member has %+v, want 50 bought units with 7.50", got)
	}
	account := ledger.AccountID(w.book(), wallet.AvailableCode(pool.ID), ledger.CNX)
	result, err := w.transfer(pool, member, 31)
	want := &ledger.OriginError{Account: account, Required: 31, Allowed: 30, PassedOver: 10, Origins: []ledger.Origin{ledger.OriginPromo}}
	var refused *ledger.OriginError
	if err != nil || !errors.As(result.Outcome.Refusal, &refused) {
		t.Fatalf("got %v, %v, want an OriginError", result.Outcome.Refusal, err)
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refusal (-want +got):\n%s", diff)
	}
	w.refused(ledger.ErrInsufficientFunds, func() (wallet.Result, error) { return w.transfer(pool, member, 41) })
	w.accepted(w.transfer(pool, member, 30))
	w.refused(ledger.ErrOriginForbidden, func() (wallet.Result, error) { return w.transfer(pool, member, 1) })
	w.accepted(w.spend(pool, 10)) // they are the pool's to use
}

// The origins that were allowed are in the journal, so that it can be replayed when the
// policy has become another.
func TestTransferSaysWhatWasAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool, member := w.open(wallet.KindAgency, ledger.NilID), w.open(wallet.KindMember, ledger.ID{5})
	w.buy(pool, 80, 1200)
	moved := w.accepted(w.transfer(pool, member, 1))
	for _, journal := range w.memory.Snapshot(w.book()).Journals {
		if journal.ID != moved.Outcome.Journal {
			continue
		}
		if got, want := journal.Arguments.TextOf(wallet.ArgOrigins), "BONUS,COMPENSATION,PLAN,PURCHASE"; got != want || journal.TemplateVersion != 2 {
			t.Errorf("version %d of the template with origins %q, want 2 and %q", journal.TemplateVersion, got, want)
		}
		return
	}
	t.Error("there is no such journal")
}

func TestCloseWallet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.buy(ref, 80, 1200)
	hold := w.bid(ref, 30, time.Time{})
	spent := w.accepted(w.spend(ref, 50))
	closing := func() (wallet.Result, error) {
		return w.Close(t.Context(), caller, wallet.Close{Key: w.key(), Wallet: ref, Reason: "AGENCY_LEFT"})
	}
	w.refused(ledger.ErrAccountNotEmpty, closing)
	w.accepted(w.capture(hold, 30, false))
	w.accepted(closing())
	w.refused(ledger.ErrAccountClosed, func() (wallet.Result, error) { return w.spend(ref, 1) })
	w.refused(ledger.ErrAccountClosed, func() (wallet.Result, error) {
		return w.Grant(t.Context(), caller, wallet.Grant{
			Key: w.key(), Wallet: ref, Quantity: 1, Origin: ledger.OriginPromo, Explanation: domain.Explanation{Rule: "SIGN_UP"},
		})
	})
	w.refused(ledger.ErrAccountClosed, func() (wallet.Result, error) {
		return w.Reverse(t.Context(), caller, wallet.Reverse{
			Key: w.key(), Transaction: wallet.TransactionRef{Wallet: ref, Journal: spent.Outcome.Journal}, Reason: "RETURN_TOS",
		})
	})
	w.refused(ledger.ErrStatusConflict, closing)
}

// A frozen wallet can be closed, and is frozen no longer then.
func TestCloseFrozenWallet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.accepted(w.Freeze(t.Context(), caller, wallet.Freeze{Key: w.key(), Wallet: ref, Reason: "COMPLIANCE"}))
	w.accepted(w.Close(t.Context(), caller, wallet.Close{Key: w.key(), Wallet: ref, Reason: "account.deleted"}))
	freezes := w.memory.Effects(w.book(), wallet.EffectFreeze)
	if last, ok := freezes[len(freezes)-1].(wallet.FreezeRow); !ok || len(freezes) != 2 || last.Reason != "" || last.Wallet != ref.ID {
		t.Errorf("freezes %+v, want the reason taken away", freezes)
	}
	w.refused(ledger.ErrStatusConflict, func() (wallet.Result, error) {
		return w.Freeze(t.Context(), caller, wallet.Freeze{Key: w.key(), Wallet: ref, Lift: true})
	})
}

func TestLimitAt(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // a Monday
	for name, test := range map[string]struct {
		stored ledger.Limit
		want   wallet.Limit
		ok     bool
		left   int64
	}{
		"within_its_window": {
			ledger.Limit{Window: 24 * time.Hour, Maximum: 20, Used: 12, WindowStart: day},
			wallet.Limit{Window: wallet.WindowDay, Maximum: 20, Used: 12, ResetsAt: day.AddDate(0, 0, 1)},
			true, 8,
		},
		"window_of_yesterday": {
			ledger.Limit{Window: 24 * time.Hour, Maximum: 20, Used: 12, WindowStart: day.AddDate(0, 0, -1)},
			wallet.Limit{Window: wallet.WindowDay, Maximum: 20, ResetsAt: day.AddDate(0, 0, 1)},
			true, 20,
		},
		"lowered_below_what_was_used": {
			ledger.Limit{Window: 7 * 24 * time.Hour, Maximum: 5, Used: 12, WindowStart: day},
			wallet.Limit{Window: wallet.WindowWeek, Maximum: 5, Used: 12, ResetsAt: day.AddDate(0, 0, 7)},
			true, 0,
		},
		"lifted":           {ledger.Limit{Window: 24 * time.Hour, Maximum: -1, WindowStart: day}, wallet.Limit{}, false, 0},
		"window_of_nobody": {ledger.Limit{Window: time.Hour, Maximum: 5, WindowStart: day}, wallet.Limit{}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := wallet.LimitAt(test.stored, day.Add(13*time.Hour))
			if ok != test.ok || ok && got.Left() != test.left {
				t.Errorf("LimitAt = %+v, %t with %d left, want %t with %d", got, ok, got.Left(), test.ok, test.left)
			}
			if diff := cmp.Diff(test.want, got); diff != "" && ok {
				t.Errorf("LimitAt (-want +got):\n%s", diff)
			}
		})
	}
}
