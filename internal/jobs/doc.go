// Package jobs runs what the product does without being asked: it releases holds that have expired,
// takes expired units out of wallets, checks the ledger's invariants, and signs its chain.
//
// A [Runner] gives each [Job] a goroutine of its own and at most one process at a time: a job runs in
// the process that holds its lease, a row that expires. What a job does is safe to do twice, since it
// goes through commands of the ledger, so a lease saves work and is no lock. A lease is kept from run
// to run, because some jobs remember what they have seen.
package jobs
