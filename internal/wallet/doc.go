// Package wallet is the customer's view of Connects: it turns what owners and
// services ask for into ledger commands, and says what a wallet page may show
// and to whom. It decides no balance: the ledger does.
package wallet
