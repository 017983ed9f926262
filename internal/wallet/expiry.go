package wallet

import (
	"context"
	"fmt"
	"time"

	"purser/internal/domain"
	"purser/internal/policy"
	"purser/ledger"
)

// Who asks for what nobody asked for: the scheduled runs. An expired hold has the
// same initiator whether the sweeper comes by or the ledger needs its units first.
const (
	PrincipalHoldExpiry = "system:hold-expiry"
	PrincipalLotExpiry  = "system:lot-expiry"
)

// ExpiredHold is a hold that has expired and still has units.
type ExpiredHold struct {
	HoldRef
	ExpiresAt time.Time
}

// ExpiringWallet is a wallet in whose available account units of a lot ended at an
// instant: at the lot's expiry, or at the end of its grace.
type ExpiringWallet struct {
	Ref
	EndedAt time.Time
}

// Expiries finds what the scheduled runs have to do. Both lists are as of the call:
// what is done with a row meanwhile is the ledger's to notice.
type Expiries interface {
	// ExpiredHolds returns open holds of a book whose expiry is not after now, the
	// longest expired first, at most limit.
	ExpiredHolds(ctx context.Context, book ledger.BookID, now time.Time, limit int) ([]ExpiredHold, error)
	// ExpiringWallets returns the wallets of a book in which units ended after one
	// instant and up to another, by that instant: at least limit rows where there are
	// so many, and all with the instant of the last one, so that a walk may go on
	// from there without missing any.
	ExpiringWallets(ctx context.Context, book ledger.BookID, after, through time.Time, limit int) ([]ExpiringWallet, error)
}

// ExpireHold releases what an expired hold has left. The ledger does the same by
// itself for a command that needs the units: whoever comes second is refused because
// the hold is closed, which is no fault. So that a refusal is never the answer to a
// later run, each run has a key of its own. Units of lots that expired meanwhile lapse:
// nobody gave them back, so the policy's grace is not for them.
func (s *Service) ExpireHold(ctx context.Context, hold HoldRef) (Result, error) {
	caller := domain.Caller{Principal: PrincipalHoldExpiry, All: true}
	key := fmt.Sprintf("hold:%s:%d", hold.ID, s.clock().UnixMicro())
	return s.post(ctx, caller, hold.Wallet, "expireHold", key, holdInput(hold), func(command *ledger.Command, _ Wallet) {
		command.Template, command.Arguments = TemplateExpireHold, hold.arguments()
		command.Explanation = explain("EXPIRE_HOLD", policy.ConnectsAt(s.clock()))
	})
}

// ExpireUnits takes out of a wallet every available unit whose lot has ended, and
// earns what it had cost (row 11 of the chart of entries). The key is the instant at
// which the candidate ended, so that two runs at once, or one repeated after a fault,
// post one journal; where nothing has ended any more it is refused as such, which is
// no fault either.
func (s *Service) ExpireUnits(ctx context.Context, candidate ExpiringWallet) (Result, error) {
	caller := domain.Caller{Principal: PrincipalLotExpiry, All: true}
	key := fmt.Sprintf("expiry:%d", candidate.EndedAt.UnixMicro())
	input := domain.WithTime(walletInput(candidate.Ref), "endedAt", candidate.EndedAt)
	return s.post(ctx, caller, candidate.Ref, "expireUnits", key, input, func(command *ledger.Command, w Wallet) {
		command.Template, command.Arguments = TemplateExpireUnits, ledger.Arguments(nil).ID(ArgWallet, w.ID)
		command.Explanation = explain("LOT_EXPIRY", policy.ConnectsAt(s.clock()))
	})
}
