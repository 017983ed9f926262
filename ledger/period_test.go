package ledger_test

import (
	"testing"
	"time"

	"purser/ledger"
)

func TestParsePeriod(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ledger.Period{
		"2026-02": {Year: 2026, Month: time.February},
		"2024-02": {Year: 2024, Month: time.February},
		"2026-12": {Year: 2026, Month: time.December},
	} {
		got, ok := ledger.ParsePeriod(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("ParsePeriod(%q) = %v, %t, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "2026", "2026-13", "2026-1", "2026-01-01", " 2026-01", "26-01", "2026-00"} {
		if got, ok := ledger.ParsePeriod(text); ok {
			t.Errorf("ParsePeriod(%q) = %v, want none", text, got)
		}
	}
}

func TestPeriodDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]string{
		"2026-02": {"2026-02-01", "2026-02-28", "2026-03"},
		"2024-02": {"2024-02-01", "2024-02-29", "2024-03"},
		"2026-12": {"2026-12-01", "2026-12-31", "2027-01"},
	} {
		period, _ := ledger.ParsePeriod(text)
		if got := [3]string{period.FirstDay().String(), period.LastDay().String(), period.Next().String()}; got != want {
			t.Errorf("%s spans %v, want %v", text, got, want)
		}
		if ledger.PeriodOf(period.LastDay()) != period || ledger.PeriodOf(period.LastDay().Next()) != period.Next() {
			t.Errorf("%s does not end where the next begins", text)
		}
	}
}

func TestDatesAreOrdered(t *testing.T) {
	t.Parallel()
	none := ledger.Date{}
	days := []ledger.Date{none, {Year: 2025, Month: 12, Day: 31}, {Year: 2026, Month: 1, Day: 1}, {Year: 2026, Month: 1, Day: 2}, {Year: 2026, Month: 2, Day: 1}}
	for i, x := range days {
		for j, y := range days {
			if got := x.After(y); got != (i > j) {
				t.Errorf("%v after %v: %t", x, y, got)
			}
		}
	}
	if !none.IsZero() || days[1].IsZero() {
		t.Error("only no day is none")
	}
}
