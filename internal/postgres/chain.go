package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/ledger"
)

// chainJournals is how many journals are read at a time to hash them: their rows
// are a megabyte or two, and their statements take milliseconds.
const chainJournals = 1000

// ErrChainBroken is wrapped around what was found when the stored rows and the
// chain disagree where something was to be built on them.
var ErrChainBroken = errors.New("postgres: the hash chain does not match the rows (I21)")

const (
	chainRange       = ` WHERE j.book_id = $1 AND j.seq > $2 AND j.seq <= $3`
	chainJournalsSQL = `-- name: chain_journals
		SELECT j.journal_id, j.seq, j.template, j.template_version, j.type, j.arguments, j.effective_at, j.booked_on, j.posted_at,
			j.wallet_id, j.subject_type, j.subject_id, j.explanation, j.initiated_by, j.reverses, j.reversed_quantity, j.hold_id, j.hold_event,
			j.group_id, j.group_size
		FROM journals j` + chainRange + ` ORDER BY j.seq`
	chainPostingsSQL = `-- name: chain_postings
		SELECT j.seq, p.posted_at = j.posted_at, p.line, p.debit_account, p.credit_account, p.commodity, p.amount,
			p.debit_version, p.debit_balance, p.debit_net, p.credit_version, p.credit_balance, p.credit_net
		FROM journals j JOIN postings p ON p.book_id = j.book_id AND p.journal_id = j.journal_id` + chainRange + ` ORDER BY j.seq, p.line`
	chainMovementsSQL = `-- name: chain_movements
		SELECT j.seq, m.line, m.lot_id, m.account_id, m.hold_id, m.quantity, m.basis, m.tax, m.money
		FROM journals j JOIN lot_movements m ON m.book_id = j.book_id AND m.journal_id = j.journal_id` + chainRange + ` ORDER BY j.seq, m.line`
)

// batchSender is a pool, a connection, or a transaction.
type batchSender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// chainJournal is a journal with all rows that its leaf covers.
type chainJournal struct {
	ledger.Journal
	arguments []byte // as stored
	postings  []ledger.Posting
	movements []ledger.Movement
	// problem says what no journal's rows have, such as an empty text where there
	// should be null, which the leaf does not tell apart.
	problem string
}

func (j *chainJournal) leaf(h *ledger.Hasher) ledger.Hash {
	return h.LeafOf(&j.Journal, j.arguments, j.postings, j.movements)
}

func (j *chainJournal) expect(holds bool, problem string) {
	if !holds && j.problem == "" {
		j.problem = problem
	}
}

// readLeaves calls yield with the leaf of each journal after one seq and up to
// another, in order. It returns the first error of yield, and ErrChainBroken when
// a journal is missing or is none that the ledger writes.
func readLeaves(ctx context.Context, from batchSender, book ledger.BookID, after, to int64, yield func(seq int64, leaf ledger.Hash) error) error {
	var hasher ledger.Hasher
	for after < to {
		slice, err := readChain(ctx, from, book, after, min(after+chainJournals, to), nil)
		if err != nil {
			return err
		}
		for i := range slice {
			if err := checkNext(&slice[i], after); err != nil {
				return err
			}
			after = slice[i].Seq
			if err := yield(after, slice[i].leaf(&hasher)); err != nil {
				return err
			}
		}
		if len(slice) == 0 {
			return fmt.Errorf("%w: book %d has no journal of seq %d", ErrChainBroken, book, after+1)
		}
	}
	return nil
}

func checkNext(j *chainJournal, after int64) error {
	if j.Seq != after+1 {
		return fmt.Errorf("%w: book %d has no journal of seq %d", ErrChainBroken, j.Book, after+1)
	}
	if j.problem != "" {
		return fmt.Errorf("%w: book %d, seq %d: %s", ErrChainBroken, j.Book, j.Seq, j.problem)
	}
	return nil
}

