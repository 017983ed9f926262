package postgres_test

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// dumper reads everything that one book holds.
type dumper struct {
	book  ledger.BookID
	batch pgx.Batch
	into  ledgertest.Snapshot
}

// dump reads a book in one snapshot. It has statements of its own, so that a
// mistake in the product's is not made twice.
func dump(ctx context.Context, pool *pgxpool.Pool, book ledger.BookID) (ledgertest.Snapshot, error) {
	d := &dumper{book: book, into: ledgertest.Snapshot{Book: book}}
	d.batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	d.head()
	d.journals()
	d.postings()
	d.lots()
	d.days()
	d.keys()
	d.gates()
	d.holds()
	d.limitsAndPeriods()
	d.chain()
	d.batch.Queue("COMMIT")
	err := pool.SendBatch(ctx, &d.batch).Close()
	return d.into, err
}

// rows queues a statement on the book and reads each of its rows.
func (d *dumper) rows(sql string, scan func(pgx.Rows) error) {
	d.batch.Queue(sql, d.book).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

func (d *dumper) head() {
	d.rows(`SELECT seq, nullif(last_posted_at, '1970-01-01 00:00:00+00'), hash, closed_through FROM book_heads WHERE book_id = $1`, func(rows pgx.Rows) error {
		var last, closed *time.Time
		var hash []byte
		err := rows.Scan(&d.into.Seq, &last, &hash, &closed)
		copy(d.into.Hash[:], hash)
		if closed != nil {
			d.into.ClosedThrough = ledger.DateOf(*closed)
		}
		if last != nil {
			d.into.LastPostedAt = *last
		}
		return err
	})
	d.rows(`SELECT a.account_id, a.code, a.class, a.commodity, coalesce(a.owner_id, '00000000-0000-0000-0000-000000000000'), b.debits, b.credits, b.version, b.status
		FROM accounts a JOIN account_balances b USING (book_id, account_id) WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.AccountState
		a, b := &row.Account, &row.Balance
		err := rows.Scan(&a.ID, &a.Code, &a.Class, &a.Commodity, &a.Owner, &b.Debits, &b.Credits, &b.Version, &b.Status)
		d.into.Accounts = append(d.into.Accounts, row)
		return err
	})
}

func (d *dumper) journals() {
	d.rows(`SELECT journal_id, seq, template, template_version, type, arguments, effective_at, booked_on, posted_at,
			coalesce(wallet_id, '00000000-0000-0000-0000-000000000000'), coalesce(subject_type, ''), coalesce(subject_id, ''), explanation, initiated_by,
			coalesce(reverses, '00000000-0000-0000-0000-000000000000'), coalesce(reversed_quantity, 0),
			coalesce(hold_id, '00000000-0000-0000-0000-000000000000'), coalesce(hold_event, ''),
			coalesce(group_id, '00000000-0000-0000-0000-000000000000'), coalesce(group_size, 0)
		FROM journals WHERE book_id = $1 ORDER BY seq`, func(rows pgx.Rows) error {
		row := ledger.Journal{Book: d.book}
		var arguments []byte
		var booked time.Time
		err := rows.Scan(&row.ID, &row.Seq, &row.Template, &row.TemplateVersion, &row.Type, &arguments, &row.EffectiveAt, &booked, &row.PostedAt,
			&row.Wallet, &row.Subject.Type, &row.Subject.ID, &row.Explanation, &row.InitiatedBy, &row.Reverses, &row.Quantity, &row.Hold, &row.HoldEvent, &row.Group, &row.GroupSize)
		if err != nil {
			return err
		}
		row.BookedOn = ledger.DateOf(booked)
		row.Arguments, err = ledger.DecodeArguments(arguments)
		d.into.Journals = append(d.into.Journals, row)
		return err
	})
}

func (d *dumper) postings() {
	d.rows(`SELECT journal_id, line, debit_account, credit_account, commodity, amount, debit_version, debit_balance, debit_net,
			credit_version, credit_balance, credit_net
		FROM postings WHERE book_id = $1 ORDER BY journal_id, line`, func(rows pgx.Rows) error {
		var row ledger.JournalPosting
		err := rows.Scan(&row.Journal, &row.Line, &row.Debit, &row.Credit, &row.Commodity, &row.Amount,
			&row.DebitVersion, &row.DebitBalance, &row.DebitNet, &row.CreditVersion, &row.CreditBalance, &row.CreditNet)
		d.into.Postings = append(d.into.Postings, row)
		return err
	})
	d.rows(`SELECT journal_id, line, lot_id, account_id, hold_id, quantity, basis, tax, coalesce(money, '') FROM lot_movements WHERE book_id = $1 ORDER BY journal_id, line`, func(rows pgx.Rows) error {
		var row ledger.JournalMovement
		err := rows.Scan(&row.Journal, &row.Line, &row.Lot, &row.Account, &row.Hold, &row.Quantity, &row.Basis, &row.Tax, &row.Money)
		d.into.Movements = append(d.into.Movements, row)
		return err
	})
}

func (d *dumper) lots() {
	d.rows(`SELECT lot_id, wallet_id, origin, granted, remaining, expires_at, priority, coalesce(money, ''), basis_minor, basis_remaining, jurisdiction,
			tax_minor, tax_remaining, coalesce(root_id, '00000000-0000-0000-0000-000000000000'), grace_until
		FROM lots WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.Lot
		var expires pgtype.Timestamptz
		var grace *time.Time
		err := rows.Scan(&row.ID, &row.Wallet, &row.Origin, &row.Granted, &row.Remaining, &expires, &row.Priority, &row.Money,
			&row.Basis, &row.BasisRemaining, &row.Jurisdiction, &row.Tax, &row.TaxRemaining, &row.Root, &grace)
		if grace != nil {
			row.GraceUntil = *grace
		}
		if expires.InfinityModifier == pgtype.Finite {
			row.ExpiresAt = expires.Time
		}
		d.into.Lots = append(d.into.Lots, row)
		return err
	})
	d.rows(`SELECT lot_id, account_id, hold_id, quantity FROM lot_places WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.Place
		err := rows.Scan(&row.Lot, &row.Account, &row.Hold, &row.Quantity)
		d.into.Places = append(d.into.Places, row)
		return err
	})
}

func (d *dumper) days() {
	d.rows(`SELECT account_id, posted_on, booked_on, debits, credits FROM account_back_dated WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.BackDated
		var posted, booked time.Time
		err := rows.Scan(&row.Account, &posted, &booked, &row.Debits, &row.Credits)
		row.PostedOn, row.BookedOn = ledger.DateOf(posted), ledger.DateOf(booked)
		d.into.BackDated = append(d.into.BackDated, row)
		return err
	})
	d.rows(`SELECT class, commodity, booked_on, debits, credits FROM trial_days WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.TrialDelta
		var day time.Time
		err := rows.Scan(&row.Class, &row.Commodity, &day, &row.Debits, &row.Credits)
		row.Day = ledger.DateOf(day)
		d.into.Trial = append(d.into.Trial, row)
		return err
	})
}

func (d *dumper) keys() {
	d.rows(`SELECT principal, mutation, owner_id, key, fingerprint, command_id, coalesce(seq, 0), refusal, facts
		FROM idempotency_keys WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.KeyRow
		var fingerprint, facts []byte
		var refusal *string
		scope := &row.Key.Scope
		err := rows.Scan(&scope.Principal, &scope.Mutation, &scope.Owner, &row.Key.Key, &fingerprint, &row.Stored.Command, &row.Stored.Seq, &refusal, &facts)
		if err != nil {
			return err
		}
		copy(row.Stored.Fingerprint[:], fingerprint)
		if refusal != nil {
			row.Stored.Refusal, err = ledger.DecodeRefusal(*refusal, facts)
		}
		d.into.Keys = append(d.into.Keys, row)
		return err
	})
	d.rows(`SELECT once_key, journal_id FROM once_keys WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.OnceRow
		err := rows.Scan(&row.Once, &row.Journal)
		d.into.Once = append(d.into.Once, row)
		return err
	})
}

func (d *dumper) gates() {
	d.rows(`SELECT gate_id, version, journal_id FROM ledgertest_gates WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledgertest.Gate
		err := rows.Scan(&row.ID, &row.Version, &row.Journal)
		d.into.Gates = append(d.into.Gates, row)
		return err
	})
}

