package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// scanLimited reads accounts as scanAccounts does, each as often as it has limits
// and at least once.
func (l *loader) scanLimited(rows pgx.Rows) error {
	for rows.Next() {
		account := &ledger.AccountState{}
		var owner *ledger.ID
		var window, maximum, used *int64
		var start *time.Time
		a, b := &account.Account, &account.Balance
		err := rows.Scan(&a.ID, &a.Code, &a.Class, &a.Commodity, &owner, &b.Debits, &b.Credits, &b.Version, &b.Status, &window, &maximum, &start, &used)
		if err != nil {
			return err
		}
		a.Owner = orZero(owner)
		if known := l.state.Accounts[a.ID]; known != nil {
			account = known
		}
		l.state.Accounts[a.ID] = account
		if window != nil {
			account.Limits = append(account.Limits, limit(*window, maximum, orZero(start), orZero(used)))
		}
	}
	return rows.Err()
}

// limit reads a limit without a maximum as one that is lifted.
func limit(window int64, maximum *int64, start time.Time, used int64) ledger.Limit {
	limit := ledger.Limit{Window: time.Duration(window) * time.Second, Maximum: -1, WindowStart: start, Used: used}
	if maximum != nil {
		limit.Maximum = *maximum
	}
	return limit
}

func saveLimits(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.Limits)
	if n == 0 {
		return
	}
	accounts, windows, maxima := make([]ledger.ID, n), make([]int64, n), make([]*int64, n)
	starts, used := make([]time.Time, n), make([]int64, n)
	for i := range w.Limits {
		change := &w.Limits[i]
		accounts[i], windows[i], starts[i], used[i] = change.Account, int64(change.Window/time.Second), change.WindowStart, change.Used
		if change.Maximum >= 0 {
			maxima[i] = &change.Maximum
		}
	}
	batch.Queue(`-- name: account_limits_write
		INSERT INTO account_limits AS l (book_id, account_id, window_seconds, maximum, window_start, used)
		SELECT $1::integer, n.* FROM unnest($2::uuid[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::bigint[]) AS n
		ON CONFLICT ON CONSTRAINT account_limits_pkey DO UPDATE SET
			maximum = excluded.maximum, window_start = excluded.window_start, used = excluded.used`,
		w.Book, accounts, windows, maxima, starts, used)
}
