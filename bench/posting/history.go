package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"purser/internal/domain"
	"purser/internal/postgres"
	"purser/internal/wallet"
)

const (
	// historyShort is the length of the history that one of -rows is compared with.
	historyShort = 100
	// historyCallers post a history.
	historyCallers = 512
	// historySpends use up what one grant of a history gives.
	historySpends = grantUnitsBusy / spendUnits
	// historyPage is how many lines the newest page has.
	historyPage = 20
)

// read is a way to read a wallet, with the medians for the short and for the long history.
type read struct {
	name        string
	short, long float64 // p50, in milliseconds
}

// history is a wallet with so many postings.
type history struct {
	ref wallet.Ref
	// middle is an instant with about half of the postings before it.
	middle time.Time
}

// measureHistory posts a short and a long history through the ledger, and reads both in turn.
func (b *bench) measureHistory(ctx context.Context) ([]read, error) {
	if b.rows == 0 {
		return nil, nil
	}
	reader := b.db.NewReader(b.clock)
	var histories [2]history
	for i, rows := range []int{historyShort, b.rows} {
		fmt.Fprintf(b.stderr, "posting a history of %d\n", rows)
		var err error
		if histories[i], err = b.postHistory(ctx, reader, rows); err != nil {
			return nil, fmt.Errorf("history of %d postings: %w", rows, err)
		}
	}
	if err := b.settle(ctx); err != nil {
		return nil, err
	}
	var reads []read
	for _, name := range []string{"balance", "balance(asOf)", "newest page"} {
		r, err := b.measureRead(ctx, reader, name, histories)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		reads = append(reads, r)
	}
	return reads, nil
}

// everything is a caller who may see and write every wallet.
var everything = domain.Caller{Principal: principal, All: true}

// postHistory opens a wallet as the product does, so that its pages find it, and posts on it.
func (b *bench) postHistory(ctx context.Context, reader *postgres.Reader, rows int) (history, error) {
	opened, err := wallet.NewService(b.wallets, reader, b.clock, newID).Open(ctx, everything, wallet.Open{
		Key: newID().String(), Owner: newID(), OwnerKind: domain.OwnerParty, Kind: wallet.KindFreelancer, Jurisdiction: "NP", TimeZone: "Asia/Kathmandu",
	})
	if err != nil {
		return history{}, err
	}
	h := history{ref: opened.Wallet}
	for range lotsPerPurse {
		if err := accepted(ctx, b.wallets, grant(h.ref.Book, h.ref.ID, grantUnitsBusy)); err != nil {
			return history{}, err
		}
	}
	for _, part := range []int{rows/2 - lotsPerPurse, rows - rows/2} {
		h.middle = b.clock()
		if err := b.postRows(ctx, h.ref, part); err != nil {
			return history{}, err
		}
	}
	return h, b.checkLength(ctx, reader, h.ref, rows)
}

func (b *bench) postRows(ctx context.Context, to wallet.Ref, rows int) error {
	group, ctx := errgroup.WithContext(ctx)
	var turns atomic.Int64
	for range min(historyCallers, rows) {
		group.Go(func() error {
			for turn := turns.Add(1); turn <= int64(rows); turn = turns.Add(1) {
				c := spend(to.Book, to.ID)
				if turn%(historySpends+1) == 0 {
					c = grant(to.Book, to.ID, grantUnitsBusy)
				}
				if err := accepted(ctx, b.wallets, c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// checkLength asks the wallet itself how long its history is.
func (b *bench) checkLength(ctx context.Context, reader *postgres.Reader, ref wallet.Ref, rows int) error {
	page, err := reader.Page(ctx, everything, wallet.PageRequest{Refs: []wallet.Ref{ref}})
	if err != nil {
		return err
	}
	if len(page.Wallets) != 1 || page.Wallets[0].Entries != int64(rows) {
		return fmt.Errorf("the wallet has another length: %+v", page.Wallets)
	}
	return nil
}

// request is what a read of that name asks for.
func request(name string, h history) wallet.PageRequest {
	r := wallet.PageRequest{Refs: []wallet.Ref{h.ref}}
	switch name {
	case "balance":
		r.Balances = []wallet.BalanceQuery{{}}
	case "balance(asOf)":
		r.Balances = []wallet.BalanceQuery{{AsOf: h.middle, Axis: wallet.AxisPosted}}
	default:
		r.Transactions = []wallet.TransactionsQuery{{Limit: historyPage, WithLots: true, WithLinks: true}}
	}
	return r
}

// measureRead reads the two histories alternately, one caller at a time, for the time of a measurement a
// round. What it took to warm up is not among the medians' middle.
func (b *bench) measureRead(ctx context.Context, reader *postgres.Reader, name string, of [2]history) (read, error) {
	var took [2][]time.Duration
	end := b.clock().Add(time.Duration(b.rounds) * b.measured)
	for turn := 0; turn < 2 || b.clock().Before(end); turn++ {
		which := turn % 2
		began := b.clock()
		page, err := reader.Page(ctx, everything, request(name, of[which]))
		if err != nil {
			return read{}, err
		}
		took[which] = append(took[which], b.clock().Sub(began))
		if len(page.Sections) != 1 {
			return read{}, fmt.Errorf("the page of %s has %d sections", of[which].ref.ID, len(page.Sections))
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	return read{name: name, short: milliseconds(quantile(took[0], 0.5)), long: milliseconds(quantile(took[1], 0.5))}, nil
}
