package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// verifyRows is how many moving rows one statement compares.
const verifyRows = 5000

// compareBatches checks that posting times increase from batch to batch and
// that batches cover the journals without a gap.
func (v *verifier) compareBatches(ctx context.Context) error {
	var last int64
	var posted time.Time
	for {
		rows, err := v.db.read.Query(ctx, `-- name: verify_batches
			SELECT first_seq, last_seq, posted_at FROM batches
			WHERE book_id = $1 AND last_seq > $2 AND last_seq <= $3 ORDER BY last_seq LIMIT $4`, v.book, last, v.state.Seq, verifyRows)
		if err != nil {
			return err
		}
		seen := 0
		for ; rows.Next(); seen++ {
			var first, end int64
			var at time.Time
			if err := rows.Scan(&first, &end, &at); err != nil {
				rows.Close()
				return err
			}
			v.found.expect(first == last+1, "I18", "book %d: the batch of seq %d follows one that ended with seq %d", v.book, first, last)
			v.found.expect(at.After(posted), "I18", "book %d: the batch of seq %d to %d was posted no later than its predecessor", v.book, first, end)
			last, posted = end, at
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if seen < verifyRows {
			v.found.expect(last == v.state.Seq, "I18", "book %d: batches end with seq %d, journals with %d", v.book, last, v.state.Seq)
			return nil
		}
	}
}

// storedRange reads one range of moving rows. It returns the head seq of the
// statement's snapshot and how many rows there were; compare runs once the
// replay has reached that seq.
type storedRange func(ctx context.Context) (seq int64, compare []func(), err error)

// compareRanges walks ranges until one is not full. What it compares belongs to
// the very seq the replay then stands at. Rows may appear behind the walk, but
// the expected ones, which the replay had made before it, must all be met.
func (v *verifier) compareRanges(ctx context.Context, what string, expected int, next storedRange) error {
	met := 0
	for {
		seq, compare, err := next(ctx)
		if err != nil {
			return err
		}
		if len(compare) > 0 {
			if err := v.replayTo(ctx, seq); err != nil {
				return err
			}
		}
		for _, check := range compare {
			check()
		}
		if met += len(compare); len(compare) < verifyRows {
			v.found.expect(met >= expected, "I22", "book %d: %d %s are stored, the journals make %d", v.book, met, what, expected)
			return nil
		}
	}
}

func (v *verifier) compareBalances(ctx context.Context) error {
	var after ledger.ID
	return v.compareRanges(ctx, "account balances", len(v.accounts), func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_balances
			SELECT h.seq, b.account_id, a.code, a.class, b.debits, b.credits, b.version, b.status, coalesce(p.placed, 0)::bigint
			FROM book_heads h
			JOIN account_balances b ON b.book_id = h.book_id
			JOIN accounts a ON a.book_id = b.book_id AND a.account_id = b.account_id
			LEFT JOIN (
				SELECT account_id, sum(quantity) AS placed FROM lot_places WHERE book_id = $1 AND account_id > $2 GROUP BY account_id
			) p ON p.account_id = b.account_id
			WHERE h.book_id = $1 AND b.account_id > $2
			ORDER BY b.account_id LIMIT $3`, v.book, after, verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			row := balanceRow{}
			if err := rows.Scan(&seq, &row.id, &row.code, &row.class, &row.Debits, &row.Credits, &row.Version, &row.Status, &row.placed); err != nil {
				return 0, nil, err
			}
			after = row.id
			compare = append(compare, func() { v.compareBalance(row) })
		}
		return seq, compare, rows.Err()
	})
}

type balanceRow struct {
	id          ledger.ID
	code, class string
	placed      int64
	ledger.Balance
}

func (v *verifier) compareBalance(row balanceRow) {
	class, known := v.rules.Class(row.class)
	v.found.expect(known, "I22", "book %d: account %s is of no class in the chart", v.book, row.code)
	sum := v.account(row.id)
	v.found.expect(row.Debits == sum.debits && row.Credits == sum.credits && row.Version == sum.version, "I2",
		"book %d: %s stands at debits %d, credits %d, version %d; its postings make %d, %d, %d",
		v.book, row.code, row.Debits, row.Credits, row.Version, sum.debits, sum.credits, sum.version)
	v.found.expect(row.Debits >= 0 && row.Credits >= 0 && row.Version >= 0, "I3", "book %d: %s has a negative counter", v.book, row.code)
	v.found.expect(!class.Floored || row.On(class.Normal) >= 0, "I5", "book %d: %s stands at %d", v.book, row.code, row.On(class.Normal))
	if class.TracksLots {
		v.found.expect(row.placed == row.On(class.Normal), "I9", "book %d: lots place %d in %s, which stands at %d", v.book, row.placed, row.code, row.On(class.Normal))
	}
	if folded, ok := v.state.Accounts[row.id]; ok && !v.broken {
		v.found.expect(folded.Balance.Status == row.Status, "I22", "book %d: %s is %s, its journals make it %s", v.book, row.code, row.Status, folded.Balance.Status)
	}
}

func (v *verifier) compareLots(ctx context.Context) error {
	var after ledger.ID
	return v.compareRanges(ctx, "lots", len(v.lots), func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_lots
			SELECT h.seq, l.lot_id, l.granted, l.remaining, l.basis_remaining
			FROM book_heads h JOIN lots l ON l.book_id = h.book_id
			WHERE h.book_id = $1 AND l.lot_id > $2 ORDER BY l.lot_id LIMIT $3`, v.book, after, verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var lot ledger.ID
			var granted, remaining, basis int64
			if err := rows.Scan(&seq, &lot, &granted, &remaining, &basis); err != nil {
				return 0, nil, err
			}
			after = lot
			compare = append(compare, func() {
				v.found.expect(remaining >= 0 && remaining <= granted, "I9", "book %d: lot %s has %d of %d left", v.book, lot, remaining, granted)
				sum := v.lots[lot]
				v.found.expect(sum != nil && sum.remaining == remaining && sum.basis == basis, "I9",
					"book %d: lot %s has %d units and basis %d left, its movements make otherwise", v.book, lot, remaining, basis)
			})
		}
		return seq, compare, rows.Err()
	})
}

