package postgres_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/postgres"
	"purser/ledger"
)

var chainKey = ed25519.NewKeyFromSeed([]byte("the seed of the key of the tests"))

// chained is a history whose chain has been signed, then went on.
type chained struct {
	*history
	signed int
	as     *pgx.Conn // the role that owns the tables
}

func newChained(t *testing.T) *chained {
	t.Helper()
	c := &chained{history: newHistory(t)}
	var err error
	if c.signed, err = c.db.SignCheckpoints(t.Context(), chainKey, time.Now()); err != nil || c.signed == 0 {
		t.Fatalf("sign: %d, %v", c.signed, err)
	}
	c.write(8)
	if c.as, err = pgx.Connect(t.Context(), c.owner); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.as.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *chained) exec(statement string, args ...any) int64 {
	c.t.Helper()
	tag, err := c.as.Exec(c.t.Context(), statement, args...)
	if err != nil {
		c.t.Fatalf("%s: %v", statement, err)
	}
	return tag.RowsAffected()
}

// books are those that have journals.
func (c *chained) books() []ledger.BookID {
	c.t.Helper()
	rows, err := c.as.Query(c.t.Context(), `SELECT book_id FROM book_heads WHERE seq > 0 ORDER BY book_id`)
	if err != nil {
		c.t.Fatal(err)
	}
	books, err := pgx.CollectRows(rows, pgx.RowTo[ledger.BookID])
	if err != nil || len(books) == 0 {
		c.t.Fatalf("books: %v, %v", books, err)
	}
	return books
}

// verify returns what VerifyChain finds of every book, added up, and the first
// contradiction.
func (c *chained) verify() (sum postgres.ChainCheck) {
	c.t.Helper()
	for book := ledger.BookID(0); book <= 4; book++ {
		check, err := c.db.VerifyChain(c.t.Context(), book, nil)
		if err != nil {
			c.t.Fatal(err)
		}
		sum.Journals, sum.Links = sum.Journals+check.Journals, sum.Links+check.Links
		sum.Checkpoints, sum.Unlinked = sum.Checkpoints+check.Checkpoints, sum.Unlinked+check.Unlinked
		if sum.OK() && !check.OK() {
			sum.Book, sum.Broken, sum.BrokenSeq = book, check.Broken, check.BrokenSeq
		}
	}
	return sum
}

