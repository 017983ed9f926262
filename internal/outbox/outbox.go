package outbox

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"purser/ledger"
)

// Event says that a journal was recorded. It carries what a consumer chooses by; everything else is in
// the journal itself, which never changes.
type Event struct {
	Book    ledger.BookID
	Seq     int64 // dense per book, from 1
	Journal ledger.ID
	Type    string
	// Wallet is whose history the journal is in; ledger.NilID for none.
	Wallet   ledger.ID
	PostedAt time.Time
}

// Position is how far a consumer has come in a book.
type Position struct {
	Book ledger.BookID
	// Seq is the last event that was handled, zero for none, and Head the book's last journal.
	Seq, Head int64
}

// Source is where a Consumer reads and keeps its checkpoints. Its errors may all be temporary.
type Source interface {
	// Positions returns every book by number, with the consumer's checkpoint.
	Positions(ctx context.Context, consumer string) ([]Position, error)
	// Events returns at most limit events of a book behind a seq: the next ones, without a gap, and none
	// only when there is nothing behind it.
	Events(ctx context.Context, book ledger.BookID, after int64, limit int) ([]Event, error)
	// Advance moves a checkpoint to a later seq if it is still at from, and reports whether it was.
	Advance(ctx context.Context, consumer string, book ledger.BookID, from, to int64) (bool, error)
}

// ErrInvalidName is returned for the name of a consumer that ParseName does not allow.
var ErrInvalidName = errors.New("outbox: the name of a consumer is 1 to 63 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit")

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// ParseName checks the name of a consumer, which is the key of its checkpoints and a label of its metrics.
// It returns ErrInvalidName.
func ParseName(text string) (string, error) {
	if !validName.MatchString(text) {
		return "", fmt.Errorf("%w: not %q", ErrInvalidName, text)
	}
	return text, nil
}
