package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// ErrNotSameOrganisation is returned for a transfer between wallets that do not both
// belong to one organisation. Units that could leave it would be money that passes
// from hand to hand, which the marketplace is not licensed for.
var ErrNotSameOrganisation = errors.New("wallet: wallets are not of the same organisation")

// ErrRecipientNotFound is domain.ErrNotFound of the wallet that was to receive.
var ErrRecipientNotFound = fmt.Errorf("wallet: recipient: %w", domain.ErrNotFound)

// Transfer moves units between two wallets of one organisation.
type Transfer struct {
	Key      string
	From     Ref
	To       Ref
	Quantity int64
}

// Transfer posts row 13 of the chart of entries: the lots are split, and what the
// recipient gets keeps origin, expiry and cost. Lots of origins that the policy does not
// let go are passed over; a transfer that would need them is refused with a
// ledger.OriginError. Both wallets must be the caller's to manage. A frozen wallet on
// either side is refused, and the sender's limits count.
func (s *Service) Transfer(ctx context.Context, caller domain.Caller, in Transfer) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	to, err := s.recipient(ctx, caller, in)
	if err != nil {
		return Result{}, fmt.Errorf("transferConnects to wallet %s: %w", in.To.ID, err)
	}
	input := walletInput(in.From).ID("to", to.ID).Amount("quantity", in.Quantity)
	return s.post(ctx, caller, in.From, "transferConnects", in.Key, input, func(command *ledger.Command, w Wallet) {
		rules := policy.ConnectsAt(s.clock())
		origins := make([]ledger.Origin, len(rules.Transferable))
		for i, origin := range rules.Transferable {
			origins[i] = ledger.Origin(origin)
		}
		allowed := ledger.ListOrigins(origins...)
		command.Template = TemplateTransfer
		command.Arguments = ledger.Arguments(nil).ID(ArgWallet, w.ID).ID(ArgTo, to.ID).Amount(ArgQuantity, in.Quantity).Text(ArgOrigins, allowed)
		command.Explanation = explain("TRANSFER", rules, domain.Number("quantity", in.Quantity), domain.Input{Name: "origins", Value: allowed})
	})
}

// recipient checks facts about both wallets that never change: whose they are, and
// so which book they are in.
func (s *Service) recipient(ctx context.Context, caller domain.Caller, in Transfer) (Wallet, error) {
	page, err := s.directory.Page(ctx, caller, PageRequest{Refs: []Ref{in.From, in.To}})
	if err != nil {
		return Wallet{}, err
	}
	found := map[Ref]Wallet{}
	for _, w := range page.Wallets {
		if w.Access.Manages() {
			found[w.Ref] = w
		}
	}
	from, known := found[in.From]
	if !known {
		return Wallet{}, domain.ErrNotFound
	}
	to, known := found[in.To]
	if !known {
		return Wallet{}, ErrRecipientNotFound
	}
	if from.Owner != to.Owner || from.Book != to.Book || from.Kind == KindFreelancer || to.Kind == KindFreelancer {
		return Wallet{}, ErrNotSameOrganisation
	}
	return to, nil
}

// Window is the length of time over which a limit counts: a UTC day, or seven of them
// from Monday on.
type Window string

// The windows.
const (
	WindowDay  Window = "DAY"
	WindowWeek Window = "WEEK"
)

var windows = map[Window]time.Duration{WindowDay: 24 * time.Hour, WindowWeek: 7 * 24 * time.Hour}

// SetLimit bounds what the owner's side may take out of a wallet in a window.
type SetLimit struct {
	Key    string
	Wallet Ref
	Window Window
	// Maximum is in units; below zero lifts the limit.
	Maximum int64
}

// SetLimit posts a fact without value. What was taken before it in the same window
// does not count.
func (s *Service) SetLimit(ctx context.Context, caller domain.Caller, in SetLimit) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Text("window", string(in.Window))
	explanation := domain.Explanation{Rule: "LIFT_LIMIT", Inputs: []domain.Input{{Name: "window", Value: string(in.Window)}}}
	if in.Maximum >= 0 {
		input = input.Amount("maximum", in.Maximum)
		explanation.Rule, explanation.Inputs = "SET_LIMIT", append(explanation.Inputs, domain.Number("maximum", in.Maximum))
	}
	return s.manage(ctx, caller, in.Wallet, "setSpendingLimit", in.Key, input, func(command *ledger.Command, w Wallet) {
		command.Template = TemplateSetLimit
		command.Arguments = ledger.Arguments(nil).ID(ArgWallet, w.ID).Amount(ArgWindow, int64(windows[in.Window]/time.Second))
		if in.Maximum >= 0 {
			command.Arguments = command.Arguments.Amount(ArgMaximum, in.Maximum)
		}
		command.Explanation = explanation.Encode()
	})
}

// Close closes a wallet for good.
type Close struct {
	Key    string
	Wallet Ref
	Reason string // 1 to 64 bytes, a key to translate; free of personal data
}

// Close posts a fact without value, also while the wallet is frozen. It is refused while
// the wallet has units, available or held, and with domain.ReasonCommitted while a
// campaign that it pays for has not ended: what that has in escrow would come back to
// it. Nothing enters or leaves a closed wallet again.
func (s *Service) Close(ctx context.Context, caller domain.Caller, in Close) (Result, error) {
	if err := in.validate(); err != nil {
		return Result{}, err
	}
	input := walletInput(in.Wallet).Text("reason", in.Reason)
	return s.manage(ctx, caller, in.Wallet, "closeWallet", in.Key, input, func(command *ledger.Command, w Wallet) {
		command.Template, command.Arguments = TemplateCloseWallet, ledger.Arguments(nil).ID(ArgWallet, w.ID)
		command.Guards = []ledger.Guard{domain.Uncommitted{Wallet: w.ID}}
		command.Effects = []ledger.Effect{freezeEffect{wallet: w.ID}} // what was frozen is so no longer
		command.Explanation = domain.Explanation{Rule: in.Reason}.Encode()
	})
}

// manage posts a command on a wallet that is the caller's to manage: for any other
// caller there is no such wallet.
func (s *Service) manage(ctx context.Context, caller domain.Caller, ref Ref, mutation, key string, input ledger.Arguments, fill func(*ledger.Command, Wallet)) (Result, error) {
	page, err := s.directory.Page(ctx, caller, PageRequest{Refs: []Ref{ref}})
	if err == nil && (len(page.Wallets) == 0 || !page.Wallets[0].Access.Manages()) {
		err = domain.ErrNotFound
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s on wallet %s: %w", mutation, ref.ID, err)
	}
	return s.postOn(ctx, caller, page.Wallets[0], mutation, key, input, fill)
}
