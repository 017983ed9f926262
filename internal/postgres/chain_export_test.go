package postgres

import (
	"context"

	"purser/ledger"
)

// SealChainBy is SealChain with links of at most link journals, of which locked may
// be hashed under the head's lock.
func (db *DB) SealChainBy(ctx context.Context, link, locked int64, progress func(book ledger.BookID, seq, to int64)) error {
	return db.seal(ctx, sealBounds{link: link, locked: locked}, progress)
}
