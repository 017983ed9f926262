// Package resolvers presents the domain as GraphQL: it decides who may use which
// field, turns ids, cursors and filters into the domain's own, reads ahead what a
// selection will ask for, and turns decisions and faults into the members and
// codes of the schema. It has no SQL and no rule about value.
package resolvers

import (
	"context"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"purser/graph"
	"purser/internal/analytics"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/finance"
	"purser/internal/loader"
	"purser/internal/wallet"
	"purser/ledger"
)

// Service is what mutations ask for; *wallet.Service is one. Its methods return
// domain.ErrNotFound, a *domain.ValidationError, the ledger's faults, or an outcome
// that may hold a refusal.
type Service interface {
	Open(ctx context.Context, caller domain.Caller, in wallet.Open) (wallet.Result, error)
	Grant(ctx context.Context, caller domain.Caller, in wallet.Grant) (wallet.Result, error)
	Purchase(ctx context.Context, caller domain.Caller, in wallet.Purchase) (wallet.Result, error)
	Spend(ctx context.Context, caller domain.Caller, in wallet.Spend) (wallet.Result, error)
	Reverse(ctx context.Context, caller domain.Caller, in wallet.Reverse) (wallet.Result, error)
	Freeze(ctx context.Context, caller domain.Caller, in wallet.Freeze) (wallet.Result, error)
	SetMembership(ctx context.Context, caller domain.Caller, in wallet.Membership) (wallet.Result, error)
	PlaceHold(ctx context.Context, caller domain.Caller, in wallet.PlaceHold) (wallet.Result, error)
	IncreaseHold(ctx context.Context, caller domain.Caller, in wallet.IncreaseHold) (wallet.Result, error)
	CaptureHold(ctx context.Context, caller domain.Caller, in wallet.CaptureHold) (wallet.Result, error)
	ReleaseHold(ctx context.Context, caller domain.Caller, in wallet.ReleaseHold) (wallet.Result, error)
	// Transfer may also return wallet.ErrNotSameOrganisation.
	Transfer(ctx context.Context, caller domain.Caller, in wallet.Transfer) (wallet.Result, error)
	SetLimit(ctx context.Context, caller domain.Caller, in wallet.SetLimit) (wallet.Result, error)
	Close(ctx context.Context, caller domain.Caller, in wallet.Close) (wallet.Result, error)
}

// Reader is what queries read from: the parts of wallet.Reader and campaign.Reader
// that are shown, finance.Reader, and analytics. Its errors wrap domain.ErrUnavailable when the read
// may be repeated.
type Reader interface {
	loader.Reader
	finance.Reader
	// Analyse answers a question over what scope says. It returns an
	// *analytics.QueryError for one that cannot be answered.
	Analyse(ctx context.Context, scope analytics.Scope, query analytics.Query) (*analytics.Result, error)
	// ClickCharge returns what a journal charged to a campaign.
	ClickCharge(ctx context.Context, book ledger.BookID, campaignID, journal ledger.ID) (campaign.ChargeRow, error)
	TrialBalance(ctx context.Context, asOf ledger.Date) (*wallet.TrialBalance, error)
	Heads(ctx context.Context) (map[ledger.BookID]int64, error)
	// Inclusion returns where a journal is in the chain, with its own link alone and the
	// first checkpoint that covers it; found is false where no link does yet.
	Inclusion(ctx context.Context, book ledger.BookID, id ledger.ID) (proof *ledger.Proof, found bool, err error)
	// WholeProof adds the links up to that checkpoint; fits is false when it would have
	// more than linksMax.
	WholeProof(ctx context.Context, begun *ledger.Proof, linksMax int) (proof *ledger.Proof, fits bool, err error)
	// Holds returns the holds the caller may see, in no particular order.
	Holds(ctx context.Context, caller domain.Caller, names []wallet.HoldName) ([]wallet.HoldOfWallet, error)
}

// Config is what a Resolver is made of. All fields are needed unless they say
// otherwise.
type Config struct {
	Service   Service
	Campaigns Campaigns
	Finance   Finance
	Reader    Reader
	// Clock is the process clock: it says what lies in the future.
	Clock func() time.Time
	// Log takes the detail of what callers are not told.
	Log *slog.Logger
	// RequestID returns the id of the request that a context belongs to, by which
	// a caller's report leads to the log.
	RequestID func(context.Context) string
	// LoaderBatches is told, at the end of each response, how many batches the
	// look-ahead missed. Optional.
	LoaderBatches func(batches int64)
}

// Resolver answers every field of the schema that needs more than its object.
type Resolver struct {
	service       Service
	campaigns     Campaigns
	finance       Finance
	reader        Reader
	clock         func() time.Time
	log           *slog.Logger
	requestID     func(context.Context) string
	loaderBatches func(int64)
}

var _ graph.ResolverRoot = (*Resolver)(nil)

// New returns a Resolver.
func New(c Config) *Resolver {
	r := &Resolver{
		service: c.Service, campaigns: c.Campaigns, finance: c.Finance, reader: c.Reader, clock: c.Clock, log: c.Log, requestID: c.RequestID, loaderBatches: c.LoaderBatches,
	}
	if r.loaderBatches == nil {
		r.loaderBatches = func(int64) {}
	}
	return r
}

// Schema returns the executable schema with these resolvers behind it. It answers
// only where Extension is installed as well.
func (r *Resolver) Schema() graphql.ExecutableSchema {
	return graph.NewExecutableSchema(graph.Config{Resolvers: r, Directives: graph.DirectiveRoot{Auth: authorize}})
}

type (
	queryResolver       struct{ *Resolver }
	mutationResolver    struct{ *Resolver }
	viewerResolver      struct{ *Resolver }
	walletResolver      struct{ *Resolver }
	transactionResolver struct{ *Resolver }
	journalResolver     struct{ *Resolver }
	adAccountResolver   struct{ *Resolver }
	campaignResolver    struct{ *Resolver }
	performanceResolver struct{ *Resolver }
	clickChargeResolver struct{ *Resolver }

	inclusionProofResolver struct{ *Resolver }
)

// Query implements graph.ResolverRoot.
func (r *Resolver) Query() graph.QueryResolver { return queryResolver{r} }

// Mutation implements graph.ResolverRoot.
func (r *Resolver) Mutation() graph.MutationResolver { return mutationResolver{r} }

// Viewer implements graph.ResolverRoot.
func (r *Resolver) Viewer() graph.ViewerResolver { return viewerResolver{r} }

// Wallet implements graph.ResolverRoot.
func (r *Resolver) Wallet() graph.WalletResolver { return walletResolver{r} }

// Transaction implements graph.ResolverRoot.
func (r *Resolver) Transaction() graph.TransactionResolver { return transactionResolver{r} }

// Journal implements graph.ResolverRoot.
func (r *Resolver) Journal() graph.JournalResolver { return journalResolver{r} }

// AdAccount implements graph.ResolverRoot.
func (r *Resolver) AdAccount() graph.AdAccountResolver { return adAccountResolver{r} }

// Campaign implements graph.ResolverRoot.
func (r *Resolver) Campaign() graph.CampaignResolver { return campaignResolver{r} }

// Performance implements graph.ResolverRoot.
func (r *Resolver) Performance() graph.PerformanceResolver { return performanceResolver{r} }

// ClickCharge implements graph.ResolverRoot.
func (r *Resolver) ClickCharge() graph.ClickChargeResolver { return clickChargeResolver{r} }

// InclusionProof implements graph.ResolverRoot.
func (r *Resolver) InclusionProof() graph.InclusionProofResolver { return inclusionProofResolver{r} }
