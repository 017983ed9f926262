package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"purser/ledger"
)

// What a statement selects of a lot, in the order of scanLot: lotNames in a lookup
// of table lots, lotNamesOfL of a lookup called l.
const (
	lotNames = `lot_id, wallet_id, origin, granted, remaining, expires_at, priority, money, basis_minor, basis_remaining, jurisdiction,
		tax_minor, tax_remaining, root_id, grace_until`
	lotNamesOfL = `l.lot_id, l.wallet_id, l.origin, l.granted, l.remaining, l.expires_at, l.priority, l.money, l.basis_minor, l.basis_remaining,
		l.jurisdiction, l.tax_minor, l.tax_remaining, l.root_id, l.grace_until`
)

// batchTime is the batch's instant, of the book $1 and the process clock $2, as
// ledger.BatchTime has it.
const batchTime = `(SELECT greatest($2::timestamptz, last_posted_at + interval '1 microsecond') FROM book_heads WHERE book_id = $1)`

// lotEndOfT is when the units of the lot t are no longer usable, grace included.
const lotEndOfT = `greatest(t.expires_at, coalesce(t.grace_until, '-infinity'))`

// notHeld is the hold of a place whose units belong to no hold.
const notHeld = `'00000000-0000-0000-0000-000000000000'`

// scanLot reads a place with its lot, and what is selected behind it.
func scanLot(rows pgx.Rows, lot *ledger.Lot, place *lotPlace, quantity *int64, more ...any) error {
	var expires pgtype.Timestamptz
	var money *ledger.Commodity
	var root *ledger.ID
	var grace *time.Time
	err := rows.Scan(append([]any{
		&place.account, &place.hold, quantity, &lot.ID, &lot.Wallet, &lot.Origin, &lot.Granted, &lot.Remaining, &expires, &lot.Priority,
		&money, &lot.Basis, &lot.BasisRemaining, &lot.Jurisdiction, &lot.Tax, &lot.TaxRemaining, &root, &grace,
	}, more...)...)
	if err != nil {
		return err
	}
	place.lot = lot.ID
	lot.ExpiresAt = instantOf(expires)
	lot.Money, lot.Root, lot.GraceUntil = orZero(money), orZero(root), orZero(grace)
	return nil
}

// expiry stores what never expires as infinity, which sorts last.
func expiry(at time.Time) pgtype.Timestamptz {
	if at.IsZero() {
		return pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	}
	return pgtype.Timestamptz{Time: at, Valid: true}
}

func saveLots(batch *pgx.Batch, w *ledger.Writes) {
	if len(w.NewLots) > 0 {
		saveNewLots(batch, w)
	}
	var used, changed []*ledger.Lot
	for i := range w.Lots {
		if lot := &w.Lots[i]; lot.Root.IsZero() && lot.GraceUntil.IsZero() {
			used = append(used, lot)
		} else {
			changed = append(changed, lot)
		}
	}
	if len(used) > 0 {
		saveUsedLots(batch, w.Book, used)
	}
	if len(changed) > 0 {
		saveChangedLots(batch, w.Book, changed)
	}
	savePlaces(batch, w)
}

