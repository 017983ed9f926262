package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// walkKeys checks that each stored outcome is the journal's, or decodes as a
// refusal, and that each once key names a journal. These rows never change.
func (v *verifier) walkKeys() []*rowWalk {
	return []*rowWalk{v.walkOutcomes(), v.walkOnce()}
}

// keyOf is where a page of idempotency keys ended.
type keyOf struct {
	owner                    ledger.ID
	principal, mutation, key string
}

func (v *verifier) walkOutcomes() *rowWalk {
	return walkRanges(v, "idempotency keys", keyOf{}, func(ctx context.Context, after keyOf) (seq int64, last keyOf, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var command ledger.ID
			var stored, actual *int64
			var refusal *string
			var facts []byte
			if err := rows.Scan(&last.owner, &last.principal, &last.mutation, &last.key, &command, &stored, &actual, &refusal, &facts); err != nil {
				return err
			}
			key := last.key
			compare = append(compare, func() { v.compareOutcome(key, command, stored, actual, refusal, facts) })
			return nil
		}, `-- name: verify_keys
			SELECT k.owner_id, k.principal, k.mutation, k.key, k.command_id, k.seq, j.seq, k.refusal, k.facts
			FROM (
				SELECT owner_id, principal, mutation, key, command_id, seq, refusal, facts FROM idempotency_keys
				WHERE book_id = $1 AND (owner_id, principal, mutation, key) > ($2, $3, $4, $5) ORDER BY owner_id, principal, mutation, key LIMIT $6) k
			LEFT JOIN journals j ON j.book_id = $1 AND j.journal_id = k.command_id
			ORDER BY k.owner_id, k.principal, k.mutation, k.key`, v.book, after.owner, after.principal, after.mutation, after.key, verifyRows)
		return 0, last, compare, err
	})
}

func (v *verifier) compareOutcome(key string, command ledger.ID, stored, actual *int64, refusal *string, facts []byte) {
	v.found.expect(orZero(stored) == orZero(actual), "I12", "book %d: key %s says seq %d for command %s, its journal has seq %d",
		v.book, key, orZero(stored), command, orZero(actual))
	if refusal == nil {
		return
	}
	_, err := ledger.DecodeRefusal(*refusal, facts)
	v.found.expect(err == nil, "I12", "book %d: the refusal %s of key %s cannot be told again: %v", v.book, *refusal, key, err)
}

func (v *verifier) walkOnce() *rowWalk {
	return walkRanges(v, "once keys", "", func(ctx context.Context, after string) (seq int64, last string, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var journal ledger.ID
			var there bool
			if err := rows.Scan(&last, &journal, &there); err != nil {
				return err
			}
			once := last
			compare = append(compare, func() {
				v.found.expect(there, "I12", "book %d: once key %s names journal %s, which is not there", v.book, once, journal)
			})
			return nil
		}, `-- name: verify_once
			SELECT o.once_key, o.journal_id, j.journal_id IS NOT NULL
			FROM (SELECT once_key, journal_id FROM once_keys WHERE book_id = $1 AND once_key > $2 ORDER BY once_key LIMIT $3) o
			LEFT JOIN journals j ON j.book_id = $1 AND j.journal_id = o.journal_id
			ORDER BY o.once_key`, v.book, after, verifyRows)
		return 0, last, compare, err
	})
}
