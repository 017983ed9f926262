package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"purser/internal/pgtest"
)

// TestServersBeforeBackDating writes days as a server does that is older than the
// migration: all of them. What was booked on another day than it was posted on is then
// in the new server's table too.
func TestServersBeforeBackDating(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), database.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	id := newID()
	for _, amounts := range [][2]int64{{3, 0}, {4, 5}} {
		err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE book_heads SET seq = seq + 1, last_posted_at = '2031-03-05 23:59:59.999999+00' WHERE book_id = 1`); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `INSERT INTO account_days AS d (book_id, account_id, booked_on, debits, credits)
				SELECT 1, $1, n.* FROM unnest('{2031-03-04,2031-03-05}'::date[], ARRAY[$2, $2]::bigint[], ARRAY[$3, $3]::bigint[]) AS n
				ON CONFLICT ON CONSTRAINT account_days_pkey DO UPDATE SET debits = d.debits + excluded.debits, credits = d.credits + excluded.credits`,
				id, amounts[0], amounts[1])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var rows, debits, credits int64
	err = conn.QueryRow(t.Context(), `SELECT count(*), sum(debits), sum(credits) FROM account_back_dated
		WHERE book_id = 1 AND account_id = $1 AND posted_on = '2031-03-05' AND booked_on = '2031-03-04'`, id).Scan(&rows, &debits, &credits)
	if err != nil || rows != 1 || debits != 7 || credits != 5 {
		t.Errorf("back-dated: %d rows with %d/%d, %v; want one with 7/5", rows, debits, credits, err)
	}
}
