package finance

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"purser/ledger"
)

// Evidence is what an auditor needs to rely on a report: what was asked, how far the
// books were, how many rows the answer has, and a digest of all of it. The same
// question at the same state of the books has the same digest.
type Evidence struct {
	Report     string
	Parameters []Parameter
	Seqs       []BookSeq
	RowCount   int
	// SHA256 is the hexadecimal digest of lines of text, each ended by a line feed and
	// its cells parted by tabs: "report" and its name; for each parameter "parameter",
	// its name and value; for each book "book", its number and seq; for each row "row"
	// and its cells.
	SHA256 string
}

// Parameter is one thing that was asked, with what was taken where it was left out.
type Parameter struct{ Name, Value string }

// BookSeq is how far a book was.
type BookSeq struct {
	Book ledger.BookID
	Seq  int64
}

// NewEvidence returns the evidence of a report with these rows.
func NewEvidence(report string, parameters []Parameter, seqs map[ledger.BookID]int64, rows [][]string) Evidence {
	evidence := Evidence{Report: report, Parameters: parameters, RowCount: len(rows)}
	var text strings.Builder
	line := func(cells ...string) {
		text.WriteString(strings.Join(cells, "\t"))
		text.WriteByte('\n')
	}
	line("report", report)
	for _, parameter := range parameters {
		line("parameter", parameter.Name, parameter.Value)
	}
	for _, book := range slices.Sorted(maps.Keys(seqs)) {
		evidence.Seqs = append(evidence.Seqs, BookSeq{Book: book, Seq: seqs[book]})
		line("book", strconv.Itoa(int(book)), strconv.FormatInt(seqs[book], 10))
	}
	for _, row := range rows {
		line(append([]string{"row"}, row...)...)
	}
	sum := sha256.Sum256([]byte(text.String()))
	evidence.SHA256 = hex.EncodeToString(sum[:])
	return evidence
}

// Cell prints a number for a row of evidence.
func Cell(number int64) string { return strconv.FormatInt(number, 10) }
