package handwritten

import (
	"math/bits"
	"slices"
	"strings"
	"time"

	"purser/internal/wallet"
	"purser/ledger"
)

var lotsList = listOf("lots", ledger.Arguments(nil).Text("state", string(wallet.LotActive)))

// walletLots is what three sections of the page show of a wallet's lots that have units left.
type walletLots struct {
	active  []lot // in spend order, one more than a page
	more    bool
	expired int64 // available units past their expiry
	basis   [2]int64
	soon    []expiring
	total   int64 // of soon
}

type lot struct {
	id                 ledger.ID
	origin, money      string
	granted, remaining int64
	expiresAt          int64
	priority           int32
	basisRemaining     int64
}

type expiring struct {
	date   ledger.Date
	origin string
	amount int64
}

// readLots reads lots that have units left, each with its units on the available account. A lot is there
// once for every place that it has on that account, side by side.
func readLots(r *results, f *walletFacts) (*walletLots, error) {
	lots := &walletLots{}
	var last ledger.ID
	err := r.each(func(row *row) {
		var l lot
		l.id, _ = row.id()
		l.origin, l.granted, l.remaining = originName(row.text()), row.bigint(), row.bigint()
		l.expiresAt, l.priority = row.instant(), row.integer()
		l.money, l.basisRemaining = moneyName(row.text()), row.bigint()
		if l.id != last {
			last = l.id
			lots.list(l, f)
		}
		lots.place(l, row.bigint(), f)
	})
	return lots, err
}

func (w *walletLots) list(l lot, f *walletFacts) {
	switch {
	case l.expiresAt <= f.now:
	case len(w.active) == walletLotsMax:
		w.more = true
	default:
		w.active = append(w.active, l)
	}
}

// place counts units of a lot that are on the available account.
func (w *walletLots) place(l lot, quantity int64, f *walletFacts) {
	if quantity == 0 {
		return
	}
	if l.expiresAt <= f.now {
		w.expired += quantity
		return
	}
	if i := slices.Index(ledger.Moneys, ledger.Commodity(l.money)); i >= 0 {
		high, low := bits.Mul64(uint64(l.basisRemaining), uint64(quantity))
		share, _ := bits.Div64(high, low, uint64(l.remaining))
		w.basis[i] += int64(share)
	}
	if l.expiresAt < f.horizon {
		w.expire(expiring{date: dateIn(l.expiresAt, f.zone), origin: l.origin, amount: quantity})
	}
}

func (w *walletLots) expire(e expiring) {
	w.total += e.amount
	i, found := slices.BinarySearchFunc(w.soon, e, func(x, y expiring) int {
		if days := x.date.Time().Compare(y.date.Time()); days != 0 {
			return days
		}
		return strings.Compare(x.origin, y.origin)
	})
	if found {
		w.soon[i].amount += e.amount
		return
	}
	w.soon = slices.Insert(w.soon, i, e)
}

// cost is what the available units cost, where that is an amount of exactly one money.
func (w *walletLots) cost() (money ledger.Commodity, minor int64, one bool) {
	for i, basis := range w.basis {
		switch {
		case basis == 0:
		case one:
			return "", 0, false
		default:
			money, minor, one = ledger.Moneys[i], basis, true
		}
	}
	return money, minor, one
}

func (w *walletLots) appendExpiring(out []byte) []byte {
	out = appendInt(append(out, `{"total":`...), w.total)
	out = append(out, `,"buckets":[`...)
	for i, bucket := range w.soon {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendDate(append(out, `{"date":`...), bucket.date)
		out = appendInt(append(out, `,"amount":`...), bucket.amount)
		out = append(append(append(out, `,"origin":"`...), bucket.origin...), `"}`...)
	}
	return append(out, `]}`...)
}

func (w *walletLots) appendPage(out []byte, f *walletFacts) []byte {
	out = append(out, `{"nodes":[`...)
	for i, l := range w.active {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, `{"origin":"`...), l.origin...), '"')
		out = appendInt(append(out, `,"remaining":`...), l.remaining)
		out = appendInt(append(out, `,"granted":`...), l.granted)
		out = appendInstant(append(out, `,"expiresAt":`...), l.expiresAt)
		out = append(out, `,"basisRemaining":`...)
		if f.seesBasis() {
			out = append(appendMoney(out, l.money, l.basisRemaining), '}')
		} else {
			out = append(out, `null}`...)
		}
	}
	out = appendBool(append(out, `],"pageInfo":{"hasNextPage":`...), w.more)
	out = append(out, `,"endCursor":`...)
	if len(w.active) == 0 {
		return append(out, `null}}`...)
	}
	end := w.active[len(w.active)-1]
	out = appendLotCursor(append(out, '"'), lotsList, end.priority, end.expiresAt, end.id)
	return append(out, `"}}`...)
}

// originName and moneyName return one string for all rows of the same text.
func originName(text []byte) string {
	for _, known := range origins {
		if string(text) == string(known) {
			return string(known)
		}
	}
	return string(text)
}

func moneyName(text []byte) string {
	for _, known := range ledger.Moneys {
		if string(text) == string(known) {
			return string(known)
		}
	}
	return string(text)
}

var origins = []ledger.Origin{
	ledger.OriginPurchase, ledger.OriginPlan, ledger.OriginPromo, ledger.OriginBonus, ledger.OriginCompensation,
}

func dateIn(micros int64, zone *time.Location) ledger.Date {
	year, month, day := time.UnixMicro(micros).In(zone).Date()
	return ledger.Date{Year: year, Month: month, Day: day}
}