// comparePlaces compares where units are with where movements put them; with
// compareLots that makes the places of a lot add up to what is left of it.
func (v *verifier) comparePlaces(ctx context.Context) error {
	var account, lot ledger.ID
	places := 0
	for _, sum := range v.lots {
		places += len(sum.places)
	}
	return v.compareRanges(ctx, "lot places", places, func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_lot_places
			SELECT h.seq, p.account_id, p.lot_id, p.quantity
			FROM book_heads h JOIN lot_places p ON p.book_id = h.book_id
			WHERE h.book_id = $1 AND (p.account_id, p.lot_id) > ($2, $3) ORDER BY p.account_id, p.lot_id LIMIT $4`, v.book, account, lot, verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var quantity int64
			if err := rows.Scan(&seq, &account, &lot, &quantity); err != nil {
				return 0, nil, err
			}
			inAccount, ofLot := account, lot
			compare = append(compare, func() {
				sum := v.lots[ofLot]
				v.found.expect(sum != nil && sum.places[inAccount] == quantity, "I9", "book %d: %d units of lot %s are placed in %s, its movements make otherwise",
					v.book, quantity, ofLot, v.account(inAccount).code)
			})
		}
		return seq, compare, rows.Err()
	})
}

func (v *verifier) compareDays(ctx context.Context) error {
	key := dayOf{day: ledger.DateOf(time.Unix(0, 0))}
	return v.compareRanges(ctx, "account days", len(v.days), func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_account_days
			SELECT h.seq, d.account_id, d.booked_on, d.debits, d.credits
			FROM book_heads h JOIN account_days d ON d.book_id = h.book_id
			WHERE h.book_id = $1 AND (d.account_id, d.booked_on) > ($2, $3) ORDER BY d.account_id, d.booked_on LIMIT $4`,
			v.book, key.account, key.day.Time(), verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var account ledger.ID
			var day time.Time
			var got counters
			if err := rows.Scan(&seq, &account, &day, &got.plus, &got.minus); err != nil {
				return 0, nil, err
			}
			key = dayOf{account, ledger.DateOf(day)}
			this := key
			compare = append(compare, func() {
				v.found.expect(v.days[this] == got, "I22", "book %d: %s on %s has debits %d and credits %d, its postings make %d and %d",
					v.book, v.account(account).code, day.Format(time.DateOnly), got.plus, got.minus, v.days[this].plus, v.days[this].minus)
			})
		}
		return seq, compare, rows.Err()
	})
}

