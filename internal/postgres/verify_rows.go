package postgres

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/ledger"
)

// whereConnectsGo begins the classes of I30: what was issued is in one of the others.
var whereConnectsGo = []string{"ISSUED:", "WALLET:", "CAMPAIGN:", "CONSUMED:", "EXPIRED", "REVOKED", "RECEIVABLE"}

func (v *verifier) walkBalances() *rowWalk {
	met := 0
	w := counted(v, walkRanges(v, "account balances", ledger.NilID, func(ctx context.Context, after ledger.ID) (seq int64, last ledger.ID, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			row := balanceRow{}
			if err := rows.Scan(&seq, &row.id, &row.code, &row.class, &row.commodity, &row.Debits, &row.Credits, &row.Version, &row.Status, &row.placed); err != nil {
				return err
			}
			last = row.id
			compare = append(compare, func() { met++; v.compareBalance(row) })
			return nil
		}, `-- name: verify_balances
			WITH accounts_of AS MATERIALIZED (
				SELECT b.account_id, a.code, a.class, a.commodity, b.debits, b.credits, b.version, b.status
				FROM account_balances b JOIN accounts a ON a.book_id = b.book_id AND a.account_id = b.account_id
				WHERE b.book_id = $1 AND b.account_id > $2 ORDER BY b.account_id LIMIT $3),
			placed AS (
				SELECT p.account_id, sum(p.quantity)::bigint AS units FROM accounts_of o
				JOIN lot_places p ON p.book_id = $1 AND p.account_id = o.account_id GROUP BY p.account_id)
			SELECT h.seq, o.account_id, o.code, o.class, o.commodity, o.debits, o.credits, o.version, o.status, coalesce(p.units, 0)
			FROM book_heads h CROSS JOIN accounts_of o LEFT JOIN placed p ON p.account_id = o.account_id
			WHERE h.book_id = $1 ORDER BY o.account_id`, v.book, after, verifyRows)
		return seq, last, compare, err
	}), &met, func() int { return len(v.accounts) })
	begin, end, d := w.begin, w.end, &v.deviation
	w.begin = func() {
		begin()
		clear(d.debits)
		clear(d.credits)
		clear(d.deferred)
	}
	w.end = func() {
		end()
		v.checkBalanced()
		clear(d.deferredLast)
		for money, off := range d.deferred {
			d.deferredLast[money] = off
		}
	}
	return w
}

// checkBalanced compares what all balances of a round add up to (I1, I30).
func (v *verifier) checkBalanced() {
	for commodity, debits := range v.deviation.debits {
		credits := v.deviation.credits[commodity]
		v.found.expect(debits == credits, "I1", "book %d, %s: the stored debits are %d off what was posted, the credits %d", v.book, commodity, debits, credits)
		v.found.expect(debits == credits || commodity != ledger.CNX, "I30",
			"book %d: the Connects issued are %d off those in wallets, holds and escrow and those that left them", v.book, debits-credits)
	}
}

type balanceRow struct {
	id          ledger.ID
	code, class string
	commodity   ledger.Commodity
	placed      int64
	ledger.Balance
}

func (v *verifier) compareBalance(row balanceRow) {
	class, known := v.rules.Class(row.class)
	v.found.expect(known, "I22", "book %d: account %s is of no class in the chart", v.book, row.code)
	sum, posted := v.accounts[row.id]
	v.found.expect(posted || v.broken, "I22", "book %d: no journal opened account %s", v.book, row.code)
	if !posted {
		sum = &accountSum{}
	}
	if row.Debits != sum.debits || row.Credits != sum.credits || row.Version != sum.version {
		v.found.expect(false, "I2", "book %d: %s stands at debits %d, credits %d, version %d; its postings make %d, %d, %d",
			v.book, row.code, row.Debits, row.Credits, row.Version, sum.debits, sum.credits, sum.version)
		v.deviation.debits[row.commodity] += row.Debits - sum.debits
		v.deviation.credits[row.commodity] += row.Credits - sum.credits
		if row.id == v.deferredRevenue(row.commodity) {
			v.deviation.deferred[row.commodity] += (row.Credits - row.Debits) - (sum.credits - sum.debits)
		}
	}
	if row.commodity == ledger.CNX && !slices.ContainsFunc(whereConnectsGo, func(prefix string) bool { return strings.HasPrefix(row.class, prefix) }) {
		v.found.add("I30", unknownIssue(v.book, row.code), 1)
	}
	balance := row.On(class.Normal)
	if row.Debits < 0 || row.Credits < 0 || row.Version < 0 {
		v.found.expect(false, "I3", "book %d: %s has a negative counter", v.book, row.code)
	}
	if class.Floored && balance < 0 {
		v.found.expect(false, "I5", "book %d: %s stands at %d", v.book, row.code, balance)
	}
	if class.TracksLots && row.placed != balance {
		v.found.expect(false, "I9", "book %d: lots place %d in %s, which stands at %d", v.book, row.placed, row.code, balance)
	}
	if class.Holds && v.held[row.id] != balance {
		v.found.expect(false, "I6", "book %d: open holds have %d left in %s, which stands at %d", v.book, v.held[row.id], row.code, balance)
	}
	if folded, ok := v.state.Accounts[row.id]; ok && !v.broken && folded.Balance.Status != row.Status {
		v.found.expect(false, "I22", "book %d: %s is %s, its journals make it %s", v.book, row.code, row.Status, folded.Balance.Status)
	}
}

