package postgres_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/internal/obs"
	"purser/ledger"
)

func TestPeriodsOverTheirLife(t *testing.T) {
	t.Parallel()
	w, _ := newYear(t)
	w.sign(ines, finance.ActionClose, monthOf(time.March))
	asked := w.sign(hugo, finance.ActionClose, monthOf(time.March)).Period
	if asked.State() != finance.PeriodClosed || len(asked.Closings) != len(asked.Books) {
		t.Fatalf("March is %s with closings %v", asked.State(), asked.Closings)
	}
	for book, closing := range asked.Closings {
		if len(closing.TrialHash) != 32 || closing.Seq == 0 || closing.Journal.IsZero() {
			t.Errorf("book %d closed with %+v", book, closing)
		}
	}
	w.sign(ines, finance.ActionClose, monthOf(time.April))
	ctx, counter := obs.WithCounter(t.Context())
	page, err := w.reader.Periods(ctx, finance.PeriodsQuery{Limit: 10, Today: ledger.DateOf(w.clock())})
	if err != nil {
		t.Fatal(err)
	}
	statements := []string{"begin_snapshot", "books_closed", "periods_page", "periods_requests", "periods_closings", "end_snapshot"}
	if diff := cmp.Diff(statements, counter.Names()); diff != "" || counter.RoundTrips() != 1 {
		t.Errorf("%d round trips (-want +got):\n%s", counter.RoundTrips(), diff)
	}
	got := map[string]finance.PeriodState{}
	for _, status := range page.Periods {
		got[status.Period.String()] = status.State()
	}
	want := map[string]finance.PeriodState{"2026-05": finance.PeriodOpen, "2026-04": finance.PeriodClosing, "2026-03": finance.PeriodClosed}
	if diff := cmp.Diff(want, got); diff != "" || page.More {
		t.Errorf("more %t, states (-want +got):\n%s", page.More, diff)
	}
	w.sign(hugo, finance.ActionReopen, monthOf(time.March))
}

// A page of months goes on where the one before ended, in both directions.
func TestPagesOfPeriods(t *testing.T) {
	t.Parallel()
	w, _ := newYear(t)
	for _, backward := range []bool{false, true} {
		query := finance.PeriodsQuery{Limit: 2, Backward: backward, Today: ledger.DateOf(w.clock())}
		var read []string
		for range 2 {
			page, err := w.reader.Periods(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			var months []string
			for _, status := range page.Periods {
				months = append(months, status.Period.String())
			}
			end := page.Periods[len(page.Periods)-1]
			if backward {
				end = page.Periods[0]
				read = append(months, read...)
			} else {
				read = append(read, months...)
			}
			if page.More != (len(read) == 2) {
				t.Errorf("after %v: more = %t", read, page.More)
			}
			query.Key, query.HasKey = end.Period, true
		}
		if want := []string{"2026-05", "2026-04", "2026-03"}; !slices.Equal(read, want) {
			t.Errorf("backward %t: %v, want %v", backward, read, want)
		}
	}
}

// The lines of an account lead from its opening to its closing balance, in pages of
// any size and from either end.
func TestLedgerOfAnAccount(t *testing.T) {
	t.Parallel()
	w, ref := newYear(t)
	for name, c := range map[string]struct {
		from, to         time.Time
		opening, closing finance.LedgerPoint
		amounts          []int64 // credits positive
	}{
		"all":      {opening: finance.LedgerPoint{}, closing: finance.LedgerPoint{Version: 5, Balance: 1145}, amounts: []int64{1200, -180, 75, -150, 200}},
		"in_march": {time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), finance.LedgerPoint{}, finance.LedgerPoint{Version: 3, Balance: 1095}, []int64{1200, -180, 75}},
		"since":    {from: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), opening: finance.LedgerPoint{Version: 2, Balance: 1020}, closing: finance.LedgerPoint{Version: 5, Balance: 1145}, amounts: []int64{75, -150, 200}},
		"before":   {to: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
	} {
		for _, backward := range []bool{false, true} {
			for _, limit := range []int{1, 2, 100} {
				query := finance.LedgerQuery{Book: ref.Book, Code: "2000", Commodity: ledger.USD, From: c.from, To: c.to, Limit: limit, Backward: backward}
				lines := w.ledgerLines(query, c.opening, c.closing)
				var amounts []int64
				balance, version := c.opening.Balance, c.opening.Version
				for _, line := range lines {
					amount := line.Amount
					if line.Side == ledger.Debit {
						amount = -amount
					}
					amounts, balance, version = append(amounts, amount), balance+amount, version+1
					if line.Balance != balance || line.Version != version {
						t.Errorf("%s: line %+v, want version %d and balance %d", name, line, version, balance)
					}
				}
				if diff := cmp.Diff(c.amounts, amounts); diff != "" || balance != c.closing.Balance {
					t.Errorf("%s, pages of %d, backward %t: ends with %d (-want +got):\n%s", name, limit, backward, balance, diff)
				}
			}
		}
	}
	if _, err := w.reader.AccountLedger(t.Context(), finance.LedgerQuery{Book: ref.Book, Code: "2001", Commodity: ledger.USD, Limit: 1}); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("an account that is not there: %v", err)
	}
}

