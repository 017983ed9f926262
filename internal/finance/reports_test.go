package finance_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/finance"
	"purser/ledger"
)

func TestRollforwardAddsUp(t *testing.T) {
	t.Parallel()
	lines := []finance.RollforwardLine{
		{Book: 1, Money: "USD", Other: "1010", Credits: true, Postings: 2, Amount: 2400},
		{Book: 1, Money: "USD", Other: "4000", Credits: true, Postings: 1, Amount: 30},
		{Book: 1, Money: "USD", Other: "1010", Postings: 1, Amount: 1200},
		{Book: 1, Money: "USD", Other: "2050", Postings: 1, Amount: 19},
		{Book: 1, Money: "USD", Other: "4000", Postings: 3, Amount: 180},
		{Book: 1, Money: "USD", Other: "4090", Postings: 1, Amount: 300},
		{Book: 2, Money: "EUR", Other: "1010", Credits: true, Postings: 1, Amount: 500},
		{Book: 2, Money: "EUR", Other: "9999", Postings: 1, Amount: 7},
	}
	balances := []finance.RollforwardBalance{
		{Book: 1, Money: "USD", Opening: 1000, Closing: 1731}, {Book: 2, Money: "EUR", Closing: 493}, {Book: 2, Money: "USD", Opening: 50, Closing: 50},
	}
	report, err := finance.NewRollforward(october, balances, lines, map[ledger.BookID]int64{1: 9, 2: 4})
	if err != nil {
		t.Fatal(err)
	}
	want := []finance.MoneyRollforward{
		{Money: "EUR", Issued: 500, Other: -7, Closing: 493},
		{Money: "USD", Opening: 1050, Issued: 2400, Credited: 30, Consumed: 199, Expired: 300, Refunded: 1200, Closing: 1781},
	}
	if diff := cmp.Diff(want, report.Moneys); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
	for _, m := range report.Moneys {
		if sum := m.Opening + m.Issued + m.Credited - m.Consumed - m.Expired - m.Refunded + m.Other; sum != m.Closing {
			t.Errorf("%s leads to %d, want %d", m.Money, sum, m.Closing)
		}
	}
	balances[0].Closing++
	if _, err = finance.NewRollforward(october, balances, lines, nil); err == nil || !strings.Contains(err.Error(), "I22") {
		t.Errorf("with a cent that no posting explains: %v", err)
	}
}

func TestReportsDoNotWrap(t *testing.T) {
	t.Parallel()
	lines := []finance.RollforwardLine{
		{Book: 1, Money: "USD", Other: "1010", Credits: true, Amount: math.MaxInt64}, {Book: 2, Money: "USD", Other: "1010", Credits: true, Amount: 1},
	}
	balances := []finance.RollforwardBalance{{Book: 1, Money: "USD", Closing: math.MaxInt64}, {Book: 2, Money: "USD", Closing: 1}}
	if _, err := finance.NewRollforward(october, balances, lines, nil); err == nil {
		t.Error("a rollforward over 64 bits is no error")
	}
	rows := []finance.LiabilityRow{{Origin: "PLAN", Units: math.MaxInt64}, {Origin: "PROMO", Units: 1}}
	if _, err := finance.NewLiability(finance.LiabilityQuery{By: []finance.LiabilityDimension{finance.ByOrigin}}, rows, nil, nil); err == nil {
		t.Error("a liability over 64 bits is no error")
	}
}

// Amounts of two moneys stand beside each other, whatever a report groups by.
func TestLiabilityGroups(t *testing.T) {
	t.Parallel()
	rows := []finance.LiabilityRow{
		{Origin: "PURCHASE", Money: "USD", Units: 70, Basis: 1050},
		{Origin: "PURCHASE", Money: "EUR", Units: 10, Basis: 140},
		{Origin: "PROMO", Units: 5},
	}
	deferred := map[ledger.Commodity]int64{"USD": 1050, "EUR": 141}
	report, err := finance.NewLiability(finance.LiabilityQuery{By: []finance.LiabilityDimension{finance.ByOrigin}}, rows, deferred, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []finance.LiabilityGroup{{Origin: "PROMO", Units: 5}, {Origin: "PURCHASE", Units: 80, Basis: rows[:2]}}
	if diff := cmp.Diff(want, report.Groups); diff != "" || report.Units != 85 {
		t.Errorf("%d units in groups (-want +got):\n%s", report.Units, diff)
	}
	totals := []finance.LiabilityTotal{{Money: "EUR", Basis: 140, Deferred: 141}, {Money: "USD", Basis: 1050, Deferred: 1050}}
	if diff := cmp.Diff(totals, report.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

// The digest is of the text that the description promises: computed here with
// another program (printf … | sha256sum).
func TestEvidence(t *testing.T) {
	t.Parallel()
	evidence := finance.NewEvidence("trialBalance", []finance.Parameter{{Name: "asOf", Value: "2026-10-31"}},
		map[ledger.BookID]int64{2: 7, 0: 3}, [][]string{{"0", "2000", "USD", "0", "1200"}, {"2", "1010", "USD", "5", "0"}})
	const want = "d78e403c25c521fd908f07b83d2a7a930c629a28c571fee2d32245c7d6c47b0e"
	if evidence.SHA256 != want || evidence.RowCount != 2 {
		t.Errorf("%d rows with digest %s, want 2 with %s", evidence.RowCount, evidence.SHA256, want)
	}
	if diff := cmp.Diff([]finance.BookSeq{{Book: 0, Seq: 3}, {Book: 2, Seq: 7}}, evidence.Seqs); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
}