// walkLots compares what lots have left, and of those that have something all that
// may change.
func (v *verifier) walkLots() *rowWalk {
	w := walkRanges(v, "lots", ledger.NilID, func(ctx context.Context, after ledger.ID) (seq int64, last ledger.ID, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var lot ledger.Lot
			var money *ledger.Commodity
			var grace *time.Time
			if err := rows.Scan(&seq, &lot.ID, &lot.Granted, &lot.Remaining, &money, &lot.Basis, &lot.BasisRemaining, &lot.Tax, &lot.TaxRemaining, &grace); err != nil {
				return err
			}
			lot.Money, lot.GraceUntil = orZero(money), orZero(grace)
			last = lot.ID
			compare = append(compare, func() { v.compareLot(&lot) })
			return nil
		}, `-- name: verify_lots
			SELECT h.seq, l.lot_id, l.granted, l.remaining, l.money, l.basis_minor, l.basis_remaining, l.tax_minor, l.tax_remaining, l.grace_until
			FROM book_heads h JOIN lots l ON l.book_id = h.book_id
			WHERE h.book_id = $1 AND l.lot_id > $2 ORDER BY l.lot_id LIMIT $3`, v.book, after, verifyRows)
		return seq, last, compare, err
	})
	d := &v.deviation
	w.begin = func() { clear(d.basis) }
	w.end = func() {
		clear(d.basisLast)
		for money, off := range d.basis {
			d.basisLast[money] = off
		}
	}
	return w
}

func (v *verifier) compareLot(lot *ledger.Lot) {
	v.found.expect(lot.Remaining >= 0 && lot.Remaining <= lot.Granted, "I9", "book %d: lot %s has %d of %d left", v.book, lot.ID, lot.Remaining, lot.Granted)
	want := lotSum{}
	if sum := v.lots[lot.ID]; sum != nil {
		want = *sum
	}
	if got := (lotSum{lot.Remaining, lot.BasisRemaining, lot.TaxRemaining}); got != want {
		v.found.expect(false, "I9", "book %d: lot %s has %d units, basis %d and tax %d left, its movements make %d, %d and %d",
			v.book, lot.ID, got.remaining, got.basis, got.tax, want.remaining, want.basis, want.tax)
		v.deviation.basis[lot.Money] += got.basis - want.basis
	}
	if folded := v.state.Lots[lot.ID]; folded != nil && !v.broken {
		same := folded.Granted == lot.Granted && folded.Basis == lot.Basis && folded.Tax == lot.Tax && folded.GraceUntil.Equal(lot.GraceUntil)
		v.found.expect(same, "I22", "book %d: lot %s was granted %d with basis %d, tax %d and grace until %s, its journals make %d, %d, %d and %s", v.book, lot.ID,
			lot.Granted, lot.Basis, lot.Tax, lot.GraceUntil.Format(time.RFC3339), folded.Granted, folded.Basis, folded.Tax, folded.GraceUntil.Format(time.RFC3339))
	}
}

// lotTerms are the columns of a lot that never change.
type lotTerms struct {
	lot, wallet, root    ledger.ID
	origin, jurisdiction string
	money                ledger.Commodity
	expires              int64
}

// sumLotTerms notes the lots that the journal made. What those that came by transfer
// were granted grows, and is compared while they have units.
func (v *verifier) sumLotTerms(delta *ledger.Delta) {
	for _, id := range delta.NewLots {
		if lot, ok := delta.Lot(id); ok {
			key, values := termsOf(lot)
			sketchAdd(v.sketches.lots, id, key, values[:]...)
		}
	}
}

func termsOf(lot *ledger.Lot) (lotTerms, [5]int64) {
	key := lotTerms{lot.ID, lot.Wallet, lot.Root, string(lot.Origin), lot.Jurisdiction, lot.Money, instant(lot.ExpiresAt)}
	if !lot.Root.IsZero() {
		return key, [5]int64{1, int64(lot.Priority)}
	}
	return key, [5]int64{1, int64(lot.Priority), lot.Granted, lot.Basis, lot.Tax}
}

