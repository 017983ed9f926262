package resolvers

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph"
	"purser/graph/model"
	"purser/internal/loader"
	"purser/internal/wallet"
	"purser/ledger"
)

// ahead is what a selection on wallets will ask for: one page, and the journals of
// the transactions on it.
type ahead struct {
	request  wallet.PageRequest
	journals map[wallet.TransactionsQuery]journalNeeds
}

// journalNeeds says of which transactions of a page the journals are selected, and
// whether what those are linked to is as well.
type journalNeeds struct{ rows, linked, links bool }

// lookAhead collects what the fields of selections on wallets ask for, through
// fragments, aliases, variables, @skip and @include. A field whose arguments are
// refused is left out: its resolver will say so, and leaves its wallet be.
func (r *Resolver) lookAhead(ctx context.Context, selections ...ast.SelectionSet) *ahead {
	a := &ahead{journals: map[wallet.TransactionsQuery]journalNeeds{}}
	operation := graphql.GetOperationContext(ctx)
	for _, selection := range selections {
		for _, field := range graphql.CollectFields(operation, selection, []string{"Wallet", "Node"}) {
			if !isSection(field.Name) {
				continue
			}
			if arguments, err := graph.WalletArguments(ctx, field); err == nil {
				a.add(operation, field, r.sectionQuery(operation, field, arguments))
			}
		}
	}
	return a
}

func isSection(field string) bool {
	switch field {
	case "balance", "lots", "holds", "spendingLimits", "expiring", "transactions", "spend":
		return true
	default:
		return false
	}
}

// sectionQuery returns the query of a field from its arguments, as the executor
// passes them to the field's resolver; nil when the resolver will refuse them.
func (r *Resolver) sectionQuery(operation *graphql.OperationContext, field graphql.CollectedField, arguments map[string]any) any {
	var query any
	var err error
	switch field.Name {
	case "balance":
		query, err = r.balanceQuery(arguments["asOf"].(*time.Time), arguments["axis"].(model.BalanceAxis))
	case "lots":
		var plan lotsPlan
		plan, err = planLots(pageArgumentsOf(arguments), arguments["state"].(*model.LotState))
		query = plan.query
	case "holds":
		var plan holdsPlan
		plan, err = planHolds(pageArgumentsOf(arguments), arguments["status"].(*model.HoldStatus))
		query = plan.query
	case "spendingLimits":
		query = wallet.LimitsQuery{}
	case "expiring":
		query, err = expiringQuery(arguments["withinDays"].(int32))
	case "transactions":
		var plan transactionsPlan
		plan, err = planTransactions(pageArgumentsOf(arguments), arguments["filter"].(*model.TransactionFilter), needsOfConnection(operation, field))
		query = plan.query
	case "spend":
		var plan spendPlan
		plan, err = planSpend(arguments["range"].(model.DateRangeInput), arguments["grain"].(model.Grain), arguments["timeZone"].(*string), r.clock())
		query = plan.query
	}
	if err != nil {
		return nil
	}
	return query
}

func pageArgumentsOf(arguments map[string]any) pageArguments {
	return pageArguments{
		first: arguments["first"].(*int32), last: arguments["last"].(*int32),
		after: arguments["after"].(*string), before: arguments["before"].(*string),
	}
}

func (a *ahead) add(operation *graphql.OperationContext, field graphql.CollectedField, query any) {
	if query == nil {
		return
	}
	loader.Add(&a.request, query)
	if history, isHistory := query.(wallet.TransactionsQuery); isHistory {
		needs, known := needsOfConnection(operation, field), a.journals[history]
		a.journals[history] = journalNeeds{
			rows: known.rows || needs.journal, linked: known.linked || needs.linkedJournal, links: known.links || needs.journalLinks,
		}
	}
}

// transactionNeeds is what a selection on transactions refers to. lots counts at
// any depth: the linked rows of a page come with lots exactly when its rows do.
type transactionNeeds struct{ lots, links, journal, linkedJournal, journalLinks bool }

