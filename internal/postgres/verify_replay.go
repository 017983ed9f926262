package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/internal/wallet"
	"purser/ledger"
)

// verifyJournals is how many journals one slice of a replay reads.
const verifyJournals = 2000

// verifier replays one book. Beside the fold's own state it keeps sums of the
// stored postings and movements, so that a stored row is compared with stored
// rows where the invariant says so, and with the fold where it says so.
type verifier struct {
	db    *DB
	rules *ledger.Rules
	book  ledger.BookID
	found *findings

	state    *ledger.State
	broken   bool // the fold could not follow; row sums still can
	accounts map[ledger.ID]*accountSum
	lots     map[ledger.ID]*lotSum
	days     map[dayOf]counters
	trial    map[trialOf]counters
	spend    map[spendOf]counters
	ads      *adSums
	seqs     map[ledger.ID]int64
	left     map[ledger.ID]int64 // of originals: what may still be reversed
}

type counters struct{ plus, minus int64 }

type accountSum struct {
	class           string
	code            string
	debits, credits int64
	version         int64
}

type lotSum struct {
	remaining, basis int64
	places           map[ledger.ID]int64
}

type dayOf struct {
	account ledger.ID
	day     ledger.Date
}

type trialOf struct {
	class, commodity string
	day              ledger.Date
}

type spendOf struct {
	wallet               ledger.ID
	bucket               int64
	product, initiatedBy string
}

func newVerifier(db *DB, rules *ledger.Rules, book ledger.BookID, found *findings) *verifier {
	return &verifier{
		db: db, rules: rules, book: book, found: found, state: ledger.NewState(book),
		accounts: map[ledger.ID]*accountSum{}, lots: map[ledger.ID]*lotSum{}, days: map[dayOf]counters{},
		trial: map[trialOf]counters{}, spend: map[spendOf]counters{}, ads: newAdSums(), seqs: map[ledger.ID]int64{}, left: map[ledger.ID]int64{},
	}
}

// run replays the book to its head, then compares the rows that move.
func (v *verifier) run(ctx context.Context) error {
	var head int64
	err := v.db.read.QueryRow(ctx, `-- name: verify_head
		SELECT seq FROM book_heads WHERE book_id = $1`, v.book).Scan(&head)
	if err != nil {
		return err
	}
	if err := v.replayTo(ctx, head); err != nil {
		return err
	}
	for _, compare := range []func(context.Context) error{
		v.compareBatches, v.compareBalances, v.compareLots, v.comparePlaces, v.compareDays, v.compareTrial, v.compareSpend, v.compareKeys,
		v.compareAds, v.compareAdSpend,
	} {
		if err := compare(ctx); err != nil {
			return err
		}
	}
	return nil
}

// replayTo folds the journals up to and including seq. Journals never change,
// so slices read in different snapshots are as good as one.
func (v *verifier) replayTo(ctx context.Context, seq int64) error {
	for v.state.Seq < seq {
		slice, err := v.readSlice(ctx, v.state.Seq, min(v.state.Seq+verifyJournals, seq))
		if err != nil {
			return err
		}
		if len(slice) == 0 {
			v.found.expect(false, "I18", "book %d: seq %d is missing", v.book, v.state.Seq+1)
			v.state.Seq = seq
		}
		for _, stored := range slice {
			v.replay(stored)
		}
	}
	return nil
}

// storedJournal is a journal with its rows.
type storedJournal struct {
	ledger.Journal
	postings  []ledger.Posting
	movements []ledger.Movement
}

func (v *verifier) replay(stored *storedJournal) {
	v.found.expect(stored.Seq == v.state.Seq+1, "I18", "book %d: seq %d follows seq %d", v.book, stored.Seq, v.state.Seq)
	v.found.expect(!stored.PostedAt.Before(v.state.LastPostedAt), "I18", "book %d: journal %s (seq %d) was posted before its predecessor", v.book, stored.ID, stored.Seq)
	v.seqs[stored.ID] = stored.Seq
	v.sumReversals(stored)
	var delta *ledger.Delta
	if !v.broken {
		delta = v.fold(stored)
	}
	v.state.Seq, v.state.LastPostedAt = stored.Seq, stored.PostedAt
	v.sumPostings(stored)
	v.sumMovements(stored)
	if delta == nil {
		return
	}
	if row, counts := wallet.SpendOf(delta); counts {
		key := spendOf{row.Wallet, row.BucketAt.UnixMicro(), row.Product, row.InitiatedBy}
		v.spend[key] = counters{v.spend[key].plus + row.Consumed, v.spend[key].minus + row.Returned}
	}
	err := v.ads.add(delta)
	v.found.expect(err == nil, "I22", "book %d: the rollups of journal %s (seq %d) cannot be re-derived: %v", v.book, stored.ID, stored.Seq, err)
}

