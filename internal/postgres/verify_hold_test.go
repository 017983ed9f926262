package postgres_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/internal/market"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

// overMonthEnd is a history over a month's end: holds of every fate, a transfer, limits,
// units that expired, and a period that was closed, opened and closed again.
func overMonthEnd(t *testing.T) *history {
	t.Helper()
	h, periods, clock, at := newYearOf(t)
	left, member := h.reserve(clock)
	at(time.February, 2)
	h.sign(periods.ClosePeriod)
	h.sign(periods.ReopenPeriod)
	h.sign(periods.ClosePeriod)
	h.must(h.service.ExpireHold(t.Context(), left))
	h.must(h.service.ExpireUnits(t.Context(), wallet.ExpiringWallet{Ref: member, EndedAt: clock()}))
	h.link(member)
	return h
}

// newYearOf is a history without a journal, whose clock stands on 5 January 2026 and
// can be set to another day of the year.
func newYearOf(t *testing.T) (h *history, periods *finance.Service, clock func() time.Time, at func(time.Month, int)) {
	t.Helper()
	database := pgtest.New(t)
	db, err := postgres.Open(t.Context(), database.AppURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Int64
	clock = func() time.Time { return time.UnixMicro(now.Add(1)).UTC() }
	at = func(month time.Month, day int) {
		now.Store(time.Date(2026, month, day, 0, 0, 0, 0, time.UTC).UnixMicro())
	}
	at(time.January, 5)
	rules := market.Rules()
	h = &history{
		t: t, db: db, owner: database.OwnerURL, caller: domain.Caller{Principal: "service:test", All: true},
		ledger: ledger.New(ledger.Config{Rules: rules, Store: db.NewStore(rules), Clock: clock, InjectedClock: true}),
	}
	t.Cleanup(func() {
		if err := h.ledger.Close(context.Background()); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	reader := db.NewReader(clock)
	h.service = wallet.NewService(h.ledger, reader, clock, newID)
	return h, finance.NewService(h.ledger, reader, clock, newID), clock, at
}

// link posts two grants to a wallet that are accepted together.
func (h *history) link(member wallet.Ref) {
	h.t.Helper()
	commands := &ledgertest.Commands{Book: member.Book}
	linked := []ledger.Command{commands.Grant(member.ID, 2, ledgertest.Terms{}), commands.Grant(member.ID, 3, ledgertest.Terms{})}
	outcomes, err := h.ledger.PostLinked(h.t.Context(), linked)
	if err != nil || len(outcomes) != 2 || outcomes[0].Refusal != nil || outcomes[1].Refusal != nil {
		h.t.Fatalf("link: %+v, %v", outcomes, err)
	}
}

// reserve fills an agency's wallet and moves its units about. It returns a hold that
// nobody takes care of, and a member's wallet with units that soon expire.
func (h *history) reserve(clock func() time.Time) (left wallet.HoldRef, member wallet.Ref) {
	ctx, owner, s := h.t.Context(), ledger.ID(uuid.New()), h.service
	open := wallet.Open{Key: "open-agency", Owner: owner, OwnerKind: domain.OwnerOrganisation, Kind: wallet.KindAgency, Jurisdiction: "US", TimeZone: "America/New_York"}
	agency := h.must(s.Open(ctx, h.caller, open)).Wallet
	open.Key, open.Kind, open.Member = "open-member", wallet.KindMember, ledger.ID(uuid.New())
	member = h.must(s.Open(ctx, h.caller, open)).Wallet
	h.must(s.Purchase(ctx, h.caller, wallet.Purchase{Key: "purchase-1", Wallet: agency, Quantity: 200, Price: 3000, Fee: 100, Currency: ledger.USD, Reference: "ref-1"}))
	h.must(s.Grant(ctx, h.caller, wallet.Grant{Key: "grant-promo", Wallet: member, Quantity: 9, Origin: ledger.OriginPromo, ValidDays: 7, Explanation: domain.Explanation{Rule: "PROMO"}}))
	h.must(s.SetLimit(ctx, h.caller, wallet.SetLimit{Key: "set-limit", Wallet: agency, Window: wallet.WindowDay, Maximum: 1000}))
	h.must(s.Transfer(ctx, h.caller, wallet.Transfer{Key: "transfer-1", From: agency, To: member, Quantity: 40}))
	place := func(key string, quantity int64) wallet.HoldRef {
		placed := h.must(s.PlaceHold(ctx, h.caller, wallet.PlaceHold{
			Key: key, Wallet: agency, Purpose: wallet.PurposeBid, Quantity: quantity, ExpiresAt: clock().Add(72 * time.Hour),
			Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: uuid.NewString()},
		}))
		return wallet.HoldRef{ID: placed.Outcome.Journal, Wallet: agency, Purpose: wallet.PurposeBid}
	}
	won, lost := place("hold-won-1", 30), place("hold-lost-1", 20)
	left = place("hold-left-1", 11)
	h.must(s.IncreaseHold(ctx, h.caller, wallet.IncreaseHold{Key: "increase-1", Hold: won, Quantity: 10}))
	h.must(s.CaptureHold(ctx, h.caller, wallet.CaptureHold{Key: "capture-1", Hold: won, Quantity: 25, ReleaseRest: true}))
	h.must(s.ReleaseHold(ctx, h.caller, wallet.ReleaseHold{Key: "release-1", Hold: lost, Quantity: 5}))
	h.must(s.ReleaseHold(ctx, h.caller, wallet.ReleaseHold{Key: "release-2", Hold: lost}))
	h.must(s.PlaceHold(ctx, h.caller, wallet.PlaceHold{
		Key: "hold-open-1", Wallet: member, Purpose: wallet.PurposeBid, Quantity: 4, ExpiresAt: clock().AddDate(1, 0, 0),
		Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: uuid.NewString()},
	}))
	return left, member
}

// sign has two people agree on January.
func (h *history) sign(sign func(context.Context, domain.Caller, finance.SignPeriod) (finance.Result, error)) {
	h.t.Helper()
	for _, name := range []string{"staff:ada", "staff:bob"} {
		h.signAs(name, sign)
	}
}

// signAs has one person sign for January, or withdraw.
func (h *history) signAs(name string, sign func(context.Context, domain.Caller, finance.SignPeriod) (finance.Result, error)) {
	h.t.Helper()
	in := finance.SignPeriod{Key: uuid.NewString(), Period: "2026-01", Reason: "month end"}
	result, err := sign(h.t.Context(), domain.Caller{Principal: name, All: true}, in)
	if err != nil || result.Outcome.Refusal != nil {
		h.t.Fatalf("sign as %s: %v, refusal %v", name, err, result.Outcome.Refusal)
	}
}

func TestVerifyHoldsLotsAndPeriods(t *testing.T) {
	t.Parallel()
	t.Run("a_true_history_is_clean", func(t *testing.T) {
		t.Parallel()
		if failed := overMonthEnd(t).failures(); len(failed) > 0 {
			t.Errorf("got %v, want nothing", failed)
		}
	})
	// Whatever a journal needs of those before it is then read again.
	t.Run("a_true_history_is_clean_journal_by_journal", func(t *testing.T) {
		t.Parallel()
		for name, h := range map[string]*history{"over a month's end": overMonthEnd(t), "of spends and returns": newHistory(t)} {
			if failed := h.failuresOf(postgres.VerifyOptions{Slice: 1}); len(failed) > 0 {
				t.Errorf("%s: got %v, want nothing", name, failed)
			}
		}
	})
	for _, tampering := range []struct{ name, statement, invariant string }{
		{"hold_captured", `UPDATE holds SET captured = captured + 1, released = released - 1 WHERE released > 0`, "I22"},
		{"hold_of_less", `UPDATE holds SET reserved = reserved - 1 WHERE status = 'OPEN'`, "I6 I22"},
		{"hold_reserves_less_than_it_gave", `ALTER TABLE holds DROP CONSTRAINT holds_parts_bounds, DROP CONSTRAINT holds_closed_holds_nothing;
			UPDATE holds SET reserved = reserved - 1 WHERE status <> 'OPEN'`, "I7 I6 I22"},
		{"hold_opened_again", `ALTER TABLE holds DROP CONSTRAINT holds_closed_holds_nothing; UPDATE holds SET status = 'OPEN', closed_at = NULL WHERE status = 'EXPIRED'`, "I7 I22"},
		{"hold_of_another_wallet", `UPDATE holds SET wallet_id = gen_random_uuid() WHERE status = 'OPEN'`, "I22"},
		{"hold_removed", `DELETE FROM holds WHERE status = 'RELEASED'`, "I22"},
		{"hold_out_of_nothing", `INSERT INTO holds SELECT book_id, gen_random_uuid(), wallet_id, account_id, held_account_id, purpose, subject_type, subject_id,
			reserved, captured, released, status, opened_at, expires_at, closed_at FROM holds WHERE status = 'OPEN'`, "I6 I22"},
		{"captured_after_it_expired", `UPDATE journals SET posted_at = posted_at + interval '4 days' WHERE hold_event = 'CAPTURED'`, "I8 I18"},
		{"moved_after_it_closed", `UPDATE journals SET hold_id = (SELECT hold_id FROM holds WHERE status = 'CAPTURED') WHERE hold_event = 'EXPIRED'`, "I7"},
		{"moved_by_nothing", `UPDATE journals SET hold_id = NULL, hold_event = NULL WHERE hold_event = 'RELEASED'`, "I6 I22"},
		{"place_of_another_hold", `UPDATE lot_places SET hold_id = gen_random_uuid() WHERE hold_id <> '00000000-0000-0000-0000-000000000000' AND quantity > 0`, "I6 I9"},
		{"held_balance", `UPDATE account_balances SET credits = credits + 1 WHERE account_id IN (SELECT account_id FROM accounts WHERE class = 'WALLET:*:HELD:BID')`, "I1 I2 I6 I9 I30"},
		{"child_lot_granted", `UPDATE lots SET granted = granted + 1 WHERE root_id IS NOT NULL`, "I22"},
		{"child_lot_of_another_root", `UPDATE lots SET root_id = gen_random_uuid() WHERE root_id IS NOT NULL`, "I22"},
		{"lot_expires_later", `UPDATE lots SET expires_at = expires_at + interval '1 day' WHERE origin = 'PROMO'`, "I22"},
		{"lot_without_tax", `UPDATE lots SET tax_minor = 1 WHERE origin = 'PURCHASE' AND root_id IS NULL`, "I22"},
		{"movement_with_tax", `UPDATE lot_movements SET tax = tax + 1 WHERE line = 0 AND quantity < 0`, "I9 I10 I21"},
		{"limit_used", `UPDATE account_limits SET used = used + 1`, "I22"},
		{"limit_raised", `UPDATE account_limits SET maximum = maximum + 1`, "I22"},
		{"limit_removed", `DELETE FROM account_limits`, "I22"},
		{"booked_in_a_closed_period", `UPDATE journals SET booked_on = '2026-01-31' WHERE template = 'EXPIRE_UNITS'`, "I20 I22"},
		{"head_forgets_the_close", `UPDATE book_heads SET closed_through = NULL`, "I20"},
		{"period_removed", `DELETE FROM period_trials; DELETE FROM book_periods WHERE event = 'CLOSED'`, "I20"},
		{"period_trial", `UPDATE period_trials SET debits = debits + 1 WHERE class = 'ISSUED:PURCHASE'`, "I22"},
		{"period_hash", `UPDATE book_periods SET trial_hash = sha256('x') WHERE event = 'CLOSED'`, "I22"},
		{"linked_command_removed", `UPDATE journals SET group_id = NULL, group_size = NULL WHERE group_id <> journal_id`, "I27 I21"},
		{"linked_to_another_group", `UPDATE journals SET group_id = gen_random_uuid() WHERE group_id = journal_id`, "I27 I21"},
		{"linked_to_more", `UPDATE journals SET group_size = group_size + 1 WHERE group_id IS NOT NULL`, "I27 I21"},
		{"explanation", `UPDATE journals SET explanation = explanation || ' ' WHERE hold_event = 'PLACED'`, "I21"},
		{"head_hash", `UPDATE book_heads SET hash = sha256('x') WHERE hash IS NOT NULL`, "I21"},
		{"posting_of_no_journal", `INSERT INTO postings SELECT book_id, gen_random_uuid(), line, debit_account, credit_account, commodity, amount, posted_at,
			debit_version, debit_balance, debit_net, credit_version, credit_balance, credit_net FROM postings WHERE line = 0`, "I21"},
		{"movement_of_no_journal", `UPDATE lot_movements SET journal_id = gen_random_uuid() WHERE line = 0`, "I9 I21"},
		{"link", `UPDATE batches SET root = sha256('x') WHERE last_seq = 2`, "I21"},
	} {
		t.Run(tampering.name+"_is_found", func(t *testing.T) {
			t.Parallel()
			h := overMonthEnd(t)
			tamper(t, h.owner, tampering.statement)
			failed := h.failures()
			for invariant := range strings.FieldsSeq(tampering.invariant) {
				if !slices.Contains(failed, invariant) {
					t.Errorf("got %v, want %s among them", failed, invariant)
				}
			}
		})
	}
}
