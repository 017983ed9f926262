package finance

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"purser/ledger"
)

// AccountDeferred is the account of deferred revenue: what was paid for Connects
// that are not yet used.
const AccountDeferred = "2000"

// RollforwardKind says why deferred revenue moved.
type RollforwardKind string

// The kinds of movements. Issued and credited add to deferred revenue, consumed,
// expired and refunded take from it; other may do either.
const (
	KindIssued   RollforwardKind = "ISSUED"
	KindConsumed RollforwardKind = "CONSUMED"
	KindExpired  RollforwardKind = "EXPIRED"
	KindRefunded RollforwardKind = "REFUNDED"
	KindCredited RollforwardKind = "CREDITED"
	KindOther    RollforwardKind = "OTHER"
)

// RollforwardLine is the postings of a period between deferred revenue and one other
// class of account, on one side, in one book.
type RollforwardLine struct {
	Kind     RollforwardKind
	Book     ledger.BookID
	Money    ledger.Commodity
	Other    string // class of the account on the other side
	Credits  bool   // whether it credits deferred revenue
	Postings int64
	Amount   int64 // positive
}

// RollforwardBalance is deferred revenue of one book and money before the period and
// at its end.
type RollforwardBalance struct {
	Book             ledger.BookID
	Money            ledger.Commodity
	Opening, Closing int64
}

// MoneyRollforward is the rollforward of one money over all books: Opening + Issued +
// Credited − Consumed − Expired − Refunded + Other = Closing.
type MoneyRollforward struct {
	Money                                                                  ledger.Commodity
	Opening, Issued, Credited, Consumed, Expired, Refunded, Other, Closing int64
}

// Rollforward is what moved deferred revenue in a period.
type Rollforward struct {
	Period ledger.Period
	Moneys []MoneyRollforward
	Lines  []RollforwardLine
	Seqs   map[ledger.BookID]int64
}

// errOverflow is a sum that leaves 64 bits (I24).
var errOverflow = errors.New("finance: a sum leaves 64 bits")

// KindOf says why deferred revenue moved, by the class on the other side of the
// posting. Taxes due when a voucher is used (2050) are part of what was consumed;
// 4090 and 2200 receive what expired; the other accounts of class 4 are revenue.
func KindOf(other string, credits bool) RollforwardKind {
	switch {
	case credits && other == "1010":
		return KindIssued
	case credits && (strings.HasPrefix(other, "4") || other == "2050"):
		return KindCredited
	case credits:
		return KindOther
	case other == "4090" || other == "2200":
		return KindExpired
	case strings.HasPrefix(other, "4") || other == "2050":
		return KindConsumed
	case other == "1010" || other == "1020" || other == "2100" || other == "5010":
		return KindRefunded
	default:
		return KindOther
	}
}

// NewRollforward puts together what was read of a period. It returns an error when a
// money's movements do not lead from its opening to its closing balance, book by
// book: the ledger would be broken (I22), and a report that hides it worse.
func NewRollforward(period ledger.Period, balances []RollforwardBalance, lines []RollforwardLine, seqs map[ledger.BookID]int64) (*Rollforward, error) {
	report := &Rollforward{Period: period, Lines: lines, Seqs: seqs}
	type place struct {
		book  ledger.BookID
		money ledger.Commodity
	}
	left := map[place]int64{}
	for _, b := range balances {
		sum := report.money(b.Money)
		left[place{b.Book, b.Money}] = b.Closing - b.Opening
		if err := addTo(&sum.Opening, b.Opening); err != nil {
			return nil, err
		}
		if err := addTo(&sum.Closing, b.Closing); err != nil {
			return nil, err
		}
	}
	for i := range lines {
		line := &lines[i]
		line.Kind = KindOf(line.Other, line.Credits)
		left[place{line.Book, line.Money}] -= line.effect()
		if err := report.money(line.Money).add(*line); err != nil {
			return nil, err
		}
	}
	for at, missing := range left {
		if missing != 0 {
			return nil, fmt.Errorf("finance: deferred revenue of book %d in %s moved by %d in %s that no posting explains (I22)", at.book, at.money, missing, period)
		}
	}
	slices.SortFunc(report.Moneys, func(a, b MoneyRollforward) int { return cmp.Compare(a.Money, b.Money) })
	return report, nil
}

// effect is what the line adds to deferred revenue.
func (l RollforwardLine) effect() int64 {
	if l.Credits {
		return l.Amount
	}
	return -l.Amount
}

// money returns the sums of a money. The pointer is good until the next new money.
func (r *Rollforward) money(money ledger.Commodity) *MoneyRollforward {
	at := slices.IndexFunc(r.Moneys, func(m MoneyRollforward) bool { return m.Money == money })
	if at < 0 {
		at = len(r.Moneys)
		r.Moneys = append(r.Moneys, MoneyRollforward{Money: money})
	}
	return &r.Moneys[at]
}

func (m *MoneyRollforward) add(line RollforwardLine) error {
	switch line.Kind {
	case KindIssued:
		return addTo(&m.Issued, line.Amount)
	case KindCredited:
		return addTo(&m.Credited, line.Amount)
	case KindConsumed:
		return addTo(&m.Consumed, line.Amount)
	case KindExpired:
		return addTo(&m.Expired, line.Amount)
	case KindRefunded:
		return addTo(&m.Refunded, line.Amount)
	default:
		return addTo(&m.Other, line.effect())
	}
}

func addTo(sum *int64, amount int64) error {
	total := *sum + amount
	if (amount > 0) != (total > *sum) && amount != 0 {
		return errOverflow
	}
	*sum = total
	return nil
}

// Evidence returns the report's evidence. Its rows are those of Lines, and before
// them one for each money's opening and closing balance.
func (r *Rollforward) Evidence() Evidence {
	var rows [][]string
	for _, m := range r.Moneys {
		rows = append(rows, []string{string(m.Money), Cell(m.Opening), Cell(m.Issued), Cell(m.Credited), Cell(m.Consumed), Cell(m.Expired), Cell(m.Refunded), Cell(m.Other), Cell(m.Closing)})
	}
	for _, l := range r.Lines {
		debit, credit := l.Accounts()
		rows = append(rows, []string{string(l.Kind), Cell(int64(l.Book)), string(l.Money), debit, credit, Cell(l.Postings), Cell(l.Amount)})
	}
	return NewEvidence("deferredRevenueRollforward", []Parameter{{"period", r.Period.String()}}, r.Seqs, rows)
}

// Accounts returns the classes debited and credited.
func (l RollforwardLine) Accounts() (debit, credit string) {
	if l.Credits {
		return l.Other, AccountDeferred
	}
	return AccountDeferred, l.Other
}
