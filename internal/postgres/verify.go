package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"purser/ledger"
)

// Check is the result of one invariant of ledger/doc.go.
type Check struct {
	Invariant string // "I1"
	Title     string
	OK        bool
	// Counterexample is the first thing found that contradicts the invariant, and
	// Failures how many there are. One that the replay of a book stops at counts once.
	Counterexample string
	Failures       int64
	// Note says why the invariant was not checked here; OK is then meaningless.
	Note string
}

const testsOnly = "tested, not checkable from rows"

// invariants lists what Verify reports, in order. Those with a note leave no trace
// in rows.
var invariants = []Check{
	{Invariant: "I1", Title: "debits equal credits, per book and commodity"},
	{Invariant: "I2", Title: "an account's counters are the sums of its postings"},
	{Invariant: "I3", Title: "counters are not negative and only grow"},
	{Invariant: "I4", Title: "an account's versions are dense, and each balance follows from the one before"},
	{Invariant: "I5", Title: "no floored account is below its floor"},
	{Invariant: "I6", Title: "what open holds have left is the balance of their HELD account"},
	{Invariant: "I7", Title: "a hold captures and releases at most what it reserved, and nothing once closed"},
	{Invariant: "I8", Title: "an expired hold is never captured"},
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
	{Invariant: "I20", Title: "nothing is booked in a closed period"},
	{Invariant: "I21", Title: "the hash chain recomputes from the rows"},
	{Invariant: "I22", Title: "every projection re-derives from the postings"},
	{Invariant: "I23", Title: "no caller reaches another owner's data", Note: testsOnly},
	{Invariant: "I24", Title: "overflow is an error, never a wrap", Note: testsOnly},
	{Invariant: "I25", Title: "a dry run writes nothing", Note: testsOnly},
	{Invariant: "I26", Title: "an instant filters the same in any time zone", Note: testsOnly},
	{Invariant: "I27", Title: "a linked group is all or none"},
	{Invariant: "I28", Title: "the same key twice in a batch has one effect", Note: testsOnly},
	{Invariant: "I29", Title: "basis remaining equals deferred revenue, per money"},
	{Invariant: "I30", Title: "issued equals wallets, holds, escrow and everything that left them"},
	{Invariant: "I31", Title: "analytics spend less credits equals the ledger, per campaign and day"},
}

// VerifyOptions are what a caller may want of a verification; the zero value is
// good.
type VerifyOptions struct {
	// Now is the clock that durations are measured by.
	Now func() time.Time
	// Progress is told between statements how far the check has come.
	Progress func(VerifyProgress)
	// Slice is how many journals are read at a time; zero for what is fast.
	Slice int64
}

// VerifyProgress is how far a verification has come.
type VerifyProgress struct {
	Book ledger.BookID
	// Seq is the last journal that was replayed, Head the book's last.
	Seq, Head int64
	// Rows says which rows are compared; empty during the replay.
	Rows string
}

// VerifyReport is what a verification found.
type VerifyReport struct {
	Checks   []Check
	Books    []VerifiedBook
	Duration time.Duration // zero without a clock
}

// VerifiedBook says up to which journal a book was verified.
type VerifiedBook struct {
	Book ledger.BookID
	Seq  int64
}

// Verify is VerifyReport without options: it returns one Check per invariant.
func (db *DB) Verify(ctx context.Context, rules *ledger.Rules) ([]Check, error) {
	report, err := db.VerifyReport(ctx, rules, VerifyOptions{})
	return report.Checks, err
}

// VerifyReport checks every live invariant while traffic runs: it replays each
// book's journals through the fold and compares them with what is stored, and
// compares the rows that move, a range at a time, each range in one statement
// together with the head it belongs to. No statement holds a snapshot for more than
// the connection's statement timeout. Memory grows with the accounts and with the
// lots and holds that are in use, not with the journals. It returns an error only
// when the database could not be read.
func (db *DB) VerifyReport(ctx context.Context, rules *ledger.Rules, o VerifyOptions) (VerifyReport, error) {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Time{} }
	}
	began := o.Now()
	books, err := db.bookIDs(ctx)
	if err != nil {
		return VerifyReport{}, fmt.Errorf("verify: %w", readError(err))
	}
	found := newFindings()
	report := VerifyReport{}
	for _, book := range books {
		v := newVerifier(db, rules, book)
		v.explains = true
		if o.Slice > 0 {
			v.slice = o.Slice
		}
		v.between = func(at VerifyProgress) error {
			if o.Progress != nil {
				o.Progress(at)
			}
			return ctx.Err()
		}
		if _, err := v.advance(ctx, 0); err != nil {
			return VerifyReport{}, fmt.Errorf("verify book %d: %w", book, readError(err))
		}
		v.findings(found)
		report.Books = append(report.Books, VerifiedBook{Book: book, Seq: v.state.Seq})
	}
	report.Checks, report.Duration = found.checks(), o.Now().Sub(began)
	return report, nil
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

// findings keeps the first counterexample of each invariant, and counts them.
type findings struct {
	first map[string]string
	count map[string]int64
}

func newFindings() *findings {
	return &findings{first: map[string]string{}, count: map[string]int64{}}
}

// expect records a counterexample unless the condition holds. What it is called
// with is not formatted when it does: this is the hot path of a replay.
func (f *findings) expect(holds bool, invariant, format string, args ...any) {
	if !holds {
		f.add(invariant, fmt.Sprintf(format, args...), 1)
	}
}

func (f *findings) add(invariant, counterexample string, count int64) {
	if _, known := f.first[invariant]; !known {
		f.first[invariant] = counterexample
	}
	f.count[invariant] += count
}

// addTo adds what was found here to others.
func (f *findings) addTo(all *findings) {
	for invariant, counterexample := range f.first {
		all.add(invariant, counterexample, f.count[invariant])
	}
}

// checks returns the result of every invariant.
func (f *findings) checks() []Check {
	checks := slices.Clone(invariants)
	for i := range checks {
		c := &checks[i]
		c.Counterexample, c.Failures = f.first[c.Invariant], f.count[c.Invariant]
		c.OK = c.Failures == 0
	}
	return checks
}
