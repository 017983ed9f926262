package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

func TestBalanceNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.purchase(ref, 7, 100, ledger.USD)
	w.purchase(ref, 3, 100, ledger.EUR)
	w.grant(ref, 10, ledger.OriginPromo, began.Add(time.Hour))
	w.spend(owner, ref, 12) // the promotion, then 2 of 7 dollars' worth: floor(100·2/7) = 28
	w.grant(ref, 4, ledger.OriginPromo, began.Add(time.Hour))
	want := wallet.Balance{Posted: 12, Available: 12, AsOf: w.clock(), Basis: map[ledger.Commodity]int64{ledger.USD: 72, ledger.EUR: 100}}
	got := section[wallet.Balance](w, owner, ref, wallet.BalanceQuery{})
	want.AsOf = got.AsOf
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("balance (-want +got):\n%s", diff)
	}
	w.wait(time.Hour)
	want = wallet.Balance{Posted: 8, Available: 8, AsOf: began.Add(time.Hour), Basis: want.Basis}
	for name, caller := range map[string]domain.Caller{"owner": owner, "finance": service} {
		if diff := cmp.Diff(want, section[wallet.Balance](w, caller, ref, wallet.BalanceQuery{Axis: wallet.AxisBooked})); diff != "" {
			t.Errorf("%s: balance with expired units (-want +got):\n%s", name, diff)
		}
	}
}

func TestBalanceThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	at := make([]time.Time, 4)
	for i := range at {
		w.wait(24 * time.Hour)
		at[i] = w.clock()
		w.grant(ref, 10, ledger.OriginPromo, at[0].Add(time.Hour+24*time.Hour*time.Duration(i)))
		w.spend(owner, ref, 1)
	}
	cases := map[string]struct {
		query wallet.BalanceQuery
		want  int64
		asOf  time.Time
	}{
		"before_the_wallet":     {wallet.BalanceQuery{AsOf: began.Add(-time.Hour)}, 0, began.Add(-time.Hour)},
		"before_the_grants":     {wallet.BalanceQuery{AsOf: at[0].Add(-time.Microsecond)}, 0, at[0].Add(-time.Microsecond)},
		"between_two_journals":  {wallet.BalanceQuery{AsOf: at[0]}, 10, at[0]},
		"after_both":            {wallet.BalanceQuery{AsOf: at[0].Add(time.Microsecond)}, 9, at[0].Add(time.Microsecond)},
		"what_the_journal_said": {wallet.BalanceQuery{AsOf: at[1].Add(time.Hour)}, 18, at[1].Add(time.Hour)},
		"last":                  {wallet.BalanceQuery{AsOf: at[3].Add(time.Hour)}, 36, at[3].Add(time.Hour)},
		"booked_before":         {wallet.BalanceQuery{AsOf: began, Axis: wallet.AxisBooked}, 0, began.Truncate(24 * time.Hour).Add(24 * time.Hour)},
		"booked_whole_day":      {wallet.BalanceQuery{AsOf: at[1].Truncate(24 * time.Hour), Axis: wallet.AxisBooked}, 18, at[1].Truncate(24 * time.Hour).Add(24 * time.Hour)},
	}
	for name, test := range cases {
		got := section[wallet.Balance](w, owner, ref, test.query)
		want := wallet.Balance{Posted: test.want, Available: test.want, AsOf: test.asOf, Basis: map[ledger.Commodity]int64{}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	today := section[wallet.Balance](w, owner, ref, wallet.BalanceQuery{AsOf: w.clock(), Axis: wallet.AxisBooked})
	if today.Posted != 36 || today.AsOf.After(w.clock().Add(time.Second)) {
		t.Errorf("booked today %+v, want 36 as of now", today)
	}
}

// TestBalanceOfLateBookings shows a journal on the day it happened on one axis
// and on the day it was recorded on the other, for each day before, between and since.
func TestBalanceOfLateBookings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 100, ledger.OriginPlan, time.Time{})
	late := func(quantity int64, effective time.Time) {
		t.Helper()
		w.accepted(w.service.Grant(t.Context(), service, wallet.Grant{
			Key: w.newKey(), Wallet: ref, Quantity: quantity, Origin: ledger.OriginBonus, ExpiresAt: began.AddDate(1, 0, 0),
			Explanation: domain.Explanation{Rule: "late"}, EffectiveAt: effective,
		}))
	}
	w.wait(72 * time.Hour)
	late(5, began.Add(25*time.Hour))
	late(20, began.Add(26*time.Hour))
	w.spend(owner, ref, 1)
	w.wait(48 * time.Hour)
	late(40, began.Add(73*time.Hour))
	w.spend(owner, ref, 2)
	for day, want := range []struct{ posted, booked int64 }{{100, 100}, {100, 125}, {100, 125}, {124, 164}, {124, 164}, {162, 162}} {
		on := began.AddDate(0, 0, day)
		end := on.Truncate(24 * time.Hour).Add(24*time.Hour - time.Microsecond)
		if got := section[wallet.Balance](w, owner, ref, wallet.BalanceQuery{AsOf: end}).Posted; got != want.posted {
			t.Errorf("posted by the end of day %d: %d, want %d", day, got, want.posted)
		}
		if got := section[wallet.Balance](w, owner, ref, wallet.BalanceQuery{AsOf: on, Axis: wallet.AxisBooked}).Posted; got != want.booked {
			t.Errorf("booked by the end of day %d: %d, want %d", day, got, want.booked)
		}
	}
}