// fold replays one journal and compares what it would write with what is there.
func (v *verifier) fold(stored *storedJournal) *ledger.Delta {
	order := "I10"
	if !stored.Reverses.IsZero() {
		order = "I11"
	}
	delta, err := v.rules.Replay(v.state, stored.Journal)
	if err != nil {
		v.broken = true
		v.found.expect(false, order, "book %d: journal %s (seq %d) does not replay: %v", v.book, stored.ID, stored.Seq, err)
		v.found.expect(false, "I22", "book %d: projections cannot be re-derived past seq %d", v.book, stored.Seq)
		return nil
	}
	for _, account := range delta.Opened {
		v.accounts[account.ID] = &accountSum{class: account.Class, code: account.Code}
	}
	header := delta.Journal.Type == stored.Type && delta.Journal.BookedOn == stored.BookedOn && delta.Journal.Wallet == stored.Wallet &&
		delta.Journal.Reverses == stored.Reverses && delta.Journal.Quantity == stored.Quantity && delta.Journal.Subject == stored.Subject
	v.found.expect(header, "I22", "book %d: the columns of journal %s (seq %d) are not what its template gives", v.book, stored.ID, stored.Seq)
	v.found.expect(len(delta.Postings) == len(stored.postings), "I22", "book %d: journal %s has %d postings, its template gives %d", v.book, stored.ID, len(stored.postings), len(delta.Postings))
	for i := range min(len(delta.Postings), len(stored.postings)) {
		want, got := delta.Postings[i], stored.postings[i]
		same := want.Debit == got.Debit && want.Credit == got.Credit && want.Amount == got.Amount && want.Commodity == got.Commodity &&
			equalNet(want.DebitNet, got.DebitNet) && equalNet(want.CreditNet, got.CreditNet)
		v.found.expect(same, "I22", "book %d: journal %s line %d is not what its template gives", v.book, stored.ID, got.Line)
	}
	v.found.expect(len(delta.Movements) == len(stored.movements), order, "book %d: journal %s moved %d lots, policy order gives %d", v.book, stored.ID, len(stored.movements), len(delta.Movements))
	for i := range min(len(delta.Movements), len(stored.movements)) {
		want, got := delta.Movements[i], stored.movements[i]
		v.found.expect(want == got, order, "book %d: journal %s moved %d of lot %s (basis %d), policy order gives %d of lot %s (basis %d)",
			v.book, stored.ID, got.Quantity, got.Lot, got.Basis, want.Quantity, want.Lot, want.Basis)
	}
	return delta
}

func equalNet(a, b *int64) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func (v *verifier) sumReversals(stored *storedJournal) {
	for _, movement := range stored.movements {
		v.left[stored.ID] += max(movement.Quantity, -movement.Quantity)
	}
	if stored.Reverses.IsZero() {
		return
	}
	left, known := v.left[stored.Reverses]
	v.found.expect(known && stored.Quantity <= left, "I17", "book %d: journal %s reverses %d of journal %s, which has %d left",
		v.book, stored.ID, stored.Quantity, stored.Reverses, left)
	v.left[stored.Reverses] = left - stored.Quantity
}

func (v *verifier) sumPostings(stored *storedJournal) {
	for _, posting := range stored.postings {
		debit, credit := v.account(posting.Debit), v.account(posting.Credit)
		debit.debits, debit.version = debit.debits+posting.Amount, debit.version+1
		v.checkAfter(stored, posting.Line, debit, posting.DebitVersion, posting.DebitBalance)
		credit.credits, credit.version = credit.credits+posting.Amount, credit.version+1
		v.checkAfter(stored, posting.Line, credit, posting.CreditVersion, posting.CreditBalance)
		v.addDay(posting.Debit, debit, string(posting.Commodity), stored.BookedOn, posting.Amount, 0)
		v.addDay(posting.Credit, credit, string(posting.Commodity), stored.BookedOn, 0, posting.Amount)
	}
}

// checkAfter compares the version and balance a posting recorded with the sums
// of the postings so far.
func (v *verifier) checkAfter(stored *storedJournal, line int16, sum *accountSum, version, balance int64) {
	class, _ := v.rules.Class(sum.class)
	want := ledger.Balance{Debits: sum.debits, Credits: sum.credits}.On(class.Normal)
	v.found.expect(version == sum.version, "I4", "book %d: journal %s line %d is version %d of %s, expected %d", v.book, stored.ID, line, version, sum.code, sum.version)
	v.found.expect(balance == want || sum.class == "", "I4", "book %d: journal %s line %d leaves %d on %s, expected %d", v.book, stored.ID, line, balance, sum.code, want)
}

