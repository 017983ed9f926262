package postgres

import (
	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// NewReaderOf is NewReader under another chart of accounts.
func (r *Reader) NewReaderOf(chart []ledger.Class) *Reader {
	return &Reader{pool: r.pool, clock: r.clock, parts: partsOf(chart)}
}

// HistoryStatement is the statement that reads a page of history, with its
// parameters.
func (r *Reader) HistoryStatement(caller domain.Caller, request wallet.PageRequest) (sql string, arguments []any) {
	p := newPageRead(r, caller, request)
	if err := p.transactions(request.Transactions[0]); err != nil {
		panic(err)
	}
	last := p.batch.QueuedQueries[p.batch.Len()-1]
	return last.SQL, last.Arguments
}
