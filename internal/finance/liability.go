package finance

import (
	"cmp"
	"slices"
	"strings"

	"purser/ledger"
)

// LiabilityDimension is by what outstanding units can be grouped.
type LiabilityDimension string

// The dimensions.
const (
	ByJurisdiction LiabilityDimension = "JURISDICTION"
	ByOrigin       LiabilityDimension = "ORIGIN"
	ByMoney        LiabilityDimension = "MONEY"
)

// LiabilityQuery asks what is outstanding at the end of a day, by when journals were
// booked.
type LiabilityQuery struct {
	AsOf ledger.Date
	By   []LiabilityDimension
}

// Groups reports whether the query groups by a dimension.
func (q LiabilityQuery) Groups(by LiabilityDimension) bool { return slices.Contains(q.By, by) }

// LiabilityRow is what lots of one kind have left. What the query does not group by
// is empty, but for Money: amounts of two moneys are never added.
type LiabilityRow struct {
	Jurisdiction, Origin string
	Money                ledger.Commodity // empty for units that nobody paid for
	Units                int64
	Basis                int64
}

// LiabilityTotal is the basis of all lots in one money, beside the balance of
// deferred revenue, which must be the same (I29).
type LiabilityTotal struct {
	Money    ledger.Commodity
	Basis    int64
	Deferred int64
}

// LiabilityGroup is one group of the answer.
type LiabilityGroup struct {
	Jurisdiction, Origin string
	Money                ledger.Commodity // when grouped by it
	Units                int64
	Basis                []LiabilityRow // one for each money that was paid
}

// Liability is what is outstanding.
type Liability struct {
	Query  LiabilityQuery
	Groups []LiabilityGroup
	Units  int64
	Totals []LiabilityTotal
	Seqs   map[ledger.BookID]int64
}

// NewLiability puts together what was read: rows by all that the query groups by and
// by money, and deferred revenue by money.
func NewLiability(query LiabilityQuery, rows []LiabilityRow, deferred map[ledger.Commodity]int64, seqs map[ledger.BookID]int64) (*Liability, error) {
	report := &Liability{Query: query, Seqs: seqs}
	for money, balance := range deferred {
		report.total(money).Deferred = balance
	}
	for _, row := range rows {
		group := report.group(row)
		if err := addTo(&group.Units, row.Units); err != nil {
			return nil, err
		}
		if row.Basis != 0 {
			group.Basis = append(group.Basis, row)
			if err := addTo(&report.total(row.Money).Basis, row.Basis); err != nil {
				return nil, err
			}
		}
		if err := addTo(&report.Units, row.Units); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(report.Groups, func(a, b LiabilityGroup) int {
		return cmp.Or(cmp.Compare(a.Jurisdiction, b.Jurisdiction), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Money, b.Money))
	})
	slices.SortFunc(report.Totals, func(a, b LiabilityTotal) int { return cmp.Compare(a.Money, b.Money) })
	return report, nil
}

// group returns the group of a row. The pointer is good until the next new group.
func (l *Liability) group(row LiabilityRow) *LiabilityGroup {
	of := LiabilityGroup{Jurisdiction: row.Jurisdiction, Origin: row.Origin}
	if l.Query.Groups(ByMoney) {
		of.Money = row.Money
	}
	at := slices.IndexFunc(l.Groups, func(g LiabilityGroup) bool {
		return g.Jurisdiction == of.Jurisdiction && g.Origin == of.Origin && g.Money == of.Money
	})
	if at < 0 {
		at = len(l.Groups)
		l.Groups = append(l.Groups, of)
	}
	return &l.Groups[at]
}

func (l *Liability) total(money ledger.Commodity) *LiabilityTotal {
	at := slices.IndexFunc(l.Totals, func(t LiabilityTotal) bool { return t.Money == money })
	if at < 0 {
		at = len(l.Totals)
		l.Totals = append(l.Totals, LiabilityTotal{Money: money})
	}
	return &l.Totals[at]
}

// Evidence returns the report's evidence. Its rows are the groups, each followed by
// money and basis of what was paid for its units.
func (l *Liability) Evidence() Evidence {
	var by []string
	for _, dimension := range l.Query.By {
		by = append(by, string(dimension))
	}
	var rows [][]string
	for _, g := range l.Groups {
		row := []string{g.Jurisdiction, g.Origin, string(g.Money), Cell(g.Units)}
		for _, basis := range g.Basis {
			row = append(row, string(basis.Money), Cell(basis.Basis))
		}
		rows = append(rows, row)
	}
	return NewEvidence("outstandingLiability", []Parameter{{"asOf", l.Query.AsOf.String()}, {"by", strings.Join(by, ",")}}, l.Seqs, rows)
}
