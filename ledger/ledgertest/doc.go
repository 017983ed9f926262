// Package ledgertest tests implementations of ledger.Store.
//
// [Suite] runs a case for everything the ledger promises, [Model] random
// histories in which a store must agree with [Memory], the model, row by row.
// [Snapshot] is a dump of one book that stores are compared by, and
// [Snapshot.Check] verifies the ledger's numbered invariants on it. [Commands]
// makes commands, here and in tests of other packages: those for wallets and
// campaigns fit the marketplace's rules, all of them [Rules], a small marketplace of
// this package's own which uses everything that the ledger can do.
//
// No test waits for time to pass: a turnstile in front of the store decides what
// becomes one batch, and clocks are moved by hand.
package ledgertest
