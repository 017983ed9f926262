package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/internal/obs"
	"purser/internal/wallet"
	"purser/ledger"
)

var (
	ines = domain.Caller{Principal: "staff:ines"}
	hugo = domain.Caller{Principal: "staff:hugo"}
)

func monthOf(month time.Month) ledger.Period { return ledger.Period{Year: 2026, Month: month} }

func (w *world) finance() *finance.Service {
	return finance.NewService(w.ledger, w.reader, w.clock, newID)
}

// sign signs as one person, which must be accepted.
func (w *world) sign(by domain.Caller, action finance.Action, period ledger.Period) finance.Result {
	w.t.Helper()
	sign := w.finance().ClosePeriod
	if action == finance.ActionReopen {
		sign = w.finance().ReopenPeriod
	}
	return w.signed(by, period, sign)
}

// signed has one person sign for a period, or withdraw, which must be accepted.
func (w *world) signed(by domain.Caller, period ledger.Period, sign func(context.Context, domain.Caller, finance.SignPeriod) (finance.Result, error)) finance.Result {
	w.t.Helper()
	result, err := sign(w.t.Context(), by, finance.SignPeriod{Key: w.newKey(), Period: period.String(), Reason: "month end"})
	if err != nil {
		w.t.Fatal(err)
	}
	if result.Outcome.Refusal != nil {
		w.t.Fatalf("%s by %s: %v", period, by.Principal, result.Outcome.Refusal)
	}
	return result
}

func (w *world) closePeriod(period ledger.Period) finance.PeriodStatus {
	w.t.Helper()
	w.sign(ines, finance.ActionClose, period)
	return w.sign(hugo, finance.ActionClose, period).Period
}

func (w *world) backdatedPurchase(ref wallet.Ref, quantity, price int64, at time.Time) {
	w.t.Helper()
	w.accepted(w.service.Purchase(w.t.Context(), service, wallet.Purchase{
		Key: w.newKey(), Wallet: ref, Quantity: quantity, Price: price, Currency: ledger.USD, Reference: uuid.NewString(), EffectiveAt: at,
	}))
}

// newYear is a wallet over three months, every figure of which is known by hand. In
// March: 80 units for $12.00, 15 cents each; 12 used, 5 of them back; 10 free ones. In April: 20
// used, the free ones first, and a purchase of 7 for €1.00. In May: a purchase of 10 for
// $2.00 that happened in April.
func newYear(t *testing.T) (*world, wallet.Ref) {
	t.Helper()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.purchase(ref, 80, 1200, ledger.USD)
	w.wait(24 * time.Hour)
	spent := w.spend(owner, ref, 12) // 180
	w.wait(24 * time.Hour)
	w.reverse(ref, spent, 5, "RETURN_JOB_CLOSED") // 75 back
	w.grant(ref, 10, ledger.OriginPromo, time.Time{})
	w.wait(30 * 24 * time.Hour) // 2 April
	w.spend(owner, ref, 20)
	w.purchase(ref, 7, 100, ledger.EUR)
	w.wait(31 * 24 * time.Hour) // 3 May
	w.backdatedPurchase(ref, 10, 200, time.Date(2026, 4, 30, 23, 59, 59, 0, time.UTC))
	return w, ref
}

func TestRollforwardOfAYear(t *testing.T) {
	t.Parallel()
	w, ref := newYear(t)
	for period, want := range map[ledger.Period][]finance.MoneyRollforward{
		monthOf(time.February): nil,
		monthOf(time.March):    {{Money: "USD", Issued: 1200, Consumed: 180, Credited: 75, Closing: 1095}},
		monthOf(time.April): {
			{Money: "EUR", Issued: 100, Closing: 100},
			{Money: "USD", Opening: 1095, Issued: 200, Consumed: 150, Closing: 1145},
		},
		monthOf(time.April).Next(): {{Money: "EUR", Opening: 100, Closing: 100}, {Money: "USD", Opening: 1145, Closing: 1145}},
	} {
		ctx, counter := obs.WithCounter(t.Context())
		report, err := w.reader.Rollforward(ctx, period)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, report.Moneys); diff != "" {
			t.Errorf("%s (-want +got):\n%s", period, diff)
		}
		statements := []string{"begin_snapshot", "heads", "rollforward_balances", "rollforward_lines", "end_snapshot"}
		if diff := cmp.Diff(statements, counter.Names()); diff != "" || counter.RoundTrips() != 1 {
			t.Errorf("%d round trips (-want +got):\n%s", counter.RoundTrips(), diff)
		}
	}
	report, err := w.reader.Rollforward(t.Context(), monthOf(time.March))
	if err != nil {
		t.Fatal(err)
	}
	lines := []finance.RollforwardLine{
		{Kind: finance.KindIssued, Book: ref.Book, Money: "USD", Other: "1010", Credits: true, Postings: 1, Amount: 1200},
		{Kind: finance.KindCredited, Book: ref.Book, Money: "USD", Other: "4000", Credits: true, Postings: 1, Amount: 75},
		{Kind: finance.KindConsumed, Book: ref.Book, Money: "USD", Other: "4000", Postings: 1, Amount: 180},
	}
	if diff := cmp.Diff(lines, report.Lines); diff != "" {
		t.Errorf("lines of March (-want +got):\n%s", diff)
	}
}

