package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// beginBatch begins a batch that reads. At this level, which is the writers' for what
// is sent without a BEGIN too, each statement sees what was committed before it
// began, so that those behind the head's lock see all that the lock guards.
const beginBatch = "-- name: begin\nBEGIN ISOLATION LEVEL READ COMMITTED"

// load is the first round trip: it begins the database transaction, locks the
// book's head, and reads in later statements what the lock guards, so that each
// of them sees all that was committed before the lock was granted. What is known is
// not read, unless the head turns out to be elsewhere: then all of it is.
func (s *Store) load(
	ctx context.Context, conn *pgxpool.Conn, known *bookCache, needs *ledger.Needs, recalled *recollection,
) (*ledger.State, error) {
	unknown := needs
	if recalled != nil {
		unknown = recalled.missing(needs)
	}
	l := s.newLoader(unknown)
	l.batch.Queue(beginBatch)
	l.head(`-- name: head_lock
		SELECT ` + headNames + ` FROM book_heads WHERE book_id = $1 FOR UPDATE`)
	state, err := s.read(ctx, conn, l)
	if err != nil {
		return nil, err
	}
	inStep := known.meet(state)
	switch {
	case recalled == nil:
		return state, nil
	case inStep:
		recalled.complete(state)
		return state, nil
	default:
		again := s.newLoader(needs)
		again.head(headRead)
		return s.read(ctx, conn, again)
	}
}

func (s *Store) newLoader(needs *ledger.Needs) *loader {
	l := &loader{needs: needs, state: ledger.NewState(needs.Book)}
	l.state.Unchained = s.options.ChainOff
	if s.known.max > 0 {
		l.placesMore = cachePlacesMax
	}
	return l
}

func groupRows(rows []ledger.RowID) map[string][]string {
	kinds := map[string][]string{}
	for _, row := range rows {
		kinds[row.Kind] = append(kinds[row.Kind], row.ID)
	}
	return kinds
}

// loader gathers the rows of one batch's reads. Lots and places may arrive from
// several statements, the same ones twice; finish joins them.
type loader struct {
	needs   *ledger.Needs
	state   *ledger.State
	batch   pgx.Batch
	byPlace map[lotPlace]int64
	// hashedSeq is up to where the head's hash covers the journals.
	hashedSeq int64
	// expiredHolds are open holds on the batch's accounts that have expired.
	expiredHolds []ledger.ID
	// placesMore is how many places of an account are read even where fewer cover
	// its demand, so that a small account is known whole.
	placesMore int64
}

type lotPlace struct{ account, lot, hold ledger.ID }

// headNames is what head reads of a book's head.
const headNames = `seq, last_posted_at, clock_timestamp(), closed_through, hash, hashed_seq`

// headRead reads a head that is locked, or that nobody is to wait for.
const headRead = `-- name: head_read
	SELECT ` + headNames + ` FROM book_heads WHERE book_id = $1`

func (l *loader) head(sql string) {
	l.batch.Queue(sql, l.needs.Book).
		QueryRow(func(row pgx.Row) error {
			var closed *time.Time
			var hash []byte
			if err := row.Scan(&l.state.Seq, &l.state.LastPostedAt, &l.state.DatabaseTime, &closed, &hash, &l.hashedSeq); err != nil {
				return err
			}
			if closed != nil {
				l.state.ClosedThrough = ledger.DateOf(*closed)
			}
			copy(l.state.Hash[:], hash)
			l.state.Now = ledger.BatchTime(l.needs.Clock, l.state.LastPostedAt)
			return nil
		})
}

func (l *loader) keys() {
	n := len(l.needs.Keys)
	principals, mutations, keys := make([]string, n), make([]string, n), make([]string, n)
	owners := make([]ledger.ID, n)
	for i, key := range l.needs.Keys {
		principals[i], mutations[i], owners[i], keys[i] = key.Scope.Principal, key.Scope.Mutation, key.Scope.Owner, key.Key
	}
	l.batch.Queue(`-- name: keys_read
		SELECT k.principal, k.mutation, k.owner_id, k.key, k.fingerprint, k.command_id, coalesce(k.seq, 0), k.refusal, k.facts
		FROM unnest($2::text[], $3::text[], $4::uuid[], $5::text[]) AS n (principal, mutation, owner_id, key)
		CROSS JOIN LATERAL (
			SELECT i.principal, i.mutation, i.owner_id, i.key, i.fingerprint, i.command_id, i.seq, i.refusal, i.facts
			FROM idempotency_keys i
			WHERE i.book_id = $1 AND i.owner_id = n.owner_id AND i.principal = n.principal AND i.mutation = n.mutation AND i.key = n.key
			OFFSET 0) k`,
		l.needs.Book, principals, mutations, owners, keys).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			key, stored, err := scanKey(rows)
			if err != nil {
				return err
			}
			l.state.Keys[key] = stored
		}
		return rows.Err()
	})
}

