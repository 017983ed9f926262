package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"purser/ledger"
)

// lineOf is where a page of postings or lot movements ended.
type lineOf struct {
	journal ledger.ID
	line    int16
}

// walkStrays looks for postings and movements that no journal has: no replay and no
// leaf of the chain covers them, although the history of their account would show
// them (I21).
func (v *verifier) walkStrays() []*rowWalk {
	return []*rowWalk{
		v.walkStray("postings", `-- name: verify_stray_postings
			SELECT p.journal_id, p.line, j.journal_id IS NOT NULL
			FROM (
				SELECT journal_id, line FROM postings WHERE book_id = $1 AND (journal_id, line) > ($2, $3) ORDER BY journal_id, line LIMIT $4) p
			LEFT JOIN journals j ON j.book_id = $1 AND j.journal_id = p.journal_id
			ORDER BY p.journal_id, p.line`),
		v.walkStray("lot movements", `-- name: verify_stray_movements
			SELECT m.journal_id, m.line, j.journal_id IS NOT NULL
			FROM (
				SELECT journal_id, line FROM lot_movements WHERE book_id = $1 AND (journal_id, line) > ($2, $3) ORDER BY journal_id, line LIMIT $4) m
			LEFT JOIN journals j ON j.book_id = $1 AND j.journal_id = m.journal_id
			ORDER BY m.journal_id, m.line`),
	}
}

func (v *verifier) walkStray(what, statement string) *rowWalk {
	first := lineOf{line: -1}
	after := first
	return &rowWalk{what: what, page: func(ctx context.Context) (bool, error) {
		rows, last := 0, after
		err := v.eachRow(ctx, func(row pgx.Rows) error {
			var covered bool
			if err := row.Scan(&last.journal, &last.line, &covered); err != nil {
				return err
			}
			rows++
			if !covered {
				v.found.expect(false, "I21", "book %d: line %d of the %s of journal %s is stored, and no such journal is", v.book, last.line, what, last.journal)
			}
			return nil
		}, statement, v.book, after.journal, after.line, verifyRows)
		if err != nil {
			return false, err
		}
		if after = last; rows < verifyRows {
			after = first
		}
		return rows == verifyRows, nil
	}}
}
