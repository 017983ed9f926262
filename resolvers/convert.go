package resolvers

import (
	"fmt"

	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
)

func walletModels(wallets []wallet.Wallet) []*model.Wallet {
	shown := make([]*model.Wallet, len(wallets))
	for i, w := range wallets {
		shown[i] = walletModel(w)
	}
	return shown
}

func walletModel(w wallet.Wallet) *model.Wallet {
	return &model.Wallet{
		ID: walletID(w.Ref), Kind: model.WalletKind(w.Kind), Status: model.WalletStatus(w.Status), Freeze: freezeModel(w),
		Jurisdiction: w.Jurisdiction, TimeZone: w.TimeZone, OpenedAt: w.OpenedAt, Permissions: permissionsModel(w),
		Access: string(w.Access), Book: int32(w.Book), UUID: scalar.UUID(w.ID),
	}
}

func freezeModel(w wallet.Wallet) *model.WalletFreeze {
	if w.FreezeReason == "" {
		return nil
	}
	return &model.WalletFreeze{Reason: model.FreezeReason(w.FreezeReason), Since: w.FrozenAt}
}

// permissionsModel says what spendConnects would answer, the balance aside.
func permissionsModel(w wallet.Wallet) *model.WalletPermissions {
	reasons := []model.PermissionReason{}
	switch w.Status {
	case ledger.StatusFrozen:
		reasons = append(reasons, model.PermissionReasonWalletFrozen)
	case ledger.StatusClosed:
		reasons = append(reasons, model.PermissionReasonWalletClosed)
	case ledger.StatusActive:
	}
	if w.Access == wallet.AccessAll {
		reasons = append(reasons, model.PermissionReasonRoleNotAllowed)
	}
	return &model.WalletPermissions{CanSpend: len(reasons) == 0, Reasons: reasons}
}

func balanceModel(b wallet.Balance, axis model.BalanceAxis, access wallet.Access) *model.Balance {
	return &model.Balance{
		Posted: b.Posted, Held: b.Held, Available: b.Available, Escrow: b.Escrow, Debt: b.Debt, AsOf: b.AsOf, Axis: axis,
		Approximate: costModel(b, access),
	}
}

// costModel is what the units cost where that is one amount: moneys are never
// added to one another, and a member does not see cost at all.
func costModel(b wallet.Balance, access wallet.Access) *model.Money {
	if !access.SeesBasis() {
		return nil
	}
	var cost *model.Money
	for _, money := range ledger.Moneys {
		switch {
		case b.Basis[money] == 0:
		case cost != nil:
			return nil
		default:
			cost = moneyModel(money, b.Basis[money])
		}
	}
	return cost
}

// moneyScale is the number of digits of a currency's minor unit: EUR and USD have
// cents.
const moneyScale = 2

// moneyModel shows an amount of money. Nothing was paid in no currency: it is
// shown as 0 USD.
func moneyModel(money ledger.Commodity, minor int64) *model.Money {
	if money == "" {
		money = ledger.USD
	}
	return &model.Money{AmountMinor: minor, Currency: string(money), Decimal: scalar.NewDecimal(minor, moneyScale)}
}

// amountModel shows an amount of any commodity. It has no approximate value: the
// policy knows no list price.
func amountModel(commodity ledger.Commodity, minor int64) *model.Amount {
	scale := 0
	if commodity.IsMoney() {
		scale = moneyScale
	}
	return &model.Amount{Commodity: model.Commodity(commodity), Minor: minor, Decimal: scalar.NewDecimal(minor, scale)}
}

func movementModels(book ledger.BookID, movements []wallet.LotMovement, seesBasis bool) []*model.LotMovement {
	shown := make([]*model.LotMovement, len(movements))
	for i, m := range movements {
		shown[i] = &model.LotMovement{
			LotID: lotID(book, m.Lot), Quantity: m.Quantity, Origin: model.LotOrigin(m.Origin), ExpiresAt: expiryModel(m.ExpiresAt),
		}
		if seesBasis {
			shown[i].Basis = moneyModel(m.Money, m.Basis)
		}
	}
	return shown
}

func explanationModel(stored []byte) (*model.Explanation, error) {
	explanation, err := domain.DecodeExplanation(stored)
	if err != nil || explanation == nil {
		return nil, err
	}
	shown := &model.Explanation{Rule: explanation.Rule, Inputs: []*model.ExplanationFact{}}
	if explanation.PolicyVersion != "" {
		shown.PolicyVersion = &explanation.PolicyVersion
	}
	for _, input := range explanation.Inputs {
		shown.Inputs = append(shown.Inputs, &model.ExplanationFact{Name: input.Name, Value: input.Value})
	}
	return shown, nil
}

// subjectModel shows what Connects were spent on; nil for nothing.
func subjectModel(subject ledger.Subject) (*model.Subject, error) {
	if subject == (ledger.Subject{}) {
		return nil, nil //nolint:nilnil // the schema's null: there is no subject
	}
	id, err := scalar.ParseUUID(subject.ID)
	if err != nil {
		return nil, fmt.Errorf("show subject of type %s: %w", subject.Type, err)
	}
	return &model.Subject{Type: model.SubjectType(subject.Type), ID: id}, nil
}

func subjectOf(input *model.SubjectInput) ledger.Subject {
	return ledger.Subject{Type: string(input.Type), ID: input.ID.String()}
}

// transactionTypeModel is nil for journals that move no value: their types are not
// of transactions.
func transactionTypeModel(journalType string) *model.TransactionType {
	shown := model.TransactionType(journalType)
	if !shown.IsValid() {
		return nil
	}
	return &shown
}