// ledgerLines reads all pages of a ledger, oldest first, and checks its ends on each.
func (w *world) ledgerLines(query finance.LedgerQuery, opening, closing finance.LedgerPoint) []finance.LedgerLine {
	w.t.Helper()
	var lines []finance.LedgerLine
	for {
		ctx, counter := obs.WithCounter(w.t.Context())
		page, err := w.reader.AccountLedger(ctx, query)
		if err != nil {
			w.t.Fatal(err)
		}
		if counter.RoundTrips() != 1 || counter.Statements() != 4 {
			w.t.Errorf("%d round trips for %v", counter.RoundTrips(), counter.Names())
		}
		if page.Opening != opening || page.Closing != closing || !page.CreditNormal || page.Class != "2000" {
			w.t.Errorf("head = %+v, want %+v to %+v", page, opening, closing)
		}
		if query.Backward {
			lines = append(slices.Clone(page.Lines), lines...)
		} else {
			lines = append(lines, page.Lines...)
		}
		if !page.More {
			return lines
		}
		end := page.Lines[len(page.Lines)-1]
		if query.Backward {
			end = page.Lines[0]
		}
		query.Key, query.HasKey = end.LineKey, true
	}
}

func TestStatusOfInvariants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.superuser(`INSERT INTO invariant_checks (invariant, checked_at, status, failures, detail, duration) VALUES
		('I2', '2026-03-01 10:00:00+00', 'BROKEN', 3, 'book 1: 2000 stands at 5', '1s'), ('I1', '2026-03-01 10:00:00+00', 'OK', 0, '', '1s')`)
	statuses, err := w.reader.InvariantStatuses(t.Context())
	if err != nil || len(statuses) != 31 {
		t.Fatalf("%d invariants, %v", len(statuses), err)
	}
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for i, want := range map[int]finance.InvariantStatus{
		0: {Invariant: "I1", Status: "OK", CheckedAt: at}, 1: {Invariant: "I2", Status: "BROKEN", CheckedAt: at, Failures: 3, Detail: "book 1: 2000 stands at 5"},
		2: {Invariant: "I3", Status: finance.InvariantUnknown}, 13: {Invariant: "I14", Status: finance.InvariantTested},
	} {
		got := statuses[i]
		if got.Title == "" {
			t.Errorf("%s has no title", got.Invariant)
		}
		got.Title = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	result, err := w.finance().ClosePeriod(t.Context(), ines, finance.SignPeriod{Key: w.newKey(), Period: "2026-02", Reason: "month end"})
	var refused *ledger.GuardFailedError
	if err != nil || !errors.As(result.Outcome.Refusal, &refused) || refused.Reason != finance.ReasonInvariantFailed || refused.Detail.TextOf(finance.FactInvariant) != "I2" {
		t.Errorf("closing while I2 is broken: %+v, %v", result.Outcome, err)
	}
}