func (v *verifier) compareTrial(ctx context.Context) error {
	rows, err := v.db.read.Query(ctx, `-- name: verify_trial_days
		SELECT h.seq, d.booked_on, d.class, d.commodity, d.debits, d.credits
		FROM book_heads h JOIN trial_days d ON d.book_id = h.book_id
		WHERE h.book_id = $1 ORDER BY d.booked_on, d.class, d.commodity`, v.book)
	if err != nil {
		return err
	}
	defer rows.Close()
	var seq int64
	stored := map[trialOf]counters{}
	for rows.Next() {
		var line trialOf
		var day time.Time
		var got counters
		if err := rows.Scan(&seq, &day, &line.class, &line.commodity, &got.plus, &got.minus); err != nil {
			return err
		}
		line.day = ledger.DateOf(day)
		stored[line] = got
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := v.replayTo(ctx, seq); err != nil {
		return err
	}
	for line, want := range v.trial {
		v.found.expect(stored[line] == want || v.broken, "I22", "book %d: the trial balance of %s %s on %s has debits %d and credits %d, the postings make %d and %d",
			v.book, line.class, line.commodity, line.day.Time().Format(time.DateOnly), stored[line].plus, stored[line].minus, want.plus, want.minus)
	}
	v.found.expect(len(stored) == len(v.trial) || v.broken, "I22", "book %d: %d lines of trial balance days are stored, the postings make %d", v.book, len(stored), len(v.trial))
	return nil
}

func (v *verifier) compareSpend(ctx context.Context) error {
	last := spendOf{}
	bucket := time.Unix(0, 0)
	return v.compareRanges(ctx, "buckets of wallet spend", len(v.spend), func(ctx context.Context) (seq int64, compare []func(), err error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_wallet_spend
			SELECT h.seq, s.wallet_id, s.bucket_at, s.product, s.initiated_by, s.consumed, s.returned
			FROM book_heads h JOIN wallet_spend s ON s.book_id = h.book_id
			WHERE h.book_id = $1 AND (s.wallet_id, s.bucket_at, s.product, s.initiated_by) > ($2, $3, $4, $5)
			ORDER BY s.wallet_id, s.bucket_at, s.product, s.initiated_by LIMIT $6`,
			v.book, last.wallet, bucket, last.product, last.initiatedBy, verifyRows)
		if err != nil {
			return 0, nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var got counters
			if err := rows.Scan(&seq, &last.wallet, &bucket, &last.product, &last.initiatedBy, &got.plus, &got.minus); err != nil {
				return 0, nil, err
			}
			last.bucket = bucket.UnixMicro()
			this := last
			compare = append(compare, func() {
				v.found.expect(v.spend[this] == got || v.broken, "I22", "book %d: wallet %s has spent %d and got back %d in the bucket of %s, its postings make %d and %d",
					v.book, this.wallet, got.plus, got.minus, time.UnixMicro(this.bucket).UTC().Format(time.RFC3339), v.spend[this].plus, v.spend[this].minus)
			})
		}
		return seq, compare, rows.Err()
	})
}

// compareKeys checks that each stored outcome is the journal's, or decodes as a
// refusal, and that each once key names a journal.
func (v *verifier) compareKeys(ctx context.Context) error {
	batch := &pgx.Batch{}
	v.queueKeys(batch)
	batch.Queue(`-- name: verify_once
		SELECT o.once_key, o.journal_id FROM once_keys o
		LEFT JOIN journals j ON j.book_id = o.book_id AND j.journal_id = o.journal_id
		WHERE o.book_id = $1 AND j.journal_id IS NULL LIMIT 1`, v.book).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var once string
			var journal ledger.ID
			if err := rows.Scan(&once, &journal); err != nil {
				return err
			}
			v.found.expect(false, "I12", "book %d: once key %s names journal %s, which is not there", v.book, once, journal)
		}
		return rows.Err()
	})
	return v.db.read.SendBatch(ctx, batch).Close()
}

func (v *verifier) queueKeys(batch *pgx.Batch) {
	batch.Queue(`-- name: verify_keys
		SELECT k.key, k.command_id, coalesce(k.seq, 0), coalesce(j.seq, 0)
		FROM idempotency_keys k LEFT JOIN journals j ON j.book_id = k.book_id AND j.journal_id = k.command_id
		WHERE k.book_id = $1 AND k.seq IS DISTINCT FROM j.seq LIMIT 1`, v.book).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var key string
			var command ledger.ID
			var stored, actual int64
			if err := rows.Scan(&key, &command, &stored, &actual); err != nil {
				return err
			}
			v.found.expect(false, "I12", "book %d: key %s says seq %d for command %s, its journal has seq %d", v.book, key, stored, command, actual)
		}
		return rows.Err()
	})
	batch.Queue(`-- name: verify_refusals
		SELECT DISTINCT refusal, facts FROM idempotency_keys WHERE book_id = $1 AND refusal IS NOT NULL LIMIT 10000`, v.book).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var refusal string
			var facts []byte
			if err := rows.Scan(&refusal, &facts); err != nil {
				return err
			}
			_, err := ledger.DecodeRefusal(refusal, facts)
			v.found.expect(err == nil, "I12", "book %d: a stored refusal %s cannot be told again: %v", v.book, refusal, err)
		}
		return rows.Err()
	})
}