func (c *chained) count(query string) (n int64) {
	c.t.Helper()
	if err := c.as.QueryRow(c.t.Context(), query).Scan(&n); err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestChainOfWhatWasWritten(t *testing.T) {
	t.Parallel()
	c := newChained(t)
	got := c.verify()
	want := postgres.ChainCheck{Journals: c.count(`SELECT count(*) FROM journals`), Links: c.count(`SELECT count(*) FROM batches`), Checkpoints: int64(c.signed)}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var last, end int64
	book := c.books()[len(c.books())-1]
	if _, err := c.db.VerifyChain(t.Context(), book, func(seq, to int64) { last, end = seq, to }); err != nil {
		t.Fatal(err)
	}
	if last == 0 || last != end {
		t.Errorf("progress ended at %d of %d", last, end)
	}
}

func TestChainWhileItGrows(t *testing.T) {
	t.Parallel()
	c := newChained(t)
	var writers sync.WaitGroup
	for range 3 {
		writers.Go(func() { c.write(60) })
	}
	finished := make(chan struct{})
	go func() { writers.Wait(); close(finished) }()
	for running := true; running; {
		select {
		case <-finished:
			running = false // and once more, over all of it
		default:
		}
		if _, err := c.db.SignCheckpoints(t.Context(), chainKey, time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := c.verify(); !got.OK() {
			t.Fatal(got.String())
		}
	}
}

// changedValue gives another value of a column's type, and of null.
var changedValue = map[string]string{
	"integer": "coalesce(COLUMN, 0) + 1", "bigint": "coalesce(COLUMN, 0) + 1000", "smallint": "coalesce(COLUMN, 0) + 1000",
	"uuid": "gen_random_uuid()", "text": "coalesce(COLUMN, '') || 'x'",
	"bytea":                    `coalesce(set_byte(COLUMN, 0, 255 - get_byte(COLUMN, 0)), '\x00')`,
	"timestamp with time zone": "COLUMN + interval '1 microsecond'", "date": "COLUMN + 1",
}

// emptyValue is what null could be changed to and still read as nothing.
var emptyValue = map[string]string{"uuid": "'00000000-0000-0000-0000-000000000000'", "text": "''", "bytea": `''`, "bigint": "0", "smallint": "0"}

// TestEveryChangeOfAChainedColumnIsFound changes one column after another, as
// someone who may do anything would.
func TestEveryChangeOfAChainedColumnIsFound(t *testing.T) {
	t.Parallel()
	c := newChained(t)
	c.exec(`DO $$ DECLARE r record; BEGIN
		FOR r IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
			WHERE contype IN ('c', 'f') AND conrelid <> 0 LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', r.t, r.conname);
		END LOOP; END $$`)
	for _, table := range []struct{ name, row, spared string }{
		{"journals", `reverses IS NOT NULL`, ""},
		{"journals", `template = 'SPEND'`, ""},
		{"postings", `journal_id IN (SELECT journal_id FROM journals WHERE template = 'SPEND')`, ""},
		{"lot_movements", `journal_id IN (SELECT journal_id FROM journals WHERE template = 'SPEND')`, ""},
		{"batches", `last_seq > 1`, ""},
		{"checkpoints", `seq > 0`, ""},
		{"book_heads", `seq > 1`, "book_id last_posted_at closed_through"},
	} {
		c.exec(`DROP TABLE IF EXISTS kept`)
		c.exec(`CREATE TABLE kept AS TABLE ` + table.name)
		rows, err := c.as.Query(t.Context(), `SELECT column_name::text, data_type::text FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`, table.name)
		if err != nil {
			t.Fatal(err)
		}
		type column struct{ Name, Type string }
		columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
		if err != nil || len(columns) == 0 {
			t.Fatalf("columns of %s: %v", table.name, err)
		}
		for _, column := range columns {
			if strings.Contains(table.spared, column.Name) {
				continue
			}
			where := fmt.Sprintf(` WHERE ctid = (SELECT ctid FROM %s WHERE %s LIMIT 1)`, table.name, table.row)
			value := strings.ReplaceAll(changedValue[column.Type], "COLUMN", column.Name)
			if column.Name == "book_id" {
				value = "(SELECT min(book_id) FROM book_heads WHERE seq = 0)"
			}
			c.change(t, table.name, column.Name, value, where)
			if empty, known := emptyValue[column.Type]; known {
				c.change(t, table.name, column.Name, empty, where+" AND "+column.Name+" IS NULL")
			}
		}
	}
}

// change sets one column, expects that to be found, and puts the table back.
func (c *chained) change(t *testing.T, table, column, value, where string) {
	t.Helper()
	changed := c.exec(`UPDATE ` + table + ` SET ` + column + ` = ` + value + where)
	if changed == 0 && !strings.HasSuffix(where, "IS NULL") {
		t.Errorf("%s.%s: no row was changed", table, column)
	}
	if got := c.verify(); got.OK() && changed > 0 {
		t.Errorf("%s.%s = %s is not noticed", table, column, value)
	}
	c.exec(`DELETE FROM ` + table)
	c.exec(`INSERT INTO ` + table + ` SELECT * FROM kept`)
	if got := c.verify(); !got.OK() {
		t.Fatalf("%s.%s was not put back: %s", table, column, got.String())
	}
}

func TestTamperedChainIsBroken(t *testing.T) {
	t.Parallel()
	const someBook = `(SELECT book_id FROM book_heads ORDER BY seq DESC LIMIT 1)`
	for _, c := range []struct{ name, statements, finds string }{
		{"journals_swapped", `
			UPDATE journals SET seq = 1005 - seq WHERE book_id = ` + someBook + ` AND seq IN (2, 3);
			UPDATE journals SET seq = seq - 1000 WHERE seq > 1000`, "do not hash to the root"},
		{"journal_deleted", `DELETE FROM journals WHERE seq = 2`, "the journal is missing"},
		{
			"journal_added", `
			INSERT INTO journals (book_id, journal_id, seq, template, template_version, type, arguments, effective_at, booked_on, posted_at, initiated_by)
			SELECT book_id, gen_random_uuid(), h.seq + 1, 'X', 1, 'X', '\x01', now(), now()::date, now(), 'x' FROM book_heads h WHERE book_id = ` + someBook,
			"the last journal has seq",
		},
		{"posting_added", `
			INSERT INTO postings (book_id, journal_id, line, debit_account, credit_account, commodity, amount, posted_at, debit_version, debit_balance, credit_version, credit_balance)
			SELECT book_id, journal_id, 99, debit_account, credit_account, commodity, 1, posted_at, 1, 1, 1, 1 FROM postings LIMIT 1`, "do not hash to the root"},
		{"posting_of_no_journal", `
			INSERT INTO postings (book_id, journal_id, line, debit_account, credit_account, commodity, amount, posted_at, debit_version, debit_balance, credit_version, credit_balance)
			SELECT book_id, gen_random_uuid(), 1, debit_account, credit_account, commodity, 1, posted_at, 1, 1, 1, 1 FROM postings LIMIT 1`, "which does not exist"},
		{"movement_of_no_journal", `
			INSERT INTO lot_movements (book_id, journal_id, line, lot_id, account_id, quantity, basis)
			SELECT book_id, gen_random_uuid(), 1, lot_id, account_id, 1, 0 FROM lot_movements LIMIT 1`, "which does not exist"},
		{"last_batch_deleted", `DELETE FROM checkpoints; DELETE FROM batches b USING book_heads h WHERE b.book_id = h.book_id AND b.last_seq = h.seq`, "the links those to seq"},
		{"batch_in_the_middle_deleted", `DELETE FROM batches WHERE last_seq = 2`, "its batch begins at seq"},
		{"head_changed", `UPDATE book_heads SET hash = sha256(hash) WHERE hash IS NOT NULL`, "the head's hash is not that of the last link"},
		{"root_changed", `UPDATE batches SET root = sha256(root)`, "do not hash to the root"},
		{"link_changed", `UPDATE batches SET hash = sha256(hash)`, "does not follow from its root"},
		{"checkpoint_forged", `UPDATE checkpoints SET signed_at = signed_at + interval '1 day'`, "the signature of the checkpoint"},
		{
			"cut_off_before_the_last_checkpoint", `
			DELETE FROM journals WHERE seq > 1; DELETE FROM batches WHERE last_seq > 1;
			DELETE FROM postings p WHERE NOT EXISTS (SELECT FROM journals j WHERE j.journal_id = p.journal_id);
			DELETE FROM lot_movements m WHERE NOT EXISTS (SELECT FROM journals j WHERE j.journal_id = m.journal_id);
			UPDATE book_heads h SET seq = 1, hashed_seq = 1, hash = (SELECT b.hash FROM batches b WHERE b.book_id = h.book_id AND b.last_seq = 1) WHERE seq > 1`,
			"was signed, and the chain now ends",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newChained(t)
			h.exec(c.statements)
			if got := h.verify(); !strings.Contains(got.Broken, c.finds) {
				t.Errorf("got %+v, want %q", got, c.finds)
			}
		})
	}
}
