package wallet

import "purser/ledger"

// Caller is who asks, as far as wallets are concerned. Roles only open doors;
// which wallets are behind them is in the database.
type Caller struct {
	// Principal identifies the caller in journals and idempotency keys:
	// "party:<uuid>", "service:<name>" or "staff:<name>".
	Principal string
	// Party is the caller's own pseudonym, NilID for services and staff.
	Party ledger.ID
	// OwnWallets lets the caller act for wallets that Party owns.
	OwnWallets bool
	// Memberships are the roles whose rows count for this caller: a claim
	// without its row, or a row without its claim, opens nothing.
	Memberships []string
	// All opens every wallet: finance and auditors to read, services to write.
	All bool
}

// Access says as what a caller reaches a wallet.
type Access string

// The ways to reach a wallet, strongest first. A member sees the pool's balance
// but only the lines they initiated, and no cost basis.
const (
	AccessAll    Access = "ALL"
	AccessOwner  Access = "OWNER"
	AccessAdmin  Access = "ADMIN"
	AccessMember Access = "MEMBER"
)

// SeesBasis reports whether the cost basis of lots is shown.
func (a Access) SeesBasis() bool { return a != AccessMember }

// Initiator returns whose lines the caller may see: "" for everyone's.
func (c Caller) Initiator(access Access) string {
	if access == AccessMember {
		return c.Principal
	}
	return ""
}
