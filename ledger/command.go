package ledger

import (
	"crypto/sha256"
	"time"
)

// KeyScope is what a caller's idempotency key is unique within.
type KeyScope struct {
	Principal string
	Mutation  string
	Owner     ID // of the command's target
}

// IdempotencyKey is the caller's retry key inside its scope.
type IdempotencyKey struct {
	Scope KeyScope
	Key   string
}

// Fingerprint identifies the body that came with a key: a version byte and a
// digest of the caller's input in canonical form, with absent fields left out
// and nothing the server computes.
type Fingerprint [33]byte

// FingerprintOf digests the canonical bytes of a caller's input.
func FingerprintOf(input Arguments) Fingerprint {
	var print Fingerprint
	print[0] = 1
	sum := sha256.Sum256(input.Encode())
	copy(print[1:], sum[:])
	return print
}

// Command asks for one journal. Every mutation of the product is one.
type Command struct {
	// ID becomes the journal's id: a UUIDv7 the caller makes.
	ID          ID
	Book        BookID
	Key         IdempotencyKey
	Fingerprint Fingerprint
	Template    string
	Arguments   Arguments
	// EffectiveAt is the instant of the business event; zero means now.
	EffectiveAt time.Time
	Subject     Subject
	Explanation []byte
	InitiatedBy string
	// Once names what may happen a single time, ever, such as the spend of one
	// proposal; empty for none. A second command gets AlreadyDoneError.
	Once       string
	Conditions []Condition
	Guards     []Guard
	Effects    []Effect

	// resolved are the accounts that the template's patterns were found to mean: each
	// is needed when the command is queued, gathered and folded.
	resolved []resolvedAccount
}

type resolvedAccount struct {
	pattern string
	account Account
}

// Guard is a condition on a row of the domain that must hold for the command,
// checked against the row as earlier commands of the batch leave it.
type Guard interface {
	// Kind names the set-based read that storage has registered.
	Kind() string
	// ID identifies the row within its kind.
	ID() string
	// Check returns "" when the condition holds, else the reason with its
	// facts. row is nil when there is no such row.
	Check(row any) (reason string, facts Arguments)
	// After returns the row as this command's effects leave it: the row that a
	// later command of the batch is checked against. Like an effect, it may use
	// amounts that only the fold knows.
	After(row any, accepted *Delta) any
}

// Effect is a typed row change of the domain, written in the same database
// transaction as an accepted command. It cannot refuse.
type Effect interface {
	// Kind names the set-based write that storage has registered.
	Kind() string
	// Row is a pure function of what was accepted. Nil writes nothing.
	Row(accepted *Delta) any
}

// Outcome is what became of a command: exactly one of Journal and Refusal is
// set.
type Outcome struct {
	Journal ID
	Seq     int64
	// Refusal is a decision of the fold: one of the typed errors of errors.go.
	Refusal Refusal
	// Replayed says that the key had been used before and this is the stored
	// outcome of that first time (I12).
	Replayed bool
	// BookSeq is the book's head once the outcome was durable: the caller's
	// consistency token.
	BookSeq int64
}

// StoredOutcome is an outcome as kept beside its key.
type StoredOutcome struct {
	Fingerprint Fingerprint
	// Command is the id of the command decided, the journal's when accepted.
	Command ID
	Seq     int64
	Refusal Refusal
}
