package resolvers

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/finance"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// accountCodeBytesMax bounds the code of an account that is asked for: it is echoed.
const accountCodeBytesMax = 128

// noteSeqs remembers that the response shows these books.
func noteSeqs(ctx context.Context, seqs map[ledger.BookID]int64) {
	for book, seq := range seqs {
		scopeOf(ctx).response.note(book, seq)
	}
}

// Periods implements graph.QueryResolver.
func (q queryResolver) Periods(ctx context.Context, first *int32, after *string, last *int32, before *string) (*model.PeriodConnection, error) {
	list := listHash("periods", nil)
	place, key, hasKey, err := placeWithKey(pageArguments{first: first, after: after, last: last, before: before}, list, periodKeyBytes, decodePeriodKey)
	if err != nil {
		return nil, err
	}
	page, err := q.reader.Periods(ctx, finance.PeriodsQuery{
		Limit: place.limit, Backward: place.direction == wallet.Backward, Key: key, HasKey: hasKey, Today: ledger.DateOf(q.clock()),
	})
	if err != nil {
		return nil, err
	}
	noteSeqs(ctx, page.Seqs)
	connection := &model.PeriodConnection{Edges: []*model.PeriodEdge{}, Nodes: []*model.Period{}}
	var cursors []string
	for i, status := range page.Periods {
		node := periodModel(status)
		cursors = append(cursors, cursor(list, encodePeriodKey(status.Period)))
		connection.Nodes = append(connection.Nodes, node)
		connection.Edges = append(connection.Edges, &model.PeriodEdge{Cursor: cursors[i], Node: node})
	}
	connection.PageInfo = place.info(page.More, cursors)
	return connection, nil
}

// The key of a period is its year and month.
const periodKeyBytes = 2 + 1

func encodePeriodKey(p ledger.Period) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(p.Year)), byte(p.Month))
}

func decodePeriodKey(b []byte) (ledger.Period, bool) {
	p := ledger.Period{Year: int(binary.BigEndian.Uint16(b)), Month: time.Month(b[2])}
	return p, p.Year >= 1 && p.Year <= 9999 && p.Month >= time.January && p.Month <= time.December
}

func periodModel(p finance.PeriodStatus) *model.Period {
	shown := &model.Period{Period: p.Period.String(), State: model.PeriodState(p.State()), Books: []*model.PeriodBook{}}
	if at := p.ClosedAt(); !at.IsZero() {
		shown.ClosedAt = &at
	}
	if r := p.Latest(); r != nil {
		shown.Request = requestModel(r)
	}
	for _, book := range p.Books {
		of := &model.PeriodBook{Book: int32(book.Book), Closed: book.Closed(p.Period)}
		if closing, found := p.Closings[book.Book]; found {
			id, hash := journalID(book.Book, closing.Journal), hex.EncodeToString(closing.TrialHash)
			of.Seq, of.JournalID, of.ClosedAt, of.TrialHash = &closing.Seq, &id, &closing.At, &hash
		}
		shown.Books = append(shown.Books, of)
	}
	return shown
}

func requestModel(r *finance.Request) *model.PeriodRequest {
	shown := &model.PeriodRequest{Action: model.PeriodAction(r.Action), Reason: r.Reason, RequestedBy: r.RequestedBy, RequestedAt: r.RequestedAt}
	switch r.Status() {
	case finance.RequestApproved:
		shown.ApprovedBy, shown.ApprovedAt = &r.ApprovedBy, &r.ApprovedAt
	case finance.RequestWithdrawn:
		shown.WithdrawnBy, shown.WithdrawnAt = &r.WithdrawnBy, &r.WithdrawnAt
	case finance.RequestPending:
	}
	return shown
}

