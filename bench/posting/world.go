package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"purser/ledger"
)

// Templates and arguments of the rules for lots=off.
const (
	templateOpen     = "OPEN_MONEY"
	templateTransfer = "TRANSFER"
	argAccount       = "account"
	argFrom          = "from"
	argTo            = "to"
	argAmount        = "amount"
)

// transferRules are the simplest that transfer value: accounts of one currency that never go below zero.
func transferRules() (*ledger.Rules, error) {
	return ledger.NewRules([]ledger.Class{
		{Name: "FUNDING", Normal: ledger.Debit},
		{Name: "MONEY:*", Normal: ledger.Credit, Floored: true},
	}, []ledger.Template{
		{
			Name: templateOpen, Version: 1, Type: templateOpen,
			Opens: []ledger.Open{{Account: "MONEY:{" + argAccount + "}", Commodity: ledger.USD}},
			Lines: []ledger.Line{{Debit: "FUNDING", Credit: "MONEY:{" + argAccount + "}", Commodity: ledger.USD, Measure: ledger.Named(argAmount)}},
		},
		{
			Name: templateTransfer, Version: 1, Type: templateTransfer,
			Lines: []ledger.Line{{Debit: "MONEY:{" + argFrom + "}", Credit: "MONEY:{" + argTo + "}", Commodity: ledger.USD, Measure: ledger.Named(argAmount)}},
		},
	})
}

// fundedMinor is what each account begins with: no run of transfers empties it.
const fundedMinor = 1_000_000_000_000

// booksMax is how many books a case uses at most: those that take owners, numbered from 1.
const booksMax = 4

// place is an account for transfers.
type place struct {
	owner   ledger.ID // as commands name it
	account ledger.ID // as storage names it
}

// purse is a wallet for spends and grants. turns counts the commands on it, so that every fifth can be a
// grant and its balance stays what it is.
type purse struct {
	id    ledger.ID
	turns atomic.Int64
}

// world is what commands choose from, per book. Index 0 is the book's busy account; accounts=random never
// chooses it.
type world struct {
	accounts int // of accounts=random, over all books of a case
	places   map[ledger.BookID][]place
	purses   map[ledger.BookID][]*purse
}

// named numbers an account of a book: what is opened needs only a name that is unique.
func named(kind byte, book ledger.BookID, i int) ledger.ID {
	id := ledger.ID{kind, byte(book)}
	binary.BigEndian.PutUint64(id[8:], uint64(i))
	return id
}

// size is how many accounts a book needs: all of them when it is the only one, else its share, and the busy
// one beside.
func (o options) size(book ledger.BookID, lots bool) int {
	size := 0
	for _, v := range o.cases {
		if v.lots == lots && int(book) <= v.books {
			size = max(size, o.accounts/v.books+1)
		}
	}
	return size
}

// openersMax is how many accounts are opened at once.
const openersMax = 256

// open opens what the cases need.
func (b *bench) open(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(openersMax)
	for book := ledger.BookID(1); book <= booksMax && ctx.Err() == nil; book++ {
		for i := range b.size(book, false) {
			p := place{owner: named('A', book, i)}
			p.account = ledger.AccountID(book, "MONEY:"+p.owner.String(), ledger.USD)
			b.places[book] = append(b.places[book], p)
			group.Go(func() error { return b.openPlace(ctx, book, p) })
		}
		for i := range b.size(book, true) {
			p := &purse{id: named('W', book, i)}
			b.purses[book] = append(b.purses[book], p)
			group.Go(func() error { return b.openPurse(ctx, book, p, i == 0) })
		}
	}
	return group.Wait()
}

func (b *bench) openPlace(ctx context.Context, book ledger.BookID, p place) error {
	c := command(book, p.owner, templateOpen, ledger.Arguments(nil).ID(argAccount, p.owner).Amount(argAmount, fundedMinor))
	return accepted(ctx, b.transfers, c)
}

func (b *bench) openPurse(ctx context.Context, book ledger.BookID, p *purse, busy bool) error {
	if err := accepted(ctx, b.wallets, openWallet(book, p.id)); err != nil {
		return err
	}
	units := int64(grantUnits)
	if busy {
		units = grantUnitsBusy
	}
	for range lotsPerPurse {
		if err := accepted(ctx, b.wallets, grant(book, p.id, units)); err != nil {
			return err
		}
	}
	return nil
}

// accepted posts a command. Nothing here is ever refused: a refusal is an error.
func accepted(ctx context.Context, l *ledger.Ledger, c ledger.Command) error {
	outcome, err := l.Post(ctx, c)
	switch {
	case err != nil:
		return fmt.Errorf("post %s in book %d: %w", c.Template, c.Book, err)
	case outcome.Refusal != nil:
		return fmt.Errorf("post %s in book %d: refused: %w", c.Template, c.Book, outcome.Refusal)
	case outcome.Replayed:
		return errors.New("post " + c.Template + ": the ledger knew the key")
	}
	return nil
}

// newID makes journal ids as the product does.
func newID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7())) }
