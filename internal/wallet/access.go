package wallet

import "purser/internal/domain"

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

// Manages reports whether the caller may move units between the owner's wallets,
// limit them and close them, beyond spending from one.
func (a Access) Manages() bool { return a == AccessAll || a == AccessOwner || a == AccessAdmin }

// Initiator returns whose lines the caller may see: "" for everyone's.
func (a Access) Initiator(c domain.Caller) string {
	if a == AccessMember {
		return c.Principal
	}
	return ""
}