// AccountLedger implements graph.QueryResolver.
func (q queryResolver) AccountLedger(
	ctx context.Context, account model.LedgerAccountInput, from, to *time.Time, first *int32, after *string, last *int32, before *string,
) (*model.LedgerLineConnection, error) {
	name, err := accountName(account)
	if err != nil {
		return nil, err
	}
	query := finance.LedgerQuery{Book: name.Book, Code: name.Code, Commodity: name.Commodity}
	if err := spanOf(from, to, &query); err != nil {
		return nil, err
	}
	list := listHash("accountLedger", parametersOf(query))
	place, key, hasKey, err := placeWithKey(pageArguments{first: first, after: after, last: last, before: before}, list, transactionKeyBytes, decodeTransactionKey)
	if err != nil {
		return nil, err
	}
	query.Limit, query.Backward = place.limit, place.direction == wallet.Backward
	query.Key, query.HasKey = finance.LineKey{PostedAt: key.PostedAt, Version: key.Version}, hasKey
	page, err := q.reader.AccountLedger(ctx, query)
	if errors.Is(err, domain.ErrNotFound) {
		return nil, nil //nolint:nilnil // the schema's null: there is no such account
	}
	if err != nil {
		return nil, err
	}
	scopeOf(ctx).response.note(query.Book, page.Seq)
	shown := ledgerModel(query, page, place, list)
	return shown, q.journalsOfLines(ctx, query.Book, page.Lines, shown.Nodes)
}

// journalsOfLines adds to the lines of a page their journals, read at once, where they
// are selected.
func (q queryResolver) journalsOfLines(ctx context.Context, book ledger.BookID, lines []finance.LedgerLine, shown []*model.LedgerLine) error {
	selections := journalSelections(ctx)
	if len(selections) == 0 || len(lines) == 0 {
		return nil
	}
	refs := make([]wallet.JournalRef, len(lines))
	for i, line := range lines {
		refs[i] = wallet.JournalRef{Book: book, ID: line.Journal}
	}
	// A journal's postings on one account follow each other, and it is read once.
	journals, err := q.journals(ctx, slices.Compact(slices.Clone(refs)), selections...)
	if err != nil {
		return err
	}
	at := 0
	for i := range shown {
		if i > 0 && refs[i] != refs[i-1] {
			at++
		}
		shown[i].Journal = journals[at]
	}
	return nil
}

// journalSelections returns what is selected on the journals of the lines of the
// ledger that is being resolved, under nodes and under edges.
func journalSelections(ctx context.Context) (selections []ast.SelectionSet) {
	operation := graphql.GetOperationContext(ctx)
	below := func(of []ast.SelectionSet, typeName, name string) (found []ast.SelectionSet) {
		for _, selection := range of {
			for _, field := range graphql.CollectFields(operation, selection, []string{typeName}) {
				if field.Name == name {
					found = append(found, field.Selections)
				}
			}
		}
		return found
	}
	ledgers := []ast.SelectionSet{graphql.GetFieldContext(ctx).Field.Selections}
	edges := below(ledgers, "LedgerLineConnection", "edges")
	lines := append(below(ledgers, "LedgerLineConnection", "nodes"), below(edges, "LedgerLineEdge", "node")...)
	return below(lines, "LedgerLine", "journal")
}

// spanOf reads the bounds of a ledger. Their zero values stand for none, so that the
// first instant of year 1, which is before every posting, is taken for none.
func spanOf(from, to *time.Time, query *finance.LedgerQuery) error {
	if from != nil {
		query.From = from.UTC()
	}
	if to != nil {
		query.To = to.UTC()
	}
	if from != nil && to != nil && !query.From.Before(query.To) {
		return invalidArgument("to", "to must be after from")
	}
	return nil
}

// parametersOf is what was asked of an account, for evidence and for cursors.
func parametersOf(query finance.LedgerQuery) ledger.Arguments {
	asked := ledger.Arguments(nil).Amount("book", int64(query.Book)).Text("code", query.Code).Text("commodity", string(query.Commodity))
	return domain.WithTime(domain.WithTime(asked, "from", query.From), "to", query.To)
}

