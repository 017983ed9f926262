// Package loader gathers what the fields of one response ask for into few reads.
// Resolvers look ahead, read a page at once and prime what they read here; the
// fields below then find it. What the look-ahead missed is batched: still one
// read for all fields of a kind, at the price of a short wait.
//
// A Loaders lives for one root field of one response and one caller: it shows one
// state of the ledger and nobody else's rows, and what it remembers never has to
// be made stale.
package loader

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/wallet"
)

const (
	// batchWait is how long a batch waits for more keys. Long enough for the
	// goroutines of one list to arrive, short beside a round trip.
	batchWait = 500 * time.Microsecond
	// batchKeysMax is the largest page: a batch that holds one goes at once.
	batchKeysMax = 100
)

// Reader is what the loaders read from: the parts of wallet.Reader and
// campaign.Reader that answer by key. Its errors are passed on to every key of the
// batch.
type Reader interface {
	campaign.Reader
	Page(ctx context.Context, caller domain.Caller, request wallet.PageRequest) (*wallet.Page, error)
	Lots(ctx context.Context, caller domain.Caller, refs []wallet.LotRef) ([]wallet.LotOfWallet, error)
	Transactions(ctx context.Context, caller domain.Caller, refs []wallet.TransactionRef) ([]wallet.TransactionOfWallet, error)
	Journals(ctx context.Context, refs []wallet.JournalRef) ([]wallet.JournalDetail, error)
}

// Section is a section of a page with the instant of its snapshot.
type Section struct {
	Value any
	Now   time.Time
}

// Stats counts the batches that ran over the Loaders that share it. It is safe
// for concurrent use.
type Stats struct{ batches, keys atomic.Int64 }

// Batches returns how many batches ran: 0 when every load was a primed hit.
func (s *Stats) Batches() int64 { return s.batches.Load() }

// Keys returns how many keys those batches had.
func (s *Stats) Keys() int64 { return s.keys.Load() }

// Loaders are one caller's loaders. They are safe for concurrent use.
type Loaders struct {
	reader Reader
	caller domain.Caller
	stats  *Stats

	sections     *dataloader.Loader[wallet.SectionKey, *Section]
	wallets      *dataloader.Loader[wallet.Ref, *wallet.Wallet]
	lots         *dataloader.Loader[wallet.LotRef, *wallet.LotOfWallet]
	transactions *dataloader.Loader[wallet.TransactionRef, *wallet.TransactionOfWallet]
	journals     *dataloader.Loader[wallet.JournalRef, *wallet.JournalDetail]

	campaignSections *dataloader.Loader[campaign.SectionKey, *Section]
	campaigns        *dataloader.Loader[campaign.Ref, *campaign.Campaign]
}

// New returns loaders that read as caller and count into stats.
func New(reader Reader, caller domain.Caller, stats *Stats) *Loaders {
	l := &Loaders{reader: reader, caller: caller, stats: stats}
	l.sections = newLoader(l, l.readSections)
	l.wallets = newLoader(l, l.readWallets)
	l.lots = newLoader(l, l.readLots)
	l.transactions = newLoader(l, l.readTransactions)
	l.journals = newLoader(l, l.readJournals)
	l.campaignSections = newLoader(l, l.readCampaignSections)
	l.campaigns = newLoader(l, l.readCampaigns)
	return l
}

// newLoader makes one loader from a read that returns the values it found, by key. A
// key that it leaves out has no value; that is no error.
func newLoader[K comparable, V any](l *Loaders, read func(ctx context.Context, keys []K) (map[K]*V, error)) *dataloader.Loader[K, *V] {
	batch := func(ctx context.Context, keys []K) []*dataloader.Result[*V] {
		l.stats.batches.Add(1)
		l.stats.keys.Add(int64(len(keys)))
		found, err := recovered(ctx, keys, read)
		results := make([]*dataloader.Result[*V], len(keys))
		for i, key := range keys {
			results[i] = &dataloader.Result[*V]{Data: found[key], Error: err}
		}
		return results
	}
	return dataloader.NewBatchedLoader(batch, dataloader.WithWait[K, *V](batchWait), dataloader.WithBatchCapacity[K, *V](batchKeysMax))
}

// recovered turns a panic into an error with its stack: a batch runs on a
// goroutine of the library's, which would print it past the log.
func recovered[K comparable, V any](ctx context.Context, keys []K, read func(context.Context, []K) (map[K]*V, error)) (found map[K]*V, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			found, err = nil, fmt.Errorf("load %d keys: broken invariant: %v\n%s", len(keys), broken, debug.Stack())
		}
	}()
	return read(ctx, keys)
}

// Section returns a section of a wallet, nil when the caller may not see the
// wallet. It returns the Reader's error.
func (l *Loaders) Section(ctx context.Context, key wallet.SectionKey) (*Section, error) {
	return l.sections.Load(ctx, key)()
}

// Wallet returns a wallet, nil when the caller may not see it. It returns the
// Reader's error.
func (l *Loaders) Wallet(ctx context.Context, ref wallet.Ref) (*wallet.Wallet, error) {
	return l.wallets.Load(ctx, ref)()
}

// Lots returns the lots of refs in their order, nil for each that the caller may
// not see. It returns the Reader's error.
func (l *Loaders) Lots(ctx context.Context, refs []wallet.LotRef) ([]*wallet.LotOfWallet, error) {
	return many(ctx, l.lots, refs)
}

// Transactions returns the transactions of refs in their order, with their lots
// and links, nil for each that the caller may not see. It returns the Reader's
// error.
func (l *Loaders) Transactions(ctx context.Context, refs []wallet.TransactionRef) ([]*wallet.TransactionOfWallet, error) {
	return many(ctx, l.transactions, refs)
}

// Journals returns the journals of refs in their order, nil for each that does not
// exist. The caller's role must open every journal. It returns the Reader's error.
func (l *Loaders) Journals(ctx context.Context, refs []wallet.JournalRef) ([]*wallet.JournalDetail, error) {
	return many(ctx, l.journals, refs)
}

// many loads keys one by one, so that they meet in one batch, and then waits.
// The library's own LoadMany starts a goroutine for each key.
func many[K comparable, V any](ctx context.Context, from *dataloader.Loader[K, *V], keys []K) ([]*V, error) {
	thunks := make([]dataloader.Thunk[*V], len(keys))
	for i, key := range keys {
		thunks[i] = from.Load(ctx, key)
	}
	values := make([]*V, len(keys))
	var failed error
	for i, thunk := range thunks {
		value, err := thunk()
		if err != nil && failed == nil {
			failed = err
		}
		values[i] = value
	}
	if failed != nil {
		return nil, failed
	}
	return values, nil
}

// distinct returns keys sorted out of their duplicates, in the order of arrival.
func distinct[K comparable](keys []K) []K {
	kept := make([]K, 0, len(keys))
	for _, key := range keys {
		if !slices.Contains(kept, key) {
			kept = append(kept, key)
		}
	}
	return kept
}
