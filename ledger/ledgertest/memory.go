package ledgertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

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
// a writer that waits for a lock must be able to leave. Readers need no lock: what
// is committed never changes, and a writer replaces it.
type book struct {
	head      chan struct{}
	committed atomic.Pointer[committed]
}

type committed struct {
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
		m.books[id] = &book{head: make(chan struct{}, 1)}
		m.books[id].committed.Store(&committed{rows: newRows(id), state: ledger.NewState(id)})
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

// view returns the state that a batch, or a reader, with these needs is given.
func (m *Memory) view(c *committed, needs *ledger.Needs) *ledger.State {
	var state *ledger.State
	if m.Narrow {
		state = c.rows.read(needs)
	} else {
		state = cloneState(c.state)
		c.rows.readDomain(needs, state)
	}
	state.Now = ledger.BatchTime(needs.Clock, state.LastPostedAt)
	return state
}

// Batch implements ledger.Store.
func (m *Memory) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	b := m.book(needs.Book)
	unlock, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	before := b.committed.Load()
	state := m.view(before, needs)
	writes, err := fold(state)
	if err != nil || writes == nil {
		return err
	}
	after := before.rows.clone()
	if err := after.apply(writes); err != nil {
		return fmt.Errorf("write batch of book %d: %w", needs.Book, err)
	}
	state.LastPostedAt, state.Hash, state.Unsealed = after.lastPostedAt, after.head().Hash, after.unsealed()
	b.committed.Store(&committed{rows: after, state: state})
	return nil
}

// Read implements ledger.Store.
func (m *Memory) Read(_ context.Context, needs *ledger.Needs) (*ledger.State, error) {
	return m.view(m.book(needs.Book).committed.Load(), needs), nil
}

// Snapshot returns the rows of a book.
func (m *Memory) Snapshot(id ledger.BookID) Snapshot {
	return m.book(id).committed.Load().rows.snapshot()
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
	before := b.committed.Load()
	after := &committed{rows: before.rows.clone(), state: before.state}
	after.rows.domain[id] = row
	b.committed.Store(after)
}

// Effects returns the effect rows of one kind, in the order of their commands.
func (m *Memory) Effects(book ledger.BookID, kind string) []any {
	return slices.Clone(m.book(book).committed.Load().rows.effects[kind])
}
