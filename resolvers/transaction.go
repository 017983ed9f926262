package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph/model"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// linksMax bounds Transaction.reversedBy and Journal.reversedBy.
const linksMax = 100

// transactionLinks are the linked transactions that a page came with. Those that
// the caller may not see are left out.
type transactionLinks struct {
	reverses   *model.Transaction
	reversedBy []*model.Transaction
}

func (q queryResolver) transactionNodes(ctx context.Context, wanted *nodeRefs, found map[nodeID]model.Node) error {
	if len(wanted.transactions) == 0 {
		return nil
	}
	transactions, err := q.transactions(ctx, wanted.transactions, graphql.GetFieldContext(ctx).Field.Selections)
	for i, ref := range wanted.transactions {
		if err == nil && transactions[i] != nil {
			found[nodeID{kind: nodeTransaction, book: ref.Wallet.Book, id: ref.Wallet.ID, journal: ref.Journal}] = transactions[i]
		}
	}
	return err
}

// transactions reads transactions by name and, at once for all of them, those that
// they are linked to and the journals, where the selections ask for them. What the
// caller may not see is nil.
func (r *Resolver) transactions(ctx context.Context, refs []wallet.TransactionRef, selections ...ast.SelectionSet) ([]*model.Transaction, error) {
	found, err := r.primeTransactions(ctx, refs)
	if err != nil {
		return nil, err
	}
	var needs transactionNeeds
	for _, selection := range selections {
		needs.merge(needsOfTransaction(graphql.GetOperationContext(ctx), selection))
	}
	linked := found
	if refs := linksOf(found); needs.links && len(refs) > 0 {
		if linked, err = r.primeTransactions(ctx, refs); err != nil {
			return nil, err
		}
	}
	if err := r.primeJournalsOf(ctx, needs, found, linked); err != nil {
		return nil, err
	}
	return r.loadTransactions(ctx, refs)
}

// primeTransactions reads transactions at once for loads to come.
func (r *Resolver) primeTransactions(ctx context.Context, refs []wallet.TransactionRef) ([]wallet.TransactionOfWallet, error) {
	s := scopeOf(ctx)
	found, err := r.reader.Transactions(ctx, s.caller, refs)
	if err != nil {
		return nil, err
	}
	s.loaders.PrimeTransactions(ctx, refs, found)
	return found, nil
}

// linksOf names what transactions reverse or are reversed by, in the same wallet.
func linksOf(transactions []wallet.TransactionOfWallet) []wallet.TransactionRef {
	var refs []wallet.TransactionRef
	for _, found := range transactions {
		t := found.Transaction
		if !t.Reverses.IsZero() {
			refs = append(refs, wallet.TransactionRef{Wallet: t.Wallet, Journal: t.Reverses})
		}
		for _, id := range latest(t.ReversedBy) {
			refs = append(refs, wallet.TransactionRef{Wallet: t.Wallet, Journal: id})
		}
	}
	return refs
}

// latest keeps the end of a list that is in order of time.
func latest(ids []ledger.ID) []ledger.ID { return ids[max(0, len(ids)-linksMax):] }

func (r *Resolver) primeJournalsOf(ctx context.Context, needs transactionNeeds, found, linked []wallet.TransactionOfWallet) error {
	if !mayReadJournals(ctx) {
		return nil
	}
	var refs []wallet.JournalRef
	add := func(transactions []wallet.TransactionOfWallet) {
		for _, t := range transactions {
			refs = append(refs, wallet.JournalRef{Book: t.Transaction.Wallet.Book, ID: t.Transaction.Journal})
		}
	}
	if needs.journal {
		add(found)
	}
	if needs.linkedJournal {
		add(linked)
	}
	if len(refs) == 0 {
		return nil
	}
	return r.primeJournals(ctx, refs, needs.journalLinks)
}

