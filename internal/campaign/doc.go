// Package campaign is advertising: ad accounts, their campaigns, what these may
// spend, and what is charged to them. It turns requests into ledger commands with
// guards and effects; it has no I/O of its own.
package campaign
