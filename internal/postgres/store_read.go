package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// Read returns what Batch would hand to its fold, as one snapshot without any lock:
// what is decided on it is a forecast. It wraps ErrUnavailable around faults after
// which it may be called again.
func (s *Store) Read(ctx context.Context, needs *ledger.Needs) (*ledger.State, error) {
	conn, err := s.db.read.Acquire(ctx)
	if err != nil {
		return nil, unavailable(fmt.Errorf("acquire a connection: %w", err))
	}
	defer conn.Release()
	defer rollBack(ctx, conn)
	l := s.newLoader(needs)
	l.batch.Queue("-- name: begin_read\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	l.head(headRead)
	state, err := s.read(ctx, conn, l)
	if err != nil {
		return nil, unavailable(fmt.Errorf("read book %d: %w", needs.Book, err))
	}
	return state, nil
}

// read runs what is queued, reads what the batch needs, and then the little that
// only the answers say is needed too: nothing in most batches.
func (s *Store) read(ctx context.Context, conn *pgxpool.Conn, l *loader) (*ledger.State, error) {
	l.keys()
	l.once()
	l.accounts()
	l.places()
	l.whole()
	l.holds()
	l.reversals()
	for kind, ids := range groupRows(l.needs.Rows) {
		s.guards[kind](&l.batch, l.needs.Book, ids, func(id string, row any) {
			l.state.Rows[ledger.RowID{Kind: kind, ID: id}] = row
		})
	}
	if err := conn.SendBatch(ctx, &l.batch).Close(); err != nil {
		return nil, err
	}
	for _, more := range []func(context.Context, *pgxpool.Conn) error{l.readExpiredHolds, l.readTransfers, l.readUnsealed} {
		if err := more(ctx, conn); err != nil {
			return nil, err
		}
	}
	return l.finish(), nil
}

// unsealedMax bounds how many journals a batch hashes beside its own: reading them
// holds the lock of the head for about a tenth of a second.
const unsealedMax = 10_000

// readUnsealed reads the leaves of journals that the head's hash does not cover: an
// older version of the program wrote them.
func (l *loader) readUnsealed(ctx context.Context, conn *pgxpool.Conn) error {
	missing := l.state.Seq - l.hashedSeq
	if missing == 0 || l.state.Unchained {
		return nil
	}
	if missing > unsealedMax {
		return fmt.Errorf("the hash chain lacks %d journals, more than a batch adds: run `purser migrate`", missing)
	}
	l.state.Unsealed = make([]ledger.Hash, 0, missing)
	return readLeaves(ctx, conn, l.needs.Book, l.hashedSeq, l.state.Seq, func(_ int64, leaf ledger.Hash) error {
		l.state.Unsealed = append(l.state.Unsealed, leaf)
		return nil
	})
}

// readTransfers reads the lots that the wallets of the batch's transfers have of
// what may reach them, with their places in the receiving accounts. What may reach
// them is known only from the lots that the batch can move.
func (l *loader) readTransfers(ctx context.Context, conn *pgxpool.Conn) error {
	if len(l.needs.Transfers) == 0 {
		return nil
	}
	var accounts, lots []ledger.ID
	roots := l.rootsAt()
	for _, transfer := range distinctReceivers(l.needs.Transfers) {
		for root := range roots[transfer.To] {
			accounts, lots = append(accounts, transfer.To), append(lots, ledger.ChildLotID(root, transfer.Wallet))
		}
	}
	if len(lots) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	batch.Queue(`-- name: child_lots_read
		SELECT n.account_id, `+notHeld+`::uuid, coalesce(p.quantity, 0), `+lotNamesOfL+`
		FROM unnest($2::uuid[], $3::uuid[]) AS n (account_id, lot_id)
		CROSS JOIN LATERAL (SELECT `+lotNames+` FROM lots t WHERE t.book_id = $1 AND t.lot_id = n.lot_id OFFSET 0) l
		LEFT JOIN LATERAL (
			SELECT t.quantity FROM lot_places t
			WHERE t.book_id = $1 AND t.account_id = n.account_id AND t.lot_id = n.lot_id AND t.hold_id = `+notHeld+` OFFSET 0) p ON true`,
		l.needs.Book, accounts, lots).Query(l.scanPlaces)
	return conn.SendBatch(ctx, batch).Close()
}

// distinctReceivers keeps one transfer per receiving account.
func distinctReceivers(transfers []ledger.Transfer) map[ledger.ID]ledger.Transfer {
	receivers := make(map[ledger.ID]ledger.Transfer, len(transfers))
	for _, transfer := range transfers {
		receivers[transfer.To] = transfer
	}
	return receivers
}

// rootsAt returns, per account of the batch's transfers, the roots of the lots whose
// units may be in it before the batch ends: those of its wallet's lots, which may come
// back to it from anywhere, and of all that the transfers may bring.
func (l *loader) rootsAt() map[ledger.ID]map[ledger.ID]bool {
	ofWallet, at := map[ledger.ID][]ledger.ID{}, map[ledger.ID]map[ledger.ID]bool{}
	for _, lot := range l.state.Lots {
		ofWallet[lot.Wallet] = append(ofWallet[lot.Wallet], lot.RootID())
	}
	enter := func(account, wallet ledger.ID) {
		if at[account] == nil {
			at[account] = map[ledger.ID]bool{}
		}
		for _, root := range ofWallet[wallet] {
			at[account][root] = true
		}
	}
	for _, transfer := range l.needs.Transfers {
		if from := l.state.Accounts[transfer.From]; from != nil {
			enter(transfer.From, from.Account.Owner)
		}
		enter(transfer.To, transfer.Wallet)
	}
	for grew := true; grew; {
		grew = false
		for _, transfer := range l.needs.Transfers {
			to := at[transfer.To]
			before := len(to)
			for root := range at[transfer.From] {
				to[root] = true
			}
			grew = grew || len(to) > before
		}
	}
	return at
}