func (d *dumper) holds() {
	d.rows(`SELECT hold_id, wallet_id, account_id, held_account_id, purpose, coalesce(subject_type, ''), coalesce(subject_id, ''), reserved, captured,
			released, status, opened_at, expires_at, closed_at
		FROM holds WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.Hold
		var expires pgtype.Timestamptz
		var closed *time.Time
		err := rows.Scan(&row.ID, &row.Wallet, &row.Account, &row.Held, &row.Purpose, &row.Subject.Type, &row.Subject.ID, &row.Reserved, &row.Captured,
			&row.Released, &row.Status, &row.OpenedAt, &expires, &closed)
		if expires.InfinityModifier == pgtype.Finite {
			row.ExpiresAt = expires.Time
		}
		if closed != nil {
			row.ClosedAt = *closed
		}
		d.into.Holds = append(d.into.Holds, row)
		return err
	})
}

func (d *dumper) limitsAndPeriods() {
	d.rows(`SELECT account_id, window_seconds::bigint, coalesce(maximum, -1), window_start, used FROM account_limits WHERE book_id = $1`, func(rows pgx.Rows) error {
		var row ledger.LimitChange
		var window int64
		err := rows.Scan(&row.Account, &window, &row.Maximum, &row.WindowStart, &row.Used)
		row.Window = time.Duration(window) * time.Second
		d.into.Limits = append(d.into.Limits, row)
		return err
	})
	d.rows(`SELECT seq, period, event, journal_id FROM book_periods WHERE book_id = $1 ORDER BY seq`, func(rows pgx.Rows) error {
		var row ledger.PeriodChange
		var first time.Time
		err := rows.Scan(&row.Seq, &first, &row.Event, &row.Journal)
		row.Period = ledger.PeriodOf(ledger.DateOf(first))
		d.into.Periods = append(d.into.Periods, row)
		return err
	})
}

func (d *dumper) chain() {
	d.rows(`SELECT last_seq, root, hash FROM batches WHERE book_id = $1 AND root IS NOT NULL ORDER BY last_seq`, func(rows pgx.Rows) error {
		var row ledgertest.Link
		var root, hash []byte
		err := rows.Scan(&row.LastSeq, &root, &hash)
		copy(row.Root[:], root)
		copy(row.Hash[:], hash)
		d.into.Links = append(d.into.Links, row)
		return err
	})
}
