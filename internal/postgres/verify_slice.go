package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/finance"
	"purser/ledger"
)

// verifySlice is the journals of one read, with the rows that go with them.
type verifySlice struct {
	journals    []chainJournal
	links       []storedLink
	checkpoints []ledger.Checkpoint
	periods     map[int64]*storedPeriod // by seq
	// originals are the journals before the slice that it reverses, as they stood at
	// its beginning.
	originals map[ledger.ID]*ledger.Record
	holds     map[ledger.ID]storedHold       // that the slice moves
	requests  map[ledger.ID]*finance.Request // for periods, that the slice follows from
}

// storedPeriod is a row of book_periods with its trial balance.
type storedPeriod struct {
	first ledger.Date
	event ledger.PeriodEvent
	hash  []byte
	trial map[trialOf]counters // of no day
}

// storedHold is what a hold's row says for good.
type storedHold struct {
	account, held ledger.ID
	expires       time.Time // zero: never
}

// readSlice reads the journals with after < seq <= to, and their rows.
func (v *verifier) readSlice(ctx context.Context, after, to int64) (*verifySlice, error) {
	s := &verifySlice{periods: map[int64]*storedPeriod{}, originals: map[ledger.ID]*ledger.Record{}, holds: map[ledger.ID]storedHold{}, requests: map[ledger.ID]*finance.Request{}}
	var err error
	s.journals, err = readChain(ctx, v.db.read, v.book, after, to, func(batch *pgx.Batch) {
		batch.Queue(chainLinksSQL, v.book, after, to).Query(each(func(rows pgx.Rows) error {
			var link storedLink
			err := rows.Scan(&link.last, &link.first, &link.posted, &link.root, &link.hash)
			s.links = append(s.links, link)
			return err
		}))
		batch.Queue(chainCheckpointsSQL, v.book, after, to).Query(each(func(rows pgx.Rows) error {
			c, err := scanCheckpoint(rows, v.book)
			s.checkpoints = append(s.checkpoints, c)
			return err
		}))
		v.queuePeriods(batch, s, after, to)
		v.queueSliceHolds(batch, s, after, to)
		v.queueGroups(batch, after, to)
	})
	if err != nil {
		return nil, fmt.Errorf("read journals after seq %d: %w", after, err)
	}
	if err := v.readOriginals(ctx, s, after); err != nil {
		return nil, fmt.Errorf("read what journals after seq %d reverse: %w", after, err)
	}
	if err := v.readRequests(ctx, s); err != nil {
		return nil, fmt.Errorf("read what journals after seq %d follow from: %w", after, err)
	}
	if err := v.readForgotten(ctx, s); err != nil {
		return nil, fmt.Errorf("read lots of journals after seq %d: %w", after, err)
	}
	return s, nil
}

func (v *verifier) queuePeriods(batch *pgx.Batch, s *verifySlice, after, to int64) {
	batch.Queue(`-- name: verify_periods
		SELECT seq, period, event, trial_hash FROM book_periods WHERE book_id = $1 AND seq > $2 AND seq <= $3`, v.book, after, to).Query(
		each(func(rows pgx.Rows) error {
			var seq int64
			var first time.Time
			period := &storedPeriod{trial: map[trialOf]counters{}}
			err := rows.Scan(&seq, &first, &period.event, &period.hash)
			period.first = ledger.DateOf(first)
			s.periods[seq] = period
			return err
		}))
	batch.Queue(`-- name: verify_period_trials
		SELECT seq, class, commodity, debits, credits FROM period_trials WHERE book_id = $1 AND seq > $2 AND seq <= $3`, v.book, after, to).Query(
		each(func(rows pgx.Rows) error {
			var seq int64
			var line trialOf
			var sums counters
			err := rows.Scan(&seq, &line.class, &line.commodity, &sums.plus, &sums.minus)
			if period := s.periods[seq]; period != nil {
				period.trial[line] = sums
			}
			return err
		}))
}

