package ledger

import (
	"context"
	"fmt"
)

// DryRun decides a command as Post would at this moment, by the same fold, and writes
// nothing (I25): no key, no lock, no row. It returns the outcome and what would be
// written: the releases of expired holds that come first, and last the command's own
// delta; nothing for a refusal or a replay. A command posted afterwards is decided on
// the book as it is then. The errors are ErrInvalidCommand, and whatever storage
// returns for a read that fails.
func (l *Ledger) DryRun(ctx context.Context, c Command) (Outcome, []*Delta, error) {
	if err := l.validate(&c); err != nil {
		return Outcome{}, nil, err
	}
	needs, err := l.config.Rules.needs(c.Book, []*Command{&c})
	if err != nil {
		return Outcome{}, nil, err
	}
	needs.Clock = l.config.Clock()
	state, err := l.config.Store.Read(ctx, needs)
	if err != nil {
		return Outcome{}, nil, fmt.Errorf("dry run of %s: %w", c.ID, err)
	}
	deltas, outcome, err := l.config.Rules.decide(state, &c)
	if err != nil {
		return Outcome{}, nil, err
	}
	outcome.BookSeq = state.Seq
	return outcome, deltas, nil
}