// readChain reads the journals after one seq and up to another, as many as there
// are. more may queue what is to be read in the same round trip.
func readChain(ctx context.Context, from batchSender, book ledger.BookID, after, to int64, more func(*pgx.Batch)) ([]chainJournal, error) {
	slice := make([]chainJournal, 0, to-after)
	at := make(map[int64]int, to-after)
	batch := &pgx.Batch{}
	batch.Queue(chainJournalsSQL, book, after, to).Query(each(func(rows pgx.Rows) error {
		j, err := scanChained(rows, book)
		at[j.Seq] = len(slice)
		slice = append(slice, j)
		return err
	}))
	batch.Queue(chainPostingsSQL, book, after, to).Query(each(func(rows pgx.Rows) error {
		var seq int64
		var sameTime bool
		var p ledger.Posting
		if err := rows.Scan(&seq, &sameTime, &p.Line, &p.Debit, &p.Credit, &p.Commodity, &p.Amount,
			&p.DebitVersion, &p.DebitBalance, &p.DebitNet, &p.CreditVersion, &p.CreditBalance, &p.CreditNet); err != nil {
			return err
		}
		if i, found := at[seq]; found {
			slice[i].postings = append(slice[i].postings, p)
			slice[i].expect(sameTime, fmt.Sprintf("posting %d has another posted_at than its journal", p.Line))
		}
		return nil
	}))
	batch.Queue(chainMovementsSQL, book, after, to).Query(each(func(rows pgx.Rows) error {
		var seq int64
		var m ledger.Movement
		var money *string
		if err := rows.Scan(&seq, &m.Line, &m.Lot, &m.Account, &m.Hold, &m.Quantity, &m.Basis, &m.Tax, &money); err != nil {
			return err
		}
		if i, found := at[seq]; found {
			m.Money = ledger.Commodity(canonical(&slice[i], "money of a movement", money))
			slice[i].movements = append(slice[i].movements, m)
		}
		return nil
	}))
	if more != nil {
		more(batch)
	}
	return slice, from.SendBatch(ctx, batch).Close()
}

func scanChained(rows pgx.Rows, book ledger.BookID) (chainJournal, error) {
	j := chainJournal{}
	var effective, posted pgtype.Timestamptz
	var booked pgtype.Date
	var owner, reverses, hold, group *ledger.ID
	var subjectType, subjectID, event *string
	var quantity *int64
	var size *int16
	if err := rows.Scan(&j.ID, &j.Seq, &j.Template, &j.TemplateVersion, &j.Type, &j.arguments, &effective, &booked, &posted,
		&owner, &subjectType, &subjectID, &j.Explanation, &j.InitiatedBy, &reverses, &quantity, &hold, &event, &group, &size); err != nil {
		return j, err
	}
	finite := effective.InfinityModifier == pgtype.Finite && posted.InfinityModifier == pgtype.Finite && booked.InfinityModifier == pgtype.Finite
	j.expect(finite, "a time is infinite")
	j.Book, j.EffectiveAt, j.PostedAt, j.BookedOn = book, effective.Time.UTC(), posted.Time.UTC(), ledger.DateOf(booked.Time)
	j.Wallet = canonical(&j, "wallet_id", owner)
	j.Subject.Type, j.Subject.ID = canonical(&j, "subject_type", subjectType), canonical(&j, "subject_id", subjectID)
	j.Reverses, j.Quantity = canonical(&j, "reverses", reverses), canonical(&j, "reversed_quantity", quantity)
	j.Hold, j.HoldEvent = canonical(&j, "hold_id", hold), ledger.HoldEvent(canonical(&j, "hold_event", event))
	j.Group, j.GroupSize = canonical(&j, "group_id", group), canonical(&j, "group_size", size)
	return j, nil
}

// canonical returns what a column that may be null stands for. What null stands
// for is never stored as itself.
func canonical[T comparable](j *chainJournal, column string, value *T) T {
	var zero T
	if value == nil {
		return zero
	}
	j.expect(*value != zero, column+" is empty instead of null")
	return *value
}