func scanKey(rows pgx.Rows) (key ledger.IdempotencyKey, stored ledger.StoredOutcome, err error) {
	var fingerprint, facts []byte
	var refusal *string
	err = rows.Scan(&key.Scope.Principal, &key.Scope.Mutation, &key.Scope.Owner, &key.Key, &fingerprint, &stored.Command, &stored.Seq, &refusal, &facts)
	if err != nil {
		return key, stored, err
	}
	copy(stored.Fingerprint[:], fingerprint)
	if refusal != nil {
		stored.Refusal, err = ledger.DecodeRefusal(*refusal, facts)
	}
	return key, stored, err
}

func (l *loader) once() {
	if len(l.needs.Once) == 0 {
		return
	}
	l.batch.Queue(`-- name: once_read
		SELECT o.once_key, o.journal_id FROM unnest($2::text[]) AS n (once_key)
		CROSS JOIN LATERAL (SELECT t.once_key, t.journal_id FROM once_keys t WHERE t.book_id = $1 AND t.once_key = n.once_key OFFSET 0) o`, l.needs.Book, l.needs.Once).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var once string
				var journal ledger.ID
				if err := rows.Scan(&once, &journal); err != nil {
					return err
				}
				l.state.Once[once] = journal
			}
			return rows.Err()
		})
}

func (l *loader) accounts() {
	if len(l.needs.Accounts) == 0 {
		return
	}
	l.batch.Queue(`-- name: accounts_read
		SELECT a.account_id, a.code, a.class, a.commodity, a.owner_id, b.debits, b.credits, b.version, b.status,
			l.window_seconds, l.maximum, l.window_start, l.used
		FROM unnest($2::uuid[]) AS n (account_id)
		CROSS JOIN LATERAL (SELECT t.account_id, t.code, t.class, t.commodity, t.owner_id FROM accounts t
			WHERE t.book_id = $1 AND t.account_id = n.account_id OFFSET 0) a
		CROSS JOIN LATERAL (SELECT t.debits, t.credits, t.version, t.status FROM account_balances t
			WHERE t.book_id = $1 AND t.account_id = n.account_id OFFSET 0) b
		LEFT JOIN LATERAL (SELECT t.window_seconds::bigint, t.maximum, t.window_start, t.used FROM account_limits t
			WHERE t.book_id = $1 AND t.account_id = n.account_id OFFSET 0) l ON true`, l.needs.Book, l.needs.Accounts).Query(l.scanLimited)
}

func (l *loader) scanAccounts(rows pgx.Rows) error {
	for rows.Next() {
		account := &ledger.AccountState{}
		var owner *ledger.ID
		a, b := &account.Account, &account.Balance
		if err := rows.Scan(&a.ID, &a.Code, &a.Class, &a.Commodity, &owner, &b.Debits, &b.Credits, &b.Version, &b.Status); err != nil {
			return err
		}
		if owner != nil {
			a.Owner = *owner
		}
		if l.state.Accounts[a.ID] == nil { // or it came before, with its limits
			l.state.Accounts[a.ID] = account
		}
	}
	return rows.Err()
}

// reversedPlaces selects the places that the journals of $5 moved units of.
const reversedPlaces = `SELECT m.account_id, m.lot_id FROM unnest($5::uuid[]) AS j (journal_id)
	CROSS JOIN LATERAL (SELECT t.account_id, t.lot_id FROM lot_movements t WHERE t.book_id = $1 AND t.journal_id = j.journal_id OFFSET 0) m`

