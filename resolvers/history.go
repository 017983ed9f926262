package resolvers

import (
	"slices"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

const (
	// rangeDaysMax bounds a range of dates, in days.
	rangeDaysMax = 400
	// typesMax bounds the types of a filter.
	typesMax = 20
	// Years in which a range may lie: from before there was a marketplace, to
	// after all lots have expired.
	rangeYearMin = 1970
	rangeYearMax = 2199
)

// transactionsPlan is what the arguments of a connection of transactions mean.
type transactionsPlan struct {
	query wallet.TransactionsQuery
	place pagePlace
	list  [cursorHashBytes]byte
}

func planTransactions(arguments pageArguments, filter *model.TransactionFilter, needs transactionNeeds) (plan transactionsPlan, err error) {
	if plan.query.Filter, err = filterOf(filter); err != nil {
		return plan, err
	}
	plan.list = listHash("transactions", canonicalFilter(plan.query.Filter))
	if plan.place, err = arguments.place(plan.list, transactionKeyBytes); err != nil {
		return plan, err
	}
	plan.query.Direction, plan.query.Limit = plan.place.direction, plan.place.limit
	plan.query.WithLots, plan.query.WithLinks = needs.lots, needs.links
	if plan.place.key == nil {
		return plan, nil
	}
	key, ok := decodeTransactionKey(plan.place.key)
	if !ok {
		return plan, invalidCursor(plan.place.cursorArgument())
	}
	plan.query.HasKey, plan.query.Key = true, key
	return plan, nil
}

// filterOf checks a filter. Errors name the argument down to the part at fault.
func filterOf(filter *model.TransactionFilter) (wanted wallet.TransactionFilter, err error) {
	if filter == nil {
		return wanted, nil
	}
	if wanted.Types, err = typesOf(filter.Types); err != nil {
		return wanted, err
	}
	if filter.Direction != nil {
		wanted.Sign = 1
		if *filter.Direction == model.DirectionDebit {
			wanted.Sign = -1
		}
	}
	if err := amountOf(filter.Amount, &wanted); err != nil {
		return wanted, err
	}
	if filter.Dates != nil {
		if wanted.Dates, err = rangeOf("filter.dates", *filter.Dates); err != nil {
			return wanted, err
		}
	}
	if filter.Subject != nil {
		wanted.Subject = subjectOf(filter.Subject)
	}
	return wanted, nil
}

func typesOf(types []model.TransactionType) (set uint64, err error) {
	if types != nil && (len(types) == 0 || len(types) > typesMax) {
		return 0, invalidArgument("filter.types", "expected 1 to %d types, got %d", typesMax, len(types))
	}
	for _, wanted := range types {
		bit := slices.Index(wallet.TransactionTypes, string(wanted))
		if bit < 0 {
			return 0, invalidArgument("filter.types", "%s is in no history", wanted)
		}
		set |= 1 << bit
	}
	return set, nil
}

func amountOf(bounds *model.ConnectsRangeInput, wanted *wallet.TransactionFilter) error {
	if bounds == nil {
		return nil
	}
	if bounds.Min != nil {
		wanted.HasMin, wanted.Min = true, *bounds.Min
	}
	if bounds.Max != nil {
		wanted.HasMax, wanted.Max = true, *bounds.Max
	}
	switch {
	case !wanted.HasMin && !wanted.HasMax:
		return invalidArgument("filter.amount", "min or max is required")
	case wanted.Min < 0:
		return invalidArgument("filter.amount.min", "min must be 0 or more, got %d", wanted.Min)
	case wanted.HasMax && wanted.Max < wanted.Min:
		return invalidArgument("filter.amount.max", "max must not be below min or 0, got %d", wanted.Max)
	}
	return nil
}

// canonicalFilter is the same bytes for the same filter, for the cursor's hash.
func canonicalFilter(f wallet.TransactionFilter) ledger.Arguments {
	if f == (wallet.TransactionFilter{}) {
		return nil
	}
	canonical := ledger.Arguments(nil).Amount("types", int64(f.Types)).Amount("sign", int64(f.Sign)).
		Text("subjectType", f.Subject.Type).Text("subject", f.Subject.ID)
	if f.HasMin {
		canonical = canonical.Amount("min", f.Min)
	}
	if f.HasMax {
		canonical = canonical.Amount("max", f.Max)
	}
	if f.Dates != (domain.Range{}) {
		canonical = canonicalRange(canonical, f.Dates)
	}
	return canonical
}

// connection shows a page. Rows come with their links when they were asked for:
// what a linked row is linked to itself is left to the loaders.
func (p transactionsPlan) connection(page wallet.TransactionPage, access wallet.Access) (*model.TransactionConnection, error) {
	connection := &model.TransactionConnection{Edges: []*model.TransactionEdge{}, Nodes: []*model.Transaction{}}
	var links map[ledger.ID]*model.Transaction
	if p.query.WithLinks {
		var err error
		if links, err = linkTargets(page, access); err != nil {
			return nil, err
		}
	}
	var cursors []string
	for _, t := range page.Transactions {
		node, err := transactionModel(t, access)
		if err != nil {
			return nil, err
		}
		if p.query.WithLinks {
			node.Links = linksAmong(t, links)
		}
		cursors = append(cursors, cursor(p.list, encodeTransactionKey(t.Key)))
		connection.Nodes = append(connection.Nodes, node)
		connection.Edges = append(connection.Edges, &model.TransactionEdge{Cursor: cursors[len(cursors)-1], Node: node})
	}
	connection.PageInfo = p.place.info(page.More, cursors)
	return connection, nil
}

// linkTargets are the rows that a page's rows may be linked to, by journal.
func linkTargets(page wallet.TransactionPage, access wallet.Access) (map[ledger.ID]*model.Transaction, error) {
	targets := make(map[ledger.ID]*model.Transaction, len(page.Transactions)+len(page.Linked))
	for _, t := range slices.Concat(page.Transactions, page.Linked) {
		target, err := transactionModel(t, access)
		if err != nil {
			return nil, err
		}
		targets[t.Journal] = target
	}
	return targets, nil
}

func linksAmong(t wallet.Transaction, targets map[ledger.ID]*model.Transaction) *transactionLinks {
	links := &transactionLinks{reverses: targets[t.Reverses], reversedBy: []*model.Transaction{}}
	for _, id := range latest(t.ReversedBy) {
		if target := targets[id]; target != nil {
			links.reversedBy = append(links.reversedBy, target)
		}
	}
	return links
}
