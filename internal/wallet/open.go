package wallet

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"purser/ledger"
)

// ownerBooks is how many books take owners; they are numbered from 1, and the
// migration that creates book_heads has the same number.
const ownerBooks = 4

// Open opens a wallet for an owner, who is assigned a book with the first one.
type Open struct {
	Key          string
	Owner        ledger.ID
	OwnerKind    OwnerKind
	Kind         Kind
	Jurisdiction string
	TimeZone     string
}

// Open posts a wallet's opening. The wallet's id is the journal's. A second
// wallet of a kind for one owner is refused as already done by the first.
func (s *Service) Open(ctx context.Context, caller Caller, in Open) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	book, err := s.bookOf(ctx, in.Owner)
	if err != nil {
		return Result{}, fmt.Errorf("open wallet for %s: %w", in.Owner, err)
	}
	id := s.newID()
	owner := OwnerRow{ID: in.Owner, Book: book, Kind: in.OwnerKind, Jurisdiction: in.Jurisdiction, TimeZone: in.TimeZone}
	input := ledger.Arguments(nil).ID("owner", in.Owner).Text("ownerKind", string(in.OwnerKind)).Text("kind", string(in.Kind)).
		Text("jurisdiction", in.Jurisdiction).Text("timeZone", in.TimeZone)
	command := s.command(caller, book, id, request{"openWallet", in.Key, in.Owner, input})
	command.Template, command.Arguments = TemplateOpenWallet, ledger.Arguments(nil).ID(ArgWallet, id)
	command.Once = "wallet:" + in.Owner.String() + ":" + string(in.Kind)
	command.Guards = []ledger.Guard{ownerGuard{owner}}
	command.Effects = []ledger.Effect{ownerEffect{owner}, walletEffect{Row{ID: id, Owner: in.Owner, Kind: in.Kind}}}
	outcome, err := s.ledger.Post(ctx, command)
	if err != nil {
		return Result{}, fmt.Errorf("open wallet for %s: %w", in.Owner, err)
	}
	return Result{Outcome: outcome, Wallet: Ref{Book: book, ID: outcome.Journal}, Access: AccessAll}, nil
}

// bookOf returns the book an owner is in, or would be assigned to.
func (s *Service) bookOf(ctx context.Context, owner ledger.ID) (ledger.BookID, error) {
	row, err := s.directory.Owner(ctx, owner)
	switch {
	case err == nil:
		return row.Book, nil
	case isNotFound(err):
		return AssignBook(owner), nil
	default:
		return 0, err
	}
}

// AssignBook spreads new owners over the books. It only matters once an owner:
// the assignment is stored, and stays when the number of books changes.
func AssignBook(owner ledger.ID) ledger.BookID {
	hash := fnv.New64a()
	_, _ = hash.Write(owner[:]) // a hash never fails
	return ledger.BookID(1 + binary.BigEndian.Uint64(hash.Sum(nil))%ownerBooks)
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
func (s *Service) Freeze(ctx context.Context, caller Caller, in Freeze) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	mutation, template, rule := "freezeWallet", TemplateFreeze, "FREEZE_"+in.Reason
	if in.Lift {
		mutation, template, rule = "unfreezeWallet", TemplateUnfreeze, "UNFREEZE"
	}
	input := walletInput(in.Wallet).Text("reason", in.Reason).Text("note", in.Note)
	return s.post(ctx, caller, in.Wallet, mutation, in.Key, input, func(command *ledger.Command, w Wallet) {
		explanation := Explanation{Rule: rule}
		if in.Note != "" {
			explanation.Inputs = []Input{{"note", in.Note}}
		}
		command.Template, command.Arguments = template, ledger.Arguments(nil).ID(ArgWallet, w.ID)
		command.Explanation, command.Effects = explanation.encode(), []ledger.Effect{freezeEffect{w.ID, in.Reason}}
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
// organisation that owns nothing yet is not known: ErrNotFound.
func (s *Service) SetMembership(ctx context.Context, caller Caller, in Membership) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	owner, err := s.directory.Owner(ctx, in.Organisation)
	if err == nil && owner.Kind != OwnerOrganisation {
		err = ErrNotFound
	}
	if err != nil {
		return Result{}, fmt.Errorf("set membership in %s: %w", in.Organisation, err)
	}
	active := int64(0)
	if in.Active {
		active = 1
	}
	input := ledger.Arguments(nil).ID("organisation", in.Organisation).ID("party", in.Party).Text("role", in.Role).Amount("active", active)
	command := s.command(caller, owner.Book, s.newID(), request{"setMembership", in.Key, in.Organisation, input})
	command.Template, command.Arguments = TemplateSetMembership, input
	command.Guards = []ledger.Guard{organisationGuard{in.Organisation}}
	command.Effects = []ledger.Effect{membershipEffect{MembershipRow{Party: in.Party, Organisation: in.Organisation, Role: in.Role, Active: in.Active}}}
	outcome, err := s.ledger.Post(ctx, command)
	if err != nil {
		return Result{}, fmt.Errorf("set membership in %s: %w", in.Organisation, err)
	}
	return Result{Outcome: outcome, Wallet: Ref{Book: owner.Book}}, nil
}
