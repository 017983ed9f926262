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

func TestHoldsRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, other := w.open(wallet.KindAgency, ledger.NilID), w.open(wallet.KindMember, ledger.ID{5})
	w.buy(ref, 80, 1200)
	released, open := w.bid(ref, 10, time.Time{}), w.bid(ref, 30, time.Time{})
	w.accepted(w.release(released, 0))
	elsewhere, missing := open, open
	elsewhere.Wallet, missing.ID = other, ledger.ID{1}
	for _, test := range []struct {
		name string
		want error
		post func() (wallet.Result, error)
	}{
		{"capture_beyond_the_hold", ledger.ErrHoldExceeded, func() (wallet.Result, error) { return w.capture(open, 31, false) }},
		{"release_beyond_the_hold", ledger.ErrHoldExceeded, func() (wallet.Result, error) { return w.release(open, 31) }},
		{"capture_after_release", ledger.ErrHoldClosed, func() (wallet.Result, error) { return w.capture(released, 1, false) }},
		{"release_twice", ledger.ErrHoldClosed, func() (wallet.Result, error) { return w.release(released, 0) }},
		{"increase_after_release", ledger.ErrHoldClosed, func() (wallet.Result, error) { return w.increase(released, 1) }},
		{"increase_beyond_the_wallet", ledger.ErrInsufficientFunds, func() (wallet.Result, error) { return w.increase(open, 51) }},
		{"hold_of_another_wallet", ledger.ErrHoldUnknown, func() (wallet.Result, error) { return w.capture(elsewhere, 1, false) }},
		{"hold_that_is_not_there", ledger.ErrHoldUnknown, func() (wallet.Result, error) { return w.capture(missing, 1, false) }},
		{"spend_of_what_is_held", ledger.ErrInsufficientFunds, func() (wallet.Result, error) { return w.spend(ref, 51) }},
	} {
		w.refused(test.want, test.post)
	}
	t.Run("purpose_of_another_account_is_a_fault", func(t *testing.T) {
		w.accepted(w.PlaceHold(t.Context(), caller, wallet.PlaceHold{
			Key: w.key(), Wallet: ref, Purpose: wallet.PurposeLease, Quantity: 5,
			Subject: ledger.Subject{Type: wallet.SubjectCampaign, ID: w.newID().String()},
		}))
		leased := open
		leased.Purpose = wallet.PurposeLease
		if _, err := w.capture(leased, 1, false); !errors.Is(err, ledger.ErrInvalidCommand) {
			t.Errorf("got %v, want ErrInvalidCommand", err)
		}
	})
}

// A frozen wallet places no holds, and what it has placed is settled all the same.
func TestHoldsOfAFrozenWallet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, member := w.open(wallet.KindAgency, ledger.NilID), w.open(wallet.KindMember, ledger.ID{5})
	w.buy(ref, 80, 1200)
	w.accepted(w.transfer(ref, member, 10))
	hold := w.bid(ref, 30, time.Time{})
	w.accepted(w.Freeze(t.Context(), caller, wallet.Freeze{Key: w.key(), Wallet: ref, Reason: "DISPUTE"}))
	w.refused(ledger.ErrAccountFrozen, func() (wallet.Result, error) {
		return w.PlaceHold(t.Context(), caller, wallet.PlaceHold{Key: w.key(), Wallet: ref, Purpose: wallet.PurposeBid, Quantity: 1, Subject: w.proposal()})
	})
	w.refused(ledger.ErrAccountFrozen, func() (wallet.Result, error) { return w.increase(hold, 1) })
	w.refused(ledger.ErrAccountFrozen, func() (wallet.Result, error) { return w.transfer(ref, member, 1) })
	w.refused(ledger.ErrAccountFrozen, func() (wallet.Result, error) { return w.transfer(member, ref, 1) })
	w.accepted(w.capture(hold, 10, false))
	w.accepted(w.release(hold, 0))
}

func TestHoldIsReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.buy(ref, 80, 1200)
	in := wallet.PlaceHold{Key: w.key(), Wallet: ref, Purpose: wallet.PurposeBid, Quantity: 30, Subject: w.proposal()}
	first := w.accepted(w.PlaceHold(t.Context(), caller, in))
	w.at(noon.Add(time.Hour)) // the policy would now give the hold another end
	again := w.accepted(w.PlaceHold(t.Context(), caller, in))
	if !again.Outcome.Replayed || again.Outcome.Journal != first.Outcome.Journal {
		t.Errorf("got %+v, want a replay of %s", again.Outcome, first.Outcome.Journal)
	}
	in.Quantity++
	w.refused(ledger.ErrIdempotencyConflict, func() (wallet.Result, error) { return w.PlaceHold(t.Context(), caller, in) })
}

func TestSpendingLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.open(wallet.KindAgency, ledger.NilID)
	w.buy(ref, 80, 1200)
	limit := func(window wallet.Window, maximum int64) {
		w.accepted(w.SetLimit(t.Context(), caller, wallet.SetLimit{Key: w.key(), Wallet: ref, Window: window, Maximum: maximum}))
	}
	limit(wallet.WindowDay, 20)
	limit(wallet.WindowWeek, 35) // noon is on a Monday
	w.accepted(w.spend(ref, 12))
	hold := w.bid(ref, 8, time.Time{})
	result, err := w.spend(ref, 1)
	var exceeded *ledger.LimitError
	if err != nil || !errors.As(result.Outcome.Refusal, &exceeded) {
		t.Fatalf("got %v, %v, want a LimitError", result.Outcome.Refusal, err)
	}
	want := ledger.LimitError{
		Account: exceeded.Account, Window: 24 * time.Hour, Maximum: 20, Used: 20, Requested: 1, ResetsAt: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, *exceeded); diff != "" {
		t.Errorf("refusal (-want +got):\n%s", diff)
	}
	w.accepted(w.capture(hold, 8, false)) // settling is not the owner's pace
	w.at(time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC))
	w.refused(ledger.ErrLimitExceeded, func() (wallet.Result, error) { return w.spend(ref, 16) }) // of the week
	w.accepted(w.spend(ref, 15))
	limit(wallet.WindowWeek, -1)
	w.accepted(w.spend(ref, 5))
	w.at(time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC))
	w.accepted(w.spend(ref, 20))
}

func TestTransfersStayInOneOrganisation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pool, member := w.open(wallet.KindAgency, ledger.NilID), w.open(wallet.KindMember, ledger.ID{5})
	w.buy(pool, 80, 1200)
	foreign, own := wallet.Ref{Book: w.book(), ID: ledger.ID{7}}, wallet.Ref{Book: w.book(), ID: ledger.ID{8}}
	w.known[foreign] = wallet.Wallet{Ref: foreign, Owner: ledger.ID{3}, Kind: wallet.KindAgency}
	w.known[own] = wallet.Wallet{Ref: own, Owner: agency, Kind: wallet.KindFreelancer}
	for name, to := range map[string]wallet.Ref{"another_organisation": foreign, "a_person": own} {
		if _, err := w.transfer(pool, to, 1); !errors.Is(err, wallet.ErrNotSameOrganisation) {
			t.Errorf("to %s: got %v, want ErrNotSameOrganisation", name, err)
		}
	}
	if _, err := w.transfer(own, pool, 1); !errors.Is(err, wallet.ErrNotSameOrganisation) {
		t.Errorf("from a person: got %v, want ErrNotSameOrganisation", err)
	}
	if _, err := w.transfer(pool, wallet.Ref{Book: w.book(), ID: ledger.ID{4}}, 1); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("to nobody: got %v, want ErrNotFound", err)
	}
	nobody := domain.Caller{Principal: "party:someone"} // reaches both as a member
	_, err := w.Transfer(t.Context(), nobody, wallet.Transfer{Key: w.key(), From: pool, To: member, Quantity: 1})
	if !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("by a member: got %v, want ErrNotFound", err)
	}
	_, err = w.SetLimit(t.Context(), nobody, wallet.SetLimit{Key: w.key(), Wallet: pool, Window: wallet.WindowDay, Maximum: 1})
	if !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("limit by a member: got %v, want ErrNotFound", err)
	}
	_, err = w.Close(t.Context(), nobody, wallet.Close{Key: w.key(), Wallet: pool, Reason: "LEFT"})
	if !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("closed by a member: got %v, want ErrNotFound", err)
	}
}

