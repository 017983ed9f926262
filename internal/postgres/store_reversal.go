package postgres

import (
	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// journals lists what the batch may reverse, never nil so that it encodes as an
// empty array.
func (l *loader) journals() []ledger.ID {
	if l.needs.Journals == nil {
		return []ledger.ID{}
	}
	return l.needs.Journals
}

// reversals reads the journals a batch may reverse: what they moved, what of it
// was undone before, and the accounts and lots as they stand.
func (l *loader) reversals() {
	if len(l.needs.Journals) == 0 {
		return
	}
	l.batch.Queue(`-- name: reversal_journals_read
		SELECT j.journal_id, j.seq, j.template, j.template_version, j.type, j.arguments, j.effective_at, j.posted_at, j.wallet_id,
			j.subject_type, j.subject_id, j.initiated_by,
			coalesce((SELECT sum(r.reversed_quantity) FROM journals r WHERE r.book_id = $1 AND r.reverses = j.journal_id), 0)::bigint
		FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) n
		CROSS JOIN LATERAL (
			SELECT t.journal_id, t.seq, t.template, t.template_version, t.type, t.arguments, t.effective_at, t.posted_at, t.wallet_id,
				t.subject_type, t.subject_id, t.initiated_by
			FROM journals t WHERE t.book_id = $1 AND t.journal_id = n.id OFFSET 0) j`, l.needs.Book, l.needs.Journals).Query(l.scanRecords)
	l.batch.Queue(`-- name: reversal_movements_read
		SELECT journal_id, line, lot_id, account_id, hold_id, quantity, basis, tax, money
		FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) n
		CROSS JOIN LATERAL (
			SELECT t.journal_id, t.line, t.lot_id, t.account_id, t.hold_id, t.quantity, t.basis, t.tax, t.money
			FROM lot_movements t WHERE t.book_id = $1 AND t.journal_id = n.id OFFSET 0) m
		ORDER BY journal_id, line`, l.needs.Book, l.needs.Journals).Query(l.scanMovements)
	l.batch.Queue(`-- name: reversal_undone_read
		SELECT r.reverses, m.lot_id, sum(abs(m.quantity))::bigint, sum(abs(m.basis))::bigint, sum(abs(m.tax))::bigint
		FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) n
		CROSS JOIN LATERAL (SELECT t.journal_id, t.reverses FROM journals t WHERE t.book_id = $1 AND t.reverses = n.id OFFSET 0) r
		CROSS JOIN LATERAL (
			SELECT t.lot_id, t.quantity, t.basis, t.tax FROM lot_movements t WHERE t.book_id = $1 AND t.journal_id = r.journal_id OFFSET 0) m
		WHERE EXISTS (
			SELECT FROM lot_movements o
			WHERE o.book_id = $1 AND o.journal_id = r.reverses AND o.lot_id = m.lot_id AND (o.quantity < 0) <> (m.quantity < 0) OFFSET 0)
		GROUP BY r.reverses, m.lot_id`, l.needs.Book, l.needs.Journals).Query(l.scanUndone)
	l.batch.Queue(`-- name: reversal_places_read
		SELECT DISTINCT p.account_id, p.hold_id, p.quantity, `+lotNamesOfL+`
		FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) n
		CROSS JOIN LATERAL (SELECT t.lot_id, t.account_id, t.hold_id FROM lot_movements t WHERE t.book_id = $1 AND t.journal_id = n.id OFFSET 0) m
		CROSS JOIN LATERAL (SELECT `+lotNames+` FROM lots t WHERE t.book_id = $1 AND t.lot_id = m.lot_id OFFSET 0) l
		CROSS JOIN LATERAL (
			SELECT t.account_id, t.hold_id, t.quantity FROM lot_places t
			WHERE t.book_id = $1 AND t.account_id = m.account_id AND t.lot_id = m.lot_id AND t.hold_id = m.hold_id OFFSET 0) p`, l.needs.Book, l.needs.Journals).Query(l.scanPlaces)
	l.batch.Queue(`-- name: reversal_accounts_read
		SELECT a.account_id, a.code, a.class, a.commodity, a.owner_id, b.debits, b.credits, b.version, b.status
		FROM (
			SELECT DISTINCT unnest(ARRAY[p.debit_account, p.credit_account]) AS account_id FROM unnest($2::uuid[]) AS j (id)
			CROSS JOIN LATERAL (SELECT t.debit_account, t.credit_account FROM postings t WHERE t.book_id = $1 AND t.journal_id = j.id OFFSET 0) p) n
		CROSS JOIN LATERAL (
			SELECT t.account_id, t.code, t.class, t.commodity, t.owner_id
			FROM accounts t WHERE t.book_id = $1 AND t.account_id = n.account_id OFFSET 0) a
		CROSS JOIN LATERAL (
			SELECT t.debits, t.credits, t.version, t.status
			FROM account_balances t WHERE t.book_id = $1 AND t.account_id = n.account_id OFFSET 0) b`,
		l.needs.Book, l.needs.Journals).Query(l.scanAccounts)
}

func (l *loader) scanRecords(rows pgx.Rows) error {
	for rows.Next() {
		record := &ledger.Record{Undone: map[ledger.ID]ledger.Undone{}}
		j := &record.Journal
		var arguments []byte
		var wallet *ledger.ID
		var subjectType, subjectID *string
		err := rows.Scan(&j.ID, &j.Seq, &j.Template, &j.TemplateVersion, &j.Type, &arguments, &j.EffectiveAt, &j.PostedAt, &wallet,
			&subjectType, &subjectID, &j.InitiatedBy, &record.Reversed)
		if err != nil {
			return err
		}
		j.Book = l.needs.Book
		if wallet != nil {
			j.Wallet = *wallet
		}
		if subjectType != nil && subjectID != nil {
			j.Subject = ledger.Subject{Type: *subjectType, ID: *subjectID}
		}
		if j.Arguments, err = ledger.DecodeArguments(arguments); err != nil {
			return err
		}
		l.state.Journals[j.ID] = record
	}
	return rows.Err()
}

func (l *loader) scanMovements(rows pgx.Rows) error {
	for rows.Next() {
		var journal ledger.ID
		var m ledger.Movement
		var money *ledger.Commodity
		if err := rows.Scan(&journal, &m.Line, &m.Lot, &m.Account, &m.Hold, &m.Quantity, &m.Basis, &m.Tax, &money); err != nil {
			return err
		}
		if money != nil {
			m.Money = *money
		}
		if record := l.state.Journals[journal]; record != nil {
			record.Movements = append(record.Movements, m)
		}
	}
	return rows.Err()
}

func (l *loader) scanUndone(rows pgx.Rows) error {
	for rows.Next() {
		var journal, lot ledger.ID
		var undone ledger.Undone
		if err := rows.Scan(&journal, &lot, &undone.Quantity, &undone.Basis, &undone.Tax); err != nil {
			return err
		}
		if record := l.state.Journals[journal]; record != nil {
			record.Undone[lot] = undone
		}
	}
	return rows.Err()
}
