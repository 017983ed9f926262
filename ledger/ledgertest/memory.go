package ledgertest

import (
	"context"
	"fmt"
	"sync"

	"purser/ledger"
)

// Memory is a ledger.Store without a disk: the model that other stores are
// compared with, and a store for tests of the packages above. It keeps what
// Writes says as rows, whose constraints it checks as a database would. The zero
// value is empty and ready; books spring into being.
type Memory struct {
	// Narrow chooses how a batch sees its book. A wide Memory hands the fold one
	// whole ledger.State that batches advance: the model. A narrow one reads its
	// rows again for every batch and hands over exactly what Needs names, as a
	// database does: it fails where Needs or Writes leave something out.
	Narrow bool

	mu    sync.Mutex
	books map[ledger.BookID]*book
}

// book is one book's rows behind its head lock: a channel of one slot, because
// a writer that waits for a lock must be able to leave.
type book struct {
	head  chan struct{}
	rows  *rows
	state *ledger.State // of a wide Memory
}

func (m *Memory) book(id ledger.BookID) *book {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.books == nil {
		m.books = map[ledger.BookID]*book{}
	}
	if m.books[id] == nil {
		m.books[id] = &book{head: make(chan struct{}, 1), rows: newRows(id), state: ledger.NewState(id)}
	}
	return m.books[id]
}

// lock takes the book's head and returns what gives it back.
func (b *book) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case b.head <- struct{}{}:
		return func() { <-b.head }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("lock head: %w: %w", ledger.ErrRetry, ctx.Err())
	}
}

// Batch implements ledger.Store.
func (m *Memory) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	b := m.book(needs.Book)
	unlock, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	var state *ledger.State
	if m.Narrow {
		state = b.rows.read(needs)
	} else {
		state = cloneState(b.state)
		b.rows.readDomain(needs, state)
	}
	state.Now = ledger.BatchTime(needs.Clock, state.LastPostedAt)
	writes, err := fold(state)
	if err != nil || writes == nil {
		return err
	}
	after := b.rows.clone()
	if err := after.apply(writes); err != nil {
		return fmt.Errorf("write batch of book %d: %w", needs.Book, err)
	}
	state.LastPostedAt = after.lastPostedAt
	b.rows, b.state = after, state
	return nil
}

// Snapshot returns the rows of a book.
func (m *Memory) Snapshot(id ledger.BookID) Snapshot {
	b := m.book(id)
	b.head <- struct{}{}
	defer func() { <-b.head }()
	return b.rows.snapshot()
}

// Row is an effect row that stands for a domain row: Memory keeps it under its
// id, where guards find it.
type Row interface{ RowID() ledger.RowID }

// SetRow puts a domain row where guards find it, for tests that start in the
// middle of a story.
func (m *Memory) SetRow(book ledger.BookID, id ledger.RowID, row any) {
	b := m.book(book)
	b.head <- struct{}{}
	defer func() { <-b.head }()
	b.rows.domain[id] = row
}

// Effects returns the effect rows of one kind, in the order of their commands.
func (m *Memory) Effects(book ledger.BookID, kind string) []any {
	b := m.book(book)
	b.head <- struct{}{}
	defer func() { <-b.head }()
	return append([]any(nil), b.rows.effects[kind]...)
}