// Several people who agree at once close each book once between them: the first is
// recorded, the others see to the books that are left, or come too late.
func TestManyAgreeAtOnce(t *testing.T) {
	t.Parallel()
	w, _ := newYear(t)
	w.sign(ines, finance.ActionClose, monthOf(time.March))
	var signers sync.WaitGroup
	for _, name := range []string{"hugo", "rosa", "timo", "vera"} {
		signers.Go(func() {
			result, err := w.finance().ClosePeriod(t.Context(), domain.Caller{Principal: "staff:" + name}, finance.SignPeriod{
				Key: w.newKey(), Period: "2026-03", Reason: "month end",
			})
			var late *ledger.GuardFailedError
			if err != nil || result.Outcome.Refusal != nil && (!errors.As(result.Outcome.Refusal, &late) || late.Reason != finance.ReasonNotSequential) {
				t.Errorf("%s: %+v, %v", name, result.Outcome, err)
			}
		})
	}
	signers.Wait()
	status, err := w.reader.Period(t.Context(), monthOf(time.March))
	if err != nil || status.State() != finance.PeriodClosed || len(status.Closings) != len(status.Books) {
		t.Fatalf("March is %s with closings %v, %v", status.State(), status.Closings, err)
	}
	conn, err := pgx.Connect(t.Context(), w.pg.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) // the rows are read
	var closings, requests int
	if err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM book_periods), (SELECT count(*) FROM period_requests)`).Scan(&closings, &requests); err != nil {
		t.Fatal(err)
	}
	if closings != len(status.Books) || requests != 1 {
		t.Errorf("%d closings of %d requests, want one a book of one", closings, requests)
	}
}

// What was withdrawn is shown as the last request until something newer is asked, and
// leaves what was agreed before it as it is.
func TestWithdrawnRequestsAreRead(t *testing.T) {
	t.Parallel()
	w, _ := newYear(t)
	march := monthOf(time.March)
	w.closePeriod(march)
	for range 2 { // the newest is shown, not any
		w.sign(ines, finance.ActionReopen, march)
		w.signed(ines, march, w.finance().WithdrawRequest)
		w.wait(time.Hour)
	}
	w.sign(hugo, finance.ActionReopen, march)
	last := w.signed(hugo, march, w.finance().WithdrawRequest).Period
	page, err := w.reader.Periods(t.Context(), finance.PeriodsQuery{Limit: 10, Today: ledger.DateOf(w.clock())})
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []finance.PeriodStatus{last, page.Periods[len(page.Periods)-1]} {
		latest := status.Latest()
		if status.Period != march || status.State() != finance.PeriodClosed || status.Pending != nil || len(status.Closings) != len(status.Books) {
			t.Errorf("%s is %s with pending %+v and closings %v", status.Period, status.State(), status.Pending, status.Closings)
		}
		if latest.RequestedBy != hugo.Principal || latest.WithdrawnBy != hugo.Principal || latest.Status() != finance.RequestWithdrawn {
			t.Errorf("latest request = %+v, want the one hugo withdrew", latest)
		}
		if status.Agreed == nil || status.Agreed.Action != finance.ActionClose || status.Agreed.RequestedBy != ines.Principal || status.Agreed.ApprovedBy != hugo.Principal {
			t.Errorf("agreed = %+v, want the closing", status.Agreed)
		}
	}
}

// Of a withdrawal and a colleague's signature at once one comes first: either the
// signature asks anew, or there is nothing left to withdraw.
func TestWithdrawalRacesWithAgreement(t *testing.T) {
	t.Parallel()
	w, _ := newYear(t)
	march := monthOf(time.March)
	asked := w.sign(ines, finance.ActionClose, march)
	in := func() finance.SignPeriod {
		return finance.SignPeriod{Key: w.newKey(), Period: march.String(), Reason: "month end"}
	}
	withdrawing, signing := in(), in()
	var gone, signed finance.Result
	var goneErr, signedErr error
	var both sync.WaitGroup
	both.Go(func() { gone, goneErr = w.finance().WithdrawRequest(t.Context(), ines, withdrawing) })
	both.Go(func() { signed, signedErr = w.finance().ClosePeriod(t.Context(), hugo, signing) })
	both.Wait()
	if goneErr != nil || signedErr != nil || signed.Outcome.Refusal != nil {
		t.Fatalf("withdrawal: %v; signature: %v, refused %v", goneErr, signedErr, signed.Outcome.Refusal)
	}
	status, err := w.reader.Period(t.Context(), march)
	if err != nil {
		t.Fatal(err)
	}
	var refused *ledger.GuardFailedError
	switch {
	case gone.Outcome.Refusal == nil:
		if status.State() != finance.PeriodClosing || status.Agreed != nil || status.Pending.RequestedBy != hugo.Principal || status.Withdrawn.ID != asked.Outcome.Journal {
			t.Errorf("withdrawn first: %s, %+v", status.State(), status.Standing)
		}
	case errors.As(gone.Outcome.Refusal, &refused) && refused.Reason == finance.ReasonNothingPending:
		if status.State() != finance.PeriodClosed || status.Agreed.ID != asked.Outcome.Journal {
			t.Errorf("agreed first: %s, %+v", status.State(), status.Standing)
		}
	default:
		t.Errorf("withdrawal refused with %v", gone.Outcome.Refusal)
	}
}

// A server of before withdrawals takes a request that was withdrawn for one that is
// pending: the database refuses its agreement.
func TestWithdrawnRequestCannotBeAgreedTo(t *testing.T) {
	t.Parallel()
	w, _ := newYear(t)
	w.sign(ines, finance.ActionClose, monthOf(time.March))
	w.signed(ines, monthOf(time.March), w.finance().WithdrawRequest)
	conn := connect(t, w.pg.OwnerURL)
	_, err := conn.Exec(t.Context(), `UPDATE period_requests SET status = 'APPROVED', approved_by = 'staff:hugo', approved_at = now()`)
	wantConstraint(t, err, "period_requests_withdrawn_whole")
}