func TestHoldsValidate(t *testing.T) {
	t.Parallel()
	place := func(change func(*wallet.PlaceHold)) func(fixture) error {
		return func(f fixture) error {
			in := wallet.PlaceHold{
				Key: "place-0001", Wallet: known, Purpose: wallet.PurposeBid, Quantity: 30,
				Subject: ledger.Subject{Type: "PROPOSAL", ID: "0197f2c4-1111-7000-8000-000000000001"},
			}
			change(&in)
			_, err := f.PlaceHold(t.Context(), caller, in)
			return err
		}
	}
	bid := wallet.HoldRef{ID: ledger.ID{1}, Wallet: known, Purpose: wallet.PurposeBid}
	for name, test := range map[string]struct {
		field string
		post  func(fixture) error
	}{
		"hold_for_a_purpose_unknown": {"purpose", place(func(in *wallet.PlaceHold) { in.Purpose = "GIFT" })},
		"hold_of_nothing":            {"quantity", place(func(in *wallet.PlaceHold) { in.Quantity = 0 })},
		"hold_beyond_2_to_the_53":    {"quantity", place(func(in *wallet.PlaceHold) { in.Quantity = 1 << 53 })},
		"bid_on_a_campaign":          {"subject.type", place(func(in *wallet.PlaceHold) { in.Subject.Type = "CAMPAIGN" })},
		"lease_for_a_proposal":       {"subject.type", place(func(in *wallet.PlaceHold) { in.Purpose = wallet.PurposeLease })},
		"hold_for_no_uuid":           {"subject.id", place(func(in *wallet.PlaceHold) { in.Subject.ID = "4711" })},
		"hold_that_has_ended":        {"expiresAt", place(func(in *wallet.PlaceHold) { in.ExpiresAt = now })},
		"hold_of_over_a_year":        {"expiresAt", place(func(in *wallet.PlaceHold) { in.ExpiresAt = now.AddDate(0, 0, 367) })},
		"key_too_short":              {"idempotencyKey", place(func(in *wallet.PlaceHold) { in.Key = "short" })},
		"increase_by_nothing": {"quantity", func(f fixture) error {
			_, err := f.IncreaseHold(t.Context(), caller, wallet.IncreaseHold{Key: "increase-1", Hold: bid})
			return err
		}},
		"capture_of_nothing": {"quantity", func(f fixture) error {
			_, err := f.CaptureHold(t.Context(), caller, wallet.CaptureHold{Key: "capture-01", Hold: bid})
			return err
		}},
		"release_of_less_than_nothing": {"quantity", func(f fixture) error {
			_, err := f.ReleaseHold(t.Context(), caller, wallet.ReleaseHold{Key: "release-01", Hold: bid, Quantity: -1})
			return err
		}},
		"transfer_to_itself": {"toWalletId", func(f fixture) error {
			_, err := f.Transfer(t.Context(), caller, wallet.Transfer{Key: "transfer-1", From: known, To: known, Quantity: 1})
			return err
		}},
		"transfer_of_nothing": {"quantity", func(f fixture) error {
			_, err := f.Transfer(t.Context(), caller, wallet.Transfer{Key: "transfer-1", From: known, To: unknown})
			return err
		}},
		"limit_of_an_hour": {"window", func(f fixture) error {
			_, err := f.SetLimit(t.Context(), caller, wallet.SetLimit{Key: "limit-0001", Wallet: known, Window: "HOUR"})
			return err
		}},
		"close_without_a_reason": {"reason", func(f fixture) error {
			_, err := f.Close(t.Context(), caller, wallet.Close{Key: "close-0001", Wallet: known})
			return err
		}},
		"tax_beyond_the_price": {"taxMinor", purchasing(func(p *wallet.Purchase) { p.Tax = 1201 })},
		"tax_twice":            {"taxAtSaleMinor", purchasing(func(p *wallet.Purchase) { p.Tax, p.TaxAtSale = 1, 1 })},
		"member_wallet_of_nobody": {"memberId", opening(func(o *wallet.Open) {
			o.OwnerKind, o.Kind = domain.OwnerOrganisation, wallet.KindMember
		})},
		"member_of_a_pool": {"memberId", opening(func(o *wallet.Open) {
			o.OwnerKind, o.Kind, o.Member = domain.OwnerOrganisation, wallet.KindAgency, ledger.ID{5}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			var refused *domain.ValidationError
			if err := test.post(f); !errors.As(err, &refused) || refused.Field != test.field {
				t.Errorf("got %v, want a ValidationError of %s", err, test.field)
			}
			if len(f.posted.commands) > 0 {
				t.Errorf("posted %d commands, want none", len(f.posted.commands))
			}
		})
	}
}
