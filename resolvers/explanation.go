package resolvers

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/finance"
	"purser/ledger"
)

// explainedMax bounds the holds and the lots that an explanation lists: a wallet can
// have any number, and its own connections page through them.
const explainedMax = 100

// AccountExplanation implements graph.QueryResolver.
func (q queryResolver) AccountExplanation(ctx context.Context, account model.LedgerAccountInput) (*model.AccountExplanation, error) {
	name, err := accountName(account)
	if err != nil {
		return nil, err
	}
	explained, err := q.finance.Explain(ctx, name)
	if errors.Is(err, domain.ErrNotFound) {
		return nil, nil //nolint:nilnil // the schema's null: there is no such account
	}
	if err != nil {
		return nil, err
	}
	scopeOf(ctx).response.note(name.Book, explained.BookSeq)
	return explanationOfAccount(name, explained), nil
}

// accountName checks the code of an account, which is echoed.
func accountName(account model.LedgerAccountInput) (finance.AccountName, error) {
	name := finance.AccountName{Book: ledger.BookID(account.Book), Code: account.Code, Commodity: ledger.Commodity(account.Commodity)}
	if len(name.Code) > accountCodeBytesMax || domain.CheckPrintable("code", name.Code) != nil {
		return name, invalidArgument("account.code", "code must have at most %d characters of printable ASCII", accountCodeBytesMax)
	}
	return name, nil
}

func accountModel(name finance.AccountName, account finance.Account) *model.LedgerAccount {
	shown := &model.LedgerAccount{
		Book: int32(name.Book), Code: name.Code, Class: account.Class, Commodity: model.Commodity(name.Commodity), NormalSide: model.PostingSideNameDebit,
	}
	if account.CreditNormal {
		shown.NormalSide = model.PostingSideNameCredit
	}
	return shown
}

func explanationOfAccount(name finance.AccountName, e *finance.Explanation) *model.AccountExplanation {
	amount := func(minor int64) *model.Amount { return amountModel(name.Commodity, minor) }
	shown := &model.AccountExplanation{
		Account: accountModel(name, e.Normal), Status: model.LedgerAccountStatus(e.Status), At: e.At, Seq: e.BookSeq, Version: e.Version,
		Debits: e.Debits, Credits: e.Credits, Posted: amount(e.Posted), Held: amount(e.Held), Available: amount(e.Available), Expired: amount(e.Expired),
		Holds: []*model.ExplainedHold{}, HoldCount: int64(len(e.Holds)), Lots: []*model.ExplainedLot{}, LotCount: int64(len(e.Lots)),
		Limits: []*model.ExplainedLimit{},
	}
	for _, hold := range e.Holds[:min(len(e.Holds), explainedMax)] {
		shown.Holds = append(shown.Holds, &model.ExplainedHold{
			HoldID: holdID(name.Book, hold.ID), Purpose: model.HoldPurpose(hold.Purpose), Reserved: amount(hold.Reserved), Left: amount(hold.Left()),
			OpenedAt: hold.OpenedAt, ExpiresAt: expiryModel(hold.ExpiresAt), Expired: hold.ExpiredBy(e.At),
		})
	}
	for _, lot := range e.Lots[:min(len(e.Lots), explainedMax)] {
		one := &model.ExplainedLot{
			LotID: lotID(name.Book, lot.Lot.ID), Quantity: amount(lot.Quantity), Origin: model.LotOrigin(lot.Lot.Origin), Priority: lot.Lot.Priority,
			ExpiresAt: expiryModel(lot.Lot.ExpiresAt), GraceUntil: expiryModel(lot.Lot.GraceUntil), Expired: lot.Expired,
		}
		if !lot.Hold.IsZero() {
			id := holdID(name.Book, lot.Hold)
			one.HoldID = &id
		}
		shown.Lots = append(shown.Lots, one)
	}
	for _, limit := range slices.SortedFunc(slices.Values(e.Limits), func(x, y ledger.Limit) int { return cmp.Compare(x.Window, y.Window) }) {
		shown.Limits = append(shown.Limits, &model.ExplainedLimit{
			WindowSeconds: int32(limit.Window / time.Second), Maximum: amount(limit.Maximum), Used: amount(limit.Used),
			WindowStart: limit.WindowStart, ResetsAt: limit.WindowStart.Add(limit.Window),
		})
	}
	return shown
}
