package resolvers

import (
	"context"

	"purser/graph/model"
	"purser/internal/finance"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// DeferredRevenueRollforward implements graph.QueryResolver.
func (q queryResolver) DeferredRevenueRollforward(ctx context.Context, period string) (*model.DeferredRevenueRollforward, error) {
	asked, err := periodArgument(period)
	if err != nil {
		return nil, err
	}
	if today := ledger.DateOf(q.clock()); asked.FirstDay().After(today) {
		return nil, invalidArgument("period", "period must not be after the current month, %s", ledger.PeriodOf(today))
	}
	report, err := q.reader.Rollforward(ctx, asked)
	if err != nil {
		return nil, err
	}
	noteSeqs(ctx, report.Seqs)
	shown := &model.DeferredRevenueRollforward{
		Period: report.Period.String(), Currencies: []*model.CurrencyRollforward{}, Lines: []*model.RollforwardLine{}, Evidence: evidenceModel(report.Evidence()),
	}
	for _, m := range report.Moneys {
		money := func(minor int64) *model.Money { return moneyModel(m.Money, minor) }
		shown.Currencies = append(shown.Currencies, &model.CurrencyRollforward{
			Currency: string(m.Money), Opening: money(m.Opening), Issued: money(m.Issued), Credited: money(m.Credited), Consumed: money(m.Consumed),
			Expired: money(m.Expired), Refunded: money(m.Refunded), Other: money(m.Other), Closing: money(m.Closing),
		})
	}
	for _, l := range report.Lines {
		debit, credit := l.Accounts()
		shown.Lines = append(shown.Lines, &model.RollforwardLine{
			Kind: model.RollforwardKind(l.Kind), Book: int32(l.Book), DebitCode: debit, CreditCode: credit, Postings: l.Postings,
			Amount: moneyModel(l.Money, l.Amount),
		})
	}
	return shown, nil
}

func periodArgument(period string) (ledger.Period, error) {
	asked, ok := ledger.ParsePeriod(period)
	if !ok || asked.Year < 1 {
		return asked, invalidArgument("period", "period must be a month as YYYY-MM, such as 2026-10")
	}
	return asked, nil
}

// OutstandingLiability implements graph.QueryResolver.
func (q queryResolver) OutstandingLiability(ctx context.Context, asOf *scalar.Date, by []model.LiabilityDimension) (*model.OutstandingLiability, error) {
	query, today := finance.LiabilityQuery{}, ledger.DateOf(q.clock())
	query.AsOf = today
	if asOf != nil {
		query.AsOf = ledger.Date(*asOf)
	}
	if query.AsOf.After(today) {
		return nil, invalidArgument("asOf", "asOf must not be after today, %s in UTC", scalar.Date(today))
	}
	var err error
	if query.By, err = liabilityDimensions(by); err != nil {
		return nil, err
	}
	report, err := q.reader.Liability(ctx, query)
	if err != nil {
		return nil, err
	}
	noteSeqs(ctx, report.Seqs)
	shown := &model.OutstandingLiability{
		AsOf: scalar.Date(query.AsOf), By: by, Groups: []*model.LiabilityGroup{}, Units: report.Units, Totals: []*model.LiabilityTotal{},
		Evidence: evidenceModel(report.Evidence()),
	}
	for _, g := range report.Groups {
		shown.Groups = append(shown.Groups, groupModel(query, g))
	}
	for _, t := range report.Totals {
		shown.Totals = append(shown.Totals, &model.LiabilityTotal{
			Currency: string(t.Money), Basis: moneyModel(t.Money, t.Basis), DeferredRevenue: moneyModel(t.Money, t.Deferred),
			Difference: moneyModel(t.Money, t.Basis-t.Deferred),
		})
	}
	return shown, nil
}

func groupModel(query finance.LiabilityQuery, g finance.LiabilityGroup) *model.LiabilityGroup {
	shown := &model.LiabilityGroup{Units: g.Units, Basis: []*model.Money{}}
	if query.Groups(finance.ByJurisdiction) {
		shown.Jurisdiction = &g.Jurisdiction
	}
	if query.Groups(finance.ByOrigin) {
		origin := model.LotOrigin(g.Origin)
		shown.Origin = &origin
	}
	if g.Money != "" {
		money := string(g.Money)
		shown.Currency = &money
	}
	for _, basis := range g.Basis {
		shown.Basis = append(shown.Basis, moneyModel(basis.Money, basis.Basis))
	}
	return shown
}

func evidenceModel(e finance.Evidence) *model.ReportEvidence {
	shown := &model.ReportEvidence{
		Report: e.Report, Parameters: []*model.ReportParameter{}, RowCount: int32(e.RowCount), LedgerSeq: []*model.ReportBook{}, Sha256: e.SHA256,
	}
	for _, parameter := range e.Parameters {
		shown.Parameters = append(shown.Parameters, &model.ReportParameter{Name: parameter.Name, Value: parameter.Value})
	}
	for _, book := range e.Seqs {
		shown.LedgerSeq = append(shown.LedgerSeq, &model.ReportBook{Book: int32(book.Book), Seq: book.Seq})
	}
	return shown
}

// trialEvidence is the evidence of a trial balance: its rows are the lines of books.
func trialEvidence(balance *wallet.TrialBalance, asked finance.Parameter) *model.ReportEvidence {
	seqs := map[ledger.BookID]int64{}
	var rows [][]string
	for _, book := range balance.Books {
		seqs[book.Book] = book.Seq
		for _, line := range book.Lines {
			rows = append(rows, []string{
				finance.Cell(int64(book.Book)), line.Class, string(line.Commodity), finance.Cell(line.Debits), finance.Cell(line.Credits),
			})
		}
	}
	return evidenceModel(finance.NewEvidence("trialBalance", []finance.Parameter{asked}, seqs, rows))
}
