package finance_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/ledger"
)

// The digest is of the text that the schema promises, in the order of its bytes
// whatever that of the lines: computed here with another program (printf … | sha256sum).
func TestBookTrial(t *testing.T) {
	t.Parallel()
	book := finance.BookTrial{Book: 2, Lines: []finance.TrialLine{
		{Class: "WALLET:*:AVAILABLE", Commodity: "CNX", Debits: 12, Credits: 80},
		{Class: "2000", Commodity: "USD", Debits: 180, Credits: 1200},
		{Class: "2000", Commodity: "EUR", Credits: 5},
	}}
	const want = "f2a008e59e9e1b95335ba140fe7944d5afbf675cee8e1190c868fcccf5db981d"
	if got := hex.EncodeToString(book.Sum()); got != want {
		t.Errorf("digest = %s, want %s", got, want)
	}
	book.Hash = book.Sum()
	trial := &finance.PeriodTrial{Period: october, Books: []finance.BookTrial{{Hash: (finance.BookTrial{}).Sum()}, book}}
	if err := trial.Check(); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	for name, change := range map[string]func(line *finance.TrialLine){
		"debits":    func(line *finance.TrialLine) { line.Debits++ },
		"credits":   func(line *finance.TrialLine) { line.Credits-- },
		"class":     func(line *finance.TrialLine) { line.Class = "2001" },
		"commodity": func(line *finance.TrialLine) { line.Commodity = "GBP" },
	} {
		line := book.Lines[1]
		change(&book.Lines[1])
		if err := trial.Check(); err == nil || !strings.Contains(err.Error(), "book 2") {
			t.Errorf("changed %s: %v, want an error that names the book", name, err)
		}
		book.Lines[1] = line
	}
}

func TestExplainOfNoAccount(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for name, code := range map[string]string{"nobody_knows_it": "9999", "the_ledger_does_not_have_it": "1010"} {
		if _, err := o.service.Explain(t.Context(), finance.AccountName{Book: 1, Code: code, Commodity: ledger.USD}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
}