// What is booked once a period is closed cannot be in it, so that the answer of a
// closed period never changes, also where a journal says that it happened then.
func TestRollforwardOfAClosedPeriodStays(t *testing.T) {
	t.Parallel()
	w, ref := newYear(t)
	w.closePeriod(monthOf(time.April))
	before, err := w.reader.Rollforward(t.Context(), monthOf(time.April))
	if err != nil {
		t.Fatal(err)
	}
	w.backdatedPurchase(ref, 10, 400, time.Date(2026, 4, 15, 0, 0, 0, 0, time.UTC))
	after, err := w.reader.Rollforward(t.Context(), monthOf(time.April))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Moneys, after.Moneys); diff != "" {
		t.Errorf("April after it was closed (-before +after):\n%s", diff)
	}
	may, err := w.reader.Rollforward(t.Context(), monthOf(time.April).Next())
	if err != nil || may.Moneys[1].Issued != 400 {
		t.Errorf("May = %+v, %v, want the late purchase in it", may, err)
	}
}

// The liability of a day is the same whenever it is asked for, late bookings aside,
// and is what the books say is deferred.
func TestLiabilityOfEveryDay(t *testing.T) {
	t.Parallel()
	w, _ := newYear(t)
	usd := func(units, basis int64) finance.LiabilityRow {
		return finance.LiabilityRow{Origin: "PURCHASE", Money: "USD", Units: units, Basis: basis}
	}
	eur := finance.LiabilityRow{Origin: "PURCHASE", Money: "EUR", Units: 7, Basis: 100}
	promo := finance.LiabilityGroup{Origin: "PROMO", Units: 10}
	bought := func(units int64, basis ...finance.LiabilityRow) finance.LiabilityGroup {
		return finance.LiabilityGroup{Origin: "PURCHASE", Units: units, Basis: basis}
	}
	for asOf, want := range map[ledger.Date][]finance.LiabilityGroup{
		day(time.February, 28): nil,
		day(time.March, 1):     {bought(80, usd(80, 1200))},
		day(time.March, 2):     {bought(68, usd(68, 1020))},
		day(time.March, 31):    {promo, bought(73, usd(73, 1095))},
		day(time.April, 2):     {bought(70, eur, usd(63, 945))},
		day(time.May, 3):       {bought(80, eur, usd(73, 1145))},
	} {
		ctx, counter := obs.WithCounter(t.Context())
		report, err := w.reader.Liability(ctx, finance.LiabilityQuery{AsOf: asOf, By: []finance.LiabilityDimension{finance.ByOrigin}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, report.Groups); diff != "" {
			t.Errorf("%s (-want +got):\n%s", asOf, diff)
		}
		for _, total := range report.Totals {
			if total.Basis != total.Deferred {
				t.Errorf("%s in %s: basis %d, deferred revenue %d", asOf, total.Money, total.Basis, total.Deferred)
			}
		}
		statements := []string{"begin_snapshot", "heads", "liability_groups", "liability_deferred", "end_snapshot"}
		if diff := cmp.Diff(statements, counter.Names()); diff != "" || counter.RoundTrips() != 1 {
			t.Errorf("%d round trips (-want +got):\n%s", counter.RoundTrips(), diff)
		}
	}
	report, err := w.reader.Liability(t.Context(), finance.LiabilityQuery{
		AsOf: day(time.May, 3), By: []finance.LiabilityDimension{finance.ByMoney, finance.ByJurisdiction},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []finance.LiabilityGroup{
		{Jurisdiction: "IN", Money: "EUR", Units: 7, Basis: []finance.LiabilityRow{{Jurisdiction: "IN", Money: "EUR", Units: 7, Basis: 100}}},
		{Jurisdiction: "IN", Money: "USD", Units: 73, Basis: []finance.LiabilityRow{{Jurisdiction: "IN", Money: "USD", Units: 73, Basis: 1145}}},
	}
	if diff := cmp.Diff(want, report.Groups); diff != "" || report.Units != 80 {
		t.Errorf("%d units by money and country (-want +got):\n%s", report.Units, diff)
	}
}