// queueGroups looks, beside each linked command's journal, for those of the others:
// all of them, next to each other, or the group was not accepted as one (I27).
func (v *verifier) queueGroups(batch *pgx.Batch, after, to int64) {
	batch.Queue(`-- name: verify_groups
		SELECT j.journal_id, j.group_id, j.group_size, count(g.journal_id), count(DISTINCT g.posted_at), bool_or(g.journal_id = j.group_id)
		FROM journals j JOIN journals g ON g.book_id = j.book_id AND g.group_id = j.group_id
		WHERE j.book_id = $1 AND j.seq > $2 AND j.seq <= $3 AND j.group_id IS NOT NULL
		GROUP BY j.journal_id, j.group_id, j.group_size`, v.book, after, to).Query(each(func(rows pgx.Rows) error {
		var journal, group ledger.ID
		var size int16
		var members, instants int64
		var led bool
		err := rows.Scan(&journal, &group, &size, &members, &instants, &led)
		v.past.expect(int64(size) == members && instants == 1 && led, "I27",
			"book %d: journal %s is one of %d linked to %s, of which %d are stored", v.book, journal, size, group, members)
		return err
	}))
}

func (v *verifier) queueSliceHolds(batch *pgx.Batch, s *verifySlice, after, to int64) {
	batch.Queue(`-- name: verify_slice_holds
		SELECT h.hold_id, h.account_id, h.held_account_id, h.expires_at
		FROM (SELECT DISTINCT hold_id FROM journals WHERE book_id = $1 AND seq > $2 AND seq <= $3 AND hold_id IS NOT NULL) j
		JOIN holds h ON h.book_id = $1 AND h.hold_id = j.hold_id`, v.book, after, to).Query(each(func(rows pgx.Rows) error {
		var id ledger.ID
		var hold storedHold
		var expires pgtype.Timestamptz
		err := rows.Scan(&id, &hold.account, &hold.held, &expires)
		hold.expires = instantOf(expires)
		s.holds[id] = hold
		return err
	}))
}