func (v *verifier) account(id ledger.ID) *accountSum {
	sum, ok := v.accounts[id]
	if !ok {
		sum = &accountSum{code: id.String()}
		v.accounts[id] = sum
	}
	return sum
}

func (v *verifier) addDay(account ledger.ID, sum *accountSum, commodity string, day ledger.Date, debits, credits int64) {
	key := dayOf{account, day}
	v.days[key] = counters{v.days[key].plus + debits, v.days[key].minus + credits}
	line := trialOf{sum.class, commodity, day}
	v.trial[line] = counters{v.trial[line].plus + debits, v.trial[line].minus + credits}
}

func (v *verifier) sumMovements(stored *storedJournal) {
	for _, movement := range stored.movements {
		sum, ok := v.lots[movement.Lot]
		if !ok {
			sum = &lotSum{places: map[ledger.ID]int64{}}
			v.lots[movement.Lot] = sum
		}
		sum.remaining += movement.Quantity
		sum.basis += movement.Basis
		sum.places[movement.Account] += movement.Quantity
	}
}

// readSlice reads the journals with after < seq <= to, and their rows.
func (v *verifier) readSlice(ctx context.Context, after, to int64) ([]*storedJournal, error) {
	var slice []*storedJournal
	byID := map[ledger.ID]*storedJournal{}
	batch := &pgx.Batch{}
	batch.Queue(`-- name: verify_journals
		SELECT journal_id, seq, template, template_version, type, arguments, effective_at, booked_on, posted_at,
			wallet_id, coalesce(subject_type, ''), coalesce(subject_id, ''), explanation, initiated_by, reverses, coalesce(reversed_quantity, 0)
		FROM journals WHERE book_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq`, v.book, after, to).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			stored, err := v.scanJournal(rows)
			if err != nil {
				return err
			}
			slice = append(slice, stored)
			byID[stored.ID] = stored
		}
		return rows.Err()
	})
	batch.Queue(`-- name: verify_postings
		SELECT p.journal_id, p.line, p.debit_account, p.credit_account, p.commodity, p.amount,
			p.debit_version, p.debit_balance, p.debit_net, p.credit_version, p.credit_balance, p.credit_net
		FROM journals j JOIN postings p ON p.book_id = j.book_id AND p.journal_id = j.journal_id
		WHERE j.book_id = $1 AND j.seq > $2 AND j.seq <= $3 ORDER BY j.seq, p.line`, v.book, after, to).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var journal ledger.ID
			var p ledger.Posting
			if err := rows.Scan(&journal, &p.Line, &p.Debit, &p.Credit, &p.Commodity, &p.Amount,
				&p.DebitVersion, &p.DebitBalance, &p.DebitNet, &p.CreditVersion, &p.CreditBalance, &p.CreditNet); err != nil {
				return err
			}
			byID[journal].postings = append(byID[journal].postings, p)
		}
		return rows.Err()
	})
	batch.Queue(`-- name: verify_movements
		SELECT m.journal_id, m.line, m.lot_id, m.account_id, m.quantity, m.basis, coalesce(m.money, '')
		FROM journals j JOIN lot_movements m ON m.book_id = j.book_id AND m.journal_id = j.journal_id
		WHERE j.book_id = $1 AND j.seq > $2 AND j.seq <= $3 ORDER BY j.seq, m.line`, v.book, after, to).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var journal ledger.ID
			var m ledger.Movement
			if err := rows.Scan(&journal, &m.Line, &m.Lot, &m.Account, &m.Quantity, &m.Basis, &m.Money); err != nil {
				return err
			}
			byID[journal].movements = append(byID[journal].movements, m)
		}
		return rows.Err()
	})
	return slice, v.db.read.SendBatch(ctx, batch).Close()
}

func (v *verifier) scanJournal(rows pgx.Rows) (*storedJournal, error) {
	stored := &storedJournal{}
	j := &stored.Journal
	var arguments []byte
	var booked time.Time
	var owner, reverses *ledger.ID
	if err := rows.Scan(&j.ID, &j.Seq, &j.Template, &j.TemplateVersion, &j.Type, &arguments, &j.EffectiveAt, &booked, &j.PostedAt,
		&owner, &j.Subject.Type, &j.Subject.ID, &j.Explanation, &j.InitiatedBy, &reverses, &j.Quantity); err != nil {
		return nil, err
	}
	j.Book, j.BookedOn = v.book, ledger.DateOf(booked)
	if owner != nil {
		j.Wallet = *owner
	}
	if reverses != nil {
		j.Reverses = *reverses
	}
	var err error
	if j.Arguments, err = ledger.DecodeArguments(arguments); err != nil {
		v.broken = true
		v.found.expect(false, "I10", "book %d: journal %s: %v", v.book, j.ID, err)
	}
	return stored, nil
}
