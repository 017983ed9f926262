package resolvers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"purser/graph/model"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

// Journal implements graph.QueryResolver.
func (q queryResolver) Journal(ctx context.Context, id string) (*model.Journal, error) {
	found, err := q.journals(ctx, []wallet.JournalRef{journalRef(id)}, graphql.GetFieldContext(ctx).Field.Selections)
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (q queryResolver) journalNodes(ctx context.Context, wanted *nodeRefs, found map[nodeID]model.Node) error {
	if len(wanted.journals) == 0 {
		return nil
	}
	journals, err := q.journals(ctx, wanted.journals, graphql.GetFieldContext(ctx).Field.Selections)
	for i, ref := range wanted.journals {
		if err == nil && journals[i] != nil {
			found[nodeID{kind: nodeJournal, book: ref.Book, id: ref.ID}] = journals[i]
		}
	}
	return err
}

// journals reads journals by name and, at once for all of them, those that they
// reverse or are reversed by, where the selections ask for them.
func (r *Resolver) journals(ctx context.Context, refs []wallet.JournalRef, selections ...ast.SelectionSet) ([]*model.Journal, error) {
	links := false
	for _, selection := range selections {
		links = links || selectsLinks(graphql.GetOperationContext(ctx), selection)
	}
	if err := r.primeJournals(ctx, refs, links); err != nil {
		return nil, err
	}
	return r.loadJournals(ctx, refs)
}

// primeJournals reads journals at once for loads to come and, with links, at once
// those that any of them reverses or is reversed by.
func (r *Resolver) primeJournals(ctx context.Context, refs []wallet.JournalRef, links bool) error {
	s := scopeOf(ctx)
	found, err := r.reader.Journals(ctx, refs)
	if err != nil {
		return err
	}
	for _, journal := range found {
		s.response.note(journal.Book, journal.BookSeq)
	}
	s.loaders.PrimeJournals(ctx, refs, found)
	if linked := linkedJournals(found); links && len(linked) > 0 {
		return r.primeJournals(ctx, linked, false)
	}
	return nil
}

// selectsLinks reports whether a selection on journals asks for linked ones.
func selectsLinks(operation *graphql.OperationContext, selection ast.SelectionSet) bool {
	for _, field := range graphql.CollectFields(operation, selection, []string{"Journal", "Node"}) {
		if field.Name == "reverses" || field.Name == "reversedBy" {
			return true
		}
	}
	return false
}

func linkedJournals(journals []wallet.JournalDetail) []wallet.JournalRef {
	var refs []wallet.JournalRef
	for i := range journals {
		journal := &journals[i]
		if !journal.Reverses.IsZero() {
			refs = append(refs, wallet.JournalRef{Book: journal.Book, ID: journal.Reverses})
		}
		refs = append(refs, reversals(journal)...)
	}
	return refs
}

func reversals(journal *wallet.JournalDetail) []wallet.JournalRef {
	var refs []wallet.JournalRef
	for _, id := range latest(journal.ReversedBy) {
		refs = append(refs, wallet.JournalRef{Book: journal.Book, ID: id})
	}
	return refs
}

// loadJournals loads journals by name, nil for each that does not exist.
func (r *Resolver) loadJournals(ctx context.Context, refs []wallet.JournalRef) ([]*model.Journal, error) {
	s := scopeOf(ctx)
	found, err := s.loaders.Journals(ctx, refs)
	if err != nil {
		return nil, err
	}
	shown := make([]*model.Journal, len(found))
	for i, journal := range found {
		if journal == nil {
			continue
		}
		s.response.note(journal.Book, journal.BookSeq)
		if shown[i], err = journalModel(journal); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

// Reverses implements graph.JournalResolver.
func (j journalResolver) Reverses(ctx context.Context, obj *model.Journal) (*model.Journal, error) {
	if obj.ReversesUUID == nil {
		return nil, nil //nolint:nilnil // the schema's null: it undoes none
	}
	found, err := j.loadJournals(ctx, []wallet.JournalRef{{Book: ledger.BookID(obj.Book), ID: ledger.ID(*obj.ReversesUUID)}})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// ReversedBy implements graph.JournalResolver.
func (j journalResolver) ReversedBy(ctx context.Context, obj *model.Journal) ([]*model.Journal, error) {
	itself, err := scopeOf(ctx).loaders.Journals(ctx, []wallet.JournalRef{{Book: ledger.BookID(obj.Book), ID: ledger.ID(obj.UUID)}})
	if err != nil {
		return nil, err
	}
	if itself[0] == nil {
		return nil, fmt.Errorf("journal %s is not among the journals read", obj.UUID)
	}
	found, err := j.loadJournals(ctx, reversals(itself[0]))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(journal *model.Journal) bool { return journal == nil }), nil
}

func journalModel(j *wallet.JournalDetail) (*model.Journal, error) {
	explanation, err := explanationModel(j.Explanation)
	if err != nil {
		return nil, err
	}
	shown := &model.Journal{
		ID: journalID(j.Book, j.ID), Book: int32(j.Book), Seq: j.Seq, Template: j.Template, TemplateVersion: j.TemplateVersion,
		Type: transactionTypeModel(j.Type), EffectiveAt: j.EffectiveAt, BookedOn: scalar.Date(j.BookedOn), PostedAt: j.PostedAt,
		Explanation: explanation, InitiatedBy: j.InitiatedBy, Postings: []*model.Posting{},
		LotMovements: movementModels(j.Book, j.Movements, true), UUID: scalar.UUID(j.ID),
	}
	if !j.Journal.Reverses.IsZero() {
		reverses := scalar.UUID(j.Journal.Reverses)
		shown.ReversesUUID = &reverses
	}
	sums := totals{}
	for _, p := range j.Postings {
		shown.Postings = append(shown.Postings, postingModel(p))
		if err := sums.add(p.Commodity, p.Amount, p.Amount); err != nil {
			return nil, fmt.Errorf("sum journal %s: %w", j.ID, err)
		}
	}
	shown.Totals = sums.models()
	return shown, nil
}

func postingModel(p wallet.PostingDetail) *model.Posting {
	return &model.Posting{
		Line: int32(p.Line), Amount: amountModel(p.Commodity, p.Amount),
		Debit:  &model.PostingSide{Code: p.DebitCode, Version: p.DebitVersion, BalanceAfter: p.DebitBalance},
		Credit: &model.PostingSide{Code: p.CreditCode, Version: p.CreditVersion, BalanceAfter: p.CreditBalance},
	}
}

// totals are debits and credits per commodity.
type totals map[ledger.Commodity]*model.CommodityTotals

// add adds checked: a sum that leaves 64 bits is an error, never another number.
func (t totals) add(commodity ledger.Commodity, debits, credits int64) error {
	sum := t[commodity]
	if sum == nil {
		sum = &model.CommodityTotals{Commodity: model.Commodity(commodity)}
		t[commodity] = sum
	}
	var debitsFit, creditsFit bool
	sum.Debits, debitsFit = addChecked(sum.Debits, debits)
	sum.Credits, creditsFit = addChecked(sum.Credits, credits)
	if !debitsFit || !creditsFit {
		return fmt.Errorf("totals in %s leave 64 bits", commodity)
	}
	return nil
}

func (t totals) models() []*model.CommodityTotals {
	return slices.SortedFunc(maps.Values(t), func(a, b *model.CommodityTotals) int { return cmp.Compare(a.Commodity, b.Commodity) })
}
