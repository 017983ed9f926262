package loader

import (
	"context"

	"purser/internal/wallet"
)

// readSections reads what a look-ahead missed: one page of all wallets with all
// queries that any of them asked for. A page reads the product of the two; the
// fields of one list ask for the same queries, so little is read in vain.
func (l *Loaders) readSections(ctx context.Context, keys []wallet.SectionKey) (map[wallet.SectionKey]*Section, error) {
	var request wallet.PageRequest
	for _, key := range keys {
		request.Refs = append(request.Refs, key.Wallet)
		Add(&request, key.Query)
	}
	request.Refs = distinct(request.Refs)
	page, err := l.reader.Page(ctx, l.caller, request)
	if err != nil {
		return nil, err
	}
	found := make(map[wallet.SectionKey]*Section, len(keys))
	for _, key := range keys {
		if value, ok := page.Sections[key]; ok {
			found[key] = &Section{Value: value, Now: page.Now}
		}
	}
	return found, nil
}

// Add asks for a section query in a request, unless it does already. It panics for
// a query that is none of wallet's, which only a programming error can pass.
func Add(request *wallet.PageRequest, query any) {
	switch q := query.(type) {
	case wallet.BalanceQuery:
		request.Balances = distinct(append(request.Balances, q))
	case wallet.LotsQuery:
		request.Lots = distinct(append(request.Lots, q))
	case wallet.HoldsQuery:
		request.Holds = distinct(append(request.Holds, q))
	case wallet.LimitsQuery:
		request.Limits = distinct(append(request.Limits, q))
	case wallet.ExpiringQuery:
		request.Expiring = distinct(append(request.Expiring, q))
	case wallet.TransactionsQuery:
		request.Transactions = distinct(append(request.Transactions, q))
	case wallet.SpendQuery:
		request.Spend = distinct(append(request.Spend, q))
	default:
		panic("loader: not a section query")
	}
}

func (l *Loaders) readWallets(ctx context.Context, refs []wallet.Ref) (map[wallet.Ref]*wallet.Wallet, error) {
	page, err := l.reader.Page(ctx, l.caller, wallet.PageRequest{Refs: refs})
	if err != nil {
		return nil, err
	}
	found := make(map[wallet.Ref]*wallet.Wallet, len(page.Wallets))
	for i := range page.Wallets {
		found[page.Wallets[i].Ref] = &page.Wallets[i]
	}
	return found, nil
}

func (l *Loaders) readLots(ctx context.Context, refs []wallet.LotRef) (map[wallet.LotRef]*wallet.LotOfWallet, error) {
	found, err := l.reader.Lots(ctx, l.caller, refs)
	return lotsByRef(found), err
}

func (l *Loaders) readTransactions(ctx context.Context, refs []wallet.TransactionRef) (map[wallet.TransactionRef]*wallet.TransactionOfWallet, error) {
	found, err := l.reader.Transactions(ctx, l.caller, refs)
	return transactionsByRef(found), err
}

func (l *Loaders) readJournals(ctx context.Context, refs []wallet.JournalRef) (map[wallet.JournalRef]*wallet.JournalDetail, error) {
	found, err := l.reader.Journals(ctx, refs)
	return journalsByRef(found), err
}
