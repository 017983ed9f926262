package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

func (p *pageRead) transactions(query wallet.TransactionsQuery) error {
	filter, err := filterArguments(query.Filter, p.question.clock)
	if err != nil {
		return err
	}
	own := append([]any{query.WithLots, query.WithLinks}, historyStart(query)...)
	own = append(own, query.Limit+1)
	own = append(own, filter...)
	p.batch.Queue(p.historySQL(query.Direction), p.question.with(own...)...).
		Query(sections(p, query, func(rows pgx.Rows, section func(wallet.Ref) *wallet.TransactionPage) error {
			transaction, linked, err := scanTransaction(rows)
			if err != nil {
				return err
			}
			addToPage(section(transaction.Wallet), query, transaction, linked)
			return nil
		}))
	return nil
}

// historySQL walks one wallet's history, and numbers the rows of several.
func (p *pageRead) historySQL(direction wallet.Direction) string {
	switch {
	case p.single && direction == wallet.Backward:
		return historyOldestSQL
	case p.single:
		return historyNewestSQL
	case direction == wallet.Backward:
		return historiesOldestSQL
	default:
		return historiesNewestSQL
	}
}

// addToPage adds a row; they come newest first whatever the direction. Of one
// row too many, the one furthest in the direction of reading only says that
// there is more: the last when reading forward, the first when reading back.
func addToPage(page *wallet.TransactionPage, query wallet.TransactionsQuery, transaction wallet.Transaction, linked bool) {
	if linked {
		page.Linked = append(page.Linked, transaction)
		return
	}
	page.Transactions = append(page.Transactions, transaction)
	if len(page.Transactions) <= query.Limit {
		return
	}
	page.More = true
	if query.Direction == wallet.Backward {
		page.Transactions = slices.Delete(page.Transactions, 0, 1)
		return
	}
	page.Transactions = page.Transactions[:query.Limit]
}

// historyStart is the key to read on from, or the end of history that the
// direction begins at.
func historyStart(query wallet.TransactionsQuery) []any {
	switch {
	case query.HasKey:
		return []any{query.Key.PostedAt, query.Key.Version}
	case query.Direction == wallet.Backward:
		return []any{pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, int64(0)}
	default:
		return []any{pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, int64(math.MaxInt64)}
	}
}

func filterArguments(filter wallet.TransactionFilter, clock time.Time) ([]any, error) {
	types := []string{}
	for i, name := range wallet.TransactionTypes {
		if filter.Types&(1<<i) != 0 {
			types = append(types, name)
		}
	}
	var least, most *int64
	if filter.HasMin {
		least = &filter.Min
	}
	if filter.HasMax {
		most = &filter.Max
	}
	from, to, earliest, err := datesByToday(filter.Dates, clock)
	if err != nil {
		return nil, fmt.Errorf("dates of the filter: %w", err)
	}
	return []any{
		types, int16(filter.Sign), least, most, optional(filter.Subject.Type), optional(filter.Subject.ID), from, to, earliest,
	}, nil
}

// todaysMax is how many dates clocks show at one instant around the world, at
// most: those of UTC, the date before and the date after.
const todaysMax = 3

// datesByToday resolves a range for each date that it can be somewhere at an
// instant, earliest being the first of them: the statement knows the time zone. The
// lists are nil without a range.
func datesByToday(asked domain.Range, clock time.Time) (from, to []time.Time, earliest time.Time, err error) {
	earliest = domain.AddDays(ledger.DateOf(clock.UTC()), -1).Time()
	if asked == (domain.Range{}) {
		return nil, nil, earliest, nil
	}
	for place := range todaysMax {
		dates, err := asked.Resolve(time.UTC, earliest.AddDate(0, 0, place))
		if err != nil {
			return nil, nil, earliest, err
		}
		from, to = append(from, dates.From.Time()), append(to, dates.To.Time())
	}
	return from, to, earliest, nil
}

// lotColumnsOf are the aligned columns of a transaction's lot movements.
type lotColumnsOf struct {
	lots       []ledger.ID
	quantities []int64
	origins    []ledger.Origin
	expiries   []pgtype.Timestamptz
	basis      []int64
	moneys     []ledger.Commodity
}

func scanTransaction(rows pgx.Rows) (t wallet.Transaction, linked bool, err error) {
	var subjectType, subjectID *string
	var hold, reverses *ledger.ID
	var c lotColumnsOf
	err = rows.Scan(&linked, &t.Wallet.Book, &t.Wallet.ID, &t.Journal, &t.Key.PostedAt, &t.Key.Version, &t.Amount, &t.RunningBalance,
		&t.Type, &t.EffectiveAt, &t.Explanation, &subjectType, &subjectID, &t.InitiatedBy, &hold, &t.Pending, &reverses, &t.Reversed, &t.ReversedBy,
		&c.lots, &c.quantities, &c.origins, &c.expiries, &c.basis, &c.moneys)
	if err != nil {
		return t, linked, err
	}
	t.Subject = ledger.Subject{Type: orZero(subjectType), ID: orZero(subjectID)}
	t.Hold, t.Reverses = orZero(hold), orZero(reverses)
	slices.Reverse(t.ReversedBy)
	t.Lots, err = c.movements()
	return t, linked, err
}

func (c *lotColumnsOf) movements() ([]wallet.LotMovement, error) {
	n := len(c.lots)
	if len(c.quantities) != n || len(c.origins) != n || len(c.expiries) != n || len(c.basis) != n || len(c.moneys) != n {
		return nil, fmt.Errorf("columns of %d lot movements are not aligned", n)
	}
	if n == 0 {
		return nil, nil
	}
	movements := make([]wallet.LotMovement, n)
	for i := range movements {
		movements[i] = wallet.LotMovement{
			Lot: c.lots[i], Quantity: c.quantities[i], Origin: c.origins[i], ExpiresAt: instantOf(c.expiries[i]),
			Basis: c.basis[i], Money: c.moneys[i],
		}
	}
	return movements, nil
}

// Transactions implements wallet.Reader.
func (r *Reader) Transactions(ctx context.Context, caller domain.Caller, refs []wallet.TransactionRef) ([]wallet.TransactionOfWallet, error) {
	names := make([]wallet.Ref, 0, len(refs))
	books, ids, journals := make([]ledger.BookID, len(refs)), make([]ledger.ID, len(refs)), make([]ledger.ID, len(refs))
	for i, ref := range refs {
		names = append(names, ref.Wallet)
		books[i], ids[i], journals[i] = ref.Wallet.Book, ref.Wallet.ID, ref.Journal
	}
	p := newPageRead(r, caller, wallet.PageRequest{Refs: names})
	var transactions []wallet.Transaction
	p.wallets(walletsSQL)
	p.batch.Queue(transactionsSQL, p.question.with(true, false, books, ids, journals)...).Query(each(func(rows pgx.Rows) error {
		transaction, _, err := scanTransaction(rows)
		transactions = append(transactions, transaction)
		return err
	}))
	if err := r.run(ctx, p.batch); err != nil {
		return nil, fmt.Errorf("read %d transactions: %w", len(refs), err)
	}
	wallets := p.byRef()
	found := make([]wallet.TransactionOfWallet, 0, len(transactions))
	for _, transaction := range transactions {
		found = append(found, wallet.TransactionOfWallet{Transaction: transaction, Wallet: wallets[transaction.Wallet]})
	}
	return found, nil
}
