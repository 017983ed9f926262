// Package analytics says what happened, in sums: rollups of what the ledger
// recorded, the questions that may be asked of them, and how an answer is put
// together. Every figure can be rebuilt from journals. It has no I/O of its own.
package analytics
