// Package ledger is the double-entry core: the only place that decides whether
// value moves, and the only writer of it. It depends on the standard library
// alone. Storage records what is decided here and checks it once more; the
// business says, as data, which movements exist.
//
// # The model
//
// A [Posting] is one row with a debit account, a credit account and a positive
// amount of one commodity. There is no one-sided posting, so a [Journal], which
// is any number of postings recorded together, balances whatever it contains.
// One journal may move several commodities, such as Connects and the dollars
// that were paid for them; nothing is ever translated. A journal without
// postings records a fact.
//
// An [Account] never changes; its [Balance] is a row apart, made of two counters
// that only grow, a version that counts postings, and a status. Each posting
// carries, for both its accounts, the version and the balance it left behind, so
// that a statement line knows its running balance and the balance of any past
// instant is one lookup.
//
// A book is a set of accounts with its own copy of the platform's. Every journal
// balances inside one book and every owner is in one, so that the writers of a
// book need a single lock, its head, and books share nothing.
//
// A [Lot] is a parcel of Connects with an origin, an expiry, a priority and a
// cost basis; it belongs to one wallet for life. A [Place] says in which account
// its units are. Units are spent in order of priority, then expiry, then age,
// never from an expired lot, and take the basis of the units along: k of the n
// units left carry floor(basis left * k / n). Deferred revenue is therefore
// exactly the basis left on the lots, with no account for rounding.
//
// Setting units aside, in the escrow of a campaign, moves their places and
// changes nothing else of their lots: out in spend order, and what is not used
// back in the reverse of it, into the same lots. Units that were set aside in
// time are used after their lot has expired; those that come back then are given
// grace by the template, or lapse: the same journal takes them out of the wallet.
//
// A [Hold] sets units aside in the same way, in an account of the wallet whose
// class holds, where each place is one hold's. It is captured in parts, given
// back, or expires; what it has left once it has expired is the wallet's again,
// and is released by the first command that is accepted and needs it
// (docs/adr/0015-holds-expire-when-used.md).
//
// A transfer takes units out of the lots of one wallet and puts them, with their
// basis and their terms, into lots of another: one per root lot and wallet, so
// that a lot passed around keeps its origin and its expiry.
//
// # How a command is decided
//
// A [Command] names a [Template] and its arguments, never postings. [Rules.Apply]
// expands the template against a [State] and returns a [Delta] or a [Refusal]. It
// is a pure function: no I/O, no clock, no randomness. The in-memory model, the
// writer in front of a database and [Rules.Replay] all use it.
//
// A [Guard] is a condition on a row of the domain, which the command's own
// [Effect] rows change when it is accepted. Both are written in the transaction
// of the journal, so that "reserve a name and pay for it" is one decision.
//
// Every command carries an [IdempotencyKey] in a scope and the [Fingerprint] of
// its body. The outcome, refusals included, is stored beside the key and is the
// answer to the key from then on. A Once key names what may happen a single time,
// whoever asks and with whatever key.
//
// A command may carry a [Condition] on the book, and be linked to others that are
// accepted with it or not at all. An account may have a [Limit] on what its owner
// takes out of it in a window; its status may stop the owner, or everyone.
//
// A journal has three times: EffectiveAt is when the business event was,
// BookedOn is the day that decides its accounting [Period], PostedAt is ours and
// rises with Seq. What happened in a closed period is booked on the day it is
// posted.
//
// A reversal names a journal and a quantity. It may take several to undo a
// journal, and they undo what was taken last first, each lot with the basis it
// gave. A purchase or a grant is undone only with the units of its own lot.
//
// [Ledger] submits commands. Per book it keeps one batch in flight; what arrives
// meanwhile is the next batch. [Store] says what it needs of storage, and package
// ledgertest checks that a store gives it. Each batch adds a link to the book's
// chain of hashes: see [Hasher], [MerkleRoot], [Link] and [Proof].
//
// [Ledger.DryRun] decides a command by the same fold and writes nothing;
// [Ledger.Explain] says what stands behind what an account can give.
//
// # Invariants
//
// Tests, constraints and the verify command cite these numbers.
//
//   - I1: in each book, debits equal credits in every commodity.
//   - I2: an account's counters are the sums of its postings.
//   - I3: counters are never negative and never fall.
//   - I4: an account's postings are numbered 1 to n without a gap, and each
//     leaves the balance before it, plus or minus its amount.
//   - I5: after every commit, no floored account is below its floor.
//   - I6: what the open holds on an account have left is the balance of
//     its HELD account.
//   - I7: a hold gives out no more than it reserved, and nothing once
//     closed.
//   - I8: an expired hold is never captured.
//   - I9: a lot has between none and all of its units left, its places hold
//     exactly those wherever they were moved, and the places at an account are
//     its balance.
//   - I10: units leave a wallet in spend order, of the origins that the command
//     may take, and never from an expired lot; units set aside are used in the
//     same order, expired or not, and come back in its reverse.
//   - I11: a reversal puts back into each lot what was taken from it, basis
//     included, and leaves its expiry alone, grace aside.
//   - I12: a key answers with its stored outcome, or with a conflict if the body
//     differs.
//   - I13: a refusal changes nothing but its key.
//   - I14: a batch does what its commands would do one by one.
//   - I15: concurrent commands end as some order of them would.
//   - I16: a command whose commit was not answered takes effect exactly once.
//   - I17: the reversals of a journal do not exceed it.
//   - I18: Seq has no gap in a book, and PostedAt never falls along it and rises
//     from batch to batch.
//   - I19: a reader who pages while others write sees no row twice and
//     misses none.
//   - I20: no journal is booked on a day whose period was closed before
//     it.
//   - I21: the hash chain can be computed again from the rows.
//   - I22: balances, day totals and the trial balance can be computed again from
//     the postings.
//   - I23: nobody reaches the data of another owner.
//   - I24: a number that would not fit 64 bits is an error and never wraps.
//   - I25: a dry run writes nothing.
//   - I26: one instant selects the same rows in whatever zone it is
//     written.
//   - I27: of linked commands all are accepted or none.
//   - I28: a key that comes twice in one batch takes effect once.
//   - I29: deferred revenue is the sum of the basis left on the lots, per money;
//     moving units from place to place moves no basis.
//   - I30: the Connects issued are those in wallets, on hold and in escrow, and
//     those consumed, expired or revoked, less what wallets owe.
//   - I31: advertising spend less credits is the same in analytics and here, per
//     campaign and day.
package ledger
