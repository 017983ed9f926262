package wallet

import (
	"context"
	"fmt"

	"purser/internal/domain"
	"purser/ledger"
)

// Open opens a wallet for an owner, who is assigned a book with the first one.
type Open struct {
	Key          string
	Owner        ledger.ID
	OwnerKind    domain.OwnerKind
	Kind         Kind
	Member       ledger.ID // the party that a MEMBER wallet is for
	Jurisdiction string
	TimeZone     string
}

// Open posts a wallet's opening. The wallet's id is the journal's. A second
// wallet of a kind for one owner, or for one member, is refused as already done by the
// first.
func (s *Service) Open(ctx context.Context, caller domain.Caller, in Open) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	book, err := domain.BookOf(ctx, s.directory, in.Owner)
	if err != nil {
		return Result{}, fmt.Errorf("open wallet for %s: %w", in.Owner, err)
	}
	id := s.newID()
	owner := domain.OwnerRow{ID: in.Owner, Book: book, Kind: in.OwnerKind, Jurisdiction: in.Jurisdiction, TimeZone: in.TimeZone}
	input := ledger.Arguments(nil).ID("owner", in.Owner).Text("ownerKind", string(in.OwnerKind)).Text("kind", string(in.Kind)).
		Text("jurisdiction", in.Jurisdiction).Text("timeZone", in.TimeZone)
	once := "wallet:" + in.Owner.String() + ":" + string(in.Kind)
	if in.Kind == KindMember {
		input, once = input.ID("member", in.Member), once+":"+in.Member.String()
	}
	command := caller.Command(book, id, domain.Request{Mutation: "openWallet", Key: in.Key, Owner: in.Owner, Input: input})
	command.Template, command.Arguments = TemplateOpenWallet, ledger.Arguments(nil).ID(ArgWallet, id)
	command.Once = once
	command.Guards = []ledger.Guard{domain.OwnerIs{Owner: owner}}
	command.Effects = []ledger.Effect{domain.RecordOwner{Owner: owner}, walletEffect{Row{ID: id, Owner: in.Owner, Kind: in.Kind, Member: in.Member}}}
	outcome, err := s.ledger.Post(ctx, command)
	if err != nil {
		return Result{}, fmt.Errorf("open wallet for %s: %w", in.Owner, err)
	}
	return Result{Outcome: outcome, Wallet: Ref{Book: book, ID: outcome.Journal}, Access: AccessAll}, nil
}

// Freeze stops or, with Lift, allows again what the owner initiates.
type Freeze struct {
	Key    string
	Wallet Ref
	Lift   bool
	Reason string // of a freeze
	Note   string // free of personal data
}

// Freeze posts a fact without value and changes the wallet's status. It is
// refused with a StatusConflictError when the wallet is not in the other state.
func (s *Service) Freeze(ctx context.Context, caller domain.Caller, in Freeze) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	mutation, template, rule := "freezeWallet", TemplateFreeze, "FREEZE_"+in.Reason
	if in.Lift {
		mutation, template, rule = "unfreezeWallet", TemplateUnfreeze, "UNFREEZE"
	}
	input := walletInput(in.Wallet).Text("reason", in.Reason).Text("note", in.Note)
	return s.post(ctx, caller, in.Wallet, mutation, in.Key, input, func(command *ledger.Command, w Wallet) {
		explanation := domain.Explanation{Rule: rule}
		if in.Note != "" {
			explanation.Inputs = []domain.Input{{Name: "note", Value: in.Note}}
		}
		command.Template, command.Arguments = template, ledger.Arguments(nil).ID(ArgWallet, w.ID)
		command.Explanation, command.Effects = explanation.Encode(), []ledger.Effect{freezeEffect{w.ID, in.Reason}}
	})
}

// Membership starts or ends a party's role in an organisation.
type Membership struct {
	Key          string
	Organisation ledger.ID
	Party        ledger.ID
	Role         string
	Active       bool
}

// SetMembership posts a fact without value and changes the membership's row. An
// organisation that owns nothing yet is not known: domain.ErrNotFound.
func (s *Service) SetMembership(ctx context.Context, caller domain.Caller, in Membership) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	owner, err := s.directory.Owner(ctx, in.Organisation)
	if err == nil && owner.Kind != domain.OwnerOrganisation {
		err = domain.ErrNotFound
	}
	if err != nil {
		return Result{}, fmt.Errorf("set membership in %s: %w", in.Organisation, err)
	}
	active := int64(0)
	if in.Active {
		active = 1
	}
	input := ledger.Arguments(nil).ID("organisation", in.Organisation).ID("party", in.Party).Text("role", in.Role).Amount("active", active)
	command := caller.Command(owner.Book, s.newID(), domain.Request{Mutation: "setMembership", Key: in.Key, Owner: in.Organisation, Input: input})
	command.Template, command.Arguments = TemplateSetMembership, input
	command.Guards = []ledger.Guard{domain.IsOrganisation{Organisation: in.Organisation}}
	command.Effects = []ledger.Effect{membershipEffect{MembershipRow{Party: in.Party, Organisation: in.Organisation, Role: in.Role, Active: in.Active}}}
	outcome, err := s.ledger.Post(ctx, command)
	if err != nil {
		return Result{}, fmt.Errorf("set membership in %s: %w", in.Organisation, err)
	}
	return Result{Outcome: outcome, Wallet: Ref{Book: owner.Book}}, nil
}
