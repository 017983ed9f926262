package postgres

import (
	"context"
	"fmt"
	"slices"

	"purser/ledger"
)

// Check is the result of one invariant of ledger/doc.go.
type Check struct {
	Invariant string // "I1"
	Title     string
	OK        bool
	// Counterexample is the first thing found that contradicts the invariant.
	Counterexample string
	// Note says why the invariant was not checked here; OK is then meaningless.
	Note string
}

const (
	notBuilt  = "not built yet"
	testsOnly = "tested, not checkable from rows"
)

// invariants lists what Verify reports, in order. Those with a note have no
// subject in the database yet, or none at all.
var invariants = []Check{
	{Invariant: "I1", Title: "debits equal credits, per book and commodity"},
	{Invariant: "I2", Title: "an account's counters are the sums of its postings"},
	{Invariant: "I3", Title: "counters are not negative and only grow"},
	{Invariant: "I4", Title: "an account's versions are dense, and each balance follows from the one before"},
	{Invariant: "I5", Title: "no floored account is below its floor"},
	{Invariant: "I6", Title: "open holds equal the balance of their account", Note: notBuilt},
	{Invariant: "I7", Title: "a hold captures and releases at most what it reserved", Note: notBuilt},
	{Invariant: "I8", Title: "an expired hold is never captured", Note: notBuilt},
	{Invariant: "I9", Title: "lot places add up to lots and to accounts"},
	{Invariant: "I10", Title: "units leave in spend order, never from an expired lot"},
	{Invariant: "I11", Title: "a reversal restores exactly the lots taken"},
	{Invariant: "I12", Title: "a key's stored outcome is the ledger's"},
	{Invariant: "I13", Title: "a refusal leaves the state as it was", Note: testsOnly},
	{Invariant: "I14", Title: "a batch equals its commands one by one", Note: testsOnly},
	{Invariant: "I15", Title: "concurrent outcomes fit a serial order", Note: testsOnly},
	{Invariant: "I16", Title: "exactly once after an ambiguous commit", Note: testsOnly},
	{Invariant: "I17", Title: "reversals add up to at most the original"},
	{Invariant: "I18", Title: "seq is dense, and posting times follow it"},
	{Invariant: "I19", Title: "paging under writes neither repeats nor misses", Note: testsOnly},
	{Invariant: "I20", Title: "nothing is booked in a closed period", Note: notBuilt},
	{Invariant: "I21", Title: "the hash chain recomputes from the rows", Note: notBuilt},
	{Invariant: "I22", Title: "every projection re-derives from the postings"},
	{Invariant: "I23", Title: "no caller reaches another owner's data", Note: testsOnly},
	{Invariant: "I24", Title: "overflow is an error, never a wrap", Note: testsOnly},
	{Invariant: "I25", Title: "a dry run writes nothing", Note: notBuilt},
	{Invariant: "I26", Title: "an instant filters the same in any time zone", Note: testsOnly},
	{Invariant: "I27", Title: "a linked group is all or none", Note: notBuilt},
	{Invariant: "I28", Title: "the same key twice in a batch has one effect", Note: testsOnly},
	{Invariant: "I29", Title: "basis remaining equals deferred revenue, per money"},
	{Invariant: "I30", Title: "issued equals wallets, escrow and everything that left them"},
	{Invariant: "I31", Title: "analytics spend less credits equals the ledger, per campaign and day"},
}

