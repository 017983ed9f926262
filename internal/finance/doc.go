// Package finance is what the marketplace's accountants do: close and reopen
// accounting periods, by two people, and report on the books. It decides what a
// signature means and how a report adds up; the ledger closes the periods of its
// books, and storage reads.
package finance
