package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// verifyRows is how many moving rows one statement compares.
const verifyRows = 5000

// rowWalk goes round the rows of one kind, a range at a time, again and again.
type rowWalk struct {
	what string
	// begin, which may be nil, comes before a round.
	begin func()
	// page compares the next range, each as of the head seq of its own snapshot, and
	// reports whether there are more. It moves on only if it succeeds.
	page func(ctx context.Context) (more bool, err error)
	// end, which may be nil, comes after a round.
	end func()

	started     bool
	rounds      int
	found, last *findings // of this round and of the one before
}

// step compares one range and reports whether that ended a round.
func (w *rowWalk) step(ctx context.Context, v *verifier) (ended bool, err error) {
	if !w.started {
		w.started, w.found = true, newFindings()
		if w.begin != nil {
			w.begin()
		}
	}
	v.found = w.found
	more, err := w.page(ctx)
	if err != nil || more {
		return false, err
	}
	if w.end != nil {
		w.end()
	}
	w.started, w.last, w.found = false, w.found, newFindings()
	w.rounds++
	return true, nil
}

func (v *verifier) newWalks() []*rowWalk {
	walks := slices.Concat([]*rowWalk{v.walkBalances(), v.walkLots(), v.walkPlaces(), v.walkTrial(), v.walkLimits()}, v.walkKeys(), v.walkHolds(), v.walkStrays(),
		[]*rowWalk{v.walkBackDated(), v.walkSpend(), v.walkLotTerms()}, v.walkAds(), []*rowWalk{v.walkAdSpend()})
	if v.book == ledger.PlatformBook {
		walks = append(walks, v.walkRequests())
	}
	for _, w := range walks {
		w.found, w.last = newFindings(), newFindings()
	}
	return walks
}

// walkRanges goes round rows in the order of a key. read returns what to compare of
// the range after the key, with the head seq of its snapshot, and the range's last
// key; what it compares belongs to the very seq that the replay then stands at.
func walkRanges[K any](v *verifier, what string, first K,
	read func(ctx context.Context, after K) (seq int64, last K, compare []func(), err error),
) *rowWalk {
	after := first
	return &rowWalk{what: what, page: func(ctx context.Context) (bool, error) {
		seq, last, compare, err := read(ctx, after)
		if err != nil {
			return false, err
		}
		if len(compare) > 0 {
			if err := v.replayTo(ctx, seq); err != nil {
				return false, err
			}
		}
		for _, check := range compare {
			check()
		}
		if len(compare) < verifyRows {
			after = first
			return false, nil
		}
		after = last
		return true, nil
	}}
}

// counted makes a walk expect, in each round, as many rows as the journals had made
// before it: rows may appear behind the walk, but those must all be met.
func counted(v *verifier, w *rowWalk, met *int, made func() int) *rowWalk {
	expected := 0
	w.begin = func() { *met, expected = 0, made() }
	w.end = func() {
		v.found.expect(*met >= expected || v.broken, "I22", "book %d: %d %s are stored, the journals make %d", v.book, *met, w.what, expected)
	}
	return w
}

// checkHead replays the book to its head and compares what the head says.
func (v *verifier) checkHead(ctx context.Context) error {
	var seq, hashed, journals, links, checkpoints int64
	var hash []byte
	if err := v.db.read.QueryRow(ctx, chainHeadSQL, v.book).Scan(&seq, &hash, &hashed, &journals, &links, &checkpoints); err != nil {
		return err
	}
	if err := v.replayTo(ctx, seq); err != nil {
		return err
	}
	if v.state.Seq != seq {
		return nil // ranges have shown later journals by now
	}
	v.standing.expect(journals >= seq, "I18", "book %d: the last journal has seq %d, the head has %d", v.book, journals, seq)
	v.standing.expect(v.batch.last == seq, "I18", "book %d: batches end with seq %d, journals with %d", v.book, v.batch.last, seq)
	if v.chain.OK() && v.chain.seq == seq {
		v.chain.expect(v.chain.linked == hashed, hashed, "the head covers the journals to seq %d, the links those to seq %d", hashed, v.chain.linked)
		v.chain.expect(v.chain.head == hashOf(hash), hashed, "the head's hash is not that of the last link")
	}
	return v.checkClosed(ctx)
}

// deviations are, per round, how far the stored rows are from the sums of the
// postings, per commodity. What the postings make agrees by itself, so the rows
// agree when they deviate equally: sums over all rows without one snapshot of all.
type deviations struct {
	debits, credits, deferred, basis map[ledger.Commodity]int64
	// deferredLast and basisLast are those of the last whole round.
	deferredLast, basisLast map[ledger.Commodity]int64
}

func newDeviations() deviations {
	return deviations{
		debits: map[ledger.Commodity]int64{}, credits: map[ledger.Commodity]int64{}, deferred: map[ledger.Commodity]int64{}, basis: map[ledger.Commodity]int64{},
		deferredLast: map[ledger.Commodity]int64{}, basisLast: map[ledger.Commodity]int64{},
	}
}