// needsOfConnection merges what is selected on the nodes of a connection, under
// nodes and under edges.
func needsOfConnection(operation *graphql.OperationContext, connection graphql.CollectedField) transactionNeeds {
	var needs transactionNeeds
	for _, field := range graphql.CollectFields(operation, connection.Selections, []string{"TransactionConnection"}) {
		switch field.Name {
		case "nodes":
			needs.merge(needsOfTransaction(operation, field.Selections))
		case "edges":
			for _, edge := range graphql.CollectFields(operation, field.Selections, []string{"TransactionEdge"}) {
				if edge.Name == "node" {
					needs.merge(needsOfTransaction(operation, edge.Selections))
				}
			}
		}
	}
	return needs
}

func needsOfTransaction(operation *graphql.OperationContext, selection ast.SelectionSet) transactionNeeds {
	var needs transactionNeeds
	for _, field := range graphql.CollectFields(operation, selection, []string{"Transaction", "Node"}) {
		switch field.Name {
		case "lots":
			needs.lots = true
		case "journal":
			needs.journal = true
			needs.journalLinks = needs.journalLinks || selectsLinks(operation, field.Selections)
		case "reverses", "reversedBy":
			below := needsOfTransaction(operation, field.Selections)
			needs.merge(transactionNeeds{
				lots: below.lots, links: true, linkedJournal: below.journal, journalLinks: below.journalLinks,
			})
		}
	}
	return needs
}

func (n *transactionNeeds) merge(other transactionNeeds) {
	n.lots, n.links = n.lots || other.lots, n.links || other.links
	n.journal, n.linkedJournal = n.journal || other.journal, n.linkedJournal || other.linkedJournal
	n.journalLinks = n.journalLinks || other.journalLinks
}

// readPage reads a page with what was found ahead, primes the loaders with it and
// notes which state of the books it shows.
func (r *Resolver) readPage(ctx context.Context, a *ahead) (*wallet.Page, error) {
	s := scopeOf(ctx)
	page, err := r.reader.Page(ctx, s.caller, a.request)
	if err != nil {
		return nil, err
	}
	for _, w := range page.Wallets {
		s.response.note(w.Book, w.BookSeq)
	}
	s.loaders.PrimePage(ctx, a.request, page)
	// A failure here is left to the journal fields: each loads its own again and
	// fails by itself, while the page stands.
	_ = r.readJournalsAhead(ctx, a, page)
	return page, nil
}

// readJournalsAhead reads the journals selected on any page of history at once.
func (r *Resolver) readJournalsAhead(ctx context.Context, a *ahead, page *wallet.Page) error {
	if !mayReadJournals(ctx) {
		return nil
	}
	var refs []wallet.JournalRef
	links := false
	for key, section := range page.Sections {
		query, isHistory := key.Query.(wallet.TransactionsQuery)
		history, isPage := section.(wallet.TransactionPage)
		if !isHistory || !isPage {
			continue
		}
		links = links || a.journals[query].links
		if a.journals[query].rows {
			refs = appendJournals(refs, key.Wallet.Book, history.Transactions)
		}
		if a.journals[query].linked {
			refs = appendJournals(refs, key.Wallet.Book, history.Linked)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	return r.primeJournals(ctx, refs, links)
}

func appendJournals(refs []wallet.JournalRef, book ledger.BookID, transactions []wallet.Transaction) []wallet.JournalRef {
	for _, t := range transactions {
		refs = append(refs, wallet.JournalRef{Book: book, ID: t.Journal})
	}
	return refs
}

// siblings returns the selections of every alias of the field being resolved in
// its parent's selection: all of them show one page, read once.
func siblings(ctx context.Context, parentTypes ...string) []ast.SelectionSet {
	field := graphql.GetFieldContext(ctx)
	var selections []ast.SelectionSet
	for _, sibling := range graphql.CollectFields(graphql.GetOperationContext(ctx), field.Parent.Field.Selections, parentTypes) {
		if sibling.Name == field.Field.Name {
			selections = append(selections, sibling.Selections)
		}
	}
	return selections
}