// places reads, per account that the batch may take units from, the unexpired
// places in spend order until they cover the demand, and counts the expired.
// Places that the batch's reversals bring along do not count as cover: a reversal
// may take their units first.
func (l *loader) places() {
	if len(l.needs.Demand) == 0 {
		return
	}
	accounts, demands := make([]ledger.ID, 0, len(l.needs.Demand)), make([]int64, 0, len(l.needs.Demand))
	for account, demand := range l.needs.Demand {
		accounts, demands = append(accounts, account), append(demands, demand)
	}
	l.batch.Queue(`-- name: places_read
		SELECT account_id, hold_id, placed, `+lotNames+`, CASE WHEN ended THEN together END
		FROM (
			SELECT p.account_id, p.hold_id, p.quantity AS placed, d.quantity AS demand, `+lotNamesOfL+`, l.ended,
				sum(p.quantity) OVER spend - p.quantity AS before, row_number() OVER spend AS place,
				sum(p.quantity) OVER (PARTITION BY p.account_id, l.ended)::bigint AS together
			FROM unnest($3::uuid[], $4::bigint[]) AS d (account_id, quantity)
			CROSS JOIN LATERAL (
				SELECT t.account_id, t.lot_id, t.hold_id, t.quantity FROM lot_places t
				WHERE t.book_id = $1 AND t.account_id = d.account_id AND t.quantity > 0 OFFSET 0) p
			CROSS JOIN LATERAL (
				SELECT `+lotNames+`, `+lotEndOfT+` <= `+batchTime+` AS ended
				FROM lots t WHERE t.book_id = $1 AND t.lot_id = p.lot_id OFFSET 0) l
			WHERE l.ended OR (p.account_id, p.lot_id) NOT IN (`+reversedPlaces+`)
			WINDOW spend AS (PARTITION BY p.account_id, l.ended ORDER BY l.priority, l.expires_at, l.lot_id)
		) found
		WHERE CASE WHEN ended THEN place = 1 ELSE before < demand OR place <= $6 END`,
		l.needs.Book, l.clock(), accounts, demands, l.journals(), l.placesMore).Query(l.scanSpendable)
}

// scanSpendable reads places, and of an account's expired ones what they hold together.
func (l *loader) scanSpendable(rows pgx.Rows) error {
	for rows.Next() {
		lot := &ledger.Lot{}
		var place lotPlace
		var quantity int64
		var expired *int64
		if err := scanLot(rows, lot, &place, &quantity, &expired); err != nil {
			return err
		}
		if expired != nil {
			l.state.ExpiredElsewhere[place.account] = *expired
			continue
		}
		l.found(lot, place, quantity)
	}
	return rows.Err()
}

// whole reads all places that hold something in the accounts that units are
// moved into, or leave whatever their expiry.
func (l *loader) whole() {
	if len(l.needs.Whole) == 0 {
		return
	}
	l.batch.Queue(`-- name: whole_places_read
		SELECT p.account_id, p.hold_id, p.quantity, `+lotNamesOfL+`
		FROM unnest($2::uuid[]) AS n (account_id)
		CROSS JOIN LATERAL (
			SELECT t.account_id, t.lot_id, t.hold_id, t.quantity FROM lot_places t
			WHERE t.book_id = $1 AND t.account_id = n.account_id AND t.quantity > 0 OFFSET 0) p
		CROSS JOIN LATERAL (SELECT `+lotNames+` FROM lots t WHERE t.book_id = $1 AND t.lot_id = p.lot_id OFFSET 0) l`, l.needs.Book, l.needs.Whole).Query(l.scanPlaces)
}

// clock is the process clock as BatchTime sees it; SQL then takes the same
// maximum with the head's last batch.
func (l *loader) clock() time.Time { return ledger.BatchTime(l.needs.Clock, time.Time{}) }

func (l *loader) scanPlaces(rows pgx.Rows) error {
	for rows.Next() {
		lot := &ledger.Lot{}
		var place lotPlace
		var quantity int64
		if err := scanLot(rows, lot, &place, &quantity); err != nil {
			return err
		}
		l.found(lot, place, quantity)
	}
	return rows.Err()
}

func (l *loader) found(lot *ledger.Lot, place lotPlace, quantity int64) {
	if l.byPlace == nil {
		l.byPlace = map[lotPlace]int64{}
	}
	l.state.Lots[lot.ID] = lot
	l.byPlace[place] = quantity
}

func (l *loader) finish() *ledger.State {
	for place, quantity := range l.byPlace {
		l.state.AddPlace(ledger.Place{Lot: place.lot, Account: place.account, Hold: place.hold, Quantity: quantity})
		if expired := l.state.ExpiredElsewhere[place.account]; expired > 0 && l.state.Lots[place.lot].ExpiredBy(l.state.Now) {
			l.state.ExpiredElsewhere[place.account] = expired - quantity
		}
	}
	return l.state
}