func ledgerModel(query finance.LedgerQuery, page *finance.LedgerPage, place pagePlace, list [cursorHashBytes]byte) *model.LedgerLineConnection {
	count := int32(min(page.Closing.Version-page.Opening.Version, 1<<31-1))
	shown := &model.LedgerLineConnection{
		Edges: []*model.LedgerLineEdge{}, Nodes: []*model.LedgerLine{}, TotalCount: &count,
		Account: accountModel(finance.AccountName{Book: query.Book, Code: query.Code, Commodity: query.Commodity},
			finance.Account{Class: page.Class, CreditNormal: page.CreditNormal}),
		OpeningBalance: amountModel(query.Commodity, page.Opening.Balance), ClosingBalance: amountModel(query.Commodity, page.Closing.Balance),
	}
	var cursors []string
	var rows [][]string
	for i, line := range page.Lines {
		node := lineModel(query, line)
		cursors = append(cursors, cursor(list, encodeTransactionKey(wallet.TransactionKey{PostedAt: line.PostedAt, Version: line.Version})))
		shown.Nodes = append(shown.Nodes, node)
		shown.Edges = append(shown.Edges, &model.LedgerLineEdge{Cursor: cursors[i], Node: node})
		rows = append(rows, []string{
			finance.Cell(line.Version), line.PostedAt.Format(time.RFC3339Nano), node.JournalID, string(node.Side), line.Other,
			finance.Cell(line.Amount), finance.Cell(line.Balance),
		})
	}
	shown.PageInfo = place.info(page.More, cursors)
	shown.Evidence = evidenceModel(finance.NewEvidence("accountLedger", ledgerParameters(query), map[ledger.BookID]int64{query.Book: page.Seq}, rows))
	return shown
}

// ledgerParameters are those of the report; the page is told by its rows.
func ledgerParameters(query finance.LedgerQuery) []finance.Parameter {
	asked := []finance.Parameter{
		{Name: "book", Value: strconv.Itoa(int(query.Book))}, {Name: "code", Value: query.Code}, {Name: "commodity", Value: string(query.Commodity)},
	}
	for _, bound := range []struct {
		name string
		at   time.Time
	}{{"from", query.From}, {"to", query.To}} {
		value := ""
		if !bound.at.IsZero() {
			value = bound.at.Format(time.RFC3339Nano)
		}
		asked = append(asked, finance.Parameter{Name: bound.name, Value: value})
	}
	return asked
}

func lineModel(query finance.LedgerQuery, line finance.LedgerLine) *model.LedgerLine {
	side := model.PostingSideNameDebit
	if line.Side == ledger.Credit {
		side = model.PostingSideNameCredit
	}
	return &model.LedgerLine{
		Version: line.Version, Side: side, Amount: amountModel(query.Commodity, line.Amount), RunningBalance: amountModel(query.Commodity, line.Balance),
		OtherCode: line.Other, PostedAt: line.PostedAt, BookedOn: scalar.Date(line.BookedOn), EffectiveAt: line.EffectiveAt,
		JournalID: journalID(query.Book, line.Journal), Seq: line.Seq, Template: line.Template, InitiatedBy: line.InitiatedBy,
	}
}

// InvariantStatus implements graph.QueryResolver.
func (q queryResolver) InvariantStatus(ctx context.Context) ([]*model.InvariantStatus, error) {
	statuses, err := q.reader.InvariantStatuses(ctx)
	if err != nil {
		return nil, err
	}
	shown := make([]*model.InvariantStatus, len(statuses))
	for i, s := range statuses {
		shown[i] = &model.InvariantStatus{Invariant: s.Invariant, Title: s.Title, Status: model.InvariantState(s.Status), Failures: s.Failures}
		if !s.CheckedAt.IsZero() {
			shown[i].CheckedAt = &s.CheckedAt
		}
		if s.Detail != "" {
			shown[i].Detail = &s.Detail
		}
	}
	return shown, nil
}

// liabilityDimensions checks that each dimension is asked for once.
func liabilityDimensions(by []model.LiabilityDimension) ([]finance.LiabilityDimension, error) {
	var dimensions []finance.LiabilityDimension
	for _, one := range by {
		dimension := finance.LiabilityDimension(one)
		if slices.Contains(dimensions, dimension) {
			return nil, invalidArgument("by", "%s occurs twice", one)
		}
		dimensions = append(dimensions, dimension)
	}
	return dimensions, nil
}