// checkDeferred compares the basis left on lots with deferred revenue (I29): what the
// movements and postings say, and how far the rows are from that.
func (v *verifier) checkDeferred() {
	for money, basis := range v.basis {
		var posted int64
		if sum := v.accounts[v.deferredRevenue(money)]; sum != nil {
			posted = sum.credits - sum.debits
		}
		v.standing.expect(basis == posted, "I29", "book %d, %s: lots carry basis %d, the postings leave %d in 2000", v.book, money, basis, posted)
	}
	moneys := maps.Clone(v.deviation.deferredLast)
	maps.Copy(moneys, v.deviation.basisLast)
	for money := range moneys {
		basis, deferred := v.deviation.basisLast[money], v.deviation.deferredLast[money]
		v.standing.expect(basis == deferred, "I29", "book %d, %s: the basis of lots is stored %d off what moved, and the balance of 2000 %d off what was posted",
			v.book, money, basis, deferred)
	}
}

func (v *verifier) deferredRevenue(money ledger.Commodity) ledger.ID {
	return ledger.AccountID(v.book, "2000", money)
}

func (v *verifier) walkTrial() *rowWalk {
	return &rowWalk{what: "lines of trial balance days", page: func(ctx context.Context) (bool, error) {
		rows, err := v.db.read.Query(ctx, `-- name: verify_trial_days
			SELECT h.seq, d.booked_on, d.class, d.commodity, d.debits, d.credits
			FROM book_heads h JOIN trial_days d ON d.book_id = h.book_id
			WHERE h.book_id = $1 ORDER BY d.booked_on, d.class, d.commodity`, v.book)
		if err != nil {
			return false, err
		}
		defer rows.Close()
		var seq int64
		stored := map[trialOf]counters{}
		for rows.Next() {
			var line trialOf
			var day time.Time
			var got counters
			if err := rows.Scan(&seq, &day, &line.class, &line.commodity, &got.plus, &got.minus); err != nil {
				return false, err
			}
			line.day = ledger.DateOf(day)
			stored[line] = got
		}
		if err := rows.Err(); err != nil {
			return false, err
		}
		if err := v.replayTo(ctx, seq); err != nil {
			return false, err
		}
		v.compareTrial(stored)
		return false, nil
	}}
}

func (v *verifier) compareTrial(stored map[trialOf]counters) {
	for line, want := range v.trial {
		v.found.expect(stored[line] == want || v.broken, "I22", "book %d: the trial balance of %s %s on %s has debits %d and credits %d, the postings make %d and %d",
			v.book, line.class, line.commodity, line.day, stored[line].plus, stored[line].minus, want.plus, want.minus)
	}
	v.found.expect(len(stored) == len(v.trial) || v.broken, "I22", "book %d: %d lines of trial balance days are stored, the postings make %d", v.book, len(stored), len(v.trial))
}

func (v *verifier) walkBackDated() *rowWalk {
	return walkSketch(v, "back-dated days of accounts", func(s *verifySketches) *sketch { return s.backDated }, func(ctx context.Context, from ledger.ID, limit int, yield func(int64, ledger.ID, dayOf, ...int64)) error {
		return v.eachRow(ctx, func(rows pgx.Rows) error {
			var seq int64
			var account ledger.ID
			var posted, booked time.Time
			var got counters
			if err := rows.Scan(&seq, &account, &posted, &booked, &got.plus, &got.minus); err != nil {
				return err
			}
			yield(seq, account, dayOf{account, ledger.DateOf(posted), ledger.DateOf(booked)}, got.plus, got.minus)
			return nil
		}, `-- name: verify_account_back_dated
			SELECT h.seq, d.account_id, d.posted_on, d.booked_on, d.debits, d.credits
			FROM book_heads h JOIN account_back_dated d ON d.book_id = h.book_id
			WHERE h.book_id = $1 AND d.account_id >= $2 ORDER BY d.account_id, d.posted_on, d.booked_on LIMIT $3`, v.book, from, limit)
	})
}

func (v *verifier) walkSpend() *rowWalk {
	return walkSketch(v, "buckets of wallet spend", func(s *verifySketches) *sketch { return s.spend }, func(ctx context.Context, from ledger.ID, limit int, yield func(int64, ledger.ID, spendOf, ...int64)) error {
		return v.eachRow(ctx, func(rows pgx.Rows) error {
			var seq int64
			var key spendOf
			var bucket time.Time
			var got counters
			if err := rows.Scan(&seq, &key.wallet, &bucket, &key.product, &key.initiatedBy, &got.plus, &got.minus); err != nil {
				return err
			}
			key.bucket = bucket.UnixMicro()
			yield(seq, key.wallet, key, got.plus, got.minus)
			return nil
		}, `-- name: verify_wallet_spend
			SELECT h.seq, s.wallet_id, s.bucket_at, s.product, s.initiated_by, s.consumed, s.returned
			FROM book_heads h JOIN wallet_spend s ON s.book_id = h.book_id
			WHERE h.book_id = $1 AND s.wallet_id >= $2
			ORDER BY s.wallet_id, s.bucket_at, s.product, s.initiated_by LIMIT $3`, v.book, from, limit)
	})
}

// eachRow calls scan for each row that the statement gives.
func (v *verifier) eachRow(ctx context.Context, scan func(pgx.Rows) error, statement string, args ...any) error {
	rows, err := v.db.read.Query(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return each(scan)(rows)
}

// unknownIssue explains an account of Connects that no line of I30 counts.
func unknownIssue(book ledger.BookID, code string) string {
	return fmt.Sprintf("book %d: %s holds Connects, and is none of what they may have become", book, code)
}
