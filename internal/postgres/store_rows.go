package postgres

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// rowsWrite is a statement that writes rows given as one array per column. A single
// row, which is what one caller sends, it takes as plain values: PostgreSQL prepares
// each array of an unnest apart, which for one row costs a tenth of the batch.
type rowsWrite struct{ many, one string }

var (
	unnested  = regexp.MustCompile(`(?s)n\.\*\s+FROM unnest\((.*?)\) AS n`)
	arrayType = regexp.MustCompile(`\[\]`)
)

// newRowsWrite makes one of a statement that selects n.* from its arrays as n, behind
// whatever all rows have in common.
func newRowsWrite(many string) rowsWrite {
	arrays := unnested.FindStringSubmatch(many)
	return rowsWrite{many: many, one: strings.Replace(many, arrays[0], arrayType.ReplaceAllString(arrays[1], ""), 1)}
}

// queue queues the statement. common are its first parameters, columns slices of the
// same length.
func (w rowsWrite) queue(batch *pgx.Batch, common []any, columns ...any) {
	if reflect.ValueOf(columns[0]).Len() != 1 {
		batch.Queue(w.many, append(common, columns...)...)
		return
	}
	for i, column := range columns {
		columns[i] = reflect.ValueOf(column).Index(0).Interface()
	}
	batch.Queue(w.one, append(common, columns...)...)
}