func (v *verifier) walkLotTerms() *rowWalk {
	return walkSketch(v, "terms of lots", func(s *verifySketches) *sketch { return s.lots }, func(ctx context.Context, from ledger.ID, limit int, yield func(int64, ledger.ID, lotTerms, ...int64)) error {
		return v.eachRow(ctx, func(rows pgx.Rows) error {
			var seq int64
			var root *ledger.ID
			lot := &ledger.Lot{}
			if err := scanLotTerms(rows, lot, &root, &seq); err != nil {
				return err
			}
			lot.Root = orZero(root)
			key, values := termsOf(lot)
			yield(seq, lot.ID, key, values[:]...)
			return nil
		}, `-- name: verify_lot_terms
			SELECT l.lot_id, l.wallet_id, l.origin, l.granted, l.expires_at, l.priority, l.money, l.basis_minor, l.tax_minor, l.jurisdiction, l.root_id, h.seq
			FROM book_heads h JOIN lots l ON l.book_id = h.book_id
			WHERE h.book_id = $1 AND l.lot_id >= $2 ORDER BY l.lot_id LIMIT $3`, v.book, from, limit)
	})
}

// walkPlaces compares where units are with where movements put them; with walkLots
// and walkBalances that makes the places of a lot add up to what is left of it, and
// those at an account to its balance.
func (v *verifier) walkPlaces() *rowWalk {
	return walkRanges(v, "lot places", ledger.Place{}, func(ctx context.Context, after ledger.Place) (seq int64, last ledger.Place, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var quantity int64
			if err := rows.Scan(&seq, &last.Account, &last.Lot, &last.Hold, &quantity); err != nil {
				return err
			}
			place := last
			compare = append(compare, func() {
				if want := v.places[place]; want != quantity {
					v.found.expect(false, "I9", "book %d: %d units of lot %s are placed in %s, its movements make %d",
						v.book, quantity, place.Lot, v.account(place.Account).code, want)
				}
			})
			return nil
		}, `-- name: verify_lot_places
			SELECT h.seq, p.account_id, p.lot_id, p.hold_id, p.quantity
			FROM book_heads h JOIN lot_places p ON p.book_id = h.book_id
			WHERE h.book_id = $1 AND (p.account_id, p.lot_id, p.hold_id) > ($2, $3, $4) ORDER BY p.account_id, p.lot_id, p.hold_id LIMIT $5`,
			v.book, after.Account, after.Lot, after.Hold, verifyRows)
		return seq, last, compare, err
	})
}

// limitOf identifies a row of account_limits.
type limitOf struct {
	account ledger.ID
	window  int64 // seconds
}

func (v *verifier) walkLimits() *rowWalk {
	met := 0
	return counted(v, walkRanges(v, "limits of accounts", limitOf{}, func(ctx context.Context, after limitOf) (seq int64, last limitOf, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var maximum *int64
			var start pgtype.Timestamptz
			var used int64
			if err := rows.Scan(&seq, &last.account, &last.window, &maximum, &start, &used); err != nil {
				return err
			}
			account, stored := last.account, limit(last.window, maximum, start.Time, used)
			compare = append(compare, func() { met++; v.compareLimit(account, stored) })
			return nil
		}, `-- name: verify_limits
			SELECT h.seq, l.account_id, l.window_seconds, l.maximum, l.window_start, l.used
			FROM book_heads h JOIN account_limits l ON l.book_id = h.book_id
			WHERE h.book_id = $1 AND (l.account_id, l.window_seconds) > ($2, $3) ORDER BY l.account_id, l.window_seconds LIMIT $4`,
			v.book, after.account, after.window, verifyRows)
		return seq, last, compare, err
	}), &met, v.limits)
}

func (v *verifier) limits() (limits int) {
	for _, account := range v.state.Accounts {
		limits += len(account.Limits)
	}
	return limits
}

func (v *verifier) compareLimit(account ledger.ID, stored ledger.Limit) {
	var folded ledger.Limit
	if state := v.state.Accounts[account]; state != nil {
		if at := slices.IndexFunc(state.Limits, func(l ledger.Limit) bool { return l.Window == stored.Window }); at >= 0 {
			folded = state.Limits[at]
		}
	}
	same := folded.Window == stored.Window && folded.Used == stored.Used && folded.WindowStart.Equal(stored.WindowStart) &&
		(folded.Maximum == stored.Maximum || folded.Maximum < 0 && stored.Maximum < 0)
	v.found.expect(same || v.broken, "I22", "book %d: %s has used %d of its limit of %d per %s, its journals make it %d of %d",
		v.book, v.account(account).code, stored.Used, stored.Maximum, stored.Window, folded.Used, folded.Maximum)
}