// TestBalanceParts reads a chart that has accounts beside the available one, on
// every axis. A campaign's escrow is the balance of the wallet that funds it,
// whatever it is called.
func TestBalanceParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 50, ledger.OriginPlan, time.Time{})
	chart := []ledger.Class{{Name: "WALLET:*:HELD:BID"}, {Name: "WALLET:*:HELD:BADGE"}, {Name: "RECEIVABLE:*"}, {Name: "2000"}}
	for i, row := range []struct {
		code            string
		debits, credits int64
		creditNormal    bool
	}{
		{"WALLET:" + ref.ID.String() + ":HELD:BID", 2, 12, true},
		{"WALLET:" + ref.ID.String() + ":HELD:BADGE", 0, 1, true},
		{"CAMPAIGN:" + ref.ID.String() + ":ESCROW", 5, 25, true},
		{"RECEIVABLE:" + ref.ID.String(), 9, 2, false},
		{"2000", 0, 1000, true},
	} {
		account := newID()
		w.superuser(fmt.Sprintf(`
			INSERT INTO accounts (book_id, account_id, code, class, commodity, opened_at) VALUES (%[1]d, '%[2]s', '%[3]s', 'x', 'CNX', now());
			INSERT INTO account_balances (book_id, account_id, debits, credits, version, credit_normal, floored) VALUES (%[1]d, '%[2]s', %[4]d, %[5]d, 1, %[6]t, false);
			INSERT INTO postings (book_id, journal_id, line, debit_account, credit_account, commodity, amount, posted_at,
				debit_version, debit_balance, credit_version, credit_balance)
			VALUES (%[1]d, '%[8]s', %[9]d, gen_random_uuid(), '%[2]s', 'CNX', 1, '%[7]s', 1, 0, 1, abs(%[5]d - %[4]d))`,
			ref.Book, account, row.code, row.debits, row.credits, row.creditNormal, began.Format(time.RFC3339), newID(), i))
	}
	reader := w.reader.NewReaderOf(chart)
	for _, query := range []wallet.BalanceQuery{{}, {AsOf: began.Add(time.Hour)}, {AsOf: began, Axis: wallet.AxisBooked}} {
		page, err := reader.Page(t.Context(), owner, wallet.PageRequest{Refs: []wallet.Ref{ref}, Balances: []wallet.BalanceQuery{query}})
		if err != nil {
			t.Fatal(err)
		}
		got := sectionOf[wallet.Balance](t, page, ref, query)
		want := wallet.Balance{Posted: 61, Held: 11, Available: 50, Debt: 7, AsOf: got.AsOf, Basis: got.Basis}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", query, diff)
		}
	}
}
