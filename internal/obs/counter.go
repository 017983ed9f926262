package obs

import (
	"context"
	"slices"
	"sync"
)

// Counter counts the SQL statements sent on behalf of one context. It is safe for concurrent use,
// because the resolvers of one request run at once.
type Counter struct {
	mu         sync.Mutex
	names      []string
	roundTrips int
}

type counterKey struct{}

// WithCounter returns a context whose statements are counted by the Counter returned. A counter that
// ctx carries already goes on counting the same statements.
func WithCounter(ctx context.Context) (context.Context, *Counter) {
	c := &Counter{}
	outer, _ := ctx.Value(counterKey{}).([]*Counter)
	return context.WithValue(ctx, counterKey{}, append(slices.Clip(outer), c)), c
}

// Statements returns how many statements were sent; each query of a batch is one.
func (c *Counter) Statements() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.names)
}

// Names returns the names of the statements sent, in the order in which they were started, with
// repetitions, in a slice the caller owns.
func (c *Counter) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.names)
}

// RoundTrips returns how often a statement or a batch was sent; a batch is one round trip. The trip
// that prepares a statement on a fresh connection is not counted: it is paid once per connection.
func (c *Counter) RoundTrips() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.roundTrips
}

func (c *Counter) sent(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names = append(c.names, names...)
	c.roundTrips++
}

func countSent(ctx context.Context, names ...string) {
	counters, _ := ctx.Value(counterKey{}).([]*Counter)
	for _, c := range counters {
		c.sent(names)
	}
}
