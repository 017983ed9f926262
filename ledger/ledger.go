package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Limits of the writers. Each bounds what one caller can cost the others.
const (
	// queueCommandsMax bounds, per book, how many commands may wait; the next
	// one gets ErrOverloaded at once.
	queueCommandsMax = 8192
	// batchCommandsMax bounds how long one commit holds its book's head.
	batchCommandsMax = 1000
	// yieldCommandsMax is up to how many commands a batch had for its callers to
	// get a turn before the next one is filled: 10% more commands a second at 32
	// callers (docs/adr/0013-one-round-trip-on-cached-state.md).
	yieldCommandsMax = 128
	// explanationBytesMax and argumentsBytesMax bound what a journal may carry
	// besides its postings, and with batchCommandsMax the bytes of a batch.
	explanationBytesMax = 4096
	argumentsBytesMax   = 4096
	// attemptsMax bounds how often one batch is submitted.
	attemptsMax = 6
	// attemptTimeout bounds one attempt, waiting for the head lock included.
	attemptTimeout = 5 * time.Second
	// backoffMin doubles with each attempt, with full jitter.
	backoffMin = 20 * time.Millisecond
	// clockSkewMax is how far this process's clock may be off the database's.
	clockSkewMax = time.Second
	// keyBytesMax bounds the parts of an idempotency key as stored.
	keyBytesMax = 256
)

// Config is what a Ledger is made of.
type Config struct {
	Rules *Rules
	Store Store
	Clock func() time.Time
	// InjectedClock exempts a clock made for a demonstration or a test from the
	// comparison with the database's. Production never sets it.
	InjectedClock bool
}

// Ledger is the only writer of value. It coalesces concurrent commands: one
// batch per book is in flight, and what arrives meanwhile is the next one, with
// no timer, so that nothing is added when idle and batches grow when busy.
type Ledger struct {
	config Config
	// stopped ends attempts that outlive Close's patience.
	stopped context.Context
	stop    context.CancelFunc

	mu      sync.RWMutex
	closed  bool
	writers map[BookID]*writer
	running sync.WaitGroup
}

// New returns a Ledger that writes through config.Store until Close.
func New(config Config) *Ledger {
	stopped, stop := context.WithCancel(context.Background())
	return &Ledger{config: config, stopped: stopped, stop: stop, writers: map[BookID]*writer{}}
}

// Post submits a command and waits for its outcome. The outcome is a decision,
// accepted or refused, and durable. The error is a fault, after which the
// decision may be unknown and the same command or another with the same key may
// be sent again: ErrOverloaded, ErrClosed, ErrClockSkew, ErrRetry, the context's
// error, or ErrInvalidCommand. A context that ends takes the caller away, never
// a batch in flight or its neighbours.
func (l *Ledger) Post(ctx context.Context, c Command) (Outcome, error) {
	pending, err := l.Submit(ctx, c)
	if err != nil {
		return Outcome{}, err
	}
	return pending.Wait(ctx)
}

// Submit queues a command without waiting: commands submitted to one book in
// order are decided in that order. It returns the immediate errors of Post.
func (l *Ledger) Submit(ctx context.Context, c Command) (*Pending, error) {
	return l.submit(ctx, []Command{c})
}

// submit queues a command, or several that are linked.
func (l *Ledger) submit(ctx context.Context, commands []Command) (*Pending, error) {
	if err := validateLinked(commands); err != nil {
		return nil, err
	}
	pending := &Pending{ctx: ctx, commands: make([]*Command, len(commands)), done: make(chan struct{})}
	for i := range commands {
		if err := l.validate(&commands[i]); err != nil {
			return nil, err
		}
		pending.commands[i] = &commands[i]
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return nil, ErrClosed
	}
	if writer, ok := l.writers[commands[0].Book]; ok {
		return pending, writer.enqueue(pending)
	}
	l.mu.RUnlock()
	err := l.submitFirst(pending)
	l.mu.RLock()
	return pending, err
}

// submitFirst starts the book's writer, unless another caller just did.
func (l *Ledger) submitFirst(pending *Pending) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	book := pending.commands[0].Book
	w, ok := l.writers[book]
	if !ok {
		w = &writer{ledger: l, book: book, queue: make(chan *Pending, queueCommandsMax)}
		l.writers[book] = w
		l.running.Go(w.loop)
	}
	return w.enqueue(pending)
}

// validate refuses what only a programming error can send.
func (l *Ledger) validate(c *Command) error {
	_, known := l.config.Rules.Template(c.Template)
	switch scope := c.Key.Scope; {
	case !known:
		return fmt.Errorf("%w: unknown template %q", ErrInvalidCommand, c.Template)
	case c.ID.IsZero() || c.Fingerprint[0] == 0:
		return fmt.Errorf("%w: no id or no fingerprint", ErrInvalidCommand)
	case c.Key.Key == "" || scope.Principal == "" || scope.Mutation == "":
		return fmt.Errorf("%w: no idempotency key or scope", ErrInvalidCommand)
	case max(len(c.Key.Key), len(scope.Principal), len(scope.Mutation), len(c.Once)) > keyBytesMax:
		return fmt.Errorf("%w: a key is over %d bytes", ErrInvalidCommand, keyBytesMax)
	case c.Arguments.size() > argumentsBytesMax:
		return fmt.Errorf("%w: arguments are over %d bytes", ErrInvalidCommand, argumentsBytesMax)
	case len(c.Explanation) > explanationBytesMax:
		return fmt.Errorf("%w: explanation is over %d bytes", ErrInvalidCommand, explanationBytesMax)
	}
	_, err := l.config.Rules.needs(c.Book, []*Command{c})
	return err
}

// Close refuses new commands, lets the queued ones finish, and waits for the
// writers. When ctx ends first, attempts in flight are cut off; their commands'
// fate is then unknown to their callers, as after a crash. It returns ctx's
// error in that case.
func (l *Ledger) Close(ctx context.Context) error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		for _, w := range l.writers {
			close(w.queue)
		}
	}
	l.mu.Unlock()
	drained := make(chan struct{})
	go func() { l.running.Wait(); close(drained) }()
	defer l.stop()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		l.stop()
		<-drained
		return fmt.Errorf("close ledger: %w", ctx.Err())
	}
}

// Pending is a command, or several linked ones, whose outcome is on its way.
type Pending struct {
	ctx      context.Context
	commands []*Command
	done     chan struct{}
	outcomes []Outcome // none after a fault
	err      error
}

// Wait returns the outcome, or the context's error if that ends first; the
// command's fate is then open, and a retry with its key will tell it.
func (p *Pending) Wait(ctx context.Context) (Outcome, error) {
	if err := p.await(ctx); err != nil {
		return Outcome{}, err
	}
	if p.err != nil {
		return Outcome{}, p.err
	}
	return p.outcomes[0], nil
}

func (p *Pending) await(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for command %s: %w", p.commands[0].ID, ctx.Err())
	}
}

func (p *Pending) resolve(outcomes []Outcome, err error) {
	p.outcomes, p.err = outcomes, err
	close(p.done)
}
