package wallet

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"

	"purser/internal/policy"
	"purser/ledger"
)

// Poster is the ledger: the only writer of value.
type Poster interface {
	// Post returns a decision, or a fault as ledger.Ledger.Post documents.
	Post(ctx context.Context, c ledger.Command) (ledger.Outcome, error)
}

// Directory is what commands need to know before they are posted: facts that
// never change once true. Every other check of stored state is the ledger's.
type Directory interface {
	// Page tells whether the caller reaches a wallet.
	Page(ctx context.Context, caller Caller, request PageRequest) (*Page, error)
	// Owner returns an owner's row; ErrNotFound when there is none.
	Owner(ctx context.Context, id ledger.ID) (OwnerRow, error)
}

// ownerBooks is how many books take owners; they are numbered from 1, and the
// migration that creates book_heads has the same number.
const ownerBooks = 4

// Service turns requests into ledger commands. Its methods return ErrNotFound
// for a wallet that is not the caller's, a *ValidationError for a request that
// could never be accepted, the ledger's faults, and otherwise an outcome that
// may hold a refusal.
type Service struct {
	ledger    Poster
	directory Directory
	clock     func() time.Time
	newID     func() ledger.ID
}

// NewService returns a Service. newID makes UUIDv7s.
func NewService(poster Poster, directory Directory, clock func() time.Time, newID func() ledger.ID) *Service {
	return &Service{ledger: poster, directory: directory, clock: clock, newID: newID}
}

// Result is an outcome with the wallet it concerns.
type Result struct {
	Outcome ledger.Outcome
	Wallet  Ref
	Access  Access
}

// Explanation says why a journal was posted: a rule, the version of the policy
// that held, and the inputs of its formula.
type Explanation struct {
	Rule          string  `json:"rule"`
	PolicyVersion string  `json:"policyVersion,omitempty"`
	Inputs        []Input `json:"inputs,omitempty"`
}

// Input is one named input of a rule's formula.
type Input struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

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

// Grant issues Connects without payment.
type Grant struct {
	Key         string
	Wallet      Ref
	Quantity    int64
	Origin      ledger.Origin
	ExpiresAt   time.Time // zero: ValidDays, or else the policy, decides
	ValidDays   int
	Explanation Explanation
	EffectiveAt time.Time // zero: now
}

var grantTypes = map[ledger.Origin]string{
	ledger.OriginPlan: TypePlanGrant, ledger.OriginPromo: TypePromoGrant,
	ledger.OriginBonus: TypeBonusGrant, ledger.OriginCompensation: TypeCompensation,
}

// Grant posts row 2 of the chart of entries: a lot without cost basis.
func (s *Service) Grant(ctx context.Context, caller Caller, in Grant) (Result, error) {
	now := s.clock()
	if err := in.validate(now); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Amount("quantity", in.Quantity).Text("origin", string(in.Origin)).Text("rule", in.Explanation.Rule)
	input = withTime(withTime(input, "expiresAt", in.ExpiresAt), "effectiveAt", in.EffectiveAt)
	if in.ValidDays > 0 {
		input = input.Amount("validDays", int64(in.ValidDays))
	}
	input = input.Text("explanation", string(in.Explanation.encode()))
	return s.post(ctx, caller, in.Wallet, "grantConnects", in.Key, input, func(command *ledger.Command, w Wallet) {
		effective := orNow(in.EffectiveAt, now)
		rules := policy.ConnectsAt(effective)
		expires := in.ExpiresAt
		switch {
		case in.ValidDays > 0:
			expires = effective.AddDate(0, 0, in.ValidDays)
		case expires.IsZero():
			expires = rules.Expiry(string(in.Origin), effective)
		}
		explanation := in.Explanation
		if explanation.PolicyVersion == "" {
			explanation.PolicyVersion = rules.Version
		}
		command.Template = TemplateGrant
		command.Arguments = lotArguments(w, in.Origin, in.Quantity, expires, rules).Text(ArgType, grantTypes[in.Origin])
		command.EffectiveAt, command.Explanation = in.EffectiveAt, explanation.encode()
	})
}

// Purchase records a payment that was captured, and issues what it bought.
type Purchase struct {
	Key         string
	Wallet      Ref
	Quantity    int64
	Price       int64 // minor units of Currency
	Fee         int64 // of the payment provider, in minor units of Currency
	Currency    ledger.Commodity
	Reference   string // the provider's; recorded once per book
	EffectiveAt time.Time
}

// Purchase posts row 1 of the chart of entries. A payment reference that was
// recorded before is refused as already done.
func (s *Service) Purchase(ctx context.Context, caller Caller, in Purchase) (Result, error) {
	now := s.clock()
	if err := in.validate(now); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Amount("quantity", in.Quantity).Amount("price", in.Price).Amount("fee", in.Fee).
		Text("currency", string(in.Currency)).Text("reference", in.Reference)
	input = withTime(input, "effectiveAt", in.EffectiveAt)
	return s.post(ctx, caller, in.Wallet, "purchaseConnects", in.Key, input, func(command *ledger.Command, w Wallet) {
		effective := orNow(in.EffectiveAt, now)
		rules := policy.ConnectsAt(effective)
		command.Template = TemplatePurchase
		command.Arguments = lotArguments(w, ledger.OriginPurchase, in.Quantity, rules.Expiry(string(ledger.OriginPurchase), effective), rules).
			Text(ArgMoney, string(in.Currency)).Amount(ArgPrice, in.Price).Amount(ArgFee, in.Fee)
		command.Once, command.EffectiveAt = "payment:"+in.Reference, in.EffectiveAt
		command.Explanation = Explanation{Rule: "PURCHASE", PolicyVersion: rules.Version, Inputs: []Input{
			{"quantity", decimal(in.Quantity)},
			{"priceMinor", decimal(in.Price)},
			{"currency", string(in.Currency)},
			{"paymentReference", in.Reference},
		}}.encode()
	})
}

