package loader

import (
	"context"

	"purser/internal/wallet"
)

// PrimePage remembers a page that was read: its wallets, their sections, and that
// the wallets asked for and not found are not there. What was primed before stays.
func (l *Loaders) PrimePage(ctx context.Context, request wallet.PageRequest, page *wallet.Page) {
	found := make(map[wallet.Ref]bool, len(page.Wallets))
	for i := range page.Wallets {
		w := &page.Wallets[i]
		found[w.Ref] = true
		l.wallets.Prime(ctx, w.Ref, w)
	}
	for key, value := range page.Sections {
		l.sections.Prime(ctx, key, &Section{Value: value, Now: page.Now})
	}
	for _, ref := range request.Refs {
		if found[ref] {
			continue
		}
		l.wallets.Prime(ctx, ref, nil)
	}
}

// PrimeLots remembers the answer to a read of refs.
func (l *Loaders) PrimeLots(ctx context.Context, refs []wallet.LotRef, found []wallet.LotOfWallet) {
	byRef := lotsByRef(found)
	for _, ref := range refs {
		l.lots.Prime(ctx, ref, byRef[ref])
	}
}

// PrimeTransactions remembers the answer to a read of refs. Only transactions with
// all their lots and links may be primed: whoever loads one may ask for them.
func (l *Loaders) PrimeTransactions(ctx context.Context, refs []wallet.TransactionRef, found []wallet.TransactionOfWallet) {
	byRef := transactionsByRef(found)
	for _, ref := range refs {
		l.transactions.Prime(ctx, ref, byRef[ref])
	}
}

// PrimeJournals remembers the answer to a read of refs.
func (l *Loaders) PrimeJournals(ctx context.Context, refs []wallet.JournalRef, found []wallet.JournalDetail) {
	byRef := journalsByRef(found)
	for _, ref := range refs {
		l.journals.Prime(ctx, ref, byRef[ref])
	}
}

func lotsByRef(found []wallet.LotOfWallet) map[wallet.LotRef]*wallet.LotOfWallet {
	byRef := make(map[wallet.LotRef]*wallet.LotOfWallet, len(found))
	for i := range found {
		byRef[wallet.LotRef{Book: found[i].Lot.Book, ID: found[i].Lot.ID}] = &found[i]
	}
	return byRef
}

func transactionsByRef(found []wallet.TransactionOfWallet) map[wallet.TransactionRef]*wallet.TransactionOfWallet {
	byRef := make(map[wallet.TransactionRef]*wallet.TransactionOfWallet, len(found))
	for i := range found {
		byRef[found[i].Transaction.TransactionRef] = &found[i]
	}
	return byRef
}

func journalsByRef(found []wallet.JournalDetail) map[wallet.JournalRef]*wallet.JournalDetail {
	byRef := make(map[wallet.JournalRef]*wallet.JournalDetail, len(found))
	for i := range found {
		byRef[wallet.JournalRef{Book: found[i].Book, ID: found[i].ID}] = &found[i]
	}
	return byRef
}
