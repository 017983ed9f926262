package resolvers

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"purser/graph/model"
	"purser/internal/finance"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// TrialBalance implements graph.QueryResolver.
func (q queryResolver) TrialBalance(ctx context.Context, asOf *scalar.Date, period *string) (*model.TrialBalance, error) {
	if period != nil {
		return q.trialOfPeriod(ctx, asOf, *period)
	}
	today := ledger.DateOf(q.clock())
	day := today
	if asOf != nil {
		day = ledger.Date(*asOf)
	}
	if day.Time().After(today.Time()) {
		return nil, invalidArgument("asOf", "asOf must not be after today, %s in UTC", scalar.Date(today))
	}
	balance, err := q.reader.TrialBalance(ctx, day)
	if err != nil {
		return nil, err
	}
	return trialBalanceModel(ctx, balance, finance.Parameter{Name: "asOf", Value: day.String()})
}

// trialOfPeriod shows what the books had when they closed a period.
func (q queryResolver) trialOfPeriod(ctx context.Context, asOf *scalar.Date, period string) (*model.TrialBalance, error) {
	if asOf != nil {
		return nil, invalidArgument("period", "give asOf or period")
	}
	asked, err := periodArgument(period)
	if err != nil {
		return nil, err
	}
	trial, closed, err := q.reader.PeriodTrial(ctx, asked)
	if err != nil {
		return nil, err
	}
	if !closed {
		return nil, invalidArgument("period", "%s is not closed, or was closed together with a later period", asked)
	}
	balance := &wallet.TrialBalance{AsOf: asked.LastDay()}
	for _, book := range trial.Books {
		section := wallet.TrialBook{Book: book.Book, Seq: book.Seq}
		for _, line := range book.Lines {
			section.Lines = append(section.Lines, wallet.TrialLine(line))
		}
		balance.Books = append(balance.Books, section)
	}
	shown, err := trialBalanceModel(ctx, balance, finance.Parameter{Name: "period", Value: asked.String()})
	if err != nil {
		return nil, err
	}
	for i, book := range trial.Books {
		hash := hex.EncodeToString(book.Sum())
		shown.Books[i].TrialHash = &hash
	}
	return shown, nil
}

func trialBalanceModel(ctx context.Context, balance *wallet.TrialBalance, asked finance.Parameter) (*model.TrialBalance, error) {
	shown := &model.TrialBalance{AsOf: scalar.Date(balance.AsOf), Books: []*model.TrialBalanceBook{}, Evidence: trialEvidence(balance, asked)}
	var all []wallet.TrialLine
	for _, book := range balance.Books {
		scopeOf(ctx).response.note(book.Book, book.Seq)
		section := &model.TrialBalanceBook{Book: int32(book.Book), Seq: book.Seq}
		var err error
		if section.Lines, section.Totals, err = trialLines(book.Lines); err != nil {
			return nil, fmt.Errorf("sum trial balance of book %d: %w", book.Book, err)
		}
		shown.Books = append(shown.Books, section)
		all = append(all, book.Lines...)
	}
	var err error
	if shown.Lines, shown.Totals, err = trialLines(all); err != nil {
		return nil, fmt.Errorf("sum trial balance of all books: %w", err)
	}
	return shown, nil
}

type trialKey struct {
	class     string
	commodity ledger.Commodity
}

// trialLines sums lines of one class and commodity into one, and all of them into
// totals.
func trialLines(lines []wallet.TrialLine) ([]*model.TrialBalanceLine, []*model.CommodityTotals, error) {
	byKey, sums := map[trialKey]*model.TrialBalanceLine{}, totals{}
	for _, line := range lines {
		key := trialKey{line.Class, line.Commodity}
		sum := byKey[key]
		if sum == nil {
			sum = &model.TrialBalanceLine{Code: line.Class, Commodity: model.Commodity(line.Commodity)}
			byKey[key] = sum
		}
		var debitsFit, creditsFit bool
		sum.Debits, debitsFit = addChecked(sum.Debits, line.Debits)
		sum.Credits, creditsFit = addChecked(sum.Credits, line.Credits)
		if !debitsFit || !creditsFit {
			return nil, nil, fmt.Errorf("line %s in %s leaves 64 bits", line.Class, line.Commodity)
		}
		sum.Balance = sum.Debits - sum.Credits // both are counters from 0 up: their difference fits
		if err := sums.add(line.Commodity, line.Debits, line.Credits); err != nil {
			return nil, nil, err
		}
	}
	sorted := slices.SortedFunc(maps.Values(byKey), func(a, b *model.TrialBalanceLine) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Commodity, b.Commodity))
	})
	return sorted, sums.models(), nil
}
