package resolvers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"purser/graph/model"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// TrialBalance implements graph.QueryResolver.
func (q queryResolver) TrialBalance(ctx context.Context, asOf *scalar.Date) (*model.TrialBalance, error) {
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
	for _, book := range balance.Books {
		scopeOf(ctx).response.note(book.Book, book.Seq)
	}
	return trialBalanceModel(balance)
}

func trialBalanceModel(balance *wallet.TrialBalance) (*model.TrialBalance, error) {
	shown := &model.TrialBalance{AsOf: scalar.Date(balance.AsOf), Books: []*model.TrialBalanceBook{}}
	var all []wallet.TrialLine
	for _, book := range balance.Books {
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