func saveUsedLots(batch *pgx.Batch, book ledger.BookID, lots []*ledger.Lot) {
	n := len(lots)
	ids, remaining, basis, tax := make([]ledger.ID, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, lot := range lots {
		ids[i], remaining[i], basis[i], tax[i] = lot.ID, lot.Remaining, lot.BasisRemaining, lot.TaxRemaining
	}
	batch.Queue(`-- name: lots_update
		UPDATE lots l SET remaining = n.remaining, basis_remaining = n.basis_remaining, tax_remaining = n.tax_remaining
		FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (lot_id, remaining, basis_remaining, tax_remaining)
		CROSS JOIN LATERAL (SELECT t.ctid AS at FROM lots t WHERE t.book_id = $1 AND t.lot_id = n.lot_id OFFSET 0) o
		WHERE l.ctid = o.at`, book, ids, remaining, basis, tax)
}

// saveChangedLots updates lots of which more may move than their remaining units:
// what came by transfer grows, and units that came back late have grace.
func saveChangedLots(batch *pgx.Batch, book ledger.BookID, lots []*ledger.Lot) {
	n := len(lots)
	ids, graces := make([]ledger.ID, n), make([]*time.Time, n)
	granted, basis, tax := make([]int64, n), make([]int64, n), make([]int64, n)
	remaining, basisRemaining, taxRemaining := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, lot := range lots {
		ids[i], graces[i] = lot.ID, optional(lot.GraceUntil)
		granted[i], basis[i], tax[i] = lot.Granted, lot.Basis, lot.Tax
		remaining[i], basisRemaining[i], taxRemaining[i] = lot.Remaining, lot.BasisRemaining, lot.TaxRemaining
	}
	batch.Queue(`-- name: lots_change
		UPDATE lots l SET remaining = n.remaining, basis_remaining = n.basis_remaining, tax_remaining = n.tax_remaining,
			granted = n.granted, basis_minor = n.basis_minor, tax_minor = n.tax_minor, grace_until = n.grace_until
		FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::timestamptz[])
			AS n (lot_id, remaining, basis_remaining, tax_remaining, granted, basis_minor, tax_minor, grace_until)
		CROSS JOIN LATERAL (SELECT t.ctid AS at FROM lots t WHERE t.book_id = $1 AND t.lot_id = n.lot_id OFFSET 0) o
		WHERE l.ctid = o.at`, book, ids, remaining, basisRemaining, taxRemaining, granted, basis, tax, graces)
}

func savePlaces(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.Places)
	if n == 0 {
		return
	}
	lots, accounts, holds, quantities := make([]ledger.ID, n), make([]ledger.ID, n), make([]ledger.ID, n), make([]int64, n)
	for i, place := range w.Places {
		lots[i], accounts[i], holds[i], quantities[i] = place.Lot, place.Account, place.Hold, place.Quantity
	}
	batch.Queue(`-- name: lot_places_write
		INSERT INTO lot_places (book_id, account_id, lot_id, hold_id, quantity)
		SELECT $1::integer, n.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[]) AS n
		ON CONFLICT ON CONSTRAINT lot_places_pkey DO UPDATE SET quantity = excluded.quantity`, w.Book, accounts, lots, holds, quantities)
}

func saveNewLots(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.NewLots)
	ids, wallets, roots, graces := make([]ledger.ID, n), make([]ledger.ID, n), make([]*ledger.ID, n), make([]*time.Time, n)
	origins, moneys, jurisdictions := make([]string, n), make([]*string, n), make([]string, n)
	granted, remaining, expires, priorities := make([]int64, n), make([]int64, n), make([]pgtype.Timestamptz, n), make([]int32, n)
	basis, basisRemaining, tax, taxRemaining := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range w.NewLots {
		lot := &w.NewLots[i]
		ids[i], wallets[i], origins[i], granted[i], remaining[i] = lot.ID, lot.Wallet, string(lot.Origin), lot.Granted, lot.Remaining
		expires[i], priorities[i], moneys[i] = expiry(lot.ExpiresAt), lot.Priority, optional(string(lot.Money))
		basis[i], basisRemaining[i], jurisdictions[i] = lot.Basis, lot.BasisRemaining, lot.Jurisdiction
		tax[i], taxRemaining[i], roots[i], graces[i] = lot.Tax, lot.TaxRemaining, optionalID(lot.Root), optional(lot.GraceUntil)
	}
	batch.Queue(`-- name: lots_write
		INSERT INTO lots (book_id, lot_id, wallet_id, origin, granted, remaining, expires_at, priority, money, basis_minor, basis_remaining, jurisdiction,
			tax_minor, tax_remaining, root_id, grace_until)
		SELECT $1::integer, n.*
		FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::integer[], $9::text[],
			$10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::bigint[], $15::uuid[], $16::timestamptz[]) AS n`,
		w.Book, ids, wallets, origins, granted, remaining, expires, priorities, moneys, basis, basisRemaining, jurisdictions,
		tax, taxRemaining, roots, graces)
}

func saveMovements(batch *pgx.Batch, w *ledger.Writes) {
	n := len(w.Movements)
	if n == 0 {
		return
	}
	journals, lots, accounts, holds := make([]ledger.ID, n), make([]ledger.ID, n), make([]ledger.ID, n), make([]ledger.ID, n)
	lines, quantities, basis, tax, moneys := make([]int16, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]*string, n)
	for i := range w.Movements {
		m := &w.Movements[i]
		journals[i], lines[i], lots[i], accounts[i], holds[i] = m.Journal, m.Line, m.Lot, m.Account, m.Hold
		quantities[i], basis[i], tax[i], moneys[i] = m.Quantity, m.Basis, m.Tax, optional(string(m.Money))
	}
	batch.Queue(`-- name: lot_movements_write
		INSERT INTO lot_movements (book_id, journal_id, line, lot_id, account_id, hold_id, quantity, basis, tax, money)
		SELECT $1::integer, n.*
		FROM unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[]) AS n`,
		w.Book, journals, lines, lots, accounts, holds, quantities, basis, tax, moneys)
}