// loadTransactions loads transactions by name, nil for each that the caller may
// not see.
func (r *Resolver) loadTransactions(ctx context.Context, refs []wallet.TransactionRef) ([]*model.Transaction, error) {
	s := scopeOf(ctx)
	found, err := s.loaders.Transactions(ctx, refs)
	if err != nil {
		return nil, err
	}
	shown := make([]*model.Transaction, len(found))
	for i, t := range found {
		if t == nil {
			continue
		}
		s.response.note(t.Wallet.Book, t.Wallet.BookSeq)
		if shown[i], err = transactionModel(t.Transaction, t.Wallet.Access); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

// Reverses implements graph.TransactionResolver.
func (t transactionResolver) Reverses(ctx context.Context, obj *model.Transaction) (*model.Transaction, error) {
	if links, read := obj.Links.(*transactionLinks); read {
		return links.reverses, nil
	}
	if obj.ReversesUUID == nil {
		return nil, nil //nolint:nilnil // the schema's null: it undoes none
	}
	found, err := t.loadTransactions(ctx, []wallet.TransactionRef{{Wallet: walletOf(obj), Journal: ledger.ID(*obj.ReversesUUID)}})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// ReversedBy implements graph.TransactionResolver.
func (t transactionResolver) ReversedBy(ctx context.Context, obj *model.Transaction) ([]*model.Transaction, error) {
	if links, read := obj.Links.(*transactionLinks); read {
		return links.reversedBy, nil
	}
	itself, err := scopeOf(ctx).loaders.Transactions(ctx, []wallet.TransactionRef{{Wallet: walletOf(obj), Journal: ledger.ID(obj.JournalUUID)}})
	if err != nil {
		return nil, err
	}
	shown := []*model.Transaction{}
	if itself[0] == nil {
		return shown, nil
	}
	var refs []wallet.TransactionRef
	for _, id := range latest(itself[0].Transaction.ReversedBy) {
		refs = append(refs, wallet.TransactionRef{Wallet: walletOf(obj), Journal: id})
	}
	found, err := t.loadTransactions(ctx, refs)
	for _, reversal := range found {
		if reversal != nil {
			shown = append(shown, reversal)
		}
	}
	return shown, err
}

// Journal implements graph.TransactionResolver. Where the role opens the field but
// no journal, every journal is like one that does not exist.
func (t transactionResolver) Journal(ctx context.Context, obj *model.Transaction) (*model.Journal, error) {
	if !mayReadJournals(ctx) {
		return nil, nil //nolint:nilnil // the schema's null: none that the caller may see
	}
	found, err := t.loadJournals(ctx, []wallet.JournalRef{{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.JournalUUID)}})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func walletOf(obj *model.Transaction) wallet.Ref {
	return wallet.Ref{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.WalletUUID)}
}

// transactionModel shows a transaction without its links.
func transactionModel(t wallet.Transaction, access wallet.Access) (*model.Transaction, error) {
	explanation, err := explanationModel(t.Explanation)
	if err != nil {
		return nil, err
	}
	shown := &model.Transaction{
		ID: transactionID(t.TransactionRef), WalletID: walletID(t.Wallet), Type: model.TransactionType(t.Type), Direction: model.DirectionCredit,
		Amount: t.Amount, RunningBalance: t.RunningBalance, Status: model.TransactionStatusPosted,
		EffectiveAt: t.EffectiveAt, PostedAt: t.Key.PostedAt, Explanation: explanation,
		Lots: movementModels(t.Wallet.Book, t.Lots, access.SeesBasis()), JournalID: journalID(t.Wallet.Book, t.Journal), ReversedAmount: t.Reversed,
		Book: int32(t.Wallet.Book), WalletUUID: scalar.UUID(t.Wallet.ID), JournalUUID: scalar.UUID(t.Journal),
	}
	if t.Amount < 0 {
		shown.Direction = model.DirectionDebit
	}
	if t.Pending {
		shown.Status = model.TransactionStatusPending
	}
	if !t.Hold.IsZero() {
		hold := holdID(t.Wallet.Book, t.Hold)
		shown.HoldID = &hold
	}
	if !t.Reverses.IsZero() {
		reverses := scalar.UUID(t.Reverses)
		shown.ReversesUUID = &reverses
	}
	shown.Subject, err = subjectModel(t.Subject)
	return shown, err
}