// Verify checks every live invariant while traffic runs: it replays each book's
// journals through the fold and compares them with what is stored, and compares
// the rows that move, a range at a time, each range in one statement together
// with the head it belongs to. No statement holds a snapshot for more than the
// connection's statement timeout. It returns one Check per invariant, and an
// error only when the database could not be read.
func (db *DB) Verify(ctx context.Context, rules *ledger.Rules) ([]Check, error) {
	found := &findings{first: map[string]string{}}
	if err := db.verifySums(ctx, found); err != nil {
		return nil, fmt.Errorf("verify sums: %w", readError(err))
	}
	books, err := db.bookIDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", readError(err))
	}
	for _, book := range books {
		v := newVerifier(db, rules, book, found)
		if err := v.run(ctx); err != nil {
			return nil, fmt.Errorf("verify book %d: %w", book, readError(err))
		}
	}
	checks := slices.Clone(invariants)
	for i := range checks {
		checks[i].Counterexample = found.first[checks[i].Invariant]
		checks[i].OK = checks[i].Counterexample == ""
	}
	return checks, nil
}

func (db *DB) bookIDs(ctx context.Context) ([]ledger.BookID, error) {
	rows, err := db.read.Query(ctx, `-- name: verify_books
		SELECT book_id FROM book_heads ORDER BY book_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var books []ledger.BookID
	for rows.Next() {
		var book ledger.BookID
		if err := rows.Scan(&book); err != nil {
			return nil, err
		}
		books = append(books, book)
	}
	return books, rows.Err()
}

// findings keeps the first counterexample of each invariant.
type findings struct{ first map[string]string }

// expect records a counterexample unless the condition holds.
func (f *findings) expect(holds bool, invariant, format string, args ...any) {
	if _, known := f.first[invariant]; !holds && !known {
		f.first[invariant] = fmt.Sprintf(format, args...)
	}
}

// verifySums checks what one statement over all books can: sums that must agree
// in any snapshot.
func (db *DB) verifySums(ctx context.Context, found *findings) error {
	for _, sum := range verifySumStatements {
		rows, err := db.read.Query(ctx, sum.statement)
		if err != nil {
			return err
		}
		for rows.Next() {
			var book ledger.BookID
			var commodity string
			var left, right int64
			if err := rows.Scan(&book, &commodity, &left, &right); err != nil {
				rows.Close()
				return err
			}
			found.expect(left == right, sum.invariant, "book %d, %s: %s %d, %s %d", book, commodity, sum.left, left, sum.right, right)
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

var verifySumStatements = []struct{ invariant, left, right, statement string }{
	{"I1", "debits", "credits", `-- name: verify_balanced
		SELECT b.book_id, a.commodity, sum(b.debits)::bigint, sum(b.credits)::bigint
		FROM account_balances b JOIN accounts a ON a.book_id = b.book_id AND a.account_id = b.account_id
		GROUP BY b.book_id, a.commodity ORDER BY b.book_id, a.commodity`},
	{"I29", "basis remaining in lots", "balance of 2000", `-- name: verify_deferred
		SELECT coalesce(l.book_id, d.book_id), coalesce(l.money, d.commodity), coalesce(l.basis, 0), coalesce(d.balance, 0)
		FROM (SELECT book_id, money, sum(basis_remaining)::bigint AS basis FROM lots WHERE money IS NOT NULL GROUP BY book_id, money) l
		FULL JOIN (
			SELECT a.book_id, a.commodity, b.credits - b.debits AS balance
			FROM accounts a JOIN account_balances b ON b.book_id = a.book_id AND b.account_id = a.account_id
			WHERE a.code = '2000') d ON d.book_id = l.book_id AND d.commodity = l.money
		ORDER BY 1, 2`},
	{"I30", "issued", "in wallets, in escrow and consumed", `-- name: verify_issued
		SELECT a.book_id, a.commodity,
			coalesce(sum(b.debits - b.credits) FILTER (WHERE a.class LIKE 'ISSUED:%'), 0)::bigint,
			coalesce(sum(b.credits - b.debits) FILTER (WHERE a.class NOT LIKE 'ISSUED:%'), 0)::bigint
		FROM accounts a JOIN account_balances b ON b.book_id = a.book_id AND b.account_id = a.account_id
		WHERE a.commodity = 'CNX'
		GROUP BY a.book_id, a.commodity ORDER BY a.book_id`},
}
