package main

import (
	"fmt"
	"math/rand/v2"

	"purser/ledger"
)

// variant is a case: how many callers send what.
type variant struct {
	callers int
	hot     bool
	books   int
	lots    bool
}

// name is the case's in the report.
func (v variant) name() string {
	accounts, lots := "random", "off"
	if v.hot {
		accounts = "hot"
	}
	if v.lots {
		lots = "on"
	}
	return fmt.Sprintf("callers=%d accounts=%s books=%d lots=%s", v.callers, accounts, v.books, lots)
}

// book chooses one for a command: with accounts=hot each book has a busy account of its own.
func (v variant) book(rng *rand.Rand) ledger.BookID {
	return ledger.BookID(1 + rng.IntN(v.books))
}

// variants are all cases, in the order of the report.
func variants() []variant {
	var all []variant
	for _, lots := range []bool{false, true} {
		for _, books := range []int{1, booksMax} {
			for _, hot := range []bool{false, true} {
				for _, callers := range []int{1, 32, 128, 512} {
					all = append(all, variant{callers: callers, hot: hot, books: books, lots: lots})
				}
			}
		}
	}
	return all
}