// readOriginals reads the journals that the slice reverses and that are before it,
// with what was undone of them by then, as the fold would have been given them.
func (v *verifier) readOriginals(ctx context.Context, s *verifySlice, after int64) error {
	var ids []ledger.ID
	for i := range s.journals {
		if id := s.journals[i].Reverses; !id.IsZero() {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	batch.Queue(`-- name: verify_originals
		SELECT j.journal_id, j.seq, j.template, j.template_version, j.type, j.arguments, j.effective_at, j.posted_at, j.wallet_id,
			j.subject_type, j.subject_id, j.initiated_by,
			coalesce((SELECT sum(r.reversed_quantity) FROM journals r WHERE r.book_id = $1 AND r.reverses = j.journal_id AND r.seq <= $3), 0)::bigint
		FROM journals j WHERE j.book_id = $1 AND j.journal_id = ANY ($2) AND j.seq <= $3`, v.book, ids, after).Query(each(func(rows pgx.Rows) error {
		record := &ledger.Record{Undone: map[ledger.ID]ledger.Undone{}}
		j := &record.Journal
		var arguments []byte
		var owner *ledger.ID
		var subjectType, subjectID *string
		if err := rows.Scan(&j.ID, &j.Seq, &j.Template, &j.TemplateVersion, &j.Type, &arguments, &j.EffectiveAt, &j.PostedAt, &owner,
			&subjectType, &subjectID, &j.InitiatedBy, &record.Reversed); err != nil {
			return err
		}
		j.Book, j.Wallet, j.Subject = v.book, orZero(owner), ledger.Subject{Type: orZero(subjectType), ID: orZero(subjectID)}
		// Arguments that do not decode were found when the journal itself was replayed.
		j.Arguments, _ = ledger.DecodeArguments(arguments)
		s.originals[j.ID] = record
		return nil
	}))
	batch.Queue(`-- name: verify_original_movements
		SELECT journal_id, line, lot_id, account_id, hold_id, quantity, basis, tax, money
		FROM lot_movements WHERE book_id = $1 AND journal_id = ANY ($2) ORDER BY journal_id, line`, v.book, ids).Query(each(s.scanOriginalMovement))
	batch.Queue(`-- name: verify_originals_undone
		SELECT r.reverses, m.lot_id, sum(abs(m.quantity))::bigint, sum(abs(m.basis))::bigint, sum(abs(m.tax))::bigint
		FROM journals r JOIN lot_movements m ON m.book_id = r.book_id AND m.journal_id = r.journal_id
		WHERE r.book_id = $1 AND r.reverses = ANY ($2) AND r.seq <= $3 AND EXISTS (
			SELECT FROM lot_movements o
			WHERE o.book_id = $1 AND o.journal_id = r.reverses AND o.lot_id = m.lot_id AND (o.quantity < 0) <> (m.quantity < 0))
		GROUP BY r.reverses, m.lot_id`, v.book, ids, after).Query(each(s.scanUndone))
	if err := v.db.read.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	for id, record := range s.originals {
		for _, m := range record.Movements {
			v.left[id] += max(m.Quantity, -m.Quantity)
		}
		v.left[id] -= record.Reversed
	}
	return nil
}

func (s *verifySlice) scanOriginalMovement(rows pgx.Rows) error {
	var journal ledger.ID
	var m ledger.Movement
	var money *ledger.Commodity
	if err := rows.Scan(&journal, &m.Line, &m.Lot, &m.Account, &m.Hold, &m.Quantity, &m.Basis, &m.Tax, &money); err != nil {
		return err
	}
	m.Money = orZero(money)
	if record := s.originals[journal]; record != nil {
		record.Movements = append(record.Movements, m)
	}
	return nil
}

func (s *verifySlice) scanUndone(rows pgx.Rows) error {
	var journal, lot ledger.ID
	var undone ledger.Undone
	if err := rows.Scan(&journal, &lot, &undone.Quantity, &undone.Basis, &undone.Tax); err != nil {
		return err
	}
	if record := s.originals[journal]; record != nil {
		record.Undone[lot] = undone
	}
	return nil
}

// readForgotten reads lots that were used up before the slice and that it returns
// to. A lot has the id of the journal that issued it, so that those of the slice
// itself are told apart.
func (v *verifier) readForgotten(ctx context.Context, s *verifySlice) error {
	issued := make(map[ledger.ID]bool, len(s.journals))
	for i := range s.journals {
		issued[s.journals[i].ID] = true
	}
	var ids []ledger.ID
	want := func(movements []ledger.Movement) {
		for i := range movements {
			if lot := movements[i].Lot; v.state.Lots[lot] == nil && !issued[lot] {
				ids = append(ids, lot)
			}
		}
	}
	for i := range s.journals {
		want(s.journals[i].movements)
	}
	for _, record := range s.originals {
		want(record.Movements)
	}
	if len(ids) == 0 || v.broken {
		return nil
	}
	rows, err := v.db.read.Query(ctx, `-- name: verify_lots_again
		SELECT lot_id, wallet_id, origin, granted, expires_at, priority, money, basis_minor, tax_minor, jurisdiction
		FROM lots WHERE book_id = $1 AND lot_id = ANY ($2) AND root_id IS NULL`, v.book, distinct(ids))
	if err != nil {
		return err
	}
	defer rows.Close()
	return each(func(rows pgx.Rows) error {
		lot := &ledger.Lot{}
		if err := scanLotTerms(rows, lot); err != nil {
			return err
		}
		v.state.Lots[lot.ID] = lot
		return nil
	})(rows)
}

// scanLotTerms reads the columns of a lot that never change unless it came by
// transfer.
func scanLotTerms(rows pgx.Rows, lot *ledger.Lot, more ...any) error {
	var expires pgtype.Timestamptz
	var money *ledger.Commodity
	err := rows.Scan(append([]any{
		&lot.ID, &lot.Wallet, &lot.Origin, &lot.Granted, &expires, &lot.Priority, &money, &lot.Basis, &lot.Tax, &lot.Jurisdiction,
	}, more...)...)
	lot.ExpiresAt, lot.Money = instantOf(expires), orZero(money)
	return err
}
