package campaign

import (
	"context"
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// OpenAdAccount opens an ad account for an owner, who is assigned a book with the
// first thing they own.
type OpenAdAccount struct {
	Key           string
	Owner         ledger.ID
	OwnerKind     domain.OwnerKind
	Jurisdiction  string
	OwnerTimeZone string // of an owner on record; "" for TimeZone
	Name          string
	Commodity     ledger.Commodity
	// Wallet funds the campaigns of an account in CNX; zero for one in money.
	Wallet   Ref
	TimeZone string
}

// OpenAdAccount posts an ad account's opening. Its id is the journal's. A wallet that
// is not known is domain.ErrNotFound, one of another owner a ValidationError: both
// are facts for ever.
func (s *Service) OpenAdAccount(ctx context.Context, caller domain.Caller, in OpenAdAccount) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	book, err := domain.BookOf(ctx, s.config.Directory, in.Owner)
	if err == nil {
		err = s.checkWallet(ctx, in)
	}
	if err != nil {
		return Result{}, fmt.Errorf("open ad account for %s: %w", in.Owner, err)
	}
	id := s.config.NewID()
	owner := domain.OwnerRow{ID: in.Owner, Book: book, Kind: in.OwnerKind, Jurisdiction: in.Jurisdiction, TimeZone: in.OwnerTimeZone}
	if owner.TimeZone == "" {
		owner.TimeZone = in.TimeZone
	}
	command := caller.Command(book, id, domain.Request{Mutation: "openAdAccount", Key: in.Key, Owner: in.Owner, Input: in.input()})
	command.Template, command.Arguments = in.opening(id)
	command.Guards = []ledger.Guard{domain.OwnerIs{Owner: owner}}
	command.Effects = []ledger.Effect{domain.RecordOwner{Owner: owner}, adAccountEffect{AdAccountRow{
		ID: id, Owner: in.Owner, Name: cleanName(in.Name), Commodity: in.Commodity, Wallet: in.Wallet.ID, TimeZone: in.TimeZone,
	}}}
	outcome, err := s.config.Ledger.Post(ctx, command)
	if err != nil {
		return Result{}, fmt.Errorf("open ad account for %s: %w", in.Owner, err)
	}
	opened := target{book: book, adAccount: outcome.Journal, wallet: in.Wallet.ID, commodity: in.Commodity, access: AccessAll}
	return opened.result(outcome), nil
}

// checkWallet checks that the funding wallet is the owner's, and so in their book.
func (s *Service) checkWallet(ctx context.Context, in OpenAdAccount) error {
	if in.Wallet.ID.IsZero() {
		return nil
	}
	owner, err := s.config.Directory.WalletOwner(ctx, in.Wallet.Book, in.Wallet.ID)
	if err != nil {
		return err
	}
	if owner != in.Owner {
		return domain.Invalid("walletId", "must be a wallet of the ad account's owner")
	}
	return nil
}

func (in OpenAdAccount) input() ledger.Arguments {
	input := ledger.Arguments(nil).ID("owner", in.Owner).Text("ownerKind", string(in.OwnerKind)).Text("jurisdiction", in.Jurisdiction).
		Text("name", in.Name).Text("commodity", string(in.Commodity)).Text("timeZone", in.TimeZone)
	if in.OwnerTimeZone != "" {
		input = input.Text("ownerTimeZone", in.OwnerTimeZone)
	}
	if !in.Wallet.ID.IsZero() {
		input = input.ID("wallet", in.Wallet.ID)
	}
	return input
}

// opening returns the template that opens the account, and its arguments.
func (in OpenAdAccount) opening(id ledger.ID) (string, ledger.Arguments) {
	arguments := ledger.Arguments(nil).ID(ArgAdAccount, id)
	if in.Commodity == ledger.CNX {
		return TemplateOpenAdAccount, arguments.ID(ArgWallet, in.Wallet.ID)
	}
	return TemplateOpenPrepaid, arguments.Text(ArgMoney, string(in.Commodity))
}

// Deposit records a captured payment into an ad account in money.
type Deposit struct {
	Key         string
	AdAccount   Ref
	Amount      int64 // minor units of Currency
	Fee         int64 // of the payment provider, in minor units of Currency
	Currency    ledger.Commodity
	Reference   string    // the provider's; recorded once per book, purchases of Connects included
	EffectiveAt time.Time // zero: now
}

// Deposit posts row 16 of the chart of entries. A payment reference that was
// recorded before is refused as already done, an account in another commodity with
// a *RefusedError.
func (s *Service) Deposit(ctx context.Context, caller domain.Caller, in Deposit) (Result, error) {
	now := s.config.Clock()
	if err := in.validate(now); err != nil {
		return Result{}, err
	}
	input := ledger.Arguments(nil).ID("adAccount", in.AdAccount.ID).Amount("amount", in.Amount).Amount("fee", in.Fee).
		Text("currency", string(in.Currency)).Text("reference", in.Reference)
	input = domain.WithTime(input, "effectiveAt", in.EffectiveAt)
	return s.onAdAccount(ctx, caller, in.AdAccount, request{"depositAdFunds", in.Key, input}, func(command *ledger.Command, to target) error {
		if to.commodity != in.Currency {
			return &RefusedError{Reason: ReasonWrongCommodity, Facts: ledger.Arguments(nil).Text(FactCommodity, string(to.commodity))}
		}
		command.Template, command.Once, command.EffectiveAt = TemplateDeposit, "payment:"+in.Reference, in.EffectiveAt
		command.Arguments = ledger.Arguments(nil).ID(ArgAdAccount, to.adAccount).Text(ArgMoney, string(in.Currency)).
			Amount(ArgAmount, in.Amount).Amount(ArgFee, in.Fee)
		command.Explanation = domain.Explanation{
			Rule: "AD_DEPOSIT", PolicyVersion: policy.CampaignsAt(domain.OrNow(in.EffectiveAt, now)).Version,
			Inputs: []domain.Input{
				domain.Number("amountMinor", in.Amount),
				{Name: "currency", Value: string(in.Currency)},
				{Name: "paymentReference", Value: in.Reference},
			},
		}.Encode()
		return nil
	})
}
