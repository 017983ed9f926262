package campaign

import (
	"context"
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

// Directory is what commands need to know before they are posted: facts that
// never change once true. Every other check of stored state is the ledger's.
type Directory interface {
	// CampaignPage tells whether the caller reaches an ad account or a campaign,
	// and as what.
	CampaignPage(ctx context.Context, caller domain.Caller, request PageRequest) (*Page, error)
	domain.Owners
	// WalletOwner returns whose a wallet is; domain.ErrNotFound when the book has
	// no such wallet.
	WalletOwner(ctx context.Context, book ledger.BookID, wallet ledger.ID) (ledger.ID, error)
}

// Config is what a Service is made of.
type Config struct {
	Ledger    domain.Poster
	Directory Directory
	Clock     func() time.Time
	NewID     func() ledger.ID // makes UUIDv7s
	// Projections are effects that other domains derive from journals that move
	// value of campaigns. Every such command carries them.
	Projections []ledger.Effect
}

// Service turns requests into ledger commands. Its methods return
// domain.ErrNotFound for what is not the caller's to change, a
// *domain.ValidationError for a request that could never be accepted, a
// *RefusedError for one that facts which never change stand against, the ledger's
// faults, and otherwise an outcome that may hold a refusal. Whatever depends on the
// clock is a guard, as stored state is: a retry then replays instead of being told
// that it comes too late.
type Service struct{ config Config }

// NewService returns a Service.
func NewService(config Config) *Service { return &Service{config: config} }

// Result is an outcome with what it concerns. Campaign is zero for a mutation of an
// ad account. Wallet and Commodity are the ad account's.
type Result struct {
	Outcome   ledger.Outcome
	AdAccount Ref
	Campaign  Ref
	Wallet    ledger.ID
	Commodity ledger.Commodity
	Access    Access
}

// RefusedError says that facts which never change stand against a request. It is
// like the refusal of a guard, with the same reasons and facts, but decided before
// the ledger and so not stored: the corrected request may use the same key.
type RefusedError struct {
	Reason string
	Facts  ledger.Arguments
}

// Error names the reason.
func (e *RefusedError) Error() string { return "campaign: " + e.Reason }

// target is what a command concerns, as the caller reaches it. Nothing of it ever
// changes.
type target struct {
	book      ledger.BookID
	adAccount ledger.ID
	campaign  ledger.ID // NilID for a command on an ad account
	owner     ledger.ID
	wallet    ledger.ID
	commodity ledger.Commodity
	zone      string
	product   Product
	access    Access
}

// request is what identifies a mutation for its caller's retries.
type request struct {
	mutation string
	key      string
	input    ledger.Arguments
}

// fill completes a command for its target. Its error refuses the request before it
// reaches the ledger.
type fill func(*ledger.Command, target) error

// onAdAccount finds an ad account that the caller manages and posts one command on
// it.
func (s *Service) onAdAccount(ctx context.Context, caller domain.Caller, ref Ref, r request, complete fill) (Result, error) {
	page, err := s.config.Directory.CampaignPage(ctx, caller, PageRequest{AdAccounts: []Ref{ref}})
	if err == nil && (len(page.AdAccounts) == 0 || !page.AdAccounts[0].Access.Manages()) {
		err = domain.ErrNotFound
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s on ad account %s: %w", r.mutation, ref.ID, err)
	}
	a := page.AdAccounts[0]
	to := target{
		book: a.Book, adAccount: a.ID, owner: a.Owner, wallet: a.Wallet, commodity: a.Commodity, zone: a.TimeZone, access: a.Access,
	}
	result, err := s.post(ctx, caller, to, r, complete)
	if err != nil {
		return Result{}, fmt.Errorf("%s on ad account %s: %w", r.mutation, ref.ID, err)
	}
	return result, nil
}

// onCampaign finds a campaign that the caller manages and posts one command on it.
func (s *Service) onCampaign(ctx context.Context, caller domain.Caller, ref Ref, r request, complete fill) (Result, error) {
	found, err := s.find(ctx, caller, ref)
	if err != nil {
		return Result{}, fmt.Errorf("%s on campaign %s: %w", r.mutation, ref.ID, err)
	}
	result, err := s.post(ctx, caller, targetOf(found), r, complete)
	if err != nil {
		return Result{}, fmt.Errorf("%s on campaign %s: %w", r.mutation, ref.ID, err)
	}
	return result, nil
}

// find returns a campaign that the caller manages, or domain.ErrNotFound.
func (s *Service) find(ctx context.Context, caller domain.Caller, ref Ref) (Campaign, error) {
	page, err := s.config.Directory.CampaignPage(ctx, caller, PageRequest{Campaigns: []Ref{ref}})
	if err != nil {
		return Campaign{}, err
	}
	if len(page.Campaigns) == 0 || !page.Campaigns[0].Access.Manages() {
		return Campaign{}, domain.ErrNotFound
	}
	return page.Campaigns[0], nil
}

func targetOf(c Campaign) target {
	return target{
		book: c.Book, adAccount: c.AdAccount, campaign: c.ID, owner: c.Owner, wallet: c.Wallet, commodity: c.Commodity,
		zone: c.TimeZone, product: c.Product, access: c.Access,
	}
}

func (s *Service) post(ctx context.Context, caller domain.Caller, to target, r request, complete fill) (Result, error) {
	command := caller.Command(to.book, s.config.NewID(), domain.Request{Mutation: r.mutation, Key: r.key, Owner: to.owner, Input: r.input})
	if err := complete(&command, to); err != nil {
		return Result{}, err
	}
	outcome, err := s.config.Ledger.Post(ctx, command)
	if err != nil {
		return Result{}, err
	}
	return to.result(outcome), nil
}

func (t target) result(outcome ledger.Outcome) Result {
	result := Result{
		Outcome: outcome, AdAccount: Ref{Book: t.book, ID: t.adAccount}, Wallet: t.wallet, Commodity: t.commodity, Access: t.access,
	}
	if !t.campaign.IsZero() {
		result.Campaign = Ref{Book: t.book, ID: t.campaign}
	}
	return result
}

// template returns which of two templates moves value in the target's commodity.
func (t target) template(connects, money string) string {
	if t.commodity == ledger.CNX {
		return connects
	}
	return money
}

// amountArgument is the name under which templates of the target's commodity take
// an amount.
func (t target) amountArgument() string { return t.template(ArgQuantity, ArgAmount) }

// arguments select the accounts of a campaign of the target's ad account.
func (t target) arguments(campaign ledger.ID) ledger.Arguments {
	arguments := ledger.Arguments(nil).ID(ArgAdAccount, t.adAccount).ID(ArgCampaign, campaign)
	if t.commodity == ledger.CNX {
		return arguments.ID(ArgWallet, t.wallet)
	}
	return arguments.Text(ArgMoney, string(t.commodity))
}

// location is the ad account's time zone, which was checked when it was opened.
func (t target) location() (*time.Location, error) { return domain.LoadZone(t.zone) }
