package wallet

import (
	"context"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Purpose says what a hold reserves units for. It is the last part of the code of
// the account that they wait in.
type Purpose string

// The purposes: a bid in a boost auction, and what a campaign that is paid straight
// from the wallet may use in a day.
const (
	PurposeBid   Purpose = "BID"
	PurposeLease Purpose = "LEASE"
)

// SubjectCampaign is the type of subject that a lease is about.
const SubjectCampaign = "CAMPAIGN"

// purposes say, per purpose, what its holds are about and which template captures
// them.
var purposes = map[Purpose]struct{ subject, capture string }{
	PurposeBid:   {SubjectProposal, TemplateCaptureBid},
	PurposeLease: {SubjectCampaign, TemplateCaptureLease},
}

// HoldRef names a hold with the facts about it that never change, which come from a
// read of the hold. The ledger refuses one with another wallet than the hold's own as
// unknown; another purpose is a fault, ledger.ErrInvalidCommand.
type HoldRef struct {
	ID      ledger.ID
	Wallet  Ref
	Purpose Purpose
}

// PlaceHold reserves units of a wallet.
type PlaceHold struct {
	Key      string
	Wallet   Ref
	Purpose  Purpose
	Quantity int64
	// ExpiresAt ends the hold: it can no longer be captured, and what is left in it
	// is the owner's to use again. Zero: as the policy says.
	ExpiresAt time.Time
	Subject   ledger.Subject
}

// PlaceHold posts row 4 or 5b of the chart of entries: nothing is consumed, and
// revenue stays deferred. The hold's id is the journal's. A frozen wallet is refused,
// and the wallet's limits count what is held.
func (s *Service) PlaceHold(ctx context.Context, caller domain.Caller, in PlaceHold) (Result, error) {
	now := s.clock()
	if err := in.validate(now); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Text("purpose", string(in.Purpose)).Amount("quantity", in.Quantity).
		Text("subjectType", in.Subject.Type).Text("subject", in.Subject.ID)
	input = domain.WithTime(input, "expiresAt", in.ExpiresAt)
	return s.post(ctx, caller, in.Wallet, "placeHold", in.Key, input, func(command *ledger.Command, w Wallet) {
		rules := policy.ConnectsAt(now)
		expires := in.ExpiresAt
		if expires.IsZero() {
			expires = rules.HoldUntil(string(in.Purpose), now)
		}
		command.Template = TemplatePlaceHold
		command.Arguments = ledger.Arguments(nil).ID(ArgWallet, w.ID).Text(ArgPurpose, string(in.Purpose)).
			Amount(ArgQuantity, in.Quantity).Time(ArgExpiresAt, expires)
		command.Subject = in.Subject
		command.Explanation = explain("PLACE_HOLD", rules,
			domain.Input{Name: "purpose", Value: string(in.Purpose)}, domain.Number("quantity", in.Quantity),
			domain.Input{Name: "expiresAt", Value: expires.UTC().Format(time.RFC3339)})
	})
}

// IncreaseHold reserves more units for a hold that is open.
type IncreaseHold struct {
	Key      string
	Hold     HoldRef
	Quantity int64 // to add
}

// IncreaseHold posts row 4b of the chart of entries: the hold is raised by a
// difference, never released and placed again, so that nobody can take the units in
// between. It is refused when the hold is closed or has expired.
func (s *Service) IncreaseHold(ctx context.Context, caller domain.Caller, in IncreaseHold) (Result, error) {
	if err := domain.First(domain.CheckKey(in.Key), domain.CheckQuantity("quantity", in.Quantity)); err != nil {
		return Result{}, err
	}
	input := holdInput(in.Hold).Amount("quantity", in.Quantity)
	return s.post(ctx, caller, in.Hold.Wallet, "increaseHold", in.Key, input, func(command *ledger.Command, _ Wallet) {
		command.Template = TemplateIncreaseHold
		command.Arguments = in.Hold.arguments().Amount(ArgQuantity, in.Quantity)
		command.Explanation = explain("INCREASE_HOLD", policy.ConnectsAt(s.clock()), domain.Number("quantity", in.Quantity))
	})
}

// CaptureHold uses units of a hold up.
type CaptureHold struct {
	Key      string
	Hold     HoldRef
	Quantity int64
	// ReleaseRest gives back, in the same journal, what the hold then still has.
	ReleaseRest bool
}

// CaptureHold posts rows 4d and 4e of the chart of entries, or the charge of a
// lease: what the hold was for is consumed, its cost is earned, and the rest stays
// held unless ReleaseRest. A hold may be captured in parts, also while the wallet is
// frozen; more than it has left is refused, and so is a hold that was closed or has
// expired (I7, I8).
func (s *Service) CaptureHold(ctx context.Context, caller domain.Caller, in CaptureHold) (Result, error) {
	if err := domain.First(domain.CheckKey(in.Key), domain.CheckQuantity("quantity", in.Quantity), in.Hold.Purpose.check()); err != nil {
		return Result{}, err
	}
	input := holdInput(in.Hold).Amount("quantity", in.Quantity)
	if in.ReleaseRest {
		input = input.Amount("releaseRest", 1)
	}
	return s.post(ctx, caller, in.Hold.Wallet, "captureHold", in.Key, input, func(command *ledger.Command, _ Wallet) {
		now := s.clock()
		rules := policy.ConnectsAt(now)
		command.Template = purposes[in.Hold.Purpose].capture
		command.Arguments = in.Hold.arguments().Amount(ArgQuantity, in.Quantity).Time(ArgGraceUntil, rules.GraceUntil(now))
		if in.ReleaseRest {
			command.Arguments = command.Arguments.Amount(ArgRelease, domain.QuantityMax)
		}
		command.Explanation = explain("CAPTURE_HOLD", rules, domain.Number("quantity", in.Quantity))
		command.Effects = []ledger.Effect{spendEffect{}}
	})
}

// ReleaseHold gives units of a hold back.
type ReleaseHold struct {
	Key      string
	Hold     HoldRef
	Quantity int64 // 0: all that is left
}

// ReleaseHold posts row 4c of the chart of entries. Units of lots that expired
// meanwhile come back with the grace that the policy gives. It passes while the
// wallet is frozen; a hold that was closed is refused.
func (s *Service) ReleaseHold(ctx context.Context, caller domain.Caller, in ReleaseHold) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	input := holdInput(in.Hold)
	if in.Quantity > 0 {
		input = input.Amount("quantity", in.Quantity)
	}
	return s.post(ctx, caller, in.Hold.Wallet, "releaseHold", in.Key, input, func(command *ledger.Command, _ Wallet) {
		now := s.clock()
		rules := policy.ConnectsAt(now)
		command.Template = TemplateReleaseHold
		command.Arguments = in.Hold.arguments().Time(ArgGraceUntil, rules.GraceUntil(now))
		if in.Quantity > 0 {
			command.Arguments = command.Arguments.Amount(ArgQuantity, in.Quantity)
		}
		command.Explanation = explain("RELEASE_HOLD", rules)
	})
}

// arguments name the hold as every template on holds does.
func (h HoldRef) arguments() ledger.Arguments {
	return ledger.Arguments(nil).ID(ArgHold, h.ID).ID(ArgWallet, h.Wallet.ID).Text(ArgPurpose, string(h.Purpose))
}

// explain encodes why a journal was made, with the version of the rules in force.
func explain(rule string, rules policy.Connects, inputs ...domain.Input) []byte {
	return domain.Explanation{Rule: rule, PolicyVersion: rules.Version, Inputs: inputs}.Encode()
}

func holdInput(ref HoldRef) ledger.Arguments { return walletInput(ref.Wallet).ID("hold", ref.ID) }