func lotArguments(w Wallet, origin ledger.Origin, quantity int64, expires time.Time, rules policy.Connects) ledger.Arguments {
	return ledger.Arguments(nil).ID(ArgWallet, w.ID).Amount(ArgQuantity, quantity).Text(ArgOrigin, string(origin)).
		Time(ArgExpiresAt, expires).Amount(ArgPriority, int64(rules.Priority[string(origin)])).Text(ArgJurisdiction, w.Jurisdiction)
}

// Spend uses Connects up on one subject.
type Spend struct {
	Key      string
	Wallet   Ref
	Quantity int64
	Subject  ledger.Subject
}

// SubjectProposal is the type of subject that Connects are spent on.
const SubjectProposal = "PROPOSAL"

// Spend posts row 3 of the chart of entries, once per subject, ever: a second
// spend is refused as already done, also after a return.
func (s *Service) Spend(ctx context.Context, caller Caller, in Spend) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Amount("quantity", in.Quantity).Text("subjectType", in.Subject.Type).Text("subject", in.Subject.ID)
	return s.post(ctx, caller, in.Wallet, "spendConnects", in.Key, input, func(command *ledger.Command, w Wallet) {
		command.Template = TemplateSpend
		command.Arguments = ledger.Arguments(nil).ID(ArgWallet, w.ID).Amount(ArgQuantity, in.Quantity).Text(ArgProduct, TypeProposal)
		command.Subject, command.Once = in.Subject, "spend:"+in.Subject.Type+":"+in.Subject.ID
		command.Explanation = Explanation{Rule: "PROPOSAL_COST", PolicyVersion: policy.ConnectsAt(s.clock()).Version, Inputs: []Input{
			{"quantity", decimal(in.Quantity)},
		}}.encode()
		command.Effects = []ledger.Effect{spendEffect{}}
	})
}

// Reverse undoes a journal, whole or in part.
type Reverse struct {
	Key         string
	Transaction TransactionRef
	Quantity    int64 // 0: all that is left
	Reason      string
	EffectiveAt time.Time
}

var reversalTypes = map[string]string{
	"RETURN_JOB_CLOSED": TypeReturnJobClosed, "RETURN_TOS": TypeReturnTOS, "CORRECTION": TypeReversal,
}

// Reverse posts row 3b of the chart of entries, or the correction of any entry
// that can be reversed: same lots, same expiry, the recorded basis.
func (s *Service) Reverse(ctx context.Context, caller Caller, in Reverse) (Result, error) {
	if err := in.validate(s.clock()); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Transaction.Wallet).ID("journal", in.Transaction.Journal).Text("reason", in.Reason)
	if in.Quantity > 0 {
		input = input.Amount("quantity", in.Quantity)
	}
	input = withTime(input, "effectiveAt", in.EffectiveAt)
	return s.post(ctx, caller, in.Transaction.Wallet, "reverseTransaction", in.Key, input, func(command *ledger.Command, w Wallet) {
		command.Template = TemplateReverse
		command.Arguments = ledger.Arguments(nil).ID(ArgJournal, in.Transaction.Journal).ID(ArgWallet, w.ID).Text(ArgType, reversalTypes[in.Reason])
		if in.Quantity > 0 {
			command.Arguments = command.Arguments.Amount(ArgQuantity, in.Quantity)
		}
		command.EffectiveAt, command.Effects = in.EffectiveAt, []ledger.Effect{spendEffect{}}
		command.Explanation = Explanation{Rule: in.Reason, PolicyVersion: policy.ConnectsAt(s.clock()).Version}.encode()
	})
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

// post finds the wallet as the caller reaches it and posts one command on it.
func (s *Service) post(ctx context.Context, caller Caller, ref Ref, mutation, key string, input ledger.Arguments, fill func(*ledger.Command, Wallet)) (Result, error) {
	page, err := s.directory.Page(ctx, caller, PageRequest{Refs: []Ref{ref}})
	if err != nil {
		return Result{}, fmt.Errorf("%s on wallet %s: %w", mutation, ref.ID, err)
	}
	if len(page.Wallets) == 0 {
		return Result{}, fmt.Errorf("%s on wallet %s: %w", mutation, ref.ID, ErrNotFound)
	}
	w := page.Wallets[0]
	command := s.command(caller, w.Book, s.newID(), request{mutation, key, w.Owner, input})
	fill(&command, w)
	outcome, err := s.ledger.Post(ctx, command)
	if err != nil {
		return Result{}, fmt.Errorf("%s on wallet %s: %w", mutation, ref.ID, err)
	}
	return Result{Outcome: outcome, Wallet: w.Ref, Access: w.Access}, nil
}

// request is what identifies a mutation for its caller's retries.
type request struct {
	mutation string
	key      string
	owner    ledger.ID
	input    ledger.Arguments
}

func (s *Service) command(caller Caller, book ledger.BookID, id ledger.ID, r request) ledger.Command {
	return ledger.Command{
		ID: id, Book: book, InitiatedBy: caller.Principal, Fingerprint: ledger.FingerprintOf(r.input),
		Key: ledger.IdempotencyKey{Key: r.key, Scope: ledger.KeyScope{Principal: caller.Principal, Mutation: r.mutation, Owner: r.owner}},
	}
}
