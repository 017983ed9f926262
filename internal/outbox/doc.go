// Package outbox follows what the ledger recorded: every journal of every book, once each, in the order
// of (book, seq), without a gap.
//
// A consumer has a name and a checkpoint per book, which storage keeps. It asks at an interval: a
// notification would have to be backed by asking anyway, since one sent while nobody listens is lost.
// What it asks for is ordered by seq, assigned under the lock of the book's head, so that nothing can
// appear behind what was read already.
//
// Delivery is at least once: the checkpoint moves after a slice was handled, and a process that dies in
// between leaves a slice to be handled again. Whoever needs each event once drops those whose (book, seq)
// it has seen.
package outbox
